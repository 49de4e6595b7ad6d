//! `copydesk feed`: every change of the outbox in order, for programs that must not miss any.

use std::thread;
use std::time::Duration;

use clap::Args;
use copydesk::config::Loaded;
use copydesk::ledger::Reader;

use super::Folders;
use super::exit::Exit;
use super::output::Output;

/// Events read from the ledger at once: bounds the memory for a feed of any length.
const PAGE: usize = 1000;
/// Time between two looks of `--follow`.
const LOOK: Duration = Duration::from_millis(200);

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
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let mut output = Output::stdout();
        let mut since = self.since;
        let mut reader: Option<Reader> = None;
        loop {
            reader = match reader.filter(Reader::is_current) {
                Some(reader) => Some(reader),
                None => Reader::open(&loaded.settings.state.path)?,
            };
            let events = reader.as_ref().map_or(Ok(Vec::new()), |reader| reader.feed(since, PAGE))?;
            for event in &events {
                output.line(&serde_json::to_string(event)?)?;
                since = event.seq;
            }
            if events.len() == PAGE {
                continue;
            }
            output.flush()?;
            if !self.follow {
                return Ok(Exit::Done);
            }
            output.is_wanted()?;
            thread::sleep(LOOK);
        }
    }
}
