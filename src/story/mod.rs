//! Articles on one event → story: online clustering of articles by their names and telling words.
//!
//! Stories link articles and never merge them. Pure, one owner, no clock: the day is passed in. Single-pass clustering
//! against story centroids with a time window is the classic of topic detection (Allan et al. 1998); names count more
//! than words, because two reports of one event share its people and places and little else.

mod frequency;
mod terms;

pub use terms::Terms;

use std::collections::{BTreeSet, HashMap};

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
    /// Days between an article and the nearest day of its story, at most.
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

/// Where an open story lies.
type Slot = u32;

/// An open story.
#[derive(Debug)]
struct Story {
    founder: ClusterId,
    /// Of its articles. They need not come in order.
    first_day: i32,
    last_day: i32,
    /// When it last got an article, counted in articles.
    touched: u64,
    /// Sum of the articles' unit vectors, the strongest terms only; sorted by term.
    centroid: Vec<(u32, f32)>,
    /// Length of the centroid.
    norm: f32,
}

/// The open stories.
pub struct Stories {
    settings: Settings,
    frequencies: Frequencies,
    stories: Vec<Story>,
    /// What a query finds of each slot; nothing between queries. Apart from the stories, of which a query passes over many.
    scores: Vec<f32>,
    /// Slots of stories that were closed.
    free: Vec<Slot>,
    by_founder: HashMap<ClusterId, Slot>,
    /// Stories with this term, in the order in which it came up.
    by_term: HashMap<u32, Vec<Slot>>,
    /// Open stories, the longest quiet first. Not by day: dates are as published, and one wrong year must not close all.
    by_touch: BTreeSet<(u64, Slot)>,
    articles: u64,
}

impl Stories {
    /// Knows no story yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            frequencies: Frequencies::new(),
            stories: Vec::new(),
            scores: Vec::new(),
            free: Vec::new(),
            by_founder: HashMap::new(),
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
        self.by_founder.len()
    }

    /// Whether no story is open.
    pub fn is_empty(&self) -> bool {
        self.by_founder.is_empty()
    }

    /// The unit vector of an article's terms, sorted by term.
    fn vector(&self, terms: &Terms) -> Vec<(u32, f32)> {
        let mut vector: Vec<(u32, f32)> =
            terms.iter().map(|(term, weight)| (term, weight * self.frequencies.rarity(term))).collect();
        let norm = norm(&vector);
        if norm > 0.0 {
            vector.iter_mut().for_each(|(_, weight)| *weight /= norm);
        }
        vector
    }

    fn closest(&mut self, vector: &[(u32, f32)], day: i32) -> Option<ClusterId> {
        let mut query = vector.to_vec();
        keep_strongest(&mut query, QUERY_TERMS);
        let mut found: Vec<Slot> = Vec::new();
        for (term, weight) in query.iter().filter(|(_, weight)| *weight > 0.0) {
            for &slot in self.by_term.get(term).into_iter().flatten().rev().take(STORIES_OF_TERM) {
                let score = &mut self.scores[slot as usize];
                if *score == 0.0 {
                    found.push(slot);
                }
                *score += weight * weight;
            }
        }
        let take =
            |slot: Slot| (std::mem::take(&mut self.scores[slot as usize]), self.stories[slot as usize].founder, slot);
        let mut candidates: Vec<(f32, ClusterId, Slot)> = found.into_iter().map(take).collect();
        if candidates.len() > MAX_CANDIDATES {
            candidates.select_nth_unstable_by(MAX_CANDIDATES, |a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
            candidates.truncate(MAX_CANDIDATES);
        }
        let weights = Weights::of(vector);
        candidates
            .into_iter()
            .map(|(_, founder, slot)| (&self.stories[slot as usize], founder))
            .filter(|(story, _)| story.days_from(day) <= self.settings.window_days)
            .map(|(story, founder)| (story.similarity(&weights), founder))
            .filter(|(similarity, _)| *similarity >= self.settings.min_similarity)
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))
            .map(|(_, founder)| founder)
    }

    fn enter(&mut self, founder: ClusterId, vector: &[(u32, f32)], day: i32) {
        self.articles += 1;
        let slot = match self.by_founder.get(&founder) {
            Some(&slot) => slot,
            None => self.open(founder, day),
        };
        let story = &mut self.stories[slot as usize];
        self.by_touch.remove(&(story.touched, slot));
        self.by_touch.insert((self.articles, slot));
        story.touched = self.articles;
        story.first_day = story.first_day.min(day);
        story.last_day = story.last_day.max(day);
        let before = std::mem::take(&mut story.centroid);
        let mut centroid = sum(&before, vector);
        keep_strongest(&mut centroid, CENTROID_TERMS);
        for term in missing(&centroid, &before) {
            let listed = self.by_term.entry(term).or_default();
            listed.push(slot);
            if listed.len() > 2 * STORIES_OF_TERM {
                listed.drain(..STORIES_OF_TERM);
            }
        }
        for term in missing(&before, &centroid) {
            self.unlist(term, slot);
        }
        let story = &mut self.stories[slot as usize];
        story.norm = norm(&centroid);
        story.centroid = centroid;
        self.close_quiet();
    }

    fn open(&mut self, founder: ClusterId, day: i32) -> Slot {
        let story = Story { founder, first_day: day, last_day: day, touched: 0, centroid: Vec::new(), norm: 0.0 };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.stories[slot as usize] = story;
                slot
            }
            None => {
                self.stories.push(story);
                self.scores.push(0.0);
                self.stories.len() as Slot - 1
            }
        };
        self.by_founder.insert(founder, slot);
        slot
    }

    fn close_quiet(&mut self) {
        while self.len() > self.settings.max_open {
            let Some((_, slot)) = self.by_touch.pop_first() else { return };
            let story = &mut self.stories[slot as usize];
            self.by_founder.remove(&story.founder);
            for (term, _) in std::mem::take(&mut story.centroid) {
                self.unlist(term, slot);
            }
            self.free.push(slot);
        }
    }

    fn unlist(&mut self, term: u32, slot: Slot) {
        let Some(listed) = self.by_term.get_mut(&term) else { return };
        listed.retain(|listed| *listed != slot);
        if listed.is_empty() {
            self.by_term.remove(&term);
        }
    }
}

