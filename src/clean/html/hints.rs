//! What a site's own names for its elements say: the words of `class` and `id`, sorted into kinds.
//!
//! They are evidence and no verdict: "content" names half of all elements, and a sidebar may hold the article.

use std::collections::HashMap;
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use crate::clean::line::ByHash;

/// A kind of word, as one bit.
pub(super) type Hints = u32;

/// Bits beside the kinds, which are no features: that one of the names says `body` and no noise, so that "entry-content" does
/// and "caption-text" does not; that an element is a box in the way of readers who have not paid; that it is a drop cap.
pub(super) const SAYS_BODY: Hints = 1 << 31;
pub(super) const PAYWALL: Hints = 1 << 30;
pub(super) const DROP_CAP: Hints = 1 << 29;
/// The halves of "drop-cap", which together in one name are one.
const DROP: Hints = 1 << 28;
const CAP: Hints = 1 << 27;
const BESIDE: [(&str, Hints); 9] = [
    ("paywall", PAYWALL),
    ("paywalls", PAYWALL),
    ("regwall", PAYWALL),
    ("dropcap", DROP_CAP),
    ("dropcaps", DROP_CAP),
    ("lettrine", DROP_CAP),
    ("drop", DROP),
    ("cap", CAP),
    ("caps", CAP),
];

/// What a body is not, if the same name says so.
pub(super) static NOISE: LazyLock<Hints> =
    LazyLock::new(|| bits(&["navigation", "advertisement", "comments", "signup", "caption", "share"]));

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
    static KINDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| names().collect());
    KINDS.iter().position(|name| *name == kind).map_or(0, |at| 1 << at)
}

/// The bits of several kinds.
pub(super) fn bits(kinds: &[&str]) -> Hints {
    kinds.iter().map(|kind| bit(kind)).fold(0, |bits, bit| bits | bit)
}

/// How many kinds there are.
pub(super) fn count() -> usize {
    static COUNT: LazyLock<usize> = LazyLock::new(|| kinds().count());
    *COUNT
}

/// The kinds that the words of a `class` or `id` belong to. Words end at anything that is no letter and before a capital.
pub(super) fn hints_of(names: &str) -> Hints {
    let (mut hints, mut of_name) = (0, 0);
    let mut word = [0u8; MAX_WORD];
    let mut len = 0;
    let mut lower_before = false;
    for byte in names.bytes().take(MAX_NAMES_BYTES).chain([b' ']) {
        let letter = byte.is_ascii_alphabetic();
        if !letter || (byte.is_ascii_uppercase() && lower_before) {
            if len > 1 && len <= MAX_WORD {
                of_name |= hint_of(&word[..len]);
            }
            len = 0;
        }
        if letter {
            if len < MAX_WORD {
                word[len] = byte.to_ascii_lowercase();
            }
            len += 1;
        } else if byte.is_ascii_whitespace() && of_name != 0 {
            hints |= of_name | together(of_name);
            of_name = 0;
        }
        lower_before = byte.is_ascii_lowercase();
    }
    hints
}

/// What the words of one name say together.
fn together(of_name: Hints) -> Hints {
    static BODY: LazyLock<Hints> = LazyLock::new(|| bit("body"));
    let body = if of_name & *BODY != 0 && of_name & *NOISE == 0 { SAYS_BODY } else { 0 };
    body | if of_name & DROP != 0 && of_name & CAP != 0 { DROP_CAP } else { 0 }
}

/// Longest word of the lists, with room.
const MAX_WORD: usize = 20;
/// Utility-class frameworks write hundreds of words on one element; the telling ones stand first.
const MAX_NAMES_BYTES: usize = 160;

fn hint_of(word: &[u8]) -> Hints {
    static INDEX: LazyLock<HashMap<u64, Hints, ByHash>> = LazyLock::new(|| {
        let kinds = kinds().enumerate().flat_map(|(at, (_, words))| words.map(move |word| (word, 1 << at)));
        let mut index: HashMap<u64, Hints, ByHash> = HashMap::default();
        for (word, bit) in kinds.chain(BESIDE) {
            *index.entry(xxh3_64(word.as_bytes())).or_default() |= bit;
        }
        index
    });
    INDEX.get(&xxh3_64(word)).copied().unwrap_or(0)
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
    fn a_name_with_a_word_of_noise_does_not_say_body() {
        for names in ["wp-caption-text", "ad-content", "newsletter-text x", "x commentBody", "share"] {
            assert_eq!(hints_of(names) & SAYS_BODY, 0, "{names}");
        }
        for names in ["entry-content", "caption-text entry-content", "has-caption post"] {
            assert_ne!(hints_of(names) & SAYS_BODY, 0, "{names}");
        }
    }

    #[test]
    fn every_kind_has_its_own_bit() {
        assert!(1 << kinds().count() <= CAP);
        assert!(kinds().all(|(_, mut words)| words.all(|word| word.len() <= MAX_WORD && hints_of(word) != 0)));
    }
}
