//! `copydesk run`: the desk as a service, until it is told to stop.

use std::sync::Arc;

use clap::Args;
use copydesk::config::Loaded;
use copydesk::desk::{self, Progress};
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;

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
/// published. SIGTERM, SIGINT or SIGHUP finishes what is in hand (within 10 seconds) and ends, a second one ends at once with exit
/// code 1; nothing is lost however the program ends. A second desk on the same inbox is refused with exit code 75.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let progress = Arc::new(Progress::default());
        let plan = loaded.settings.plan()?;
        info!(
            version = env!("CARGO_PKG_VERSION"),
            inbox = %plan.inbox.path.display(),
            outbox = %plan.outbox.path.display(),
            state = %plan.state.path.display(),
            "starting"
        );
        desk::run(&plan, Arc::clone(&progress), stopped())?;
        let done = progress.snapshot();
        info!(
            files = done.files,
            documents = done.decided,
            articles = done.articles,
            redeliveries = done.redeliveries,
            failed = done.failed,
            "stopped"
        );
        Ok(Exit::Done)
    }
}

/// Resolves when the program is told to stop: SIGTERM from a service manager, SIGINT from a keyboard, SIGHUP from a terminal
/// that is closed. Told a second time, it ends at once, which loses no more than a kill does: nothing.
pub async fn stopped() {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    // Without handlers a signal ends the program at once.
    let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else { return std::future::pending().await };
    let mut hangup = if ignores_hangup() { None } else { signal(SignalKind::hangup()).ok() };
    let mut told = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            Some(_) = async { hangup.as_mut()?.recv().await } => {}
        }
    };
    told().await;
    tokio::spawn(async move {
        told().await;
        tracing::warn!("told to stop again: ending at once, the next start goes on from here");
        std::process::exit(Exit::Failed as i32);
    });
}

/// Whether whoever started the program had it ignore SIGHUP, as `nohup` does; a handler would undo that.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 != 0)
}
