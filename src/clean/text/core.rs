//! Where the article of a text begins and ends: the core runs from the first to the last line of prose.
//!
//! Its own file because every rule asks it: the same words are noise after an article and a heading inside one.

use crate::article::Class;
use crate::clean::line::Line;
use crate::clean::rules::{Place, Rules};

/// First and last line of prose, as indexes; lines outside are before or after the article.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    pub first: usize,
    pub last: usize,
}

impl Core {
    /// Finds the core; `None` when no line is prose, so that nothing can be said about places.
    pub fn find(lines: &[Line], rules: &Rules) -> Option<Self> {
        let is_core = |line: &Line| line.is_kept() && line.is_prose() && !is_noise_prose(line, rules);
        let first = lines.iter().position(is_core)?;
        let last = lines.iter().rposition(is_core)?;
        Some(Self { first, last })
    }

    pub fn place(&self, at: usize) -> Place {
        if at < self.first {
            Place::Before
        } else if at > self.last {
            Place::After
        } else {
            Place::Inside
        }
    }
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
