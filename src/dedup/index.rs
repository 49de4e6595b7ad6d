//! Shingle → documents: the inverted index of sampled shingles by which candidates are found.
//!
//! One sorted open-addressing table (Robin Hood order, Celis 1986) in 256 shards: 8 bytes a posting at a load of .71 to
//! .85. Entries of expired documents are left in place and overwritten later, so that forgetting a day costs nothing.
//! A restart posts in bulk: postings wait in their shard and are sorted into the table many at once ([`Index::settle`]).

/// A document's place in arrival order within this process, from 1.
pub(crate) type Ordinal = u32;

/// A shingle in this many postings is a phrase, not evidence: it is not looked up and not posted again.
pub(crate) const MAX_POSTINGS: usize = 64;
/// Postings that one cluster may have under one shingle: enough to find it, and a widely copied article stays cheap.
pub(crate) const MAX_POSTINGS_OF_CLUSTER: usize = 4;

const SHARDS: usize = 256;
const MAX_LOAD_PERCENT: usize = 85;
/// Room behind the last home, so that probing need not wrap around.
const TAIL: usize = 64;
/// An insertion moves at most this many entries; beyond it (an attack on the hash) the posting is dropped.
const MAX_SHIFT: usize = 4_096;
/// Postings that wait before they are sorted in; more where the table holds more, so that each is moved about twice however
/// many come.
const MIN_WAITING: usize = 1 << 20;

#[derive(Default)]
struct Shard {
    /// `tag << 32 | ordinal`, 0 where empty; sorted by tag except for the empty ones.
    slots: Vec<u64>,
    homes: usize,
    used: usize,
    /// Entries that are not in the table yet, in order of arrival.
    waiting: Vec<u64>,
}

impl Shard {
    fn home(&self, tag: u32) -> usize {
        (tag as usize * self.homes) >> 32
    }

    /// Rebuilds with room for more; the order is kept, so this is one pass over both tables.
    fn grow(&mut self, live_from: Ordinal, at_least: usize) {
        let live = || self.slots.iter().copied().filter(|slot| is_live(*slot, live_from));
        let used = live().count();
        let (slots, homes) = lay_out(used, at_least, live);
        (self.slots, self.homes, self.used) = (slots, homes, used);
    }

    /// Sorts the waiting entries in; the same are dropped as if they had been inserted one by one.
    fn settle(&mut self, live_from: Ordinal, in_one_cluster: &impl Fn(Ordinal, Ordinal) -> bool) {
        if self.waiting.is_empty() {
            return;
        }
        let mut all = std::mem::take(&mut self.waiting);
        all.extend(&self.slots);
        all.retain(|slot| is_live(*slot, live_from));
        all.sort_unstable();
        drop_common(&mut all, in_one_cluster);
        let (slots, homes) = lay_out(all.len(), 0, || all.iter().copied());
        (self.slots, self.homes, self.used) = (slots, homes, all.len());
    }

    /// Where the entries of `tag` begin, or would be put.
    fn find(&self, tag: u32) -> usize {
        let mut at = self.home(tag);
        while at < self.slots.len() && self.slots[at] != 0 && ((self.slots[at] >> 32) as u32) < tag {
            at += 1;
        }
        at
    }

    /// The ordinals from `at` on that are under `tag`, expired ones included.
    fn run(&self, at: usize, tag: u32) -> impl Iterator<Item = Ordinal> {
        self.slots[at..]
            .iter()
            .take_while(move |slot| **slot != 0 && (**slot >> 32) as u32 == tag)
            .map(|slot| *slot as u32)
    }

    fn insert(&mut self, tag: u32, ordinal: Ordinal, live_from: Ordinal, in_its_cluster: impl Fn(Ordinal) -> bool) {
        if (self.used + 1) * 100 > self.homes * MAX_LOAD_PERCENT {
            self.grow(live_from, 0);
        }
        let mut at = self.find(tag);
        let (mut all, mut own) = (0, 0);
        for other in self.run(at, tag).filter(|other| *other >= live_from) {
            all += 1;
            own += usize::from(in_its_cluster(other));
        }
        if all >= MAX_POSTINGS || own >= MAX_POSTINGS_OF_CLUSTER {
            return;
        }
        loop {
            let free = self.slots[at..].iter().take(MAX_SHIFT).position(|slot| !is_live(*slot, live_from));
            match free {
                Some(free) => {
                    let free = at + free;
                    self.used += usize::from(self.slots[free] == 0);
                    self.slots.copy_within(at..free, at + 1);
                    self.slots[at] = u64::from(tag) << 32 | u64::from(ordinal);
                    return;
                }
                None if self.slots.len() - at >= MAX_SHIFT || self.homes > 8 * self.used => return,
                None => self.grow(live_from, self.homes * 5 / 4),
            }
            at = self.find(tag);
        }
    }
}

