//! The shape of the state file, and the road from every older shape to this one.
//!
//! Its own file because a schema is a promise to state folders already in the field: a step here is never edited after a
//! release, only followed by a new one.

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{LedgerError, sums};
use crate::crash;

/// One step: its statements, and what must be computed for rows that are there.
struct Step {
    sql: &'static str,
    fill: fn(&Transaction<'_>) -> Result<(), LedgerError>,
    /// Statements that follow, when the rows are there.
    after: &'static str,
}

/// The steps from an empty file to the current schema; `PRAGMA user_version` counts those taken.
///
/// Rows are appended in arrival order wherever they can be: a B-tree that takes its rows at random places was measured to
/// cost 113 KB of writes a document. The one exception is `documents_by_content`, which must answer "have I seen these bytes".
const STEPS: [Step; 2] =
    [Step { sql: FIRST, fill: |_| Ok(()), after: "" }, Step { sql: SUMS, fill: fill_sums, after: AFTER_SUMS }];

const FIRST: &str = "
    CREATE TABLE documents (
        seq         INTEGER PRIMARY KEY,          -- arrival order
        key         INTEGER NOT NULL,             -- first 8 bytes of the input hash
        path_key    INTEGER NOT NULL,             -- xxh3 of the path
        input       BLOB NOT NULL,                -- BLAKE3 of the document's bytes
        path        TEXT NOT NULL,                -- relative to the inbox, #n for a record
        cluster     INTEGER NOT NULL,             -- seq of the document that founded its article
        received_ms INTEGER NOT NULL,             -- Unix time in milliseconds
        twin        INTEGER,                      -- an earlier document with the same bytes, which holds the body
        body        BLOB                          -- zstd of the JSON of `Filed`; NULL for a twin
    ) STRICT;
    CREATE INDEX documents_by_content ON documents (key, path_key);
    CREATE INDEX documents_by_cluster ON documents (cluster);
    CREATE TABLE sketches (                       -- what the near-copy index and the stories are rebuilt from
        seq     INTEGER PRIMARY KEY,
        cluster INTEGER NOT NULL,
        day     INTEGER NOT NULL,                 -- days since 1970-01-01 of arrival
        url     TEXT,
        brief   BLOB NOT NULL,
        terms   BLOB NOT NULL,
        roundup INTEGER NOT NULL DEFAULT 0        -- 1: a page that holds several articles
    ) STRICT;
    CREATE TABLE comparisons (                    -- why a document was merged, and why a close one was not
        seq      INTEGER PRIMARY KEY,
        evidence BLOB NOT NULL                    -- JSON
    ) STRICT;
    CREATE TABLE articles (
        cluster  INTEGER PRIMARY KEY,
        id       TEXT NOT NULL,
        revision INTEGER NOT NULL,
        story    INTEGER NOT NULL,                -- cluster of the article that founded the story
        into_id  TEXT,                            -- the article that absorbed this one
        pending  INTEGER NOT NULL                 -- 1: the outbox does not show this state yet
    ) STRICT;
    CREATE INDEX articles_pending ON articles (cluster) WHERE pending = 1;
    CREATE INDEX articles_by_story ON articles (story);
    CREATE TABLE feed (
        seq      INTEGER PRIMARY KEY AUTOINCREMENT,
        event    TEXT NOT NULL,                   -- created, updated, withdrawn
        id       TEXT NOT NULL,
        revision INTEGER NOT NULL,
        into_id  TEXT,
        at_ms    INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE lessons (                        -- what the site memory is rebuilt from
        seq         INTEGER PRIMARY KEY,          -- the document that taught it
        publication TEXT NOT NULL,
        lines       BLOB NOT NULL                 -- fingerprints, 8 bytes each, little endian
    ) STRICT;
    CREATE TABLE forgotten (                      -- lessons of a publication up to `seq` no longer count
        publication TEXT PRIMARY KEY,
        seq         INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE counters (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT;
";

/// Sums of rows, see `sums.rs`, and the mark by which a ledger is known to be the one that wrote the outbox. Documents get a
/// new table because what stands behind a long body lies on other pages than the row, and is lost with any of them.
const SUMS: &str = "
    DROP INDEX documents_by_content;
    DROP INDEX documents_by_cluster;
    ALTER TABLE documents RENAME TO documents_1;
    CREATE TABLE documents (
        seq         INTEGER PRIMARY KEY,          -- arrival order
        key         INTEGER NOT NULL,             -- first 8 bytes of the input hash
        path_key    INTEGER NOT NULL,             -- xxh3 of the path
        input       BLOB NOT NULL,                -- BLAKE3 of the document's bytes
        path        TEXT NOT NULL,                -- relative to the inbox, #n for a record
        cluster     INTEGER NOT NULL,             -- seq of the document that founded its article
        received_ms INTEGER NOT NULL,             -- Unix time in milliseconds
        twin        INTEGER,                      -- an earlier document with the same bytes, which holds the body
        sum         INTEGER NOT NULL,             -- xxh3 of seq, input, path, received_ms, twin
        place       INTEGER NOT NULL,             -- xxh3 of the document that holds the body, and cluster
        body_sum    INTEGER,                      -- xxh3 of seq and body; NULL for a twin
        body        BLOB                          -- zstd of the JSON of `Filed`; NULL for a twin
    ) STRICT;
    ALTER TABLE sketches ADD COLUMN place INTEGER NOT NULL DEFAULT 0;    -- as that of the document
    ALTER TABLE sketches ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;      -- ~sum for a roundup page
    ALTER TABLE comparisons ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE articles ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;      -- ~sum once it is not pending
    ALTER TABLE feed ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE lessons ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE forgotten ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE mark (                           -- one row
        ledger  INTEGER PRIMARY KEY,              -- a number that no other ledger has
        schema  INTEGER NOT NULL,                 -- as user_version, which lies in a header without a sum
        commits INTEGER NOT NULL                  -- batches written
    ) STRICT;
    INSERT INTO mark (ledger, schema, commits) VALUES (random(), 0, 0);
";

const AFTER_SUMS: &str = "
    DROP TABLE documents_1;
    CREATE INDEX documents_by_content ON documents (key, path_key);
    CREATE INDEX documents_by_cluster ON documents (cluster);
";

/// Days that one document's clock may be ahead of the one before, see the desk's clock.
const MAX_STEP_DAYS: i64 = 3;

/// The first schema with a mark.
const MARKED: i64 = 2;

/// The number of the current schema.
pub const CURRENT: i64 = STEPS.len() as i64;

/// Brings a state file to the current schema, all steps in one transaction: a crash leaves the old file or the new one.
///
/// The step to 2 writes every row anew, about 60 MB/s, and needs free disk of twice the file's size meanwhile.
///
/// # Errors
/// A file that a newer copydesk wrote is refused, untouched.
pub fn migrate(connection: &mut Connection) -> Result<(), LedgerError> {
    let found = version(connection)?;
    if found == CURRENT {
        return Ok(());
    }
    let Some(steps) = usize::try_from(found).ok().and_then(|taken| STEPS.get(taken..)) else {
        return Err(LedgerError::Newer { found, known: CURRENT });
    };
    if found > 0 {
        tracing::info!(from = found, to = CURRENT, "bringing the state file to the current schema");
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for step in steps {
        transaction.execute_batch(step.sql)?;
        crash::point("ledger.migrating");
        (step.fill)(&transaction)?;
        transaction.execute_batch(step.after)?;
    }
    note_version(&transaction, CURRENT)?;
    crash::point("ledger.migrated");
    Ok(transaction.commit()?)
}

/// Makes an empty file one of schema `version`, which may be an earlier one.
pub fn create(connection: &Connection, version: i64) -> Result<(), LedgerError> {
    for step in STEPS.iter().take(version as usize) {
        connection.execute_batch(step.sql)?;
        connection.execute_batch(step.after)?;
    }
    note_version(connection, version)
}

fn note_version(connection: &Connection, version: i64) -> Result<(), LedgerError> {
    if version >= MARKED {
        connection.execute("UPDATE mark SET schema = ?1", [version])?;
    }
    Ok(connection.pragma_update(None, "user_version", version)?)
}

/// The schema that a file says it has.
pub fn version(connection: &Connection) -> Result<i64, LedgerError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Tables and columns, as text; two files of one schema give the same.
pub fn shape(connection: &Connection) -> Result<String, LedgerError> {
    let mut statement = connection.prepare(
        "SELECT s.type || ' ' || s.name || ' ' || s.tbl_name || ' ' || group_concat(
             CASE s.type WHEN 'table'
                 THEN (SELECT group_concat(name || type || \"notnull\" || coalesce(dflt_value, '') || pk) FROM pragma_table_info(s.name))
                 ELSE (SELECT group_concat(coalesce(name, '')) FROM pragma_index_info(s.name)) END)
         FROM sqlite_schema s GROUP BY s.name ORDER BY s.name",
    )?;
    let lines = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// The shape that a file of schema `version` must have.
pub fn shape_of(version: i64) -> Result<String, LedgerError> {
    let connection = Connection::open_in_memory()?;
    create(&connection, version)?;
    shape(&connection)
}

/// Gives every row its sum, and the days their order: before, a clock that jumped could put them in any.
fn fill_sums(to: &Transaction<'_>) -> Result<(), LedgerError> {
    let mut insert = to.prepare(
        "INSERT INTO documents (seq, key, path_key, input, path, cluster, received_ms, twin, sum, place, body_sum, body)
         SELECT seq, key, path_key, input, path, cluster, received_ms, twin, ?2, ?3, ?4, body FROM documents_1 WHERE seq = ?1",
    )?;
    let mut select =
        to.prepare("SELECT seq, input, path, cluster, received_ms, twin, body FROM documents_1 ORDER BY seq")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, cluster, twin): (i64, i64, Option<i64>) = (row.get(0)?, row.get(3)?, row.get(5)?);
        let input: Vec<u8> = row.get(1)?;
        let path: String = row.get(2)?;
        let body: Option<Vec<u8>> = row.get(6)?;
        insert.execute(params![
            seq,
            sums::document(seq, &input, &path, row.get(4)?, twin),
            sums::place(twin.unwrap_or(seq), cluster),
            body.map(|body| sums::body(seq, &body)),
        ])?;
    }
    drop(rows);
    drop((select, insert));
    let mut update = to.prepare("UPDATE sketches SET day = ?2, place = ?3, sum = ?4 WHERE seq = ?1")?;
    let mut select = to.prepare("SELECT seq, cluster, day, url, brief, terms, roundup FROM sketches ORDER BY seq")?;
    let mut rows = select.query([])?;
    let mut before: Option<(i64, i64)> = None;
    while let Some(row) = rows.next()? {
        let (seq, cluster, clock): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let url: Option<String> = row.get(3)?;
        let day = before.map_or(clock, |(day, last)| day + (clock - last).clamp(0, MAX_STEP_DAYS));
        before = Some((day, clock));
        let sum = sums::sketch(seq, day, url.as_deref(), &row.get::<_, Vec<u8>>(4)?, &row.get::<_, Vec<u8>>(5)?);
        let sum = if row.get(6)? { !sum } else { sum };
        update.execute(params![seq, day, sums::place(seq, cluster), sum])?;
    }
    drop(rows);
    drop((select, update));
    each(to, "comparisons", "seq, evidence", |row| Ok(sums::comparison(row.get(1)?, &row.get::<_, Vec<u8>>(2)?)))?;
    each(to, "articles", "cluster, id, revision, story, into_id, pending", |row| {
        let into_id: Option<String> = row.get(5)?;
        let sum = sums::article(row.get(1)?, &row.get::<_, String>(2)?, row.get(3)?, row.get(4)?, into_id.as_deref());
        Ok(if row.get(6)? { sum } else { !sum })
    })?;
    each(to, "feed", "event, id, revision, into_id, at_ms", |row| {
        let into_id: Option<String> = row.get(4)?;
        let (event, id): (String, String) = (row.get(1)?, row.get(2)?);
        Ok(sums::event(&event, &id, row.get(3)?, into_id.as_deref(), row.get(5)?))
    })?;
    each(to, "lessons", "seq, publication, lines", |row| {
        Ok(sums::lesson(row.get(1)?, &row.get::<_, String>(2)?, &row.get::<_, Vec<u8>>(3)?))
    })?;
    each(to, "forgotten", "publication, seq", |row| Ok(sums::forgotten(&row.get::<_, String>(1)?, row.get(2)?)))
}

/// Writes the sum of every row of a table; `sum` finds the columns from 1 on.
fn each(
    to: &Transaction<'_>,
    table: &str,
    columns: &str,
    sum: impl Fn(&rusqlite::Row<'_>) -> rusqlite::Result<i64>,
) -> Result<(), LedgerError> {
    let mut next =
        to.prepare(&format!("SELECT rowid, {columns} FROM {table} WHERE rowid > ?1 ORDER BY rowid LIMIT 1"))?;
    let mut update = to.prepare(&format!("UPDATE {table} SET sum = ?2 WHERE rowid = ?1"))?;
    let mut last = i64::MIN;
    while let Some((row, sum)) = next.query_row([last], |row| Ok((row.get(0)?, sum(row)?))).optional()? {
        update.execute([row, sum])?;
        last = row;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_gets_the_current_schema_and_keeps_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        assert_eq!(version(&connection).unwrap(), CURRENT);
        assert_eq!(shape(&connection).unwrap(), shape_of(CURRENT).unwrap());
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut connection), Err(LedgerError::Newer { found: 99, .. })));
    }
}
