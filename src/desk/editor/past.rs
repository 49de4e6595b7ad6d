//! Documents that left memory: sealing them, finding them again, and the index after a start.
//!
//! Segments are derived from the ledger and never the reason for the desk to stop: where they cannot be read or written, the
//! desk goes on without and says so.

use std::cell::OnceCell;
use std::io;
use std::path::Path;
use std::time::Instant;

use crossbeam_channel::bounded;

use super::{note, persist};
use crate::dedup::{self, Archive, ClusterId, Deduplicator, DocId, Facts, Oldest, SealedRow, Standing};
use crate::desk::health::Health;
use crate::ledger::{Ledger, LedgerError, SketchRow};
use crate::segments::{Limits, Segments, Span};

/// Quarters of the memory for near-copies that segments may take: the rest is for the newest documents.
const SEGMENTS_QUARTERS: usize = 3;
/// Documents on their way from the ledger to the index at once, and between two looks at memory: an eighth of the memory,
/// at 600 bytes each.
const ROWS_IN_CHUNK: u64 = 1_024;
const CHUNKS_IN_HAND: usize = 8;
const MAX_STRETCH: u64 = 1 << 18;
/// Documents that are sealed at once: the editor stands still meanwhile, for about two seconds.
const MAX_SEALED: usize = 1 << 17;
/// Documents that come before sealing is tried again, when it failed.
const RETRY_AFTER: usize = 4_096;

/// The segments of a desk.
pub struct Past {
    /// `None` where none are wanted, or they cannot be used.
    segments: Option<Segments>,
    /// After a failure: sealing waits until so many documents are in memory.
    wait_for: usize,
    stretch: u64,
}

impl Past {
    /// Opens the segments in the state folder.
    ///
    /// # Errors
    /// The ledger cannot be read: whether a segment is of this one is then not known.
    pub fn open(state: &Path, settings: &dedup::Settings, ledger: &Ledger) -> Result<Self, LedgerError> {
        let limits = Limits {
            max_memory_bytes: settings.max_index_bytes / 4 * SEGMENTS_QUARTERS,
            window_days: settings.window_days,
        };
        let unread = OnceCell::new();
        let mark_of = |doc| match ledger.input(doc) {
            Ok(input) => Ok(input.map(|input| input.0)),
            Err(error) => {
                let told = io::Error::other(error.to_string());
                let _ = unread.set(error);
                Err(told)
            }
        };
        let segments = settings.segments.then(|| Segments::open(state, limits, mark_of)).transpose();
        if let Some(error) = unread.into_inner() {
            return Err(error);
        }
        let segments = segments.unwrap_or_else(|error| {
            tracing::warn!(%error, "segments cannot be used: near-copies are searched for in memory only");
            None
        });
        let stretch = (settings.max_index_bytes as u64 / 8 / 600).clamp(1, MAX_STRETCH);
        Ok(Self { segments, wait_for: 0, stretch })
    }

    /// Fills the index with the documents since `since_day` that no segment answers for; how many. Those that a lost
    /// segment held are sealed again.
    pub fn restore(&mut self, ledger: &Ledger, dedup: &mut Deduplicator, since_day: i32) -> Result<u64, LedgerError> {
        let last = ledger.last_seq()?;
        let Some(segments) = &mut self.segments else {
            return Ok(self.fill(ledger, dedup, (0, last), since_day)?.0);
        };
        segments.tend(since_day);
        let (gaps, through) = (segments.gaps(), segments.through());
        dedup.rely_on_archive(through, segments.held().memory_bytes);
        let mut restored = 0;
        for (after, end) in gaps {
            // What is missing before all others was most likely forgotten for want of room.
            if after == 0 && !self.segments.as_ref().is_some_and(Segments::has_room) {
                continue;
            }
            let (documents, sealed) = self.fill(ledger, dedup, (after, end), since_day)?;
            let rest = dedup.len();
            if let Some(mut rest) = dedup.oldest(rest) {
                tracing::info!(documents, after, through = end, "a part of the near-copy index is made anew");
                rest.through = end;
                if !self.seal(ledger, dedup, &rest, sealed)? {
                    // Memory holds what came after all segments, and these did not.
                    dedup.let_go(&rest);
                    tracing::warn!(
                        documents = rest.documents,
                        "later copies of these documents are not recognized before the next start"
                    );
                }
            }
            restored += documents;
        }
        restored += self.fill(ledger, dedup, (through, last), since_day)?.0;
        Ok(restored)
    }

