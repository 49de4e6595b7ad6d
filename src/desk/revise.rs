//! Cleaning an earlier article once more, when its publication's boilerplate has become known after it.
//!
//! The first articles of a site are cleaned before anything is known of it; this lifts them to the level of the later ones.

use std::collections::BTreeSet;

use crate::article::{Article, Block, Document};
use crate::clean::site::SiteMemory;
use crate::clean::{Cleaner, Draft, Page};
use crate::dedup::Sketch;
use crate::ledger::{Filed, Taught};
use crate::story::Terms;
use crate::tokens::Tokens;

/// An article on its way into the ledger, with all that near-copies and stories ask of it.
#[derive(Debug)]
pub struct Finished {
    pub filed: Filed,
    /// Its stored form.
    pub body: Vec<u8>,
    pub sketch: Sketch,
    pub terms: Terms,
}

impl Finished {
    /// Reads the article's text once for everyone.
    pub fn new(document: &Document, draft: &Draft, article: Article) -> Self {
        let tokens = Tokens::of(article.title.as_deref(), &article.text);
        let filed = Filed { taught: taught(draft, &article), ..Filed::new(document, article) };
        Self { body: filed.pack(), filed, sketch: Sketch::of_tokens(&tokens), terms: Terms::of_tokens(&tokens) }
    }
}

/// What must be kept of a draft so that its article can be finished again.
///
/// `None` when nothing is learned from it, or its paragraphs cannot be told apart by blank lines.
fn taught(draft: &Draft, article: &Article) -> Option<Taught> {
    let publication = draft.publication.clone()?;
    let cut: BTreeSet<u32> = article
        .removed
        .iter()
        .filter(|removal| removal.rule.starts_with("site:"))
        .map(|removal| removal.line)
        .collect();
    let blocks = draft.page.blocks.iter().filter(|block| !cut.contains(&block.line));
    let paragraphs: Vec<_> = blocks.map(|block| (block.line, block.kind)).collect();
    let whole = paragraphs.len() == article.text.split("\n\n").count();
    whole.then_some(Taught { publication, title_line: draft.title_line, paragraphs })
}

/// The article of document `seq` as it is with what the memory knows now; `None` when nothing changes.
pub fn finish_again(seq: u64, filed: &Filed, cleaner: &Cleaner, memory: &SiteMemory) -> Option<Filed> {
    let taught = filed.taught.as_ref()?;
    let paragraphs = filed.article.text.split("\n\n");
    let blocks: Vec<Block> = paragraphs
        .zip(&taught.paragraphs)
        .map(|(text, &(line, kind))| Block { line, kind, text: text.to_owned() })
        .collect();
    let draft = Draft {
        page: Page {
            article: Article { text: String::new(), removed: Vec::new(), ..filed.article.clone() },
            blocks,
            removed: filed.article.removed.clone(),
        },
        publication: Some(taught.publication.clone()),
        title_line: taught.title_line,
        article: Some(seq),
        ..Draft::default()
    };
    // An article that would be left with nothing stays as it was published.
    let article = cleaner.finish(draft.clone(), memory).ok()?;
    if article == filed.article {
        return None;
    }
    let taught = self::taught(&draft, &article);
    Some(Filed { article, taught, ..filed.clone() })
}
