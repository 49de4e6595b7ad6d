//! `copydesk clean`: cleans files without a desk, on all cores, and prints the records in the order of the input.
//!
//! One thread reads and cuts files into batches, one per core cleans, and this one prints. Batches carry the sending end
//! of their own result, and the receiving ends queue in input order: order costs no sorting, and the length of that
//! queue bounds the memory.

use std::path::PathBuf;
use std::sync::Arc;
use std::{mem, panic, thread};

use clap::{Args, ValueEnum};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{self, Cleaner, NoContent};
use copydesk::config::{Flag, Loaded};
use copydesk::outbox::Record;
use crossbeam_channel::{Receiver, Sender, bounded};
use tracing::{error, warn};

use super::documents::{self, Part};
use super::exit::Exit;
use super::output::Output;

/// A batch is full with so many documents or so many bytes: enough work to make handing it over cheap.
const BATCH_DOCUMENTS: usize = 32;
const BATCH_BYTES: usize = 1 << 20;
/// Batches under way for each core: one at work, and some waiting behind a slow one.
const BATCHES_PER_CORE: usize = 4;

const EXAMPLES: &str = "\
Examples:
  copydesk clean page.html                   one record as NDJSON
  copydesk clean --format text article.txt   title and body only
  copydesk clean pages.jsonl.zst | jq .title
  curl -s https://example.org/a | copydesk clean --format json -";

/// Clean files and print the records; nothing is merged, stored or moved
///
/// Records come in the order of the input and look as in the outbox, each article alone: one copy, its own story. A
/// document without an article is reported on standard error and skipped. Ends with 1 when a file could not be read or
/// no document could be cleaned.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// Files to clean, `-` for standard input [default: -]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print one record a line (ndjson), indented records (json), or titles and bodies only (text)
    #[arg(long, value_enum, default_value_t = Format::Ndjson, hide_possible_values = true, value_name = "FORMAT")]
    format: Format,
    /// Cut only what is safe, or more noise with some risk: safe, eager [default: safe]
    #[arg(long, value_name = "LEVEL", value_parser = ["safe", "eager"], hide_possible_values = true)]
    level: Option<String>,
}

/// How records are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Ndjson,
    Text,
}

/// What became of one document.
enum Outcome {
    /// The bytes to print.
    Record(Vec<u8>),
    /// No record; what to say about it.
    Without { name: String, reason: String, advice: String, read_failed: bool },
}

/// Documents to be cleaned by one worker, and where it sends the outcomes.
struct Batch {
    parts: Vec<Part>,
    done: Sender<Vec<Outcome>>,
}

/// What the reader hands to the printer, in input order.
enum Step {
    Batch(Receiver<Vec<Outcome>>),
    Unreadable(PathBuf, std::io::Error),
}

impl Command {
    /// The settings that the command's own flags set.
    pub fn flags(&self) -> Vec<Flag> {
        level_flag(self.level.as_deref())
    }

    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let settings = loaded.settings;
        let cleaner = Arc::new(settings.cleaner()?);
        let cores = match settings.desk.workers {
            0 => thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let (jobs, queue) = bounded::<Batch>(cores * BATCHES_PER_CORE);
        let (steps, order) = bounded::<Step>(cores * BATCHES_PER_CORE);
        for _ in 0..cores {
            let (queue, cleaner, read, format) = (queue.clone(), cleaner.clone(), settings.read.clone(), self.format);
            thread::Builder::new().stack_size(clean::STACK_BYTES).spawn(move || {
                for batch in queue {
                    let outcomes = batch.parts.into_iter().map(|part| outcome(part, &cleaner, &read, format)).collect();
                    // Fails only when the printer has stopped, and then nobody wants it.
                    let _ = batch.done.send(outcomes);
                }
            })?;
        }
        let files = if self.files.is_empty() { vec![documents::STDIN.into()] } else { self.files };
        let read = settings.read;
        thread::spawn(move || feed(files, &read, &jobs, &steps));
        // The threads are not joined: when the reader of our output has gone, there may be no end of input to wait for.
        print(&order, self.format)
    }
}

