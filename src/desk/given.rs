//! Files and folders given by name: which of them are read, where they are.
//!
//! Its own file because nothing is watched here, and because a folder that is named may hold those of the desk itself, whose
//! files are no articles.

use std::collections::HashMap;
use std::fs::{self, FileType};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;
use xxhash_rust::xxh3::xxh3_64;

use super::Plan;
use super::health::Health;
use super::progress::Progress;
use super::reader::Task;
use crate::inbox::{self, DONE, Done, FAILED, Found, Inbox, Skipped};

/// Files sorted together when folders are given: up to so many, their order is that of their names, whatever the file system's
/// is; further ones come after them.
const SORTED_AT_ONCE: usize = 65_536;

/// Hands on given files and folders, which stay where they are. Returns early when the desk is to stop.
///
/// Gives the first path that is not there, is neither file nor folder, or lies in a folder of the desk. Nothing of such a path is
/// read, and the others are; the log tells of further ones.
pub fn walk(
    given: &[PathBuf],
    plan: &Plan,
    tasks: &Sender<Task>,
    progress: &Progress,
    health: &Health,
) -> Option<(PathBuf, io::Error)> {
    let names = Names { has_several: given.len() > 1, ..Names::default() };
    let mut walk = Walk { plan, own: Own::of(plan), names, tasks, progress, health };
    let mut first = None;
    for path in given {
        if health.stopping() {
            break;
        }
        match (walk.take(path), &first) {
            (Ok(()), _) => {}
            (Err(error), None) => first = Some((path.clone(), error)),
            (Err(error), Some(_)) => tracing::error!(path = %path.display(), %error, "not taken"),
        }
    }
    first
}

/// What is asked of each path.
struct Walk<'a> {
    plan: &'a Plan,
    own: Own,
    names: Names,
    tasks: &'a Sender<Task>,
    progress: &'a Progress,
    health: &'a Health,
}

impl Walk<'_> {
    fn take(&mut self, path: &Path) -> io::Result<()> {
        let kind = fs::metadata(path)?.file_type();
        if !kind.is_dir() && !kind.is_file() {
            return Err(io::Error::other(no_file(kind)));
        }
        // The links on the way are those of whoever named it; below a folder none is followed.
        let real = path.canonicalize()?;
        self.own.refuse(&real)?;
        if kind.is_dir() {
            return self.take_folder(path);
        }
        let is_link = fs::symlink_metadata(path)?.is_symlink();
        let path = if is_link { &real } else { path };
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        self.send(&self.below(parent)?, &mut vec![PathBuf::from(name)])
    }

    fn take_folder(&mut self, path: &Path) -> io::Result<()> {
        let inbox = self.below(path)?;
        let mut found = Vec::new();
        // What lies in a folder comes right after it.
        let mut skipped: Option<PathBuf> = None;
        for entry in inbox.scan() {
            if self.health.stopping() {
                return Ok(());
            }
            let is_skipped = |path: &Path| skipped.as_ref().is_some_and(|own| path.starts_with(own));
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.send(&inbox, &mut found)?;
                    return Err(error);
                }
            };
            match entry {
                Found::File { path, .. } if !is_skipped(&path) => {
                    found.push(path);
                    if found.len() == SORTED_AT_ONCE {
                        self.send(&inbox, &mut found)?;
                    }
                }
                Found::Folder { path, stamp }
                    if !is_skipped(&path) && self.own.is_skipped(&path, (stamp.dev, stamp.inode)) =>
                {
                    tracing::info!(path = %path.display(), why = "a folder of the desk itself", "passed over");
                    skipped = Some(path);
                }
                Found::Skipped(Skipped { path, why, is_news: true, .. }) if !is_skipped(&path) => {
                    tracing::warn!(path = %path.display(), why, "passed over");
                }
                Found::Skipped(Skipped { path, why, .. }) => {
                    tracing::debug!(path = %path.display(), why, "passed over");
                }
                Found::File { .. } | Found::Folder { .. } | Found::Sidecar => {}
            }
        }
        self.send(&inbox, &mut found)
    }

    fn below(&self, root: &Path) -> io::Result<Inbox> {
        let settings = inbox::Settings { path: root.to_owned(), done: Done::Keep, ..self.plan.inbox.clone() };
        Inbox::new(settings).map_err(io::Error::other)
    }

    fn send(&mut self, inbox: &Inbox, found: &mut Vec<PathBuf>) -> io::Result<()> {
        found.sort_unstable();
        self.progress.found.fetch_add(found.len() as u64, Ordering::Relaxed);
        let root = place(inbox.root()).ok_or(io::ErrorKind::NotFound)?;
        for path in found.drain(..) {
            let name = self.names.of(inbox.root(), root, &path);
            let task = Task { inbox: inbox.clone(), path, name, stamp: None, in_place: true };
            if self.health.stopping() || self.tasks.send(task).is_err() {
                break;
            }
        }
        Ok(())
    }
}

/// The names that files have in their records: their paths below what was given. Where two folders have files of one name, those
/// of the second are told apart by the path of their folder.
#[derive(Default)]
struct Names {
    has_several: bool,
    /// By the hash of a path, the folder that it was found in first.
    taken: HashMap<u64, Place>,
}

impl Names {
    /// The name of a file, where it is not its path.
    fn of(&mut self, root: &Path, place: Place, path: &Path) -> Option<PathBuf> {
        if !self.has_several || *self.taken.entry(xxh3_64(path.as_os_str().as_bytes())).or_insert(place) == place {
            return None;
        }
        let plain = root.components().filter(|part| matches!(part, Component::Normal(_)));
        Some(plain.collect::<PathBuf>().join(path))
    }
}

fn no_file(kind: FileType) -> String {
    let what = if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    format!("is {what}, neither a file nor a folder; `copydesk clean -` reads from a pipe")
}

/// Device and inode of a folder.
type Place = (u64, u64);

/// The folders of the desk, by what they are and not by their names.
struct Own {
    /// Never read, each with the reason.
    closed: Vec<(Place, &'static str)>,
    /// Files that were articles already: read only where the folder itself, or what is in it, is named.
    done: Option<Place>,
}

impl Own {
    fn of(plan: &Plan) -> Self {
        let closed = [
            (plan.outbox.path.clone(), "lies in the outbox, whose records are no articles to take"),
            (plan.state.path.clone(), "lies in the state folder, which holds no articles"),
            (plan.inbox.path.join(FAILED), "lies in failed/ of the inbox; `copydesk failed retry` puts files back"),
        ];
        Self {
            closed: closed.into_iter().filter_map(|(path, why)| Some((place(&path)?, why))).collect(),
            done: place(&plan.inbox.path.join(DONE)),
        }
    }

    /// Refuses a path without links that is, or lies in, a closed folder.
    fn refuse(&self, path: &Path) -> io::Result<()> {
        let above: Vec<Place> = path.ancestors().filter_map(place).collect();
        match self.closed.iter().find(|(folder, _)| above.contains(folder)) {
            Some((_, why)) => Err(io::Error::other(*why)),
            None => Ok(()),
        }
    }

    /// Whether a folder that a walk came upon is passed over; `path` is empty for the one that was named.
    fn is_skipped(&self, path: &Path, place: Place) -> bool {
        let is_closed = || self.closed.iter().any(|(folder, _)| *folder == place);
        path != Path::new("") && (self.done == Some(place) || is_closed())
    }
}

fn place(path: &Path) -> Option<Place> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
