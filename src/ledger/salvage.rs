//! From a damaged state file to a new one: every row that can still be read and is what was written.
//!
//! Tables are read in the order of their rows. Where a page cannot be read, reading goes on behind it: by doubling steps to
//! the next row that can be reached, then by halving to the first. What is not salvaged is filled in by the desk.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params, params_from_iter};

use super::{DocumentRow, Filed, LedgerError, reader, rows, schema, sums};
use crate::article::InputId;

/// What was salvaged, and what is missing of it.
#[derive(Debug, Default)]
pub struct Found {
    pub documents: u64,
    pub articles: u64,
    pub events: u64,
    /// Documents whose body is lost.
    pub bodiless: BTreeSet<u64>,
    /// Documents whose article is not known.
    pub unplaced: BTreeSet<u64>,
    /// The highest number that may have been given to a document.
    pub last_seq: u64,
    /// Whether lines of the feed may be missing.
    pub feed_torn: bool,
}

/// Makes the empty file `new` one of the schema of the file at `damaged`, with all rows of it that can be read.
pub fn copy(damaged: &Path, new: &Connection) -> Result<Found, LedgerError> {
    let old = open_damaged(damaged)?;
    let version = if is_readable(&old, "mark") {
        2
    } else if is_readable(&old, "documents") {
        1
    } else {
        schema::CURRENT
    };
    let mut found = Found::default();
    schema::create(new, version)?;
    new.execute_batch("BEGIN")?;
    copy_all(&old, new, version, &mut found)?;
    new.execute_batch("COMMIT")?;
    Ok(found)
}

/// Opens a file that may be anything, for reading only: what is set aside stays as it is.
fn open_damaged(path: &Path) -> Result<Connection, LedgerError> {
    let old = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // Without this, a file that was cut off is refused as a whole.
    let _ = old.execute_batch("PRAGMA writable_schema = ON");
    Ok(old)
}

fn is_readable(old: &Connection, table: &str) -> bool {
    old.prepare(&format!("SELECT * FROM {table}")).is_ok()
}