fn is_live(slot: u64, live_from: Ordinal) -> bool {
    slot as u32 >= live_from.max(1)
}

/// A table of `count` entries, which come by tag, with room for more; and its number of homes.
fn lay_out<E: Iterator<Item = u64>>(count: usize, at_least: usize, entries: impl Fn() -> E) -> (Vec<u64>, usize) {
    let mut homes = ((count * 100 / MAX_LOAD_PERCENT).max(48) * 6 / 5).max(at_least);
    loop {
        if let Some(slots) = spread(homes, entries()) {
            return (slots, homes);
        }
        homes = homes * 5 / 4;
    }
}

fn spread(homes: usize, entries: impl Iterator<Item = u64>) -> Option<Vec<u64>> {
    let mut slots = vec![0; homes + TAIL];
    let mut next = 0;
    for slot in entries {
        let home = ((slot >> 32) as usize * homes) >> 32;
        let place = home.max(next);
        *slots.get_mut(place)? = slot;
        next = place + 1;
    }
    Some(slots)
}

/// Of entries sorted by tag and ordinal, keeps those that [`Shard::insert`] would have kept.
fn drop_common(entries: &mut Vec<u64>, in_one_cluster: impl Fn(Ordinal, Ordinal) -> bool) {
    let (mut kept, mut run) = (0, 0);
    for at in 0..entries.len() {
        let entry = entries[at];
        if kept == 0 || entries[kept - 1] >> 32 != entry >> 32 {
            run = kept;
        }
        let held = &entries[run..kept];
        let own = held.iter().filter(|other| in_one_cluster(**other as u32, entry as u32)).count();
        if held.len() < MAX_POSTINGS && own < MAX_POSTINGS_OF_CLUSTER {
            entries[kept] = entry;
            kept += 1;
        }
    }
    entries.truncate(kept);
}

/// What a look-up found.
#[derive(Debug, PartialEq)]
pub(crate) struct Hits<D> {
    /// Documents with the number of shingles found in them; most first, then the oldest.
    pub documents: Vec<(u32, D)>,
    /// Share of the shingles looked up that are no common phrases.
    pub told: f64,
}

/// The inverted index.
pub(crate) struct Index {
    shards: Vec<Shard>,
    /// Documents below are expired.
    live_from: Ordinal,
    /// Postings in the tables, and those that wait.
    settled: usize,
    waiting: usize,
}

/// A key as it is kept: the upper 40 bits of a shingle's hash.
pub(crate) type StoredKey = u64;

pub(crate) fn stored(key: u64) -> StoredKey {
    key >> 24
}

fn split(key: u64) -> (usize, u32) {
    ((key >> 56) as usize, (key >> 24) as u32)
}

