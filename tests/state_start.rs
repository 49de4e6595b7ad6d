//! What a desk finds at its start: no state, an old one, one from a backup, one of another schema, half a recovery; and what it
//! does when damage shows while it works, or the clock jumps.
#![cfg(feature = "cli")]

mod support;
#[path = "support/worked.rs"]
mod worked;

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::Connection;
use support::{Folders, article, wait_for};
use worked::{before, copy_tree, drop_second, ledger_of, near, once};

/// Schema 1, as it was released.
const SCHEMA_1: &str = include_str!("cases/state/schema-1.sql");

/// Makes a ledger one of schema 1 with the same rows.
fn bring_to_schema_1(folders: &Folders) {
    let path = ledger_of(folders);
    let new = folders.path("stage/old.sqlite");
    let old = Connection::open(&new).expect("a file");
    old.execute_batch(SCHEMA_1).expect("schema 1");
    old.execute("ATTACH ?1 AS new", [path.to_str().expect("UTF-8")]).expect("the ledger");
    for (table, columns) in [
        ("documents", "seq, key, path_key, input, path, cluster, received_ms, twin, body"),
        ("sketches", "seq, cluster, day, url, brief, terms, roundup"),
        ("comparisons", "seq, evidence"),
        ("articles", "cluster, id, revision, story, into_id, pending"),
        ("feed", "seq, event, id, revision, into_id, at_ms"),
        ("lessons", "seq, publication, lines"),
        ("counters", "name, value"),
    ] {
        let sql = format!("INSERT INTO {table} ({columns}) SELECT {columns} FROM new.{table}");
        old.execute(&sql, []).expect("the rows");
    }
    old.execute_batch("DETACH new; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;").expect("schema 1");
    drop(old);
    fs::rename(new, path).expect("a rename");
    let _ = fs::remove_file(folders.path("outbox/.ledger-mark"));
}

fn version(folders: &Folders) -> i64 {
    let ledger = Connection::open(ledger_of(folders)).expect("the ledger");
    ledger.query_row("PRAGMA user_version", [], |row| row.get(0)).expect("a version")
}

fn was_set_aside(folders: &Folders) -> bool {
    folders.path("state/ledger.damaged-1").exists()
}

#[test]
fn a_ledger_of_schema_1_is_brought_to_the_current_one() {
    let before = before();
    let folders = before.copy();
    bring_to_schema_1(&folders);
    assert_eq!(version(&folders), 1);
    drop_second(&folders);
    once(&folders).expect("a desk");
    before.judge(&folders, "from schema 1");
    assert_eq!(version(&folders), 2);
    assert!(!was_set_aside(&folders));
}

#[test]
fn death_in_the_middle_of_an_upgrade_leaves_a_ledger_that_can_be_used() {
    let before = before();
    for point in ["ledger.migrating:1", "ledger.migrated:1"] {
        let folders = before.copy();
        bring_to_schema_1(&folders);
        let status = folders.command("once").env("COPYDESK_CRASH", point).output().expect("the binary runs").status;
        assert!(!status.success(), "{point} was never passed");
        drop_second(&folders);
        once(&folders).expect("a desk");
        before.judge(&folders, point);
        assert!(!was_set_aside(&folders), "{point}");
    }
}

#[test]
fn a_damaged_ledger_of_schema_1_is_built_anew() {
    let before = before();
    for page in [1, 6] {
        let folders = before.copy();
        bring_to_schema_1(&folders);
        let file = fs::OpenOptions::new().write(true).open(ledger_of(&folders)).expect("the ledger");
        file.write_all_at(&[0xa5; 900], page * 4096 + 8).expect("the damage");
        drop_second(&folders);
        once(&folders).expect("a desk");
        before.judge(&folders, &format!("schema 1, page {page}"));
        assert!(was_set_aside(&folders));
    }
}

#[test]
fn a_ledger_of_a_newer_schema_is_refused_and_left_as_it_is() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    once(&folders).expect("a desk");
    let ledger = Connection::open(ledger_of(&folders)).expect("the ledger");
    ledger.execute_batch("UPDATE mark SET schema = 99; PRAGMA user_version = 99").expect("another schema");
    drop(ledger);
    let is = fs::read(ledger_of(&folders)).expect("the ledger");
    folders.drop_in("two.txt", article(2));
    let output = folders.once();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("schema 99") && said.contains("newer copydesk"), "{said}");
    assert_eq!(fs::read(ledger_of(&folders)).expect("the ledger"), is);
    assert_eq!(folders.files_in(""), ["two.txt"]);
}

