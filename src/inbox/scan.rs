//! Walks the inbox, streaming: a million names cost no more memory than ten, one open folder for each level.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, Dir, FileType};
use rustix::io::Errno;

use super::claim::kind_name;
use super::{Fault, Inbox, Stamp, folder};
use crate::article::SIDECAR_ENDING;

/// One thing found in the inbox; paths are relative to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A file that may be an input.
    File { path: PathBuf, stamp: Stamp, is_orphan_sidecar: bool },
    /// A sidecar whose document is there: read with it and never alone.
    Sidecar,
    /// A sub-folder, before what is in it; the inbox itself comes first, with an empty path.
    Folder { path: PathBuf, stamp: Stamp },
    /// Something that is never read.
    Skipped(Skipped),
}

/// What was passed over, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub path: PathBuf,
    pub why: String,
    /// It may be an input, or hold some: somebody should see to it.
    pub is_news: bool,
    /// The disk failed at it: worth another look soon.
    pub is_unsure: bool,
}

impl Skipped {
    fn never_read(path: PathBuf, why: String, is_news: bool) -> Self {
        Self { path, why, is_news, is_unsure: false }
    }

    fn closed(path: PathBuf, error: &io::Error) -> Self {
        let why = format!("{error}: it is taken once it can be read");
        Self { path, why, is_news: true, is_unsure: Fault::is_at_one_place(error) }
    }
}

/// A walk over the whole inbox, one step at a time.
///
/// An error about a sub-folder is a [`Skipped`]; an error is given only for what concerns the desk, and ends the walk.
#[derive(Debug)]
pub struct Scan {
    inbox: Inbox,
    /// The folders that the walk is in, outermost first.
    open: Vec<Level>,
    started: bool,
}

struct Level {
    entries: Dir,
    /// The same folder once more, to look at files and to open folders from.
    folder: Arc<OwnedFd>,
    path: PathBuf,
    stamp: Stamp,
}

impl std::fmt::Debug for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Level").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Inbox {
    /// Begins a walk; nothing is read yet.
    pub fn scan(&self) -> Scan {
        Scan { inbox: self.clone(), open: Vec::new(), started: false }
    }

    /// Looks at one path as a scan would; `None` when it is gone or is no input.
    pub fn look_at(&self, path: &Path) -> io::Result<Option<Found>> {
        if self.ignore.matches_any_part(path) || path.components().count() > self.settings.max_depth + 1 {
            return Ok(None);
        }
        let found = match folder::open_parent(self, path) {
            Err(error) if Fault::of(&error) == Fault::Vanished => return Ok(None),
            opened => opened.and_then(|(parent, name)| examine(&parent, name, path.to_owned())),
        };
        match found {
            // What cannot be had is passed over, as in a scan; the inbox itself must be there for that to be said.
            Err(error) if is_passed_over(path, &error) => {
                folder::open_root(self)?;
                Ok(Some(Found::Skipped(Skipped::closed(path.to_owned(), &error))))
            }
            found => found,
        }
    }
}

impl Iterator for Scan {
    type Item = io::Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.started {
            self.started = true;
            let opened = folder::open_root(&self.inbox).and_then(|root| Level::new(root, PathBuf::new()));
            return Some(opened.map(|level| {
                let stamp = level.stamp;
                self.open.push(level);
                Found::Folder { path: PathBuf::new(), stamp }
            }));
        }
        loop {
            let level = self.open.last_mut()?;
            let entry = match level.entries.next() {
                None => {
                    self.open.pop();
                    continue;
                }
                Some(Ok(entry)) => entry,
                Some(Err(error)) => {
                    let level = self.open.pop()?;
                    match self.problem(level.path, error.into()) {
                        Some(found) => return Some(found),
                        None => continue,
                    }
                }
            };
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            if name == "." || name == ".." {
                continue;
            }
            let path = level.path.join(&name);
            if self.inbox.ignore.matches(&path) {
                continue;
            }
            match examine(&level.folder, &name, path.clone()) {
                Ok(None) => {}
                Ok(Some(Found::Folder { path, .. })) => {
                    if let Some(found) = self.enter(&name, path) {
                        return Some(found);
                    }
                }
                Ok(Some(found)) => return Some(Ok(found)),
                Err(error) => {
                    if let Some(found) = self.problem(path, error) {
                        return Some(found);
                    }
                }
            }
        }
    }
}

impl Scan {
    fn enter(&mut self, name: &OsStr, path: PathBuf) -> Option<io::Result<Found>> {
        if self.open.len() > self.inbox.settings.max_depth {
            let why = format!("deeper than {} folders (`inbox.max_depth`)", self.inbox.settings.max_depth);
            return Some(Ok(Found::Skipped(Skipped::never_read(path, why, true))));
        }
        let parent = self.open.last()?;
        match folder::open_in(&parent.folder, name).and_then(|folder| Level::new(Arc::new(folder), path.clone())) {
            Ok(level) => {
                let stamp = level.stamp;
                self.open.push(level);
                Some(Ok(Found::Folder { path, stamp }))
            }
            Err(error) => self.problem(path, error),
        }
    }

    /// What vanished is no problem; what cannot be had is passed over; what concerns the desk ends the walk.
    fn problem(&mut self, path: PathBuf, error: io::Error) -> Option<io::Result<Found>> {
        match Fault::of(&error) {
            Fault::Vanished => None,
            _ if is_passed_over(&path, &error) => Some(Ok(Found::Skipped(Skipped::closed(path, &error)))),
            _ => {
                self.open.clear();
                Some(Err(error))
            }
        }
    }
}

impl Level {
    fn new(folder: Arc<OwnedFd>, path: PathBuf) -> io::Result<Self> {
        let stamp = Stamp::of(&rustix::fs::fstat(&folder)?);
        Ok(Self { entries: Dir::read_from(&folder)?, folder, path, stamp })
    }
}

/// Whether an error concerns this one path and no other; of the inbox itself, whose path is empty, it concerns all.
fn is_passed_over(path: &Path, error: &io::Error) -> bool {
    Fault::of(error) == Fault::Document || path != Path::new("") && Fault::is_at_one_place(error)
}

/// What stands under one name.
fn examine(parent: impl AsFd, name: &OsStr, path: PathBuf) -> io::Result<Option<Found>> {
    let stat = match rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(None),
        stat => stat?,
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        FileType::Directory => return Ok(Some(Found::Folder { path, stamp: Stamp::of(&stat) })),
        kind => {
            let why = format!("not a file but {}", kind_name(kind));
            return Ok(Some(Found::Skipped(Skipped::never_read(path, why, kind == FileType::Symlink))));
        }
    }
    let document = name.as_bytes().strip_suffix(SIDECAR_ENDING.as_bytes()).filter(|name| !name.is_empty());
    if let Some(document) = document {
        match rustix::fs::statat(&parent, OsStr::from_bytes(document), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => return Ok(Some(Found::Sidecar)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(Found::File { path, stamp: Stamp::of(&stat), is_orphan_sidecar: document.is_some() }))
}
