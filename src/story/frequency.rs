//! How common a term is in the stream so far, in fixed memory and with slow forgetting.

use super::Terms;

/// Counters; terms that fall together share one, which makes both look a little more common.
const COUNTERS: usize = 1 << 18;
/// Articles after which all counts are halved: the stream's own last months are the measure.
const HALVE_AFTER: u32 = 1 << 17;
/// Articles assumed before the first one, so that rarity does not jump about in a young stream.
const ASSUMED_ARTICLES: f32 = 2_000.0;

/// Document frequencies of terms.
pub(crate) struct Frequencies {
    counts: Vec<u32>,
    articles: u32,
}

impl Frequencies {
    pub fn new() -> Self {
        Self { counts: vec![0; COUNTERS], articles: 0 }
    }

    pub fn count(&mut self, terms: &Terms) {
        for (term, _) in terms.iter() {
            let counter = &mut self.counts[term as usize % COUNTERS];
            *counter = counter.saturating_add(1);
        }
        self.articles += 1;
        if self.articles >= HALVE_AFTER {
            self.articles /= 2;
            self.counts.iter_mut().for_each(|count| *count /= 2);
        }
    }

    /// Inverse document frequency, smoothed.
    pub fn rarity(&self, term: u32) -> f32 {
        let count = self.counts[term as usize % COUNTERS] as f32;
        ((self.articles as f32 + ASSUMED_ARTICLES) / (count + 1.0)).ln().max(0.0)
    }
}
