//! What the ledger says of documents that left the near-copy index: rows for a new index, and members of old articles.

use rusqlite::params;

use super::rows::SKETCH_COLUMNS;
use super::{Ledger, LedgerError, SketchRow};

impl Ledger {
    /// Calls `take` for every sketch of the documents after `after` up to `through` that arrived on `since_day` or later, in
    /// arrival order.
    pub fn each_sketch_of(
        &self,
        (after, through): (u64, u64),
        since_day: i32,
        mut take: impl FnMut(SketchRow<'_>),
    ) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT {SKETCH_COLUMNS} FROM sketches WHERE seq > ?1 AND seq <= ?2 AND day >= ?3 ORDER BY seq"
        ))?;
        let mut rows = statement.query(params![after as i64, through.min(i64::MAX as u64) as i64, since_day])?;
        while let Some(row) = rows.next()? {
            take(SketchRow::read(row)?);
        }
        Ok(())
    }

    /// Calls `take` for the sketch of every document after `after` that was placed in a story, in arrival order.
    pub fn each_placed(&self, after: u64, mut take: impl FnMut(SketchRow<'_>)) -> Result<(), LedgerError> {
        let mut statement = self
            .connection
            .prepare(&format!("SELECT {SKETCH_COLUMNS} FROM sketches WHERE seq > ?1 AND terms <> x'' ORDER BY seq"))?;
        let mut rows = statement.query([after as i64])?;
        while let Some(row) = rows.next()? {
            take(SketchRow::read(row)?);
        }
        Ok(())
    }

    /// What `take` makes of a document's sketch; `None` when it has none.
    pub fn sketch<T>(&self, seq: u64, take: impl FnOnce(SketchRow<'_>) -> T) -> Result<Option<T>, LedgerError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {SKETCH_COLUMNS} FROM sketches WHERE seq = ?1"))?;
        let mut rows = statement.query([seq as i64])?;
        rows.next()?.map(|row| Ok(take(SketchRow::read(row)?))).transpose()
    }

    /// Calls `take` for the sketches of a cluster's members up to document `through`, the oldest first, at most `limit`.
    pub fn each_sketch_in(
        &self,
        cluster: u64,
        through: u64,
        limit: usize,
        mut take: impl FnMut(SketchRow<'_>),
    ) -> Result<(), LedgerError> {
        // Of `documents` only the index is read: its rows are long.
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SKETCH_COLUMNS} FROM sketches WHERE seq IN
             (SELECT seq FROM documents WHERE cluster = ?1 AND seq <= ?2) ORDER BY seq LIMIT ?3"
        ))?;
        let mut rows = statement.query(params![cluster as i64, through as i64, limit as i64])?;
        while let Some(row) = rows.next()? {
            take(SketchRow::read(row)?);
        }
        Ok(())
    }

    /// The members of a cluster that have sketches, in arrival order.
    pub fn member_numbers(&self, cluster: u64) -> Result<Vec<u64>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT s.seq FROM documents d JOIN sketches s ON s.seq = d.seq WHERE d.cluster = ?1 ORDER BY d.seq",
        )?;
        let rows = statement.query_map([cluster as i64], |row| row.get::<_, i64>(0))?;
        Ok(rows.map(|seq| seq.map(|seq| seq as u64)).collect::<Result<_, _>>()?)
    }
}
