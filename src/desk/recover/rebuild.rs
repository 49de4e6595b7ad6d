//! A new state from three sources. What was salvaged of the old file counts first: it was decided before it was published. The
//! outbox fills in what is missing, and counts first where the old file is behind it. `done/` gives texts back.
//!
//! Every published article keeps its id and revision, every copy that a record lists its place. A document that is in no
//! record and cannot be placed is dropped: its file is still in the inbox, or it is one of the copies that are only counted.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::{original, record};
use crate::article::InputId;
use crate::clean::{Cleaner, site};
use crate::dedup::Sketch;
use crate::desk::clock::{MAX_STEP_DAYS, day_of, event_day, now_ms};
use crate::desk::{DeskError, Plan};
use crate::inbox::{DONE, Inbox, decode_path, source_folder};
use crate::ledger::rebuilding::Rebuilding;
use crate::ledger::{ArticleRow, Batch, DocumentRow, Event, FeedEvent, Filed, LedgerError, Lesson, Mark, Sketched};
use crate::outbox::{Record, article_id};
use crate::story::Terms;

/// Documents whose sketches are made at once.
const CHUNK: usize = 256;

/// What a new state is built from.
pub struct Sources<'a> {
    pub plan: &'a Plan,
    pub inbox: Option<&'a Inbox>,
    pub cleaner: &'a Cleaner,
    /// The folder that the old file was moved to.
    pub aside: Option<&'a Path>,
    /// How far the old file was.
    pub mark: Option<Mark>,
    /// Whether the outbox knows more than the old file.
    pub behind: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Told {
    /// Documents read from the old file.
    pub salvaged: u64,
    /// Documents taken over from records.
    pub adopted: u64,
    pub articles: u64,
    /// Copies whose text is lost: the record goes on to list them as it did.
    pub remembered: u64,
}

struct Rebuild<'a> {
    from: &'a Sources<'a>,
    new: Rebuilding,
    next_seq: u64,
    told: Told,
    /// Documents that a record was the first to name, where the outbox counts first.
    claimed: BTreeSet<u64>,
    /// Articles whose file is to go, and where their documents are.
    withdrawn: Vec<(ArticleRow, u64)>,
    /// Articles and the ids of their stories.
    stories: Vec<(u64, String)>,
}

/// Builds the new state and puts it in place.
pub fn rebuild(from: &Sources<'_>) -> Result<Told, DeskError> {
    let new = Rebuilding::begin(&from.plan.state.path, from.aside)?;
    let next_seq = new.found.last_seq.max(from.mark.map_or(0, |mark| mark.document)) + 1;
    let told = Told { salvaged: new.found.documents, ..Told::default() };
    let mut rebuild =
        Rebuild { from, new, next_seq, told, claimed: BTreeSet::new(), withdrawn: Vec::new(), stories: Vec::new() };
    rebuild.run()?;
    let Rebuild { new, told, .. } = rebuild;
    new.finish()?;
    Ok(told)
}

