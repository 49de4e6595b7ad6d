//! When it was published and changed: from the most trusted declaration down to what stands next to the headline.
//!
//! A page names many days; those of its margins belong to other articles and are asked last.

use std::cell::LazyCell;

use super::date_line;
use super::head::{Head, heading, shown};
use super::json_ld::Entity;
use super::layout::{Layout, Run, word_count};
use super::tag::Tag;
use super::title;
use super::tree::{NONE, NodeId, Tree};
use crate::article::Article;
use crate::clean::metadata;
use crate::clean::metadata::updates;

/// Blocks after the headline in which a visible byline or date is looked for.
const BYLINE_REACH: usize = 16;
/// Longest line next to the headline that may be its date line, in characters; a longer one is a dek that mentions a day.
const MAX_DATE_LINE: usize = 100;
/// Words of the longest line that is believed to say when the article was changed.
const MAX_CHANGE_WORDS: usize = 10;
/// Nodes between the headline and a time that belongs to it before the lines above the headline are read.
const NEAR_NODES: NodeId = 200;
/// Nodes between the two dates of one date line.
const SAME_LINE_NODES: NodeId = 24;

/// The blocks that stand after the headline, the run `at`, and those before it; no rows of tables, whose dates are data.
pub(super) fn near_headline(layout: &Layout, at: Option<usize>) -> (Vec<&Run>, Vec<&Run>) {
    let Some(at) = at else { return (vec![], vec![]) };
    let after = layout.runs[at + 1..].iter().take(BYLINE_REACH);
    let before = layout.runs[..at].iter().rev().take(6);
    (after.filter(|run| !run.is_row).collect(), before.filter(|run| !run.is_row).collect())
}

/// The lines of blocks that are short enough to be date lines.
fn lines<'l>(runs: &[&'l Run]) -> impl Iterator<Item = &'l str> {
    let is_short = |line: &&str| line.len() <= MAX_DATE_LINE || line.chars().count() <= MAX_DATE_LINE;
    runs.iter().copied().flat_map(|run| run.text.lines()).filter(is_short)
}

/// The run that shows the headline: a heading first, whose wording may differ a little from the title's.
pub(super) fn headline(layout: &Layout, article: &Article) -> Option<usize> {
    let title = article.title.as_deref()?;
    // Most blocks of a page are far too short or long to be compared word by word.
    let words = word_count(title);
    let same =
        |run: &Run| run.words <= 3 * words + 3 && words <= 3 * run.words + 3 && title::overlap(&run.text, title) >= 0.9;
    let heading = layout
        .runs
        .iter()
        .position(|run| matches!(layout.kind(run), crate::article::BlockKind::Heading(_)) && same(run));
    heading.or_else(|| layout.runs.iter().position(|run| run.words <= 40 && same(run)))
}

