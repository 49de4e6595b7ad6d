//! Folders below the inbox, opened one component at a time and never through a link.
//!
//! `openat2` would do it in one call where a kernel has it and a sandbox allows it; inputs lie one or two folders deep, so
//! the walk that works everywhere costs a microsecond.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::Inbox;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Opens the inbox itself, which alone may be reached through a link: whoever wrote the settings chose it.
pub(super) fn open_root(inbox: &Inbox) -> io::Result<Arc<OwnedFd>> {
    match &inbox.held {
        Some(root) => Ok(root.clone()),
        None => Ok(Arc::new(rustix::fs::open(inbox.root(), FOLDER, Mode::empty())?)),
    }
}

/// Opens the folder `name` in `parent`.
pub(super) fn open_in(parent: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    Ok(rustix::fs::openat(parent, name, FOLDER.union(OFlags::NOFOLLOW), Mode::empty())?)
}

/// Opens the folder that holds `path`, and gives the last component.
///
/// Refuses paths that are absolute, empty, or hold `..`.
pub(super) fn open_parent<'a>(inbox: &Inbox, path: &'a Path) -> io::Result<(Arc<OwnedFd>, &'a OsStr)> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let mut folder = open_root(inbox)?;
    for part in folders(path)? {
        folder = Arc::new(open_in(&folder, part)?);
    }
    Ok((folder, name))
}

/// Opens `<below>/<the folders of path>`, made where missing.
pub(super) fn make_parent(inbox: &Inbox, below: Option<&str>, path: &Path) -> io::Result<Arc<OwnedFd>> {
    let mut folder = open_root(inbox)?;
    for part in below.map(OsStr::new).into_iter().chain(folders(path)?) {
        let opened = match open_in(&folder, part) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match rustix::fs::mkdirat(&folder, part, Mode::from_raw_mode(0o777)) {
                    // Somebody else made it in between.
                    Ok(()) | Err(Errno::EXIST) => open_in(&folder, part)?,
                    Err(error) => return Err(error.into()),
                }
            }
            opened => opened?,
        };
        folder = Arc::new(opened);
    }
    Ok(folder)
}

/// The folders of a relative path, in order.
fn folders(path: &Path) -> io::Result<impl Iterator<Item = &OsStr>> {
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Errno::INVAL.into());
    }
    Ok(path.parent().into_iter().flat_map(Path::components).map(Component::as_os_str))
}
