//! When it was published and changed: from the most trusted declaration down to what stands next to the headline.
//!
//! A page names many days; those of its margins belong to other articles and are asked last.

use super::head::{Head, shown};
use super::json_ld::Entity;
use super::layout::{Layout, Run};
use super::tag::Tag;
use super::title;
use super::tree::{NodeId, Tree};
use crate::article::Article;
use crate::clean::metadata;

/// Blocks after the headline in which a visible byline or date is looked for.
const BYLINE_REACH: usize = 16;
/// Longest line next to the headline that may be its date line, in bytes; a longer one is a dek that mentions a day.
const MAX_DATE_LINE: usize = 100;
/// Words of the longest one, with names and reading time, that is believed against what the page declares.
const MAX_DATE_WORDS: u32 = 16;

/// The blocks that stand next to the headline, after it first; no rows of tables, whose dates are data.
pub(super) fn near_headline<'l>(layout: &'l Layout, article: &Article) -> Vec<&'l Run> {
    let Some(title) = article.title.as_deref() else { return vec![] };
    // Most blocks of a page are far too short or long to be compared word by word.
    let words = title.split_whitespace().count() as u32;
    let same =
        |run: &Run| run.words <= 3 * words + 3 && words <= 3 * run.words + 3 && title::overlap(&run.text, title) >= 0.9;
    let heading = layout
        .runs
        .iter()
        .position(|run| matches!(layout.kind(run), crate::article::BlockKind::Heading(_)) && same(run));
    let at = heading.or_else(|| layout.runs.iter().position(|run| run.words <= 40 && same(run)));
    let Some(at) = at else { return vec![] };
    let after = layout.runs[at + 1..].iter().take(BYLINE_REACH);
    let before = layout.runs[..at].iter().rev().take(6);
    after.chain(before).filter(|run| !run.is_row).collect()
}

/// Whether an element stands where other articles and comments are listed.
pub(super) fn in_margin(tree: &Tree, id: NodeId) -> bool {
    let mut at = tree.node(id).parent;
    while at != super::tree::NONE {
        if matches!(tree.tag(at), Tag::Aside | Tag::Footer | Tag::Nav) {
            return true;
        }
        if let Some(class) = tree.attribute(at, "class")
            && ["related", "comment", "recommend", "card", "teaser", "carousel"]
                .iter()
                .any(|word| class.to_ascii_lowercase().contains(word))
        {
            return true;
        }
        at = tree.node(at).parent;
    }
    false
}

/// The day of publication and where it was found, in the same order; never from a month or a year alone.
///
/// A declared day that is later than the one shown under the headline is that of a move to another system or of an update:
/// what readers are shown is believed.
pub(super) fn published<'l>(
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    layout: &'l Layout,
    article: &Article,
) -> Option<(String, &'static str)> {
    // Only a page that names its country says how it orders day and month.
    let day_first = match head.language.as_deref().map(str::to_ascii_lowercase).as_deref() {
        Some("en-us" | "en_us") => Some(false),
        Some("en" | "") | None => None,
        Some(_) => Some(true),
    };
    let visible = |line: &str| metadata::visible_date(line, day_first);
    let read = |id: NodeId| {
        let attribute = tree.attribute(id, "datetime").and_then(metadata::normal_date);
        attribute.or_else(|| shown(tree, id).lines().find_map(visible))
    };
    let near = near_headline(layout, article);
    let lines_of = |run: &'l Run| run.text.lines().filter(|line| line.len() <= MAX_DATE_LINE);
    if let Some((date, source)) = declared(head, entity) {
        let lines = near.iter().filter(|run| is_date_line(layout, run)).flat_map(|run| lines_of(run));
        let shown = lines.filter(|line| !is_update(line)).find_map(visible);
        let earlier = shown.filter(|shown| is_before(shown, &date));
        return Some(earlier.map_or((date, source), |shown| (shown, "dom")));
    }
    let lines = || near.iter().flat_map(|run| lines_of(run));
    // The dates of related articles stand farther from the headline than the article's own, and mostly in margins. The
    // article's own seldom stands above the headline, and then close.
    let headline = headline_node(tree, head, article);
    let distance = |id: NodeId| if id < headline { (headline - id).saturating_mul(4) } else { id - headline };
    let nearest = |mut ids: Vec<NodeId>| {
        ids.sort_by_cached_key(|&id| (in_margin(tree, id), distance(id)));
        ids.into_iter().find_map(read)
    };
    let of_surety =
        |wanted: u8| head.dates.iter().filter(|(surety, _)| *surety == wanted).map(|(_, id)| *id).collect::<Vec<_>>();
    let shown = nearest(of_surety(0))
        .or_else(|| lines().filter(|line| !is_update(line)).find_map(visible))
        .or_else(|| nearest(head.times.clone()))
        .or_else(|| nearest(of_surety(1)))
        .or_else(|| nearest(of_surety(2)))
        .or_else(|| lines().find_map(visible));
    if let Some(date) = shown {
        // The same day with its time, where an element of the page has it.
        let exact = head.times.iter().filter_map(|id| read(*id)).find(|exact| exact.starts_with(&date));
        return Some((exact.unwrap_or(date), "dom"));
    }
    if let Some(date) = article.url.as_deref().and_then(metadata::date_in_url) {
        return Some((date, "url"));
    }
    None
}

