//! The reader thread: opens one file after the other, splits it into pieces and numbers them in order of arrival.
//!
//! One thread, because the order of arrival is decided here; it only moves bytes, the cores are kept busy by the pool.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossbeam_channel::{Receiver, Sender};

use super::gate::Gate;
use super::health::Health;
use super::intake::Returned;
use super::progress::Progress;
use super::work::{Failure, InputFile, Job, Pool, Ready, What};
use crate::inbox::{Claim, Inbox, Refused, Stamp, encode_path, source_folder};
use crate::read::{self, Origin, Rejected, SIDECAR_UNUSED};

/// A file that is ready to be read.
#[derive(Clone, Debug)]
pub struct Task {
    /// The folder that it is taken from: the inbox, or one that was given.
    pub inbox: Inbox,
    /// Relative to that folder.
    pub path: PathBuf,
    /// What it is called in records, where that is not its path.
    pub name: Option<PathBuf>,
    /// What it looked like when it had settled; `None` where it was given and need not settle.
    pub stamp: Option<Stamp>,
    /// It was given, and stays where it is whatever becomes of it.
    pub in_place: bool,
}

/// What the reader works with.
pub struct Reader {
    pub settings: read::Settings,
    pub gate: Arc<Gate>,
    pub pool: Pool,
    pub ready: Sender<Ready>,
    pub health: Arc<Health>,
    pub progress: Arc<Progress>,
    pub returned: tokio::sync::mpsc::UnboundedSender<Vec<Returned>>,
    pub next_file: u64,
    pub next_ticket: u64,
}

/// What became of reading a file.
enum Outcome {
    /// All of it was handed on.
    Whole,
    /// It is to be looked at again: it changed, or could not be read now.
    Again,
    /// The system failed to deliver it.
    Unreadable(Rejected),
}

impl Reader {
    /// Reads until no more tasks come or the desk stops, then waits for the pool.
    pub fn run(mut self, tasks: &Receiver<Task>) {
        for task in tasks {
            if self.health.stopping() {
                break;
            }
            self.take(&task);
        }
        self.pool.finish();
    }

    fn take(&mut self, task: &Task) {
        let mut file = InputFile {
            id: self.next_file,
            inbox: task.inbox.clone(),
            path: task.path.clone(),
            in_place: task.in_place,
            stamp: None,
            origin: Origin {
                path: encode_path(task.name.as_ref().unwrap_or(&task.path)),
                folder: source_folder(&task.path),
                sidecar: None,
            },
        };
        self.next_file += 1;
        let claim =
            |inbox: &Inbox| inbox.claim(&task.path, self.settings.max_records_bytes, self.settings.max_record_bytes);
        let claimed = self.health.persist("reading the inbox", || match task.inbox.here_or_anew(claim) {
            Err(refused) if refused.is_bad_sector() => Ok(Err(refused)),
            Err(Refused::Desk(error)) => Err(error),
            other => Ok(other),
        });
        match claimed {
            None => {}
            // The next writer began before its turn came.
            Some(Ok(claim)) if task.stamp.is_some_and(|settled| settled != claim.stamp) => {
                self.progress.files.fetch_add(1, Ordering::Relaxed);
                let _ = self.returned.send(vec![Returned::Again(task.path.clone())]);
            }
            Some(Ok(claim)) if !task.in_place && claim.is_early(std::time::SystemTime::now()) => {
                self.progress.files.fetch_add(1, Ordering::Relaxed);
                let _ = self.returned.send(vec![Returned::Early(task.path.clone())]);
            }
            Some(Ok(mut claim)) => {
                file.stamp = Some(claim.stamp);
                file.origin.sidecar = claim.sidecar.take();
                let file = Arc::new(file);
                let complete = match self.split(&file, &claim) {
                    Outcome::Whole => true,
                    Outcome::Again => false,
                    // Nobody gives it a second time.
                    Outcome::Unreadable(error) if task.in_place => {
                        self.tell(&file, 0, What::Failed(Box::new(Failure::rejected(&file, error))));
                        true
                    }
                    Outcome::Unreadable(error) => {
                        self.unreadable(task, error.message);
                        false
                    }
                };
                self.tell(&file, 0, What::End { complete });
            }
            Some(Err(refused)) if refused.is_bad_sector() && !task.in_place => {
                self.progress.files.fetch_add(1, Ordering::Relaxed);
                self.unreadable(task, refused.to_string());
            }
            Some(Err(refused @ Refused::Desk(_))) if task.in_place => {
                let file = Arc::new(file);
                self.tell(&file, 0, What::Failed(Box::new(Failure::refused(&file, &refused))));
                self.tell(&file, 0, What::End { complete: true });
            }
            Some(Err(Refused::Vanished | Refused::NotRegular(_) | Refused::Desk(_))) => {
                self.progress.files.fetch_add(1, Ordering::Relaxed);
                let _ = self.returned.send(vec![Returned::Gone(task.path.clone())]);
            }
            Some(Err(refused)) => {
                file.stamp = task.inbox.stat(&task.path).ok().flatten();
                let file = Arc::new(file);
                let failure = Failure::refused(&file, &refused);
                self.tell(&file, 0, What::Failed(Box::new(failure)));
                self.tell(&file, 0, What::End { complete: true });
            }
        }
    }

