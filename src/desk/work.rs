//! The worker pool: pieces of input → prepared documents, on all cores, with a limit on time and a wall around panics.
//!
//! Everything here depends on one document only; what depends on earlier ones is the editor's.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};

use super::culprits::Culprits;
use super::files::FileId;
use super::health::Health;
use super::revise::{Finished, Outline};
use crate::article::{Document, InputId, Removal};
use crate::clean::site::SiteMemory;
use crate::clean::{Cleaner, NoContent};
use crate::crash;
use crate::inbox::{Inbox, Refused, Stamp};
use crate::read::{self, Origin, Piece, Rejected};

/// A file that the desk has in hand.
#[derive(Debug)]
pub struct InputFile {
    pub id: FileId,
    /// The folder that it was taken from.
    pub inbox: Inbox,
    /// Relative to that folder.
    pub path: PathBuf,
    /// It stays where it is whatever becomes of it.
    pub in_place: bool,
    /// The state it was read in; `None` when it could not be looked at.
    pub stamp: Option<Stamp>,
    pub origin: Origin,
}

/// Why a document, or a whole file, became no article.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// As [`Document::path`].
    pub path: String,
    /// `inbox`, `read`, `clean` or `desk`.
    pub stage: &'static str,
    /// Stable snake_case code.
    pub reason: &'static str,
    pub message: String,
    pub advice: String,
    pub input: Option<InputId>,
    /// 1-based line in the file, for a record.
    pub line: Option<u64>,
    /// 1-based number of the record in the file; `None` when the whole file failed.
    pub record: Option<u64>,
    /// The bytes of a failed record, so that it can be kept on its own.
    pub bytes: Option<Vec<u8>>,
    /// What was there instead of an article.
    pub removed: Vec<Removal>,
}

impl Failure {
    /// All of the document was noise.
    pub fn no_content(document: &Document, record: Option<Record>, removed: Vec<Removal>) -> Self {
        let (record, bytes) = parts(record);
        Self {
            path: document.path.clone(),
            stage: "clean",
            reason: "no_content",
            message: format!("no article text: all {} pieces of the document are noise", removed.len()),
            advice: "see `removed` for what was found; if that is an article, report its rule, or clean with a rule pack that allows it"
                .into(),
            input: Some(document.input),
            line: None,
            record,
            bytes,
            removed,
        }
    }

    /// The file could not be opened.
    pub fn refused(file: &InputFile, refused: &Refused) -> Self {
        let (reason, advice) = match refused {
            Refused::TooLarge { .. } => ("too_large", "split it, or raise `read.max_records_bytes`"),
            _ => ("unreadable", "let the desk's user read the file, then `copydesk failed retry`"),
        };
        Self {
            path: path_of(file, None),
            stage: "inbox",
            reason,
            message: refused.to_string(),
            advice: advice.into(),
            input: None,
            line: None,
            record: None,
            bytes: None,
            removed: Vec::new(),
        }
    }

    /// The desk broke off over it.
    pub fn panicked(file: &InputFile, stage: &'static str, message: String, record: Option<Record>) -> Self {
        let (record, bytes) = parts(record);
        Self {
            path: path_of(file, record),
            stage,
            reason: "panic",
            message,
            advice: "this is a fault of copydesk: please report it with the document".into(),
            input: None,
            line: None,
            record,
            bytes,
            removed: Vec::new(),
        }
    }

    /// The bytes could not be read as a document.
    pub fn rejected(file: &InputFile, rejected: Rejected) -> Self {
        let Rejected { reason, message, advice, line, record, bytes, .. } = rejected;
        Self {
            path: path_of(file, record),
            stage: "read",
            reason: reason.code(),
            message,
            advice,
            input: None,
            line,
            record,
            bytes,
            removed: Vec::new(),
        }
    }
}

/// As [`Document::path`]: the file's, with the record's number.
fn path_of(file: &InputFile, record: Option<u64>) -> String {
    match record {
        Some(number) => format!("{}#{number}", file.origin.path),
        None => file.origin.path.clone(),
    }
}

