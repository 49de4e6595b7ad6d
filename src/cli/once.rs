//! `copydesk once`: takes what is there now, shows how far it is, sums up, and ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use copydesk::config::{Loaded, Settings};
use copydesk::desk::{self, DeskError, Progress, Snapshot};
use copydesk::inbox::Done;
use copydesk::ledger::Reader;
use copydesk::outbox::Record;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::Exit;
use super::markup::count;
use super::output::Output;
use super::run::stopped;
use super::status::waiting;
use super::table::{Table, shorten};
use super::{Folders, logging};

/// Time between two looks at the counters.
const REDRAW: Duration = Duration::from_millis(100);
/// Articles that the summary lists one by one; of more it says only how many.
const LISTED: usize = 20;
/// Columns of a headline in the list.
const TITLE_WIDTH: usize = 44;

const EXAMPLES: &str = "\
Examples:
  copydesk once                           the inbox; files move to done/
  copydesk once --outbox out examples/    these files, which stay
  copydesk once --inbox spool --state s   another inbox";

/// Take the inbox, or the given files and folders, publish their articles, and end
///
/// Without PATH the files of the inbox are taken and then moved to done/ or failed/. Files and folders given as PATH are
/// taken in place and stay where they are; the outbox, the state and what was done or failed are left out. Shows progress on a terminal and a summary at the end. Documents that fail
/// are reported and change nothing about the exit code: they are told of, not lost. SIGTERM, SIGINT or SIGHUP finishes
/// what is in hand; the end is then 1 where files are left, and says how many.
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
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let settings = loaded.settings;
        let plan = settings.plan()?;
        // Only for the summary; a state that cannot be read is for the desk to judge.
        let reader = Reader::open(&settings.state.path).ok().flatten();
        let before = reader.and_then(|reader| reader.last_event().ok()).unwrap_or(0);
        let progress = Arc::new(Progress::default());
        let started = Instant::now();
        let told = Arc::new(AtomicBool::new(false));
        let stop = {
            let told = Arc::clone(&told);
            async move {
                stopped().await;
                told.store(true, Ordering::Release);
            }
        };
        let result = watched(&progress, || match self.paths.as_slice() {
            [] => desk::once(&plan, Arc::clone(&progress), stop),
            paths => desk::take(&plan, paths, Arc::clone(&progress), stop),
        });
        // A path that is not there ends the taking, but what was taken before is done and worth a summary.
        let result = match result {
            Ok(()) | Err(DeskError::Given { .. }) => result,
            Err(other) => return Err(other.into()),
        };
        let mut output = Output::stdout();
        output.put(
            summary(&settings, progress.snapshot(), started.elapsed(), before, self.paths.is_empty())?.as_bytes(),
        )?;
        output.flush()?;
        result?;
        if !told.load(Ordering::Acquire) {
            return Ok(Exit::Done);
        }
        match left(&settings, progress.snapshot(), self.paths.is_empty()) {
            Some(0) => Ok(Exit::Done),
            Some(files) => bail!("stopped early, {} not taken", count(files as usize, "file")),
            None => bail!("stopped early, not all files are taken"),
        }
    }
}

/// Files that were to be taken and are not; `None` where files that were taken stay among them.
fn left(settings: &Settings, done: Snapshot, is_inbox: bool) -> Option<u64> {
    match (is_inbox, settings.inbox.done) {
        (false, _) => Some(done.found.saturating_sub(done.files)),
        (true, Done::Keep) => None,
        (true, Done::Move | Done::Delete) => waiting(settings),
    }
}

