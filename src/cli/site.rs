//! `copydesk site`: what was learned about a publication's boilerplate, and how to forget it.

use clap::{Args, Subcommand};
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  copydesk site                    every site that something is known of
  copydesk site example.org        the lines that are cut there
  copydesk site forget example.org start afresh, after a redesign";

/// List the boilerplate learned from the articles of each site
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Command {
    /// A site, or the sub-folder of the inbox that stands for one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    pub folders: Folders,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Forget what was learned about a site; published articles stay
    Forget {
        /// The site
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the ledger is not part of this build ({:?} {:?})", self.name, self.action)
    }
}
