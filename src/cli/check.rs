//! `copydesk check`: whether a desk could start here: settings, folders, rules, state.

use clap::Args;
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

/// Check the settings, the folders and the state, without changing any
#[derive(Args, Debug)]
pub struct Command {
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the ledger is not part of this build")
    }
}
