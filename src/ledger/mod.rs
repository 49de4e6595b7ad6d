//! The memory of the desk: which documents were decided, into which article, and what the outbox shows of it.
//!
//! One SQLite file (WAL, `synchronous = FULL`), one writer. A batch is one transaction, so that a document is never decided
//! without the article that holds it: whoever starts again after a crash finds a whole decision or none. Reads of other
//! processes (`status`, `feed`, `explain`) go through [`Reader`] while the desk works. A damaged file is never written again:
//! it is set [`aside`], and what can be read of it is brought into a new one ([`rebuilding`]).

pub mod aside;
mod check;
mod delivered;
mod error;
mod mark;
mod members;
mod reader;
pub mod rebuilding;
mod rows;
mod salvage;
mod schema;
mod sealed;
mod sums;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use serde::{Deserialize, Serialize};

pub use delivered::Delivered;
pub use error::LedgerError;
use error::named;
pub use mark::Mark;
pub use reader::{Counts, FeedEvent, Reader, rfc3339};
pub use rows::{
    ArticleRow, Batch, DocumentRow, Event, Filed, Lesson, Remembered, SketchRow, Sketched, Taught, path_key,
};

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

/// Pages of the log of writes that are carried over to the file together: 16 MB. The last pages of each table are written with
/// every batch, and this often only are they carried over.
const CHECKPOINT_PAGES: i64 = 4096;
/// Memory for pages of the file, in KiB: the index of contents, which is read at random places, fits for 200,000 documents.
const CACHE_KIB: i64 = 8192;
/// Statements kept ready; more than there are.
const STATEMENTS: usize = 64;

/// An end in order leaves no log, by which the next start would know of one in disorder. SQLite removes it with the last
/// connection; somebody who follows the feed has one for months.
impl Drop for Ledger {
    fn drop(&mut self) {
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
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
    /// Where the ledger stands.
    mark: Mark,
    /// Where that is told, apart from the ledger.
    witness: Option<mark::Witness>,
}

impl Ledger {
    /// Opens the state file in `folder`, creating both where missing, and brings it to the current schema.
    ///
    /// Every page and row is checked first where that takes seconds at the most, or after an end in disorder (see `check.rs`).
    ///
    /// # Errors
    /// A damaged file is named and left untouched.
    pub fn open(folder: &Path) -> Result<Self, LedgerError> {
        std::fs::create_dir_all(folder).map_err(|source| LedgerError::Io { path: folder.into(), source })?;
        let path = folder.join(FILE_NAME);
        check::examine(&path, aside::suspicion(folder)?.is_some())?;
        let connection = Connection::open(&path)?;
        prepare(&connection, &path)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self::over(connection)
    }

    /// A ledger over an open file.
    fn over(mut connection: Connection) -> Result<Self, LedgerError> {
        schema::migrate(&mut connection)?;
        let mark = Mark::of(&connection)?;
        Ok(Self { connection, mark, witness: None })
    }

    /// Tells another file with every batch how far the ledger is, so that a ledger which lost its last batches is known by it.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] when this ledger was further already. A file that cannot be written is done without.
    pub fn witness(&mut self, file: &Path) -> Result<(), LedgerError> {
        if let Some(seen) = Mark::read(file)
            && seen.ledger == self.mark.ledger
            && seen.commits > self.mark.commits
        {
            let path = PathBuf::from(self.connection.path().unwrap_or(FILE_NAME));
            let what = format!("it has {} batches, and {} were written", self.mark.commits, seen.commits);
            return Err(LedgerError::Damaged { path, what });
        }
        self.witness = mark::Witness::open(file, &self.mark);
        Ok(())
    }

    /// Where the ledger stands: its number, which no other has, and its counts.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Lets the reads from here to [`Self::end_reading`] or the next [`Self::commit`] share one lock, which else each takes
    /// and gives back. Keep it short: meanwhile the log of writes cannot begin anew.
    pub fn begin_reading(&self) -> Result<(), LedgerError> {
        if self.connection.is_autocommit() {
            self.connection.prepare_cached("BEGIN")?.execute([])?;
        }
        Ok(())
    }

    /// Ends what [`Self::begin_reading`] began.
    pub fn end_reading(&self) -> Result<(), LedgerError> {
        if !self.connection.is_autocommit() {
            self.connection.prepare_cached("COMMIT")?.execute([])?;
        }
        Ok(())
    }

    /// Writes a batch: all of it, or nothing. Safe to call again with the same batch after an error.
    pub fn commit(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        self.end_reading()?;
        let transaction = self.connection.transaction()?;
        batch.write(&transaction)?;
        transaction.commit()?;
        self.mark.advance(batch);
        if let Some(witness) = &self.witness {
            witness.tell(&self.mark);
        }
        Ok(())
    }

