//! Which files are to be read now: brings hints, scans and settling together, a bounded step at a time.
//!
//! A state machine without a thread of its own, and told the time, but where it asks whether somebody has a file open (see
//! `writers.rs`): the desk calls [`Intake::poll`] when it has room, waits for
//! [`Signal::changed`](super::watcher::Signal::changed) or for the time that the batch names, and says what became of each file.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hasher;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use xxhash_rust::xxh3::Xxh3;

use super::claim::sidecar_path;
use super::settle::COMING;
use super::watcher::Signal;
use super::writers::{Open, Writers};
use super::{Found, Inbox, Patience, Scan, Settler, Skipped, Stamp, Verdict, Watcher};

/// Names looked at in one call: some milliseconds of work.
const STEP: usize = 1024;
/// Least time between the end of one scan and the next that an event asks for.
const RESCAN_GAP: Duration = Duration::from_millis(200);

/// How long the inbox is held open for the files found meanwhile.
const HELD: Duration = Duration::from_secs(1);

/// How soon and how late a file is asked for again whose writer was seen: in between, after a quarter of its time.
const ASK_AGAIN: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(3));

/// Wait for each name that a scan met, so that an idle inbox full of files that stay costs half a percent of a core: a look
/// takes 2 µs. Below 25,000 names the usual interval is the longer one.
const WAIT_PER_NAME: Duration = Duration::from_micros(400);
/// Names that a folder counts for: it is opened, read and closed, and its watch tells of that, in 58 µs together.
const NAMES_PER_FOLDER: u64 = 30;
/// A scan is put off to so many times the usual interval, at the most.
const LONGEST_INTERVALS: u32 = 30;

/// A file to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Relative to the inbox.
    pub path: PathBuf,
    pub stamp: Stamp,
}

/// What one call found.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub ready: Vec<Ready>,
    /// Links, devices, folders that cannot be opened: passed over. Met again in each scan.
    pub skipped: Vec<Skipped>,
    /// Files that somebody has open, and may be writing: waited for. Met again each time that they are asked for.
    pub held_open: Vec<PathBuf>,
    /// A scan ended with this call: the files that it met.
    pub scanned: Option<u64>,
    /// Call again at this time, if nothing happens before; at once when it has passed.
    pub wake_at: Duration,
    /// A whole scan has been made, no file is settling or in flight, and nothing is hinted: the inbox is empty.
    pub is_exhausted: bool,
}

/// The state between the calls; memory is bounded by the settings, by the files in flight and, where files are kept, by 16
/// bytes for each.
pub struct Intake {
    inbox: Inbox,
    /// The same, held open while there is work, and since when.
    held: Option<(Duration, Inbox)>,
    watcher: Watcher,
    settler: Settler,
    writers: Writers,
    scan: Option<Scan>,
    /// Hints not yet followed.
    hints: BTreeMap<PathBuf, Patience>,
    dirty: bool,
    has_scanned: bool,
    next_scan: Duration,
    earliest_scan: Duration,
    /// Files that are being read, `true` when something was hinted of them meanwhile.
    in_flight: HashMap<PathBuf, bool>,
    /// Files that stay in the inbox after they were read, by the hash of path and stamp, and the scan that last met them.
    kept: HashMap<u64, u64>,
    /// Somebody writes sidecars here, so one may come after its document: a closed document waits for it as well.
    uses_sidecars: bool,
    /// How a sidecar without its document is waited for.
    alone: Patience,
    scans: u64,
    /// Files and folders that the present scan has met.
    met: (u64, u64),
}

impl Intake {
    /// Starts watching; the first call of [`Self::poll`] starts scanning.
    pub fn new(inbox: Inbox) -> Self {
        let settings = inbox.settings();
        let settler = Settler::new(Duration::from_millis(settings.settle_ms), settings.max_settling);
        Self {
            watcher: Watcher::start(&inbox),
            inbox,
            held: None,
            settler,
            writers: Writers::default(),
            scan: None,
            hints: BTreeMap::new(),
            dirty: true,
            has_scanned: false,
            next_scan: Duration::ZERO,
            earliest_scan: Duration::ZERO,
            in_flight: HashMap::new(),
            kept: HashMap::new(),
            uses_sidecars: false,
            alone: Patience::Alone,
            scans: 0,
            met: (0, 0),
        }
    }

