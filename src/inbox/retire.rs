//! Where a file goes when the desk is done with it: `done/`, `failed/` with its reason, away, or nowhere.
//!
//! Nothing is ever overwritten, and a file that changed since it was read is never moved: it is a new input. Every step
//! may be cut off by a crash; what it leaves behind then is said at the step, and doing it again is harmless.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::claim::sidecar_name;
use super::failed::read_report;
use super::moves::{TEMPORARY, free_name, look, move_sidecar, remove, rename_new, write_whole};
use super::{DONE, Done, FAILED, Fault, Inbox, Stamp, folder, name};
use crate::article::{InputId, Removal};

/// What a report's name has behind the name of the file that it speaks of.
pub const ERROR_ENDING: &str = ".error.json";

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retired {
    /// Its new path, relative to the inbox.
    Moved(PathBuf),
    Deleted,
    Kept,
    /// It is not what was read: it stays, to be read anew.
    Changed,
    /// It is no longer there.
    Gone,
}

/// Why a file is in `failed/`, as written beside it: `<name>.error.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Which stage refused it: `inbox`, `read`, `clean`, ...
    pub stage: String,
    /// Stable code.
    pub reason: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// The file as it came in, relative to the inbox, as [`super::encode_path`] writes it.
    pub path: String,
    /// Identity of the document, where it could be read.
    pub input: Option<InputId>,
    /// 1-based number of the record in a file of records.
    pub record: Option<u64>,
    /// 1-based line of the file.
    pub line: Option<u64>,
    /// When, RFC 3339.
    pub at: String,
    /// The pieces that were taken out, when nothing else was left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Removal>,
}

/// Why a file could not leave.
#[derive(Debug, thiserror::Error)]
pub enum Stuck {
    /// This file may not be moved, or lies on another file system: it stays, and the others go on.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// The place that files go to, or the disk, is in trouble. Doing it again later is harmless.
    #[error("{}: {source}", path.display())]
    Desk { path: PathBuf, source: io::Error },
}

impl Stuck {
    /// Trouble at the file itself, or in its folder.
    pub(super) fn at_file(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match Fault::of(&source) {
            Fault::Document => Self::File { path, source },
            Fault::Vanished | Fault::Desk => Self::Desk { path, source },
        }
    }

    /// Trouble where a file is to go, which others go to as well.
    pub(super) fn at_target(below: &str, path: &Path, source: io::Error) -> Self {
        // A name that does not fit there is this file's own trouble.
        let is_rights = matches!(Errno::from_io_error(&source), Some(Errno::ACCESS | Errno::PERM));
        if Fault::of(&source) == Fault::Document && !is_rights {
            return Self::File { path: path.to_owned(), source };
        }
        Self::Desk { path: Path::new(below).join(path.parent().unwrap_or(path)), source }
    }
}

impl Inbox {
    /// Puts a file that has been taken in where the settings say. `stamp` is what it looked like when it was read.
    pub fn retire(&self, path: &Path, stamp: &Stamp) -> Result<Retired, Stuck> {
        match self.settings().done {
            Done::Keep => Ok(Retired::Kept),
            Done::Move => self.leave(path, stamp, DONE, |way| way.to_done(stamp)),
            // By way of `done/`, so that what is deleted is for certain what was read. A crash before the second step
            // leaves the file there.
            Done::Delete => match self.leave(path, stamp, DONE, |way| way.to_done(stamp))? {
                Retired::Moved(moved) => {
                    let removed = folder::open_parent(self, &moved).and_then(|(parent, name)| {
                        remove(&parent, &sidecar_name(name))?;
                        remove(&parent, name)
                    });
                    removed.map_err(|source| Stuck::at_target(DONE, path, source))?;
                    Ok(Retired::Deleted)
                }
                other => Ok(other),
            },
        }
    }

    /// Moves a file to `failed/`, its report beside it.
    pub fn fail(&self, path: &Path, stamp: &Stamp, report: &ErrorReport) -> Result<Retired, Stuck> {
        self.leave(path, stamp, FAILED, |way| way.to_failed(stamp, report))
    }

    /// Puts a file that has left back into the inbox, under another name where its own is taken, and removes its report.
    /// `moved` is where it went, `path` where it came from.
    pub fn give_back(&self, moved: &Path, path: &Path) -> io::Result<()> {
        if let Ok(failed) = moved.strip_prefix(FAILED) {
            return self.retry_to(failed, path).map(drop);
        }
        let (from, target) = folder::open_parent(self, moved)?;
        let (to, _) = folder::make_parent(self, None, path)?;
        let file = path.file_name().ok_or(Errno::INVAL)?;
        loop {
            let back = free_name(&to, file, 0)?;
            // The sidecar first, so that the file is never seen without it.
            move_sidecar(&from, &sidecar_name(target), &to, &back)?;
            match rename_new(&from, target, &to, &back) {
                Err(Errno::EXIST) => continue,
                Err(Errno::NOENT) => return Ok(()),
                result => return Ok(result?),
            }
        }
    }

