//! Events of the file system, reduced to hints: "look at this path" and "look at everything".
//!
//! Whatever goes wrong here, a full queue, no watches left, a file system that does not tell, costs latency and nothing
//! else: the scan finds what the events missed. Folders are watched one by one as the scan meets them, so that `done/` and
//! `failed/`, where the desk itself is busy, are not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind, RenameMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::{Inbox, Patience, Stamp};

/// What happened since the hints were last taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Paths below the inbox, and what the last event of each says: closed or renamed into place, and so whole; being
    /// written; or merely there.
    pub paths: BTreeMap<PathBuf, Patience>,
    /// Something happened that no path tells: scan.
    pub dirty: bool,
    /// Events were lost: the end of a writer that is waited for may be among them.
    pub lost: bool,
}

/// Watches the inbox. Never fails: see [`Self::trouble`] for what keeps it from seeing everything.
pub struct Watcher {
    events: Option<RecommendedWatcher>,
    shared: Arc<Shared>,
    root: PathBuf,
    max_folders: usize,
    /// Watched folders, which folder it was, and in which scan it was last met.
    followed: HashMap<PathBuf, (u64, u64, u64)>,
    scan: u64,
    trouble: Option<String>,
}

struct Shared {
    hints: Mutex<Hints>,
    /// Folders that were removed since the last scan began, and their watches with them; at most `max_folders`.
    gone: Mutex<BTreeSet<PathBuf>>,
    max_folders: usize,
    changed: tokio::sync::Notify,
    max_hints: usize,
    root: PathBuf,
}

impl Watcher {
    /// Starts watching; no folder is watched before it is followed. In `poll` mode nothing is ever hinted.
    pub fn start(inbox: &Inbox) -> Self {
        let settings = inbox.settings();
        let (root, mut trouble) = match std::path::absolute(inbox.root()) {
            Ok(root) => (root, None),
            Err(error) => (inbox.root().to_owned(), Some(error.to_string())),
        };
        let (max_hints, max_folders) = (settings.max_hints, settings.max_watched_folders);
        let shared = Arc::new(Shared {
            hints: Mutex::default(),
            gone: Mutex::default(),
            max_folders,
            changed: tokio::sync::Notify::new(),
            max_hints,
            root: root.clone(),
        });
        let mut events = None;
        if !settings.poll && trouble.is_none() {
            let handler = Arc::clone(&shared);
            let config = notify::Config::default().with_follow_symlinks(false);
            match RecommendedWatcher::new(move |event| handler.take_in(event), config) {
                Ok(watcher) => events = Some(watcher),
                Err(error) => trouble = Some(error.to_string()),
            }
        }
        Self { events, shared, root, max_folders, followed: HashMap::new(), scan: 0, trouble }
    }

