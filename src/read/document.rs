//! A piece → a document: identity, decoding, and what the record or the sidecar says. Pure; runs on any thread.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

use crate::article::{Document, Given, GivenFrom, InputId, MediaType, SIDECAR_ENDING};

use super::capture;
use super::charset::{self, Decoded};
use super::record::Fields;
use super::rejected::{Reason, Rejected};
use super::{Format, Origin, Piece, Settings};

const WHAT_A_RECORD_NEEDS: &str =
    "give the record `html` or `text` (or `content`, `body`, `maintext`, `articleBody`, `raw_html`)";

/// Turns one piece into a document; its identity is the hash of the piece's bytes as they were found.
///
/// A rejected record carries its own bytes, so that it can be set aside alone.
pub fn document(piece: Piece, origin: &Origin, settings: &Settings) -> Result<Document, Rejected> {
    let (record, line) = (piece.record, piece.line);
    match piece.format {
        Format::Record => {
            // Kept for the report: parsing decodes into strings of its own.
            let bytes = piece.bytes.clone();
            from_record(piece, origin, settings).map_err(|rejected| {
                let rejected = rejected.at(record, line);
                if record.is_some() { rejected.with_bytes(bytes) } else { rejected }
            })
        }
        Format::Text | Format::Html => from_file(piece, origin, settings),
    }
}

fn from_file(mut piece: Piece, origin: &Origin, settings: &Settings) -> Result<Document, Rejected> {
    let (input, bytes) = (InputId::of(&piece.bytes), piece.bytes.len() as u64);
    let sidecar = sidecar(origin, settings)?;
    piece.bytes.drain(..capture::body_start(&piece.bytes));
    let Decoded { text: content, encoding } = charset::decode(piece.bytes, piece.format)?;
    refuse_blank(&content)?;
    let media_type = if piece.format == Format::Html { MediaType::Html } else { MediaType::Text };
    let from_sidecar = sidecar.is_some();
    let fields = sidecar.unwrap_or_default();
    let external_id = fields.id.clone();
    let (path, folder, charset) = (origin.path.clone(), origin.folder.clone(), encoding.name().to_owned());
    let given = given(fields, from_sidecar);
    Ok(Document { input, path, external_id, media_type, charset, bytes, content, given, folder })
}

fn from_record(piece: Piece, origin: &Origin, settings: &Settings) -> Result<Document, Rejected> {
    let (input, bytes) = (InputId::of(&piece.bytes), piece.bytes.len() as u64);
    let Decoded { text: json, encoding } = charset::decode(piece.bytes, Format::Record)?;
    let mut fields = Fields::parse(&json).map_err(|error| {
        let message = format!("the record is not sound JSON: {error}");
        Rejected::new(Reason::BadJson, message, "write the record again as one JSON object")
    })?;
    drop(json);
    let (media_type, content) = body(&mut fields).map_err(|rejected| {
        if piece.record.is_some() || !origin.path.ends_with(SIDECAR_ENDING) {
            return rejected;
        }
        let message = "a sidecar, but its document is not there or was read before it came";
        let advice = "put the sidecar in place before its document, then both into the inbox again";
        Rejected::new(Reason::OrphanSidecar, message, advice)
    })?;
    refuse_blank(&content)?;
    let mut from_sidecar = false;
    if piece.record.is_none()
        && let Some(sidecar) = sidecar(origin, settings)?
    {
        let had_metadata = fields.has_metadata();
        from_sidecar = fields.fill_from(sidecar) && !had_metadata;
    }
    let path = match piece.record {
        Some(n) => format!("{}#{n}", origin.path),
        None => origin.path.clone(),
    };
    let charset = piece.converted_from.unwrap_or(encoding.name()).to_owned();
    let (external_id, folder) = (fields.id.clone(), origin.folder.clone());
    let given = given(fields, from_sidecar);
    Ok(Document { input, path, external_id, media_type, charset, bytes, content, given, folder })
}

