//! The intake: tells the reader which files to read, as fast as the desk can take them, and stops when it is told to.
//!
//! The only part of the desk that waits for the outside world, and so the part that tokio drives.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::block_in_place;

use super::health::Health;
use super::lock::Lock;
use super::progress::Progress;
use super::reader::Task;
use crate::inbox::{Inbox, Intake, Ready, Skipped, Stamp, encode_path};

/// Files taken from the inbox's state machine at once.
const ROOM: usize = 256;
/// Time between two lines of the log that say how far a backlog is.
const TELL: Duration = Duration::from_secs(10);
/// Pause after the inbox itself could not be read.
const PAUSE: Duration = Duration::from_secs(1);
/// Unreadable files that are remembered for the report; all are tried again.
const MAX_UNREADABLE: usize = 64;

/// Paths that are passed over of which the log warns; it warns once of each.
const MAX_TOLD: usize = 64;

/// What the intake is doing, in the status; what keeps the reader from a file is trouble of its own.
const LOOKING: &str = "looking into the inbox";

/// What became of a file that the reader was given.
#[derive(Debug, PartialEq, Eq)]
pub enum Returned {
    /// It has left the inbox.
    Gone(PathBuf),
    /// It stays, and is not read again before it changes.
    Kept(PathBuf, Stamp),
    /// It changed, or could not be read now.
    Again(PathBuf),
    /// Its sidecar seems to be half-written: it is looked at again after a pause.
    Early(PathBuf),
    /// The system failed to deliver it, and how.
    Unreadable(PathBuf, String),
}

/// When the intake ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Never: it watches.
    Stopped,
    /// When everything that lay in the inbox is through.
    Empty,
}

/// Hands on what is ready until `stop` resolves or, as `until` says, nothing is left.
#[expect(clippy::too_many_arguments, reason = "the ends of every queue of the intake")]
pub async fn watch(
    inbox: &Inbox,
    until: Until,
    lock: &mut Lock,
    tasks: Sender<Task>,
    mut returned: UnboundedReceiver<Vec<Returned>>,
    health: Arc<Health>,
    progress: Arc<Progress>,
    stop: impl Future<Output = ()>,
) {
    let started = Instant::now();
    let mut intake = Intake::new(inbox.clone());
    if until == Until::Empty {
        intake = intake.briefly();
    }
    let signal = intake.signal();
    let mut queue: VecDeque<Ready> = VecDeque::new();
    tokio::pin!(stop);
    let mut trouble: Option<String> = None;
    let mut told = Duration::ZERO;
    let mut unreadable = BTreeMap::new();
    let mut has_scanned = false;
    let (mut passed_over, mut held_open) = (BTreeSet::new(), BTreeSet::new());
    tracing::info!(inbox = %inbox.root().display(), "watching");
    loop {
        if started.elapsed() >= told + TELL {
            told = started.elapsed();
            let now = progress.snapshot();
            if now.files < now.found {
                let rate = now.files as f64 / told.as_secs_f64();
                tracing::info!(
                    through = now.files,
                    found = now.found,
                    failed = now.failed,
                    rate = rate as u64,
                    "working"
                );
            }
        }
        while let Ok(files) = returned.try_recv() {
            take_back(&mut intake, &mut unreadable, files);
        }
        report(inbox, &mut unreadable, &health);
        if !hand_on(intake.inbox(), &mut queue, &tasks) {
            return;
        }
        let mut wake_at = started.elapsed() + PAUSE;
        if queue.is_empty() {
            let now = started.elapsed();
            let polled = block_in_place(|| {
                lock.follow().map_err(|error| error.to_string())?;
                intake.poll(now, ROOM).map_err(|error| error.to_string())
            });
            match polled {
                Ok(batch) => {
                    health.cured(LOOKING);
                    for Skipped { path, why, is_news, .. } in batch.skipped {
                        let path_text = encode_path(&path);
                        if is_news && passed_over.len() < MAX_TOLD && passed_over.insert(path) {
                            tracing::warn!(path = path_text, why, "passed over");
                        } else {
                            tracing::debug!(path = path_text, why, "passed over");
                        }
                    }
                    if until == Until::Empty {
                        // A person waits for the end of it.
                        for path in batch.held_open {
                            if held_open.len() < MAX_TOLD && held_open.insert(path.clone()) {
                                tracing::warn!(
                                    path = encode_path(&path),
                                    "waiting for it: another program has it open"
                                );
                            }
                        }
                    }
                    progress.found.fetch_add(batch.ready.len() as u64, Ordering::Relaxed);
                    // Known only after folders were followed: a limit on watches is met there.
                    if intake.trouble() != trouble.as_deref() {
                        trouble = intake.trouble().map(str::to_owned);
                        if let Some(trouble) = &trouble {
                            tracing::warn!(
                                trouble,
                                "without events for some folders: new files there are found by scanning"
                            );
                        }
                    }
                    if let Some(files) = batch.scanned.filter(|_| !has_scanned) {
                        has_scanned = true;
                        tracing::info!(files, ms = started.elapsed().as_millis() as u64, "seen all of the inbox");
                    }
                    wake_at = batch.wake_at;
                    queue.extend(batch.ready);
                    if !queue.is_empty() {
                        continue;
                    }
                    if batch.is_exhausted && until == Until::Empty {
                        return;
                    }
                }
                Err(error) => health.trouble(LOOKING, error),
            }
        }
        // With a full queue only a file that comes back makes room, and it wakes this up.
        let wait = wake_at.saturating_sub(started.elapsed());
        tokio::select! {
            biased;
            () = &mut stop => return,
            Some(files) = returned.recv() => take_back(&mut intake, &mut unreadable, files),
            () = signal.changed(), if queue.is_empty() => {}
            () = tokio::time::sleep(wait), if queue.is_empty() => {}
        }
    }
}

