//! Setting a damaged state file aside: under a name of its own, whole, never overwritten and never deleted.
//!
//! The note `ledger.suspect` leads through crashes: it says that the file is to be doubted, and once a folder was chosen for
//! it, which. It goes when the new ledger stands.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FILE_NAME, LedgerError};
use crate::crash;

const NOTE: &str = "ledger.suspect";
const FOLDER: &str = "ledger.damaged-";
/// What SQLite puts behind the name of a file for that of its log of writes.
pub(super) const LOG: &str = "-wal";

/// Why the state file is doubted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    pub what: String,
    /// Name of the folder that it goes to, once that is decided.
    pub folder: Option<String>,
}

/// Where the work on a doubted file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The file may be trusted, or is to be checked whole.
    InPlace,
    /// It was, or is still to be, moved away for this reason, and no new one stands in its place.
    Moving(String),
}

/// What is said against the state file in `folder`, if anything. A note that is none by its content is one nevertheless.
pub fn suspicion(folder: &Path) -> Result<Option<Suspicion>, LedgerError> {
    let path = folder.join(NOTE);
    let note = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        note => note.map_err(about(&path))?,
    };
    let unreadable = || Suspicion { what: "it was doubted before".into(), folder: None };
    Ok(Some(serde_json::from_slice(&note).unwrap_or_else(|_| unreadable())))
}

/// Notes that the state file is to be checked whole at the next start.
pub fn suspect(folder: &Path, what: &str) -> Result<(), LedgerError> {
    note(folder, &Suspicion { what: what.to_owned(), folder: None })
}

/// The file is trusted again.
pub fn acquit(folder: &Path) -> Result<(), LedgerError> {
    let path = folder.join(NOTE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(|source| LedgerError::Io { path, source }),
    }
}

/// Where a crash left the work.
pub fn standing(folder: &Path) -> Result<Standing, LedgerError> {
    match suspicion(folder)? {
        Some(Suspicion { what, folder: Some(aside) }) => {
            let is_aside = exists(&folder.join(aside).join(FILE_NAME))?;
            let is_done = is_aside && exists(&folder.join(FILE_NAME))?;
            Ok(if is_done { Standing::InPlace } else { Standing::Moving(what) })
        }
        _ => Ok(Standing::InPlace),
    }
}

/// Whether there is a log of writes beside the state file, or beside where it was.
pub fn has_log(folder: &Path) -> Result<bool, LedgerError> {
    exists(&beside(&folder.join(FILE_NAME), LOG))
}

/// Moves the state file with its log to `ledger.damaged-<n>/`; returns that folder. Done again after a crash, it goes on.
pub fn set_aside(folder: &Path, what: &str) -> Result<PathBuf, LedgerError> {
    let name = match suspicion(folder)?.and_then(|suspicion| suspicion.folder) {
        Some(name) if standing(folder)? != Standing::InPlace => name,
        _ => free_folder(folder)?,
    };
    note(folder, &Suspicion { what: what.to_owned(), folder: Some(name.clone()) })?;
    crash::point("ledger.suspected");
    let aside = folder.join(&name);
    fs::create_dir_all(&aside).map_err(about(&aside))?;
    // The file itself goes last: while it is in its place, the work is not done.
    for ending in [LOG, "-shm", ""] {
        let name = format!("{FILE_NAME}{ending}");
        match fs::rename(folder.join(&name), aside.join(&name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            result => result.map_err(about(&aside))?,
        }
        crash::point("ledger.aside");
    }
    sync(&aside)?;
    sync(folder)?;
    Ok(aside)
}

fn free_folder(folder: &Path) -> Result<String, LedgerError> {
    let mut n = 1_u32;
    loop {
        let name = format!("{FOLDER}{n}");
        if !exists(&folder.join(&name))? {
            return Ok(name);
        }
        n += 1;
    }
}

fn exists(path: &Path) -> Result<bool, LedgerError> {
    path.try_exists().map_err(about(path))
}

fn about(path: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    |source| LedgerError::Io { path: path.to_owned(), source }
}

/// `path` with something behind its name, as SQLite names the files beside its own.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn note(folder: &Path, suspicion: &Suspicion) -> Result<(), LedgerError> {
    let path = folder.join(NOTE);
    let json = serde_json::to_vec(suspicion).expect("plain values are JSON");
    let write = || {
        let partial = path.with_extension("suspect.partial");
        fs::write(&partial, &json)?;
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, &path)
    };
    write().map_err(|source| LedgerError::Io { path: path.clone(), source })?;
    sync(folder)
}

pub(super) fn sync(folder: &Path) -> Result<(), LedgerError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| LedgerError::Io { path: folder.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(folder: &Path, content: &str) {
        for ending in ["", "-wal", "-shm"] {
            fs::write(folder.join(format!("{FILE_NAME}{ending}")), format!("{content}{ending}")).unwrap();
        }
    }

    #[test]
    fn nothing_that_was_set_aside_is_ever_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        for n in 1..=3 {
            ledger(folder.path(), &n.to_string());
            let aside = set_aside(folder.path(), "for a test").unwrap();
            assert_eq!(aside, folder.path().join(format!("{FOLDER}{n}")));
            assert_eq!(standing(folder.path()).unwrap(), Standing::Moving("for a test".into()));
            // The new one.
            fs::write(folder.path().join(FILE_NAME), "new").unwrap();
            assert_eq!(standing(folder.path()).unwrap(), Standing::InPlace);
            acquit(folder.path()).unwrap();
        }
        for n in 1..=3 {
            let aside = folder.path().join(format!("{FOLDER}{n}"));
            assert_eq!(fs::read_to_string(aside.join(format!("{FILE_NAME}-wal"))).unwrap(), format!("{n}-wal"));
            assert_eq!(fs::read_to_string(aside.join(FILE_NAME)).unwrap(), n.to_string());
        }
    }

    #[test]
    fn a_move_that_was_cut_off_goes_on_into_the_same_folder() {
        let folder = tempfile::tempdir().unwrap();
        ledger(folder.path(), "1");
        let first = folder.path().join(format!("{FOLDER}1"));
        note(folder.path(), &Suspicion { what: "cut off".into(), folder: Some(format!("{FOLDER}1")) }).unwrap();
        fs::create_dir(&first).unwrap();
        fs::rename(folder.path().join(format!("{FILE_NAME}-wal")), first.join(format!("{FILE_NAME}-wal"))).unwrap();
        assert_eq!(standing(folder.path()).unwrap(), Standing::Moving("cut off".into()));
        assert_eq!(set_aside(folder.path(), "cut off").unwrap(), first);
        assert_eq!(fs::read_dir(&first).unwrap().count(), 3);
    }
}
