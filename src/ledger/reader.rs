//! Reading the state from another process while the desk writes it, and the queries that the desk shares with it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, Rows, params};
use serde::Serialize;

use super::{ArticleRow, DocumentRow, FILE_NAME, Filed, LedgerError, Lesson, check, members, schema, sums};
use crate::article::InputId;

/// What the desk has done since its state began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Documents decided: each is the canonical or a copy of one article.
    pub documents: u64,
    pub articles: u64,
    /// Documents that joined an article as its copy.
    pub copies: u64,
    /// The same file with the same content again.
    pub redeliveries: u64,
    pub failed: u64,
    /// Decided, and not yet shown by the outbox.
    pub pending: u64,
}

/// A line of the feed, as printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeedEvent {
    pub seq: u64,
    pub event: String,
    pub id: String,
    pub revision: u64,
    pub into: Option<String>,
    /// RFC 3339, UTC.
    pub at: String,
}

/// A reader of the state, safe beside a running desk.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
    /// Device and number of the file that was opened.
    file: (u64, u64),
}

impl Reader {
    /// Opens the state file in `folder`; `None` when there is none yet.
    ///
    /// # Errors
    /// A folder that this user may not look into, and a file of another schema: only a desk brings an older one to the
    /// current one.
    pub fn open(folder: &Path) -> Result<Option<Self>, LedgerError> {
        let path = folder.join(FILE_NAME);
        // Asked before it is opened: a file that is replaced in between is not taken for the new one.
        let file = match file_at(&path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(source) => return Err(LedgerError::Io { path, source }),
        };
        // A WAL database needs its shared-memory file even for reading, hence read-write; nothing is written.
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // The log of a desk that was killed stays as it is for the next one: it tells of that end.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        super::prepare(&connection, &path).map_err(|error| unwritable(error, folder))?;
        match schema::version(&connection)? {
            // The first desk is just making it.
            0 => Ok(None),
            schema::CURRENT => Ok(Some(Self { connection, path, file })),
            found if found > schema::CURRENT => Err(LedgerError::Newer { found, known: schema::CURRENT }),
            found => Err(LedgerError::Older { found, known: schema::CURRENT }),
        }
    }

    /// Whether the state file is still the one that was opened: a damaged one is set aside and built anew, a lost one is
    /// brought back from a backup.
    pub fn is_current(&self) -> bool {
        file_at(&self.path).is_ok_and(|now| now == Some(self.file))
    }

    /// Checks every page and every row of the file; the first problem found, `None` when it is sound.
    pub fn check(&self) -> Result<Option<String>, LedgerError> {
        check::whole(&self.connection)
    }

    /// What the desk has done.
    pub fn counts(&self) -> Result<Counts, LedgerError> {
        let mut statement = self.connection.prepare("SELECT name, value FROM counters")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
        let counters = rows.collect::<Result<BTreeMap<_, _>, _>>()?;
        let of = |name| counters.get(name).map_or(0, |&value| value.max(0) as u64);
        let pending = self
            .connection
            .query_row("SELECT count(*) FROM articles WHERE pending = 1", [], |row| row.get::<_, i64>(0))?;
        let (documents, articles) = (of("documents"), of("articles"));
        Ok(Counts {
            documents,
            articles,
            copies: documents.saturating_sub(articles),
            redeliveries: of("redeliveries"),
            failed: of("failed"),
            pending: pending as u64,
        })
    }

