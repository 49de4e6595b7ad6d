//! The sums that features are read from: over containers, signatures, copies and the order of the page.
//!
//! Made in one pass over a laid-out page; each block's features are then looked up, not searched.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use super::hints::{self, Hints};
use super::layout::{Layout, Run, within};
use super::look::{Look, look};
use super::tag::Tag;
use super::title;
use super::tree::NONE;
use crate::clean::line::ByHash;

/// Blocks of more words are neither the title nor the description.
const SHORT_WORDS: u32 = 80;
/// Prose words that stand before a page's comments: what is called so earlier holds the article too.
const MIN_COMMENTED_WORDS: u32 = 40;
/// Words of JSON-LD's `articleBody` that are compared.
const MAX_BODY_WORDS: usize = 40_000;

/// Sums over all that lies in a container.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub runs: u32,
    pub words: u32,
    pub letters: u32,
    pub link_letters: u32,
    pub prose: u32,
    pub prose_runs: u32,
    pub headings: u32,
}

impl Sums {
    fn of(run: &Run, look: &Look) -> Self {
        Self {
            runs: 1,
            words: run.words,
            letters: run.letters,
            link_letters: run.link_letters,
            prose: if look.prose { run.words } else { 0 },
            prose_runs: u32::from(look.prose),
            headings: 0,
        }
    }

    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.words += other.words;
        self.letters += other.letters;
        self.link_letters += other.link_letters;
        self.prose += other.prose;
        self.prose_runs += other.prose_runs;
        self.headings += other.headings;
    }

    pub fn link_density(&self) -> f32 {
        share(self.link_letters, self.letters)
    }
}

/// Everything that the features of a page's blocks are read from.
pub(super) struct Evidence<'p> {
    pub layout: &'p Layout,
    pub sums: Vec<Sums>,
    pub looks: Vec<Look>,
    pub signatures: HashMap<u64, Sums, ByHash>,
    pub copies: HashMap<u64, u16, ByHash>,
    /// Prose words before each run.
    pub prose_before: Vec<u32>,
    pub words_before: Vec<u32>,
    pub previous_prose: Vec<u32>,
    pub next_prose: Vec<u32>,
    /// Innermost container with most of the prose, and the one whose own paragraphs weigh most.
    pub main: u32,
    pub top: u32,
    /// The run of the headline.
    pub headline: Option<usize>,
    /// For each run the heading above it, itself if it is one.
    pub headings: Vec<Option<u32>>,
    /// For each container its ancestor just below `main`, itself if it is one; `NONE` outside.
    pub branches: Vec<u32>,
    /// Whether a container lies among the readers' comments; their blocks are in no sum.
    comments: Vec<bool>,
    pub title: Vec<u64>,
    pub description: Vec<u64>,
    pub body: Option<HashSet<u64, ByHash>>,
    pub total: Sums,
}

/// A part of a whole; 0 of nothing.
pub(super) fn share(part: u32, whole: u32) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

/// The logarithm of a count, from 0 on.
pub(super) fn log(n: u32) -> f32 {
    (n as f32 + 1.0).ln()
}

impl<'p> Evidence<'p> {
    pub fn new(layout: &'p Layout, title: Option<&str>, description: Option<&str>, body: Option<&str>) -> Self {
        let mut looks: Vec<Look> = layout.runs.iter().map(look).collect();
        let headline = headline(layout, &title.map(title::words).unwrap_or_default());
        let comments = comments(layout, &looks, headline);
        let (sums, weights) = sums(layout, &looks, &comments);
        let mut signatures: HashMap<u64, Sums, ByHash> = HashMap::default();
        let mut copies: HashMap<u64, u16, ByHash> = HashMap::default();
        for (run, look) in layout.runs.iter().zip(&mut looks) {
            signatures.entry(layout.container(run).signature).or_default().add(&Sums::of(run, look));
            let seen = copies.entry(look.hash).or_default();
            look.copy_number = *seen;
            *seen = seen.saturating_add(1);
        }
        let total = sums.first().copied().unwrap_or_default();
        let fits = |&at: &usize| sums[at].prose * 10 >= total.prose * 6 && sums[at].prose > 0;
        let main = (0..sums.len()).filter(fits).max_by_key(|&at| layout.containers[at].depth).map_or(0, |at| at as u32);
        let top = (0..weights.len()).fold(0, |best, at| if weights[at] > weights[best] { at } else { best }) as u32;
        let order = Order::of(layout, &looks, &comments);
        Self {
            layout,
            sums,
            looks,
            signatures,
            copies,
            prose_before: order.prose_before,
            words_before: order.words_before,
            previous_prose: order.previous_prose,
            next_prose: order.next_prose,
            main,
            top,
            headline,
            headings: headings(layout),
            branches: branches(layout, main),
            comments,
            title: title.map(hashes).unwrap_or_default(),
            description: description.map(hashes).unwrap_or_default(),
            body: body.and_then(shingles_of_body),
            total,
        }
    }

