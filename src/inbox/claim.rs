//! Opens a file for reading, safely: no link is followed, nothing blocks, only regular files under the cap are taken.
//!
//! A claim remembers what the file looked like, so that whoever has read it can ask whether it was one version throughout.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{Fault, Inbox, folder};
use crate::article::SIDECAR_ENDING;
use crate::crash;

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    pub dev: u64,
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970, as `ctime_ns`.
    pub mtime_ns: i128,
    pub ctime_ns: i128,
}

impl Stamp {
    #[allow(clippy::unnecessary_cast, reason = "the widths of these fields differ between platforms")]
    pub(super) fn of(stat: &Stat) -> Self {
        let nanoseconds = |seconds: i128, rest: i128| seconds * 1_000_000_000 + rest;
        Self {
            dev: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size.max(0) as u64,
            mtime_ns: nanoseconds(stat.st_mtime as i128, stat.st_mtime_nsec as i128),
            ctime_ns: nanoseconds(stat.st_ctime as i128, stat.st_ctime_nsec as i128),
        }
    }

    /// Equal but for the time of the last status change, which a rename sets.
    pub fn is_same_content(&self, other: &Self) -> bool {
        Self { ctime_ns: 0, ..*self } == Self { ctime_ns: 0, ..*other }
    }
}

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is gone, or something else has taken its place: look again.
    #[error("the file is no longer there")]
    Vanished,
    /// A link, folder, FIFO, socket or device: never an input.
    #[error("not a regular file but {0}")]
    NotRegular(&'static str),
    #[error("the file holds {size} bytes, more than {limit}")]
    TooLarge { size: u64, limit: u64 },
    /// This file cannot be opened, now at least.
    #[error("the file cannot be opened: {0}")]
    Document(#[source] io::Error),
    /// The desk is in trouble; the file is not to blame.
    #[error("the inbox cannot be read: {0}")]
    Desk(#[source] io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match Fault::of(&error) {
            Fault::Vanished => Self::Vanished,
            Fault::Document => Self::Document(error),
            Fault::Desk => Self::Desk(error),
        }
    }
}

impl Refused {
    /// Whether the disk failed at this very file: others may be sound, so the desk need not wait for it.
    pub fn is_bad_sector(&self) -> bool {
        matches!(self, Self::Desk(error) if Fault::is_at_one_place(error))
    }
}

/// A file opened for reading.
#[derive(Debug)]
pub struct Claim {
    pub file: File,
    /// Relative to the inbox.
    pub path: PathBuf,
    /// As it was when it was opened.
    pub stamp: Stamp,
    /// The bytes of the sidecar beside it, if there is one.
    pub sidecar: Option<Vec<u8>>,
    /// What the sidecar looked like when it was opened.
    beside: Option<Stamp>,
    /// The folder that it was opened in.
    parent: Arc<OwnedFd>,
}

/// How long a sidecar that is no JSON is taken for one that is still being written.
const YOUNG: Duration = Duration::from_secs(10);

impl Claim {
    /// Its bytes.
    pub fn bytes(&self) -> impl Read + '_ {
        Bytes(&self.file)
    }

    /// Whether the sidecar seems to be half-written: it is no JSON, and changed a moment ago.
    pub fn is_early(&self, now: SystemTime) -> bool {
        let (Some(bytes), Some(stamp)) = (&self.sidecar, &self.beside) else { return false };
        // By the time of the last status change, which nobody sets; a clock that was set back makes nothing young.
        let changed = Duration::from_nanos(u64::try_from(stamp.ctime_ns).unwrap_or(0));
        let age = now.duration_since(UNIX_EPOCH).ok().and_then(|now| now.checked_sub(changed));
        age.is_some_and(|age| age < YOUNG) && serde_json::from_slice::<IgnoredAny>(bytes).is_err()
    }

    /// Whether file and sidecar are still what was opened, and still under their names: ask after the last byte was read.
    pub fn unchanged(&self) -> io::Result<bool> {
        if Stamp::of(&rustix::fs::fstat(&self.file)?) != self.stamp {
            return Ok(false);
        }
        let Some(name) = self.path.file_name() else { return Ok(false) };
        let file = rustix::fs::statat(&self.parent, name, AtFlags::SYMLINK_NOFOLLOW);
        let is_same = match file {
            Ok(stat) => Stamp::of(&stat) == self.stamp,
            Err(error) if Fault::of(&error.into()) == Fault::Vanished => false,
            Err(error) => return Err(error.into()),
        };
        // One that cannot be looked at counts as none, as when it was opened.
        let beside = rustix::fs::statat(&self.parent, sidecar_name(name), AtFlags::SYMLINK_NOFOLLOW).ok();
        let beside = beside.filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile);
        Ok(is_same && beside.as_ref().map(Stamp::of) == self.beside)
    }
}