impl Index {
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), live_from: 1, settled: 0, waiting: 0 }
    }

    /// Forgets every document before `ordinal`.
    pub fn expire(&mut self, ordinal: Ordinal) {
        self.live_from = ordinal;
    }

    /// Gives the room of expired documents back.
    pub fn compact(&mut self) {
        for shard in &mut self.shards {
            shard.grow(self.live_from, 0);
        }
    }

    /// Posts a document, except under shingles that are too common or that its cluster holds already.
    pub fn insert(
        &mut self,
        keys: impl Iterator<Item = u64>,
        ordinal: Ordinal,
        in_its_cluster: impl Fn(Ordinal) -> bool,
    ) {
        let keys: Vec<u64> = keys.collect();
        self.touch(&keys);
        for key in keys {
            let (shard, tag) = split(key);
            self.shards[shard].insert(tag, ordinal, self.live_from, &in_its_cluster);
        }
    }

    /// Posts a document later, together with others: it is not found before [`Self::settle`]. `in_one_cluster` says whether
    /// an earlier document and a later one are of one cluster.
    pub fn post(
        &mut self,
        keys: impl Iterator<Item = u64>,
        ordinal: Ordinal,
        in_one_cluster: impl Fn(Ordinal, Ordinal) -> bool,
    ) {
        for key in keys {
            let (shard, tag) = split(key);
            self.shards[shard].waiting.push(u64::from(tag) << 32 | u64::from(ordinal));
            self.waiting += 1;
        }
        if self.waiting >= self.settled.max(MIN_WAITING) {
            self.settle(in_one_cluster);
        }
    }

    /// Sorts all waiting postings into the tables.
    pub fn settle(&mut self, in_one_cluster: impl Fn(Ordinal, Ordinal) -> bool) {
        if self.waiting == 0 {
            return;
        }
        for shard in &mut self.shards {
            shard.settle(self.live_from, &in_one_cluster);
        }
        self.settled = self.shards.iter().map(|shard| shard.used).sum();
        self.waiting = 0;
    }

    /// Calls `take` with the postings of every live document before `end`, by key, then document.
    pub fn each_before(&self, end: Ordinal, mut take: impl FnMut(StoredKey, Ordinal)) {
        let mut run: Vec<u64> = Vec::new();
        for (number, shard) in self.shards.iter().enumerate() {
            let of_shard = shard.slots.iter().copied().filter(|slot| is_live(*slot, self.live_from));
            let mut entries = of_shard.filter(|slot| (*slot as u32) < end).peekable();
            while let Some(entry) = entries.next() {
                run.clear();
                run.push(entry);
                while let Some(next) = entries.next_if(|next| next >> 32 == entry >> 32) {
                    run.push(next);
                }
                run.sort_unstable();
                run.iter().for_each(|entry| take((number as u64) << 32 | entry >> 32, *entry as u32));
            }
        }
    }

    /// Reads the first slot of every key: without work between the reads the processor waits for many of them at once.
    fn touch(&self, keys: &[u64]) {
        let touched = keys.iter().fold(0, |sum, key| {
            let (shard, tag) = split(*key);
            let shard = &self.shards[shard];
            sum ^ shard.slots.get(shard.home(tag)).copied().unwrap_or(0)
        });
        std::hint::black_box(touched);
    }

    /// The live documents under each of `keys`, as `(position in keys, document)`.
    pub fn find(&self, keys: &[u64]) -> Vec<(u32, Ordinal)> {
        debug_assert_eq!(self.waiting, 0, "asked before it was settled");
        self.touch(keys);
        let mut found = Vec::new();
        for (position, key) in (0..).zip(keys) {
            let (shard, tag) = split(*key);
            let shard = &self.shards[shard];
            let run = shard.run(shard.find(tag), tag).filter(|ordinal| *ordinal >= self.live_from);
            found.extend(run.map(|ordinal| (position, ordinal)));
        }
        found
    }

    /// Memory held, in bytes.
    pub fn bytes(&self) -> usize {
        let slots = |shard: &Shard| shard.slots.capacity() + shard.waiting.capacity();
        self.shards.iter().map(|shard| size_of::<Shard>() + 8 * slots(shard)).sum()
    }
}

/// Documents by how many of `keys` keys they were found under: most first, then the oldest, at most `limit`. Keys that too
/// many documents are under are phrases, and no evidence.
pub(crate) fn tally<D: Copy + Ord>(keys: usize, mut found: Vec<(u32, D)>, min_hits: u32, limit: usize) -> Hits<D> {
    let phrases = drop_phrases(keys, &mut found);
    let mut hits: Vec<D> = found.into_iter().map(|(_, document)| document).collect();
    hits.sort_unstable();
    let mut documents: Vec<(u32, D)> = hits
        .chunk_by(|a, b| a == b)
        .map(|run| (run.len() as u32, run[0]))
        .filter(|(hits, _)| *hits >= min_hits)
        .collect();
    documents.sort_unstable_by_key(|&(hits, document)| (std::cmp::Reverse(hits), document));
    documents.truncate(limit);
    Hits { documents, told: (keys - phrases) as f64 / keys.max(1) as f64 }
}