impl Story {
    /// Days between a day and the nearest of the story.
    fn days_from(&self, day: i32) -> u32 {
        day.clamp(self.first_day, self.last_day).abs_diff(day)
    }

    /// Cosine of a unit vector and the centroid.
    fn similarity(&self, vector: &Weights) -> f64 {
        let product: f32 =
            self.centroid.iter().filter_map(|&(term, other)| vector.get(term).map(|weight| weight * other)).sum();
        if self.norm > 0.0 { f64::from(product / self.norm) } else { 0.0 }
    }
}

/// A vector to look terms up in, for many centroids: walking along both in order costs several times as much, since it
/// cannot be foreseen which of them is ahead.
struct Weights {
    /// A power of two, seven eighths of it free, so that most terms of a centroid, which are not the article's, are missed at
    /// the first look; a term lies at its lowest bits or behind, a weight of 0 is a free place.
    places: Vec<(u32, f32)>,
}

impl Weights {
    fn of(vector: &[(u32, f32)]) -> Self {
        let mut weights = Self { places: vec![(0, 0.0); (vector.len() * 8).next_power_of_two()] };
        for &(term, weight) in vector.iter().filter(|(_, weight)| *weight != 0.0) {
            let free = weights.from(term).find(|at| weights.places[*at].1 == 0.0).expect("most of it is free");
            weights.places[free] = (term, weight);
        }
        weights
    }

    fn get(&self, term: u32) -> Option<f32> {
        let mut at = self.from(term).map(|at| self.places[at]);
        at.find(|place| place.0 == term || place.1 == 0.0).map(|place| place.1).filter(|weight| *weight != 0.0)
    }