/// A file's bytes, where a test can make the system fail.
struct Bytes<'a>(&'a File);

impl Read for Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        crash::fault("inbox.read")?;
        self.0.read(buffer)
    }
}

impl Inbox {
    /// Opens a file below the inbox, and its sidecar; `path` is relative. `max_bytes` bounds the file as it lies on disk,
    /// `max_sidecar_bytes` what is read of a sidecar (one byte more is read of a larger one, so that it can be refused).
    pub fn claim(&self, path: &Path, max_bytes: u64, max_sidecar_bytes: u64) -> Result<Claim, Refused> {
        let (parent, name) = match folder::open_parent(self, path) {
            Ok(opened) => opened,
            Err(error) => return Err(self.parent_refused(error)),
        };
        let (file, stamp) = open_regular(&parent, name)?;
        if stamp.size > max_bytes {
            return Err(Refused::TooLarge { size: stamp.size, limit: max_bytes });
        }
        let (sidecar, beside) = match open_regular(&parent, &sidecar_name(name)) {
            Ok((file, stamp)) => {
                let mut bytes = Vec::new();
                file.take(max_sidecar_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
                (Some(bytes), Some(stamp))
            }
            Err(Refused::Vanished | Refused::NotRegular(_)) => (None, None),
            // A name so long that no sidecar fits beside it has none.
            Err(Refused::Document(error)) if Errno::from_io_error(&error) == Some(Errno::NAMETOOLONG) => (None, None),
            Err(refused) => return Err(refused),
        };
        Ok(Claim { file, path: path.to_owned(), stamp, sidecar, beside, parent })
    }

    /// What a path below the inbox looks like now; `None` when no regular file is there.
    pub fn stat(&self, path: &Path) -> io::Result<Option<Stamp>> {
        let stat = folder::open_parent(self, path)
            .and_then(|(parent, name)| Ok(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?));
        match stat {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Ok(Some(Stamp::of(&stat))),
            Ok(_) => Ok(None),
            Err(error) if Fault::of(&error) == Fault::Vanished => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a file has a sidecar beside it.
    pub(super) fn has_sidecar(&self, path: &Path) -> bool {
        self.stat(&sidecar_path(path)).is_ok_and(|found| found.is_some())
    }

    /// A missing folder may be the file's own, which has vanished, or the inbox itself, which concerns the desk.
    fn parent_refused(&self, error: io::Error) -> Refused {
        match (Refused::from(error), folder::open_root(self)) {
            (_, Err(error)) => Refused::Desk(error),
            (refused, Ok(_)) => refused,
        }
    }
}

/// Where a file's sidecar is.
pub(super) fn sidecar_path(path: &Path) -> PathBuf {
    PathBuf::from(sidecar_name(path.as_os_str()))
}

/// The name of the sidecar that belongs to a file.
pub(super) fn sidecar_name(name: &OsStr) -> OsString {
    let mut sidecar = name.to_owned();
    sidecar.push(SIDECAR_ENDING);
    sidecar
}

/// What a file that is no regular one is called.
pub(super) fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a regular file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        FileType::CharacterDevice => "a character device",
        FileType::BlockDevice => "a block device",
        _ => "of an unknown kind",
    }
}

/// Looks before it opens, since opening a device may act on it, and again afterwards, since the name may have changed hands.
fn open_regular(parent: impl AsFd, name: &OsStr) -> Result<(File, Stamp), Refused> {
    let regular = |stat: Stat| match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Stamp::of(&stat)),
        kind => Err(Refused::NotRegular(kind_name(kind))),
    };
    crash::fault("inbox.open")?;
    regular(rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from)?)?;
    // Without blocking: what became a FIFO in between would wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let opened = rustix::fs::openat(&parent, name, flags, Mode::empty()).map_err(io::Error::from)?;
    let stamp = regular(rustix::fs::fstat(&opened).map_err(io::Error::from)?)?;
    Ok((File::from(opened), stamp))
}
