//! One file on its way out of the inbox, with what goes beside it: its sidecar to `done/`, its report to `failed/`.
//!
//! Several steps, and somebody may take the file away, or put another version in its place, between any two of them: then what
//! went ahead of it comes back.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;

use super::claim::sidecar_name;
use super::moves::{free_with, look, move_sidecar, put_back, remove, rename_new, try_room};
use super::retire::{error_name, has_room_for, write_report};
use super::{ERROR_ENDING, ErrorReport, Fault, Inbox, Retired, Stamp, Stuck, folder, name};
use crate::article::SIDECAR_ENDING;
use crate::crash;

impl Inbox {
    /// Looks whether a file is still what was read, and lets it `go` to the folder `below`.
    pub(super) fn leave(
        &self,
        path: &Path,
        stamp: &Stamp,
        below: &'static str,
        go: impl FnOnce(&Way<'_>) -> Result<Retired, Stuck>,
    ) -> Result<Retired, Stuck> {
        match self.way(path, stamp, below)? {
            Ok(way) => go(&way),
            Err(retired) => Ok(retired),
        }
    }

    /// The way of a file to the folder `below`; what became of it where it is not what was read.
    fn way<'a>(&self, path: &'a Path, stamp: &Stamp, below: &'static str) -> Result<Result<Way<'a>, Retired>, Stuck> {
        let at_file = |source| Stuck::at_file(path, source);
        let (parent, file) = match folder::open_parent(self, path) {
            Err(error) if Fault::of(&error) == Fault::Vanished => {
                // The file's folder has gone; the inbox itself must be there for that to be said.
                folder::open_root(self).map_err(|source| Stuck::Desk { path: self.root().to_owned(), source })?;
                return Ok(Err(Retired::Gone));
            }
            opened => opened.map_err(at_file)?,
        };
        match look(&parent, file).map_err(at_file)? {
            None => return Ok(Err(Retired::Gone)),
            Some(now) if now != *stamp => return Ok(Err(Retired::Changed)),
            Some(_) => {}
        }
        let at_target = |source| Stuck::at_target(below, path, source);
        let (folder, place) = folder::make_parent(self, Some(below), path).map_err(at_target)?;
        let has_sidecar = look(&parent, &sidecar_name(file)).unwrap_or(None).is_some();
        Ok(Ok(Way { path, below, parent, file, folder, place, has_sidecar }))
    }
}

/// A file that is to leave, and the folders that it goes between.
pub(super) struct Way<'a> {
    path: &'a Path,
    below: &'static str,
    parent: Arc<OwnedFd>,
    file: &'a OsStr,
    folder: Arc<OwnedFd>,
    /// That folder, relative to the inbox.
    place: PathBuf,
    has_sidecar: bool,
}

/// What came of moving a file to one name.
enum Outcome {
    Moved,
    /// It stands under that name now, and is not what was read.
    Changed,
    Gone,
    /// Another file has the name.
    Taken,
}

