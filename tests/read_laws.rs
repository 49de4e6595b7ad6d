//! Laws of reading: no bytes make it panic, how the bytes arrive does not matter, and memory and time are bounded.

use std::ffi::OsStr;
use std::io::{self, Read, Write};

use copydesk::article::{Document, InputId};
use copydesk::read::{self, Origin, Reason, Rejected, Settings};
use proptest::prelude::*;

const NAMES: [&str; 9] =
    ["a.txt", "a.html", "a.json", "a.jsonl", "a.txt.gz", "a.json.zst", "a", "a.xml", "\u{202e}lmth.\n"];

fn read_all(name: &str, input: impl Read, settings: &Settings) -> Vec<Result<Document, Rejected>> {
    let origin = Origin { path: "a".into(), folder: None, sidecar: None };
    read::split(OsStr::new(name), input, settings)
        .map(|piece| piece.and_then(|piece| read::document(piece, &origin, settings)))
        .collect()
}

/// Hands out a few bytes at a time, as a pipe does.
struct Dribble<'a> {
    bytes: &'a [u8],
    sizes: Vec<usize>,
    at: usize,
}

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.at += 1;
        if self.at.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let n = self.sizes[self.at % self.sizes.len()].min(buffer.len()).min(self.bytes.len());
        let (now, later) = self.bytes.split_at(n);
        buffer[..n].copy_from_slice(now);
        self.bytes = later;
        Ok(n)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

/// Bytes that look like what is read here, so that every branch is met.
fn likely_bytes() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just(&b"{\"text\": \"One.\"}"[..]),
        Just(&b"{\"html\": \"<p>x\", \"id\": 3}\n"[..]),
        Just(&b"{\"text\": \"brok\n"[..]),
        Just(&b"[{"[..]),
        Just(&b"}]"[..]),
        Just(&b", "[..]),
        Just(&b"\n"[..]),
        Just(&b"\\\""[..]),
        Just(&b"<!doctype html><meta charset="[..]),
        Just(&b"koi8-r>"[..]),
        Just(&b"<!--"[..]),
        Just(&b"\xff\xfe"[..]),
        Just(&b"\xef\xbb\xbf"[..]),
        Just(&b"\x1f\x8b\x08\x00"[..]),
        Just(&b"\x28\xb5\x2f\xfd\x24"[..]),
        Just(&b"a\0b\0"[..]),
        Just(&b"\xc3\xa9\xc3"[..]),
        Just(&b"plain words, "[..]),
    ];
    let tokens = proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat());
    prop_oneof![
        4 => tokens.clone(),
        1 => tokens.prop_map(|bytes| gzip(&bytes)),
        1 => proptest::collection::vec(any::<u8>(), 0..600),
    ]
}

