//! Which encoding a document is in, and its text.
//!
//! In order of trust: a byte order mark; bytes that are valid UTF-8 beyond ASCII, which no other encoding produces by
//! chance; what an HTML page declares; UTF-16 by its zero bytes; UTF-8 with a few damaged characters; detection.
//! A declaration comes after valid UTF-8 because crawlers re-encode pages and leave the declaration as it was.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Format;
use super::prescan;
use super::rejected::{Reason, Rejected};

/// How many well-formed non-ASCII characters stand against one damaged place before a text counts as damaged UTF-8.
/// Two-byte East Asian encodings look like UTF-8 by chance in at most one character of four.
const UTF8_MAJORITY: usize = 4;
/// Bytes looked at for the zero bytes of UTF-16.
const UTF16_SAMPLE_BYTES: usize = 1024;
/// Replacement characters above one in this many mean that the text is lost.
const DAMAGED_ONE_IN: usize = 10;

/// A document's text, without its byte order mark, and the encoding that it was in.
pub(super) struct Decoded {
    pub text: String,
    pub encoding: &'static Encoding,
}

/// Decodes a whole document; takes the bytes because valid UTF-8, the common case, is not copied.
pub(super) fn decode(bytes: Vec<u8>, format: Format) -> Result<Decoded, Rejected> {
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        let rejected = Rejected::new(Reason::BadCharset, "the file is in UTF-32", "save it in UTF-8");
        return Err(rejected);
    }
    let encoding = choose(&bytes, format);
    if encoding == UTF_8 {
        let bytes = match String::from_utf8(bytes) {
            Ok(mut text) => {
                if text.starts_with('\u{feff}') {
                    text.drain(..'\u{feff}'.len_utf8());
                }
                return Ok(Decoded { text, encoding });
            }
            Err(error) => error.into_bytes(),
        };
        return finish(encoding.decode_with_bom_removal(&bytes), encoding);
    }
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

fn choose(bytes: &[u8], format: Format) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    let (wide, damaged) = utf8_census(bytes);
    if damaged == 0 && wide > 0 && !bytes.contains(&0) {
        return UTF_8;
    }
    let declared = if format == Format::Html { prescan::declared(bytes) } else { None };
    match declared {
        Some(encoding) if encoding != UTF_8 => return encoding,
        _ => {}
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

/// Well-formed characters beyond ASCII, and places where the bytes are not UTF-8.
fn utf8_census(bytes: &[u8]) -> (usize, usize) {
    if bytes.is_ascii() {
        return (0, 0);
    }
    let (mut wide, mut damaged) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        // A character has one byte that is no continuation byte.
        wide += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        damaged += usize::from(!chunk.invalid().is_empty());
    }
    (wide, damaged)
}

/// UTF-16 by its byte order mark, or by zero bytes that stand in one half of the byte pairs and hardly in the other.
pub(super) fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    match Encoding::for_bom(bytes) {
        Some((encoding, _)) if encoding == UTF_8 => return None,
        Some((encoding, _)) => return Some(encoding),
        None => {}
    }
    let sample = &bytes[..bytes.len().min(UTF16_SAMPLE_BYTES)];
    let pairs = sample.len() / 2;
    let zeros = |offset: usize| sample.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    // Letters of Latin scripts have a zero half; a fifth of the pairs leaves room for other scripts between spaces.
    match pairs {
        0 | 1 => None,
        _ if second * 5 >= pairs && first * 20 <= second => Some(UTF_16LE),
        _ if first * 5 >= pairs && second * 20 <= first => Some(UTF_16BE),
        _ => None,
    }
}

/// The first bytes of a file as something that can be sniffed: UTF-16 turned into UTF-8, without a byte order mark.
pub(super) fn head_text(head: &[u8]) -> Cow<'_, [u8]> {
    match utf16(head) {
        Some(encoding) => Cow::Owned(encoding.decode_with_bom_removal(head).0.into_owned().into_bytes()),
        None => Cow::Borrowed(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head)),
    }
}
