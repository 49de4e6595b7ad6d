//! What the first judgement of a page's blocks says about each one's surroundings: the features of the second step.
//!
//! A heading is kept for the prose under it, a caption-like line for the paragraphs on both sides: that is only seen once
//! the neighbours have been judged.

use std::collections::HashMap;

use super::layout::{Layout, Run};
use super::tag::Tag;
use super::tree::NONE;

/// The names of the features of [`Context::row`], in order.
pub(super) const NAMES: [&str; 29] = [
    "p",
    "p_before1",
    "p_before2",
    "p_before3",
    "p_after1",
    "p_after2",
    "p_after3",
    "p_window4",
    "p_window10",
    "p_before5_max",
    "p_after5_max",
    "p_own",
    "p_parent",
    "p_grand",
    "p_great",
    "p_signature",
    "mass_before",
    "mass_after",
    "mass",
    "strong_since",
    "strong_ahead",
    "words_since_strong",
    "words_ahead_strong",
    "p_heading",
    "p_section",
    "in_mass",
    "mass_fall",
    "p_others",
    "mass_of_parent",
];

/// Judged sums over a container or a signature: words, and words weighted by probability.
#[derive(Clone, Copy, Debug, Default)]
struct Mass {
    words: f32,
    kept: f32,
}

impl Mass {
    fn add(&mut self, words: f32, p: f32) {
        self.words += words;
        self.kept += words * p;
    }

    fn mean(self) -> f32 {
        if self.words > 0.0 { self.kept / self.words } else { -1.0 }
    }

    fn without(self, words: f32, p: f32) -> f32 {
        let rest = Self { words: self.words - words, kept: self.kept - words * p };
        if rest.words > 0.5 { rest.kept / rest.words } else { -1.0 }
    }
}

/// A page's first judgement, summed up.
pub(super) struct Context<'p> {
    layout: &'p Layout,
    p: &'p [f32],
    containers: Vec<Mass>,
    signatures: HashMap<u64, Mass>,
    /// Sums of words and kept words before each run, one longer than the runs.
    before: Vec<Mass>,
    /// Nearest run that is surely kept, before and after.
    strong_before: Vec<Option<u32>>,
    strong_after: Vec<Option<u32>>,
    /// For each run the heading that it stands under, and where that section ends.
    heading: Vec<Option<u32>>,
    section_end: Vec<u32>,
    /// Innermost container with most of the kept words.
    main: u32,
}

fn weight(run: &Run) -> f32 {
    run.words as f32 + 1.0
}

/// From here a run of ten or more words counts as surely kept.
const STRONG: f32 = 0.5;
const STRONG_WORDS: u32 = 10;

impl<'p> Context<'p> {
    /// `p` holds one probability for each run.
    pub fn new(layout: &'p Layout, p: &'p [f32]) -> Self {
        let n = layout.runs.len();
        let mut containers = vec![Mass::default(); layout.containers.len()];
        let mut signatures: HashMap<u64, Mass> = HashMap::new();
        let mut before = Vec::with_capacity(n + 1);
        let mut sum = Mass::default();
        for (run, &p) in layout.runs.iter().zip(p) {
            before.push(sum);
            sum.add(weight(run), p);
            containers[run.container as usize].add(weight(run), p);
            signatures.entry(layout.container(run).signature).or_default().add(weight(run), p);
        }
        before.push(sum);
        for at in (0..containers.len()).rev() {
            let parent = layout.containers[at].parent;
            if parent != NONE {
                let own = containers[at];
                containers[parent as usize].words += own.words;
                containers[parent as usize].kept += own.kept;
            }
        }
        let strong = |i: usize| p[i] > STRONG && layout.runs[i].words >= STRONG_WORDS;
        let (mut strong_before, mut strong_after) = (vec![None; n], vec![None; n]);
        let (mut heading, mut section_end) = (vec![None; n], vec![n as u32; n]);
        let (mut last, mut under) = (None, None);
        for i in 0..n {
            strong_before[i] = last;
            if strong(i) {
                last = Some(i as u32);
            }
            if matches!(layout.container(&layout.runs[i]).tag, Tag::H(_)) {
                under = Some(i as u32);
            }
            heading[i] = under;
        }
        let (mut next, mut end) = (None, n as u32);
        for i in (0..n).rev() {
            strong_after[i] = next;
            section_end[i] = end;
            if strong(i) {
                next = Some(i as u32);
            }
            if matches!(layout.container(&layout.runs[i]).tag, Tag::H(_)) {
                end = i as u32;
            }
        }
        let main = (0..containers.len())
            .filter(|&at| containers[at].kept >= sum.kept * 0.8)
            .max_by_key(|&at| layout.containers[at].depth)
            .unwrap_or(0) as u32;
        Self { layout, p, containers, signatures, before, strong_before, strong_after, heading, section_end, main }
    }

