//! The roundup rule: a page that holds two unrelated articles is an article of its own, and nothing joins through it.
//!
//! Without it every "in brief" page glues the articles of its day together. The difficulty is to tell such a page from an
//! article of which two different excerpts are known: excerpts keep the headline, and share the telling words.

use std::sync::Arc;

use super::candidates::Known;
use super::index::Ordinal;
use super::pair::Pair;
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
/// Members of a cluster that are parted one by one when a roundup page leaves it; the rest follow the first article.
const MAX_PARTED: usize = 64;

/// Whether `part` may be one of several articles on `page`.
pub(crate) fn is_part(part: &Sketch, page: &Sketch) -> bool {
    (part.len() as f64) < MAX_PART * page.len() as f64 && !have_same_headline(part, page)
}

/// Whether two texts, one of them a roundup page, are copies of the page as a whole.
pub(crate) fn is_same_page(a: &Sketch, b: &Sketch, jaccard: f64) -> bool {
    jaccard >= SAME_PAGE && a.len().min(b.len()) as f64 >= MAX_PART * a.len().max(b.len()) as f64
}

/// Whether two texts are neither copies of each other nor about the same thing.
pub(crate) fn are_unrelated(a: &Sketch, b: &Sketch) -> bool {
    let smaller = a.len().min(b.len());
    (shared(&a.shingles, &b.shingles) as f64) < MAX_OVERLAP * smaller as f64
        && !have_same_headline(a, b)
        && word_similarity(a, b) < UNRELATED_WORDS
}

/// Whether both have a headline, and the same but for a word or two.
pub(crate) fn have_same_headline(a: &Sketch, b: &Sketch) -> bool {
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

    /// Makes a page a cluster of its own, with the copies of the whole page, and parts the articles that it held together;
    /// the documents that move. The founder's group keeps the cluster's name.
    fn split_off(
        &mut self,
        page: Ordinal,
        page_sketch: &Arc<Sketch>,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<(DocId, ClusterId)> {
        self.clusters.set_roundup(page);
        let cluster = self.clusters.row(page).cluster;
        let mut members = self.clusters.members(cluster);
        members.retain(|member| *member != page);
        let mut pages = vec![page];
        let mut articles: Vec<Part> = Vec::new();
        for (n, member) in members.into_iter().enumerate() {
            let known = if n < MAX_PARTED { self.recall.get(self.clusters.row(member).doc, recall) } else { None };
            match known {
                Some(sketch) if is_same_page(&sketch, page_sketch, compare(&sketch, page_sketch).jaccard) => {
                    pages.push(member);
                }
                Some(sketch) => self.add_to_parts(&mut articles, member, sketch),
                None => match articles.first_mut() {
                    Some(first) => first.members.push(member),
                    None => pages.push(member),
                },
            }
        }
        pages.sort_unstable();
        articles.sort_unstable_by_key(|part| part.members[0]);
        let groups: Vec<Vec<Ordinal>> =
            std::iter::once(pages).chain(articles.into_iter().map(|part| part.members)).collect();
        // Where the founder is forgotten, its name stays with the oldest article rather than with the page.
        let founder = self.clusters.ordinal_of(cluster);
        let keeps_name = match founder {
            Some(founder) => groups.iter().position(|group| group.contains(&founder)).unwrap_or(0),
            None => usize::from(groups.len() > 1),
        };
        let mut moved = Vec::new();
        for (_, group) in groups.iter().enumerate().filter(|(i, _)| *i != keeps_name) {
            if let Some(first) = group.first() {
                let name = self.clusters.row(*first).doc;
                moved.extend(self.clusters.move_to(group, name));
            }
        }
        moved
    }

    /// Adds a document to the article that it is a copy of; articles that it shows to be one are made one.
    fn add_to_parts(&self, parts: &mut Vec<Part>, member: Ordinal, sketch: Arc<Sketch>) {
        let mut own = Part { members: vec![member], longest: sketch };
        parts.retain_mut(|part| {
            let is_one = have_same_headline(&part.longest, &own.longest)
                || Pair::of(&self.settings, &part.longest, &own.longest, false).outcome.is_merged();
            if is_one {
                own.members.append(&mut part.members);
                if part.longest.len() > own.longest.len() {
                    own.longest = Arc::clone(&part.longest);
                }
            }
            !is_one
        });
        own.members.sort_unstable();
        parts.push(own);
    }
}

/// One of the articles of a roundup page.
struct Part {
    members: Vec<Ordinal>,
    longest: Arc<Sketch>,
}
