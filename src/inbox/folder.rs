//! Folders below the inbox, opened one component at a time and never through a link.
//!
//! `openat2` would do it in one call where a kernel has it and a sandbox allows it; inputs lie one or two folders deep, so
//! the walk that works everywhere costs a microsecond.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::{Inbox, name};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Names that are tried for a folder whose own is a file's.
const MOST_TAKEN: u32 = 100;

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

/// Opens `<below>/<the folders of path>`, made where missing, and says where that is: where a file has the name of a folder,
/// as after a page `news` came a folder `news`, the folder is `news~1`. `below` itself has no other name.
pub(super) fn make_parent(inbox: &Inbox, below: Option<&str>, path: &Path) -> io::Result<(Arc<OwnedFd>, PathBuf)> {
    let mut folder = open_root(inbox)?;
    let mut place = PathBuf::new();
    for part in below.map(OsStr::new).into_iter().chain(folders(path)?) {
        let mut name = part.to_owned();
        let mut taken = 0;
        let most_taken = if below.is_some() && place == Path::new("") { 0 } else { MOST_TAKEN };
        let opened = loop {
            match make_in(&folder, &name) {
                Err(error) if taken < most_taken && is_no_folder(&error) => {
                    taken += 1;
                    name = name::marked(part, &format!("~{taken}"), 0);
                }
                opened => break opened?,
            }
        };
        folder = Arc::new(opened);
        place.push(name);
    }
    Ok((folder, place))
}

/// Opens the folder `name` in `parent`, made where it is missing.
fn make_in(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    match open_in(parent, name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    match rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777)) {
        // Without this a power cut may take the folder back, with files in it that were said to be there.
        Ok(()) => rustix::fs::fsync(parent)?,
        // Somebody else made it in between.
        Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    open_in(parent, name)
}

fn is_no_folder(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::NOTDIR | Errno::LOOP))
}

/// The folders of a relative path, in order.
fn folders(path: &Path) -> io::Result<impl Iterator<Item = &OsStr>> {
    if !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Errno::INVAL.into());
    }
    Ok(path.parent().into_iter().flat_map(Path::components).map(Component::as_os_str))
}
