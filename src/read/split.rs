//! A file → pieces: one for a text or a page, one per record for files of records, in order and streamed.
//!
//! Runs where the file is read, so it only finds where records begin and end; whether a record is sound JSON is for
//! [`super::document`] to say.

use std::ffi::OsStr;
use std::io::Read;

use super::decompress::Source;
use super::lines::Lines;
use super::rejected::{Reason, Rejected};
use super::sniff::{self, Layout};
use super::values::{Value, Values};
use super::{Format, Piece, Settings, charset};

/// Takes a file apart: `name` for its ending, `input` for its bytes, read as the pieces are asked for.
///
/// Memory is bounded by `max_file_bytes` for a document and by `max_record_bytes` for files of records, whatever their
/// size. After an error without a record number there are no more pieces.
pub fn split<R: Read>(name: &OsStr, input: R, settings: &Settings) -> Pieces<R> {
    let name = name.to_string_lossy().to_ascii_lowercase();
    let tally = Tally { records: 0, bad: 0, max_record_bytes: settings.max_record_bytes };
    Pieces { state: State::New(input, name), settings: settings.clone(), tally, converted_from: None }
}

/// The pieces of one file.
pub struct Pieces<R: Read> {
    state: State<R>,
    settings: Settings,
    tally: Tally,
    converted_from: Option<&'static str>,
}

enum State<R: Read> {
    New(R, String),
    Lines(Box<Lines<R>>),
    Values(Box<Values<R>>),
    Ended,
}

/// Records counted so far, and what one of them may hold.
pub(super) struct Tally {
    pub records: u64,
    pub bad: u64,
    pub max_record_bytes: u64,
}

impl Tally {
    /// The number of the record that is about to be reported.
    pub fn next_record(&mut self) -> u64 {
        self.records += 1;
        self.records
    }
}

pub(super) fn not_an_object() -> Rejected {
    let advice = "write each record as a JSON object with `html` or `text`";
    Rejected::new(Reason::BadJson, "the record is not a JSON object", advice)
}

pub(super) fn record_too_large(limit: u64) -> Rejected {
    let message = format!("the record holds more than {limit} bytes");
    Rejected::new(Reason::TooLarge, message, "cut what is not the article, or raise `read.max_record_bytes`")
}

impl<R: Read> Iterator for Pieces<R> {
    type Item = Result<Piece, Rejected>;

    fn next(&mut self) -> Option<Self::Item> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Ended => return None,
            State::New(input, name) => match self.open(input, &name) {
                Ok(Some(piece)) => return Some(Ok(piece)),
                Ok(None) => {}
                Err(rejected) => return Some(Err(rejected)),
            },
            state => self.state = state,
        }
        let next = self.next_record();
        if next.is_none() {
            self.state = State::Ended;
            if self.tally.records == 0 {
                let rejected =
                    Rejected::new(Reason::Empty, "the file holds no records", "fetch it again, or delete it");
                return Some(Err(rejected));
            }
        }
        next
    }
}

impl<R: Read> Pieces<R> {
    /// Finds the layout; the only piece of a document, or `None` when records are to come.
    fn open(&mut self, input: R, name: &str) -> Result<Option<Piece>, Rejected> {
        let Settings { max_file_bytes, max_records_bytes, max_ratio, .. } = self.settings;
        // The head is within either limit; the right one is set as soon as the layout is known.
        let mut source = Source::open(input, name, max_file_bytes.max(max_records_bytes), max_ratio)?;
        let head = source.head()?;
        if head.is_empty() {
            return Err(Rejected::new(Reason::Empty, "the file is empty", "fetch the article again"));
        }
        let layout = match sniff::layout(name, head) {
            Ok(layout) => layout,
            Err(rejected) => return Err(source.take_pending().unwrap_or(rejected)),
        };
        let format = match layout {
            Layout::Text => Format::Text,
            Layout::Html => Format::Html,
            Layout::Lines | Layout::Values => {
                let utf16 = charset::utf16(head);
                source.limit_to(max_records_bytes)?;
                if let Some(encoding) = utf16 {
                    source.transcode(encoding);
                    self.converted_from = Some(encoding.name());
                }
                self.state = match layout {
                    Layout::Lines => State::Lines(Box::new(Lines::new(source))),
                    _ => State::Values(Box::new(Values::new(source))),
                };
                return Ok(None);
            }
        };
        source.limit_to(max_file_bytes)?;
        let bytes = source.rest()?;
        Ok(Some(Piece { bytes, format, record: None, line: None, converted_from: None }))
    }

    fn next_record(&mut self) -> Option<Result<Piece, Rejected>> {
        let Settings { max_records, max_bad_records, .. } = self.settings;
        if self.tally.records >= max_records || self.tally.bad > max_bad_records {
            return self.give_up();
        }
        let (bytes, record, line) = match &mut self.state {
            State::Lines(lines) => match lines.next(&mut self.tally)? {
                Ok((bytes, line)) => (bytes, Some(self.tally.records), line),
                Err(rejected) => return Some(Err(self.count_bad(rejected))),
            },
            State::Values(values) => match values.next(&mut self.tally)? {
                Ok(Value { bytes, line, alone: false }) => (bytes, Some(self.tally.records), line),
                Ok(Value { bytes, line, alone: true }) => {
                    self.tally.next_record();
                    (bytes, None, line)
                }
                Err(rejected) => return Some(Err(self.count_bad(rejected))),
            },
            State::New(..) | State::Ended => return None,
        };
        let converted_from = self.converted_from;
        Some(Ok(Piece { bytes, format: Format::Record, record, line: Some(line), converted_from }))
    }

    fn count_bad(&mut self, rejected: Rejected) -> Rejected {
        match rejected.record {
            Some(_) => self.tally.bad += 1,
            None => self.state = State::Ended,
        }
        rejected
    }

    /// One record past the bound: says so, unless the file ends there anyway.
    fn give_up(&mut self) -> Option<Result<Piece, Rejected>> {
        let more = match &mut self.state {
            State::Lines(lines) => lines.next(&mut self.tally).is_some(),
            State::Values(values) => values.next(&mut self.tally).is_some(),
            State::New(..) | State::Ended => false,
        };
        self.state = State::Ended;
        let Settings { max_records, max_bad_records, .. } = self.settings;
        let rejected = if self.tally.bad > max_bad_records {
            let message = format!("more than {max_bad_records} records of the file are malformed");
            let advice = "see to the program that wrote it, then put the file into the inbox again";
            Rejected::new(Reason::TooManyBadRecords, message, advice)
        } else {
            let message = format!("the file holds more than {max_records} records");
            Rejected::new(Reason::TooManyRecords, message, "split the file, or raise `read.max_records`")
        };
        more.then_some(Err(rejected))
    }
}
