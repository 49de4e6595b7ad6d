//! What is picked up, when, and what is not: on a real folder, with time passed in.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use copydesk::inbox::{Batch, Inbox, Intake, Refused, Settings};
use proptest::prelude::*;
use tempfile::TempDir;

const SETTLE: Duration = Duration::from_millis(300);
/// How long more is waited for that is known to come.
const COMING: Duration = Duration::from_secs(180);
/// How long a test waits for an event before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn settings(&self) -> Settings {
        // Scans are far apart, so that only the first one and those asked for take place.
        Settings { path: self.at(""), scan_interval_s: 3600, poll: true, ..Settings::default() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join("inbox").join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("the folder");
        fs::write(path, content).expect("the file");
    }

    /// Writes elsewhere and renames into place.
    fn drop_in(&self, path: &str, content: &str) {
        let elsewhere = self.0.path().join("elsewhere");
        fs::write(&elsewhere, content).expect("the file");
        fs::rename(elsewhere, self.at(path)).expect("the rename");
    }

    fn intake(&self, settings: Settings) -> Intake {
        fs::create_dir_all(self.at("")).expect("the inbox");
        Intake::new(Inbox::new(settings).expect("valid settings"))
    }
}

fn paths(batch: &Batch) -> BTreeSet<String> {
    batch.ready.iter().map(|ready| ready.path.to_string_lossy().into_owned()).collect()
}

fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(|&path| path.to_owned()).collect()
}

/// Polls with passing time until nothing more is to come at once.
fn settled(intake: &mut Intake, from: Duration) -> BTreeSet<String> {
    let mut found = paths(&intake.poll(from, 1000).expect("a readable inbox"));
    let batch = intake.poll(from + SETTLE, 1000).expect("a readable inbox");
    found.extend(paths(&batch));
    found
}

#[test]
fn what_is_there_at_the_start_is_found_after_it_has_settled() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    folder.write("site/2026/b.html", "two");
    let mut intake = folder.intake(folder.settings());
    let first = intake.poll(Duration::ZERO, 100).unwrap();
    assert!(first.ready.is_empty() && !first.is_exhausted);
    assert_eq!(first.wake_at, SETTLE);
    let second = intake.poll(SETTLE, 100).unwrap();
    assert_eq!(paths(&second), set(&["a.txt", "site/2026/b.html"]));
    assert!(!second.is_exhausted, "both are in flight");
    intake.finished(Path::new("a.txt"));
    intake.finished(Path::new("site/2026/b.html"));
    assert!(intake.poll(SETTLE, 100).unwrap().is_exhausted);
}