/// Tables that are copied as they are, with the columns that came later and what a row is held against.
type Verify = fn(&Row<'_>) -> Result<(), LedgerError>;
const PLAIN: [(&str, &str, &str, Verify); 6] = [
    ("sketches", "seq, cluster, day, url, brief, terms, roundup", ", place, sum", |row| {
        rows::SketchRow::read(row).map(drop)
    }),
    ("articles", "cluster, id, revision, story, into_id, pending", ", sum", |row| reader::article_row(row).map(drop)),
    ("feed", "seq, event, id, revision, into_id, at_ms", ", sum", |row| reader::event(row).map(drop)),
    ("lessons", "seq, publication, lines", ", sum", |row| reader::lesson(row).map(drop)),
    ("comparisons", "seq, evidence", ", sum", |row| {
        let (seq, evidence): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let sound = row.get::<_, i64>(2)? == sums::comparison(seq, &evidence);
        if sound { Ok(()) } else { Err(LedgerError::Row { table: "comparisons", row: seq }) }
    }),
    ("forgotten", "publication, seq", ", sum", |row| {
        let (publication, seq): (String, i64) = (row.get(0)?, row.get(1)?);
        let sound = row.get::<_, i64>(2)? == sums::forgotten(&publication, seq);
        if sound { Ok(()) } else { Err(LedgerError::Row { table: "forgotten", row: seq }) }
    }),
];

fn copy_all(old: &Connection, new: &Connection, version: i64, found: &mut Found) -> Result<(), LedgerError> {
    copy_documents(old, new, version, found)?;
    for (table, columns, later, verify) in PLAIN {
        let columns = if version < 2 { columns.to_owned() } else { format!("{columns}{later}") };
        let count = columns.split(',').count();
        let marks = vec!["?"; count].join(", ");
        let mut insert = new.prepare(&format!("INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})"))?;
        let torn = each_readable(old, table, &columns, |row| {
            if version >= 2 && verify(row).is_err() {
                return Ok(false);
            }
            let values = (0..count).map(|column| row.get::<_, Value>(column)).collect::<Result<Vec<_>, _>>();
            let Ok(values) = values else { return Ok(false) };
            // A row that the new table refuses was not written as such.
            Ok(insert.execute(params_from_iter(values)).is_ok())
        })?;
        found.feed_torn |= torn && table == "feed";
    }
    // Only told, never built upon.
    let mut insert = new.prepare("INSERT OR REPLACE INTO counters (name, value) VALUES (?1, ?2)")?;
    for name in ["redeliveries", "failed"] {
        let sql = "SELECT value FROM counters WHERE name = ?1";
        let value: Option<i64> = old.query_row(sql, [name], |row| row.get(0)).optional().unwrap_or(None);
        insert.execute(params![name, value.unwrap_or(0).max(0)])?;
    }
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'feed'";
    let last: Option<i64> = old.query_row(sql, [], |row| row.get(0)).optional().unwrap_or(None);
    let known: i64 = new.query_row("SELECT coalesce(max(seq), 0) FROM feed", [], |row| row.get(0))?;
    found.feed_torn |= last != Some(known) && (last.is_some() || known > 0);
    Ok(())
}

fn copy_documents(old: &Connection, new: &Connection, version: i64, found: &mut Found) -> Result<(), LedgerError> {
    let facts = if version < 2 { "seq, input, path, cluster, received_ms, twin" } else { reader::FACTS };
    let (later, marks) = if version < 2 { ("", "") } else { (", sum, place, body_sum", ", ?10, ?11, ?12") };
    let mut insert = new.prepare(&format!(
        "INSERT INTO documents (seq, key, path_key, input, path, cluster, received_ms, twin, body{later})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9{marks})"
    ))?;
    let body_sql = if version < 2 { "SELECT body, NULL" } else { "SELECT body, body_sum" };
    let body_sql = format!("{body_sql} FROM documents WHERE seq = ?1");
    let mut last = 0;
    each_readable(old, "documents", facts, |row| {
        let Ok((document, is_placed)) = loose_facts(row, version) else { return Ok(false) };
        let seq = document.seq as i64;
        let cluster = if is_placed { document.cluster as i64 } else { seq };
        let twin = document.twin.map(|seq| seq as i64);
        if seq <= last {
            return Ok(false);
        }
        last = seq;
        let body = twin.is_none().then(|| body(old, &body_sql, seq, version));
        if matches!(body, Some(None)) {
            found.bodiless.insert(document.seq);
        }
        if !is_placed {
            found.unplaced.insert(document.seq);
        }
        let body = body.map(Option::unwrap_or_default);
        let mut values: Vec<Value> = vec![
            seq.into(),
            rows::content_key(&document.input).into(),
            rows::path_key(&document.path).into(),
            document.input.0.to_vec().into(),
            document.path.clone().into(),
            cluster.into(),
            document.received_ms.into(),
            twin.into(),
            body.clone().into(),
        ];
        if version >= 2 {
            values.push(sums::document(seq, &document.input.0, &document.path, document.received_ms, twin).into());
            values.push(sums::place(twin.unwrap_or(seq), cluster).into());
            values.push(body.map(|body| sums::body(seq, &body)).into());
        }
        insert.execute(params_from_iter(values))?;
        Ok(true)
    })?;
    Ok(())
}

/// A document and whether its article is known. Before schema 2 only the form tells.
fn loose_facts(row: &Row<'_>, version: i64) -> Result<(DocumentRow, bool), LedgerError> {
    if version >= 2 {
        let (seq, cluster, twin): (i64, i64, Option<i64>) = (row.get(0)?, row.get(3)?, row.get(5)?);
        let is_placed = row.get::<_, i64>(7)? == sums::place(twin.unwrap_or(seq), cluster);
        return Ok((reader::facts_without_place(row)?, is_placed));
    }
    let document = DocumentRow {
        seq: row.get::<_, i64>(0)? as u64,
        input: InputId(row.get(1)?),
        path: row.get(2)?,
        cluster: row.get::<_, i64>(3)? as u64,
        received_ms: row.get(4)?,
        twin: row.get::<_, Option<i64>>(5)?.map(|seq| seq as u64),
        body: Vec::new(),
    };
    Ok((document, true))
}

/// A body that is what was written.
fn body(old: &Connection, sql: &str, seq: i64, version: i64) -> Option<Vec<u8>> {
    let mut statement = old.prepare_cached(sql).ok()?;
    let found = statement.query_row([seq], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, Option<i64>>(1)?)));
    let (body, sum) = found.ok()?;
    let sound =
        if version >= 2 { sum == Some(sums::body(seq, &body)) } else { Filed::unpack(seq as u64, &body).is_ok() };
    sound.then_some(body)
}

