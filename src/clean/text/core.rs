//! Where the article of a text begins and ends: the core runs from the first to the last line of prose.
//!
//! Its own file because every rule asks it: the same words are noise after an article and a heading inside one.

use std::ops::Range;

use crate::article::Class;
use crate::clean::Level;
use crate::clean::line::Line;
use crate::clean::rules::{Place, Rules};

/// First and last line of prose, as indexes; lines outside are before or after the article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    pub first: usize,
    pub last: usize,
    /// Where the head ends: behind the byline, date line and buttons between a standfirst and the first paragraph, else at
    /// `first`.
    pub head_end: usize,
    /// Where that furniture of the head begins; `head_end` without any.
    furniture: usize,
}

/// Paragraphs of a standfirst.
const STANDFIRST_LINES: usize = 2;
/// Lines from the top among which the furniture of the head begins.
const HEAD_LINES: usize = 12;
/// One line that matches a phrase may be the writer's, so many in a row are not.
const MIN_FURNITURE: usize = 2;

impl Core {
    /// Finds the core; `None` when no line is prose, so that nothing can be said about places.
    pub fn find(lines: &[Line], rules: &Rules) -> Option<Self> {
        let is_core = |line: &Line| line.is_kept() && line.is_prose() && !is_noise_prose(line, rules);
        let first = lines.iter().position(is_core)?;
        let last = lines.iter().rposition(is_core)?;
        let furniture = furniture(lines, first, rules).filter(|furniture| furniture.end <= last);
        let furniture = furniture.unwrap_or(first..first);
        Some(Self { first, last, head_end: furniture.end, furniture: furniture.start })
    }

    pub fn place(&self, at: usize) -> Place {
        if at < self.first || (self.furniture..self.head_end).contains(&at) {
            Place::Before
        } else if at > self.last {
            Place::After
        } else {
            Place::Inside
        }
    }
}

/// The byline, date line and buttons that stand below a standfirst of whole sentences.
fn furniture(lines: &[Line], first: usize, rules: &Rules) -> Option<Range<usize>> {
    let is_furniture = |line: &Line| {
        !line.is_prose()
            && line.sure_matches().map(|rule| rules.rule(rule)).any(|rule| {
                matches!(rule.class, Class::Byline | Class::Timestamp | Class::Share)
                    && rule.cuts(Place::Before, Level::Safe)
            })
    };
    let paragraphs = lines[first..].iter().take(STANDFIRST_LINES + 1).take_while(|line| !is_furniture(line)).count();
    let start = first + paragraphs;
    let run = lines[start..].iter().take_while(|line| is_furniture(line)).count();
    (paragraphs <= STANDFIRST_LINES && start < HEAD_LINES && run >= MIN_FURNITURE).then_some(start..start + run)
}

/// Long lines that sites, not writers, put on a page: they say nothing about where the article is.
pub fn is_noise_prose(line: &Line, rules: &Rules) -> bool {
    line.sure_matches().any(|rule| {
        matches!(
            rules.rule(rule).class,
            Class::Affiliate
                | Class::AuthorBio
                | Class::Caption
                | Class::CommentForm
                | Class::Cookie
                | Class::Copyright
                | Class::Newsletter
                | Class::Paywall
                | Class::Promo
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Block, BlockKind};

    const PROSE: &str =
        "The council of the island voted on Tuesday, after two hours of debate, to keep the ferry in winter.";

    fn head(texts: &[&str]) -> (usize, Vec<usize>) {
        let rules = Rules::new(&[]).unwrap();
        let line = |text: &&str| {
            let mut line = Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: (*text).to_owned() });
            rules.look_up(&mut line);
            line
        };
        let lines: Vec<Line> = texts.iter().map(line).collect();
        let core = Core::find(&lines, &rules).expect("prose");
        (core.head_end, (0..lines.len()).filter(|&at| core.place(at) == Place::Before).collect())
    }

    #[test]
    fn furniture_below_a_standfirst_stands_before_the_article() {
        assert_eq!(head(&["Ferry kept", PROSE, "By Ada Keeper", "14 May 2026", PROSE]), (4, vec![0, 2, 3]));
        assert_eq!(head(&["Ferry kept", "By Ada Keeper", "14 May 2026", PROSE, PROSE]), (3, vec![0, 1, 2]));
    }

    #[test]
    fn one_line_or_lines_far_down_are_no_furniture() {
        assert_eq!(head(&["Ferry kept", PROSE, "14 May 2026", PROSE]), (1, vec![0]));
        assert_eq!(head(&[PROSE, PROSE, PROSE, "By Ada Keeper", "14 May 2026", PROSE]), (0, vec![]));
        assert_eq!(head(&[PROSE, "By Ada Keeper", "14 May 2026"]), (0, vec![]));
    }
}
