//! The end of a batch: the states that it gives articles, one transaction for all of it, then the orders to the publishers.
//!
//! Apart from the decisions themselves: here is held that nothing is shown before it is committed.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Batch, Editor, Fresh, Interrupted, Seat, now_ms, persist, retire, sound, write};
use crate::article::InputId;
use crate::crash;
use crate::desk::compose::{self, Bodies};
use crate::desk::publisher::{Order, Published};
use crate::desk::work::said_by;
use crate::ledger::{ArticleRow, Event, Filed, Ledger, LedgerError};

/// Members that an article is made of at least, however few its record lists.
const MIN_MERGED: usize = 64;

impl Editor {
    /// Writes the batch, then orders what it changed to be shown.
    pub(super) fn commit(&mut self) -> Result<(), Interrupted> {
        self.begun = None;
        if let Some(error) = self.damage.take() {
            return Err(Interrupted::Damaged(error));
        }
        let mut rows = Vec::with_capacity(self.fresh.touched.len());
        for (cluster, times) in std::mem::take(&mut self.fresh.touched) {
            rows.push(self.next_state(cluster, times)?);
        }
        let at_ms = now_ms();
        for (row, created) in &rows {
            // Nobody saw an article that came and went within one batch.
            if *created && row.into_id.is_some() {
                self.batch.articles.insert(row.cluster, row.clone());
                continue;
            }
            let event = match (&row.into_id, created) {
                (Some(_), _) => "withdrawn",
                (None, true) => "created",
                (None, false) => "updated",
            };
            self.batch.feed.push(Event {
                event,
                id: row.id.clone(),
                revision: row.revision,
                into_id: row.into_id.clone(),
                at_ms,
            });
            let change = i64::from(*created) - i64::from(row.into_id.is_some());
            *self.batch.counts.entry("articles").or_default() += change;
            self.batch.articles.insert(row.cluster, row.clone());
        }
        let Self { seat: Seat { ledger, anchor, health, .. }, batch, .. } = self;
        if !batch.is_empty() {
            crash::point("editor.decided");
            write(health, anchor, ledger, batch)?;
            crash::point("editor.committed");
        }
        let added = self.batch.counts.get("articles").copied().unwrap_or(0);
        self.seat.progress.articles.fetch_add(added, Ordering::Relaxed);
        let mut unreadable = Vec::new();
        if !rows.is_empty() {
            self.read(Ledger::begin_reading)?;
        }
        for (row, _) in &rows {
            let health = self.seat.health.clone();
            if !persist(&health, "reading the state", || self.show(row))? {
                unreadable.push(Published { cluster: row.cluster, revision: row.revision });
            }
        }
        self.seat.publishers.flush();
        self.read(Ledger::end_reading)?;
        self.release();
        self.batch = Batch::default();
        self.fresh = Fresh::default();
        unreadable.into_iter().for_each(|article| self.shown(article));
        // Only now: what is sealed must be in the ledger.
        let Seat { ledger, dedup, past, health, .. } = &mut self.seat;
        persist(health, "reading the state", || past.tend(ledger, dedup))
    }

    /// Lets files wait for what is ordered; those that wait for nothing leave.
    fn release(&mut self) {
        for (file, body_of, cluster) in std::mem::take(&mut self.fresh.waits) {
            self.files.wait_for(file, self.fresh.place(body_of, cluster));
        }
        for (file, complete) in std::mem::take(&mut self.fresh.ended) {
            self.files.ended(&file, complete);
            if let Some(file) = self.files.finish(file.id) {
                retire(&self.seat.retire, file);
            }
        }
    }

    /// The state of a touched article after this batch, and whether it is new.
    fn next_state(&mut self, cluster: u64, times: u64) -> Result<(ArticleRow, bool), Interrupted> {
        // An article that a document of this batch founds has no row yet.
        let is_new = self.founded_now(cluster).is_some();
        let previous = if is_new { None } else { self.read(|ledger| ledger.article(cluster))? };
        let into = match self.fresh.left.get(&cluster) {
            Some(into) if !self.has_members(cluster)? => Some(*into),
            _ => None,
        };
        let into_id = match into {
            Some(into) => Some(self.id_of(into)?),
            None => None,
        };
        Ok(match previous {
            Some(previous) => {
                let reinstated = previous.into_id.is_some() && into_id.is_none();
                (ArticleRow { revision: previous.revision + times, into_id, ..previous }, reinstated)
            }
            None => {
                let id = self.id_of(cluster)?;
                let story = self.fresh.stories.get(&cluster).copied().unwrap_or(cluster);
                (ArticleRow { cluster, id, revision: times, story, into_id }, true)
            }
        })
    }

