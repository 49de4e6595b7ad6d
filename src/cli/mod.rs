//! The command line: what can be asked for, and which file answers. One file per command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use copydesk::config::{self, Flag, Loaded, Sources};

mod check;
mod clean;
mod completions;
mod documents;
mod exit;
mod explain;
mod explain_id;
mod failed;
mod feed;
mod logging;
mod markup;
mod once;
mod output;
mod run;
mod schema;
mod settings;
mod site;
mod status;
mod story;
mod table;

use exit::Exit;
use logging::Voice;

const EXAMPLES: &str = "\
Examples:
  copydesk once                      clean what lies in ./inbox into ./outbox
  copydesk once --outbox out news/   clean the files of a folder, in place
  copydesk clean page.html           print one cleaned record
  copydesk explain page.html         show every cut and its reason
  copydesk run --inbox /srv/inbox    watch a folder until stopped

Exit codes: 0 done, 1 failed, 2 usage or settings, 75 another desk holds
the inbox, the outbox or the state.";

/// Clean scraped news articles, merge near-copies, write normalized JSON.
///
/// Files dropped into an inbox (text, HTML, JSON or NDJSON records, also .gz or .zst) are stripped of the noise that
/// scrapers and sites leave in them, merged with their near-copies, and published as one JSON file per article. Every
/// cut is recorded with its reason.
#[derive(Debug, Parser)]
#[command(name = "copydesk", version, after_help = EXAMPLES, max_term_width = 80)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Flags of every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Settings")]
struct Common {
    /// Read settings from this file [default: copydesk.toml, else /etc/copydesk/copydesk.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one setting, such as inbox.settle_ms=500; may be repeated
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Log at this level: error, warn, info, debug, trace, or a filter [default: info for run, else warn]
    #[arg(long, global = true, value_name = "LEVEL")]
    log: Option<String>,
    /// Write log lines as text or as JSON [default: text]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = ["text", "json"], hide_possible_values = true)]
    log_format: Option<String>,
}

/// Flags of the commands that work with a desk's folders.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Settings")]
struct Folders {
    /// Take articles from this folder [default: inbox]
    #[arg(long, global = true, value_name = "DIR")]
    inbox: Option<PathBuf>,
    /// Publish into this folder [default: outbox]
    #[arg(long, global = true, value_name = "DIR")]
    outbox: Option<PathBuf>,
    /// Keep the ledger in this folder [default: state]
    #[arg(long, global = true, value_name = "DIR")]
    state: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Command),
    Once(once::Command),
    Clean(clean::Command),
    Explain(explain::Command),
    Status(status::Command),
    Feed(feed::Command),
    Failed(failed::Command),
    Site(site::Command),
    Story(story::Command),
    Check(check::Command),
    Config(settings::Command),
    Schema(schema::Command),
    Completions(completions::Command),
}

/// Parses the command line, loads the settings, starts the log, runs the command.
pub fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output with code 0, usage errors to standard error with code 2.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    // Until the settings are read, what was asked for here and in the environment.
    let format = cli.common.log_format.clone().or_else(|| std::env::var("COPYDESK__LOG__FORMAT").ok());
    cli.execute().unwrap_or_else(|error| {
        let exit = Exit::of(&error);
        if exit != Exit::Done {
            logging::fatal(&message(&error), format.as_deref());
        }
        exit
    })
}

/// The error and its causes on one line; a cause that the text above it quotes already is not said twice.
fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if message.is_empty() {
            message = text;
        } else if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
    }
    message
}

impl Cli {
    fn execute(self) -> anyhow::Result<Exit> {
        match &self.command {
            Command::Schema(command) => return command.run(),
            Command::Completions(command) => return command.run(),
            _ => {}
        }
        let loaded = self.load()?;
        let voice = if matches!(self.command, Command::Run(_)) { Voice::Service } else { Voice::Tool };
        logging::start(&loaded, voice);
        match self.command {
            Command::Run(command) => command.run(loaded),
            Command::Once(command) => command.run(loaded),
            Command::Clean(command) => command.run(loaded),
            Command::Explain(command) => command.run(loaded),
            Command::Status(command) => command.run(loaded),
            Command::Feed(command) => command.run(loaded),
            Command::Failed(command) => command.run(loaded),
            Command::Site(command) => command.run(loaded),
            Command::Story(command) => command.run(loaded),
            Command::Check(command) => command.run(loaded),
            Command::Config(command) => command.run(loaded),
            Command::Schema(command) => command.run(),
            Command::Completions(command) => command.run(),
        }
    }

    fn load(&self) -> anyhow::Result<Loaded> {
        let folder = std::env::current_dir().map_err(|error| anyhow::anyhow!("the working folder is gone: {error}"))?;
        let mut flags = self.common.flags();
        flags.extend(self.command.flags()?);
        let sources =
            Sources { folder, file: self.common.config.clone(), environment: std::env::vars_os().collect(), flags };
        Ok(config::load(&sources)?)
    }
}

impl Command {
    /// The settings that the command's own flags set.
    fn flags(&self) -> anyhow::Result<Vec<Flag>> {
        match self {
            Command::Run(command) => command.folders.flags(),
            Command::Once(command) => command.folders.flags(),
            Command::Clean(command) => Ok(command.flags()),
            Command::Explain(command) => command.flags(),
            Command::Status(command) => command.folders.flags(),
            Command::Feed(command) => command.folders.flags(),
            Command::Failed(command) => command.folders.flags(),
            Command::Site(command) => command.folders.flags(),
            Command::Story(command) => command.folders.flags(),
            Command::Check(command) => command.folders.flags(),
            Command::Config(_) | Command::Schema(_) | Command::Completions(_) => Ok(Vec::new()),
        }
    }
}

impl Common {
    fn flags(&self) -> Vec<Flag> {
        let flag =
            |key: &str, value: &str, name: &str| Flag { key: key.into(), value: value.into(), name: name.into() };
        let mut flags: Vec<Flag> = self.set.iter().map(|(key, value)| flag(key, value, "--set")).collect();
        flags.extend(self.log.iter().map(|level| flag("log.level", level, "--log")));
        flags.extend(self.log_format.iter().map(|format| flag("log.format", format, "--log-format")));
        flags
    }
}

impl Folders {
    fn flags(&self) -> anyhow::Result<Vec<Flag>> {
        let given = [
            ("inbox.path", &self.inbox, "--inbox"),
            ("outbox.path", &self.outbox, "--outbox"),
            ("state.path", &self.state, "--state"),
        ];
        let mut flags = Vec::new();
        for (key, path, name) in given {
            let Some(path) = path else { continue };
            let value = path.to_str().ok_or_else(|| exit::Usage(format!("{name} must be UTF-8, got {path:?}")))?;
            flags.push(Flag { key: key.into(), value: value.into(), name: name.into() });
        }
        Ok(flags)
    }
}

/// Splits `KEY=VALUE`.
fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as inbox.settle_ms=500".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cause_is_said_once() {
        let cause = || std::io::Error::other("disk full");
        assert_eq!(message(&anyhow::Error::new(cause()).context("cannot write")), "cannot write: disk full");
        assert_eq!(
            message(&anyhow::Error::new(cause()).context("a.txt: disk full: make room")),
            "a.txt: disk full: make room"
        );
    }

    #[test]
    fn every_help_text_fits_eighty_columns() {
        let mut commands = vec![Cli::command().term_width(80)];
        while let Some(mut command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned().map(|command| command.term_width(80)));
            for line in command.render_long_help().to_string().lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        }
    }
}
