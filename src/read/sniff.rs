//! Which format a file is in: by the ending of its name, else by its first bytes.
//!
//! Follows the WHATWG MIME Sniffing Standard for HTML and for binary data; the rest of its tables is not needed here.

use super::rejected::{Reason, Rejected};
use super::{capture, charset};

/// How a file is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    Text,
    Html,
    /// One record a line.
    Lines,
    /// One record, an array of records, or records one after the other.
    Values,
}

const TAGS: [&[u8]; 19] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
    b"<article",
    b"<section",
    b"<meta",
];

/// First bytes of binary files that end up in inboxes, with what to call them.
const SIGNATURES: [(&[u8], &str); 16] = [
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a", "a RAR archive"),
    (b"\x7fELF", "an ELF program"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"OggS", "an Ogg file"),
    (b"ID3", "an MP3 file"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"wOF", "a web font"),
];

/// Decides by `name` (lower case) and `head`, the first bytes of the decompressed file.
pub(super) fn layout(name: &str, head: &[u8]) -> Result<Layout, Rejected> {
    let inner = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let ending = inner.rsplit_once('.').map_or("", |(_, ending)| ending);
    if charset::utf16(head).is_none() {
        refuse_binary(head)?;
    }
    let text = charset::head_text(head);
    let text = text.trim_ascii_start();
    capture::refuse_archive(text)?;
    let text = text[capture::body_start(text)..].trim_ascii_start();
    match ending {
        "html" | "htm" | "xhtml" => Ok(Layout::Html),
        // A page saved under a text's name is still a page.
        "txt" | "text" | "md" if is_page(text) => Ok(Layout::Html),
        "txt" | "text" | "md" => Ok(Layout::Text),
        "json" => Ok(Layout::Values),
        // An array or a record over several lines under the ending of the other format.
        "jsonl" | "ndjson" if text.starts_with(b"[") || first_line(text) == b"{" => Ok(Layout::Values),
        "jsonl" | "ndjson" => Ok(Layout::Lines),
        _ => sniffed(text, ending),
    }
}

fn sniffed(text: &[u8], ending: &str) -> Result<Layout, Rejected> {
    let after = |bytes: &[u8]| text[1..].trim_ascii_start().first().is_none_or(|byte| bytes.contains(byte));
    match text.first() {
        Some(b'<') if is_html(text) => Ok(Layout::Html),
        Some(b'{') if after(b"\"}") => Ok(Layout::Values),
        Some(b'[') if after(b"{]") => Ok(Layout::Values),
        Some(b'<') if text.starts_with(b"<?xml") || is_element(text) => {
            let message = format!("the file looks like XML, in no format that is read here (ending `{ending}`)");
            let advice = "give it the ending .html if it is a page, or extract its articles as .html, .txt or .json";
            Err(Rejected::new(Reason::UnknownFormat, message, advice))
        }
        _ => Ok(Layout::Text),
    }
}

/// A document element or a doctype at the very start: nothing that a plain text begins with.
fn is_page(text: &[u8]) -> bool {
    TAGS[..2].iter().any(|tag| starts_with_tag(text, tag))
}

fn is_html(text: &[u8]) -> bool {
    let mut rest = text;
    // Comments and the XML declaration may stand before the first tag.
    for _ in 0..16 {
        let end = if rest.starts_with(b"<!--") {
            find(rest, b"-->").map(|at| at + 3)
        } else if rest.starts_with(b"<?") {
            find(rest, b">").map(|at| at + 1)
        } else {
            return TAGS.iter().any(|tag| starts_with_tag(rest, tag));
        };
        match end {
            Some(end) => rest = rest[end..].trim_ascii_start(),
            None => return rest.starts_with(b"<!--"),
        }
    }
    false
}

fn starts_with_tag(text: &[u8], tag: &[u8]) -> bool {
    text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag))
        && text.get(tag.len()).is_none_or(|byte| matches!(byte, b'>' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0c' | b'/'))
}

/// `<name …` with a closing `>`: markup of some kind, as against a text that begins with a less-than sign.
fn is_element(text: &[u8]) -> bool {
    text.get(1).is_some_and(u8::is_ascii_alphabetic) && text[..text.len().min(1024)].contains(&b'>')
}

fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}

fn first_line(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii()
}

/// More than one byte in this many that no text holds makes a file binary; real texts with a stray control character
/// stay far below, compressed or random bytes lie near one in ten.
const BINARY_ONE_IN: usize = 50;

