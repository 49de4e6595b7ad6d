//! The rows of the ledger, and the batch that writes them together.
//!
//! A batch is a value: it is filled while documents are decided, and written in one go, again if the disk was full. It never
//! reads, so writing it twice gives the same rows as writing it once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::{Row, Transaction, params};
use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use super::{Delivered, LedgerError, sums};
use crate::article::{Article, BlockKind, Document, InputId, MediaType, Relation};

/// Level of zstd for bodies: 1 costs about 15 µs for an article of 5 KB and saves more than half of it.
const BODY_LEVEL: i32 = 1;
/// No body is larger than this when it is unpacked; guards against a damaged row.
const MAX_BODY_BYTES: usize = 1 << 30;

/// What the ledger keeps of a document besides its place: enough to write its article anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filed {
    pub external_id: Option<String>,
    pub media_type: MediaType,
    pub charset: String,
    pub bytes: u64,
    pub fetched_at: Option<String>,
    pub article: Article,
    /// What the text's paragraphs were, where the article taught its publication's memory: it may be finished again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taught: Option<Taught>,
    /// Set when the text was lost with a damaged ledger: `article` then has no text, and only facts that the record lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remembered: Option<Remembered>,
    /// What later documents with the same bytes say otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub delivered: Vec<Delivered>,
}

/// What the last record said of a copy whose text is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Remembered {
    pub relation: Relation,
    pub similarity: f64,
    pub containment: f64,
    pub only_here: Vec<String>,
}

/// What [`Article::text`] does not say about its paragraphs, and the memory must know to cut one more of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taught {
    pub publication: String,
    pub title_line: Option<u32>,
    /// Line and kind of each paragraph.
    pub paragraphs: Vec<(u32, BlockKind)>,
    /// Line of each paragraph that is doubted, and the evidence that is wanting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<(u32, u16)>,
}

impl Filed {
    /// Takes the facts of `document` and its cleaned `article`.
    pub fn new(document: &Document, article: Article) -> Self {
        Self {
            external_id: document.external_id.clone(),
            media_type: document.media_type,
            charset: document.charset.clone(),
            bytes: document.bytes,
            fetched_at: document.given.fetched_at.clone(),
            article,
            taught: None,
            remembered: None,
            delivered: Vec::new(),
        }
    }

    /// The stored form.
    pub fn pack(&self) -> Vec<u8> {
        thread_local! {
            // Making a compressor costs more than compressing an article with it.
            static COMPRESSOR: RefCell<Compressor<'static>> =
                RefCell::new(Compressor::new(BODY_LEVEL).expect("the level is one that zstd has"));
        }
        let json = serde_json::to_vec(self).expect("plain values are JSON");
        COMPRESSOR
            .with_borrow_mut(|compressor| compressor.compress(&json))
            .expect("compressing into memory does not fail")
    }

    /// Reads the stored form of document `seq`.
    pub fn unpack(seq: u64, body: &[u8]) -> Result<Self, LedgerError> {
        let broken = |what: String| LedgerError::Body { seq, what };
        let size = zstd::zstd_safe::get_frame_content_size(body).ok().flatten().unwrap_or(0) as usize;
        if size > MAX_BODY_BYTES {
            return Err(broken(format!("claims {size} bytes")));
        }
        thread_local! {
            static DECOMPRESSOR: RefCell<Decompressor<'static>> =
                RefCell::new(Decompressor::new().expect("no dictionary is asked for"));
        }
        let json = DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.decompress(body, size));
        let json = json.map_err(|error| broken(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| broken(error.to_string()))
    }
}

/// A document as it was decided.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentRow {
    pub seq: u64,
    pub input: InputId,
    pub path: String,
    pub cluster: u64,
    pub received_ms: i64,
    /// An earlier document with the same bytes, which holds the body.
    pub twin: Option<u64>,
    /// Empty for a twin.
    pub body: Vec<u8>,
}

/// A row that the near-copy index and the stories are rebuilt from.
#[derive(Clone, Copy, Debug)]
pub struct SketchRow<'a> {
    pub seq: u64,
    pub cluster: u64,
    pub day: i32,
    pub url: Option<&'a str>,
    pub brief: &'a [u8],
    /// Empty for a document that was placed in no story.
    pub terms: &'a [u8],
    pub roundup: bool,
}

