//! Files named on the command line → documents, for the commands that need no desk.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use copydesk::article::{Document, SIDECAR_ENDING};
use copydesk::inbox::encode_path;
use copydesk::read::{self, Origin, Piece, Rejected, SIDECAR_UNUSED, Settings};

/// What stands for standard input.
pub const STDIN: &str = "-";

/// One document of a file, not yet decoded, and the file that it came from.
pub struct Part {
    pub origin: Arc<Origin>,
    pub piece: Result<Piece, Rejected>,
}

impl Part {
    /// Decodes the document: the costly half of reading.
    pub fn document(self, settings: &Settings) -> Result<Document, Rejected> {
        read::document(self.piece?, &self.origin, settings)
    }

    /// `page.html`, or `pages.jsonl#3` for the third record, for messages.
    pub fn name(&self) -> String {
        let record = match &self.piece {
            Ok(piece) => piece.record,
            Err(rejected) => rejected.record,
        };
        match record {
            Some(n) => format!("{}#{n}", self.origin.path),
            None => self.origin.path.clone(),
        }
    }

    /// Length in bytes, as a measure of the memory that it holds.
    pub fn bytes(&self) -> usize {
        self.piece.as_ref().map_or(0, |piece| piece.bytes.len())
    }
}

/// Opens a file, or standard input for `-`, and yields its documents one after another.
///
/// # Errors
/// The file cannot be opened or is a folder; what is wrong inside it comes with the parts.
pub fn parts(path: &Path, settings: &Settings) -> io::Result<impl Iterator<Item = Part> + use<>> {
    let (name, input): (String, Box<dyn Read>) = if path.as_os_str() == STDIN {
        (STDIN.to_owned(), Box::new(io::stdin().lock()))
    } else {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder; `copydesk once` takes folders"));
        }
        (encode_path(path), Box::new(file))
    };
    let origin = Arc::new(Origin { path: name, folder: None, sidecar: sidecar(path, settings.max_record_bytes)? });
    let pieces = read::split(path.file_name().unwrap_or_default(), input, settings);
    let mut has_told = origin.sidecar.is_none();
    Ok(pieces.map(move |piece| {
        if piece.as_ref().is_ok_and(|piece| piece.record.is_some()) && !std::mem::replace(&mut has_told, true) {
            tracing::warn!(path = %origin.path, "{SIDECAR_UNUSED}");
        }
        Part { origin: Arc::clone(&origin), piece }
    }))
}

/// The bytes of `<file>.meta.json`, where there is one; of a larger one, one byte more, so that it is refused.
fn sidecar(path: &Path, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let mut name = path.as_os_str().to_owned();
    name.push(SIDECAR_ENDING);
    let file = match File::open(&name) {
        Ok(file) => file,
        // With a name so long that the sidecar's does not fit, there is none.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
