//! The memory of the desk: which documents were decided, into which article, and what the outbox shows of it.
//!
//! One SQLite file (WAL, `synchronous = FULL`), one writer. A batch is one transaction, so that a document is never decided
//! without the article that holds it: whoever starts again after a crash finds a whole decision or none. Reads of other
//! processes (`status`, `feed`, `explain`) go through [`Reader`] while the desk works.

mod reader;
mod rows;
mod schema;
mod sealed;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::{Deserialize, Serialize};

pub use reader::{Counts, FeedEvent, Reader, rfc3339};
pub use rows::{ArticleRow, Batch, DocumentRow, Event, Filed, Lesson, SketchRow, Sketched, Taught, path_key};
pub use sealed::Settled;

use crate::article::InputId;

/// The name of the state file inside the state folder.
pub const FILE_NAME: &str = "ledger.sqlite";

/// Where the state lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Folder of the ledger and the lock; created when it is missing.
    pub path: PathBuf,
}

impl Default for Settings {
    fn default() -> Self {
        Self { path: PathBuf::from("state") }
    }
}

/// What can go wrong with the state. Every case concerns the desk, never one document.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("the state file: {0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error(
        "the state file has schema {found}, this copydesk knows up to {known}: use the newer copydesk that wrote it"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "{path}: the state file is damaged ({what}): stop the desk, move the file aside, put the files of done/ back into the inbox and start again"
    )]
    Damaged { path: PathBuf, what: String },
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("document {seq}: its stored body cannot be read: {what}")]
    Body { seq: u64, what: String },
}

/// What the ledger knows of a document that has the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub seq: u64,
    pub cluster: u64,
    /// The document that holds the body: `seq` itself, or its twin.
    pub body_of: u64,
}

/// The writer's side of the state file.
pub struct Ledger {
    connection: Connection,
}

