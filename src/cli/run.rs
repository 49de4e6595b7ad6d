//! `copydesk run`: the desk as a service, until it is told to stop.

use clap::Args;
use copydesk::config::Loaded;

use super::Folders;
use super::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  copydesk run
  copydesk run --inbox /srv/news/inbox --outbox /srv/news/outbox
  COPYDESK__INBOX__SETTLE_MS=1000 copydesk run --log-format json";

/// Watch the inbox and publish articles until stopped
///
/// Files are taken as soon as they are whole, and moved to done/ or failed/ in the inbox when their articles are
/// published. SIGTERM or SIGINT finishes what is in hand (within 10 seconds) and ends; nothing is lost however the
/// program ends. A second desk on the same inbox is refused with exit code 75.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, _loaded: Loaded) -> anyhow::Result<Exit> {
        anyhow::bail!("the desk is not part of this build")
    }
}
