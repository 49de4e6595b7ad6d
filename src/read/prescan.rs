//! The encoding that an HTML page declares: the prescan of the HTML Standard ("prescan a byte stream to determine its
//! encoding"), without building a tree.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far a declaration is looked for. The standard prescans 1,024 bytes but lets a later declaration win while the
/// page is parsed; this many bytes covers both.
const PRESCAN_BYTES: usize = 8192;

/// The encoding that the first declaration of a page names; `None` without one, or with one that nobody knows.
pub(super) fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let mut rest = &bytes[..bytes.len().min(PRESCAN_BYTES)];
    if let Some(encoding) = xml_declaration(rest) {
        return Some(encoding);
    }
    loop {
        let at = rest.iter().position(|byte| *byte == b'<')?;
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix(b"<!--") {
            // The two dashes that open a comment may also close it.
            let end = rest[2..].windows(3).position(|window| window == b"-->").map(|at| at + 5);
            rest = end.map_or(&after[after.len()..], |end| &rest[end..]);
        } else if starts_with_name(rest, b"<meta") {
            let mut attributes = Attributes { rest: &rest[5..] };
            if let Some(encoding) = meta(&mut attributes) {
                return Some(encoding);
            }
            rest = attributes.rest;
        } else if rest.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/') {
            let name = rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>')?;
            let mut attributes = Attributes { rest: &rest[name..] };
            while attributes.next().is_some() {}
            rest = attributes.rest;
        } else if matches!(rest.get(1), Some(b'!' | b'?')) {
            rest = &rest[rest.iter().position(|byte| *byte == b'>')?..];
        } else {
            rest = &rest[1..];
        }
    }
}

fn starts_with_name(text: &[u8], name: &[u8]) -> bool {
    text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && text.get(name.len()).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'/')
}

fn xml_declaration(text: &[u8]) -> Option<&'static Encoding> {
    let declaration = text.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..declaration.iter().position(|byte| *byte == b'>')?];
    let at = declaration.windows(8).position(|window| window == b"encoding")?;
    let value = declaration[at + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &value[1..];
    label(&value[..value.iter().position(|byte| byte == quote)?])
}

/// The encoding that one meta element declares.
fn meta(attributes: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let (mut charset, mut content, mut is_content_type) = (None, None, false);
    // The first of several attributes of one name counts.
    for (name, value) in attributes.by_ref() {
        if name.eq_ignore_ascii_case(b"charset") {
            charset = charset.or(Some(value));
        } else if name.eq_ignore_ascii_case(b"http-equiv") {
            is_content_type |= value.eq_ignore_ascii_case(b"content-type");
        } else if name.eq_ignore_ascii_case(b"content") {
            content = content.or_else(|| charset_of_content(value));
        }
    }
    charset.or(content.filter(|_| is_content_type)).and_then(label)
}

/// The value after `charset=` in the value of a content attribute.
fn charset_of_content(content: &[u8]) -> Option<&[u8]> {
    let mut rest = content;
    loop {
        let at = rest.windows(7).position(|window| window.eq_ignore_ascii_case(b"charset"))?;
        rest = &rest[at + 7..];
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        return match value.first()? {
            quote @ (b'"' | b'\'') => {
                let value = &value[1..];
                value.iter().position(|byte| byte == quote).map(|end| &value[..end])
            }
            _ => {
                let end = value.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b';');
                Some(&value[..end.unwrap_or(value.len())])
            }
        };
    }
}

/// A page that could be prescanned is not in UTF-16, whatever it says.
fn label(name: &[u8]) -> Option<&'static Encoding> {
    match Encoding::for_label(name)? {
        encoding if encoding == UTF_16LE || encoding == UTF_16BE => Some(UTF_8),
        encoding if encoding.name() == "x-user-defined" => Some(encoding_rs::WINDOWS_1252),
        encoding if encoding.name() == "replacement" => None,
        encoding => Some(encoding),
    }
}

/// The attributes of one tag, as the standard's "get an attribute" reads them.
struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.rest.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != b'/');
        self.rest = &self.rest[start.unwrap_or(self.rest.len())..];
        if matches!(self.rest.first(), None | Some(b'>')) {
            return None;
        }
        let name_ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>' | b'=');
        // An equals sign in front belongs to the name.
        let end = self.rest.iter().skip(1).position(name_ends).map_or(self.rest.len(), |end| end + 1);
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else { return Some((name, b"")) };
        let value = value.trim_ascii_start();
        let (value, rest) = match value.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let value = &value[1..];
                let end = value.iter().position(|byte| byte == quote).unwrap_or(value.len());
                (&value[..end], value.get(end + 1..).unwrap_or_default())
            }
            _ => {
                let end = value.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'>');
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        self.rest = rest;
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(page: &str) -> Option<&'static str> {
        declared(page.as_bytes()).map(|encoding| encoding.name())
    }

    #[test]
    fn both_forms_of_the_meta_element_declare() {
        assert_eq!(name("<html><META charset=koi8-r>"), Some("KOI8-R"));
        assert_eq!(name("<meta http-equiv='Content-Type' content='text/html; charset=gb2312'>"), Some("GBK"));
        assert_eq!(
            name("<meta content=\"text/html; charset = 'latin1'\" http-equiv=content-type />"),
            Some("windows-1252")
        );
    }

    #[test]
    fn a_content_type_needs_its_http_equiv() {
        assert_eq!(name("<meta name=x content='text/html; charset=koi8-r'>"), None);
    }

    #[test]
    fn comments_scripts_attributes_and_names_that_begin_alike_do_not_declare() {
        assert_eq!(name("<!-- <meta charset=koi8-r> --><p>"), None);
        assert_eq!(name("<a title='<meta charset=koi8-r>'>"), None);
        assert_eq!(name("<metadata charset=koi8-r>"), None);
        assert_eq!(name("<!--><meta charset=koi8-r>"), Some("KOI8-R"));
    }

    #[test]
    fn the_xml_declaration_counts_and_utf_16_cannot_be_meant() {
        assert_eq!(name("<?xml version='1.0' encoding='windows-1251'?><html>"), Some("windows-1251"));
        assert_eq!(name("<meta charset=utf-16>"), Some("UTF-8"));
    }

    #[test]
    fn a_page_that_ends_anywhere_is_scanned_without_harm() {
        let page =
            "<!-- x --><p a='b' c=d e><meta http-equiv=content-type content=\"a; charset='x\"><?xml ?><meta charset";
        for end in 0..page.len() {
            let _ = declared(&page.as_bytes()[..end]);
        }
    }
}