    /// Whether a run is not worth judging: 43 % of all runs of the development pages, .05 % of their good words.
    pub fn is_hopeless(&self, i: usize) -> bool {
        let run = &self.layout.runs[i];
        let container = self.layout.container(run);
        let main = &self.layout.containers[self.main as usize];
        let in_main = (main.first..main.end).contains(&(i as u32));
        let apart = container.within & within::ITEM_BODY == 0;
        self.comments[run.container as usize]
            || container.within & (within::NAV | within::BUTTON) != 0
            || apart && container.within & (within::FOOTER | within::LABEL) != 0
            || !in_main
                && (container.within & (within::DIALOG | within::FOOTER | within::FORM) != 0
                    || run.is_linked() && run.words <= 15)
    }

    pub fn up(&self, mut at: u32, steps: usize) -> u32 {
        for _ in 0..steps {
            let parent = self.layout.containers[at as usize].parent;
            if parent == NONE {
                break;
            }
            at = parent;
        }
        at
    }

    /// The sums of the child of the main container that a container lies in, and the steps up to it.
    pub fn branch(&self, container: u32) -> Option<(Sums, u32)> {
        let branch = self.branches[container as usize];
        (branch != NONE).then(|| {
            let steps =
                self.layout.containers[container as usize].depth - self.layout.containers[branch as usize].depth;
            (self.sums[branch as usize], u32::from(steps))
        })
    }

    /// Prose words of the runs in a range.
    pub fn prose_in(&self, from: u32, to: u32) -> u32 {
        let before = |i: u32| self.prose_before.get(i as usize).copied().unwrap_or(self.total.prose);
        before(to).saturating_sub(before(from))
    }

    /// Share of a short block's words in title and description, and of its word triples in JSON-LD's `articleBody` (−1 without
    /// one).
    pub fn said(&self, run: &Run) -> (f32, f32, f32) {
        let body = self.body.as_ref();
        let is_short = run.words <= SHORT_WORDS;
        if !is_short && body.is_none() {
            return (0.0, 0.0, -1.0);
        }
        let (mut words, mut in_title, mut in_description) = (0, 0, 0);
        let (mut triples, mut in_body) = (0, 0);
        let mut window = Triples::default();
        word_hashes(&run.text, usize::MAX, |hash| {
            words += 1;
            if is_short {
                in_title += u32::from(self.title.binary_search(&hash).is_ok());
                in_description += u32::from(self.description.binary_search(&hash).is_ok());
            }
            if let (Some(body), Some(triple)) = (body, window.next(hash)) {
                triples += 1;
                in_body += u32::from(body.contains(&triple));
            }
        });
        let body_share = if body.is_some() { share(in_body, triples) } else { -1.0 };
        (share(in_title, words), share(in_description, words), body_share)
    }
}

/// The sums of each container, and the weight of its own paragraphs.
fn sums(layout: &Layout, looks: &[Look], comments: &[bool]) -> (Vec<Sums>, Vec<f32>) {
    let mut sums = vec![Sums::default(); layout.containers.len()];
    let mut weights = vec![0f32; layout.containers.len()];
    for (run, look) in layout.runs.iter().zip(looks) {
        if comments[run.container as usize] {
            continue;
        }
        let container = layout.container(run);
        let heading = matches!(container.tag, Tag::H(_));
        let own = Sums { headings: u32::from(heading), ..Sums::of(run, look) };
        sums[run.container as usize].add(&own);
        if look.prose {
            // A paragraph speaks for the container around it, and half as loud for the next.
            let mut at = run.container;
            if matches!(container.tag, Tag::P | Tag::Blockquote | Tag::Li) && container.parent != NONE {
                at = container.parent;
            }
            weights[at as usize] += run.words as f32;
            let above = layout.containers[at as usize].parent;
            if above != NONE {
                weights[above as usize] += run.words as f32 * 0.5;
            }
        }
    }
    for at in (0..sums.len()).rev() {
        let parent = layout.containers[at].parent;
        if parent != NONE {
            let own = sums[at];
            sums[parent as usize].add(&own);
        }
    }
    (sums, weights)
}

/// For each run what stands before it and how far the nearest prose is, comments aside.
struct Order {
    prose_before: Vec<u32>,
    words_before: Vec<u32>,
    previous_prose: Vec<u32>,
    next_prose: Vec<u32>,
}

