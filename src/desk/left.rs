//! Files that have left the inbox, looked at again for a while: a writer that holds one open writes on wherever the file goes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::inbox::{Inbox, Stamp, encode_path};

/// When a file is looked at, from its leaving on: a writer that had it open is at work again, or through, by one of them.
const LOOKS: [Duration; 4] =
    [Duration::from_secs(5), Duration::from_secs(30), Duration::from_secs(120), Duration::from_secs(600)];
/// Files that are remembered, at some 400 bytes; of more the next is looked at early, for the last time.
const MAX_REMEMBERED: usize = 16_384;

/// What is remembered, by the time of the next look and a number of its own.
#[derive(Debug, Default)]
pub struct LeftFiles {
    due: BTreeMap<(Instant, u64), Left>,
    next: u64,
}

#[derive(Debug)]
struct Left {
    /// Not held, since a descriptor would be held as long.
    inbox: Inbox,
    /// Where it came from and where it went, relative to the inbox.
    from: PathBuf,
    to: PathBuf,
    stamp: Stamp,
    at: Instant,
    looks: usize,
}

impl LeftFiles {
    /// Remembers a file that went from `from` to `to` at this moment, when it looked as `stamp` says.
    pub fn add(&mut self, inbox: &Inbox, from: PathBuf, to: PathBuf, stamp: Stamp, now: Instant) {
        self.wait(Left { inbox: inbox.released(), from, to, stamp, at: now, looks: 0 });
        if self.due.len() > MAX_REMEMBERED
            && let Some((_, left)) = self.due.pop_first()
        {
            left.look();
        }
    }

    /// When the next look is due.
    pub fn next_look(&self) -> Option<Instant> {
        self.due.first_key_value().map(|((due, _), _)| *due)
    }

    /// Takes the looks that are due.
    pub fn look(&mut self, now: Instant) {
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let left = entry.remove();
            if left.look() && left.looks + 1 < LOOKS.len() {
                self.wait(Left { looks: left.looks + 1, ..left });
            }
        }
    }

    /// Looks at all of them for the last time.
    pub fn look_at_all(self) {
        for left in self.due.into_values() {
            left.look();
        }
    }

    fn wait(&mut self, left: Left) {
        self.next += 1;
        self.due.insert((left.at + LOOKS[left.looks], self.next), left);
    }
}

impl Left {
    /// Gives the file back to the inbox if it was written to after it had left: what is in it now is a new version. Whether it
    /// is still there as it was.
    fn look(&self) -> bool {
        let Some(now) = self.inbox.stat(&self.to).ok().flatten().filter(|now| now.inode == self.stamp.inode) else {
            return false;
        };
        if now.is_same_content(&self.stamp) {
            return true;
        }
        let path = encode_path(&self.from);
        match self.inbox.give_back(&self.to, &self.from) {
            Ok(()) => tracing::info!(path, "was written to after it was read: it is read again"),
            Err(error) => tracing::warn!(path, %error, "was written to after it was read, and cannot be put back"),
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::{Retired, Settings};
    use std::fs;
    use std::io::Write;
    use std::path::Path;

    #[test]
    fn a_file_that_is_written_to_minutes_after_it_left_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(Settings { path: folder.path().into(), ..Settings::default() }).unwrap();
        let path = Path::new("items.jsonl");
        let mut writer = fs::File::create(folder.path().join(path)).unwrap();
        writer.write_all(b"one\n").unwrap();
        let stamp = inbox.stat(path).unwrap().unwrap();
        let Retired::Moved(to) = inbox.retire(path, &stamp).unwrap() else { panic!("it is moved") };
        let (mut left, begun) = (LeftFiles::default(), Instant::now());
        left.add(&inbox, path.into(), to, stamp, begun);
        for look in &LOOKS[..2] {
            assert_eq!(left.next_look(), Some(begun + *look));
            left.look(begun + *look);
            assert!(!folder.path().join(path).exists());
        }
        writer.write_all(b"two\n").unwrap();
        left.look(begun + LOOKS[2]);
        assert_eq!(fs::read_to_string(folder.path().join(path)).unwrap(), "one\ntwo\n");
        assert_eq!(left.next_look(), None);
    }

    #[test]
    fn a_file_that_stays_as_it_was_is_forgotten_after_the_last_look() {
        let folder = tempfile::tempdir().unwrap();
        let inbox = Inbox::new(Settings { path: folder.path().into(), ..Settings::default() }).unwrap();
        fs::write(folder.path().join("a.txt"), "one").unwrap();
        let stamp = inbox.stat(Path::new("a.txt")).unwrap().unwrap();
        let (mut left, begun) = (LeftFiles::default(), Instant::now());
        left.add(&inbox, "b.txt".into(), "a.txt".into(), stamp, begun);
        LOOKS.iter().for_each(|look| left.look(begun + *look));
        assert_eq!(left.next_look(), None);
    }
}
