//! Lets files leave the inbox once everything of them is shown or reported: last of all steps, and harmless to repeat.
//!
//! A file that cannot leave waits and is tried again, while the others go on; only when many wait does the desk.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::mpsc::UnboundedSender;

use super::files::{FileId, Finished};
use super::health::{self, Health};
use super::intake::Returned;
use super::left::LeftFiles;
use super::progress::Progress;
use super::work::Failure;
use crate::crash;
use crate::inbox::{ErrorReport, Inbox, Retired, Stamp, Stuck};

/// Files that are given back to the intake together, at the most.
const TOGETHER: usize = 64;
/// Files that wait because they could not leave; with more of them the desk waits. They may hold as many folders open.
const MAX_WAITING: usize = 64;
/// Files that stay because they may not be moved, and are tried again for all that; more are tried at the next start.
const MAX_STAYING: usize = 64;
/// First and longest pause before one of these is tried again.
const FIRST_STAY: Duration = Duration::from_secs(10);
const LONGEST_STAY: Duration = Duration::from_secs(600);
/// What the desk is doing, in the status.
const WHAT: &str = "retiring files";

/// A file that is tried again.
struct Late {
    at: Instant,
    pause: Duration,
    why: String,
    finished: Finished,
}

/// Moves what is finished.
pub struct Retirer {
    left: LeftFiles,
    /// Could not leave, for no fault of theirs.
    waiting: Vec<Late>,
    /// May not be moved; the intake knows them as kept.
    staying: Vec<Late>,
    /// Files of which a failed record could not be reported: they stay.
    unreported: BTreeSet<FileId>,
    health: Arc<Health>,
    progress: Arc<Progress>,
    back: Vec<Returned>,
    returned: UnboundedSender<Vec<Returned>>,
}

