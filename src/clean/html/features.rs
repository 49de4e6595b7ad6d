//! What is known of each block: its own text, its containers, its neighbours, and what the page says of itself.
//!
//! One pass makes the sums over containers, one the features. Names and values stand side by side, so that the model's file
//! can speak of features by name.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::hints;
use super::layout::{Layout, Run, within};
use super::look::{CUE_KINDS, Look, cue_kinds, look};
use super::tag::Tag;
use super::title;
use super::tree::NONE;

/// Blocks of more words are neither the title nor the description.
const SHORT_WORDS: u32 = 80;
/// Words of JSON-LD's `articleBody` that are compared.
const MAX_BODY_WORDS: usize = 40_000;

/// Sums over all that lies in a container.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    runs: u32,
    words: u32,
    letters: u32,
    link_letters: u32,
    prose: u32,
    prose_runs: u32,
    headings: u32,
}

impl Sums {
    fn add(&mut self, other: &Self) {
        self.runs += other.runs;
        self.words += other.words;
        self.letters += other.letters;
        self.link_letters += other.link_letters;
        self.prose += other.prose;
        self.prose_runs += other.prose_runs;
        self.headings += other.headings;
    }

    fn link_density(&self) -> f32 {
        share(self.link_letters, self.letters)
    }
}

/// Everything that the features of a page's blocks are read from.
pub(super) struct Evidence<'p> {
    layout: &'p Layout,
    sums: Vec<Sums>,
    looks: Vec<Look>,
    signatures: HashMap<u64, Sums>,
    copies: HashMap<u64, u16>,
    /// Prose words before each run.
    prose_before: Vec<u32>,
    words_before: Vec<u32>,
    previous_prose: Vec<u32>,
    next_prose: Vec<u32>,
    /// Innermost container with most of the prose, and the one whose own paragraphs weigh most.
    main: u32,
    top: u32,
    /// The run of the headline.
    headline: Option<usize>,
    /// For each run the heading above it, itself if it is one.
    headings: Vec<Option<u32>>,
    /// For each container its ancestor just below `main`, itself if it is one; `NONE` outside.
    branches: Vec<u32>,
    title: Vec<u64>,
    description: Vec<u64>,
    body: Option<HashSet<u64>>,
    total: Sums,
}

fn share(part: u32, whole: u32) -> f32 {
    if whole == 0 { 0.0 } else { part as f32 / whole as f32 }
}

fn log(n: u32) -> f32 {
    (n as f32 + 1.0).ln()
}

