//! Which line of a text is its headline.
//!
//! A given title wins; else a line of the head that is said again, else the first line that can be a headline.

use std::collections::BTreeSet;

use crate::clean::line::Line;
use crate::clean::rules::{Place, Rules};
use crate::clean::{Level, normalize, repeats};

/// Lines from the top among which a headline is looked for.
const HEAD_LINES: usize = 12;
/// Fewer words are a section's name or a person's, unless nothing else offers.
const MIN_WORDS: u32 = 4;
/// More words are prose.
const MAX_WORDS: u32 = 40;
/// Letters from which a word says what a text is about.
const CONTENT_LETTERS: usize = 4;
/// Share of a headline's content words that its text says again. Of 1,100 first lines of scraped pages, those below were
/// the heading of a first section ("Quick summary") more often than the page's headline.
const SAID_AGAIN: f64 = 0.5;

/// A line that is the headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub at: usize,
    /// Given, or said twice in the head: what says it again is a repeat wherever it stands.
    pub certain: bool,
}

/// Finds the headline; `None` when the text begins with prose, or with a heading that tells nothing of it.
pub fn find(lines: &[Line], rules: &Rules, given: Option<&str>) -> Option<Found> {
    if let Some(given) = given {
        let headline = repeats::Headline::new(given);
        let at = lines.iter().take(HEAD_LINES).position(|line| headline.is_said_by(line))?;
        return Some(Found { at, certain: true });
    }
    let head = lines.iter().take(HEAD_LINES).take_while(|line| !line.is_prose() || is_cut(line, rules)).count();
    let candidates = || {
        (0..head).filter(|&at| {
            let line = &lines[at];
            line.is_kept() && !line.key.is_empty() && line.words <= MAX_WORDS && !is_cut(line, rules)
        })
    };
    let is_repeated = |&at: &usize| {
        let line = &lines[at];
        line.words >= MIN_WORDS && lines[at + 1..head].iter().any(|other| other.key == line.key)
    };
    if let Some(at) = candidates().find(is_repeated) {
        return Some(Found { at, certain: true });
    }
    let at = candidates().find(|&at| lines[at].words >= MIN_WORDS).or_else(|| candidates().next())?;
    is_told(lines, at).then_some(Found { at, certain: false })
}

/// Whether the text under a line is about what the line says.
fn is_told(lines: &[Line], at: usize) -> bool {
    let line = &lines[at];
    if line.terminated && !line.block.text.ends_with(['?', '？', '"', '”', '’', ')'])
        || line.block.text.ends_with([':', '：', ','])
    {
        return false;
    }
    let content: BTreeSet<&str> =
        line.key.split_whitespace().filter(|word| word.chars().count() >= CONTENT_LETTERS).collect();
    if content.is_empty() || line.key.contains(normalize::is_dense) {
        return content.is_empty() == (line.words < MIN_WORDS) || line.key.contains(normalize::is_dense);
    }
    let said: BTreeSet<&str> = lines[at + 1..]
        .iter()
        .flat_map(|line| line.key.split_whitespace())
        .filter(|word| content.contains(word))
        .collect();
    let share = said.len() as f64 / content.len() as f64;
    if line.words < MIN_WORDS { share >= 1.0 } else { share >= SAID_AGAIN }
}

fn is_cut(line: &Line, rules: &Rules) -> bool {
    line.matches.iter().any(|&rule| rules.rule(rule).cuts(Place::Before, Level::Safe))
}
