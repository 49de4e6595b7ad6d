//! Killed at any moment, the desk loses nothing and publishes nothing twice.
//!
//! `COPYDESK_KILLS=10000 cargo test --release --test crash random -- --nocapture` is the long mode; `COPYDESK_SEED` repeats
//! a run, as far as the machine's timing allows.
#![cfg(feature = "cli")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use copydesk::article::InputId;
use support::{Folders, article, random, setting};

/// Every durable step of the desk, see `src/crash.rs`.
const POINTS: [&str; 9] = [
    "outbox.created",
    "outbox.written",
    "outbox.synced",
    "outbox.renamed",
    "outbox.withdrawn",
    "editor.decided",
    "editor.committed",
    "retirer.reported",
    "retirer.retired",
];

/// Kills after which the folders are judged and new ones begun, so that a start stays a matter of milliseconds.
const KILLS_AT_ONCE: u64 = 250;
/// Desks that are killed at the same time, each in folders of its own.
const LANES: u64 = 2;

/// What was fed, and so what must have come out. A document is its path and the hash of its bytes.
#[derive(Default)]
struct Fed {
    documents: BTreeSet<(String, String)>,
    /// Replaced in the inbox, perhaps before the desk had read them.
    replaced: BTreeSet<(String, String)>,
    /// Paths below `failed/`.
    failures: BTreeSet<String>,
}

impl Fed {
    fn document(&mut self, path: &str, bytes: &str) {
        self.documents.insert((path.to_owned(), InputId::of(bytes.as_bytes()).to_string()));
    }

    fn drop_in(&mut self, folders: &Folders, path: &str, content: &str) {
        folders.drop_in(path, content);
        self.document(path, content);
    }

    /// Drops the next input of every kind: unique, exact copies, near-copies, files of a few and of many records, updates of
    /// one address, redeliveries, new versions under an old name, sub-folders, sidecars and failures.
    fn feed(&mut self, folders: &Folders, number: u64) {
        let name = format!("{number:05}.txt");
        match number % 16 {
            3 => self.drop_in(folders, &name, &article(number - 3)),
            5 => self.drop_in(folders, &name, &article(number - 5).replacen("ba", "bo", 2)),
            7 => {
                folders.drop_in(&name, " \n");
                self.failures.insert(name);
            }
            8 => {
                let records = [record(number * 100), "{bad".to_owned(), record(number * 100 + 1)];
                let name = format!("{number:05}.jsonl");
                folders.drop_in(&name, records.join("\n") + "\n");
                self.document(&format!("{name}#1"), &records[0]);
                self.document(&format!("{name}#3"), &records[2]);
                self.failures.insert(format!("{number:05}.record-2.jsonl"));
            }
            9 if number % 48 == 9 => {
                // More than one batch of the editor holds, with copies of one another and of earlier articles among them.
                let records: Vec<String> = (0..80)
                    .map(|n| match n % 10 {
                        4 => record(number * 1000 + n - 1),
                        6 => record(number - 9),
                        _ => record(number * 1000 + n),
                    })
                    .collect();
                let name = format!("wire/{number:05}.jsonl");
                folders.drop_in(&name, records.join("\n"));
                for (at, record) in records.iter().enumerate() {
                    self.document(&format!("{name}#{}", at + 1), record);
                }
            }
            10 => {
                let name = "desk/latest.txt";
                let present = folders.inbox().join(name).exists();
                let earlier: Vec<_> = self.documents.iter().filter(|(path, _)| path == name).cloned().collect();
                if present {
                    // The desk may just be taking it away, or never have seen it.
                    self.replaced.extend(earlier);
                }
                self.drop_in(folders, name, &article(number));
            }
            11 => {
                let page = number / 64;
                let text = [article(page * 64 + 11), article(number)].join("\n");
                let url = format!("https://live.example.org/{page}");
                let content = serde_json::json!({ "url": url, "text": text }).to_string();
                self.drop_in(folders, &format!("live/{number:05}.json"), &content);
            }
            12 => self.drop_in(folders, &format!("{:05}.txt", number - 12), &article(number - 12)),
            13 => self.drop_in(folders, &format!("agency/{number}/{name}"), &article(number - 13)),
            14 => {
                folders.drop_in(format!("{name}.meta.json"), r#"{"title": "A title from beside"}"#);
                self.drop_in(folders, &name, &article(number));
            }
            _ => self.drop_in(folders, &name, &article(number)),
        }
    }

    /// Every document fed is the copy of exactly one article, or lies in `failed/` with its reason; the feed agrees.
    fn judge(&self, folders: &Folders) {
        let records = folders.records();
        let mut places: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for (id, record) in &records {
            let copies = record["copies"].as_array().expect("copies");
            assert_eq!(record["copies_total"], copies.len(), "{id} lists all of its copies");
            for copy in copies {
                let text = |key: &str| copy[key].as_str().expect("a text").to_owned();
                places.entry((text("path"), text("input"))).or_default().push(id.clone());
            }
        }
        for document in &self.documents {
            let articles = places.get(document).map_or(0, Vec::len);
            let may_be_none = self.replaced.contains(document);
            assert!(articles == 1 || (may_be_none && articles == 0), "{document:?}: {:?}", places.get(document));
        }
        for document in places.keys() {
            assert!(self.documents.contains(document), "{document:?} was never fed");
        }
        let with_reasons = self.failures.iter().flat_map(|name| [name.clone(), format!("{name}.error.json")]);
        assert_eq!(folders.files_below("inbox/failed"), with_reasons.collect());
        assert_eq!(folders.waiting(), BTreeSet::new(), "nothing is left in the inbox");
        let partial = fs::read_dir(folders.path("outbox/.partial")).expect("the folder");
        assert_eq!(partial.count(), 0, "nothing is left half-made");
        let mut alive = BTreeMap::new();
        for event in folders.feed() {
            let id = event["id"].as_str().expect("an id").to_owned();
            let revision = event["revision"].as_u64().expect("a revision");
            match event["event"].as_str() {
                Some("withdrawn") => assert!(alive.remove(&id).is_some(), "withdrawn and not there: {event}"),
                Some("created") => assert!(alive.insert(id, revision).is_none(), "created twice: {event}"),
                _ => assert!(alive.insert(id, revision).is_some_and(|last| last < revision), "not after: {event}"),
            }
        }
        let shown =
            |(id, record): (&String, &serde_json::Value)| (id.clone(), record["revision"].as_u64().unwrap_or(0));
        assert_eq!(alive, records.iter().map(shown).collect());
    }
}

fn record(number: u64) -> String {
    serde_json::json!({ "text": article(number) }).to_string()
}

/// Runs the desk to the end of what is in the inbox.
fn settle(folders: &Folders) {
    let output = folders.once();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn death_at_every_durable_step_loses_nothing() {
    for point in POINTS {
        for times in [1, 9] {
            let folders = Folders::new();
            let mut fed = Fed::default();
            (0..32).for_each(|number| fed.feed(&folders, number));
            let output = folders.command("once").env("COPYDESK_CRASH", format!("{point}:{times}")).output();
            let status = output.expect("the binary runs").status;
            // Few steps are taken nine times here, and nothing is withdrawn; then the run simply ends.
            assert!(!status.success() || times == 9 || point == "outbox.withdrawn", "{point} was never passed");
            settle(&folders);
            fed.judge(&folders);
        }
    }
}

#[test]
fn death_before_the_state_has_its_shape_is_no_damage() {
    let folders = Folders::new();
    fs::create_dir(folders.path("state")).expect("a folder");
    // What a desk leaves that is killed between making the file and making its tables.
    fs::write(folders.path("state/ledger.sqlite"), "").expect("an empty file");
    assert_eq!(folders.status()["done"], serde_json::Value::Null);
    assert_eq!(folders.feed(), Vec::<serde_json::Value>::new());
    folders.drop_in("one.txt", article(1));
    settle(&folders);
    assert_eq!(folders.records().len(), 1);
}

#[test]
fn random_death_loses_nothing_and_shows_nothing_partial() {
    let (kills, seed) = (setting("COPYDESK_KILLS", 500), setting("COPYDESK_SEED", 1));
    let (documents, reads) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (documents, reads) = (&documents, &reads);
            scope.spawn(move || {
                let mut random = random(seed * LANES + lane);
                let mut left = kills.div_ceil(LANES);
                while left > 0 {
                    let now = left.min(KILLS_AT_ONCE);
                    documents.fetch_add(kill(now, &mut random, reads), Ordering::Relaxed);
                    left -= now;
                }
            });
        }
    });
    let (documents, reads) = (documents.into_inner(), reads.into_inner());
    eprintln!("seed {seed}: {kills} kills, {documents} documents, {reads} reads: 0 lost, 0 twice, 0 partial");
}

