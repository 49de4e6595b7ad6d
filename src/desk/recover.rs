//! The state at start: opened when it is sound, else set aside and built anew, so that nothing is published twice.
//!
//! Three things can be wrong with it: its file is damaged, it is behind what the outbox shows (its log was lost, or it came
//! from a backup), or it is gone. In each case a new one is built from what can still be read, from the records of the outbox,
//! and from `done/`; see `rebuild.rs` for what is trusted in which order.

mod original;
mod rebuild;
mod record;

use std::io;
use std::path::Path;

use super::{DeskError, Plan};
use crate::clean::Cleaner;
use crate::inbox::Inbox;
use crate::ledger::aside::{self, Standing};
use crate::ledger::{self, Ledger, LedgerError, Mark, rebuilding};
use crate::segments;
use rebuild::Sources;

/// File in the outbox that tells how far the ledger was that wrote it.
const MARK: &str = ".ledger-mark";

/// Why a new state file is built.
enum Wrong {
    /// It is not what was written, or was cut off.
    Damaged(String),
    /// It is sound, and lacks what came last.
    Behind(String),
    /// There is none, and the outbox holds records. What is there and cannot be looked at is not gone.
    Gone,
}

/// Opens the ledger of a desk, building a new one where that must be.
pub fn open(plan: &Plan, inbox: Option<&Inbox>, cleaner: &Cleaner) -> Result<Ledger, DeskError> {
    let state = &plan.state.path;
    let mark = plan.outbox.path.join(MARK);
    rebuilding::remove_unfinished(state);
    let wrong = match aside::standing(state)? {
        Standing::Moving(what) => Wrong::Damaged(what),
        Standing::InPlace => match open_sound(state, &plan.outbox.path)? {
            Ok(ledger) => return Ok(ledger),
            Err(wrong) => wrong,
        },
    };
    let aside = match &wrong {
        Wrong::Damaged(what) | Wrong::Behind(what) => {
            tracing::error!(
                what,
                "the state cannot be trusted: it is set aside, and built anew from what can be read of it, the outbox and done/"
            );
            Some(aside::set_aside(state, what)?)
        }
        Wrong::Gone => {
            tracing::warn!(state = %state.display(), outbox = %plan.outbox.path.display(), "there is no state, and the outbox holds articles: they are taken over, so that none is published twice");
            // SQLite would take a log that is left of it for one of the new file.
            aside::has_log(state)?
                .then(|| aside::set_aside(state, "its file is gone, and its log is not"))
                .transpose()?
        }
    };
    // Of a file that is gone a log may be all that was set aside.
    let old = match &aside {
        Some(aside) if exists(&aside.join(ledger::FILE_NAME))? => Some(aside.as_path()),
        _ => None,
    };
    let behind = old.is_none() || matches!(wrong, Wrong::Behind(_));
    segments::remove_all(state).map_err(|source| LedgerError::Io { path: state.join(segments::FOLDER), source })?;
    let sources = Sources { plan, inbox, cleaner, aside: old, mark: Mark::read(&mark), behind };
    let told = rebuild::rebuild(&sources)?;
    let kept = aside.map_or_else(|| "nothing".to_owned(), |aside| aside.display().to_string());
    tracing::warn!(
        kept,
        salvaged = told.salvaged,
        adopted = told.adopted,
        articles = told.articles,
        without_text = told.remembered,
        "the state is whole again; what was set aside is kept and may be deleted"
    );
    let mut ledger = Ledger::open(state)?;
    ledger.witness(&mark)?;
    Ok(ledger)
}

fn open_sound(state: &Path, outbox: &Path) -> Result<Result<Ledger, Wrong>, LedgerError> {
    let path = state.join(ledger::FILE_NAME);
    let is_there = exists(&path)?;
    let is_empty = !is_there || std::fs::metadata(&path).map_err(about(&path))?.len() == 0;
    if is_empty && record::any(outbox)? {
        return Ok(Err(if is_there { Wrong::Damaged("it is empty".into()) } else { Wrong::Gone }));
    }
    let mut ledger = match Ledger::open(state) {
        Err(LedgerError::Damaged { what, .. }) => return Ok(Err(Wrong::Damaged(what))),
        Err(error) if error.is_damage() => return Ok(Err(Wrong::Damaged(error.to_string()))),
        opened => opened?,
    };
    let mark = outbox.join(MARK);
    if Mark::read(&mark).is_none_or(|seen| seen.ledger != ledger.mark().ledger) {
        // Nothing tells how far this ledger was, as after a copy of the outbox without hidden files; so the records do.
        match record::unknown(outbox, &ledger) {
            Ok(None) => {}
            Ok(Some(id)) => return Ok(Err(Wrong::Behind(format!("it does not know all copies of record {id}")))),
            Err(error) if error.is_damage() => return Ok(Err(Wrong::Damaged(error.to_string()))),
            Err(error) => return Err(error),
        }
    }
    match ledger.witness(&mark) {
        Err(LedgerError::Damaged { what, .. }) => return Ok(Err(Wrong::Behind(what))),
        result => result?,
    }
    aside::acquit(state)?;
    Ok(Ok(ledger))
}

fn exists(path: &Path) -> Result<bool, LedgerError> {
    path.try_exists().map_err(about(path))
}

fn about(path: &Path) -> impl FnOnce(io::Error) -> LedgerError {
    |source| LedgerError::Io { path: path.to_owned(), source }
}
