//! The inbox folder: which files are there, when one may be read, how it is opened, and where it goes afterwards.
//!
//! The only stage that touches the file system on the input side. Events are hints and the scan is the truth; paths are
//! relative to the inbox and followed component by component, so that no link leads out of it.

mod claim;
mod failed;
mod fault;
mod folder;
mod ignore;
mod intake;
mod leaving;
mod moves;
mod name;
mod retire;
mod scan;
mod settle;
mod watcher;
mod writers;

pub use claim::{Claim, Refused, Stamp};
pub use failed::{FailedEntry, FailedList, Retried};
pub use fault::Fault;
pub use ignore::Ignore;
pub use intake::{Batch, Intake, Ready};
pub use name::{decode_path, encode_path, source_folder};
pub use retire::{ERROR_ENDING, ErrorReport, Retired, Stuck};
pub use scan::{Found, Scan, Skipped};
use settle::{Patience, Settler, Verdict};
use watcher::Watcher;

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Folder below the inbox for what has been taken in.
pub const DONE: &str = "done";
/// Folder below the inbox for what could not be, each with its reason beside it.
pub const FAILED: &str = "failed";

/// Where files come in, and how they are picked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub path: PathBuf,
    /// How long a file must stay unchanged before it is read, unless it was closed or renamed into place.
    pub settle_ms: u64,
    /// Time between two scans of the whole inbox; what the events miss waits that long at most. Longer where more than 25,000
    /// names lie there, a folder counting for thirty, and events tell of new ones.
    pub scan_interval_s: u64,
    /// Do without events: for network and overlay file systems, which do not tell.
    pub poll: bool,
    pub done: Done,
    /// Patterns of names that are no inputs; with a slash they speak of the path below the inbox.
    pub ignore: Vec<String>,
    /// Levels of sub-folders that are looked into.
    pub max_depth: usize,
    /// Hinted paths held between two looks; past it the whole inbox is scanned.
    pub max_hints: usize,
    /// Files watched at once for having settled; the scan waits for them.
    pub max_settling: usize,
    /// Sub-folders with a watch of their own; files in further ones wait for the scan.
    pub max_watched_folders: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            path: PathBuf::from("inbox"),
            settle_ms: 300,
            scan_interval_s: 10,
            poll: false,
            done: Done::Move,
            ignore: Vec::new(),
            max_depth: 16,
            max_hints: 65_536,
            max_settling: 16_384,
            max_watched_folders: 16_384,
        }
    }
}

/// What becomes of a file that has been taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It goes to `done/`.
    #[default]
    Move,
    Delete,
    /// It stays where it is.
    Keep,
}

/// The inbox folder, with what is ignored in it. Cheap to clone; opened anew for each use, so that a folder that is removed
/// and made again is found again, unless it is [`Self::held`].
#[derive(Clone, Debug)]
pub struct Inbox {
    settings: Arc<Settings>,
    ignore: Arc<Ignore>,
    held: Option<Arc<OwnedFd>>,
}

impl Inbox {
    /// Compiles the patterns; the error names the one that is wrong. Whether the folder is there is seen at each use.
    pub fn new(settings: Settings) -> Result<Self, globset::Error> {
        let ignore = Arc::new(Ignore::new(&settings.ignore)?);
        Ok(Self { settings: Arc::new(settings), ignore, held: None })
    }

    /// The same inbox, held open: the folder that has the path now, whatever becomes of the path. For files that were found
    /// together, which spares each of them the way to the folder; whoever keeps it keeps a descriptor.
    pub fn held(&self) -> io::Result<Self> {
        Ok(Self { held: Some(folder::open_root(&self.released())?), ..self.clone() })
    }

    /// Does something in the folder that is held; where that fails, once more in the one that has the path now, since
    /// another may have been mounted or made in its place.
    pub fn here_or_anew<T, E>(&self, mut work: impl FnMut(&Self) -> Result<T, E>) -> Result<T, E> {
        match work(self) {
            Err(_) if self.held.is_some() => work(&self.released()),
            result => result,
        }
    }

    /// The same inbox, not held.
    pub fn released(&self) -> Self {
        Self { held: None, ..self.clone() }
    }

    /// The inbox folder, as set.
    pub fn root(&self) -> &Path {
        &self.settings.path
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}
