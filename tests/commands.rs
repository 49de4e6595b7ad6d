//! The commands that read what a desk has done, on the real binary and a real state.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{Folders, article, wait_for};

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn ask(folders: &Folders, command: &str, args: &[&str]) -> String {
    let mut command = command_of(folders, command);
    out(&command.args(args).output().expect("the binary runs"))
}

fn command_of(folders: &Folders, command: &str) -> Command {
    let mut command = folders.command(command);
    command.arg("--inbox").arg(folders.inbox());
    command
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

/// Two near-copies, another article, and an empty file, taken once.
fn taken() -> Folders {
    let folders = Folders::new();
    folders.drop_in("a.txt", article(1));
    folders.drop_in("b.txt", article(1).replacen("ba", "bo", 2));
    folders.drop_in("c.txt", article(2));
    folders.drop_in("empty.txt", " ");
    let summary = out(&folders.once());
    for row in ["files      4", "documents  4", "articles   2", "copies     1", "failed     1"] {
        assert!(summary.contains(row), "no {row:?} in\n{summary}");
    }
    assert!(folders.records().keys().all(|id| summary.contains(id)), "{summary}");
    folders
}

#[test]
fn the_samples_come_out_as_the_readme_says() {
    let folders = Folders::new();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/articles");
    let summary = out(&folders.command("once").arg(&samples).output().expect("the binary runs"));
    for row in ["files      7", "documents  9", "articles   6", "copies     2", "failed     1"] {
        assert!(summary.contains(row), "no {row:?} in\n{summary}");
    }
    let shown = include_str!("../README.md").split_once("id                words").expect("a table").1;
    let rows: Vec<&str> = shown.lines().skip(1).take_while(|row| !row.is_empty()).collect();
    assert_eq!(rows.len(), 6, "{rows:#?}");
    for row in rows {
        assert!(summary.contains(row), "no {row:?} in\n{summary}");
    }
    let schema: Value = out(&Command::new(env!("CARGO_BIN_EXE_copydesk")).arg("schema").output().expect("it runs"))
        .parse()
        .expect("JSON");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let records = folders.records();
    for record in records.values() {
        validator.validate(record).unwrap_or_else(|error| panic!("{}: {error}", record["id"]));
    }
    let ferry =
        records.values().find(|record| record["copies_total"] == 3).expect("three copies of the ferry's article");
    assert_eq!(ferry["copies"][0]["path"], "harbour-ferry.txt", "the most complete text is published");
    let shown = format!("  \"id\": {},\n  \"revision\": {},", ferry["id"], ferry["revision"]);
    assert!(include_str!("../README.md").contains(&shown), "{shown}");
    assert_eq!((&ferry["authors"][0], &ferry["date_published"]), (&"Marta Ellison".into(), &"2025-03-04".into()));
    assert!(ferry["site"].is_string(), "a field that it lacks is filled from a copy");
    let from = ferry["provenance"]["site"].as_str().expect("a provenance");
    assert!(ferry["copies"].as_array().expect("copies").iter().any(|copy| copy["input"] == from));
}

#[test]
fn status_tells_what_was_done_with_and_without_a_desk() {
    let folders = Folders::new();
    assert!(ask(&folders, "status", &[]).contains("no desk has worked in"));
    folders.drop_in("a.txt", article(1));
    out(&folders.once());
    let status: Value = ask(&folders, "status", &["--json"]).parse().expect("JSON");
    assert_eq!(status["desk"], Value::Null);
    assert_eq!((&status["done"]["documents"], &status["waiting"]), (&1.into(), &0.into()));
    let mut desk = folders.run();
    wait_for("the desk to start", || folders.log().contains("watching"));
    let status: Value = ask(&folders, "status", &["--json"]).parse().expect("JSON");
    assert_eq!((&status["desk"]["state"], &status["desk"]["pid"]), (&"running".into(), &desk.pid().into()));
    assert!(ask(&folders, "status", &[]).contains("running"));
    // As one that was killed leaves it, and the next one finds it at its start.
    let left =
        r#"{"pid": 4000000000, "started_at": "2025-01-01T00:00:00Z", "state": "paused", "reasons": ["disk full"]}"#;
    fs::write(folders.path("state/desk.json"), left).expect("a report");
    let status: Value = ask(&folders, "status", &["--json"]).parse().expect("JSON");
    assert_eq!((&status["desk"]["state"], &status["desk"]["pid"]), (&"starting".into(), &desk.pid().into()));
    desk.stop();
    let status: Value = ask(&folders, "status", &["--json"]).parse().expect("JSON");
    assert_eq!(status["desk"], Value::Null, "a desk that has ended is not shown");
}

#[test]
fn the_feed_names_every_change_in_order_and_goes_on_where_one_was() {
    let folders = taken();
    let events = lines(&ask(&folders, "feed", &[]));
    let numbers: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().expect("a number")).collect();
    assert!(numbers.is_sorted() && !numbers.is_empty());
    let mut created: Vec<&str> = events
        .iter()
        .filter(|event| event["event"] == "created")
        .map(|event| event["id"].as_str().expect("an id"))
        .collect();
    created.sort_unstable();
    assert_eq!(created, folders.records().keys().collect::<Vec<_>>());
    let last = numbers[numbers.len() - 1];
    let rest = lines(&ask(&folders, "feed", &["--since", &(last - 1).to_string()]));
    assert_eq!(rest, events[events.len() - 1..]);
    assert_eq!(ask(&folders, "feed", &["--since", &last.to_string()]), "");
}