/// Number and bytes of a record, kept until it is decided so that a failed one can be set aside alone.
pub type Record = (u64, Arc<[u8]>);

fn parts(record: Option<Record>) -> (Option<u64>, Option<Vec<u8>>) {
    record.map(|(number, bytes)| (number, bytes.to_vec())).unzip()
}

/// What a panic said of itself.
pub fn said_by(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("for no stated reason")
}

/// A document with everything done to it that needs no other document.
#[derive(Debug)]
pub struct Prepared {
    /// Facts of the document; its content is dropped once it is cleaned.
    pub document: Document,
    /// What its article was made of.
    pub outline: Outline,
    /// Fingerprints of the draft's lines, for the site memory.
    pub lines: Vec<u64>,
    /// The article as it is when nothing is known of its site.
    pub finished: Finished,
}

/// What comes out of the pool for the editor.
#[derive(Debug)]
pub enum What {
    Document(Box<Prepared>),
    Failed(Box<Failure>),
    /// No more documents of this file.
    End {
        complete: bool,
    },
}

/// One result with its place in the order of arrival.
#[derive(Debug)]
pub struct Ready {
    pub ticket: u64,
    /// What the gate is to be told on leaving.
    pub bytes: usize,
    pub file: Arc<InputFile>,
    pub what: What,
}

/// One piece of work with its place in the order of arrival.
#[derive(Debug)]
pub struct Job {
    pub ticket: u64,
    pub bytes: usize,
    pub file: Arc<InputFile>,
    pub piece: Piece,
}

/// What every worker shares.
#[derive(Clone)]
pub struct Bench {
    pub cleaner: Arc<Cleaner>,
    pub read: read::Settings,
    /// A document that takes longer fails as `timeout`.
    pub max_time: Duration,
    /// Documents that fail because an earlier desk broke off over them.
    pub culprits: Arc<Culprits>,
    pub health: Arc<Health>,
}

/// The workers and their watchdog.
pub struct Pool {
    jobs: Sender<Job>,
    crew: Arc<Crew>,
    /// Dropped to end the watchdog.
    shift: Sender<()>,
    watchdog: JoinHandle<()>,
}

/// How often the watchdog looks, as a part of the time limit.
const LOOKS_PER_LIMIT: u32 = 4;
/// Workers that hang for which others are hired: a thread cannot be ended, and each may keep a core busy.
const MAX_HANGING: usize = 32;
/// What the workers are doing, in the status.
const WHAT: &str = "cleaning documents";

impl Pool {
    /// Starts `workers` threads, whose results go to `ready`.
    pub fn start(workers: usize, bench: Bench, ready: Sender<Ready>) -> io::Result<Self> {
        let (jobs, queue) = unbounded::<Job>();
        let roll = Mutex::new(Roll { next: 0, in_hand: BTreeMap::new(), hanging: 0, missing: 0, ready: Some(ready) });
        let crew = Arc::new(Crew { bench, queue, roll, left: Condvar::new() });
        for _ in 0..workers.max(1) {
            crew.hire(&mut crew.roll())?;
        }
        let (shift, over) = bounded::<()>(0);
        let watching = crew.clone();
        let thread = std::thread::Builder::new().name("watchdog".into());
        let watchdog = thread.spawn(move || watching.watch(&over))?;
        Ok(Self { jobs, crew, shift, watchdog })
    }

    /// Hands over a job. Not bounded here: the gate bounds what is in flight.
    pub fn work(&self, job: Job) {
        self.jobs.send(job).expect("the crew holds the other end");
    }

    /// Waits for the jobs in hand, then ends the threads. One that exceeded its time is left behind.
    pub fn finish(self) {
        let Self { jobs, crew, shift, watchdog } = self;
        drop(jobs);
        let roll = crew.roll();
        // Where no worker is left, one may yet come back; not for long, when the desk is to stop.
        let is_at_work = |roll: &mut Roll| {
            let waits = roll.missing > 0 && !crew.queue.is_empty() && !crew.bench.health.stopping();
            !roll.in_hand.is_empty() || waits
        };
        let idle = crew.left.wait_while(roll, is_at_work);
        // A worker that is left behind must not keep the editor waiting for it.
        idle.unwrap_or_else(PoisonError::into_inner).ready = None;
        drop(shift);
        let _ = watchdog.join();
    }
}