    /// The events after `since`, at most `limit`, up to the first whose state the outbox does not show yet.
    ///
    /// Where an article has moved on since, its earlier events are told: that of the state it waits for follows them.
    pub fn feed(&self, since: u64, limit: usize) -> Result<Vec<FeedEvent>, LedgerError> {
        let sql = format!("SELECT {EVENT_COLUMNS} FROM feed WHERE seq > ?1 ORDER BY seq LIMIT ?2");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![since as i64, limit as i64])?;
        let mut events = Vec::new();
        while let Some(row) = rows.next()? {
            events.push(event(row)?);
        }
        // Asked after the events: what is shown meanwhile may be told.
        let pending: HashMap<_, _> = self.pending()?.into_iter().map(|row| (row.id, row.revision)).collect();
        let shown = events.iter().position(|event| pending.get(&event.id) == Some(&event.revision));
        events.truncate(shown.unwrap_or(events.len()));
        Ok(events)
    }

    /// The articles whose last state the outbox does not show yet.
    fn pending(&self) -> Result<Vec<ArticleRow>, LedgerError> {
        articles(&self.connection, PENDING, [])
    }

    /// The number of the last event, 0 when there is none.
    pub fn last_event(&self) -> Result<u64, LedgerError> {
        let last =
            self.connection.query_row("SELECT coalesce(max(seq), 0) FROM feed", [], |row| row.get::<_, i64>(0))?;
        Ok(last as u64)
    }

    /// The article that document `founder` founded.
    pub fn article_of(&self, founder: u64) -> Result<Option<ArticleRow>, LedgerError> {
        article(&self.connection, founder)
    }

    /// With which earlier documents this one was compared and what came of it, as JSON; `None` when with none.
    pub fn comparisons(&self, document: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut statement = self.connection.prepare_cached("SELECT evidence, sum FROM comparisons WHERE seq = ?1")?;
        let found =
            statement.query_row([document as i64], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?)));
        let Some((evidence, sum)) = found.optional()? else { return Ok(None) };
        if sum != sums::comparison(document as i64, &evidence) {
            return Err(LedgerError::Row { table: "comparisons", row: document as i64 });
        }
        Ok(Some(evidence))
    }

    /// The article with this id, withdrawn ones included.
    pub fn article(&self, id: &str) -> Result<Option<ArticleRow>, LedgerError> {
        // An id starts with the content key of the document that founded the article, so no index over ids is needed.
        let Some(key) = id.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok()) else { return Ok(None) };
        let founded = "WHERE id = ?1 AND cluster IN (SELECT seq FROM documents WHERE key = ?2)";
        let found = articles(&self.connection, founded, params![id, key as i64])?.pop();
        match found {
            Some(_) => Ok(found),
            // Where the founder was lost, another document holds its place: then all articles are looked through.
            None => Ok(articles(&self.connection, "WHERE id = ?1", [id])?.pop()),
        }
    }

    /// The articles of a story, in order of arrival.
    pub fn story(&self, founder: u64) -> Result<Vec<ArticleRow>, LedgerError> {
        articles(&self.connection, "WHERE story = ?1 AND into_id IS NULL ORDER BY cluster", [founder as i64])
    }

    /// The members of an article in arrival order, at most `limit`, and how many there are in all.
    pub fn members(&self, cluster: u64, limit: usize) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
        members::first(&self.connection, cluster, limit)
    }

    /// The body of a document or of its twin.
    pub fn filed(&self, row: &DocumentRow) -> Result<Option<Filed>, LedgerError> {
        match row.twin {
            None => Filed::unpack(row.seq, &row.body).map(Some),
            Some(twin) => filed(&self.connection, twin),
        }
    }

    /// What is known of each publication: its name and how many of its articles taught it, most first.
    pub fn publications(&self) -> Result<Vec<(String, u64)>, LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT l.publication, count(*) FROM lessons l LEFT JOIN forgotten f USING (publication)
             WHERE l.seq > coalesce(f.seq, 0) GROUP BY l.publication ORDER BY 2 DESC, 1",
        )?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Calls `take` with each document that taught a publication and the fingerprints of its lines, in arrival order.
    pub fn each_lesson_of(&self, publication: &str, mut take: impl FnMut(u64, &[u64])) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT l.seq, l.publication, l.lines, l.sum FROM lessons l LEFT JOIN forgotten f USING (publication)
             WHERE l.publication = ?1 AND l.seq > coalesce(f.seq, 0) ORDER BY l.seq",
        )?;
        let mut rows = statement.query([publication])?;
        while let Some(row) = rows.next()? {
            let lesson = lesson(row)?;
            take(lesson.seq, &lesson.lines);
        }
        Ok(())
    }

    /// A document by its number.
    pub fn document(&self, document: u64) -> Result<Option<DocumentRow>, LedgerError> {
        let mut statement =
            self.connection.prepare_cached(&format!("SELECT {DOCUMENT_COLUMNS} FROM documents WHERE seq = ?1"))?;
        let mut rows = statement.query([document as i64])?;
        rows.next()?.map(self::document).transpose()
    }
}