/// Ends the reader however its test ends: a scope waits for its threads.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Kills a desk so often in folders of its own, judges what came of it, and gives the number of documents fed.
fn kill(kills: u64, random: &mut impl FnMut(u64) -> u64, reads: &AtomicU64) -> u64 {
    let folders = Folders::new();
    let mut fed = Fed::default();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _end = SetOnDrop(&over);
        // A consumer that reads all the time.
        let reader = scope.spawn(|| {
            let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
            while !over.load(Ordering::Relaxed) {
                reads.fetch_add(read_outbox(&folders, &mut revisions), Ordering::Relaxed);
                std::thread::park_timeout(Duration::from_millis(20));
            }
        });
        let mut number = 0;
        for _ in 0..kills {
            let desk = folders.run();
            // Long enough to be deep in the work, often short enough to be still at the start.
            let longest = [40, 120, 250][random(3) as usize];
            let life = Duration::from_millis(random(longest));
            let born = Instant::now();
            while born.elapsed() < life {
                fed.feed(&folders, number);
                number += 1;
                std::thread::park_timeout(Duration::from_millis(random(20)).min(life.saturating_sub(born.elapsed())));
            }
            desk.kill();
        }
        settle(&folders);
        over.store(true, Ordering::Relaxed);
        reader.join().expect("the reader saw only whole records");
    });
    fed.judge(&folders);
    fed.documents.len() as u64
}

/// Reads every record there is; each must be whole, and none may go back to an earlier revision.
fn read_outbox(folders: &Folders, revisions: &mut BTreeMap<String, u64>) -> u64 {
    let mut reads = 0;
    for entry in fs::read_dir(folders.path("outbox")).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        // Withdrawn between listing and reading.
        let Some(json) = path.extension().and_then(|_| fs::read(&path).ok()) else { continue };
        let whole = serde_json::from_slice::<copydesk::outbox::Record>(&json);
        let record = whole.unwrap_or_else(|error| panic!("{} is partial: {error}", path.display()));
        let last = revisions.insert(record.id.clone(), record.revision).unwrap_or(0);
        assert!(record.revision >= last, "{} went back from {last} to {}", record.id, record.revision);
        reads += 1;
    }
    reads
}
