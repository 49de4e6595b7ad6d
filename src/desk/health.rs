//! Stopping and pausing: what every thread of the desk asks before it goes on.
//!
//! A full disk, a missing folder or too many open files concern the desk and condemn no article: the work at hand is tried
//! again with a growing pause, the desk says once that it is paused and why, and goes on by itself.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::lock::named;

/// Name of the file in the state folder that shows how the desk is.
pub const FILE_NAME: &str = "desk.json";

/// First and longest pause between two attempts. The longest keeps a desk within ten seconds of the cure.
pub const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long work that is paused when the desk is told to stop may still succeed; then it is left to the next start.
const PATIENCE_AFTER_STOP: Duration = Duration::from_secs(4);

/// How the desk is, as `status` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub pid: u32,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// `running`, `paused` or `stopping`; for a desk whose report is not had, `starting` or `unknown`.
    pub state: String,
    /// Why it is paused, one line each.
    pub reasons: Vec<String>,
}

#[derive(Debug, Default)]
struct Now {
    stopping: Option<Instant>,
    troubles: BTreeMap<&'static str, String>,
    /// How many threads are paused over each: it is cured when all of them went on.
    paused: BTreeMap<&'static str, usize>,
    /// The last report could not be written.
    is_mute: bool,
}

/// Shared by all threads of a desk.
#[derive(Debug)]
pub struct Health {
    now: Mutex<Now>,
    /// Held while the report is written, which may take as long as the disk does: nobody who only asks waits for that.
    writing: Mutex<()>,
    changed: Condvar,
    file: PathBuf,
    /// The state folder. It is locked while the report on disk is not the last one: that needs no room and no right to
    /// write, and `status` sees it.
    folder: Option<File>,
    started_at: String,
}

impl Health {
    /// A desk that runs, shown in `state/desk.json`.
    pub fn new(state: &Path) -> Self {
        let started_at = jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string();
        let (file, folder) = (state.join(FILE_NAME), File::open(state).ok());
        let health = Self {
            now: Mutex::default(),
            writing: Mutex::default(),
            changed: Condvar::new(),
            file,
            folder,
            started_at,
        };
        health.show();
        health
    }

    /// Tells every thread to finish what is in hand and end.
    pub fn stop(&self) {
        self.lock().stopping.get_or_insert_with(Instant::now);
        self.changed.notify_all();
        self.show();
    }

    /// Whether the desk was told to stop.
    pub fn stopping(&self) -> bool {
        self.lock().stopping.is_some()
    }

    /// Whether the desk was told to stop so long ago that work which the next start can do is left to it.
    pub fn in_haste(&self) -> bool {
        self.lock().stopping.is_some_and(|since| since.elapsed() > PATIENCE_AFTER_STOP)
    }

    /// Tries `work` until it succeeds, pausing between attempts; `None` only when the desk is to stop before that.
    ///
    /// `what` names the work in the log and in `status`; one trouble is shown for each name.
    pub fn persist<T, E: Display>(&self, what: &'static str, mut work: impl FnMut() -> Result<T, E>) -> Option<T> {
        let mut pause = FIRST_PAUSE;
        let mut paused = false;
        loop {
            match work() {
                Ok(value) => {
                    if paused && self.goes_on(what) {
                        self.cured(what);
                    }
                    return Some(value);
                }
                Err(error) => {
                    if !paused {
                        *self.lock().paused.entry(what).or_default() += 1;
                    }
                    paused = true;
                    self.trouble(what, error.to_string());
                }
            }
            if !self.wait(pause) {
                self.goes_on(what);
                return None;
            }
            pause = longer(pause);
        }
    }

    /// A thread is no longer paused over `what`; whether it was the last one.
    fn goes_on(&self, what: &'static str) -> bool {
        let mut now = self.lock();
        let Some(paused) = now.paused.get_mut(what) else { return true };
        *paused -= 1;
        *paused == 0
    }

    /// Waits, less if the desk is told to stop; false when the patience after a stop is used up.
    pub fn wait(&self, pause: Duration) -> bool {
        let now = self.lock();
        if let Some(since) = now.stopping {
            drop(now);
            if since.elapsed() > PATIENCE_AFTER_STOP {
                return false;
            }
            // A stop was announced already, so only time can pass here.
            let now = self.lock();
            drop(
                self.changed
                    .wait_timeout(now, pause.min(Duration::from_millis(200)))
                    .unwrap_or_else(PoisonError::into_inner),
            );
            return true;
        }
        drop(
            self.changed
                .wait_timeout_while(now, pause, |now| now.stopping.is_none())
                .unwrap_or_else(PoisonError::into_inner),
        );
        true
    }

    /// Notes that `what` is in trouble; said in the log when it is news.
    pub fn trouble(&self, what: &'static str, error: String) {
        let mut now = self.lock();
        let is_news = now.troubles.get(what) != Some(&error);
        if !is_news && !now.is_mute {
            return;
        }
        if !now.troubles.contains_key(what) {
            tracing::error!(what, %error, "paused: nothing is lost, the desk goes on by itself once this is cured");
        }
        now.troubles.insert(what, error);
        drop(now);
        self.show();
    }

