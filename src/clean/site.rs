//! Site memory: which lines a publication prints in many of its articles, and which of its articles showed them.
//!
//! Pure and bounded. The desk drives it in arrival order: it finishes a draft, judges the article, and only when that is
//! no near-copy of a known one calls [`SiteMemory::learn`] (a near-copy would teach the article itself).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::normalize;

/// Bounds of the memory. The defaults hold about 60 MB at the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Publications remembered; the one that learned least recently is forgotten first.
    pub publications: usize,
    /// Lines remembered for one publication; the ones seen least often, then least recently, go first.
    pub lines: usize,
    /// A line not seen in so many later articles of its publication is forgotten when room is needed or counted.
    pub articles: u64,
    /// Articles named for revision by one call of [`SiteMemory::learn`], at the most.
    pub revisions: usize,
    /// Lines remembered in all.
    pub total_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { publications: 10_000, lines: 20_000, articles: 1_000, revisions: 16, total_lines: 1_000_000 }
    }
}

/// What is known of every publication.
#[derive(Debug)]
pub struct SiteMemory {
    limits: Limits,
    /// In how many other articles a line must have been seen to be proven, see [`super::Level::needed_articles`].
    needed: u32,
    publications: BTreeMap<String, Publication>,
    /// Publications by the call of `learn` that touched them last.
    order: BTreeSet<(u64, String)>,
    calls: u64,
    total_lines: usize,
}

#[derive(Debug, Default)]
struct Publication {
    lines: HashMap<u64, Seen>,
    articles: u64,
    last_call: u64,
}

/// Where a line was seen. The first few articles are kept by number, so that they can be revised once it is proven.
#[derive(Clone, Copy, Debug)]
struct Seen {
    count: u32,
    /// Valid up to `count`.
    first: [u64; FIRST],
    /// The ordinal, within the publication, of the article that showed it last.
    last: u64,
}

const FIRST: usize = 3;

/// A line that a publication is known for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownLine {
    /// See [`fingerprint`].
    pub fingerprint: u64,
    /// Distinct articles that showed it.
    pub articles: u32,
    /// Up to three of them: the first that showed it, where its words can be looked up.
    pub first_articles: Vec<u64>,
}

/// The fingerprint of a line: XXH3 of its key, so that dates, counts, case and quotes do not tell two lines apart.
///
/// `None` for a line without a letter: a bare number says nothing about a site.
pub fn fingerprint(line: &str) -> Option<u64> {
    of_key(&normalize::key(line))
}

pub(super) fn of_key(key: &str) -> Option<u64> {
    key.chars().any(char::is_alphabetic).then(|| xxhash_rust::xxh3::xxh3_64(key.as_bytes()))
}

impl Default for SiteMemory {
    fn default() -> Self {
        Self::new(super::Level::Safe, Limits::default())
    }
}

impl SiteMemory {
    /// An empty memory that proves lines as the level asks.
    pub fn new(level: super::Level, limits: Limits) -> Self {
        Self {
            limits,
            needed: level.needed_articles(),
            publications: BTreeMap::new(),
            order: BTreeSet::new(),
            calls: 0,
            total_lines: 0,
        }
    }

    /// Whether anything was learned from a publication.
    pub fn knows(&self, publication: &str) -> bool {
        self.publications.contains_key(publication)
    }

    /// How many articles were learned of a publication.
    pub fn articles(&self, publication: &str) -> u32 {
        self.publications.get(publication).map_or(0, |known| u32::try_from(known.articles).unwrap_or(u32::MAX))
    }

    /// In how many distinct articles of the publication the line was seen, `article` itself not counted.
    pub fn others(&self, publication: &str, fingerprint: u64, article: Option<u64>) -> u32 {
        let Some(seen) = self.publications.get(publication).and_then(|known| known.lines.get(&fingerprint)) else {
            return 0;
        };
        let known = seen.count as usize <= FIRST;
        match article {
            Some(own) if !known || seen.first[..seen.count as usize].contains(&own) => seen.count - 1,
            _ => seen.count,
        }
    }

