//! When a file may be read: soon when it was closed or renamed into place, else after it has kept still.
//!
//! Whether somebody still holds it open is asked elsewhere, of those that kept still (`writers`).
//! Pure: observations and the time come in, verdicts go out. The clock is monotonic, since mtimes lie and clocks jump.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Stamp;

/// How much longer a file waits that is empty: more is most likely to come.
const LONG_FACTOR: u32 = 10;
/// How long more is waited for that is known to come: crawlers pause for minutes between two pages of one file, and one that
/// hangs must not keep its file for ever.
pub(super) const COMING: Duration = Duration::from_secs(180);
/// How long a closed file must keep still before it is looked at again: the next writer may be at it already, and the events
/// that tell of it are waited for before the second look.
const CLOSED: Duration = Duration::from_millis(10);
/// Pause before a file is tried again that the system failed to deliver, or whose sidecar is not whole.
const LATER: Duration = Duration::from_secs(3);

/// How soon a file may be believed to be whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// It was closed by its writer or renamed into place.
    None,
    /// As `None`, and its sidecar may follow.
    Beside,
    Usual,
    /// It was made and not closed: if it is empty, its maker has it open.
    Created,
    /// Something is missing that is likely to come: its content, its document, or the end of a writer's work.
    Long,
    /// The same, and it is known to come: a writer was seen at it.
    Coming,
    /// A sidecar without its document, which a program writes after it.
    Alone,
    /// It is to be tried again after a pause: the system failed to deliver it, or its sidecar is not whole yet.
    Later,
}

/// What to do with a file now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ready,
    /// Look at it again at this time.
    Wait(Duration),
    /// No room to watch one more file: look at it again after others have settled.
    Full,
}

/// The files that are being watched for having settled, at most `capacity` of them.
#[derive(Debug)]
pub struct Settler {
    settle: Duration,
    capacity: usize,
    watched: HashMap<PathBuf, Watched>,
    due: BTreeSet<(Duration, PathBuf)>,
}

#[derive(Debug)]
struct Watched {
    stamp: Stamp,
    patience: Patience,
    /// When it was first seen as it is.
    since: Duration,
    due: Duration,
}

impl Settler {
    pub fn new(settle: Duration, capacity: usize) -> Self {
        Self { settle, capacity, watched: HashMap::new(), due: BTreeSet::new() }
    }

    /// Takes what a file looks like at `now`. A ready file is no longer watched.
    pub fn observe(&mut self, path: &Path, stamp: Stamp, patience: Patience, now: Duration) -> Verdict {
        // Those that wait for minutes may not take the room of those that wait for a moment.
        let patience = match patience {
            Patience::Coming | Patience::Alone if self.watched.len() >= self.capacity / 2 => Patience::Long,
            patience => patience,
        };
        let wait = match patience {
            Patience::None => CLOSED.min(self.settle),
            Patience::Usual | Patience::Beside | Patience::Created => self.settle,
            Patience::Long => self.long(),
            Patience::Coming | Patience::Alone => self.long().max(COMING),
            Patience::Later => LATER,
        };
        let known = self.forget(path);
        let since = match &known {
            Some(watched) if watched.stamp == stamp => watched.since,
            _ => now,
        };
        let due = since + wait;
        if due <= now {
            return Verdict::Ready;
        }
        self.watch(path, Watched { stamp, patience, since, due })
    }

    /// Watches a file that has kept still `since` then on, and is to be looked at again at `due` for all that.
    pub fn put_off(&mut self, path: &Path, stamp: Stamp, since: Duration, due: Duration) -> Verdict {
        self.forget(path);
        self.watch(path, Watched { stamp, patience: Patience::Usual, since, due })
    }

    fn watch(&mut self, path: &Path, watched: Watched) -> Verdict {
        if self.watched.len() >= self.capacity {
            return Verdict::Full;
        }
        let due = watched.due;
        self.due.insert((due, path.to_owned()));
        self.watched.insert(path.to_owned(), watched);
        Verdict::Wait(due)
    }

    /// Events were lost, perhaps those that tell of a writer's end: nothing is known to come any more.
    pub fn hurry(&mut self, now: Duration) {
        let coming: Vec<_> = self.watched.iter().filter(|(_, watched)| watched.patience == Patience::Coming).collect();
        let coming: Vec<_> = coming.into_iter().map(|(path, watched)| (path.clone(), watched.stamp)).collect();
        for (path, stamp) in coming {
            self.forget(&path);
            self.observe(&path, stamp, Patience::Long, now);
        }
    }

    fn long(&self) -> Duration {
        self.settle * LONG_FACTOR
    }

    /// Takes what a file whose time has come looks like at `now`: ready if it has kept still, else watched anew.
    pub fn observe_due(&mut self, path: &Path, stamp: Stamp, now: Duration) -> Verdict {
        match self.watched.get(path) {
            Some(watched) if watched.stamp == stamp && watched.due <= now => {
                self.forget(path);
                Verdict::Ready
            }
            _ => self.observe(path, stamp, Patience::Usual, now),
        }
    }

    /// How a watched file is waited for, and since when it has looked like this.
    pub fn waiting(&self, path: &Path, stamp: &Stamp) -> Option<(Patience, Duration)> {
        let watched = self.watched.get(path).filter(|watched| watched.stamp == *stamp)?;
        Some((watched.patience, watched.since))
    }

    /// Whether the file is being watched.
    pub fn is_watched(&self, path: &Path) -> bool {
        self.watched.contains_key(path)
    }