    /// Whether any document is in a cluster after this batch. Those that left memory are known to the ledger alone.
    fn has_members(&self, cluster: u64) -> Result<bool, Interrupted> {
        if !self.seat.dedup.members(cluster).is_empty() {
            return Ok(true);
        }
        let before = self.read(|ledger| ledger.member_numbers(cluster))?;
        Ok(before.iter().any(|doc| self.fresh.clusters.get(doc).is_none_or(|now| *now == cluster)))
    }

    /// The id of an article: of the row if it has one, else from the hash of the document that founds it.
    fn id_of(&self, cluster: u64) -> Result<String, Interrupted> {
        let input = match self.founded_now(cluster) {
            Some(input) => input,
            None => match self.read(|ledger| ledger.article(cluster))? {
                Some(row) => return Ok(row.id),
                None => {
                    self.read(|ledger| ledger.input(cluster))?.unwrap_or_else(|| InputId::of(&cluster.to_le_bytes()))
                }
            },
        };
        let taken = self.read(|ledger| ledger.id_taken(&input))?;
        Ok(if taken { input.hex() } else { crate::outbox::article_id(&input) })
    }

    /// The document of the open batch that founds this article, if one does. Rows are in the order of their numbers.
    fn founded_now(&self, cluster: u64) -> Option<InputId> {
        let rows = &self.batch.documents;
        rows.binary_search_by_key(&cluster, |row| row.seq).ok().map(|at| rows[at].input)
    }

    /// Orders the current state of an article to be shown; false when nothing of it can be read: then nothing may wait for it,
    /// and it counts as shown.
    pub(super) fn show(&mut self, row: &ArticleRow) -> Result<bool, LedgerError> {
        let record = if row.into_id.is_some() {
            None
        } else {
            let Self { seat: Seat { ledger, max_copies, .. }, fresh, .. } = self;
            let (rows, total) = ledger.members(row.cluster, (*max_copies).max(MIN_MERGED))?;
            let story = match row.story == row.cluster {
                true => row.id.clone(),
                false => ledger.article(row.story)?.map_or_else(|| row.id.clone(), |story| story.id),
            };
            let mut bodies = LedgerAndBatch { ledger, fresh: &fresh.bodies };
            // It only reads, so a panic in it harms nothing but this article. The next start would break off over it again.
            let compose = || compose::record(row, story, &rows, (total, *max_copies), &mut bodies);
            let record = match catch_unwind(AssertUnwindSafe(compose)) {
                Ok(composed) => composed?,
                Err(panic) => {
                    let (id, said, path) = (&row.id, said_by(&*panic), rows.last().map(|row| &row.path));
                    tracing::error!(
                        id,
                        said,
                        path,
                        "the record of this article cannot be put together, which is a fault of copydesk: please report it \
                         with its documents; the record is left as it is"
                    );
                    return Ok(false);
                }
            };
            let Some(record) = record else {
                tracing::error!(id = row.id, "no document of this article can be read; its record is left as it is");
                return Ok(false);
            };
            Some(record.to_json())
        };
        self.files.ordered(Published { cluster: row.cluster, revision: row.revision });
        self.seat.publishers.publish(Order {
            cluster: row.cluster,
            revision: row.revision,
            id: row.id.clone(),
            record,
        });
        Ok(true)
    }
}

struct LedgerAndBatch<'a> {
    ledger: &'a Ledger,
    fresh: &'a HashMap<u64, Arc<Filed>>,
}

impl Bodies for LedgerAndBatch<'_> {
    fn body(&mut self, seq: u64) -> Result<Option<Arc<Filed>>, LedgerError> {
        match self.fresh.get(&seq) {
            Some(filed) => Ok(Some(filed.clone())),
            None => Ok(sound(self.ledger.filed(seq))?.map(Arc::new)),
        }
    }
}