impl<'p> Evidence<'p> {
    pub fn new(layout: &'p Layout, title: Option<&str>, description: Option<&str>, body: Option<&str>) -> Self {
        let mut looks: Vec<Look> = layout.runs.iter().map(look).collect();
        let mut sums = vec![Sums::default(); layout.containers.len()];
        let mut weights = vec![0f32; layout.containers.len()];
        for (run, look) in layout.runs.iter().zip(&looks) {
            let container = layout.container(run);
            let heading = matches!(container.tag, Tag::H(_));
            let own = Sums {
                runs: 1,
                words: run.words,
                letters: run.letters,
                link_letters: run.link_letters,
                prose: if look.prose { run.words } else { 0 },
                prose_runs: u32::from(look.prose),
                headings: u32::from(heading),
            };
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
        let mut signatures: HashMap<u64, Sums> = HashMap::new();
        let mut copies: HashMap<u64, u16> = HashMap::new();
        for (run, look) in layout.runs.iter().zip(&mut looks) {
            let own = Sums {
                runs: 1,
                words: run.words,
                letters: run.letters,
                link_letters: run.link_letters,
                prose: if look.prose { run.words } else { 0 },
                prose_runs: u32::from(look.prose),
                headings: 0,
            };
            signatures.entry(layout.container(run).signature).or_default().add(&own);
            let seen = copies.entry(look.hash).or_default();
            look.copy_number = *seen;
            *seen = seen.saturating_add(1);
        }
        let total = sums.first().copied().unwrap_or_default();
        let deepest = |fits: &dyn Fn(usize) -> bool| {
            (0..sums.len())
                .filter(|&at| fits(at))
                .max_by_key(|&at| layout.containers[at].depth)
                .map_or(0, |at| at as u32)
        };
        let main = deepest(&|at| sums[at].prose * 10 >= total.prose * 6 && sums[at].prose > 0);
        let top = (0..weights.len()).fold(0, |best, at| if weights[at] > weights[best] { at } else { best }) as u32;
        let n = layout.runs.len();
        let (mut prose_before, mut words_before) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let (mut previous_prose, mut next_prose) = (vec![0; n], vec![0; n]);
        let (mut prose, mut words, mut since) = (0, 0, 1000);
        for (i, (run, look)) in layout.runs.iter().zip(&looks).enumerate() {
            prose_before.push(prose);
            words_before.push(words);
            previous_prose[i] = since;
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
            if looks[i].prose {
                since = 0;
            }
            since = (since + 1).min(1000);
        }
        let mut headings = Vec::with_capacity(n);
        let mut heading = None;
        for (i, run) in layout.runs.iter().enumerate() {
            if matches!(layout.container(run).tag, Tag::H(_)) {
                heading = Some(i as u32);
            }
            headings.push(heading);
        }
        let mut branches = vec![NONE; layout.containers.len()];
        for (at, container) in layout.containers.iter().enumerate() {
            if container.parent == main {
                branches[at] = at as u32;
            } else if container.parent != NONE {
                branches[at] = branches[container.parent as usize];
            }
        }
        let headline = headline(layout, &title.map(title::words).unwrap_or_default());
        Self {
            layout,
            sums,
            looks,
            signatures,
            copies,
            prose_before,
            words_before,
            previous_prose,
            next_prose,
            main,
            top,
            headline,
            headings,
            branches,
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
        let linked = run.link_letters * 10 > run.letters * 9;
        container.within & (within::NAV | within::BUTTON) != 0
            || !in_main && (container.within & (within::DIALOG | within::FOOTER) != 0 || linked && run.words <= 15)
    }

    /// The features of one run, in the order of [`names`].
    pub fn row(&self, i: usize, out: &mut Vec<f32>) {
        out.clear();
        let run = &self.layout.runs[i];
        values(&self.view(i), out);
        let container = self.layout.container(run);
        let parent = self.up(run.container, 1);
        let grand = self.up(run.container, 2);
        let near = container.hints
            | self.layout.containers[parent as usize].hints
            | self.layout.containers[grand as usize].hints;
        for bit in 0..hints::count() {
            let level = if near >> bit & 1 == 1 {
                2.0
            } else if container.hints_above >> bit & 1 == 1 {
                1.0
            } else {
                0.0
            };
            out.push(level);
        }
        for bit in 0..hints::count() {
            out.push(if (run.inline_hints | container.hints) >> bit & 1 == 1 { 1.0 } else { 0.0 });
        }
        for bit in 0..within::COUNT {
            out.push(if container.within >> bit & 1 == 1 { 1.0 } else { 0.0 });
        }
        out.extend(self.looks[i].cues.iter().map(|&hits| f32::from(hits)));
        // A heading speaks for what follows it: "Comments", "Related stories".
        match self.headings[i] {
            Some(at) => out.extend(self.looks[at as usize].cues.iter().map(|&hits| f32::from(hits))),
            None => out.extend([-1.0; CUE_KINDS]),
        }
    }

    fn up(&self, mut at: u32, steps: usize) -> u32 {
        for _ in 0..steps {
            let parent = self.layout.containers[at as usize].parent;
            if parent == NONE {
                break;
            }
            at = parent;
        }
        at
    }

    fn view(&self, i: usize) -> View<'_> {
        let run = &self.layout.runs[i];
        let parent = self.up(run.container, 1);
        let grand = self.up(run.container, 2);
        let great = self.up(run.container, 3);
        let neighbour = |offset: isize| {
            let at = i as isize + offset;
            usize::try_from(at)
                .ok()
                .filter(|&at| at < self.layout.runs.len())
                .map(|at| (&self.layout.runs[at], &self.looks[at]))
        };
        let sum = |at: u32| self.sums[at as usize];
        // Where the way up from the block meets the way up from the densest container.
        let mut meet = self.top;
        let mut fall = 0;
        loop {
            let container = &self.layout.containers[meet as usize];
            if (container.first..container.end.max(container.first + 1)).contains(&(i as u32))
                || container.parent == NONE
            {
                break;
            }
            meet = container.parent;
            fall += 1;
        }
        let main = &self.layout.containers[self.main as usize];
        let (title_overlap, description_overlap, body_share) = self.said(run);
        View {
            evidence: self,
            i,
            run,
            look: &self.looks[i],
            tag: self.layout.container(run).tag,
            parent_tag: self.layout.containers[parent as usize].tag,
            own: sum(run.container),
            parent: sum(parent),
            grand: sum(grand),
            great: sum(great),
            signature: self.signatures.get(&self.layout.container(run).signature).copied().unwrap_or_default(),
            before: [neighbour(-1), neighbour(-2), neighbour(-3)],
            after: [neighbour(1), neighbour(2), neighbour(3)],
            branch: self.branch(run.container),
            heading: self.headings[i].map_or(-1.0, |at| ((i as u32 - at) as f32).min(50.0)),
            heading_level: self.headings[i].map_or(0.0, |at| match layout_tag(self.layout, at) {
                Tag::H(level) => f32::from(level),
                _ => 0.0,
            }),
            main_prose_left: share(
                self.prose_in(i as u32, main.end.max(i as u32)),
                self.sums.get(self.main as usize).map_or(0, |sums| sums.prose),
            ),
            fall,
            climb: self.layout.container(run).depth.saturating_sub(self.layout.containers[meet as usize].depth),
            in_main: (main.first..main.end).contains(&(i as u32)),
            title_overlap,
            description_overlap,
            body_share,
        }
    }

    /// The sums of the child of the main container that a container lies in, and the steps up to it.
    fn branch(&self, container: u32) -> Option<(Sums, u32)> {
        let branch = self.branches[container as usize];
        (branch != NONE).then(|| {
            let steps =
                self.layout.containers[container as usize].depth - self.layout.containers[branch as usize].depth;
            (self.sums[branch as usize], u32::from(steps))
        })
    }

    /// Prose words of the runs in a range.
    fn prose_in(&self, from: u32, to: u32) -> u32 {
        let before = |i: u32| self.prose_before.get(i as usize).copied().unwrap_or(self.total.prose);
        before(to).saturating_sub(before(from))
    }

    /// Share of a short block's words in title and description, and of its word triples in JSON-LD's `articleBody` (−1 without
    /// one).
    fn said(&self, run: &Run) -> (f32, f32, f32) {
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

/// The run that shows the headline: the first heading of the title's words, else the first run of exactly these.
fn headline(layout: &Layout, title: &[String]) -> Option<usize> {
    if title.is_empty() {
        return None;
    }
    let same = |run: &Run| run.words as usize <= title.len() + 8 && title::words(&run.text) == title;
    let heading = layout.runs.iter().position(|run| matches!(layout.container(run).tag, Tag::H(_)) && same(run));
    heading
        .or_else(|| layout.runs.iter().position(same))
        .or_else(|| layout.runs.iter().position(|run| layout.container(run).tag == Tag::H(1)))
}

fn shingles_of_body(body: &str) -> Option<HashSet<u64>> {
    let mut set = HashSet::new();
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
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(max_words) {
        if word.is_ascii() && word.len() <= 32 {
            let mut lower = [0u8; 32];
            let lower = &mut lower[..word.len()];
            lower.copy_from_slice(word.as_bytes());
            lower.make_ascii_lowercase();
            each(xxh3_64(lower));
        } else {
            each(xxh3_64(word.to_lowercase().as_bytes()));
        }
    }
}

/// Sorted hashes of a short text's words.
fn hashes(text: &str) -> Vec<u64> {
    let mut hashes = Vec::new();
    word_hashes(text, 100, |hash| hashes.push(hash));
    hashes.sort_unstable();
    hashes
}

fn layout_tag(layout: &Layout, run: u32) -> Tag {
    layout.container(&layout.runs[run as usize]).tag
}

struct View<'e> {
    evidence: &'e Evidence<'e>,
    i: usize,
    run: &'e Run,
    look: &'e Look,
    tag: Tag,
    parent_tag: Tag,
    own: Sums,
    parent: Sums,
    grand: Sums,
    great: Sums,
    signature: Sums,
    before: [Option<(&'e Run, &'e Look)>; 3],
    after: [Option<(&'e Run, &'e Look)>; 3],
    branch: Option<(Sums, u32)>,
    heading: f32,
    heading_level: f32,
    main_prose_left: f32,
    fall: u32,
    climb: u16,
    in_main: bool,
    title_overlap: f32,
    description_overlap: f32,
    body_share: f32,
}

impl View<'_> {
    fn is(&self, tag: Tag) -> f32 {
        f32::from(u8::from(self.tag == tag))
    }

    fn since_headline(&self) -> f32 {
        self.evidence.headline.map_or(-200.0, |at| (self.i as f32 - at as f32).clamp(-100.0, 100.0))
    }

    fn words_since_headline(&self) -> f32 {
        let before = &self.evidence.words_before;
        self.evidence.headline.map_or(-1.0, |at| if self.i < at { -1.0 } else { log(before[self.i] - before[at]) })
    }
}

fn neighbour_words(at: Option<(&Run, &Look)>) -> f32 {
    at.map_or(-1.0, |(run, _)| log(run.words))
}

fn neighbour_links(at: Option<(&Run, &Look)>) -> f32 {
    at.map_or(-1.0, |(run, _)| share(run.link_letters, run.letters))
}

fn neighbour_prose(at: Option<(&Run, &Look)>) -> f32 {
    at.map_or(-1.0, |(_, look)| f32::from(u8::from(look.prose)) + f32::from(u8::from(look.full_stop)))
}

/// Declares features: their names, and how each is read.
macro_rules! features {
    ($view:ident: $($name:literal = $value:expr;)*) => {
        const NAMES: &[&str] = &[$($name),*];
        fn values($view: &View<'_>, out: &mut Vec<f32>) {
            $(out.push($value);)*
        }
    };
}

fn flag(value: bool) -> f32 {
    f32::from(u8::from(value))
}

features! { v:
    "words" = log(v.run.words);
    "letters" = log(v.run.letters);
    "word_length" = share(v.run.letters, v.run.words.max(1));
    "links" = f32::from(v.run.links);
    "link_density" = share(v.run.link_letters, v.run.letters);
    "plain_letters" = log(v.run.letters.saturating_sub(v.run.link_letters));
    "bold" = share(v.run.bold_letters, v.run.letters);
    "italic" = share(v.run.italic_letters, v.run.letters);
    "full_stop" = flag(v.look.full_stop);
    "colon" = flag(v.look.colon);
    "question" = flag(v.look.question);
    "ellipsis" = flag(v.look.ellipsis);
    "starts_upper" = flag(v.look.starts_upper);
    "quote_mark" = flag(v.look.quote);
    "commas" = f32::from(v.look.commas) / (v.run.words.max(1) as f32);
    "digits" = share(u32::from(v.look.digits), v.run.letters);
    "uppers" = share(u32::from(v.look.uppers), v.run.letters);
    "capitalized" = share(u32::from(v.look.capitalized), v.run.words);
    "bars" = f32::from(v.look.bars);
    "year" = flag(v.look.year);
    "lines" = f32::from(v.look.lines);
    "time_element" = flag(v.run.has_time);
    "prose" = flag(v.look.prose);
    "copy_number" = f32::from(v.look.copy_number.min(9));
    "copies" = f32::from(v.evidence.copies.get(&v.look.hash).copied().unwrap_or(1).min(9));
    "is_p" = v.is(Tag::P);
    "is_li" = v.is(Tag::Li);
    "is_div" = v.is(Tag::Div);
    "is_section" = flag(matches!(v.tag, Tag::Section | Tag::Article | Tag::Main | Tag::Body));
    "is_row" = flag(v.run.is_row);
    "is_cell" = flag(matches!(v.tag, Tag::Td | Tag::Th));
    "is_dt" = flag(matches!(v.tag, Tag::Dt | Tag::Dd));
    "heading" = if let Tag::H(level) = v.tag { f32::from(level) } else { 0.0 };
    "parent_is_item" = flag(matches!(v.parent_tag, Tag::Li));
    "parent_is_list" = flag(matches!(v.parent_tag, Tag::Ul | Tag::Ol));
    "parent_is_body" = flag(matches!(v.parent_tag, Tag::Body));
    "own_runs" = log(v.own.runs);
    "own_prose" = share(v.own.prose, v.evidence.total.prose);
    "parent_words" = log(v.parent.words);
    "parent_links" = v.parent.link_density();
    "parent_prose" = log(v.parent.prose);
    "parent_prose_share" = share(v.parent.prose, v.parent.words);
    "parent_of_page" = share(v.parent.prose, v.evidence.total.prose);
    "parent_runs" = log(v.parent.runs);
    "grand_words" = log(v.grand.words);
    "grand_links" = v.grand.link_density();
    "grand_prose" = log(v.grand.prose);
    "grand_prose_share" = share(v.grand.prose, v.grand.words);
    "grand_of_page" = share(v.grand.prose, v.evidence.total.prose);
    "great_links" = v.great.link_density();
    "great_prose_share" = share(v.great.prose, v.great.words);
    "great_of_page" = share(v.great.prose, v.evidence.total.prose);
    "signature_runs" = log(v.signature.runs);
    "signature_words" = share(v.signature.words, v.signature.runs);
    "signature_links" = v.signature.link_density();
    "signature_prose" = share(v.signature.prose_runs, v.signature.runs);
    "signature_of_page" = share(v.signature.prose, v.evidence.total.prose);
    "in_main" = flag(v.in_main);
    "branch_words" = v.branch.map_or(-1.0, |(sums, _)| log(sums.words));
    "branch_links" = v.branch.map_or(-1.0, |(sums, _)| sums.link_density());
    "branch_prose_share" = v.branch.map_or(-1.0, |(sums, _)| share(sums.prose, sums.words));
    "branch_of_page" = v.branch.map_or(-1.0, |(sums, _)| share(sums.prose, v.evidence.total.prose));
    "branch_runs" = v.branch.map_or(-1.0, |(sums, _)| log(sums.runs));
    "branch_steps" = v.branch.map_or(-1.0, |(_, steps)| steps as f32);
    "heading_since" = v.heading;
    "heading_level" = v.heading_level;
    "main_prose_left" = v.main_prose_left;
    "fall_from_top" = v.fall as f32;
    "climb_to_top" = f32::from(v.climb);
    "depth" = f32::from(v.evidence.layout.container(v.run).depth);
    "position" = share(v.i as u32, v.evidence.layout.runs.len() as u32);
    "words_position" = share(v.evidence.words_before[v.i], v.evidence.total.words);
    "prose_position" = share(v.evidence.prose_before[v.i], v.evidence.total.prose);
    "prose_since" = v.evidence.previous_prose[v.i].min(50) as f32;
    "prose_ahead" = v.evidence.next_prose[v.i].min(50) as f32;
    "since_headline" = v.since_headline();
    "words_since_headline" = v.words_since_headline();
    "before_words" = neighbour_words(v.before[0]);
    "before_links" = neighbour_links(v.before[0]);
    "before_prose" = neighbour_prose(v.before[0]);
    "before2_words" = neighbour_words(v.before[1]);
    "before2_links" = neighbour_links(v.before[1]);
    "before2_prose" = neighbour_prose(v.before[1]);
    "before3_words" = neighbour_words(v.before[2]);
    "after_words" = neighbour_words(v.after[0]);
    "after_links" = neighbour_links(v.after[0]);
    "after_prose" = neighbour_prose(v.after[0]);
    "after2_words" = neighbour_words(v.after[1]);
    "after2_links" = neighbour_links(v.after[1]);
    "after2_prose" = neighbour_prose(v.after[1]);
    "after3_words" = neighbour_words(v.after[2]);
    "before_same_container" = flag(v.before[0].is_some_and(|(run, _)| run.container == v.run.container));
    "title_overlap" = v.title_overlap;
    "description_overlap" = v.description_overlap;
    "body_share" = v.body_share;
    "page_words" = log(v.evidence.total.words);
    "page_prose" = log(v.evidence.total.prose);
    "page_links" = v.evidence.total.link_density();
    "page_runs" = log(v.evidence.total.runs);
}

/// The names of the features of [`Evidence::row`], in order.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(hints::names().map(|kind| format!("hint_{kind}")));
    names.extend(hints::names().map(|kind| format!("own_hint_{kind}")));
    names.extend(within::NAMES.iter().map(|name| format!("within_{name}")));
    names.extend(cue_kinds().map(|(kind, _)| format!("cue_{kind}")));
    names.extend(cue_kinds().map(|(kind, _)| format!("heading_cue_{kind}")));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_name() {
        let mut layout = Layout::default();
        assert!(names().len() > 100);
        assert_eq!(cue_kinds().count(), CUE_KINDS);
        let tree = super::super::parse::parse("<p>One word. <p>Two", &super::super::Settings::default());
        layout.runs.extend(super::super::walk::layout(&tree, 10).runs);
        layout.containers.extend(super::super::walk::layout(&tree, 10).containers);
        let evidence = Evidence::new(&layout, Some("One"), None, None);
        let mut row = Vec::new();
        evidence.row(1, &mut row);
        assert_eq!(row.len(), names().len());
    }
}
