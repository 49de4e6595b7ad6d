//! The desk end to end, on the real binary: what is dropped in comes out once, whole, and merged with its copies.
#![cfg(feature = "cli")]

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use support::{Folders, article, paths, set, wait_for};

#[test]
fn a_dropped_article_becomes_a_record_and_its_file_is_done() {
    let folders = Folders::new();
    let desk = folders.run();
    wait_for("the desk to start", || folders.log().contains("watching"));
    folders.drop_in("one.txt", article(1));
    wait_for("the record", || folders.records().len() == 1);
    wait_for("the file to leave", || folders.files_in("done") == ["one.txt"]);
    let record = folders.only_record();
    assert_eq!(record["schema"], "copydesk.article/1");
    assert_eq!(record["revision"], 1);
    assert_eq!(record["title"].as_str(), article(1).lines().next());
    assert_eq!(record["copies"][0]["path"], "one.txt");
    assert_eq!(record["copies"][0]["relation"], "canonical");
    assert_eq!(folders.files_in(""), Vec::<String>::new());
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn near_copies_are_merged_with_their_provenance() {
    let folders = Folders::new();
    let original = article(1);
    let near = original.replacen("ba", "bo", 2);
    let cut = original.split("\n\n").take(4).collect::<Vec<_>>().join("\n\n");
    folders.drop_in("a/original.txt", &original);
    folders.drop_in("b/near.txt", &near);
    folders.drop_in("c/cut.txt", &cut);
    folders.drop_in("d/other.txt", article(2));
    assert!(folders.once().status.success());
    let records = folders.records();
    assert_eq!(records.len(), 2);
    let merged = records.values().find(|record| paths(record).len() == 3).expect("a merged record");
    assert_eq!(paths(merged), set(&["a/original.txt", "b/near.txt", "c/cut.txt"]));
    let relation = |path: &str| {
        let copies = merged["copies"].as_array().expect("copies");
        let copy = copies.iter().find(|copy| copy["path"] == path).expect("the copy");
        copy["relation"].as_str().expect("a relation").to_owned()
    };
    assert_eq!(relation("c/cut.txt"), "excerpt");
    assert_eq!(merged["copies"][0]["relation"], "canonical");
}

#[test]
fn the_same_bytes_under_another_name_are_an_exact_copy() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    folders.drop_in("two.txt", article(1));
    assert!(folders.once().status.success());
    let record = folders.only_record();
    assert_eq!(paths(&record), set(&["one.txt", "two.txt"]));
    assert_eq!(record["copies"][1]["relation"], "exact");
    assert_eq!(record["copies"][1]["similarity"], 1.0);
}

#[test]
fn a_redelivery_changes_nothing() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    assert!(folders.once().status.success());
    let before = folders.only_record();
    folders.drop_in("one.txt", article(1));
    assert!(folders.once().status.success());
    assert_eq!(folders.only_record(), before);
    assert_eq!(folders.files_in("done").len(), 2, "both deliveries are kept, neither overwrites the other");
}

#[test]
fn a_copy_that_comes_after_a_restart_joins_its_article() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    assert!(folders.once().status.success());
    let id = folders.only_record()["id"].clone();
    folders.drop_in("two.txt", article(1).replacen("ba", "bo", 2));
    assert!(folders.once().status.success());
    let record = folders.only_record();
    assert_eq!((&record["id"], &record["revision"]), (&id, &2.into()));
    assert_eq!(record["copies"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_second_desk_is_refused_and_told_who_holds_the_inbox() {
    let folders = Folders::new();
    let mut desk = folders.run();
    wait_for("the desk to start", || folders.log().contains("watching"));
    let second = folders.once();
    assert_eq!(second.status.code(), Some(75));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("process {}", desk.pid())), "{said}");
    desk.kill();
    assert_eq!(folders.once().status.code(), Some(0), "a dead desk holds nothing");
}

#[test]
fn a_bad_line_is_reported_and_the_other_records_go_on() {
    let folders = Folders::new();
    let record = |number: u64| {
        let text = article(number);
        serde_json::json!({ "id": format!("r{number}"), "text": text }).to_string()
    };
    folders.drop_in("feed.jsonl", format!("{}\n{{\"text\": oops}}\n{}\n", record(1), record(2)));
    assert!(folders.once().status.success());
    let ids: BTreeSet<_> = folders
        .records()
        .values()
        .map(|record| record["copies"][0]["external_id"].as_str().expect("an id").to_owned())
        .collect();
    assert_eq!(ids, set(&["r1", "r2"]));
    assert_eq!(folders.files_in("done"), ["feed.jsonl"]);
    let failed = folders.files_in("failed");
    let report = failed.iter().find_map(|name| name.strip_suffix(".error.json")).expect("a report");
    let report = folders.report(report);
    assert_eq!((&report["reason"], &report["line"]), (&"bad_json".into(), &2.into()));
}

