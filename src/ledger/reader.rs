//! Reading the state from another process while the desk writes it, and the queries that the desk shares with it.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, params};
use serde::Serialize;

use super::{ArticleRow, DocumentRow, FILE_NAME, Filed, LedgerError};
use crate::article::InputId;

/// What the desk has done since its state began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents decided: each is the canonical or a copy of one article.
    pub documents: u64,
    pub articles: u64,
    /// Documents that joined an article as its copy.
    pub copies: u64,
    /// The same file with the same content again.
    pub redeliveries: u64,
    pub failed: u64,
    /// Decided, and not yet shown by the outbox.
    pub pending: u64,
}

/// A line of the feed, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedEvent {
    pub seq: u64,
    pub event: String,
    pub id: String,
    pub revision: u64,
    pub into: Option<String>,
    /// RFC 3339, UTC.
    pub at: String,
}

/// A reader of the state, safe beside a running desk.
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Opens the state file in `folder`; `None` when there is none yet.
    pub fn open(folder: &Path) -> Result<Option<Self>, LedgerError> {
        let path = folder.join(FILE_NAME);
        if !path.exists() {
            return Ok(None);
        }
        // A WAL database needs its shared-memory file even for reading, hence read-write; nothing is written.
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        super::prepare(&connection, &path)?;
        // The first desk is just making it.
        let is_made = connection.table_exists(None, "counters")?;
        Ok(is_made.then_some(Self { connection }))
    }

    /// Checks every page of the file; the problems found, none when it is sound.
    pub fn check(&self) -> Result<Vec<String>, LedgerError> {
        let mut statement = self.connection.prepare("PRAGMA quick_check")?;
        let rows = statement.query_map([], |row| row.get::<_, String>(0))?;
        let found = rows.collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().filter(|line| line != "ok").collect())
    }

    /// What the desk has done.
    pub fn counts(&self) -> Result<Counts, LedgerError> {
        let mut statement = self.connection.prepare("SELECT name, value FROM counters")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let counters = rows.collect::<Result<BTreeMap<_, _>, _>>()?;
        let of = |name| counters.get(name).map_or(0, |&value| value.max(0) as u64);
        let pending = self
            .connection
            .query_row("SELECT count(*) FROM articles WHERE pending = 1", [], |row| row.get::<_, i64>(0))?;
        let (documents, articles) = (of("documents"), of("articles"));
        Ok(Counts {
            documents,
            articles,
            copies: documents.saturating_sub(articles),
            redeliveries: of("redeliveries"),
            failed: of("failed"),
            pending: pending as u64,
        })
    }

    /// The events after `since`, at most `limit`.
    pub fn feed(&self, since: u64, limit: usize) -> Result<Vec<FeedEvent>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, event, id, revision, into_id, at_ms FROM feed WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?;
        let rows = statement.query_map(params![since as i64, limit as i64], |row| {
            Ok(FeedEvent {
                seq: row.get::<_, i64>(0)? as u64,
                event: row.get(1)?,
                id: row.get(2)?,
                revision: row.get::<_, i64>(3)? as u64,
                into: row.get(4)?,
                at: rfc3339(row.get(5)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of the last event, 0 when there is none.
    pub fn last_event(&self) -> Result<u64, LedgerError> {
        let last =
            self.connection.query_row("SELECT coalesce(max(seq), 0) FROM feed", [], |row| row.get::<_, i64>(0))?;
        Ok(last as u64)
    }

    /// The article that document `founder` founded.
    pub fn article_of(&self, founder: u64) -> Result<Option<ArticleRow>, LedgerError> {
        article(&self.connection, founder)
    }

    /// With which earlier documents this one was compared and what came of it, as JSON; `None` when with none.
    pub fn comparisons(&self, document: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut statement = self.connection.prepare_cached("SELECT evidence FROM comparisons WHERE seq = ?1")?;
        Ok(statement.query_row([document as i64], |row| row.get(0)).optional()?)
    }

    /// The article with this id, withdrawn ones included.
    pub fn article(&self, id: &str) -> Result<Option<ArticleRow>, LedgerError> {
        // An id starts with the content key of the document that founded the article, so no index over ids is needed.
        let Some(key) = id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()) else { return Ok(None) };
        Ok(articles(
            &self.connection,
            "WHERE id = ?1 AND cluster IN (SELECT seq FROM documents WHERE key = ?2)",
            params![id, key as i64],
        )?
        .pop())
    }

    /// The articles of a story, in order of arrival.
    pub fn story(&self, founder: u64) -> Result<Vec<ArticleRow>, LedgerError> {
        articles(&self.connection, "WHERE story = ?1 AND into_id IS NULL ORDER BY cluster", [founder as i64])
    }

    /// The members of an article in arrival order, at most `limit`, and how many there are in all.
    pub fn members(&self, cluster: u64, limit: usize) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
        members(&self.connection, cluster, limit)
    }

    /// The body of a document or of its twin.
    pub fn filed(&self, row: &DocumentRow) -> Result<Option<Filed>, LedgerError> {
        if row.twin.is_none() {
            return Filed::unpack(row.seq, &row.body).map(Some);
        }
        let mut statement = self.connection.prepare_cached("SELECT body FROM documents WHERE seq = ?1")?;
        let seq = row.twin.unwrap_or(row.seq);
        let body: Option<Vec<u8>> = statement.query_row([seq as i64], |row| row.get(0)).optional()?.flatten();
        body.map(|body| Filed::unpack(seq, &body)).transpose()
    }

    /// What is known of each publication: its name and how many of its articles taught it, most first.
    pub fn publications(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT l.publication, count(*) FROM lessons l LEFT JOIN forgotten f USING (publication)
             WHERE l.seq > coalesce(f.seq, 0) GROUP BY l.publication ORDER BY 2 DESC, 1",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `take` with each document that taught a publication and the fingerprints of its lines, in arrival order.
    pub fn each_lesson_of(&self, publication: &str, mut take: impl FnMut(u64, &[u64])) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT l.seq, l.lines FROM lessons l LEFT JOIN forgotten f USING (publication)
             WHERE l.publication = ?1 AND l.seq > coalesce(f.seq, 0) ORDER BY l.seq",
        )?;
        let mut rows = statement.query([publication])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let lines: Vec<u64> =
                bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("chunks of 8"))).collect();
            take(row.get::<_, i64>(0)? as u64, &lines);
        }
        Ok(())
    }

    /// A document by its number.
    pub fn document(&self, document: u64) -> Result<Option<DocumentRow>, LedgerError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE seq = ?1"))?;
        Ok(statement.query_row([document as i64], self::document).optional()?)
    }

    /// The documents that taught a publication, the latest first, at most `limit`.
    pub fn taught_by(&self, publication: &str, limit: usize) -> Result<Vec<DocumentRow>, LedgerError> {
        let mut statement = self.connection.prepare(&format!(
            "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE seq IN
                 (SELECT l.seq FROM lessons l LEFT JOIN forgotten f USING (publication)
                  WHERE l.publication = ?1 AND l.seq > coalesce(f.seq, 0) ORDER BY l.seq DESC LIMIT ?2) ORDER BY seq DESC"
        ))?;
        let rows = statement.query_map(params![publication, limit as i64], document)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

const DOCUMENT_COLUMNS: &str = "seq, input, path, cluster, received_ms, twin, body";

fn document(row: &Row<'_>) -> rusqlite::Result<DocumentRow> {
    Ok(DocumentRow {
        seq: row.get::<_, i64>(0)? as u64,
        input: InputId(row.get(1)?),
        path: row.get(2)?,
        cluster: row.get::<_, i64>(3)? as u64,
        received_ms: row.get(4)?,
        twin: row.get::<_, Option<i64>>(5)?.map(|seq| seq as u64),
        body: row.get::<_, Option<Vec<u8>>>(6)?.unwrap_or_default(),
    })
}

pub(super) fn members(
    connection: &Connection,
    cluster: u64,
    limit: usize,
) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE cluster = ?1 ORDER BY seq LIMIT ?2"
    ))?;
    let rows = statement.query_map(params![cluster as i64, limit as i64], document)?;
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    if rows.len() < limit {
        let count = rows.len() as u64;
        return Ok((rows, count));
    }
    let mut statement = connection.prepare_cached("SELECT count(*) FROM documents WHERE cluster = ?1")?;
    let count: i64 = statement.query_row([cluster as i64], |row| row.get(0))?;
    Ok((rows, count as u64))
}

pub(super) fn article(connection: &Connection, cluster: u64) -> Result<Option<ArticleRow>, LedgerError> {
    Ok(articles(connection, "WHERE cluster = ?1", [cluster as i64])?.pop())
}

pub(super) fn articles(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<ArticleRow>, LedgerError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT cluster, id, revision, story, into_id FROM articles {condition}"))?;
    let rows = statement.query_map(params, |row| {
        Ok(ArticleRow {
            cluster: row.get::<_, i64>(0)? as u64,
            id: row.get(1)?,
            revision: row.get::<_, i64>(2)? as u64,
            story: row.get::<_, i64>(3)? as u64,
            into_id: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Milliseconds of Unix time as RFC 3339 in UTC.
pub fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string()
}
