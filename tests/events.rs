//! Events are hints and the scan is the truth: lost events, missing watches and silent file systems cost latency only.
//!
//! `COPYDESK_BURST=100000 cargo test --release --test events burst -- --nocapture` is the long mode.
#![cfg(feature = "cli")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::{Desk, Folders, article, has, setting, wait_for, wait_within};

/// No timer helps within a test: what is found is found through events.
const NO_SCANS: &str = "3600";

fn start(folders: &Folders, wrapper: &[&str], settings: &[(&str, &str)]) -> Desk {
    let mut command = folders.command_under(wrapper, "run");
    for (key, value) in settings {
        command.env(format!("COPYDESK__INBOX__{key}"), value);
    }
    let desk = folders.start(command);
    wait_for("the desk to start", || folders.log().contains("watching"));
    desk
}

fn drop_in(folders: &Folders, name: &str, number: u64, fed: &mut BTreeSet<String>) {
    folders.drop_in(name, article(number));
    fed.insert(name.to_owned());
}

#[test]
fn a_burst_against_a_stalled_watcher_is_ingested_all_the_same() {
    let files = setting("COPYDESK_BURST", 200);
    let folders = Folders::new();
    let mut desk = start(&folders, &[], &[("SCAN_INTERVAL_S", NO_SCANS)]);
    desk.signal(Signal::STOP);
    // Names that are no inputs fill the queue of events, so that those of the files are lost.
    let room = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").ok();
    let room: u64 = room.and_then(|room| room.trim().parse().ok()).unwrap_or(16_384);
    let mut noise = [".one", ".two"].map(|name| fs::File::create(folders.inbox().join(name)).expect("a file"));
    for n in 0..=room {
        // Turn by turn: events that are alike count as one.
        noise[n as usize % 2].write_all(b".").expect("a byte");
    }
    let mut fed = BTreeSet::new();
    for number in 0..files {
        drop_in(&folders, &format!("{number}.txt"), number, &mut fed);
    }
    desk.signal(Signal::CONT);
    let begun = Instant::now();
    let patience = Duration::from_secs(60 + files / 20);
    wait_within(patience, "files whose events were lost", || folders.waiting().is_empty());
    eprintln!("{files} files ingested {:?} after the watcher came back", begun.elapsed());
    assert_eq!(desk.stop(), Some(0));
    assert_eq!(folders.published(), fed);
}

#[test]
fn with_five_watches_everything_is_found_by_scanning() {
    if !has("unshare") {
        return;
    }
    let folders = Folders::new();
    let limit = "echo 5 > /proc/sys/user/max_inotify_watches || exit 77; exec \"$0\" \"$@\"";
    let wrapper = ["unshare", "--user", "--map-root-user", "sh", "-c", limit];
    let probe = folders.command_under(&wrapper, "status").output().expect("unshare runs");
    if !probe.status.success() {
        eprintln!("skipped: no user namespaces here: {}", String::from_utf8_lossy(&probe.stderr).trim());
        return;
    }
    let mut fed = BTreeSet::new();
    for number in 0..12 {
        drop_in(&folders, &format!("site-{number}/first.txt"), number, &mut fed);
    }
    let desk = start(&folders, &wrapper, &[("SCAN_INTERVAL_S", "2")]);
    wait_for("the first files", || folders.waiting().is_empty());
    assert!(folders.log().contains("without events"), "the limit is said");
    for number in 0..12 {
        drop_in(&folders, &format!("site-{number}/second.txt"), 100 + number, &mut fed);
    }
    wait_within(Duration::from_secs(10), "the files without events", || folders.waiting().is_empty());
    assert_eq!(folders.log().matches("without events").count(), 1, "it is said once");
    assert_eq!(desk.stop(), Some(0));
    assert_eq!(folders.published(), fed);
}

#[test]
fn a_file_system_without_events_is_polled() {
    let folders = Folders::new();
    let desk = start(&folders, &[], &[("POLL", "true"), ("SCAN_INTERVAL_S", "1")]);
    let mut fed = BTreeSet::new();
    for number in 0..5 {
        drop_in(&folders, &format!("site/{number}.txt"), number, &mut fed);
        wait_within(Duration::from_secs(10), "a file without events", || folders.waiting().is_empty());
    }
    assert_eq!(desk.stop(), Some(0));
    assert_eq!(folders.published(), fed);
}

#[test]
fn folders_past_the_limit_of_watches_wait_for_the_scan() {
    let folders = Folders::new();
    let desk = start(&folders, &[], &[("MAX_WATCHED_FOLDERS", "1"), ("SCAN_INTERVAL_S", "1")]);
    fs::create_dir(folders.inbox().join("site")).expect("a folder");
    let mut fed = BTreeSet::new();
    for number in 0..5 {
        drop_in(&folders, &format!("site/{number}.txt"), number, &mut fed);
        wait_within(Duration::from_secs(10), "a file in a folder without a watch", || folders.waiting().is_empty());
    }
    assert_eq!(desk.stop(), Some(0));
    assert_eq!(folders.published(), fed);
}

#[test]
fn a_renamed_and_a_recreated_folder_are_watched_again() {
    let folders = Folders::new();
    let desk = start(&folders, &[], &[("SCAN_INTERVAL_S", NO_SCANS)]);
    let mut fed = BTreeSet::new();
    let seen = |what: &str| {
        wait_within(Duration::from_secs(20), what, || folders.waiting().is_empty());
    };
    drop_in(&folders, "old/1.txt", 1, &mut fed);
    seen("a file in a new folder");
    fs::rename(folders.inbox().join("old"), folders.inbox().join("new")).expect("a rename");
    for number in 2..6 {
        drop_in(&folders, &format!("new/{number}.txt"), number, &mut fed);
        seen("a file in a renamed folder");
    }
    for number in 6..12 {
        // The new folder is likely to have the inode of the old one.
        fs::remove_dir(folders.inbox().join("new")).expect("an empty folder");
        fs::create_dir(folders.inbox().join("new")).expect("a folder");
        drop_in(&folders, &format!("new/{number}.txt"), number, &mut fed);
        seen("a file in a recreated folder");
        drop_in(&folders, &format!("new/{number}-later.txt"), number + 100, &mut fed);
        seen("a later file in a recreated folder");
    }
    assert_eq!(desk.stop(), Some(0));
    assert_eq!(folders.published(), fed);
}
