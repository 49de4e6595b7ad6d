//! The end of a batch: the states that it gives articles, one transaction for all of it, then the orders to the publishers.
//!
//! Apart from the decisions themselves: here is held that nothing is shown before it is committed.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use super::{Batch, Editor, Fresh, Interrupted, Seat, now_ms, retire, sound};
use crate::article::InputId;
use crate::crash;
use crate::desk::compose::{self, Bodies};
use crate::desk::publisher::Order;
use crate::ledger::{ArticleRow, Event, Filed, Ledger, LedgerError};

impl Editor {
    /// Writes the batch, then orders what it changed to be shown.
    pub(super) fn commit(&mut self) -> Result<(), Interrupted> {
        self.begun = None;
        let mut rows = Vec::with_capacity(self.fresh.touched.len());
        for (cluster, times) in std::mem::take(&mut self.fresh.touched) {
            rows.push(self.next_state(cluster, times)?);
        }
        let at_ms = now_ms();
        for (row, created) in &rows {
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
            health
                .persist("writing the state", || anchor.check().and_then(|()| ledger.commit(batch)))
                .ok_or(Interrupted)?;
            crash::point("editor.committed");
        }
        let added = self.batch.counts.get("articles").copied().unwrap_or(0);
        self.seat.progress.articles.fetch_add(added, Ordering::Relaxed);
        let mut ordered = HashMap::with_capacity(rows.len());
        for (row, _) in &rows {
            let health = self.seat.health.clone();
            if health.persist("reading the state", || self.show(row)).ok_or(Interrupted)? {
                ordered.insert(row.cluster, row.revision);
            }
        }
        self.release(&ordered);
        self.batch = Batch::default();
        self.fresh = Fresh::default();
        Ok(())
    }

    /// Lets files wait for what was just ordered; those that wait for nothing leave.
    fn release(&mut self, ordered: &HashMap<u64, u64>) {
        for (file, cluster) in self.fresh.waits.drain(..) {
            // The document may have moved on within the batch; any article ordered now that holds it would do.
            if let Some(&revision) = ordered.get(&cluster) {
                self.files.wait_for(file, cluster, revision);
            }
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
        let previous = self.read(|ledger| ledger.article(cluster))?;
        let into = self.fresh.left.get(&cluster).copied().filter(|_| self.seat.dedup.members(cluster).is_empty());
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

    /// The id of an article: of the row if it has one, else from the hash of the document that founds it.
    fn id_of(&self, cluster: u64) -> Result<String, Interrupted> {
        if let Some(row) = self.read(|ledger| ledger.article(cluster))? {
            return Ok(row.id);
        }
        let in_batch = self.batch.documents.iter().find(|row| row.seq == cluster).map(|row| row.input);
        let input = match in_batch {
            Some(input) => input,
            None => self.read(|ledger| ledger.input(cluster))?.unwrap_or_else(|| InputId::of(&cluster.to_le_bytes())),
        };
        let taken = self.read(|ledger| ledger.id_taken(&input))?;
        Ok(if taken { input.hex() } else { crate::outbox::article_id(&input) })
    }

    /// Orders the current state of an article to be shown; false when nothing of it can be read, and no file may wait for it.
    pub(super) fn show(&mut self, row: &ArticleRow) -> Result<bool, LedgerError> {
        let record = if row.into_id.is_some() {
            None
        } else {
            let Self { seat: Seat { ledger, max_copies, .. }, fresh, .. } = self;
            let (rows, total) = ledger.members(row.cluster, *max_copies)?;
            let story = ledger.article(row.story)?.map_or_else(|| row.id.clone(), |story| story.id);
            let mut bodies = LedgerAndBatch { ledger, fresh: &fresh.bodies };
            let Some(record) = compose::record(row, story, &rows, total, &mut bodies)? else {
                tracing::error!(id = row.id, "no document of this article can be read; its record is left as it is");
                return Ok(false);
            };
            Some(record.to_json())
        };
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
    fresh: &'a HashMap<u64, Filed>,
}

impl Bodies for LedgerAndBatch<'_> {
    fn body(&mut self, seq: u64) -> Result<Option<Filed>, LedgerError> {
        match self.fresh.get(&seq) {
            Some(filed) => Ok(Some(filed.clone())),
            None => sound(self.ledger.filed(seq)),
        }
    }
}
