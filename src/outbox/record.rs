//! The published record, `copydesk.article/1`: which keys it has, in which order, and what each promises.
//!
//! Its own file because downstream programs depend on it: keys may be added here, never renamed, reordered or dropped,
//! unless the major number in [`SchemaName`] goes up.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use crate::article::{Article, Document, Flag, InputId, MediaType, Provenance, Relation, Removal};

/// Hex digits of the input's hash that make an article's id. 64 bits: among a hundred million articles the chance of
/// any two alike is 1 in 3,700, and the ledger lengthens the id of the later one.
const ID_DIGITS: usize = 16;

/// One article as published in `outbox/<id>.json`. Keys are always present, `null` or `[]` where unknown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    /// Name and major version of this format.
    pub schema: SchemaName,
    /// 16 or more hex digits from the hash of the first copy's content; stable for ever, and the file's name.
    #[schemars(regex(pattern = r"^[0-9a-f]{16,64}$"))]
    pub id: String,
    /// Goes up by one when a later copy changed this record; the first is 1.
    #[schemars(range(min = 1))]
    pub revision: u64,
    /// The headline, without the site's name.
    pub title: Option<String>,
    /// The clean body: NFC, paragraphs separated by one blank line, no headline, no markup.
    pub text: String,
    /// The publisher's own standfirst; never generated.
    pub description: Option<String>,
    /// People and agencies, one each.
    pub authors: Vec<String>,
    /// RFC 3339 date-time with offset, or a plain date; never a guessed time.
    pub date_published: Option<String>,
    /// As `date_published`.
    pub date_modified: Option<String>,
    /// Canonical: fragment and tracking parameters removed.
    pub url: Option<String>,
    /// Registrable domain of the publisher.
    pub site: Option<String>,
    /// The publisher's name for itself.
    pub site_name: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// The section as published.
    pub section: Option<String>,
    /// Tags as published.
    pub tags: Vec<String>,
    /// URL of the lead image.
    pub image: Option<String>,
    /// Words of `text` (Unicode word boundaries; ideographs count one each).
    pub word_count: u64,
    /// `b3:` + BLAKE3 of `text`: equal hash, equal text.
    #[schemars(regex(pattern = r"^b3:[0-9a-f]{64}$"))]
    pub content_hash: String,
    /// Id of the story (different articles on one event); an article alone has its own.
    #[schemars(regex(pattern = r"^[0-9a-f]{16,64}$"))]
    pub story: String,
    /// Judgements to filter on, sorted.
    pub flags: BTreeSet<Flag>,
    /// For each filled field, where it came from: `json_ld`, `meta`, `dom`, `text`, `url`, `file`, `sidecar`,
    /// `detected`, or the `input` of the copy that supplied it.
    pub provenance: Provenance,
    /// Everything that was taken out of the canonical copy, in order.
    pub removed: Vec<Removal>,
    /// Every input merged here, the canonical one first.
    pub copies: Vec<Copy>,
    /// What made this record.
    pub pipeline: Pipeline,
    /// How many inputs were merged; more than `copies` lists when there are very many.
    pub copies_total: u64,
}

/// The name of the format, which is also the version check: a reader refuses a major number that it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SchemaName {
    /// The first version.
    #[default]
    #[serde(rename = "copydesk.article/1")]
    V1,
}

/// One input that was merged into an article.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Copy {
    /// `b3:` + BLAKE3 of the document's bytes.
    #[schemars(with = "String", regex(pattern = r"^b3:[0-9a-f]{64}$"))]
    pub input: InputId,
    /// Relative to the inbox, `#n` appended for the n-th record of a file of records.
    pub path: String,
    /// The id that a record brought along.
    pub external_id: Option<String>,
    /// Address of the article, as this copy has it.
    pub url: Option<String>,
    /// Registrable domain, as this copy has it.
    pub site: Option<String>,
    /// Headline, as this copy has it.
    pub title: Option<String>,
    /// As this copy has it.
    pub date_published: Option<String>,
    /// `text/html` or `text/plain`.
    #[schemars(with = "String")]
    pub media_type: MediaType,
    /// The WHATWG name of the encoding that the document was read in.
    pub charset: String,
    /// Length of the document before decoding.
    pub bytes: u64,
    /// When the desk took it in, RFC 3339 in UTC; `null` when cleaned without a desk.
    pub received_at: Option<String>,
    /// What it is to the canonical copy.
    pub relation: Relation,
    /// Jaccard similarity of the word 5-grams with the canonical copy, 0 to 1, exact.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub similarity: f64,
    /// Share of the smaller text's word 5-grams that stand in the other, 0 to 1, exact.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub containment: f64,
    /// Paragraphs that the canonical text lacks, shortened past a limit.
    pub only_here: Vec<String>,
}

