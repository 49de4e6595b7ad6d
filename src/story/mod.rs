//! Articles on one event → story: online clustering of articles by their names and telling words.
//!
//! Stories link articles and never merge them. Pure, one owner, no clock: the day is passed in. Single-pass clustering
//! against story centroids with a time window is the classic of topic detection (Allan et al. 1998); names count more
//! than words, because two reports of one event share its people and places and little else.

mod frequency;
mod terms;

pub use terms::Terms;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use frequency::Frequencies;
use serde::{Deserialize, Serialize};

/// The ledger's number of the document that founded a cluster of near-copies, or a story.
pub type ClusterId = u64;

/// Thresholds and bounds, as used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Cosine similarity to a story's centroid from which an article belongs to it. Lower joins more reports of an event and
    /// more that only share its subject: on generated news B³ is .90 at .36, .914 at .40 and .923 at .42, while of the
    /// reports on one event more than a fifth stay apart at .40.
    pub min_similarity: f64,
    /// Days between an article and the latest one of its story, at most.
    pub window_days: u32,
    /// Stories held open, of about 1.5 kB each; past it those that have been quiet the longest are closed.
    pub max_open: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { min_similarity: 0.4, window_days: 7, max_open: 20_000 }
    }
}

/// Terms kept of a story: enough to recognize it, few enough to hold many.
const CENTROID_TERMS: usize = 64;
/// Strongest terms of an article by which open stories are looked for.
const QUERY_TERMS: usize = 16;
/// Open stories looked at under one term, newest first.
const STORIES_OF_TERM: usize = 128;
/// Stories compared in full.
const MAX_CANDIDATES: usize = 16;

/// An open story.
#[derive(Debug)]
struct Story {
    last_day: i32,
    /// When it last got an article, counted in articles.
    touched: u64,
    /// Sum of the articles' unit vectors, the strongest terms only; sorted by term.
    centroid: Vec<(u32, f32)>,
}

/// The open stories.
pub struct Stories {
    settings: Settings,
    frequencies: Frequencies,
    /// By founder.
    stories: BTreeMap<ClusterId, Story>,
    /// Founders of stories with this term, in the order in which it came up.
    by_term: HashMap<u32, Vec<ClusterId>>,
    /// Open stories, the longest quiet first. Not by day: dates are as published, and one wrong year must not close all.
    by_touch: BTreeSet<(u64, ClusterId)>,
    articles: u64,
}

impl Stories {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            frequencies: Frequencies::new(),
            stories: BTreeMap::new(),
            by_term: HashMap::new(),
            by_touch: BTreeSet::new(),
            articles: 0,
        }
    }

    /// The founder of the story that a new article belongs to: itself, where it opens one. Articles made from a template
    /// are best not placed at all: they are alike without an event.
    ///
    /// `day` counts from 1970-01-01: of publication, else of arrival.
    pub fn place(&mut self, cluster: ClusterId, terms: &Terms, day: i32) -> ClusterId {
        self.frequencies.count(terms);
        let vector = self.vector(terms);
        let story = self.closest(&vector, day).unwrap_or(cluster);
        self.enter(story, &vector, day);
        story
    }

    /// Takes an article back at start, in the order of arrival, with the story that it was placed in.
    pub fn restore(&mut self, story: ClusterId, terms: &Terms, day: i32) {
        self.frequencies.count(terms);
        let vector = self.vector(terms);
        self.enter(story, &vector, day);
    }

    /// The number of open stories.
    pub fn len(&self) -> usize {
        self.stories.len()
    }

    pub fn is_empty(&self) -> bool {
        self.stories.is_empty()
    }

    /// The unit vector of an article's terms, strongest first.
    fn vector(&self, terms: &Terms) -> Vec<(u32, f32)> {
        let mut vector: Vec<(u32, f32)> =
            terms.iter().map(|(term, weight)| (term, weight * self.frequencies.rarity(term))).collect();
        let norm = vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        if norm > 0.0 {
            vector.iter_mut().for_each(|(_, weight)| *weight /= norm);
        }
        vector.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        vector
    }

    fn closest(&self, vector: &[(u32, f32)], day: i32) -> Option<ClusterId> {
        let mut scores: BTreeMap<ClusterId, f32> = BTreeMap::new();
        for (term, weight) in vector.iter().take(QUERY_TERMS) {
            for key in self.by_term.get(term).into_iter().flatten().rev().take(STORIES_OF_TERM) {
                *scores.entry(*key).or_default() += weight * weight;
            }
        }
        let mut candidates: Vec<(ClusterId, f32)> = scores.into_iter().collect();
        candidates.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0)));
        let window = self.settings.window_days;
        candidates
            .into_iter()
            .take(MAX_CANDIDATES)
            .filter_map(|(key, _)| {
                let story = self.stories.get(&key)?;
                let near = story.last_day.abs_diff(day) <= window;
                near.then(|| (similarity(vector, &story.centroid), key))
            })
            .filter(|(similarity, _)| *similarity >= self.settings.min_similarity)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
            .map(|(_, key)| key)
    }

    fn enter(&mut self, founder: ClusterId, vector: &[(u32, f32)], day: i32) {
        self.articles += 1;
        let story =
            self.stories.entry(founder).or_insert_with(|| Story { last_day: day, touched: 0, centroid: Vec::new() });
        self.by_touch.remove(&(story.touched, founder));
        story.last_day = story.last_day.max(day);
        story.touched = self.articles;
        self.by_touch.insert((story.touched, founder));
        for (term, weight) in vector {
            match story.centroid.binary_search_by_key(term, |(term, _)| *term) {
                Ok(at) => story.centroid[at].1 += weight,
                Err(at) => {
                    story.centroid.insert(at, (*term, *weight));
                    let listed = self.by_term.entry(*term).or_default();
                    listed.push(founder);
                    if listed.len() > 2 * STORIES_OF_TERM {
                        listed.drain(..STORIES_OF_TERM);
                    }
                }
            }
        }
        for term in trim(&mut story.centroid) {
            self.unlist(term, founder);
        }
        self.close_quiet();
    }

    fn close_quiet(&mut self) {
        while self.stories.len() > self.settings.max_open {
            let Some((_, founder)) = self.by_touch.pop_first() else { return };
            for (term, _) in self.stories.remove(&founder).map(|story| story.centroid).unwrap_or_default() {
                self.unlist(term, founder);
            }
        }
    }

    fn unlist(&mut self, term: u32, founder: ClusterId) {
        let Some(listed) = self.by_term.get_mut(&term) else { return };
        listed.retain(|listed| *listed != founder);
        if listed.is_empty() {
            self.by_term.remove(&term);
        }
    }
}

