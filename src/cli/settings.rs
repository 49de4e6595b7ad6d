//! `copydesk config`: the settings in force, and which layer set each of them.

use clap::Args;
use copydesk::config::{DEFAULTS, Loaded};

use super::exit::Exit;
use super::output::Output;

const EXAMPLES: &str = "\
Examples:
  copydesk config                          what is in force, and why
  copydesk config --default > copydesk.toml    a file to start from";

/// Print the settings in force, each with the layer that set it
///
/// Layers, later ones win: built-in defaults, the settings file, conf.d/*.toml beside it, environment variables such
/// as COPYDESK__INBOX__PATH, flags.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Print the built-in defaults with their explanations instead
    #[arg(long)]
    default: bool,
}

impl Command {
    pub fn run(&self, loaded: Loaded) -> anyhow::Result<Exit> {
        let mut output = Output::stdout();
        let text = if self.default { DEFAULTS.to_owned() } else { loaded.show() };
        output.put(text.as_bytes())?;
        output.flush()?;
        Ok(Exit::Done)
    }
}
