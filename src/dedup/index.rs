//! Shingle → documents: the inverted index of sampled shingles by which candidates are found.
//!
//! One sorted open-addressing table (Robin Hood order, Celis 1986) in 256 shards: 8 bytes a posting at a load of .71 to
//! .85. Entries of expired documents are left in place and overwritten later, so that forgetting a day costs nothing.

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

#[derive(Default)]
struct Shard {
    /// `tag << 32 | ordinal`, 0 where empty; sorted by tag except for the empty ones.
    slots: Vec<u64>,
    homes: usize,
    used: usize,
}

impl Shard {
    fn home(&self, tag: u32) -> usize {
        (tag as usize * self.homes) >> 32
    }

    /// Rebuilds with room for more; the order is kept, so this is one pass over both tables.
    fn grow(&mut self, live_from: Ordinal, at_least: usize) {
        let live = self.slots.iter().filter(|slot| is_live(**slot, live_from)).count();
        let mut homes = ((live * 100 / MAX_LOAD_PERCENT).max(48) * 6 / 5).max(at_least);
        loop {
            if let Some(slots) = self.spread(homes, live_from) {
                self.slots = slots;
                self.homes = homes;
                self.used = live;
                return;
            }
            homes = homes * 5 / 4;
        }
    }

    fn spread(&self, homes: usize, live_from: Ordinal) -> Option<Vec<u64>> {
        let mut slots = vec![0; homes + TAIL];
        let mut next = 0;
        for slot in self.slots.iter().copied().filter(|slot| is_live(*slot, live_from)) {
            let home = ((slot >> 32) as usize * homes) >> 32;
            let place = home.max(next);
            *slots.get_mut(place)? = slot;
            next = place + 1;
        }
        Some(slots)
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

/// What a look-up found.
#[derive(Debug, PartialEq)]
pub(crate) struct Hits {
    /// Documents with the number of shingles found in them; most first, then the oldest.
    pub documents: Vec<(u32, Ordinal)>,
    /// Share of the shingles looked up that are no common phrases.
    pub told: f64,
}

/// The inverted index.
pub(crate) struct Index {
    shards: Vec<Shard>,
    /// Documents below are expired.
    live_from: Ordinal,
}

fn split(key: u64) -> (usize, u32) {
    ((key >> 56) as usize, (key >> 24) as u32)
}

impl Index {
    pub fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), live_from: 1 }
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

    /// Reads the first slot of every key: without work between the reads the processor waits for many of them at once.
    fn touch(&self, keys: &[u64]) {
        let touched = keys.iter().fold(0, |sum, key| {
            let (shard, tag) = split(*key);
            let shard = &self.shards[shard];
            sum ^ shard.slots.get(shard.home(tag)).copied().unwrap_or(0)
        });
        std::hint::black_box(touched);
    }

    /// Documents that share shingles with `keys`: how many, and which; most first, then the oldest, at most `limit`.
    pub fn candidates(&self, keys: &[u64], min_hits: u32, limit: usize) -> Hits {
        self.touch(keys);
        let mut hits: Vec<Ordinal> = Vec::new();
        let mut phrases = 0;
        for key in keys {
            let (shard, tag) = split(*key);
            let before = hits.len();
            let shard = &self.shards[shard];
            hits.extend(shard.run(shard.find(tag), tag).filter(|ordinal| *ordinal >= self.live_from));
            if hits.len() - before >= MAX_POSTINGS {
                hits.truncate(before);
                phrases += 1;
            }
        }
        hits.sort_unstable();
        let mut counts: Vec<(u32, Ordinal)> = hits
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len() as u32, run[0]))
            .filter(|(hits, _)| *hits >= min_hits)
            .collect();
        counts.sort_unstable_by_key(|&(hits, ordinal)| (std::cmp::Reverse(hits), ordinal));
        counts.truncate(limit);
        Hits { documents: counts, told: (keys.len() - phrases) as f64 / keys.len().max(1) as f64 }
    }

    /// Memory held, in bytes.
    pub fn bytes(&self) -> usize {
        self.shards.iter().map(|shard| size_of::<Shard>() + 8 * shard.slots.capacity()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::mix;

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
}
