//! The deduplicator: from candidates to a verdict, and what is remembered of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::cluster::{Clusters, Row};
use super::index::{Hits, Index, Ordinal};
use super::recall::Recall;
use super::sketch::Brief;
use super::template::Fillings;
use super::verify::{Comparison, compare};
use super::{ClusterId, DamagedBrief, DocId, Evidence, Outcome, Settings, Sketch, Verdict, roundup};

/// Documents compared in full with a new one; copies of one article stand at the top of the hits.
const MAX_CANDIDATES: usize = 24;
/// Hits looked at to choose them from, so that one large cluster does not hide the others.
const MAX_HITS: usize = 256;
/// Documents of one cluster compared with a new one, besides its longest.
const MAX_CANDIDATES_OF_CLUSTER: usize = 4;
/// Of the hits that a text would have if it stood in the other as a whole, the share that its cluster must have: a quarter
/// of what the least copy has, since samples vary.
const MIN_SHARE_OF_EXPECTED_HITS: f64 = 0.1;
/// Shingles that must be found in one document; one is enough where few can be expected.
const MIN_HITS: u32 = 2;
const FEW_SHINGLES: usize = 100;
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
/// Share of the smaller text that a later state of the same URL keeps; below it the address was used for another article.
const MIN_SAME_URL: f64 = 0.1;
/// A text that is contained this much in a longer one is an excerpt of it.
const EXCERPT_CONTAINMENT: f64 = 0.85;
/// Members of a cluster looked at for the parts of a roundup page.
const MAX_PARTS: usize = 12;
/// Documents between two looks at the memory in use.
const MEMORY_CHECK_INTERVAL: usize = 256;

/// What is known of a document besides its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Canonical URL: without fragment and tracking parameters.
    pub url: Option<&'a str>,
    /// Day of arrival, in days since 1970-01-01.
    pub day: i32,
}

/// What a restored document was found to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Ordinary,
    /// Named in some [`Verdict::roundups`].
    Roundup,
}

/// Documents that were forgotten: no later document is compared with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired {
    pub documents: usize,
    /// The oldest day still known.
    pub oldest_day: i32,
    /// Whether the memory cap was the reason, and not age.
    pub for_memory: bool,
}

/// The near-copy index and its clusters: all that deduplication remembers.
pub struct Deduplicator {
    settings: Settings,
    index: Index,
    clusters: Clusters,
    recall: Recall,
    newest_day: i32,
    since_memory_check: usize,
}

/// An earlier document, compared with the new one.
struct Known {
    ordinal: Ordinal,
    cluster: ClusterId,
    sketch: Arc<Sketch>,
    comparison: Comparison,
    agreement: Option<f64>,
    outcome: Outcome,
}

impl Deduplicator {
    pub fn new(settings: Settings) -> Self {
        let recall = Recall::new(settings.max_recall_bytes);
        Self {
            settings,
            index: Index::new(),
            clusters: Clusters::new(),
            recall,
            newest_day: i32::MIN,
            since_memory_check: 0,
        }
    }

    /// Judges a document and remembers it.
    ///
    /// `doc` must be greater than every id before; one that is not is answered from memory, without being judged again.
    /// `recall` gives the full sketch of an earlier document, made of the same title and text as then; a document that it
    /// does not know is passed over. It is called for at most a few dozen documents, mostly for none: recent sketches
    /// are held.
    pub fn judge(
        &mut self,
        doc: DocId,
        facts: &Facts<'_>,
        sketch: Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Verdict {
        if let Some(last) = self.clusters.last().filter(|last| last.doc >= doc) {
            let known =
                self.clusters.ordinal_of(doc).map_or(last.doc.min(doc), |ordinal| self.clusters.row(ordinal).cluster);
            return Verdict { cluster: known, ..Verdict::default() };
        }
        let mut verdict = Verdict { cluster: doc, expired: self.expire(facts.day), ..Verdict::default() };
        let url = facts.url.map_or(0, |url| xxh3_64(url.as_bytes()).max(1));
        let mut known = self.compare_with_candidates(&sketch, url, recall);
        let is_roundup = self.apply_roundup_rule(doc, &sketch, &mut known, recall, &mut verdict);
        let clusters = self.clusters_to_join(&sketch, &mut known, recall);
        if let Some(&oldest) = clusters.first() {
            verdict.cluster = oldest;
            for absorbed in &clusters[1..] {
                let members = self.clusters.members(*absorbed);
                verdict.moved.extend(self.clusters.move_to(&members, oldest));
            }
        }
        verdict.evidence = known.iter().map(|known| self.evidence(known)).collect();
        self.remember(
            Row {
                doc,
                cluster: verdict.cluster,
                url,
                shingles: sketch.len() as u32,
                day: facts.day,
                roundup: is_roundup,
            },
            sketch.indexed(),
        );
        self.recall.put(doc, Arc::new(sketch.without_keys()));
        verdict
    }

    /// Takes a document back at start, in the order of arrival, with the cluster it was last in.
    pub fn restore(
        &mut self,
        doc: DocId,
        cluster: ClusterId,
        facts: &Facts<'_>,
        standing: Standing,
        brief: &[u8],
    ) -> Result<(), DamagedBrief> {
        let brief = Brief::parse(brief)?;
        let url = facts.url.map_or(0, |url| xxh3_64(url.as_bytes()).max(1));
        self.newest_day = self.newest_day.max(facts.day);
        let roundup = standing == Standing::Roundup;
        self.remember(Row { doc, cluster, url, shingles: brief.shingles, day: facts.day, roundup }, brief.keys());
        Ok(())
    }

    /// Live members of a cluster, in arrival order.
    pub fn members(&self, cluster: ClusterId) -> Vec<DocId> {
        self.clusters.members(cluster).into_iter().map(|ordinal| self.clusters.row(ordinal).doc).collect()
    }

    /// The cluster that a document is in, if it is still known.
    pub fn cluster_of(&self, doc: DocId) -> Option<ClusterId> {
        self.clusters.ordinal_of(doc).map(|ordinal| self.clusters.row(ordinal).cluster)
    }

    /// The number of documents known.
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory held by the index (the cache of full sketches not counted), in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.index.bytes() + self.clusters.bytes()
    }