#[test]
fn every_bad_file_gets_its_reason_and_harms_no_other() {
    let folders = Folders::new();
    let gzip = |bytes: &[u8]| {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes).expect("memory");
        gzip.finish().expect("memory")
    };
    let whole = gzip(article(3).as_bytes());
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("empty.txt", vec![], "empty"),
        ("blank.txt", b" \n\t\n".to_vec(), "empty"),
        ("binary.txt", (0..2048).map(|n| (n * 7 % 256) as u8).collect(), "not_text"),
        ("cut.txt.gz", whole[..whole.len() / 2].to_vec(), "bad_gzip"),
        ("bomb.txt.gz", gzip(&vec![b'a'; 80 << 20]), "bomb"),
        ("broken.json", b"{\"text\": ".to_vec(), "bad_json"),
        ("bare.json", b"{\"id\": 7}".to_vec(), "no_text_field"),
        ("noise.txt", b"Leave a Reply\n\nYour email address will not be published.\n".to_vec(), "no_content"),
    ];
    for (name, content, _) in &cases {
        folders.drop_in(name, content);
    }
    folders.drop_in("good.txt", article(1));
    folders.drop_in("good.txt.gz", gzip(article(2).as_bytes()));
    assert!(folders.once().status.success());
    assert_eq!(folders.records().len(), 2);
    for (name, content, reason) in &cases {
        let report = folders.report(name);
        assert_eq!(report["reason"], *reason, "{name}: {report}");
        assert!(report["advice"].as_str().is_some_and(|advice| advice.len() > 10), "{name}: {report}");
        assert_eq!(&fs::read(folders.inbox().join("failed").join(name)).expect("the file itself"), content);
    }
}

#[test]
fn names_of_every_kind_are_taken() {
    let folders = Folders::new();
    let long = "n".repeat(251) + ".txt";
    let names: [&OsStr; 6] = [
        OsStr::new("new\nline.txt"),
        OsStr::new("quo'te\".txt"),
        OsStr::new("-rf.txt"),
        OsStr::from_bytes(b"inv\xffalid.txt"),
        OsStr::new(&long),
        OsStr::new("sp ace#1.txt"),
    ];
    for (number, name) in names.iter().enumerate() {
        folders.drop_in(Path::new(name), article(number as u64));
    }
    assert!(folders.once().status.success());
    assert_eq!(folders.records().len(), names.len());
    for name in names {
        assert!(folders.inbox().join("done").join(name).exists(), "{name:?}");
    }
}

#[test]
fn nothing_outside_the_inbox_is_read_and_what_is_no_file_is_left_alone() {
    let folders = Folders::new();
    let secret = folders.path("secret.txt");
    fs::write(&secret, article(9)).expect("a file outside");
    symlink(&secret, folders.inbox().join("link.txt")).expect("a link");
    symlink(folders.path("stage"), folders.inbox().join("stage")).expect("a link to a folder");
    fs::write(folders.path("stage").join("elsewhere.txt"), article(8)).expect("a file outside");
    fs::create_dir(folders.inbox().join("folder.html")).expect("a folder");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        folders.inbox().join("pipe.txt"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .expect("a pipe");
    folders.drop_in("one.txt", article(1));
    assert!(folders.once().status.success());
    assert_eq!(paths(&folders.only_record()), set(&["one.txt"]));
    assert_eq!(fs::read_to_string(&secret).expect("untouched"), article(9));
}

#[test]
fn a_full_outbox_pauses_the_desk_and_loses_nothing() {
    let folders = Folders::new();
    let desk = folders.run();
    wait_for("the desk to start", || folders.log().contains("watching"));
    // A folder that is a file cannot be written into, by root neither.
    fs::remove_dir_all(folders.path("outbox")).expect("the outbox");
    fs::write(folders.path("outbox"), "in the way").expect("a file in its place");
    folders.drop_in("one.txt", article(1));
    wait_for("the desk to say that it is paused", || folders.log().contains("paused"));
    let status = folders.command("status").arg("--json").output().expect("status");
    let status: serde_json::Value = serde_json::from_slice(&status.stdout).expect("JSON");
    assert_eq!(status["desk"]["state"], "paused", "{status}");
    assert_eq!(folders.files_in(""), ["one.txt"], "the input stays until its record is out");
    fs::remove_file(folders.path("outbox")).expect("the cure");
    fs::create_dir_all(folders.path("outbox/.partial")).expect("the cure");
    wait_for("the record", || folders.records().len() == 1);
    wait_for("the file to leave", || folders.files_in("done") == ["one.txt"]);
    assert_eq!(folders.files_in("failed"), Vec::<String>::new());
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn given_paths_are_taken_in_place() {
    let folders = Folders::new();
    let given = folders.path("given");
    fs::create_dir(&given).expect("a folder");
    fs::write(given.join("one.txt"), article(1)).expect("a file");
    fs::write(given.join("empty.txt"), "").expect("a file");
    let output = folders.command("once").arg(&given).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folders.records().len(), 1);
    assert!(given.join("one.txt").exists() && given.join("empty.txt").exists());
    assert!(String::from_utf8_lossy(&output.stderr).contains("empty.txt"), "the failure is said");
}

#[test]
fn the_same_inputs_in_the_same_order_give_the_same_bytes() {
    let outcome = || {
        let folders = Folders::new();
        for number in 0..40 {
            let text = article(number % 30);
            folders.drop_in(format!("{number:02}.txt"), text.replacen("ba", "bo", (number / 30) as usize));
        }
        assert!(folders.once().status.success());
        let mut records = folders.records();
        for record in records.values_mut() {
            for copy in record["copies"].as_array_mut().expect("copies") {
                copy["received_at"] = serde_json::Value::Null;
            }
        }
        records
    };
    let (one, two) = (outcome(), outcome());
    assert_eq!(one.keys().collect::<Vec<_>>(), two.keys().collect::<Vec<_>>());
    for (id, record) in &one {
        assert!(*record == two[id], "{id} differs:\n{record:#}\n{:#}", two[id]);
    }
}

#[test]
fn an_inbox_that_is_missing_is_named_with_what_to_do() {
    let folders = Folders::new();
    fs::remove_dir(folders.inbox()).expect("the inbox");
    let output = folders.once();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("inbox"), "{said}");
}

