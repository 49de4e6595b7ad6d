//! What a run's text shows at a glance: how it ends, how it is written, which telling words it has.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::layout::Run;
use crate::clean::line::ByHash;

/// Words from which a run with little link text and a full stop is prose.
const PROSE_WORDS: u32 = 10;

/// What a run's text shows at a glance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub full_stop: bool,
    pub colon: bool,
    pub question: bool,
    pub ellipsis: bool,
    pub starts_upper: bool,
    pub quote: bool,
    pub commas: u16,
    pub digits: u16,
    pub uppers: u16,
    pub bars: u16,
    pub capitalized: u16,
    pub year: bool,
    pub lines: u16,
    pub prose: bool,
    pub cues: [u8; CUE_KINDS],
    pub hash: u64,
    /// How many runs of the same text stand before this one.
    pub copy_number: u16,
}

/// How many kinds of words are counted.
pub(super) const CUE_KINDS: usize = 11;
const CUES: &str = include_str!("cues.txt");

/// The kinds and their words.
pub(super) fn cue_kinds() -> impl Iterator<Item = (&'static str, &'static str)> {
    CUES.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(':'))
}

fn cue_of(word: &str) -> u16 {
    static INDEX: std::sync::LazyLock<HashMap<u64, u16, ByHash>> = std::sync::LazyLock::new(|| {
        let mut index: HashMap<u64, u16, ByHash> = HashMap::default();
        for (at, (_, words)) in cue_kinds().enumerate() {
            for word in words.split_ascii_whitespace() {
                *index.entry(xxh3_64(word.as_bytes())).or_default() |= 1 << at;
            }
        }
        index
    });
    INDEX.get(&xxh3_64(word.as_bytes())).copied().unwrap_or(0)
}

/// Words of a block that are looked at for cues: what a line is, its first words say.
const CUE_WORDS: usize = 30;

/// Looks at a run.
pub(super) fn look(run: &Run) -> Look {
    let text = run.text.as_str();
    let mut look = Look { hash: xxh3_64(text.as_bytes()), ..Look::default() };
    let end = text.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', ' ', '*']);
    look.full_stop = end.ends_with(['.', '!', '?', '。', '！', '？', '।', '…', '۔', '؟']);
    look.colon = text.ends_with([':', '：']);
    look.question = end.ends_with(['?', '？', '؟']);
    look.ellipsis = end.ends_with("...") || end.ends_with('…') || end.ends_with("[…");
    look.quote = text.starts_with(['"', '“', '„', '«', '‘', '「']);
    let cue_end = count_signs(text, &mut look);
    read_cues(&text[..cue_end], &mut look);
    let sparse = run.link_letters * 10 <= run.letters * 3;
    look.prose = run.words >= PROSE_WORDS && sparse && look.full_stop;
    look
}

/// What a character is to [`count_signs`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Sign {
    None,
    Lower,
    Upper,
    Digit,
    /// Does not end a word.
    Apostrophe,
    Comma,
    Bar,
    Line,
    /// A sign that is a cue by itself: of a price, of a copyright.
    Cue,
}

const SIGNS: [Sign; 128] = {
    let mut table = [Sign::None; 128];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' => Sign::Lower,
            b'A'..=b'Z' => Sign::Upper,
            b'0'..=b'9' => Sign::Digit,
            b'\'' => Sign::Apostrophe,
            b',' => Sign::Comma,
            b'|' => Sign::Bar,
            b'\n' => Sign::Line,
            b'$' => Sign::Cue,
            _ => Sign::None,
        };
        byte += 1;
    }
    table
};

#[inline]
fn sign_of(c: char) -> Sign {
    match c {
        '\0'..='\x7f' => SIGNS[c as usize],
        '’' => Sign::Apostrophe,
        '、' | '،' | '，' => Sign::Comma,
        '›' | '»' | '→' | '•' | '·' => Sign::Bar,
        '€' | '£' | '©' => Sign::Cue,
        _ if c.is_uppercase() => Sign::Upper,
        _ if c.is_alphanumeric() => Sign::Lower,
        _ => Sign::None,
    }
}

