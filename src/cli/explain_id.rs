//! `copydesk explain ID`: a published article with its cuts, its copies and how they relate.

use copydesk::config::Loaded;

use super::exit::Exit;

/// Explains the article `id` from the outbox and the ledger.
pub fn run(id: &str, _loaded: &Loaded) -> anyhow::Result<Exit> {
    anyhow::bail!("the ledger is not part of this build ({id})")
}
