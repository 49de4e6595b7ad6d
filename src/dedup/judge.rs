//! The deduplicator: from candidates to a verdict, and what is remembered of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::candidates::{Known, min_hits};
use super::cluster::{Clusters, Row};
use super::index::{Index, Ordinal};
use super::recall::Recall;
use super::sealed::{Archive, Empty, GUEST_ROOM};
use super::sketch::Brief;
use super::{ClusterId, DamagedBrief, DocId, Evidence, Settings, Sketch, Verdict};

/// Documents between two looks at the memory in use.
pub(super) const MEMORY_CHECK_INTERVAL: usize = 256;

/// What is known of a document besides its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Canonical URL: without fragment and tracking parameters.
    pub url: Option<&'a str>,
    /// Day of arrival, in days since 1970-01-01.
    pub day: i32,
}

/// What a restored document was found to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// An article, or a copy of one.
    #[default]
    Ordinary,
    /// Named in some [`Verdict::roundups`].
    Roundup,
}

/// The hash by which a URL is known, 0 for none. A home page is the address of no article, though sites declare it for many.
pub(super) fn url_hash(url: Option<&str>) -> u64 {
    url.filter(|url| !is_home_page(url)).map_or(0, |url| xxh3_64(url.as_bytes()).max(1))
}

/// The hash by which a URL's host is known, 0 for none.
pub(super) fn host_hash(url: Option<&str>) -> u32 {
    url.map_or(0, |url| (xxh3_64(parts(url).0.as_bytes()) as u32).max(1))
}

fn is_home_page(url: &str) -> bool {
    matches!(parts(url).1, "" | "/")
}

/// The host of a URL, and what follows it.
fn parts(url: &str) -> (&str, &str) {
    let behind_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind_scheme.split_at(behind_scheme.find(['/', '?', '#']).unwrap_or(behind_scheme.len()))
}

/// Documents that were forgotten: no later document is compared with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    /// How many were forgotten.
    pub documents: usize,
    /// The oldest day still known.
    pub oldest_day: i32,
    /// Whether the memory cap was the reason, and not age.
    pub for_memory: bool,
}

/// The near-copy index and its clusters: all that deduplication remembers.
pub struct Deduplicator {
    pub(super) settings: Settings,
    pub(super) index: Index,
    pub(super) clusters: Clusters,
    pub(super) recall: Recall,
    /// The last document that an archive may hold; 0 without one.
    pub(super) sealed_through: DocId,
    /// What the archive takes of the memory cap; `None` without one.
    pub(super) archive_bytes: Option<usize>,
    newest_day: i32,
    since_memory_check: usize,
}

impl Deduplicator {
    /// Knows nothing yet.
    pub fn new(settings: Settings) -> Self {
        let recall = Recall::new(settings.max_recall_bytes);
        Self {
            settings,
            index: Index::new(),
            clusters: Clusters::new(GUEST_ROOM),
            recall,
            sealed_through: 0,
            archive_bytes: None,
            newest_day: i32::MIN,
            since_memory_check: 0,
        }
    }

