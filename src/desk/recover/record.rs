//! Records of the outbox, read back: which there are, and what each says of the copies that it was made of.

use std::fs;
use std::io;
use std::path::Path;

use crate::article::{Article, Relation};
use crate::ledger::{Filed, Ledger, LedgerError, Remembered};
use crate::outbox::{Copy, Record};

/// The ids of the records in the outbox, from the first received to the last.
///
/// # Errors
/// The outbox, or a record in it, cannot be read: to go on without it would publish its articles once more.
pub fn ids(outbox: &Path) -> Result<Vec<String>, LedgerError> {
    let mut found: Vec<(i64, String)> = Vec::new();
    for id in names(outbox)? {
        let id = id?;
        if let Some(record) = read(outbox, &id)? {
            found.push((record.copies.iter().map(received_ms).min().unwrap_or(0), id));
        }
    }
    found.sort_unstable();
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

/// Whether the outbox holds any record.
///
/// # Errors
/// It cannot be listed.
pub fn any(outbox: &Path) -> Result<bool, LedgerError> {
    Ok(names(outbox)?.next().transpose()?.is_some())
}

/// A record that lists a copy which the ledger has never heard of.
///
/// # Errors
/// The ledger or the outbox cannot be read.
pub fn unknown(outbox: &Path, ledger: &Ledger) -> Result<Option<String>, LedgerError> {
    for id in names(outbox)? {
        let id = id?;
        for copy in read(outbox, &id)?.into_iter().flat_map(|record| record.copies) {
            if ledger.delivery(&copy.input, &copy.path)?.is_none() {
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}

/// Names of files that are records by their names.
fn names(outbox: &Path) -> Result<impl Iterator<Item = Result<String, LedgerError>>, LedgerError> {
    let about = |source| LedgerError::Io { path: outbox.to_owned(), source };
    let entries = fs::read_dir(outbox).map_err(about)?;
    Ok(entries.filter_map(move |entry| {
        let name = match entry {
            Ok(entry) => entry.file_name().into_string().ok()?,
            Err(source) => return Some(Err(about(source))),
        };
        let id = name.strip_suffix(".json")?;
        let is_id = (16..=64).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_id.then(|| Ok(id.to_owned()))
    }))
}

/// Reads a record; one that is none is left where it is, and said.
///
/// # Errors
/// It is there and cannot be read.
pub fn read(outbox: &Path, id: &str) -> Result<Option<Record>, LedgerError> {
    let path = outbox.join(format!("{id}.json"));
    let json = match fs::read(&path) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A folder of that name.
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => Vec::new(),
        Err(source) => return Err(LedgerError::Io { path, source }),
    };
    let record = serde_json::from_slice(&json).map_err(|error| error.to_string()).and_then(|record: Record| {
        let is_it = record.id == id && !record.copies.is_empty();
        if is_it { Ok(record) } else { Err("it is not the record of its name".into()) }
    });
    Ok(record
        .inspect_err(|error| {
            tracing::warn!(path = %path.display(), error, "not a record that can be taken over: it stays as it is");
        })
        .ok())
}

/// When a copy was taken in, in milliseconds of Unix time; 0 where that is not said.
pub fn received_ms(copy: &Copy) -> i64 {
    let at = copy.received_at.as_deref().and_then(|at| at.parse::<jiff::Timestamp>().ok());
    at.map_or(0, jiff::Timestamp::as_millisecond)
}

/// What the record holds of its `n`-th copy. The text is that of the canonical copy, and of those that are exact.
pub fn filed(record: &Record, n: usize) -> Filed {
    let copy = &record.copies[n];
    let facts = Article {
        title: copy.title.clone(),
        url: copy.url.clone(),
        site: copy.site.clone(),
        date_published: copy.date_published.clone(),
        ..Article::default()
    };
    let has_text = matches!(copy.relation, Relation::Canonical | Relation::Exact);
    let article = match copy.relation {
        Relation::Canonical => canonical(record, facts),
        Relation::Exact => Article { text: record.text.clone(), language: record.language.clone(), ..facts },
        _ => facts,
    };
    let remembered = (!has_text).then(|| Remembered {
        relation: copy.relation,
        similarity: copy.similarity,
        containment: copy.containment,
        only_here: copy.only_here.clone(),
    });
    Filed {
        external_id: copy.external_id.clone(),
        media_type: copy.media_type,
        charset: copy.charset.clone(),
        bytes: copy.bytes,
        fetched_at: None,
        article,
        taught: None,
        remembered,
        delivered: Vec::new(),
    }
}

/// The canonical copy's own article: what other copies filled in is theirs.
fn canonical(record: &Record, facts: Article) -> Article {
    let filled = |name: &str| record.provenance.get(name).is_some_and(|from| from.starts_with("b3:"));
    let own = |name: &str, value: &Option<String>| value.clone().filter(|_| !filled(name));
    let own_list = |name: &str, value: &Vec<String>| if filled(name) { Vec::new() } else { value.clone() };
    Article {
        text: record.text.clone(),
        description: own("description", &record.description),
        authors: own_list("authors", &record.authors),
        date_modified: own("date_modified", &record.date_modified),
        site_name: own("site_name", &record.site_name),
        language: own("language", &record.language),
        section: own("section", &record.section),
        tags: own_list("tags", &record.tags),
        image: own("image", &record.image),
        flags: record.flags.clone(),
        provenance: record
            .provenance
            .iter()
            .filter(|(name, _)| !filled(name))
            .map(|(name, from)| (name.clone(), from.clone()))
            .collect(),
        removed: record.removed.clone(),
        ..facts
    }
}
