//! The template guard: the same sentences with other names and numbers are another article.
//!
//! Weather, results, quakes and obituaries share most of their words. What they do not share is what fills the slots:
//! so the names and numbers of the smaller text must stand beside the same neighbours in the larger.

use super::sketch::Sketch;

/// With fewer names and numbers than this nothing can be told.
const MIN_SLOTS: usize = 4;

/// Share of the smaller text's names and numbers that stand beside the same word in the other; `None` where it has too
/// few of them to tell.
pub(crate) fn slots_kept(a: &Sketch, b: &Sketch) -> Option<f64> {
    let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if small.slots.len() < MIN_SLOTS {
        return None;
    }
    let kept = small.slots.iter().filter(|(before, after)| {
        large.pairs.binary_search(before).is_ok() || large.pairs.binary_search(after).is_ok()
    });
    Some(kept.count() as f64 / small.slots.len() as f64)
}
