//! Documents that left memory: the one seam through which they are still found, and how they take part in a judgement.
//!
//! Whoever owns a [`Deduplicator`] may *seal* its oldest documents into an [`Archive`] instead of having them forgotten. A
//! sealed document that shares shingles with a new one comes back as a guest, with its cluster, for as long as the new one
//! is judged; so every rule sees it as if it had never left.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::MAX_HITS;
use super::cluster::Row;
use super::index::{Hits, Ordinal, tally};
use super::judge::{MEMORY_CHECK_INTERVAL, host_hash, url_hash};
use super::sketch::Brief;
use super::{ClusterId, DamagedBrief, Deduplicator, DocId, Facts, Sketch, Standing};

/// Sealed members of one cluster that take part, the oldest first.
const MAX_GUESTS_OF_CLUSTER: usize = 256;
/// Sealed states of one URL looked at for the latest.
const MAX_STATES_OF_URL: usize = 4;
/// Room for guests before the first document, past all that one judgement can need.
pub(super) const GUEST_ROOM: Ordinal = 1 << 20;

/// What holds the sealed documents. Every answer may leave documents out (a damaged disk): they are then not found.
pub trait Archive {
    /// Sealed documents under each of `keys`, which are sorted, as `(position in keys, document)`. Documents under fewer than
    /// `least` of them may be left out.
    fn find(&mut self, keys: &[u64], least: u32) -> Vec<(u32, DocId)>;

    /// What is known now of a sealed document.
    fn row(&mut self, doc: DocId) -> Option<SealedRow>;

    /// Sealed members of a cluster, the oldest first, at most `limit`.
    fn members(&mut self, cluster: ClusterId, limit: usize) -> Vec<SealedRow>;

    /// Every document of a cluster, whether sealed, in memory or forgotten.
    fn all_members(&mut self, cluster: ClusterId) -> Vec<DocId>;
}

/// An archive of nothing.
pub(super) struct Empty;

impl Archive for Empty {
    fn find(&mut self, _: &[u64], _: u32) -> Vec<(u32, DocId)> {
        Vec::new()
    }

    fn row(&mut self, _: DocId) -> Option<SealedRow> {
        None
    }

    fn members(&mut self, _: ClusterId, _: usize) -> Vec<SealedRow> {
        Vec::new()
    }

    fn all_members(&mut self, _: ClusterId) -> Vec<DocId> {
        Vec::new()
    }
}

/// A sealed document, with the cluster it is in now.
#[derive(Clone, Copy, Debug)]
pub struct SealedRow(Row);

impl SealedRow {
    /// `brief` is the document's [`Sketch::brief`].
    pub fn new(
        doc: DocId,
        cluster: ClusterId,
        facts: &Facts<'_>,
        standing: Standing,
        brief: &[u8],
    ) -> Result<Self, DamagedBrief> {
        let shingles = Brief::parse(brief)?.shingles;
        let roundup = standing == Standing::Roundup;
        let (url, host) = (url_hash(facts.url), host_hash(facts.url));
        Ok(Self(Row { doc, cluster, url, host, shingles, day: facts.day, roundup }))
    }
}

/// The oldest documents in memory, chosen to be sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// How many they are.
    pub documents: usize,
    /// The last of them.
    pub through: DocId,
    /// Days of arrival of the first and the last.
    pub days: (i32, i32),
    end: Ordinal,
}

/// What the index and the archive know of a new document.
pub(super) struct LookedUp {
    pub hits: Hits<Ordinal>,
    /// The latest state of its URL.
    pub same_url: Option<Ordinal>,
    /// Guests admitted for it, to be dismissed after it is judged.
    pub guests: usize,
}

impl Deduplicator {
    /// Tells that documents up to `through` are sealed, and what their archive takes of the memory cap, in bytes. From the
    /// first call on nothing is forgotten at the cap: the owner seals ([`Self::is_full`]). Should it fail to, the oldest days
    /// go once a quarter more is taken.
    pub fn rely_on_archive(&mut self, through: DocId, bytes: usize) {
        self.sealed_through = self.sealed_through.max(through);
        self.archive_bytes = Some(bytes);
    }

    /// Whether the memory cap is reached and it is time to seal.
    pub fn is_full(&mut self) -> bool {
        if self.memory_bytes() > self.room() {
            self.settle();
        }
        self.memory_bytes() > self.room() && self.len() > MEMORY_CHECK_INTERVAL
    }

    /// The oldest `documents` in memory; `None` when it holds none.
    pub fn oldest(&mut self, documents: usize) -> Option<Oldest> {
        self.settle();
        let documents = documents.min(self.len());
        let end = self.clusters.first_ordinal() + documents as Ordinal;
        let first = self.clusters.first()?;
        let last = self.clusters.row(end.checked_sub(1).filter(|last| *last >= self.clusters.first_ordinal())?);
        let days = (first.day.min(last.day), first.day.max(last.day));
        Some(Oldest { documents, through: last.doc, days, end })
    }

