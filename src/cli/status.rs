//! `copydesk status`: what the desk has done and is doing.

use clap::Args;
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

/// Show what the desk has done and is doing
#[derive(Args, Debug)]
pub struct Command {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the ledger is not part of this build (json: {})", self.json)
    }
}
