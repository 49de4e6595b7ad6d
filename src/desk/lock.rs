//! One desk per inbox, outbox and state folder: who holds them, and the refusal that names the holder.
//!
//! `flock` is bound to the open file: it vanishes with the process however that ends, so a lock is never stale. Inbox and
//! outbox are locked as folders, which writes nothing into them. Also here: whether the state file is still where it was taken.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::crash;
use crate::ledger::LedgerError;

/// Name of the file in the state folder that holds the process id of the desk.
pub const FILE_NAME: &str = "desk.lock";

/// Held for as long as the desk lives.
#[derive(Debug)]
pub struct Lock {
    _state: File,
    _folders: Vec<File>,
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

/// Takes the state folder, and the outbox and the inbox that the desk works on.
///
/// # Errors
/// [`LockError::Held`] at once, without waiting, when another desk has any of them.
pub fn take(state: &Path, folders: &[&Path]) -> Result<Lock, LockError> {
    let path = state.join(FILE_NAME);
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| LockError::Io { path, source }
    };
    fs::create_dir_all(state).map_err(io(state))?;
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io(&path))?;
    if let Err(error) = hold(&file) {
        return Err(refusal(error, state, holder(&file).or_else(|| written(&mut file))));
    }
    let mut held = Vec::new();
    for &path in folders {
        let folder = File::open(path).map_err(io(path))?;
        // The state folder is held by its file, and locked for a purpose of its own (see `health.rs`).
        if is_same(path, state).map_err(io(path))? {
            continue;
        }
        if let Err(error) = hold(&folder) {
            return Err(refusal(error, path, holder(&folder)));
        }
        held.push(folder);
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(io(&path))?;
    Ok(Lock { _state: file, _folders: held })
}

/// The desk that holds the state folder now, `None` when no desk runs.
pub fn running(state: &Path) -> Option<u32> {
    let mut file = File::open(state.join(FILE_NAME)).ok()?;
    holder(&file).or_else(|| match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => written(&mut file),
        _ => None,
    })
}

/// The desk that works on this inbox now, whatever its state folder, where the system tells.
pub fn holds(inbox: &Path) -> Option<u32> {
    holder(&File::open(inbox).ok()?)
}

/// Looks again so often, so far apart, when a lock is held by no desk: `running` holds one for a moment where the system
/// does not tell.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

fn hold(file: &File) -> Result<(), TryLockError> {
    for _ in 1..LOOKS {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if holder(file).is_none() => std::thread::sleep(BETWEEN_LOOKS),
            result => return result,
        }
    }
    file.try_lock()
}

fn refusal(error: TryLockError, path: &Path, pid: Option<u32>) -> LockError {
    match error {
        TryLockError::WouldBlock => LockError::Held { path: path.into(), pid },
        TryLockError::Error(source) => LockError::Io { path: path.into(), source },
    }
}

/// What the holder wrote into the lock file: for a moment after it got the lock, still the process before it.
fn written(file: &mut File) -> Option<u32> {
    let mut pid = String::new();
    file.read_to_string(&mut pid).ok()?;
    pid.trim().parse().ok()
}

/// Asks the kernel who holds the exclusive lock on an open file or folder: `/proc/locks` names the process by device and
/// inode. Takes no lock itself, so that asking keeps nobody out.
fn holder(file: &File) -> Option<u32> {
    let inode = file.metadata().ok()?.ino();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let kind = fields.nth(1)?;
        let mode = fields.nth(1)?;
        let pid = fields.next()?;
        let place = fields.next()?;
        let is_it = kind == "FLOCK" && mode == "WRITE" && place.rsplit(':').next()? == inode.to_string();
        // 0 where the process is in a namespace that is not seen from here.
        is_it.then(|| pid.parse().ok().filter(|pid| *pid > 0))?
    })
}

/// Holds the state file to its place: a folder that was moved or removed takes every write, and a restart finds none of it.
#[derive(Debug)]
pub struct Anchor {
    path: PathBuf,
    place: (u64, u64),
}

impl Anchor {
    /// Remembers which file lies at `path` now.
    pub fn drop_at(path: &Path) -> Result<Self, LedgerError> {
        let place = place(path).map_err(|source| LedgerError::Io { path: path.into(), source })?;
        Ok(Self { path: path.into(), place })
    }

    /// Whether it still lies there; one look at the file system.
    pub fn check(&self) -> Result<(), LedgerError> {
        let source = match crash::fault("ledger.commit").and_then(|()| place(&self.path)) {
            Ok(place) if place == self.place => return Ok(()),
            Ok(_) => {
                io::Error::other("another file has taken its place: put the state folder back, or restart the desk")
            }
            Err(error) => error,
        };
        Err(LedgerError::Io { path: self.path.clone(), source })
    }
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    Ok(place(one)? == place(other)?)
}

fn place(path: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_desk_is_refused_and_told_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let lock = take(folder.path(), &[]).unwrap();
        assert_eq!(running(folder.path()), Some(std::process::id()));
        match take(folder.path(), &[]) {
            Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert_eq!(running(folder.path()), None);
        take(folder.path(), &[]).unwrap();
    }

    #[test]
    fn who_only_asks_keeps_no_desk_out() {
        let folder = tempfile::tempdir().unwrap();
        drop(take(folder.path(), &[]).unwrap());
        let asks = File::open(folder.path().join(FILE_NAME)).unwrap();
        asks.lock_shared().unwrap();
        let asking = std::thread::spawn(move || {
            std::thread::park_timeout(BETWEEN_LOOKS);
            asks.unlock().unwrap();
        });
        take(folder.path(), &[]).unwrap();
        asking.join().unwrap();
    }

    #[test]
    fn a_file_that_was_moved_or_replaced_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "one").unwrap();
        let anchor = Anchor::drop_at(&path).unwrap();
        anchor.check().unwrap();
        fs::rename(&path, folder.path().join("away")).unwrap();
        assert!(anchor.check().is_err());
        fs::write(&path, "two").unwrap();
        assert!(anchor.check().unwrap_err().to_string().contains("another file"));
        fs::rename(folder.path().join("away"), &path).unwrap();
        anchor.check().unwrap();
    }

    #[test]
    fn one_inbox_and_one_outbox_serve_one_desk_even_with_two_state_folders() {
        let folders: Vec<_> = (0..5).map(|_| tempfile::tempdir().unwrap()).collect();
        let [inbox, outbox, others, one, two] = [0, 1, 2, 3, 4].map(|at: usize| folders[at].path());
        let _lock = take(one, &[outbox, inbox]).unwrap();
        for (folders, held) in [([others, inbox], inbox), ([outbox, others], outbox)] {
            match take(two, &folders) {
                Err(LockError::Held { pid, path }) => {
                    assert_eq!(path, held);
                    assert_eq!(pid, Some(std::process::id()));
                }
                other => panic!("{other:?}"),
            }
        }
        // A state folder that is the outbox as well is held by its file.
        take(two, &[two, others]).unwrap();
    }
}
