//! Article → verdict: is this a near-copy of an article that is known, and of which.
//!
//! Pure: no I/O, no clock; one [`Deduplicator`] has one owner. What happens to a document, in order: [`Sketch::of`] (on any
//! thread) → candidates from the inverted index → exact comparison → template guard → roundup rule → cluster rule.
//! [`merge`](merge::merge) then writes the one article of a cluster.
//!
//! The order of arrival changes names, not clusters, as long as every copy is a copy of its article's longest text. It does
//! change them for versions that drift, where each is a copy of the last one only: these end in several clusters, cut at
//! places that depend on the order. And nothing is compared with what has left the window.

mod candidates;
mod canonical;
mod cluster;
mod index;
mod join;
mod judge;
pub mod merge;
mod pair;
mod recall;
mod roundup;
mod sealed;
mod sketch;
mod template;
mod verify;

pub use judge::{Deduplicator, Expired, Facts, Standing};
pub use sealed::{Archive, Oldest, SealedRow};
pub use sketch::{DamagedBrief, SHINGLE_WORDS, Sketch};

use serde::{Deserialize, Serialize};

/// A document's number in the ledger, rising in arrival order.
pub type DocId = u64;
/// A cluster's name: the document that founded it. A name is never given to other documents' cluster.
pub type ClusterId = DocId;

/// Thresholds and bounds, as used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Share of the smaller text's 5-word shingles that a copy has in common with the other; .1 and .2 less where what is
    /// shared is spread over the whole text. At .6 no two articles of 2,900 on generated news are merged and 99 % of copies are
    /// found; .65 finds 98 %, and below .55 versions of one event's wire stories begin to meet.
    pub min_containment: f64,
    /// Of the names and numbers that stand between the same words in both texts, the share that is the same in copies.
    /// 99 % of copies have more than .65, all pairs of template articles less than .6.
    pub min_agreement: f64,
    /// Documents that arrived more days ago than this are forgotten.
    pub window_days: u32,
    /// Memory for the index, about 600 bytes a document; past it the oldest documents are sealed into segments, which keep 85
    /// bytes a document here, at most three quarters of it all. What finds no room then is forgotten, the oldest first.
    pub max_index_bytes: usize,
    /// Whether documents past that are sealed, and found on disk; else they are forgotten. For the owner of the index to do.
    pub segments: bool,
    /// Memory for full sketches of recent documents.
    pub max_recall_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            min_containment: 0.6,
            min_agreement: 0.65,
            window_days: 90,
            max_index_bytes: 1 << 30,
            segments: true,
            max_recall_bytes: 4 << 20,
        }
    }
}

/// What was decided about a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// Its own id where it is a new article.
    pub cluster: ClusterId,
    /// Other documents whose cluster changes through this one, each with its new cluster.
    pub moved: Vec<(DocId, ClusterId)>,
    /// Documents now known to be roundup pages (this one among them, if it is one); to be told to
    /// [`Deduplicator::restore`] at the next start.
    pub roundups: Vec<DocId>,
    /// Every comparison made, with its outcome: why merged, and why a close one was not. Closest first, bounded.
    pub evidence: Vec<Evidence>,
    /// Documents that were forgotten to make room.
    pub expired: Option<Expired>,
}

impl Verdict {
    /// Whether an earlier article was made from the same template: such articles (forecasts, results, earnings) report no
    /// common event, however alike they are.
    pub fn is_template(&self) -> bool {
        self.evidence.iter().any(|evidence| evidence.outcome == Outcome::Template)
    }
}

/// One comparison with an earlier document.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The earlier document.
    pub other: DocId,
    /// Share of the smaller text's shingles that the larger has.
    pub containment: f64,
    /// Shingles in both, as a share of all.
    pub jaccard: f64,
    /// Share of the smaller text's sentence-long stretches that share a shingle with the larger.
    pub coverage: f64,
    /// Share of names and numbers between the same words that are the same; `None` where there are too few to tell.
    pub agreement: Option<f64>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Why two texts were merged, or were not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They share enough.
    NearCopy,
    /// A later state of the same URL.
    SameUrl,
    /// They share too little.
    TooLittle,
    /// The same sentences with other names and numbers.
    Template,
    /// One of them is a page that holds several articles.
    Roundup,
    /// A copy of some document of the other's cluster, but not of its article.
    Chain,
}

impl Outcome {
    /// Whether the two are now one article.
    pub fn is_merged(self) -> bool {
        matches!(self, Self::NearCopy | Self::SameUrl)
    }
}