#[test]
fn only_regular_files_with_honest_names_are_inputs() {
    let folder = Folder::new();
    for path in [
        "a.txt",
        ".hidden",
        "b.tmp",
        "c.part",
        "done/d.txt",
        "failed/e.txt",
        "README.md",
        "x/README.md",
        "x/done/f.txt",
    ] {
        folder.write(path, "one");
    }
    fs::create_dir(folder.at("folder.html")).unwrap();
    symlink(folder.at("a.txt"), folder.at("link.txt")).unwrap();
    symlink("/", folder.at("root")).unwrap();
    symlink(".", folder.at("x/round")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folder.at("pipe.html"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(folder.at("socket.txt")).unwrap();
    let mut intake = folder.intake(folder.settings());
    let first = intake.poll(Duration::ZERO, 100).unwrap();
    let skipped: BTreeSet<String> = first.skipped.iter().map(|s| s.path.to_string_lossy().into_owned()).collect();
    assert_eq!(skipped, set(&["link.txt", "root", "x/round", "pipe.html", "socket.txt"]));
    assert!(first.skipped.iter().all(|skipped| !skipped.why.is_empty()));
    assert_eq!(paths(&intake.poll(SETTLE, 100).unwrap()), set(&["a.txt", "x/README.md", "x/done/f.txt"]));
    let inbox = Inbox::new(folder.settings()).unwrap();
    for path in ["link.txt", "pipe.html", "socket.txt", "folder.html"] {
        assert!(matches!(inbox.claim(Path::new(path), 1000, 1000), Err(Refused::NotRegular(_))), "{path}");
    }
    assert!(matches!(inbox.claim(Path::new("x/round/README.md"), 1000, 1000), Err(Refused::Vanished)));
}

#[test]
fn a_sidecar_is_read_with_its_document_and_alone_after_a_longer_wait() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    folder.write("a.txt.meta.json", "{\"url\": \"x\"}");
    folder.write("b.txt.meta.json", "{}");
    let mut intake = folder.intake(folder.settings());
    assert_eq!(settled(&mut intake, Duration::ZERO), set(&["a.txt"]));
    let inbox = Inbox::new(folder.settings()).unwrap();
    let claim = inbox.claim(Path::new("a.txt"), 1000, 1000).unwrap();
    assert_eq!(claim.sidecar.as_deref(), Some(&b"{\"url\": \"x\"}"[..]));
    assert!(intake.poll(SETTLE * 100, 100).unwrap().ready.is_empty(), "its document may come for minutes");
    assert_eq!(paths(&intake.poll(COMING, 100).unwrap()), set(&["b.txt.meta.json"]));
    // Who takes what is there and ends waits for seconds.
    let mut intake = folder.intake(folder.settings()).briefly();
    assert_eq!(settled(&mut intake, Duration::ZERO), set(&["a.txt"]));
    assert_eq!(paths(&intake.poll(SETTLE * 10, 100).unwrap()), set(&["b.txt.meta.json"]));
}

#[test]
fn a_sidecar_that_came_first_is_left_to_its_document() {
    let folder = Folder::new();
    folder.write("a.txt.meta.json", "{}");
    let mut intake = folder.intake(folder.settings());
    assert!(settled(&mut intake, Duration::ZERO).is_empty());
    folder.write("a.txt", "one");
    intake.look_again();
    assert_eq!(settled(&mut intake, SETTLE * 5), set(&["a.txt"]));
    intake.finished(Path::new("a.txt"));
    fs::remove_file(folder.at("a.txt")).unwrap();
    fs::remove_file(folder.at("a.txt.meta.json")).unwrap();
    assert!(settled(&mut intake, SETTLE * 20).is_empty());
    assert!(intake.poll(SETTLE * 30, 100).unwrap().is_exhausted);
}

#[test]
fn an_unreadable_or_oversized_file_is_refused_for_what_it_is() {
    let folder = Folder::new();
    folder.write("large.txt", "0123456789");
    folder.write("locked.txt", "one");
    fs::set_permissions(folder.at("locked.txt"), fs::Permissions::from_mode(0o000)).unwrap();
    let inbox = Inbox::new(folder.settings()).unwrap();
    let refused = inbox.claim(Path::new("large.txt"), 5, 1000).unwrap_err();
    assert!(matches!(refused, Refused::TooLarge { size: 10, limit: 5 }));
    // Root reads everything, so there is nothing to see then.
    if !rustix::process::geteuid().is_root() {
        let refused = inbox.claim(Path::new("locked.txt"), 1000, 1000).unwrap_err();
        assert!(matches!(refused, Refused::Document(_)), "{refused}");
    }
    assert!(matches!(inbox.claim(Path::new("gone.txt"), 1000, 1000), Err(Refused::Vanished)));
    fs::rename(folder.at(""), folder.0.path().join("away")).unwrap();
    assert!(matches!(inbox.claim(Path::new("large.txt"), 1000, 1000), Err(Refused::Desk(_))));
}

#[test]
fn a_held_inbox_stays_the_folder_that_it_was_and_a_failure_looks_for_another_in_its_place() {
    let folder = Folder::new();
    folder.write("old.txt", "one");
    let held = Inbox::new(folder.settings()).unwrap().held().unwrap();
    fs::rename(folder.at(""), folder.0.path().join("away")).unwrap();
    assert!(held.claim(Path::new("old.txt"), 1000, 1000).is_ok());
    folder.write("new.txt", "one");
    assert!(matches!(held.claim(Path::new("new.txt"), 1000, 1000), Err(Refused::Vanished)));
    assert!(held.here_or_anew(|inbox| inbox.claim(Path::new("new.txt"), 1000, 1000)).is_ok());
    assert!(held.held().unwrap().claim(Path::new("new.txt"), 1000, 1000).is_ok());
}

#[test]
fn folders_put_the_next_scan_off_where_events_tell_of_them() {
    let folder = Folder::new();
    for number in 0..1_000 {
        fs::create_dir_all(folder.at(&format!("site-{number}"))).unwrap();
    }
    let next_scan = |settings: Settings| {
        let mut intake = folder.intake(Settings { scan_interval_s: 10, ..settings });
        loop {
            let batch = intake.poll(Duration::ZERO, 100).unwrap();
            if batch.scanned.is_some() {
                return (batch.wake_at, intake.trouble().is_some());
            }
        }
    };
    assert_eq!(next_scan(folder.settings()), (Duration::from_secs(10), false));
    // A machine may have no watches left for this test.
    if let (wake_at, false) = next_scan(Settings { poll: false, ..folder.settings() }) {
        assert!(wake_at >= Duration::from_secs(12), "{wake_at:?}");
    }
    let few_watches = Settings { poll: false, max_watched_folders: 10, ..folder.settings() };
    assert_eq!(next_scan(few_watches), (Duration::from_secs(10), true));
}

#[test]
fn an_empty_inbox_is_not_held_open() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    let mut intake = folder.intake(folder.settings());
    assert_eq!(settled(&mut intake, Duration::ZERO), set(&["a.txt"]));
    let opened = intake.inbox().claim(Path::new("a.txt"), 1000, 1000);
    fs::rename(folder.at(""), folder.0.path().join("away")).unwrap();
    assert!(opened.is_ok() && intake.inbox().claim(Path::new("a.txt"), 1000, 1000).is_ok());
    intake.finished(Path::new("a.txt"));
    assert!(intake.poll(SETTLE * 3, 100).unwrap().is_exhausted);
    assert!(intake.inbox().claim(Path::new("a.txt"), 1000, 1000).is_err());
}

