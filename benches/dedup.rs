//! Speed of deduplication: a document from text to verdict, growth of the index, and restoring it at start.

use std::hint::black_box;

use copydesk::dedup::{Archive, ClusterId, Deduplicator, DocId, Facts, SealedRow, Settings, Sketch, Standing};
use copydesk::ledger::{Batch, Ledger, Sketched};
use copydesk::segments::{Limits, Segments, Span};
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// SplitMix64: the same texts in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// A text of made-up words with names, numbers and sentences.
fn text(random: &mut Random, words: usize) -> String {
    const SYLLABLES: [&str; 16] =
        ["ba", "ter", "lo", "min", "der", "sa", "ri", "to", "ne", "gal", "pu", "ver", "sti", "on", "ka", "li"];
    let mut text = String::new();
    for i in 0..words {
        let kind = random.below(20);
        // Word frequencies fall off as in real text: the square of a uniform choice favours low numbers.
        let word = random.below(200) * random.below(200);
        let mut spelled =
            format!("{}{}{}", SYLLABLES[word as usize % 16], SYLLABLES[word as usize / 16 % 16], word / 256);
        match kind {
            0 => spelled = format!("{}", random.below(5_000)),
            1 | 2 => spelled[..1].make_ascii_uppercase(),
            _ => {}
        }
        text.push_str(&spelled);
        text.push_str(if i % 17 == 16 { ". " } else { " " });
    }
    text
}

/// Nine documents in ten are new, one is a copy of a recent one with every twentieth word cut.
fn stream(documents: usize, words: usize) -> Vec<String> {
    let mut random = Random(7);
    let mut texts: Vec<String> = Vec::new();
    for _ in 0..documents {
        let copy = texts.len() > 10 && random.below(10) == 0;
        let next = if copy {
            let original = &texts[texts.len() - 1 - random.below(10) as usize];
            let words: Vec<&str> =
                original.split(' ').enumerate().filter(|(i, _)| i % 20 != 19).map(|(_, w)| w).collect();
            words.join(" ")
        } else {
            text(&mut random, words)
        };
        texts.push(next);
    }
    texts
}

#[divan::bench(args = [100, 400, 1_500])]
fn sketch(bencher: Bencher, words: usize) {
    let text = text(&mut Random(3), words);
    bencher.counter(ItemsCount::new(1usize)).bench(|| Sketch::of(Some("A made-up headline"), black_box(&text)));
}

/// Tokens to verdict, on one core; the bar is 150 µs a document of 400 words.
#[divan::bench(args = [100, 400, 1_500], sample_count = 10)]
fn text_to_verdict(bencher: Bencher, words: usize) {
    const DOCUMENTS: usize = 2_000;
    let texts = stream(DOCUMENTS, words);
    bencher.counter(ItemsCount::new(DOCUMENTS)).bench(|| {
        let mut deduplicator = Deduplicator::new(Settings::default());
        for (doc, text) in (1u64..).zip(&texts) {
            let sketch = Sketch::of(None, text);
            black_box(
                deduplicator
                    .judge(doc, &Facts::default(), sketch, &mut |doc| Some(Sketch::of(None, &texts[doc as usize - 1]))),
            );
        }
    });
}

/// An index of the documents from `first` on.
fn filled(first: u64, documents: u64) -> Deduplicator {
    let mut deduplicator = Deduplicator::new(Settings { max_index_bytes: usize::MAX, ..Settings::default() });
    let mut random = Random(first << 32 | 11);
    for doc in first..first + documents {
        let brief = Sketch::synthetic(400, || random.next()).brief();
        deduplicator.restore(doc, doc, &Facts::default(), Standing::Ordinary, &brief).expect("a brief as just written");
    }
    deduplicator.settle();
    deduplicator
}

/// Look-up and insertion of a document of 400 words by the size of the index: 10 M is to cost at most twice 100,000.
/// Takes 6 GB and some minutes at 10 M, which therefore runs with `COPYDESK_BENCH_LARGE=1` only.
#[divan::bench(args = [100_000, 1_000_000, 10_000_000], sample_count = 20, sample_size = 500)]
fn judge_by_index_size(bencher: Bencher, documents: u64) {
    if documents > 1_000_000 && std::env::var_os("COPYDESK_BENCH_LARGE").is_none() {
        return;
    }
    let mut deduplicator = filled(1, documents);
    println!("{documents}: {} bytes a document", deduplicator.memory_bytes() as u64 / documents);
    let mut random = Random(13);
    let mut doc = documents;
    bencher
        .counter(ItemsCount::new(1usize))
        .with_inputs(|| Sketch::synthetic(400, || random.next()))
        .bench_local_values(|sketch| {
            doc += 1;
            deduplicator.judge(doc, &Facts::default(), sketch, &mut |_| None)
        });
}

