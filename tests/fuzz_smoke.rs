//! The properties of the fuzz targets, on stable Rust: over the kept corpus, and over what chance makes of it.
//!
//! `FUZZ_CASES=100000 cargo test --release --test fuzz_smoke` is the long mode.

#[path = "../fuzz/src/lib.rs"]
#[allow(dead_code, reason = "the fuzz targets use all of it")]
mod copydesk_fuzz;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use copydesk_fuzz::TARGETS;
use copydesk_fuzz::cleaned::CHECK_RECORD;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Mutated inputs for each target; the slow ones (a rule book is compiled for each) get a part of it.
const CASES: u32 = 160;
const SLOW: [(&str, u32); 2] = [("rules", 40), ("settings", 4)];

/// Every record that a check makes obeys the schema that is published for it.
fn hold_records_to_the_schema() {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = serde_json::to_value(copydesk::outbox::schema()).expect("a schema is JSON");
        jsonschema::validator_for(&schema).expect("the schema is one")
    });
    CHECK_RECORD.get_or_init(|| {
        |json| {
            let record = serde_json::from_slice(json).expect("a record is JSON");
            let errors: Vec<String> = SCHEMA.iter_errors(&record).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{errors:?}");
        }
    });
}

/// What is kept for one target, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("an input"))).collect()
}

#[test]
fn every_kept_input_holds() {
    hold_records_to_the_schema();
    for (target, check) in TARGETS {
        check(b"");
        for (path, input) in corpus(target) {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(&input))) {
                eprintln!("{} broke a promise", path.display());
                std::panic::resume_unwind(panic);
            }
        }
    }
}

#[test]
fn the_corpus_is_small_and_each_target_has_one() {
    let sizes = TARGETS.map(|(target, _)| corpus(target).iter().map(|(_, input)| input.len()).sum::<usize>());
    assert!(sizes.iter().all(|size| (1..16 << 10).contains(size)), "{sizes:?}");
}

/// One change to an input: bytes gone, put in, said twice or taken from another.
#[derive(Clone, Debug)]
enum Change {
    Remove(prop::sample::Index, usize),
    Insert(prop::sample::Index, Vec<u8>),
    Repeat(prop::sample::Index, usize, usize),
    Splice(prop::sample::Index, prop::sample::Index, usize),
    Choice(u8),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), 1..20_usize).prop_map(|(at, n)| Change::Remove(at, n)),
        (at(), prop::collection::vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), "[<>/\"{}\\[\\]:,()&;\n*=. é\u{301}港]{1,3}")
            .prop_map(|(at, text)| Change::Insert(at, text.into_bytes())),
        (at(), 1..40_usize, 2..9_usize).prop_map(|(at, n, times)| Change::Repeat(at, n, times)),
        (at(), at(), 1..80_usize).prop_map(|(at, from, n)| Change::Splice(at, from, n)),
        any::<u8>().prop_map(Change::Choice),
    ]
}

fn mutated(mut input: Vec<u8>, other: &[u8], changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let place = |at: &prop::sample::Index| at.index(input.len() + 1);
        match change {
            Change::Remove(at, n) => {
                let at = place(at);
                input.drain(at..(at + n).min(input.len()));
            }
            Change::Insert(at, bytes) => {
                let at = place(at);
                input.splice(at..at, bytes.iter().copied());
            }
            Change::Repeat(at, n, times) => {
                let at = place(at);
                let again = input[at..(at + n).min(input.len())].repeat(*times);
                input.splice(at..at, again);
            }
            Change::Splice(at, from, n) => {
                let (at, from) = (place(at), from.index(other.len() + 1));
                input.splice(at..at, other[from..(from + n).min(other.len())].iter().copied());
            }
            Change::Choice(byte) => {
                if let Some(first) = input.first_mut() {
                    *first = *byte;
                }
            }
        }
    }
    input
}

#[test]
fn what_chance_makes_of_the_corpus_holds() {
    hold_records_to_the_schema();
    let cases = std::env::var("FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    for (target, check) in TARGETS {
        let part = SLOW.iter().find(|(slow, _)| *slow == target).map_or(1, |(_, part)| *part);
        let config = Config { cases: (cases / part).max(1), failure_persistence: None, ..Config::default() };
        let inputs: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, input)| input).collect();
        let mut runner = TestRunner::new(config);
        let strategy =
            (prop::sample::select(inputs.clone()), prop::sample::select(inputs), prop::collection::vec(change(), 1..8));
        let outcome = runner.run(&strategy, |(input, other, changes)| {
            check(&mutated(input, &other, &changes));
            Ok(())
        });
        if let Err(error) = outcome {
            panic!("{target}: {error}");
        }
    }
}
