//! What must hold for any bytes at all: one module for each way into copydesk, each with one `check`.
//!
//! The fuzz targets call these with what libFuzzer invents, `tests/fuzz_smoke.rs` with the kept corpus and its mutations. The
//! first bytes of an input choose among variants, the rest is what the variant reads. A check panics where a promise is broken.

use std::time::{Duration, Instant};

pub mod charset;
pub mod cleaned;
pub mod html;
pub mod json_ld;
pub mod ledger;
pub mod metadata;
pub mod read;
pub mod records;
pub mod rules;
pub mod settings;
pub mod text;

/// All ways in by name: what the fuzz targets and the folders of the corpus are called.
pub const TARGETS: [(&str, fn(&[u8])); 10] = [
    ("charset", charset::check),
    ("html", html::check),
    ("json_ld", json_ld::check),
    ("ledger", ledger::check),
    ("metadata", metadata::check),
    ("read", read::check),
    ("records", records::check),
    ("rules", rules::check),
    ("settings", settings::check),
    ("text", text::check),
];

/// Inputs here hold a few kilobytes: one that takes longer than this is slow by nature, not for its size. Far above what the
/// slowest takes in an unoptimized build on a busy machine.
const MAX_TIME: Duration = Duration::from_secs(10);

/// Does `work` and says how long it took if that was too long.
fn in_time<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(started.elapsed() < MAX_TIME, "{what} took {:?}", started.elapsed());
    result
}

/// The first byte, which chooses the variant, and the rest.
fn choice(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}
