//! What deduplication needs to know of a text: its shingles, and the marks that tell two fillings of one template apart.
//!
//! A [`Sketch`] is made once, on any thread, and compared many times. It holds the *whole* text's shingles: estimates
//! such as MinHash cannot tell an excerpt from a template (they stop at F1 .86 on news), exact sets can.

use crate::tokens::{Kind, Token, Tokens, mix, sort_by_hash};

/// Words in a shingle. Shorter ones meet by chance, longer ones break at every edit (5 was best of 3 to 8).
pub const SHINGLE_WORDS: usize = 5;

/// The shingles, sampled keys and slots of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Distinct shingles, sorted.
    pub(crate) shingles: Vec<u32>,
    /// Where each of `shingles` first begins, counted in tokens.
    pub(crate) positions: Vec<u32>,
    /// Distinct pairs of neighbouring tokens, sorted.
    pub(crate) pairs: Vec<u32>,
    /// Runs of names and numbers with the words around them, sorted, without repeats.
    pub(crate) frames: Vec<Frame>,
    /// Distinct words of the text that may tell something, sorted.
    pub(crate) words: Vec<Word>,
    /// Distinct words of the headline, sorted.
    pub(crate) headline: Vec<u32>,
    /// Shingle hashes by which candidates are looked for: every second one, all of them in short texts. Sorted.
    pub(crate) keys: Vec<u64>,
    pub(crate) tokens: u32,
    /// Those of them that are the headline's.
    pub(crate) title_tokens: u32,
}

/// A word of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word {
    pub hash: u32,
    /// Letters past the third, at most 6: long words are rare words, in most languages.
    pub weight: u32,
}

/// Words of so many letters and less are grammar more often than not.
const GRAMMAR_LETTERS: u32 = 3;
const MAX_WORD_WEIGHT: u32 = 6;

/// A run of names and numbers: what fills it, and the words on both sides of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Frame {
    /// Hash of the word before and the word after.
    pub place: u32,
    /// Hash of the run; the lowest bit tells whether it has a number.
    pub filling: u32,
}

impl Frame {
    pub fn has_number(&self) -> bool {
        self.filling & 1 == 1
    }
}

/// Texts with fewer shingles than this are looked for by all of their shingles.
const SHORT_TEXT: usize = 64;

/// Every how manieth shingle of a text is indexed: fewer of long texts, whose copies share many. At these rates an excerpt
/// of 60 words has 5 hits or more in any news article; multiples of the rate that texts are looked up at.
const INDEX_RATES: [(usize, u64); 7] =
    [(SHORT_TEXT, 1), (100, 2), (200, 4), (400, 8), (1_000, 10), (4_096, 16), (16_384, 32)];
const INDEX_RATE_LONGEST: u64 = 256;

fn index_rate(shingles: usize) -> u64 {
    INDEX_RATES.iter().find(|(below, _)| shingles < *below).map_or(INDEX_RATE_LONGEST, |(_, rate)| *rate)
}

/// Every how manieth shingle is looked up; never coarser than any rate that it meets in short texts needs.
fn query_rate(shingles: usize) -> u64 {
    match shingles {
        0..SHORT_TEXT => 1,
        SHORT_TEXT..8_192 => 2,
        8_192..65_536 => 8,
        _ => 32,
    }
}

const BRIEF_VERSION: u8 = 1;
const KEY_BYTES: usize = 5;

impl Sketch {
    /// Sketches a text; the title counts as its first words, without names since headlines capitalize everything.
    pub fn of(title: Option<&str>, text: &str) -> Self {
        Self::of_tokens(&Tokens::of(title, text))
    }