/// Files that the system failed to deliver, with its error. The others go on, so the desk does not wait for them.
type Unreadable = BTreeMap<PathBuf, String>;

fn take_back(intake: &mut Intake, unreadable: &mut Unreadable, files: Vec<Returned>) {
    for file in files {
        match file {
            Returned::Gone(path) => {
                unreadable.remove(&path);
                intake.finished(&path);
            }
            Returned::Kept(path, stamp) => {
                unreadable.remove(&path);
                intake.kept(&path, &stamp);
            }
            Returned::Again(path) => intake.again(&path),
            Returned::Early(path) => intake.later(&path),
            Returned::Unreadable(path, error) => {
                intake.later(&path);
                if unreadable.len() < MAX_UNREADABLE {
                    unreadable.insert(path, error);
                }
            }
        }
    }
}

/// Says which file cannot be read, for as long as it is there and cannot be.
fn report(inbox: &Inbox, unreadable: &mut Unreadable, health: &Health) {
    const WHAT: &str = "reading a file";
    // A file that was taken away is read no more.
    unreadable.retain(|path, _| !matches!(inbox.stat(path), Ok(None)));
    match unreadable.first_key_value() {
        Some((path, error)) => {
            let more = unreadable.len() - 1;
            health.trouble(WHAT, format!("{}: {error}: the others go on ({more} more like it)", encode_path(path)));
        }
        None => health.cured(WHAT),
    }
}

/// Hands on as much as there is room for; false when the reader is gone.
fn hand_on(inbox: &Inbox, queue: &mut VecDeque<Ready>, tasks: &Sender<Task>) -> bool {
    while let Some(Ready { path, stamp }) = queue.front() {
        let task = Task { inbox: inbox.clone(), path: path.clone(), name: None, stamp: Some(*stamp), in_place: false };
        match tasks.try_send(task) {
            Ok(()) => {
                queue.pop_front();
            }
            Err(TrySendError::Full(_)) => return true,
            Err(TrySendError::Disconnected(_)) => return false,
        }
    }
    true
}
