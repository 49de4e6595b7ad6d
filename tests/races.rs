//! Files that are half-written, growing, replaced, truncated, renamed and deleted while the desk reads: what is published is
//! always one whole version, and the last version is always published.
//!
//! `COPYDESK_ROUNDS=10000 cargo test --release --test races -- --nocapture` is the long mode; `COPYDESK_SEED` repeats a run.
#![cfg(feature = "cli")]

mod support;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use copydesk::article::InputId;
use support::{Folders, article, random, setting, wait_for, wait_within};

/// Writers, each at work on names of its own.
const WRITERS: u64 = 4;
const NAMES: u64 = 3;
/// Longest pause of a writer in the middle of a version. The desk takes a file that is still open only after three seconds
/// without a write, and after 300 ms where it sees no events.
const LONGEST_PAUSE_MS: u64 = 40;

/// What one writer made.
#[derive(Default)]
struct Written {
    /// Hashes of every whole version: the bytes that a file held when its writer closed it.
    whole: BTreeSet<String>,
    /// Of those, the ones that must be published: they were left alone until the desk had taken them.
    taken: BTreeSet<String>,
}

struct Writer<'a> {
    folders: &'a Folders,
    random: Box<dyn FnMut(u64) -> u64>,
    number: u64,
    written: Written,
}

impl Writer<'_> {
    /// A version that shares nothing with any other, long enough for several writes.
    fn version(&mut self) -> String {
        self.number += 1;
        let blocks = 1 + (self.random)(3);
        (0..blocks).map(|block| article(self.number * 10 + block)).collect::<Vec<_>>().join("\n")
    }

    fn pause(&mut self) {
        let ms = if (self.random)(4) == 0 { (self.random)(LONGEST_PAUSE_MS) } else { 0 };
        std::thread::park_timeout(Duration::from_millis(ms));
    }

    fn closed(&mut self, content: &str) {
        self.written.whole.insert(InputId::of(content.as_bytes()).to_string());
    }

    /// One round at a file. `content` is what it held when it was last closed.
    fn round(&mut self, path: &PathBuf, content: &mut String) {
        match (self.random)(8) {
            // In place, in pieces: after a while it is shorter, then half of the new version.
            0..=2 => {
                let version = self.version();
                let mut file = fs::File::create(path).expect("a file");
                self.pause();
                let pieces = 2 + (self.random)(4) as usize;
                for piece in version.as_bytes().chunks(version.len() / pieces + 1) {
                    file.write_all(piece).expect("a piece");
                    self.pause();
                }
                self.closed(&version);
                *content = version;
            }
            // More behind what is there; where the desk took the file, the new part begins a new one.
            3 => {
                let part = format!("\n{}", self.version());
                let mut file = OpenOptions::new().append(true).create(true).open(path).expect("a file");
                let grown = file.metadata().expect("a file").len() > 0;
                let whole = if grown { format!("{content}{part}") } else { part.clone() };
                let (first, second) = part.split_at(part.len() / 2);
                file.write_all(first.as_bytes()).expect("a piece");
                self.pause();
                file.write_all(second.as_bytes()).expect("a piece");
                self.closed(&whole);
                *content = whole;
            }
            4 => self.replace(path, content),
            // Nothing for a moment, then a version of its own: nothing is ever a version.
            5 => {
                drop(fs::File::create(path).expect("a file"));
                self.pause();
                self.replace(path, content);
            }
            // Away, and perhaps back.
            6 => {
                let aside = path.with_extension("aside.swp");
                if fs::rename(path, &aside).is_ok() {
                    self.pause();
                    let _ = fs::rename(&aside, path);
                }
            }
            _ => {
                let _ = fs::remove_file(path);
                self.pause();
            }
        }
    }

    /// Puts a new version in place of the old one, as a careful program does.
    fn replace(&mut self, path: &PathBuf, content: &mut String) {
        *content = self.version();
        let staged = path.with_extension("staged.tmp");
        fs::write(&staged, &content).expect("a file");
        self.closed(content);
        fs::rename(&staged, path).expect("a rename into the inbox");
    }

    /// A version that is left alone until it is gone.
    fn leave(&mut self, path: &PathBuf, content: &mut String) {
        self.replace(path, content);
        self.written.taken.insert(InputId::of(content.as_bytes()).to_string());
        wait_for("a version that is left alone to be taken", || !path.exists());
    }

    fn work(mut self, writer: u64, rounds: u64) -> Written {
        let mut files: Vec<(PathBuf, String)> =
            (0..NAMES).map(|name| (self.folders.inbox().join(format!("{writer}-{name}.txt")), String::new())).collect();
        for _ in 0..rounds {
            let at = (self.random)(NAMES) as usize;
            let (path, content) = &mut files[at];
            if (self.random)(25) == 0 {
                self.leave(path, content);
            } else {
                self.round(path, content);
            }
            self.pause();
        }
        for (path, content) in &mut files {
            self.leave(path, content);
        }
        self.written
    }
}

