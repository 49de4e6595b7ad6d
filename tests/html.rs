//! Golden pages: each folder `tests/cases/clean/html-*` holds `input.html` and what the HTML front end makes of it.
//!
//! `COPYDESK_BLESS=1 cargo test --test html` writes the expected files anew; the diff is then for a person to judge.

use std::fmt::Write;
use std::path::Path;

use copydesk::article::{Document, Given, InputId, MediaType};
use copydesk::clean::html;

#[test]
fn every_page_gives_the_expected_article() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/clean");
    let mut folders: Vec<_> = std::fs::read_dir(cases)
        .expect("the cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("html-")))
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    for folder in folders {
        check(&folder);
    }
}

fn check(folder: &Path) {
    let content = std::fs::read_to_string(folder.join("input.html")).expect("input.html");
    let document = Document {
        input: InputId::of(content.as_bytes()),
        path: "input.html".to_owned(),
        external_id: None,
        media_type: MediaType::Html,
        charset: "UTF-8".to_owned(),
        bytes: content.len() as u64,
        content,
        given: Given::default(),
        folder: None,
    };
    let found = shown(&html::page(&document));
    let expected = folder.join("expected.txt");
    if std::env::var_os("COPYDESK_BLESS").is_some() {
        std::fs::write(&expected, &found).expect("a writable case");
    }
    let expected = std::fs::read_to_string(&expected).expect("expected.txt");
    assert_eq!(found, expected, "{}", folder.display());
}

/// Fields with their provenance, then blocks, then removals: what a reviewer wants to see change.
fn shown(page: &copydesk::clean::Page) -> String {
    let mut out = String::new();
    let article = serde_json::to_value(&page.article).expect("an article is JSON");
    for (field, source) in &page.article.provenance {
        writeln!(out, "{field} ({source}): {}", article[field]).expect("a string");
    }
    for flag in &page.article.flags {
        writeln!(out, "flag: {flag:?}").expect("a string");
    }
    out.push('\n');
    for block in &page.blocks {
        writeln!(out, "{:?}: {}", block.kind, block.text.replace('\n', " ⏎ ")).expect("a string");
    }
    out.push('\n');
    for cut in &page.removed {
        writeln!(out, "- {:?} [{}]: {}", cut.class, cut.rule, cut.text.replace('\n', " ⏎ ")).expect("a string");
    }
    out
}
