//! JSON as web pages write it: in comments, with trailing commas and raw line ends, HTML-escaped.
//!
//! Only mends that cannot change the meaning are tried; what is still no JSON is skipped.

use serde_json::Value;

use crate::clean::references::{decoded, reference};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_do_not_touch_what_stands_inside_strings() {
        let value = read("{\"a\": \"one, ] two\\' \n three\",}").expect("JSON");
        assert_eq!(value["a"], "one, ] two' \n three");
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
