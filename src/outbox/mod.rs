//! The outbox: the published record and, beside it, how it becomes a whole file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub mod record;
mod writer;

pub use record::{Copy, Record, article_id, schema};
pub use writer::{Outbox, OutboxError};

/// Settings of the outbox, as used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The folder that holds one `<id>.json` per article.
    pub path: PathBuf,
    /// Threads that write it; each waits for the disk most of the time.
    pub writers: usize,
    /// Copies that a record lists, and an article is made of (64 at least): of more, the first, the longest and the newest.
    /// Further ones are counted in `copies_total` and kept in the state.
    pub max_copies: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: "outbox".into(), writers: 16, max_copies: 256 }
    }
}