#[test]
fn a_followed_feed_shows_what_happens_next_also_when_the_state_is_made_anew() {
    let folders = taken();
    let log = folders.path("feed");
    let file = fs::File::create(&log).expect("a file");
    let mut feed = command_of(&folders, "feed").arg("--follow").stdout(Stdio::from(file)).spawn().expect("it runs");
    let events = || lines(&fs::read_to_string(&log).expect("the feed"));
    let before = lines(&ask(&folders, "feed", &[])).len();
    wait_for("the events so far", || events().len() == before);
    folders.drop_in("d.txt", article(3));
    out(&folders.once());
    wait_for("the next event", || events().len() == before + 1);
    let written = fs::metadata(folders.path("state/ledger.sqlite-wal")).map_or(0, |log| log.len());
    assert_eq!(written, 0, "an end in order leaves no log, whoever reads along");
    fs::remove_dir_all(folders.path("state")).expect("the state");
    folders.drop_in("e.txt", article(4));
    out(&folders.once());
    let id = |event: &Value| event["id"].clone();
    let last = lines(&ask(&folders, "feed", &[])).iter().map(id).next_back();
    wait_for("the new state's events", || events().iter().map(id).next_back() == last);
    feed.kill().expect("a kill");
    feed.wait().expect("the end");
}

#[test]
fn a_followed_feed_ends_with_its_reader() {
    let folders = taken();
    let mut feed = command_of(&folders, "feed").arg("--follow").stdout(Stdio::piped()).spawn().expect("it runs");
    let mut output = BufReader::new(feed.stdout.take().expect("its output"));
    output.read_line(&mut String::new()).expect("an event");
    drop(output);
    wait_for("the end", || feed.try_wait().expect("its state").is_some_and(|code| code.success()));
}

#[test]
fn failed_files_are_listed_with_the_reason_and_can_be_tried_again() {
    let folders = taken();
    let text = ask(&folders, "failed", &["list"]);
    assert!(text.starts_with("empty.txt\n  read/empty: ") && text.contains("1 file failed"), "{text}");
    let entries = lines(&ask(&folders, "failed", &["list", "--json"]));
    assert_eq!((entries.len(), &entries[0]["report"]["reason"]), (1, &"empty".into()));
    let missing = command_of(&folders, "failed").args(["retry", "nothing.txt"]).output().expect("the binary runs");
    assert_eq!(missing.status.code(), Some(1));
    fs::write(folders.inbox().join("failed/empty.txt"), article(5)).expect("mended");
    ask(&folders, "failed", &["retry", "--all"]);
    assert_eq!((folders.files_in(""), folders.files_in("failed")), (vec!["empty.txt".to_owned()], vec![]));
    out(&folders.once());
    assert_eq!(folders.records().len(), 3);
}

