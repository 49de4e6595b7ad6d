//! What is said twice: headlines that a template repeats go, paragraphs that the writer may repeat are flagged.

use std::collections::HashMap;
use std::ops::Range;

use super::line::Line;
use super::normalize;
use crate::article::{Class, Flag};

/// A headline of fewer words is too common to be told from a heading.
const MIN_HEADLINE_WORDS: u32 = 3;
/// A repeated line of so many words is one that a scraper took twice.
const MIN_REPEAT_WORDS: u32 = 4;
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
    normalize::words(short) >= MIN_HEADLINE_WORDS
        && long
            .strip_prefix(short)
            .and_then(|rest| rest.strip_prefix(": "))
            .is_some_and(|name| !name.contains(':') && normalize::words(name) <= MAX_SITE_NAME_WORDS)
}

/// Cuts every kept line that says the headline again, but for a range of lines where it may be the writer's heading.
pub fn cut_headlines(lines: &mut [Line], title: &str, except: Range<usize>) {
    let headline = Headline::new(title);
    if headline.words < MIN_HEADLINE_WORDS {
        return;
    }
    for (_, line) in lines.iter_mut().enumerate().filter(|(at, line)| !except.contains(at) && headline.is_said_by(line))
    {
        line.cut(Class::DuplicateHeadline, "repeat.headline", "says the headline again");
    }
}

/// Cuts lines that a scraper took twice, and flags what may be the writer's own repetition.
pub fn cut_repeats(lines: &mut [Line]) -> Option<Flag> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let mut flag = None;
    for at in 0..lines.len() {
        let line = &lines[at];
        if !line.is_kept() || line.words < MIN_REPEAT_WORDS {
            continue;
        }
        let first = *seen.entry(xxhash_rust::xxh3::xxh3_64(line.key.as_bytes())).or_insert(at);
        if first != at && lines[first].key == line.key {
            flag = Some(Flag::RepeatsKept);
        }
    }
    flag
}
