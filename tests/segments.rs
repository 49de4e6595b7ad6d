//! Past memory, on the real binary: a document that left the index for a segment is still found, whatever happens to the
//! segments.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use support::{Folders, article};

/// So many short documents fill the least index that can be set more than once.
const DOCUMENTS: u64 = 2_600;
const LEAST_INDEX: &str = "1048576";

/// The first sentences of an article, some 70 words.
fn short(number: u64) -> String {
    let text = article(number);
    let sentences: Vec<&str> = text.split_inclusive(['.', '\n']).map(str::trim).filter(|s| !s.is_empty()).collect();
    sentences[..6].join(" ")
}

fn url(number: u64) -> String {
    format!("https://news.example/{number}")
}

/// Runs the desk to the end of its inbox with the least index; what it logged.
fn once(folders: &Folders, crash: &str) -> Output {
    let mut command = folders.command("once");
    command
        .env("COPYDESK__DEDUP__MAX_INDEX_BYTES", LEAST_INDEX)
        .env("COPYDESK__LOG__LEVEL", "info,copydesk::desk=info");
    command.env("COPYDESK_CRASH", crash).output().expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Documents and articles so far.
fn counts(folders: &Folders) -> (u64, u64) {
    let status = folders.command("status").arg("--json").output().expect("status");
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    let of = |name: &str| status["done"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {status}"));
    (of("documents"), of("articles"))
}

fn segments(folders: &Folders) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folders.path("state/segments")) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn copies_of_sealed_documents_join_their_articles_through_restarts_crashes_and_damage() {
    let folders = Folders::new();
    let record = |number: u64| serde_json::json!({ "text": short(number), "url": url(number) }).to_string() + "\n";
    folders.drop_in("all.jsonl", (0..DOCUMENTS).map(record).collect::<String>());
    let first = once(&folders, "");
    assert!(first.status.success(), "{}", said(&first));
    assert!(said(&first).contains("sealed the oldest documents"), "{}", said(&first));
    assert!(!segments(&folders).is_empty());
    let mut documents = DOCUMENTS;
    assert_eq!(counts(&folders), (documents, DOCUMENTS));

    // One copy of a document that left memory long ago, with each way in which its segment may be gone.
    let mut check = |what: &str, expect: &str| {
        let number = documents - DOCUMENTS;
        folders.drop_in(format!("copy{number}.txt"), format!("{} Seen again here.", short(number)));
        let output = once(&folders, "");
        assert!(output.status.success(), "{what}: {}", said(&output));
        assert!(said(&output).contains(expect), "{what}: {}", said(&output));
        documents += 1;
        assert_eq!(counts(&folders), (documents, DOCUMENTS), "{what}: {}", said(&output));
    };
    check("after a restart", "index rebuilt");

    for point in ["segments.written", "segments.synced", "segments.renamed"] {
        fs::remove_dir_all(folders.path("state/segments")).expect("the segments");
        let killed = once(&folders, &format!("{point}:1"));
        assert!(!killed.status.success(), "{point} was never passed: {}", said(&killed));
        check(point, "index rebuilt");
        assert!(segments(&folders).iter().all(|path| path.extension().is_some_and(|e| e == "segment")), "{point}");
    }

    let oldest = segments(&folders).remove(0);
    let whole = fs::read(&oldest).expect("a segment");
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damages = [
        ("cut off", whole[..whole.len() / 2].to_vec(), "made anew from the ledger"),
        ("trailer", flipped(whole.len() - 9), "made anew from the ledger"),
        ("filter", flipped(100), "made anew from the ledger"),
        ("a block", flipped(whole.len() - 6_000), "index rebuilt"),
    ];
    for (what, bytes, expect) in damages {
        fs::write(&oldest, bytes).expect("the damage");
        check(what, expect);
        assert!(oldest.exists() || what == "a block", "{what}: it was made anew");
    }
    check("made anew after a damaged block was met, or never met", "index rebuilt");

    // More is lost than memory holds, between segments that are there.
    let there = segments(&folders);
    assert!(there.len() > 2, "{there:?}");
    there[..there.len() - 1].iter().for_each(|path| fs::remove_file(path).expect("a segment"));
    check("most of them removed", "made anew");
    check("after they were made anew", "index rebuilt");

    // A later state of a sealed document's URL is known by the URL alone.
    let state: Vec<String> = short(100).split_inclusive('.').take(2).map(str::to_owned).collect();
    let later = serde_json::json!({ "text": format!("{} {}", state.join(""), short(9_000)), "url": url(100) });
    folders.drop_in("later.json", later.to_string());
    assert!(once(&folders, "").status.success());
    assert_eq!(counts(&folders), (documents + 1, DOCUMENTS));
}