    /// Judges a document and remembers it.
    ///
    /// `doc` must be greater than every id before; one that is not is answered from memory, without being judged again.
    /// `recall` gives the full sketch of an earlier document, made of the same title and text as then; a document that it
    /// does not know is passed over. It is called for at most a few dozen documents, mostly for none: recent sketches
    /// are held.
    pub fn judge(
        &mut self,
        doc: DocId,
        facts: &Facts<'_>,
        sketch: Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Verdict {
        self.judge_with(doc, facts, sketch, recall, &mut Empty)
    }

    /// As [`Self::judge`], with the documents that were sealed into `archive`. A verdict that moves sealed documents must be
    /// known to the archive before the next document is judged.
    pub fn judge_with(
        &mut self,
        doc: DocId,
        facts: &Facts<'_>,
        sketch: Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
        archive: &mut dyn Archive,
    ) -> Verdict {
        self.settle();
        if let Some(last) = self.clusters.last().filter(|last| last.doc >= doc) {
            let known =
                self.clusters.ordinal_of(doc).map_or(last.doc.min(doc), |ordinal| self.clusters.row(ordinal).cluster);
            return Verdict { cluster: known, ..Verdict::default() };
        }
        let mut verdict = Verdict { cluster: doc, expired: self.expire(facts.day), ..Verdict::default() };
        let (url, host) = (url_hash(facts.url), host_hash(facts.url));
        let min_hits = min_hits(&sketch);
        let looked_up = self.look_up(&sketch, url, min_hits, archive);
        let guests = looked_up.guests;
        let mut known = self.compare_with_candidates(&sketch, (url, host), looked_up, recall);
        let is_roundup = self.apply_roundup_rule(doc, &sketch, &mut known, recall, &mut verdict);
        let clusters = self.clusters_to_join(&sketch, &mut known, recall);
        if let Some(&oldest) = clusters.first() {
            verdict.cluster = oldest;
            for absorbed in &clusters[1..] {
                let members = self.clusters.members(*absorbed);
                verdict.moved.extend(self.clusters.move_to(&members, oldest));
                if *absorbed <= self.sealed_through {
                    // No guest, and yet of the cluster: more than are admitted, or past the window.
                    verdict.moved.extend(archive.all_members(*absorbed).into_iter().map(|doc| (doc, oldest)));
                }
            }
        }
        // A document may move twice, out of a roundup page's cluster and on into this one: the last word counts.
        let last: BTreeMap<DocId, ClusterId> = verdict.moved.drain(..).collect();
        verdict.moved.extend(last);
        verdict.evidence = known.iter().map(|known| self.evidence(known)).collect();
        self.clusters.dismiss(guests);
        self.remember(
            Row {
                doc,
                cluster: verdict.cluster,
                url,
                host,
                shingles: sketch.len() as u32,
                day: facts.day,
                roundup: is_roundup,
            },
            sketch.indexed(),
        );
        self.recall.put(doc, Arc::new(sketch.without_keys()));
        verdict
    }

    /// Takes a document back at start, in the order of arrival, with the cluster it was last in. What is too old by then, or
    /// too much, is forgotten again.
    pub fn restore(
        &mut self,
        doc: DocId,
        cluster: ClusterId,
        facts: &Facts<'_>,
        standing: Standing,
        brief: &[u8],
    ) -> Result<(), DamagedBrief> {
        let brief = Brief::parse(brief)?;
        self.expire(facts.day);
        let (url, host, roundup) = (url_hash(facts.url), host_hash(facts.url), standing == Standing::Roundup);
        let row = Row { doc, cluster, url, host, shingles: brief.shingles, day: facts.day, roundup };
        let ordinal = self.clusters.push(row);
        let in_one_cluster = in_one_cluster(&self.clusters, self.settings.window_days);
        self.index.post(brief.keys(), ordinal, in_one_cluster);
        Ok(())
    }

    /// Makes everything restored so far findable. The next judgement does so as well, and waits for it.
    pub fn settle(&mut self) {
        self.index.settle(in_one_cluster(&self.clusters, self.settings.window_days));
    }

    /// Live members of a cluster, in arrival order.
    pub fn members(&self, cluster: ClusterId) -> Vec<DocId> {
        self.clusters.members(cluster).into_iter().map(|ordinal| self.clusters.row(ordinal).doc).collect()
    }

    /// The cluster that a document is in, if it is still known.
    pub fn cluster_of(&self, doc: DocId) -> Option<ClusterId> {
        self.clusters.ordinal_of(doc).map(|ordinal| self.clusters.row(ordinal).cluster)
    }

    /// The number of documents known.
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// Whether no document is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory held by the index (the cache of full sketches not counted), in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.index.bytes() + self.clusters.bytes()
    }