#[test]
fn a_file_that_may_not_be_read_fails_with_its_reason() {
    let folders = Folders::new();
    folders.drop_in("secret.txt", article(1));
    let path = folders.inbox().join("secret.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions");
    if fs::read(&path).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    assert!(folders.once().status.success());
    assert_eq!(folders.report("secret.txt")["reason"], "unreadable");
}

#[test]
fn the_feed_withdraws_nothing_that_it_did_not_create() {
    let folders = Folders::new();
    let whole = article(1);
    let paragraphs: Vec<&str> = whole.trim_end().split("\n\n").collect();
    let given = folders.path("given");
    fs::create_dir(&given).expect("a folder");
    // Two parts are two articles until the whole comes, within one batch most of the time.
    let part = |range: std::ops::Range<usize>| format!("{}\n\n{}\n", paragraphs[0], paragraphs[range].join("\n\n"));
    fs::write(given.join("1.txt"), part(1..3)).expect("a file");
    fs::write(given.join("2.txt"), part(3..5)).expect("a file");
    fs::write(given.join("3.txt"), &whole).expect("a file");
    assert!(folders.command("once").arg(&given).output().expect("the binary runs").status.success());
    assert_eq!(folders.records().len(), 1);
    let feed = folders.command("feed").output().expect("the binary runs");
    let mut alive = BTreeSet::new();
    for line in String::from_utf8(feed.stdout).expect("UTF-8").lines() {
        let event: serde_json::Value = serde_json::from_str(line).expect("a line of the feed");
        let id = event["id"].as_str().expect("an id").to_owned();
        match event["event"].as_str() {
            Some("withdrawn") => assert!(alive.remove(&id), "{event}"),
            _ => drop(alive.insert(id)),
        }
    }
    assert_eq!(alive, folders.records().into_keys().collect());
}

#[test]
fn a_damaged_body_in_the_ledger_harms_no_other_document() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    assert!(folders.once().status.success());
    let before = folders.only_record();
    let ledger = rusqlite::Connection::open(folders.path("state/ledger.sqlite")).expect("the ledger");
    assert_eq!(ledger.execute("UPDATE documents SET body = x'00'", []).expect("the damage"), 1);
    drop(ledger);
    folders.drop_in("exact.txt", article(1));
    folders.drop_in("near.txt", article(1).replacen("ba", "bo", 2));
    folders.drop_in("other.txt", article(2));
    assert!(folders.once().status.success());
    let records = folders.records();
    assert_eq!(records.len(), 2);
    // What was published is known from the outbox, and copies join it.
    let after = &records[before["id"].as_str().expect("an id")];
    assert_eq!(paths(after), set(&["exact.txt", "near.txt", "one.txt"]));
    assert!(records.values().any(|record| paths(record).contains("other.txt")));
    assert_eq!(folders.files_in("done"), ["exact.txt", "near.txt", "one.txt", "other.txt"]);
}

#[test]
fn what_is_never_looked_at_is_told_of_once() {
    let folders = Folders::new();
    folders.drop_in("one/two/deep.txt", article(1));
    folders.drop_in("plain.txt", article(2));
    std::os::unix::fs::symlink("plain.txt", folders.inbox().join("link.txt")).expect("a link");
    let output = folders.command("once").args(["--set", "inbox.max_depth=1"]).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(folders.published(), support::set(&["plain.txt"]));
    for told in ["deeper than 1", "not a file but a symbolic link"] {
        assert_eq!(said.matches(told).count(), 1, "{told}: {said}");
    }
    assert!(said.contains("one/two") && said.contains("link.txt"), "{said}");
}

#[test]
fn a_sidecar_of_many_records_is_told_to_be_of_no_use() {
    let folders = Folders::new();
    folders.drop_in("wire.jsonl.meta.json", r#"{"url": "https://paper.example/a"}"#);
    let lines: Vec<String> = (1..=2).map(|n| serde_json::json!({ "text": article(n) }).to_string()).collect();
    folders.drop_in("wire.jsonl", lines.join("\n"));
    let output = folders.once();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.matches("sidecar is not used").count(), 1, "{said}");
}