    /// As [`Sketch::of`], of a title and a text that were read already.
    pub(crate) fn of_tokens(tokens: &Tokens) -> Self {
        let of_title = |token: &Token| Token { kind: Kind::Word, ..*token };
        let all: Vec<Token> = tokens.title.iter().map(of_title).chain(tokens.text.iter().copied()).collect();
        let mut headline: Vec<u32> = tokens.title.iter().map(|token| (token.hash >> 32) as u32).collect();
        headline.sort_unstable();
        headline.dedup();
        let word = |token: &Token| {
            let weight = token.letters.checked_sub(GRAMMAR_LETTERS).filter(|weight| *weight > 0)?;
            Some(Word { hash: (token.hash >> 32) as u32, weight: weight.min(MAX_WORD_WEIGHT) })
        };
        let mut words: Vec<Word> = Vec::with_capacity(tokens.text.len());
        words.extend(tokens.text.iter().filter_map(word));
        sort_by_hash(&mut words, |word| word.hash);
        words.dedup_by_key(|word| word.hash);
        let count = |tokens: &[Token]| u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        let (tokens, title_tokens) = (count(&all), count(&tokens.title));
        let mut sketch = Self { words, headline, tokens, title_tokens, ..Self::default() };
        sketch.shingle(&all);
        sketch.pair(&all);
        sketch.frame(&all);
        sketch
    }

    /// What tells how much two texts overlap, and nothing else.
    pub(crate) fn of_overlap(text: &str) -> Self {
        let all = Tokens::of(None, text).text;
        let mut sketch = Self { tokens: u32::try_from(all.len()).unwrap_or(u32::MAX), ..Self::default() };
        sketch.shingle(&all);
        sketch.pair(&all);
        sketch
    }

    /// A sketch of random shingles and nothing else, to measure an index larger than any collection of texts at hand.
    pub fn synthetic(shingles: usize, mut random: impl FnMut() -> u64) -> Self {
        let rate = query_rate(shingles);
        let mut all: Vec<u64> = (0..shingles).map(|_| random()).collect();
        all.sort_unstable();
        Self {
            shingles: all.iter().map(|hash| (hash >> 32) as u32).collect(),
            positions: (0..shingles as u32).collect(),
            keys: all.into_iter().filter(|hash| hash.is_multiple_of(rate)).collect(),
            tokens: (shingles + SHINGLE_WORDS - 1) as u32,
            ..Self::default()
        }
    }

    fn shingle(&mut self, tokens: &[Token]) {
        let width = SHINGLE_WORDS.min(tokens.len());
        if width == 0 {
            return;
        }
        let mut packed: Vec<u64> = Vec::with_capacity(tokens.len());
        let rate = query_rate(tokens.len() + 1 - width);
        // One in so many by chance, with some to spare.
        self.keys.reserve(tokens.len() / rate as usize * 5 / 4 + 8);
        for (position, words) in tokens.windows(width).enumerate() {
            let hash = words.iter().fold(0u64, |hash, word| mix_step(hash, word.hash));
            let hash = mix(hash);
            packed.push((hash >> 32) << 32 | position as u64 & 0xffff_ffff);
            if hash.is_multiple_of(rate) {
                self.keys.push(hash);
            }
        }
        sort_by_hash(&mut packed, |packed| (packed >> 32) as u32);
        packed.dedup_by_key(|packed| *packed >> 32);
        self.shingles = packed.iter().map(|packed| (packed >> 32) as u32).collect();
        self.positions = packed.iter().map(|packed| *packed as u32).collect();
        sort_by_hash(&mut self.keys, |key| (key >> 32) as u32);
        self.keys.dedup();
    }

