//! The last bytes of a segment file: what it holds and how to tell that it is whole.

use xxhash_rust::xxh3::xxh3_64;

/// The first bytes say what this is and in which version; another version is rebuilt, as a damaged one is.
const MAGIC: [u8; 8] = *b"cdseg\0\0\x01";
pub const TRAILER_BYTES: usize = 144;

/// Which documents a segment answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Documents after this one,
    pub after: u64,
    /// up to and with this one.
    pub through: u64,
    /// Days of arrival of the first and the last, since 1970-01-01.
    pub days: (i32, i32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    pub span: Span,
    pub documents: u64,
    pub keys: u64,
    pub postings: u64,
    pub lines: u64,
    pub blocks: u64,
    /// Bytes of a document's number in a block.
    pub doc_bytes: u64,
    pub filter_hash: u64,
    pub fences_hash: u64,
    /// The content hash of the last document, by which a segment is known to be of this ledger.
    pub mark: [u8; 32],
}

impl Trailer {
    pub fn to_bytes(self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        let days = u64::from(self.span.days.0 as u32) | u64::from(self.span.days.1 as u32) << 32;
        let numbers = [
            self.span.after,
            self.span.through,
            days,
            self.documents,
            self.keys,
            self.postings,
            self.lines,
            self.blocks,
            self.doc_bytes,
            self.filter_hash,
            self.fences_hash,
        ];
        for (place, number) in bytes[8..96].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes[96..128].copy_from_slice(&self.mark);
        let hash = xxh3_64(&bytes[..136]);
        bytes[136..].copy_from_slice(&hash.to_le_bytes());
        bytes
    }

    /// `None` when these are not the bytes of a trailer, whole.
    pub fn from_bytes(bytes: &[u8; TRAILER_BYTES]) -> Option<Self> {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        if bytes[..8] != MAGIC || number(136) != xxh3_64(&bytes[..136]) {
            return None;
        }
        let days = number(24);
        Some(Self {
            span: Span {
                after: number(8),
                through: number(16),
                days: (days as u32 as i32, (days >> 32) as u32 as i32),
            },
            documents: number(32),
            keys: number(40),
            postings: number(48),
            lines: number(56),
            blocks: number(64),
            doc_bytes: number(72),
            filter_hash: number(80),
            fences_hash: number(88),
            mark: bytes[96..128].try_into().expect("32 bytes"),
        })
    }
}
