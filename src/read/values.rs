//! JSON files: finds where each record begins and ends, in an array or one after the other, without parsing it.
//!
//! Memory is bounded by one record. Where the structure breaks, the records before are out already; records that follow
//! one another are found again at the next line that begins with `{`, while the rest of a broken array is reported whole,
//! since nothing tells a record from an object inside one there.

use std::io::Read;

use super::decompress::Source;
use super::rejected::{Reason, Rejected};
use super::split::{Tally, not_an_object, record_too_large};
use super::structure::{Scanner, Verdict};

/// One record's bytes.
pub(super) struct Value {
    pub bytes: Vec<u8>,
    /// 1-based line on which it begins.
    pub line: u64,
    /// The file holds nothing else, and `bytes` is all of it.
    pub alone: bool,
}

/// The records of a JSON file.
pub(super) struct Values<R: Read> {
    source: Source<R>,
    line: u64,
    place: Place,
    /// The next record, when it had to be read to know whether the one before stands alone.
    first: Option<Value>,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Start,
    /// Between the elements of an array.
    Array,
    /// Between values that follow one another.
    Sequence,
    End,
}

/// How a value ended.
enum Scan {
    Whole,
    /// The file ended, or the structure broke, inside it.
    Broken,
    TooLarge,
}

impl<R: Read> Values<R> {
    pub fn new(source: Source<R>) -> Self {
        Self { source, line: 1, place: Place::Start, first: None }
    }

    /// The next record, or what is wrong with it; `None` at the end of the file.
    pub fn next(&mut self, tally: &mut Tally) -> Option<Result<Value, Rejected>> {
        let next = self.advance(tally);
        if let Some(Err(rejected)) = &next
            && rejected.record.is_none()
        {
            self.place = Place::End;
        }
        next.map(|result| result.map_err(|rejected| Rejected { line: rejected.line.or(Some(self.line)), ..rejected }))
    }

    fn advance(&mut self, tally: &mut Tally) -> Option<Result<Value, Rejected>> {
        if self.place == Place::Start {
            match self.begin(tally) {
                Ok(Some(value)) => return Some(Ok(value)),
                Ok(None) => {}
                Err(rejected) => return Some(Err(rejected)),
            }
        }
        if let Some(first) = self.first.take() {
            tally.next_record();
            return Some(Ok(first));
        }
        if self.place == Place::End {
            return None;
        }
        self.element(tally).transpose()
    }

    /// Decides between one record, an array and a sequence. The bytes of a single record are those of the whole file.
    fn begin(&mut self, tally: &mut Tally) -> Result<Option<Value>, Rejected> {
        let limit = tally.max_record_bytes;
        let mut file = Vec::new();
        let Some(byte) = self.skip_space(Some(&mut file), limit, b"\xef\xbb\xbf")? else {
            return Err(Rejected::new(Reason::Empty, "the file holds nothing but white space", "fetch it again"));
        };
        match byte {
            b'[' => {
                self.source.consume(1);
                self.place = Place::Array;
                return Ok(None);
            }
            b'{' => self.place = Place::Sequence,
            _ => {
                let rejected = not_an_object();
                return Err(Rejected { message: "the file holds no JSON object or array".to_owned(), ..rejected });
            }
        }
        let (start, line) = (file.len(), self.line);
        let scan = self.value(&mut file, limit, true)?;
        let end = file.len();
        let next = match scan {
            Scan::TooLarge => None,
            _ => self.skip_space(Some(&mut file), limit, b"")?,
        };
        match (scan, next) {
            (Scan::Whole, None) => {
                self.place = Place::End;
                Ok(Some(Value { bytes: file, line, alone: true }))
            }
            (Scan::Whole, Some(_)) => {
                self.first = Some(Value { bytes: file[start..end].to_vec(), line, alone: false });
                Ok(None)
            }
            (Scan::Broken, None) => {
                let advice = "fetch or write the file again".to_owned();
                Err(Rejected { advice, ..broken() }.at(None, Some(line)))
            }
            (Scan::Broken, Some(_)) => Err(broken()
                .at(Some(tally.next_record()), Some(line))
                .with_bytes(file[start..end].trim_ascii_end().to_vec())),
            (Scan::TooLarge, _) => match self.skip_space(None, limit, b"")? {
                None => Err(record_too_large(limit).at(None, Some(line))),
                Some(_) => Err(record_too_large(limit).at(Some(tally.next_record()), Some(line))),
            },
        }
    }