/// What a worker has in hand, so that the watchdog can answer in its place.
struct InHand {
    /// How often the watchdog has seen it. Time is told by looks, and not by a clock: a process that was frozen (a container
    /// paused, a machine asleep) has not been slow.
    looks: u32,
    ticket: u64,
    bytes: usize,
    file: Arc<InputFile>,
    record: Option<Record>,
}

struct Roll {
    next: u64,
    /// Every worker that counts, with what it has in hand.
    in_hand: BTreeMap<u64, Option<InHand>>,
    /// Workers that were struck off and have not come back.
    hanging: usize,
    /// Workers in whose place no other is hired yet.
    missing: usize,
    /// Where results go; `None` when the pool has finished.
    ready: Option<Sender<Ready>>,
}

impl Roll {
    /// Strikes off the workers whose documents have been there at every look of the time limit; what they had in hand.
    fn look(&mut self) -> Vec<InHand> {
        let is_late = |in_hand: &mut InHand| {
            in_hand.looks += 1;
            in_hand.looks > LOOKS_PER_LIMIT
        };
        let mut late = Vec::new();
        self.in_hand.retain(|_, place| match place.take_if(is_late) {
            Some(in_hand) => {
                late.push(in_hand);
                false
            }
            None => true,
        });
        self.hanging += late.len();
        self.missing += late.len();
        late
    }

    /// Hands a result on. Never blocks: the gate bounds what is on the way.
    fn send(&self, ready: Ready) {
        if let Some(sender) = &self.ready {
            // Refused only when the editor has ended, and then nobody waits for it.
            let _ = sender.send(ready);
        }
    }
}

struct Crew {
    bench: Bench,
    queue: Receiver<Job>,
    roll: Mutex<Roll>,
    left: Condvar,
}

impl Crew {
    fn roll(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hire(self: &Arc<Self>, roll: &mut Roll) -> io::Result<()> {
        let number = roll.next;
        let crew = self.clone();
        let thread = std::thread::Builder::new().name(format!("worker-{number}")).stack_size(crate::clean::STACK_BYTES);
        thread.spawn(move || crew.work(number))?;
        roll.next += 1;
        roll.in_hand.insert(number, None);
        Ok(())
    }

    fn work(&self, number: u64) {
        for job in &self.queue {
            let record = job.piece.record.map(|number| (number, Arc::from(job.piece.bytes.as_slice())));
            let in_hand = InHand {
                looks: 0,
                ticket: job.ticket,
                bytes: job.bytes,
                file: job.file.clone(),
                record: record.clone(),
            };
            if let Some(place) = self.roll().in_hand.get_mut(&number) {
                *place = Some(in_hand);
            }
            let ready = prepare(job, record, &self.bench);
            // Struck off the roll: the watchdog has answered for this job, and hired another in this worker's place.
            let mut roll = self.roll();
            let Some(place) = roll.in_hand.get_mut(&number).map(Option::take) else {
                roll.hanging -= 1;
                return;
            };
            roll.send(ready);
            drop(roll);
            drop(place);
        }
        self.roll().in_hand.remove(&number);
        self.left.notify_all();
    }

    /// Answers for workers that take too long, until the shift is over. A thread cannot be ended from outside.
    fn watch(self: &Arc<Self>, over: &Receiver<()>) {
        let limit = self.bench.max_time;
        while over.recv_timeout(limit / LOOKS_PER_LIMIT) == Err(RecvTimeoutError::Timeout) {
            let mut roll = self.roll();
            // All under one lock: the pool may finish as soon as nobody is on the roll.
            let late = roll.look();
            let trouble = self.replace(&mut roll);
            for in_hand in late {
                roll.send(timeout(in_hand, limit));
            }
            drop(roll);
            match trouble {
                Some(trouble) => self.bench.health.trouble(WHAT, trouble),
                None => self.bench.health.cured(WHAT),
            }
            self.left.notify_all();
        }
    }

    /// Hires others for the workers that hang, as far as that can be; else what is in the way. Tried again at each look.
    fn replace(self: &Arc<Self>, roll: &mut Roll) -> Option<String> {
        while roll.missing > 0 {
            if roll.hanging >= MAX_HANGING + roll.missing {
                return Some(format!(
                    "{} documents hang, and no more workers are hired for them: restart the desk, and look in `failed/` for those \
                     with the reason `timeout`",
                    roll.hanging
                ));
            }
            if let Err(error) = self.hire(roll) {
                return Some(format!("a worker that hangs could not be replaced: {error}"));
            }
            roll.missing -= 1;
        }
        None
    }
}

fn timeout(in_hand: InHand, limit: Duration) -> Ready {
    let InHand { ticket, bytes, file, record, .. } = in_hand;
    let (record, record_bytes) = parts(record);
    let failure = Failure {
        path: path_of(&file, record),
        stage: "clean",
        reason: "timeout",
        message: format!("not cleaned within {} ms", limit.as_millis()),
        advice: "raise `desk.max_document_ms`, or look at the document for what makes it slow".into(),
        input: None,
        line: None,
        record,
        bytes: record_bytes,
        removed: Vec::new(),
    };
    Ready { ticket, bytes, file, what: What::Failed(Box::new(failure)) }
}

/// Reads and cleans one piece; a panic is this document's failure and nobody else's.
fn prepare(job: Job, record: Option<Record>, bench: &Bench) -> Ready {
    let Job { ticket, bytes, file, piece } = job;
    let work = || document(piece, record.clone(), &file, bench);
    let what = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = format!("cleaning broke off: {}", said_by(&*panic));
        What::Failed(Box::new(Failure::panicked(&file, "clean", message, record)))
    });
    Ready { ticket, bytes, file, what }
}

