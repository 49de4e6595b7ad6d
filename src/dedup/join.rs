//! The cluster rule: a copy of some member is not yet a copy of the article.
//!
//! Wire stories on one event drift: each version shares most of its text with the last and nothing with the first. So a
//! document must match what stands for the cluster, and joins two clusters only where these match each other.

use super::candidates::Known;
use super::cluster::Clusters;
use super::pair::Pair;
use super::{ClusterId, Deduplicator, DocId, Outcome, Sketch};

/// A text that is contained this much in a longer one is an excerpt of it.
const EXCERPT_CONTAINMENT: f64 = 0.85;

impl Deduplicator {
    /// The clusters that the new document makes one, oldest first; links that would only chain are marked so.
    pub(super) fn clusters_to_join(
        &mut self,
        sketch: &Sketch,
        known: &mut [Known],
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<ClusterId> {
        let mut clusters: Vec<ClusterId> = Vec::new();
        for link in known.iter().filter(|k| k.pair.outcome.is_merged()) {
            if !clusters.contains(&link.cluster) {
                clusters.push(link.cluster);
            }
        }
        // Strongest first: `known` is in that order.
        clusters.retain(|cluster| self.is_of_cluster(sketch, known, *cluster));
        if let [best, rest @ ..] = clusters.as_slice() {
            let best = *best;
            let joined: Vec<ClusterId> =
                rest.iter().copied().filter(|other| self.are_one(sketch, known, best, *other, recall)).collect();
            clusters = vec![best];
            clusters.extend(joined);
        }
        for link in known.iter_mut().filter(|k| k.pair.outcome.is_merged()) {
            if !clusters.contains(&link.cluster) {
                link.pair.outcome = Outcome::Chain;
            }
        }
        clusters.sort_unstable();
        clusters
    }

    /// Whether the new document is a copy of the cluster's article: of its longest text, or of at least half of the members
    /// that it was compared with.
    fn is_of_cluster(&self, sketch: &Sketch, known: &[Known], cluster: ClusterId) -> bool {
        let longest = self.clusters.longest(cluster);
        let of_cluster = || known.iter().filter(|k| k.cluster == cluster);
        let linked = of_cluster().filter(|k| k.pair.outcome.is_merged()).count();
        // An excerpt of any member adds nothing that the cluster could drift by.
        let is_excerpt =
            |k: &Known| k.sketch.len() >= sketch.len() && k.pair.comparison.containment >= EXCERPT_CONTAINMENT;
        of_cluster().any(|k| {
            k.pair.outcome == Outcome::SameUrl
                || (k.pair.outcome.is_merged() && (Some(k.ordinal) == longest || is_excerpt(k)))
        }) || linked * 2 >= of_cluster().count()
    }

    /// Whether two clusters that the new document matched are one article: their longest texts are copies, or the new one
    /// holds both.
    fn are_one(
        &mut self,
        sketch: &Sketch,
        known: &[Known],
        a: ClusterId,
        b: ClusterId,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> bool {
        let longest = |clusters: &Clusters, cluster| clusters.longest(cluster).map(|ordinal| *clusters.row(ordinal));
        let (Some(row_a), Some(row_b)) = (longest(&self.clusters, a), longest(&self.clusters, b)) else { return false };
        let of_b = || known.iter().filter(|k| k.cluster == b);
        let holds_both =
            sketch.len() as u32 > row_a.shingles.max(row_b.shingles) && of_b().all(|k| k.pair.outcome.is_merged());
        if holds_both || of_b().any(|k| k.pair.outcome == Outcome::SameUrl) {
            return true;
        }
        let (Some(x), Some(y)) = (self.recall.get(row_a.doc, recall), self.recall.get(row_b.doc, recall)) else {
            return false;
        };
        Pair::of(&self.settings, &x, &y, row_a.roundup || row_b.roundup).outcome.is_merged()
    }
}
