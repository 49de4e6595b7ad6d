//! The one owner of near-copies, stories, site memory and ledger: takes prepared documents in arrival order and decides.
//!
//! Everything that depends on what came before happens here, on one thread, so the same inputs in the same order give the
//! same articles. A decision is committed before anything of it is shown: a restart never judges a document a copy of itself.

mod commit;
mod judge;
mod past;

pub use past::Past;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, after, never, select};

use super::clock::{Calendar, now_ms};
use super::culprits::Culprits;
use super::files::{FileId, Files, Finished};
use super::gate::Gate;
use super::health::Health;
use super::lock::Anchor;
use super::progress::Progress;
use super::publisher::{Published, Publishers};
use super::work::{Failure, InputFile, Prepared, Ready, What, said_by};
use crate::article::InputId;
use crate::clean::Cleaner;
use crate::clean::site::SiteMemory;
use crate::dedup::Deduplicator;
use crate::ledger::{Batch, DocumentRow, Filed, Known, Ledger, LedgerError, path_key};
use crate::story::{Stories, Terms};

/// A batch is committed when it holds so many documents, when its first has waited so long and no other is in hand, or when it
/// has waited the longest time. (20 ms is not felt by anyone who waits for one article. While more come they wait for each
/// other anyway, and a batch writes each page of the ledger once, however many of its documents change it.)
const BATCH_DOCUMENTS: usize = 256;
const BATCH_WAIT: Duration = Duration::from_millis(20);
const LONGEST_BATCH_WAIT: Duration = Duration::from_millis(100);
/// Of the latest documents so many are told to the stories at start.
const STORY_ARTICLES: u64 = 1 << 17;

/// The editor ended before its time; the next start goes on from the ledger.
#[derive(Debug)]
pub enum Interrupted {
    /// The desk was told to stop while its state could not be read or written.
    Stopped,
    /// The state is not what was written. No waiting helps: what is in memory was built from it and is decided with.
    Damaged(LedgerError),
    /// It broke off over this document, and what is in memory is no longer to be trusted.
    BrokeOff { path: String, said: String },
}

/// What the editor is given to work with.
pub struct Seat {
    pub ledger: Ledger,
    pub anchor: Anchor,
    pub cleaner: Arc<Cleaner>,
    pub dedup: Deduplicator,
    pub past: Past,
    pub stories: Stories,
    pub memory: SiteMemory,
    pub publishers: Publishers,
    pub published: Receiver<Vec<Published>>,
    pub retire: Sender<Finished>,
    pub gate: Arc<Gate>,
    pub health: Arc<Health>,
    pub progress: Arc<Progress>,
    /// Copies that a record lists; further ones are counted.
    pub max_copies: usize,
    pub culprits: Arc<Culprits>,
}

/// Decides, one document after the other.
pub struct Editor {
    seat: Seat,
    files: Files,
    next_seq: u64,
    next_ticket: u64,
    /// Prepared ahead of their turn; bounded by the gate.
    early: BTreeMap<u64, Ready>,
    batch: Batch,
    begun: Option<Instant>,
    fresh: Fresh,
    started: Instant,
    calendar: Calendar,
    /// Damage that was met on the way to a decision, which is then not written.
    damage: OnceCell<LedgerError>,
}

/// What the open batch knows and the ledger does not yet.
#[derive(Default)]
struct Fresh {
    deliveries: HashMap<(InputId, i64), Known>,
    twins: HashMap<InputId, Known>,
    bodies: HashMap<u64, Arc<Filed>>,
    clusters: HashMap<u64, u64>,
    stories: HashMap<u64, u64>,
    /// Articles whose record changes with this batch, and how often: a revision counts decisions, not batches, whose
    /// bounds depend on timing.
    touched: BTreeMap<u64, u64>,
    /// Articles that lost members: gone if none is left, then into which.
    left: BTreeMap<u64, u64>,
    /// Files, their documents (those that hold the bodies), and in which article each was placed.
    waits: Vec<(FileId, u64, u64)>,
    /// Documents that left memory were moved: the ledger must know before the next is judged, for it is asked for them.
    moved_sealed: bool,
    ended: Vec<(Arc<InputFile>, bool)>,
}

