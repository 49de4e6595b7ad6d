//! The roundup rule: a page that holds two unrelated articles is an article of its own, and nothing joins through it.
//!
//! Without it every "in brief" page glues the articles of its day together.

use super::sketch::Sketch;
use super::verify::shared;

/// A part is at most this share of the page that holds it.
const MAX_PART: f64 = 0.8;
/// Two parts that share more than this of the smaller one overlap: they are copies, not two articles.
const MAX_OVERLAP: f64 = 0.1;
/// Two excerpts of one article share this much of their names and numbers; two articles of one page share less.
const RELATED_NAMES: f64 = 0.25;
/// With fewer names than this in either, relatedness cannot be told, and the parts count as related.
const MIN_NAMES: usize = 4;

/// Whether `part` is small enough to be one of several articles on `page`.
pub(crate) fn is_part(part: &Sketch, page: &Sketch) -> bool {
    (part.len() as f64) < MAX_PART * page.len() as f64
}

/// Whether two texts are neither copies of each other nor about the same people, places and figures.
pub(crate) fn are_unrelated(a: &Sketch, b: &Sketch) -> bool {
    let smaller = a.len().min(b.len());
    if shared(&a.shingles, &b.shingles) as f64 >= MAX_OVERLAP * smaller as f64 {
        return false;
    }
    let names = a.names.len().min(b.names.len());
    names >= MIN_NAMES && (shared(&a.names, &b.names) as f64) < RELATED_NAMES * names as f64
}
