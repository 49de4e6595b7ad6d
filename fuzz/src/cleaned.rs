//! What must hold for the outcome of cleaning any document, page or text.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use copydesk::article::{Article, Document, Given, InputId, MediaType, Removal};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, Level, Settings};
use copydesk::dedup::Sketch;
use copydesk::ledger::Filed;
use copydesk::outbox::Record;
use copydesk::story::Terms;

/// What else each record is held to. The smoke test puts the schema here; for the fuzzer that takes too long.
pub static CHECK_RECORD: OnceLock<fn(&[u8])> = OnceLock::new();

/// Removals, authors and tags are bounded for a document of the size that is tried here.
const MAX_FIELD_BYTES: usize = 64 << 10;

/// A document that was found as it is.
pub fn document(content: String, media_type: MediaType, given: Given) -> Document {
    Document {
        input: InputId::of(content.as_bytes()),
        path: "input".into(),
        external_id: None,
        media_type,
        charset: "UTF-8".into(),
        bytes: content.len() as u64,
        content,
        given,
        folder: None,
    }
}

/// The cleaner of a level, compiled once.
pub fn cleaner(level: Level) -> &'static Cleaner {
    static SAFE: LazyLock<Cleaner> =
        LazyLock::new(|| Cleaner::new(Settings { level: Level::Safe, ..Settings::default() }));
    static EAGER: LazyLock<Cleaner> =
        LazyLock::new(|| Cleaner::new(Settings { level: Level::Eager, ..Settings::default() }));
    match level {
        Level::Safe => &SAFE,
        Level::Eager => &EAGER,
    }
}

/// Cleans a document as a worker of the desk does, and holds the outcome to what is promised for every article.
///
/// Gives the article, or what was removed where none was left.
pub fn clean(document: &Document, level: Level) -> Result<Article, Vec<Removal>> {
    let cleaner = cleaner(level);
    let outcome = cleaner.draft(document).map(|draft| cleaner.finish(draft, &SiteMemory::default()));
    let removed = match &outcome {
        Ok(article) => &article.removed,
        Err(nothing) => &nothing.removed,
    };
    for removal in removed {
        assert!(!removal.text.trim().is_empty(), "an empty removal: {removal:?}");
        assert!(!removal.rule.is_empty() && !removal.why.is_empty() && removal.line > 0, "unexplained: {removal:?}");
    }
    match outcome {
        Ok(article) => {
            check_article(document, &article);
            Ok(article)
        }
        Err(nothing) => Err(nothing.removed),
    }
}

fn check_article(document: &Document, article: &Article) {
    let Article { title, text, authors, tags, .. } = article;
    assert!(!text.trim().is_empty(), "an article without text is none");
    assert!(text.split("\n\n").all(|paragraph| !paragraph.trim().is_empty()), "an empty paragraph: {text:?}");
    let filled = [
        ("title", title.as_ref()),
        ("description", article.description.as_ref()),
        ("date_published", article.date_published.as_ref()),
        ("date_modified", article.date_modified.as_ref()),
        ("url", article.url.as_ref()),
        ("site", article.site.as_ref()),
        ("site_name", article.site_name.as_ref()),
        ("language", article.language.as_ref()),
        ("section", article.section.as_ref()),
        ("image", article.image.as_ref()),
    ];
    for (field, value) in filled {
        if let Some(value) = value {
            assert!(!value.trim().is_empty(), "{field} is blank");
            assert!(value.len() <= MAX_FIELD_BYTES.max(document.content.len()), "{field} has {} bytes", value.len());
        }
        assert_eq!(value.is_some(), article.provenance.contains_key(field), "provenance of {field}: {value:?}");
    }
    assert!(authors.iter().chain(tags).all(|name| !name.trim().is_empty()), "blank names: {authors:?} {tags:?}");
    assert_eq!(!authors.is_empty(), article.provenance.contains_key("authors"), "provenance of {authors:?}");
    let record = Record::single(document, article.clone());
    let json = record.to_json();
    assert_eq!(serde_json::from_slice::<Record>(&json).expect("a record reads back"), record);
    if let Some(check) = CHECK_RECORD.get() {
        check(&json);
    }
    // What the desk does with it before anything else sees it.
    drop(Sketch::of(title.as_deref(), text));
    drop(Terms::of(title.as_deref(), text));
    let filed = Filed::new(document, article.clone());
    let back = Filed::unpack(1, &filed.pack()).expect("what was packed");
    assert_eq!(back, filed, "the ledger gives back what it was given");
}

/// Characters with how often they stand, blanks aside: a cut inside a word may divide it, and lose nothing of it.
pub fn characters<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeMap<char, usize> {
    let mut counts = BTreeMap::new();
    for c in texts.into_iter().flat_map(str::chars).filter(|c| !c.is_whitespace()) {
        *counts.entry(c).or_default() += 1;
    }
    counts
}
