//! What a reader would look at to tell an article's line from a teaser or a menu item: form, place and neighbours.
//!
//! The score of `model.rs` is made of these alone; the training script reads the same numbers from here.

use std::collections::HashMap;

use super::core::Core;
use super::form::Form;
use super::vocabulary::Vocabulary;
use crate::article::{BlockKind, Class};
use crate::clean::line::{ByHash, Line};
use crate::clean::rules::Rules;
use crate::clean::{normalize, repeats};

/// The features in the order in which trees name them.
pub const NAMES: [&str; 64] = [
    "words",
    "terminated",
    "colon",
    "comma",
    "capitalized",
    "capitals",
    "digits",
    "question",
    "quote",
    "list_item",
    "starts_lower",
    "reader_words",
    "separators",
    "address",
    "in_title",
    "said_before",
    "said_later",
    "matched_class",
    "from_first_prose",
    "from_last_prose",
    "position",
    "line_share",
    "words_before",
    "words_after",
    "prose_before",
    "prose_after",
    "total_words",
    "total_lines",
    "cut_above",
    "cut_below",
    "cut_near",
    "cut_wide",
    "short_run",
    "short_run_at",
    "words_above",
    "words_below",
    "prose_near",
    "prose_wide",
    "above_terminated",
    "below_terminated",
    "since_section",
    "section_class",
    "prose_since_section",
    "similar_near",
    "cut_share",
    "prose_share",
    "words_known",
    "words_common",
    "words_central",
    "common_near",
    "common_wide",
    "marks_near",
    "marks_before",
    "marks_after",
    "marks",
    "repeat_words",
    "repeat_lines",
    "first_person",
    "exclaims",
    "dates_near",
    "dates_wide",
    "dates_before",
    "dates_after",
    "core_share",
];

/// One line's features, see [`NAMES`].
pub type Features = [f32; NAMES.len()];

/// From this value on, `section_class` means a section of comments.
pub const COMMENTS: f32 = 15.0;

/// A feature by its name.
pub fn get(features: &Features, name: &str) -> f32 {
    NAMES.iter().position(|known| *known == name).map_or(-1.0, |at| features[at])
}

const NEAR: usize = 3;
const WIDE: usize = 10;
/// Distances are told apart up to here.
const FAR: f32 = 60.0;
/// Words of a line that are looked at one by one.
const SAID_WORDS: usize = 30;

/// Words with which a site speaks to its reader; in other languages the other features must do.
fn is_reader_word(word: &str) -> bool {
    matches!(
        word,
        "you"
            | "your"
            | "our"
            | "us"
            | "we"
            | "click"
            | "here"
            | "read"
            | "more"
            | "free"
            | "subscribe"
            | "sign"
            | "follow"
            | "join"
            | "contact"
            | "download"
            | "visit"
            | "shop"
            | "learn"
            | "watch"
            | "newsletter"
            | "today"
    )
}

/// Words with which readers, more than reporters, speak of themselves.
fn is_first_person(word: &str) -> bool {
    matches!(word, "i" | "im" | "ive" | "my" | "me" | "id" | "mine" | "myself")
}

