//! Members of an article → its record. A pure function of what the ledger holds, so a crash between the decision and the
//! outbox is repaired by composing again.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::article::{Article, Relation};
use crate::crash;
use crate::dedup::merge::{self, Member};
use crate::ledger::{ArticleRow, DocumentRow, Filed, LedgerError, Remembered, rfc3339};
use crate::outbox::{Copy, Record};

/// Where bodies come from: the ledger, or what is on its way into it.
pub trait Bodies {
    /// The body of document `seq`.
    fn body(&mut self, seq: u64) -> Result<Option<Arc<Filed>>, LedgerError>;
}

/// Puts the record of `article` together. `rows` are the members that it is made of, in arrival order; `total` is how many there
/// are in all, and `listed` how many the record may list.
///
/// Returns `None` when no member has a body, which only a damaged ledger shows.
pub fn record(
    article: &ArticleRow,
    story: String,
    rows: &[DocumentRow],
    (total, listed): (u64, usize),
    bodies: &mut impl Bodies,
) -> Result<Option<Record>, LedgerError> {
    let mut filed: BTreeMap<u64, Arc<Filed>> = BTreeMap::new();
    for row in rows {
        let seq = row.twin.unwrap_or(row.seq);
        if !filed.contains_key(&seq)
            && let Some(body) = bodies.body(seq)?
        {
            filed.insert(seq, body);
        }
        // Where a twin says something else of itself, it is a copy of its own.
        if row.twin.is_some()
            && let Some(said) = filed.get(&seq).and_then(|body| body.as_delivered(row.seq))
        {
            filed.insert(row.seq, Arc::new(said));
        }
    }
    let body_of = |row: &DocumentRow| match row.twin {
        Some(twin) if !filed.contains_key(&row.seq) => twin,
        _ => row.seq,
    };
    // A twin has its body's text: only bodies are compared with each other. The last one counts: the same bytes may have come
    // again after others.
    let of_body: BTreeMap<u64, &DocumentRow> =
        rows.iter().map(|row| (body_of(row), row)).filter(|(seq, _)| filed.contains_key(seq)).collect();
    // A copy whose text is lost is compared with nothing: the record goes on to say of it what it said before.
    let (bodies_of, members): (Vec<u64>, Vec<Member<'_>>) = of_body
        .iter()
        .filter(|(seq, _)| filed[seq].remembered.is_none())
        .map(|(seq, row)| {
            let filed = &filed[seq];
            let fetched_at = filed.fetched_at.as_deref();
            (*seq, Member { doc: row.seq, input: row.input, article: &filed.article, fetched_at })
        })
        .unzip();
    // Most articles have one body, and nothing to be compared with.
    let merged = match &members[..] {
        [only] => Some(merge::alone(only)),
        _ => merge::merge(&members),
    };
    let Some(merged) = merged else { return Ok(None) };
    crash::poison(merged.article.text.as_bytes(), "record");
    let by_body: BTreeMap<u64, &merge::Copy> =
        merged.copies.iter().map(|relative| (bodies_of[relative.member], relative)).collect();
    let canonical_body = bodies_of[merged.canonical];
    let mut copies = Vec::with_capacity(rows.len());
    let mut canonical = None;
    for row in rows {
        let seq = body_of(row);
        let Some(filed) = filed.get(&seq) else { continue };
        let mut copy = match (by_body.get(&seq), &filed.remembered) {
            (Some(relative), _) => copy_of(row, filed, relative),
            (None, Some(remembered)) => copy_of_remembered(row, filed, remembered),
            (None, None) => continue,
        };
        if seq == canonical_body && canonical.is_none() {
            copy.relation = Relation::Canonical;
            canonical = Some(copy);
        } else {
            if seq == canonical_body {
                copy.relation = Relation::Exact;
            }
            copies.push(copy);
        }
    }
    copies.splice(0..0, canonical);
    copies.truncate(listed);
    let mut record = Record::new(article.id.clone(), article.revision, story, merged.article, copies);
    record.copies_total = total;
    Ok(Some(record))
}

fn copy_of(row: &DocumentRow, filed: &Filed, relative: &merge::Copy) -> Copy {
    let merge::Copy { relation, similarity, containment, ref only_here, .. } = *relative;
    listed(row, filed, Remembered { relation, similarity, containment, only_here: only_here.clone() })
}

fn copy_of_remembered(row: &DocumentRow, filed: &Filed, remembered: &Remembered) -> Copy {
    // Another copy is the canonical one now: that one has a text.
    let relation = match remembered.relation {
        Relation::Canonical => Relation::Near,
        relation => relation,
    };
    listed(row, filed, Remembered { relation, ..remembered.clone() })
}

fn listed(row: &DocumentRow, filed: &Filed, relative: Remembered) -> Copy {
    let Article { url, site, title, date_published, .. } = &filed.article;
    Copy {
        input: row.input,
        path: row.path.clone(),
        external_id: filed.external_id.clone(),
        url: url.clone(),
        site: site.clone(),
        title: title.clone(),
        date_published: date_published.clone(),
        media_type: filed.media_type,
        charset: filed.charset.clone(),
        bytes: filed.bytes,
        received_at: Some(rfc3339(row.received_ms)),
        relation: relative.relation,
        similarity: relative.similarity,
        containment: relative.containment,
        only_here: relative.only_here,
    }
}