/// The columns of [`SketchRow::read`].
pub(super) const SKETCH_COLUMNS: &str = "seq, cluster, day, url, brief, terms, roundup, place, sum";

impl<'a> SketchRow<'a> {
    /// A row held against its sums.
    pub(super) fn read(row: &'a Row<'_>) -> Result<Self, LedgerError> {
        let (seq, cluster, day): (i64, i64, i32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let url = row.get_ref(3)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let blob = |column| Ok::<_, LedgerError>(row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from)?);
        let (brief, terms) = (blob(4)?, blob(5)?);
        let sum = sums::sketch(seq, day.into(), url, brief, terms);
        let (roundup, expected) = match row.get::<_, i64>(6)? {
            0 => (false, Some(sum)),
            1 => (true, Some(!sum)),
            _ => (false, None),
        };
        if row.get::<_, i64>(7)? != sums::place(seq, cluster) || row.get::<_, Option<i64>>(8)? != expected {
            return Err(LedgerError::Row { table: "sketches", row: seq });
        }
        Ok(Self { seq: seq as u64, cluster: cluster as u64, day, url, brief, terms, roundup })
    }
}

/// The owned form of [`SketchRow`], on its way in.
#[derive(Clone, Debug, Default)]
pub struct Sketched {
    pub seq: u64,
    pub cluster: u64,
    pub day: i32,
    pub url: Option<String>,
    pub brief: Vec<u8>,
    pub terms: Vec<u8>,
}

/// The state of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleRow {
    pub cluster: u64,
    pub id: String,
    pub revision: u64,
    /// Cluster of the article that founded the story.
    pub story: u64,
    /// Set when the article was withdrawn: the article that absorbed it.
    pub into_id: Option<String>,
}

/// Lines of one article that its publication may be known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    pub seq: u64,
    pub publication: String,
    pub lines: Vec<u64>,
}

/// A line of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub event: &'static str,
    pub id: String,
    pub revision: u64,
    pub into_id: Option<String>,
    pub at_ms: i64,
}

/// Everything that one transaction writes.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub documents: Vec<DocumentRow>,
    pub sketches: Vec<Sketched>,
    /// Documents now known to be roundup pages.
    pub roundups: Vec<u64>,
    /// `(document, JSON)`: what it was compared with, and the outcome.
    pub comparisons: Vec<(u64, Vec<u8>)>,
    /// Documents that changed their cluster; documents with the same bytes go with them.
    pub moved: Vec<(u64, u64)>,
    /// Bodies of earlier documents that were cleaned anew, or of which a later document says otherwise.
    pub revised: Vec<(u64, Vec<u8>)>,
    pub articles: BTreeMap<u64, ArticleRow>,
    pub feed: Vec<Event>,
    pub lessons: Vec<Lesson>,
    /// `(cluster, revision)` that the outbox shows durably.
    pub published: Vec<(u64, u64)>,
    pub counts: BTreeMap<&'static str, i64>,
}