fn document(piece: Piece, record: Option<Record>, file: &InputFile, bench: &Bench) -> What {
    crash::poison(&piece.bytes, "panic");
    crash::hang(&piece.bytes);
    let mut document = match read::document(piece, &file.origin, &bench.read) {
        Ok(document) => document,
        Err(rejected) => return What::Failed(Box::new(Failure::rejected(file, rejected))),
    };
    if let Some(said) = bench.culprits.meet(&document.input) {
        let failure = Failure::panicked(file, "desk", said.to_owned(), record);
        return What::Failed(Box::new(Failure { input: Some(document.input), ..failure }));
    }
    let cleaned = bench.cleaner.draft(&document).map(|mut draft| {
        let lines = std::mem::take(&mut draft.fingerprints);
        let outline = Outline::of(&draft);
        let article = bench.cleaner.finish(draft, &SiteMemory::default());
        (lines, outline, article)
    });
    document.content = String::new();
    match cleaned {
        Ok((lines, outline, article)) => {
            let finished = Finished::new(&document, &outline, article);
            What::Document(Box::new(Prepared { document, outline, lines, finished }))
        }
        Err(NoContent { removed }) => What::Failed(Box::new(Failure::no_content(&document, record, removed))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_late_after_so_many_looks_whatever_the_clock_says() {
        let inbox = Inbox::new(crate::inbox::Settings::default()).expect("an inbox");
        let file = Arc::new(InputFile {
            id: 1,
            inbox,
            path: "a.txt".into(),
            in_place: true,
            stamp: None,
            origin: Origin::default(),
        });
        let in_hand = InHand { looks: 0, ticket: 1, bytes: 1, file, record: None };
        let in_hand = BTreeMap::from([(0, Some(in_hand)), (1, None)]);
        let mut roll = Roll { next: 2, in_hand, hanging: 0, missing: 0, ready: None };
        assert!((0..LOOKS_PER_LIMIT).all(|_| roll.look().is_empty()));
        assert_eq!(roll.look().len(), 1);
        assert_eq!((roll.hanging, roll.missing), (1, 1));
        assert_eq!(roll.in_hand.keys().collect::<Vec<_>>(), [&1], "an idle worker is never late");
    }
}
