//! Documents over which the desk broke off: noted before it ends, so that the next start sets them aside and does not break
//! off over them again, for ever.
//!
//! A panic among the workers is a document's own failure at once. One of the editor leaves what is in memory half-changed, so
//! the desk ends there, and this note is all that the next one knows of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::article::InputId;

/// Name of the note in the state folder.
const FILE_NAME: &str = "broke-off.json";
/// Documents that are noted at the most; the desk breaks off over one at a time.
const MAX_NOTED: usize = 1_024;

/// The documents that earlier desks broke off over, with what was said then.
#[derive(Debug)]
pub struct Culprits {
    file: PathBuf,
    known: BTreeMap<InputId, String>,
    /// Of those, the ones that came again and failed.
    met: Mutex<BTreeSet<InputId>>,
}

impl Culprits {
    /// What is noted in the state folder. A note that cannot be read is none: it spares a panic, and nothing depends on it.
    pub fn read(state: &Path) -> Self {
        let file = state.join(FILE_NAME);
        let known = fs::read(&file).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        Self { file, known, met: Mutex::default() }
    }

    /// What was said when the desk broke off over a document: it fails for that.
    pub fn meet(&self, input: &InputId) -> Option<&str> {
        let said = self.known.get(input)?;
        self.met.lock().unwrap_or_else(PoisonError::into_inner).insert(*input);
        Some(said)
    }

    /// Notes a document, durably. The others stay noted: what was said of them here may not be written yet.
    pub fn add(&self, input: InputId, said: &str) {
        let mut noted = self.known.clone();
        while noted.len() >= MAX_NOTED {
            noted.pop_first();
        }
        noted.insert(input, said.to_owned());
        self.write(&noted);
    }

    /// Forgets those that were met, at an end in order: they lie in `failed/`, and who gives them again wants them tried.
    pub fn forget_met(&self) {
        let met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if !met.is_empty() {
            let rest = self.known.iter().filter(|(input, _)| !met.contains(input));
            self.write(&rest.map(|(input, said)| (*input, said.clone())).collect());
        }
    }

    fn write(&self, noted: &BTreeMap<InputId, String>) {
        if let Err(error) = write(&self.file, noted) {
            tracing::error!(path = %self.file.display(), %error, "cannot note over which documents the desk broke off");
        }
    }
}

fn write(file: &Path, noted: &BTreeMap<InputId, String>) -> io::Result<()> {
    if noted.is_empty() {
        return fs::remove_file(file);
    }
    let partial = file.with_extension("json.partial");
    fs::write(&partial, serde_json::to_vec_pretty(noted)?)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_known_until_a_desk_that_met_it_ended_in_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (InputId::of(b"one"), InputId::of(b"two"));
        Culprits::read(folder.path()).add(one, "broke");
        let second = Culprits::read(folder.path());
        assert_eq!((second.meet(&one), second.meet(&two)), (Some("broke"), None));
        // It breaks off in its turn, before anything is written of the first.
        second.add(two, "broke too");
        let third = Culprits::read(folder.path());
        assert_eq!(third.meet(&one), Some("broke"));
        third.forget_met();
        let fourth = Culprits::read(folder.path());
        assert_eq!((fourth.meet(&one), fourth.meet(&two)), (None, Some("broke too")));
        fourth.forget_met();
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }
}