#[test]
fn whatever_writers_do_each_output_is_one_whole_version() {
    let (rounds, seed) = (setting("COPYDESK_ROUNDS", 400), setting("COPYDESK_SEED", 1));
    let folders = Folders::new();
    let desk = folders.run_watching();
    let mut written = Written::default();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let number = (seed * WRITERS + writer) * 1_000_000;
                let random = Box::new(random(seed * WRITERS + writer));
                let folders = &folders;
                scope.spawn(move || {
                    let hand = Writer { folders, random, number, written: Written::default() };
                    hand.work(writer, rounds / WRITERS)
                })
            })
            .collect();
        for writer in writers {
            let one = writer.join().expect("a writer");
            written.whole.extend(one.whole);
            written.taken.extend(one.taken);
        }
    });
    wait_for("the inbox to empty", || folders.waiting().is_empty());
    assert_eq!(desk.stop(), Some(0));
    let mut published = BTreeSet::new();
    for record in folders.records().values() {
        for copy in record["copies"].as_array().expect("copies") {
            let input = copy["input"].as_str().expect("a hash").to_owned();
            assert!(written.whole.contains(&input), "a version that nobody wrote: {record:#}");
            published.insert(input);
        }
    }
    let lost: Vec<_> = written.taken.difference(&published).collect();
    assert_eq!(lost, Vec::<&String>::new(), "versions that the desk took");
    for name in folders.files_in("failed").iter().filter(|name| !name.ends_with(".error.json")) {
        assert_eq!(folders.report(name)["reason"], "empty", "{name}");
    }
    let (whole, all) = (written.whole.len(), published.len());
    eprintln!("seed {seed}: {rounds} rounds, {whole} whole versions, {all} of them published, 0 mixed, 0 lost");
}

#[test]
fn a_file_whose_writer_pauses_is_read_when_it_is_closed() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    let (one, two) = (article(1), article(2));
    let mut file = fs::File::create(folders.inbox().join("slow.txt")).expect("a file");
    file.write_all(one.as_bytes()).expect("the first half");
    // A file that is dropped after the settle time of the first, and is through: then that time is long over.
    let begun = std::time::Instant::now();
    wait_for("the settle time to pass twice", || begun.elapsed() > Duration::from_millis(600));
    folders.drop_in("quick.txt", article(3));
    wait_for("the other file", || !folders.records().is_empty());
    assert_eq!(folders.published(), BTreeSet::from(["quick.txt".to_owned()]));
    file.write_all(two.as_bytes()).expect("the second half");
    drop(file);
    wait_within(Duration::from_secs(10), "both", || folders.published().len() == 2);
    let whole = InputId::of(format!("{one}{two}").as_bytes()).to_string();
    assert!(folders.records().values().any(|record| record["copies"][0]["input"] == whole));
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn what_a_writer_adds_after_its_file_has_left_is_read_as_well() {
    for done in ["first.txt", "broken.json"] {
        let folders = Folders::new();
        let desk = folders.run_watching();
        let (one, two) = match done {
            "first.txt" => (article(1), article(2)),
            // Half of a record fails, and the whole of it does not.
            _ => {
                let json = serde_json::json!({ "text": article(1) }).to_string();
                let (one, two) = json.split_at(99);
                (one.to_owned(), two.to_owned())
            }
        };
        // The scan at the start would see that the file has a writer, and wait for it.
        folders.drop_in("before.txt", article(9));
        wait_for("the inbox to be watched", || !folders.records().is_empty());
        let staged = folders.path("stage/open");
        let mut file = fs::File::create(&staged).expect("a file");
        file.write_all(one.as_bytes()).expect("the first half");
        // Renamed into place with its writer still at it: taken at once.
        fs::rename(&staged, folders.inbox().join(done)).expect("a rename into the inbox");
        wait_for("the file to leave", || folders.waiting().is_empty());
        file.write_all(two.as_bytes()).expect("the second half");
        drop(file);
        let whole = InputId::of(format!("{one}{two}").as_bytes()).to_string();
        let is_whole = |record: &serde_json::Value| record["copies"][0]["input"] == whole;
        wait_within(Duration::from_secs(30), "the whole version", || folders.records().values().any(is_whole));
        wait_for("the file to leave again", || folders.waiting().is_empty());
        assert_eq!(folders.files_in("failed"), Vec::<String>::new());
        assert_eq!(desk.stop(), Some(0));
    }
}

#[test]
fn a_sidecar_that_is_written_slowly_condemns_no_document() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    let sidecar = serde_json::json!({ "title": "A title from beside" }).to_string();
    let (one, two) = sidecar.split_at(sidecar.len() / 2);
    let mut file = fs::File::create(folders.inbox().join("a.txt.meta.json")).expect("a sidecar");
    file.write_all(one.as_bytes()).expect("the first half");
    folders.drop_in("a.txt", article(1));
    // Files are taken in the order of their settling, so the first had its turn when the second is through.
    folders.drop_in("b.txt", article(2));
    wait_for("the other file", || folders.published().contains("b.txt"));
    file.write_all(two.as_bytes()).expect("the second half");
    drop(file);
    wait_for("the document", || folders.published().contains("a.txt"));
    assert!(folders.records().values().any(|record| record["title"] == "A title from beside"));
    assert_eq!(folders.files_in("failed"), Vec::<String>::new());
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn a_version_that_comes_while_the_last_is_in_hand_needs_no_scan() {
    let folders = Folders::new();
    let mut command = folders.command("run");
    command.env("COPYDESK__INBOX__SCAN_INTERVAL_S", "3600");
    let desk = folders.start(command);
    wait_for("the desk to start", || folders.log().contains("watching"));
    let mut versions = BTreeSet::new();
    for number in 0..20 {
        let version = article(number);
        versions.insert(InputId::of(version.as_bytes()).to_string());
        folders.drop_in("same.txt", &version);
        // The next comes as soon as this one has left, while the desk has not yet put it out of hand.
        wait_for("the version to be taken", || !folders.inbox().join("same.txt").exists());
    }
    let inputs = || -> BTreeSet<String> {
        let records = folders.records();
        records.values().map(|record| record["copies"][0]["input"].as_str().expect("a hash").to_owned()).collect()
    };
    assert_eq!(inputs(), versions);
    assert_eq!(desk.stop(), Some(0));
}
