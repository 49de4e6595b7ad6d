//! A great backlog: the desk begins at once, holds little of it at a time, and looks at each file a few times only.
//!
//! `COPYDESK_BACKLOG=1000000 cargo test --release --test backlog` is the long mode, which takes every file to its end;
//! `tools/soak.py` measures the same for hours.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use copydesk::inbox::{Inbox, Intake, Settings};
use support::{Folders, wait_for};

/// What the near-copy index may take for a document.
const INDEX_BYTES: u64 = 600;

/// So many waiting files are no backlog, and fill every queue.
const FEW: u64 = 18_000;

/// Files that wait, and whether that is the long mode.
fn backlog() -> (u64, bool) {
    let set = std::env::var("COPYDESK_BACKLOG").ok().and_then(|n| n.parse().ok());
    (set.unwrap_or(100_000), set.is_some())
}

/// A short text unlike any other.
fn short(number: u64) -> String {
    let word = |n: u64| format!("w{:x}", (number * 64 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 30);
    let sentence = |n: u64| (n..n + 10).map(word).collect::<Vec<_>>().join(" ") + ".";
    format!("Notice {number}\n\n{}\n", (0..4).map(|n| sentence(n * 10)).collect::<Vec<_>>().join(" "))
}

/// A long name, so that holding all names would be seen in the memory.
fn name(number: u64) -> String {
    format!("{number:09}-{}.txt", "n".repeat(240))
}

/// Puts files into the inbox, every other one into one of the sub-folders. Written where they lie: nobody looks yet.
fn pile_up(inbox: &Path, files: u64, folders: u64) {
    for folder in 0..folders {
        fs::create_dir(inbox.join(format!("site{folder}"))).expect("a sub-folder");
    }
    for number in 0..files {
        let folder =
            if folders > 0 && number % 2 == 1 { format!("site{}", number / 2 % folders) } else { String::new() };
        fs::write(inbox.join(folder).join(name(number)), short(number)).expect("a file");
    }
}

/// A number of `/proc/PID/status`.
fn status(pid: u32, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a running desk");
    let line = status.lines().find(|line| line.starts_with(key)).expect("the key");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

fn has_record(folders: &Folders) -> bool {
    fs::read_dir(folders.path("outbox")).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.path().extension().is_some_and(|extension| extension == "json"))
    })
}

/// Decided documents, as the ledger counts them.
fn decided(folders: &Folders) -> u64 {
    let ledger = rusqlite::Connection::open(folders.path("state/ledger.sqlite")).expect("the ledger");
    ledger
        .query_row("SELECT coalesce(sum(value), 0) FROM counters WHERE name = 'documents'", [], |row| {
            row.get::<_, i64>(0)
        })
        .expect("a count") as u64
}

/// Highest memory in KiB of a desk with `files` waiting, once it has decided `enough` of them; checks what is seen by then.
fn peak_with(files: u64, folders: u64, enough: u64) -> u64 {
    let desk_folders = Folders::new();
    pile_up(&desk_folders.inbox(), files, folders);
    let started = Instant::now();
    let mut desk = desk_folders.run();
    wait_for("the first record", || has_record(&desk_folders));
    let first = started.elapsed();
    assert!(
        files <= FEW || !desk_folders.log().contains("seen all of the inbox"),
        "the first record waited for the scan"
    );
    let pid = desk.pid();
    // Without the patience of a test: in the long mode this takes its time.
    let mut descriptors = 0;
    let mut last = (0, Instant::now());
    while last.0 < enough {
        std::thread::park_timeout(Duration::from_millis(20));
        descriptors = descriptors.max(fs::read_dir(format!("/proc/{pid}/fd")).expect("a running desk").count());
        let now = decided(&desk_folders);
        if now > last.0 {
            last = (now, Instant::now());
        }
        assert!(last.1.elapsed() < Duration::from_secs(60), "stuck after {now} documents");
    }
    // Sixteen publishers show eight records each at a time; a scan has a few folders open, however many there are.
    assert!(descriptors < 256, "{descriptors} open files with {folders} sub-folders");
    let (peak, threads) = (status(pid, "VmHWM"), status(pid, "Threads"));
    eprintln!(
        "{files} waiting, {folders} sub-folders: first record after {} ms, {enough} after {} ms, peak {} MB, {threads} threads",
        first.as_millis(),
        started.elapsed().as_millis(),
        peak / 1024
    );
    assert_eq!(desk.stop(), Some(0));
    peak
}