    /// Whether any of these lines was seen in an article of the publication: whether the site pass has anything to do.
    pub fn knows_any(&self, publication: &str, fingerprints: &[u64]) -> bool {
        let Some(known) = self.publications.get(publication) else { return false };
        fingerprints.iter().any(|line| known.lines.contains_key(line))
    }

    /// Remembers the lines of an article that is no near-copy of a known one, and returns the earlier articles that
    /// have lines proven by it, in ascending order: their drafts are worth finishing again.
    ///
    /// `article` must be a number that the publication has not learned yet; replaying the same calls in the same order
    /// rebuilds the same memory. Takes time linear in the lines, but for the rare eviction.
    pub fn learn(&mut self, publication: &str, article: u64, fingerprints: &[u64]) -> Vec<u64> {
        self.calls += 1;
        let call = self.calls;
        let known = self.publications.entry(publication.to_owned()).or_default();
        self.order.remove(&(known.last_call, publication.to_owned()));
        known.last_call = call;
        self.order.insert((call, publication.to_owned()));
        known.articles += 1;
        let before = known.lines.len();
        let mut revise = BTreeSet::new();
        for &line in fingerprints.iter().collect::<BTreeSet<_>>() {
            let seen = known.lines.entry(line).or_insert(Seen { count: 0, first: [0; FIRST], last: 0 });
            if seen.count > 0 && known.articles - seen.last > self.limits.articles {
                seen.count = 0;
            }
            if let Some(slot) = seen.first.get_mut(seen.count as usize) {
                *slot = article;
            }
            seen.count = seen.count.saturating_add(1);
            seen.last = known.articles;
            if seen.count == self.needed + 1 {
                revise.extend(seen.first.iter().take(self.needed as usize).copied());
            }
        }
        if known.lines.len() > self.limits.lines {
            known.shrink(self.limits.lines / 2);
        }
        self.total_lines = self.total_lines - before + known.lines.len();
        self.make_room(publication);
        revise.remove(&article);
        // The latest are the ones that readers still look at.
        let surplus = revise.len().saturating_sub(self.limits.revisions);
        revise.into_iter().skip(surplus).collect()
    }

    /// Forgets a publication; returns whether it was known.
    pub fn forget(&mut self, publication: &str) -> bool {
        let Some(known) = self.publications.remove(publication) else { return false };
        self.order.remove(&(known.last_call, publication.to_owned()));
        self.total_lines -= known.lines.len();
        true
    }

    /// The proven lines of a publication, the most widespread first.
    pub fn known_lines(&self, publication: &str) -> Vec<KnownLine> {
        let Some(known) = self.publications.get(publication) else { return Vec::new() };
        let proven = known.lines.iter().filter(|(_, seen)| seen.count > self.needed);
        let mut lines: Vec<KnownLine> = proven
            .map(|(&fingerprint, seen)| KnownLine {
                fingerprint,
                articles: seen.count,
                first_articles: seen.first.iter().take(seen.count as usize).copied().collect(),
            })
            .collect();
        lines.sort_by_key(|line| (std::cmp::Reverse(line.articles), line.fingerprint));
        lines
    }

    fn make_room(&mut self, keep: &str) {
        while self.publications.len() > self.limits.publications || self.total_lines > self.limits.total_lines {
            let Some((_, oldest)) = self.order.iter().find(|(_, name)| name != keep).cloned() else { return };
            self.forget(&oldest);
        }
    }
}