/// The flag of `--level`, which `clean` and `explain` share.
pub fn level_flag(level: Option<&str>) -> Vec<Flag> {
    level
        .map(|level| Flag { key: "clean.level".into(), value: level.into(), name: "--level".into() })
        .into_iter()
        .collect()
}

/// Reads all files into batches. Ends early when nobody takes them any more.
fn feed(files: Vec<PathBuf>, settings: &copydesk::read::Settings, jobs: &Sender<Batch>, steps: &Sender<Step>) {
    let hand_over = |parts: &mut Vec<Part>| {
        let (done, receiver) = bounded(1);
        parts.is_empty()
            || (steps.send(Step::Batch(receiver)).is_ok() && jobs.send(Batch { parts: mem::take(parts), done }).is_ok())
    };
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for file in files {
        match documents::parts(&file, settings) {
            Ok(parts) => {
                for part in parts {
                    bytes += part.bytes();
                    batch.push(part);
                    if batch.len() >= BATCH_DOCUMENTS || bytes >= BATCH_BYTES {
                        bytes = 0;
                        if !hand_over(&mut batch) {
                            return;
                        }
                    }
                }
            }
            Err(error) => {
                bytes = 0;
                if !hand_over(&mut batch) || steps.send(Step::Unreadable(file, error)).is_err() {
                    return;
                }
            }
        }
    }
    hand_over(&mut batch);
}

/// Cleans one document. A panic in it is this document's failure and nobody else's.
fn outcome(part: Part, cleaner: &Cleaner, read: &copydesk::read::Settings, format: Format) -> Outcome {
    let name = part.name();
    let without = |reason: String, advice: &str| Outcome::Without {
        name: name.clone(),
        reason,
        advice: advice.into(),
        read_failed: false,
    };
    let cleaned = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        let document = part.document(read).map_err(|rejected| {
            let line = rejected.line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let reason = format!("{}: {}{line}", rejected.reason, rejected.message);
            let read_failed = rejected.is_transient();
            Outcome::Without { name: name.clone(), reason, advice: rejected.advice, read_failed }
        })?;
        let article = cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default())).map_err(
            |nothing: NoContent| without(format!("no_content: {nothing}"), "`copydesk explain` shows what was cut"),
        )?;
        Ok(Record::single(&document, article))
    }));
    match cleaned {
        Ok(Ok(record)) => Outcome::Record(render(&record, format)),
        Ok(Err(without)) => without,
        Err(_) => without("panic: the cleaner broke on this document".into(), "please report it with the document"),
    }
}

fn render(record: &Record, format: Format) -> Vec<u8> {
    let mut bytes = match format {
        Format::Json => serde_json::to_vec_pretty(record).expect("a record has text keys and finite numbers"),
        Format::Ndjson => serde_json::to_vec(record).expect("a record has text keys and finite numbers"),
        Format::Text => match &record.title {
            Some(title) => format!("{title}\n\n{}", record.text).into_bytes(),
            None => record.text.clone().into_bytes(),
        },
    };
    bytes.push(b'\n');
    bytes
}

/// Prints outcomes in input order, and decides how the command ends.
fn print(order: &Receiver<Step>, format: Format) -> anyhow::Result<Exit> {
    let mut output = Output::stdout();
    let (mut cleaned, mut unreadable) = (0_u64, false);
    for step in order {
        let outcomes = match step {
            Step::Unreadable(path, cause) => {
                error!("{}: {cause}", path.display());
                unreadable = true;
                continue;
            }
            Step::Batch(receiver) => receiver.recv().expect("a worker always sends, panics in documents are caught"),
        };
        for outcome in outcomes {
            match outcome {
                Outcome::Record(bytes) => {
                    if format == Format::Text && cleaned > 0 {
                        output.put(b"\n---\n\n")?;
                    }
                    output.put(&bytes)?;
                    cleaned += 1;
                }
                Outcome::Without { name, reason, advice, read_failed } => {
                    warn!("{name}: {reason}; {advice}");
                    unreadable |= read_failed;
                }
            }
        }
        if order.is_empty() {
            // Nothing else is ready: show what there is, for whoever reads along.
            output.flush()?;
        }
    }
    output.flush()?;
    Ok(if unreadable || cleaned == 0 { Exit::Failed } else { Exit::Done })
}
