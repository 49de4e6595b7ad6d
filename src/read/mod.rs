//! Bytes → documents: decompresses, finds the format, splits files of records, decodes, and reads what came along.
//!
//! No path is opened here and no clock is read. Reading has two halves, so that it runs on all cores: [`split`] is
//! sequential and cheap and runs where the file is read; [`document`] hashes, decodes and parses, and may run anywhere.

mod capture;
mod charset;
mod decompress;
mod document;
mod lines;
mod prescan;
mod record;
mod rejected;
mod sniff;
mod split;
mod structure;
mod surrogates;
mod values;

pub use document::document;
pub use rejected::{Reason, Rejected};
pub use split::{Pieces, split};

use serde::{Deserialize, Serialize};

/// Bounds on what is read; every one of them is refused with a reason and never panics or swaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Bytes of one document that is a whole file, after decompression: a text or a page.
    pub max_file_bytes: u64,
    /// Bytes of a whole file of records, after decompression; it is streamed, never held.
    pub max_records_bytes: u64,
    /// Bytes of one record's JSON, of a file that is a single record, and of a sidecar.
    pub max_record_bytes: u64,
    /// Decompressed bytes for each compressed byte.
    pub max_ratio: u64,
    /// Records in one file.
    pub max_records: u64,
    /// Malformed records in one file before the rest of it is given up.
    pub max_bad_records: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_file_bytes: 64 << 20,
            max_records_bytes: 4 << 30,
            max_record_bytes: 16 << 20,
            max_ratio: 200,
            max_records: 10_000_000,
            max_bad_records: 1_000,
        }
    }
}

/// What is said of a sidecar beside a file of records.
pub const SIDECAR_UNUSED: &str =
    "its sidecar is not used: a file of records says of each record what there is to say, in the record itself";

/// Where a file's documents come from: what the bytes themselves do not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Relative to the inbox, `/`-separated; bytes that are not UTF-8 are percent-encoded.
    pub path: String,
    /// The first sub-folder of the inbox that the file lies in.
    pub folder: Option<String>,
    /// The bytes of `<file>.meta.json`, where there is one; ignored for files of several records.
    pub sidecar: Option<Vec<u8>>,
}

/// What the bytes of a [`Piece`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// A page.
    Html,
    /// One JSON object.
    Record,
}

/// One document's bytes, cut out of its file but not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The whole (decompressed) file, or one record's own JSON.
    pub bytes: Vec<u8>,
    /// What they are.
    pub format: Format,
    /// 1-based number in a file of records; `None` when the file is one document.
    pub record: Option<u64>,
    /// 1-based line on which the record starts.
    pub line: Option<u64>,
    /// The encoding that a file of records was converted from; `None` where the bytes are as they were found.
    pub converted_from: Option<&'static str>,
}
