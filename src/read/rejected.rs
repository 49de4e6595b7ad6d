//! What is said about bytes that cannot be read: a stable code, what is wrong, and what to do about it.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// Why bytes were refused; the codes are stable, tools may match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No bytes, or nothing but white space.
    Empty,
    /// Binary data.
    NotText,
    /// Text, but in no format that is read here.
    UnknownFormat,
    /// In a character set that is not read here, or not in the one that it declares.
    BadCharset,
    /// A gzip stream that is cut off or damaged.
    BadGzip,
    /// A zstd stream that is cut off or damaged.
    BadZstd,
    /// It decompresses to far more than an article would.
    Bomb,
    /// Larger than the settings allow.
    TooLarge,
    /// JSON that is cut off or unsound.
    BadJson,
    /// A record without `html`, `text` or any other accepted body.
    NoTextField,
    /// A `<file>.meta.json` that is no JSON object.
    BadSidecar,
    /// A `<file>.meta.json` that came without its file, or after it.
    OrphanSidecar,
    /// More records in one file than the settings allow.
    TooManyRecords,
    /// More bad records in one file than the settings allow.
    TooManyBadRecords,
    /// The system failed to deliver the bytes: this says nothing about the document.
    ReadFailed,
}

impl Reason {
    /// The code as it is published.
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NotText => "not_text",
            Self::UnknownFormat => "unknown_format",
            Self::BadCharset => "bad_charset",
            Self::BadGzip => "bad_gzip",
            Self::BadZstd => "bad_zstd",
            Self::Bomb => "bomb",
            Self::TooLarge => "too_large",
            Self::BadJson => "bad_json",
            Self::NoTextField => "no_text_field",
            Self::BadSidecar => "bad_sidecar",
            Self::OrphanSidecar => "orphan_sidecar",
            Self::TooManyRecords => "too_many_records",
            Self::TooManyBadRecords => "too_many_bad_records",
            Self::ReadFailed => "read_failed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Bytes that could not be read.
///
/// With `record` set, that one record is bad and the others go on; without, the file is, or what is left of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Rejected {
    /// What kind of fault it is.
    pub reason: Reason,
    /// What is wrong, in lower case.
    pub message: String,
    /// What to do about it.
    pub advice: String,
    /// 1-based line of the file.
    pub line: Option<u64>,
    /// 1-based number of the record in its file.
    pub record: Option<u64>,
    /// The bad record itself, where it is small enough to be kept.
    pub bytes: Option<Vec<u8>>,
    /// The system's error number behind [`Reason::ReadFailed`].
    pub os_error: Option<i32>,
}

impl Rejected {
    pub(super) fn new(reason: Reason, message: impl Into<String>, advice: impl Into<String>) -> Self {
        let (message, advice) = (message.into(), advice.into());
        Self { reason, message, advice, line: None, record: None, bytes: None, os_error: None }
    }

    pub(super) fn read_failed(error: &io::Error) -> Self {
        let message = format!("the file could not be read: {error}");
        let advice = "see to the disk or the mount; the file is tried again";
        Self { os_error: error.raw_os_error(), ..Self::new(Reason::ReadFailed, message, advice) }
    }

    pub(super) fn at(self, record: Option<u64>, line: Option<u64>) -> Self {
        Self { record, line, ..self }
    }

    pub(super) fn with_bytes(self, bytes: Vec<u8>) -> Self {
        Self { bytes: Some(bytes), ..self }
    }

    /// Whether the same bytes may be readable later: the fault lies with the system and not with the document.
    pub fn is_transient(&self) -> bool {
        self.reason == Reason::ReadFailed
    }

    /// The system's error behind a transient rejection.
    pub fn io_error(&self) -> Option<io::Error> {
        self.is_transient().then(|| match self.os_error {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::other(self.message.clone()),
        })
    }
}
