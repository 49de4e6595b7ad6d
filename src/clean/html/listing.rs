//! Whether a page lists other articles: a front page, a section, a tag, a search, an author's page.
//!
//! It says so itself, or what is left of it stands in boxes that a template printed alike, each under a headline that leads on.

use std::collections::{BTreeSet, HashMap};

use super::Reading;
use super::layout::{Layout, Run};
use super::tag::Tag;
use super::tree::{NONE, NodeId};
use crate::article::Block;

/// Types of JSON-LD that are no article's.
const TYPES: [&str; 3] = ["CollectionPage", "SearchResultsPage", "ProfilePage"];
/// Boxes of one kind from which they are a list.
const MIN_ITEMS: usize = 4;
/// Steps up from a headline to the box that it stands in.
const MAX_STEPS: usize = 6;
/// Words that an item of a list of excerpts holds at most, on average: an article's own sections are longer.
const ITEM_WORDS: u32 = 90;
/// Letters from which a page of links is a front page.
const FRONT_LETTERS: u64 = 2000;

/// Whether a page, of which `words` are kept in `blocks`, lists other articles.
pub(super) fn is_listing(reading: &Reading<'_>, blocks: &[Block], words: u32) -> bool {
    let kind = reading.entity.as_ref().map_or("", |entity| entity.kind.as_str());
    let og_type = reading.head.first(&["og:type"]).unwrap_or_default();
    let is_silent = matches!(kind, "" | "WebPage");
    if is_silent && (has_type(&reading.scripts) || has_class(reading)) {
        return true;
    }
    if kind.ends_with("Article") || og_type.eq_ignore_ascii_case("article") {
        return false;
    }
    is_all_links(&reading.layout, words)
        || is_silent && is_made_of_teasers(&reading.layout, blocks, words, if is_front(reading) { 3 } else { 6 })
}

/// Whether the page's scripts say so.
fn has_type(scripts: &[&str]) -> bool {
    scripts.iter().any(|script| TYPES.iter().any(|kind| script.contains(&format!("\"{kind}\""))))
}

/// Whether the body's class says so, as that of most blogs does.
fn has_class(reading: &Reading<'_>) -> bool {
    let tree = &reading.tree;
    let body = (0..tree.nodes.len() as NodeId).find(|&id| tree.tag(id) == Tag::Body);
    let class = body.and_then(|body| tree.attribute(body, "class")).unwrap_or_default();
    let mut names = class.split_ascii_whitespace();
    names.clone().any(|name| matches!(name, "archive" | "search-results"))
        && !names.any(|name| name == "single" || name.starts_with("single-"))
}

/// Whether the page is where its site begins.
fn is_front(reading: &Reading<'_>) -> bool {
    let url = reading.article.url.as_deref().and_then(|url| url::Url::parse(url).ok());
    url.is_some_and(|url| url.path() == "/" && url.query().is_none())
}

/// Whether a page is links, and what is kept of it are a few teasers.
fn is_all_links(layout: &Layout, words: u32) -> bool {
    let (letters, linked) = layout
        .runs
        .iter()
        .fold((0u64, 0u64), |(all, linked), run| (all + u64::from(run.letters), linked + u64::from(run.link_letters)));
    letters > FRONT_LETTERS && linked * 2 > letters && u64::from(words) * 5 * 5 < letters
}

/// Whether so many tenths of what is kept stand in boxes of one kind, each with a headline that leads on.
fn is_made_of_teasers(layout: &Layout, blocks: &[Block], words: u32, tenths: u32) -> bool {
    let above = |at: u32| {
        let parent = |at: &u32| Some(layout.containers[*at as usize].parent).filter(|&parent| parent != NONE);
        std::iter::successors(Some(at), parent).take(MAX_STEPS)
    };
    let is_headline = |run: &&Run| matches!(layout.container(run).tag, Tag::H(_)) && run.is_linked();
    let of_headline: BTreeSet<u32> =
        layout.runs.iter().filter(is_headline).flat_map(|run| above(run.container)).collect();
    let kind = |at: u32| (layout.containers[at as usize].parent, layout.containers[at as usize].signature);
    let mut kinds: HashMap<(u32, u64), usize> = HashMap::new();
    for &at in &of_headline {
        *kinds.entry(kind(at)).or_default() += 1;
    }
    if kinds.values().all(|&count| count < MIN_ITEMS) {
        return false;
    }
    let (mut items, mut inside) = (BTreeSet::new(), 0);
    for run in blocks.iter().filter_map(|block| layout.runs.get(block.line as usize - 1)) {
        let of_list = |at: &u32| of_headline.contains(at) && kinds[&kind(*at)] >= MIN_ITEMS;
        if let Some(item) = above(run.container).find(of_list) {
            items.insert(item);
            inside += run.words;
        }
    }
    items.len() >= MIN_ITEMS && inside * 10 > words * tenths && inside <= items.len() as u32 * ITEM_WORDS
}

#[cfg(test)]
mod tests {
    use super::super::tests::{STORY, document};
    use crate::article::Flag;

    fn is_listing(content: String) -> bool {
        super::super::page(&document(content)).article.flags.contains(&Flag::NotAnArticle)
    }

    fn items(n: usize) -> String {
        let item = |at: usize| {
            format!("<div class=item><h2><a href=/{at}>Ferry number {at} is kept</a></h2>{STORY}</div>")
                .replace("island", &format!("island {at}"))
                .replace("captain", &format!("captain {at}"))
        };
        (0..n).map(item).collect()
    }

    #[test]
    fn a_page_that_says_so_lists_others() {
        let page = |head: &str, class: &str| is_listing(format!("{head}<body class='{class}'><h1>Ferries</h1>{STORY}"));
        let json = |kind: &str| {
            format!(
                r#"<script type="application/ld+json">{{"@graph":[{{"@type":"{kind}"}},{{"@type":"WebSite"}}]}}</script>"#
            )
        };
        assert!(page(&json("CollectionPage"), "") && page(&json("ProfilePage"), ""));
        assert!(page("", "archive category") && page("", "search search-results"));
        let article = r#"<script type="application/ld+json">{"@type":"NewsArticle","headline":"Ferries"}</script>"#;
        assert!(
            !page(&(json("CollectionPage") + article), "")
                && !page(&(article.to_owned() + &json("CollectionPage")), "archive")
        );
        assert!(!page("", "archive single") && !page("", "archived") && !page("", ""));
    }

    #[test]
    fn boxes_of_one_kind_under_headlines_that_lead_on_are_a_list() {
        assert!(is_listing(format!("<h1>Ferries</h1>{}", items(5))));
        assert!(!is_listing(format!("<h1>Ferries</h1>{}", items(3))));
        assert!(!is_listing(format!("<meta property=og:type content=article><h1>Ferries</h1>{}", items(5))));
        let sections = items(5).replace("<a href", "<b title").replace("</a>", "</b>");
        assert!(!is_listing(format!("<h1>Ferries</h1>{sections}")));
    }
}
