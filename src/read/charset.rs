//! Which encoding a document is in, and its text.
//!
//! In order of trust: a byte order mark; bytes that are valid UTF-8 beyond ASCII, which no other encoding produces by
//! chance, a few damaged places among many characters aside; what an HTML page declares; UTF-16 by its zero bytes; UTF-8
//! with more damage; detection. Seven bits with the switches of ISO-2022-JP are that.
//! A declaration comes after valid UTF-8 because crawlers re-encode pages and leave the declaration as it was.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Format;
use super::prescan;
use super::rejected::{Reason, Rejected};

/// How many well-formed non-ASCII characters stand against one damaged place before a text counts as damaged UTF-8.
/// Two-byte East Asian encodings look like UTF-8 by chance in at most one character of four.
const UTF8_MAJORITY: usize = 4;
/// The same where the page declares another encoding.
const UTF8_MAJORITY_AGAINST_DECLARATION: usize = 8;
/// Bytes looked at for the zero bytes of UTF-16.
const UTF16_SAMPLE_BYTES: usize = 1024;
/// Fewer zero bytes than this are no evidence.
const UTF16_MIN_ZEROS: usize = 4;
/// Replacement characters above one in this many mean that the text is lost.
const DAMAGED_ONE_IN: usize = 10;

/// A document's text, without its byte order mark, and the encoding that it was in.
pub(super) struct Decoded {
    pub text: String,
    pub encoding: &'static Encoding,
}

/// Decodes a whole document.
pub(super) fn decode(bytes: Vec<u8>, format: Format) -> Result<Decoded, Rejected> {
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        let rejected = Rejected::new(Reason::BadCharset, "the file is in UTF-32", "save it in UTF-8");
        return Err(rejected);
    }
    let bytes = match String::from_utf8(bytes) {
        // The common case, which is not copied. What is left to think about is ASCII that a page declares to be more than
        // that, such as ISO-2022-JP, and UTF-16, whose zero bytes are valid UTF-8.
        Ok(mut text)
            if !text.contains('\0')
                && (format != Format::Html || !text.is_ascii())
                && !is_iso_2022_jp(text.as_bytes()) =>
        {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            return Ok(Decoded { text, encoding: UTF_8 });
        }
        Ok(text) => text.into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let encoding = choose(&bytes, format);
    finish(encoding.decode_with_bom_removal(&bytes), encoding)
}

fn finish(decoded: (Cow<'_, str>, bool), encoding: &'static Encoding) -> Result<Decoded, Rejected> {
    let (text, had_errors) = decoded;
    if had_errors {
        let damaged = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
        if damaged * DAMAGED_ONE_IN > text.chars().count() {
            let message = format!("the text is not valid {}: {damaged} characters cannot be decoded", encoding.name());
            return Err(Rejected::new(Reason::BadCharset, message, "save it in UTF-8, or declare its real encoding"));
        }
    }
    Ok(Decoded { text: text.into_owned(), encoding })
}

/// For bytes that are not plainly UTF-8.
fn choose(bytes: &[u8], format: Format) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let (wide, damaged) = utf8_census(bytes);
    if wide > 0 && wide >= damaged * UTF8_MAJORITY_AGAINST_DECLARATION {
        return UTF_8;
    }
    let declared = if format == Format::Html { prescan::declared(bytes) } else { None };
    match declared {
        Some(encoding) if encoding != UTF_8 => return encoding,
        _ => {}
    }
    if is_iso_2022_jp(bytes) {
        return ISO_2022_JP;
    }
    if let Some(encoding) = utf16(bytes) {
        return encoding;
    }
    if damaged == 0 || wide >= damaged * UTF8_MAJORITY {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    match detector.guess(None, Utf8Detection::Allow) {
        // A guess of UTF-8 is one by lack of evidence here: it has been counted and found wanting.
        encoding if encoding == UTF_8 => WINDOWS_1252,
        encoding => encoding,
    }
}

/// Whether bytes of seven bits switch to Japanese characters and decode so. Browsers do not guess this encoding, since a page
/// may hide markup in it from a filter; here the decoded text is all that is looked at.
fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    const JIS_X_0208: [&[u8]; 2] = [b"$@", b"$B"];
    let switches = |at: usize| JIS_X_0208.iter().any(|end| bytes[at + 1..].starts_with(end));
    bytes.contains(&0x1b)
        && bytes.is_ascii()
        && bytes.iter().enumerate().any(|(at, byte)| *byte == 0x1b && switches(at))
        && finish(ISO_2022_JP.decode_without_bom_handling(bytes), ISO_2022_JP).is_ok()
}