impl Way<'_> {
    /// Moves a file to `done/`, its sidecar with it.
    pub fn to_done(&self, stamp: &Stamp) -> Result<Retired, Stuck> {
        // Nothing but the file has to go under one name with it, so the rename itself finds out whether its name is free.
        let mut untried = (!self.has_sidecar).then(|| name::marked(self.file, "", 0));
        loop {
            let target = match untried.take() {
                Some(target) => target,
                None => self.free_target(if self.has_sidecar { SIDECAR_ENDING.len() } else { 0 }, |name| {
                    Ok(self.has_sidecar && look(&self.folder, &sidecar_name(name))?.is_some())
                })?,
            };
            // Crash after this: the file has lost its sidecar, but it is known by its content and goes to `done/`.
            let beside = if self.has_sidecar { self.move_sidecar(&target)? } else { None };
            let outcome = self.go(&target, stamp);
            if let (Some(beside), false) = (beside, matches!(outcome, Ok(Outcome::Moved))) {
                // First, so that the file is never seen without it.
                self.take_sidecar_back(&beside)?;
            }
            match outcome? {
                Outcome::Taken => {}
                Outcome::Gone => return Ok(Retired::Gone),
                Outcome::Changed => return self.put_back(&target),
                Outcome::Moved => return Ok(Retired::Moved(self.place.join(target))),
            }
        }
    }

    /// Moves a file to `failed/`, its report beside it, and its sidecar.
    pub fn to_failed(&self, stamp: &Stamp, report: &ErrorReport) -> Result<Retired, Stuck> {
        let at_target = |source| self.at_target(source);
        loop {
            let target = self.free_target(ERROR_ENDING.len(), |name| Ok(!has_room_for(report, &self.folder, name)?))?;
            // Crash after this: a report without its file, which stands where the redo writes it again.
            write_report(&self.folder, &target, report).map_err(at_target)?;
            let retired = match self.go(&target, stamp)? {
                Outcome::Taken => None,
                Outcome::Gone => Some(Retired::Gone),
                Outcome::Changed => Some(self.put_back(&target)?),
                Outcome::Moved => {
                    // Crash before this: the sidecar is found alone, and fails with a reason of its own.
                    if self.has_sidecar {
                        self.move_sidecar(&target)?;
                    }
                    return Ok(Retired::Moved(self.place.join(target)));
                }
            };
            remove(&self.folder, &error_name(&target)).map_err(at_target)?;
            if let Some(retired) = retired {
                return Ok(retired);
            }
        }
    }

    fn at_target(&self, source: io::Error) -> Stuck {
        Stuck::at_target(self.below, self.path, source)
    }

    /// A refusal of a move may be meant for either end; a file that can be made at the target tells.
    fn moving(&self, source: io::Error) -> Stuck {
        match Errno::from_io_error(&source) {
            Some(Errno::XDEV) => Stuck::File { path: self.path.to_owned(), source },
            Some(Errno::ACCESS | Errno::PERM) => match try_room(&self.folder) {
                Ok(()) => Stuck::at_file(self.path, source),
                Err(error) => self.at_target(error),
            },
            _ => Stuck::at_file(self.path, source),
        }
    }

    /// A name that is free, with room for `reserve` more bytes, beside which nothing is taken.
    fn free_target(&self, reserve: usize, beside: impl Fn(&OsStr) -> io::Result<bool>) -> Result<OsString, Stuck> {
        let is_taken = |name: &OsStr| Ok(beside(name)? || look(&self.folder, name)?.is_some());
        free_with(self.file, reserve, is_taken).map_err(|source| self.at_target(source))
    }

    fn go(&self, target: &OsStr, stamp: &Stamp) -> Result<Outcome, Stuck> {
        crash::fault("inbox.retire").map_err(|source| self.moving(source))?;
        match rename_new(&self.parent, self.file, &self.folder, target) {
            Err(Errno::EXIST) => return Ok(Outcome::Taken),
            Err(Errno::NOENT) => return Ok(Outcome::Gone),
            result => result.map_err(|error| self.moving(error.into()))?,
        }
        // Between the look and the rename another version may have taken the name: that one goes back.
        let now = look(&self.folder, target).map_err(|source| self.at_target(source))?;
        let is_it = now.is_some_and(|moved| moved.is_same_content(stamp));
        Ok(if is_it { Outcome::Moved } else { Outcome::Changed })
    }

    fn put_back(&self, target: &OsStr) -> Result<Retired, Stuck> {
        put_back(&self.folder, target, &self.parent, self.file).map_err(|source| self.at_target(source))?;
        Ok(Retired::Changed)
    }

    /// Moves the sidecar beside `target`; its name there, `None` where it is gone.
    fn move_sidecar(&self, target: &OsStr) -> Result<Option<OsString>, Stuck> {
        let sidecar = sidecar_name(self.file);
        move_sidecar(&self.parent, &sidecar, &self.folder, target).map_err(|source| self.moving(source))
    }

    /// Undoes that: what has not left needs it. One that came meanwhile is the newer, and stays.
    fn take_sidecar_back(&self, beside: &OsStr) -> Result<(), Stuck> {
        match rename_new(&self.folder, beside, &self.parent, &sidecar_name(self.file)) {
            Ok(()) | Err(Errno::EXIST | Errno::NOENT) => Ok(()),
            Err(error) => Err(self.moving(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::inbox::{DONE, FAILED, Settings};

    /// An inbox with a file and its sidecar, and what the file looks like.
    fn inbox() -> (tempfile::TempDir, Inbox, Stamp) {
        let folder = tempfile::tempdir().expect("a folder");
        let inbox = Inbox::new(Settings { path: folder.path().into(), ..Settings::default() }).expect("settings");
        fs::write(folder.path().join("a.txt"), "one").expect("a file");
        fs::write(folder.path().join("a.txt.meta.json"), "{}").expect("a sidecar");
        let stamp = inbox.stat(Path::new("a.txt")).expect("a look").expect("a file");
        (folder, inbox, stamp)
    }

    fn report() -> ErrorReport {
        ErrorReport {
            stage: "read".into(),
            reason: "bad_json".into(),
            message: "the record is not a JSON object".into(),
            advice: "write an object".into(),
            path: "a.txt".into(),
            input: None,
            record: None,
            line: None,
            at: "2026-03-02T09:30:00Z".into(),
            removed: Vec::new(),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
        let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        let mut names: Vec<String> = files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_changes_at_the_last_moment_stays_with_its_sidecar() {
        for below in [DONE, FAILED] {
            let (folder, inbox, stamp) = inbox();
            let path = folder.path();
            let way = inbox.way(Path::new("a.txt"), &stamp, below).expect("a way").expect("it is as it was");
            // Kept, so that its number is not given again.
            fs::rename(path.join("a.txt"), path.join("first.txt")).expect("a rename");
            fs::write(path.join("a.txt"), "another version").expect("a file");
            let retired = if below == DONE { way.to_done(&stamp) } else { way.to_failed(&stamp, &report()) };
            assert_eq!(retired.expect("no trouble"), Retired::Changed);
            assert_eq!(fs::read_to_string(path.join("a.txt")).expect("the file"), "another version");
            assert_eq!(names(&path.join(below)), Vec::<String>::new());
            assert_eq!(names(path), ["a.txt", "a.txt.meta.json", "first.txt"]);
        }
    }

    #[test]
    fn the_sidecar_of_a_file_that_vanishes_at_the_last_moment_stays_for_its_next_version() {
        let (folder, inbox, stamp) = inbox();
        let way = inbox.way(Path::new("a.txt"), &stamp, DONE).expect("a way").expect("it is as it was");
        fs::remove_file(folder.path().join("a.txt")).expect("a file");
        assert_eq!(way.to_done(&stamp).expect("no trouble"), Retired::Gone);
        assert_eq!(names(folder.path()), ["a.txt.meta.json"]);
    }
}
