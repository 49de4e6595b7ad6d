//! The learned judgement of lines: which of a text's lines are none of the article's.
//!
//! Trained by `tools/train_line_model.py` (gradient boosting, see there for data and settings); here it is only read.

use super::features::{Features, NAMES};
use crate::clean::forest::Forest;

const TREES: &str = include_str!("../../../config/line_model.txt");

/// Trees after which most lines of prose are done with.
const FIRST_TREES: usize = 32;
/// The sum up to which they are: a score of .27, far from any bar.
const FIRST_SUM: f32 = -1.0;

/// The compiled trees.
pub struct Model(Forest);

impl Model {
    /// The model that is compiled in.
    pub fn built_in() -> Self {
        Self(Forest::parse(TREES, &NAMES).expect("the model compiled in is tested"))
    }

    /// How surely a line with these features is none of the article's: 0 to 1.
    ///
    /// A line that the first trees take for the article's is not asked about any further: its score is low as it is.
    pub fn score(&self, features: &Features) -> f32 {
        self.0.probability(features, FIRST_TREES, |sum| sum <= FIRST_SUM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_model_reads_and_is_small() {
        assert!(Model::built_in().0.trees() > FIRST_TREES);
        assert!(TREES.len() <= 64 * 1024, "{} bytes", TREES.len());
    }
}