    /// Notes that `what` works again.
    pub fn cured(&self, what: &'static str) {
        if self.lock().troubles.remove(what).is_some() {
            tracing::info!(what, "cured: the desk goes on");
            self.show();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self) -> Report {
        let now = self.lock();
        let state = match (now.stopping, now.troubles.is_empty()) {
            (Some(_), _) => "stopping",
            (None, false) => "paused",
            (None, true) => "running",
        };
        Report {
            pid: std::process::id(),
            started_at: self.started_at.clone(),
            state: state.into(),
            reasons: now.troubles.iter().map(|(what, error)| format!("{what}: {error}")).collect(),
        }
    }

    /// Writes the report whole; on a full disk the old one stays, and the lock on the folder says that it is old.
    fn show(&self) {
        // What is written last was asked last: the report is made up only when it is its turn.
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let report = self.report();
        let partial = self.file.with_extension("json.partial");
        let json = serde_json::to_vec_pretty(&report).expect("plain values are JSON");
        let is_mute = fs::write(&partial, json).and_then(|()| fs::rename(&partial, &self.file)).is_err();
        self.lock().is_mute = is_mute;
        if let Some(folder) = &self.folder {
            // Nobody else locks it but for a moment; what cannot be shown now is tried again with the next trouble.
            let _ = if is_mute { folder.try_lock().is_ok() } else { folder.unlock().is_ok() };
        }
    }
}

/// The pause after this one.
pub fn longer(pause: Duration) -> Duration {
    (pause * 2).min(LONGEST_PAUSE)
}

/// The last report of the desk that works in this state folder, `None` when there is none. One that could not be written
/// anew is shown as `paused`: that its disk takes nothing is trouble enough.
///
/// # Errors
/// It is there and may not be read.
pub fn report(state: &Path) -> io::Result<Option<Report>> {
    let path = state.join(FILE_NAME);
    let json = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(|error| named(&path, error))?,
    };
    let Ok(mut report) = serde_json::from_slice::<Report>(&json) else { return Ok(None) };
    let folder = File::open(state).map_err(|error| named(state, error))?;
    let is_old = matches!(folder.try_lock_shared(), Err(TryLockError::WouldBlock));
    if is_old {
        report.state = "paused".into();
        report.reasons.push("the state folder takes no report: the log of the desk says why".into());
    }
    Ok(Some(report))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn work_that_fails_is_tried_until_it_succeeds_and_the_report_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let health = Health::new(folder.path());
        let mut attempts = 0;
        let value = health.persist("publishing", || {
            attempts += 1;
            if attempts == 2 {
                let report = report(folder.path()).unwrap().unwrap();
                assert_eq!(
                    (report.state.as_str(), report.reasons.as_slice()),
                    ("paused", &["publishing: disk full".into()][..])
                );
            }
            if attempts < 3 { Err("disk full") } else { Ok(7) }
        });
        assert_eq!((value, attempts), (Some(7), 3));
        assert_eq!(report(folder.path()).unwrap().unwrap().state, "running");
    }

    #[test]
    fn trouble_that_two_threads_have_is_cured_when_both_went_on() {
        let folder = tempfile::tempdir().unwrap();
        let health = Health::new(folder.path());
        let reasons = || report(folder.path()).unwrap().unwrap().reasons;
        let mut attempts = 0;
        health.persist("publishing", || {
            attempts += 1;
            if attempts == 1 {
                return Err("disk full");
            }
            let mut others = 0;
            health.persist("publishing", || {
                others += 1;
                if others == 1 { Err("disk full") } else { Ok(()) }
            });
            assert_eq!(reasons(), ["publishing: disk full"], "the first is still paused");
            Ok(())
        });
        assert_eq!(reasons(), Vec::<String>::new());
    }

    #[test]
    fn however_long_the_trouble_the_next_attempt_is_less_than_ten_seconds_away() {
        let pauses = std::iter::successors(Some(FIRST_PAUSE), |pause| Some(longer(*pause)));
        assert!(pauses.take(100).all(|pause| pause < Duration::from_secs(10)));
    }

    #[test]
    fn a_report_that_cannot_be_written_is_shown_as_paused_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let health = Health::new(folder.path());
        let partial = folder.path().join(FILE_NAME).with_extension("json.partial");
        // A folder in the way, as a full disk is.
        fs::create_dir(&partial).unwrap();
        health.trouble("publishing", "disk full".into());
        let shown = report(folder.path()).unwrap().unwrap();
        assert_eq!((shown.state.as_str(), shown.reasons.len()), ("paused", 1));
        assert!(shown.reasons[0].contains("takes no report"), "{shown:?}");
        fs::remove_dir(&partial).unwrap();
        health.trouble("publishing", "disk full".into());
        assert_eq!(report(folder.path()).unwrap().unwrap().reasons, ["publishing: disk full"]);
        health.cured("publishing");
        assert_eq!(report(folder.path()).unwrap().unwrap().state, "running");
    }

    #[test]
    fn a_stop_ends_the_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let health = Arc::new(Health::new(folder.path()));
        let worker = {
            let health = health.clone();
            std::thread::spawn(move || health.persist("publishing", || Err::<(), _>("disk full")))
        };
        health.stop();
        assert_eq!(worker.join().unwrap(), None);
    }
}