/// Segments of documents that nobody asks more of than where they are.
struct Sealed(Segments);

impl Archive for Sealed {
    fn find(&mut self, keys: &[u64], least: u32) -> Vec<(u32, DocId)> {
        self.0.find(keys, least)
    }

    fn row(&mut self, _: DocId) -> Option<SealedRow> {
        None
    }

    fn members(&mut self, _: ClusterId, _: usize) -> Vec<SealedRow> {
        Vec::new()
    }

    fn all_members(&mut self, _: ClusterId) -> Vec<DocId> {
        Vec::new()
    }
}

/// As [`judge_by_index_size`], with all the documents in segments on disk. 3 GB of disk at 10 M.
#[divan::bench(args = [100_000, 1_000_000, 10_000_000], sample_count = 20, sample_size = 500)]
fn judge_by_sealed_documents(bencher: Bencher, documents: u64) {
    const CHUNK: u64 = 100_000;
    if documents > 1_000_000 && std::env::var_os("COPYDESK_BENCH_LARGE").is_none() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let limits = Limits { max_memory_bytes: usize::MAX, window_days: 90 };
    let mut segments = Segments::open(folder.path(), limits, |_| Ok(None)).expect("a folder of its own");
    for after in (0..documents).step_by(CHUNK as usize) {
        let mut chunk = filled(after + 1, CHUNK);
        let oldest = chunk.oldest(CHUNK as usize).expect("documents");
        let span = Span { after, through: oldest.through, days: oldest.days };
        segments.seal(span, CHUNK, [0; 32], |take| chunk.each_posting(&oldest, take)).expect("room on the disk");
        segments.tend(0);
        segments.finish_merge();
    }
    segments.tend(0);
    let held = segments.held();
    println!(
        "{documents}: {} segments; {} bytes of memory and {} of disk a document",
        held.segments,
        held.memory_bytes as u64 / documents,
        held.disk_bytes / documents
    );
    let mut deduplicator = filled(documents + 1, CHUNK);
    deduplicator.rely_on_archive(documents, held.memory_bytes);
    let mut archive = Sealed(segments);
    let mut random = Random(13);
    let mut doc = documents + CHUNK;
    bencher
        .counter(ItemsCount::new(1usize))
        .with_inputs(|| Sketch::synthetic(400, || random.next()))
        .bench_local_values(|sketch| {
            doc += 1;
            deduplicator.judge_with(doc, &Facts::default(), sketch, &mut |_| None, &mut archive)
        });
}

/// Restoring at start; the bar is 200,000 documents a second.
#[divan::bench(args = [200_000], sample_count = 3)]
fn restore(bencher: Bencher, documents: usize) {
    let mut random = Random(11);
    let briefs: Vec<Vec<u8>> = (0..documents).map(|_| Sketch::synthetic(400, || random.next()).brief()).collect();
    bencher.counter(ItemsCount::new(documents)).bench(|| {
        let mut deduplicator = Deduplicator::new(Settings::default());
        for (doc, brief) in (1u64..).zip(&briefs) {
            deduplicator
                .restore(doc, doc, &Facts::default(), Standing::Ordinary, brief)
                .expect("a brief as just written");
        }
        deduplicator.settle();
        deduplicator
    });
}

/// The same out of a ledger, with every row's checksum; the desk reads on one thread and restores on another.
#[divan::bench(args = [200_000], sample_count = 3)]
fn restore_from_ledger(bencher: Bencher, documents: u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut ledger = Ledger::open(folder.path()).expect("a ledger");
    let mut random = Random(11);
    for first in (1..=documents).step_by(10_000) {
        let sketched = |seq| {
            let brief = Sketch::synthetic(400, || random.next()).brief();
            Sketched { seq, cluster: seq, day: 0, url: None, brief, terms: vec![7; 200] }
        };
        let sketches = (first..first + 10_000).map(sketched).collect();
        ledger.commit(&Batch { sketches, ..Batch::default() }).expect("room on the disk");
    }
    bencher.counter(ItemsCount::new(documents)).bench_local(|| {
        let mut deduplicator = Deduplicator::new(Settings::default());
        ledger
            .each_sketch_of((0, documents), 0, |row| {
                let facts = Facts { url: row.url, day: row.day };
                deduplicator
                    .restore(row.seq, row.cluster, &facts, Standing::Ordinary, row.brief)
                    .expect("a brief as just written");
            })
            .expect("a sound ledger");
        deduplicator.settle();
        deduplicator
    });
}