#[test]
fn a_file_that_changes_under_the_reader_is_seen_to_have_changed() {
    let folder = Folder::new();
    let inbox = Inbox::new(folder.settings()).unwrap();
    type Change = fn(&Folder);
    let changes: [(&str, Change); 5] = [
        ("appended", |folder| folder.write("a.txt", "one and two")),
        ("truncated", |folder| folder.write("a.txt", "")),
        ("rewritten", |folder| folder.write("a.txt", "two")),
        ("replaced", |folder| folder.drop_in("a.txt", "one")),
        ("removed", |folder| fs::remove_file(folder.at("a.txt")).unwrap()),
    ];
    for (what, change) in changes {
        folder.write("a.txt", "one");
        let mut claim = inbox.claim(Path::new("a.txt"), 1000, 1000).unwrap();
        let mut text = String::new();
        claim.file.read_to_string(&mut text).unwrap();
        assert!(claim.unchanged().unwrap());
        // Time stamps are as coarse as the kernel's tick, so a rewrite in the same tick is repeated.
        let deadline = Instant::now() + PATIENCE;
        while claim.unchanged().unwrap() {
            change(&folder);
            assert!(Instant::now() < deadline, "{what} was not seen");
        }
        assert_eq!(text, "one");
    }
}

#[test]
fn a_sidecar_that_changes_or_comes_meanwhile_makes_its_document_another() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    let inbox = Inbox::new(folder.settings()).unwrap();
    let claim = || inbox.claim(Path::new("a.txt"), 1000, 1000).unwrap();
    let alone = claim();
    assert!(alone.unchanged().unwrap());
    folder.write("a.txt.meta.json", "{\"title\": \"hal");
    assert!(!alone.unchanged().unwrap());
    let half = claim();
    assert!(half.unchanged().unwrap());
    let now = SystemTime::now();
    assert!(half.is_early(now) && !alone.is_early(now));
    assert!(!half.is_early(now + Duration::from_secs(20)), "what stays like this is wrong");
    assert!(!half.is_early(now - Duration::from_secs(3600)), "nor does a clock that jumps make it young");
    folder.write("a.txt.meta.json", "{\"title\": \"half\"}");
    assert!(!half.unchanged().unwrap());
    assert!(!claim().is_early(SystemTime::now()));
}