impl Retirer {
    pub fn new(health: Arc<Health>, progress: Arc<Progress>, returned: UnboundedSender<Vec<Returned>>) -> Self {
        let (waiting, staying, back) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            left: LeftFiles::default(),
            waiting,
            staying,
            unreported: BTreeSet::new(),
            health,
            progress,
            back,
            returned,
        }
    }

    /// Works until the editor ends and nothing waits.
    pub fn run(mut self, finished: &Receiver<Finished>) {
        loop {
            let next = match self.next_look() {
                Some(at) if self.waiting.len() >= MAX_WAITING => {
                    self.health.wait(at.saturating_duration_since(Instant::now()));
                    Err(RecvTimeoutError::Timeout)
                }
                Some(at) => finished.recv_deadline(at),
                None => finished.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(file) => self.retire(file, health::FIRST_PAUSE),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.waiting.is_empty() => break,
                Err(RecvTimeoutError::Disconnected) => {
                    let at = self.waiting.iter().map(|late| late.at).min().unwrap_or_else(Instant::now);
                    self.health.wait(at.saturating_duration_since(Instant::now()));
                }
            }
            self.try_again();
            self.left.look(Instant::now());
            // Together while more is waiting: the intake is woken once for all of them.
            if finished.is_empty() || self.back.len() >= TOGETHER {
                self.give_back();
            }
        }
        self.give_back();
        self.left.look_at_all();
    }

    fn next_look(&self) -> Option<Instant> {
        let late = self.waiting.iter().chain(&self.staying).map(|late| late.at);
        late.chain(self.left.next_look()).min()
    }

    fn give_back(&mut self) {
        if !self.back.is_empty() {
            let _ = self.returned.send(std::mem::take(&mut self.back));
        }
    }

    fn through(&mut self, returned: Returned) {
        // One that a stop cut off is not through.
        if !(matches!(returned, Returned::Again(_)) && self.health.stopping()) {
            self.progress.files.fetch_add(1, Ordering::Relaxed);
        }
        self.back.push(returned);
    }

    fn try_again(&mut self) {
        let (now, in_haste) = (Instant::now(), self.health.in_haste());
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            for late in waiting {
                if late.at <= now || in_haste {
                    self.retire(late.finished, health::longer(late.pause));
                } else {
                    self.waiting.push(late);
                }
            }
            match self.waiting.first() {
                Some(late) => self.health.trouble(WHAT, late.why.clone()),
                // What is left to the next start is not cured.
                None if in_haste => {}
                None => self.health.cured(WHAT),
            }
        }
        if self.staying.iter().any(|late| late.at <= now) {
            let (due, staying) = std::mem::take(&mut self.staying).into_iter().partition(|late| late.at <= now);
            self.staying = staying;
            due.into_iter().for_each(|late: Late| self.try_staying(late));
        }
    }

    /// Lets a file leave, or wait for `pause` where it cannot.
    fn retire(&mut self, finished: Finished, pause: Duration) {
        if finished.is_part {
            return self.report(finished, pause);
        }
        let (id, path) = (finished.file.id, finished.file.path.clone());
        if let Some(part) = self.waiting.iter().find(|late| late.finished.file.id == id) {
            // Its failed records come first: it is tried again after them.
            let late = Late { at: part.at, pause, why: part.why.clone(), finished };
            return self.waiting.push(late);
        }
        let is_unreported = self.unreported.remove(&id);
        let Some(stamp) = finished.file.stamp.filter(|_| finished.complete) else {
            return self.through(Returned::Again(path));
        };
        if finished.file.in_place {
            return self.through(Returned::Kept(path, stamp));
        }
        if is_unreported {
            let again = self.health.in_haste();
            return self.through(if again { Returned::Again(path) } else { Returned::Kept(path, stamp) });
        }
        match self.leave(&finished, &stamp) {
            Ok(Retired::Kept) => self.through(Returned::Kept(path, stamp)),
            Ok(Retired::Moved(_) | Retired::Deleted | Retired::Gone) => self.through(Returned::Gone(path)),
            Ok(Retired::Changed) => self.through(Returned::Again(path)),
            Err(error @ Stuck::File { .. }) => {
                let path_text = &finished.file.origin.path;
                tracing::warn!(path = %path_text, %error, "cannot leave the inbox: it stays, and is not read again");
                self.through(Returned::Kept(path, stamp));
                self.stay(Late { at: Instant::now(), pause: FIRST_STAY, why: error.to_string(), finished });
            }
            // What the next start can do is left to it.
            Err(Stuck::Desk { .. }) if self.health.in_haste() => self.through(Returned::Again(path)),
            Err(error @ Stuck::Desk { .. }) => self.wait(finished, pause, &error),
        }
    }

    /// Writes failed records of a file ahead of it.
    fn report(&mut self, part: Finished, pause: Duration) {
        let file = &part.file;
        if file.in_place {
            return;
        }
        match file.inbox.here_or_anew(|inbox| write_records(inbox, &part, &self.health)) {
            Ok(true) => {}
            Err(error @ Stuck::Desk { .. }) if !self.health.in_haste() => self.wait(part, pause, &error),
            Ok(false) | Err(Stuck::Desk { .. }) => drop(self.unreported.insert(file.id)),
            Err(error @ Stuck::File { .. }) => {
                tracing::warn!(path = %file.origin.path, %error, "failed records cannot be set aside: the file stays");
                self.unreported.insert(file.id);
            }
        }
    }

    fn wait(&mut self, finished: Finished, pause: Duration, error: &Stuck) {
        // One is named for all of them, so that the report changes only when there is news.
        if self.waiting.is_empty() {
            self.health.trouble(WHAT, error.to_string());
        }
        self.waiting.push(Late { at: Instant::now() + pause, pause, why: error.to_string(), finished });
    }

    fn try_staying(&mut self, late: Late) {
        let Some(stamp) = late.finished.file.stamp else { return };
        // One that left, changed or is gone is the intake's again, which has heard of it already.
        if self.leave(&late.finished, &stamp).is_err() {
            self.stay(Late { pause: (late.pause * 2).min(LONGEST_STAY), ..late });
        }
    }

    fn stay(&mut self, late: Late) {
        if self.staying.len() < MAX_STAYING {
            self.staying.push(Late { at: Instant::now() + late.pause, ..late });
        }
    }

    /// Puts failed records and the file where they belong. After an error all of it is done again.
    fn leave(&mut self, finished: &Finished, stamp: &Stamp) -> Result<Retired, Stuck> {
        let file = &finished.file;
        let retired = file.inbox.here_or_anew(|inbox| step(inbox, finished, stamp, &self.health))?;
        if let Retired::Moved(to) = &retired {
            self.left.add(&file.inbox, file.path.clone(), to.clone(), *stamp, Instant::now());
        }
        Ok(retired)
    }
}

fn step(inbox: &Inbox, finished: &Finished, stamp: &Stamp, health: &Health) -> Result<Retired, Stuck> {
    let Finished { file, failures, .. } = finished;
    let path = &file.path;
    crash::poison(path.as_os_str().as_encoded_bytes(), "retiring");
    if !write_records(inbox, finished, health)? {
        return Ok(Retired::Changed);
    }
    crash::point("retirer.reported");
    let whole = failures.iter().find(|failure| failure.record.is_none());
    let retired = match whole {
        Some(failure) => inbox.fail(path, stamp, &report(failure)),
        None => inbox.retire(path, stamp),
    };
    crash::point("retirer.retired");
    retired
}

/// Sets failed records aside; false when not all of them: a dump may hold more than can be written before the desk has to end.
fn write_records(inbox: &Inbox, finished: &Finished, health: &Health) -> Result<bool, Stuck> {
    for failure in &finished.failures {
        if health.in_haste() {
            return Ok(false);
        }
        if let Some(record) = failure.record {
            inbox.fail_record(&finished.file.path, record, failure.bytes.as_deref(), &report(failure))?;
        }
    }
    Ok(true)
}

fn report(failure: &Failure) -> ErrorReport {
    ErrorReport {
        stage: failure.stage.into(),
        reason: failure.reason.into(),
        message: failure.message.clone(),
        advice: failure.advice.clone(),
        path: failure.path.clone(),
        input: failure.input,
        record: failure.record,
        line: failure.line,
        at: jiff::Timestamp::now().round(jiff::Unit::Second).unwrap_or_default().to_string(),
        removed: failure.removed.clone(),
    }
}
