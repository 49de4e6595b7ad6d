//! `copydesk story`: the articles on one event, in time order.

use clap::Args;
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

/// List the articles of a story in time order
#[derive(Args, Debug)]
pub struct Command {
    /// Id of the story, or of one of its articles
    #[arg(value_name = "ID")]
    id: String,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the ledger is not part of this build ({} {})", self.id, self.json)
    }
}
