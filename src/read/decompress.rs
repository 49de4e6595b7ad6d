//! A file's bytes, decompressed as they are asked for, within limits of size and of ratio.
//!
//! Whether a file is compressed is decided by its first bytes and not by its name: crawlers save compressed bodies
//! under plain names. Reads and failures of the system are told apart from faults of the data.

use std::io::{self, BufReader, Chain, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding};
use flate2::bufread::MultiGzDecoder;

use super::rejected::{Reason, Rejected};

/// Decompressed bytes that are free before the ratio counts: small, very regular files are harmless.
const RATIO_FREE_BYTES: u64 = 1 << 20;
/// The largest zstd window accepted, as a power of two: 128 MiB, what the `zstd` command itself accepts by default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// First read: enough to tell the format, and most articles whole.
const HEAD_BYTES: usize = 16 << 10;
/// Later reads.
const CHUNK_BYTES: usize = 64 << 10;

type Input<R> = Chain<Cursor<Vec<u8>>, Counted<R>>;

enum Stream<R: Read> {
    Plain(Input<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Input<R>>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Input<R>>>),
}

/// The raw input, with the bytes delivered and the first failure of the system remembered.
struct Counted<R> {
    input: R,
    bytes: u64,
    failed: Option<Rejected>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.input.read(buffer);
        match &result {
            Ok(n) => self.bytes += *n as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => self.failed = Some(Rejected::read_failed(error)),
        }
        result
    }
}

/// A bounded, buffered stream of decompressed bytes.
pub(super) struct Source<R: Read> {
    stream: Stream<R>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes that came out of the stream so far.
    out: u64,
    /// Bytes that may come out of it.
    limit: u64,
    max_ratio: u64,
    /// What went wrong while looking ahead: reported when the bytes before it have been taken.
    pending: Option<Rejected>,
    /// The stream has ended; kept so that a small file costs no further read.
    ended: bool,
    /// Set when the bytes are UTF-16 and turned into UTF-8 on the way.
    transcoder: Option<Transcoder>,
}

struct Transcoder {
    decoder: Decoder,
    raw: Vec<u8>,
    start: usize,
    end: usize,
    finished: bool,
}

