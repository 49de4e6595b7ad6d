//! One segment file, open: look-ups by its filter and fences, and reading all of it in order.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use xxhash_rust::xxh3::xxh3_64;

use super::filter::{self, LINE_BYTES, Line, Mask};
use super::trailer::{Span, TRAILER_BYTES, Trailer};
use super::writer::{BLOCK_BYTES, BLOCK_HEAD_BYTES, blocks_at};

/// Bytes read at once where a file is read as a whole.
const READ_BYTES: usize = 256 * BLOCK_BYTES;

/// An immutable segment, its filter and fences in memory.
pub struct Segment {
    pub path: PathBuf,
    file: File,
    trailer: Trailer,
    filter: Vec<Line>,
    fences: Vec<u64>,
    /// A block was found to be damaged, and it was told.
    damaged: AtomicBool,
    told: AtomicBool,
}

impl Segment {
    /// Opens a file and checks all of it but its blocks, which are checked as they are read.
    ///
    /// # Errors
    /// `InvalidData` for a file that is not a whole segment.
    pub fn open(path: &Path) -> io::Result<Self> {
        let bad = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
        let file = File::open(path)?;
        let size = file.metadata()?.len();
        let trailer_at = size.checked_sub(TRAILER_BYTES as u64).ok_or(bad("it is cut off"))?;
        let mut bytes = [0; TRAILER_BYTES];
        file.read_exact_at(&mut bytes, trailer_at)?;
        let trailer = Trailer::from_bytes(&bytes).ok_or(bad("its trailer is damaged, or of another version"))?;
        let fences_at = blocks_at(trailer.lines) + trailer.blocks * BLOCK_BYTES as u64;
        if fences_at + trailer.blocks * 8 != trailer_at {
            return Err(bad("its size is wrong"));
        }
        let mut bytes = vec![0; 8 * trailer.blocks as usize];
        file.read_exact_at(&mut bytes, fences_at)?;
        if xxh3_64(&bytes) != trailer.fences_hash {
            return Err(bad("its fences are damaged"));
        }
        let fences =
            bytes.chunks_exact(8).map(|key| u64::from_le_bytes(key.try_into().expect("chunks of 8"))).collect();
        let filter = read_filter(&file, &trailer)?.ok_or(bad("its filter is damaged"))?;
        Ok(Self {
            path: path.into(),
            file,
            trailer,
            filter,
            fences,
            damaged: AtomicBool::new(false),
            told: AtomicBool::new(false),
        })
    }

    pub fn span(&self) -> Span {
        self.trailer.span
    }

    pub fn trailer(&self) -> &Trailer {
        &self.trailer
    }

    pub fn memory_bytes(&self) -> usize {
        LINE_BYTES * self.filter.capacity() + 8 * self.fences.capacity() + size_of::<Self>()
    }

    pub fn disk_bytes(&self) -> u64 {
        blocks_at(self.trailer.lines) + self.trailer.blocks * (BLOCK_BYTES as u64 + 8) + TRAILER_BYTES as u64
    }

    /// Whether some block could not be read.
    pub fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The same, but true once only.
    pub fn tell_damage(&self) -> bool {
        self.is_damaged() && !self.told.swap(true, Ordering::Relaxed)
    }

    /// Adds the documents under each of `keys` (sorted, with their masks) as `(position, document)`. Where fewer than
    /// `least` keys can be here, nothing is read.
    pub fn find(&self, keys: &[(u64, Mask)], least: u32, found: &mut Vec<(u32, u64)>) {
        // Without work between the reads the processor waits for many of them at once.
        let touched = keys.iter().fold(0, |sum, (key, _)| sum ^ self.filter[self.line_of(*key)].first_word());
        std::hint::black_box(touched);
        let mut passed = vec![0; keys.len() + 1];
        let mut count = 0;
        for (position, (key, mask)) in (0_u32..).zip(keys) {
            passed[count] = position;
            count += usize::from(self.filter[self.line_of(*key)].may_have(mask));
        }
        if count < least.max(1) as usize {
            return;
        }
        let mut block = Block::default();
        for &position in &passed[..count] {
            self.find_key(keys[position as usize].0, position, &mut block, found);
        }
    }

    fn line_of(&self, key: u64) -> usize {
        filter::line_of(key, self.trailer.lines) as usize
    }

    fn find_key(&self, key: u64, position: u32, block: &mut Block, found: &mut Vec<(u32, u64)>) {
        // A key may begin at the end of the block before the first that begins with it.
        let first = self.fences.partition_point(|fence| *fence < key).saturating_sub(1);
        let blocks = (first..self.fences.len()).take_while(|number| *number == first || self.fences[*number] <= key);
        for number in blocks {
            if block.number != Some(number) && !self.read_block(number, block) {
                continue;
            }
            let postings = Postings::new(&block.bytes, self.trailer.doc_bytes as usize);
            let of_key = postings.skip_while(|posting| posting.0 < key).take_while(|posting| posting.0 == key);
            found.extend(of_key.map(|(_, doc)| (position, self.trailer.span.after + doc)));
        }
    }

