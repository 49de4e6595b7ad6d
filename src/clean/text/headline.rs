//! How much a line looks like the headline beside the others of the head: by form, place, and what the text says again.
//!
//! The weights are those of a conditional logistic regression over 1,067 scraped texts whose headline is known, rounded;
//! on pages it had not seen it chose the headline in 88 of 100, the first long enough line is it in 83. The script is not
//! kept; the weights are to be read and changed by hand.

use std::collections::HashMap;

use super::title::is_credit;
use crate::clean::line::Line;
use crate::clean::normalize;
use crate::clean::rules::Rules;

/// From this score on a line is more likely the headline than that of a section or of another article.
pub const MIN_SCORE: f64 = 1.0;

/// Signs between the parts of a menu or a breadcrumb trail.
pub const SEPARATORS: [char; 8] = ['|', '/', '>', '›', '»', '▸', '·', '•'];
/// Letters from which a word says what a text is about.
const CONTENT_LETTERS: usize = 4;
/// Letters of a word that are compared.
const STEM_LETTERS: usize = 6;
/// Bytes of the text below in which its words are looked for: the beginning of a news text says what it is about.
const SAID_BYTES: usize = 20_000;
/// Words from which a line can hold another as the site's name or a trail holds the headline.
const EMBEDDED_WORDS: u32 = 3;

/// The score of the line `at` of the head, of which the text below says the share `said` of the content words again.
pub fn score(lines: &[Line], at: usize, head: usize, said: f64, rules: &Rules) -> f64 {
    let line = &lines[at];
    let text = line.block.text.as_str();
    // Behind a headline stands the site's name, before it the way to it.
    let is_way = normalize::words(&normalize::key(text.split(SEPARATORS).next().unwrap_or(text))) < 4;
    let separators = if is_way { text.matches(SEPARATORS).take(2).count() } else { 0 };
    let others = || lines[..head].iter().filter(|other| other.key != line.key);
    let holds = |long: &Line, short: &Line| {
        let (long, key) = (long.key.trim(), short.key.trim());
        short.words >= EMBEDDED_WORDS && (long.starts_with(key) || long.ends_with(key))
    };
    let credit = |at: usize| lines.get(at).is_some_and(|line| is_credit(line, rules));
    let signs = [
        (at == 0, 1.2),
        (credit(at + 1), 1.0),
        (credit(at + 2), 0.7),
        (line.words >= 6, 1.3),
        (line.words > 16, -0.8),
        (line.words < 4, -1.8),
        (line.words < 3, -1.5),
        (line.terminated && !text.ends_with(['?', '!']), -2.0),
        (text.ends_with([':', ',']), -1.0),
        (separators >= 1, -1.5),
        (separators >= 2, -1.0),
        (others().any(|other| holds(other, line)), 0.9),
        (others().any(|other| holds(line, other)), -0.8),
        (lines[at + 1..head.max(at + 1)].iter().any(|other| other.key == line.key), 1.9),
        (!line.matches.is_empty(), -1.1),
    ];
    let sum: f64 = signs.iter().filter(|(is_there, _)| *is_there).map(|(_, weight)| weight).sum();
    sum - 0.3 * at as f64 + 3.0 * said
}

/// For each of these lines, of which there are 32 at the most, the share of its content words that the text from the line
/// `below` on says again; `None` for a line without any.
pub fn said_again(lines: &[Line], candidates: &[usize], below: usize) -> Vec<Option<f64>> {
    // Which candidates a beginning of a word stands in, by their number.
    let mut stems: HashMap<&str, u32> = HashMap::new();
    let mut counts = vec![0u32; candidates.len()];
    for (number, &at) in candidates.iter().enumerate() {
        for stem in lines[at].key.split_ascii_whitespace().filter_map(stem) {
            let standing = stems.entry(stem).or_default();
            counts[number] += u32::from(*standing & (1 << number) == 0);
            *standing |= 1 << number;
        }
    }
    // Most words of a text begin like none of them.
    let mut begins = [false; 256];
    stems.keys().for_each(|stem| begins[usize::from(stem.as_bytes()[0])] = true);
    let mut said = vec![0u32; candidates.len()];
    let mut left = SAID_BYTES;
    for line in &lines[below..] {
        let words = line.key.split_ascii_whitespace().filter(|word| begins[usize::from(word.as_bytes()[0])]);
        for stem in words.filter_map(stem) {
            if let Some(standing) = stems.remove(stem) {
                (0..said.len()).filter(|number| standing & (1 << number) != 0).for_each(|number| said[number] += 1);
            }
        }
        left = left.saturating_sub(line.key.len());
        if stems.is_empty() || left == 0 {
            break;
        }
    }
    said.iter().zip(&counts).map(|(&said, &all)| (all > 0).then(|| f64::from(said) / f64::from(all))).collect()
}

/// The beginning of a content word, which endings leave alone.
fn stem(word: &str) -> Option<&str> {
    if word.is_ascii() {
        return (word.len() >= CONTENT_LETTERS).then(|| &word[..word.len().min(STEM_LETTERS)]);
    }
    word.chars().nth(CONTENT_LETTERS - 1)?;
    Some(word.char_indices().nth(STEM_LETTERS).map_or(word, |(end, _)| &word[..end]))
}