/// What made a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pipeline {
    /// Version of copydesk.
    pub version: String,
}

impl Record {
    /// Puts a record together. `copies` holds every input, the canonical one first.
    pub fn new(id: String, revision: u64, story: String, article: Article, copies: Vec<Copy>) -> Self {
        Self {
            schema: SchemaName::V1,
            id,
            revision,
            word_count: word_count(&article.text),
            content_hash: InputId::of(article.text.as_bytes()).to_string(),
            title: article.title,
            text: article.text,
            description: article.description,
            authors: article.authors,
            date_published: article.date_published,
            date_modified: article.date_modified,
            url: article.url,
            site: article.site,
            site_name: article.site_name,
            language: article.language,
            section: article.section,
            tags: article.tags,
            image: article.image,
            story,
            flags: article.flags,
            provenance: article.provenance,
            removed: article.removed,
            copies_total: copies.len() as u64,
            copies,
            pipeline: Pipeline { version: env!("CARGO_PKG_VERSION").to_owned() },
        }
    }

    /// The file's content: pretty JSON with a final newline.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(self.text.len() + self.text.len() / 8 + 4096);
        serde_json::to_writer_pretty(&mut json, self).expect("a record is plain values");
        json.push(b'\n');
        json
    }

    /// The record of a document that was cleaned alone: its own story, one copy, first revision.
    pub fn single(document: &Document, article: Article) -> Self {
        let id = article_id(&document.input);
        let copy = Copy::canonical(document, &article);
        Self::new(id.clone(), 1, id, article, vec![copy])
    }
}

impl Copy {
    /// The copy whose text is published; `received_at` is for the desk to fill.
    pub fn canonical(document: &Document, article: &Article) -> Self {
        Self {
            input: document.input,
            path: document.path.clone(),
            external_id: document.external_id.clone(),
            url: article.url.clone(),
            site: article.site.clone(),
            title: article.title.clone(),
            date_published: article.date_published.clone(),
            media_type: document.media_type,
            charset: document.charset.clone(),
            bytes: document.bytes,
            received_at: None,
            relation: Relation::Canonical,
            similarity: 1.0,
            containment: 1.0,
            only_here: Vec::new(),
        }
    }
}

/// The JSON Schema (2020-12) of a record as written: every key is required, unknown keys are allowed.
pub fn schema() -> schemars::Schema {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    settings.into_generator().into_root_schema_for::<Record>()
}

/// The id of the article that `first` founds: the first 16 hex digits of the input's hash.
pub fn article_id(first: &InputId) -> String {
    let mut hex = first.hex();
    hex.truncate(ID_DIGITS);
    hex
}

/// Counts words by the Unicode word boundaries (UAX #29); Han and kana without spaces count by character.
///
/// Text between blanks is counted piece by piece, which is exact because a blank always ends a word, and lets the
/// pieces that are plain letters and digits (nineteen in twenty in English news) pass without the tables. The signs on
/// either side of such a piece join it to nothing, but for the low line, which is a part of words.
fn word_count(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let skip = |mut at: usize, kind: Byte| {
        while bytes.get(at).is_some_and(|&byte| BYTES[usize::from(byte)] == kind) {
            at += 1;
        }
        at
    };
    let mut words = 0;
    let mut at = 0;
    loop {
        let piece = skip(at, Byte::Blank);
        if piece == bytes.len() {
            return words;
        }
        let word = skip(piece, Byte::Sign);
        let word_end = skip(word, Byte::Letter);
        at = skip(word_end, Byte::Sign);
        if at == bytes.len() || BYTES[usize::from(bytes[at])] == Byte::Blank {
            words += u64::from(word_end > word);
            continue;
        }
        while at < bytes.len() && BYTES[usize::from(bytes[at])] != Byte::Blank {
            at += 1;
        }
        words += text[piece..at].unicode_words().count() as u64;
    }
}

/// What a byte is to [`word_count`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Byte {
    Blank,
    /// A letter or digit of ASCII.
    Letter,
    Sign,
    Other,
}

