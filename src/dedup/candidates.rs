//! Which earlier documents a new one is compared with: those whose shingles it has, as many as a copy would have.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::index::{Hits, Ordinal};
use super::pair::Pair;
use super::roundup::have_same_headline;
use super::sealed::LookedUp;
use super::verify::{has_opening_of, share_within};
use super::{ClusterId, Deduplicator, DocId, Outcome, Sketch};

/// Documents compared in full with a new one; copies of one article stand at the top of the hits.
const MAX_CANDIDATES: usize = 24;
/// Hits looked at to choose them from, so that one large cluster does not hide the others.
pub(super) const MAX_HITS: usize = 256;
/// Documents of one cluster compared with a new one, besides its longest.
pub(super) const MAX_CANDIDATES_OF_CLUSTER: usize = 4;
/// Of the hits that a text would have if it stood in the other as a whole, the share that its cluster must have: a quarter
/// of what the least copy has, since samples vary.
const MIN_SHARE_OF_EXPECTED_HITS: f64 = 0.1;
/// Shingles that must be found in one document; one is enough where few can be expected.
const MIN_HITS: u32 = 2;
const FEW_SHINGLES: usize = 100;
/// Share of the smaller text that a later state of the same URL keeps, where the headline is the same, and where only the
/// opening is. Below it the address was used for another article, and what the two share is the site's standing text.
const MIN_OF_SAME_HEADLINE: f64 = 0.1;
const MIN_OF_SAME_OPENING: f64 = 0.4;
/// Share of the smaller text in common from which two pages of one site are copies, however they begin.
const MIN_OF_ONE_SITE: f64 = 0.9;
/// Words of headline and text in which an opening must be found.
const OPENING_TOKENS: u32 = 60;

/// An earlier document, compared with the new one.
pub(super) struct Known {
    pub ordinal: Ordinal,
    pub cluster: ClusterId,
    pub sketch: Arc<Sketch>,
    pub pair: Pair,
}

/// Shingles of this text that must be found in another.
pub(super) fn min_hits(sketch: &Sketch) -> u32 {
    if sketch.len() < FEW_SHINGLES { 1 } else { MIN_HITS }
}

/// Whether a text at the URL of an earlier one is a state of the same article.
fn is_state_of_one(sketch: &Sketch, known: &Known) -> bool {
    let containment = known.pair.comparison.containment;
    known.pair.outcome == Outcome::NearCopy
        || (containment >= MIN_OF_SAME_HEADLINE && have_same_headline(sketch, &known.sketch))
        || (containment >= MIN_OF_SAME_OPENING && share_within(sketch, &known.sketch, OPENING_TOKENS))
}

/// Whether two pages of one site have a headline and an opening each, and what they share is most likely what stands under
/// every article there. It is not known as such before it was seen under several.
fn share_only_standing_text(pair: &Pair, a: &Sketch, b: &Sketch) -> bool {
    let have_headlines = !a.headline.is_empty() && !b.headline.is_empty();
    have_headlines
        && pair.comparison.containment < MIN_OF_ONE_SITE
        && !have_same_headline(a, b)
        && !has_opening_of(a, b)
        && !has_opening_of(b, a)
}

impl Deduplicator {
    /// The documents worth comparing with a new one, by the shingles of theirs that were found.
    fn choose(&self, sketch: &Sketch, hits: Hits<Ordinal>, same_url: Option<Ordinal>) -> Vec<Ordinal> {
        let Hits { documents, told } = hits;
        let mut of_cluster: BTreeMap<ClusterId, (u32, usize)> = BTreeMap::new();
        for (hits, ordinal) in &documents {
            of_cluster.entry(self.clusters.row(*ordinal).cluster).or_default().0 += hits;
        }
        let mut chosen: Vec<Ordinal> = same_url.into_iter().collect();
        for (_, ordinal) in documents {
            let row = self.clusters.row(ordinal);
            let (hits, taken) = of_cluster.entry(row.cluster).or_default();
            let expected = told * f64::from(sketch.shared_samples(row.shingles));
            if *taken < MAX_CANDIDATES_OF_CLUSTER
                && f64::from(*hits) >= MIN_SHARE_OF_EXPECTED_HITS * expected
                && !chosen.contains(&ordinal)
            {
                *taken += 1;
                chosen.push(ordinal);
            }
            if chosen.len() == MAX_CANDIDATES {
                break;
            }
        }
        chosen
    }

