//! `copydesk failed`: the files that became no article, why, and a second chance for them.

use clap::{Args, Subcommand};
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  copydesk failed list
  copydesk failed retry page.html
  copydesk failed retry --all";

/// List the files that failed, or move them back into the inbox
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    pub folders: Folders,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List failed files with the reason and what to do
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Move failed files back into the inbox
    Retry {
        /// Names as `failed list` prints them
        #[arg(value_name = "NAME", required_unless_present = "all")]
        names: Vec<String>,
        /// Move all of them
        #[arg(long, conflicts_with = "names")]
        all: bool,
    },
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the inbox is not part of this build ({:?})", self.action)
    }
}
