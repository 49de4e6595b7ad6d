//! A new state file in the making: begun with what was salvaged, filled in by the desk, put in place when it is whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::salvage::{self, Found};
use super::{ArticleRow, DocumentRow, FILE_NAME, FeedEvent, Ledger, LedgerError, Mark, aside, reader};
use crate::article::InputId;
use crate::crash;

/// The new file until it is whole; a crash before leaves it to be removed.
const UNFINISHED: &str = "ledger.rebuilding";
/// How far the feed's numbers go on where the last ones may be lost: more events than a power cut takes back.
const EVENTS_SKIPPED: i64 = 1_000_000;

/// What is asked for every article or document while the file is made, and never after: without these each would read a table.
const INDEXES: &str = "
    CREATE INDEX articles_by_id ON articles (id);
    CREATE INDEX documents_by_twin ON documents (twin);
";
const DROP: [&str; 5] = [
    "DELETE FROM documents WHERE seq = ?1",
    "DELETE FROM documents WHERE twin = ?1",
    "DELETE FROM sketches WHERE seq = ?1",
    "DELETE FROM comparisons WHERE seq = ?1",
    "DELETE FROM lessons WHERE seq = ?1",
];

/// A new state file in the making.
pub struct Rebuilding {
    pub ledger: Ledger,
    folder: PathBuf,
    pub found: Found,
}

impl Rebuilding {
    /// Begins a new file in `folder` with what can be read of the one in `damaged`, if any.
    pub fn begin(folder: &Path, damaged: Option<&Path>) -> Result<Self, LedgerError> {
        let path = folder.join(UNFINISHED);
        let _ = fs::remove_file(&path);
        let new = Connection::open(&path)?;
        // Nothing of an unfinished file is of use after a crash.
        new.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536;")?;
        let mut found = match damaged {
            Some(damaged) => salvage::copy(&damaged.join(FILE_NAME), &new)?,
            None => Found { feed_torn: true, ..Found::default() },
        };
        let mut ledger = Ledger::over(new)?;
        ledger.connection.execute_batch(INDEXES)?;
        salvage::mend(&ledger.connection, &mut found)?;
        ledger.mark = Mark::of(&ledger.connection)?;
        Ok(Self { ledger, folder: folder.into(), found })
    }