    /// The highest number in use, of documents or of articles whose founder was lost; 0 when there is none.
    pub fn last_seq(&self) -> Result<u64, LedgerError> {
        let sql = "SELECT max(coalesce((SELECT max(seq) FROM documents), 0), coalesce((SELECT max(cluster) FROM articles), 0))";
        Ok(self.connection.query_row(sql, [], |row| row.get::<_, i64>(0))? as u64)
    }

    /// Finds this very delivery: the same bytes under the same path.
    pub fn delivery(&self, input: &InputId, path: &str) -> Result<Option<Known>, LedgerError> {
        self.known("key = ?1 AND path_key = ?2", params![rows::content_key(input), path_key(path)], input)
    }

    /// Finds a document with the same bytes under any path.
    pub fn twin(&self, input: &InputId) -> Result<Option<Known>, LedgerError> {
        self.known("key = ?1", params![rows::content_key(input)], input)
    }

    fn known(
        &self,
        condition: &str,
        params: &[&dyn rusqlite::ToSql],
        input: &InputId,
    ) -> Result<Option<Known>, LedgerError> {
        let sql = format!("SELECT {} FROM documents WHERE {condition} LIMIT 8", reader::FACTS);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params)?;
        while let Some(row) = rows.next()? {
            let row = reader::facts(row)?;
            if row.input == *input {
                let body_of = row.twin.unwrap_or(row.seq);
                return Ok(Some(Known { seq: row.seq, cluster: row.cluster, body_of }));
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

    /// A document without its body.
    fn facts(&self, seq: u64) -> Result<Option<DocumentRow>, LedgerError> {
        let sql = format!("SELECT {} FROM documents WHERE seq = ?1", reader::FACTS);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([seq as i64])?;
        rows.next()?.map(reader::facts).transpose()
    }

    /// The hash of a document's bytes.
    pub fn input(&self, seq: u64) -> Result<Option<InputId>, LedgerError> {
        Ok(self.facts(seq)?.map(|row| row.input))
    }

    /// The article that a document belongs to.
    pub fn cluster_of(&self, seq: u64) -> Result<Option<u64>, LedgerError> {
        Ok(self.facts(seq)?.map(|row| row.cluster))
    }

    /// The body of a document, `None` when the number is unknown.
    pub fn filed(&self, seq: u64) -> Result<Option<Filed>, LedgerError> {
        reader::filed(&self.connection, seq)
    }

    /// The members that an article is made of, in arrival order, and how many there are in all: where these are more than
    /// `limit`, the first, the longest and the newest.
    pub fn members(&self, cluster: u64, limit: usize) -> Result<(Vec<DocumentRow>, u64), LedgerError> {
        members::chosen(&self.connection, cluster, limit)
    }

    /// The state of an article.
    pub fn article(&self, cluster: u64) -> Result<Option<ArticleRow>, LedgerError> {
        reader::article(&self.connection, cluster)
    }

    /// Articles whose current state the outbox may not show yet.
    pub fn pending(&self) -> Result<Vec<ArticleRow>, LedgerError> {
        reader::articles(&self.connection, reader::PENDING, [])
    }

    /// Day of the last sketch and the time at which its document, or a later one, arrived; `None` when there is none.
    pub fn last_day(&self) -> Result<Option<(i32, i64)>, LedgerError> {
        let day = self.connection.query_row("SELECT day FROM sketches ORDER BY seq DESC LIMIT 1", [], |row| row.get(0));
        let Some(day) = day.optional()? else { return Ok(None) };
        let sql = "SELECT received_ms FROM documents ORDER BY seq DESC LIMIT 1";
        let ms = self.connection.query_row(sql, [], |row| row.get(0)).optional()?;
        Ok(ms.map(|ms| (day, ms)))
    }

    /// Calls `take` for every article that founded or joined a story: `(cluster, story)`.
    pub fn each_story(&self, mut take: impl FnMut(u64, u64)) -> Result<(), LedgerError> {
        let sql = format!("SELECT {} FROM articles ORDER BY cluster", reader::ARTICLE_COLUMNS);
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (row, _) = reader::article_row(row)?;
            take(row.cluster, row.story);
        }
        Ok(())
    }

    /// Calls `take` for every lesson that still counts, in arrival order.
    pub fn each_lesson(&self, mut take: impl FnMut(Lesson)) -> Result<(), LedgerError> {
        let mut statement = self.connection.prepare(
            "SELECT l.seq, l.publication, l.lines, l.sum FROM lessons l LEFT JOIN forgotten f USING (publication)
             WHERE l.seq > coalesce(f.seq, 0) ORDER BY l.seq",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(reader::lesson(row)?);
        }
        Ok(())
    }
}

/// Makes lessons of a publication learned so far count no more; a running desk notices at its next start.
pub fn forget(folder: &Path, publication: &str) -> Result<bool, LedgerError> {
    let connection = Connection::open_with_flags(folder.join(FILE_NAME), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    let sql = "SELECT max(seq) FROM lessons WHERE publication = ?1";
    let Some(seq) = connection.query_row(sql, [publication], |row| row.get::<_, Option<i64>>(0))? else {
        return Ok(false);
    };
    connection.execute(
        "INSERT OR REPLACE INTO forgotten (publication, seq, sum) VALUES (?1, ?2, ?3)",
        params![publication, seq, sums::forgotten(publication, seq)],
    )?;
    Ok(true)
}

/// Checks that the file is a database and sets what holds for readers and the writer alike.
fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection.busy_timeout(Duration::from_secs(5))?;
    let damaged = |error: rusqlite::Error| named(error.into(), path);
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
            remembered: None,
            delivered: Vec::new(),
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
    fn an_article_whose_founder_was_lost_is_found_by_its_id() {
        let (folder, mut ledger) = ledger();
        let row = ArticleRow { id: crate::outbox::article_id(&InputId::of(b"lost")), ..article(1, 1) };
        let batch = Batch {
            documents: vec![document(1, 1, "one", "a.txt", None)],
            articles: [(1, row.clone())].into(),
            ..Batch::default()
        };
        ledger.commit(&batch).unwrap();
        let reader = Reader::open(folder.path()).unwrap().unwrap();
        assert_eq!(reader.article(&row.id).unwrap(), Some(row));
        assert_eq!(reader.article(&crate::outbox::article_id(&InputId::of(b"one"))).unwrap(), None);
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
    fn a_large_article_is_made_of_its_first_its_longest_and_its_newest_members() {
        let (_folder, mut ledger) = ledger();
        let long: String = (0..400).map(|n| format!("{} ", n * n)).collect();
        let text = |seq| if seq == 40 { long.clone() } else { format!("state {seq}") };
        let documents = (1..=100).map(|seq| document(seq, 1, &text(seq), &format!("{seq}.txt"), None)).collect();
        ledger.commit(&Batch { documents, ..Batch::default() }).unwrap();
        let chosen = |limit| {
            let (members, total) = ledger.members(1, limit).unwrap();
            assert_eq!(total, 100);
            members.iter().map(|row| row.seq).collect::<Vec<_>>()
        };
        assert_eq!(chosen(8), [1, 2, 3, 4, 40, 98, 99, 100]);
        assert_eq!(chosen(100), (1..=100).collect::<Vec<_>>());
        assert_eq!(chosen(1), [100]);
    }

    #[test]
    fn every_kind_of_change_leaves_rows_that_are_what_was_written() {
        let (folder, mut ledger) = ledger();
        let sketch = |seq| Sketched { seq, cluster: seq, day: 1, url: None, brief: vec![1], terms: vec![2] };
        ledger
            .commit(&Batch {
                documents: vec![
                    document(1, 1, "one", "a.txt", None),
                    document(2, 2, "two", "b.txt", None),
                    document(3, 2, "two", "c.txt", Some(2)),
                ],
                sketches: vec![sketch(1), sketch(2)],
                comparisons: vec![(2, b"[]".to_vec())],
                lessons: vec![Lesson { seq: 1, publication: "example.org".into(), lines: vec![7] }],
                feed: vec![Event { event: "created", id: "1".into(), revision: 1, into_id: None, at_ms: 5 }],
                articles: [(1, article(1, 1)), (2, article(2, 1))].into(),
                ..Batch::default()
            })
            .unwrap();
        assert_eq!(check::whole(&ledger.connection).unwrap(), None);
        let change = Batch {
            moved: vec![(2, 1)],
            roundups: vec![1],
            revised: vec![(2, filed("new").pack())],
            published: vec![(1, 1), (2, 1)],
            ..Batch::default()
        };
        // Some changes may be ordered twice.
        for _ in 0..2 {
            ledger.commit(&change).unwrap();
            assert!(forget(folder.path(), "example.org").unwrap());
            assert_eq!(check::whole(&ledger.connection).unwrap(), None);
        }
        for damage in [
            "UPDATE documents SET cluster = 2 WHERE seq = 3",
            "UPDATE documents SET key = 7 WHERE seq = 1",
            "UPDATE documents SET body = x'00' WHERE seq = 1",
            "UPDATE documents SET body = NULL, body_sum = NULL WHERE seq = 1",
            "UPDATE sketches SET roundup = 0 WHERE seq = 1",
            "UPDATE sketches SET day = 2 WHERE seq = 2",
            "UPDATE articles SET pending = 1 WHERE cluster = 1",
            "UPDATE feed SET revision = 2",
            "UPDATE lessons SET lines = x'0000000000000000'",
            "UPDATE comparisons SET evidence = x'00'",
            "UPDATE forgotten SET seq = 0",
        ] {
            ledger.connection.execute_batch(&format!("SAVEPOINT damage; {damage}")).unwrap();
            assert!(check::whole(&ledger.connection).unwrap().is_some(), "{damage}");
            ledger.connection.execute_batch("ROLLBACK TO damage; RELEASE damage").unwrap();
        }
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