/// The features of the wanted lines of a text after the phrase rules have run, with their indexes.
pub fn of(
    lines: &[Line],
    core: &Core,
    rules: &Rules,
    title: Option<&str>,
    wanted: impl Fn(usize) -> bool,
) -> Vec<(usize, Features)> {
    if !(0..lines.len()).any(&wanted) {
        return Vec::new();
    }
    let sums = Sums::new(lines);
    let sections = Sections::new(lines, rules, &sums);
    let runs = short_runs(lines);
    let title_key = title.map(normalize::key).unwrap_or_default();
    let title_words: Vec<&str> = title_key.split_whitespace().collect();
    let mut seen: HashMap<u64, (u32, u32), ByHash> = HashMap::default();
    for line in lines {
        seen.entry(line.hash).or_default().0 += 1;
    }
    let n = lines.len();
    let total = sums.words(0, n).max(1.0);
    let total_prose = sums.prose(0, n).max(1.0);
    let vocabulary = Vocabulary::new(lines);
    let marks = counts(lines, |line| has_class(line, rules, &[Class::CommentThread, Class::CommentForm]));
    let dates = counts(lines, |line| has_class(line, rules, &[Class::Timestamp, Class::Byline]));
    let repeats = repeats::runs(lines);
    let mut out = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (all, before) = seen.get(&line.hash).copied().unwrap_or_default();
        if let Some(count) = seen.get_mut(&line.hash) {
            count.1 += 1;
        }
        if !wanted(at) {
            continue;
        }
        let form = Form::of(&line.block.text);
        let near = |radius: usize| (at.saturating_sub(radius), (at + radius + 1).min(n));
        let (near_from, near_to) = near(NEAR);
        let (wide_from, wide_to) = near(WIDE);
        let said = Said::of(&line.key, &title_words);
        let (run_start, run_end) = runs[at];
        let similar = (near_from..near_to).filter(|&other| other != at && is_similar(line, &lines[other])).count();
        let neighbour = |other: Option<usize>| other.and_then(|other| lines.get(other));
        let above = neighbour(at.checked_sub(1));
        let below = neighbour(Some(at + 1));
        let row = [
            line.words as f32,
            flag(line.terminated),
            flag(line.block.text.ends_with([':', '：', '…'])),
            flag(form.comma),
            form.capitalized,
            form.capitals,
            form.digits,
            flag(form.question),
            flag(form.quote),
            flag(line.block.kind == BlockKind::ListItem),
            flag(form.starts_lower),
            said.to_readers,
            form.separators,
            flag(form.address),
            said.in_title,
            before as f32,
            (all - before - 1) as f32,
            line.matches.first().map_or(-1.0, |&rule| class_number(rules.rule(rule).class)),
            (at as f32 - core.first as f32).clamp(-FAR, FAR),
            (at as f32 - core.last as f32).clamp(-FAR, FAR),
            at as f32 / n as f32,
            sums.words(0, at) / total,
            sums.words(0, at).min(5000.0),
            sums.words(at + 1, n).min(5000.0),
            sums.prose(0, at) / total_prose,
            sums.prose(at + 1, n) / total_prose,
            total,
            n as f32,
            flag(above.is_some_and(|line| !line.is_kept())),
            flag(below.is_some_and(|line| !line.is_kept())),
            sums.cut(near_from, near_to) / (near_to - near_from) as f32,
            sums.cut(wide_from, wide_to) / (wide_to - wide_from) as f32,
            ((run_end - run_start) as f32).min(FAR),
            ((at - run_start) as f32).min(FAR),
            above.map_or(-1.0, |line| (line.words as f32).min(100.0)),
            below.map_or(-1.0, |line| (line.words as f32).min(100.0)),
            sums.prose(near_from, near_to) / sums.words(near_from, near_to).max(1.0),
            sums.prose(wide_from, wide_to) / sums.words(wide_from, wide_to).max(1.0),
            above.map_or(-1.0, |line| flag(line.terminated)),
            below.map_or(-1.0, |line| flag(line.terminated)),
            sections.since(at),
            sections.class(at),
            sections.prose_share(at),
            similar as f32,
            sums.cut(0, n) / n as f32,
            total_prose / total,
            vocabulary.lines[at].known,
            vocabulary.lines[at].common,
            vocabulary.lines[at].central,
            vocabulary.common(near_from, near_to),
            vocabulary.common(wide_from, wide_to),
            marks[wide_to] - marks[wide_from],
            marks[at],
            marks[n] - marks[at],
            marks[n],
            repeats[at].words as f32,
            repeats[at].lines as f32,
            said.in_first_person,
            flag(form.exclaims),
            dates[near_to] - dates[near_from],
            dates[wide_to] - dates[wide_from],
            dates[at],
            dates[n] - dates[at],
            (core.last - core.first + 1) as f32 / n as f32,
        ];
        out.push((at, row));
    }
    out
}

/// Shares of a line's first words.
struct Said {
    to_readers: f32,
    in_title: f32,
    in_first_person: f32,
}

impl Said {
    fn of(key: &str, title_words: &[&str]) -> Self {
        let (mut words, mut to_readers, mut in_title, mut in_first_person) = (0u32, 0u32, 0u32, 0u32);
        for word in key.split_ascii_whitespace().take(SAID_WORDS) {
            words += 1;
            to_readers += u32::from(is_reader_word(word));
            in_title += u32::from(title_words.contains(&word));
            in_first_person += u32::from(is_first_person(word));
        }
        let share = |count: u32| count as f32 / words.max(1) as f32;
        Self { to_readers: share(to_readers), in_title: share(in_title), in_first_person: share(in_first_person) }
    }
}

fn flag(on: bool) -> f32 {
    if on { 1.0 } else { 0.0 }
}

