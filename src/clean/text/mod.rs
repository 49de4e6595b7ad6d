//! Text → page: lines are blocks.
use super::Page;
use crate::article::{Article, Block, BlockKind, Document};

/// Reads a text.
pub fn page(document: &Document) -> Page {
    let mut lines = document.content.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let title = document.given.title.clone().or_else(|| lines.next().map(|(_, l)| l.trim().to_owned()));
    let blocks = lines
        .map(|(i, l)| Block { line: i as u32 + 1, kind: BlockKind::Paragraph, text: l.trim().to_owned() })
        .collect();
    Page { article: Article { title, ..Article::default() }, blocks, removed: vec![] }
}
