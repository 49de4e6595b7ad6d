//! Which document is in which cluster: the rows of the window in arrival order, and the members of each cluster.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::index::Ordinal;
use super::{ClusterId, DocId};

/// What is kept of one document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub doc: DocId,
    pub cluster: ClusterId,
    /// Hash of the canonical URL, 0 for none.
    pub url: u64,
    /// Hash of its host, 0 for none.
    pub host: u32,
    pub shingles: u32,
    pub day: i32,
    pub roundup: bool,
}

/// A cluster that is more than its founder.
#[derive(Debug)]
struct Members {
    /// Sorted.
    ordinals: Vec<Ordinal>,
    longest: Ordinal,
}

/// Documents of the window and their clusters.
#[derive(Default)]
pub(crate) struct Clusters {
    rows: VecDeque<Row>,
    /// Ordinal of the first row.
    base: Ordinal,
    /// Clusters of several members, or of one that is not the founder.
    several: HashMap<ClusterId, Members>,
    members_held: usize,
    /// The latest document of each URL.
    urls: HashMap<u64, Ordinal>,
}

impl Clusters {
    /// `base` is the ordinal of the first document; below it there is room for guests.
    pub fn new(base: Ordinal) -> Self {
        Self { base, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn next_ordinal(&self) -> Ordinal {
        self.base + self.rows.len() as Ordinal
    }

    pub fn first_ordinal(&self) -> Ordinal {
        self.base
    }

    pub fn row(&self, ordinal: Ordinal) -> &Row {
        &self.rows[(ordinal - self.base) as usize]
    }

    pub fn last(&self) -> Option<&Row> {
        self.rows.back()
    }

    pub fn first(&self) -> Option<&Row> {
        self.rows.front()
    }

    pub fn ordinal_of(&self, doc: DocId) -> Option<Ordinal> {
        let at = self.rows.binary_search_by_key(&doc, |row| row.doc).ok()?;
        Some(self.base + at as Ordinal)
    }

    /// The latest document with this URL.
    pub fn with_url(&self, url: u64) -> Option<Ordinal> {
        self.urls.get(&url).copied()
    }

    pub fn set_roundup(&mut self, ordinal: Ordinal) {
        self.rows[(ordinal - self.base) as usize].roundup = true;
    }

    /// Adds a document after all others; its cluster may exist already.
    pub fn push(&mut self, row: Row) -> Ordinal {
        let ordinal = self.next_ordinal();
        if row.url != 0 {
            self.urls.insert(row.url, ordinal);
        }
        self.rows.push_back(Row { cluster: row.doc, ..row });
        if row.cluster != row.doc {
            self.enter(ordinal, row.cluster);
        }
        ordinal
    }

    /// Gives earlier documents, sorted, a place before all others until [`Self::dismiss`]; how many there was room for.
    pub fn admit(&mut self, guests: &[Row]) -> usize {
        let guests = &guests[guests.len() - guests.len().min(self.base as usize - 1)..];
        for row in guests.iter().rev() {
            self.rows.push_front(Row { cluster: row.doc, ..*row });
            self.base -= 1;
        }
        for (ordinal, row) in (self.base..).zip(guests) {
            // A founder needs no entry while it is alone.
            if row.cluster != row.doc || self.several.contains_key(&row.cluster) {
                self.enter(ordinal, row.cluster);
            }
        }
        guests.len()
    }

    /// Lets the first `guests` documents go.
    pub fn dismiss(&mut self, guests: usize) {
        if guests > 0 {
            let mut taken = 0..guests;
            self.expire_while(|_| taken.next().is_some());
        }
    }

    /// Live members of a cluster, in arrival order.
    pub fn members(&self, cluster: ClusterId) -> Vec<Ordinal> {
        match self.several.get(&cluster) {
            Some(members) => members.ordinals.clone(),
            None => self.founder_alone(cluster).into_iter().collect(),
        }
    }

    /// The member with the longest text, the oldest of equals.
    pub fn longest(&self, cluster: ClusterId) -> Option<Ordinal> {
        self.several.get(&cluster).map(|members| members.longest).or_else(|| self.founder_alone(cluster))
    }

    /// The oldest live member.
    pub fn oldest(&self, cluster: ClusterId) -> Option<Ordinal> {
        self.several
            .get(&cluster)
            .and_then(|members| members.ordinals.first().copied())
            .or_else(|| self.founder_alone(cluster))
    }

    /// The number of live members.
    pub fn size(&self, cluster: ClusterId) -> usize {
        self.several
            .get(&cluster)
            .map_or_else(|| usize::from(self.founder_alone(cluster).is_some()), |members| members.ordinals.len())
    }

    fn founder_alone(&self, cluster: ClusterId) -> Option<Ordinal> {
        self.ordinal_of(cluster).filter(|ordinal| self.row(*ordinal).cluster == cluster)
    }

    fn enter(&mut self, ordinal: Ordinal, cluster: ClusterId) {
        let founder = self.founder_alone(cluster);
        let before = self.several.get(&cluster).map_or(0, |held| held.ordinals.len());
        self.rows[(ordinal - self.base) as usize].cluster = cluster;
        let held = self.several.entry(cluster).or_insert_with(|| Members {
            ordinals: founder.into_iter().collect(),
            longest: founder.unwrap_or(ordinal),
        });
        if let Err(at) = held.ordinals.binary_search(&ordinal) {
            held.ordinals.insert(at, ordinal);
        }
        self.members_held += held.ordinals.len() - before;
        let longest = held.longest;
        let (old, new) = (self.row(longest).shingles, self.row(ordinal).shingles);
        if new > old || (new == old && ordinal < longest) {
            self.several.get_mut(&cluster).expect("entered above").longest = ordinal;
        }
    }

    /// Moves documents, all of one cluster, to another one; each with its new cluster.
    pub fn move_to(&mut self, ordinals: &[Ordinal], cluster: ClusterId) -> Vec<(DocId, ClusterId)> {
        let Some(from) = ordinals.first().map(|first| self.row(*first).cluster).filter(|from| *from != cluster) else {
            return Vec::new();
        };
        if let Some(held) = self.several.get_mut(&from) {
            let leaving: BTreeSet<Ordinal> = ordinals.iter().copied().collect();
            let before = held.ordinals.len();
            held.ordinals.retain(|ordinal| !leaving.contains(ordinal));
            self.members_held -= before - held.ordinals.len();
            self.settle(from);
        }
        for &ordinal in ordinals {
            self.rows[(ordinal - self.base) as usize].cluster = cluster;
        }
        for &ordinal in ordinals {
            // A founder needs no entry while it is alone.
            if self.row(ordinal).doc != cluster || self.several.contains_key(&cluster) {
                self.enter(ordinal, cluster);
            }
        }
        ordinals.iter().map(|ordinal| (self.row(*ordinal).doc, cluster)).collect()
    }

    /// Restores the rules of `several` after members left.
    fn settle(&mut self, cluster: ClusterId) {
        let Some(held) = self.several.get(&cluster) else { return };
        let longest = held.ordinals.iter().copied().max_by_key(|o| (self.row(*o).shingles, std::cmp::Reverse(*o)));
        match (longest, held.ordinals.as_slice()) {
            (None, _) => {
                self.several.remove(&cluster);
            }
            (Some(_), [only]) if self.row(*only).doc == cluster => {
                self.several.remove(&cluster);
                self.members_held -= 1;
            }
            (Some(longest), _) => self.several.get_mut(&cluster).expect("seen above").longest = longest,
        }
    }

    /// Forgets the oldest documents, as long as `old` says so; the number forgotten.
    pub fn expire_while(&mut self, mut old: impl FnMut(&Row) -> bool) -> usize {
        let mut touched = BTreeSet::new();
        let before = self.rows.len();
        while let Some(row) = self.rows.front().copied().filter(&mut old) {
            if row.url != 0 && self.urls.get(&row.url) == Some(&self.base) {
                self.urls.remove(&row.url);
            }
            if self.several.contains_key(&row.cluster) {
                touched.insert(row.cluster);
            }
            self.rows.pop_front();
            self.base += 1;
        }
        for cluster in touched {
            if let Some(held) = self.several.get_mut(&cluster) {
                let gone = held.ordinals.partition_point(|ordinal| *ordinal < self.base);
                held.ordinals.drain(..gone);
                self.members_held -= gone;
            }
            self.settle(cluster);
        }
        before - self.rows.len()
    }

    /// Gives room back that was needed for documents now gone, as far as an eighth more does not need it.
    pub fn shrink(&mut self) {
        self.rows.shrink_to(self.rows.len() + self.rows.len() / 8);
        self.urls.shrink_to(self.urls.len() + self.urls.len() / 8);
        self.several.shrink_to(self.several.len() + self.several.len() / 8);
    }

    /// Memory held, in bytes; hash tables are counted at their usual load.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
            + self.several.capacity() * (size_of::<(ClusterId, Members)>() + 1) * 8 / 7
            + self.members_held * 2 * size_of::<Ordinal>()
            + self.urls.capacity() * (size_of::<(u64, Ordinal)>() + 1) * 8 / 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(doc: DocId, cluster: ClusterId, shingles: u32) -> Row {
        Row { doc, cluster, url: 0, host: 0, shingles, day: doc as i32, roundup: false }
    }

    fn three() -> Clusters {
        let mut clusters = Clusters::new(1);
        for (doc, cluster, shingles) in [(10, 10, 50), (20, 10, 80), (30, 30, 60), (40, 10, 80)] {
            clusters.push(row(doc, cluster, shingles));
        }
        clusters
    }

    #[test]
    fn the_longest_and_among_equals_the_oldest_member_stands_for_a_cluster() {
        let clusters = three();
        assert_eq!(clusters.members(10), [1, 2, 4]);
        assert_eq!(clusters.longest(10), Some(2));
        assert_eq!(clusters.longest(30), Some(3));
        assert_eq!(clusters.longest(20), None);
    }

    #[test]
    fn an_absorbed_cluster_is_gone() {
        let mut clusters = three();
        assert_eq!(clusters.move_to(&[3], 10), [(30, 10)]);
        assert_eq!(clusters.members(10), [1, 2, 3, 4]);
        assert_eq!(clusters.members(30), [0; 0]);
    }

    #[test]
    fn members_that_leave_found_a_cluster() {
        let mut clusters = three();
        assert_eq!(clusters.move_to(&[2, 4], 20), [(20, 20), (40, 20)]);
        assert_eq!(clusters.members(10), [1]);
        assert_eq!(clusters.members(20), [2, 4]);
        assert_eq!(clusters.move_to(&[2, 4], 10).len(), 2);
        assert_eq!(clusters.members(10), [1, 2, 4]);
    }

    #[test]
    fn a_cluster_outlives_its_founder_under_its_name() {
        let mut clusters = three();
        assert_eq!(clusters.expire_while(|row| row.day < 25), 2);
        assert_eq!(clusters.members(10), [4]);
        assert_eq!(clusters.longest(10), Some(4));
        assert_eq!(clusters.push(row(50, 10, 10)), 5);
        assert_eq!(clusters.members(10), [4, 5]);
        assert_eq!(clusters.expire_while(|_| true), 3);
        assert_eq!((clusters.members(10).len(), clusters.len(), clusters.members_held), (0, 0, 0));
    }

    #[test]
    fn a_guest_is_the_oldest_member_while_it_is_there() {
        let mut clusters = Clusters::new(100);
        for (doc, cluster) in [(50, 20), (60, 60), (70, 30)] {
            clusters.push(row(doc, cluster, 40));
        }
        let before = format!("{:?}", [clusters.members(20), clusters.members(30), clusters.members(60)]);
        assert_eq!(clusters.admit(&[row(20, 20, 90), row(30, 30, 10), row(40, 20, 10)]), 3);
        assert_eq!(clusters.members(20), [97, 99, 100]);
        assert_eq!((clusters.oldest(20), clusters.longest(20), clusters.longest(30)), (Some(97), Some(97), Some(102)));
        clusters.dismiss(3);
        assert_eq!(format!("{:?}", [clusters.members(20), clusters.members(30), clusters.members(60)]), before);
        assert_eq!((clusters.first_ordinal(), clusters.next_ordinal(), clusters.longest(20)), (100, 103, Some(100)));
    }
}
