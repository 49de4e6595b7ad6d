//! The one normal form of text, and the key under which two lines count as the same.
//!
//! Its own file because titles, repeats, phrase rules and the site memory must all agree on what "equal" means.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The lines of a text with their 1-based numbers; `\r\n`, `\r`, form feeds and the Unicode separators end a line too.
pub fn lines(content: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut number = 0u32;
    let mut rest = Some(content.strip_prefix('\u{feff}').unwrap_or(content));
    std::iter::from_fn(move || {
        let text = rest.filter(|text| !text.is_empty())?;
        number = number.saturating_add(1);
        let Some(end) = line_end(text) else {
            rest = None;
            return Some((number, text));
        };
        let (line, tail) = text.split_at(end);
        let ender = if tail.starts_with("\r\n") { 2 } else { tail.chars().next().map_or(0, char::len_utf8) };
        rest = Some(&tail[ender..]);
        Some((number, line))
    })
}

/// Where the first line ends: at `\n`, `\v`, `\f`, `\r`, U+0085, U+2028 or U+2029.
fn line_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| matches!(byte, b'\n'..=b'\r' | 0xc2 | 0xe2))?;
        match &bytes[at..] {
            [b'\n'..=b'\r', ..] | [0xc2, 0x85, ..] | [0xe2, 0x80, 0xa8 | 0xa9, ..] => return Some(at),
            _ => from = at + 1,
        }
    }
}

/// One line as it is published: NFC, one space between words, no invisible characters, one bullet sign.
///
/// Nothing that a reader sees is lost, so this is never called a removal. Idempotent.
pub fn line(raw: &str) -> Cow<'_, str> {
    let trimmed = raw.trim_matches(is_blank);
    if is_plain(trimmed) {
        return Cow::Borrowed(trimmed);
    }
    let mut out = String::with_capacity(trimmed.len());
    let mut gap = false;
    for c in trimmed.chars() {
        if is_invisible(c) {
            continue;
        }
        if is_blank(c) {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.push(c);
    }
    out = in_nfc(out);
    if let Some(item) = list_item(&out)
        && !out.starts_with("• ")
    {
        out = format!("• {item}");
    }
    Cow::Owned(out)
}

/// A text in NFC and without invisible characters, as [`line()`] has it; its spaces, line ends and signs stay.
pub fn composed(mut text: String) -> String {
    if text.is_ascii() {
        return text;
    }
    if text.contains(is_invisible) {
        text.retain(|c| !is_invisible(c));
    }
    in_nfc(text)
}

fn in_nfc(text: String) -> String {
    if is_nfc_quick(text.chars()) == IsNormalized::Yes { text } else { text.nfc().collect() }
}

/// What stands after the bullet of a list item; `None` where the line has no bullet.
pub fn list_item(line: &str) -> Option<&str> {
    let rest = line.strip_prefix(['•', '‣', '◦', '▪', '●', '∙', '⁃', '■', '►'])?;
    rest.strip_prefix(' ').map(str::trim_start).filter(|item| !item.is_empty())
}