#[test]
fn a_backlog_costs_neither_time_before_the_first_record_nor_memory() {
    let (files, is_long) = backlog();
    let enough = if is_long { files } else { 300 };
    // As many as fill every queue, so that only what waits behind them makes a difference.
    let few = peak_with(FEW, 10, 300);
    let many = peak_with(files, if is_long { 10_000 } else { 1_000 }, enough);
    // The second part is twice what two runs with the same files differ by.
    let allowed = if is_long { (150 << 10) + enough * INDEX_BYTES / 1024 } else { few + (20 << 10) };
    assert!(many <= allowed, "{many} KiB with {files} files waiting, {few} KiB with {FEW}");
}

#[test]
fn every_file_of_a_backlog_in_many_folders_is_taken() {
    let folders = Folders::new();
    pile_up(&folders.inbox(), 1_000, 500);
    let mut once = folders.command("once");
    let output = once.env("COPYDESK__INBOX__MAX_SETTLING", "64").output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(decided(&folders), 1_000);
    let left = walk(&folders.inbox(), &["done"]);
    assert_eq!(left, 0, "files left in the inbox");
}

/// Files below a folder, those of the named sub-folders left out.
fn walk(folder: &Path, without: &[&str]) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.file_type().expect("a kind").is_dir() {
            true if without.iter().any(|name| entry.file_name() == *name) => {}
            true => files += walk(&entry.path(), without),
            false => files += 1,
        }
    }
    files
}

/// An inbox of empty-handed length: `files` names of one byte each.
fn inbox_of(root: &Path, files: u64, settings: Settings) -> Inbox {
    for number in 0..files {
        fs::write(root.join(format!("{number}.txt")), "x").expect("a file");
    }
    Inbox::new(Settings { path: root.to_owned(), ..settings }).expect("no patterns")
}

#[test]
fn the_work_of_finding_a_backlog_grows_with_its_size_and_not_with_its_square() {
    const FILES: u64 = 10_000;
    let folder = tempfile::tempdir().expect("a folder");
    let inbox = inbox_of(folder.path(), FILES, Settings { poll: true, max_settling: 500, ..Settings::default() });
    let mut intake = Intake::new(inbox);
    let (mut now, mut calls, mut taken) = (Duration::ZERO, 0_u64, 0_u64);
    while taken < FILES {
        let batch = intake.poll(now, 256).expect("an inbox that can be read");
        calls += 1;
        taken += batch.ready.len() as u64;
        for ready in &batch.ready {
            fs::remove_file(folder.path().join(&ready.path)).expect("a file that is taken leaves");
            intake.finished(&ready.path);
        }
        // A call looks at 1,024 names at the most. Each name is met by the scan, and once more when it has settled.
        assert!(calls <= FILES / 256 + FILES / 500 * 3, "{taken} of {FILES} files taken with {calls} calls");
        now = now.max(batch.wake_at);
    }
}

#[test]
fn files_that_stay_are_looked_at_no_more_often_than_half_a_percent_of_a_core_allows() {
    const FILES: u64 = 6_000;
    let folder = tempfile::tempdir().expect("a folder");
    let next_look = |poll: bool| {
        let settings = Settings { poll, scan_interval_s: 1, settle_ms: 0, ..Settings::default() };
        let mut intake =
            Intake::new(Inbox::new(Settings { path: folder.path().into(), ..settings }).expect("no patterns"));
        let now = Duration::from_secs(5);
        loop {
            let batch = intake.poll(now, 256).expect("an inbox that can be read");
            for ready in &batch.ready {
                intake.kept(&ready.path, &ready.stamp);
            }
            if batch.wake_at > now {
                return batch.wake_at - now;
            }
        }
    };
    drop(inbox_of(folder.path(), FILES, Settings::default()));
    assert!(next_look(false) >= Duration::from_micros(FILES * 400), "{:?}", next_look(false));
    assert_eq!(next_look(true), Duration::from_secs(1), "who is told nothing looks as often as was asked for");
}
