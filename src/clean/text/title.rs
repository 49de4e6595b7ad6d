//! Which line of a text is its headline.
//!
//! A given title wins; else a line of the head that is said again, else the first line that can be a headline.

use std::collections::BTreeSet;

use crate::article::Class;
use crate::clean::line::Line;
use crate::clean::pack::{Gate, Match};
use crate::clean::phrase::Spoken;
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
/// Letters of a word that are compared.
const STEM_LETTERS: usize = 6;
/// Shorter texts need not say their headline again.
const MIN_TEXT_WORDS: u32 = 300;
/// Share of a headline's content words that its text says again. Of 1,100 first lines of scraped pages, those below were
/// the heading of a first section ("Quick summary") more often than the page's headline.
const SAID_AGAIN: f64 = 0.5;

/// A line that is the headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub at: usize,
    pub sure: Sure,
}

/// How sure it is that a line is the headline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// May be the heading of a first section: it stays in the text.
    Doubtful,
    /// It looks like one.
    Likely,
    /// Given, or said twice in the head: what says it again is a repeat wherever it stands.
    Certain,
}

/// Finds the headline; `None` when the text begins with prose.
pub fn find(lines: &[Line], rules: &Rules, given: Option<&str>) -> Option<Found> {
    if let Some(given) = given {
        let headline = repeats::Headline::new(given);
        let at = lines.iter().take(HEAD_LINES).position(|line| headline.is_said_by(line))?;
        return Some(Found { at, sure: Sure::Certain });
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
        return Some(Found { at, sure: Sure::Certain });
    }
    let at = candidates()
        .find(|&at| lines[at].words >= MIN_WORDS && !is_trail(lines, at, head))
        .or_else(|| first_line(lines, rules))
        .or_else(|| candidates().next())?;
    Some(Found { at, sure: if is_set_apart(lines, at) || is_told(lines, at) { Sure::Likely } else { Sure::Doubtful } })
}

/// The first line of all, which a phrase may cut where it stands but which may be a headline all the same: "Watch: Drone
/// footage shows flooded valley", "Jaguar unveils new logo".
fn first_line(lines: &[Line], rules: &Rules) -> Option<usize> {
    let line = lines.first()?;
    let may_be = line.is_kept()
        && !line.is_prose()
        && (MIN_WORDS..=MAX_WORDS).contains(&line.words)
        && !Spoken::of(&line.block.text).to_reader
        && line.matches.iter().all(|rule| line.parts.contains(rule))
        && line.matches.iter().map(|&rule| rules.rule(rule)).all(|rule| {
            // What a rule may cut between paragraphs too is hardly ever a writer's.
            rule.inside != Gate::Safe
                && !matches!(rule.class, Class::Byline | Class::Timestamp | Class::Tags | Class::Contact)
                && (rule.matching != Match::Label || is_label_of_one_word(&line.key))
        });
    may_be.then_some(0)
}

fn is_label_of_one_word(key: &str) -> bool {
    key.split_once(" : ").is_some_and(|(label, _)| !label.trim_start().contains(' '))
}

/// Signs between the parts of a menu or a breadcrumb trail.
const SEPARATORS: [char; 8] = ['|', '/', '>', '›', '»', '▸', '·', '•'];
/// Words of such a part at the most.
const PART_WORDS: u32 = 3;

/// Whether a line is a menu or a trail, and a line of the head below it may be the headline. The last part of a trail may
/// be the headline itself.
fn is_trail(lines: &[Line], at: usize, head: usize) -> bool {
    let parts = |line: &Line| -> Vec<u32> {
        let parts = line.block.text.split(SEPARATORS).map(|part| normalize::words(&normalize::key(part)));
        parts.filter(|words| *words > 0).collect()
    };
    let trail = parts(&lines[at]);
    trail.len() >= 3
        && trail[..trail.len() - 1].iter().all(|words| *words <= PART_WORDS)
        && lines[at + 1..head.max(at + 1)].iter().any(|line| {
            line.is_kept()
                && (MIN_WORDS..=MAX_WORDS).contains(&line.words)
                && line.matches.is_empty()
                && parts(line).len() < 3
        })
}

/// Marks the lines over a byline or a date that may be the headline, where none was found for sure: they are spared by
/// the line model, and by phrases.
pub fn spare_headlines(lines: &mut [Line], rules: &Rules) {
    for at in 0..lines.len().saturating_sub(1).min(HEAD_LINES) {
        if lines[at].is_prose() {
            return;
        }
        let is_credit = |line: &Line| {
            line.matches.iter().any(|&rule| matches!(rules.rule(rule).class, Class::Byline | Class::Timestamp))
        };
        if lines[at].words >= MIN_WORDS && lines[at].matches.is_empty() && is_credit(&lines[at + 1]) {
            lines[at].headline = true;
        }
    }
}

