//! The desk: drives an article through the stages and keeps the promises about it.
//!
//! ```text
//! intake (tokio) → reader → workers, all cores → editor → publishers → retirer
//!   watch, scan,   open,    read, clean, sketch   decide,   temp, sync,   done/, failed/
//!   settle         split                          ledger    rename
//! ```
//! Each arrow is a queue with a bound: in number and bytes up to the editor (`gate`), in bytes to the publishers. One
//! owner for each piece of changing state: the reader numbers, the editor decides, the intake knows what is in hand. To stop
//! is to end the intake and let the queues run dry.

mod alarm;
mod clock;
mod compose;
mod culprits;
mod editor;
mod files;
mod gate;
mod given;
mod health;
mod intake;
mod left;
mod lock;
mod progress;
mod publisher;
mod reader;
mod recover;
mod retirer;
mod revise;
mod work;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Sender, bounded, unbounded};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::clean::site::SiteMemory;
use crate::clean::{self, Cleaner, RuleError, RulePack};
use crate::dedup::{self, Deduplicator};
use crate::inbox::{self, Inbox};
use crate::ledger::{self, LedgerError};
use crate::outbox::{self, Outbox, OutboxError};
use crate::read;
use crate::story::{self, Stories};
use alarm::Alarm;
use culprits::Culprits;
use editor::{Editor, Interrupted, Past, Seat};
use gate::Gate;
pub use health::{Health, Report, report};
use intake::{Returned, Until};
pub use lock::{LockError, holds, is_same_process, running};
pub use progress::{Progress, Snapshot};
use publisher::Publishers;
use reader::{Reader, Task};
use retirer::Retirer;
use work::{Bench, Pool};

/// How the desk works, apart from what its stages do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Threads that clean; 0 for one on each core.
    pub workers: usize,
    /// Documents in hand at once.
    pub max_documents: usize,
    /// Bytes of documents in hand at once; one larger document is taken alone.
    pub max_bytes: usize,
    /// A document that takes longer to clean fails as `timeout`.
    pub max_document_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { workers: 0, max_documents: 512, max_bytes: 32 << 20, max_document_ms: 30_000 }
    }
}

/// The settings of a desk and all its stages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    pub inbox: inbox::Settings,
    pub read: read::Settings,
    pub clean: clean::Settings,
    /// The user's phrase rules, as read.
    pub rules: Vec<RulePack>,
    pub dedup: dedup::Settings,
    pub story: story::Settings,
    pub outbox: outbox::Settings,
    pub state: ledger::Settings,
    pub desk: Settings,
}

/// Why a desk could not start, or ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error("the inbox {path}: {source}: create it, or name another one with `inbox.path`")]
    Inbox { path: PathBuf, source: io::Error },
    #[error(
        "the state folder {path}: {source}: make it a folder that this user can write, or name another one with `state.path`"
    )]
    State { path: PathBuf, source: io::Error },
    #[error("`inbox.ignore`: {0}")]
    Ignore(globset::Error),
    #[error("the outbox {0}: make it a folder that this user can write, or name another one with `outbox.path`")]
    Outbox(#[from] OutboxError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("phrase rules: {0}")]
    Rules(#[from] RuleError),
    #[error("{path}: {source}")]
    Given { path: PathBuf, source: io::Error },
    #[error("starting threads: {0}")]
    Threads(#[source] io::Error),
    #[error(
        "the state could not be written before the desk was stopped; nothing is lost, the next start goes on from there"
    )]
    Interrupted,
    #[error(
        "deciding on {path} broke off, which is a fault of copydesk ({said}): please report it with that document; nothing is \
         lost, the next start moves the document to `failed/` and goes on with the others"
    )]
    BrokeOff { path: String, said: String },
    #[error(
        "the thread `{thread}` panicked, which is a fault of copydesk: please report what it said above; nothing is lost, the \
         next start goes on from there"
    )]
    Panicked { thread: String },
}

/// The threads of a working desk, from the reader on.
struct Works {
    tasks: Sender<Task>,
    health: Arc<Health>,
    progress: Arc<Progress>,
    reader: JoinHandle<()>,
    editor: JoinHandle<Result<(), Interrupted>>,
    retirer: JoinHandle<()>,
    state: PathBuf,
    alarm: Arc<Alarm>,
    culprits: Arc<Culprits>,
    lock: lock::Lock,
}

/// Tasks that may wait for the reader; the intake holds back the rest.
const WAITING_TASKS: usize = 256;