    /// The next element of the array or of the sequence.
    fn element(&mut self, tally: &mut Tally) -> Result<Option<Value>, Rejected> {
        let limit = tally.max_record_bytes;
        let byte = loop {
            let next = self.skip_space(None, limit, b",")?;
            match (next, self.place) {
                (None, Place::Array) => {
                    self.place = Place::End;
                    let message = "the array of records is not closed: the file ends too early";
                    let advice = "fetch the file again; the records before this point have been taken";
                    let rejected = Rejected::new(Reason::BadJson, message, advice);
                    return Err(rejected.at(Some(tally.next_record()), Some(self.line)));
                }
                (None, _) => {
                    self.place = Place::End;
                    return Ok(None);
                }
                (Some(b']'), Place::Array) => self.place = Place::Sequence,
                (Some(b'['), Place::Sequence) => self.place = Place::Array,
                (Some(byte), _) => break byte,
            }
            self.source.consume(1);
        };
        let (mut bytes, line) = (Vec::new(), self.line);
        let in_sequence = self.place == Place::Sequence;
        let scan = self.value(&mut bytes, limit, in_sequence)?;
        let record = Some(tally.next_record());
        let rejected = match scan {
            Scan::Whole if byte == b'{' => return Ok(Some(Value { bytes, line, alone: false })),
            Scan::Whole => not_an_object().with_bytes(bytes),
            Scan::TooLarge => record_too_large(limit),
            Scan::Broken if in_sequence => broken().with_bytes(bytes.trim_ascii_end().to_vec()),
            Scan::Broken => Rejected { bytes: self.tail(bytes, limit)?, ..broken() },
        };
        Err(rejected.at(record, Some(line)))
    }

    /// The rest of the file after a break, if it is small enough to be kept.
    fn tail(&mut self, mut bytes: Vec<u8>, limit: u64) -> Result<Option<Vec<u8>>, Rejected> {
        self.place = Place::End;
        let mut kept = true;
        loop {
            let chunk = self.source.fill()?;
            if chunk.is_empty() {
                return Ok(kept.then_some(bytes));
            }
            kept = kept && (bytes.len() + chunk.len()) as u64 <= limit;
            if kept {
                bytes.extend_from_slice(chunk);
            }
            let n = chunk.len();
            self.source.consume(n);
        }
    }

    /// Skips white space and the bytes of `also`; the byte that follows stays, `None` at the end of the file.
    fn skip_space(&mut self, keep: Option<&mut Vec<u8>>, limit: u64, also: &[u8]) -> Result<Option<u8>, Rejected> {
        let mut keep = keep;
        loop {
            let chunk = self.source.fill()?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r') || also.contains(byte);
            let end = chunk.iter().position(|byte| !is_space(byte));
            let skipped = &chunk[..end.unwrap_or(chunk.len())];
            self.line += skipped.iter().filter(|byte| **byte == b'\n').count() as u64;
            if let Some(keep) = &mut keep {
                if (keep.len() + skipped.len()) as u64 > limit {
                    return Err(record_too_large(limit));
                }
                keep.extend_from_slice(skipped);
            }
            let (n, next) = (skipped.len(), end.map(|end| chunk[end]));
            self.source.consume(n);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Takes one value into `into`. With `resync`, a structure that is broken for certain ends the value there, at a
    /// line's end or before the `{` that opens the next record; without, it ends the value at once.
    fn value(&mut self, into: &mut Vec<u8>, limit: u64, resync: bool) -> Result<Scan, Rejected> {
        let mut scanner = Scanner::default();
        let from = into.len();
        let mut kept = true;
        loop {
            let chunk = self.source.fill()?;
            if chunk.is_empty() {
                let whole = scanner.depth == 0 && scanner.scalar;
                return Ok(match (kept, whole) {
                    (false, _) => Scan::TooLarge,
                    (true, true) => Scan::Whole,
                    (true, false) => Scan::Broken,
                });
            }
            let (n, verdict) = scanner.scan(chunk, &mut self.line);
            kept = kept && (into.len() - from + n) as u64 <= limit;
            if kept {
                into.extend_from_slice(&chunk[..n]);
            }
            self.source.consume(n);
            match (verdict, kept) {
                (None, _) => {}
                (Some(_), false) => return Ok(Scan::TooLarge),
                (Some(Verdict::Whole), true) => return Ok(Scan::Whole),
                (Some(Verdict::Broken), true) => {
                    if resync {
                        self.skip_to_next_line(into, limit)?;
                    }
                    return Ok(Scan::Broken);
                }
            }
        }
    }

    /// Takes what is left of a broken line, up to a `{` that begins one.
    fn skip_to_next_line(&mut self, into: &mut Vec<u8>, limit: u64) -> Result<(), Rejected> {
        let mut at_line_start = into.last() == Some(&b'\n');
        loop {
            let chunk = self.source.fill()?;
            let Some(first) = chunk.first() else { return Ok(()) };
            if at_line_start && *first == b'{' {
                return Ok(());
            }
            let end = chunk.iter().position(|byte| *byte == b'\n').map_or(chunk.len(), |end| end + 1);
            at_line_start = chunk[end - 1] == b'\n';
            self.line += u64::from(at_line_start);
            if (into.len() + end) as u64 <= limit {
                into.extend_from_slice(&chunk[..end]);
            }
            self.source.consume(end);
        }
    }
}

fn broken() -> Rejected {
    let message = "the JSON breaks off or is malformed inside this record";
    Rejected::new(Reason::BadJson, message, "write the record again; those before it have been taken")
}