impl<R: Read> Source<R> {
    /// Looks at the first bytes; `name` (lower case) only decides what is said when it promises a compression that is
    /// not there.
    pub fn open(input: R, name: &str, limit: u64, max_ratio: u64) -> Result<Self, Rejected> {
        let mut counted = Counted { input, bytes: 0, failed: None };
        let mut magic = Vec::with_capacity(4);
        let read = counted.by_ref().take(4).read_to_end(&mut magic);
        read.map_err(|error| Rejected::read_failed(&error))?;
        let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
        let is_zstd = magic.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
            // Skippable frames, which may stand first.
            || (magic.len() == 4 && magic[0] & 0xf0 == 0x50 && magic[1..] == [0x2a, 0x4d, 0x18]);
        let promised = [(".gz", Reason::BadGzip, is_gzip), (".zst", Reason::BadZstd, is_zstd)];
        for (ending, reason, kept) in promised {
            if name.ends_with(ending) && !kept && !magic.is_empty() {
                let message = format!("the name ends in {ending} but the bytes are not compressed that way");
                return Err(Rejected::new(
                    reason,
                    message,
                    format!("compress it again, or rename it without {ending}"),
                ));
            }
        }
        let input = Cursor::new(magic).chain(counted);
        let stream = if is_gzip {
            Stream::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK_BYTES, input))))
        } else if is_zstd {
            let buffered = BufReader::with_capacity(CHUNK_BYTES, input);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered).map_err(bad_zstd)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(bad_zstd)?;
            Stream::Zstd(decoder)
        } else {
            Stream::Plain(input)
        };
        let buffer = vec![0; HEAD_BYTES];
        Ok(Self {
            stream,
            buffer,
            start: 0,
            end: 0,
            out: 0,
            limit,
            max_ratio,
            pending: None,
            ended: false,
            transcoder: None,
        })
    }

    /// Up to [`HEAD_BYTES`] from the start, without taking them; fewer only at the end of the file or before a fault in it.
    pub fn head(&mut self) -> Result<&[u8], Rejected> {
        while self.end < self.buffer.len() && !self.ended {
            let (mut buffer, end) = (std::mem::take(&mut self.buffer), self.end);
            let read = self.read(&mut buffer[end..]);
            self.buffer = buffer;
            match read {
                Ok(n) => self.end += n,
                Err(rejected) if self.end == 0 || rejected.is_transient() => return Err(rejected),
                Err(rejected) => {
                    self.pending = Some(rejected);
                    break;
                }
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// A fault in the data that was met while looking ahead: what came before it says little about the format.
    pub fn take_pending(&mut self) -> Option<Rejected> {
        self.pending.take()
    }

    /// From here on no more than `limit` bytes may have come out in all.
    pub fn limit_to(&mut self, limit: u64) -> Result<(), Rejected> {
        self.limit = limit;
        self.check_limit()
    }

    /// The next bytes, empty at the end of the file; they stay until [`Self::consume`] takes them.
    pub fn fill(&mut self) -> Result<&[u8], Rejected> {
        if self.start == self.end {
            let mut buffer = std::mem::take(&mut self.buffer);
            let read = match self.transcoder.take() {
                None if self.ended => Ok(0),
                None => {
                    buffer.resize(CHUNK_BYTES, 0);
                    self.read(&mut buffer)
                }
                Some(mut transcoder) => {
                    let read = self.read_transcoded(&mut transcoder, &mut buffer);
                    self.transcoder = Some(transcoder);
                    read
                }
            };
            self.buffer = buffer;
            (self.start, self.end) = (0, read?);
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Takes `n` bytes of what [`Self::fill`] showed.
    pub fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> Result<Vec<u8>, Rejected> {
        let mut all = self.buffer[self.start..self.end].to_vec();
        self.start = self.end;
        loop {
            let chunk = self.fill()?;
            if chunk.is_empty() {
                return Ok(all);
            }
            all.extend_from_slice(chunk);
            let n = chunk.len();
            self.consume(n);
        }
    }

    /// From here on the bytes are `encoding`, to be handed out as UTF-8.
    pub fn transcode(&mut self, encoding: &'static Encoding) {
        let raw = self.buffer[self.start..self.end].to_vec();
        (self.start, self.end) = (0, 0);
        let end = raw.len();
        let decoder = encoding.new_decoder_with_bom_removal();
        self.transcoder = Some(Transcoder { decoder, raw, start: 0, end, finished: false });
    }

    fn read_transcoded(&mut self, transcoder: &mut Transcoder, buffer: &mut Vec<u8>) -> Result<usize, Rejected> {
        buffer.resize(CHUNK_BYTES, 0);
        while !transcoder.finished {
            let mut last = false;
            if transcoder.start == transcoder.end {
                transcoder.raw.resize(CHUNK_BYTES, 0);
                let n = if self.ended { 0 } else { self.read(&mut transcoder.raw)? };
                (transcoder.start, transcoder.end) = (0, n);
                last = n == 0;
            }
            let raw = &transcoder.raw[transcoder.start..transcoder.end];
            let (result, read, written, _) = transcoder.decoder.decode_to_utf8(raw, buffer, last);
            transcoder.start += read;
            transcoder.finished = last && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }

    fn check_limit(&self) -> Result<(), Rejected> {
        if self.out <= self.limit {
            return Ok(());
        }
        let message = format!("the file holds more than {} bytes", self.limit);
        let advice = "split the file, or raise `read.max_file_bytes` (one document) or `read.max_records_bytes`";
        Err(Rejected::new(Reason::TooLarge, message, advice))
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Rejected> {
        if let Some(rejected) = self.pending.take() {
            return Err(rejected);
        }
        let result = loop {
            let result = match &mut self.stream {
                Stream::Plain(input) => input.read(buffer),
                Stream::Gzip(decoder) => decoder.read(buffer),
                Stream::Zstd(decoder) => decoder.read(buffer),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let input = match &mut self.stream {
            Stream::Plain(input) => input.get_mut().1,
            Stream::Gzip(decoder) => decoder.get_mut().get_mut().get_mut().1,
            Stream::Zstd(decoder) => decoder.get_mut().get_mut().get_mut().1,
        };
        let n = match result {
            Ok(n) => n,
            Err(error) => {
                return Err(input.failed.take().unwrap_or_else(|| match self.stream {
                    Stream::Plain(_) => Rejected::read_failed(&error),
                    Stream::Gzip(_) => bad_gzip(&error),
                    Stream::Zstd(_) => bad_zstd(error),
                }));
            }
        };
        let (compressed, is_plain) = (input.bytes, matches!(self.stream, Stream::Plain(_)));
        self.out += n as u64;
        self.ended = n == 0;
        if !is_plain && self.out > RATIO_FREE_BYTES.saturating_add(compressed.saturating_mul(self.max_ratio)) {
            let message = format!("{compressed} compressed bytes became more than {} times as many", self.max_ratio);
            let advice = "if the file is honest, decompress it yourself or raise `read.max_ratio`";
            return Err(Rejected::new(Reason::Bomb, message, advice));
        }
        self.check_limit()?;
        Ok(n)
    }
}

fn bad_gzip(error: &io::Error) -> Rejected {
    let message = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the gzip data ends too early".to_owned(),
        _ => format!("the gzip data is damaged: {error}"),
    };
    Rejected::new(Reason::BadGzip, message, "fetch or compress the file again")
}

fn bad_zstd(error: io::Error) -> Rejected {
    let message = match error.kind() {
        io::ErrorKind::UnexpectedEof => "the zstd data ends too early".to_owned(),
        _ => format!("the zstd data cannot be decompressed: {error}"),
    };
    Rejected::new(Reason::BadZstd, message, "fetch or compress the file again, with a window of 128 MiB or less")
}
