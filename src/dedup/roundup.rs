//! The roundup rule: a page that holds two unrelated articles is an article of its own, and nothing joins through it.
//!
//! Without it every "in brief" page glues the articles of its day together. The difficulty is to tell such a page from an
//! article of which two different excerpts are known: excerpts keep the headline, and share the telling words.

use std::sync::Arc;

use super::candidates::Known;
use super::index::Ordinal;
use super::verify::{compare, shared, word_similarity};
use super::{ClusterId, Deduplicator, DocId, Outcome, Sketch, Verdict};

/// A part is at most this share of the page that holds it.
const MAX_PART: f64 = 0.9;
/// Jaccard similarity of two copies of one page.
const SAME_PAGE: f64 = 0.6;
/// Two parts that share more than this of the smaller one overlap: they are copies, not two articles.
const MAX_OVERLAP: f64 = 0.1;
/// Word similarity below which two texts are unrelated: of pairs of parts of generated roundup pages 97 % are below, of
/// pairs of disjoint excerpts of one article 11 %, nearly all of which have the same headline.
const UNRELATED_WORDS: f64 = 0.115;
/// Jaccard similarity of the words of two headlines from which they are the same.
const SAME_HEADLINE: f64 = 0.6;

/// Members of a cluster looked at for the parts of a roundup page.
const MAX_PARTS: usize = 12;
/// Copies of a roundup page that stay with it when it leaves a cluster.
const MAX_PAGES: usize = 64;

/// Whether `part` may be one of several articles on `page`.
pub(crate) fn is_part(part: &Sketch, page: &Sketch) -> bool {
    (part.len() as f64) < MAX_PART * page.len() as f64 && !have_same_headline(part, page)
}

/// Whether two texts, one of them a roundup page, are copies of the page as a whole.
pub(crate) fn is_same_page(a: &Sketch, b: &Sketch, jaccard: f64) -> bool {
    jaccard >= SAME_PAGE && is_similar_length(a.len(), b.len())
}

fn is_similar_length(a: usize, b: usize) -> bool {
    a.min(b) as f64 >= MAX_PART * a.max(b) as f64
}

/// Whether two texts are neither copies of each other nor about the same thing.
pub(crate) fn are_unrelated(a: &Sketch, b: &Sketch) -> bool {
    let smaller = a.len().min(b.len());
    (shared(&a.shingles, &b.shingles) as f64) < MAX_OVERLAP * smaller as f64
        && !have_same_headline(a, b)
        && word_similarity(a, b) < UNRELATED_WORDS
}

fn have_same_headline(a: &Sketch, b: &Sketch) -> bool {
    let common = shared(&a.headline, &b.headline);
    let all = a.headline.len() + b.headline.len() - common;
    common > 0 && common as f64 >= SAME_HEADLINE * all as f64
}

impl Deduplicator {
    /// Finds roundup pages among the new document and those it matched; their links go. Whether the new one is one.
    pub(super) fn apply_roundup_rule(
        &mut self,
        doc: DocId,
        sketch: &Sketch,
        known: &mut [Known],
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
        verdict: &mut Verdict,
    ) -> bool {
        let parts: Vec<&Known> =
            known.iter().filter(|k| k.pair.outcome == Outcome::NearCopy && is_part(&k.sketch, sketch)).collect();
        let holds_two = parts
            .iter()
            .enumerate()
            .any(|(i, a)| parts[..i].iter().any(|b| a.cluster != b.cluster && are_unrelated(&a.sketch, &b.sketch)));
        if holds_two {
            for known in known.iter_mut().filter(|k| k.pair.outcome == Outcome::NearCopy) {
                if !is_same_page(sketch, &known.sketch, known.pair.comparison.jaccard) {
                    known.pair.outcome = Outcome::Roundup;
                }
            }
            verdict.roundups.push(doc);
            return true;
        }
        let pages: Vec<usize> = (0..known.len())
            .filter(|i| known[*i].pair.outcome == Outcome::NearCopy && is_part(sketch, &known[*i].sketch))
            .collect();
        for i in pages {
            let page = Arc::clone(&known[i].sketch);
            let cluster = self.clusters.row(known[i].ordinal).cluster;
            if self.has_other_part(&page, known[i].ordinal, cluster, sketch, recall) {
                known[i].pair.outcome = Outcome::Roundup;
                verdict.roundups.push(self.clusters.row(known[i].ordinal).doc);
                verdict.moved.extend(self.split_off(known[i].ordinal, &page, recall));
            }
        }
        for known in known.iter_mut() {
            known.cluster = self.clusters.row(known.ordinal).cluster;
        }
        false
    }

    /// Whether the cluster of `page` holds a part of it that has nothing to do with `sketch`.
    fn has_other_part(
        &mut self,
        page: &Sketch,
        page_ordinal: Ordinal,
        cluster: ClusterId,
        sketch: &Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> bool {
        let members = self.clusters.members(cluster);
        members.into_iter().filter(|member| *member != page_ordinal).take(MAX_PARTS).any(|member| {
            let Some(other) = self.recall.get(self.clusters.row(member).doc, recall) else { return false };
            is_part(&other, page)
                && are_unrelated(&other, sketch)
                && compare(&other, page).containment >= self.settings.min_containment
        })
    }

    /// Makes a page a cluster of its own, with the copies of the whole page; the documents that move.
    fn split_off(
        &mut self,
        page: Ordinal,
        page_sketch: &Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<(DocId, ClusterId)> {
        self.clusters.set_roundup(page);
        let row = *self.clusters.row(page);
        let (mut with_page, mut others) = (vec![page], Vec::new());
        for member in self.clusters.members(row.cluster) {
            if member == page {
                continue;
            }
            let copy = *self.clusters.row(member);
            let similar = is_similar_length(copy.shingles as usize, page_sketch.len()) && with_page.len() < MAX_PAGES;
            let whole = similar
                && self
                    .recall
                    .get(copy.doc, recall)
                    .is_some_and(|sketch| is_same_page(&sketch, page_sketch, compare(&sketch, page_sketch).jaccard));
            if whole { with_page.push(member) } else { others.push(member) }
        }
        // The founder's side keeps the cluster's name.
        let founder_stays = self.clusters.ordinal_of(row.cluster).is_none_or(|founder| others.contains(&founder));
        let leaving = if founder_stays { &with_page } else { &others };
        let Some(first) = leaving.iter().min() else { return Vec::new() };
        let name = self.clusters.row(*first).doc;
        self.clusters.move_to(leaving, name)
    }
}