    /// Writes one bad record of a file of records to `failed/<stem>.record-<n>.jsonl` (`.json` if it is longer than a line),
    /// its report beside it; without `bytes` only the report. Gives the record's path, relative to the inbox; done twice, it is there once.
    pub fn fail_record(
        &self,
        path: &Path,
        record: u64,
        bytes: Option<&[u8]>,
        report: &ErrorReport,
    ) -> Result<PathBuf, Stuck> {
        self.write_record(path, record, bytes, report).map_err(|source| Stuck::at_target(FAILED, path, source))
    }

    fn write_record(
        &self,
        path: &Path,
        record: u64,
        bytes: Option<&[u8]>,
        report: &ErrorReport,
    ) -> io::Result<PathBuf> {
        let (folder, place) = folder::make_parent(self, Some(FAILED), path)?;
        let mut file = name::stem(path.file_name().ok_or(Errno::INVAL)?).to_owned();
        file.push(if bytes.is_some_and(|bytes| bytes.contains(&b'\n')) { ".json" } else { ".jsonl" });
        // A record that was set aside, tried again and failed again is the file's only one, and keeps its name.
        let mark = if record == 1 && name::is_record(&file) { String::new() } else { format!(".record-{record}") };
        let base = name::marked(&file, &mark, ERROR_ENDING.len() + 8);
        let mut chosen = base.clone();
        let mut n = 0_u64;
        loop {
            let found = holds(&folder, &chosen, bytes)?;
            // The same bytes of the same file are the same record, whatever is said of it now.
            let is_this = found == Some(true)
                && read_report(&folder, &error_name(&chosen))?.is_none_or(|known| known.path == report.path);
            let is_free = found.is_none() && has_room_for(report, &folder, &chosen)?;
            if let Some(bytes) = bytes.filter(|_| is_free) {
                write_whole(&folder, &chosen, &[bytes, b"\n"].concat())?;
            }
            if is_this || is_free {
                write_report(&folder, &chosen, report)?;
                return Ok(place.join(chosen));
            }
            n += 1;
            chosen = name::marked(&base, &format!("~{n}"), ERROR_ENDING.len());
        }
    }

    /// Removes what a crash left half-written in `failed/`, and says how many files that were; call it before anything is
    /// written there.
    pub fn remove_leftovers(&self) -> io::Result<u64> {
        let mut removed = 0;
        let mut folders = match folder::open_root(self).and_then(|root| folder::open_in(root, OsStr::new(FAILED))) {
            Ok(failed) => vec![Dir::new(failed)?],
            Err(error) if Fault::of(&error) == Fault::Vanished => return Ok(0),
            Err(error) => return Err(error),
        };
        loop {
            let depth = folders.len();
            let Some(folder) = folders.last_mut() else { return Ok(removed) };
            let Some(entry) = folder.next().transpose()? else {
                folders.pop();
                continue;
            };
            let (name, folder) = (entry.file_name().to_bytes(), folder.fd()?);
            if name.starts_with(TEMPORARY.0.as_bytes()) && name.ends_with(TEMPORARY.1.as_bytes()) {
                rustix::fs::unlinkat(folder, entry.file_name(), AtFlags::empty())?;
                removed += 1;
            } else if name != b"." && name != b".." && depth <= self.settings().max_depth {
                // Most entries are files, which are not opened as folders.
                if let Ok(inner) = folder::open_in(folder, OsStr::from_bytes(name)) {
                    folders.push(Dir::new(inner)?);
                }
            }
        }
    }
}

/// The name of a file's report.
pub(super) fn error_name(file: &OsStr) -> OsString {
    let mut name = file.to_owned();
    name.push(ERROR_ENDING);
    name
}

pub(super) fn write_report(folder: &OwnedFd, file: &OsStr, report: &ErrorReport) -> io::Result<()> {
    let mut json = serde_json::to_vec_pretty(report)?;
    json.push(b'\n');
    write_whole(folder, &error_name(file), &json)
}

/// Whether a report may stand beside `file`: nothing is there, or the same report from an attempt that was cut off.
pub(super) fn has_room_for(report: &ErrorReport, folder: &OwnedFd, file: &OsStr) -> io::Result<bool> {
    let name = error_name(file);
    if look(folder, &name)?.is_none() {
        return Ok(true);
    }
    let known = read_report(folder, &name)?;
    Ok(known.is_some_and(|known| ErrorReport { at: report.at.clone(), ..known } == *report))
}

/// Whether a file holds exactly this record, which none does that is not known; `None` when it is not there.
fn holds(folder: &OwnedFd, file: &OsStr, record: Option<&[u8]>) -> io::Result<Option<bool>> {
    let Some(stamp) = look(folder, file)? else { return Ok(None) };
    let Some(record) = record else { return Ok(Some(false)) };
    if stamp.size != record.len() as u64 + 1 {
        return Ok(Some(false));
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut bytes = Vec::new();
    let opened = rustix::fs::openat(folder, file, flags, Mode::empty())?;
    File::from(opened).take(stamp.size).read_to_end(&mut bytes)?;
    Ok(Some(bytes.strip_suffix(b"\n") == Some(record)))
}
