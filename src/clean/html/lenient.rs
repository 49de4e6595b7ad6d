//! JSON as web pages write it: in comments, with trailing commas, raw line ends and bare quotes, HTML-escaped, cut off.
//!
//! Only mends that cannot change what is said are tried; a value that is still no JSON is skipped.

use serde_json::Value;

use crate::clean::references::{decoded, reference};

/// The values of one script: the whole as it is, else each with the mends of [`repaired`], else HTML-unescaped and repaired.
pub(super) fn read(text: &str) -> Vec<Value> {
    let text = text.trim().trim_start_matches('\u{feff}');
    if text.is_empty() {
        return Vec::new();
    }
    if let Ok(value) = serde_json::from_str(text) {
        return vec![value];
    }
    let all = |text: &str| -> Vec<Value> {
        repaired(text).iter().filter_map(|value| serde_json::from_str(value).ok()).collect()
    };
    let values = all(text);
    // Once only: what is escaped inside its strings must not end them.
    if values.is_empty() && text.contains('&') { all(&decoded(text, reference)) } else { values }
}

/// The objects and lists of a script, one after the other, without comments and what else stands between them.
fn repaired(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut mend = Mend::default();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        at += match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            '<' if rest.starts_with("<![CDATA[") => "<![CDATA[".len(),
            ']' if rest.starts_with("]]>") && mend.open.len() < 2 => "]]>".len(),
            '"' | '\'' if !mend.open.is_empty() => mend.string(rest, c),
            _ => {
                mend.sign(c);
                c.len_utf8()
            }
        };
        if mend.open.is_empty() && !mend.out.is_empty() {
            values.push(std::mem::take(&mut mend.out));
        }
    }
    if !mend.out.is_empty() {
        mend.end();
        values.push(mend.out);
    }
    values
}

/// A value that is being copied.
#[derive(Default)]
struct Mend {
    out: String,
    /// The brackets that are open.
    open: Vec<char>,
}

impl Mend {
    /// Copies a sign outside of strings; none where no value has begun.
    fn sign(&mut self, c: char) {
        match c {
            '{' | '[' => {
                self.open.push(c);
                self.out.push(c);
            }
            '}' | ']' => {
                // One that closes nothing is left out, and what it closes besides its own is closed.
                let own = if c == '}' { '{' } else { '[' };
                if self.open.contains(&own) {
                    while self.close() != Some(own) {}
                }
            }
            ',' => {
                self.fill();
                if !self.out.trim_end().ends_with(['{', '[', ',']) && !self.open.is_empty() {
                    self.out.push(c);
                }
            }
            _ if !self.open.is_empty() => self.out.push(c),
            _ => {}
        }
    }

    /// A value where none stands behind a colon.
    fn fill(&mut self) {
        if self.out.trim_end().ends_with(':') {
            self.out.push_str("null");
        }
    }

    /// Closes the innermost bracket.
    fn close(&mut self) -> Option<char> {
        self.fill();
        let kept = self.out.trim_end().trim_end_matches(',').len();
        self.out.truncate(kept);
        let open = self.open.pop();
        self.out.push(if open == Some('{') { '}' } else { ']' });
        open
    }

    /// Closes what a script that is cut off leaves open.
    fn end(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    /// Copies the string at the beginning of a text and returns its length there.
    fn string(&mut self, text: &str, quote: char) -> usize {
        let start = self.out.len();
        let before = self.out.trim_end();
        let is_key = self.open.last() == Some(&'{') && before.ends_with(['{', ',']);
        self.out.push('"');
        let mut chars = text.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                // JavaScript's escapes that JSON does not know.
                '\\' => match chars.next() {
                    Some((_, c @ ('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't' | 'u'))) => self.out.extend(['\\', c]),
                    Some((_, c)) if !c.is_control() => self.out.push(c),
                    _ => {}
                },
                c if c == quote && is_end(&text[at + 1..], is_key) => {
                    self.out.push('"');
                    return at + 1;
                }
                '"' => self.out.push_str("\\\""),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                c if c.is_control() => {}
                c => self.out.push(c),
            }
        }
        if is_key {
            self.out.truncate(start)
        } else {
            self.out.push('"')
        }
        text.len()
    }
}

/// Whether a quote is the end of its string, by what follows it: a quote in a text is followed by more of the text.
fn is_end(rest: &str, is_key: bool) -> bool {
    let rest = rest.trim_start();
    match rest.chars().next() {
        Some(':') => is_key,
        Some('}' | ']') | None => !is_key,
        Some(',') => {
            let begins =
                |c: char| matches!(c, '"' | '\'' | '{' | '[' | '}' | ']' | ',' | '/' | '-') || c.is_ascii_digit();
            let next = rest[1..].trim_start();
            !is_key
                && (next.is_empty()
                    || next.starts_with(begins)
                    || ["true", "false", "null"].iter().any(|word| next.starts_with(word)))
        }
        Some('/') => rest.starts_with("//") || rest.starts_with("/*"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mends_do_not_touch_what_stands_inside_strings() {
        let value = read("{\"a\": \"one, ] two\\' // three /* \n four\",}");
        assert_eq!(value[0]["a"], "one, ] two' // three /* \n four");
    }

    #[test]
    fn what_sites_get_wrong_is_mended() {
        for script in [
            r#"{"a": 1,, "b": "x",}"#,
            r#"{"a": 1, // one
                "b": "x" /* two */}"#,
            "/* <![CDATA[ */ {\"a\": 1, \"b\": \"x\"} /* ]]> */",
            "//<![CDATA[\n{\"a\": 1, \"b\": \"x\"}\n//]]>",
            r#"{"a": 1, "c": "The "new", if small, line", "b": "x"}"#,
            r#"{"a": 1, "c":, "b": "x"}"#,
            r#"{"a": 1, "b": "x""#,
            r#"{"a": 1, "b": "x", "c"#,
            r#"{"a": 1, "b": "x", "c": {"d": "The coun"#,
            r#"{'a': 1, 'b': 'x', 'c': 'the "new" line'}"#,
            r#"var data = {"a": 1, "b": "x"};"#,
        ] {
            let values = read(script);
            assert_eq!(values.len(), 1, "{script}");
            assert_eq!(values[0]["a"], 1, "{script}");
            assert_eq!(values[0]["b"], "x", "{script}: {values:?}");
        }
        let two = read("{\"a\": 1}\n{\"b\": 2}, [3]");
        assert_eq!(two.len(), 3, "{two:?}");
        assert_eq!(read(r#"{"c": "The "new", if small, line"}"#)[0]["c"], "The \"new\", if small, line");
    }

    #[test]
    fn an_escaped_script_keeps_what_its_strings_escape() {
        let value = read("{&quot;a&quot;: &quot;The &amp;quot;new&amp;quot; bridge&quot;}");
        assert_eq!(value[0]["a"], "The &quot;new&quot; bridge");
    }

    #[test]
    fn what_is_no_json_is_skipped() {
        for text in ["", "not json", "<!-- -->", "\"", "}]"] {
            assert_eq!(read(text), Vec::<Value>::new(), "{text}");
        }
    }
}
