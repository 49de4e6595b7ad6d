//! The roundup rule: a page that holds two unrelated articles is an article of its own, and nothing joins through it.
//!
//! Without it every "in brief" page glues the articles of its day together. The difficulty is to tell such a page from an
//! article of which two different excerpts are known: excerpts keep the headline, and share the telling words.

use super::sketch::Sketch;
use super::verify::{shared, word_similarity};

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

/// Whether `part` may be one of several articles on `page`.
pub(crate) fn is_part(part: &Sketch, page: &Sketch) -> bool {
    (part.len() as f64) < MAX_PART * page.len() as f64 && !have_same_headline(part, page)
}

/// Whether two texts, one of them a roundup page, are copies of the page as a whole.
pub(crate) fn is_same_page(a: &Sketch, b: &Sketch, jaccard: f64) -> bool {
    let (smaller, larger) = (a.len().min(b.len()) as f64, a.len().max(b.len()) as f64);
    jaccard >= SAME_PAGE && smaller >= MAX_PART * larger
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
