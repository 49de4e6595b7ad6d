//! How much two texts share, exactly: the measures that candidates are judged by.

use super::sketch::{SHINGLE_WORDS, Sketch, Word};

/// Tokens in a stretch of text for [`Comparison::coverage`]: about one sentence.
const STRETCH_TOKENS: u32 = 20;

/// What two texts have in common.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Comparison {
    /// Distinct shingles in both.
    pub shared: u32,
    /// Share of the smaller text's shingles that the larger has.
    pub containment: f64,
    pub jaccard: f64,
    /// Share of the smaller text's sentence-long stretches that share a shingle with the larger. Scattered edits leave
    /// it near 1 even where containment falls to a half; a second article that quotes the first does not.
    pub coverage: f64,
}

/// Compares two texts; symmetric but for texts with as many shingles, of which `a` is taken for the smaller.
pub(crate) fn compare(a: &Sketch, b: &Sketch) -> Comparison {
    let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if small.is_empty() {
        return Comparison::default();
    }
    // Without branches: what matches is a coin toss, and a processor that guesses wrong loses more than a step.
    let mut matched = vec![0; small.len() + 1];
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < small.shingles.len() && j < large.shingles.len() {
        let (a, b) = (small.shingles[i], large.shingles[j]);
        matched[count] = small.positions[i];
        count += usize::from(a == b);
        i += usize::from(a <= b);
        j += usize::from(b <= a);
    }
    let mut stretches = vec![false; (small.tokens / STRETCH_TOKENS) as usize + 1];
    for position in &matched[..count] {
        stretches[(position / STRETCH_TOKENS) as usize] = true;
    }
    let shared = count as u32;
    let last_stretch = (small.tokens.saturating_sub(SHINGLE_WORDS as u32) / STRETCH_TOKENS) as usize;
    let stretches = &stretches[..=last_stretch];
    let union = small.len() + large.len() - shared as usize;
    Comparison {
        shared,
        containment: f64::from(shared) / small.len() as f64,
        jaccard: f64::from(shared) / union as f64,
        coverage: stretches.iter().filter(|covered| **covered).count() as f64 / stretches.len() as f64,
    }
}

/// From so many times the other's length on, a list is searched for each value of the other, and not walked through: a text of
/// many paragraphs has each of them looked for in the whole.
const MUCH_LONGER: usize = 16;

/// The number of values that two sorted lists without repeats share.
pub(crate) fn shared(a: &[u32], b: &[u32]) -> usize {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if few.len() < many.len() / MUCH_LONGER {
        return few.iter().filter(|value| many.binary_search(value).is_ok()).count();
    }
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        let (x, y) = (a[i], b[j]);
        count += usize::from(x == y);
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    count
}

/// Whether two texts have a shingle in common that begins within the first `tokens` of both.
pub(crate) fn share_within(a: &Sketch, b: &Sketch, tokens: u32) -> bool {
    let (mut i, mut j) = (0, 0);
    while i < a.shingles.len() && j < b.shingles.len() {
        let (x, y) = (a.shingles[i], b.shingles[j]);
        if x == y && a.positions[i] < tokens && b.positions[j] < tokens {
            return true;
        }
        i += usize::from(x <= y);
        j += usize::from(y <= x);
    }
    false
}

/// Words of a text, after the headline, by which it is known that it begins as another.
const OPENING_TOKENS: u32 = 30;

/// Whether `text` has any shingle of the opening of `of`.
pub(crate) fn has_opening_of(text: &Sketch, of: &Sketch) -> bool {
    let opening = of.title_tokens..of.title_tokens.saturating_add(OPENING_TOKENS);
    let mut shingles = of.shingles.iter().zip(&of.positions).filter(|(_, position)| opening.contains(position));
    shingles.any(|(shingle, _)| text.shingles.binary_search(shingle).is_ok())
}

