//! What a text is about, as far as counting words can tell: which content words its lines of prose share.
//!
//! Apart from `features.rs` because it reads every word of a text, where the other features read lines.

use std::collections::HashMap;

use crate::clean::line::{ByHash, Line};

/// How much of a line's vocabulary the prose of the text shares: an article keeps to its subject, a teaser does not.
pub struct Vocabulary {
    pub lines: Vec<Shared>,
    /// Sums and counts of `common` up to each line.
    sums: Vec<(f32, f32)>,
}

/// One line's share in it.
#[derive(Clone, Copy)]
pub struct Shared {
    /// Share of content words that other prose of the text has; -1 for a line without content words.
    pub known: f32,
    /// Mean number of other lines of prose with the word, at most `COMMON` each.
    pub common: f32,
    /// Share of content words that at least three other lines of prose have.
    pub central: f32,
}

/// Letters from which a word counts as content.
const CONTENT_LETTERS: usize = 4;
const COMMON: u32 = 5;
/// From this many words a line counts as prose of the text, full stop or not.
const TEACHING_WORDS: u32 = 14;

impl Vocabulary {
    pub fn new(lines: &[Line]) -> Self {
        let teaches = |line: &Line| line.words >= TEACHING_WORDS && line.is_kept();
        let mut numbers: HashMap<u64, u32, ByHash> = HashMap::default();
        // For each distinct word the lines that teach it, and the last of these.
        let mut counts: Vec<(u32, usize)> = Vec::new();
        let mut words: Vec<u32> = Vec::new();
        let mut ends: Vec<usize> = Vec::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            let teaches = teaches(line);
            for hash in content(line) {
                let number = *numbers.entry(hash).or_insert_with(|| {
                    counts.push((0, usize::MAX));
                    counts.len() as u32 - 1
                });
                let (count, last) = &mut counts[number as usize];
                if teaches && *last != at {
                    (*count, *last) = (*count + 1, at);
                }
                words.push(number);
            }
            ends.push(words.len());
        }
        let of_line = |at: usize| &words[at.checked_sub(1).map_or(0, |above| ends[above])..ends[at]];
        let shared = |(at, line): (usize, &Line)| {
            let own = u32::from(teaches(line));
            let words = of_line(at);
            let (mut known, mut common, mut central) = (0u32, 0u32, 0u32);
            for &word in words {
                let count = counts[word as usize].0.saturating_sub(own);
                known += u32::from(count >= 1);
                common += count.min(COMMON);
                central += u32::from(count >= 3);
            }
            if words.is_empty() {
                return Shared { known: -1.0, common: -1.0, central: -1.0 };
            }
            let of = |count: u32| count as f32 / words.len() as f32;
            Shared { known: of(known), common: of(common), central: of(central) }
        };
        let lines: Vec<Shared> = lines.iter().enumerate().map(shared).collect();
        let mut sums = vec![(0.0, 0.0)];
        for line in &lines {
            let (sum, count) = sums.last().copied().unwrap_or_default();
            sums.push(if line.common < 0.0 { (sum, count) } else { (sum + line.common, count + 1.0) });
        }
        Self { lines, sums }
    }

    /// The mean of `common` over a range of lines; -1 where no line has content words.
    pub fn common(&self, from: usize, to: usize) -> f32 {
        let (sum, count) = (self.sums[to].0 - self.sums[from].0, self.sums[to].1 - self.sums[from].1);
        if count > 0.0 { sum / count } else { -1.0 }
    }
}

/// The hashes of a line's content words, with repetitions.
fn content(line: &Line) -> impl Iterator<Item = u64> {
    line.key
        .split_ascii_whitespace()
        .filter(|word| word.len() >= CONTENT_LETTERS && (word.is_ascii() || word.chars().count() >= CONTENT_LETTERS))
        .map(|word| xxhash_rust::xxh3::xxh3_64(word.as_bytes()))
}
