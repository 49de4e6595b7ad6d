//! HTML → page: main content blocks and metadata.
use super::Page;
use crate::article::{Article, Block, BlockKind, Document};

/// Reads a page.
pub fn page(document: &Document) -> Page {
    let html = scraper::Html::parse_document(&document.content);
    let p = scraper::Selector::parse("p").expect("a constant selector");
    let blocks = html
        .select(&p)
        .enumerate()
        .map(|(i, e)| Block {
            line: i as u32 + 1,
            kind: BlockKind::Paragraph,
            text: e.text().collect::<String>().trim().to_owned(),
        })
        .filter(|b| !b.text.is_empty())
        .collect();
    Page { article: Article { title: document.given.title.clone(), ..Article::default() }, blocks, removed: vec![] }
}
