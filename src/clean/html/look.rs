//! What a run's text shows at a glance: how it ends, how it is written, which telling words it has.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::layout::Run;

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
    static INDEX: std::sync::LazyLock<HashMap<&'static str, u16>> = std::sync::LazyLock::new(|| {
        let mut index: HashMap<&'static str, u16> = HashMap::new();
        for (at, (_, words)) in cue_kinds().enumerate() {
            for word in words.split_ascii_whitespace() {
                *index.entry(word).or_default() |= 1 << at;
            }
        }
        index
    });
    INDEX.get(word).copied().unwrap_or(0)
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
    let mut word = String::new();
    let mut start = true;
    let mut digits_in_row = 0u8;
    let mut words = 0;
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() {
            if start {
                look.starts_upper |= words == 0 && c.is_uppercase();
                look.capitalized = look.capitalized.saturating_add(u16::from(c.is_uppercase()));
                start = false;
                words += 1;
            }
            if c.is_ascii_digit() {
                look.digits = look.digits.saturating_add(1);
                digits_in_row += 1;
            } else {
                digits_in_row = 0;
            }
            look.uppers = look.uppers.saturating_add(u16::from(c.is_uppercase()));
            if words <= CUE_WORDS {
                if c.is_ascii() {
                    word.push(c.to_ascii_lowercase());
                } else {
                    word.extend(c.to_lowercase());
                }
            }
            continue;
        }
        if digits_in_row == 4 && (word.ends_with("20") || word.contains("20") || word.starts_with("19")) {
            look.year = true;
        }
        digits_in_row = 0;
        match c {
            ',' | '、' | '،' | '，' => look.commas = look.commas.saturating_add(1),
            '|' | '›' | '»' | '→' | '•' | '·' => look.bars = look.bars.saturating_add(1),
            '\n' => look.lines = look.lines.saturating_add(1),
            '$' | '€' | '£' | '©' => {
                let mut sign = [0u8; 4];
                tally(&mut look.cues, cue_of(c.encode_utf8(&mut sign)));
            }
            _ => {}
        }
        // An apostrophe does not end a word.
        if !matches!(c, '\'' | '’') {
            start = true;
            if !word.is_empty() {
                tally(&mut look.cues, cue_of(&word));
                word.clear();
            }
        }
    }
    let sparse = run.link_letters * 10 <= run.letters * 3;
    look.prose = run.words >= PROSE_WORDS && sparse && look.full_stop;
    look
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
