//! The text of a copy whose body is lost, from its file in `done/`, where that lies under its own name.
//!
//! Only files that are one document each: to look through a file of a million records for every one of them takes days. What
//! is found is known by the hash of its bytes, so that no other file that came under the name is taken for it.

use std::path::Path;

use crate::clean::Cleaner;
use crate::clean::site::SiteMemory;
use crate::inbox::{DONE, Inbox, decode_path, source_folder};
use crate::ledger::Filed;
use crate::outbox::Copy;
use crate::read::{self, Origin};

/// Reads and cleans the file of a copy anew; `None` where it is not there.
pub fn filed(copy: &Copy, inbox: &Inbox, settings: &read::Settings, cleaner: &Cleaner) -> Option<Filed> {
    let path = decode_path(&copy.path);
    let claim = inbox.claim(&Path::new(DONE).join(&path), settings.max_file_bytes, settings.max_record_bytes).ok()?;
    let origin = Origin { path: copy.path.clone(), folder: source_folder(&path), sidecar: claim.sidecar.clone() };
    let mut pieces = read::split(path.file_name()?, &claim.file, settings);
    let piece = pieces.next()?.ok().filter(|piece| piece.record.is_none())?;
    let mut document = read::document(piece, &origin, settings).ok()?;
    if document.input != copy.input {
        return None;
    }
    let draft = cleaner.draft(&document).ok()?;
    let article = cleaner.finish(draft, &SiteMemory::default());
    document.content = String::new();
    Some(Filed::new(&document, article))
}