    fn unreadable(&self, task: &Task, error: String) {
        let _ = self.returned.send(vec![Returned::Unreadable(task.path.clone(), error)]);
    }

    fn split(&mut self, file: &Arc<InputFile>, claim: &Claim) -> Outcome {
        let name = file.path.file_name().unwrap_or_default();
        // A file that is one document is handed on only when it proved to be one version to its end. Records go on as they
        // come: each is whole by itself, and is recognized should the file be read again.
        let mut single = None;
        let mut rejected = None;
        let mut has_told = file.origin.sidecar.is_none();
        for piece in read::split(name, claim.bytes(), &self.settings) {
            if self.health.stopping() {
                return Outcome::Again;
            }
            match piece {
                Ok(piece) if piece.record.is_none() => single = Some(piece),
                Ok(piece) => {
                    if !std::mem::replace(&mut has_told, true) {
                        tracing::warn!(path = %file.origin.path, "{SIDECAR_UNUSED}");
                    }
                    self.hand_on(file, piece);
                }
                Err(Rejected { record: None, .. }) if rejected.is_some() => {}
                Err(error @ Rejected { record: None, .. }) => rejected = Some(error),
                Err(error) => self.tell(file, 0, What::Failed(Box::new(Failure::rejected(file, error)))),
            }
        }
        match claim.unchanged() {
            Ok(true) => {}
            Ok(false) => {
                tracing::debug!(path = %file.origin.path, "changed while it was read, looking again");
                return Outcome::Again;
            }
            Err(error) => {
                tracing::warn!(path = %file.origin.path, %error, "cannot be looked at, trying again later");
                return Outcome::Again;
            }
        }
        if let Some(error) = rejected {
            if error.is_transient() {
                return Outcome::Unreadable(error);
            }
            self.tell(file, 0, What::Failed(Box::new(Failure::rejected(file, error))));
        }
        if let Some(piece) = single {
            self.hand_on(file, piece);
        }
        Outcome::Whole
    }

    fn hand_on(&mut self, file: &Arc<InputFile>, piece: read::Piece) {
        let bytes = piece.bytes.len();
        self.progress.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.gate.enter(bytes);
        let ticket = self.ticket();
        self.pool.work(Job { ticket, bytes, file: file.clone(), piece });
    }

    /// Tells the editor something in its place in the order, past the pool.
    fn tell(&mut self, file: &Arc<InputFile>, bytes: usize, what: What) {
        self.gate.enter(bytes);
        let ticket = self.ticket();
        // The editor ends before the reader only when the state cannot be written; the file then stays in the inbox.
        let _ = self.ready.send(Ready { ticket, bytes, file: file.clone(), what });
    }

    fn ticket(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        ticket
    }
}
