//! JSON as web pages write it: in comments, with trailing commas and raw line ends, HTML-escaped.
//!
//! Only mends that cannot change the meaning are tried; what is still no JSON is skipped.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};
use serde_json::Value;

/// The longest name of a character in HTML is 32 bytes with its semicolon; longer numbers are none.
const MAX_REFERENCE_BYTES: usize = 33;

/// Reads one script: as it is, else with the mends of [`repaired`], else HTML-unescaped and repaired.
pub(super) fn read(text: &str) -> Option<Value> {
    let text = text.trim().trim_start_matches("<!--").trim_end_matches("-->").trim();
    let text = text
        .trim_start_matches("//<![CDATA[")
        .trim_start_matches("<![CDATA[")
        .trim_end_matches("//]]>")
        .trim_end_matches("]]>");
    let text = text.trim().trim_end_matches(';').trim_start_matches('\u{feff}');
    if text.is_empty() {
        return None;
    }
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&repaired(text)).ok()).or_else(|| {
        // Once only: what is escaped inside its strings must not end them.
        let plain = decoded(text, reference);
        serde_json::from_str(&plain).ok().or_else(|| serde_json::from_str(&repaired(&plain)).ok())
    })
}

/// Escapes line ends inside strings, drops commas before a closing bracket and what follows the first whole value.
fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut in_string, mut escaped) = (false, false);
    let mut depth = 0usize;
    for c in text.chars() {
        if in_string {
            match c {
                _ if escaped => {
                    escaped = false;
                    // JavaScript's escapes that JSON does not know.
                    match c {
                        '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u' => out.push(c),
                        _ => {
                            out.pop();
                            out.push(c);
                        }
                    }
                    continue;
                }
                '\\' => escaped = true,
                '"' => in_string = false,
                '\n' => {
                    out.push_str("\\n");
                    continue;
                }
                '\r' => continue,
                '\t' => {
                    out.push_str("\\t");
                    continue;
                }
                c if c.is_control() => continue,
                _ => {}
            }
            out.push(c);
            continue;
        }
        match c {
            '"' => in_string = true,
            '{' | '[' => depth += 1,
            '}' | ']' => {
                let kept = out.trim_end().len();
                out.truncate(kept);
                if out.ends_with(',') {
                    out.pop();
                }
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    out.push(c);
                    break;
                }
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The text of a field without the references that a template engine wrote into it by mistake, escaped once or twice.
pub(super) fn unescaped(text: &str) -> String {
    decoded(text, |rest| {
        let (first, len) = reference(rest)?;
        // "&amp;eacute;" was escaped by the template and again by what embeds it.
        let twice = first.starts_with('&').then(|| reference_after(&rest[len..])).flatten();
        Some(twice.map_or((first, len), |(second, more)| (second, len + more)))
    })
}

/// A text with what `reference` makes of each `&` and of what follows it.
fn decoded(text: &str, reference: impl Fn(&str) -> Option<(String, usize)>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (plain, len) = reference(rest).unwrap_or_else(|| ("&".to_owned(), 1));
        out.push_str(&plain);
        rest = &rest[len..];
    }
    out.push_str(rest);
    out
}

/// The reference that a text begins with, decoded, and its length in bytes.
fn reference(text: &str) -> Option<(String, usize)> {
    let (plain, len) = reference_after(text.strip_prefix('&')?)?;
    Some((plain, len + 1))
}

/// As [`reference`], for what follows the `&`: a name or a number, closed by a semicolon.
fn reference_after(text: &str) -> Option<(String, usize)> {
    let end = text.bytes().take(MAX_REFERENCE_BYTES).position(|b| !b.is_ascii_alphanumeric() && b != b'#')?;
    if text.as_bytes()[end] != b';' {
        return None;
    }
    let len = end + 1;
    let Some(number) = text[..end].strip_prefix('#') else {
        let &(first, second) = NAMED_ENTITIES.get(&text[..len])?;
        let plain: String = [first, second].into_iter().filter(|&c| c != 0).filter_map(char::from_u32).collect();
        return (!plain.is_empty()).then(|| (plain.replace('\u{a0}', " "), len));
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let c = match code {
        0 => return None,
        0xa0 => ' ',
        // What these numbers mean in windows-1252, as in browsers.
        0x80..=0x9f => C1_REPLACEMENTS[code as usize - 0x80]?,
        _ => char::from_u32(code)?,
    };
    Some((c.to_string(), len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_do_not_touch_what_stands_inside_strings() {
        let value = read("{\"a\": \"one, ] two\\' \n three\",}").expect("JSON");
        assert_eq!(value["a"], "one, ] two' \n three");
    }

    #[test]
    fn every_reference_is_decoded_once_or_twice_and_nothing_else() {
        for (written, plain) in [
            ("Mar&iacute;a L&oacute;pez", "María López"),
            ("Ren&#233;e O&#x27;Neil &#X2014; &#150;", "Renée O'Neil — –"),
            ("the mayor&amp;#039;s &amp;quot;plan&amp;quot;", "the mayor's \"plan\""),
            ("Salt &amp; Light&nbsp;&hellip;", "Salt & Light …"),
            ("&NotEqualTilde;", "≂̸"),
            (
                "AT&T, R&B; &unknown; &; &#0; &#xD800; &#99999999999; &amp",
                "AT&T, R&B; &unknown; &; &#0; &#xD800; &#99999999999; &amp",
            ),
            ("&amp;amp;amp;", "&amp;"),
        ] {
            assert_eq!(unescaped(written), plain, "{written}");
        }
    }

    #[test]
    fn an_escaped_script_keeps_what_its_strings_escape() {
        let value = read("{&quot;a&quot;: &quot;The &amp;quot;new&amp;quot; bridge&quot;}").expect("JSON");
        assert_eq!(value["a"], "The &quot;new&quot; bridge");
    }

    #[test]
    fn what_is_no_json_is_skipped() {
        for text in ["", "not json", "{", "[1, 2", "<!-- -->"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