impl Fresh {
    fn touch(&mut self, cluster: u64) {
        *self.touched.entry(cluster).or_default() += 1;
    }

    /// Where a document is that was in `cluster` when that was asked: it may have moved within the batch.
    fn place(&self, body_of: u64, cluster: u64) -> u64 {
        self.clusters.get(&body_of).copied().unwrap_or(cluster)
    }
}

impl Editor {
    /// Takes the seat: rebuilds what is kept in memory from the ledger and repeats what a crash left unpublished.
    pub fn new(seat: Seat, window_days: i32) -> Result<Self, LedgerError> {
        let next_seq = seat.ledger.last_seq()? + 1;
        let calendar = Calendar::resume(seat.ledger.last_day()?, now_ms());
        let mut editor = Self {
            seat,
            files: Files::default(),
            next_seq,
            next_ticket: 0,
            early: BTreeMap::new(),
            batch: Batch::default(),
            begun: None,
            fresh: Fresh::default(),
            started: Instant::now(),
            calendar,
            damage: OnceCell::new(),
        };
        editor.restore(calendar.today(), window_days)?;
        Ok(editor)
    }

    fn restore(&mut self, today: i32, window_days: i32) -> Result<(), LedgerError> {
        let started = Instant::now();
        let Seat { ledger, dedup, past, stories, memory, .. } = &mut self.seat;
        let documents = past.restore(ledger, dedup, today.saturating_sub(window_days))?;
        dedup.settle();
        let mut story_of = HashMap::new();
        ledger.each_story(|cluster, story| {
            story_of.insert(cluster, story);
        })?;
        // Open stories are far fewer, and of older articles the frequencies of terms keep less than half.
        let placed_after = ledger.last_seq()?.saturating_sub(STORY_ARTICLES);
        ledger.each_placed(placed_after, |row| {
            let story = story_of.get(&row.cluster).copied().unwrap_or(row.cluster);
            let (terms, day) = Terms::from_bytes(row.terms);
            stories.restore(story, &terms, day.unwrap_or(row.day));
        })?;
        ledger.each_lesson(|lesson| {
            memory.learn(&lesson.publication, lesson.seq, &lesson.lines);
        })?;
        tracing::info!(documents, ms = started.elapsed().as_millis() as u64, "index rebuilt from the ledger");
        for article in self.seat.ledger.pending()? {
            if !self.show(&article)? {
                self.shown(Published { cluster: article.cluster, revision: article.revision });
            }
        }
        self.seat.publishers.flush();
        Ok(())
    }

    /// Works until no more documents come, then waits until the outbox shows all of them.
    pub fn run(mut self, ready: &Receiver<Ready>) -> Result<(), Interrupted> {
        let published = self.seat.published.clone();
        loop {
            // What is there already is taken without the cost of waiting on three sides.
            while self.batch.documents.len() < BATCH_DOCUMENTS && !self.is_due() {
                match ready.try_recv() {
                    Ok(message) => self.arrange(message)?,
                    Err(_) => break,
                }
            }
            published.try_iter().flatten().for_each(|article| self.shown(article));
            if self.batch.documents.len() >= BATCH_DOCUMENTS || self.is_due() {
                self.commit()?;
                continue;
            }
            let wait = if self.seat.gate.is_empty() { BATCH_WAIT } else { LONGEST_BATCH_WAIT };
            let commit_at = self.begun.map_or_else(never, |begun| after(wait.saturating_sub(begun.elapsed())));
            select! {
                recv(ready) -> message => match message {
                    Ok(message) => self.arrange(message)?,
                    Err(_) => break,
                },
                recv(published) -> message => message.into_iter().flatten().for_each(|article| self.shown(article)),
                recv(commit_at) -> _ => {}
            }
        }
        self.commit()?;
        let Self { seat, mut files, mut batch, .. } = self;
        seat.publishers.finish();
        for article in published.try_iter().flatten() {
            batch.published.push((article.cluster, article.revision));
            files.shown(article).into_iter().for_each(|file| retire(&seat.retire, file));
        }
        if !batch.published.is_empty() {
            let mut ledger = seat.ledger;
            write(&seat.health, &seat.anchor, &mut ledger, &batch)?;
        }
        Ok(())
    }

