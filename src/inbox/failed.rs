//! What lies in `failed/`: lists it with the reasons, and gives files back to the inbox.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::claim::sidecar_name;
use super::moves::{free_name, move_sidecar, remove, rename_new};
use super::retire::error_name;
use super::{ERROR_ENDING, ErrorReport, FAILED, Fault, Found, Inbox, Scan, Settings, folder};

/// What is read of a report; longer ones are not the desk's.
const MAX_REPORT_BYTES: u64 = 64 << 20;

/// One failed file or record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedEntry {
    /// Relative to `failed/`, and so where it came from, relative to the inbox.
    pub path: PathBuf,
    /// `None` when there is none that can be read.
    pub report: Option<ErrorReport>,
    /// A report may stand alone: for a record that was too large to be kept.
    pub has_file: bool,
}

/// What became of a file that was to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retried {
    /// It is back in the inbox, under this path.
    Back(PathBuf),
    /// There is no such file in `failed/`.
    NotThere,
}

/// The entries of `failed/`, streamed in no particular order.
pub struct FailedList {
    failed: Inbox,
    scan: Option<Scan>,
}

impl Inbox {
    /// Lists `failed/`.
    pub fn failed(&self) -> FailedList {
        let settings = Settings { path: self.root().join(FAILED), ignore: Vec::new(), ..self.settings().clone() };
        let failed = Inbox::new(settings).expect("no patterns, so none that is wrong");
        let scan = Some(failed.scan());
        FailedList { failed, scan }
    }

    /// Moves one failed file back into the inbox, under another name if its own is taken, and removes its report.
    pub fn retry(&self, path: &Path) -> io::Result<Retried> {
        self.retry_to(path, path)
    }

    /// The same, into the folder of `back`, the path that it came from: in `failed/` another may have been free.
    pub(super) fn retry_to(&self, path: &Path, back: &Path) -> io::Result<Retried> {
        let failed = Path::new(FAILED).join(path);
        let (from, file) = match folder::open_parent(self, &failed) {
            Err(error) if Fault::of(&error) == Fault::Vanished => return Ok(Retried::NotThere),
            opened => opened?,
        };
        if rustix::fs::statat(&from, file, AtFlags::SYMLINK_NOFOLLOW).is_err_and(|error| error == Errno::NOENT) {
            return Ok(Retried::NotThere);
        }
        let (to, place) = folder::make_parent(self, None, back)?;
        loop {
            let target = free_name(&to, file, 0)?;
            // The sidecar first, so that the file is never seen without it.
            move_sidecar(&from, &sidecar_name(file), &to, &target)?;
            match rename_new(&from, file, &to, &target) {
                Err(Errno::EXIST) => continue,
                Err(Errno::NOENT) => return Ok(Retried::NotThere),
                result => result?,
            }
            // Crash before this: a report without its file, which says what was wrong the last time.
            remove(&from, &error_name(file))?;
            return Ok(Retried::Back(place.join(target)));
        }
    }
}

impl Iterator for FailedList {
    type Item = io::Result<FailedEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let path = match self.scan.as_mut()?.next()? {
                Ok(Found::File { path, .. }) => path,
                Ok(Found::Folder { .. } | Found::Sidecar | Found::Skipped(_)) => continue,
                Err(error) => {
                    self.scan = None;
                    // Nothing has ever failed.
                    return if Fault::of(&error) == Fault::Vanished { None } else { Some(Err(error)) };
                }
            };
            match self.entry(path) {
                Ok(None) => {}
                Ok(Some(entry)) => return Some(Ok(entry)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl FailedList {
    fn entry(&self, path: PathBuf) -> io::Result<Option<FailedEntry>> {
        let (parent, name) = match folder::open_parent(&self.failed, &path) {
            Err(error) if Fault::of(&error) == Fault::Vanished => return Ok(None),
            opened => opened?,
        };
        let is_there = |name: &OsStr| rustix::fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        let report = read_report(&parent, &error_name(name))?;
        if report.is_none()
            && let Some(file) = name.as_bytes().strip_suffix(ERROR_ENDING.as_bytes())
        {
            let file = OsStr::from_bytes(file);
            if is_there(file) {
                return Ok(None);
            }
            if let Some(report) = read_report(&parent, name)? {
                let path = path.with_file_name(file);
                return Ok(Some(FailedEntry { path, report: Some(report), has_file: false }));
            }
        }
        Ok(Some(FailedEntry { path, report, has_file: true }))
    }
}

pub(super) fn read_report(folder: impl std::os::fd::AsFd, name: &OsStr) -> io::Result<Option<ErrorReport>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = match rustix::fs::openat(folder, name, flags, Mode::empty()) {
        Err(error) if Fault::of(&error.into()) != Fault::Desk => return Ok(None),
        opened => opened?,
    };
    let mut json = Vec::new();
    File::from(opened).take(MAX_REPORT_BYTES).read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json).ok())
}