fn is_plain(line: &str) -> bool {
    let bytes = line.as_bytes();
    // Without branches, for 16 bytes at a time.
    let odd = bytes.iter().fold(false, |odd, byte| odd | !(b' '..=b'~').contains(byte));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    !odd && !pairs.fold(false, |double, (&a, &b)| double | ((a == b' ') & (b == b' ')))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Zero-width characters that scrapers leave behind. The joiners of Indic and Persian writing (U+200C, U+200D) and the
/// direction marks of right-to-left text are part of the text.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// The key of a line: lower-case words without accents and with a space before and after each, digits folded to `0`,
/// quotes gone, and ` : ` where the line has a colon or another sign that sets a label apart. Empty when the line holds
/// no word.
///
/// Equal keys mean the same line in another case, with other quotes, another date or another count.
pub fn key(line: &str) -> String {
    let mut key = Key { out: String::with_capacity(line.len() + 2), open: false };
    let mut before = ' ';
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        // Small letters with single spaces between them are most of any text in Latin writing, and stand in the key as they are.
        let run = plain_words(rest.as_bytes());
        if run > 0 {
            key.push_words(&rest[..run]);
            before = 'a';
            rest = &rest[run..];
            continue;
        }
        if c.is_ascii_digit()
            && !before.is_alphanumeric()
            && let Some(len) = dotted_date(rest.as_bytes())
        {
            key.open = false;
            key.push_words("0.0.0");
            key.open = false;
            before = '0';
            rest = &rest[len..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if c == ' ' {
            key.open = false;
            before = c;
            continue;
        }
        let after = rest.chars().next().unwrap_or(' ');
        match c {
            '\'' | '’' | '‘' | '`' | '´' if before.is_alphanumeric() && after.is_alphanumeric() => {}
            '0'..='9' => key.digit(),
            '.' | ',' | ':' if before.is_ascii_digit() && after.is_ascii_digit() => {}
            ':' | '：' | '|' | '»' | '›' | '▸' | '→' | '>' => key.separate(),
            '-' | '–' | '—' if before == ' ' && after == ' ' => key.separate(),
            '@' | '©' => key.push(c),
            _ if c.is_ascii() => match c.to_ascii_lowercase() {
                lower @ 'a'..='z' => key.push(lower),
                _ => key.open = false,
            },
            _ if c.is_numeric() => key.digit(),
            _ if is_silent(c) => {}
            _ if is_letter(c) => {
                c.nfkc().flat_map(char::to_lowercase).filter_map(fold).for_each(|lower| key.push(lower))
            }
            _ => key.open = false,
        }
        before = c;
    }
    key.finish()
}

/// The length of the words in small letters, each one space from the next, that a line begins with.
fn plain_words(line: &[u8]) -> usize {
    let mut len = 0;
    loop {
        len += line[len..].iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        if len == 0 || line.get(len) != Some(&b' ') || !line.get(len + 1).is_some_and(u8::is_ascii_lowercase) {
            return len;
        }
        len += 1;
    }
}

/// Letters and the signs that belong to a word in writings with combining vowels.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        || unicode_normalization::char::is_combining_mark(c)
        || matches!(c, '\u{200c}' | '\u{200d}' | '々' | 'ー')
}

/// Vowel signs and the stretching sign of Arabic writing, which writers set as they like.
fn is_silent(c: char) -> bool {
    matches!(c, '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}')
}

/// A small letter without the marks that capitals go without: accents in many newsrooms, the tonos of Greek, the dot of the
/// Turkish i. Letters that are others in the alphabet of their language lose them too; a line is told by all its words.
fn fold(c: char) -> Option<char> {
    Some(match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ĥ' => 'h',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĵ' => 'j',
        'ķ' => 'k',
        'ĺ' | 'ļ' | 'ľ' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ŵ' => 'w',
        'ý' | 'ÿ' | 'ŷ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        // What is left of `İ` as a small letter, and of letters that have no sign of their own with their mark.
        '\u{300}'..='\u{308}' | '\u{30a}'..='\u{30c}' => return None,
        _ => c,
    })
}

/// The length of a date in figures at the beginning of a text: 5.3.2025, 05.03.25, 2025.03.05.
fn dotted_date(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut lens = [0; 3];
    let mut end = 0;
    for (n, len) in lens.iter_mut().enumerate() {
        if n > 0 {
            end += usize::from(text.get(end) == Some(&b'.'));
        }
        *len = digits(end);
        end += *len;
    }
    let is_date = matches!(lens, [1..=2, 1..=2, 2 | 4] | [4, 1..=2, 1..=2]);
    (is_date && end == lens.iter().sum::<usize>() + 2).then_some(end)
}

struct Key {
    out: String,
    /// A word has begun and is not yet ended.
    open: bool,
}

impl Key {
    fn push(&mut self, c: char) {
        if !self.open {
            self.out.push(' ');
            self.open = true;
        }
        self.out.push(c);
    }

    fn push_words(&mut self, words: &str) {
        if !self.open {
            self.out.push(' ');
            self.open = true;
        }
        self.out.push_str(words);
    }

    fn digit(&mut self) {
        if !(self.open && self.out.ends_with('0')) {
            self.push('0');
        }
    }

    fn separate(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with(" :") {
            self.out.push_str(" :");
        }
        self.open = false;
    }

    fn finish(mut self) -> String {
        while self.out.ends_with(" :") {
            self.out.truncate(self.out.len() - 2);
        }
        if !self.out.is_empty() {
            self.out.push(' ');
        }
        self.out
    }
}