    /// The file is gone: stops watching it.
    pub fn drop_path(&mut self, path: &Path) {
        self.forget(path);
    }

    /// The next file to look at again, if its time has come. It stays watched until it is observed or dropped.
    pub fn next_due(&self, now: Duration) -> Option<&Path> {
        self.due.first().filter(|(due, _)| *due <= now).map(|(_, path)| path.as_path())
    }

    /// When the next file is to be looked at again.
    pub fn wake_at(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Files being watched.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.watched.len()
    }

    pub fn is_empty(&self) -> bool {
        self.watched.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.watched.len() >= self.capacity
    }

    fn forget(&mut self, path: &Path) -> Option<Watched> {
        let (path, watched) = self.watched.remove_entry(path)?;
        self.due.remove(&(watched.due, path));
        Some(watched)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLE: Duration = Duration::from_millis(300);

    fn stamp(size: u64) -> Stamp {
        Stamp { dev: 1, inode: 2, size, mtime_ns: 3, ctime_ns: 4 }
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_closed_file_is_ready_when_no_other_writer_follows_at_once() {
        let mut settler = Settler::new(SETTLE, 10);
        assert_eq!(settler.observe(Path::new("a"), stamp(1), Patience::None, at(0)), Verdict::Wait(CLOSED));
        assert_eq!(settler.observe_due(Path::new("a"), stamp(1), CLOSED), Verdict::Ready);
        assert!(settler.is_empty());
        settler.observe(Path::new("a"), stamp(1), Patience::None, at(0));
        assert_eq!(settler.observe_due(Path::new("a"), stamp(2), CLOSED), Verdict::Wait(CLOSED + SETTLE));
    }

    #[test]
    fn a_file_that_keeps_still_is_ready_after_the_settle_time() {
        let mut settler = Settler::new(SETTLE, 10);
        assert_eq!(settler.observe(Path::new("a"), stamp(1), Patience::Usual, at(0)), Verdict::Wait(at(300)));
        assert_eq!(settler.next_due(at(299)), None);
        assert_eq!(settler.next_due(at(300)), Some(Path::new("a")));
        assert_eq!(settler.observe(Path::new("a"), stamp(1), Patience::Usual, at(300)), Verdict::Ready);
    }

    #[test]
    fn a_growing_file_is_not_claimed() {
        let mut settler = Settler::new(SETTLE, 10);
        for step in 0..20 {
            let verdict = settler.observe(Path::new("a"), stamp(step), Patience::Usual, at(step * 250));
            assert_eq!(verdict, Verdict::Wait(at(step * 250 + 300)));
        }
        assert_eq!(settler.len(), 1);
    }

    #[test]
    fn a_file_replaced_by_one_of_the_same_size_settles_anew() {
        let mut settler = Settler::new(SETTLE, 10);
        settler.observe(Path::new("a"), stamp(1), Patience::Usual, at(0));
        let replaced = Stamp { inode: 9, ..stamp(1) };
        assert_eq!(settler.observe(Path::new("a"), replaced, Patience::Usual, at(300)), Verdict::Wait(at(600)));
    }

    #[test]
    fn an_empty_file_is_given_longer() {
        let mut settler = Settler::new(SETTLE, 10);
        assert_eq!(settler.observe(Path::new("a"), stamp(0), Patience::Long, at(0)), Verdict::Wait(at(3000)));
        assert_eq!(settler.observe(Path::new("a"), stamp(5), Patience::Usual, at(400)), Verdict::Wait(at(700)));
    }

    #[test]
    fn what_is_known_to_come_is_waited_for_until_the_events_that_tell_of_it_are_lost() {
        let mut settler = Settler::new(SETTLE, 10);
        assert_eq!(settler.observe(Path::new("a"), stamp(1), Patience::Coming, at(0)), Verdict::Wait(COMING));
        assert_eq!(settler.observe(Path::new("b"), stamp(1), Patience::Coming, at(0)), Verdict::Wait(COMING));
        assert_eq!(settler.observe(Path::new("a"), stamp(2), Patience::None, at(500)), Verdict::Wait(at(510)));
        settler.hurry(at(505));
        assert_eq!(settler.wake_at(), Some(at(510)), "a closed file waits no longer for that");
        settler.drop_path(Path::new("a"));
        assert_eq!(settler.wake_at(), Some(at(3505)));
    }

    #[test]
    fn those_that_wait_for_minutes_leave_room_for_others() {
        let mut settler = Settler::new(SETTLE, 2);
        assert_eq!(settler.observe(Path::new("a"), stamp(1), Patience::Alone, at(0)), Verdict::Wait(COMING));
        assert_eq!(settler.observe(Path::new("b"), stamp(1), Patience::Coming, at(0)), Verdict::Wait(at(3000)));
    }

    #[test]
    fn the_number_of_watched_files_is_bounded() {
        let mut settler = Settler::new(SETTLE, 2);
        settler.observe(Path::new("a"), stamp(1), Patience::Usual, at(0));
        settler.observe(Path::new("b"), stamp(1), Patience::Usual, at(0));
        assert_eq!(settler.observe(Path::new("c"), stamp(1), Patience::Usual, at(0)), Verdict::Full);
        assert_eq!(settler.observe(Path::new("a"), stamp(2), Patience::Usual, at(1)), Verdict::Wait(at(301)));
        settler.drop_path(Path::new("b"));
        assert!(!settler.is_full());
        assert_eq!(settler.wake_at(), Some(at(301)));
    }
}
