//! The mark: how far a ledger is, told to a second file with every batch.
//!
//! A write-ahead log that is cut, flipped or deleted loses its last batches without a trace, and so does a state folder that is
//! brought back from a backup: the ledger is sound then, and behind what the outbox shows. The second file lies in the outbox
//! and is not synced: after a power cut it may be older than the ledger, never newer.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64;

use super::{Batch, LedgerError};

/// Where a ledger stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The number of this ledger, which no other has.
    pub ledger: i64,
    /// Batches written.
    pub commits: u64,
    /// Number of the last line of the feed.
    pub event: u64,
    /// Number of the last document.
    pub document: u64,
}

impl Mark {
    /// Reads the mark in a file beside the ledger; `None` where there is none, or none that is whole.
    pub fn read(file: &Path) -> Option<Self> {
        let line = fs::read_to_string(file).ok()?;
        let (numbers, sum) = line.trim_end().rsplit_once(' ')?;
        if u64::from_str_radix(sum, 16).ok()? != xxh3_64(numbers.as_bytes()) {
            return None;
        }
        let mut numbers = numbers.split(' ').map(|number| u64::from_str_radix(number, 16).ok());
        let mut next = || numbers.next().flatten();
        Some(Self { ledger: next()? as i64, commits: next()?, event: next()?, document: next()? })
    }

    pub(super) fn of(connection: &Connection) -> Result<Self, LedgerError> {
        let sql = "SELECT ledger, commits, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'feed'), 0),
                       coalesce((SELECT max(seq) FROM documents), 0) FROM mark";
        Ok(connection.query_row(sql, [], |row| {
            let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
            Ok(Self { ledger: row.get(0)?, commits: number(1)?, event: number(2)?, document: number(3)? })
        })?)
    }

    pub(super) fn advance(&mut self, batch: &Batch) {
        self.commits += 1;
        self.event += batch.feed.len() as u64;
        self.document = batch.documents.iter().map(|row| row.seq).fold(self.document, u64::max);
    }

    /// Always of one length, so that a line is written over the one before.
    fn line(&self) -> String {
        let Self { ledger, commits, event, document } = self;
        let numbers = format!("{ledger:016x} {commits:016x} {event:016x} {document:016x}");
        format!("{numbers} {:016x}\n", xxh3_64(numbers.as_bytes()))
    }
}

/// The second file, by its path: the outbox may be made anew while the desk runs, and is told then as before.
#[derive(Debug)]
pub(super) struct Witness(PathBuf);

impl Witness {
    /// Opens the file and writes the mark; `None` when that is not possible, which costs no more than this check.
    pub fn open(file: &Path, mark: &Mark) -> Option<Self> {
        match write(file, mark) {
            Ok(()) => Some(Self(file.to_owned())),
            Err(error) => {
                tracing::warn!(path = %file.display(), %error, "cannot be written: a ledger that goes back in time will not be noticed");
                None
            }
        }
    }

    /// Writes the mark. A full disk leaves the old one, which is as good as none.
    pub fn tell(&self, mark: &Mark) {
        let _ = write(&self.0, mark);
    }
}

fn write(file: &Path, mark: &Mark) -> io::Result<()> {
    let opened = OpenOptions::new().write(true).create(true).truncate(false).open(file)?;
    opened.write_all_at(mark.line().as_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back_and_one_that_is_not_whole_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mark");
        let mark = Mark { ledger: -7, commits: 3, event: 2, document: 1 };
        assert_eq!(Mark::read(&file), None);
        Witness::open(&file, &Mark::default()).unwrap().tell(&mark);
        assert_eq!(Mark::read(&file), Some(mark));
        let whole = fs::read(&file).unwrap();
        for at in 0..whole.len() - 1 {
            let mut flipped = whole.clone();
            flipped[at] ^= 1;
            fs::write(&file, flipped).unwrap();
            assert_ne!(Mark::read(&file).map(|read| read == mark), Some(false), "at {at}");
            fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(Mark::read(&file), None, "cut at {at}");
        }
    }
}
