//! Half surrogate pairs in JSON: what programs write that cut a string in the middle of an emoji.
//!
//! The grammar of JSON allows them, and no Unicode text can hold them (RFC 8259, section 8.2).

/// What stands for a half that has no other.
const REPLACEMENT: &[u8] = b"\\ufffd";
/// Bytes of `\ud83d`.
const ESCAPE: usize = 6;

/// The same JSON with U+FFFD for each half without its other; `None` when there is none.
pub(super) fn replace_lone(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut out: Vec<u8> = Vec::new();
    let (mut kept, mut at) = (0, 0);
    while let Some(next) = bytes[at..].iter().position(|&byte| byte == b'\\') {
        at += next;
        match (unit(&bytes[at..]), unit(bytes.get(at + ESCAPE..).unwrap_or_default())) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => at += 2 * ESCAPE,
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(&bytes[kept..at]);
                out.extend_from_slice(REPLACEMENT);
                at += ESCAPE;
                kept = at;
            }
            // The escaped character may be a backslash itself.
            _ => at = (at + 2).min(bytes.len()),
        }
    }
    if kept == 0 {
        return None;
    }
    out.extend_from_slice(&bytes[kept..]);
    String::from_utf8(out).ok()
}

/// The code unit that an escape `\uXXXX` at the beginning of `bytes` names.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..ESCAPE)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)? as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        assert_eq!(replace_lone(r#"{"a": "\ud83d\ude00 \\ud83d é \u00e9 \n"}"#), None);
        let replaced = |json| replace_lone(json).expect("a half");
        assert_eq!(replaced(r#""a\ud83d""#), r#""a\ufffd""#);
        assert_eq!(replaced(r#""\uDE00\ud83d\ud83d\ude00\\\udc00é""#), r#""\ufffd\ufffd\ud83d\ude00\\\ufffdé""#);
        assert_eq!(replace_lone("\\"), None);
        assert_eq!(replace_lone("\\ud83"), None);
    }
}
