//! What is said twice: headlines that a template repeats go, paragraphs that the writer may repeat are flagged.

use std::collections::HashMap;

use super::line::{ByHash, Line, figures};
use super::normalize;
use crate::article::{Class, Flag};

/// A headline of fewer words is too common to be told from a heading.
const MIN_HEADLINE_WORDS: u32 = 3;
/// A site's name after a headline has at most so many words.
const MAX_SITE_NAME_WORDS: u32 = 5;

/// A headline as later lines may repeat it: in another case, with other quotes, with the site's name behind it.
pub struct Headline {
    key: String,
    words: u32,
}

impl Headline {
    pub fn new(title: &str) -> Self {
        let key = normalize::key(title);
        Self { words: normalize::words(&key), key }
    }

    pub fn is_said_by(&self, line: &Line) -> bool {
        if self.key.is_empty() || line.key.is_empty() {
            return false;
        }
        line.key == self.key
            || self.words >= MIN_HEADLINE_WORDS && (named(&line.key, &self.key) || named(&self.key, &line.key))
    }
}

/// Whether `long` is `short` with a site's name behind it.
fn named(long: &str, short: &str) -> bool {
    long.strip_prefix(short)
        .and_then(|rest| rest.strip_prefix(": "))
        .is_some_and(|name| !name.contains(':') && normalize::words(name) <= MAX_SITE_NAME_WORDS)
        && normalize::words(short) >= MIN_HEADLINE_WORDS
}

/// A line of fewer words that equals a headline which is only likely one may be the heading that it looks like.
const MIN_EXACT_WORDS: u32 = 5;

/// Cuts every kept line that says the headline again where `may_go` allows it, which is told the line's index and whether
/// it says exactly the same at some length. (154 of 156 such lines were noise on news.)
pub fn cut_headlines(lines: &mut [Line], title: &str, may_go: impl Fn(usize, bool) -> bool) {
    let headline = Headline::new(title);
    // A key folds figures, and "Results for 7 May" does not say "Results for 14 May" again.
    let has_its_figures = |line: &Line| figures(&line.block.text).eq(figures(title));
    if headline.words < MIN_HEADLINE_WORDS {
        return;
    }
    for (at, line) in lines.iter_mut().enumerate() {
        let exact = line.key == headline.key && headline.words >= MIN_EXACT_WORDS;
        if headline.is_said_by(line) && has_its_figures(line) && may_go(at, exact) {
            cut_headline(line);
        }
    }
}

/// Cuts a line that says the headline in other words than the title, or again.
pub fn cut_headline(line: &mut Line) {
    line.cut(Class::DuplicateHeadline, "repeat.headline", "says the headline again");
}

/// The run of lines that a line stands in and that an earlier run says word for word; nothing where it is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    pub lines: u32,
    pub words: u32,
    /// Words of its lines of prose.
    pub prose: u32,
    /// The index of the earlier line that says the same.
    pub earlier: usize,
}

/// For each line the repeated run that it stands in. Linear in the lines: a repeat begins at the first place where its
/// first line was said.
pub fn runs(lines: &[Line]) -> Vec<Run> {
    let mut runs = vec![Run::default(); lines.len()];
    let mut said: HashMap<u64, usize, ByHash> = HashMap::default();
    let mut at = 0;
    while at < lines.len() {
        let line = &lines[at];
        let known = said.get(&line.hash).filter(|&&earlier| !line.key.is_empty() && lines[earlier].key == line.key);
        let Some(&earlier) = known else {
            said.entry(line.hash).or_insert(at);
            at += 1;
            continue;
        };
        let same = |n: &usize| at + n < lines.len() && earlier + n < at && lines[at + n].key == lines[earlier + n].key;
        let len = (0..).take_while(same).count().max(1);
        let run = &lines[at..at + len];
        let words = run.iter().map(|line| line.words).sum();
        let prose = run.iter().filter(|line| line.is_prose()).map(|line| line.words).sum();
        for n in 0..len {
            runs[at + n] = Run { lines: len as u32, words, prose, earlier: earlier + n };
        }
        at += len;
    }
    runs
}