    /// Calls `take` with everything by which these documents are found, by key, then document: the upper 40 bits of shingle
    /// hashes and of the hashes of URLs.
    pub fn each_posting(&self, oldest: &Oldest, mut take: impl FnMut(u64, DocId)) {
        let first = self.clusters.first_ordinal();
        let mut urls: Vec<(u64, Ordinal)> = (first..oldest.end)
            .map(|ordinal| (self.clusters.row(ordinal).url, ordinal))
            .filter(|(url, _)| *url != 0)
            .map(|(url, ordinal)| (super::index::stored(url), ordinal))
            .collect();
        urls.sort_unstable();
        let mut urls = urls.into_iter().peekable();
        let mut give = |(key, ordinal)| take(key, self.clusters.row(ordinal).doc);
        self.index.each_before(oldest.end, |key, ordinal| {
            while let Some(url) = urls.next_if(|url| *url < (key, ordinal)) {
                give(url);
            }
            give((key, ordinal));
        });
        urls.for_each(give);
    }

    /// Lets documents go that the archive holds now; [`Self::rely_on_archive`] follows.
    pub fn let_go(&mut self, oldest: &Oldest) {
        let mut gone = 0..oldest.documents;
        self.clusters.expire_while(|_| gone.next().is_some());
        self.clusters.shrink();
        self.index.expire(self.clusters.first_ordinal());
        self.index.compact();
        self.sealed_through = self.sealed_through.max(oldest.through);
    }

    /// Looks a new document up in memory and in the archive, and admits the sealed documents that matter to it.
    pub(super) fn look_up(&mut self, sketch: &Sketch, url: u64, min_hits: u32, archive: &mut dyn Archive) -> LookedUp {
        let mut found = self.index.find(&sketch.keys);
        let mut same_url = if url == 0 { None } else { self.clusters.with_url(url) };
        let mut guests = 0;
        if self.sealed_through > 0 {
            let sealed = archive.find(&sketch.keys, min_hits);
            let in_memory = tally(sketch.keys.len(), found.clone(), min_hits, MAX_HITS).documents.into_iter();
            let in_memory = in_memory.map(|(_, ordinal)| ordinal).chain(same_url);
            let clusters = in_memory.map(|ordinal| self.clusters.row(ordinal).cluster).collect();
            let hits = tally(sketch.keys.len(), sealed.clone(), min_hits, MAX_HITS).documents.into_iter();
            let mut docs: Vec<DocId> = hits.map(|(_, doc)| doc).collect();
            if url != 0 && same_url.is_none() {
                let mut states: Vec<DocId> = archive.find(&[url], 1).into_iter().map(|(_, doc)| doc).collect();
                states.sort_unstable_by(|a, b| b.cmp(a));
                docs.extend(states.into_iter().take(MAX_STATES_OF_URL));
            }
            let rows = self.guests(docs, clusters, archive);
            let earlier_state = rows.values().rev().find(|row| url != 0 && row.url == url).map(|row| row.doc);
            guests = self.clusters.admit(&rows.into_values().collect::<Vec<Row>>());
            let admitted =
                sealed.into_iter().filter_map(|(position, doc)| Some((position, self.clusters.ordinal_of(doc)?)));
            found.extend(admitted);
            same_url = same_url.or_else(|| self.clusters.ordinal_of(earlier_state?));
        }
        LookedUp { hits: tally(sketch.keys.len(), found, min_hits, MAX_HITS), same_url, guests }
    }

    /// Of sealed documents those that may still be found, with all that are in one cluster with them or in one of `clusters`.
    fn guests(
        &self,
        docs: Vec<DocId>,
        mut clusters: BTreeSet<ClusterId>,
        archive: &mut dyn Archive,
    ) -> BTreeMap<DocId, Row> {
        clusters.retain(|cluster| *cluster <= self.sealed_through);
        let oldest_day = self.oldest_day();
        let mut rows: BTreeMap<DocId, Row> = BTreeMap::new();
        let take_in = |rows: &mut BTreeMap<DocId, Row>, cluster, archive: &mut dyn Archive| {
            for SealedRow(row) in archive.members(cluster, MAX_GUESTS_OF_CLUSTER) {
                rows.insert(row.doc, row);
            }
        };
        for cluster in &clusters {
            take_in(&mut rows, *cluster, archive);
        }
        for doc in docs {
            if rows.contains_key(&doc) {
                continue;
            }
            let Some(SealedRow(row)) = archive.row(doc) else { continue };
            if clusters.insert(row.cluster) {
                take_in(&mut rows, row.cluster, archive);
            }
            rows.insert(doc, row);
        }
        let first = self.clusters.first().map_or(DocId::MAX, |row| row.doc);
        rows.retain(|doc, row| row.day >= oldest_day && *doc <= self.sealed_through && *doc < first);
        rows
    }
}
