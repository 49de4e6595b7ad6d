//! Laws of text cleaning: nothing is lost, nothing is cut twice, nothing depends on chance.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use copydesk::article::{Article, Document, Given, InputId, MediaType, Removal};
use copydesk::clean::site::{Limits, SiteMemory, fingerprint};
use copydesk::clean::{Cleaner, Level, NoContent, Settings, normalize};
use proptest::prelude::*;

fn document(content: &str) -> Document {
    Document {
        input: InputId::of(content.as_bytes()),
        path: "input.txt".into(),
        external_id: None,
        media_type: MediaType::Text,
        charset: "UTF-8".into(),
        bytes: content.len() as u64,
        content: content.to_owned(),
        given: Given::default(),
        folder: None,
    }
}

fn cleaner(level: Level) -> &'static Cleaner {
    static SAFE: LazyLock<Cleaner> =
        LazyLock::new(|| Cleaner::new(Settings { level: Level::Safe, ..Settings::default() }));
    static EAGER: LazyLock<Cleaner> =
        LazyLock::new(|| Cleaner::new(Settings { level: Level::Eager, ..Settings::default() }));
    match level {
        Level::Safe => &SAFE,
        Level::Eager => &EAGER,
    }
}

fn clean(level: Level, content: &str) -> Result<Article, NoContent> {
    let cleaner = cleaner(level);
    cleaner.draft(&document(content)).map(|draft| cleaner.finish(draft, &SiteMemory::default()))
}

