//! Stopping and standing beside another desk: a stop ends in time and nothing is done twice; an inbox has one desk.
#![cfg(feature = "cli")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use support::{Folders, article, has, wait_for};

/// A desk that is told to stop has ended within this time.
const STOPPED_WITHIN: Duration = Duration::from_secs(10);

fn feed(folders: &Folders, files: u64) -> BTreeSet<String> {
    (0..files)
        .map(|number| {
            let name = format!("{number:04}.txt");
            folders.drop_in(&name, article(number));
            name
        })
        .collect()
}

fn feed_one_file(folders: &Folders, records: u64) -> BTreeSet<String> {
    let lines: Vec<String> =
        (0..records).map(|number| serde_json::json!({ "text": article(number) }).to_string()).collect();
    folders.drop_in("wire.jsonl", lines.join("\n"));
    (1..=records).map(|line| format!("wire.jsonl#{line}")).collect()
}

/// Ends what is left, and holds that each document was decided once and shown as it was first.
fn nothing_is_redone(folders: &Folders, fed: &BTreeSet<String>) {
    assert!(folders.once().status.success());
    assert_eq!(folders.published(), *fed);
    assert_eq!(folders.waiting(), BTreeSet::new());
    let events = folders.feed();
    assert_eq!(events.len(), fed.len(), "one event an article");
    assert!(events.iter().all(|event| event["revision"] == 1), "no revision went up");
    assert_eq!(folders.files_below("inbox/failed"), BTreeSet::new());
}

/// A desk that was fed `articles` and told to stop in the midst of them, and what it was fed. A machine that was done
/// before it was told gets twice as many.
fn stopped_in_the_midst(
    feed: impl Fn(&Folders, u64) -> BTreeSet<String>,
    mut articles: u64,
) -> (Folders, BTreeSet<String>) {
    loop {
        let folders = Folders::new();
        let fed = feed(&folders, articles);
        let desk = folders.run();
        wait_for("the desk to be at work", || folders.records().len() >= 20);
        let asked = Instant::now();
        assert_eq!(desk.stop(), Some(0));
        let took = asked.elapsed();
        assert!(took < STOPPED_WITHIN, "{took:?}");
        let left = folders.waiting().len();
        eprintln!("stopped within {took:?}, {left} files left of {articles} articles");
        if left > 0 {
            return (folders, fed);
        }
        assert!(articles < 50_000, "the desk stops only when all is done");
        articles *= 2;
    }
}

#[test]
fn a_stop_under_load_ends_in_time_and_nothing_is_redone() {
    let (folders, fed) = stopped_in_the_midst(feed, 800);
    let left = folders.waiting();
    assert_eq!(folders.published().union(&left).count(), fed.len(), "all that was decided is shown");
    assert!(folders.published().is_disjoint(&left), "all that is shown has left");
    nothing_is_redone(&folders, &fed);
    assert_eq!(folders.status()["done"]["redeliveries"], 0, "no document was even read again");
}

#[test]
fn a_stop_in_a_long_file_of_records_goes_on_where_it_was() {
    let (folders, fed) = stopped_in_the_midst(feed_one_file, 1_500);
    assert_eq!(folders.waiting().len(), 1, "a file that was read in part stays");
    nothing_is_redone(&folders, &fed);
}

#[test]
fn a_stop_does_not_wait_for_a_slow_disk() {
    if !has("strace") {
        return;
    }
    let folders = Folders::new();
    let fed = feed(&folders, 800);
    // Twelve seconds and more for what the desk has in hand.
    let inject = "inject=fdatasync:delay_enter=400000";
    let wrapper = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", inject];
    let desk = folders.start(folders.command_under(&wrapper, "run"));
    wait_for("the desk to be at work", || folders.records().len() >= 5);
    let asked = Instant::now();
    let code = desk.stop();
    assert!(asked.elapsed() < STOPPED_WITHIN, "{:?}", asked.elapsed());
    assert_eq!(code, Some(0));
    nothing_is_redone(&folders, &fed);
}