    /// Documents that have a body and no sketch, with the day of the sketch before.
    ///
    /// Those after number `after`, at most `limit`.
    pub fn without_sketch(&self, after: u64, limit: usize) -> Result<Vec<(DocumentRow, Option<i32>)>, LedgerError> {
        let mut statement = self.ledger.connection.prepare_cached(&format!(
            "SELECT {}, (SELECT day FROM sketches s WHERE s.seq < d.seq ORDER BY seq DESC LIMIT 1) FROM documents d
             WHERE seq > ?1 AND twin IS NULL AND NOT EXISTS (SELECT 1 FROM sketches s WHERE s.seq = d.seq)
             ORDER BY seq LIMIT ?2",
            reader::FACTS
        ))?;
        let mut rows = statement.query(params![after as i64, limit as i64])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push((reader::facts(row)?, row.get(8)?));
        }
        Ok(found)
    }

    /// Whether it is known what a document taught.
    pub fn has_lesson(&self, seq: u64) -> Result<bool, LedgerError> {
        Ok(self.ledger.connection.prepare_cached("SELECT 1 FROM lessons WHERE seq = ?1")?.exists([seq as i64])?)
    }

    /// The cluster that the article with this id has, or would have: that of the document it was founded by.
    pub fn founder(&self, id: &str) -> Result<Option<u64>, LedgerError> {
        let Some(key) = id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()) else { return Ok(None) };
        let sql = "SELECT seq, input FROM documents WHERE key = ?1 ORDER BY seq";
        let mut statement = self.ledger.connection.prepare_cached(sql)?;
        let mut rows = statement.query([key as i64])?;
        while let Some(row) = rows.next()? {
            if InputId(row.get(1)?).hex().starts_with(id) {
                return Ok(Some(row.get::<_, i64>(0)? as u64));
            }
        }
        Ok(None)
    }

    /// The article with this id, and whether it is pending.
    pub fn article(&self, id: &str) -> Result<Option<(ArticleRow, bool)>, LedgerError> {
        let sql = format!("SELECT {} FROM articles WHERE id = ?1", reader::ARTICLE_COLUMNS);
        let mut statement = self.ledger.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        rows.next()?.map(reader::article_row).transpose()
    }

    /// Drops documents that are of no use, with their twins: they will be taken anew when they come again.
    pub fn drop_documents(&mut self, useless: &BTreeSet<u64>) -> Result<(), LedgerError> {
        for sql in DROP {
            let mut delete = self.ledger.connection.prepare(sql)?;
            for &seq in useless {
                delete.execute([seq as i64])?;
            }
        }
        Ok(())
    }

    /// Articles that have documents and no row of their own: the ids are theirs to find.
    pub fn articles_without_row(&self) -> Result<Vec<u64>, LedgerError> {
        let sql =
            "SELECT DISTINCT cluster FROM documents WHERE cluster NOT IN (SELECT cluster FROM articles) ORDER BY 1";
        let mut statement = self.ledger.connection.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok(row.get::<_, i64>(0)? as u64))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Takes out articles that say to be alive and have no document left.
    pub fn drop_empty_articles(&self) -> Result<(), LedgerError> {
        let sql = "DELETE FROM articles WHERE into_id IS NULL AND cluster NOT IN (SELECT cluster FROM documents)";
        self.ledger.connection.execute(sql, [])?;
        Ok(())
    }

    /// All articles in order, and whether they are pending.
    pub fn each_article(&self, mut take: impl FnMut(ArticleRow, bool)) -> Result<(), LedgerError> {
        let sql = format!("SELECT {} FROM articles ORDER BY cluster", reader::ARTICLE_COLUMNS);
        let mut statement = self.ledger.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (row, pending) = reader::article_row(row)?;
            take(row, pending);
        }
        Ok(())
    }

    /// All lines of the feed in order.
    pub fn each_event(&self, mut take: impl FnMut(FeedEvent)) -> Result<(), LedgerError> {
        let mut statement =
            self.ledger.connection.prepare(&format!("SELECT {} FROM feed ORDER BY seq", reader::EVENT_COLUMNS))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(reader::event(row)?);
        }
        Ok(())
    }

    /// Lets the feed go on behind every number that may have been given: known from the mark, or else later than any count.
    pub fn skip_events(&mut self, mark: Option<Mark>, now_ms: i64) -> Result<(), LedgerError> {
        let known = self.ledger.mark.event as i64;
        let last = match mark {
            Some(mark) if mark.event as i64 == known && !self.found.feed_torn => known,
            Some(mark) => known.max(mark.event as i64) + EVENTS_SKIPPED,
            None if self.found.feed_torn => known.max(now_ms),
            None => known + EVENTS_SKIPPED,
        };
        let connection = &self.ledger.connection;
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'feed'", [])?;
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('feed', ?1)", [last])?;
        self.ledger.mark = Mark::of(connection)?;
        Ok(())
    }

    /// Puts the new file in place, durably.
    pub fn finish(self) -> Result<(), LedgerError> {
        let Self { ledger, folder, .. } = self;
        ledger.connection.execute_batch(
            "DROP INDEX articles_by_id;
             DROP INDEX documents_by_twin;
             INSERT OR REPLACE INTO counters SELECT 'documents', count(*) FROM documents;
             INSERT OR REPLACE INTO counters SELECT 'articles', count(*) FROM articles WHERE into_id IS NULL;",
        )?;
        drop(ledger);
        let path = folder.join(UNFINISHED);
        crash::point("ledger.rebuilt");
        let place = || {
            File::open(&path)?.sync_all()?;
            fs::rename(&path, folder.join(FILE_NAME))
        };
        place().map_err(|source| LedgerError::Io { path: path.clone(), source })?;
        aside::sync(&folder)?;
        crash::point("ledger.replaced");
        aside::acquit(&folder)
    }
}

/// Removes what a crash left of a new file.
pub fn remove_unfinished(folder: &Path) {
    let _ = fs::remove_file(folder.join(UNFINISHED));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_asked_for_each_document_reads_a_table() {
        let folder = tempfile::tempdir().expect("a folder");
        let new = Rebuilding::begin(folder.path(), None).expect("a new file");
        let find = "SELECT cluster FROM articles WHERE id = ?1";
        for sql in DROP.into_iter().chain([salvage::PLACES, find]) {
            let mut plan = new.ledger.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a plan");
            let steps = plan.query_map([1], |row| row.get::<_, String>(3)).expect("steps");
            for step in steps.map(|step| step.expect("a step")) {
                assert!(!step.starts_with("SCAN"), "{sql}: {step}");
            }
        }
        new.finish().expect("a whole file");
        Ledger::open(folder.path()).expect("its shape is the usual one");
    }
}
