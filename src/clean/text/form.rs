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
        let (mut words, mut capitalized) = (0u32, 0u32);
        for word in text.split_whitespace().take(COUNTED_WORDS) {
            if let Some(first) = word.chars().find(|c| c.is_alphabetic()) {
                words += 1;
                capitalized += u32::from(first.is_uppercase());
            }
        }
        let (mut letters, mut capitals, mut digits, mut separators) = (0u32, 0u32, 0u32, 0u32);
        for c in text.chars().take(COUNTED_CHARS) {
            if c.is_ascii_digit() {
                digits += 1;
            } else if c.is_alphabetic() {
                letters += 1;
                capitals += u32::from(c.is_uppercase());
            } else if matches!(c, '|' | '·' | '•' | '»' | '›' | '/' | '>' | '→' | '#') {
                separators += 1;
            }
        }
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
