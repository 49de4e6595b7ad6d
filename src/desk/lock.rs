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
    /// The folders by their paths, each with device and number.
    folders: Vec<(PathBuf, (u64, u64), File)>,
}

impl Lock {
    /// Takes the folders too that have come to these paths since: made again, mounted, or behind a link that leads elsewhere
    /// now. A path where nothing is keeps the folder that it had.
    ///
    /// # Errors
    /// As [`take`].
    pub fn follow(&mut self) -> Result<(), LockError> {
        for (path, known, held) in &mut self.folders {
            if place(path).is_ok_and(|now| now == *known) {
                continue;
            }
            let io = |source| LockError::Io { path: path.clone(), source };
            let folder = match File::open(&*path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                opened => opened.map_err(io)?,
            };
            // Of what was opened: another may have come to the path since.
            let now = place_of(&folder).map_err(io)?;
            if now != *known {
                hold(&folder).map_err(|error| refusal(error, path, holder(&folder)))?;
                (*known, *held) = (now, folder);
            }
        }
        Ok(())
    }
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
    make_folder(state).map_err(io(state))?;
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
        held.push((path.to_owned(), place_of(&folder).map_err(io(path))?, folder));
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(io(&path))?;
    Ok(Lock { _state: file, folders: held })
}

/// Makes a folder, and those above it, so that a power cut does not take it back with what was written in it.
pub fn make_folder(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = path.ancestors().take_while(|path| *path != Path::new("") && !path.exists()).collect();
    fs::create_dir_all(path)?;
    for made in missing {
        let parent = made.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        match File::open(parent).and_then(|parent| parent.sync_all()) {
            // Who may write in a folder need not have the right to read it.
            Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The desk that holds the state folder now, `None` when no desk runs.
///
/// # Errors
/// Its lock file is there and may not be read.
pub fn running(state: &Path) -> io::Result<Option<u32>> {
    let path = state.join(FILE_NAME);
    let mut file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| named(&path, error))?,
    };
    Ok(holder(&file).or_else(|| match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => written(&mut file),
        _ => None,
    }))
}

/// The error with the path that it is about.
pub(super) fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
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

/// Asks the kernel who holds the exclusive lock on an open file or folder: `/proc/locks` names processes by inode. Its devices
/// are not those that a file tells on every file system, so each process is asked whether it has this very file open.
fn holder(file: &File) -> Option<u32> {
    let found = file.metadata().ok()?;
    let place = (found.dev(), found.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    locks.lines().filter_map(|line| lock_on(line, place.1)).find(|pid| {
        // Of another user's process the files are not shown; a lock that is had for a moment then tells as much.
        has_open(*pid, place).unwrap_or_else(|_| is_locked(file))
    })
}

/// The process that has an exclusive lock on a file with this inode, by a line of `/proc/locks`.
fn lock_on(line: &str, inode: u64) -> Option<u32> {
    let mut fields = line.split_whitespace();
    let kind = fields.nth(1)?;
    let mode = fields.nth(1)?;
    let pid = fields.next()?;
    let place = fields.next()?;
    let is_it = kind == "FLOCK" && mode == "WRITE" && place.rsplit(':').next()? == inode.to_string();
    // 0 where the process is in a namespace that is not seen from here.
    is_it.then(|| pid.parse().ok().filter(|pid| *pid > 0))?
}

/// Whether a process has the file of this device and inode open; one that has ended has none.
///
/// # Errors
/// Its files are not shown to this user.
fn has_open(pid: u32, sought: (u64, u64)) -> io::Result<bool> {
    let entries = match fs::read_dir(format!("/proc/{pid}/fd")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        entries => entries?,
    };
    let mut closed = None;
    for entry in entries.flatten() {
        match place(&entry.path()) {
            Ok(found) if found == sought => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => closed = Some(error),
            // Another one, or closed meanwhile.
            _ => {}
        }
    }
    closed.map_or(Ok(false), Err)
}

/// Whether somebody has an exclusive lock on the file.
fn is_locked(file: &File) -> bool {
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
        // Where it cannot be given back, closing the file does it.
        Ok(()) => file.unlock().is_err(),
    }
}

