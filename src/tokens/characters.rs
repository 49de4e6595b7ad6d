//! Characters → their part in tokens: what class each has, and what it is folded to.
//!
//! A table for every alphabet with case or accents: most characters of most texts are then folded by one look-up.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// How a character takes part in tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Class {
    Separator,
    /// Ends a sentence or a line: a capital after it says nothing.
    SentenceEnd,
    Letter,
    Capital,
    Digit,
    /// Dropped inside a word: `don't` is `dont`; a final `'s` goes.
    Apostrophe,
    /// A token of its own: `%` is `percent`.
    Percent,
    /// Ends a number, and drops a word: `49€` is `49`, and `US$5` is `5`.
    Currency,
    /// Dropped between two digits: `5,000` is `5000`.
    NumberMark,
    /// Invisible or combining: dropped, breaks nothing.
    Joiner,
    /// A script without spaces whose characters are about a syllable (Han, kana): tokens are overlapping pairs.
    Syllabic,
    /// A script without spaces whose characters are letters (Thai, Lao, Khmer, Burmese): overlapping runs of eight.
    Unspaced,
}

pub(super) const ASCII: [Class; 128] = {
    let mut table = [Class::Separator; 128];
    let mut i = 0;
    while i < 128 {
        let byte = i as u8;
        if byte.is_ascii_lowercase() {
            table[i] = Class::Letter;
        } else if byte.is_ascii_uppercase() {
            table[i] = Class::Capital;
        } else if byte.is_ascii_digit() {
            table[i] = Class::Digit;
        } else if byte == b'\'' || byte == b'`' {
            table[i] = Class::Apostrophe;
        } else if byte == b'%' {
            table[i] = Class::Percent;
        } else if byte == b'$' {
            table[i] = Class::Currency;
        } else if byte == b'.' || byte == b',' {
            table[i] = Class::NumberMark;
        } else if byte == b'!' || byte == b'?' || byte == b':' || byte == b'\n' {
            table[i] = Class::SentenceEnd;
        }
        i += 1;
    }
    table
};

/// Class and folded form of one character; `folded` is 0 where it folds to several characters.
#[derive(Clone, Copy)]
pub(super) struct Fold {
    pub class: Class,
    pub folded: u32,
}

/// Characters below this are looked up: every alphabet with case or accents. Above stand ideographs, Hangul and rarities.
const TABLE_END: u32 = 0x2e80;

static TABLE: LazyLock<Vec<Fold>> = LazyLock::new(|| {
    (0..TABLE_END)
        .map(|code| char::from_u32(code).map_or(Fold { class: Class::Separator, folded: 0 }, classify))
        .collect()
});

fn classify(c: char) -> Fold {
    let class = match c {
        '\u{2018}' | '\u{2019}' | '\u{00b4}' | '\u{02bc}' | '\u{2032}' => Class::Apostrophe,
        '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' => {
            Class::Joiner
        }
        '\u{00a2}'..='\u{00a5}' | '\u{20a0}'..='\u{20c0}' => Class::Currency,
        '\u{2028}' | '\u{2029}' | '\u{0964}' | '\u{061f}' | '\u{06d4}' => Class::SentenceEnd,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' if !c.is_numeric() => {
            Class::Unspaced
        }
        _ if ('\u{0300}'..='\u{036f}').contains(&c) => Class::Joiner,
        _ if c.is_numeric() => Class::Digit,
        _ if c.is_uppercase() => Class::Capital,
        _ if c.is_alphabetic() || is_combining_mark(c) => Class::Letter,
        _ => Class::Separator,
    };
    let mut folded = fold(c);
    let first = folded.next().map_or(0, u32::from);
    Fold { class, folded: if folded.next().is_none() { first } else { 0 } }
}

/// Compatibility decomposition without Latin, Greek and Cyrillic accents, in lower case.
pub(super) fn fold(c: char) -> impl Iterator<Item = char> {
    std::iter::once(c).nfkd().filter(|c| !('\u{0300}'..='\u{036f}').contains(c)).flat_map(char::to_lowercase)
}

/// Looks a character up.
pub(super) fn class_of(c: char) -> Fold {
    let code = u32::from(c);
    match code {
        0..TABLE_END => TABLE[code as usize],
        // Hangul syllables have spaces and no case.
        0xac00..=0xd7a3 => Fold { class: Class::Letter, folded: code },
        0x3041..=0x30ff | 0x3400..=0x9fff | 0x2_0000..=0x3_ffff => Fold { class: Class::Syllabic, folded: code },
        0x3002 | 0xff01 | 0xff0e | 0xff1a | 0xff1f | 0xff61 => Fold { class: Class::SentenceEnd, folded: 0 },
        0xff0c => Fold { class: Class::NumberMark, folded: 0 },
        // Kana in the narrow form of old feeds is the same kana.
        0xff66..=0xff9d => Fold { class: Class::Syllabic, folded: classify(c).folded },
        _ => classify(c),
    }
}