#[test]
fn a_paused_desk_stops_in_time_and_loses_nothing() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    fs::rename(folders.path("outbox"), folders.path("away")).expect("the outbox");
    let fed = feed(&folders, 40);
    wait_for("the pause", || folders.status()["desk"]["state"] == "paused");
    let asked = Instant::now();
    assert_eq!(desk.stop(), Some(0));
    assert!(asked.elapsed() < STOPPED_WITHIN, "{:?}", asked.elapsed());
    fs::rename(folders.path("away"), folders.path("outbox")).expect("the outbox");
    nothing_is_redone(&folders, &fed);
}

#[test]
fn told_a_second_time_the_desk_ends_at_once_and_loses_nothing() {
    for second in [Signal::TERM, Signal::INT] {
        let folders = Folders::new();
        let mut desk = folders.run_watching();
        fs::rename(folders.path("outbox"), folders.path("away")).expect("the outbox");
        let fed = feed(&folders, 40);
        wait_for("the pause", || folders.status()["desk"]["state"] == "paused");
        desk.signal(Signal::INT);
        wait_for("the desk to finish what is in hand", || folders.log().contains("stopping"));
        let asked = Instant::now();
        desk.signal(second);
        assert_eq!(desk.end(), Some(1));
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        assert!(folders.log().contains("told to stop again"));
        fs::rename(folders.path("away"), folders.path("outbox")).expect("the outbox");
        nothing_is_redone(&folders, &fed);
    }
}

#[test]
fn a_second_desk_is_refused_at_once_and_takes_over_from_a_dead_one() {
    let folders = Folders::new();
    let mut desk = folders.run_watching();
    let pid = format!("process {}", desk.pid());
    // Also with a state of its own: the inbox is held as well.
    for state in ["state", "other-state"] {
        let asked = Instant::now();
        let mut second = std::process::Command::new(env!("CARGO_BIN_EXE_copydesk"));
        second.current_dir(folders.path("")).arg("run").arg("--inbox").arg(folders.inbox());
        let output = second.arg("--state").arg(folders.path(state)).output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(75), "{said}");
        assert!(said.contains(&pid), "{said}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    }
    desk.kill();
    let second = folders.run_watching();
    folders.drop_in("one.txt", article(1));
    wait_for("the second desk to work", || folders.records().len() == 1);
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn a_take_that_is_stopped_says_so_and_what_it_waits_for() {
    let folders = Folders::new();
    folders.drop_in("one.txt", article(1));
    folders.drop_in("held.txt", article(2));
    let writer = fs::OpenOptions::new().append(true).open(folders.inbox().join("held.txt")).expect("a writer");
    let desk = folders.start(folders.command("once"));
    wait_for("the other file", || folders.records().len() == 1);
    wait_for("the log to name the file", || folders.log().contains("another program has it open"));
    assert_eq!(desk.stop(), Some(1));
    let log = folders.log();
    assert!(log.contains("stopped early, 1 file not taken"), "{log}");
    assert!(log.contains("held.txt") && !log.contains("one.txt"), "{log}");
    drop(writer);
    assert!(folders.once().status.success());
    assert_eq!(folders.records().len(), 2);
}

#[test]
fn a_terminal_that_is_closed_drains_the_desk() {
    let folders = Folders::new();
    let mut desk = folders.run_watching();
    desk.signal(Signal::HUP);
    assert_eq!(desk.end(), Some(0));
    assert!(folders.log().contains("stopped"), "{}", folders.log());
}

#[test]
fn an_inbox_that_is_made_again_is_held_again() {
    let folders = Folders::new();
    let mut desk = folders.run_watching();
    fs::remove_dir_all(folders.inbox()).expect("the inbox");
    fs::create_dir(folders.inbox()).expect("the inbox again");
    let pid = desk.pid();
    wait_for("the desk to hold it", || copydesk::desk::holds(&folders.inbox()) == Some(pid));
    let mut second = std::process::Command::new(env!("CARGO_BIN_EXE_copydesk"));
    second.current_dir(folders.path("")).arg("once").arg("--inbox").arg(folders.inbox());
    second.args(["--outbox", "other-outbox", "--state", "other-state"]);
    assert_eq!(second.output().expect("the binary runs").status.code(), Some(75));
    assert_eq!(desk.stop(), Some(0));
}
