//! How fast texts are cleaned, one core, rules compiled: bytes a second over articles of the usual size and noise.

use copydesk::article::{Document, Given, InputId, MediaType};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, Level, Settings};
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// An article of about 10 kB with a head, headings, quotes, and a tail of teasers and a comment form.
fn article(seed: usize) -> String {
    const WORDS: [&str; 40] = [
        "harbour", "council", "ferry", "winter", "island", "the", "of", "and", "pupils", "bridge", "voted", "tide",
        "lamp", "keeper", "boat", "Monday", "radio", "tower", "said", "on", "in", "morning", "plans", "stone",
        "county", "crowns", "library", "night", "readers", "tea", "to", "a", "is", "will", "be", "closed", "opened",
        "after", "debate", "fog",
    ];
    let mut state = seed as u64 * 2 + 1;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(state >> 33) as usize % WORDS.len()]
    };
    let mut sentence = |len: usize| (0..len).map(|_| word()).collect::<Vec<_>>().join(" ");
    let mut text = format!("Home\nNews\nThe {}\nBy Ada Keeper\n3 May 2024\nShare\n", sentence(6));
    for n in 0..25 {
        text += &format!("The {}, {}. It {}.\n", sentence(14), sentence(12), sentence(30));
        if n % 6 == 5 {
            text += &format!("The {}\nAdvertisement\n", sentence(4));
        }
    }
    text += "Related articles\n";
    (0..10).for_each(|_| text += &format!("The {}\n3 min read\n", sentence(7)));
    text + "Leave a Reply\nYour email address will not be published. Required fields are marked *\nName *\nEmail *\n"
}

fn documents() -> Vec<Document> {
    let document = |seed| {
        let content = article(seed);
        Document {
            input: InputId::of(content.as_bytes()),
            path: format!("{seed}.txt"),
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: content.len() as u64,
            content,
            given: Given::default(),
            folder: Some("harbour".into()),
        }
    };
    (0..100).map(document).collect()
}

#[divan::bench(args = [Level::Safe, Level::Eager])]
fn texts(bencher: divan::Bencher, level: Level) {
    let documents = documents();
    let cleaner = Cleaner::new(Settings { level, ..Settings::default() });
    let memory = SiteMemory::default();
    let bytes: u64 = documents.iter().map(|document| document.bytes).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let words = |document| {
            let draft = cleaner.draft(document).expect("it has prose");
            cleaner.finish(draft, &memory).text.len()
        };
        documents.iter().map(words).sum::<usize>()
    });
}

#[divan::bench]
fn compile_rules() -> Cleaner {
    Cleaner::new(Settings::default())
}
