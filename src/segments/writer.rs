//! Sorted postings → a segment file, in one pass and little memory.
//!
//! ```text
//! filter lines, 64 B each │ blocks, 4 KiB each │ fences, 8 B each │ trailer, 144 B
//! ```
//! A block: xxh3 of the rest (8 B), number of postings (2 B), first key (8 B), then for each posting the distance to the
//! last key (LEB128; not for the first) and the document, counted from the segment's first, in as few bytes as the last one
//! needs. A fence is the first key of a block. All numbers are little-endian; the trailer comes last, so that a file that was
//! cut off is never taken for whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::filter::{self, LINE_BYTES, Line};
use super::trailer::{Span, TRAILER_BYTES, Trailer};

pub const BLOCK_BYTES: usize = 4_096;
pub const BLOCK_HEAD_BYTES: usize = 18;
/// Of the documents under one key the last so many are kept; a key in that many is a phrase and tells nothing.
pub const MAX_POSTINGS: usize = 64;
/// A posting takes at most this: a distance of 40 bits, and a document of 8 bytes.
const MAX_POSTING_BYTES: usize = 6 + 8;
const BUFFER_BYTES: usize = 1 << 20;

/// Writes one part of the file from front to end.
struct Part {
    at: u64,
    buffer: Vec<u8>,
    hash: Xxh3,
}

impl Part {
    fn new(at: u64) -> Self {
        Self { at, buffer: Vec::with_capacity(BUFFER_BYTES), hash: Xxh3::new() }
    }

    fn write(&mut self, file: &File, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.flush(file) } else { Ok(()) }
    }

    fn flush(&mut self, file: &File) -> io::Result<()> {
        file.write_all_at(&self.buffer, self.at)?;
        self.hash.update(&self.buffer);
        self.at += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// A segment that is being written.
pub struct Writer {
    file: File,
    span: Span,
    lines: u64,
    /// The number of the line in hand.
    line_number: u64,
    line: Line,
    filter: Part,
    blocks: Part,
    block: Vec<u8>,
    in_block: u16,
    fences: Vec<u64>,
    doc_bytes: usize,
    key: u64,
    /// Documents under `key` so far.
    run: Vec<u64>,
    /// The key last written, in the block in hand.
    last_key: u64,
    keys: u64,
    postings: u64,
}

impl Writer {
    /// Begins a file of postings of the documents in `span` under at most `most_keys` keys.
    pub fn begin(path: &Path, span: Span, most_keys: u64) -> io::Result<Self> {
        let file = File::create(path)?;
        let lines = filter::lines(most_keys);
        let documents = span.through.saturating_sub(span.after);
        Ok(Self {
            file,
            span,
            lines,
            line_number: 0,
            line: Line::default(),
            filter: Part::new(0),
            blocks: Part::new(blocks_at(lines)),
            block: Vec::with_capacity(BLOCK_BYTES),
            in_block: 0,
            fences: Vec::new(),
            doc_bytes: (64 - documents.leading_zeros()).div_ceil(8).max(1) as usize,
            key: 0,
            run: Vec::new(),
            last_key: 0,
            keys: 0,
            postings: 0,
        })
    }

    /// Adds a posting; they come sorted by key, then document.
    pub fn post(&mut self, key: u64, doc: u64) -> io::Result<()> {
        debug_assert!(doc > self.span.after && doc <= self.span.through, "{doc} is not of {:?}", self.span);
        if key != self.key {
            self.write_run()?;
            self.key = key;
        }
        self.run.push(doc);
        Ok(())
    }

    fn write_run(&mut self) -> io::Result<()> {
        if self.run.is_empty() {
            return Ok(());
        }
        let run = std::mem::take(&mut self.run);
        self.note_in_filter(self.key)?;
        self.keys += 1;
        for &doc in &run[run.len().saturating_sub(MAX_POSTINGS)..] {
            self.write_posting(self.key, doc)?;
        }
        self.run = run;
        self.run.clear();
        Ok(())
    }

    fn note_in_filter(&mut self, key: u64) -> io::Result<()> {
        let number = filter::line_of(key, self.lines);
        while self.line_number < number {
            self.filter.write(&self.file, &self.line.to_bytes())?;
            self.line = Line::default();
            self.line_number += 1;
        }
        self.line.add(&filter::mask(key));
        Ok(())
    }

    fn write_posting(&mut self, key: u64, doc: u64) -> io::Result<()> {
        if self.block.len() + MAX_POSTING_BYTES > BLOCK_BYTES {
            self.write_block()?;
        }
        if self.in_block == 0 {
            self.fences.push(key);
            self.block.resize(BLOCK_HEAD_BYTES, 0);
            self.block[10..18].copy_from_slice(&key.to_le_bytes());
        } else {
            let mut distance = key - self.last_key;
            while distance >= 0x80 {
                self.block.push(distance as u8 | 0x80);
                distance >>= 7;
            }
            self.block.push(distance as u8);
        }
        self.block.extend_from_slice(&(doc - self.span.after).to_le_bytes()[..self.doc_bytes]);
        self.last_key = key;
        self.in_block += 1;
        self.postings += 1;
        Ok(())
    }

    fn write_block(&mut self) -> io::Result<()> {
        if self.in_block == 0 {
            return Ok(());
        }
        self.block[8..10].copy_from_slice(&self.in_block.to_le_bytes());
        self.block.resize(BLOCK_BYTES, 0);
        let hash = xxh3_64(&self.block[8..]);
        self.block[..8].copy_from_slice(&hash.to_le_bytes());
        self.blocks.write(&self.file, &self.block)?;
        self.block.clear();
        self.in_block = 0;
        Ok(())
    }

    /// Writes what is left and the trailer; the file is not synced yet. `mark` names the ledger that it was made from.
    pub fn finish(mut self, documents: u64, mark: [u8; 32]) -> io::Result<File> {
        self.write_run()?;
        self.write_block()?;
        while self.line_number < self.lines {
            self.filter.write(&self.file, &self.line.to_bytes())?;
            self.line = Line::default();
            self.line_number += 1;
        }
        self.filter.flush(&self.file)?;
        self.blocks.flush(&self.file)?;
        let fences: Vec<u8> = self.fences.iter().flat_map(|key| key.to_le_bytes()).collect();
        self.file.write_all_at(&fences, self.blocks.at)?;
        let trailer = Trailer {
            span: self.span,
            documents,
            keys: self.keys,
            postings: self.postings,
            lines: self.lines,
            blocks: self.fences.len() as u64,
            doc_bytes: self.doc_bytes as u64,
            filter_hash: self.filter.hash.digest(),
            fences_hash: xxh3_64(&fences),
            mark,
        };
        let at = self.blocks.at + fences.len() as u64;
        self.file.write_all_at(&trailer.to_bytes(), at)?;
        self.file.set_len(at + TRAILER_BYTES as u64)?;
        Ok(self.file)
    }
}

/// Where the blocks begin behind so many lines.
pub fn blocks_at(lines: u64) -> u64 {
    (lines * LINE_BYTES as u64).next_multiple_of(BLOCK_BYTES as u64)
}
