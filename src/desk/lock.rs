//! One desk per inbox and per state folder: who holds them, and the refusal that names the holder.
//!
//! `flock` is bound to the open file: it vanishes with the process however that ends, so a lock is never stale. The inbox is
//! locked as a folder, which writes nothing into it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Name of the file in the state folder that holds the process id of the desk.
pub const FILE_NAME: &str = "desk.lock";

/// Held for as long as the desk lives.
#[derive(Debug)]
pub struct Lock {
    _state: File,
    _inbox: Option<File>,
}

/// Why the lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another desk{} holds {path}: stop it first, or give this one folders of its own", by(*pid))]
    Held { path: PathBuf, pid: Option<u32> },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

fn by(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// Takes the state folder, and the inbox where the desk works on one.
///
/// # Errors
/// [`LockError::Held`] at once, without waiting, when another desk has either.
pub fn take(state: &Path, inbox: Option<&Path>) -> Result<Lock, LockError> {
    let path = state.join(FILE_NAME);
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| LockError::Io { path, source }
    };
    fs::create_dir_all(state).map_err(io(state))?;
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io(&path))?;
    if let Err(error) = file.try_lock() {
        let mut pid = String::new();
        let _ = file.read_to_string(&mut pid);
        return Err(refusal(error, state, pid.trim().parse().ok()));
    }
    let inbox = inbox.map(|inbox| {
        let folder = File::open(inbox).map_err(io(inbox))?;
        match folder.try_lock() {
            Ok(()) => Ok(folder),
            Err(error) => Err(refusal(error, inbox, holder(&folder))),
        }
    });
    let inbox = inbox.transpose()?;
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(io(&path))?;
    Ok(Lock { _state: file, _inbox: inbox })
}

/// The desk that holds the state folder now, `None` when no desk runs.
pub fn running(state: &Path) -> Option<u32> {
    let mut file = File::open(state.join(FILE_NAME)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).ok()?;
            pid.trim().parse().ok()
        }
        _ => None,
    }
}

fn refusal(error: TryLockError, path: &Path, pid: Option<u32>) -> LockError {
    match error {
        TryLockError::WouldBlock => LockError::Held { path: path.into(), pid },
        TryLockError::Error(source) => LockError::Io { path: path.into(), source },
    }
}

/// Asks the kernel who holds the lock on an open folder: `/proc/locks` names the process by device and inode.
fn holder(folder: &File) -> Option<u32> {
    let inode = folder.metadata().ok()?.ino();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let kind = fields.nth(1)?;
        let pid = fields.nth(2)?;
        let place = fields.next()?;
        (kind == "FLOCK" && place.rsplit(':').next()? == inode.to_string()).then(|| pid.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_desk_is_refused_and_told_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let lock = take(folder.path(), None).unwrap();
        assert_eq!(running(folder.path()), Some(std::process::id()));
        match take(folder.path(), None) {
            Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert_eq!(running(folder.path()), None);
        take(folder.path(), None).unwrap();
    }

    #[test]
    fn one_inbox_serves_one_desk_even_with_two_state_folders() {
        let (inbox, one, two) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let _lock = take(one.path(), Some(inbox.path())).unwrap();
        match take(two.path(), Some(inbox.path())) {
            Err(LockError::Held { pid, path }) => {
                assert_eq!(path, inbox.path());
                assert_eq!(pid, Some(std::process::id()));
            }
            other => panic!("{other:?}"),
        }
    }
}
