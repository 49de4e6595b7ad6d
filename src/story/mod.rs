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
    /// Days without an article after which a story is closed.
    pub window_days: u32,
    /// Stories held open; past it those that have been quiet the longest are closed.
    pub max_open: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { min_similarity: 0.4, window_days: 7, max_open: 50_000 }
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
    /// Sum of the articles' unit vectors, by term; strongest terms only.
    centroid: BTreeMap<u32, f32>,
}

/// The open stories.
pub struct Stories {
    settings: Settings,
    frequencies: Frequencies,
    /// By founder.
    stories: BTreeMap<ClusterId, Story>,
    /// Founders of stories with this term, in the order in which it came up.
    by_term: HashMap<u32, Vec<ClusterId>>,
    /// Open stories by last day, to close the quiet ones.
    by_day: BTreeSet<(i32, ClusterId)>,
    newest_day: i32,
}

impl Stories {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            frequencies: Frequencies::new(),
            stories: BTreeMap::new(),
            by_term: HashMap::new(),
            by_day: BTreeSet::new(),
            newest_day: i32::MIN,
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
        let story = self.stories.entry(founder).or_insert_with(|| Story { last_day: day, centroid: BTreeMap::new() });
        self.by_day.remove(&(story.last_day, founder));
        story.last_day = story.last_day.max(day);
        self.by_day.insert((story.last_day, founder));
        for (term, weight) in vector {
            if !story.centroid.contains_key(term) {
                let listed = self.by_term.entry(*term).or_default();
                listed.push(founder);
                if listed.len() > 2 * STORIES_OF_TERM {
                    listed.drain(..STORIES_OF_TERM);
                }
            }
            *story.centroid.entry(*term).or_default() += weight;
        }
        for term in trim(&mut story.centroid) {
            self.unlist(term, founder);
        }
        self.newest_day = self.newest_day.max(day);
        self.close_quiet();
    }

    fn close_quiet(&mut self) {
        let oldest = self.newest_day.saturating_sub_unsigned(self.settings.window_days);
        while let Some(&(day, founder)) = self.by_day.first() {
            if day >= oldest && self.stories.len() <= self.settings.max_open {
                break;
            }
            self.by_day.pop_first();
            let Some(story) = self.stories.remove(&founder) else { continue };
            for term in story.centroid.into_keys() {
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
fn trim(centroid: &mut BTreeMap<u32, f32>) -> Vec<u32> {
    if centroid.len() <= CENTROID_TERMS {
        return Vec::new();
    }
    let mut terms: Vec<(u32, f32)> = centroid.iter().map(|(term, weight)| (*term, *weight)).collect();
    terms.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let dropped: Vec<u32> = terms[CENTROID_TERMS..].iter().map(|(term, _)| *term).collect();
    for term in &dropped {
        centroid.remove(term);
    }
    dropped
}

/// Cosine of a unit vector and a centroid.
fn similarity(vector: &[(u32, f32)], centroid: &BTreeMap<u32, f32>) -> f64 {
    let norm = centroid.values().map(|weight| weight * weight).sum::<f32>().sqrt();
    let product: f32 = vector.iter().filter_map(|(term, weight)| Some(weight * centroid.get(term)?)).sum();
    if norm > 0.0 { f64::from(product / norm) } else { 0.0 }
}
