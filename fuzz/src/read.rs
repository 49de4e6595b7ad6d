//! Bytes under any name → documents or reasons.

use std::ffi::OsStr;
use std::io::{self, Read, Write};

use copydesk::article::Document;
use copydesk::read::{self, Origin, Reason, Rejected, Settings};

const NAMES: [&str; 10] =
    ["a.txt", "a.html", "a.json", "a.jsonl", "a.txt.gz", "a.json.zst", "a.jsonl.gz", "a", "a.xml", "\u{202e}lmth.\n"];

/// What reading gives, each document with its reason if it has none.
pub type Outcomes = Vec<Result<Document, Rejected>>;

/// Every file ends in documents or reasons, within the bounds, however its bytes arrive and whether or not it is packed.
pub fn check(input: &[u8]) {
    let (choice, bytes) = super::choice(input);
    let name = NAMES[usize::from(choice & 0x0f) % NAMES.len()];
    let settings = if choice & 0x10 == 0 { Settings::default() } else { small() };
    let whole = super::in_time("reading", || read_all(name, bytes, &settings, None));
    check_outcomes(&whole, &settings);
    if choice & 0x20 != 0 {
        let dribbled = read_all(name, Dribble(bytes, 0), &settings, None);
        // How much a decompressor hands out before it meets the damage is its own affair.
        let is_damaged = |outcomes: &Outcomes| {
            let mut rejected = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
            rejected.any(|rejected| matches!(rejected.reason, Reason::BadGzip | Reason::BadZstd))
        };
        if !is_damaged(&whole) && !is_damaged(&dribbled) {
            assert_alike(dribbled, whole, "how the bytes arrive");
        }
    }
    if choice & 0x40 != 0 && !name.ends_with("gz") && !name.ends_with("zst") && !is_packed(bytes) {
        let settings = Settings { max_ratio: 100_000, ..settings };
        let (packed, ending) = if choice & 0x80 == 0 {
            (gzip(bytes), "gz")
        } else {
            (zstd::bulk::compress(bytes, 1).expect("packs"), "zst")
        };
        let unpacked = read_all(&format!("{name}.{ending}"), &packed[..], &settings, None);
        let plain = read_all(name, bytes, &settings, None);
        assert_alike(unpacked, plain, &format!("{name} packed"));
    }
}

/// Which bound a file is past is named by how much of it was seen before its format was; all else is the same.
fn assert_alike(left: Outcomes, right: Outcomes, what: &str) {
    let is_too_large =
        |outcomes: &Outcomes| matches!(&outcomes[..], [Err(rejected)] if rejected.reason == Reason::TooLarge);
    if !is_too_large(&left) || !is_too_large(&right) {
        assert_eq!(left, right, "{what}");
    }
}

/// Reads a file to its end.
pub fn read_all(name: &str, input: impl Read, settings: &Settings, sidecar: Option<&[u8]>) -> Outcomes {
    let origin = Origin { path: "a".into(), folder: None, sidecar: sidecar.map(<[u8]>::to_vec) };
    read::split(OsStr::new(name), input, settings)
        .map(|piece| piece.and_then(|piece| read::document(piece, &origin, settings)))
        .collect()
}

/// What holds for the outcomes of any file.
pub fn check_outcomes(outcomes: &Outcomes, settings: &Settings) {
    assert!(!outcomes.is_empty(), "a file ends in documents or in a reason");
    for outcome in outcomes {
        match outcome {
            Ok(document) => {
                let most = settings.max_file_bytes.max(settings.max_record_bytes);
                assert!(document.bytes <= most, "{} bytes are past the bound", document.bytes);
                assert!(!document.content.trim().is_empty(), "a document without content");
                // UTF-8 takes at most three bytes for one of another encoding, and the replacement character three.
                assert!(document.content.len() as u64 <= document.bytes * 3, "content grew past its bytes");
            }
            Err(rejected) => {
                assert!(!rejected.message.is_empty() && !rejected.advice.is_empty(), "{rejected:?}");
                assert!(!rejected.is_transient(), "no disk has failed: {rejected:?}");
            }
        }
    }
}

fn small() -> Settings {
    Settings {
        max_file_bytes: 400,
        max_records_bytes: 2_000,
        max_record_bytes: 60,
        max_ratio: 10,
        max_records: 20,
        max_bad_records: 3,
    }
}

fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
        || bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || bytes.get(1..4) == Some(&[0x2a, 0x4d, 0x18])
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

/// Hands out a few bytes at a time, and is interrupted, as a pipe is.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = (self.1 * 7 % 61 + 1).min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.0 = later;
        Ok(n)
    }
}
