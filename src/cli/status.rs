//! `copydesk status`: what the desk has done and is doing.

use std::io;

use clap::Args;
use copydesk::config::{Loaded, Settings};
use copydesk::desk::{self, Report};
use copydesk::inbox::{Done, Found, Inbox};
use copydesk::ledger::{Counts, Reader};
use serde::Serialize;

use super::Folders;
use super::exit::Exit;
use super::output::Output;
use super::table::Table;

/// Files counted in the inbox; a longer backlog is shown as "at least".
const COUNTED: u64 = 1_000_000;

/// Show what the desk has done and is doing
///
/// Reads the state folder and may be called while a desk runs.
#[derive(Args, Debug)]
pub struct Command {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

/// The whole answer, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Status {
    /// `null` when no desk runs here.
    desk: Option<Report>,
    /// What this state folder has seen since it began; `null` when no desk has worked here yet.
    done: Option<Counts>,
    /// Files in the inbox that are still to be taken, and with `inbox.done = "keep"` those that were; `null` when it cannot
    /// be read.
    waiting: Option<u64>,
    last_event: u64,
}

impl Command {
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let settings = loaded.settings;
        let state = &settings.state.path;
        let reader = Reader::open(state)?;
        let status = Status {
            desk: at_work(&settings)?,
            done: reader.as_ref().map(Reader::counts).transpose()?,
            waiting: waiting(&settings),
            last_event: reader.as_ref().map_or(Ok(0), Reader::last_event)?,
        };
        let mut output = Output::stdout();
        if self.json {
            output.line(&serde_json::to_string(&status)?)?;
        } else {
            output.put(text(&status, &settings).as_bytes())?;
        }
        output.flush()?;
        Ok(Exit::Done)
    }
}

/// The report of the desk that runs now. One that was killed leaves its report behind, and no lock.
///
/// # Errors
/// This user may not read it.
pub fn at_work(settings: &Settings) -> io::Result<Option<Report>> {
    let state = &settings.state.path;
    if let Some(pid) = desk::running(state)? {
        // Until it writes its own, a desk that starts finds there what the one before it left.
        let report = desk::report(state)?.filter(|report| desk::is_same_process(pid, report.pid));
        return Ok(Some(report.unwrap_or(Report { pid, state: "starting".into(), ..Report::default() })));
    }
    let Some(pid) = desk::holds(&settings.inbox.path) else { return Ok(None) };
    let reason = format!("its state folder is not {}: that was moved away, or it has another", state.display());
    Ok(Some(Report { pid, state: "unknown".into(), reasons: vec![reason], ..Report::default() }))
}

/// Counts the files in the inbox; `None` when it cannot be read.
pub fn waiting(settings: &Settings) -> Option<u64> {
    let inbox = Inbox::new(settings.inbox.clone()).ok()?;
    let mut files = 0;
    for found in inbox.scan() {
        match found {
            Ok(Found::File { .. }) => files += 1,
            Ok(_) => {}
            Err(_) => return None,
        }
        if files == COUNTED {
            break;
        }
    }
    Some(files)
}

fn text(status: &Status, settings: &Settings) -> String {
    let mut table = Table::plain();
    let mut row = |name: &str, value: String, remark: String| table.row([name.to_owned(), value, remark]);
    match &status.desk {
        Some(desk) if desk.started_at.is_empty() => row("desk", desk.state.clone(), format!("process {}", desk.pid)),
        Some(desk) => row("desk", desk.state.clone(), format!("process {}, since {}", desk.pid, desk.started_at)),
        None => row("desk", "not running".into(), String::new()),
    }
    for reason in status.desk.iter().flat_map(|desk| &desk.reasons) {
        row("", "because".into(), reason.clone());
    }
    let waiting = match status.waiting {
        Some(COUNTED) => format!("at least {COUNTED}"),
        Some(files) => files.to_string(),
        None => "unknown".into(),
    };
    let kept = if settings.inbox.done == Done::Keep { ", those that were taken and stay among them" } else { "" };
    row("waiting", waiting, format!("files in {}{kept}", settings.inbox.path.display()));
    let Some(done) = &status.done else {
        row("state", "none".into(), format!("no desk has worked in {} yet", settings.state.path.display()));
        return table.to_string();
    };
    row("documents", done.documents.to_string(), "taken in and decided".into());
    row("articles", done.articles.to_string(), format!("in {}", settings.outbox.path.display()));
    row("copies", done.copies.to_string(), "merged into an article".into());
    row("known", done.redeliveries.to_string(), "the same file again".into());
    row(
        "failed",
        done.failed.to_string(),
        "attempts that gave no article; `copydesk failed list` names the files that lie in failed/".into(),
    );
    row("pending", done.pending.to_string(), "decided, not yet in the outbox".into());
    row("changes", status.last_event.to_string(), "number of the last one in `copydesk feed`".into());
    table.to_string()
}
