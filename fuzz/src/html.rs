//! A page → an article, whatever its markup.

use copydesk::article::{Flag, Given, MediaType};
use copydesk::clean::{Level, html};

use super::cleaned::{self, characters};

/// The page's pieces are kept or removed, in order, the same every time, within the bounds that were set.
pub fn check(input: &[u8]) {
    let (choice, markup) = super::choice(input);
    let markup = String::from_utf8_lossy(markup).into_owned();
    let document = cleaned::document(markup, MediaType::Html, Given::default());
    let level = if choice & 1 == 0 { Level::Safe } else { Level::Eager };
    let outcome = super::in_time("the page", || cleaned::clean(&document, level));

    let page = html::page(&document);
    assert!(page.blocks.windows(2).all(|pair| pair[0].line < pair[1].line), "blocks out of order");
    assert!(page.blocks.iter().all(|block| !block.text.trim().is_empty()), "an empty block");
    let found =
        characters(page.blocks.iter().map(|block| &*block.text).chain(page.removed.iter().map(|cut| &*cut.text)));
    let (article, removed) = match &outcome {
        Ok(article) => (Some(article), &article.removed),
        Err(removed) => (None, removed),
    };
    let left = characters(article.iter().map(|article| &*article.text).chain(removed.iter().map(|cut| &*cut.text)));
    assert_eq!(left, found, "the passes after the page keep or remove what it found");

    if choice & 2 == 2 {
        assert_eq!(html::page(&document), page, "the same page twice");
        let settings = html::Settings { max_nodes: 40, max_blocks: 5, ..html::Settings::default() };
        let small = html::page_with(&document, &settings);
        assert!(small.blocks.len() <= 5, "{} blocks", small.blocks.len());
        // Each removal is a block or the hidden text of a node; one more says where the page was cut off.
        assert!(small.blocks.len() + small.removed.len() <= 5 + 40 + 1, "{} removals", small.removed.len());
        let is_longer = page.blocks.last().is_some_and(|block| block.line > 5);
        assert!(!is_longer || small.article.flags.contains(&Flag::Truncated), "cut off in silence");
    }
}
