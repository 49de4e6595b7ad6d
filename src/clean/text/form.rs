//! How a line is written: capitals, figures and signs, in one walk along it.

/// Letters, figures and separators are counted up to here.
const COUNTED_CHARS: usize = 300;
/// Words of which the first letter is looked at.
const COUNTED_WORDS: usize = 40;

/// What the signs of a line say of it.
#[derive(Debug, PartialEq)]
pub struct Form {
    /// Share of words that begin with a capital.
    pub capitalized: f32,
    /// Share of letters that are capitals.
    pub capitals: f32,
    /// Share of figures among letters and figures.
    pub digits: f32,
    pub separators: f32,
    pub starts_lower: bool,
    pub comma: bool,
    pub question: bool,
    pub quote: bool,
    pub exclaims: bool,
    /// Of mail or of the web.
    pub address: bool,
}

impl Form {
    pub fn of(text: &str) -> Self {
        let (words, capitalized) = ascii_capitalized(text).unwrap_or_else(|| capitalized(text));
        let counted = text.as_bytes().get(..COUNTED_CHARS).unwrap_or(text.as_bytes());
        let Counts { letters, capitals, digits, separators } =
            if counted.is_ascii() { ascii_counts(counted) } else { counts(text) };
        let signs = signs(text);
        let has = |sign: u8| signs & sign != 0;
        Self {
            capitalized: capitalized as f32 / words.max(1) as f32,
            capitals: capitals as f32 / letters.max(1) as f32,
            digits: digits as f32 / (letters + digits).max(1) as f32,
            separators: separators as f32,
            starts_lower: text.chars().next().is_some_and(char::is_lowercase),
            comma: has(COMMA),
            question: has(QUESTION),
            quote: has(QUOTE),
            exclaims: has(EXCLAMATION),
            address: has(AT) || text.contains("://") || text.contains("www.") || text.contains(".com"),
        }
    }
}

/// The first words with a letter, and those of them whose first letter is a capital.
fn capitalized(text: &str) -> (u32, u32) {
    let firsts =
        text.split_whitespace().take(COUNTED_WORDS).filter_map(|word| word.chars().find(|c| c.is_alphabetic()));
    firsts.fold((0, 0), |(words, capitalized), first| (words + 1, capitalized + u32::from(first.is_uppercase())))
}

/// As [`capitalized`], faster; `None` where another character than one of ASCII is met.
fn ascii_capitalized(text: &str) -> Option<(u32, u32)> {
    let is_space = |byte: u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let (mut words, mut with_letter, mut capitalized) = (0, 0, 0);
    let (mut in_word, mut has_letter) = (false, false);
    for &byte in text.as_bytes() {
        if is_space(byte) {
            in_word = false;
            continue;
        }
        if !in_word {
            (in_word, has_letter) = (true, false);
            words += 1;
            if words > COUNTED_WORDS {
                break;
            }
        }
        if !byte.is_ascii() {
            return None;
        }
        if !has_letter && byte.is_ascii_alphabetic() {
            has_letter = true;
            with_letter += 1;
            capitalized += u32::from(byte.is_ascii_uppercase());
        }
    }
    Some((with_letter, capitalized))
}

#[derive(Debug, Default, PartialEq)]
struct Counts {
    letters: u32,
    capitals: u32,
    digits: u32,
    separators: u32,
}

fn counts(text: &str) -> Counts {
    let mut counts = Counts::default();
    for c in text.chars().take(COUNTED_CHARS) {
        if c.is_ascii_digit() {
            counts.digits += 1;
        } else if c.is_alphabetic() {
            counts.letters += 1;
            counts.capitals += u32::from(c.is_uppercase());
        } else if matches!(c, '|' | '·' | '•' | '»' | '›' | '/' | '>' | '→' | '#') {
            counts.separators += 1;
        }
    }
    counts
}

/// As [`counts`] of ASCII alone: one walk for each, many bytes at a time.
fn ascii_counts(text: &[u8]) -> Counts {
    fn count(text: &[u8], is_one: impl Fn(u8) -> bool) -> u32 {
        text.iter().map(|byte| u32::from(is_one(*byte))).sum()
    }
    Counts {
        letters: count(text, |byte| byte.is_ascii_alphabetic()),
        capitals: count(text, |byte| byte.is_ascii_uppercase()),
        digits: count(text, |byte| byte.is_ascii_digit()),
        separators: count(text, |byte| (byte == b'|') | (byte == b'/') | (byte == b'>') | (byte == b'#')),
    }
}

const COMMA: u8 = 1;
const QUESTION: u8 = 2;
const QUOTE: u8 = 4;
const EXCLAMATION: u8 = 8;
const AT: u8 = 16;
/// A part of a longer character.
const LONGER: u8 = 128;

/// What each byte tells.
const SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    signs[b',' as usize] = COMMA;
    signs[b'?' as usize] = QUESTION;
    signs[b'"' as usize] = QUOTE;
    signs[b'!' as usize] = EXCLAMATION;
    signs[b'@' as usize] = AT;
    let mut byte = 0x80;
    while byte < 256 {
        signs[byte] = LONGER;
        byte += 1;
    }
    signs
};

/// The signs that stand anywhere in a text.
fn signs(text: &str) -> u8 {
    let ascii = text.bytes().fold(0, |signs, byte| signs | SIGNS[usize::from(byte)]);
    if ascii & LONGER == 0 {
        return ascii;
    }
    text.chars().fold(ascii, |signs, c| {
        signs
            | match c {
                '，' | '、' | '،' => COMMA,
                '？' | '؟' => QUESTION,
                '“' | '”' | '«' | '「' => QUOTE,
                '！' => EXCLAMATION,
                _ => 0,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_fast_walks_find_what_the_slow_ones_do(text in "([A-Za-z0-9|/>#,.'\\- \t\u{b}\u{c}\r\n\u{1c}]|[A-Z][a-z]{1,5} ){0,400}") {
            prop_assert_eq!(ascii_capitalized(&text), Some(capitalized(&text)));
            let counted = text.as_bytes().get(..COUNTED_CHARS).unwrap_or(text.as_bytes());
            prop_assert_eq!(ascii_counts(counted), counts(&text));
        }
    }

    #[test]
    fn signs_are_seen_wherever_they_stand_and_counts_end() {
        let form = Form::of(&format!("Ana Ruiz 24 | {} “No, never!” a@b?", "word ".repeat(80)));
        assert!(form.comma && form.question && form.quote && form.exclaims && form.address);
        assert_eq!((form.separators, form.starts_lower), (1.0, false));
        assert_eq!(form.capitalized, 2.0 / 38.0);
        assert!(form.capitals > 0.0 && form.digits > 0.0);
        assert_eq!(Form::of("the ferry"), Form::of("two boats"));
    }
}