#[test]
fn a_growing_file_is_not_picked_up_before_it_keeps_still() {
    let folder = Folder::new();
    folder.write("a.txt", "1");
    let mut intake = folder.intake(folder.settings());
    let mut content = "1".to_owned();
    for step in 0..10 {
        assert!(intake.poll(SETTLE * step, 100).unwrap().ready.is_empty());
        content.push('1');
        folder.write("a.txt", &content);
    }
    assert!(intake.poll(SETTLE * 10, 100).unwrap().ready.is_empty());
    assert_eq!(paths(&intake.poll(SETTLE * 11, 100).unwrap()), set(&["a.txt"]));
}

#[test]
fn a_file_that_somebody_has_open_is_waited_for_without_events() {
    for content in ["half", ""] {
        let folder = Folder::new();
        folder.write("slow.txt", content);
        folder.write("quick.txt", "one");
        let writer = fs::OpenOptions::new().append(true).open(folder.at("slow.txt")).unwrap();
        let mut intake = folder.intake(folder.settings()).briefly();
        let (mut now, mut found) = (Duration::ZERO, BTreeSet::new());
        while now < COMING / 2 {
            let batch = intake.poll(now, 100).unwrap();
            found.extend(paths(&batch));
            assert!(!batch.is_exhausted);
            now = batch.wake_at.max(now + Duration::from_millis(1));
        }
        assert_eq!(found, set(&["quick.txt"]));
        drop(writer);
        while found.len() < 2 && now < COMING {
            let batch = intake.poll(now, 100).unwrap();
            found.extend(paths(&batch));
            now = batch.wake_at.max(now + Duration::from_millis(1));
        }
        assert_eq!(found, set(&["quick.txt", "slow.txt"]), "taken soon after it was closed");
        // One that hangs does not keep its file for ever.
        let _writer = fs::OpenOptions::new().append(true).open(folder.at("slow.txt")).unwrap();
        let mut intake = folder.intake(folder.settings());
        assert_eq!(settled(&mut intake, Duration::ZERO), set(&["quick.txt"]));
        assert_eq!(paths(&intake.poll(COMING, 100).unwrap()), set(&["slow.txt"]));
    }
}

#[test]
fn an_empty_file_is_given_time_to_fill() {
    let folder = Folder::new();
    folder.write("a.txt", "");
    let mut intake = folder.intake(folder.settings());
    assert!(settled(&mut intake, Duration::ZERO).is_empty());
    assert_eq!(paths(&intake.poll(SETTLE * 10, 100).unwrap()), set(&["a.txt"]));
}

#[test]
fn no_more_is_given_than_there_is_room_for_and_nothing_is_forgotten() {
    let folder = Folder::new();
    for n in 0..50 {
        folder.write(&format!("{n}.txt"), "one");
    }
    // Room to watch ten files for settling, and to read seven at once.
    let mut intake = folder.intake(Settings { max_settling: 10, ..folder.settings() });
    let (mut found, mut now) = (BTreeSet::new(), Duration::ZERO);
    for _ in 0..200 {
        let batch = intake.poll(now, 7).unwrap();
        assert!(batch.ready.len() <= 7);
        for ready in &batch.ready {
            assert!(found.insert(ready.path.clone()), "{:?} twice", ready.path);
            fs::remove_file(folder.at(ready.path.to_str().unwrap())).unwrap();
            intake.finished(&ready.path);
        }
        now = batch.wake_at.max(now);
        if batch.is_exhausted {
            break;
        }
    }
    assert_eq!(found.len(), 50);
}

