//! Files of one record a line: cuts the lines, in memory bounded by one record.
//!
//! A line that is too long or cannot be a record is reported alone, and the lines after it go on.

use std::io::Read;

use super::decompress::Source;
use super::rejected::{Reason, Rejected};
use super::split::{Tally, not_an_object, record_too_large};

/// The records of a file, one a line; blank lines are no records.
pub(super) struct Lines<R: Read> {
    pub source: Source<R>,
    line: u64,
}

impl<R: Read> Lines<R> {
    pub fn new(source: Source<R>) -> Self {
        Self { source, line: 0 }
    }

    /// The next record's bytes and line, or what is wrong with it; `None` at the end of the file.
    pub fn next(&mut self, tally: &mut Tally) -> Option<Result<(Vec<u8>, u64), Rejected>> {
        loop {
            let line = match self.line(tally.max_record_bytes) {
                Ok(line) => line?,
                Err(rejected) => return Some(Err(rejected.at(None, Some(self.line)))),
            };
            let at = self.line;
            let Some(bytes) = line else {
                return Some(Err(record_too_large(tally.max_record_bytes).at(Some(tally.next_record()), Some(at))));
            };
            let record = trim(&bytes, at);
            if record.is_empty() {
                continue;
            }
            let number = tally.next_record();
            if record.first() == Some(&b'{') && record.last() == Some(&b'}') {
                let trimmed = record.len() < bytes.len();
                return Some(Ok((if trimmed { record.to_vec() } else { bytes }, at)));
            }
            let rejected = match record.first() {
                Some(b'{') => Rejected::new(
                    Reason::BadJson,
                    "the record's line ends inside the record",
                    "write one whole JSON object a line",
                ),
                _ => not_an_object(),
            };
            return Some(Err(rejected.at(Some(number), Some(at)).with_bytes(record.to_vec())));
        }
    }

    /// One line without its end; `Some(None)` when it was too long and has been skipped.
    fn line(&mut self, max_record_bytes: u64) -> Result<Option<Option<Vec<u8>>>, Rejected> {
        self.line += 1;
        let mut line = Some(Vec::new());
        let mut any = false;
        loop {
            let chunk = self.source.fill()?;
            if chunk.is_empty() {
                return Ok(any.then_some(line));
            }
            any = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let part = &chunk[..end.unwrap_or(chunk.len())];
            line = line.filter(|line| (line.len() + part.len()) as u64 <= max_record_bytes);
            if let Some(line) = &mut line {
                line.extend_from_slice(part);
            }
            let taken = part.len() + usize::from(end.is_some());
            self.source.consume(taken);
            if end.is_some() {
                return Ok(Some(line));
            }
        }
    }
}

/// Without white space around it, and without the byte order mark that the first line may begin with.
fn trim(bytes: &[u8], line: u64) -> &[u8] {
    let bytes = if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
    bytes.trim_ascii()
}