/// The day of publication as JSON-LD or `meta` declare it.
fn declared(head: &Head, entity: Option<&Entity>) -> Option<(String, &'static str)> {
    if let Some(date) = entity.and_then(|entity| entity.published.as_deref()).and_then(metadata::normal_date) {
        return Some((date, "json_ld"));
    }
    let keys = [
        "article:published_time",
        "og:published_time",
        "datepublished",
        "article:published",
        "parsely-pub-date",
        "sailthru.date",
        "date",
        "pubdate",
        "publishdate",
        "publish-date",
        "published_date",
        "dc.date.issued",
        "dcterms.created",
        "dc.date",
        "dcterms.date",
        "dcterms.issued",
        "citation_publication_date",
        "cxenseparse:recs:publishtime",
        "article.published",
        "article:post_date",
        "pub_date",
        "displaydate",
        "originalpublicationdate",
        "dc.date.created",
        "datecreated",
        "publication_date",
        "cxenseparse:publishtime",
        "published_at",
    ];
    let date = keys.iter().find_map(|key| head.first(&[key]).and_then(metadata::normal_date));
    date.or_else(|| head.published().find_map(metadata::normal_date)).map(|date| (date, "meta"))
}

/// Whether a block next to the headline may be its date line: no heading and no sentence that tells of another day.
fn is_date_line(layout: &Layout, run: &Run) -> bool {
    let is_heading = matches!(layout.kind(run), crate::article::BlockKind::Heading(_));
    !is_heading && run.words <= MAX_DATE_WORDS && !run.text.ends_with(['.', '!', '?', ':'])
}

/// Whether a line speaks of a later change.
fn is_update(line: &str) -> bool {
    let line = line.to_lowercase();
    ["updated", "last ", "modified", "reviewed"].iter().any(|word| line.contains(word))
}

/// Whether a day lies before another by more than the clocks of two countries can differ.
fn is_before(day: &str, other: &str) -> bool {
    let date = |text: &str| text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok());
    let (Some(day), Some(other_day)) = (date(day), date(other)) else { return false };
    // A reader in the Americas is shown the day before that of the early hours in UTC.
    let early = other.get(11..13).and_then(|hour| hour.parse::<u8>().ok()).is_some_and(|hour| hour < 12);
    let days = day.until(other_day).map_or(0, |span| span.get_days());
    days > 1 || days == 1 && !early
}

/// The heading that shows the title, else the first one; the document where there is none.
fn headline_node(tree: &Tree, head: &Head, article: &Article) -> NodeId {
    let title = article.title.as_deref().map(title::words).unwrap_or_default();
    let same = head.h1.iter().find(|id| title::words(&shown(tree, **id)) == title);
    same.or(head.h1.first()).copied().unwrap_or(Tree::ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_before_is_more_than_the_clocks_of_two_countries() {
        for (day, other, before) in [
            ("2024-01-31", "2025-11-05", true),
            ("2025-12-18", "2025-12-19", true),
            ("2025-12-18", "2025-12-19T22:02:58Z", true),
            ("2025-12-18", "2025-12-19T02:41:41Z", false),
            ("2025-12-17", "2025-12-19T02:41:41Z", true),
            ("2025-12-19", "2025-12-19T02:41:41Z", false),
            ("2025-12-20", "2025-12-19", false),
            ("soon", "2025-12-19", false),
        ] {
            assert_eq!(is_before(day, other), before, "{day} {other}");
        }
    }
}
