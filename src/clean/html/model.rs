//! The learned judgement of blocks: which of a page's runs belong to the body.
//!
//! `model.txt` is written by `docs/html_model/train.py`; it is read once.

use std::sync::LazyLock;

use super::features;
use crate::clean::forest::Forest;

/// The file as trained.
const MODEL: &str = include_str!("model.txt");

/// After so many trees a sum beyond this (a probability below .047 or above .953) is final.
const EARLY_TREES: usize = 32;
const CLEAR: f32 = 3.0;

/// The probability for one row of features.
pub(super) fn probability(row: &[f32]) -> f32 {
    static READ: LazyLock<Forest> =
        LazyLock::new(|| Forest::parse(MODEL, &features::names()).expect("the compiled-in model is read by the tests"));
    READ.probability(row, EARLY_TREES, |sum| sum.abs() > CLEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_model_is_whole() {
        assert!(Forest::parse(MODEL, &features::names()).expect("a model over known features").trees() > EARLY_TREES);
    }
}
