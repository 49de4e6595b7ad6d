//! Lets files leave the inbox once everything of them is shown or reported: last of all steps, and harmless to repeat.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::Receiver;
use tokio::sync::mpsc::UnboundedSender;

use super::files::Finished;
use super::health::Health;
use super::intake::Returned;
use super::progress::Progress;
use super::work::{Failure, InputFile};
use crate::crash;
use crate::inbox::{ErrorReport, Fault, Retired, Stamp};

/// Files that are given back to the intake together, at the most.
const TOGETHER: usize = 64;

/// Moves what is finished.
pub struct Retirer {
    pub health: Arc<Health>,
    pub progress: Arc<Progress>,
    pub returned: UnboundedSender<Vec<Returned>>,
}

impl Retirer {
    /// Works until the editor ends.
    pub fn run(self, finished: &Receiver<Finished>) {
        let mut back = Vec::new();
        for file in finished {
            back.push(self.retire(&file));
            self.progress.files.fetch_add(1, Ordering::Relaxed);
            // Together while more is waiting: the intake is woken once for all of them.
            if finished.is_empty() || back.len() >= TOGETHER {
                let _ = self.returned.send(std::mem::take(&mut back));
            }
        }
    }

    fn retire(&self, finished: &Finished) -> Returned {
        let Finished { file, failures, complete, .. } = finished;
        let path = file.path.clone();
        let Some(stamp) = file.stamp.filter(|_| *complete) else { return Returned::Again(path) };
        if file.in_place {
            return Returned::Kept(path, stamp);
        }
        let retired = self.health.persist("retiring files", || self.step(file, &stamp, failures));
        match retired {
            Some(Retired::Kept) => Returned::Kept(path, stamp),
            Some(Retired::Moved(_) | Retired::Deleted | Retired::Gone) => Returned::Gone(path),
            Some(Retired::Changed) | None => Returned::Again(path),
        }
    }

    /// Puts failed records and the file where they belong. An error concerns the desk, and all of it is done again.
    fn step(&self, file: &InputFile, stamp: &Stamp, failures: &[Failure]) -> std::io::Result<Retired> {
        for failure in failures {
            if let Some(record) = failure.record {
                file.inbox.fail_record(&file.path, record, failure.bytes.as_deref(), &report(failure))?;
            }
        }
        crash::point("retirer.reported");
        let whole = failures.iter().find(|failure| failure.record.is_none());
        crash::point("retirer.retiring");
        let result = match whole {
            Some(failure) => file.inbox.fail(&file.path, stamp, &report(failure)),
            None => file.inbox.retire(&file.path, stamp),
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