#[test]
fn a_file_that_found_no_room_to_settle_comes_before_the_next_timed_scan() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    let mut intake = folder.intake(Settings { max_settling: 1, ..folder.settings() });
    assert_eq!(settled(&mut intake, Duration::ZERO), set(&["a.txt"]));
    let others: BTreeSet<String> = (0..20).map(|n| format!("b{n}.txt")).collect();
    for other in &others {
        folder.write(other, "one");
    }
    intake.look_again();
    let (mut found, mut now) = (BTreeSet::new(), SETTLE * 2);
    while found.len() < 21 && now < Duration::from_secs(60) {
        let batch = intake.poll(now, 1).unwrap();
        found.extend(paths(&batch));
        if found.len() == 19 && batch.ready.is_empty() && !found.contains("a.txt") {
            // The scan has passed this file by, as in flight, and the only room is taken by the last of the others.
            intake.again(Path::new("a.txt"));
            assert!(intake.poll(now, 1).unwrap().ready.is_empty());
        }
        now = now.max(batch.wake_at) + Duration::from_millis(1);
    }
    assert!(found.contains("a.txt") && others.is_subset(&found), "{found:?}");
}

#[test]
fn a_file_in_flight_is_not_given_twice_and_a_changed_one_comes_again() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    let mut intake = folder.intake(folder.settings());
    assert_eq!(settled(&mut intake, Duration::ZERO).len(), 1);
    intake.look_again();
    assert!(settled(&mut intake, SETTLE * 5).is_empty());
    intake.again(Path::new("a.txt"));
    assert_eq!(settled(&mut intake, SETTLE * 10), set(&["a.txt"]));
}

#[test]
fn a_kept_file_is_read_again_only_when_it_changes() {
    let folder = Folder::new();
    folder.write("a.txt", "one");
    let mut intake = folder.intake(folder.settings());
    intake.poll(Duration::ZERO, 10).unwrap();
    let ready = intake.poll(SETTLE, 10).unwrap().ready.remove(0);
    intake.kept(&ready.path, &ready.stamp);
    for round in 1..5 {
        intake.look_again();
        assert!(settled(&mut intake, SETTLE * 10 * round).is_empty());
        assert!(intake.poll(SETTLE * (10 * round + 1), 10).unwrap().is_exhausted);
    }
    folder.write("a.txt", "another");
    intake.look_again();
    assert_eq!(settled(&mut intake, SETTLE * 100), set(&["a.txt"]));
}

#[test]
fn an_inbox_that_is_missing_is_an_error_and_is_found_when_it_is_there() {
    let folder = Folder::new();
    let mut intake = Intake::new(Inbox::new(folder.settings()).unwrap());
    for _ in 0..3 {
        assert!(intake.poll(Duration::ZERO, 10).is_err());
    }
    folder.write("a.txt", "one");
    assert_eq!(settled(&mut intake, SETTLE), set(&["a.txt"]));
}

#[test]
fn folders_past_the_bound_are_named_and_not_entered() {
    let folder = Folder::new();
    folder.write("1/2/a.txt", "one");
    folder.write("1/2/3/b.txt", "one");
    let mut intake = folder.intake(Settings { max_depth: 2, ..folder.settings() });
    let first = intake.poll(Duration::ZERO, 10).unwrap();
    assert_eq!(first.skipped.len(), 1);
    assert!(first.skipped[0].why.contains("max_depth"));
    assert_eq!(paths(&intake.poll(SETTLE, 10).unwrap()), set(&["1/2/a.txt"]));
}

