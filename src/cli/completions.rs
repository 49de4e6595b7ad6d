//! `copydesk completions`: scripts that complete commands and flags in a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use super::output::Output;

const EXAMPLES: &str = "\
Examples:
  copydesk completions bash > ~/.local/share/bash-completion/completions/copydesk
  copydesk completions fish > ~/.config/fish/completions/copydesk.fish";

/// Print a completion script for a shell
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// The shell
    shell: Shell,
}

impl Command {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "copydesk", &mut script);
        let mut output = Output::stdout();
        output.put(&script)?;
        output.flush()?;
        Ok(Exit::Done)
    }
}