    fn frame(&mut self, tokens: &[Token]) {
        let capitals = tokens.iter().filter(|token| token.kind == Kind::Name).count();
        // A text in capitals has no names that could be told from words.
        let names_told = capitals * 2 < tokens.len();
        let is_slot = |token: &Token| token.kind == Kind::Number || (token.kind == Kind::Name && names_told);
        let mut i = 0;
        while i < tokens.len() {
            let run = tokens[i..].iter().take_while(|token| is_slot(token)).count();
            if run == 0 {
                i += 1;
                continue;
            }
            let slot = &tokens[i..i + run];
            let has_number = slot.iter().any(|token| token.kind == Kind::Number);
            let before = i.checked_sub(1).map_or(0, |before| tokens[before].hash);
            let after = tokens.get(i + run).map_or(0, |token| token.hash);
            let filling = slot.iter().fold(0, |hash, token| mix_step(hash, token.hash));
            self.frames.push(Frame {
                place: (mix_step(mix_step(1, before), after) >> 32) as u32,
                filling: (mix(filling) >> 32) as u32 & !1 | u32::from(has_number),
            });
            i += run;
        }
        self.frames.sort_unstable();
        self.frames.dedup();
        self.frames.shrink_to_fit();
    }

    fn pair(&mut self, tokens: &[Token]) {
        self.pairs = tokens.windows(2).map(|pair| (mix_step(pair[0].hash, pair[1].hash) >> 32) as u32).collect();
        sort_by_hash(&mut self.pairs, |pair| *pair);
        self.pairs.dedup();
        self.pairs.shrink_to_fit();
    }

    /// The number of distinct shingles.
    pub fn len(&self) -> usize {
        self.shingles.len()
    }

    /// Whether the text has no word at all.
    pub fn is_empty(&self) -> bool {
        self.shingles.is_empty()
    }

    /// How many samples a text of so many shingles and this one have in common in the index, if one contains the other.
    pub(crate) fn shared_samples(&self, shingles: u32) -> u32 {
        let rate = index_rate(shingles as usize).max(query_rate(self.len()));
        (self.len() as u64).min(u64::from(shingles)).div_euclid(rate) as u32
    }

    /// The sketch as it is kept: all that comparisons need.
    pub(crate) fn without_keys(mut self) -> Self {
        self.keys = Vec::new();
        self
    }

    /// The keys that the index holds of this text.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = u64> {
        let rate = index_rate(self.shingles.len());
        self.keys.iter().copied().filter(move |key| key.is_multiple_of(rate))
    }

    /// What the index needs, to be stored as a row: 9 bytes, and 5 for each indexed shingle (about 250 for 400 words).
    pub fn brief(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + 4 + 4 + KEY_BYTES * self.keys.len());
        bytes.push(BRIEF_VERSION);
        bytes.extend_from_slice(&self.tokens.to_le_bytes());
        bytes.extend_from_slice(&(self.shingles.len() as u32).to_le_bytes());
        for key in self.indexed() {
            bytes.extend_from_slice(&key.to_be_bytes()[..KEY_BYTES]);
        }
        bytes
    }

    /// Memory held, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>()
            + 4 * (self.shingles.capacity()
                + self.positions.capacity()
                + self.pairs.capacity()
                + self.headline.capacity())
            + 8 * (self.frames.capacity() + self.words.capacity() + self.keys.capacity())
    }
}

fn mix_step(hash: u64, word: u64) -> u64 {
    (hash.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// A stored brief is not one: cut off, or of another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored sketch is damaged or of an unknown version")]
pub struct DamagedBrief;

/// A brief as read back.
pub(crate) struct Brief<'a> {
    pub shingles: u32,
    keys: &'a [u8],
}

impl<'a> Brief<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DamagedBrief> {
        let (&[BRIEF_VERSION, _, _, _, _, a, b, c, d], keys) = bytes.split_first_chunk::<9>().ok_or(DamagedBrief)?
        else {
            return Err(DamagedBrief);
        };
        if !keys.len().is_multiple_of(KEY_BYTES) {
            return Err(DamagedBrief);
        }
        Ok(Self { shingles: u32::from_le_bytes([a, b, c, d]), keys })
    }

    /// The indexed keys; only the bits that the index uses are set.
    pub fn keys(&self) -> impl Iterator<Item = u64> {
        self.keys.chunks_exact(KEY_BYTES).map(|key| {
            let mut bytes = [0; 8];
            bytes[..KEY_BYTES].copy_from_slice(key);
            u64::from_be_bytes(bytes)
        })
    }
}
