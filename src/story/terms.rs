//! What an article is about, in a few hundred bytes: its names, numbers and longer words, with weights.

use std::sync::LazyLock;

use crate::tokens::{Kind, Tokens, hash_of, sort_by_hash};

/// Terms kept of one article.
const MAX_TERMS: usize = 64;
/// A name tells as much as this many words.
const NAME_WEIGHT: f32 = 2.0;
/// A word in the headline counts as if it stood this often in the text.
const TITLE_COUNT: u64 = 2;
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
        Self::of_tokens(&Tokens::of(title, text))
    }

    /// As [`Terms::of`], of a title and a text that were read already.
    pub(crate) fn of_tokens(tokens: &Tokens) -> Self {
        // Each telling token with its count, and whether it is a name, in one number: term, count, name.
        // Sorted and added up, which is cheaper than a map.
        let mut told: Vec<u64> = Vec::with_capacity(tokens.title.len() + tokens.text.len());
        let mut take = |hash: u64, kind: Kind, letters: u32, times: u64| {
            let is_name = kind == Kind::Name;
            if is_name || (kind == Kind::Word && letters >= MIN_WORD_LETTERS) {
                told.push((hash >> 32) << 32 | times << 1 | u64::from(is_name));
            }
        };
        for token in &tokens.title {
            // Headlines capitalize everything.
            let kind = if token.kind == Kind::Name { Kind::Word } else { token.kind };
            take(token.hash, kind, token.letters, TITLE_COUNT);
        }
        tokens.text.iter().for_each(|token| take(token.hash, token.kind, token.letters, 1));
        sort_by_hash(&mut told, |told| (told >> 32) as u32);
        let mut grammar = GRAMMAR_TERMS.iter().peekable();
        let mut terms: Vec<(u32, u8)> = Vec::with_capacity(told.len());
        terms.extend(told.chunk_by(|a, b| a >> 32 == b >> 32).filter_map(|same| {
            let term = (same[0] >> 32) as u32;
            // Both are sorted: one walk along the two.
            while grammar.next_if(|word| **word < term).is_some() {}
            if grammar.peek() == Some(&&term) {
                return None;
            }
            let count: u64 = same.iter().map(|told| (told & 0xffff_ffff) >> 1).sum();
            let name = same.iter().any(|told| told & 1 == 1);
            let times = if count == 1 { 0.0 } else { (count as f32).ln() };
            let weight = (1.0 + times) * if name { NAME_WEIGHT } else { 1.0 };
            Some((term, (weight * WEIGHT_UNIT).min(255.0) as u8))
        }));
        let heaviest = |(term, weight): &(u32, u8)| (std::cmp::Reverse(*weight), *term);
        if terms.len() > MAX_TERMS {
            terms.select_nth_unstable_by_key(MAX_TERMS, heaviest);
            terms.truncate(MAX_TERMS);
        }
        terms.sort_unstable();
        terms.shrink_to_fit();
        Self(terms)
    }

    /// As stored: 5 bytes a term, then in 4 the day that the article counts for, where that is not the day of its arrival.
    pub fn to_bytes(&self, day: Option<i32>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(5 * self.0.len() + 4);
        for (term, weight) in &self.0 {
            bytes.extend_from_slice(&term.to_le_bytes());
            bytes.push(*weight);
        }
        // Nothing at all is stored of an article in no story, and this one would be in none.
        if let Some(day) = day.filter(|_| !self.0.is_empty()) {
            bytes.extend_from_slice(&day.to_le_bytes());
        }
        bytes
    }

    /// Reads [`Terms::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> (Self, Option<i32>) {
        let (chunks, rest) = bytes.as_chunks::<5>();
        let terms = chunks.iter().map(|[a, b, c, d, weight]| (u32::from_le_bytes([*a, *b, *c, *d]), *weight)).collect();
        (Self(terms), rest.try_into().ok().map(i32::from_le_bytes))
    }

    /// Each term with its weight in the article.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.0.iter().map(|(term, weight)| (*term, f32::from(*weight) / WEIGHT_UNIT))
    }
}

/// Weights are stored in steps of a sixteenth.
const WEIGHT_UNIT: f32 = 16.0;
