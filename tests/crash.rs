//! Killed at any moment, the desk loses nothing and publishes nothing twice.
//!
//! `COPYDESK_KILLS=10000 cargo test --release --test crash random` is the long mode; `COPYDESK_SEED` repeats a run.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::{Folders, article, wait_for};

/// Every durable step of the desk, see `src/crash.rs`.
const POINTS: [&str; 10] = [
    "outbox.created",
    "outbox.written",
    "outbox.synced",
    "outbox.renamed",
    "outbox.withdrawn",
    "editor.decided",
    "editor.committed",
    "retirer.reported",
    "retirer.retiring",
    "retirer.retired",
];

/// Feeds articles of every kind: unique, exact copies, near-copies, files of records, and failures.
fn feed(folders: &Folders, number: u64) -> Vec<String> {
    let name = format!("{number:05}.txt");
    match number % 10 {
        3 => folders.drop_in(&name, article(number - 3)),
        5 => folders.drop_in(&name, article(number - 5).replacen("ba", "bo", 2)),
        7 => folders.drop_in(&name, " \n"),
        8 => {
            let name = format!("{number:05}.jsonl");
            let record = |n: u64| serde_json::json!({ "text": article(n) }).to_string();
            folders.drop_in(&name, format!("{}\n{{bad\n{}\n", record(number * 100), record(number * 100 + 1)));
            return vec![format!("{name}#1"), format!("{name}#3")];
        }
        _ => folders.drop_in(&name, article(number)),
    }
    vec![name]
}

/// Every document fed is the copy of exactly one article, or lies in `failed/` with its reason; the feed agrees.
fn judge(folders: &Folders, fed: &BTreeSet<String>) {
    let records = folders.records();
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, record) in &records {
        for copy in record["copies"].as_array().expect("copies") {
            places.entry(copy["path"].as_str().expect("a path").to_owned()).or_default().push(id.clone());
        }
    }
    let failed: BTreeSet<String> = folders.files_in("failed").into_iter().collect();
    for document in fed {
        let articles = places.get(document).map_or(0, Vec::len);
        let has_failed = failed.contains(document);
        assert_eq!(
            articles + usize::from(has_failed),
            1,
            "{document}: {:?}, failed: {has_failed}",
            places.get(document)
        );
        if has_failed {
            assert!(failed.contains(&format!("{document}.error.json")), "{document} failed without a reason");
        }
    }
    assert_eq!(folders.files_in(""), Vec::<String>::new(), "nothing is left in the inbox");
    assert!(fs::read_dir(folders.path("outbox/.partial")).expect("the folder").next().is_none(), "nothing half-made");
    let feed = folders.command("feed").output().expect("the binary runs");
    let mut alive = BTreeSet::new();
    for line in String::from_utf8(feed.stdout).expect("UTF-8").lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line of the feed");
        let id = event["id"].as_str().expect("an id").to_owned();
        match event["event"].as_str() {
            Some("withdrawn") => assert!(alive.remove(&id), "{id} was withdrawn and not there"),
            Some("created") => assert!(alive.insert(id), "created twice: {event}"),
            _ => assert!(alive.contains(&id), "updated and not there: {event}"),
        }
    }
    assert_eq!(alive, records.keys().cloned().collect());
}

/// Runs the desk to the end of what is in the inbox.
fn settle(folders: &Folders) {
    let output = folders.once();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn death_at_every_durable_step_loses_nothing() {
    for point in POINTS {
        for times in [1, 2, 9] {
            let folders = Folders::new();
            let fed: BTreeSet<String> = (0..30).flat_map(|number| feed(&folders, number)).collect();
            let output = folders.command("once").env("COPYDESK_CRASH", format!("{point}:{times}")).output();
            let status = output.expect("the binary runs").status;
            // Few steps are taken nine times here, and nothing is withdrawn; then the run simply ends.
            assert!(!status.success() || times == 9 || point == "outbox.withdrawn", "{point} was never passed");
            settle(&folders);
            judge(&folders, &fed);
        }
    }
}

#[test]
fn random_death_loses_nothing_and_shows_nothing_partial() {
    let setting = |name: &str, default: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let kills = setting("COPYDESK_KILLS", 100);
    let seed = setting("COPYDESK_SEED", 1);
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let folders = Folders::new();
    let mut fed = BTreeSet::new();
    let (over, reads) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        // A consumer that reads all the time: `records` refuses whatever is not whole.
        let reader = scope.spawn(|| {
            let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
            while !over.load(Ordering::Relaxed) {
                for (id, record) in folders.records() {
                    let revision = record["revision"].as_u64().expect("a revision");
                    let last = revisions.insert(id.clone(), revision).unwrap_or(0);
                    assert!(revision >= last, "{id} went back from {last} to {revision}");
                    reads.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let mut number = 0;
        for _ in 0..kills {
            let desk = folders.run();
            let life = Duration::from_millis(random(250));
            let born = Instant::now();
            while born.elapsed() < life {
                fed.extend(feed(&folders, number));
                number += 1;
                std::thread::park_timeout(Duration::from_millis(random(20)));
            }
            desk.kill();
        }
        let desk = folders.run();
        wait_for("the inbox to empty", || folders.files_in("").is_empty());
        assert_eq!(desk.stop(), Some(0));
        over.store(true, Ordering::Relaxed);
        reader.join().expect("the reader saw only whole records");
    });
    settle(&folders);
    judge(&folders, &fed);
    eprintln!("seed {seed}: {kills} kills, {} documents, {} reads", fed.len(), reads.load(Ordering::Relaxed));
}