    fn remember(&mut self, row: Row, keys: impl Iterator<Item = u64>) {
        let ordinal = self.clusters.push(row);
        let clusters = &self.clusters;
        let fresh_from = self.newest_day.saturating_sub(self.settings.window_days as i32 / 2);
        self.index.insert(keys, ordinal, |other| {
            let other = clusters.row(other);
            other.cluster == row.cluster && other.day >= fresh_from
        });
    }

    /// The documents worth comparing with a new one, by the shingles of theirs that the index knows.
    fn choose(&self, sketch: &Sketch, same_url: Option<Ordinal>) -> Vec<Ordinal> {
        let min_hits = if sketch.len() < FEW_SHINGLES { 1 } else { MIN_HITS };
        let Hits { documents, told } = self.index.candidates(&sketch.keys, min_hits, MAX_HITS);
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

    fn compare_with_candidates(
        &mut self,
        sketch: &Sketch,
        url: u64,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<Known> {
        let same_url = if url == 0 { None } else { self.clusters.with_url(url) };
        let chosen = self.choose(sketch, same_url);
        let mut known: Vec<Known> = Vec::new();
        for ordinal in chosen {
            known.extend(self.compare_with(sketch, ordinal, recall));
        }
        for known in &mut known {
            if Some(known.ordinal) == same_url && known.comparison.containment >= MIN_SAME_URL {
                known.outcome = Outcome::SameUrl;
            }
        }
        // The longest text of a cluster stands for its article: it is asked whenever another member matched.
        let linked: Vec<ClusterId> = known.iter().filter(|k| k.outcome.is_merged()).map(|k| k.cluster).collect();
        for cluster in linked {
            if let Some(longest) = self.clusters.longest(cluster)
                && known.iter().all(|known| known.ordinal != longest)
            {
                known.extend(self.compare_with(sketch, longest, recall));
            }
        }
        known.sort_by(|a, b| strength(b).total_cmp(&strength(a)).then(a.ordinal.cmp(&b.ordinal)));
        known
    }

    fn compare_with(
        &mut self,
        sketch: &Sketch,
        ordinal: Ordinal,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Option<Known> {
        let row = *self.clusters.row(ordinal);
        let other = self.recall.get(row.doc, recall)?;
        let comparison = compare(sketch, &other);
        let (outcome, agreement) = self.outcome_of(sketch, &other, &comparison, row.roundup);
        Some(Known { ordinal, cluster: row.cluster, sketch: other, comparison, agreement, outcome })
    }

    fn outcome_of(&self, a: &Sketch, b: &Sketch, comparison: &Comparison, roundup: bool) -> (Outcome, Option<f64>) {
        let whole = comparison.jaccard >= MIN_WHOLE_JACCARD;
        let tiny = a.len().min(b.len()) < MIN_EXCERPT_SHINGLES;
        let fillings = Fillings::compare(a, b);
        let agreement = fillings.agreement();
        let edited =
            fillings.same >= MIN_EDITED_FRAMES && agreement.is_some_and(|agreement| agreement >= MIN_EDITED_AGREEMENT);
        let floor = self.settings.min_containment
            - if comparison.coverage >= EDITED_COVERAGE && edited {
                EDITED_ALLOWANCE
            } else if comparison.coverage >= SPREAD_COVERAGE {
                SPREAD_ALLOWANCE
            } else {
                0.0
            };
        if comparison.containment < floor || (tiny && !whole) {
            return (Outcome::TooLittle, agreement);
        }
        if fillings.is_template(self.settings.min_agreement, comparison.containment) {
            return (Outcome::Template, agreement);
        }
        if roundup && !roundup::is_same_page(a, b, comparison.jaccard) {
            return (Outcome::Roundup, agreement);
        }
        (Outcome::NearCopy, agreement)
    }

    /// Finds roundup pages among the new document and those it matched; their links go. Whether the new one is one.
    fn apply_roundup_rule(
        &mut self,
        doc: DocId,
        sketch: &Sketch,
        known: &mut [Known],
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
        verdict: &mut Verdict,
    ) -> bool {
        let parts: Vec<&Known> =
            known.iter().filter(|k| k.outcome == Outcome::NearCopy && roundup::is_part(&k.sketch, sketch)).collect();
        let holds_two = parts.iter().enumerate().any(|(i, a)| {
            parts[..i].iter().any(|b| a.cluster != b.cluster && roundup::are_unrelated(&a.sketch, &b.sketch))
        });
        if holds_two {
            for known in known.iter_mut().filter(|k| k.outcome == Outcome::NearCopy) {
                if !roundup::is_same_page(sketch, &known.sketch, known.comparison.jaccard) {
                    known.outcome = Outcome::Roundup;
                }
            }
            verdict.roundups.push(doc);
            return true;
        }
        let pages: Vec<usize> = (0..known.len())
            .filter(|i| known[*i].outcome == Outcome::NearCopy && roundup::is_part(sketch, &known[*i].sketch))
            .collect();
        for i in pages {
            let page = Arc::clone(&known[i].sketch);
            let cluster = self.clusters.row(known[i].ordinal).cluster;
            if self.has_other_part(&page, known[i].ordinal, cluster, sketch, recall) {
                known[i].outcome = Outcome::Roundup;
                verdict.roundups.push(self.clusters.row(known[i].ordinal).doc);
                verdict.moved.extend(self.split_off(known[i].ordinal, &page, recall));
            }
        }
        for known in known.iter_mut() {
            known.cluster = self.clusters.row(known.ordinal).cluster;
        }
        false
    }

    /// Whether the cluster of `page` holds a part of it that has nothing to do with `sketch`.
    fn has_other_part(
        &mut self,
        page: &Sketch,
        page_ordinal: Ordinal,
        cluster: ClusterId,
        sketch: &Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> bool {
        let members = self.clusters.members(cluster);
        members.into_iter().filter(|member| *member != page_ordinal).take(MAX_PARTS).any(|member| {
            let Some(other) = self.recall.get(self.clusters.row(member).doc, recall) else { return false };
            roundup::is_part(&other, page)
                && roundup::are_unrelated(&other, sketch)
                && compare(&other, page).containment >= self.settings.min_containment
        })
    }

    /// Makes a page a cluster of its own, with the copies of the whole page; the documents that move.
    fn split_off(
        &mut self,
        page: Ordinal,
        page_sketch: &Sketch,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<(DocId, ClusterId)> {
        self.clusters.set_roundup(page);
        let row = *self.clusters.row(page);
        let (mut with_page, mut others) = (vec![page], Vec::new());
        for member in self.clusters.members(row.cluster) {
            if member == page {
                continue;
            }
            let doc = self.clusters.row(member).doc;
            let whole = self.recall.get(doc, recall).is_some_and(|sketch| {
                roundup::is_same_page(&sketch, page_sketch, compare(&sketch, page_sketch).jaccard)
            });
            if whole { with_page.push(member) } else { others.push(member) }
        }
        // The founder's side keeps the cluster's name.
        let founder_stays = self.clusters.ordinal_of(row.cluster).is_none_or(|founder| others.contains(&founder));
        let leaving = if founder_stays { &with_page } else { &others };
        let Some(first) = leaving.iter().min() else { return Vec::new() };
        let name = self.clusters.row(*first).doc;
        self.clusters.move_to(leaving, name)
    }

    /// The clusters that the new document makes one, oldest first; links that would only chain are marked so.
    fn clusters_to_join(
        &mut self,
        sketch: &Sketch,
        known: &mut [Known],
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> Vec<ClusterId> {
        let mut clusters: Vec<ClusterId> = Vec::new();
        for link in known.iter().filter(|k| k.outcome.is_merged()) {
            if !clusters.contains(&link.cluster) {
                clusters.push(link.cluster);
            }
        }
        // Strongest first: `known` is in that order.
        clusters.retain(|cluster| self.is_of_cluster(sketch, known, *cluster));
        if let [best, rest @ ..] = clusters.as_slice() {
            let best = *best;
            let joined: Vec<ClusterId> =
                rest.iter().copied().filter(|other| self.are_one(sketch, known, best, *other, recall)).collect();
            clusters = vec![best];
            clusters.extend(joined);
        }
        for link in known.iter_mut().filter(|k| k.outcome.is_merged()) {
            if !clusters.contains(&link.cluster) {
                link.outcome = Outcome::Chain;
            }
        }
        clusters.sort_unstable();
        clusters
    }

    /// Whether the new document is a copy of the cluster's article: of its longest text, or of at least half of the members
    /// that it was compared with.
    fn is_of_cluster(&self, sketch: &Sketch, known: &[Known], cluster: ClusterId) -> bool {
        let longest = self.clusters.longest(cluster);
        let of_cluster = || known.iter().filter(|k| k.cluster == cluster);
        let linked = of_cluster().filter(|k| k.outcome.is_merged()).count();
        // An excerpt of any member adds nothing that the cluster could drift by.
        let is_excerpt = |k: &Known| k.sketch.len() >= sketch.len() && k.comparison.containment >= EXCERPT_CONTAINMENT;
        of_cluster().any(|k| {
            k.outcome == Outcome::SameUrl || (k.outcome.is_merged() && (Some(k.ordinal) == longest || is_excerpt(k)))
        }) || linked * 2 >= of_cluster().count()
    }

    /// Whether two clusters that the new document matched are one article: their longest texts are copies, or the new one
    /// holds both.
    fn are_one(
        &mut self,
        sketch: &Sketch,
        known: &[Known],
        a: ClusterId,
        b: ClusterId,
        recall: &mut dyn FnMut(DocId) -> Option<Sketch>,
    ) -> bool {
        let longest = |clusters: &Clusters, cluster| clusters.longest(cluster).map(|ordinal| *clusters.row(ordinal));
        let (Some(row_a), Some(row_b)) = (longest(&self.clusters, a), longest(&self.clusters, b)) else { return false };
        let of_b = || known.iter().filter(|k| k.cluster == b);
        let holds_both =
            sketch.len() as u32 > row_a.shingles.max(row_b.shingles) && of_b().all(|k| k.outcome.is_merged());
        if holds_both || of_b().any(|k| k.outcome == Outcome::SameUrl) {
            return true;
        }
        let (Some(x), Some(y)) = (self.recall.get(row_a.doc, recall), self.recall.get(row_b.doc, recall)) else {
            return false;
        };
        let comparison = compare(&x, &y);
        self.outcome_of(&x, &y, &comparison, row_a.roundup || row_b.roundup).0.is_merged()
    }

    fn evidence(&self, known: &Known) -> Evidence {
        Evidence {
            other: self.clusters.row(known.ordinal).doc,
            containment: known.comparison.containment,
            jaccard: known.comparison.jaccard,
            coverage: known.comparison.coverage,
            agreement: known.agreement,
            outcome: known.outcome,
        }
    }

    /// Forgets documents that are too old on `day`, and the oldest days while memory is short.
    pub fn expire(&mut self, day: i32) -> Option<Expired> {
        self.newest_day = self.newest_day.max(day);
        let oldest = self.newest_day.saturating_sub(self.settings.window_days as i32);
        let mut documents = self.clusters.expire_while(|row| row.day < oldest);
        let mut for_memory = false;
        self.since_memory_check += 1;
        if self.since_memory_check >= MEMORY_CHECK_INTERVAL {
            self.since_memory_check = 0;
            while self.memory_bytes() > self.settings.max_index_bytes && self.len() > MEMORY_CHECK_INTERVAL {
                for_memory = true;
                documents += self.forget_oldest_day();
                self.index.expire(self.clusters.first_ordinal());
                self.index.compact();
            }
        }
        if documents == 0 {
            return None;
        }
        self.index.expire(self.clusters.first_ordinal());
        let oldest_day = self.clusters.first().map_or(self.newest_day, |row| row.day);
        Some(Expired { documents, oldest_day, for_memory })
    }

    /// The oldest day goes whole; where it is the only one, or nothing is gained by it, an eighth of all documents.
    fn forget_oldest_day(&mut self) -> usize {
        let eighth = self.len() / 8;
        let day = self.clusters.first().map_or(i32::MIN, |row| row.day);
        let newest = self.newest_day;
        let mut count = 0;
        self.clusters.expire_while(|row| {
            count += 1;
            count <= eighth || (row.day == day && day != newest)
        })
    }
}

/// How close two texts are: as wholes, or as a part of the other.
fn strength(known: &Known) -> f64 {
    known.comparison.containment.max(known.comparison.jaccard)
}
