//! What crawlers and browsers save around a page: the head of an HTTP response, which is skipped, and archives of several
//! parts, which are refused rather than published with their headers as text.

use super::rejected::{Reason, Rejected};

/// Longest head that is looked through; servers refuse far shorter ones.
const MAX_HEAD_BYTES: usize = 64 << 10;
/// Heads in a row that are skipped: those of redirects stand before the page's own.
const MAX_HEADS: usize = 16;

/// Where the document begins behind the heads of saved HTTP responses; 0 where the bytes do not begin with one.
pub(super) fn body_start(bytes: &[u8]) -> usize {
    let mut start = 0;
    for _ in 0..MAX_HEADS {
        match response_head(&bytes[start..]) {
            Some(len) => start += len,
            None => break,
        }
    }
    start
}

/// Refuses archives of pages by name.
pub(super) fn refuse_archive(text: &[u8]) -> Result<(), Rejected> {
    let (first, rest) = split_line(text);
    let what = if first.starts_with(b"WARC/") && fields(rest).is_some_and(|head| contains(head, b"warc-type")) {
        "a WARC archive of fetched pages"
    } else if fields(text).is_some_and(|head| contains(head, b"mime-version") && contains(head, b"multipart/")) {
        "a MIME message of several parts, as browsers save a page with its images (MHTML)"
    } else {
        return Ok(());
    };
    let advice = "extract its pages as .html, one file each";
    Err(Rejected::new(Reason::UnknownFormat, format!("the file is {what}"), advice))
}

/// The length of an HTTP response's head with its blank line: a status line, and header fields below it.
fn response_head(bytes: &[u8]) -> Option<usize> {
    let (first, rest) = split_line(bytes.strip_prefix(b"HTTP/")?);
    let mut words = first.splitn(3, |byte| *byte == b' ');
    let (version, status) = (words.next()?, words.next()?);
    let is_version = matches!(version, [b'1'..=b'3'] | [b'0'..=b'1', b'.', b'0'..=b'9']);
    if !is_version || status.len() != 3 || !status.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let head = fields(rest)?;
    let blank = &rest[head.len()..];
    Some(bytes.len() - split_line(blank).1.len())
}

/// The header fields that a text begins with, as far as the blank line behind them; `None` where it does not begin so, or
/// where no blank line follows.
fn fields(text: &[u8]) -> Option<&[u8]> {
    let mut rest = &text[..text.len().min(MAX_HEAD_BYTES)];
    let mut len = 0;
    loop {
        let (line, after) = split_line(rest);
        if line.is_empty() {
            return (len > 0 && !rest.is_empty()).then_some(&text[..len]);
        }
        let is_folded = len > 0 && matches!(line[0], b' ' | b'\t');
        let name = line.iter().position(|byte| *byte == b':').map_or(&line[..0], |colon| &line[..colon]);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !is_folded && (name.is_empty() || !name.iter().all(is_name)) {
            return None;
        }
        len += rest.len() - after.len();
        rest = after;
    }
}

/// The first line without its end, and what follows it.
fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| *byte == b'\n');
    let (line, rest) = end.map_or((text, &text[text.len()..]), |end| (&text[..end], &text[end + 1..]));
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> &str {
        &text[body_start(text.as_bytes())..]
    }

    #[test]
    fn the_heads_of_responses_are_skipped_and_nothing_else() {
        let page = "<!doctype html>\n\n<p>x";
        for head in [
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-A: b\r\n\r\n",
            "HTTP/2 200\nserver: x\n\n",
            "HTTP/1.1 301 Moved\r\nLocation: /a\r\n\r\nHTTP/1.1 200 OK\r\nVary: a,\r\n b\r\n\r\n",
        ] {
            assert_eq!(body(&format!("{head}{page}")), page, "{head}");
        }
        for text in [
            page,
            "HTTP/2 200\n\nis what a browser hopes for.",
            "HTTP/2 explained\n\nName: value\n\nx",
            "HTTP/1.1 200 OK\nA story begins here, it seems.\n\nx",
            "HTTP/1.1 200 OK\nA: b",
            "HTTP/1.1 20",
            "HTTP/",
            "",
        ] {
            assert_eq!(body(text), text);
        }
    }

    #[test]
    fn archives_of_pages_are_refused_by_name() {
        let warc = "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n";
        let mhtml = "From: <Saved by a browser>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\r\n--a\r\n";
        for archive in [warc, mhtml] {
            assert_eq!(refuse_archive(archive.as_bytes()).unwrap_err().reason, Reason::UnknownFormat, "{archive}");
        }
        for text in [
            "WARC/1.0 is how archives begin\n\nx",
            "From: the harbour\nTo: the island\n\nA letter.",
            "Headline\n\nMIME-Version: 1.0\nContent-Type: multipart/related\n\n",
        ] {
            assert!(refuse_archive(text.as_bytes()).is_ok(), "{text}");
        }
    }
}