/// Counts letters, digits and signs, and takes the signs that are cues; returns where the first [`CUE_WORDS`] words end.
fn count_signs(text: &str, look: &mut Look) -> usize {
    let (mut words, mut cue_end) = (0, text.len());
    let mut start = true;
    let (mut commas, mut digits, mut uppers, mut bars, mut capitalized, mut lines) =
        (0u32, 0u32, 0u32, 0u32, 0u32, 0u32);
    let bytes = text.as_bytes();
    let mut next = 0;
    while let Some(&byte) = bytes.get(next) {
        let at = next;
        let sign = if byte < 0x80 {
            next += 1;
            SIGNS[usize::from(byte)]
        } else {
            let c = text[at..].chars().next().expect("at is a character boundary before the end");
            next += c.len_utf8();
            sign_of(c)
        };
        match sign {
            Sign::Lower | Sign::Upper | Sign::Digit => {
                let upper = sign == Sign::Upper;
                if start {
                    start = false;
                    look.starts_upper |= words == 0 && upper;
                    capitalized += u32::from(upper);
                    words += 1;
                    if words == CUE_WORDS + 1 {
                        cue_end = at;
                    }
                }
                uppers += u32::from(upper);
                digits += u32::from(sign == Sign::Digit);
                // Small letters inside a word count for nothing.
                while bytes.get(next).is_some_and(u8::is_ascii_lowercase) {
                    next += 1;
                }
            }
            Sign::Apostrophe => {}
            Sign::None => start = true,
            Sign::Comma | Sign::Bar | Sign::Line | Sign::Cue => {
                start = true;
                commas += u32::from(sign == Sign::Comma);
                bars += u32::from(sign == Sign::Bar);
                lines += u32::from(sign == Sign::Line);
                if sign == Sign::Cue {
                    tally(&mut look.cues, cue_of(&text[at..next]));
                }
            }
        }
    }
    let bounded = |count: u32| u16::try_from(count).unwrap_or(u16::MAX);
    (look.commas, look.digits, look.uppers) = (bounded(commas), bounded(digits), bounded(uppers));
    (look.bars, look.capitalized, look.lines) = (bounded(bars), bounded(capitalized), bounded(lines));
    cue_end
}

/// Looks the words up that tell something, and sees a year among them.
fn read_cues(text: &str, look: &mut Look) {
    let mut word = String::new();
    let mut digits_in_row = 0u32;
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() {
            digits_in_row = if c.is_ascii_digit() { digits_in_row + 1 } else { 0 };
            if c.is_ascii() {
                word.push(c.to_ascii_lowercase());
            } else {
                word.extend(c.to_lowercase());
            }
            continue;
        }
        if digits_in_row == 4 && (word.ends_with("20") || word.contains("20") || word.starts_with("19")) {
            look.year = true;
        }
        digits_in_row = 0;
        if !matches!(c, '\'' | '’') && !word.is_empty() {
            tally(&mut look.cues, cue_of(&word));
            word.clear();
        }
    }
}

fn tally(cues: &mut [u8; CUE_KINDS], kinds: u16) {
    if kinds != 0 {
        for (at, count) in cues.iter_mut().enumerate() {
            *count = count.saturating_add(u8::from(kinds >> at & 1 == 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_long_unlinked_and_ended() {
        let run = |text: &str, linked: u32| Run {
            text: text.to_owned(),
            words: super::super::layout::word_count(text),
            letters: 50,
            link_letters: linked,
            ..Run::default()
        };
        let text = "The council voted to keep the ferry running through the winter.";
        assert!(look(&run(text, 0)).prose);
        assert!(!look(&run(text, 40)).prose);
        assert!(!look(&run("The council voted to keep the ferry running through the winter", 0)).prose);
    }
}
