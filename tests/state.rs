//! A damaged ledger is set aside and built anew: nothing is lost, and nothing is published under a second id.
//!
//! `COPYDESK_DAMAGE=all cargo test --release --test state every_page` tries every kind of damage on every page.
#![cfg(feature = "cli")]

mod support;
#[path = "support/worked.rs"]
mod worked;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use copydesk::ledger;
use worked::{before, drop_second, ledger_of, once};

const PAGE: usize = 4096;

/// Kinds of damage to one page; nothing where the page is not there.
type Damage = fn(&mut Vec<u8>, usize);
const KINDS: [(&str, Damage); 6] = [
    ("cut off before", |file, page| file.truncate(page * PAGE)),
    ("cut off within", |file, page| file.truncate(page * PAGE + PAGE / 3)),
    ("zeroed", |file, page| file[page * PAGE..][..PAGE].fill(0)),
    ("flipped at its head", |file, page| (0..8).for_each(|at| file[page * PAGE + at] ^= 1 << at)),
    ("flipped everywhere", |file, page| (0..PAGE).step_by(97).for_each(|at| file[page * PAGE + at] ^= 4)),
    ("flipped once", |file, page| file[page * PAGE + (page * 1_009 + 3_001) % PAGE] ^= 16),
];

/// Runs the cases on two threads.
fn each_case(cases: usize, check: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= cases {
                        return;
                    }
                    check(case);
                }
            });
        }
    });
}

#[test]
fn damage_to_every_page_of_the_ledger_loses_nothing_and_gives_no_second_id() {
    let before = before();
    let sound = fs::read(ledger_of(&before.folders)).expect("the ledger");
    let pages = sound.len() / PAGE;
    let all = std::env::var("COPYDESK_DAMAGE").is_ok_and(|kinds| kinds == "all");
    let cases = if all { pages * KINDS.len() } else { pages };
    let set_aside = AtomicUsize::new(0);
    each_case(cases, |case| {
        let page = case % pages;
        let (kind, damage) = KINDS[if all { case / pages } else { page % KINDS.len() }];
        let about = format!("page {} of {pages}, {kind}", page + 1);
        let folders = before.copy();
        let mut damaged = sound.clone();
        damage(&mut damaged, page);
        fs::write(ledger_of(&folders), &damaged).expect("the damage");
        drop_second(&folders);
        once(&folders).unwrap_or_else(|error| panic!("{about}: {error}"));
        before.judge(&folders, &about);
        let aside = folders.path("state/ledger.damaged-1").join(ledger::FILE_NAME);
        if let Ok(kept) = fs::read(aside) {
            assert!(kept == damaged, "{about}: what is set aside is what was found");
            set_aside.fetch_add(1, Ordering::Relaxed);
        }
    });
    let set_aside = set_aside.into_inner();
    eprintln!("{cases} cases, {set_aside} ledgers set aside");
    // A single flipped bit may lie where a page holds nothing.
    assert!(set_aside * 10 >= cases * 8, "{set_aside} of {cases} were noticed");
}

/// Leaves a desk as a kill leaves it: its last batches are in the log only.
fn killed() -> worked::Before {
    let mut before = before();
    let folders = &before.folders;
    for number in 40..44 {
        folders.drop_in(format!("last/{number}.txt"), support::article(number));
    }
    let mut command = folders.command("once");
    let status = command.env("COPYDESK_CRASH", "retirer.retired:4").output().expect("the binary runs").status;
    assert!(!status.success(), "it was to be killed");
    before.records = folders.records();
    // The feed is read from a copy: a reader that ends takes the log away.
    let copy = before.copy();
    let reader = ledger::Reader::open(&copy.path("state")).expect("a ledger").expect("a ledger");
    before.last_event = reader.last_event().expect("the feed");
    before
}

#[test]
fn damage_to_the_log_is_noticed_and_loses_nothing() {
    let before = killed();
    let log = "state/ledger.sqlite-wal";
    let sound = fs::read(before.folders.path(log)).expect("a log");
    let frame = PAGE + 24;
    let frames = (sound.len() - 32) / frame;
    // 0 is its head; then each frame at its head and within; the last case is a log that is gone.
    let all = std::env::var("COPYDESK_DAMAGE").is_ok_and(|kinds| kinds == "all");
    let step = if all { 1 } else { frames / 4 };
    let mut places: Vec<Option<usize>> = vec![Some(9), None];
    for n in (0..frames).step_by(step.max(1)) {
        places.extend([Some(32 + n * frame + 3), Some(32 + n * frame + 24 + 1_000)]);
    }
    each_case(if all { places.len() * 2 } else { places.len() }, |case| {
        let (place, cut) = (places[case % places.len()], (case / places.len() + case) % 2 == 1);
        let about = format!("log of {frames} frames, at {place:?}, cut: {cut}");
        let folders = before.copy();
        match place {
            None => fs::remove_file(folders.path(log)).expect("the log"),
            Some(at) => {
                let mut damaged = sound.clone();
                damaged[at] ^= 0x10;
                if cut {
                    damaged.truncate(at);
                }
                fs::write(folders.path(log), damaged).expect("the damage");
            }
        }
        drop_second(&folders);
        for number in 40..44 {
            folders.drop_in(format!("last/{number}.txt"), support::article(number));
            folders.drop_in(format!("late/{number}.txt"), worked::near(&support::article(number), "Wagtail"));
        }
        once(&folders).unwrap_or_else(|error| panic!("{about}: {error}"));
        before.judge(&folders, &about);
    });
}

#[test]
fn a_log_whose_file_is_gone_is_kept_and_never_taken_for_one_of_the_new_file() {
    let before = killed();
    let log = fs::read(before.folders.path("state/ledger.sqlite-wal")).expect("a log");
    let folders = before.copy();
    fs::remove_file(ledger_of(&folders)).expect("the ledger");
    drop_second(&folders);
    for number in 40..44 {
        folders.drop_in(format!("last/{number}.txt"), support::article(number));
        folders.drop_in(format!("late/{number}.txt"), worked::near(&support::article(number), "Wagtail"));
    }
    once(&folders).expect("a desk");
    before.judge(&folders, "the file is gone, the log is not");
    let kept = fs::read(folders.path("state/ledger.damaged-1/ledger.sqlite-wal")).expect("the log");
    assert!(kept == log, "what is set aside is what was found");
}