const BYTES: [Byte; 256] = {
    let mut kinds = [Byte::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        let is = byte as u8;
        if is.is_ascii_whitespace() {
            kinds[byte] = Byte::Blank;
        } else if is.is_ascii_alphanumeric() {
            kinds[byte] = Byte::Letter;
        } else if is.is_ascii_punctuation() && is != b'_' {
            kinds[byte] = Byte::Sign;
        }
        byte += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Class, Given};
    use proptest::prelude::*;

    fn document() -> Document {
        Document {
            input: InputId::of(b"a document"),
            path: "a.txt".into(),
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: 10,
            content: "a document".into(),
            given: Given::default(),
            folder: None,
        }
    }

    fn article() -> Article {
        Article {
            title: Some("Ferry returns".into()),
            text: "The ferry came back.\n\nNobody had missed it.".into(),
            flags: BTreeSet::from([Flag::Short]),
            provenance: Provenance::from([("title".into(), "text".into())]),
            removed: vec![Removal {
                class: Class::Share,
                rule: "share.buttons".into(),
                why: "a row of share buttons".into(),
                line: 3,
                text: "Share".into(),
            }],
            ..Article::default()
        }
    }

    /// The keys of a JSON object in the order in which they were written.
    fn keys(json: &str) -> Vec<String> {
        let mut keys = Vec::new();
        let mut depth = 0;
        for line in json.lines() {
            if depth == 1
                && let Some((key, _)) = line.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"'))
            {
                keys.push(key.to_owned());
            }
            depth += line.matches(['{', '[']).count();
            depth -= line.matches(['}', ']']).count();
        }
        keys
    }

    #[test]
    fn keys_are_all_present_and_in_the_published_order() {
        let json = serde_json::to_string_pretty(&Record::single(&document(), article())).expect("a record is JSON");
        let expected = "schema id revision title text description authors date_published date_modified url site \
                        site_name language section tags image word_count content_hash story flags provenance removed \
                        copies pipeline copies_total";
        assert_eq!(keys(&json), expected.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn keys_of_a_copy_are_all_present_and_in_the_published_order() {
        let copy = Copy::canonical(&document(), &article());
        let json = serde_json::to_string_pretty(&copy).expect("a copy is JSON");
        let expected = "input path external_id url site title date_published media_type charset bytes received_at \
                        relation similarity containment only_here";
        assert_eq!(keys(&json), expected.split(' ').collect::<Vec<_>>());
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let record = Record::single(&document(), article());
        let json = serde_json::to_string(&record).expect("a record is JSON");
        assert_eq!(serde_json::from_str::<Record>(&json).expect("the same record"), record);
    }

    #[test]
    fn a_record_of_another_major_version_is_refused() {
        let json = serde_json::to_string(&Record::single(&document(), article())).expect("a record is JSON");
        assert!(serde_json::from_str::<Record>(&json.replace("copydesk.article/1", "copydesk.article/2")).is_err());
    }

    #[test]
    fn the_schema_holds_for_a_record_and_demands_every_key() {
        let schema = serde_json::to_value(schema()).expect("a schema is JSON");
        let mut record = serde_json::to_value(Record::single(&document(), article())).expect("a record is JSON");
        let validator = jsonschema::validator_for(&schema).expect("a valid schema");
        validator.validate(&record).expect("the record obeys its schema");
        let keys: Vec<String> = record.as_object().expect("an object").keys().cloned().collect();
        for key in keys {
            let value = record.as_object_mut().expect("an object").remove(&key).expect("the key is there");
            assert!(!validator.is_valid(&record), "the schema lets `{key}` be absent");
            record[&key] = value;
        }
    }

    #[test]
    fn an_article_alone_is_its_own_story() {
        let record = Record::single(&document(), article());
        assert_eq!((record.id.len(), &record.story, record.revision), (16, &record.id, 1));
    }

    #[test]
    fn words_are_counted_as_a_reader_counts_them() {
        assert_eq!(word_count(""), 0);
        assert_eq!(word_count("It’s 3.5 per cent — don't ask."), 6);
        assert_eq!(word_count("東京で地震"), 5);
        assert_eq!(word_count("one\n\ntwo\tthree"), 3);
    }

    proptest! {
        #[test]
        fn counting_piece_by_piece_equals_counting_the_whole(text in "[a-z0-9' .,:’é東京カタñ\u{301}\u{200d}\n-]{0,60}") {
            prop_assert_eq!(word_count(&text), text.unicode_words().count() as u64);
        }
    }
}
