//! HTML → page: the article's blocks and its metadata.
//!
//! The page is parsed within bounds into a tree of our own, laid out into blocks in one walk, and each block is judged in
//! the context of its containers and neighbours. No step recurses on the page's depth.

mod body;
mod fields;
mod head;
mod hints;
mod json_ld;
mod layout;
mod parse;
mod tag;
mod title;
mod tree;

use serde::{Deserialize, Serialize};

use super::Page;
use crate::article::{Block, BlockKind, Class, Document, Removal};

/// Settings of the HTML front end, as used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Elements nested deeper are unwrapped; browsers use 512.
    pub max_depth: u16,
    /// Elements and texts of a page that are read; what follows is left out.
    pub max_nodes: usize,
    /// Blocks of a page that are judged; what follows is left out.
    pub max_blocks: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_depth: 512, max_nodes: 2_000_000, max_blocks: 100_000 }
    }
}

/// Longest text of one removal outside the article: the original has the rest.
const MAX_OUTSIDE_BYTES: usize = 500;

/// Reads a page with the default settings.
pub fn page(document: &Document) -> Page {
    page_with(document, &Settings::default())
}

/// Reads a page: the article's blocks in order, its metadata with provenance, and what was left out and why.
pub fn page_with(document: &Document, settings: &Settings) -> Page {
    let tree = parse::parse(&document.content, settings);
    let head = head::head(&tree);
    let entity = json_ld::article(&tree);
    let layout = layout::layout(&tree, settings.max_blocks);
    let mut article = fields::fields(document, &tree, &head, entity.as_ref(), &layout);
    let kept = body::kept(&layout);
    let mut blocks = Vec::new();
    let mut removed: Vec<Removal> = Vec::new();
    for (i, run) in layout.runs.iter().enumerate() {
        let line = i as u32 + 1;
        let kind = layout.kind(run);
        // The record has the headline in its own field.
        let repeats = article.title.as_deref().is_some_and(|title| title::words(title) == title::words(&run.text));
        if repeats && matches!(kind, BlockKind::Heading(_)) {
            continue;
        }
        if kept[i] {
            blocks.push(Block { line, kind, text: run.text.clone() });
            continue;
        }
        match removed.last_mut() {
            Some(last) if i > 0 && !kept[i - 1] && last.text.len() < MAX_OUTSIDE_BYTES => {
                last.text.push('\n');
                last.text.push_str(&run.text);
            }
            Some(_) if i > 0 && !kept[i - 1] => {}
            _ => removed.push(Removal {
                class: Class::OutsideContent,
                rule: "html.outside".to_owned(),
                why: "stands outside the article's text".to_owned(),
                line,
                text: run.text.clone(),
            }),
        }
    }
    let text: String = blocks.iter().take(40).map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n");
    fields::set_language(&mut article, document, &head, entity.as_ref(), &text);
    Page { article, blocks, removed }
}