    /// Compares a new document with those that it may be a copy of; closest first.
    pub(super) fn compare_with_candidates(
        &mut self,
        sketch: &Sketch,
        address: (u64, u32),
        LookedUp { hits, same_url, .. }: LookedUp,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<Known> {
        let chosen = self.choose(sketch, hits, same_url);
        let mut known: Vec<Known> = Vec::new();
        for ordinal in chosen {
            known.extend(self.compare_with(sketch, address, ordinal, recall));
        }
        for known in &mut known {
            if Some(known.ordinal) == same_url && is_state_of_one(sketch, known) {
                known.pair.outcome = Outcome::SameUrl;
            }
        }
        // The longest and the oldest text of a cluster stand for its article: they are asked whenever a member matched.
        let linked: Vec<ClusterId> = known.iter().filter(|k| k.pair.outcome.is_merged()).map(|k| k.cluster).collect();
        for cluster in linked {
            for asked in [self.clusters.longest(cluster), self.clusters.oldest(cluster)].into_iter().flatten() {
                if known.iter().all(|known| known.ordinal != asked) {
                    known.extend(self.compare_with(sketch, address, asked, recall));
                }
            }
        }
        known.sort_by(|a, b| b.pair.strength().total_cmp(&a.pair.strength()).then(a.ordinal.cmp(&b.ordinal)));
        known
    }

    fn compare_with(
        &mut self,
        sketch: &Sketch,
        (url, host): (u64, u32),
        ordinal: Ordinal,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Option<Known> {
        let row = *self.clusters.row(ordinal);
        let other = self.recall.get(row.doc, recall)?;
        let mut pair = Pair::of(&self.settings, sketch, &other, row.roundup);
        let of_one_site = host != 0 && row.host == host && (url == 0 || row.url != url);
        if of_one_site && pair.outcome == Outcome::NearCopy && share_only_standing_text(&pair, sketch, &other) {
            pair.outcome = Outcome::TooLittle;
        }
        Some(Known { ordinal, cluster: row.cluster, sketch: other, pair })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::{Facts, Settings};

    /// Words that stand in no other range, without names and numbers.
    fn words(range: std::ops::Range<u32>) -> String {
        let letter = |n: u32| char::from(b'a' + (n % 26) as u8);
        range.map(|n| format!("{}{}{}m ", letter(n), letter(n / 26), letter(n / 676))).collect()
    }

    /// The clusters of pages at one URL, judged one after the other.
    fn clusters(url: &str, pages: &[(&str, String)]) -> Vec<ClusterId> {
        let mut deduplicator = Deduplicator::new(Settings::default());
        let sketch = |doc: DocId| {
            let (headline, text) = &pages[doc as usize - 1];
            Sketch::of(Some(headline), text)
        };
        let facts = Facts { url: Some(url), day: 1 };
        let docs = 1..=pages.len() as DocId;
        docs.map(|doc| deduplicator.judge(doc, &facts, sketch(doc), &mut |doc| Some(sketch(doc))).cluster).collect()
    }

    const URL: &str = "https://paper.example/live";
    const MONDAY: &str = "Ferry sinks off Skarholm";
    const TUESDAY: &str = "Minister resigns over budget";

    #[test]
    fn an_address_used_for_another_article_merges_nothing() {
        let standing = words(900..960);
        let (monday, tuesday) = (words(0..140) + &standing, words(300..440) + &standing);
        assert_eq!(clusters(URL, &[(MONDAY, monday.clone()), (TUESDAY, tuesday.clone())]), [1, 2]);
        let (monday, tuesday) = (standing.clone() + &words(0..200), standing + &words(300..500));
        assert_eq!(clusters(URL, &[(MONDAY, monday), (TUESDAY, tuesday)]), [1, 2], "too little for an opening");
    }

    #[test]
    fn a_state_is_known_by_its_headline_or_its_opening() {
        let (early, later) = (words(0..140), words(300..440) + &words(100..140));
        assert_eq!(clusters(URL, &[(MONDAY, early.clone()), (MONDAY, later.clone())]), [1, 1]);
        assert_eq!(clusters(URL, &[(MONDAY, early.clone()), (TUESDAY, later)]), [1, 2]);
        let later = words(0..64) + &words(300..440);
        assert_eq!(clusters(URL, &[(MONDAY, early.clone()), (TUESDAY, later.clone())]), [1, 1]);
        assert_eq!(clusters("https://paper.example/", &[(MONDAY, early), (TUESDAY, later)]), [1, 2], "a home page");
    }

    #[test]
    fn pages_of_one_site_are_not_merged_for_what_stands_under_each() {
        let standing = words(900..1030);
        let pages = [words(0..40) + &standing, words(300..340) + &standing];
        let merged = |urls: [&str; 2], headlines: [&str; 2], pages: &[String; 2]| {
            let mut deduplicator = Deduplicator::new(Settings::default());
            let sketch = |doc: DocId| Sketch::of(Some(headlines[doc as usize - 1]), &pages[doc as usize - 1]);
            let judged = [1, 2].map(|doc| {
                let facts = Facts { url: Some(urls[doc as usize - 1]), day: 1 };
                deduplicator.judge(doc, &facts, sketch(doc), &mut |doc| Some(sketch(doc))).cluster
            });
            judged == [1, 1]
        };
        let (one, other) =
            (["https://a.example/1", "https://a.example/2"], ["https://a.example/1", "https://b.example/2"]);
        assert!(!merged(one, [MONDAY, TUESDAY], &pages));
        assert!(merged(one, [MONDAY, MONDAY], &pages), "the headline tells");
        assert!(merged(other, [MONDAY, TUESDAY], &pages), "a reprint with a lead of its own");
        let begun_alike = [words(0..60) + &words(900..1000), words(0..20) + &words(300..330) + &words(900..1000)];
        assert!(merged(one, [MONDAY, TUESDAY], &begun_alike));
        let excerpt = [words(0..170), words(100..170)];
        assert!(merged(one, [MONDAY, TUESDAY], &excerpt));
    }

    #[test]
    fn an_address_alone_joins_no_two_articles() {
        let (wire, page) = (words(0..200), words(300..500));
        let mut deduplicator = Deduplicator::new(Settings::default());
        let texts = [page.clone(), wire.clone(), wire + &words(300..340)];
        let sketch = |doc: DocId| Sketch::of(Some(MONDAY), &texts[doc as usize - 1]);
        let mut clusters = Vec::new();
        for (doc, url) in [(1, Some(URL)), (2, None), (3, Some(URL))] {
            let verdict = deduplicator.judge(doc, &Facts { url, day: 1 }, sketch(doc), &mut |doc| Some(sketch(doc)));
            clusters.push((verdict.cluster, verdict.moved));
        }
        assert_eq!(clusters, [(1, vec![]), (2, vec![]), (2, vec![])]);
    }
}