/// Keeps the strongest terms; those dropped.
fn trim(centroid: &mut Vec<(u32, f32)>) -> Vec<u32> {
    if centroid.len() <= CENTROID_TERMS {
        return Vec::new();
    }
    centroid.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let dropped = centroid.split_off(CENTROID_TERMS).into_iter().map(|(term, _)| term).collect();
    centroid.sort_unstable_by_key(|(term, _)| *term);
    centroid.shrink_to_fit();
    dropped
}

/// Cosine of a unit vector and a centroid.
fn similarity(vector: &[(u32, f32)], centroid: &[(u32, f32)]) -> f64 {
    let norm = centroid.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
    let in_centroid = |term: &u32| centroid.binary_search_by_key(term, |(term, _)| *term).ok().map(|at| centroid[at].1);
    let product: f32 = vector.iter().filter_map(|(term, weight)| Some(weight * in_centroid(term)?)).sum();
    if norm > 0.0 { f64::from(product / norm) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(words: &str) -> Terms {
        Terms::of(None, words)
    }

    #[test]
    fn only_so_many_stories_are_held_open() {
        let mut stories = Stories::new(Settings { max_open: 3, ..Settings::default() });
        for id in 1..=10 {
            stories.place(id, &terms(&format!("quarrel{id} lantern{id} orchard{id}")), 1);
        }
        assert_eq!(stories.len(), 3);
        assert_eq!(stories.by_term.len(), 9);
        assert_eq!(stories.place(11, &terms("quarrel9 lantern9 orchard9"), 1), 9);
        assert_eq!(stories.place(12, &terms("quarrel2 lantern2 orchard2"), 1), 12);
    }

    #[test]
    fn a_date_in_the_far_future_closes_nothing() {
        let mut stories = Stories::new(Settings::default());
        stories.place(1, &terms("quarrel lantern orchard"), 100);
        stories.place(2, &terms("meadow bucket saddle"), 900_000);
        assert_eq!(stories.place(3, &terms("quarrel lantern orchard"), 101), 1);
    }

    #[test]
    fn a_centroid_keeps_its_strongest_terms() {
        let mut centroid: Vec<(u32, f32)> =
            (0..CENTROID_TERMS as u32 + 2).map(|term| (term, 1.0 + (term % 7) as f32)).collect();
        assert_eq!(trim(&mut centroid), [56, 63]);
        assert_eq!(centroid.len(), CENTROID_TERMS);
        assert!(centroid.is_sorted_by_key(|(term, _)| *term));
    }
}