/// Calls `take` for each row of a table that can be reached; true when some could not, or `take` said no to one.
fn each_readable(
    old: &Connection,
    table: &str,
    columns: &str,
    mut take: impl FnMut(&Row<'_>) -> Result<bool, LedgerError>,
) -> Result<bool, LedgerError> {
    let sql = format!("SELECT {columns}, rowid FROM {table} WHERE rowid >= ?1 ORDER BY rowid");
    let probe = format!("SELECT rowid FROM {table} WHERE rowid >= ?1 ORDER BY rowid LIMIT 1");
    let last_column = columns.split(',').count();
    // Numbers begin at 1; only a damaged row has another.
    let mut from: i64 = 0;
    let mut torn = false;
    loop {
        let Ok(mut statement) = old.prepare(&sql) else { return Ok(true) };
        let Ok(mut rows) = statement.query([from]) else { return Ok(true) };
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    if let Ok(rowid) = row.get::<_, i64>(last_column) {
                        from = from.max(rowid.saturating_add(1));
                    }
                    torn |= !take(row)?;
                }
                Ok(None) => return Ok(torn),
                Err(_) => break,
            }
        }
        drop(rows);
        torn = true;
        let reaches = |from: i64| match old.prepare_cached(&probe) {
            Ok(mut probe) => probe.query_row([from], |row| row.get::<_, i64>(0)).optional().is_ok(),
            Err(_) => false,
        };
        let (mut low, mut step) = (from, 1_i64);
        // `low` cannot be read from; the row at `high` is the end of the table, or one that can.
        let mut high = loop {
            let Some(next) = low.checked_add(step) else { return Ok(true) };
            if reaches(next) {
                break next;
            }
            (low, step) = (next, step.saturating_mul(2));
        };
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if reaches(middle) { high = middle } else { low = middle }
        }
        from = high;
    }
}

/// Where a document is by what else is known: its sketch, and its twins.
pub(super) const PLACES: &str =
    "SELECT seq, cluster FROM sketches WHERE seq = ?1 UNION ALL SELECT seq, cluster FROM documents WHERE twin = ?1";

/// Brings rows that were salvaged apart into agreement.
pub fn mend(new: &Connection, found: &mut Found) -> Result<(), LedgerError> {
    // A twin without its body is worth nothing, nor is a sketch without its document.
    new.execute("DELETE FROM documents WHERE twin IS NOT NULL AND twin NOT IN (SELECT seq FROM documents)", [])?;
    for table in ["sketches", "comparisons", "lessons"] {
        new.execute(&format!("DELETE FROM {table} WHERE seq NOT IN (SELECT seq FROM documents)"), [])?;
    }
    let exists = |seq: u64| {
        new.prepare_cached("SELECT 1 FROM documents WHERE seq = ?1")?.exists([seq as i64]).map_err(LedgerError::from)
    };
    let unplaced = std::mem::take(&mut found.unplaced);
    let known = |seq: u64| {
        let mut statement = new.prepare_cached(PLACES)?;
        let rows = statement.query_map([seq as i64], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        // The sketch has sums of its own; a twin may be as lost as its body.
        let is_known = |other: i64| other == seq as i64 || !unplaced.contains(&(other as u64));
        Ok::<_, LedgerError>(rows.into_iter().find(|(other, _)| is_known(*other)).map(|(_, cluster)| cluster))
    };
    for &seq in &unplaced {
        match known(seq)? {
            Some(cluster) => {
                let sql = "UPDATE documents SET cluster = ?2, place = ?3 WHERE seq = ?1";
                new.execute(sql, [seq as i64, cluster, sums::place(seq as i64, cluster)])?;
            }
            None if exists(seq)? => drop(found.unplaced.insert(seq)),
            None => {}
        }
    }
    // Twins are where their body is.
    let mut strays = new.prepare(
        "SELECT t.seq, b.seq, b.cluster FROM documents t JOIN documents b ON b.seq = t.twin WHERE t.cluster <> b.cluster",
    )?;
    let strays = strays.query_map([], |row| Ok([row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?]))?;
    for [seq, body_of, cluster] in strays.collect::<Result<Vec<_>, _>>()? {
        let sql = "UPDATE documents SET cluster = ?2, place = ?3 WHERE seq = ?1";
        new.execute(sql, [seq, cluster, sums::place(body_of, cluster)])?;
        found.unplaced.remove(&(seq as u64));
    }
    new.execute(
        "DELETE FROM sketches WHERE cluster <> (SELECT cluster FROM documents d WHERE d.seq = sketches.seq)",
        [],
    )?;
    let count = |sql: &str| Ok::<_, LedgerError>(new.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64);
    found.documents = count("SELECT count(*) FROM documents")?;
    found.articles = count("SELECT count(*) FROM articles")?;
    found.events = count("SELECT count(*) FROM feed")?;
    found.last_seq = count(
        "SELECT max(coalesce((SELECT max(seq) FROM documents), 0), coalesce((SELECT max(cluster) FROM documents), 0),
                    coalesce((SELECT max(cluster) FROM articles), 0), coalesce((SELECT max(story) FROM articles), 0))",
    )?;
    Ok(())
}