impl Ledger {
    /// Opens the state file in `folder`, creating both where missing, and brings it to the current schema.
    ///
    /// # Errors
    /// A damaged file is named and left untouched.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        std::fs::create_dir_all(folder).map_err(|source| LedgerError::Io { path: folder.into(), source })?;
        let path = folder.join(FILE_NAME);
        let mut connection = Connection::open(&path)?;
        prepare(&connection, &path)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        schema::migrate(&mut connection)?;
        Ok(Self { connection })
    }

    /// Writes a batch: all of it, or nothing. Safe to call again with the same batch after an error.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        let transaction = self.connection.transaction()?;
        batch.write(&transaction)?;
        Ok(transaction.commit()?)
    }

    /// The highest document number in use, 0 when there is none.
    pub fn last_seq(&self) -> Result<u64, LedgerError> {
        Ok(self.connection.query_row("SELECT coalesce(max(seq), 0) FROM documents", [], |row| row.get::<_, i64>(0))?
            as u64)
    }

    /// Finds this very delivery: the same bytes under the same path.
    pub fn delivery(&self, input: &InputId, path: &str) -> Result<Option<Known>, LedgerError> {
        self.known(
            "SELECT seq, cluster, coalesce(twin, seq), input FROM documents WHERE key = ?1 AND path_key = ?2 LIMIT 8",
            params![rows::content_key(input), path_key(path)],
            input,
        )
    }

    /// Finds a document with the same bytes under any path.
    pub fn twin(&self, input: &InputId) -> Result<Option<Known>, LedgerError> {
        self.known(
            "SELECT seq, cluster, coalesce(twin, seq), input FROM documents WHERE key = ?1 LIMIT 8",
            params![rows::content_key(input)],
            input,
        )
    }

    fn known(&self, sql: &str, params: &[&dyn rusqlite::ToSql], input: &InputId) -> Result<Option<Known>, LedgerError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            if row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)? == input.0 {
                let number = |column| row.get::<_, i64>(column).map(|n| n as u64);
                return Ok(Some(Known { seq: number(0)?, cluster: number(1)?, body_of: number(2)? }));
            }
        }
        Ok(None)
    }

    /// Whether another document than `input` starts with the same 8 bytes: its id needs more digits then.
    pub fn id_taken(&self, input: &InputId) -> Result<bool, LedgerError> {
        let mut statement =
            self.connection.prepare_cached("SELECT 1 FROM documents WHERE key = ?1 AND input <> ?2 LIMIT 1")?;
        Ok(statement.exists(params![rows::content_key(input), input.0])?)
    }

    /// The hash of a document's bytes.
    pub fn input(&self, seq: u64) -> Result<Option<InputId>, LedgerError> {
        let mut statement = self.connection.prepare_cached("SELECT input FROM documents WHERE seq = ?1")?;
        Ok(statement.query_row([seq as i64], |row| row.get(0).map(InputId)).optional()?)
    }

    /// The article that a document belongs to.
    pub fn cluster_of(&self, seq: u64) -> Result<Option<u64>, LedgerError> {
        let mut statement = self.connection.prepare_cached("SELECT cluster FROM documents WHERE seq = ?1")?;
        Ok(statement.query_row([seq as i64], |row| row.get::<_, i64>(0)).optional()?.map(|cluster| cluster as u64))
    }

    /// The body of a document, `None` when the number is unknown.
    pub fn filed(&self, seq: u64) -> Result<Option<Filed>, LedgerError> {
        let mut statement = self.connection.prepare_cached("SELECT body FROM documents WHERE seq = ?1")?;
        let body: Option<Vec<u8>> = statement.query_row([seq as i64], |row| row.get(0)).optional()?.flatten();
        body.map(|body| Filed::unpack(seq, &body)).transpose()
    }

    /// The members of a cluster in arrival order, at most `limit`, and how many there are in all.
    pub fn members(&self, cluster: u64, limit: usize) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
        reader::members(&self.connection, cluster, limit)
    }

    /// The state of an article.
    pub fn article(&self, cluster: u64) -> Result<Option<ArticleRow>, LedgerError> {
        reader::article(&self.connection, cluster)
    }

    /// Articles whose current state the outbox may not show yet.
    pub fn pending(&self) -> Result<Vec<ArticleRow>, LedgerError> {
        reader::articles(&self.connection, "WHERE pending = 1 ORDER BY cluster", [])
    }

    /// Calls `take` for every article that founded or joined a story: `(cluster, story)`.
    pub fn each_story(&self, mut take: impl FnMut(u64, u64)) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare("SELECT cluster, story FROM articles ORDER BY cluster")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64);
        }
        Ok(())
    }

    /// Calls `take` for every lesson that still counts, in arrival order.
    pub fn each_lesson(&self, mut take: impl FnMut(Lesson)) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT l.seq, l.publication, l.lines FROM lessons l LEFT JOIN forgotten f USING (publication)
             WHERE l.seq > coalesce(f.seq, 0) ORDER BY l.seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let lines = bytes.chunks_exact(8).map(|b| u64::from_le_bytes(b.try_into().expect("chunks of 8"))).collect();
            take(Lesson { seq: row.get::<_, i64>(0)? as u64, publication: row.get(1)?, lines });
        }
        Ok(())
    }
}