/// An intake with events, and what waits for them.
struct Watched {
    intake: Intake,
    runtime: tokio::runtime::Runtime,
    start: Instant,
}

impl Watched {
    fn new(folder: &Folder, settings: Settings) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        let intake = folder.intake(Settings { poll: false, ..settings });
        Self { intake, runtime, start: Instant::now() }
    }

    /// Waits for events, never for the scan, until all these have been given; gives what else came as well.
    fn wait_for(&mut self, wanted: &[&str]) -> BTreeSet<String> {
        let (mut found, wanted) = (BTreeSet::new(), set(wanted));
        let signal = self.intake.signal();
        loop {
            let batch = self.intake.poll(self.start.elapsed(), 1000).expect("a readable inbox");
            found.extend(paths(&batch));
            if wanted.is_subset(&found) {
                return found;
            }
            assert!(self.start.elapsed() < PATIENCE, "got {found:?} of {wanted:?}");
            let pause = batch.wake_at.saturating_sub(self.start.elapsed()).min(PATIENCE);
            let _ = self.runtime.block_on(async { tokio::time::timeout(pause, signal.changed()).await });
        }
    }

    /// One whole scan.
    fn scan(&mut self) {
        self.intake.poll(self.start.elapsed(), 1000).expect("a readable inbox");
    }
}

#[test]
fn a_file_that_is_renamed_or_closed_is_taken_at_once() {
    let folder = Folder::new();
    // It would never settle, so that only a hint of being whole makes it ready.
    let mut watched = Watched::new(&folder, Settings { settle_ms: 3_600_000, ..folder.settings() });
    watched.scan();
    folder.drop_in("renamed.txt", "one");
    folder.write("closed.txt", "one");
    assert_eq!(watched.wait_for(&["renamed.txt", "closed.txt"]), set(&["renamed.txt", "closed.txt"]));
}

#[test]
fn where_sidecars_are_in_use_a_document_waits_for_its_own() {
    let folder = Folder::new();
    let mut watched = Watched::new(&folder, Settings { settle_ms: 3_600_000, ..folder.settings() });
    watched.scan();
    folder.drop_in("a.txt.meta.json", "{}");
    folder.drop_in("a.txt", "one");
    folder.drop_in("b.txt", "one");
    folder.drop_in("b.txt.meta.json", "{}");
    folder.drop_in("c.txt", "one");
    folder.drop_in("d.txt.meta.json", "{}");
    folder.drop_in("d.txt", "one");
    let found = watched.wait_for(&["a.txt", "b.txt", "d.txt"]);
    assert!(!found.contains("c.txt"), "{found:?}");
}

#[test]
fn a_file_linked_into_place_is_hinted_and_settles() {
    let folder = Folder::new();
    let mut watched = Watched::new(&folder, folder.settings());
    watched.scan();
    let elsewhere = folder.0.path().join("elsewhere");
    fs::write(&elsewhere, "one").unwrap();
    fs::hard_link(elsewhere, folder.at("linked.txt")).unwrap();
    watched.wait_for(&["linked.txt"]);
}

#[test]
fn new_folders_are_looked_into_and_watched() {
    let folder = Folder::new();
    let mut watched = Watched::new(&folder, folder.settings());
    watched.scan();
    let elsewhere = folder.0.path().join("moved");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("a.txt"), "one").unwrap();
    fs::rename(elsewhere, folder.at("moved")).unwrap();
    folder.write("made/deep/b.txt", "one");
    watched.wait_for(&["moved/a.txt", "made/deep/b.txt"]);
    folder.drop_in("made/deep/c.txt", "one");
    watched.wait_for(&["made/deep/c.txt"]);
}

