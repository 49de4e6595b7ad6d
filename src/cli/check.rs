//! `copydesk check`: whether a desk could start here: settings, folders, rules, state.

use std::fs;
use std::io;
use std::path::Path;

use clap::Args;
use copydesk::config::{Loaded, Settings};
use copydesk::desk::Report;
use copydesk::ledger::Reader;
use rustix::fs::{Access, PROC_SUPER_MAGIC, access, statfs};

use super::Folders;
use super::exit::Exit;
use super::output::Output;
use super::status::at_work;
use super::table::Table;

/// Check the settings, the rules, the folders and the state, without changing any
///
/// Ends with 1 when a desk could not work here or the one that does is in trouble, with 2 when the settings are refused.
#[derive(Args, Debug)]
pub struct Command {
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let settings = loaded.settings;
        let state = &settings.state.path;
        // Settings were loaded, or this line were not reached.
        let mut findings: Vec<(&str, Result<String, String>)> =
            vec![("settings", Ok("every value is accepted".into()))];
        let rules = settings.cleaner().map_err(|error| error.to_string());
        findings.push(("rules", rules.map(|_| "every phrase rule compiles".into())));
        findings.push(("inbox", folder(&settings.inbox.path, false)));
        findings.push(("outbox", folder(&settings.outbox.path, true)));
        findings.push(("state", folder(state, true)));
        findings.push(("ledger", ledger(state)));
        findings.push(("desk", desk(&settings)));
        let mut table = Table::plain();
        for (what, finding) in &findings {
            let (mark, text) = match finding {
                Ok(text) => ("ok", text),
                Err(text) => ("WRONG", text),
            };
            table.row([what.to_string(), mark.to_owned(), text.clone()]);
        }
        let mut output = Output::stdout();
        output.put(table.to_string().as_bytes())?;
        output.flush()?;
        Ok(if findings.iter().all(|(_, finding)| finding.is_ok()) { Exit::Done } else { Exit::Failed })
    }
}

/// Whether the folder can be worked in; one that the desk creates itself may be missing, where it can be created.
fn folder(path: &Path, is_created: bool) -> Result<String, String> {
    let shown = path.display();
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Err(format!("{shown} is not a folder")),
        Ok(_) => match usable(path) {
            Ok(()) => Ok(format!("{shown} can be read and written")),
            Err(error) => Err(format!("{shown} cannot be read and written by this user: {error}")),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_created => match creatable(path) {
            Ok(()) => Ok(format!("{shown} is not there yet and will be created")),
            Err(error) => Err(format!("{shown} is not there and cannot be created by this user: {error}")),
        },
        Err(error) => Err(format!("{shown}: {error}; create it, or name another folder")),
    }
}

/// Asks of the nearest folder above that is there whether one can be made in it. The first name that is not there must not be
/// a link to nowhere either, which no folder can replace.
fn creatable(path: &Path) -> io::Result<()> {
    let mut above = path.ancestors().skip(1).map(|above| if above == Path::new("") { Path::new(".") } else { above });
    let mut missing = path;
    loop {
        if missing.symlink_metadata().is_ok() {
            return Err(io::Error::other(format!("{} is a link to nowhere", missing.display())));
        }
        let parent = above.next().ok_or(io::ErrorKind::NotFound)?;
        match fs::metadata(parent) {
            Ok(found) if !found.is_dir() => {
                return Err(io::Error::other(format!("{} is not a folder", parent.display())));
            }
            Ok(_) => return usable(parent).map_err(|error| io::Error::other(format!("{}: {error}", parent.display()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing = parent,
            Err(error) => return Err(error),
        }
    }
}

/// Whether this user may read and write in a folder. Nobody can in that of the processes, whatever its rights say to root.
fn usable(folder: &Path) -> io::Result<()> {
    access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)?;
    match statfs(folder)?.f_type {
        PROC_SUPER_MAGIC => Err(io::Error::other("nothing can be stored there")),
        _ => Ok(()),
    }
}

/// How the desk is that runs here.
fn desk(settings: &Settings) -> Result<String, String> {
    match at_work(settings).map_err(|error| error.to_string())? {
        None => Ok("not running".into()),
        Some(Report { pid, state, reasons, .. }) if reasons.is_empty() => Ok(format!("{state}, process {pid}")),
        Some(Report { pid, state, reasons, .. }) => Err(format!("{state}, process {pid}: {}", reasons.join("; "))),
    }
}

fn ledger(state: &Path) -> Result<String, String> {
    let Some(reader) = Reader::open(state).map_err(|error| error.to_string())? else {
        return Ok("none yet".into());
    };
    if let Some(problem) = reader.check().map_err(|error| error.to_string())? {
        return Err(format!("damaged: {problem}: the next start of the desk sets it aside and builds a new one"));
    }
    let counts = reader.counts().map_err(|error| error.to_string())?;
    Ok(format!("sound; {} documents, {} articles", counts.documents, counts.articles))
}
