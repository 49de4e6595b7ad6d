//! A block with everything that the passes ask about it, worked out once.

use std::hash::{BuildHasherDefault, Hasher};

use crate::article::{Block, Class, Removal};

use super::normalize;

/// Hashes keys that are hashes already.
pub type ByHash = BuildHasherDefault<Hashed>;

/// Passes a hash through.
#[derive(Default)]
pub struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("only whole hashes are keys")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// From this many words a line that ends as a sentence does is prose.
const PROSE_WORDS: u32 = 14;
/// From this many words a line that ends as a sentence and has a comma is prose.
const PROSE_WORDS_COMMA: u32 = 8;
/// From this many words a line is prose however it ends.
const PROSE_WORDS_OPEN: u32 = 30;

/// A block on its way through the passes: what it is, and whether it goes.
#[derive(Clone, Debug)]
pub struct Line {
    pub block: Block,
    /// See [`normalize::key`].
    pub key: String,
    /// XXH3 of the key.
    pub hash: u64,
    pub words: u32,
    /// Ends as a sentence does.
    pub terminated: bool,
    /// The rules that it matches, see [`super::rules::Rules::look_up`].
    pub matches: Vec<usize>,
    /// Those of them of which a phrase is only a part of the line.
    pub parts: Vec<usize>,
    /// Those of them that a sentence of the writer's may match by chance, see [`super::rules::Rules::look_up`].
    pub chance: Vec<usize>,
    /// A sentence-level rule has a phrase in it.
    pub has_sentence: bool,
    /// May be the headline, or a sentence of the article behind a box: it may go as a repeat, but phrases and the line
    /// model spare it.
    pub spared: bool,
    pub cut: Option<Cut>,
}

/// The reason for which a line goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub class: Class,
    pub rule: String,
    pub why: String,
}

impl Line {
    pub fn new(block: Block) -> Self {
        let key = normalize::key(&block.text);
        let hash = xxhash_rust::xxh3::xxh3_64(key.as_bytes());
        let words = normalize::words(&key);
        let terminated = normalize::is_terminated(&block.text);
        Self {
            block,
            key,
            hash,
            words,
            terminated,
            matches: Vec::new(),
            parts: Vec::new(),
            chance: Vec::new(),
            has_sentence: false,
            spared: false,
            cut: None,
        }
    }

    /// A sentence or more, as a writer writes it; not a heading, a caption, a teaser or a button.
    pub fn is_prose(&self) -> bool {
        self.words >= PROSE_WORDS_OPEN
            || self.terminated
                && (self.words >= PROSE_WORDS
                    || self.words >= PROSE_WORDS_COMMA && self.block.text.contains([',', '，', '、', '،']))
    }

    /// The rules that it matches, but for those that it may match by chance.
    pub fn sure_matches(&self) -> impl Iterator<Item = usize> {
        self.matches.iter().copied().filter(|rule| !self.chance.contains(rule))
    }

    /// Whether the same figures stand in both lines, in the same order.
    pub fn has_figures_of(&self, other: &Self) -> bool {
        self.block.text == other.block.text || figures(&self.block.text).eq(figures(&other.block.text))
    }

    pub fn is_kept(&self) -> bool {
        self.cut.is_none()
    }

    /// Marks the line as going, unless it goes already: the first reason found is the one given.
    pub fn cut(&mut self, class: Class, rule: impl Into<String>, why: impl Into<String>) {
        if self.cut.is_none() {
            self.cut = Some(Cut { class, rule: rule.into(), why: why.into() });
        }
    }

    /// The removal that a cut line becomes; `None` for a line that stays.
    pub fn removal(&self) -> Option<Removal> {
        let Cut { class, rule, why } = self.cut.clone()?;
        Some(Removal { class, rule, why, line: self.block.line, text: self.block.text.clone() })
    }
}

/// The figures of a text, in order.
pub fn figures(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_numeric())
}