/// Words of a line, where a pair of ideographs or four Thai letters count as one.
///
/// Close enough for thresholds in any writing; the published `word_count` is made elsewhere.
pub fn words(key: &str) -> u32 {
    if key.is_ascii() {
        // A word begins behind a space; a colon is a sign of its own.
        let begins = |before: u8, byte: u8| u32::from((before == b' ') & (byte != b' ') & (byte != b':'));
        let bytes = key.as_bytes();
        let first = bytes.first().map_or(0, |&byte| begins(b' ', byte));
        return first + bytes.iter().zip(bytes.iter().skip(1)).map(|(&a, &b)| begins(a, b)).sum::<u32>();
    }
    let (mut spaced, mut dense) = (0u32, 0u32);
    for word in key.split_ascii_whitespace().filter(|word| *word != ":") {
        match word.chars().next() {
            Some(c) if c.is_ascii() => spaced += 1,
            Some(c) if is_dense(c) => dense += 2 * word.chars().count() as u32,
            Some(c) if is_unspaced(c) => dense += word.chars().count() as u32,
            _ => spaced += 1,
        }
    }
    spaced + dense.div_ceil(4)
}

/// Writings without spaces in which a sign is about half a word.
pub fn is_dense(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

/// Whether a line ends as a sentence does, closing quotes and brackets aside.
pub fn is_terminated(line: &str) -> bool {
    line.trim_end_matches(['"', '\'', '”', '’', '»', ')', ']', '」', '』', '）', '*'])
        .ends_with(['.', '!', '?', '…', '。', '！', '？', '؟', '।', '۔', '።', '։', '។', '॥'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_is_one() {
        let found: Vec<_> = lines("a\r\nb\rc\n\nd\u{2028}e").collect();
        assert_eq!(found, [(1, "a"), (2, "b"), (3, "c"), (4, ""), (5, "d"), (6, "e")]);
    }

    #[test]
    fn a_line_keeps_its_words_and_loses_its_odd_spaces() {
        assert_eq!(line("\u{a0} The\u{200b}  harbour\tis \u{ad}open "), "The harbour is open");
        assert_eq!(line("e\u{301}te\u{301}"), "été");
        assert_eq!(line("  ●  first point"), "• first point");
    }

    #[test]
    fn a_composed_text_keeps_its_spaces_its_signs_and_the_joiners_of_its_writing() {
        for (text, composed_text) in [
            ("  is\u{ad}land\n\tcafe\u{301}\u{200b} ", "  island\n\tcafé "),
            ("● می\u{200c}خواهم क्\u{200d}ष", "● می\u{200c}خواهم क्\u{200d}ष"),
            ("plain  text", "plain  text"),
        ] {
            assert_eq!(composed(text.to_owned()), composed_text);
        }
    }

    #[test]
    fn a_key_folds_case_quotes_digits_and_labels() {
        assert_eq!(key("“Don’t PANIC,” 1,234 times"), " dont panic 0 times ");
        assert_eq!(key("Read more » Ferry"), " read more : ferry ");
        assert_eq!(key("Updated: 10:30 –"), " updated : 0 ");
        assert_eq!(key("***"), "");
        assert_eq!(key("state-of-the-art"), " state of the art ");
    }

    #[test]
    fn a_key_tells_a_date_in_figures_from_a_number() {
        for (text, folded) in [
            ("Stand: 14.05.2026, 10:32 Uhr", " stand : 0.0.0 0 uhr "),
            ("2026.05.14", " 0.0.0 "),
            ("5.3.25", " 0.0.0 "),
            ("1.234.567", " 0 "),
            ("10.5", " 0 "),
            ("192.168.10.12", " 0 "),
            ("v14.05.2026", " v0 "),
        ] {
            assert_eq!(key(text), folded, "{text}");
        }
    }

    #[test]
    fn a_key_folds_what_capitals_go_without() {
        for (a, b) in [
            ("Publicité", "PUBLICITE"),
            ("Διαβάστε επίσης", "ΔΙΑΒΑΣΤΕ ΕΠΙΣΗΣ"),
            ("ılgili İlan", "ILGILI ILAN"),
            ("أيضا", "أيضاً"),
        ] {
            assert_eq!(key(a), key(b));
        }
        assert_ne!(key("việt"), key("viet"));
        assert_eq!(key("Край Ёлки"), " край ёлки ");
    }

    #[test]
    fn writings_without_spaces_have_words() {
        assert_eq!(words(&key("港口今天重新开放")), 4);
        assert_eq!(words(&key("The harbour: open 12 days")), 5);
    }
}