    /// The same, of somebody who takes what is there and ends: no document is waited for long.
    pub fn briefly(self) -> Self {
        Self { alone: Patience::Long, ..self }
    }

    /// Says when there is something new to poll for.
    pub fn signal(&self) -> Signal {
        self.watcher.signal()
    }

    /// The inbox, held open where the files of the last batch were found.
    pub fn inbox(&self) -> &Inbox {
        self.held.as_ref().map_or(&self.inbox, |(_, inbox)| inbox)
    }

    /// What keeps events from being seen, for the log.
    pub fn trouble(&self) -> Option<&str> {
        self.watcher.trouble()
    }

    /// Asks for a scan of the whole inbox.
    pub fn look_again(&mut self) {
        self.dirty = true;
    }

    /// Finds at most `max` files to be read, which are in flight from then on. `now` is the time since any fixed moment by
    /// a monotonic clock. An error concerns the desk; nothing is lost by it, call again after a pause.
    pub fn poll(&mut self, now: Duration, max: usize) -> io::Result<Batch> {
        let mut batch = Batch::default();
        if self.settler.next_due(now).is_some() {
            // What seems to have settled may be in the hands of its next writer, and the event that says so on its way.
            self.watcher.catch_up();
        }
        self.take_hints(now);
        let result = self.hold(now).and_then(|()| self.step(now, max, &mut batch));
        if let Err(error) = result {
            // What was found so far is found again: the scan starts over, and those files are not in flight.
            for ready in batch.ready {
                self.in_flight.remove(&ready.path);
            }
            (self.scan, self.held, self.dirty) = (None, None, true);
            return Err(error);
        }
        let is_idle = self.scan.is_none() && !self.dirty && self.hints.is_empty();
        let is_empty = is_idle && self.settler.is_empty() && self.in_flight.is_empty();
        if is_empty {
            self.held = None;
        }
        batch.is_exhausted = self.has_scanned && is_empty;
        batch.wake_at = self.wake_at(now, max, batch.ready.len());
        Ok(batch)
    }

    /// The file has been retired, has failed, or is gone.
    pub fn finished(&mut self, path: &Path) {
        self.landed(path);
    }

    /// The file has been read and stays where it is: it is not read again before it changes.
    pub fn kept(&mut self, path: &Path, stamp: &Stamp) {
        self.landed(path);
        self.kept.insert(fingerprint(path, stamp), self.scans);
    }

    /// The file changed while it was read, or could not be read for now: it settles anew.
    pub fn again(&mut self, path: &Path) {
        // One that was unreadable has been told of before, and has its pause.
        if self.in_flight.remove(path).is_some() {
            self.hints.entry(path.to_owned()).or_insert(Patience::Usual);
        }
    }

    /// The file is tried again after a pause: the system failed to deliver it, or its sidecar is not whole yet.
    pub fn later(&mut self, path: &Path) {
        self.in_flight.remove(path);
        self.hints.insert(path.to_owned(), Patience::Later);
    }

    /// No longer in flight; a later version may have taken its name meanwhile.
    fn landed(&mut self, path: &Path) {
        if self.in_flight.remove(path) == Some(true) {
            self.hints.entry(path.to_owned()).or_insert(Patience::Usual);
        }
    }

    /// Not for longer than [`HELD`], so that few descriptors are held and a folder in the inbox's place is found.
    fn hold(&mut self, now: Duration) -> io::Result<()> {
        if self.held.as_ref().is_none_or(|(since, _)| now >= *since + HELD) {
            self.held = Some((now, self.inbox.held()?));
        }
        Ok(())
    }