/// A passage of so many words in two or more lines, prose among them, is never said twice by a writer: of 29,000 words
/// in such passages of scraped pages 21 were.
const MIN_PASSAGE_WORDS: u32 = 80;
/// With so many lines fewer words will do.
const MIN_PASSAGE_LINES: u32 = 6;
const MIN_PASSAGE_WORDS_MANY_LINES: u32 = 40;

/// Cuts passages that a scraper took twice, and flags a paragraph that may be the writer's own repetition: quotes and
/// summaries are (51 to 82 % of repeated single paragraphs are noise, too few to cut them).
pub fn cut_passages(lines: &mut [Line]) -> Option<Flag> {
    let mut flag = None;
    let runs = runs(lines);
    // Keys fold figures, and reports that a template wrote differ in nothing else: such a line repeats nothing.
    let other_figures: Vec<bool> = runs
        .iter()
        .enumerate()
        .map(|(at, run)| run.lines > 0 && !lines[at].has_figures_of(&lines[run.earlier]))
        .collect();
    let mut run_end = 0;
    let mut differs = false;
    for (at, run) in runs.into_iter().enumerate().filter(|(_, run)| run.lines > 0) {
        if at >= run_end {
            run_end = at + run.lines as usize;
            differs = other_figures[at..run_end].contains(&true);
        }
        let passage = !differs
            && (run.lines >= 2 && run.words >= MIN_PASSAGE_WORDS && run.prose > 0
                // A chorus is said again too.
                || run.lines >= MIN_PASSAGE_LINES
                    && run.words >= MIN_PASSAGE_WORDS_MANY_LINES
                    && run.prose * 2 >= run.words);
        if passage {
            let line = lines[run.earlier].block.line;
            lines[at].cut(
                Class::DuplicateText,
                "repeat.passage",
                format!("the passage stands above, from line {line} on"),
            );
        } else if lines[at].is_kept() && lines[at].is_prose() && !other_figures[at] {
            flag = Some(Flag::RepeatsKept);
        }
    }
    flag
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Block, BlockKind};

    fn cut(second: &str) -> usize {
        let report = "The station at the harbour measured 12 degrees at noon, with a wind of 4 knots from the west and clear \
                      skies over the whole of the sound until the evening, when clouds came in from the sea and it rained.";
        let more = "In the harbour the water stood 30 centimetres over the mean of the month, and the keepers of the lock \
                    opened it twice in the course of the day so that the boats could pass to the open sea and back before the tide turned.";
        let more_again = more.replace("30", second);
        let texts = [report, more, "The ferry sailed.", report, more_again.as_str(), "The ferry returned."];
        let mut lines = lines(&texts);
        cut_passages(&mut lines);
        lines.iter().filter(|line| !line.is_kept()).count()
    }

    #[test]
    fn a_report_with_other_figures_is_no_repeat() {
        assert_eq!(cut("30"), 2);
        assert_eq!(cut("45"), 0);
    }
    fn lines(texts: &[&str]) -> Vec<Line> {
        let line = |text: &&str| Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: (*text).to_owned() });
        texts.iter().map(line).collect()
    }

    #[test]
    fn a_headline_with_other_figures_is_another() {
        let mut lines = lines(&["Draw results for 14 May", "Draw results for 7 May", "DRAW RESULTS FOR 14 MAY"]);
        cut_headlines(&mut lines, "Draw results for 14 May", |_, _| true);
        assert_eq!(lines.iter().map(Line::is_kept).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn a_chorus_is_no_passage_that_was_taken_twice() {
        let chorus = [
            "And the lamp on the wall of the harbour is burning,",
            "and the boats that went out in the night are returning,",
            "and the keeper has climbed to the top of the tower,",
            "and the bell on the quay of the town strikes the hour.",
            "So sing for the lamp that is burning above us",
            "and the sea and the wind and the women who love us",
        ];
        let mut song = lines(&[&chorus[..], &["One more verse"], &chorus[..]].concat());
        cut_passages(&mut song);
        assert!(song.iter().all(Line::is_kept));
        let ended = chorus.map(|line| format!("{} in the winter of the year.", line.trim_end_matches([',', '.'])));
        let ended: Vec<&str> = ended.iter().map(String::as_str).collect();
        let mut prose = lines(&[&ended[..], &["One more verse"], &ended[..]].concat());
        cut_passages(&mut prose);
        assert_eq!(prose.iter().filter(|line| !line.is_kept()).count(), 6);
    }
}
