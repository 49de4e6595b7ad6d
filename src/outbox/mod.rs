//! The outbox: the published record and, beside it, how it becomes a whole file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub mod record;

pub use record::{Copy, Record, Relation, article_id, schema};

/// Settings of the outbox, as used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The folder that holds one `<id>.json` per article.
    pub path: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: "outbox".into() }
    }
}
