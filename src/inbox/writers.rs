//! Whether somebody has a file open for writing, as `/proc` tells: a writer that pauses looks like one that is through.
//!
//! A lease would tell it in one call, and needs unsafe code and a signal that ends the process. One look over all open files
//! answers for every file that waits, so it is taken for all of them together, and no oftener than its cost allows. What cannot
//! be seen, other users' processes where the desk is not root, is not known to be open.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, CWD, Mode, OFlags};

use super::Stamp;
use super::settle::COMING;

/// Between two looks passes so many times what the last one took, one part in so many of a core, and no more than this.
const PACE: u32 = 50;
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// Descriptors looked at in one look, some 2 µs each, and files remembered of them.
const MAX_DESCRIPTORS: usize = 100_000;
const MAX_OPEN: usize = 16_384;

/// The files that were open for writing when that was last asked.
#[derive(Debug, Default)]
pub(super) struct Writers {
    /// Where a file of that name is open, as `/proc/<process>/fd/<number>`.
    open: HashMap<OsString, Vec<PathBuf>>,
    /// When it was asked, and when it may be asked again.
    asked: Option<Duration>,
    next: Duration,
}

/// What is known of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Open {
    /// Nobody who can be seen writes to it.
    No,
    Yes,
    /// Ask again at this time.
    AskAt(Duration),
}

impl Writers {
    /// Whether a file that has looked as `stamp` says from `since` on is open for writing.
    pub fn have_open(&mut self, name: &OsStr, stamp: &Stamp, since: Duration, now: Duration) -> Open {
        if is_old(stamp, SystemTime::now()) {
            return Open::No;
        }
        // Who had it closed then has not written since.
        if self.asked.is_none_or(|asked| asked < since) {
            if now < self.next {
                return Open::AskAt(self.next);
            }
            self.ask(now);
        }
        self.knows(name, stamp)
    }

    fn ask(&mut self, now: Duration) {
        let begun = Instant::now();
        self.open.clear();
        let mut left = MAX_DESCRIPTORS;
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            if process.file_name().as_bytes().iter().all(u8::is_ascii_digit) {
                look_into(&process.path().join("fd"), &mut left, &mut self.open);
            }
        }
        self.asked = Some(now);
        self.next = now + (begun.elapsed() * PACE).min(LONGEST_PAUSE);
    }

    /// Looks whether it is open there still: the name alone may be another file's, or the number another file's by now.
    fn knows(&self, name: &OsStr, stamp: &Stamp) -> Open {
        let is_it = |path: &PathBuf| {
            rustix::fs::stat(path)
                .is_ok_and(|stat| Stamp::of(&stat).inode == stamp.inode && Stamp::of(&stat).dev == stamp.dev)
        };
        match self.open.get(name) {
            Some(paths) if paths.iter().any(is_it) => Open::Yes,
            _ => Open::No,
        }
    }
}

/// Whether a file has kept still for longer than any writer is waited for, as a backlog has that is found at the start. By the
/// time of the last status change, which nobody sets; a clock that was set back makes nothing old.
fn is_old(stamp: &Stamp, now: SystemTime) -> bool {
    let changed = Duration::from_nanos(u64::try_from(stamp.ctime_ns).unwrap_or(u64::MAX));
    now.duration_since(UNIX_EPOCH).is_ok_and(|now| now.checked_sub(changed).is_some_and(|age| age > COMING))
}

/// Adds what one process has open for writing. A process that is gone or not to be looked into has nothing.
fn look_into(descriptors: &Path, left: &mut usize, open: &mut HashMap<OsString, Vec<PathBuf>>) {
    let Ok(entries) = fs::read_dir(descriptors) else { return };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Ok(folder) = rustix::fs::openat(CWD, descriptors, flags, Mode::empty()) else { return };
    for entry in entries.flatten() {
        if *left == 0 || open.len() >= MAX_OPEN {
            return;
        }
        *left -= 1;
        let number = entry.file_name();
        // Sockets and pipes have no path. The file itself is not looked at: its file system may not answer.
        let Ok(target) = rustix::fs::readlinkat(&folder, &number, Vec::new()) else { continue };
        let target = target.as_bytes();
        let Some(slash) = target.iter().rposition(|byte| *byte == b'/').filter(|_| target[0] == b'/') else { continue };
        // The mode of the link is the mode in which the file was opened.
        let writes = rustix::fs::statat(&folder, &number, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| Mode::from_raw_mode(stat.st_mode).contains(Mode::WUSR));
        if writes && !target.starts_with(b"/dev/") {
            open.entry(OsStr::from_bytes(&target[slash + 1..]).to_owned()).or_default().push(entry.path());
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn stamp(path: &Path) -> Stamp {
        Stamp::of(&rustix::fs::stat(path).unwrap())
    }

    #[test]
    fn a_file_that_is_open_for_writing_is_told_from_others_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("page-of-writers.txt"), folder.path().join("other"));
        fs::create_dir(&other).unwrap();
        let other = other.join("page-of-writers.txt");
        let writer = fs::File::create(&path).unwrap();
        fs::write(&other, "one").unwrap();
        let _reader = fs::File::open(&other).unwrap();
        let mut writers = Writers::default();
        let name = path.file_name().unwrap();
        let mut ask = |path: &Path, at| writers.have_open(name, &stamp(path), at, at);
        assert_eq!(ask(&path, Duration::ZERO), Open::Yes);
        assert_eq!(ask(&other, Duration::ZERO), Open::No);
        drop(writer);
        assert_eq!(ask(&path, Duration::from_secs(60)), Open::No);
    }

    #[test]
    fn a_file_that_kept_still_for_minutes_is_not_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let _writer = fs::File::create(&path).unwrap();
        let (stamp, now) = (stamp(&path), SystemTime::now());
        assert!(!is_old(&stamp, now) && !is_old(&stamp, now - Duration::from_secs(3600)));
        assert!(is_old(&stamp, now + COMING + Duration::from_secs(1)));
    }

    #[test]
    fn an_answer_serves_every_file_that_kept_still_meanwhile_and_the_next_look_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page-of-answers.txt");
        let writer = fs::File::create(&path).unwrap();
        let (name, stamp) = (path.file_name().unwrap(), stamp(&path));
        let mut writers = Writers::default();
        let at = Duration::from_millis;
        assert_eq!(writers.have_open(name, &stamp, at(0), at(300)), Open::Yes);
        let next = writers.next;
        assert!(next > at(300));
        assert_eq!(writers.have_open(name, &stamp, at(300), next), Open::Yes);
        drop(writer);
        assert_eq!(writers.have_open(name, &stamp, at(300), next), Open::No);
        assert_eq!(writers.next, next, "it was not asked anew");
        assert_eq!(writers.have_open(name, &stamp, at(301), at(302)), Open::AskAt(next));
        assert_eq!(writers.have_open(name, &stamp, at(301), next), Open::No);
        assert!(writers.next > next, "it was asked anew");
    }
}
