//! A desk that has worked, and what must hold for it whatever happens to its state.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use copydesk::desk::{self, DeskError, Plan, Progress};
use copydesk::ledger::{self, Reader};
use serde_json::Value;

use super::support::{Folders, article};

/// A desk's plan for folders, with nothing to wait for.
pub fn plan(folders: &Folders) -> Plan {
    let mut plan = Plan::default();
    plan.inbox.path = folders.inbox();
    plan.inbox.settle_ms = 1;
    plan.outbox.path = folders.path("outbox");
    plan.outbox.writers = 4;
    plan.state.path = folders.path("state");
    plan.desk.workers = 1;
    plan
}

/// Takes what is in the inbox, in this process.
pub fn once(folders: &Folders) -> Result<(), DeskError> {
    desk::once(&plan(folders), Arc::new(Progress::default()), std::future::pending())
}

/// A shorter copy of an article, told from others by a word: never the canonical one.
pub fn near(text: &str, word: &str) -> String {
    let paragraphs: Vec<&str> = text.trim_end().split("\n\n").collect();
    format!("{} {word}.\n", paragraphs[..paragraphs.len() - 1].join("\n\n"))
}

/// What is fed first: unique articles, near-copies, exact copies, records, and a site that repeats a line.
pub fn first_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for number in 0..10 {
        let line = if number < 4 { "\nMore stories from the harbour are on the harbour pages.\n" } else { "" };
        files.push((format!("site/{number}.txt"), format!("{}{line}", article(number))));
    }
    files.push(("near/0.txt".into(), near(&article(0), "Kestrel")));
    files.push(("near/5.txt".into(), near(&article(5), "Kestrel")));
    files.push(("exact/5.txt".into(), article(5)));
    files.push(("spaced/6.txt".into(), article(6).replace("\n\n", "\n\n\n")));
    // Two parts become one article when the whole comes: the younger is withdrawn.
    let whole = article(20);
    let paragraphs: Vec<&str> = whole.trim_end().split("\n\n").collect();
    files.push(("parts/1.txt".into(), format!("{}\n\n{}\n", paragraphs[0], paragraphs[1..3].join("\n\n"))));
    files.push(("parts/2.txt".into(), format!("{}\n\n{}\n", paragraphs[0], paragraphs[3..].join("\n\n"))));
    files.push(("parts/whole.txt".into(), whole));
    let record = |number: u64| serde_json::json!({ "id": number, "text": article(number) }).to_string();
    files.push(("wire.jsonl".into(), format!("{}\n{}\n", record(30), record(31))));
    files
}

/// What comes after the damage: everything again, a near-copy of most articles, and one that is new.
pub fn drop_second(folders: &Folders) {
    for (path, content) in first_files() {
        folders.drop_in(path, content);
    }
    for number in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20, 30, 31] {
        folders.drop_in(format!("late/{number}.txt"), near(&article(number), "Wagtail"));
    }
    folders.drop_in("new.txt", article(99));
}

/// What the outbox showed before.
pub struct Before {
    pub folders: Folders,
    pub records: BTreeMap<String, Value>,
    pub last_event: u64,
}

pub fn before() -> Before {
    let folders = Folders::in_memory();
    // In five runs, so that there are revisions and many batches.
    for files in first_files().chunks(4) {
        files.iter().for_each(|(path, content)| folders.drop_in(path, content));
        once(&folders).expect("a desk");
    }
    let records = folders.records();
    let reader = Reader::open(&folders.path("state")).expect("a ledger").expect("a ledger");
    let last_event = reader.last_event().expect("the feed");
    assert_eq!(records.len(), 13, "{:?}", records.keys());
    assert!(reader.feed(0, 1000).expect("the feed").iter().any(|event| event.event == "withdrawn"));
    Before { folders, records, last_event }
}

impl Before {
    pub fn copy(&self) -> Folders {
        let copy = Folders::in_memory();
        for folder in ["inbox", "outbox", "state"] {
            copy_tree(&self.folders.path(folder), &copy.path(folder));
        }
        copy
    }

    /// Nothing is lost, nothing has a second id, and everything that is said agrees.
    pub fn judge(&self, folders: &Folders, about: &str) {
        let records = folders.records();
        let place = |records: &BTreeMap<String, Value>| {
            let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (id, record) in records {
                for copy in record["copies"].as_array().expect("copies") {
                    places.entry(copy["path"].as_str().expect("a path").into()).or_default().push(id.clone());
                }
            }
            places
        };
        let (old, new) = (place(&self.records), place(&records));
        for (path, ids) in &old {
            assert_eq!(new.get(path), Some(ids), "{about}: {path} was in {ids:?}");
        }
        for (path, ids) in &new {
            assert_eq!(ids.len(), 1, "{about}: {path} is in {ids:?}");
        }
        assert_eq!(records.len(), self.records.len() + 1, "{about}: {:?}", records.keys());
        for (id, was) in &self.records {
            let is = &records[id];
            for key in ["title", "text", "content_hash"] {
                assert_eq!(is[key], was[key], "{about}: {key} of {id}");
            }
            assert_eq!(is["revision"].as_u64(), was["revision"].as_u64().map(|n| n + 1), "{about}: {id}");
            assert_eq!(is["copies_total"].as_u64(), was["copies_total"].as_u64().map(|n| n + 1), "{about}: {id}");
            for copy in was["copies"].as_array().expect("copies") {
                let copies = is["copies"].as_array().expect("copies");
                let same = copies.iter().find(|other| other["path"] == copy["path"]).expect("seen above");
                for key in ["input", "relation", "similarity", "only_here", "bytes", "title"] {
                    assert_eq!(same[key], copy[key], "{about}: {key} of {}", copy["path"]);
                }
            }
        }
        assert_eq!(folders.files_in(""), Vec::<String>::new(), "{about}");
        assert_eq!(folders.files_in("failed"), Vec::<String>::new(), "{about}");
        assert_eq!(fs::read_dir(folders.path("outbox/.partial")).expect("a folder").count(), 0, "{about}");
        let reader = Reader::open(&folders.path("state")).expect("a ledger").expect("a ledger");
        assert_eq!(reader.check().expect("a check"), None, "{about}");
        let feed = reader.feed(0, 10_000).expect("the feed");
        assert!(feed.last().is_some_and(|event| event.seq > self.last_event), "{about}");
        let mut alive = BTreeSet::new();
        for event in &feed {
            match event.event.as_str() {
                "created" => assert!(alive.insert(event.id.clone()), "{about}: created twice: {event:?}"),
                "withdrawn" => assert!(alive.remove(&event.id), "{about}: {event:?}"),
                _ => assert!(alive.contains(&event.id), "{about}: {event:?}"),
            }
        }
        assert_eq!(alive, records.keys().cloned().collect(), "{about}");
        let after = feed.iter().filter(|event| event.seq > self.last_event).map(|event| event.id.as_str());
        assert_eq!(
            after.collect::<BTreeSet<_>>().len(),
            records.len(),
            "{about}: every change is told behind the last"
        );
        assert_eq!(reader.counts().expect("counts").articles, records.len() as u64, "{about}");
    }
}

pub fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("a kind").is_dir() {
            copy_tree(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

pub fn ledger_of(folders: &Folders) -> PathBuf {
    folders.path("state").join(ledger::FILE_NAME)
}