/// Classes as numbers, in an order that a threshold can make use of: from the article's own to pure noise.
fn class_number(class: Class) -> f32 {
    match class {
        Class::Caption => 0.0,
        Class::Timestamp => 1.0,
        Class::Byline => 2.0,
        Class::AuthorBio => 3.0,
        Class::Affiliate => 4.0,
        Class::Contact => 5.0,
        Class::Tags => 6.0,
        Class::Navigation => 7.0,
        Class::AlsoRead => 8.0,
        Class::Promo => 9.0,
        Class::Share => 10.0,
        Class::Newsletter => 11.0,
        Class::Paywall => 12.0,
        Class::Cookie => 13.0,
        Class::Copyright => 14.0,
        Class::CommentThread => COMMENTS,
        Class::CommentForm => 16.0,
        _ => 17.0,
    }
}

/// Lines of one form beside each other are a list: of points in an article, of teasers around it.
fn is_similar(a: &Line, b: &Line) -> bool {
    a.terminated == b.terminated && a.words.abs_diff(b.words) <= 2 + a.words / 3 && a.words < 25
}

/// Sums over the lines up to each line, so that any window is two look-ups.
struct Sums {
    words: Vec<f32>,
    prose: Vec<f32>,
    cut: Vec<f32>,
}

impl Sums {
    fn new(lines: &[Line]) -> Self {
        let mut sums = Self { words: vec![0.0], prose: vec![0.0], cut: vec![0.0] };
        let (mut words, mut prose, mut cut) = (0f64, 0f64, 0f64);
        for line in lines {
            words += f64::from(line.words);
            prose += if line.is_prose() && line.is_kept() { f64::from(line.words) } else { 0.0 };
            cut += if line.is_kept() { 0.0 } else { 1.0 };
            sums.words.push(words as f32);
            sums.prose.push(prose as f32);
            sums.cut.push(cut as f32);
        }
        sums
    }

    fn words(&self, from: usize, to: usize) -> f32 {
        self.words[to] - self.words[from.min(to)]
    }

    fn prose(&self, from: usize, to: usize) -> f32 {
        self.prose[to] - self.prose[from.min(to)]
    }

    fn cut(&self, from: usize, to: usize) -> f32 {
        self.cut[to] - self.cut[from.min(to)]
    }
}

/// For each line the last heading above it that can open a tail section.
struct Sections {
    last: Vec<Option<(usize, f32, f32)>>,
}

impl Sections {
    fn new(lines: &[Line], rules: &Rules, sums: &Sums) -> Self {
        let n = lines.len();
        let total = sums.prose(0, n).max(1.0);
        let mut open = None;
        let last = lines.iter().enumerate().map(|(at, line)| {
            let opening = line.matches.iter().map(|&rule| rules.rule(rule)).find(|rule| rule.section);
            if let Some(rule) = opening.filter(|_| !line.is_kept() || line.words <= 6) {
                open = Some((at, class_number(rule.class), sums.prose(0, at) / total));
            }
            open
        });
        Self { last: last.collect() }
    }

    fn since(&self, at: usize) -> f32 {
        self.last[at].map_or(-1.0, |(start, ..)| ((at - start) as f32).min(FAR))
    }

    fn class(&self, at: usize) -> f32 {
        self.last[at].map_or(-1.0, |(_, class, _)| class)
    }

    /// The share of the text's prose above the heading.
    fn prose_share(&self, at: usize) -> f32 {
        self.last[at].map_or(-1.0, |(.., share)| share)
    }
}

/// How many lines up to each line are of a kind.
fn counts(lines: &[Line], is_kind: impl Fn(&Line) -> bool) -> Vec<f32> {
    let mut counts = vec![0.0];
    for line in lines {
        counts.push(counts.last().copied().unwrap_or(0.0) + flag(is_kind(line)));
    }
    counts
}

fn has_class(line: &Line, rules: &Rules, classes: &[Class]) -> bool {
    line.matches.first().is_some_and(|&rule| classes.contains(&rules.rule(rule).class))
}

/// For each line the run of lines without prose that it stands in, as a range.
fn short_runs(lines: &[Line]) -> Vec<(usize, usize)> {
    let mut runs = vec![(0, 0); lines.len()];
    let mut start = 0;
    while start < lines.len() {
        let prose = lines[start].is_prose();
        let len = if prose { 1 } else { lines[start..].iter().take_while(|line| !line.is_prose()).count() };
        let run = if prose { (start, start) } else { (start, start + len) };
        runs[start..start + len].fill(run);
        start += len;
    }
    runs
}
