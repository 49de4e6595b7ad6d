//! `copydesk once`: takes what is there now, shows how far it is, sums up, and ends.

use std::path::PathBuf;

use clap::Args;
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  copydesk once                           the inbox; files move to done/
  copydesk once --outbox out examples/    these files, which stay
  copydesk once --inbox spool --state s   another inbox";

/// Take the inbox, or the given files and folders, publish their articles, and end
///
/// Without PATH the files of the inbox are taken and then moved to done/ or failed/. Files and folders given as PATH are
/// taken in place: they stay where they are, and reports of failed ones go to failed/ in the state folder.
/// Shows progress on a terminal, and a summary at the end. Ends with 1 when something failed.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Files and folders to take in place [default: the inbox]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the desk is not part of this build ({} paths given)", self.paths.len())
    }
}
