//! Which line of a text is its headline.
//!
//! A given title wins; else a line of the head that is said again, else the one that looks most like a headline.

use super::headline;
use crate::article::Class;
use crate::clean::line::Line;
use crate::clean::metadata::{self, updates};
use crate::clean::pack::{Gate, Match};
use crate::clean::phrase::Spoken;
use crate::clean::rules::{Place, Rules};
use crate::clean::{Level, repeats};

/// Lines from the top among which a headline is looked for.
const HEAD_LINES: usize = 12;
/// Fewer words are a section's name or a person's, unless nothing else offers.
const MIN_WORDS: u32 = 4;
/// More words are prose.
const MAX_WORDS: u32 = 40;
/// A date line with its label and a time has no more.
const MAX_DATE_WORDS: u32 = 10;
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
    let mut candidates: Vec<usize> = (0..head)
        .filter(|&at| {
            let line = &lines[at];
            line.is_kept() && !line.key.is_empty() && line.words <= MAX_WORDS && !is_cut(line, rules) && !is_dated(line)
        })
        .collect();
    let is_repeated = |at: &&usize| {
        let line = &lines[**at];
        line.words >= MIN_WORDS && lines[**at + 1..head].iter().any(|other| other.key == line.key)
    };
    if let Some(&at) = candidates.iter().find(is_repeated) {
        return Some(Found { at, sure: Sure::Certain });
    }
    if candidates.first() != Some(&0) && may_be_first(lines, rules) {
        candidates.insert(0, 0);
    }
    let is_alone = candidates.len() == 1;
    let is_short = text_words(lines) < MIN_TEXT_WORDS;
    // Nobody to be compared with, and nothing that the text must say again.
    let is_clear = is_alone && is_short && lines[candidates[0]].words >= MIN_WORDS;
    let said = if is_clear { vec![None] } else { headline::said_again(lines, &candidates, head) };
    let scored = candidates.into_iter().zip(said).map(|(at, said)| {
        let score =
            if is_alone { headline::MIN_SCORE } else { headline::score(lines, at, head, said.unwrap_or(0.5), rules) };
        (at, said, score)
    });
    // Of equal ones the first.
    let (at, said, score) = scored.reduce(|best, next| if next.2 > best.2 { next } else { best })?;
    let is_likely = is_set_apart(lines, at) || score >= headline::MIN_SCORE && is_told(&lines[at], is_short, said);
    Some(Found { at, sure: if is_likely { Sure::Likely } else { Sure::Doubtful } })
}

/// The first line of all, which a phrase may cut where it stands but which may be a headline all the same: "Watch: Drone
/// footage shows flooded valley", "Jaguar unveils new logo".
fn may_be_first(lines: &[Line], rules: &Rules) -> bool {
    let Some(line) = lines.first() else { return false };
    line.is_kept()
        && !line.is_prose()
        && (MIN_WORDS..=MAX_WORDS).contains(&line.words)
        && !Spoken::of(&line.block.text).to_reader
        && line.matches.iter().all(|rule| line.parts.contains(rule))
        && line.matches.iter().map(|&rule| rules.rule(rule)).all(|rule| {
            // What a rule may cut between paragraphs too is hardly ever a writer's.
            rule.inside != Gate::Safe
                && !matches!(rule.class, Class::Byline | Class::Timestamp | Class::Tags | Class::Contact)
                && (rule.matching != Match::Label || is_label_of_one_word(&line.key))
        })
}

fn is_label_of_one_word(key: &str) -> bool {
    key.split_once(" : ").is_some_and(|(label, _)| !label.trim_start().contains(' '))
}

/// Marks the lines over a byline or a date that may be the headline, where none was found for sure: they are spared by
/// the line model, and by phrases.
pub fn spare_headlines(lines: &mut [Line], rules: &Rules) {
    for at in 0..lines.len().saturating_sub(1).min(HEAD_LINES) {
        if lines[at].is_prose() {
            return;
        }
        if lines[at].words >= MIN_WORDS && lines[at].matches.is_empty() && is_credit(&lines[at + 1], rules) {
            lines[at].spared = true;
        }
    }
}

/// Spares the first line where another one was taken for the headline, which may be the sentence below it: a line of that
/// length that no phrase knows is no menu.
pub fn spare_first(lines: &mut [Line]) {
    if let Some(line) = lines.first_mut() {
        line.spared |=
            line.words >= MIN_WORDS && line.matches.is_empty() && !line.block.text.contains(headline::SEPARATORS);
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

/// Whether a line may be a headline by its end, and the text under it, which says the share `said` of its content words
/// again, is about what it says.
fn is_told(line: &Line, is_short: bool, said: Option<f64>) -> bool {
    let text = line.block.text.as_str();
    if line.terminated && !text.ends_with(['?', '？', '"', '”', '’', ')']) || text.ends_with([':', '：', ',']) {
        return false;
    }
    let is_long_enough = line.words >= MIN_WORDS;
    if is_long_enough && (is_short || !is_compared(&line.key)) {
        return true;
    }
    said.map_or(is_long_enough, |share| if is_long_enough { share >= SAID_AGAIN } else { share >= 1.0 })
}

/// Whether words can be compared by their beginnings: Latin, Greek and Cyrillic writing.
fn is_compared(key: &str) -> bool {
    key.chars().all(|c| c < '\u{530}')
}

/// Whether a line says when the article was published or changed, in whatever language.
fn is_dated(line: &Line) -> bool {
    line.words <= MAX_DATE_WORDS
        && line.block.text.contains(char::is_numeric)
        && updates::speaks_of_either(&line.block.text)
        && metadata::visible_date(&line.block.text, None).is_some()
}

fn text_words(lines: &[Line]) -> u32 {
    lines.iter().map(|line| line.words).fold(0, u32::saturating_add)
}

/// Whether a line may be a byline or a date line.
pub(super) fn is_credit(line: &Line, rules: &Rules) -> bool {
    line.matches.iter().any(|&rule| matches!(rules.rule(rule).class, Class::Byline | Class::Timestamp))
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
    fn a_day_of_publication_is_no_headline_and_a_headline_may_have_a_day() {
        let dated = "Publié le 14 mai 2026 à 10h32";
        assert_eq!(sure(&["La ferry reste en hiver", dated, PROSE]), Some((0, Sure::Likely)));
        assert_eq!(sure(&[dated, PROSE]), None);
        assert_eq!(sure(&["Results of the draw of 14 May 2026", PROSE]), Some((0, Sure::Likely)));
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
        assert_eq!(sure(&[site, "Nobody had asked the sheep, of course", PROSE]), Some((0, Sure::Likely)));
    }

    #[test]
    fn the_line_that_looks_most_like_a_headline_is_it() {
        let headline = "Ferry stays in winter, council says";
        for (head, at) in [
            (vec!["Picture of Ada Marie Keeper", headline, "3 May 2024"], 1),
            (vec!["Sign in to your account", "The Harbour Post of today", headline, "By Ada Keeper"], 2),
            (vec!["HomeIsland NewsFerry stays in winter, council says", headline, "By Ada Keeper"], 1),
            (vec![headline, "Ada Marie Keeper, MA, Tom Tide", "Nobody had asked the sheep"], 0),
            (vec!["Islands", headline, "Timetables of the harbour:"], 1),
        ] {
            let head: Vec<&str> = head.into_iter().chain([PROSE, PROSE]).collect();
            assert_eq!(sure(&head).map(|found| found.0), Some(at), "{head:?}");
        }
    }
}