    /// Memory that documents may take: what the archive leaves of the cap, and a quarter of it in any case.
    pub(super) fn room(&self) -> usize {
        let cap = self.settings.max_index_bytes;
        cap.saturating_sub(self.archive_bytes.unwrap_or(0)).max(cap / 4)
    }

    /// The first day of the window.
    pub fn oldest_day(&self) -> i32 {
        self.newest_day.saturating_sub_unsigned(self.settings.window_days)
    }

    fn remember(&mut self, row: Row, keys: impl Iterator<Item = u64>) {
        let ordinal = self.clusters.push(row);
        let clusters = &self.clusters;
        let fresh_from = self.newest_day.saturating_sub_unsigned(self.settings.window_days / 2);
        self.index.insert(keys, ordinal, |other| {
            let other = clusters.row(other);
            other.cluster == row.cluster && other.day >= fresh_from
        });
    }

    fn evidence(&self, known: &Known) -> Evidence {
        Evidence {
            other: self.clusters.row(known.ordinal).doc,
            containment: known.pair.comparison.containment,
            jaccard: known.pair.comparison.jaccard,
            coverage: known.pair.comparison.coverage,
            agreement: known.pair.agreement,
            outcome: known.pair.outcome,
        }
    }

    /// Forgets documents that are too old on `day`, and the oldest days while memory is short.
    pub fn expire(&mut self, day: i32) -> Option<Expired> {
        self.newest_day = self.newest_day.max(day);
        let oldest = self.oldest_day();
        let mut documents = self.clusters.expire_while(|row| row.day < oldest);
        let mut for_memory = false;
        self.since_memory_check += 1;
        if self.since_memory_check >= MEMORY_CHECK_INTERVAL {
            self.since_memory_check = 0;
            // Where documents are sealed at the cap, this is for a disk that takes no more.
            let most = if self.archive_bytes.is_some() { self.room() / 4 * 5 } else { self.room() };
            while self.memory_bytes() > most && self.len() > MEMORY_CHECK_INTERVAL {
                self.settle();
                if self.memory_bytes() <= most {
                    break;
                }
                for_memory = true;
                documents += self.forget_oldest_day();
                self.index.expire(self.clusters.first_ordinal());
                self.index.compact();
            }
        }
        if documents == 0 {
            return None;
        }
        self.index.expire(self.clusters.first_ordinal());
        let oldest_day = self.clusters.first().map_or(self.newest_day, |row| row.day);
        Some(Expired { documents, oldest_day, for_memory })
    }

    /// The oldest day goes whole; where it is the only one, or nothing is gained by it, an eighth of all documents.
    fn forget_oldest_day(&mut self) -> usize {
        let eighth = self.len() / 8;
        let day = self.clusters.first().map_or(i32::MIN, |row| row.day);
        let newest = self.newest_day;
        let mut count = 0;
        self.clusters.expire_while(|row| {
            count += 1;
            count <= eighth || (row.day == day && day != newest)
        })
    }
}

/// Whether an earlier document is of a later one's cluster, and so fresh beside it that it stands for the cluster.
fn in_one_cluster(clusters: &Clusters, window_days: u32) -> impl Fn(Ordinal, Ordinal) -> bool {
    move |earlier, later| {
        let (earlier, later) = (clusters.row(earlier), clusters.row(later));
        earlier.cluster == later.cluster && earlier.day >= later.day.saturating_sub_unsigned(window_days / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_page_is_no_articles_address() {
        for url in ["https://paper.example/", "https://paper.example", "paper.example/"] {
            assert_eq!(url_hash(Some(url)), 0, "{url}");
        }
        for url in
            ["https://paper.example/?p=12", "https://paper.example?p=12", "https://paper.example/mill", "mill/fire"]
        {
            assert_ne!(url_hash(Some(url)), 0, "{url}");
        }
    }
}
