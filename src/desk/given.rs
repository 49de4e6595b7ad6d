//! Files and folders given by name: which of them are read, where they are.
//!
//! Its own file because nothing is watched here, and because a folder that is named may hold those of the desk itself, whose
//! files are no articles.

use std::fs::{self, FileType};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use crossbeam_channel::Sender;

use super::Plan;
use super::health::Health;
use super::progress::Progress;
use super::reader::Task;
use crate::inbox::{self, DONE, Done, FAILED, Found, Inbox};

/// Files sorted together when folders are given: their order is that of their names, whatever the file system's is.
const SORTED_AT_ONCE: usize = 65_536;

/// Hands on given files and folders, which stay where they are. Returns early when the desk is to stop.
///
/// # Errors
/// A path that is not there, is neither file nor folder, or lies in a folder of the desk, before anything of it is read.
pub fn walk(
    given: &[PathBuf],
    plan: &Plan,
    tasks: &Sender<Task>,
    progress: &Progress,
    health: &Health,
) -> Result<(), (PathBuf, io::Error)> {
    let own = Own::of(plan);
    for path in given {
        let about = |error| (path.clone(), error);
        let below = |root: &Path| {
            let settings = inbox::Settings { path: root.to_owned(), done: Done::Keep, ..plan.inbox.clone() };
            Inbox::new(settings).map_err(|error| about(io::Error::other(error)))
        };
        let kind = fs::metadata(path).map_err(about)?.file_type();
        if !kind.is_dir() && !kind.is_file() {
            return Err(about(io::Error::other(no_file(kind))));
        }
        // The links on the way are those of whoever named it; below a folder none is followed.
        let real = path.canonicalize().map_err(about)?;
        own.refuse(&real).map_err(about)?;
        if kind.is_dir() {
            let inbox = below(path)?;
            let mut found = Vec::new();
            // What lies in a folder comes right after it.
            let mut skipped: Option<PathBuf> = None;
            for entry in inbox.scan() {
                let is_skipped = |path: &Path| skipped.as_ref().is_some_and(|own| path.starts_with(own));
                match entry.map_err(about)? {
                    Found::File { path, .. } if !is_skipped(&path) => {
                        found.push(path);
                        if found.len() == SORTED_AT_ONCE {
                            send(&inbox, &mut found, tasks, progress, health);
                        }
                    }
                    Found::Folder { path, stamp }
                        if !is_skipped(&path) && own.is_skipped(&path, (stamp.dev, stamp.inode)) =>
                    {
                        tracing::info!(path = %path.display(), why = "a folder of the desk itself", "passed over");
                        skipped = Some(path);
                    }
                    Found::Skipped(skipped) => {
                        tracing::debug!(path = %skipped.path.display(), why = skipped.why, "passed over");
                    }
                    Found::File { .. } | Found::Folder { .. } | Found::Sidecar => {}
                }
            }
            send(&inbox, &mut found, tasks, progress, health);
        } else {
            let is_link = fs::symlink_metadata(path).map_err(about)?.is_symlink();
            let path = if is_link { &real } else { path };
            let name = path.file_name().ok_or_else(|| about(io::ErrorKind::InvalidInput.into()))?;
            let parent = path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
            send(&below(parent)?, &mut vec![PathBuf::from(name)], tasks, progress, health);
        }
    }
    Ok(())
}

fn send(inbox: &Inbox, found: &mut Vec<PathBuf>, tasks: &Sender<Task>, progress: &Progress, health: &Health) {
    found.sort_unstable();
    progress.found.fetch_add(found.len() as u64, Ordering::Relaxed);
    for path in found.drain(..) {
        if health.stopping() || tasks.send(Task { inbox: inbox.clone(), path, stamp: None, in_place: true }).is_err() {
            return;
        }
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