/// Whether a line is the first of all and a blank line follows it: that is how headlines are written down.
fn is_set_apart(lines: &[Line], at: usize) -> bool {
    let line = &lines[at];
    let followed_by_blank = lines.get(1).is_some_and(|next| next.block.line > line.block.line + 1);
    at == 0
        && followed_by_blank
        && !line.terminated
        && line.words >= MIN_WORDS
        && !line.block.text.ends_with([':', '：', ','])
}

/// Whether the text under a line is about what the line says.
fn is_told(lines: &[Line], at: usize) -> bool {
    let line = &lines[at];
    if line.terminated && !line.block.text.ends_with(['?', '？', '"', '”', '’', ')'])
        || line.block.text.ends_with([':', '：', ','])
    {
        return false;
    }
    if line.words >= MIN_WORDS && (text_words(lines) < MIN_TEXT_WORDS || !is_compared(&line.key)) {
        return true;
    }
    let content: BTreeSet<&str> = line.key.split_whitespace().filter_map(stem).collect();
    if content.is_empty() {
        return line.words >= MIN_WORDS;
    }
    let below = lines[at + 1..].iter().flat_map(|line| line.key.split_ascii_whitespace());
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for stem in below.filter_map(stem).filter(|stem| content.contains(stem)) {
        if said.insert(stem) && said.len() == content.len() {
            break;
        }
    }
    let share = said.len() as f64 / content.len() as f64;
    if line.words < MIN_WORDS { share >= 1.0 } else { share >= SAID_AGAIN }
}

/// The beginning of a content word, which endings leave alone.
fn stem(word: &str) -> Option<&str> {
    if word.is_ascii() {
        return (word.len() >= CONTENT_LETTERS).then(|| &word[..word.len().min(STEM_LETTERS)]);
    }
    word.chars().nth(CONTENT_LETTERS - 1)?;
    Some(word.char_indices().nth(STEM_LETTERS).map_or(word, |(end, _)| &word[..end]))
}

/// Whether words can be compared by their beginnings: Latin, Greek and Cyrillic writing.
fn is_compared(key: &str) -> bool {
    key.chars().all(|c| c < '\u{530}')
}

fn text_words(lines: &[Line]) -> u32 {
    lines.iter().map(|line| line.words).fold(0, u32::saturating_add)
}

fn is_cut(line: &Line, rules: &Rules) -> bool {
    line.sure_matches().any(|rule| rules.rule(rule).cuts(Place::Before, Level::Safe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Block, BlockKind};

    fn sure(texts: &[&str]) -> Option<(usize, Sure)> {
        let rules = Rules::new(&[]).unwrap();
        let lines: Vec<Line> = texts
            .iter()
            .map(|text| Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: (*text).to_owned() }))
            .map(|mut line| {
                rules.look_up(&mut line);
                line
            })
            .collect();
        find(&lines, &rules, None).map(|found| (found.at, found.sure))
    }

    const PROSE: &str =
        "The council of the island voted on Tuesday, after two hours of debate, to keep the ferry in winter.";

    #[test]
    fn a_first_line_that_is_prose_is_no_headline() {
        assert_eq!(sure(&[PROSE, PROSE]), None);
    }

    #[test]
    fn a_line_said_twice_in_the_head_is_certain() {
        assert_eq!(
            sure(&["HARBOUR POST", "Ferry stays in winter", "Ferry stays in winter", PROSE]),
            Some((1, Sure::Certain))
        );
    }

    #[test]
    fn a_heading_that_tells_nothing_of_the_text_is_doubtful() {
        assert_eq!(sure(&["At a glance", PROSE]), Some((0, Sure::Doubtful)));
        assert_eq!(sure(&["Ferry stays in winter", PROSE]), Some((0, Sure::Likely)));
    }

    #[test]
    fn bylines_and_dates_are_passed_over() {
        assert_eq!(sure(&["By Ada Keeper", "3 May 2024", "Ferry stays in winter", PROSE]), Some((2, Sure::Likely)));
    }

    #[test]
    fn a_first_line_that_a_phrase_matches_in_part_may_be_the_headline() {
        for headline in ["Watch: Drone footage shows flooded harbour", "Harbour line unveils its new logo"] {
            assert_eq!(sure(&[headline, "By Ada Keeper", PROSE]), Some((0, Sure::Likely)), "{headline}");
        }
        for noise in
            ["Subscribe to our harbour newsletter now", "By Ada Keeper and Tom Tide", "Read more: The ferry that sank"]
        {
            assert_eq!(sure(&[noise, PROSE]), None, "{noise}");
        }
    }

    #[test]
    fn a_menu_over_the_headline_is_passed_over() {
        for menu in ["News / Islands / Harbour", "News > Islands > Ferry stays in winter, council says"] {
            let found = sure(&[menu, "Ferry stays in winter, council says", "By Ada Keeper", PROSE]);
            assert_eq!(found, Some((1, Sure::Likely)), "{menu}");
        }
        let site = "Ferry stays in winter | News | Harbour Post";
        assert_eq!(sure(&[site, "The council of the island has voted", PROSE]), Some((0, Sure::Likely)));
    }
}
