//! Files under names that are free: nothing is ever overwritten, and a new file is there whole or not at all.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::claim::sidecar_name;
use super::{Stamp, name};

/// Temporary names begin and end so; hidden, so that no scan takes them for an input.
pub(super) const TEMPORARY: (&str, &str) = (".copydesk-", ".tmp");

/// What stands under a name, if anything.
pub(super) fn look(folder: impl AsFd, file: &OsStr) -> io::Result<Option<Stamp>> {
    match rustix::fs::statat(folder, file, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(Stamp::of(&stat))),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// `file`, or the first `file~n` that is free.
pub(super) fn free_name(folder: &OwnedFd, file: &OsStr, reserve: usize) -> io::Result<OsString> {
    free_with(file, reserve, |name| Ok(look(folder, name)?.is_some()))
}

/// `file`, or the first `file~n` that is not taken. Doubling and halving, since the same name may come every day for years.
pub(super) fn free_with(
    file: &OsStr,
    reserve: usize,
    is_taken: impl Fn(&OsStr) -> io::Result<bool>,
) -> io::Result<OsString> {
    let candidate = |n: u64| match n {
        0 => name::marked(file, "", reserve),
        n => name::marked(file, &format!("~{n}"), reserve),
    };
    let taken = |n: u64| is_taken(&candidate(n));
    if !taken(0)? {
        return Ok(candidate(0));
    }
    let (mut low, mut high) = (0, 1);
    while taken(high)? {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if taken(middle)? { low = middle } else { high = middle }
    }
    Ok(candidate(high))
}

/// Renames, and fails with `EXIST` rather than overwrite.
pub(super) fn rename_new(from: &OwnedFd, file: &OsStr, to: &OwnedFd, target: &OsStr) -> Result<(), Errno> {
    match rustix::fs::renameat_with(from, file, to, target, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
        result => return result,
    }
    // The file system cannot do it in one step. A link fails where the name is taken; a crash between the two steps leaves
    // the file under both names, and the redo finds it known.
    match rustix::fs::linkat(from, file, to, target, AtFlags::empty()) {
        Ok(()) => rustix::fs::unlinkat(from, file, AtFlags::empty()),
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK | Errno::XDEV) => {
            match rustix::fs::statat(to, target, AtFlags::SYMLINK_NOFOLLOW) {
                // The folder is the desk's own, so nobody takes the name between these two steps.
                Err(Errno::NOENT) => rustix::fs::renameat(from, file, to, target),
                Ok(_) => Err(Errno::EXIST),
                Err(error) => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

/// Undoes a move; where the old name is taken again by a still newer file, under a free name beside it.
pub(super) fn put_back(folder: &OwnedFd, target: &OsStr, parent: &OwnedFd, file: &OsStr) -> io::Result<()> {
    let mut back = file.to_owned();
    loop {
        match rename_new(folder, target, parent, &back) {
            Err(Errno::EXIST) => back = free_name(parent, file, 0)?,
            Err(Errno::NOENT) => return Ok(()),
            result => return Ok(result?),
        }
    }
}

/// Moves a sidecar to where it belongs beside `target`, or under a free name near it; which, `None` where it is not there.
pub(super) fn move_sidecar(
    from: &OwnedFd,
    sidecar: &OsStr,
    to: &OwnedFd,
    target: &OsStr,
) -> io::Result<Option<OsString>> {
    let mut wanted = sidecar_name(target);
    loop {
        match rename_new(from, sidecar, to, &wanted) {
            Ok(()) => return Ok(Some(wanted)),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::EXIST) => wanted = free_name(to, &sidecar_name(target), 0)?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Removes a file if it is there.
pub(super) fn remove(folder: &OwnedFd, file: &OsStr) -> io::Result<()> {
    match rustix::fs::unlinkat(folder, file, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a file can be made in a folder.
pub(super) fn try_room(folder: &OwnedFd) -> io::Result<()> {
    let name = format!("{}{}-room{}", TEMPORARY.0, std::process::id(), TEMPORARY.1);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, &name, flags, Mode::from_raw_mode(0o600))?;
    Ok(rustix::fs::unlinkat(folder, &name, AtFlags::empty())?)
}

/// Writes a file so that it is there whole or not at all.
pub(super) fn write_whole(folder: &OwnedFd, file: &OsStr, bytes: &[u8]) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = format!("{}{}-{n}{}", TEMPORARY.0, std::process::id(), TEMPORARY.1);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666);
    let mut opened = File::from(rustix::fs::openat(folder, &temporary, flags, mode)?);
    // Crash up to the rename: a hidden temporary file, which the next start removes.
    let written = opened
        .write_all(bytes)
        .and_then(|()| opened.sync_all())
        .and_then(|()| Ok(rustix::fs::renameat(folder, &temporary, folder, file)?));
    if written.is_err() {
        // The disk may be full: what was written is given back, and the first error is the one that counts.
        let _ = rustix::fs::unlinkat(folder, &temporary, AtFlags::empty());
    }
    written?;
    // Without this a power cut may bring back the folder as it was, with neither file nor report.
    Ok(rustix::fs::fsync(folder)?)
}
