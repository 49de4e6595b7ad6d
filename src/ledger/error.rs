//! What can go wrong with the state, and whether the file itself is to blame.

use std::path::{Path, PathBuf};

/// What can go wrong with the state. Every case concerns the desk, never one document.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("the state file: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(
        "the state file has schema {found}, this copydesk knows up to {known}: use the newer copydesk that wrote it"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "the state file has schema {found}, this copydesk reads {known}: start the desk once, which brings it up to date"
    )]
    Older { found: i64, known: i64 },
    #[error(
        "{path}: the state file is damaged ({what}): the next start of the desk sets it aside and builds a new one"
    )]
    Damaged { path: PathBuf, what: String },
    #[error(
        "{folder}: the state is at rest, and to read it this user would have to write there: use the account of the desk"
    )]
    NotWritable { folder: PathBuf },
    #[error("the state file: row {row} of {table} is not what was written")]
    Row { table: &'static str, row: i64 },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("document {seq}: its stored body cannot be read: {what}")]
    Body { seq: u64, what: String },
}

impl LedgerError {
    /// Whether the state file itself is to blame: no waiting helps then.
    pub fn is_damage(&self) -> bool {
        use rusqlite::{Error, ErrorCode};
        match self {
            Self::Damaged { .. } | Self::Row { .. } => true,
            Self::Sqlite(Error::SqliteFailure(error, _)) => {
                matches!(error.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
            }
            // The tables are strict: a value of another type was not written as such.
            Self::Sqlite(
                Error::InvalidColumnType(..)
                | Error::FromSqlConversionFailure(..)
                | Error::IntegralValueOutOfRange(..)
                | Error::Utf8Error(..),
            ) => true,
            _ => false,
        }
    }
}

/// Names the file where it is to blame.
pub(super) fn named(error: LedgerError, path: &Path) -> LedgerError {
    match error {
        LedgerError::Damaged { .. } => error,
        error if error.is_damage() => LedgerError::Damaged { path: path.into(), what: error.to_string() },
        error => error,
    }
}