    fn take_hints(&mut self, now: Duration) {
        let taken = self.watcher.take();
        self.dirty |= taken.dirty;
        let mut lost = taken.lost;
        for (path, patience) in taken.paths {
            let room = self.hints.len() < self.inbox.settings().max_hints;
            match self.hints.get_mut(&path) {
                Some(known) => *known = patience,
                None if room => {
                    self.hints.insert(path, patience);
                }
                None => (self.dirty, lost) = (true, true),
            }
        }
        if lost {
            self.settler.hurry(now);
            let unsure = self.hints.values_mut().filter(|hint| matches!(hint, Patience::Created | Patience::Coming));
            unsure.for_each(|hint| *hint = Patience::Usual);
        }
    }

    fn step(&mut self, now: Duration, max: usize, batch: &mut Batch) -> io::Result<()> {
        for _ in 0..STEP {
            if batch.ready.len() >= max {
                return Ok(());
            }
            // Hints first: one of them may say that a file which seems to have settled is being written again.
            if let Some((path, patience)) = self.hints.pop_first() {
                if let Err(error) = self.look(&path, Some(patience), now, batch) {
                    self.hints.insert(path, patience);
                    return Err(error);
                }
            } else if let Some(path) = self.settler.next_due(now).map(Path::to_owned) {
                self.look(&path, None, now, batch)?;
            } else if !self.scan_on(now, batch)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks at one path that is hinted, or due where no patience is given.
    fn look(&mut self, path: &Path, patience: Option<Patience>, now: Duration, batch: &mut Batch) -> io::Result<()> {
        match self.inbox().look_at(path)? {
            Some(Found::File { path, stamp, is_orphan_sidecar }) => {
                self.observe(path, stamp, is_orphan_sidecar, patience, now, batch);
            }
            Some(Found::Folder { .. }) => {
                self.settler.drop_path(path);
                self.dirty = true;
            }
            Some(Found::Sidecar) => {
                self.uses_sidecars = true;
                self.settler.drop_path(path);
            }
            Some(Found::Skipped(skipped)) => {
                self.settler.drop_path(path);
                self.pass_over(skipped, batch);
            }
            None => self.settler.drop_path(path),
        }
        Ok(())
    }

    fn pass_over(&mut self, skipped: Skipped, batch: &mut Batch) {
        self.dirty |= skipped.is_unsure;
        batch.skipped.push(skipped);
    }

    fn observe(
        &mut self,
        path: PathBuf,
        stamp: Stamp,
        is_orphan_sidecar: bool,
        patience: Option<Patience>,
        now: Duration,
        batch: &mut Batch,
    ) {
        if let Some(hinted) = self.in_flight.get_mut(&path) {
            *hinted = true;
            return;
        }
        if !self.kept.is_empty()
            && let Some(met) = self.kept.get_mut(&fingerprint(&path, &stamp))
        {
            *met = self.scans;
            return self.settler.drop_path(&path);
        }
        self.uses_sidecars |= is_orphan_sidecar;
        let waiting = self.settler.waiting(&path, &stamp);
        let patience = patience.map(|patience| match patience {
            Patience::Later | Patience::Coming => patience,
            Patience::Created if stamp.size == 0 => Patience::Coming,
            _ if is_orphan_sidecar => self.alone,
            _ if stamp.size == 0 => Patience::Long,
            Patience::None if self.uses_sidecars && !self.inbox().has_sidecar(&path) => Patience::Beside,
            patience => patience,
        });
        let mut verdict = match patience {
            None => self.settler.observe_due(&path, stamp, now),
            Some(patience) => self.settler.observe(&path, stamp, patience, now),
        };
        if verdict == Verdict::Ready {
            let waited = waiting.map_or(Patience::Usual, |(waited, _)| waited);
            let since = waiting.map_or(now, |(_, since)| since);
            verdict = self.unless_open(&path, stamp, patience.unwrap_or(waited), since, now, batch);
        }
        match verdict {
            Verdict::Ready => {
                if self.uses_sidecars {
                    // It goes with its document, whether or not it came before.
                    self.settler.drop_path(&sidecar_path(&path));
                }
                self.in_flight.insert(path.clone(), false);
                batch.ready.push(Ready { path, stamp });
            }
            Verdict::Wait(_) => {}
            Verdict::Full => self.dirty = true,
        }
    }

    /// A file that has kept still and was not seen to be closed may have a writer who pauses: that one is waited for.
    fn unless_open(
        &mut self,
        path: &Path,
        stamp: Stamp,
        waited: Patience,
        since: Duration,
        now: Duration,
        batch: &mut Batch,
    ) -> Verdict {
        let is_closed = matches!(waited, Patience::None | Patience::Beside | Patience::Later);
        let Some(name) = path.file_name().filter(|_| !is_closed && now < since + COMING) else { return Verdict::Ready };
        let ask_at = match self.writers.have_open(name, &stamp, since, now) {
            Open::No => return Verdict::Ready,
            Open::Yes => {
                batch.held_open.push(path.to_owned());
                now + ((now - since) / 4).clamp(ASK_AGAIN.0, ASK_AGAIN.1)
            }
            Open::AskAt(then) => then,
        };
        self.settler.put_off(path, stamp, since, ask_at)
    }

    /// One step of the scan; `false` when there is nothing to do for now.
    fn scan_on(&mut self, now: Duration, batch: &mut Batch) -> io::Result<bool> {
        if self.scan.is_none() {
            let wanted = now >= self.next_scan || (self.dirty && now >= self.earliest_scan);
            if !wanted {
                return Ok(false);
            }
            self.dirty = false;
            self.scans += 1;
            self.met = (0, 0);
            self.watcher.begin_scan();
            let inbox = self.inbox.held()?;
            self.scan = Some(inbox.scan());
            self.held = Some((now, inbox));
        }
        if self.settler.is_full() {
            return Ok(false);
        }
        let Some(scan) = &mut self.scan else { return Ok(false) };
        match scan.next().transpose()? {
            Some(Found::File { path, stamp, is_orphan_sidecar }) => {
                self.met.0 += 1;
                if !self.settler.is_watched(&path) {
                    self.observe(path, stamp, is_orphan_sidecar, Some(Patience::Usual), now, batch);
                }
            }
            Some(Found::Folder { path, stamp }) => {
                self.met.1 += 1;
                self.watcher.follow(&path, &stamp);
            }
            Some(Found::Sidecar) => self.uses_sidecars = true,
            Some(Found::Skipped(skipped)) => self.pass_over(skipped, batch),
            None => {
                self.scan = None;
                self.has_scanned = true;
                self.watcher.end_scan();
                let scans = self.scans;
                self.kept.retain(|_, met| *met + 1 >= scans);
                batch.scanned = Some(self.met.0);
                self.next_scan = now + self.interval();
                self.earliest_scan = now + RESCAN_GAP;
            }
        }
        Ok(true)
    }

    /// Time to the next scan that nothing asks for. Where events tell of everything, it grows with what there is to look at.
    fn interval(&self) -> Duration {
        let usual = Duration::from_secs(self.inbox.settings().scan_interval_s.max(1));
        if self.inbox.settings().poll || self.watcher.trouble().is_some() {
            return usual;
        }
        let (files, folders) = self.met;
        let names = u32::try_from(files + folders * NAMES_PER_FOLDER).unwrap_or(u32::MAX);
        WAIT_PER_NAME.saturating_mul(names).clamp(usual, usual * LONGEST_INTERVALS)
    }

    fn wake_at(&self, now: Duration, max: usize, found: usize) -> Duration {
        if found >= max {
            // There may be more at once; without any room, it is for the desk to call when it has some.
            return if max == 0 { now + RESCAN_GAP } else { now };
        }
        let due = self.settler.wake_at();
        let scan = match (&self.scan, self.dirty) {
            (Some(_), _) if self.settler.is_full() => None,
            (Some(_), _) => Some(now),
            (None, true) => Some(self.earliest_scan.min(self.next_scan)),
            (None, false) => Some(self.next_scan),
        };
        let hinted = (!self.hints.is_empty()).then_some(now);
        [due, scan, hinted].into_iter().flatten().min().unwrap_or(self.next_scan)
    }
}

fn fingerprint(path: &Path, stamp: &Stamp) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(path.as_os_str().as_bytes());
    for number in [stamp.dev, stamp.inode, stamp.size] {
        hash.write_u64(number);
    }
    hash.write_i128(stamp.mtime_ns);
    hash.write_i128(stamp.ctime_ns);
    hash.finish()
}