/// Well-formed characters beyond ASCII, and places where the bytes are not UTF-8.
fn utf8_census(bytes: &[u8]) -> (usize, usize) {
    if bytes.is_ascii() {
        return (0, 0);
    }
    let (mut wide, mut damaged, mut is_cut) = (0, 0, false);
    for chunk in bytes.utf8_chunks() {
        // A character has one byte that is no continuation byte.
        wide += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        damaged += usize::from(!chunk.invalid().is_empty());
        is_cut = std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
    }
    // A file cut off inside its last character is not damaged for that.
    (wide, if is_cut && wide > 0 { damaged - 1 } else { damaged })
}

/// UTF-16 by its byte order mark, or by zero bytes that stand in one half of the byte pairs and hardly in the other.
pub(super) fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    match Encoding::for_bom(bytes) {
        Some((encoding, _)) if encoding == UTF_8 => return None,
        Some((encoding, _)) => return Some(encoding),
        None => {}
    }
    let sample = &bytes[..bytes.len().min(UTF16_SAMPLE_BYTES)];
    if !sample.contains(&0) {
        return None;
    }
    let pairs = sample.len() / 2;
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    // Letters of Latin scripts have a zero half; a fifth of the pairs leaves room for other scripts between spaces.
    let encoding = match first.max(second) {
        ..UTF16_MIN_ZEROS => return None,
        _ if second * 5 >= pairs && first * 20 <= second => UTF_16LE,
        _ if first * 5 >= pairs && second * 20 <= first => UTF_16BE,
        _ => return None,
    };
    // Binary data has such zeros too (small numbers), and control characters with them.
    let text = encoding.decode_without_bom_handling(&sample[..pairs * 2]).0;
    let is_text = text.chars().all(|c| !c.is_control() || c.is_whitespace());
    is_text.then_some(encoding)
}