impl Order {
    fn of(layout: &Layout, looks: &[Look], comments: &[bool]) -> Self {
        let n = layout.runs.len();
        let (mut prose_before, mut words_before) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (mut previous_prose, mut next_prose) = (vec![0; n], vec![0; n]);
        let (mut prose, mut words, mut since) = (0, 0, 1000);
        for (i, (run, look)) in layout.runs.iter().zip(looks).enumerate() {
            prose_before.push(prose);
            words_before.push(words);
            previous_prose[i] = since;
            if comments[run.container as usize] {
                continue;
            }
            words += run.words;
            if look.prose {
                prose += run.words;
                since = 0;
            }
            since = (since + 1).min(1000);
        }
        since = 1000;
        for i in (0..n).rev() {
            next_prose[i] = since;
            if looks[i].prose && !comments[layout.runs[i].container as usize] {
                since = 0;
            }
            since = (since + 1).min(1000);
        }
        Self { prose_before, words_before, previous_prose, next_prose }
    }
}

/// For each run the heading above it, itself if it is one.
fn headings(layout: &Layout) -> Vec<Option<u32>> {
    let mut heading = None;
    let above = layout.runs.iter().enumerate().map(|(i, run)| {
        if matches!(layout.container(run).tag, Tag::H(_)) {
            heading = Some(i as u32);
        }
        heading
    });
    above.collect()
}

/// For each container its ancestor just below `main`, itself if it is one.
fn branches(layout: &Layout, main: u32) -> Vec<u32> {
    let mut branches = vec![NONE; layout.containers.len()];
    for (at, container) in layout.containers.iter().enumerate() {
        if container.parent == main {
            branches[at] = at as u32;
        } else if container.parent != NONE {
            branches[at] = branches[container.parent as usize];
        }
    }
    branches
}

/// The run that shows the headline: the first heading of the title's words, else the first run of exactly these.
fn headline(layout: &Layout, title: &str) -> Option<usize> {
    if title.is_empty() {
        return None;
    }
    // Signs between words count as words of a block.
    let words = super::layout::word_count(title);
    let same = |run: &Run| (words / 2..=words + 8).contains(&run.words) && title::words(&run.text) == title;
    let heading = layout.runs.iter().position(|run| matches!(layout.container(run).tag, Tag::H(_)) && same(run));
    heading
        .or_else(|| layout.runs.iter().position(same))
        .or_else(|| layout.runs.iter().position(|run| layout.container(run).tag == Tag::H(1)))
}

/// For each container whether it lies among what the site itself calls comments, behind the article and without its headline.
fn comments(layout: &Layout, looks: &[Look], headline: Option<usize>) -> Vec<bool> {
    static COMMENTS: LazyLock<Hints> = LazyLock::new(|| hints::bit("comments"));
    let mut comments = vec![false; layout.containers.len()];
    let (mut prose, mut counted) = (0, 0);
    for (at, container) in layout.containers.iter().enumerate() {
        if container.parent != NONE && comments[container.parent as usize] {
            comments[at] = true;
        } else if container.hints & *COMMENTS != 0 {
            while counted < container.first as usize {
                prose += if looks[counted].prose { layout.runs[counted].words } else { 0 };
                counted += 1;
            }
            let holds = headline.is_some_and(|headline| (container.first..container.end).contains(&(headline as u32)));
            comments[at] = !holds && prose >= MIN_COMMENTED_WORDS;
        }
    }
    comments
}

fn shingles_of_body(body: &str) -> Option<HashSet<u64, ByHash>> {
    let mut set: HashSet<u64, ByHash> = HashSet::default();
    let mut window = Triples::default();
    word_hashes(body, MAX_BODY_WORDS, |hash| set.extend(window.next(hash)));
    // A body of a few words is a placeholder.
    (set.len() >= 50).then_some(set)
}

/// Joins the hashes of each three words in a row.
#[derive(Default)]
struct Triples {
    window: [u64; 3],
    count: usize,
}

impl Triples {
    fn next(&mut self, hash: u64) -> Option<u64> {
        self.window = [self.window[1], self.window[2], hash];
        self.count += 1;
        (self.count >= 3)
            .then(|| self.window[0].rotate_left(1) ^ self.window[1].rotate_left(23) ^ self.window[2].rotate_left(47))
    }
}

/// Hashes of a text's words in lower case.
fn word_hashes(text: &str, max_words: usize, mut each: impl FnMut(u64)) {
    if text.is_ascii() {
        let words = text.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).take(max_words).for_each(|word| each(ascii_word_hash(word)));
        return;
    }
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(max_words) {
        each(if word.is_ascii() { ascii_word_hash(word.as_bytes()) } else { xxh3_64(word.to_lowercase().as_bytes()) });
    }
}

fn ascii_word_hash(word: &[u8]) -> u64 {
    let mut lower = [0u8; 32];
    match lower.get_mut(..word.len()) {
        Some(lower) => {
            lower.copy_from_slice(word);
            lower.make_ascii_lowercase();
            xxh3_64(lower)
        }
        None => xxh3_64(&word.to_ascii_lowercase()),
    }
}

/// Sorted hashes of a short text's words.
fn hashes(text: &str) -> Vec<u64> {
    let mut hashes = Vec::new();
    word_hashes(text, 100, |hash| hashes.push(hash));
    hashes.sort_unstable();
    hashes
}
