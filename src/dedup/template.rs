//! The template guard: the same sentences with other names and numbers are another article.
//!
//! Weather, results, quakes and obituaries share most of their words. What they do not share is what fills the slots. So
//! each run of names and numbers is taken with the words on both sides (its frame): where the other text has the same
//! frame, the filling must be the same too. An edited copy breaks frames, but it does not fill them otherwise.

use super::sketch::Sketch;

/// With fewer common frames than this nothing can be told.
const MIN_FRAMES: u32 = 3;
const MIN_NUMBER_FRAMES: u32 = 4;
/// Copies change a number here and there (.7 of them agree in 99 % of copies); of templates about half agree by chance at most.
const MIN_NUMBERS_AGREE: f64 = 0.6;
/// The same for texts that share this much: a later state of an article may have most of its figures changed.
const NEARLY_WHOLE: f64 = 0.85;
const MIN_NUMBERS_AGREE_NEARLY_WHOLE: f64 = 0.25;

/// How the frames that two texts have in common are filled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fillings {
    pub same: u32,
    pub other: u32,
    /// Those of them with a number.
    pub same_numbers: u32,
    pub other_numbers: u32,
}

impl Fillings {
    /// Looks every frame of the smaller text up in the larger. One walk along both, however often one place is filled.
    pub fn compare(a: &Sketch, b: &Sketch) -> Self {
        let (small, large) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        let mut fillings = Self::default();
        let mut large = large.frames.iter().peekable();
        for of_place in small.frames.chunk_by(|a, b| a.place == b.place) {
            let place = of_place[0].place;
            while large.next_if(|other| other.place < place).is_some() {}
            if large.peek().is_none_or(|other| other.place != place) {
                continue;
            }
            for frame in of_place {
                while large.next_if(|other| *other < frame).is_some() {}
                let number = u32::from(frame.has_number());
                if large.peek() == Some(&frame) {
                    fillings.same += 1;
                    fillings.same_numbers += number;
                } else {
                    fillings.other += 1;
                    fillings.other_numbers += number;
                }
            }
        }
        fillings
    }

    /// Share of the common frames that are filled alike; `None` where they are too few to tell.
    pub fn agreement(&self) -> Option<f64> {
        let all = self.same + self.other;
        (all >= MIN_FRAMES).then(|| f64::from(self.same) / f64::from(all))
    }

    /// Whether the two texts are fillings of one template, `containment` being what they share.
    pub fn is_template(&self, min_agreement: f64, containment: f64) -> bool {
        let numbers = self.same_numbers + self.other_numbers;
        let min_numbers = if containment >= NEARLY_WHOLE { MIN_NUMBERS_AGREE_NEARLY_WHOLE } else { MIN_NUMBERS_AGREE };
        self.agreement().is_some_and(|agreement| agreement < min_agreement)
            || (numbers >= MIN_NUMBER_FRAMES && f64::from(self.same_numbers) < min_numbers * f64::from(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::sketch::Frame;
    use proptest::prelude::*;

    /// What [`Fillings::compare`] promises, without a thought of time.
    fn looked_up_one_by_one(small: &[Frame], large: &[Frame]) -> Fillings {
        let mut fillings = Fillings::default();
        for frame in small.iter().filter(|frame| large.iter().any(|other| other.place == frame.place)) {
            let number = u32::from(frame.has_number());
            if large.contains(frame) {
                fillings.same += 1;
                fillings.same_numbers += number;
            } else {
                fillings.other += 1;
                fillings.other_numbers += number;
            }
        }
        fillings
    }

    proptest! {
        #[test]
        fn one_walk_finds_what_looking_every_frame_up_finds(
            [a, b] in [(); 2].map(|()| prop::collection::btree_set((0u32..6, 0u32..6), 0..20))
        ) {
            let sketch = |frames: std::collections::BTreeSet<(u32, u32)>| Sketch {
                frames: frames.into_iter().map(|(place, filling)| Frame { place, filling }).collect(),
                ..Sketch::default()
            };
            let (a, b) = (sketch(a), sketch(b));
            prop_assert_eq!(Fillings::compare(&a, &b), looked_up_one_by_one(&a.frames, &b.frames));
        }
    }

    fn compare(a: &str, b: &str) -> Fillings {
        Fillings::compare(&Sketch::of(None, a), &Sketch::of(None, b))
    }

    const REPORT: &str = "The quake near Ostby had a depth of 12 km and was felt by 300 people in Lund before the office in Kalmar \
                          said that 7 houses fell and 45 roofs leaked.";

    #[test]
    fn other_names_and_numbers_between_the_same_words_are_a_template() {
        let other = REPORT
            .replace("Ostby", "Rekke")
            .replace("12 km", "31 km")
            .replace("300", "80")
            .replace("Lund", "Borg")
            .replace('7', "3")
            .replace("45", "22");
        let fillings = compare(REPORT, &other);
        assert_eq!((fillings.same, fillings.other), (1, 6));
        assert!(fillings.is_template(0.65, 0.7));
    }

    #[test]
    fn edited_words_break_frames_and_do_not_fill_them_otherwise() {
        let edited = REPORT.replace("near", "close to").replace("people", "persons").replace("fell", "collapsed");
        let fillings = compare(REPORT, &edited);
        assert_eq!(fillings.other, 0);
        assert!(!fillings.is_template(0.65, 0.7));
    }

    #[test]
    fn constant_names_do_not_hide_numbers_that_differ() {
        let fillings = Fillings { same: 20, other: 5, same_numbers: 1, other_numbers: 5 };
        assert!(fillings.is_template(0.65, 0.7));
    }

    #[test]
    fn a_live_report_may_change_most_of_its_figures() {
        let fillings = Fillings { same: 20, other: 4, same_numbers: 2, other_numbers: 4 };
        assert!(fillings.is_template(0.65, 0.7));
        assert!(!fillings.is_template(0.65, 0.95));
    }

    #[test]
    fn two_frames_tell_nothing() {
        assert_eq!(compare("It rained in Lund.", "It rained in Borg.").agreement(), None);
    }
}
