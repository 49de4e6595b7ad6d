//! A piece → a document: identity, decoding, and what the record or the sidecar says. Pure; runs on any thread.

use crate::article::{Document, Given, GivenFrom, InputId, MediaType};

use super::capture;
use super::charset::{self, Decoded};
use super::record::Fields;
use super::rejected::{Reason, Rejected};
use super::{Format, Origin, Piece, Settings};

const WHAT_A_RECORD_NEEDS: &str =
    "give the record `html` or `text` (or `content`, `body`, `maintext`, `articleBody`, `raw_html`)";

/// What a sidecar's name ends in.
const SIDECAR_ENDING: &str = ".meta.json";

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

/// The body: markup before text, since it says more.
fn body(fields: &mut Fields) -> Result<(MediaType, String), Rejected> {
    if let Some(html) = fields.html.take() {
        return Ok((MediaType::Html, html));
    }
    if let Some(text) = fields.text.take() {
        let media_type = if begins_as_page(&text) { MediaType::Html } else { MediaType::Text };
        return Ok((media_type, text));
    }
    if let Some(body) = fields.either.take() {
        let media_type = if has_markup(&body) { MediaType::Html } else { MediaType::Text };
        return Ok((media_type, body));
    }
    Err(Rejected::new(Reason::NoTextField, "the record has no text", WHAT_A_RECORD_NEEDS))
}

fn begins_as_page(text: &str) -> bool {
    let start = text.trim_start().as_bytes();
    ["<!doctype html", "<html"]
        .iter()
        .any(|tag| start.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag.as_bytes())))
}

/// Whether a body holds elements of block level, which a text does not: a closing tag, a paragraph or a line break.
fn has_markup(text: &str) -> bool {
    const MARKS: [&[u8]; 6] = [b"</p>", b"</div>", b"<p>", b"<br>", b"<br/>", b"<br />"];
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
        date_published: fields.date,
        site: fields.site,
        language: fields.language,
        fetched_at: fields.fetched_at,
        from: if from_sidecar { GivenFrom::Sidecar } else { GivenFrom::File },
    }
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
    fn a_less_than_sign_does_not_make_a_text_markup() {
        assert!(!has_markup("if a < b and c</d"));
        assert!(has_markup("One.<BR>Two."));
    }
}
