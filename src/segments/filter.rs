//! Which keys a segment has for certain not: a split-block Bloom filter, so that a document that is new touches no disk.
//!
//! One cache line a key (Putze, Sanders, Singler 2007; the bits as in Apache Parquet's split blocks, in words of 64). Lines
//! are in the order of keys, so that a filter is written in one pass beside the sorted keys.

use xxhash_rust::xxh3::xxh3_64;

/// Words of 64 bits in a line; a key sets one bit in each of them.
const WORDS: usize = 8;
pub const LINE_BYTES: usize = 8 * WORDS;
/// Memory for each key. At 16 bits .1 % of other keys pass, so of the look-ups of a new article (200 keys, of which two must
/// pass) 2 % go on to the disk; at 12 bits it would be a fifth, in each segment.
const BITS_PER_KEY: u64 = 16;
/// Keys have so many bits.
pub const KEY_BITS: u32 = 40;

/// The bits of one key.
pub type Mask = [u64; WORDS];

/// Where a line begins a cache line, one look-up is one miss.
#[repr(align(64))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line([u64; WORDS]);

impl Line {
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut line = Self::default();
        for (word, bytes) in line.0.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(bytes.try_into().expect("chunks of 8"));
        }
        line
    }

    pub fn to_bytes(self) -> [u8; LINE_BYTES] {
        let mut bytes = [0; LINE_BYTES];
        for (bytes, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    pub fn first_word(&self) -> u64 {
        self.0[0]
    }

    pub fn add(&mut self, mask: &Mask) {
        self.0.iter_mut().zip(mask).for_each(|(word, bit)| *word |= bit);
    }

    /// Whether the key may be there. Without branches, so that many look-ups wait for memory together.
    pub fn may_have(&self, mask: &Mask) -> bool {
        self.0.iter().zip(mask).fold(0, |missing, (word, bit)| missing | (!word & bit)) == 0
    }
}

/// The bits that a key sets in its line.
pub fn mask(key: u64) -> Mask {
    let hash = xxh3_64(&key.to_le_bytes());
    std::array::from_fn(|word| 1 << (hash >> (6 * word) & 63))
}

/// Lines for at most so many keys.
pub fn lines(keys: u64) -> u64 {
    (keys * BITS_PER_KEY).div_ceil(8 * LINE_BYTES as u64).max(1)
}

/// The line of a key among `lines`; never less for a greater key.
pub fn line_of(key: u64, lines: u64) -> u64 {
    ((u128::from(key) * u128::from(lines)) >> KEY_BITS) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_passes_and_hardly_any_other() {
        let key = |n: u64| xxh3_64(&n.to_le_bytes()) >> (64 - KEY_BITS);
        let count = lines(20_000);
        let mut filter = vec![Line::default(); count as usize];
        for n in 0..20_000 {
            filter[line_of(key(n), count) as usize].add(&mask(key(n)));
        }
        let passes = |n: u64| filter[line_of(key(n), count) as usize].may_have(&mask(key(n)));
        assert!((0..20_000).all(passes));
        let others = (20_000..220_000).filter(|n| passes(*n)).count();
        assert!(others < 400, "{others} of 200000 pass");
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let mut line = Line::default();
        line.add(&mask(7));
        assert_eq!(Line::from_bytes(&line.to_bytes()), line);
        assert_eq!((line_of(0, 9), line_of((1 << KEY_BITS) - 1, 9)), (0, 8));
    }
}