impl Rebuild<'_> {
    fn run(&mut self) -> Result<(), LedgerError> {
        let outbox = &self.from.plan.outbox.path;
        let ids = record::ids(outbox)?;
        for id in &ids {
            if let Some(record) = record::read(outbox, id)? {
                self.adopt_documents(&record)?;
            }
        }
        for id in &ids {
            if let Some(record) = record::read(outbox, id)? {
                self.adopt_article(&record)?;
            }
        }
        let useless = &self.new.found.bodiless | &self.new.found.unplaced;
        self.new.drop_documents(&useless)?;
        self.complete_articles()?;
        self.new.drop_empty_articles()?;
        self.complete_sketches()?;
        self.new.skip_events(self.from.mark, now_ms())?;
        self.complete_feed()
    }

    fn commit(&mut self, batch: &Batch) -> Result<(), LedgerError> {
        self.new.ledger.commit(batch)
    }

    /// Gives every copy of a record its row, and bodies that are lost what is left of them.
    fn adopt_documents(&mut self, record: &Record) -> Result<(), LedgerError> {
        let founded = self.new.article(&record.id)?.map(|(row, _)| row.cluster);
        for (n, copy) in record.copies.iter().enumerate() {
            let mut batch = Batch::default();
            let known = self.new.ledger.delivery(&copy.input, &copy.path)?;
            let twin = self.new.ledger.twin(&copy.input)?;
            if let Some(twin) = twin
                && self.new.found.bodiless.remove(&twin.body_of)
            {
                batch.revised.push((twin.body_of, self.filed(record, n)?.pack()));
            }
            if let Some(known) = known
                && self.from.behind
                && let Ok(Some(mut body)) = self.new.ledger.filed(known.body_of)
                && body.correct(known.seq, known.seq == known.body_of, &[], &record::filed(record, n))
            {
                batch.revised.push((known.body_of, body.pack()));
            }
            if known.is_none() {
                let is_founder = copy.input.hex().starts_with(&record.id);
                let free = match founded.filter(|_| is_founder) {
                    Some(seq) if self.new.ledger.input(seq)?.is_none() => Some(seq),
                    _ => None,
                };
                let seq = free.unwrap_or(self.next_seq);
                self.next_seq = self.next_seq.max(seq + 1);
                if let Some(twin) = twin
                    && batch.revised.is_empty()
                    && let Ok(Some(mut body)) = self.new.ledger.filed(twin.body_of)
                    && body.deliver(seq, &record::filed(record, n))
                {
                    batch.revised.push((twin.body_of, body.pack()));
                }
                let body = if twin.is_none() { self.filed(record, n)?.pack() } else { Vec::new() };
                if twin.is_none() {
                    self.new.found.unplaced.insert(seq);
                }
                batch.documents.push(DocumentRow {
                    seq,
                    input: copy.input,
                    path: copy.path.clone(),
                    cluster: twin.map_or(seq, |twin| twin.cluster),
                    received_ms: record::received_ms(copy),
                    twin: twin.map(|twin| twin.body_of),
                    body,
                });
                self.told.adopted += 1;
            }
            if !batch.documents.is_empty() || !batch.revised.is_empty() {
                self.commit(&batch)?;
            }
        }
        Ok(())
    }

    fn filed(&mut self, record: &Record, n: usize) -> Result<Filed, LedgerError> {
        let Sources { plan, inbox, cleaner, .. } = self.from;
        let filed = record::filed(record, n);
        if filed.remembered.is_none() {
            return Ok(filed);
        }
        let copy = &record.copies[n];
        let original = match inbox {
            Some(inbox) => original::filed(copy, inbox, &plan.read, cleaner).map_err(|source| LedgerError::Io {
                path: inbox.root().join(DONE).join(decode_path(&copy.path)),
                source,
            })?,
            None => None,
        };
        self.told.remembered += u64::from(original.is_none());
        Ok(match original {
            // What was said of it later counts, not the sidecar that lies beside its first file.
            Some(mut original) => {
                original.correct(0, true, &[], &filed);
                original
            }
            None => filed,
        })
    }

    /// Gives a record its article, and its documents their places.
    fn adopt_article(&mut self, record: &Record) -> Result<(), LedgerError> {
        let mut bodies = BTreeSet::new();
        for copy in &record.copies {
            bodies.extend(self.new.ledger.twin(&copy.input)?.map(|known| known.body_of));
        }
        let row = self.new.article(&record.id)?;
        let founder = self.new.founder(&record.id)?;
        let cluster = match (&row, founder, bodies.first()) {
            (Some((row, _)), ..) => row.cluster,
            (None, Some(founder), _) => founder,
            // Its founder is in no record; a number that another article has is not taken from it.
            (None, None, Some(&first)) if self.new.ledger.article(first)?.is_none() => first,
            (None, None, Some(_)) => {
                self.next_seq += 1;
                self.next_seq - 1
            }
            (None, None, None) => return Ok(()),
        };
        let newer = row.as_ref().is_none_or(|(row, _)| record.revision > row.revision);
        let mut batch = Batch::default();
        let (mut elsewhere, mut here) = (None, false);
        for body_of in bodies {
            let place = self.new.ledger.cluster_of(body_of)?;
            let may_claim = self.from.behind && newer && !self.claimed.contains(&body_of);
            if self.new.found.unplaced.remove(&body_of) || may_claim {
                batch.moved.push((body_of, cluster));
                self.claimed.insert(body_of);
                here = true;
            } else if place == Some(cluster) {
                here = true;
            } else {
                elsewhere = place;
            }
        }
        match row {
            // All its documents were decided to be in another article: its file is a leftover.
            None if !here => {
                let Some(home) = elsewhere else { return Ok(()) };
                let row = ArticleRow {
                    cluster,
                    id: record.id.clone(),
                    revision: record.revision + 1,
                    story: cluster,
                    into_id: None,
                };
                self.withdrawn.push((row, home));
            }
            None => {
                if record.story != record.id {
                    self.stories.push((cluster, record.story.clone()));
                }
                let row = ArticleRow {
                    cluster,
                    id: record.id.clone(),
                    revision: record.revision + u64::from(elsewhere.is_some()),
                    story: cluster,
                    into_id: None,
                };
                batch.articles.insert(cluster, row);
            }
            Some((row, _)) if newer => {
                let revision = record.revision + u64::from(elsewhere.is_some());
                batch.articles.insert(cluster, ArticleRow { revision, into_id: None, ..row });
            }
            // The file is behind, or was to be withdrawn.
            Some((row, _)) if row.revision > record.revision || row.into_id.is_some() => {
                batch.articles.insert(cluster, row);
            }
            Some(_) => {}
        }
        let shown: Vec<(u64, u64)> = match &elsewhere {
            None if newer => batch.articles.values().map(|row| (row.cluster, row.revision)).collect(),
            _ => Vec::new(),
        };
        self.commit(&batch)?;
        self.commit(&Batch { published: shown, ..Batch::default() })
    }

    /// Articles that no record names: those that were to be withdrawn, those not published yet; then the stories of all.
    fn complete_articles(&mut self) -> Result<(), LedgerError> {
        let mut batch = Batch::default();
        for cluster in self.new.articles_without_row()? {
            let input = self.new.ledger.input(cluster)?.unwrap_or_else(|| InputId::of(&cluster.to_le_bytes()));
            let id = article_id(&input);
            let row = ArticleRow { cluster, id, revision: 1, story: cluster, into_id: None };
            batch.articles.insert(cluster, row);
        }
        self.commit(&batch)?;
        let mut batch = Batch::default();
        for (row, home) in std::mem::take(&mut self.withdrawn) {
            let into_id = self.new.ledger.article(home)?.map(|home| home.id);
            // Its number may by now be that of another article.
            if into_id.is_some() && self.new.ledger.article(row.cluster)?.is_none() {
                batch.articles.insert(row.cluster, ArticleRow { into_id, ..row });
            }
        }
        self.commit(&batch)?;
        for (cluster, id) in std::mem::take(&mut self.stories) {
            let Some((story, _)) = self.new.article(&id)? else { continue };
            let Some(row) = self.new.ledger.article(cluster)? else { continue };
            let pending = self.new.article(&row.id)?.is_some_and(|(_, pending)| pending);
            let published = if pending { Vec::new() } else { vec![(cluster, row.revision)] };
            let row = ArticleRow { story: story.cluster, ..row };
            self.commit(&Batch { articles: BTreeMap::from([(cluster, row)]), ..Batch::default() })?;
            self.commit(&Batch { published, ..Batch::default() })?;
        }
        Ok(())
    }

    /// Lets later near-copies find what was filled in, and sites be known by it.
    fn complete_sketches(&mut self) -> Result<(), LedgerError> {
        let (mut last_seq, mut last_day) = (0, None);
        loop {
            let rows = self.new.without_sketch(last_seq, CHUNK)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            last_seq = last.seq;
            let mut batch = Batch::default();
            for (row, before) in rows {
                // A damaged body was made good by now, or its document dropped.
                let Some(filed) = self.new.ledger.filed(row.seq)?.filter(|filed| filed.remembered.is_none()) else {
                    continue;
                };
                let received = day_of(row.received_ms);
                let day = before.max(last_day).map_or(received, |last| received.clamp(last, last + MAX_STEP_DAYS));
                last_day = Some(day);
                let article = &filed.article;
                let title = article.title.as_deref();
                let founds = row.cluster == row.seq;
                let event = Some(event_day(article.date_published.as_deref(), day)).filter(|event| *event != day);
                let terms = if founds { Terms::of(title, &article.text).to_bytes(event) } else { Vec::new() };
                batch.sketches.push(Sketched {
                    seq: row.seq,
                    cluster: row.cluster,
                    day,
                    url: article.url.clone(),
                    brief: Sketch::of(title, &article.text).brief(),
                    terms,
                });
                if founds && !self.new.has_lesson(row.seq)? {
                    batch.lessons.extend(lesson(&row, &filed));
                }
            }
            self.commit(&batch)?;
        }
    }

    /// Announces what the feed does not tell of, so that who reads all of it knows what the outbox shows.
    fn complete_feed(&mut self) -> Result<(), LedgerError> {
        let mut told: HashMap<String, (bool, u64)> = HashMap::new();
        self.new.each_event(|FeedEvent { event, id, revision, .. }| {
            told.insert(id, (event != "withdrawn", revision));
        })?;
        let mut batch = Batch::default();
        let at_ms = now_ms();
        let mut articles = 0;
        self.new.each_article(|row, _| {
            let (is_told, revision) = told.remove(&row.id).unwrap_or((false, 0));
            articles += u64::from(row.into_id.is_none());
            let event = match (row.into_id.is_none(), is_told) {
                (true, false) => "created",
                (true, true) if revision != row.revision => "updated",
                (false, true) => "withdrawn",
                _ => return,
            };
            batch.feed.push(Event { event, id: row.id, revision: row.revision, into_id: row.into_id, at_ms });
        })?;
        self.told.articles = articles;
        let mut lost: Vec<(String, u64)> =
            told.into_iter().filter(|(_, (alive, _))| *alive).map(|(id, (_, revision))| (id, revision)).collect();
        lost.sort_unstable();
        let withdrawn = lost.into_iter().map(|(id, revision)| Event {
            event: "withdrawn",
            id,
            revision: revision + 1,
            into_id: None,
            at_ms,
        });
        batch.feed.extend(withdrawn);
        self.commit(&batch)
    }
}

/// What a document teaches of its publication, as far as its article still shows it.
fn lesson(row: &DocumentRow, filed: &Filed) -> Option<Lesson> {
    let article = &filed.article;
    let publication = article.site.clone().or_else(|| source_folder(&decode_path(&row.path)))?;
    let learned = article.removed.iter().filter(|removal| removal.rule.starts_with("site:"));
    let lines = article.text.split("\n\n").chain(learned.map(|removal| removal.text.as_str()));
    Some(Lesson { seq: row.seq, publication, lines: lines.filter_map(site::fingerprint).collect() })
}