    /// Restores a stretch of documents, sealing whenever memory is full; how many, and up to which of them they are sealed.
    fn fill(
        &mut self,
        ledger: &Ledger,
        dedup: &mut Deduplicator,
        (after, through): (u64, u64),
        since_day: i32,
    ) -> Result<(u64, u64), LedgerError> {
        let (mut next, mut sealed, mut documents) = (after, after, 0);
        while next < through {
            let to = next.saturating_add(self.stretch).min(through);
            documents += load(ledger, dedup, (next, to), since_day)?;
            next = to;
            while self.segments.is_some() && dedup.is_full() {
                let Some(oldest) = dedup.oldest(part(dedup)) else { break };
                if !self.seal(ledger, dedup, &oldest, sealed)? {
                    break;
                }
                sealed = oldest.through;
            }
        }
        Ok((documents, sealed))
    }

    /// Between two batches: seals when memory is full, and looks after the segments. After an error it may be called again.
    pub fn tend(&mut self, ledger: &Ledger, dedup: &mut Deduplicator) -> Result<(), LedgerError> {
        let Some(segments) = &mut self.segments else { return Ok(()) };
        let forgotten = segments.tend(dedup.oldest_day());
        if forgotten > 0 {
            tracing::info!(
                documents = forgotten,
                "forgot the oldest documents, memory being short: later copies of them found articles of their own"
            );
        }
        dedup.rely_on_archive(segments.through(), segments.held().memory_bytes);
        if dedup.len() >= self.wait_for
            && dedup.is_full()
            && let Some(oldest) = dedup.oldest(part(dedup))
        {
            let after = segments.through();
            let done = self.seal(ledger, dedup, &oldest, after)?;
            self.wait_for = if done { 0 } else { dedup.len() + RETRY_AFTER };
        }
        Ok(())
    }

    /// Writes a segment and lets its documents go from memory; false, and nothing changed, when it could not be written.
    fn seal(
        &mut self,
        ledger: &Ledger,
        dedup: &mut Deduplicator,
        oldest: &Oldest,
        after: u64,
    ) -> Result<bool, LedgerError> {
        let Some(segments) = &mut self.segments else { return Ok(false) };
        let started = Instant::now();
        let span = Span { after, through: oldest.through, days: oldest.days };
        let Some(mark) = ledger.input(oldest.through)? else {
            tracing::warn!(
                document = oldest.through,
                "old documents are not sealed: the ledger does not know the last of them"
            );
            return Ok(false);
        };
        let sealed =
            segments.seal(span, oldest.documents as u64, mark.0, |take| dedup.each_posting(oldest, &mut *take));
        if let Err(error) = sealed {
            tracing::warn!(%error, "old documents could not be sealed into a segment: they stay in memory while there is room");
            return Ok(false);
        }
        dedup.let_go(oldest);
        let held = segments.held();
        dedup.rely_on_archive(segments.through(), held.memory_bytes);
        tracing::info!(
            documents = oldest.documents,
            ms = started.elapsed().as_millis() as u64,
            segments = held.segments,
            sealed = held.documents,
            disk_bytes = held.disk_bytes,
            memory_bytes = held.memory_bytes,
            "sealed the oldest documents into a segment"
        );
        Ok(true)
    }

    /// Whether the ledger's word on any of these documents is asked for by later judgements.
    pub fn holds_any(&self, mut documents: impl Iterator<Item = DocId>) -> bool {
        let through = self.segments.as_ref().map_or(0, Segments::through);
        documents.any(|doc| doc <= through)
    }

    /// The documents in the segments, as the ledger knows them.
    pub fn archive<'a>(
        &'a self,
        ledger: &'a Ledger,
        health: &'a Health,
        damage: &'a OnceCell<LedgerError>,
    ) -> impl Archive + 'a {
        LedgerAndSegments { ledger, health, damage, segments: self.segments.as_ref() }
    }
}

/// How many documents are sealed together.
fn part(dedup: &Deduplicator) -> usize {
    (dedup.len() / 2).min(MAX_SEALED)
}

struct LedgerAndSegments<'a> {
    ledger: &'a Ledger,
    health: &'a Health,
    damage: &'a OnceCell<LedgerError>,
    segments: Option<&'a Segments>,
}

impl LedgerAndSegments<'_> {
    /// Reads the ledger, pausing while it cannot be read; nothing when the desk is to end.
    fn read<T: Default>(&self, query: impl Fn(&Ledger) -> Result<T, LedgerError>) -> T {
        let read = persist(self.health, "reading the state", || query(self.ledger));
        read.unwrap_or_else(|end| note(self.damage, end).unwrap_or_default())
    }
}

impl Archive for LedgerAndSegments<'_> {
    fn find(&mut self, keys: &[u64], least: u32) -> Vec<(u32, DocId)> {
        self.segments.map(|segments| segments.find(keys, least)).unwrap_or_default()
    }

    fn row(&mut self, doc: DocId) -> Option<SealedRow> {
        self.read(|ledger| ledger.sketch(doc, sealed_row)).flatten()
    }

    fn members(&mut self, cluster: ClusterId, limit: usize) -> Vec<SealedRow> {
        let Some(through) = self.segments.map(Segments::through) else { return Vec::new() };
        self.read(|ledger| {
            let mut members = Vec::new();
            ledger.each_sketch_in(cluster, through, limit, |row| members.extend(sealed_row(row)))?;
            Ok(members)
        })
    }

    fn all_members(&mut self, cluster: ClusterId) -> Vec<DocId> {
        self.read(|ledger| ledger.member_numbers(cluster))
    }
}

