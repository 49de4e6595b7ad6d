//! `copydesk failed`: the files that became no article, why, and a second chance for them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use copydesk::config::Loaded;
use copydesk::inbox::{FailedEntry, Inbox, Retried, decode_path, encode_path};
use serde_json::json;

use super::Folders;
use super::exit::{Exit, Usage};
use super::markup::count;
use super::output::{Output, complain, visible};

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
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let inbox = Inbox::new(loaded.settings.inbox).map_err(|error| Usage(format!("`inbox.ignore`: {error}")))?;
        match self.action {
            Action::List { json } => list(&inbox, json),
            Action::Retry { names, all: false } => {
                let paths = names.iter().map(|name| decode_path(name)).collect();
                retry(&inbox, paths)
            }
            Action::Retry { all: true, .. } => {
                let paths =
                    entries(&inbox)?.into_iter().filter(|entry| entry.has_file).map(|entry| entry.path).collect();
                retry(&inbox, paths)
            }
        }
    }
}

/// All entries, by name.
fn entries(inbox: &Inbox) -> anyhow::Result<Vec<FailedEntry>> {
    let entries: std::io::Result<Vec<FailedEntry>> = inbox.failed().collect();
    let mut entries = entries.with_context(|| format!("cannot read the failed files of {}", inbox.root().display()))?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn list(inbox: &Inbox, json: bool) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    let entries = entries(inbox)?;
    for FailedEntry { path, report, has_file } in &entries {
        let name = encode_path(path);
        if json {
            let line = json!({ "name": name, "has_file": has_file, "report": report });
            output.line(&line.to_string())?;
            continue;
        }
        output.line(&visible(&name))?;
        match report {
            Some(report) => {
                let line = report.line.map(|line| format!(", line {line}")).unwrap_or_default();
                output.line(&visible(&format!("  {}/{}{line}: {}", report.stage, report.reason, report.message)))?;
                output.line(&visible(&format!("  to do: {}", report.advice)))?;
            }
            None => output.line("  the report beside it is missing or cannot be read")?,
        }
    }
    if !json {
        output.line(&format!("{} failed", count(entries.len(), "file")))?;
    }
    output.flush()?;
    Ok(Exit::Done)
}

fn retry(inbox: &Inbox, paths: Vec<PathBuf>) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    let mut exit = Exit::Done;
    for path in paths {
        let name = encode_path(&path);
        match inbox.retry(Path::new(&path)).with_context(|| format!("cannot move {name} back"))? {
            Retried::Back(to) => {
                output.line(&visible(&format!("{name} is back in the inbox as {}", encode_path(&to))))?;
            }
            Retried::NotThere => {
                complain(&format!("copydesk: {name} is not among the failed files; `copydesk failed list` names them"));
                exit = Exit::Failed;
            }
        }
    }
    output.flush()?;
    Ok(exit)
}