impl Works {
    /// Takes the lock, recovers what a crash left, and starts the threads.
    fn start(
        plan: &Plan,
        inbox: Option<&Inbox>,
        progress: Arc<Progress>,
        returned: mpsc::UnboundedSender<Vec<Returned>>,
    ) -> Result<Self, DeskError> {
        if let Some(inbox) = inbox {
            let is_folder = std::fs::metadata(inbox.root())
                .and_then(|found| if found.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) });
            is_folder.map_err(|source| DeskError::Inbox { path: inbox.root().into(), source })?;
        }
        let cleaner = Arc::new(Cleaner::with_packs(plan.clean.clone(), &plan.rules)?);
        let outbox = &plan.outbox.path;
        lock::make_folder(outbox).map_err(|source| OutboxError { path: outbox.clone(), source })?;
        // Before anything in the folders is touched: what lies there may be another desk's.
        let folders: Vec<&Path> = inbox.map(Inbox::root).into_iter().chain([outbox.as_path()]).collect();
        let lock = lock::take(&plan.state.path, &folders).map_err(|error| match error {
            LockError::Io { path, source } if inbox.is_some_and(|inbox| inbox.root() == path) => {
                DeskError::Inbox { path, source }
            }
            LockError::Io { path, source } if path == *outbox => OutboxError { path, source }.into(),
            LockError::Io { path, source } => DeskError::State { path, source },
            held @ LockError::Held { .. } => DeskError::Lock(held),
        })?;
        if let Some(inbox) = inbox {
            let leftovers = inbox.remove_leftovers();
            leftovers.map_err(|source| DeskError::Inbox { path: inbox.root().into(), source })?;
        }
        let outbox = Arc::new(Outbox::open(&plan.outbox.path)?);
        let ledger = recover::open(plan, inbox, &cleaner)?;
        let anchor = lock::Anchor::drop_at(&plan.state.path.join(ledger::FILE_NAME))?;
        let health = Arc::new(Health::new(&plan.state.path));
        let gate = Arc::new(Gate::new(plan.desk.max_documents, plan.desk.max_bytes));
        let (done, published) = unbounded();
        let alarm = Alarm::new(health.clone(), gate.clone());
        let publishers =
            Publishers::start(plan.outbox.writers, outbox, health.clone(), &alarm, done).map_err(DeskError::Threads)?;
        let culprits = Arc::new(Culprits::read(&plan.state.path));
        let (retire, finished) = bounded(WAITING_TASKS);
        let seat = Seat {
            past: Past::open(&plan.state.path, &plan.dedup, &ledger)
                .map_err(|error| damaged(&plan.state.path, error))?,
            ledger,
            anchor,
            cleaner: cleaner.clone(),
            dedup: Deduplicator::new(plan.dedup.clone()),
            stories: Stories::new(plan.story.clone()),
            memory: SiteMemory::new(plan.clean.level, plan.clean.memory),
            publishers,
            published,
            retire,
            gate: gate.clone(),
            health: health.clone(),
            progress: progress.clone(),
            max_copies: plan.outbox.max_copies,
            culprits: culprits.clone(),
        };
        let editor =
            Editor::new(seat, plan.dedup.window_days as i32).map_err(|error| damaged(&plan.state.path, error))?;
        let (ready, prepared) = unbounded();
        let bench = Bench {
            cleaner,
            read: plan.read.clone(),
            max_time: Duration::from_millis(plan.desk.max_document_ms.max(1)),
            culprits: culprits.clone(),
            health: health.clone(),
        };
        let workers = match plan.desk.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let pool = Pool::start(workers, bench, ready.clone()).map_err(DeskError::Threads)?;
        let reader = Reader {
            settings: plan.read.clone(),
            gate: gate.clone(),
            pool,
            ready,
            health: health.clone(),
            progress: progress.clone(),
            returned: returned.clone(),
            next_file: 0,
            next_ticket: 0,
        };
        let retirer = Retirer::new(health.clone(), progress.clone(), returned);
        let (tasks, waiting) = bounded(WAITING_TASKS);
        let ringing = alarm.clone();
        let edit = move || {
            let result = editor.run(&prepared);
            gate.abandon();
            if result.is_err() {
                ringing.ring();
            }
            result
        };
        Ok(Self {
            tasks,
            health,
            progress,
            state: plan.state.path.clone(),
            reader: alarm.spawn("reader", move || reader.run(&waiting)).map_err(DeskError::Threads)?,
            editor: alarm.spawn("editor", edit).map_err(DeskError::Threads)?,
            retirer: alarm.spawn("retirer", move || retirer.run(&finished)).map_err(DeskError::Threads)?,
            alarm,
            culprits,
            lock,
        })
    }

    /// Takes no more tasks, and waits until everything in hand is decided, shown and retired.
    fn finish(self) -> Result<(), DeskError> {
        let Self { tasks, reader, editor, retirer, state, alarm, culprits, lock, .. } = self;
        drop(tasks);
        // One that panicked has rung the alarm.
        let _ = reader.join();
        let edited = editor.join();
        let _ = retirer.join();
        drop(lock);
        match edited {
            Ok(Err(Interrupted::Stopped)) => Err(DeskError::Interrupted),
            Ok(Err(Interrupted::Damaged(error))) => Err(damaged(&state, error)),
            Ok(Err(Interrupted::BrokeOff { path, said })) => Err(DeskError::BrokeOff { path, said }),
            _ => match alarm.panicked() {
                Some(thread) => Err(DeskError::Panicked { thread: thread.to_owned() }),
                None => {
                    culprits.forget_met();
                    Ok(())
                }
            },
        }
    }
}

