//! What an article is about, in a few hundred bytes: its names, numbers and longer words, with weights.

use std::sync::LazyLock;

use crate::tokens::{Kind, hash_of, tokens};

/// Terms kept of one article.
const MAX_TERMS: usize = 64;
/// A name tells as much as this many words.
const NAME_WEIGHT: f32 = 2.0;
/// A word in the headline counts as if it stood this often in the text.
const TITLE_COUNT: u32 = 2;
/// Shorter words are grammar in most languages that have spaces.
const MIN_WORD_LETTERS: u32 = 4;

/// English words of four letters and more that tell nothing; in other languages the stream's own frequencies do.
const GRAMMAR: [u64; 92] = {
    let words = [
        "about",
        "above",
        "across",
        "after",
        "again",
        "against",
        "ahead",
        "almost",
        "along",
        "already",
        "also",
        "although",
        "always",
        "among",
        "another",
        "around",
        "away",
        "back",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "came",
        "come",
        "could",
        "days",
        "does",
        "down",
        "during",
        "each",
        "even",
        "ever",
        "every",
        "first",
        "from",
        "have",
        "having",
        "here",
        "including",
        "into",
        "just",
        "last",
        "less",
        "like",
        "made",
        "make",
        "many",
        "more",
        "most",
        "much",
        "must",
        "next",
        "only",
        "other",
        "over",
        "people",
        "said",
        "same",
        "says",
        "several",
        "should",
        "since",
        "some",
        "such",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "under",
        "until",
        "very",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "would",
        "year",
    ];
    let mut hashes = [0; 92];
    let mut i = 0;
    while i < words.len() {
        hashes[i] = hash_of(words[i]);
        i += 1;
    }
    hashes
};

/// [`GRAMMAR`] as terms, sorted.
static GRAMMAR_TERMS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut terms: Vec<u32> = GRAMMAR.iter().map(|hash| (hash >> 32) as u32).collect();
    terms.sort_unstable();
    terms
});

/// The telling terms of one article; about 300 bytes as stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms(Vec<(u32, u8)>);

impl Terms {
    /// Takes the terms of a title and a text. May run on any thread.
    pub fn of(title: Option<&str>, text: &str) -> Self {
        // Each telling token with its count, and whether it is a name; sorted and added up, which is cheaper than a map.
        let mut told: Vec<(u32, u32, bool)> = Vec::with_capacity(text.len() / 12 + 16);
        let mut take = |hash: u64, kind: Kind, letters: u32, times: u32| {
            let tells = kind == Kind::Name || (kind == Kind::Word && letters >= MIN_WORD_LETTERS);
            if tells {
                told.push(((hash >> 32) as u32, times, kind == Kind::Name));
            }
        };
        if let Some(title) = title {
            tokens(title, |token| {
                take(
                    token.hash,
                    if token.kind == Kind::Number { Kind::Number } else { Kind::Word },
                    token.letters,
                    TITLE_COUNT,
                )
            });
        }
        tokens(text, |token| take(token.hash, token.kind, token.letters, 1));
        told.sort_unstable();
        let mut terms: Vec<(u32, u8)> = told
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|same| GRAMMAR_TERMS.binary_search(&same[0].0).is_err())
            .map(|same| {
                let count: u32 = same.iter().map(|(_, times, _)| times).sum();
                let name = same.iter().any(|(_, _, name)| *name);
                let weight = (1.0 + (count as f32).ln()) * if name { NAME_WEIGHT } else { 1.0 };
                (same[0].0, (weight * WEIGHT_UNIT).min(255.0) as u8)
            })
            .collect();
        terms.sort_unstable_by_key(|(term, weight)| (std::cmp::Reverse(*weight), *term));
        terms.truncate(MAX_TERMS);
        terms.sort_unstable();
        Self(terms)
    }

    /// As stored: 5 bytes a term.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(term, weight)| term.to_le_bytes().into_iter().chain([*weight])).collect()
    }

    /// Reads [`Terms::to_bytes`]; bytes past the last whole term are passed over.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let (chunks, _) = bytes.as_chunks::<5>();
        Self(chunks.iter().map(|[a, b, c, d, weight]| (u32::from_le_bytes([*a, *b, *c, *d]), *weight)).collect())
    }

    /// Each term with its weight in the article.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.0.iter().map(|(term, weight)| (*term, f32::from(*weight) / WEIGHT_UNIT))
    }
}

/// Weights are stored in steps of a sixteenth.
const WEIGHT_UNIT: f32 = 16.0;