fn small() -> Settings {
    Settings {
        max_file_bytes: 400,
        max_records_bytes: 2_000,
        max_record_bytes: 60,
        max_ratio: 10,
        ..Settings::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic_and_how_they_arrive_does_not_matter(
        bytes in likely_bytes(),
        name in proptest::sample::select(&NAMES[..]),
        sizes in proptest::collection::vec(1..40_usize, 1..5),
        tight in any::<bool>(),
    ) {
        let settings = if tight { small() } else { Settings::default() };
        let whole = read_all(name, &bytes[..], &settings);
        let dribbled = read_all(name, Dribble { bytes: &bytes, sizes, at: 0 }, &settings);
        let damaged = |outcomes: &[Result<Document, Rejected>]| outcomes.iter().flat_map(|outcome| outcome.as_ref().err())
            .any(|rejected| matches!(rejected.reason, Reason::BadGzip | Reason::BadZstd));
        // How much a decompressor hands out before it meets the damage is its own affair, and what it hands out may be
        // refused for a reason of its own before that.
        if damaged(&whole) || damaged(&dribbled) {
            prop_assert!(whole.iter().any(Result::is_err) && dribbled.iter().any(Result::is_err), "{whole:?} {dribbled:?}");
        } else {
            prop_assert_eq!(&whole, &dribbled);
        }
        prop_assert!(!whole.is_empty(), "a file ends in documents or in a reason");
        for rejected in whole.iter().filter_map(|outcome| outcome.as_ref().err()) {
            prop_assert!(!rejected.message.is_empty() && !rejected.advice.is_empty());
        }
    }

    #[test]
    fn a_file_cut_anywhere_gives_a_prefix_of_its_records(records in 1..6_usize, cut in 0.0..1.0_f64, array in any::<bool>()) {
        let record = |n: usize| format!("{{\"text\": \"Story {n}: \\\"so [it] goes\\\", {{said}} one.\"}}");
        let records: Vec<String> = (0..records).map(record).collect();
        let file = if array { format!("[{}]", records.join(",\n")) } else { records.join("\n") };
        let cut = (file.len() as f64 * cut) as usize;
        let name = if array { "a.json" } else { "a.jsonl" };
        let whole: Vec<String> = read_all(name, file.as_bytes(), &Settings::default()).into_iter().flatten().map(|d| d.content).collect();
        let part: Vec<String> = read_all(name, &file.as_bytes()[..cut], &Settings::default()).into_iter().flatten().map(|d| d.content).collect();
        prop_assert_eq!(whole.len(), records.len());
        prop_assert_eq!(&whole[..part.len()], &part[..]);
        let intact = file[..cut].matches("one.\"}").count();
        prop_assert_eq!(part.len(), intact);
    }

    #[test]
    fn a_text_in_utf_8_comes_out_as_it_went_in(text in "\\PC{1,80}") {
        prop_assume!(!text.trim_start_matches('\u{feff}').trim().is_empty() && !text.starts_with('\u{feff}'));
        let outcomes = read_all("a.txt", text.as_bytes(), &Settings::default());
        match &outcomes[..] {
            [Ok(document)] => {
                prop_assert_eq!(&document.content, &text);
                prop_assert_eq!(document.input, InputId::of(text.as_bytes()));
                prop_assert_eq!(&document.charset, "UTF-8");
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn compression_does_not_change_a_document(text in "[a-z ]{0,200}[a-z]") {
        let plain = read_all("a.txt", text.as_bytes(), &Settings::default());
        let packed = read_all("a.txt.gz", &gzip(text.as_bytes())[..], &Settings::default());
        prop_assert_eq!(plain, packed);
    }
}

/// As many bytes as asked for, made on the way.
fn repeated(piece: &'static [u8], times: u64) -> impl Read {
    struct Repeat(&'static [u8], u64, usize);
    impl Read for Repeat {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut filled = 0;
            while filled < buffer.len() && self.1 > 0 {
                let n = (self.0.len() - self.2).min(buffer.len() - filled);
                buffer[filled..filled + n].copy_from_slice(&self.0[self.2..self.2 + n]);
                (filled, self.2) = (filled + n, self.2 + n);
                if self.2 == self.0.len() {
                    (self.1, self.2) = (self.1 - 1, 0);
                }
            }
            Ok(filled)
        }
    }
    Repeat(piece, times, 0)
}

#[test]
fn a_line_past_the_bound_is_refused_alone() {
    let before = b"{\"text\": \"One.\"}\n{\"text\": \"";
    let after = b"\"}\n{\"text\": \"Three.\"}\n";
    let input = before.chain(repeated(b"0123456789abcdef", 1_500_000)).chain(&after[..]);
    let outcomes = read_all("a.jsonl", input, &Settings::default());
    let shape: Vec<_> = outcomes.iter().map(|outcome| outcome.as_ref().map(|d| d.content.as_str())).collect();
    assert_eq!(shape[0], Ok("One."));
    let refused = shape[1].unwrap_err();
    assert_eq!((refused.reason, refused.line, refused.record), (Reason::TooLarge, Some(2), Some(2)));
    assert_eq!(refused.bytes, None);
    assert_eq!(shape[2..], [Ok("Three.")]);
}

#[test]
fn a_record_past_the_bound_in_an_array_is_refused_alone() {
    let before = b"[{\"text\": \"One.\"},\n{\"text\": \"";
    let after = b"\"},\n{\"text\": \"Three.\"}]";
    let input = before.chain(repeated(b"0123456789abcdef", 1_500_000)).chain(&after[..]);
    let outcomes = read_all("a.json", input, &Settings::default());
    assert_eq!(outcomes.len(), 3);
    assert_eq!(outcomes[1].as_ref().unwrap_err().reason, Reason::TooLarge);
    assert_eq!(outcomes[2].as_ref().map(|d| (d.content.as_str(), d.path.as_str())), Ok(("Three.", "a#3")));
}

#[test]
fn bombs_are_cut_off_by_their_ratio() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    io::copy(&mut repeated(&[b'a'; 4096], 2_500), &mut packed).expect("a vector takes all");
    let packed = packed.finish().expect("a vector takes all");
    let zstd = zstd::stream::encode_all(repeated(&[b'a'; 4096], 2_500), 1).expect("a vector takes all");
    for (name, bomb) in [("a.txt.gz", packed.clone()), ("a.html.zst", zstd), ("a.jsonl.gz", packed)] {
        let outcomes = read_all(name, &bomb[..], &Settings::default());
        let refused = outcomes.last().and_then(|outcome| outcome.as_ref().err()).expect("a refusal");
        assert_eq!(refused.reason, Reason::Bomb, "{name}: {refused:?}");
    }
}

#[test]
fn empty_arrays_or_brackets_without_end_neither_recurse_nor_stall() {
    for (piece, name) in
        [(&b"[]"[..], "a.json"), (b"[", "a.json"), (b"{\"a\":", "a.json"), (b"}", "a.json"), (b"<", "a.html")]
    {
        let outcomes = read_all(name, repeated(piece, 300_000), &Settings::default());
        assert_eq!(outcomes.len(), 1, "{}", String::from_utf8_lossy(piece));
    }
}

#[test]
fn a_failing_disk_is_not_blamed_on_the_document() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(5))
        }
    }
    let packed = gzip(b"A story that is cut off by the disk.");
    let cases: [(&str, &[u8]); 4] =
        [("a.txt", b"A story"), ("a.txt", b""), ("a.txt.gz", &packed[..20]), ("a.jsonl", b"{\"text\": \"One.\"}\n")];
    for (name, start) in cases {
        let outcomes = read_all(name, start.chain(Failing), &Settings::default());
        let refused = outcomes.last().and_then(|outcome| outcome.as_ref().err()).expect("a refusal");
        assert!(refused.is_transient(), "{name}: {refused:?}");
        assert_eq!(refused.record, None);
    }
}