#[test]
fn without_a_state_the_outbox_is_taken_over() {
    let before = before();
    for done_too in [false, true] {
        let folders = before.copy();
        fs::remove_dir_all(folders.path("state")).expect("the state");
        if done_too {
            // Then nothing but the records tells of the copies that are not canonical, and of the feed's last number.
            fs::remove_dir_all(folders.inbox().join("done")).expect("what is done");
            fs::remove_file(folders.path("outbox/.ledger-mark")).expect("the mark");
        }
        drop_second(&folders);
        once(&folders).expect("a desk");
        before.judge(&folders, &format!("done/ is gone too: {done_too}"));
    }
}

/// Puts something in the place of a file that is there and cannot be looked at, does `work`, and puts the file back.
fn out_of_reach(path: &Path, work: impl FnOnce()) {
    let away = path.with_extension("away");
    fs::rename(path, &away).expect("a rename");
    std::os::unix::fs::symlink(path, path).expect("a link to itself");
    work();
    assert!(fs::metadata(path).is_err(), "it is as it was: {}", path.display());
    fs::rename(away, path).expect("a rename");
}

#[test]
fn what_is_there_and_cannot_be_read_is_not_taken_for_gone() {
    let before = before();
    let folders = before.copy();
    out_of_reach(&ledger_of(&folders), || {
        let error = once(&folders).expect_err("nothing may be built on this").to_string();
        assert!(error.contains("ledger.sqlite"), "{error}");
    });
    // While a new state is built, a record is as important.
    fs::remove_dir_all(folders.path("state")).expect("the state");
    let record = folders.path("outbox").join(before.records.keys().next().expect("a record")).with_extension("json");
    out_of_reach(&record, || {
        let error = once(&folders).expect_err("an article would be lost").to_string();
        assert!(error.contains(&record.display().to_string()), "{error}");
    });
    drop_second(&folders);
    once(&folders).expect("a desk");
    before.judge(&folders, "all is back");
}

#[test]
fn a_state_from_a_backup_catches_up_with_the_outbox() {
    let before = before();
    for mark in [Mark::There, Mark::Missing, Mark::Foreign] {
        catches_up(&before, mark);
    }
}

/// What tells in the outbox how far the ledger was.
#[derive(Clone, Copy)]
enum Mark {
    There,
    /// The outbox was copied without hidden files.
    Missing,
    Foreign,
}

fn catches_up(before: &worked::Before, mark: Mark) {
    let folders = before.copy();
    let whole = article(60);
    let paragraphs: Vec<&str> = whole.trim_end().split("\n\n").collect();
    for (n, part) in [&paragraphs[1..3], &paragraphs[3..]].into_iter().enumerate() {
        folders.drop_in(format!("parts/{n}.txt"), format!("{}\n\n{}\n", paragraphs[0], part.join("\n\n")));
        once(&folders).expect("a desk");
    }
    let backup = folders.path("stage/backup");
    copy_tree(&folders.path("state"), &backup);
    // What came since: a near-copy of one article, a new one, and a text that makes two articles one.
    folders.drop_in("since/near.txt", near(&article(3), "Plover"));
    folders.drop_in("since/new.txt", article(50));
    folders.drop_in("since/whole.txt", &whole);
    once(&folders).expect("a desk");
    let since = folders.records();
    assert_eq!(since.len(), before.records.len() + 2);
    match mark {
        Mark::Missing => fs::remove_file(folders.path("outbox/.ledger-mark")).expect("the mark"),
        Mark::Foreign => {
            // The state was lost and built anew before the backup came.
            fs::remove_dir_all(folders.path("state")).expect("the state");
            once(&folders).expect("a desk");
        }
        Mark::There => {}
    }
    fs::remove_dir_all(folders.path("state")).expect("the state");
    copy_tree(&backup, &folders.path("state"));
    folders.drop_in("since/new.txt", article(50));
    folders.drop_in("since/near.txt", near(&article(3), "Plover"));
    folders.drop_in("later/near.txt", near(&article(50), "Plover"));
    once(&folders).expect("a desk");
    let now = folders.records();
    assert_eq!(now.keys().collect::<Vec<_>>(), since.keys().collect::<Vec<_>>());
    for (id, was) in &since {
        let is_later = was["copies"][0]["path"] == "since/new.txt";
        assert_eq!(now[id]["revision"].as_u64(), was["revision"].as_u64().map(|n| n + u64::from(is_later)), "{id}");
    }
    assert!(was_set_aside(&folders));
}

