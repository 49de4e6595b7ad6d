//! The cluster rule: a copy of some member is not yet a copy of the article.
//!
//! Wire stories on one event drift: each version shares most of its text with the last and nothing with the first. So a
//! document must match what stands for the cluster, and joins two clusters only where these match each other.

use super::candidates::{Known, MAX_CANDIDATES_OF_CLUSTER};
use super::cluster::Clusters;
use super::pair::Pair;
use super::{ClusterId, Deduplicator, DocId, Outcome, Sketch};

/// A text that is contained this much in a longer one is an excerpt of it.
const EXCERPT_CONTAINMENT: f64 = 0.85;

/// In a large cluster, copies of half so many members are enough: no more than that are compared.
const ENOUGH_MEMBERS: usize = 2 * MAX_CANDIDATES_OF_CLUSTER;
/// A text that holds this much of the longest texts of two clusters is the whole that both are parts of; one that stands
/// between them as a version holds less of each.
const WHOLE_CONTAINMENT: f64 = 0.8;

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

    /// Whether the new document is a copy of the cluster's article: of its longest text as a whole, or of both the longest
    /// and the oldest, or of half of the members, those that it was not compared with counting as strangers. The longest
    /// alone is not enough, since versions that grow a little move it along.
    fn is_of_cluster(&self, sketch: &Sketch, known: &[Known], cluster: ClusterId) -> bool {
        let links: Vec<&Known> = known.iter().filter(|k| k.cluster == cluster && k.pair.outcome.is_merged()).collect();
        let (longest, oldest) = (self.clusters.longest(cluster), self.clusters.oldest(cluster));
        let has_oldest = links.iter().any(|k| Some(k.ordinal) == oldest);
        let is_enough = |k: &&Known| {
            let containment = k.pair.comparison.containment;
            // An excerpt of any member adds nothing that the cluster could drift by.
            let is_excerpt = k.sketch.len() >= sketch.len() && containment >= EXCERPT_CONTAINMENT;
            let is_of_longest = Some(k.ordinal) == longest && (has_oldest || containment >= WHOLE_CONTAINMENT);
            k.pair.outcome == Outcome::SameUrl || is_excerpt || is_of_longest
        };
        links.iter().any(is_enough) || links.len() * 2 >= self.clusters.size(cluster).min(ENOUGH_MEMBERS)
    }

    /// Whether two clusters that the new document matched are one article: their longest texts are copies, or the new one
    /// holds both. A common URL is no reason: it may be a wrong one.
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
        let holds = |doc: DocId| {
            known.iter().any(|k| {
                self.clusters.row(k.ordinal).doc == doc
                    && k.pair.outcome.is_merged()
                    && k.sketch.len() < sketch.len()
                    && k.pair.comparison.containment >= WHOLE_CONTAINMENT
            })
        };
        if holds(row_a.doc) && holds(row_b.doc) {
            return true;
        }
        let (Some(x), Some(y)) = (self.recall.get(row_a.doc, recall), self.recall.get(row_b.doc, recall)) else {
            return false;
        };
        Pair::of(&self.settings, &x, &y, row_a.roundup || row_b.roundup).outcome.is_merged()
    }
}
