//! What two texts are to each other: copies, fillings of one template, or neither.
//!
//! The one place where thresholds meet: how much is shared, how it is spread, and whether names and numbers agree.

use super::sketch::Sketch;
use super::template::Fillings;
use super::verify::{Comparison, compare};
use super::{Outcome, Settings, roundup};

/// Texts below this many shingles are merged as whole texts only: a caption or a teaser line may stand in anything.
const MIN_EXCERPT_SHINGLES: usize = 16;
/// Jaccard similarity from which two texts are copies as wholes.
const MIN_WHOLE_JACCARD: f64 = 0.6;
/// What copies share is spread over the whole text, where a second article on the event has whole paragraphs of the first and
/// none of the rest: a text that is spread so needs less in common. Measured together on generated and real news: recall
/// of heavy edits .66 → .86 and of copies with every tenth word replaced .46 → .97, at no false merge more.
const SPREAD_COVERAGE: f64 = 0.7;
const SPREAD_ALLOWANCE: f64 = 0.1;
/// The same, where besides every name and number stands in its place.
const EDITED_COVERAGE: f64 = 0.8;
const EDITED_ALLOWANCE: f64 = 0.2;
const MIN_EDITED_FRAMES: u32 = 5;
const MIN_EDITED_AGREEMENT: f64 = 0.85;

/// Two texts, compared and judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pair {
    pub comparison: Comparison,
    /// Share of common frames that are filled alike; `None` where they are too few to tell.
    pub agreement: Option<f64>,
    pub outcome: Outcome,
}

impl Pair {
    /// Judges two texts by themselves; `roundup` tells whether one of them is known as a roundup page. Symmetric but for
    /// texts with as many shingles, of which `a` is taken for the smaller.
    pub fn of(settings: &Settings, a: &Sketch, b: &Sketch, roundup: bool) -> Self {
        let comparison = compare(a, b);
        let fillings = Fillings::compare(a, b);
        let agreement = fillings.agreement();
        let whole = comparison.jaccard >= MIN_WHOLE_JACCARD;
        let tiny = a.len().min(b.len()) < MIN_EXCERPT_SHINGLES;
        let least = settings.min_containment - EDITED_ALLOWANCE;
        let outcome = if comparison.containment < least || (tiny && !whole) {
            Outcome::TooLittle
        } else if fillings.is_template(settings.min_agreement, comparison.containment) {
            Outcome::Template
        } else if comparison.containment < floor(settings, &comparison, &fillings) {
            Outcome::TooLittle
        } else if roundup && !roundup::is_same_page(a, b, comparison.jaccard) {
            Outcome::Roundup
        } else {
            Outcome::NearCopy
        };
        Self { comparison, agreement, outcome }
    }

    /// How close the two are: as wholes, or as a part of the other.
    pub fn strength(&self) -> f64 {
        self.comparison.containment.max(self.comparison.jaccard)
    }
}

/// The least containment of copies that share what they share in this way.
fn floor(settings: &Settings, comparison: &Comparison, fillings: &Fillings) -> f64 {
    let edited = fillings.same >= MIN_EDITED_FRAMES
        && fillings.agreement().is_some_and(|agreement| agreement >= MIN_EDITED_AGREEMENT);
    let allowance = if edited && comparison.coverage >= EDITED_COVERAGE {
        EDITED_ALLOWANCE
    } else if comparison.coverage >= SPREAD_COVERAGE {
        SPREAD_ALLOWANCE
    } else {
        0.0
    };
    settings.min_containment - allowance
}