fn sealed_row(row: SketchRow<'_>) -> Option<SealedRow> {
    let facts = Facts { url: row.url, day: row.day };
    SealedRow::new(row.seq, row.cluster, &facts, standing(row.roundup), row.brief).ok()
}

fn standing(roundup: bool) -> Standing {
    if roundup { Standing::Roundup } else { Standing::Ordinary }
}

/// Rows on their way from the ledger to the index, their texts and briefs end to end.
#[derive(Default)]
struct Chunk {
    /// With the ends of URL and brief in `bytes`.
    rows: Vec<(SketchRow<'static>, usize, usize)>,
    bytes: Vec<u8>,
}

impl Chunk {
    fn push(&mut self, row: &SketchRow<'_>) {
        self.bytes.extend_from_slice(row.url.unwrap_or_default().as_bytes());
        let url_end = self.bytes.len();
        self.bytes.extend_from_slice(row.brief);
        let url = row.url.map(|_| "");
        self.rows.push((
            SketchRow {
                url,
                brief: &[],
                terms: &[],
                seq: row.seq,
                cluster: row.cluster,
                day: row.day,
                roundup: row.roundup,
            },
            url_end,
            self.bytes.len(),
        ));
    }

    fn restore_into(&self, dedup: &mut Deduplicator) {
        let mut begin = 0;
        for (row, url_end, end) in &self.rows {
            let url = row.url.map(|_| str::from_utf8(&self.bytes[begin..*url_end]).expect("it was a string"));
            let facts = Facts { url, day: row.day };
            let brief = &self.bytes[*url_end..*end];
            if dedup.restore(row.seq, row.cluster, &facts, standing(row.roundup), brief).is_err() {
                tracing::warn!(
                    document = row.seq,
                    "its stored sketch is damaged: later copies of it will not be recognized"
                );
            }
            begin = *end;
        }
    }
}

/// Reads rows on this thread and indexes them on another; how many.
fn load(ledger: &Ledger, dedup: &mut Deduplicator, stretch: (u64, u64), since_day: i32) -> Result<u64, LedgerError> {
    let (give, chunks) = bounded::<Chunk>(CHUNKS_IN_HAND);
    // Takes `give` along, and drops it at its end: the other thread ends then.
    std::thread::scope(move |scope| {
        scope.spawn(move || chunks.iter().for_each(|chunk| chunk.restore_into(dedup)));
        let (mut chunk, mut documents) = (Chunk::default(), 0);
        ledger.each_sketch_of(stretch, since_day, |row| {
            documents += 1;
            chunk.push(&row);
            if chunk.rows.len() as u64 == ROWS_IN_CHUNK {
                // The other end lives as long as this one.
                let _ = give.send(std::mem::take(&mut chunk));
            }
        })?;
        let _ = give.send(chunk);
        Ok(documents)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::InputId;
    use crate::ledger::{Batch, DocumentRow, FILE_NAME};
    use crate::segments::FOLDER;

    #[test]
    fn a_segment_is_not_foreign_because_the_ledger_cannot_be_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ledger = Ledger::open(folder.path()).expect("a ledger");
        let input = InputId::of(b"one");
        let (path, cluster) = ("a.txt".to_owned(), 1);
        let row = DocumentRow { seq: 1, input, path, cluster, received_ms: 0, twin: Some(1), body: Vec::new() };
        ledger.commit(&Batch { documents: vec![row], ..Batch::default() }).expect("a batch");
        let settings = dedup::Settings::default();
        let mut past = Past::open(folder.path(), &settings, &ledger).expect("a sound ledger");
        let span = Span { after: 0, through: 1, days: (0, 0) };
        let segments = past.segments.as_mut().expect("they are wanted");
        segments.seal(span, 1, input.0, |take| take(1, 1)).expect("a segment");
        drop(past);
        let other = rusqlite::Connection::open(folder.path().join(FILE_NAME)).expect("the ledger");
        let change = |sql| assert_eq!(other.execute(sql, []).expect("a change"), 1);
        change("UPDATE documents SET sum = sum + 1");
        assert!(Past::open(folder.path(), &settings, &ledger).is_err_and(|error| error.is_damage()));
        change("UPDATE documents SET sum = sum - 1");
        let past = Past::open(folder.path(), &settings, &ledger).expect("a sound ledger");
        assert_eq!(past.segments.expect("they are wanted").through(), 1);
        assert_eq!(std::fs::read_dir(folder.path().join(FOLDER)).expect("the folder").count(), 1);
    }
}