    /// What keeps events from being seen everywhere, for the log; `None` when all is well or events are not wanted.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Watches a folder below the inbox (the empty path is the inbox itself). Call it before reading the folder, so that
    /// whatever comes in between is either read or hinted.
    pub fn follow(&mut self, folder: &Path, stamp: &Stamp) {
        let Some(events) = &mut self.events else { return };
        let path = self.root.join(folder);
        let which = (stamp.dev, stamp.inode);
        let is_full = self.followed.len() >= self.max_folders;
        match self.followed.get_mut(folder) {
            Some((dev, inode, scan)) if (*dev, *inode) == which => {
                *scan = self.scan;
                return;
            }
            // Another folder has taken the name, and the watch went with the old one.
            Some(_) => drop(events.unwatch(&path)),
            None if is_full => {
                let max = self.max_folders;
                self.trouble = Some(format!("more than {max} folders (`inbox.max_watched_folders`)"));
                return;
            }
            None => {}
        }
        match events.watch(&path, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.followed.insert(folder.to_owned(), (which.0, which.1, self.scan));
            }
            Err(error) => {
                self.followed.remove(folder);
                self.trouble = Some(error.to_string());
            }
        }
    }

    /// A scan begins: what troubled the last one may be over, and a folder that was removed may be there again, perhaps with
    /// the very inode that it had.
    pub fn begin_scan(&mut self) {
        self.scan += 1;
        for folder in std::mem::take(&mut *lock(&self.shared.gone)) {
            self.followed.remove(&folder);
        }
        if self.events.is_some() {
            self.trouble = None;
        }
    }

    /// A scan has met every folder there is: the others are gone.
    pub fn end_scan(&mut self) {
        let Some(events) = &mut self.events else { return };
        let (scan, root) = (self.scan, &self.root);
        let mut unwatched = HashSet::new();
        self.followed.retain(|folder, (dev, inode, met)| {
            let keep = *met == scan;
            if !keep {
                // The system drops the watch of a removed folder by itself.
                let _ = events.unwatch(&root.join(folder));
                unwatched.insert((*dev, *inode));
            }
            keep
        });
        if unwatched.is_empty() {
            return;
        }
        // A renamed folder has one watch under both names, and it went with the old one.
        self.followed.retain(|folder, (dev, inode, _)| {
            !unwatched.contains(&(*dev, *inode)) || {
                let path = root.join(folder);
                let _ = events.unwatch(&path);
                events.watch(&path, RecursiveMode::NonRecursive).is_ok()
            }
        });
    }

    /// Waits until every event that has happened is hinted: a request to the event thread waits behind the events that came
    /// before it. Some ten microseconds.
    pub fn catch_up(&mut self) {
        if let Some(events) = &mut self.events {
            // Nothing is changed by it; what matters is the answer.
            let _ = events.configure(notify::Config::default());
        }
    }

    /// Takes what has been hinted.
    pub fn take(&self) -> Hints {
        std::mem::take(&mut *lock(&self.shared.hints))
    }

    /// A handle to wait on, from any task.
    pub fn signal(&self) -> Signal {
        Signal(Arc::clone(&self.shared))
    }
}

/// Says when there are hints to take.
#[derive(Clone)]
pub struct Signal(Arc<Shared>);

impl Signal {
    /// Waits until there is something to take; returns at once if something came since the last wait. Cancel safe.
    pub async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

impl Shared {
    /// Runs on the event thread, so it does little: a stalled reader of events loses them.
    fn take_in(&self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) if !event.need_rescan() => event,
            Ok(_) | Err(_) => {
                lock(&self.hints).lost = true;
                return self.hint(None);
            }
        };
        let patience = match event.kind {
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => Patience::None,
            EventKind::Modify(ModifyKind::Name(RenameMode::To)) => Patience::None,
            EventKind::Create(CreateKind::Folder) => return self.hint(None),
            // A file that is linked into place is created and never closed; an empty one has most likely a writer.
            EventKind::Create(_) if cfg!(target_os = "linux") => Patience::Created,
            EventKind::Create(_) => Patience::Usual,
            // Somebody writes, who will close the file when all is written.
            EventKind::Modify(ModifyKind::Data(_)) if cfg!(target_os = "linux") => Patience::Coming,
            // Elsewhere than on Linux a change or a rename is all that is told.
            EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Name(RenameMode::Any)) => Patience::Usual,
            EventKind::Remove(RemoveKind::Folder) => {
                let folders = event.paths.iter().filter_map(|path| path.strip_prefix(&self.root).ok());
                let mut gone = lock(&self.gone);
                let room = self.max_folders.saturating_sub(gone.len());
                gone.extend(folders.take(room).map(Path::to_owned));
                drop(gone);
                return self.hint(None);
            }
            // The inbox itself has been moved away.
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) if event.paths.first() == Some(&self.root) => {
                return self.hint(None);
            }
            _ => return,
        };
        for path in &event.paths {
            if let Ok(path) = path.strip_prefix(&self.root) {
                self.hint(Some((path, patience)));
            }
        }
    }

    fn hint(&self, path: Option<(&Path, Patience)>) {
        let mut hints = lock(&self.hints);
        let has_room = hints.paths.len() < self.max_hints;
        match path {
            Some((path, _)) if path == Path::new("") => {}
            Some((path, patience)) => match hints.paths.get_mut(path) {
                // The last event is the one that counts: after a close the next writer may have begun.
                Some(known) => *known = patience,
                None if has_room => {
                    hints.paths.insert(path.to_owned(), patience);
                }
                None => (hints.dirty, hints.lost) = (true, true),
            },
            None => hints.dirty = true,
        }
        drop(hints);
        // A writer at work is no reason to wake up: it is looked at before what has settled is taken, and its end wakes.
        if path.is_none_or(|(_, patience)| patience != Patience::Coming) {
            self.changed.notify_one();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