/// Cosine similarity of the words of two texts, longer words weighing more; needs no statistics of a collection, so it is
/// the same for the same two texts for ever.
pub(crate) fn word_similarity(a: &Sketch, b: &Sketch) -> f64 {
    let square = |words: &[Word]| words.iter().map(|word| f64::from(word.weight).powi(2)).sum::<f64>();
    let (mut i, mut j, mut product) = (0, 0, 0.0);
    while i < a.words.len() && j < b.words.len() {
        let (x, y) = (a.words[i], b.words[j]);
        if x.hash == y.hash {
            product += f64::from(x.weight) * f64::from(y.weight);
        }
        i += usize::from(x.hash <= y.hash);
        j += usize::from(y.hash <= x.hash);
    }
    let norm = (square(&a.words) * square(&b.words)).sqrt();
    if norm > 0.0 { product / norm } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_two_lists_share_is_counted_however_long_each_is(
            a in prop::collection::btree_set(0u32..400, 0..200),
            b in prop::collection::btree_set(0u32..400, 0..8),
        ) {
            let list = |set: &BTreeSet<u32>| set.iter().copied().collect::<Vec<_>>();
            prop_assert_eq!(shared(&list(&a), &list(&b)), a.intersection(&b).count());
            prop_assert_eq!(shared(&list(&b), &list(&a)), a.intersection(&b).count());
            prop_assert_eq!(shared(&list(&a), &list(&a)), a.len());
        }
    }

    fn sketch(text: &str) -> Sketch {
        Sketch::of(None, text)
    }

    fn numbers(range: std::ops::Range<u32>) -> String {
        range.map(|n| format!("w{} ", n * 7)).collect()
    }

    #[test]
    fn measures_are_exact_and_symmetric() {
        let (a, b) = (sketch(&numbers(0..54)), sketch(&numbers(25..104)));
        let comparison = compare(&a, &b);
        // Shingles 25 to 49 of a's 50 are the first 25 of b's 75.
        assert_eq!(comparison.shared, 25);
        assert_eq!(comparison.containment, 0.5);
        assert_eq!(comparison.jaccard, 0.25);
        assert_eq!(compare(&b, &a), comparison);
    }

    #[test]
    fn coverage_tells_scattered_edits_from_a_common_block() {
        let whole = numbers(0..200);
        let scattered: String = whole
            .split(' ')
            .enumerate()
            .map(|(i, w)| if i % 8 == 0 { "x ".to_owned() } else { format!("{w} ") })
            .collect();
        let block = numbers(0..100) + &numbers(500..600);
        let (scattered, block) =
            (compare(&sketch(&whole), &sketch(&scattered)), compare(&sketch(&whole), &sketch(&block)));
        assert!(scattered.containment < 0.55 && scattered.coverage == 1.0, "{scattered:?}");
        assert!(block.containment < 0.55 && block.coverage < 0.6, "{block:?}");
    }

    #[test]
    fn an_opening_is_shared_where_it_stands_first_in_both() {
        let (a, b) = (sketch(&numbers(0..100)), sketch(&(numbers(500..530) + &numbers(10..60))));
        assert!(share_within(&a, &b, 31) && share_within(&b, &a, 31));
        assert!(!share_within(&a, &b, 30) && !share_within(&b, &a, 30));
    }

    #[test]
    fn an_empty_text_has_nothing_in_common_with_any() {
        assert_eq!(compare(&sketch(""), &sketch("one two three")), Comparison::default());
        assert_eq!(word_similarity(&sketch(""), &sketch("one two three")), 0.0);
    }

    #[test]
    fn word_similarity_is_one_for_the_same_words_and_zero_for_others() {
        let (a, b) = (sketch("harbour lights dimmed"), sketch("dimmed harbour lights"));
        assert!((word_similarity(&a, &b) - 1.0).abs() < 1e-9);
        assert_eq!(word_similarity(&a, &sketch("orchard fences painted")), 0.0);
    }
}
