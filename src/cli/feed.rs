//! `copydesk feed`: every change of the outbox in order, for programs that must not miss any.

use clap::Args;
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  copydesk feed | jq -r 'select(.event == \"created\") | .id'
  copydesk feed --since 1041 --follow     go on where you were";

/// Print the changes of the outbox as NDJSON, oldest first
///
/// One line a change: {seq, event, id, revision, into, at}; event is created, updated or withdrawn (merged into another
/// article, named by `into`). Keep the last seq that you handled and pass it as --since to miss none.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Start after this change
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    since: u64,
    /// Wait for further changes, until stopped
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the ledger is not part of this build ({} {})", self.since, self.follow)
    }
}
