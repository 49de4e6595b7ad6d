//! Which earlier documents a new one is compared with: those whose shingles it has, as many as a copy would have.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::{Hits, Ordinal};
use super::pair::Pair;
use super::sealed::LookedUp;
use super::{ClusterId, Deduplicator, DocId, Outcome, Sketch};

/// Documents compared in full with a new one; copies of one article stand at the top of the hits.
const MAX_CANDIDATES: usize = 24;
/// Hits looked at to choose them from, so that one large cluster does not hide the others.
pub(super) const MAX_HITS: usize = 256;
/// Documents of one cluster compared with a new one, besides its longest.
pub(super) const MAX_CANDIDATES_OF_CLUSTER: usize = 4;
/// Of the hits that a text would have if it stood in the other as a whole, the share that its cluster must have: a quarter
/// of what the least copy has, since samples vary.
const MIN_SHARE_OF_EXPECTED_HITS: f64 = 0.1;
/// Shingles that must be found in one document; one is enough where few can be expected.
const MIN_HITS: u32 = 2;
const FEW_SHINGLES: usize = 100;
/// Share of the smaller text that a later state of the same URL keeps; below it the address was used for another article.
const MIN_SAME_URL: f64 = 0.1;

/// An earlier document, compared with the new one.
pub(super) struct Known {
    pub ordinal: Ordinal,
    pub cluster: ClusterId,
    pub sketch: Arc<Sketch>,
    pub pair: Pair,
}

/// Shingles of this text that must be found in another.
pub(super) fn min_hits(sketch: &Sketch) -> u32 {
    if sketch.len() < FEW_SHINGLES { 1 } else { MIN_HITS }
}

impl Deduplicator {
    /// The documents worth comparing with a new one, by the shingles of theirs that were found.
    fn choose(&self, sketch: &Sketch, hits: Hits<Ordinal>, same_url: Option<Ordinal>) -> Vec<Ordinal> {
        let Hits { documents, told } = hits;
        let mut of_cluster: BTreeMap<ClusterId, (u32, usize)> = BTreeMap::new();
        for (hits, ordinal) in &documents {
            of_cluster.entry(self.clusters.row(*ordinal).cluster).or_default().0 += hits;
        }
        let mut chosen: Vec<Ordinal> = same_url.into_iter().collect();
        for (_, ordinal) in documents {
            let row = self.clusters.row(ordinal);
            let (hits, taken) = of_cluster.entry(row.cluster).or_default();
            let expected = told * f64::from(sketch.shared_samples(row.shingles));
            if *taken < MAX_CANDIDATES_OF_CLUSTER
                && f64::from(*hits) >= MIN_SHARE_OF_EXPECTED_HITS * expected
                && !chosen.contains(&ordinal)
            {
                *taken += 1;
                chosen.push(ordinal);
            }
            if chosen.len() == MAX_CANDIDATES {
                break;
            }
        }
        chosen
    }

    /// Compares a new document with those that it may be a copy of; closest first.
    pub(super) fn compare_with_candidates(
        &mut self,
        sketch: &Sketch,
        LookedUp { hits, same_url, .. }: LookedUp,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<Known> {
        let chosen = self.choose(sketch, hits, same_url);
        let mut known: Vec<Known> = Vec::new();
        for ordinal in chosen {
            known.extend(self.compare_with(sketch, ordinal, recall));
        }
        for known in &mut known {
            if Some(known.ordinal) == same_url && known.pair.comparison.containment >= MIN_SAME_URL {
                known.pair.outcome = Outcome::SameUrl;
            }
        }
        // The longest and the oldest text of a cluster stand for its article: they are asked whenever a member matched.
        let linked: Vec<ClusterId> = known.iter().filter(|k| k.pair.outcome.is_merged()).map(|k| k.cluster).collect();
        for cluster in linked {
            for asked in [self.clusters.longest(cluster), self.clusters.oldest(cluster)].into_iter().flatten() {
                if known.iter().all(|known| known.ordinal != asked) {
                    known.extend(self.compare_with(sketch, asked, recall));
                }
            }
        }
        known.sort_by(|a, b| b.pair.strength().total_cmp(&a.pair.strength()).then(a.ordinal.cmp(&b.ordinal)));
        known
    }

    fn compare_with(
        &mut self,
        sketch: &Sketch,
        ordinal: Ordinal,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Option<Known> {
        let row = *self.clusters.row(ordinal);
        let other = self.recall.get(row.doc, recall)?;
        let pair = Pair::of(&self.settings, sketch, &other, row.roundup);
        Some(Known { ordinal, cluster: row.cluster, sketch: other, pair })
    }
}
