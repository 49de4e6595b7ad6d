//! The members of an article, and which of them it is made of where there are very many.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::reader::{DOCUMENT_COLUMNS, documents};
use super::{DocumentRow, LedgerError};

/// Of the members chosen, the share that is the first to arrive, and that with the longest bodies: an article keeps its sources
/// and its whole text. The rest are the newest: an address that is fetched every hour keeps its latest state.
const FIRST: usize = 2;
const LONGEST: usize = 8;
/// Newest members among which the longest are looked for.
const LOOKED_AT: usize = 4096;

/// The first members in arrival order, at most `limit`, and how many there are in all.
pub(super) fn first(
    connection: &Connection,
    cluster: u64,
    limit: usize,
) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
    let mut statement = connection.prepare_cached(&format!(
        // SQLite plans anew for each bound limit; this one is always the same.
        "SELECT {DOCUMENT_COLUMNS} FROM documents WHERE cluster = ?1 ORDER BY seq LIMIT {limit}"
    ))?;
    let rows = documents(statement.query(params![cluster as i64])?)?;
    if rows.len() < limit {
        let count = rows.len() as u64;
        return Ok((rows, count));
    }
    let mut statement = connection.prepare_cached("SELECT count(*) FROM documents WHERE cluster = ?1")?;
    let count: i64 = statement.query_row([cluster as i64], |row| row.get(0))?;
    Ok((rows, count as u64))
}

/// The members that an article is made of, in arrival order, at most `limit`, and how many there are in all. Depends on the
/// members alone.
pub(super) fn chosen(
    connection: &Connection,
    cluster: u64,
    limit: usize,
) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
    let (mut rows, total) = first(connection, cluster, limit)?;
    if total <= limit as u64 {
        return Ok((rows, total));
    }
    rows.truncate(limit / FIRST);
    let mut chosen: BTreeSet<i64> = rows.iter().map(|row| row.seq as i64).collect();
    // The length of a body is known without reading it, and so are the members of an article.
    let longest = format!(
        "SELECT seq FROM (SELECT seq, length(body) AS bytes FROM documents WHERE cluster = ?1 ORDER BY seq DESC LIMIT {LOOKED_AT})
         WHERE bytes IS NOT NULL ORDER BY bytes DESC, seq LIMIT {}",
        limit / LONGEST
    );
    let newest = format!("SELECT seq FROM documents WHERE cluster = ?1 ORDER BY seq DESC LIMIT {limit}");
    for sql in [longest, newest] {
        let mut statement = connection.prepare_cached(&sql)?;
        for seq in statement.query_map([cluster as i64], |row| row.get(0))? {
            if chosen.len() < limit {
                chosen.insert(seq?);
            }
        }
    }
    let mut statement =
        connection.prepare_cached(&format!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE seq = ?1"))?;
    for seq in chosen.into_iter().filter(|seq| rows.iter().all(|row| row.seq as i64 != *seq)).collect::<Vec<_>>() {
        rows.extend(documents(statement.query([seq])?)?);
    }
    rows.sort_unstable_by_key(|row| row.seq);
    Ok((rows, total))
}