    /// Word-weighted mean probability of the runs in a range.
    fn mean(&self, from: usize, to: usize) -> f32 {
        let (from, to) = (self.before[from], self.before[to]);
        Mass { words: to.words - from.words, kept: to.kept - from.kept }.mean()
    }

    /// Appends the features of one run, in the order of [`NAMES`].
    pub fn row(&self, i: usize, out: &mut Vec<f32>) {
        let n = self.p.len();
        let run = &self.layout.runs[i];
        let (words, p) = (weight(run), self.p[i]);
        let at = |offset: isize| {
            let at = i as isize + offset;
            usize::try_from(at).ok().and_then(|at| self.p.get(at)).copied().unwrap_or(-1.0)
        };
        let window = |reach: usize| self.mean(i.saturating_sub(reach), (i + reach + 1).min(n));
        let most = |range: &[f32]| range.iter().fold(-1.0f32, |most, &p| most.max(p));
        let up = |mut at: u32, steps: usize| {
            for _ in 0..steps {
                let parent = self.layout.containers[at as usize].parent;
                if parent != NONE {
                    at = parent;
                }
            }
            at as usize
        };
        let total = self.before[n];
        let mass = |i: usize| if total.kept > 0.0 { self.before[i].kept / total.kept } else { 0.0 };
        let parent = self.containers[up(run.container, 1)];
        let words_between = |from: usize, to: usize| (self.before[to].words - self.before[from].words + 1.0).ln();
        let (since, words_since) = self.strong_before[i]
            .map_or((99.0, 9.0), |at| (((i as u32 - at) as f32).min(99.0), words_between(at as usize + 1, i)));
        let (ahead, words_ahead) = self.strong_after[i]
            .map_or((99.0, 9.0), |at| (((at - i as u32) as f32).min(99.0), words_between(i + 1, at as usize)));
        let section = self.heading[i].map_or(0, |at| at as usize + 1);
        let section_end = (self.section_end[i] as usize).max(section);
        let mut main = self.main;
        let mut fall = 0.0;
        loop {
            let container = &self.layout.containers[main as usize];
            if (container.first..container.end).contains(&(i as u32)) || container.parent == NONE {
                break;
            }
            main = container.parent;
            fall += 1.0;
        }
        let signature = self.signatures.get(&self.layout.container(run).signature).copied().unwrap_or_default();
        let values: [f32; NAMES.len()] = [
            p,
            at(-1),
            at(-2),
            at(-3),
            at(1),
            at(2),
            at(3),
            window(4),
            window(10),
            most(&self.p[i.saturating_sub(5)..i]),
            most(&self.p[i + 1..(i + 6).min(n)]),
            self.containers[run.container as usize].without(words, p),
            parent.without(words, p),
            self.containers[up(run.container, 2)].without(words, p),
            self.containers[up(run.container, 3)].without(words, p),
            signature.without(words, p),
            mass(i),
            1.0 - mass(i + 1),
            (total.kept + 1.0).ln(),
            since,
            ahead,
            words_since,
            words_ahead,
            self.heading[i].map_or(-1.0, |at| self.p[at as usize]),
            self.mean(section, section_end),
            f32::from(u8::from(fall == 0.0)),
            fall,
            Mass { words: total.words, kept: total.kept }.mean(),
            if total.kept > 0.0 { parent.kept / total.kept } else { 0.0 },
        ];
        out.extend(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_and_containers_are_summed_without_the_block_itself() {
        let page = "<div><h2>On</h2><p>One two three four five six seven eight nine ten.</p><p>Two</p></div>";
        let tree = super::super::parse::parse(page, &super::super::Settings::default());
        let layout = super::super::walk::layout(&tree, 10);
        let p = [0.25, 1.0, 0.0];
        let context = Context::new(&layout, &p);
        let mut row = Vec::new();
        context.row(2, &mut row);
        let value = |name: &str| row[NAMES.iter().position(|known| *known == name).expect("a name")];
        assert_eq!(value("p_before1"), 1.0);
        assert_eq!(value("p_after1"), -1.0);
        assert_eq!(value("strong_since"), 1.0);
        assert_eq!(value("p_heading"), 0.25);
        assert!(value("p_parent") > 0.8);
    }
}
