//! Is the state file what was written? Asked at start before anything is built on it, and by `copydesk check`.
//!
//! The whole check reads every page (`integrity_check`: shape, order, indexes) and holds every row against its sum. It is made
//! at every start of a ledger up to [`WHOLE_UP_TO_BYTES`], and of any ledger whose last desk did not end in order, since that is
//! when files get damaged. Else only the shape is looked at; rows are held against their sums wherever they are read.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{LedgerError, aside, named, reader, rows, schema, sums};

/// Largest ledger that is read whole at every start. (Measured: 1.7 s of processor time a GB, and as long as the disk takes to
/// read it; to rebuild the index takes longer.)
const WHOLE_UP_TO_BYTES: u64 = 2 << 30;

/// Checks the file at `path` without writing to it; one that is not there is sound.
///
/// # Errors
/// [`LedgerError::Damaged`] with the first thing found, [`LedgerError::Newer`] for a file of a later schema.
pub fn examine(path: &Path, suspected: bool) -> Result<(), LedgerError> {
    let length = |path: &Path| match std::fs::metadata(path) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(LedgerError::Io { path: path.into(), source }),
    };
    let bytes = length(path)?;
    if bytes == 0 {
        return Ok(());
    }
    let damaged = |what: String| LedgerError::Damaged { path: path.into(), what };
    // SQLite removes the log when the last desk ends.
    let has_log = length(&aside::beside(path, aside::LOG))? > 0;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    shape(&connection).map_err(|error| named(error, path))?.map_or(Ok(()), |what| Err(damaged(what)))?;
    if suspected || has_log || bytes <= WHOLE_UP_TO_BYTES {
        whole(&connection).map_err(|error| named(error, path))?.map_or(Ok(()), |what| Err(damaged(what)))?;
    }
    Ok(())
}

/// What is wrong with schema, tables and columns.
fn shape(connection: &Connection) -> Result<Option<String>, LedgerError> {
    let version = schema::version(connection)?;
    let has = |table: &str| {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        connection.query_row(sql, [table], |row| row.get::<_, bool>(0))
    };
    let marked = if has("mark")? {
        connection.query_row("SELECT min(schema) FROM mark HAVING count(*) = 1", [], |row| row.get(0))?
    } else {
        // Files older than the mark; an empty one is version 0.
        i64::from(has("documents")?)
    };
    if version != marked {
        return Ok(Some(format!("its header says schema {version}, its tables say {marked}")));
    }
    if version > schema::CURRENT {
        return Err(LedgerError::Newer { found: version, known: schema::CURRENT });
    }
    if schema::shape(connection)? != schema::shape_of(version)? {
        return Ok(Some(format!("its tables are not those of schema {version}")));
    }
    Ok(None)
}

/// What is wrong with any page or row, `None` when nothing is.
pub fn whole(connection: &Connection) -> Result<Option<String>, LedgerError> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Ok(Some(found));
    }
    // Rows have had sums since then.
    if schema::version(connection)? < 2 {
        return Ok(None);
    }
    match each_row(connection) {
        Err(LedgerError::Row { table, row }) => Ok(Some(format!("row {row} of {table} is not what was written"))),
        result => result.map(|()| None),
    }
}

/// Holds every row against its sums.
fn each_row(connection: &Connection) -> Result<(), LedgerError> {
    let sql = format!("SELECT {}, key, path_key FROM documents", reader::DOCUMENT_COLUMNS);
    all(connection, &sql, |row| {
        let document = reader::document(row)?;
        let keys = (rows::content_key(&document.input), rows::path_key(&document.path));
        let seq = document.seq as i64;
        if keys == (row.get(10)?, row.get(11)?) {
            Ok(())
        } else {
            Err(LedgerError::Row { table: "documents", row: seq })
        }
    })?;
    let sql = format!("SELECT {} FROM sketches", rows::SKETCH_COLUMNS);
    all(connection, &sql, |row| rows::SketchRow::read(row).map(drop))?;
    let sql = format!("SELECT {} FROM articles", reader::ARTICLE_COLUMNS);
    all(connection, &sql, |row| reader::article_row(row).map(drop))?;
    let sql = format!("SELECT {} FROM feed", reader::EVENT_COLUMNS);
    all(connection, &sql, |row| reader::event(row).map(drop))?;
    all(connection, "SELECT seq, publication, lines, sum FROM lessons", |row| reader::lesson(row).map(drop))?;
    all(connection, "SELECT seq, evidence, sum FROM comparisons", |row| {
        let (seq, evidence): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        let sound = row.get::<_, i64>(2)? == sums::comparison(seq, &evidence);
        if sound { Ok(()) } else { Err(LedgerError::Row { table: "comparisons", row: seq }) }
    })?;
    all(connection, "SELECT publication, seq, sum FROM forgotten", |row| {
        let (publication, seq): (String, i64) = (row.get(0)?, row.get(1)?);
        let sound = row.get::<_, i64>(2)? == sums::forgotten(&publication, seq);
        if sound { Ok(()) } else { Err(LedgerError::Row { table: "forgotten", row: seq }) }
    })
}

fn all(
    connection: &Connection,
    sql: &str,
    mut check: impl FnMut(&rusqlite::Row<'_>) -> Result<(), LedgerError>,
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        check(row)?;
    }
    Ok(())
}