#[test]
fn more_events_than_can_be_held_cost_a_scan_and_no_file() {
    let folder = Folder::new();
    let mut watched = Watched::new(&folder, Settings { max_hints: 2, ..folder.settings() });
    watched.scan();
    let names: Vec<String> = (0..200).map(|n| format!("{n}.txt")).collect();
    for name in &names {
        folder.drop_in(name, "one");
    }
    watched.wait_for(&names.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn an_inbox_that_is_removed_and_made_again_is_watched_again() {
    let folder = Folder::new();
    let mut watched = Watched::new(&folder, folder.settings());
    watched.scan();
    fs::rename(folder.at(""), folder.0.path().join("away")).unwrap();
    watched.intake.look_again();
    // The scan after a pause is what notices.
    let deadline = watched.start + PATIENCE;
    while watched.intake.poll(watched.start.elapsed(), 10).is_ok() {
        assert!(Instant::now() < deadline, "a missing inbox was not noticed");
    }
    fs::create_dir(folder.at("")).unwrap();
    watched.scan();
    folder.drop_in("a.txt", "one");
    watched.wait_for(&["a.txt"]);
}

/// What happens to the inbox between two polls.
#[derive(Clone, Debug)]
enum Step {
    Write(u8, u8),
    DropIn(u8, u8),
    Remove(u8),
    Poll(u16),
    /// The desk is done with the oldest file in flight: it has been taken out of the inbox.
    Finish,
    /// It was found to have changed while it was read.
    Again,
    LookAgain,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..8_u8, 0..4_u8).prop_map(|(name, content)| Step::Write(name, content)),
        2 => (0..8_u8, 0..4_u8).prop_map(|(name, content)| Step::DropIn(name, content)),
        1 => (0..8_u8).prop_map(Step::Remove),
        4 => (0..500_u16).prop_map(Step::Poll),
        2 => Just(Step::Finish),
        1 => Just(Step::Again),
        1 => Just(Step::LookAgain),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_file_is_given_and_none_twice_at_a_time(steps in steps()) {
        let folder = Folder::new();
        // Three watched at once and two given at once, so that every bound is met.
        let mut intake = folder.intake(Settings { max_settling: 3, max_hints: 2, ..folder.settings() });
        let (mut now, mut flying, mut given) = (Duration::ZERO, Vec::<PathBuf>::new(), 0_usize);
        let name = |name: u8| if name.is_multiple_of(2) { format!("{name}.txt") } else { format!("site/{name}.txt") };
        fs::create_dir(folder.at("site")).unwrap();
        for step in steps {
            match step {
                Step::Write(file, content) => folder.write(&name(file), &"x".repeat(content.into())),
                Step::DropIn(file, content) => folder.drop_in(&name(file), &"x".repeat(content.into())),
                Step::Remove(file) => drop(fs::remove_file(folder.at(&name(file)))),
                Step::Poll(ms) => {
                    now += Duration::from_millis(ms.into());
                    for ready in intake.poll(now, 2).unwrap().ready {
                        prop_assert!(!flying.contains(&ready.path), "{:?} is in flight", ready.path);
                        flying.push(ready.path);
                    }
                }
                Step::Finish | Step::Again if flying.is_empty() => {}
                Step::Finish => {
                    let path = flying.remove(0);
                    drop(fs::remove_file(folder.at(path.to_str().unwrap())));
                    intake.finished(&path);
                }
                Step::Again => intake.again(&flying.remove(0)),
                Step::LookAgain => intake.look_again(),
            }
        }
        // Left in peace, everything comes.
        for path in flying.drain(..) {
            intake.again(&path);
        }
        intake.look_again();
        for _ in 0..500 {
            let batch = intake.poll(now, 2).unwrap();
            for ready in batch.ready {
                fs::remove_file(folder.at(ready.path.to_str().unwrap())).unwrap();
                intake.finished(&ready.path);
                given += 1;
            }
            if batch.is_exhausted {
                break;
            }
            now = now.max(batch.wake_at);
        }
        let inbox = Inbox::new(folder.settings()).unwrap();
        let left = inbox.scan().filter(|found| matches!(found, Ok(copydesk::inbox::Found::File { .. }))).count();
        prop_assert_eq!(left, 0, "after {} were given", given);
    }
}