/// Whether the process `pid` may call itself `own`: in a container a process has another number than it has from outside.
pub fn is_same_process(pid: u32, own: u32) -> bool {
    let in_namespaces = || fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    pid == own || numbers(&in_namespaces()).contains(&own)
}

/// The numbers of a process in the namespaces that it is in, by its `/proc/<pid>/status`.
fn numbers(status: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
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

fn place_of(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|found| (found.dev(), found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_desk_is_refused_and_told_the_process() {
        let folder = tempfile::tempdir().unwrap();
        let lock = take(folder.path(), &[]).unwrap();
        assert_eq!(running(folder.path()).unwrap(), Some(std::process::id()));
        match take(folder.path(), &[]) {
            Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert_eq!(running(folder.path()).unwrap(), None);
        take(folder.path(), &[]).unwrap();
    }

    #[test]
    fn a_lock_on_another_file_with_the_same_inode_is_not_taken_for_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let file = File::create(&path).unwrap();
        let (device, inode) = place(&path).unwrap();
        let own = std::process::id();
        assert!(has_open(own, (device, inode)).unwrap());
        assert!(!has_open(own, (device + 1, inode)).unwrap(), "another volume");
        drop(file);
        assert!(!has_open(own, (device, inode)).unwrap());
        assert!(!has_open(u32::MAX, (device, inode)).unwrap(), "a process that has ended");
    }

    #[test]
    fn locks_are_read_by_inode() {
        let line = |kind: &str, mode: &str, pid: u32| format!("1: {kind}  ADVISORY  {mode} {pid} 08:01:4711 0 EOF");
        assert_eq!(lock_on(&line("FLOCK", "WRITE", 7), 4711), Some(7));
        assert_eq!(lock_on(&line("FLOCK", "WRITE", 7), 711), None);
        assert_eq!(lock_on(&line("FLOCK", "READ", 7), 4711), None);
        assert_eq!(lock_on(&line("POSIX", "WRITE", 7), 4711), None);
        assert_eq!(lock_on(&line("FLOCK", "WRITE", 0), 4711), None);
    }

    #[test]
    fn a_process_is_known_by_its_number_in_any_namespace() {
        assert_eq!(numbers("Name:\tcopydesk\nNSpid:\t4711\t1\nVmSize: 3 kB\n"), [4711, 1]);
        let own = std::process::id();
        assert!(is_same_process(own, own));
        assert!(!is_same_process(own, u32::MAX));
    }

    #[test]
    fn asking_whether_a_file_is_locked_leaves_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let (one, other) = (File::create(&path).unwrap(), File::open(&path).unwrap());
        assert!(!is_locked(&other));
        one.try_lock().unwrap();
        assert!(is_locked(&other));
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
    fn a_folder_that_is_made_again_is_locked_again() {
        let root = tempfile::tempdir().unwrap();
        let [inbox, one, two] = ["inbox", "one", "two"].map(|name| root.path().join(name));
        fs::create_dir(&inbox).unwrap();
        let mut first = take(&one, &[&inbox]).unwrap();
        fs::rename(&inbox, root.path().join("away")).unwrap();
        first.follow().expect("nothing is there to be locked");
        fs::create_dir(&inbox).unwrap();
        first.follow().unwrap();
        assert!(matches!(take(&two, &[&inbox]), Err(LockError::Held { .. })));
        fs::remove_dir(&inbox).unwrap();
        fs::create_dir(&inbox).unwrap();
        let second = take(&two, &[&inbox]).unwrap();
        assert!(matches!(first.follow(), Err(LockError::Held { .. })), "the second came first");
        drop(second);
        first.follow().unwrap();
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