/// The body: markup before text, since it says more. The text beside it stays in the fields.
fn body(fields: &mut Fields) -> Result<(MediaType, String), Rejected> {
    if let Some(html) = fields.html.take() {
        return Ok((MediaType::Html, html));
    }
    if let Some(text) = fields.text.take() {
        let media_type = if begins_as_markup(&text) { MediaType::Html } else { MediaType::Text };
        return Ok((media_type, text));
    }
    if let Some(body) = fields.either.take() {
        let media_type = if has_markup(&body) { MediaType::Html } else { MediaType::Text };
        return Ok((media_type, body));
    }
    Err(Rejected::new(Reason::NoTextField, "the record has no text", WHAT_A_RECORD_NEEDS))
}

/// Whether a text is markup from its first character on, whatever its name says.
fn begins_as_markup(text: &str) -> bool {
    const TAGS: [&str; 14] = [
        "<!doctype html",
        "<html",
        "<body",
        "<article",
        "<section",
        "<main",
        "<div",
        "<p",
        "<h1",
        "<h2",
        "<h3",
        "<blockquote",
        "<figure",
        "<ul",
    ];
    let start = text.trim_start().as_bytes();
    TAGS.iter().any(|tag| {
        start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes()))
            && start.get(tag.len()).is_some_and(|&next| next == b'>' || next.is_ascii_whitespace())
    })
}

/// Whether a body holds tags that a text does not: one that ends an element of an article, a paragraph or a line break.
fn has_markup(text: &str) -> bool {
    const MARKS: [&[u8]; 21] = [
        b"</p>",
        b"</div>",
        b"<p>",
        b"<br>",
        b"<br/>",
        b"<br />",
        b"</h1>",
        b"</h2>",
        b"</h3>",
        b"</h4>",
        b"</li>",
        b"</ul>",
        b"</ol>",
        b"</a>",
        b"</strong>",
        b"</em>",
        b"</b>",
        b"</i>",
        b"</blockquote>",
        b"</figure>",
        b"<img ",
    ];
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'<').any(|(at, _)| {
        let rest = &text.as_bytes()[at..];
        MARKS.iter().any(|mark| rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)))
    })
}

fn sidecar(origin: &Origin, settings: &Settings) -> Result<Option<Fields>, Rejected> {
    let Some(bytes) = &origin.sidecar else { return Ok(None) };
    let advice = "write the sidecar as one JSON object, or remove it";
    if bytes.len() as u64 > settings.max_record_bytes {
        let message = format!("the sidecar holds more than {} bytes", settings.max_record_bytes);
        return Err(Rejected::new(Reason::BadSidecar, message, advice));
    }
    let parsed = charset::decode(bytes.clone(), Format::Record)
        .map_err(|rejected| rejected.message)
        .and_then(|decoded| Fields::parse(&decoded.text).map_err(|error| error.to_string()));
    let bad = |error| Rejected::new(Reason::BadSidecar, format!("the sidecar is not sound JSON: {error}"), advice);
    parsed.map(Some).map_err(bad)
}

fn given(fields: Fields, from_sidecar: bool) -> Given {
    Given {
        url: fields.url,
        title: fields.title,
        authors: fields.authors,
        date_published: fields.date.map(without_fraction),
        site: fields.site,
        language: fields.language,
        fetched_at: fields.fetched_at.as_deref().and_then(moment),
        text: fields.text,
        from: if from_sidecar { GivenFrom::Sidecar } else { GivenFrom::File },
    }
}

/// Seconds since 1970 without their fraction, as `time.time()` gives them; anything else as it is.
fn without_fraction(date: String) -> String {
    match date.split_once('.') {
        Some((seconds, fraction)) if seconds.len() == 10 && is_number(seconds) && is_number(fraction) => seconds.into(),
        _ => date,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A moment as crawlers write it, in RFC 3339: with an offset, in the manner of mails, in seconds or milliseconds since 1970,
/// or without an offset, which is taken for UTC since such moments only put the states of one page in order.
fn moment(text: &str) -> Option<String> {
    let text = without_fraction(text.trim().to_owned());
    let at = match text.parse::<i64>() {
        Ok(seconds) if text.len() == 10 => Timestamp::from_second(seconds).ok(),
        Ok(milliseconds) if text.len() == 13 => Timestamp::from_millisecond(milliseconds).ok(),
        Ok(_) => None,
        Err(_) => text
            .parse::<Timestamp>()
            .ok()
            .or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))
            .or_else(|| rfc2822::parse(&text).ok().map(|at| at.timestamp())),
    };
    at.map(|at| at.to_string())
}