/// Words with how often they stand, so that a cut inside a line cannot hide.
fn words<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        for word in text.split_whitespace() {
            *counts.entry(word.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn parts(outcome: &Result<Article, NoContent>) -> Vec<&str> {
    let removed: &[Removal] = match outcome {
        Ok(article) => &article.removed,
        Err(nothing) => &nothing.removed,
    };
    let mut parts: Vec<&str> = removed.iter().map(|removal| removal.text.as_str()).collect();
    if let Ok(article) = outcome {
        parts.extend(article.title.as_deref());
        parts.push(&article.text);
    }
    parts
}

/// Lines as scraped pages have them: prose, headings, menu items, notices, dates, rubbish.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Z][a-z]{2,8}( [a-z]{2,9}){9,30}[,.] [A-Z][a-z]{3,9}( [a-z]{2,9}){3,12}\\.",
        2 => "[A-Z][a-z]{2,8}( [A-Z]?[a-z]{2,9}){1,7}",
        2 => prop::sample::select(vec![
            "Leave a Reply", "Your email address will not be published. Required fields are marked *", "Share this",
            "Also read: The ferry that never came", "Advertisement", "Related articles", "Photo: A. Keeper", "12 Comments",
            "Back To Top", "Tags: ferry, winter", "By Ada Keeper", "3 May 2024", "“`", "```html", "© 2024 The Harbour Post",
            "The exact four word keyphrase, winter ferry, appears early. The council met on Monday.", "• a point of a list",
            "港口今天重新开放，渡轮将在整个冬季运行。", "أعلن المجلس أن العبارة ستستمر طوال فصل الشتاء.", "***", "12", "",
            "The harbour closed (Photo: A. Keeper) at noon on Monday, the council said after a long debate.",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,60}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let ends = prop::sample::select(vec!["\n", "\r\n", "\r", "\n\n", "\u{2028}"]);
    (prop::collection::vec(line(), 0..40), ends, any::<bool>()).prop_map(|(lines, end, last)| {
        let mut text = lines.join(end);
        if last {
            text.push_str(end);
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn original_is_kept_plus_removed(text in text(), eager in any::<bool>()) {
        let level = if eager { Level::Eager } else { Level::Safe };
        let outcome = clean(level, &text);
        let lines: Vec<String> = normalize::lines(&text).map(|(_, line)| normalize::line(line).into_owned()).collect();
        prop_assert_eq!(words(parts(&outcome)), words(lines.iter().map(String::as_str)));
    }

    #[test]
    fn what_a_publication_is_known_for_is_removed_and_not_lost(
        text in text(),
        known in prop::collection::vec(any::<bool>(), 40),
        articles in 1u64..12,
        eager in any::<bool>(),
    ) {
        let level = if eager { Level::Eager } else { Level::Safe };
        let lines: Vec<String> = normalize::lines(&text).map(|(_, line)| normalize::line(line).into_owned()).collect();
        let prints: Vec<u64> = lines.iter().zip(&known).filter_map(|(line, known)| known.then_some(line)).filter_map(|line| fingerprint(line)).collect();
        let mut memory = SiteMemory::new(level, Limits::default());
        (1..=articles).for_each(|number| drop(memory.learn("harbour", number, &prints)));
        let document = Document { folder: Some("harbour".into()), ..document(&text) };
        let outcome = cleaner(level).draft(&document).map(|draft| cleaner(level).finish(draft, &memory));
        prop_assert_eq!(words(parts(&outcome)), words(lines.iter().map(String::as_str)));
    }

    #[test]
    fn the_same_text_gives_the_same_article(text in text()) {
        prop_assert_eq!(clean(Level::Eager, &text), clean(Level::Eager, &text));
    }

    #[test]
    fn every_cut_has_a_line_a_rule_and_a_reason(text in text()) {
        let removed = match clean(Level::Eager, &text) {
            Ok(article) => article.removed,
            Err(nothing) => nothing.removed,
        };
        let last = normalize::lines(&text).count() as u32;
        for removal in removed {
            prop_assert!((1..=last).contains(&removal.line) && !removal.text.trim().is_empty());
            prop_assert!(!removal.rule.is_empty() && !removal.why.is_empty());
        }
    }

    #[test]
    fn any_characters_are_survived(text in "\\PC{0,400}") {
        drop(clean(Level::Safe, &text));
    }

    #[test]
    fn normal_form_is_normal(line in "\\PC{0,80}") {
        let once = normalize::line(&line).into_owned();
        prop_assert_eq!(normalize::line(&once).into_owned(), once.as_str());
    }
}

#[test]
fn many_lines_and_one_huge_line_are_cleaned() {
    let many = "Fog keeps the harbour shut\nAdvertisement\n3 May 2024\n".repeat(30_000);
    let huge = "exact (Photo: A. Keeper) word ".repeat(20_000);
    for text in [many, huge] {
        let outcome = clean(Level::Eager, &text);
        assert_eq!(words(parts(&outcome)), words([text.as_str()]));
    }
}

#[test]
fn a_page_without_an_article_gives_way_to_the_text_beside_it() {
    const TEXT: &str = "The ferry sails again\n\nThe ferry sailed again on Monday, the harbour master said, after a winter \
                        in the dock that had taken longer than anybody on the island had expected.";
    let cleaner = Cleaner::new(Settings::default());
    let of = |html: &str, text: Option<&str>| {
        let given = Given { text: text.map(str::to_owned), ..Given::default() };
        let document = Document { media_type: MediaType::Html, given, ..document(html) };
        cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default()))
    };
    let shell = "<html><body><div id=root></div><script src=app.js></script></body></html>";
    assert!(of(shell, None).is_err());
    let article = of(shell, Some(TEXT)).expect("an article");
    assert_eq!(article.title.as_deref(), Some("The ferry sails again"));
    assert!(article.text.starts_with("The ferry sailed again on Monday"));
    let page = "<html><body><h1>Bridge closed</h1><article><p>The bridge over the sound was closed on Friday because of the \
                storm, the council said, and would open again when the wind had gone down.</p></article></body></html>";
    assert_eq!(of(page, Some(TEXT)).expect("an article").title.as_deref(), Some("Bridge closed"));
}

#[test]
fn a_given_title_is_read_alike_with_a_text_and_a_page() {
    let cleaner = Cleaner::new(Settings::default());
    let given = Given {
        title: Some(" The mayor&#8217;s\n  caf\u{65}\u{301}\u{0}\u{7} &amp; bridge ".into()),
        ..Given::default()
    };
    for (media_type, content) in [
        (
            MediaType::Text,
            "The ferry sailed again on Monday, the harbour master said, after a long winter in the dock.",
        ),
        (
            MediaType::Html,
            "<p>The ferry sailed again on Monday, the harbour master said, after a long winter in the dock.",
        ),
    ] {
        let document = Document { media_type, given: given.clone(), ..document(content) };
        let article = cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default()));
        let title = article.expect("an article").title;
        assert_eq!(title.as_deref(), Some("The mayor’s café & bridge"));
    }
}