/// Runs `work` under a progress bar, which is drawn only on a terminal.
fn watched<T>(progress: &Arc<Progress>, work: impl FnOnce() -> T) -> T {
    let bar = ProgressBar::new(0);
    let started = Instant::now();
    let style = "{spinner} {bar:20} {pos}/{len} files, {msg}";
    bar.set_style(ProgressStyle::with_template(style).expect("a constant template"));
    logging::draw_above(&bar);
    let ended = Arc::new(AtomicBool::new(false));
    let drawer = {
        let (bar, progress, ended) = (bar.clone(), Arc::clone(progress), Arc::clone(&ended));
        thread::spawn(move || {
            while !ended.load(Ordering::Acquire) {
                let now = progress.snapshot();
                bar.set_length(now.found);
                bar.set_position(now.files);
                let rate = now.files as f64 / started.elapsed().as_secs_f64();
                bar.set_message(format!("{} articles, {} failed, {rate:.0} files/s", now.articles, now.failed));
                bar.tick();
                thread::park_timeout(REDRAW);
            }
        })
    };
    let result = work();
    ended.store(true, Ordering::Release);
    drawer.thread().unpark();
    // It only draws: if it broke, the work is done all the same.
    let _ = drawer.join();
    bar.finish_and_clear();
    result
}

/// What was done, as a person reads it.
fn summary(settings: &Settings, done: Snapshot, took: Duration, before: u64, is_inbox: bool) -> anyhow::Result<String> {
    let mut text = String::new();
    if let Some(reader) = Reader::open(&settings.state.path)? {
        // One more than is listed tells whether there are more; events of one article come several times.
        let events = reader.feed(before, LISTED * 8)?;
        let mut ids: Vec<&str> = Vec::new();
        for event in &events {
            match event.event.as_str() {
                "withdrawn" => ids.retain(|id| *id != event.id),
                _ if ids.contains(&event.id.as_str()) => {}
                _ => ids.push(&event.id),
            }
        }
        if !ids.is_empty() && ids.len() <= LISTED && events.len() < LISTED * 8 {
            let mut table = Table::new(&["id", "words", "cuts", "copies", "title"]);
            for id in ids {
                let path = settings.outbox.path.join(format!("{id}.json"));
                let Some(record) =
                    std::fs::read(path).ok().and_then(|json| serde_json::from_slice::<Record>(&json).ok())
                else {
                    continue;
                };
                table.row([
                    record.id.clone(),
                    record.word_count.to_string(),
                    record.removed.len().to_string(),
                    record.copies_total.to_string(),
                    shorten(record.title.as_deref().unwrap_or("(no headline)"), TITLE_WIDTH),
                ]);
            }
            text.push_str(&table.to_string());
            text.push('\n');
        }
    }
    let seconds = took.as_secs_f64().max(0.001);
    let rate = format!(
        "{:.1} s, {:.0} files/s, {:.1} MB/s",
        seconds,
        done.files as f64 / seconds,
        done.bytes as f64 / 1e6 / seconds
    );
    let mut table = Table::plain();
    table.row(["files".into(), done.files.to_string(), rate]);
    table.row(["documents".into(), (done.decided + done.redeliveries + done.failed).to_string(), String::new()]);
    // More articles may have been merged away than were founded.
    let (new, gone) = (done.articles.max(0), done.articles.min(0).unsigned_abs());
    table.row(["articles".into(), new.to_string(), format!("new in {}", settings.outbox.path.display())]);
    if gone > 0 {
        table.row(["withdrawn".into(), gone.to_string(), "earlier articles, merged into another".into()]);
    }
    let copies = done.decided as i64 - new;
    table.row(["copies".into(), copies.max(0).to_string(), "merged into an article".into()]);
    if done.redeliveries > 0 {
        table.row(["known".into(), done.redeliveries.to_string(), "the same file again".into()]);
    }
    if done.failed > 0 {
        table.row(["failed".into(), done.failed.to_string(), "see the warnings".into()]);
    }
    text.push_str(&table.to_string());
    if done.failed > 0 && is_inbox {
        text.push_str(
            "\nThe failed files lie in failed/ of the inbox, each with its reason: `copydesk failed list`.\n",
        );
    }
    Ok(text)
}