    /// The places where a term may lie, in order.
    fn from(&self, term: u32) -> impl Iterator<Item = usize> + use<> {
        let mask = self.places.len() - 1;
        (0..=mask).map(move |step| (term as usize + step) & mask)
    }
}

fn norm(vector: &[(u32, f32)]) -> f32 {
    vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt()
}

/// Two vectors, sorted by term, as one.
fn sum(a: &[(u32, f32)], b: &[(u32, f32)]) -> Vec<(u32, f32)> {
    let mut sum = Vec::with_capacity(a.len() + b.len());
    let mut a = a.iter().copied().peekable();
    for &(term, weight) in b {
        while let Some(before) = a.next_if(|(other, _)| *other < term) {
            sum.push(before);
        }
        let added = a.next_if(|(other, _)| *other == term).map_or(0.0, |(_, other)| other);
        sum.push((term, weight + added));
    }
    sum.extend(a);
    sum
}

/// Terms of `a` that are not in `b`; both are sorted by term.
fn missing(a: &[(u32, f32)], b: &[(u32, f32)]) -> impl Iterator<Item = u32> {
    let mut b = b.iter().peekable();
    a.iter().map(|(term, _)| *term).filter(move |term| {
        while b.next_if(|(other, _)| other < term).is_some() {}
        b.peek().is_none_or(|(other, _)| other != term)
    })
}

/// Keeps the strongest terms, sorted by term.
fn keep_strongest(vector: &mut Vec<(u32, f32)>, limit: usize) {
    if vector.len() > limit {
        vector.select_nth_unstable_by(limit, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        vector.truncate(limit);
        vector.sort_unstable_by_key(|(term, _)| *term);
    }
    vector.shrink_to_fit();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    proptest! {
        // Few values in the lowest bits, so that most terms find their place taken.
        #[test]
        fn every_weight_is_found_and_no_other(terms in prop::collection::btree_map((0u32..40).prop_map(|n| (n << 6) | (n % 3)), 0.1f32..1.0, 0..64)) {
            let vector: Vec<(u32, f32)> = terms.iter().map(|(term, weight)| (*term, *weight)).collect();
            let weights = Weights::of(&vector);
            for term in 0..40 << 6 {
                prop_assert_eq!(weights.get(term), terms.get(&term).copied());
            }
        }
    }

    #[test]
    fn a_date_in_the_far_future_closes_nothing() {
        let mut stories = Stories::new(Settings::default());
        stories.place(1, &terms("quarrel lantern orchard"), 100);
        stories.place(2, &terms("meadow bucket saddle"), 900_000);
        assert_eq!(stories.place(3, &terms("quarrel lantern orchard"), 101), 1);
    }

    #[test]
    fn a_story_is_told_by_its_days_in_whatever_order_they_come() {
        let mut stories = Stories::new(Settings::default());
        let terms = terms("quarrel lantern orchard");
        for (id, day, story) in [(1, 120, 1), (2, 114, 1), (3, 108, 1), (4, 127, 1), (5, 100, 5), (6, 115, 1)] {
            assert_eq!(stories.place(id, &terms, day), story, "day {day}");
        }
    }

    #[test]
    fn a_day_is_stored_with_the_terms_and_only_with_them() {
        let terms = terms("quarrel lantern orchard");
        for day in [None, Some(-1), Some(19_000)] {
            assert_eq!(Terms::from_bytes(&terms.to_bytes(day)), (terms.clone(), day));
        }
        assert!(Terms::default().to_bytes(Some(1)).is_empty());
    }

    #[test]
    fn a_centroid_keeps_its_strongest_terms() {
        let mut centroid: Vec<(u32, f32)> =
            (0..CENTROID_TERMS as u32 + 2).map(|term| (term, 1.0 + (term % 7) as f32)).collect();
        keep_strongest(&mut centroid, CENTROID_TERMS);
        assert_eq!(centroid.len(), CENTROID_TERMS);
        assert!(!centroid.iter().any(|(term, _)| [56, 63].contains(term)), "the weakest, and the later of equals");
        assert!(centroid.is_sorted_by_key(|(term, _)| *term));
    }
}