    /// Whether the open batch has waited long enough.
    fn is_due(&self) -> bool {
        let Some(waited) = self.begun.map(|begun| begun.elapsed()) else { return false };
        waited >= LONGEST_BATCH_WAIT || (waited >= BATCH_WAIT && self.seat.gate.is_empty())
    }

    /// Puts what the workers finished in any order back into the order of arrival.
    fn arrange(&mut self, ready: Ready) -> Result<(), Interrupted> {
        self.early.insert(ready.ticket, ready);
        while let Some(ready) = self.early.remove(&self.next_ticket) {
            self.next_ticket += 1;
            self.begun.get_or_insert_with(Instant::now);
            self.read(Ledger::begin_reading)?;
            self.take(ready.file, ready.what)?;
            self.seat.gate.leave(1, ready.bytes);
        }
        Ok(())
    }

    fn take(&mut self, file: Arc<InputFile>, what: What) -> Result<(), Interrupted> {
        match what {
            What::Document(prepared) => {
                let (path, input) = (prepared.document.path.clone(), prepared.document.input);
                let has_sidecar = file.origin.sidecar.is_some();
                let decided = catch_unwind(AssertUnwindSafe(|| self.decide(*prepared, has_sidecar)));
                let Known { body_of, cluster, .. } = decided.unwrap_or_else(|panic| {
                    let said = said_by(&*panic).to_owned();
                    self.seat.culprits.add(input, &format!("an earlier desk broke off over it: {said}"));
                    Err(Interrupted::BrokeOff { path, said })
                })?;
                self.files.hold(&file);
                self.fresh.waits.push((file.id, body_of, cluster));
                if self.fresh.moved_sealed {
                    self.commit()?;
                }
            }
            What::Failed(failure) => self.fail(&file, *failure),
            What::End { complete } => {
                // Only the commit makes it so: until then its last documents are decided nowhere but here.
                self.fresh.ended.push((file, complete));
            }
        }
        Ok(())
    }

    fn fail(&mut self, file: &Arc<InputFile>, failure: Failure) {
        tracing::warn!(path = %failure.path, stage = failure.stage, reason = failure.reason, "failed: {}", failure.message);
        *self.batch.counts.entry("failed").or_default() += 1;
        self.seat.progress.failed.fetch_add(1, Ordering::Relaxed);
        if let Some(part) = self.files.failed(file, failure) {
            retire(&self.seat.retire, part);
        }
    }

    /// Gives a document its place.
    fn decide(&mut self, prepared: Prepared, has_sidecar: bool) -> Result<Known, Interrupted> {
        let twin = self.twin(&prepared.document.input)?;
        // Bytes that nobody has delivered were not delivered under this path.
        let delivery = match twin {
            Some(_) => self.delivery(&prepared.document.input, &prepared.document.path)?,
            None => None,
        };
        if let Some(known) = delivery {
            *self.batch.counts.entry("redeliveries").or_default() += 1;
            self.seat.progress.redeliveries.fetch_add(1, Ordering::Relaxed);
            let path = &prepared.document.path;
            // Without one it says nothing new, and may have lost it in a retirement that was cut off.
            if has_sidecar && self.correct(known, &prepared.finished.filed)? {
                tracing::info!(%path, article = known.cluster, "delivered before, with another sidecar: taken over");
            } else {
                tracing::debug!(%path, "delivered before, nothing to do");
            }
            return Ok(known);
        }
        let seq = self.next_seq;
        let received_ms = now_ms();
        let mut row = DocumentRow {
            seq,
            input: prepared.document.input,
            path: prepared.document.path.clone(),
            cluster: seq,
            received_ms,
            twin: None,
            body: Vec::new(),
        };
        if let Some(twin) = twin {
            row.cluster = twin.cluster;
            row.twin = Some(twin.body_of);
            self.deliver(seq, twin.body_of, &prepared.finished.filed);
        } else {
            let (cluster, filed, body) = self.judge(seq, received_ms, prepared);
            row.cluster = cluster;
            row.body = body;
            self.fresh.bodies.insert(seq, Arc::new(filed));
        }
        self.next_seq += 1;
        *self.batch.counts.entry("documents").or_default() += 1;
        self.seat.progress.decided.fetch_add(1, Ordering::Relaxed);
        let cluster = row.cluster;
        let known = Known { seq, cluster, body_of: row.twin.unwrap_or(seq) };
        self.fresh.deliveries.insert((row.input, path_key(&row.path)), known);
        self.fresh.twins.insert(row.input, known);
        self.fresh.clusters.insert(seq, cluster);
        self.fresh.touch(cluster);
        self.batch.documents.push(row);
        Ok(known)
    }