impl Publication {
    /// Keeps the lines seen most often, then most recently.
    fn shrink(&mut self, keep: usize) {
        let mut rank: Vec<(u32, u64, u64)> =
            self.lines.iter().map(|(&line, seen)| (seen.count.min(FIRST as u32), seen.last, line)).collect();
        rank.sort_unstable_by(|a, b| b.cmp(a));
        for (_, _, line) in rank.into_iter().skip(keep) {
            self.lines.remove(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::Level;

    #[test]
    fn a_line_is_proven_by_two_other_articles_and_both_are_to_be_revised() {
        let mut memory = SiteMemory::default();
        assert!(memory.learn("harbour.example", 1, &[10, 11]).is_empty());
        assert!(memory.learn("harbour.example", 2, &[10, 12]).is_empty());
        assert_eq!(memory.others("harbour.example", 10, None), 2);
        assert_eq!(memory.others("harbour.example", 10, Some(2)), 1);
        assert_eq!(memory.learn("harbour.example", 3, &[10, 13]), [1, 2]);
        assert_eq!(memory.others("harbour.example", 10, Some(1)), 2);
        assert!(memory.learn("harbour.example", 4, &[10]).is_empty());
        let known = memory.known_lines("harbour.example");
        assert_eq!((known.len(), known[0].articles, known[0].first_articles.as_slice()), (1, 4, &[1, 2, 3][..]));
    }

    #[test]
    fn one_article_is_enough_to_look_at_the_next() {
        let mut memory = SiteMemory::default();
        memory.learn("a", 1, &[10]);
        assert!(memory.knows_any("a", &[9, 10]) && !memory.knows_any("a", &[9]) && !memory.knows_any("b", &[10]));
    }

    #[test]
    fn eager_needs_one_other_article() {
        let mut memory = SiteMemory::new(Level::Eager, Limits::default());
        memory.learn("a", 1, &[10]);
        assert_eq!(memory.learn("a", 2, &[10]), [1]);
    }

    #[test]
    fn a_line_twice_in_one_article_counts_once_and_no_publication_learns_for_another() {
        let mut memory = SiteMemory::default();
        memory.learn("a", 1, &[10, 10, 10]);
        assert_eq!(memory.others("a", 10, None), 1);
        assert_eq!(memory.others("b", 10, None), 0);
    }

    #[test]
    fn the_memory_keeps_its_bounds_and_what_is_seen_most() {
        let limits = Limits { publications: 2, lines: 10, total_lines: 15, revisions: 1, ..Limits::default() };
        let mut memory = SiteMemory::new(Level::Safe, limits);
        for article in 0..50 {
            memory.learn("a", article, &[1, 1_000 + article * 3, 1_001 + article * 3, 1_002 + article * 3]);
            assert!(memory.publications["a"].lines.len() <= 10);
        }
        assert_eq!(memory.others("a", 1, None), 50);
        memory.learn("b", 100, &[5]);
        memory.learn("c", 101, &[6]);
        assert_eq!(memory.publications.keys().collect::<Vec<_>>(), ["b", "c"]);
        assert!(memory.total_lines <= 15);
    }

    #[test]
    fn a_line_that_a_site_gave_up_is_new_when_it_returns() {
        let mut memory = SiteMemory::new(Level::Safe, Limits { articles: 5, ..Limits::default() });
        memory.learn("a", 0, &[1]);
        memory.learn("a", 1, &[1]);
        (2..10).for_each(|article| drop(memory.learn("a", article, &[])));
        memory.learn("a", 10, &[1]);
        assert_eq!(memory.others("a", 1, None), 1);
    }

    #[test]
    fn forgetting_leaves_nothing() {
        let mut memory = SiteMemory::default();
        memory.learn("a", 1, &[1, 2]);
        assert!(memory.forget("a") && !memory.forget("a"));
        assert_eq!((memory.total_lines, memory.order.len()), (0, 0));
    }

    #[test]
    fn a_fingerprint_folds_dates_and_needs_a_letter() {
        assert_eq!(fingerprint("Updated 3 May 2024"), fingerprint("UPDATED 12 May 2025"));
        assert_eq!(fingerprint("12"), None);
    }
}