/// Takes out what was found under common phrases; how many of the keys are such.
fn drop_phrases<D>(keys: usize, found: &mut Vec<(u32, D)>) -> usize {
    if found.len() < MAX_POSTINGS {
        return 0;
    }
    let mut under = vec![0; keys];
    for (position, _) in &*found {
        under[*position as usize] += 1;
    }
    found.retain(|(position, _)| under[*position as usize] < MAX_POSTINGS);
    under.into_iter().filter(|documents| *documents >= MAX_POSTINGS).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::mix;

    impl Index {
        fn candidates(&self, keys: &[u64], min_hits: u32, limit: usize) -> Hits<Ordinal> {
            tally(keys.len(), self.find(keys), min_hits, limit)
        }
    }

    #[test]
    fn every_posting_is_found_again() {
        let mut index = Index::new();
        for ordinal in 1..=2_000u32 {
            index.insert((0..40u64).map(|i| mix(u64::from(ordinal) << 8 | i)), ordinal, |_| false);
        }
        for ordinal in 1..=2_000u32 {
            let keys: Vec<u64> = (0..40u64).map(|i| mix(u64::from(ordinal) << 8 | i)).collect();
            assert_eq!(index.candidates(&keys, 2, 8).documents, [(40, ordinal)]);
        }
    }

    #[test]
    fn expired_documents_are_not_found_and_their_room_is_used_again() {
        let mut index = Index::new();
        let keys = |ordinal: u32| (0..40u64).map(move |i| mix(u64::from(ordinal) << 8 | i));
        let mut sizes = Vec::new();
        for ordinal in 1..=20_000u32 {
            index.expire(ordinal.saturating_sub(500));
            index.insert(keys(ordinal), ordinal, |_| false);
            sizes.push(index.bytes());
        }
        assert_eq!(index.candidates(&keys(100).collect::<Vec<_>>(), 1, 8).documents, []);
        assert_eq!(index.candidates(&keys(19_600).collect::<Vec<_>>(), 1, 8).documents, [(40, 19_600)]);
        assert!(sizes[19_999] < 2 * sizes[1_500], "{} {}", sizes[1_500], sizes[19_999]);
    }

    #[test]
    fn a_phrase_of_many_documents_is_no_evidence() {
        let mut index = Index::new();
        for ordinal in 1..=1_000 {
            index.insert([mix(7)].into_iter(), ordinal, |_| false);
        }
        assert_eq!(index.candidates(&[mix(7)], 1, 8).documents, []);
    }

    #[test]
    fn a_cluster_posts_a_shingle_only_a_few_times() {
        let mut index = Index::new();
        for ordinal in 1..=1_000 {
            index.insert([mix(7)].into_iter(), ordinal, |_| true);
        }
        assert_eq!(index.candidates(&[mix(7)], 1, 100).documents.len(), MAX_POSTINGS_OF_CLUSTER);
    }

    #[test]
    fn postings_in_bulk_are_those_inserted_one_by_one() {
        let (mut one_by_one, mut in_bulk) = (Index::new(), Index::new());
        // Every fifth document is of one cluster, and all share some phrases.
        let is_one = |a: Ordinal, b: Ordinal| a.is_multiple_of(5) && b.is_multiple_of(5);
        let keys =
            |ordinal: u32| (0..40u64).map(move |i| if i < 8 { mix(i) } else { mix(u64::from(ordinal / 9) << 8 | i) });
        for ordinal in 1..=3_000u32 {
            one_by_one.insert(keys(ordinal), ordinal, |other| is_one(other, ordinal));
            in_bulk.post(keys(ordinal), ordinal, is_one);
            if ordinal % 1_100 == 0 {
                in_bulk.settle(is_one);
            }
        }
        in_bulk.settle(is_one);
        let all = |index: &Index, end| {
            let mut all = Vec::new();
            index.each_before(end, |key, ordinal| all.push((key, ordinal)));
            all
        };
        assert!(all(&in_bulk, 2_000).is_sorted());
        assert_eq!(all(&in_bulk, 2_000), all(&one_by_one, 2_000));
        assert_eq!(all(&in_bulk, 9_000), all(&one_by_one, 9_000));
    }
}