/// Device and number of the file at a path; `None` when there is none.
fn file_at(path: &Path) -> io::Result<Option<(u64, u64)>> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(Some((file.dev(), file.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The columns of a document up to its body, as [`facts`] reads them.
pub(super) const FACTS: &str = "seq, input, path, cluster, received_ms, twin, sum, place";
pub(super) const DOCUMENT_COLUMNS: &str = "seq, input, path, cluster, received_ms, twin, sum, place, body_sum, body";

/// A document without its body, held against its sums.
pub(super) fn facts(row: &Row<'_>) -> Result<DocumentRow, LedgerError> {
    let facts = facts_without_place(row)?;
    let body_of = facts.twin.unwrap_or(facts.seq);
    if row.get::<_, i64>(7)? != sums::place(body_of as i64, facts.cluster as i64) {
        return Err(LedgerError::Row { table: "documents", row: facts.seq as i64 });
    }
    Ok(facts)
}

/// As [`facts`], where the cluster may be damaged.
pub(super) fn facts_without_place(row: &Row<'_>) -> Result<DocumentRow, LedgerError> {
    let (seq, cluster, received_ms): (i64, i64, i64) = (row.get(0)?, row.get(3)?, row.get(4)?);
    let twin: Option<i64> = row.get(5)?;
    let input: [u8; 32] = row.get(1)?;
    let path: String = row.get(2)?;
    if row.get::<_, i64>(6)? != sums::document(seq, &input, &path, received_ms, twin) {
        return Err(LedgerError::Row { table: "documents", row: seq });
    }
    Ok(DocumentRow {
        seq: seq as u64,
        input: InputId(input),
        path,
        cluster: cluster as u64,
        received_ms,
        twin: twin.map(|seq| seq as u64),
        body: Vec::new(),
    })
}

/// A document with its body, held against their sums.
pub(super) fn document(row: &Row<'_>) -> Result<DocumentRow, LedgerError> {
    let facts = facts(row)?;
    let body: Option<Vec<u8>> = row.get(9)?;
    let sum = body.as_ref().map(|body| sums::body(facts.seq as i64, body));
    if row.get::<_, Option<i64>>(8)? != sum || sum.is_some() == facts.twin.is_some() {
        return Err(LedgerError::Row { table: "documents", row: facts.seq as i64 });
    }
    Ok(DocumentRow { body: body.unwrap_or_default(), ..facts })
}

pub(super) fn documents(mut rows: Rows<'_>) -> Result<Vec<DocumentRow>, LedgerError> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(document(row)?);
    }
    Ok(found)
}

/// The body of a document, `None` when the number is unknown or a twin's.
pub(super) fn filed(connection: &Connection, seq: u64) -> Result<Option<Filed>, LedgerError> {
    let mut statement = connection.prepare_cached("SELECT body, body_sum FROM documents WHERE seq = ?1")?;
    let mut rows = statement.query([seq as i64])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let Some(body) = row.get::<_, Option<Vec<u8>>>(0)? else { return Ok(None) };
    if row.get::<_, Option<i64>>(1)? != Some(sums::body(seq as i64, &body)) {
        return Err(LedgerError::Row { table: "documents", row: seq as i64 });
    }
    Filed::unpack(seq, &body).map(Some)
}

pub(super) const EVENT_COLUMNS: &str = "seq, event, id, revision, into_id, at_ms, sum";

/// A line of the feed, held against its sum.
pub(super) fn event(row: &Row<'_>) -> Result<FeedEvent, LedgerError> {
    let (seq, revision, at_ms): (i64, i64, i64) = (row.get(0)?, row.get(3)?, row.get(5)?);
    let (event, id): (String, String) = (row.get(1)?, row.get(2)?);
    let into: Option<String> = row.get(4)?;
    if row.get::<_, i64>(6)? != sums::event(&event, &id, revision, into.as_deref(), at_ms) {
        return Err(LedgerError::Row { table: "feed", row: seq });
    }
    Ok(FeedEvent { seq: seq as u64, event, id, revision: revision as u64, into, at: rfc3339(at_ms) })
}

/// A lesson, of the columns seq, publication, lines, sum.
pub(super) fn lesson(row: &Row<'_>) -> Result<Lesson, LedgerError> {
    let seq: i64 = row.get(0)?;
    let publication: String = row.get(1)?;
    let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
    if row.get::<_, i64>(3)? != sums::lesson(seq, &publication, bytes) {
        return Err(LedgerError::Row { table: "lessons", row: seq });
    }
    let lines = bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("chunks of 8"))).collect();
    Ok(Lesson { seq: seq as u64, publication, lines })
}

pub(super) fn article(connection: &Connection, cluster: u64) -> Result<Option<ArticleRow>, LedgerError> {
    Ok(articles(connection, "WHERE cluster = ?1", [cluster as i64])?.pop())
}

pub(super) fn articles(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<ArticleRow>, LedgerError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {ARTICLE_COLUMNS} FROM articles {condition}"))?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(article_row(row)?.0);
    }
    Ok(found)
}

/// Articles whose last state the outbox does not show yet, in order of their founding.
pub(super) const PENDING: &str = "WHERE pending = 1 ORDER BY cluster";
pub(super) const ARTICLE_COLUMNS: &str = "cluster, id, revision, story, into_id, pending, sum";

/// The state of an article, held against its sum, and whether it is pending.
pub(super) fn article_row(row: &Row<'_>) -> Result<(ArticleRow, bool), LedgerError> {
    let (cluster, revision, story): (i64, i64, i64) = (row.get(0)?, row.get(2)?, row.get(3)?);
    let id: String = row.get(1)?;
    let into_id: Option<String> = row.get(4)?;
    let pending: i64 = row.get(5)?;
    let sum = sums::article(cluster, &id, revision, story, into_id.as_deref());
    let expected = match pending {
        1 => Some(sum),
        0 => Some(!sum),
        _ => None,
    };
    if row.get::<_, Option<i64>>(6)? != expected {
        return Err(LedgerError::Row { table: "articles", row: cluster });
    }
    let row = ArticleRow { cluster: cluster as u64, id, revision: revision as u64, story: story as u64, into_id };
    Ok((row, pending == 1))
}

/// Milliseconds of Unix time as RFC 3339 in UTC.
pub fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_string()
}

/// The error of a reader who would have to make the shared-memory file and may not.
fn unwritable(error: LedgerError, folder: &Path) -> LedgerError {
    match error {
        LedgerError::Sqlite(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ReadOnly) => {
            LedgerError::NotWritable { folder: folder.to_owned() }
        }
        other => other,
    }
}