    /// An article is durably shown: marked with the next batch, and files that waited for it leave.
    fn shown(&mut self, article: Published) {
        self.begun.get_or_insert_with(Instant::now);
        self.batch.published.push((article.cluster, article.revision));
        for file in self.files.shown(article) {
            retire(&self.seat.retire, file);
        }
    }

    fn delivery(&self, input: &InputId, path: &str) -> Result<Option<Known>, Interrupted> {
        match self.fresh.deliveries.get(&(*input, path_key(path))) {
            Some(known) => Ok(Some(self.current(*known))),
            None => Ok(self.read(|ledger| ledger.delivery(input, path))?.map(|known| self.current(known))),
        }
    }

    fn twin(&self, input: &InputId) -> Result<Option<Known>, Interrupted> {
        match self.fresh.twins.get(input) {
            Some(known) => Ok(Some(self.current(*known))),
            None => Ok(self.read(|ledger| ledger.twin(input))?.map(|known| self.current(known))),
        }
    }

    /// What is known, with moves of the open batch.
    fn current(&self, known: Known) -> Known {
        Known { cluster: self.fresh.place(known.body_of, known.cluster), ..known }
    }

    fn cluster_of(&self, doc: u64) -> Option<u64> {
        match self.fresh.clusters.get(&doc) {
            Some(&cluster) => Some(cluster),
            None => self.read(|ledger| ledger.cluster_of(doc)).unwrap_or_else(|end| note(&self.damage, end)),
        }
    }

    /// Reads the ledger, pausing while it cannot be read.
    fn read<T>(&self, query: impl Fn(&Ledger) -> Result<T, LedgerError>) -> Result<T, Interrupted> {
        persist(&self.seat.health, "reading the state", || query(&self.seat.ledger))
    }
}

/// Tries until it succeeds; damage is no trouble that passes.
fn persist<T>(
    health: &Health,
    what: &'static str,
    mut work: impl FnMut() -> Result<T, LedgerError>,
) -> Result<T, Interrupted> {
    let tried = health.persist(what, || match work() {
        Err(error) if error.is_damage() => Ok(Err(Interrupted::Damaged(error))),
        Err(error) => Err(error),
        Ok(value) => Ok(Ok(value)),
    });
    tried.unwrap_or(Err(Interrupted::Stopped))
}

/// Writes a batch, as long as the ledger still lies where it was found.
fn write(health: &Health, anchor: &Anchor, ledger: &mut Ledger, batch: &Batch) -> Result<(), Interrupted> {
    persist(health, "writing the state", || anchor.check().and_then(|()| ledger.commit(batch)))
}

/// Keeps damage for the end of the batch, where nothing says so earlier.
fn note<T>(damage: &OnceCell<LedgerError>, interrupted: Interrupted) -> Option<T> {
    if let Interrupted::Damaged(error) = interrupted {
        // The first one counts.
        let _ = damage.set(error);
    }
    None
}

/// A stored body, passing over one that is damaged: that harms its own document, and is no reason for the desk to wait.
fn sound(stored: Result<Option<Filed>, LedgerError>) -> Result<Option<Filed>, LedgerError> {
    match stored {
        Err(error @ LedgerError::Body { .. }) => {
            tracing::error!(%error, "a stored document is damaged and is passed over");
            Ok(None)
        }
        other => other,
    }
}

fn retire(to: &Sender<Finished>, file: Finished) {
    // The retirer ends only after the editor; should it have died, the file stays in the inbox and is a redelivery later.
    let _ = to.send(file);
}
