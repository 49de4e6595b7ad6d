//! Lets files leave the inbox once everything of them is shown or reported: last of all steps, and harmless to repeat.
//!
//! A writer that still holds a file open writes on wherever the file goes, so each is looked at once more after a while.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::mpsc::UnboundedSender;

use super::files::Finished;
use super::health::Health;
use super::intake::Returned;
use super::progress::Progress;
use super::work::{Failure, InputFile};
use crate::crash;
use crate::inbox::{ErrorReport, Fault, Inbox, Retired, Stamp};

/// Files that are given back to the intake together, at the most.
const TOGETHER: usize = 64;

/// When a file that has left is looked at once more: a writer that had it open is through or at work by then.
const SECOND_LOOK: Duration = Duration::from_secs(5);
/// Files that wait for their second look; of more the oldest get it early.
const MAX_RECENT: usize = 16_384;

/// A file that has left.
pub struct Left {
    at: Instant,
    file: Arc<InputFile>,
    /// Where it went, relative to the inbox, and what it was like.
    to: PathBuf,
    stamp: Stamp,
}

/// Moves what is finished.
pub struct Retirer {
    /// In the order of their leaving.
    pub recent: VecDeque<Left>,
    pub health: Arc<Health>,
    pub progress: Arc<Progress>,
    pub returned: UnboundedSender<Vec<Returned>>,
}

impl Retirer {
    /// Works until the editor ends.
    pub fn run(mut self, finished: &Receiver<Finished>) {
        let mut back = Vec::new();
        loop {
            let next = match self.recent.front() {
                Some(left) => finished.recv_deadline(left.at + SECOND_LOOK),
                None => finished.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match next {
                Ok(file) => {
                    back.push(self.retire(&file));
                    self.progress.files.fetch_add(1, Ordering::Relaxed);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            // Together while more is waiting: the intake is woken once for all of them.
            if !back.is_empty() && (finished.is_empty() || back.len() >= TOGETHER) {
                let _ = self.returned.send(std::mem::take(&mut back));
            }
            while self.recent.len() > MAX_RECENT
                || self.recent.front().is_some_and(|left| left.at.elapsed() >= SECOND_LOOK)
            {
                self.recent.pop_front().into_iter().for_each(look_back);
            }
        }
        self.recent.into_iter().for_each(look_back);
    }

    fn retire(&mut self, finished: &Finished) -> Returned {
        let Finished { file, failures, complete, .. } = finished;
        let path = file.path.clone();
        let Some(stamp) = file.stamp.filter(|_| *complete) else { return Returned::Again(path) };
        if file.in_place {
            return Returned::Kept(path, stamp);
        }
        let step = |inbox: &Inbox| self.step(inbox, file, &stamp, failures);
        let retired = self.health.persist("retiring files", || file.inbox.here_or_anew(step));
        match retired {
            Some(Retired::Kept) => Returned::Kept(path, stamp),
            Some(Retired::Moved(to)) => {
                self.recent.push_back(Left { at: Instant::now(), file: file.clone(), to, stamp });
                Returned::Gone(path)
            }
            Some(Retired::Deleted | Retired::Gone) => Returned::Gone(path),
            Some(Retired::Changed) | None => Returned::Again(path),
        }
    }

    /// Puts failed records and the file where they belong. An error concerns the desk, and all of it is done again.
    fn step(&self, inbox: &Inbox, file: &InputFile, stamp: &Stamp, failures: &[Failure]) -> std::io::Result<Retired> {
        for failure in failures {
            if let Some(record) = failure.record {
                inbox.fail_record(&file.path, record, failure.bytes.as_deref(), &report(failure))?;
            }
        }
        crash::point("retirer.reported");
        let whole = failures.iter().find(|failure| failure.record.is_none());
        crash::point("retirer.retiring");
        let result = match whole {
            Some(failure) => inbox.fail(&file.path, stamp, &report(failure)),
            None => inbox.retire(&file.path, stamp),
        };
        crash::point("retirer.retired");
        match result {
            // A file that may not be moved stays, and is known by its content; one look at each start is the price.
            Err(error) if Fault::of(&error) == Fault::Document => {
                tracing::warn!(path = %file.origin.path, %error, "cannot leave the inbox: it stays, and is not read again");
                Ok(Retired::Kept)
            }
            result => result,
        }
    }
}

/// Gives a file back to the inbox that was written to after it had left: what is in it now is a new version.
fn look_back(left: Left) {
    let Left { file, to, stamp, .. } = left;
    let inbox = &file.inbox;
    let now = inbox.stat(&to).ok().flatten();
    if now.is_some_and(|now| now.inode == stamp.inode && !now.is_same_content(&stamp)) {
        match inbox.here_or_anew(|inbox| inbox.give_back(&to, &file.path)) {
            Ok(()) => tracing::info!(path = %file.origin.path, "was written to after it was read: it is read again"),
            Err(error) => {
                tracing::warn!(path = %file.origin.path, %error, "was written to after it was read, and cannot be put back");
            }
        }
    }
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