fn refuse_blank(content: &str) -> Result<(), Rejected> {
    if content.chars().all(|c| c.is_whitespace() || c == '\u{feff}' || c == '\0') {
        let message = "the document holds nothing but white space";
        return Err(Rejected::new(Reason::Empty, message, "fetch the article again"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(json: &str, path: &str, number: Option<u64>) -> Result<Document, Rejected> {
        let bytes = json.as_bytes().to_vec();
        let piece = Piece { bytes, format: Format::Record, record: number, line: Some(1), converted_from: None };
        document(piece, &Origin { path: path.into(), ..Origin::default() }, &Settings::default())
    }

    #[test]
    fn a_sidecar_without_its_document_is_told_from_a_record_without_text() {
        let reason = |path, number| record("{\"url\": \"x\"}", path, number).unwrap_err().reason;
        assert_eq!(reason("site/a.html.meta.json", None), Reason::OrphanSidecar);
        assert_eq!(reason("site/a.json", None), Reason::NoTextField);
        assert_eq!(reason("site/a.meta.json", Some(2)), Reason::NoTextField);
    }

    #[test]
    fn the_head_of_a_saved_response_is_no_text_but_part_of_the_identity() {
        let read = |bytes: &str| {
            let bytes = bytes.as_bytes().to_vec();
            let piece = Piece { bytes, format: Format::Html, record: None, line: None, converted_from: None };
            document(piece, &Origin::default(), &Settings::default()).expect("a page")
        };
        let saved = read("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n<p>A story.");
        assert_eq!((saved.content.as_str(), saved.bytes), ("<p>A story.", 41));
        assert_ne!(saved.input, read("<p>A story.").input);
    }

    #[test]
    fn a_rejected_record_of_several_carries_its_bytes_and_a_whole_file_does_not() {
        let several = record("{\"url\": 1}", "a.jsonl", Some(3)).unwrap_err();
        assert_eq!((several.bytes.as_deref(), several.record), (Some(&b"{\"url\": 1}"[..]), Some(3)));
        assert_eq!(record("{\"url\": 1}", "a.json", None).unwrap_err().bytes, None);
    }

    #[test]
    fn a_text_may_be_markup_and_stays_beside_markup() {
        let read = |json: &str| record(json, "a.json", None).expect("a document");
        for markup in ["<p>One.</p>", "  <DIV class=a>One.</div>", "<h2>One</h2> two"] {
            let json = serde_json::json!({ "text": markup }).to_string();
            assert_eq!(read(&json).media_type, MediaType::Html, "{markup}");
        }
        for text in ["The <p> tag ends a line.", "<prose", "One & two"] {
            let json = serde_json::json!({ "text": text }).to_string();
            assert_eq!(read(&json).media_type, MediaType::Text, "{text}");
        }
        assert_eq!(read(r#"{"content": "See <a href='/x'>this</a>."}"#).media_type, MediaType::Html);
        let both = read(r#"{"html": "<div id=root></div>", "text": "One."}"#);
        assert_eq!((both.media_type, both.given.text.as_deref()), (MediaType::Html, Some("One.")));
        assert_eq!(read(r#"{"text": "One."}"#).given.text, None);
    }

    #[test]
    fn moments_come_in_the_ways_of_crawlers() {
        let at = Some("2025-03-04T18:00:00Z".to_owned());
        for text in [
            "2025-03-04T18:00:00Z",
            "2025-03-04T19:00:00+01:00",
            "2025-03-04 18:00:00",
            "2025-03-04T18:00:00",
            "1741111200",
            "1741111200.25",
            "1741111200000",
            "Tue, 04 Mar 2025 18:00:00 GMT",
        ] {
            assert_eq!(moment(text), at, "{text}");
        }
        assert_eq!(moment("yesterday"), None);
        assert_eq!(without_fraction("1741111200.0".into()), "1741111200");
        assert_eq!(without_fraction("24.12".into()), "24.12");
    }

    #[test]
    fn a_less_than_sign_does_not_make_a_text_markup() {
        assert!(!has_markup("if a < b and c</d"));
        assert!(has_markup("One.<BR>Two."));
    }
}
