//! One document against all before it: its site's boilerplate, its near-copies, its story.
//!
//! Apart from the batch that the decisions end in, which is the editor's: here is what is asked of the stages, and in which order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Editor, Interrupted, Seat, note, persist, sound};
use crate::crash;
use crate::dedup::{Facts, Sketch};
use crate::desk::clock::event_day;
use crate::desk::revise::{self, Finished};
use crate::desk::work::Prepared;
use crate::ledger::{Filed, Known, Lesson, Sketched};

/// Documents with the same bytes that are looked for among the members of their article.
const MAX_SHARING: usize = 64;

impl Editor {
    /// Finishes the cleaning with what is known of the site, then finds the article that the text belongs to.
    pub(super) fn judge(&mut self, seq: u64, received_ms: i64, prepared: Prepared) -> (u64, Filed, Vec<u8>) {
        let Prepared { document, outline, lines, mut finished } = prepared;
        let path = document.path.clone();
        let day = self.calendar.day(received_ms, self.started.elapsed());
        if let Some(publication) = &outline.publication
            && self.seat.memory.knows_any(publication, &lines)
        {
            let article = self.seat.cleaner.finish(outline.draft(&finished.filed.article), &self.seat.memory);
            if article != finished.filed.article {
                finished = Finished::new(&document, &outline, article);
            }
        }
        let Finished { filed, body, sketch, terms } = finished;
        let article = &filed.article;
        crash::poison(article.text.as_bytes(), "decision");
        let brief = sketch.brief();
        let facts = Facts { url: article.url.as_deref(), day };
        let Self { seat: Seat { ledger, dedup, past, health, .. }, fresh, damage, .. } = self;
        let mut recall = |doc: u64| {
            if let Some(filed) = fresh.bodies.get(&doc) {
                return comparable(filed);
            }
            let filed = match persist(health, "reading the state", || sound(ledger.filed(doc))) {
                Ok(filed) => filed,
                Err(interrupted) => return note(damage, interrupted),
            };
            filed.as_ref().and_then(comparable)
        };
        let verdict = dedup.judge_with(seq, &facts, sketch, &mut recall, &mut past.archive(ledger, health, damage));
        let changed = verdict.moved.iter().map(|(doc, _)| doc).chain(&verdict.roundups);
        fresh.moved_sealed |= past.holds_any(changed.copied());
        if !verdict.evidence.is_empty() {
            let evidence = serde_json::to_vec(&verdict.evidence).expect("plain values are JSON");
            self.batch.comparisons.push((seq, evidence));
        }
        self.batch.roundups.extend(&verdict.roundups);
        if let Some(expired) = &verdict.expired {
            tracing::info!(?expired, "forgot the oldest documents: later copies of them found articles of their own");
        }
        let mut changed = BTreeSet::new();
        for &(doc, to) in &verdict.moved {
            let from = self.cluster_of(doc);
            self.batch.moved.push((doc, to));
            self.fresh.clusters.insert(doc, to);
            changed.insert(to);
            if let Some(from) = from.filter(|&from| from != to) {
                changed.insert(from);
                self.fresh.left.insert(from, to);
            }
        }
        // The document's own article is touched once the document has its place.
        changed.remove(&verdict.cluster);
        changed.into_iter().for_each(|cluster| self.fresh.touch(cluster));
        // Articles made from one template are alike without an event.
        let event_day = event_day(article.date_published.as_deref(), day);
        let placed = verdict.cluster == seq && !verdict.is_template();
        if placed {
            let story = self.seat.stories.place(seq, &terms, event_day);
            self.fresh.stories.insert(seq, story);
        }
        tracing::info!(%path, article = verdict.cluster, copy = verdict.cluster != seq, title = article.title, "decided");
        self.batch.sketches.push(Sketched {
            seq,
            cluster: verdict.cluster,
            day,
            url: article.url.clone(),
            brief,
            terms: if placed { terms.to_bytes(Some(event_day).filter(|of| *of != day)) } else { Vec::new() },
        });
        // A near-copy would teach the article itself.
        if verdict.cluster == seq
            && let Some(publication) = &outline.publication
        {
            let proven = self.seat.memory.learn(publication, seq, &lines);
            self.batch.lessons.push(Lesson { seq, publication: publication.to_owned(), lines });
            for earlier in proven {
                self.finish_again(earlier);
            }
        }
        (verdict.cluster, filed, body)
    }