impl Batch {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.documents.is_empty()
            && self.moved.is_empty()
            && self.revised.is_empty()
            && self.articles.is_empty()
            && self.published.is_empty()
            && self.counts.is_empty()
    }

    pub(super) fn write(&self, to: &Transaction<'_>) -> Result<(), LedgerError> {
        let mut insert = to.prepare_cached(
            "INSERT INTO documents
                 (seq, key, path_key, input, path, cluster, received_ms, twin, sum, place, body_sum, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?;
        for row in &self.documents {
            let (seq, cluster, twin) = (row.seq as i64, row.cluster as i64, row.twin.map(|seq| seq as i64));
            let body = twin.is_none().then_some(&row.body);
            insert.execute(params![
                seq,
                content_key(&row.input),
                path_key(&row.path),
                row.input.0,
                row.path,
                cluster,
                row.received_ms,
                twin,
                sums::document(seq, &row.input.0, &row.path, row.received_ms, twin),
                sums::place(twin.unwrap_or(seq), cluster),
                body.map(|body| sums::body(seq, body)),
                body,
            ])?;
        }
        let mut insert = to.prepare_cached(
            "INSERT INTO sketches (seq, cluster, day, url, brief, terms, place, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for row in &self.sketches {
            let (seq, cluster) = (row.seq as i64, row.cluster as i64);
            let sum = sums::sketch(seq, row.day.into(), row.url.as_deref(), &row.brief, &row.terms);
            let place = sums::place(seq, cluster);
            insert.execute(params![seq, cluster, row.day, row.url, row.brief, row.terms, place, sum])?;
        }
        const MOVE: [&str; 2] = [
            "UPDATE documents SET cluster = ?2, place = ?3
             WHERE key = (SELECT key FROM documents WHERE seq = ?1) AND (seq = ?1 OR twin = ?1)",
            "UPDATE sketches SET cluster = ?2, place = ?3 WHERE seq = ?1",
        ];
        for &(seq, cluster) in &self.moved {
            let (seq, cluster) = (seq as i64, cluster as i64);
            for sql in MOVE {
                to.prepare_cached(sql)?.execute([seq, cluster, sums::place(seq, cluster)])?;
            }
        }
        for &seq in &self.roundups {
            let sql = "UPDATE sketches SET roundup = 1, sum = ~sum WHERE seq = ?1 AND roundup = 0";
            to.prepare_cached(sql)?.execute([seq as i64])?;
        }
        let mut insert = to.prepare_cached("INSERT INTO comparisons (seq, evidence, sum) VALUES (?1, ?2, ?3)")?;
        for (seq, evidence) in &self.comparisons {
            insert.execute(params![*seq as i64, evidence, sums::comparison(*seq as i64, evidence)])?;
        }
        for (seq, body) in &self.revised {
            let sql = "UPDATE documents SET body = ?2, body_sum = ?3 WHERE seq = ?1";
            to.prepare_cached(sql)?.execute(params![*seq as i64, body, sums::body(*seq as i64, body)])?;
        }
        // Marks come before new states: a new state of the same article is pending again.
        let mut mark = to.prepare_cached(
            "UPDATE articles SET pending = 0, sum = ~sum WHERE cluster = ?1 AND revision = ?2 AND pending = 1",
        )?;
        for &(cluster, revision) in &self.published {
            mark.execute([cluster as i64, revision as i64])?;
        }
        let mut replace = to.prepare_cached(
            "INSERT OR REPLACE INTO articles (cluster, id, revision, story, into_id, pending, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)",
        )?;
        for row in self.articles.values() {
            let (cluster, revision, story) = (row.cluster as i64, row.revision as i64, row.story as i64);
            let sum = sums::article(cluster, &row.id, revision, story, row.into_id.as_deref());
            replace.execute(params![cluster, row.id, revision, story, row.into_id, sum])?;
        }
        let mut insert = to.prepare_cached(
            "INSERT INTO feed (event, id, revision, into_id, at_ms, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for event in &self.feed {
            let (into_id, revision) = (event.into_id.as_deref(), event.revision as i64);
            let sum = sums::event(event.event, &event.id, revision, into_id, event.at_ms);
            insert.execute(params![event.event, event.id, revision, into_id, event.at_ms, sum])?;
        }
        let mut insert =
            to.prepare_cached("INSERT INTO lessons (seq, publication, lines, sum) VALUES (?1, ?2, ?3, ?4)")?;
        for lesson in &self.lessons {
            let lines: Vec<u8> = lesson.lines.iter().flat_map(|line| line.to_le_bytes()).collect();
            let sum = sums::lesson(lesson.seq as i64, &lesson.publication, &lines);
            insert.execute(params![lesson.seq as i64, lesson.publication, lines, sum])?;
        }
        let mut add = to.prepare_cached(
            "INSERT INTO counters (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = value + ?2",
        )?;
        for (name, by) in &self.counts {
            add.execute(params![name, by])?;
        }
        to.prepare_cached("UPDATE mark SET commits = commits + 1")?.execute([])?;
        Ok(())
    }
}

/// The key that documents are found by: the first 8 bytes of the hash, which are also the first 16 digits of an article's id.
pub fn content_key(input: &InputId) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = input.0;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// The key of a path; xxh3 is stable across versions.
pub fn path_key(path: &str) -> i64 {
    xxhash_rust::xxh3::xxh3_64(path.as_bytes()) as i64
}
