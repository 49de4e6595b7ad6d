//! What a site's own names for its elements say: the words of `class` and `id`, sorted into kinds.
//!
//! They are evidence and no verdict: "content" names half of all elements, and a sidebar may hold the article.

use xxhash_rust::xxh3::xxh3_64;

/// A kind of word, as one bit.
pub(super) type Hints = u32;

/// The list; a word may be of several kinds.
const WORDS: &str = include_str!("hints.txt");

/// The lines of the list: a kind and its words.
fn kinds() -> impl Iterator<Item = (&'static str, std::str::SplitAsciiWhitespace<'static>)> {
    let lines = WORDS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(':')).map(|(kind, words)| (kind, words.split_ascii_whitespace()))
}

/// The kinds by name, in the order of their bits.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    kinds().map(|(kind, _)| kind)
}

/// The bit of a kind by its name; 0 if there is none of this name.
pub(super) fn bit(kind: &str) -> Hints {
    static KINDS: std::sync::LazyLock<Vec<&'static str>> = std::sync::LazyLock::new(|| names().collect());
    KINDS.iter().position(|name| *name == kind).map_or(0, |at| 1 << at)
}

/// The bits of several kinds.
pub(super) fn bits(kinds: &[&str]) -> Hints {
    kinds.iter().map(|kind| bit(kind)).fold(0, |bits, bit| bits | bit)
}

/// How many kinds there are.
pub(super) fn count() -> usize {
    static COUNT: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| kinds().count());
    *COUNT
}

/// The kinds that the words of a `class` or `id` belong to. Words end at anything that is no letter and before a capital.
pub(super) fn hints_of(names: &str) -> Hints {
    let mut hints = 0;
    let mut word = [0u8; MAX_WORD];
    let mut len = 0;
    let mut lower_before = false;
    for byte in names.bytes().take(MAX_NAMES_BYTES).chain([b' ']) {
        let letter = byte.is_ascii_alphabetic();
        if !letter || (byte.is_ascii_uppercase() && lower_before) {
            if len > 1 && len <= MAX_WORD {
                hints |= hint_of(&word[..len]);
            }
            len = 0;
        }
        if letter {
            if len < MAX_WORD {
                word[len] = byte.to_ascii_lowercase();
            }
            len += 1;
        }
        lower_before = byte.is_ascii_lowercase();
    }
    hints
}

/// Longest word of the lists, with room.
const MAX_WORD: usize = 20;
/// Utility-class frameworks write hundreds of words on one element; the telling ones stand first.
const MAX_NAMES_BYTES: usize = 160;

fn hint_of(word: &[u8]) -> Hints {
    static INDEX: std::sync::LazyLock<Vec<(u64, Hints)>> = std::sync::LazyLock::new(|| {
        let mut index = std::collections::BTreeMap::new();
        for (at, (_, words)) in kinds().enumerate() {
            for word in words {
                *index.entry(xxh3_64(word.as_bytes())).or_insert(0) |= 1 << at;
            }
        }
        index.into_iter().collect()
    });
    INDEX.binary_search_by_key(&xxh3_64(word), |(hash, _)| *hash).map_or(0, |at| INDEX[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_joins_them() {
        for names in ["related-posts", "RelatedPosts", "c_related__x", "x related"] {
            assert_ne!(hints_of(names) & hints_of("related"), 0, "{names}");
        }
        assert_eq!(hints_of("unrelated"), 0);
        assert_eq!(hints_of(""), 0);
    }

    #[test]
    fn every_kind_has_its_own_bit() {
        assert!(kinds().count() <= Hints::BITS as usize);
        assert!(kinds().all(|(_, mut words)| words.all(|word| word.len() <= MAX_WORD && hints_of(word) != 0)));
    }
}