#[test]
fn an_id_is_explained_with_its_copies_and_the_comparison() {
    let folders = taken();
    let records = folders.records();
    let (id, record) = records.iter().find(|(_, record)| record["copies_total"] == 2).expect("a merged article");
    let text = ask(&folders, "explain", &[id]);
    assert!(text.contains("a.txt: ") && text.contains("b.txt: ") && text.contains("merged: near-copies"), "{text}");
    assert!(text.contains("   3   "), "the original lies in done/, so lines are known:\n{text}");
    fs::remove_dir_all(folders.inbox().join("done")).expect("done/");
    let text = ask(&folders, "explain", &[id]);
    assert!(text.contains("the original is not at hand"), "{text}");
    let first: &str = record["text"].as_str().expect("a text").split(' ').next().expect("a word");
    assert!(text.contains(first));
    let unknown = command_of(&folders, "explain").arg("0123456789abcdef").output().expect("the binary runs");
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn a_story_lists_its_articles() {
    let folders = taken();
    for (id, record) in folders.records() {
        let members = lines(&ask(&folders, "story", &[record["story"].as_str().expect("a story"), "--json"]));
        assert!(members.iter().any(|member| member["id"] == id.as_str()));
        assert!(ask(&folders, "story", &[&id]).contains(&id));
    }
    let unknown = command_of(&folders, "story").arg("0123456789abcdef").output().expect("the binary runs");
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn what_a_site_prints_under_every_article_is_listed_and_can_be_forgotten() {
    let folders = Folders::new();
    let imprint = "The Upper Valley Courier is set in Garamond and printed on Thursdays.";
    for number in 0..6 {
        folders.drop_in(format!("courier/{number}.txt"), format!("{}\n\n{imprint}\n", article(number).trim_end()));
    }
    out(&folders.once());
    for record in folders.records().values() {
        assert!(!record["text"].as_str().expect("a text").contains("Garamond"), "{record:#}");
    }
    assert!(ask(&folders, "site", &[]).contains("courier"));
    let known = lines(&ask(&folders, "site", &["courier", "--json"]));
    assert_eq!((known.len(), &known[0]["line"], &known[0]["articles"]), (1, &imprint.into(), &6.into()));
    assert!(ask(&folders, "site", &["courier"]).contains("1 line cut as courier's own, learned from 6 articles"));
    ask(&folders, "site", &["forget", "courier"]);
    let gone = command_of(&folders, "site").arg("courier").output().expect("the binary runs");
    assert_eq!(gone.status.code(), Some(1));
}

#[test]
fn check_names_what_is_wrong() {
    let folders = taken();
    assert!(ask(&folders, "check", &[]).contains("sound; 3 documents, 2 articles"));
    let broken = |args: &[&str]| {
        let output = command_of(&folders, "check").args(args).output().expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    fs::create_dir(folders.path("rules")).expect("a folder");
    fs::write(folders.path("rules/mine.toml"), "[[rule]]\nid = \"mine.x\"\nclas = \"promo\"\n").expect("a pack");
    let (code, said) = broken(&["--set", "rules.path=rules"]);
    assert!(code == Some(1) && said.contains("mine.toml:3"), "{said}");
    fs::write(folders.path("file"), "").expect("a file");
    std::os::unix::fs::symlink("nowhere", folders.path("link")).expect("a link");
    for (name, why) in [
        ("new/deep/outbox", None),
        ("file", Some("is not a folder")),
        ("file/outbox", Some("Not a directory")),
        ("/proc/outbox", Some("cannot be created by this user: /proc: nothing can be stored there")),
        ("link/outbox", Some("link is a link to nowhere")),
    ] {
        let mut check = Command::new(env!("CARGO_BIN_EXE_copydesk"));
        check.current_dir(folders.path("")).args(["check", "--outbox", name]);
        let output = check.output().expect("it runs");
        let (code, said) = (output.status.code(), String::from_utf8_lossy(&output.stdout));
        let outbox = said.lines().find(|line| line.starts_with("outbox")).expect("a line");
        assert_eq!((code, outbox.contains("WRONG")), (Some(i32::from(why.is_some())), why.is_some()), "{name}: {said}");
        assert!(why.is_none_or(|why| outbox.contains(why)), "{name}: {said}");
    }
    fs::remove_dir_all(folders.inbox()).expect("the inbox");
    let (code, said) = broken(&[]);
    assert!(code == Some(1) && said.contains("inbox     WRONG"), "{said}");
}

#[test]
fn own_rules_extend_the_built_in_ones() {
    let folders = Folders::new();
    fs::create_dir(folders.path("rules")).expect("a folder");
    let pack = "[[rule]]\nid = \"mine.hotline\"\nclass = \"promo\"\nmatch = \"starts\"\nwhy = \"our hotline\"\n\
                phrases.en = [\"ring our hotline\"]\n";
    fs::write(folders.path("rules/mine.toml"), pack).expect("a pack");
    fs::write(folders.path("a.txt"), format!("{}\nRing our hotline any day.\n", article(1))).expect("an article");
    let clean = |extra: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_copydesk"));
        let output = command.current_dir(folders.path("")).arg("clean").args(extra).arg("a.txt").output();
        lines(&out(&output.expect("the binary runs"))).remove(0)
    };
    assert!(clean(&[])["text"].as_str().expect("a text").contains("hotline"));
    let cleaned = clean(&["--set", "rules.path=rules"]);
    assert!(!cleaned["text"].as_str().expect("a text").contains("hotline"), "{cleaned:#}");
    let why = cleaned["removed"].as_array().expect("removals").iter().find(|cut| cut["rule"] == "mine.hotline");
    assert_eq!(why.expect("the cut")["why"], "our hotline");
}

#[test]
fn a_path_that_is_not_there_fails_and_the_others_are_taken() {
    let folders = Folders::new();
    fs::write(folders.path("a.txt"), article(1)).expect("a file");
    fs::write(folders.path("b.txt"), article(2)).expect("a file");
    let (one, other) = (folders.path("a.txt"), folders.path("b.txt"));
    let mut command = folders.command("once");
    let output = command.arg(one).args(["missing.txt", "gone.txt"]).arg(other).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(["missing.txt", "gone.txt"].iter().all(|path| said.matches(path).count() == 1), "{said}");
    assert_eq!(folders.published(), support::set(&["a.txt", "b.txt"]));
}

#[test]
fn a_check_tells_of_a_desk_in_trouble() {
    let folders = Folders::new();
    let mut desk = folders.run_watching();
    assert!(ask(&folders, "check", &[]).contains("running, process"));
    let report = serde_json::json!({
        "pid": desk.pid(), "started_at": "2025-01-01T00:00:00Z", "state": "paused", "reasons": ["publishing: disk full"],
    });
    fs::write(folders.path("state/desk.json"), report.to_string()).expect("a report");
    let check = command_of(&folders, "check").output().expect("the binary runs");
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert_eq!(check.status.code(), Some(1), "{said}");
    assert!(said.contains("WRONG") && said.contains("publishing: disk full"), "{said}");
    desk.stop();
}

#[test]
fn an_article_that_was_merged_away_is_told_by_the_one_that_holds_it() {
    let folders = Folders::new();
    let articles: Vec<String> = (1..=3).map(article).collect();
    let paragraphs: Vec<&str> = articles.iter().flat_map(|text| text.trim_end().split("\n\n").skip(1)).collect();
    let mut summary = String::new();
    for (name, range) in [("a.txt", 0..5), ("b.txt", 3..8), ("c.txt", 0..9)] {
        folders
            .drop_in(name, format!("The harbour council repairs the old ferry\n\n{}", paragraphs[range].join("\n\n")));
        summary = out(&folders.once());
    }
    for row in ["articles   0", "withdrawn  1", "copies     1"] {
        assert!(summary.contains(row), "no {row:?} in\n{summary}");
    }
    let events = lines(&ask(&folders, "feed", &[]));
    let gone = events.iter().find(|event| event["event"] == "withdrawn").expect("an article is withdrawn");
    let (gone, heir) = (gone["id"].as_str().expect("an id"), gone["into"].as_str().expect("an id"));
    assert!(ask(&folders, "story", &[gone]).contains(heir));
    let text = ask(&folders, "explain", &[gone]);
    assert!(text.contains(&format!("{heir}, revision")) && text.contains(&format!("{gone} was withdrawn")), "{text}");
}