/// The first bytes of a file as something that can be sniffed: UTF-16 turned into UTF-8, without a byte order mark.
pub(super) fn head_text(head: &[u8]) -> Cow<'_, [u8]> {
    match utf16(head) {
        Some(encoding) => Cow::Owned(encoding.decode_with_bom_removal(head).0.into_owned().into_bytes()),
        None => Cow::Borrowed(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSSIAN: &str = "Городской совет проголосовал в понедельник за новый мост через реку.";

    fn charset(bytes: &[u8], format: Format) -> (&'static str, String) {
        let decoded = decode(bytes.to_vec(), format).expect("decodable bytes");
        (decoded.encoding.name(), decoded.text)
    }

    #[test]
    fn a_byte_order_mark_decides_and_goes() {
        assert_eq!(charset(b"\xef\xbb\xbfcaf\xc3\xa9", Format::Text), ("UTF-8", "café".to_owned()));
        assert_eq!(charset(b"\xff\xfea\0\xe9\0", Format::Text), ("UTF-16LE", "aé".to_owned()));
        assert_eq!(charset(b"\xfe\xff\0a\0\xe9", Format::Html), ("UTF-16BE", "aé".to_owned()));
    }

    #[test]
    fn a_declaration_counts_unless_the_bytes_are_utf_8() {
        let page = format!("<meta charset=koi8-r><p>{RUSSIAN}");
        let koi8 = encoding_rs::KOI8_R.encode(&page).0;
        assert_eq!(charset(&koi8, Format::Html), ("KOI8-R", page.clone()));
        // Re-encoded by a crawler, the declaration left as it was.
        assert_eq!(charset(page.as_bytes(), Format::Html), ("UTF-8", page.clone()));
        // A declaration of UTF-8 that is wrong is no reason to lose the text.
        let page = format!("<meta charset=utf-8><p>{RUSSIAN}");
        let wrong = encoding_rs::WINDOWS_1251.encode(&page).0;
        assert_eq!(charset(&wrong, Format::Html), ("windows-1251", page.clone()));
    }

    #[test]
    fn a_stale_declaration_does_not_count_against_utf_8_with_a_damaged_byte() {
        let page = format!("<meta charset=iso-8859-1><p>{RUSSIAN}");
        let mut damaged = page.clone().into_bytes();
        damaged.insert(page.len() - 20, 0xff);
        let (name, text) = charset(&damaged, Format::Html);
        assert_eq!((name, text.matches('\u{fffd}').count()), ("UTF-8", 1));
        // Cut off inside its last character.
        let cut = &page.as_bytes()[..page.len() - 2];
        assert_eq!(charset(cut, Format::Html).0, "UTF-8");
        // A few bytes that pair by chance are no majority.
        let western = "<meta charset=windows-1252><p>Ã© is how “é” looks when it is misread, naïve café owners say.";
        let bytes = WINDOWS_1252.encode(western).0;
        assert_eq!(charset(&bytes, Format::Html), ("windows-1252", western.to_owned()));
        let page = "<meta charset=euc-kr><p>시의회는 월요일 강을 가로지르는 새 다리의 건설 계획을 승인했다고 밝혔다.";
        let bytes = encoding_rs::EUC_KR.encode(page).0;
        assert_eq!(charset(&bytes, Format::Html), ("EUC-KR", page.to_owned()));
    }

    #[test]
    fn undeclared_encodings_are_detected() {
        let western = "Naïve café owners — “très fâchés” — paid £5.";
        let bytes = WINDOWS_1252.encode(western).0;
        assert_eq!(charset(&bytes, Format::Text), ("windows-1252", western.to_owned()));
        let bytes = encoding_rs::WINDOWS_1251.encode(RUSSIAN).0;
        assert_eq!(charset(&bytes, Format::Text), ("windows-1251", RUSSIAN.to_owned()));
        let japanese = "市議会は月曜日、川に架かる新しい橋の建設計画を承認した。";
        let bytes = encoding_rs::SHIFT_JIS.encode(japanese).0;
        assert_eq!(charset(&bytes, Format::Text), ("Shift_JIS", japanese.to_owned()));
    }

    #[test]
    fn iso_2022_jp_is_seen_by_its_switches() {
        let japanese = "市議会は月曜日、橋の計画を承認した。";
        let bytes = b"\x1b$B;T5D2q$O7nMKF|!\"66$N7W2h$r>5G'$7$?!#\x1b(B";
        for format in [Format::Text, Format::Html] {
            assert_eq!(charset(bytes, format), ("ISO-2022-JP", japanese.to_owned()));
        }
        // What a terminal is told, and a switch to what are no such characters.
        assert_eq!(charset(b"\x1b(Bplain \x1b[1mtext", Format::Text).0, "UTF-8");
        assert_eq!(charset(b"\x1b$B\x01\x02\x03\x04", Format::Text).0, "UTF-8");
    }

    #[test]
    fn utf_16_without_a_mark_is_seen_by_its_zeros() {
        let wide: Vec<u8> = "A plain story.\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(charset(&wide, Format::Text), ("UTF-16LE", "A plain story.\n".to_owned()));
        let numbers: Vec<u8> = (0..200_u16).flat_map(u16::to_le_bytes).collect();
        assert_eq!(utf16(&numbers), None);
    }

    #[test]
    fn utf_8_with_a_few_damaged_characters_stays_utf_8() {
        let mut bytes = "Köln, Düsseldorf, Würzburg, Nürnberg: ".repeat(3).into_bytes();
        bytes.extend(b"K\xf6ln");
        let (name, text) = charset(&bytes, Format::Text);
        assert_eq!(name, "UTF-8");
        assert!(text.starts_with("Köln") && text.ends_with("K\u{fffd}ln"));
        // Cut off inside its last character.
        assert_eq!(charset(&"naïve café"[..].as_bytes()[..11], Format::Text).0, "UTF-8");
    }

    #[test]
    fn utf_32_is_refused_with_advice() {
        let refused = decode(b"\xff\xfe\0\0a\0\0\0".to_vec(), Format::Text).err().expect("a refusal");
        assert_eq!(refused.reason, Reason::BadCharset);
    }
}