    fn read_block(&self, number: usize, block: &mut Block) -> bool {
        block.bytes.resize(BLOCK_BYTES, 0);
        block.number = None;
        let read =
            self.file.read_exact_at(&mut block.bytes, blocks_at(self.trailer.lines) + (number * BLOCK_BYTES) as u64);
        if read.is_err() || !is_whole(&block.bytes) {
            self.damaged.store(true, Ordering::Relaxed);
            return false;
        }
        block.number = Some(number);
        true
    }

    /// All postings as `(key, document)`, by key, then document.
    pub fn postings(&self) -> Cursor<'_> {
        Cursor { segment: self, next_block: 0, blocks: Vec::new(), at: 0, ready: Vec::new(), next: 0 }
    }
}

fn is_whole(block: &[u8]) -> bool {
    let (hash, rest) = block.split_at(8);
    hash == xxh3_64(rest).to_le_bytes()
}

fn read_filter(file: &File, trailer: &Trailer) -> io::Result<Option<Vec<Line>>> {
    let mut filter = Vec::with_capacity(trailer.lines as usize);
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    let end = trailer.lines * LINE_BYTES as u64;
    let mut at = 0;
    let mut bytes = vec![0; READ_BYTES];
    while at < end {
        let piece = &mut bytes[..(end - at).min(READ_BYTES as u64) as usize];
        file.read_exact_at(piece, at)?;
        hash.update(piece);
        filter.extend(piece.chunks_exact(LINE_BYTES).map(Line::from_bytes));
        at += piece.len() as u64;
    }
    Ok((hash.digest() == trailer.filter_hash).then_some(filter))
}

/// The block read last.
#[derive(Default)]
struct Block {
    number: Option<usize>,
    bytes: Vec<u8>,
}

/// The postings of one block, documents as they are written.
struct Postings<'a> {
    rest: &'a [u8],
    left: u16,
    first: bool,
    key: u64,
    doc_bytes: usize,
}

impl<'a> Postings<'a> {
    fn new(block: &'a [u8], doc_bytes: usize) -> Self {
        Self {
            left: u16::from_le_bytes([block[8], block[9]]),
            first: true,
            key: u64::from_le_bytes(block[10..18].try_into().expect("8 bytes")),
            rest: &block[BLOCK_HEAD_BYTES..],
            doc_bytes,
        }
    }
}

impl Iterator for Postings<'_> {
    type Item = (u64, u64);

    fn next(&mut self) -> Option<(u64, u64)> {
        self.left = self.left.checked_sub(1)?;
        if !std::mem::take(&mut self.first) {
            let mut shift = 0;
            loop {
                let (byte, rest) = self.rest.split_first()?;
                self.rest = rest;
                self.key += u64::from(byte & 0x7f) << shift;
                shift += 7;
                if *byte < 0x80 || shift > 56 {
                    break;
                }
            }
        }
        let (doc, rest) = self.rest.split_at_checked(self.doc_bytes)?;
        self.rest = rest;
        let mut bytes = [0; 8];
        bytes[..self.doc_bytes].copy_from_slice(doc);
        Some((self.key, u64::from_le_bytes(bytes)))
    }
}

/// Reads a segment from front to end.
pub struct Cursor<'a> {
    segment: &'a Segment,
    next_block: usize,
    blocks: Vec<u8>,
    at: usize,
    ready: Vec<(u64, u64)>,
    next: usize,
}

impl Cursor<'_> {
    /// The next posting, `None` at the end.
    ///
    /// # Errors
    /// A block that cannot be read, or is damaged: nothing may be made of this segment.
    pub fn advance(&mut self) -> io::Result<Option<(u64, u64)>> {
        while self.next == self.ready.len() {
            if self.at == self.blocks.len() && !self.read()? {
                return Ok(None);
            }
            let block = &self.blocks[self.at..self.at + BLOCK_BYTES];
            if !is_whole(block) {
                self.segment.damaged.store(true, Ordering::Relaxed);
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a block is damaged"));
            }
            let trailer = &self.segment.trailer;
            self.ready.clear();
            let postings = Postings::new(block, trailer.doc_bytes as usize);
            self.ready.extend(postings.map(|(key, doc)| (key, trailer.span.after + doc)));
            self.next = 0;
            self.at += BLOCK_BYTES;
        }
        self.next += 1;
        Ok(Some(self.ready[self.next - 1]))
    }

    fn read(&mut self) -> io::Result<bool> {
        let segment = self.segment;
        let left = (segment.fences.len() - self.next_block) * BLOCK_BYTES;
        self.blocks.resize(left.min(READ_BYTES), 0);
        self.at = 0;
        let from = blocks_at(segment.trailer.lines) + (self.next_block * BLOCK_BYTES) as u64;
        segment.file.read_exact_at(&mut self.blocks, from)?;
        self.next_block += self.blocks.len() / BLOCK_BYTES;
        Ok(!self.blocks.is_empty())
    }
}
