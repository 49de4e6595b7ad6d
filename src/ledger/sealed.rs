//! What the ledger says of documents that left the near-copy index: rows for a new index, and members of old articles.

use rusqlite::{OptionalExtension, Row, params};

use super::{Ledger, LedgerError, SketchRow};

/// A document that left the index, by what the ledger holds of its sketch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    pub seq: u64,
    pub cluster: u64,
    pub day: i32,
    pub url: Option<String>,
    /// The first bytes of the brief.
    pub brief: Vec<u8>,
    pub roundup: bool,
}

fn settled(row: &Row<'_>) -> rusqlite::Result<Settled> {
    Ok(Settled {
        seq: row.get::<_, i64>(0)? as u64,
        cluster: row.get::<_, i64>(1)? as u64,
        day: row.get(2)?,
        url: row.get(3)?,
        brief: row.get(4)?,
        roundup: row.get(5)?,
    })
}

impl Ledger {
    /// Calls `take` for every sketch of the documents after `after` up to `through` that arrived on `since_day` or later, in
    /// arrival order.
    pub fn each_sketch_of(
        &self,
        (after, through): (u64, u64),
        since_day: i32,
        mut take: impl FnMut(SketchRow<'_>),
    ) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT seq, cluster, day, url, brief, roundup FROM sketches
             WHERE seq > ?1 AND seq <= ?2 AND day >= ?3 ORDER BY seq",
        )?;
        let mut rows = statement.query(params![after as i64, through.min(i64::MAX as u64) as i64, since_day])?;
        while let Some(row) = rows.next()? {
            take(SketchRow {
                seq: row.get::<_, i64>(0)? as u64,
                cluster: row.get::<_, i64>(1)? as u64,
                day: row.get(2)?,
                url: row.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)?,
                brief: row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?,
                roundup: row.get(5)?,
            });
        }
        Ok(())
    }

    /// Calls `take` with `(cluster, day, terms)` of every document after `after` that was placed in a story, in arrival order.
    pub fn each_placed(&self, after: u64, mut take: impl FnMut(u64, i32, &[u8])) -> Result<(), LedgerError> {
        let mut statement = self
            .connection
            .prepare("SELECT cluster, day, terms FROM sketches WHERE seq > ?1 AND terms <> x'' ORDER BY seq")?;
        let mut rows = statement.query([after as i64])?;
        while let Some(row) = rows.next()? {
            let terms = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            take(row.get::<_, i64>(0)? as u64, row.get(1)?, terms);
        }
        Ok(())
    }

    /// A document with the first `head` bytes of its brief; `None` when it has no sketch.
    pub fn settled(&self, seq: u64, head: usize) -> Result<Option<Settled>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, cluster, day, url, substr(brief, 1, ?2), roundup FROM sketches WHERE seq = ?1",
        )?;
        Ok(statement.query_row(params![seq as i64, head as i64], settled).optional()?)
    }

    /// The members of a cluster up to document `through` that have sketches, the oldest first, at most `limit`.
    pub fn settled_members(
        &self,
        cluster: u64,
        through: u64,
        limit: usize,
        head: usize,
    ) -> Result<Vec<Settled>, LedgerError> {
        // Only the index is read of `documents`, whose rows are long.
        let mut statement = self.connection.prepare_cached(
            "SELECT s.seq, s.cluster, s.day, s.url, substr(s.brief, 1, ?4), s.roundup
             FROM documents d JOIN sketches s ON s.seq = d.seq
             WHERE d.cluster = ?1 AND d.seq <= ?2 ORDER BY d.seq LIMIT ?3",
        )?;
        let rows = statement.query_map(params![cluster as i64, through as i64, limit as i64, head as i64], settled)?;
        Ok(rows.collect::<Result<_, _>>()?)
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