    /// Cleans an earlier article once more with what its site is known for now.
    fn finish_again(&mut self, doc: u64) {
        let Some(filed) = self.body(doc) else { return };
        let Seat { cleaner, memory, .. } = &self.seat;
        let Some(filed) = revise::finish_again(doc, &filed, cleaner, memory) else { return };
        self.revise(doc, filed);
        if let Some(cluster) = self.cluster_of(doc) {
            self.fresh.touch(cluster);
        }
    }

    /// Keeps what document `seq` says of itself that has the bytes of an earlier one.
    pub(super) fn deliver(&mut self, seq: u64, body_of: u64, said: &Filed) {
        let Some(body) = self.body(body_of) else { return };
        let mut body = Filed::clone(&body);
        if body.deliver(seq, said) {
            self.revise(body_of, body);
        }
    }

    /// Takes over what the sidecar of a document says that was delivered before. Whether that is anything new.
    pub(super) fn correct(&mut self, known: Known, said: &Filed) -> Result<bool, Interrupted> {
        let Some(body) = self.body(known.body_of) else { return Ok(false) };
        let (stands, news) = (&body.article, &said.article);
        let others = [
            ("title", stands.title != news.title),
            ("authors", stands.authors != news.authors),
            ("language", stands.language != news.language),
        ];
        let is_given = |field: &str| news.provenance.get(field).is_some_and(|from| from == "sidecar");
        for (field, _) in others.into_iter().filter(|&(field, is_other)| is_other && is_given(field)) {
            let article = known.cluster;
            tracing::warn!(
                article,
                field,
                "not taken over from a sidecar that came later: the text was cleaned without it"
            );
        }
        let is_own = known.seq == known.body_of;
        if !Filed::clone(&body).correct(known.seq, is_own, &[], said) {
            return Ok(false);
        }
        let mut sharing = Vec::new();
        if is_own {
            let (rows, _) = self.read(|ledger| ledger.members(known.cluster, MAX_SHARING))?;
            let rows = rows.iter().chain(&self.batch.documents);
            sharing.extend(rows.filter(|row| row.twin == Some(known.body_of)).map(|row| row.seq));
        }
        let mut body = Filed::clone(&body);
        body.correct(known.seq, is_own, &sharing, said);
        self.revise(known.body_of, body);
        self.fresh.touch(known.cluster);
        Ok(true)
    }

    fn body(&self, doc: u64) -> Option<Arc<Filed>> {
        match self.fresh.bodies.get(&doc) {
            Some(filed) => Some(filed.clone()),
            None => {
                let filed = self.read(|ledger| sound(ledger.filed(doc)));
                filed.unwrap_or_else(|end| note(&self.damage, end)).map(Arc::new)
            }
        }
    }

    fn revise(&mut self, doc: u64, filed: Filed) {
        self.batch.revised.push((doc, filed.pack()));
        self.fresh.bodies.insert(doc, Arc::new(filed));
    }
}

/// What a later document is compared with; `None` for one whose text was lost, since a headline alone is not the article.
fn comparable(filed: &Filed) -> Option<Sketch> {
    let article = &filed.article;
    filed.remembered.is_none().then(|| Sketch::of(article.title.as_deref(), &article.text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Article, MediaType, Relation};
    use crate::ledger::Remembered;

    #[test]
    fn a_document_without_its_text_is_compared_with_nothing() {
        let article = Article { title: Some("Ferry sails again".into()), ..Article::default() };
        let lost = Remembered { relation: Relation::Near, similarity: 0.5, containment: 0.9, only_here: Vec::new() };
        let mut filed = Filed {
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: 4,
            fetched_at: None,
            article,
            taught: None,
            remembered: Some(lost),
            delivered: Vec::new(),
        };
        assert_eq!(comparable(&filed), None);
        filed.remembered = None;
        assert!(comparable(&filed).is_some_and(|sketch| !sketch.is_empty()));
    }
}
