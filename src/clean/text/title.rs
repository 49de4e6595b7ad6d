//! Which line of a text is its headline.
//!
//! A given title wins; else a line of the head that is said again, else the first line that can be a headline.

use crate::clean::line::Line;
use crate::clean::rules::{Place, Rules};
use crate::clean::{Level, repeats};

/// Lines from the top among which a headline is looked for.
const HEAD_LINES: usize = 12;
/// Fewer words are a section's name or a person's, unless nothing else offers.
const MIN_WORDS: u32 = 4;
/// More words are prose.
const MAX_WORDS: u32 = 40;

/// The index of the headline; `None` when the text begins with prose.
pub fn find(lines: &[Line], rules: &Rules, given: Option<&str>) -> Option<usize> {
    if let Some(given) = given {
        let headline = repeats::Headline::new(given);
        return lines.iter().take(HEAD_LINES).position(|line| headline.is_said_by(line));
    }
    let head = lines.iter().take(HEAD_LINES).take_while(|line| !line.is_prose() || is_cut(line, rules)).count();
    let can_be = |&at: &usize| {
        let line = &lines[at];
        line.is_kept() && !line.key.is_empty() && line.words <= MAX_WORDS && !is_cut(line, rules)
    };
    let is_repeated = |&at: &usize| {
        lines[at].words >= MIN_WORDS
            && lines.iter().enumerate().any(|(other, line)| other != at && line.key == lines[at].key)
    };
    (0..head)
        .filter(can_be)
        .find(is_repeated)
        .or_else(|| (0..head).filter(can_be).find(|&at| lines[at].words >= MIN_WORDS))
        .or_else(|| (0..head).find(can_be))
}

fn is_cut(line: &Line, rules: &Rules) -> bool {
    line.matches.iter().any(|&rule| rules.rule(rule).cuts(Place::Before, Level::Safe))
}