/// What ends a desk over its state. Where that is damaged, the next start is told to look at all of it.
fn damaged(state: &Path, error: LedgerError) -> DeskError {
    if !error.is_damage() {
        return error.into();
    }
    let what = error.to_string();
    // Without this note a large ledger may not be read whole, and the damage not be met.
    if let Err(error) = ledger::aside::suspect(state, &what) {
        tracing::error!(%error, "cannot note that the state is damaged");
    }
    LedgerError::Damaged { path: state.join(ledger::FILE_NAME), what }.into()
}

/// Watches the inbox until `stop` resolves, then drains.
///
/// # Errors
/// Everything that keeps a desk from starting. Trouble while it runs pauses it instead (see [`Report`]).
pub fn run(plan: &Plan, progress: Arc<Progress>, stop: impl Future<Output = ()>) -> Result<(), DeskError> {
    attend(plan, Until::Stopped, progress, stop)
}

/// Takes what lies in the inbox now, waiting for files that still grow, then ends; earlier when `stop` resolves.
///
/// # Errors
/// As [`run`].
pub fn once(plan: &Plan, progress: Arc<Progress>, stop: impl Future<Output = ()>) -> Result<(), DeskError> {
    attend(plan, Until::Empty, progress, stop)
}

fn attend(plan: &Plan, until: Until, progress: Arc<Progress>, stop: impl Future<Output = ()>) -> Result<(), DeskError> {
    // Who takes only what is there needs no events: the scan finds it.
    let poll = plan.inbox.poll || until == Until::Empty;
    let inbox = Inbox::new(inbox::Settings { poll, ..plan.inbox.clone() }).map_err(DeskError::Ignore)?;
    let (returned, back) = mpsc::unbounded_channel();
    let mut works = Works::start(plan, Some(&inbox), progress, returned)?;
    let runtime = runtime()?;
    let health = works.health.clone();
    runtime.block_on(async {
        let mut stopped = false;
        let alarm = works.alarm.clone();
        let stop = async {
            tokio::select! {
                () = stop => stopped = true,
                () = alarm.rung() => {}
            }
        };
        let (tasks, progress) = (works.tasks.clone(), works.progress.clone());
        intake::watch(&inbox, until, &mut works.lock, tasks, back, health.clone(), progress, stop).await;
        if stopped {
            tracing::info!("stopping: finishing what is in hand");
            health.stop();
        }
    });
    works.finish()
}

/// Takes given files and folders where they are, one after the other, then ends; earlier when `stop` resolves. The files of a
/// folder are taken in the order of their names, in a folder of more than 65,536 so many at a time as they are found.
///
/// # Errors
/// As [`run`], and the first path that cannot be taken: the others are.
pub fn take(
    plan: &Plan,
    given: &[PathBuf],
    progress: Arc<Progress>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), DeskError> {
    let (returned, mut back) = mpsc::unbounded_channel();
    let works = Works::start(plan, None, progress, returned)?;
    let runtime = runtime()?;
    let health = works.health.clone();
    runtime.spawn(async move {
        stop.await;
        health.stop();
    });
    // Nobody waits for these files to come back.
    runtime.spawn(async move { while back.recv().await.is_some() {} });
    let refused = given::walk(given, plan, &works.tasks, &works.progress, &works.health);
    works.finish()?;
    runtime.shutdown_background();
    refused.map_or(Ok(()), |(path, source)| Err(DeskError::Given { path, source }))
}

fn runtime() -> Result<tokio::runtime::Runtime, DeskError> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(DeskError::Threads)
}