/// Makes lessons of a publication learned so far count no more; a running desk notices at its next start.
pub fn forget(folder: &Path, publication: &str) -> Result<bool, LedgerError> {
    let connection = Connection::open_with_flags(folder.join(FILE_NAME), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let changed = connection.execute(
        "INSERT OR REPLACE INTO forgotten (publication, seq)
         SELECT publication, max(seq) FROM lessons WHERE publication = ?1 GROUP BY publication",
        [publication],
    )?;
    Ok(changed > 0)
}

/// Checks that the file is a database and sets what holds for readers and the writer alike.
fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection.busy_timeout(Duration::from_secs(5))?;
    let damaged = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            LedgerError::Damaged { path: path.into(), what: error.to_string() }
        }
        _ => LedgerError::Sqlite(error),
    };
    connection.pragma_update(None, "journal_mode", "WAL").map_err(damaged)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)).map_err(damaged)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Article, MediaType};

    fn filed(text: &str) -> Filed {
        Filed {
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: text.len() as u64,
            fetched_at: None,
            article: Article { text: text.into(), ..Article::default() },
            taught: None,
        }
    }

    fn document(seq: u64, cluster: u64, text: &str, path: &str, twin: Option<u64>) -> DocumentRow {
        DocumentRow {
            seq,
            input: InputId::of(text.as_bytes()),
            path: path.into(),
            cluster,
            received_ms: 0,
            twin,
            body: if twin.is_none() { filed(text).pack() } else { Vec::new() },
        }
    }

    fn article(cluster: u64, revision: u64) -> ArticleRow {
        ArticleRow { cluster, id: format!("{cluster:016x}"), revision, story: cluster, into_id: None }
    }

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(folder.path()).unwrap();
        (folder, ledger)
    }

    #[test]
    fn a_batch_is_found_again_after_reopening() {
        let (folder, mut ledger) = ledger();
        let batch = Batch {
            documents: vec![document(1, 1, "one", "a.txt", None), document(2, 1, "one", "b.txt", Some(1))],
            articles: [(1, article(1, 1))].into(),
            ..Batch::default()
        };
        ledger.commit(&batch).unwrap();
        drop(ledger);
        let ledger = Ledger::open(folder.path()).unwrap();
        let one = InputId::of(b"one");
        assert_eq!(ledger.last_seq().unwrap(), 2);
        assert_eq!(ledger.delivery(&one, "b.txt").unwrap(), Some(Known { seq: 2, cluster: 1, body_of: 1 }));
        assert_eq!(ledger.delivery(&one, "c.txt").unwrap(), None);
        assert_eq!(ledger.twin(&one).unwrap().unwrap().body_of, 1);
        assert_eq!(ledger.filed(1).unwrap(), Some(filed("one")));
        assert_eq!(ledger.pending().unwrap(), [article(1, 1)]);
    }

    #[test]
    fn a_failed_batch_leaves_nothing_and_can_be_written_again() {
        let (_folder, mut ledger) = ledger();
        let bad = Batch {
            documents: vec![document(1, 1, "one", "a.txt", None), document(1, 1, "two", "b.txt", None)],
            ..Batch::default()
        };
        assert!(ledger.commit(&bad).is_err());
        assert_eq!(ledger.last_seq().unwrap(), 0);
        ledger.commit(&Batch { documents: bad.documents[..1].to_vec(), ..Batch::default() }).unwrap();
        assert_eq!(ledger.last_seq().unwrap(), 1);
    }

    #[test]
    fn a_mark_for_an_earlier_revision_leaves_the_later_one_pending() {
        let (_folder, mut ledger) = ledger();
        ledger.commit(&Batch { articles: [(1, article(1, 1))].into(), ..Batch::default() }).unwrap();
        let both = Batch { articles: [(1, article(1, 2))].into(), published: vec![(1, 1)], ..Batch::default() };
        ledger.commit(&both).unwrap();
        assert_eq!(ledger.pending().unwrap(), [article(1, 2)]);
        ledger.commit(&Batch { published: vec![(1, 2)], ..Batch::default() }).unwrap();
        assert_eq!(ledger.pending().unwrap(), []);
    }

    #[test]
    fn documents_with_the_same_bytes_move_together() {
        let (_folder, mut ledger) = ledger();
        let batch = Batch {
            documents: vec![
                document(1, 1, "one", "a.txt", None),
                document(2, 2, "two", "b.txt", None),
                document(3, 2, "two", "c.txt", Some(2)),
            ],
            moved: vec![(2, 1)],
            ..Batch::default()
        };
        ledger.commit(&batch).unwrap();
        let (members, total) = ledger.members(1, 10).unwrap();
        assert_eq!(members.iter().map(|row| row.seq).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(total, 3);
        assert_eq!(ledger.members(1, 2).unwrap().1, 3);
    }

    #[test]
    fn forgotten_lessons_do_not_come_back_and_later_ones_count() {
        let (folder, mut ledger) = ledger();
        let lesson = |seq| Lesson { seq, publication: "example.org".into(), lines: vec![1, u64::MAX] };
        ledger
            .commit(&Batch { lessons: vec![lesson(1)], counts: [("documents", 1)].into(), ..Batch::default() })
            .unwrap();
        assert!(forget(folder.path(), "example.org").unwrap());
        assert!(!forget(folder.path(), "nowhere.example").unwrap());
        ledger
            .commit(&Batch { lessons: vec![lesson(2)], counts: [("documents", 1)].into(), ..Batch::default() })
            .unwrap();
        let mut lessons = Vec::new();
        ledger.each_lesson(|lesson| lessons.push(lesson)).unwrap();
        assert_eq!(lessons, [lesson(2)]);
    }

    #[test]
    fn a_file_that_is_no_database_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::fs::write(&path, vec![7; 8192]).unwrap();
        let Err(error) = Ledger::open(folder.path()) else { panic!("opened") };
        assert!(matches!(error, LedgerError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), vec![7; 8192]);
    }

    #[test]
    fn a_damaged_body_is_an_error_and_no_panic() {
        let whole = filed("one").pack();
        for cut in 0..whole.len() {
            assert!(Filed::unpack(1, &whole[..cut]).is_err());
        }
    }
}
