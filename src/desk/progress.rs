//! Counters that the command line watches while a desk works.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Shared counters of one run; each only tells, none decides.
#[derive(Debug, Default)]
pub struct Progress {
    /// Files found in the inbox or given.
    pub found: AtomicU64,
    /// Files that are through: retired, or left in place as asked.
    pub files: AtomicU64,
    /// Bytes of documents read.
    pub bytes: AtomicU64,
    pub decided: AtomicU64,
    /// New articles, less those that were merged away.
    pub articles: AtomicI64,
    pub redeliveries: AtomicU64,
    pub failed: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Snapshot {
    pub found: u64,
    pub files: u64,
    pub bytes: u64,
    /// Documents that joined an article or founded one in this run.
    pub decided: u64,
    pub articles: i64,
    pub redeliveries: u64,
    pub failed: u64,
}

impl Progress {
    /// Reads the counters.
    pub fn snapshot(&self) -> Snapshot {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            found: of(&self.found),
            files: of(&self.files),
            bytes: of(&self.bytes),
            decided: of(&self.decided),
            articles: self.articles.load(Ordering::Relaxed),
            redeliveries: of(&self.redeliveries),
            failed: of(&self.failed),
        }
    }
}