#[test]
fn death_at_every_step_of_a_recovery_is_made_good_by_the_next_start() {
    let before = before();
    let sound = fs::read(ledger_of(&before.folders)).expect("the ledger");
    for point in ["ledger.suspected:1", "ledger.aside:1", "ledger.aside:3", "ledger.rebuilt:1", "ledger.replaced:1"] {
        let folders = before.copy();
        fs::write(ledger_of(&folders), &sound[..sound.len() / 2]).expect("the damage");
        fs::write(folders.path("state/ledger.sqlite-wal"), b"some log").expect("a log");
        let status = folders.command("once").env("COPYDESK_CRASH", point).output().expect("the binary runs").status;
        assert!(!status.success(), "{point} was never passed");
        drop_second(&folders);
        once(&folders).expect("a desk");
        before.judge(&folders, point);
        let aside = folders.path("state/ledger.damaged-1");
        assert_eq!(fs::read(aside.join("ledger.sqlite-wal")).expect("the log"), b"some log", "{point}");
        assert!(fs::read(aside.join("ledger.sqlite")).expect("the file") == sound[..sound.len() / 2], "{point}");
        assert!(!folders.path("state/ledger.damaged-2").exists(), "{point}");
    }
}

#[test]
fn a_damaged_ledger_is_said_once_with_what_was_done_and_nothing_is_overwritten() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    assert!(folders.once().status.success());
    for n in 1..=2 {
        let mut file = fs::OpenOptions::new().write(true).open(ledger_of(&folders)).expect("the ledger");
        file.write_all(b"no database").expect("the damage");
        let check = folders.command("check").output().expect("the binary runs");
        assert_eq!(check.status.code(), Some(1));
        let output = folders.once();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(said.contains("set aside") && said.contains(&format!("ledger.damaged-{n}")), "{said}");
        let again = folders.once();
        assert!(!String::from_utf8_lossy(&again.stderr).contains("set aside"));
    }
}

#[test]
fn damage_that_shows_while_the_desk_works_ends_it_and_the_next_start_goes_on() {
    let before = before();
    let folders = before.copy();
    let desk = folders.run();
    wait_for("the desk to start", || folders.log().contains("watching"));
    // The page of a body that is read when a copy comes; only what was just read is in memory.
    let bytes = fs::read(ledger_of(&folders)).expect("the ledger");
    let ledger = Connection::open(ledger_of(&folders)).expect("the ledger");
    let sql = "SELECT d.body FROM documents d WHERE d.path = 'site/7.txt'";
    let body: Vec<u8> = ledger.query_row(sql, [], |row| row.get(0)).expect("a body");
    drop(ledger);
    let at = bytes.windows(body.len()).position(|window| window == body).expect("the body in the file");
    let file = fs::OpenOptions::new().write(true).open(ledger_of(&folders)).expect("the ledger");
    file.write_all_at(&[bytes[at + 100] ^ 1], at as u64 + 100).expect("the damage");
    folders.drop_in("late/7.txt", near(&article(7), "Plover"));
    let code = desk.end();
    let said = folders.log();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("is damaged") && said.contains("next start"), "{said}");
    assert_eq!(folders.records(), before.records, "nothing of it was published");
    drop_second(&folders);
    once(&folders).expect("a desk");
    before.judge(&folders, "damage at work");
    assert!(was_set_aside(&folders));
}

#[test]
fn a_clock_that_jumps_a_year_forgets_nothing() {
    let folders = Folders::new();
    let once = |days: i32| {
        let output = folders.command("once").env("COPYDESK_CLOCK_DAYS", days.to_string()).output();
        assert!(output.expect("the binary runs").status.success());
    };
    folders.drop_in("one.txt", article(1));
    once(0);
    for (n, days) in [365, 0, -365, 0].into_iter().enumerate() {
        folders.drop_in(format!("near/{n}.txt"), near(&article(1), &format!("Plover{n}")));
        folders.drop_in(format!("new/{n}.txt"), article(10 + n as u64));
        once(days);
    }
    // Copies of what came while the clock was wrong, when it is right again.
    for n in 0..4 {
        folders.drop_in(format!("later/{n}.txt"), near(&article(10 + n), "Plover"));
    }
    once(1);
    let records = folders.records();
    assert_eq!(records.len(), 5, "{:?}", records.keys());
    let mut sizes: Vec<usize> =
        records.values().map(|record| record["copies"].as_array().expect("copies").len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [2, 2, 2, 2, 5]);
}
