//! References to characters in HTML (`&eacute;`, `&#8217;`), as template engines leave them in fields that are no markup.

use html5ever::data::{C1_REPLACEMENTS, NAMED_ENTITIES};

/// The longest name of a character in HTML is 32 bytes with its semicolon; longer numbers are none.
const MAX_REFERENCE_BYTES: usize = 33;

/// The text of a field without the references that a template engine wrote into it by mistake, escaped once or twice.
pub fn unescaped(text: &str) -> String {
    decoded(text, |rest| {
        let (first, len) = reference(rest)?;
        // "&amp;eacute;" was escaped by the template and again by what embeds it.
        let twice = first.starts_with('&').then(|| reference_after(&rest[len..])).flatten();
        Some(twice.map_or((first, len), |(second, more)| (second, len + more)))
    })
}

/// A text with what `reference` makes of each `&` and of what follows it.
pub fn decoded(text: &str, reference: impl Fn(&str) -> Option<(String, usize)>) -> String {
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
pub fn reference(text: &str) -> Option<(String, usize)> {
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
}