/// Refuses known binary formats by name, and others by their share of control characters.
fn refuse_binary(head: &[u8]) -> Result<(), Rejected> {
    let advice = "extract the article as .html, .txt or .json";
    if let Some((_, what)) = SIGNATURES.iter().find(|(bytes, _)| head.starts_with(bytes)) {
        // A signature of letters may also begin a text; what follows in a binary file is not text.
        if head.iter().any(|byte| is_binary(*byte)) || std::str::from_utf8(head).is_err() || head.starts_with(b"%PDF-")
        {
            return Err(Rejected::new(Reason::NotText, format!("the file is {what}"), advice));
        }
    }
    // Counted in bytes as far as these hold it: wider counts take the processor several times as long.
    let in_chunk = |chunk: &[u8]| usize::from(chunk.iter().map(|byte| u8::from(is_binary(*byte))).sum::<u8>());
    let binary: usize = head.chunks(usize::from(u8::MAX)).map(in_chunk).sum();
    if binary * BINARY_ONE_IN > head.len() {
        return Err(Rejected::new(Reason::NotText, "the file is binary data, not text", advice));
    }
    Ok(())
}

/// "Binary data byte" of the MIME Sniffing Standard.
fn is_binary(byte: u8) -> bool {
    // Without branches, for 16 bytes at a time.
    (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != 0x0c) & (byte != b'\r') & (byte != 0x1b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, head: &str) -> Layout {
        layout(name, head.as_bytes()).expect("a format that is read")
    }

    #[test]
    fn the_ending_decides_where_it_is_known() {
        assert_eq!(at("a.htm", "no tag at all"), Layout::Html);
        assert_eq!(at("a.md", "# A <b>heading</b>"), Layout::Text);
        assert_eq!(at("a.json.gz", "{}"), Layout::Values);
        assert_eq!(at("a.ndjson.zst", "{}"), Layout::Lines);
    }

    #[test]
    fn an_unknown_ending_is_sniffed() {
        assert_eq!(at("page", "\n <!-- saved --> <!DOCTYPE html><p>x"), Layout::Html);
        assert_eq!(at("page.php", "<?xml version=\"1.0\"?>\n<html lang=en>"), Layout::Html);
        assert_eq!(at("export", "  {\"text\": \"x\"}"), Layout::Values);
        assert_eq!(at("export", "[ {\"text\": \"x\"}]"), Layout::Values);
        assert_eq!(at("story", "[Updated] A headline"), Layout::Text);
        assert_eq!(at("story", "<3 is a heart"), Layout::Text);
    }

    #[test]
    fn markup_that_is_no_page_is_refused() {
        let refused = layout("feed.xml", b"<?xml version=\"1.0\"?><rss><channel>").unwrap_err();
        assert_eq!(refused.reason, Reason::UnknownFormat);
    }

    #[test]
    fn a_page_under_the_name_of_a_text_is_a_page() {
        assert_eq!(at("a.txt", "<!doctype HTML>\n<p>x"), Layout::Html);
    }

    #[test]
    fn a_pretty_printed_record_under_the_name_of_lines_is_one_record() {
        assert_eq!(at("a.jsonl", "{\n  \"text\": 1\n}"), Layout::Values);
    }

    #[test]
    fn a_saved_response_is_what_it_brought() {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n";
        assert_eq!(at("response", &format!("{head}<html><p>x")), Layout::Html);
        assert_eq!(at("response.txt", &format!("{head}<!doctype html><p>x")), Layout::Html);
        assert_eq!(at("response", &format!("{head}A story.")), Layout::Text);
        let archive = b"WARC/1.1\r\nWARC-Type: warcinfo\r\n\r\n";
        assert_eq!(layout("page.html", archive).unwrap_err().reason, Reason::UnknownFormat);
    }

    #[test]
    fn binary_data_is_refused_by_name_or_by_its_control_characters() {
        assert_eq!(layout("a.txt", b"%PDF-1.7\n").unwrap_err().message, "the file is a PDF");
        assert_eq!(layout("a.html", b"a\x00b\x01c").unwrap_err().reason, Reason::NotText);
        assert_eq!(at("a.txt", "GIF89 is an image format, said its author"), Layout::Text);
        assert_eq!(at("a.txt", &format!("one stray \u{8} control {}", "word ".repeat(20))), Layout::Text);
    }
}
