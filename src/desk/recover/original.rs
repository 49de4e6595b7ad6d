//! The text of a copy whose body is lost, from its file in `done/`, where that lies under its own name.
//!
//! Only files that are one document each: to look through a file of a million records for every one of them takes days. What
//! is found is known by the hash of its bytes, so that no other file that came under the name is taken for it.

use std::io;
use std::path::Path;

use crate::article::Document;
use crate::clean::Cleaner;
use crate::clean::site::SiteMemory;
use crate::inbox::{DONE, Fault, Inbox, Refused, decode_path, source_folder};
use crate::ledger::Filed;
use crate::outbox::Copy;
use crate::read::{self, Origin};

/// Reads and cleans the file of a copy anew; `None` where it is not there, or is no longer what was read.
///
/// # Errors
/// The system fails to deliver it now.
pub fn filed(copy: &Copy, inbox: &Inbox, settings: &read::Settings, cleaner: &Cleaner) -> io::Result<Option<Filed>> {
    let path = decode_path(&copy.path);
    let claim = match inbox.claim(&Path::new(DONE).join(&path), settings.max_file_bytes, settings.max_record_bytes) {
        Ok(claim) => claim,
        // One that the disk has lost is lost; all that is left of the copy is what the record says.
        Err(Refused::Desk(error)) if !Fault::is_at_one_place(&error) => return Err(error),
        Err(_) => return Ok(None),
    };
    let origin = Origin { path: copy.path.clone(), folder: source_folder(&path), sidecar: claim.sidecar.clone() };
    let first = path.file_name().and_then(|name| read::split(name, &claim.file, settings).next());
    let piece = match first {
        Some(Ok(piece)) if piece.record.is_none() => piece,
        Some(Err(rejected)) => {
            let trouble = rejected.io_error().filter(|error| !Fault::is_at_one_place(error));
            return trouble.map_or(Ok(None), Err);
        }
        _ => return Ok(None),
    };
    Ok(read::document(piece, &origin, settings).ok().and_then(|document| clean(document, copy, cleaner)))
}

fn clean(mut document: Document, copy: &Copy, cleaner: &Cleaner) -> Option<Filed> {
    if document.input != copy.input {
        return None;
    }
    let draft = cleaner.draft(&document).ok()?;
    let article = cleaner.finish(draft, &SiteMemory::default());
    document.content = String::new();
    Some(Filed::new(&document, article))
}