/// Whether an element stands where other articles and comments are listed.
pub(super) fn in_margin(tree: &Tree, id: NodeId) -> bool {
    let mut at = tree.node(id).parent;
    while at != NONE {
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

/// The day of publication and where it was found, in the order of trust; never from a month or a year alone.
///
/// A declared day that is later than the one shown under the headline is that of a move to another system or of an update:
/// what readers are shown is believed.
pub(super) fn published(
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    layout: &Layout,
    at: Option<usize>,
    article: &Article,
    language: Option<&str>,
) -> Option<(String, &'static str)> {
    let order = LazyCell::new(|| shown_order(layout));
    let visible = |line: &str| visible_in(line, language, &order);
    let read = |id: NodeId| day_of(tree, id, visible);
    if let Some((date, source)) = declared(head, entity, language) {
        let names = article.authors.iter().chain(&article.site_name).map(String::as_str);
        let section = head.first(&["article:section"]).into_iter().chain(entity.and_then(|e| e.section.as_deref()));
        let names = title::words(&names.chain(section).collect::<Vec<_>>().join(" "));
        let is_name = |word: &str| names.split(' ').any(|name| name == word);
        let shown = at.and_then(|at| date_line::day(layout, at, visible, is_name));
        let earlier = shown.filter(|shown| is_before(shown, &date));
        return Some(earlier.map_or((date, source), |shown| (shown, "dom")));
    }
    let (after, before) = near_headline(layout, at);
    let headline = headline_node(tree, head, article);
    let nearest = |ids: Vec<NodeId>| by_distance(tree, headline, ids).into_iter().find_map(read);
    let of_surety =
        |wanted: u8| head.dates.iter().filter(|(surety, _)| *surety == wanted).map(|(_, id)| *id).collect::<Vec<_>>();
    // Beside the day of a change stands that of publication; farther off, that of a comment.
    let times = |reach: NodeId| {
        let times = by_distance(tree, headline, head.times.clone());
        let change = times.first().copied().filter(|&id| is_updated(tree, id));
        let near = |id: NodeId| change.is_none_or(|change| change.abs_diff(id) <= SAME_LINE_NODES);
        let reached = |id: NodeId| id.abs_diff(headline) <= reach;
        times.into_iter().filter(|&id| reached(id) && near(id) && !is_updated(tree, id)).find_map(read)
    };
    let shown = nearest(of_surety(0))
        .or_else(|| lines(&after).flat_map(updates::without).find_map(visible))
        // What stands above the headline may be of another article.
        .or_else(|| times(NEAR_NODES))
        .or_else(|| lines(&before).flat_map(updates::without).find_map(visible))
        .or_else(|| times(NodeId::MAX))
        .or_else(|| nearest(of_surety(1)))
        .or_else(|| nearest(of_surety(2)))
        // A page that shows only the day of its last change.
        .or_else(|| lines(&after).chain(lines(&before)).find_map(visible))
        .or_else(|| labelled(layout, false, visible))
        .or_else(|| labelled(layout, true, visible))
        .or_else(|| nearest(head.times.clone()));
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

/// The day of the last change that an element of the page is marked with or a line next to the headline names; none before
/// the day of publication.
pub(super) fn updated(
    tree: &Tree,
    head: &Head,
    layout: &Layout,
    at: Option<usize>,
    article: &Article,
    language: Option<&str>,
) -> Option<String> {
    let order = LazyCell::new(|| shown_order(layout));
    let visible = |line: &str| visible_in(line, language, &order);
    let times = head.times.iter().copied().filter(|&id| is_updated(tree, id));
    let ids = head.modified.iter().copied().chain(times).filter(|&id| !in_margin(tree, id)).collect();
    let mut days = by_distance(tree, headline_node(tree, head, article), ids).into_iter();
    let published = article.date_published.as_deref().and_then(|date| date.get(..10));
    let is_later = |date: &String| Some(&date[..10]) >= published;
    let marked = days.find_map(|id| day_of(tree, id, visible)).filter(is_later);
    marked.or_else(|| {
        let (after, before) = near_headline(layout, at);
        let is_short = |piece: &&str| piece.split_whitespace().count() <= MAX_CHANGE_WORDS;
        let said = lines(&after).chain(lines(&before)).flat_map(updates::changes).filter(is_short).find_map(visible);
        said.filter(is_later)
    })
}

/// The day that a line names; where the language leaves the order of numbers open, in the one that the page shows elsewhere.
fn visible_in(
    line: &str,
    language: Option<&str>,
    order: &LazyCell<Option<bool>, impl FnOnce() -> Option<bool>>,
) -> Option<String> {
    metadata::visible_date(line, language)
        .or_else(|| metadata::ambiguous_date(line).then(|| metadata::ordered_date(line, (**order)?)).flatten())
}

/// Whether a page's dates in numbers begin with the day, by those that can be read in one way only.
fn shown_order(layout: &Layout) -> Option<bool> {
    let mut orders = layout
        .runs
        .iter()
        .filter(|run| run.text.len() <= MAX_DATE_LINE)
        .filter_map(|run| metadata::shown_order(&run.text));
    let first = orders.next()?;
    orders.all(|order| order == first).then_some(first)
}

/// The only day in all lines of a page that begin with "Posted" or the like, or with "Updated" where `changed`.
fn labelled(layout: &Layout, changed: bool, visible: impl Fn(&str) -> Option<String>) -> Option<String> {
    let runs =
        layout.runs.iter().filter(|run| run.words <= MAX_CHANGE_WORDS as u32 && date_line::is_placed(layout, run));
    let lines = runs.filter_map(|run| run.text.lines().next());
    let labelled = lines.filter(|line| updates::is_of_a_date(line) && updates::is_label(line) == changed);
    let mut days = labelled.filter_map(visible);
    let first = days.next()?;
    days.all(|day| day == first).then_some(first)
}

/// The day that an element names by its attribute or its text.
fn day_of(tree: &Tree, id: NodeId, visible: impl Fn(&str) -> Option<String>) -> Option<String> {
    let attribute = tree.attribute(id, "datetime").and_then(metadata::normal_date);
    attribute.or_else(|| shown(tree, id).lines().find_map(&visible))
}

/// Elements with a date, the likeliest of the article first: those of related articles stand farther from the headline, and
/// mostly in margins. The article's own seldom stands above the headline, and then close.
fn by_distance(tree: &Tree, headline: NodeId, mut ids: Vec<NodeId>) -> Vec<NodeId> {
    let distance = |id: NodeId| if id < headline { (headline - id).saturating_mul(4) } else { id - headline };
    ids.sort_by_cached_key(|&id| (in_margin(tree, id), distance(id)));
    ids
}

/// Whether a `time` is said to be that of a change: by microdata, by a class of it or of what holds it alone, or by the
/// words before it.
fn is_updated(tree: &Tree, id: NodeId) -> bool {
    let mut at = id;
    for _ in 0..3 {
        if let Some(property) = tree.attribute(at, "itemprop") {
            return property.contains("dateModified") && !property.contains("datePublished");
        }
        if let Some(class) = tree.attribute(at, "class").filter(|class| class.len() <= MAX_DATE_LINE) {
            let class = class.to_ascii_lowercase();
            let says = |words: &[&str]| words.iter().any(|word| class.contains(word));
            // Themes mark a day that is both as "published updated".
            if says(&["publish", "posted", "created"]) {
                return false;
            }
            if says(&["updated", "modified", "update-date", "last-update"]) {
                return true;
            }
        }
        let before = tree.node(at).previous;
        if before != NONE {
            let label = tree.text_below(before, MAX_DATE_LINE);
            // The words next to it are the last line of what stands before it.
            let line = label.trim_end().lines().next_back().unwrap_or_default();
            if line.len() <= MAX_DATE_LINE && line.contains(char::is_alphabetic) {
                return updates::is_label(line);
            }
        }
        at = tree.node(at).parent;
        if at == NONE || tree.node(at).first_child != tree.node(at).last_child {
            break;
        }
    }
    false
}

/// The day of publication as JSON-LD or `meta` declare it.
fn declared(head: &Head, entity: Option<&Entity>, language: Option<&str>) -> Option<(String, &'static str)> {
    let day = |text: &str| metadata::normal_date_in(text, language);
    if let Some(date) = entity.and_then(|entity| entity.published.as_deref()).and_then(day) {
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
    let date = keys.iter().find_map(|key| head.first(&[key]).and_then(day));
    date.or_else(|| head.published().find_map(day)).map(|date| (date, "meta"))
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
    let same = head.h1.iter().find(|id| title::words(&heading(tree, **id)) == title);
    same.or(head.h1.first()).copied().unwrap_or(Tree::ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(markup: &str, language: &str) -> (Option<String>, Option<String>) {
        let story = "<p>The island council voted on Tuesday to keep the small ferry running through the winter.</p>";
        let content =
            format!("<html lang={language}><article><h1>Ferry kept</h1>{markup}{story}{story}</article></html>");
        let article = super::super::page(&super::super::tests::document(content)).article;
        (article.date_published, article.date_modified)
    }

    #[test]
    fn the_day_of_an_update_is_not_that_of_publication() {
        for markup in [
            "<p>Aktualisiert: 05.03.2025, 10:00</p><p>Erstellt: 01.03.2025, 09:00</p>",
            "<p>Updated 5 March 2025 | Published 1 March 2025</p>",
            "<p>Updated <time itemprop=dateModified datetime=2025-03-05>5/3</time> Published <time datetime=2025-03-01>1/3</time></p>",
            "<p><time class=updated datetime=2025-03-05>Wednesday</time></p><p><time datetime=2025-03-01>Saturday</time></p>",
            "<p>Mis à jour le <time datetime=2025-03-05>mercredi</time>, publié le <time datetime=2025-03-01>samedi</time></p>",
            "<span class=updated><time datetime=2025-03-05></time></span><time class='published updated' datetime=2025-03-01></time>",
        ] {
            assert_eq!(days(markup, "de").0.as_deref(), Some("2025-03-01"), "{markup}");
        }
        let comment = format!(
            "<p>Updated <time datetime=2025-03-05>5/3</time></p>{}<time datetime=2025-03-01>",
            "<p>Yes.</p>".repeat(20)
        );
        assert_eq!(days(&comment, "en").0.as_deref(), Some("2025-03-05"));
        assert_eq!(days("<p>Updated 5 March 2025</p>", "en").0.as_deref(), Some("2025-03-05"));
    }

    #[test]
    fn a_marked_day_of_a_change_is_read_where_it_is_not_before_the_publication() {
        for (markup, day) in [
            (
                "<time datetime=2025-03-01></time><time itemprop=dateModified datetime=2025-03-05></time>",
                Some("2025-03-05"),
            ),
            ("<time datetime=2025-03-01></time><span itemprop=dateModified>5 March 2025</span>", Some("2025-03-05")),
            ("<time datetime=2025-03-01></time><time class=updated datetime=2025-03-05></time>", Some("2025-03-05")),
            ("<time datetime=2025-03-01></time><time class=updated datetime=2024-03-05></time>", None),
            ("<time datetime=2025-03-01></time><time datetime=2025-03-05></time>", None),
        ] {
            assert_eq!(days(markup, "en").1.as_deref(), day, "{markup}");
        }
    }

    #[test]
    fn the_day_of_a_change_is_read_where_the_page_shows_it() {
        for (markup, published, modified) in [
            ("<p>Published March 1, 2025 | Updated March 5, 2025</p>", "2025-03-01", Some("2025-03-05")),
            ("<p>Publié le 1 mars 2025, mis à jour le 5 mars 2025</p>", "2025-03-01", Some("2025-03-05")),
            ("<p>Updated 5 March 2025</p>", "2025-03-05", Some("2025-03-05")),
            ("<p>1 March 2025</p><p>Updated 5 March 2024</p>", "2025-03-01", None),
            ("<p>1 March 2025</p>", "2025-03-01", None),
        ] {
            assert_eq!(days(markup, "en"), (Some(published.to_owned()), modified.map(str::to_owned)), "{markup}");
        }
    }

    #[test]
    fn the_one_day_that_a_label_introduces_is_read_anywhere() {
        let story =
            "<p>The island council voted on Tuesday to keep the small ferry running through the winter.</p>".repeat(20);
        for (markup, day) in [
            ("<div>Posted on April 13, 2023</div>", Some("2023-04-13")),
            ("<div>Posted on April 13, 2023</div><div>Posted on May 14, 2024</div>", None),
            ("<footer>Posted on April 13, 2023</footer>", None),
            ("<div>April 13, 2023</div>", None),
        ] {
            assert_eq!(days(&format!("{story}{markup}"), "en").0.as_deref(), day, "{markup}");
        }
    }

    #[test]
    fn a_time_of_the_article_goes_before_a_day_above_the_headline() {
        let story = "<p>The island council voted on Tuesday to keep the small ferry running through the winter.</p>";
        let dated = |line: &str| {
            let other = "<p><a href=/x>Captain wanted</a> 16 December 2025</p>";
            let page = format!("{other}<article><h1>Ferry kept</h1>{line}{story}{story}</article>");
            super::super::page(&super::super::tests::document(page)).article.date_published
        };
        assert_eq!(dated("<time datetime=2017-03-01>1/3/2017</time>").as_deref(), Some("2017-03-01"));
        assert_eq!(dated("").as_deref(), Some("2025-12-16"));
    }

    #[test]
    fn a_day_that_can_be_read_in_one_way_says_how_the_others_are() {
        let line = "<p>03/04/2025</p>";
        let other = |day: &str| format!("{line}<ul><li>{day}</li></ul>");
        assert_eq!(days(line, "en").0, None);
        assert_eq!(days(&other("Storm, 12/16/2024"), "en").0.as_deref(), Some("2025-03-04"));
        let after = "<p>The ferry is kept, said the captain, and he will sail it until the summer.</p>".repeat(20);
        assert_eq!(days(&format!("{line}{after}<p>16/12/2024</p>"), "en").0.as_deref(), Some("2025-04-03"));
    }

    #[test]
    fn a_long_headline_without_spaces_is_found() {
        let headline = "议会在星期二以微弱多数批准新建连接港口和火车站的有轨电车线路";
        let story = "<p>议会在星期二晚上以微弱多数批准了一项计划，该计划将更换港口和火车站之间的旧有轨电车线路。</p>";
        let page = format!(
            "<html lang=zh><title>{headline}</title><h1>{headline}</h1><p>2025年3月11日</p><p>记者：王伟</p>{story}{story}"
        );
        let article = super::super::page(&super::super::tests::document(page)).article;
        assert_eq!(article.date_published.as_deref(), Some("2025-03-11"));
        assert_eq!(article.authors, ["王伟"]);
    }

    #[test]
    fn a_day_is_read_in_the_pages_language() {
        assert_eq!(days("<p>24. listopada 2025.</p>", "hr").0.as_deref(), Some("2025-10-24"));
        assert_eq!(days("<p>24 listopada 2025</p>", "pl").0.as_deref(), Some("2025-11-24"));
        assert_eq!(days("<p>24 listopada 2025</p>", "en").0, None);
        assert_eq!(days("<p>입력 25.09.24</p>", "ko").0.as_deref(), Some("2025-09-24"));
    }

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
