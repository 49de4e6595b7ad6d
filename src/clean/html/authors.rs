//! Who wrote it: from the most trusted declaration down to what stands next to the headline.
//!
//! A page names many people; those of its margins belong to other articles and are asked last.

use super::byline::in_margin;
use super::head::{Head, shown_name};
use super::json_ld::{Entity, WriterKind};
use super::layout::Layout;
use super::shown_byline::{byline, opening_byline};
use super::tag::Tag;
use super::title;
use super::tree::{NONE, NodeId, Tree};
use crate::article::Document;
use crate::clean::metadata;

/// Names in one marked element, more of which are a list of something else.
const MAX_MARKED_NAMES: usize = 6;
/// How far above a marked name the byline may begin that it stands in, in elements.
const BYLINE_LEVELS: usize = 4;
/// How the words begin that name another part in an article than that of its authors.
const OTHER_ROLES: &[&str] = &[
    "edit",
    "review",
    "check",
    "fact-",
    "verif",
    "approv",
    "photo",
    "foto",
    "illustrat",
    "translat",
    "redig",
    "redak",
    "revis",
    "relu",
    "korrek",
    "geprüft",
    "übersetz",
    "traduc",
    "tradui",
    "vertaal",
    "редакт",
    "перев",
    "编辑",
    "編集",
];
/// Longest text of a marked element that is read, in characters.
const MAX_MARKED_CHARS: usize = 200;
/// Longest byline of several marked names, with their posts, in bytes and in nodes.
const BYLINE_BYTES: usize = 400;

/// The authors and where they were found: what came along, JSON-LD, `meta`, marked elements, a visible byline.
///
/// `headline` is the run that shows the headline.
pub(super) fn authors(
    document: &Document,
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    layout: &Layout,
    headline: Option<usize>,
    site_names: &[String],
) -> Option<(Vec<String>, &'static str)> {
    let given = many(document.given.authors.iter().flat_map(|name| metadata::author_names(name)));
    if !given.is_empty() {
        return Some((given, "given"));
    }
    let is_site = |name: &String| site_names.iter().any(|site| title::joined(site) == title::joined(name));
    // The site under its own name counts only where nobody else is named.
    let mut fallback = None;
    let mut found = |mut names: Vec<String>, source: &'static str| {
        if names.iter().all(is_site) {
            if !names.is_empty() {
                names.truncate(1);
                fallback.get_or_insert((names, source));
            }
            return None;
        }
        names.retain(|name| !is_site(name));
        Some((names, source))
    };
    if let Some((names, source)) = declared(head, entity, &mut found) {
        // A system's login stands in many a declaration; the byline that readers are shown is a person's.
        let shown = headline.map(|at| opening_byline(layout, at)).unwrap_or_default();
        let known = format!(" {} ", title::words(&names.join(" ")));
        let is_other = |name: &String| {
            metadata::is_whole(name)
                && !is_site(name)
                && title::words(name).split(' ').all(|word| !known.contains(&format!(" {word} ")))
        };
        let is_shown = !shown.is_empty() && shown.iter().all(is_other);
        return Some(if is_shown { (shown, "dom") } else { (names, source) });
    }
    // What stands in a margin may be another article's author; it is asked last.
    for margin in [false, true] {
        let mut marked: Vec<(u8, NodeId)> =
            head.authors.iter().filter(|(_, id)| in_margin(tree, *id) == margin).copied().collect();
        marked.sort_by_key(|(surety, _)| *surety);
        for (i, &(surety, id)) in marked.iter().enumerate() {
            let mut dom = marked_names(tree, id);
            if dom.is_empty() || dom.len() > MAX_MARKED_NAMES {
                continue;
            }
            let same = marked[i + 1..].iter().take_while(|(other, _)| *other == surety).map(|(_, id)| *id);
            for name in many(beside(tree, id, same).into_iter().flat_map(|other| marked_names(tree, other))) {
                if !is_known(&dom, &name) {
                    dom.push(name);
                }
            }
            if let Some(found) = found(dom, "dom") {
                return Some(found);
            }
        }
        if !margin && let Some(found) = found(byline(tree, head, layout, headline), "dom") {
            return Some(found);
        }
    }
    fallback
}

/// Names, each once.
fn many(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for name in names {
        if !unique.iter().any(|known| known.to_lowercase() == name.to_lowercase()) {
            unique.push(name);
        }
    }
    unique
}

/// The first authors that JSON-LD or `meta` declare of whom `found` approves.
fn declared<T>(
    head: &Head,
    entity: Option<&Entity>,
    found: &mut impl FnMut(Vec<String>, &'static str) -> Option<T>,
) -> Option<T> {
    let writers = entity.into_iter().flat_map(|entity| &entity.authors);
    let json = many(writers.flat_map(|writer| match writer.kind {
        WriterKind::Organization => metadata::organization_name(&writer.name).into_iter().collect(),
        WriterKind::Person => metadata::person_names(&writer.name),
        WriterKind::Unknown => metadata::declared_names(&writer.name),
    }));
    if let Some(found) = found(json, "json_ld") {
        return Some(found);
    }
    let keys = [
        "author",
        "article:author",
        "parsely-author",
        "sailthru.author",
        "dc.creator",
        "dcterms.creator",
        "byl",
        "twitter:data1",
        "citation_author",
        "cxenseparse:author",
    ];
    let is_other = |key: &str| {
        key == "twitter:data1"
            && head.first(&["twitter:label1"]).is_none_or(|label| !label.to_lowercase().contains("by"))
    };
    keys.into_iter().filter(|key| !is_other(key)).find_map(|key| {
        // Libraries write the surname in front.
        let is_person = matches!(key, "citation_author" | "dc.creator" | "dcterms.creator");
        let names = if is_person { metadata::person_names } else { metadata::declared_names };
        found(many(head.all(key).flat_map(names)), "meta")
    })
}

/// The names in what a marked element shows, if that is short enough to be names.
fn marked_names(tree: &Tree, id: NodeId) -> Vec<String> {
    let text = shown_name(tree, id);
    if text.chars().count() > MAX_MARKED_CHARS {
        return Vec::new();
    }
    metadata::author_names(&text.lines().take(3).collect::<Vec<_>>().join("\n"))
}

/// Whether a name of an element beside the first says nothing new or no name: a part of a known one, or a single word.
fn is_known(names: &[String], name: &str) -> bool {
    let joined = title::joined(name);
    // Names of one word are written in Han, Kana and Hangul.
    let is_short = !name.contains(' ') && !name.contains(|c: char| c >= '\u{2e80}');
    is_short
        || names.iter().map(|name| title::joined(name)).any(|known| known.contains(&joined) || joined.contains(&known))
}

/// Those of the elements that stand in one byline with the first: with little text around them and no headline, which
/// would be that of a list of articles.
fn beside(tree: &Tree, first: NodeId, others: impl Iterator<Item = NodeId> + Clone) -> Vec<NodeId> {
    let is_above = |above: NodeId, id: NodeId| {
        std::iter::successors(Some(id), |&at| Some(tree.node(at).parent).filter(|&at| at != NONE))
            .take(2 * BYLINE_LEVELS)
            .any(|at| at == above)
    };
    // A heading that is a name is none of an article.
    let is_name =
        |heading: NodeId| others.clone().chain([first]).any(|name| is_above(heading, name) || is_above(name, heading));
    let mut found = Vec::new();
    let mut top = first;
    for _ in 0..BYLINE_LEVELS {
        let above = tree.node(top).parent;
        if above == NONE || !is_byline(tree, above, is_name) {
            break;
        }
        top = above;
        found = others.clone().filter(|&id| is_above(top, id) && !is_above(first, id)).collect();
    }
    // Who edited or reviewed the article stands behind its authors.
    if let Some(at) = found.iter().position(|&id| is_other_role(tree, top, id)) {
        found.truncate(at);
    }
    // A second link to one page is a portrait, or "all articles".
    let mut known: Vec<&str> = tree.attribute(first, "href").into_iter().collect();
    found.retain(|&id| match tree.attribute(id, "href") {
        Some(href) if known.contains(&href) => false,
        href => {
            known.extend(href);
            true
        }
    });
    found
}

/// Whether the words before an element of a byline give it another part in the article than that of an author.
fn is_other_role(tree: &Tree, top: NodeId, id: NodeId) -> bool {
    let mut label = String::new();
    let mut at = top;
    while at != id {
        label.push_str(tree.text(at));
        let Some(next) = tree.following(at, top) else { break };
        at = next;
    }
    let words: Vec<String> = label.split_whitespace().rev().take(3).map(str::to_lowercase).collect();
    words.iter().any(|word| OTHER_ROLES.iter().any(|role| word.starts_with(role)))
}

/// Whether an element may be a byline as a whole.
fn is_byline(tree: &Tree, top: NodeId, is_name: impl Fn(NodeId) -> bool) -> bool {
    if matches!(tree.tag(top), Tag::Html | Tag::Body | Tag::Main) {
        return false;
    }
    let mut at = top;
    let (mut bytes, mut nodes, mut headings) = (0, 0, 0);
    loop {
        nodes += 1;
        if !matches!(tree.tag(at), Tag::Raw | Tag::Script) {
            bytes += tree.text(at).len();
        }
        if matches!(tree.tag(at), Tag::H(_)) {
            headings += 1;
            if headings > MAX_MARKED_NAMES || !is_name(at) {
                return false;
            }
        }
        if bytes > BYLINE_BYTES || nodes > BYLINE_BYTES {
            return false;
        }
        match tree.following(at, top) {
            Some(next) => at = next,
            None => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    fn authors_of(markup: &str) -> Vec<String> {
        let story = "<p>The island council voted on Tuesday to keep the small ferry running through the winter.</p>";
        let content = format!("<article><h1>Ferry kept</h1>{markup}{story}{story}</article>");
        super::super::page(&super::super::tests::document(content)).article.authors
    }

    #[test]
    fn all_marked_names_of_one_byline_are_its_authors() {
        for byline in [
            "<p>By <a rel=author href=/a>Ana Ruiz</a> and <a rel=author href=/b>Tom Hill</a></p>",
            "<p>By <span itemprop=author>Ana Ruiz</span>, <span itemprop=author>Tom Hill</span></p>",
            "<div><span class='author vcard'>Ana Ruiz</span> <span class='author vcard'>Tom Hill</span></div>",
            "<ul><li><img><h4 class=author-name>Ana Ruiz</h4><p>Reporter</p></li>\
                <li><h4 class=author-name>Tom Hill</h4><p>Editor</p></li></ul>",
            "<div class=meta><a href=/author/ana><img></a><a href=/author/ana>Ana Ruiz</a> <a href=/author/tom>Tom Hill</a>\
                <a href=/author/tom>More of Tom</a></div>",
        ] {
            assert_eq!(authors_of(byline), ["Ana Ruiz", "Tom Hill"], "{byline}");
        }
    }

    #[test]
    fn who_edited_an_article_and_the_site_are_no_authors_beside_one() {
        let names = |line: &str| authors_of(&format!("<meta property=og:site_name content='Ferry News'><p>{line}</p>"));
        for line in [
            "By <a rel=author href=/a>Ana Ruiz</a>. Reviewed by <a rel=author href=/b>Tom Hill</a> and <a rel=author href=/c>Lee Park</a>",
            "<a rel=author href=/a>Ana Ruiz</a> Edited by: <span><a rel=author href=/b>Tom Hill</a></span>",
            "<a rel=author href=/>Ferry News</a> <a rel=author href=/a>Ana Ruiz</a>",
        ] {
            assert_eq!(names(line), ["Ana Ruiz"], "{line}");
        }
        assert_eq!(names("<a rel=author href=/>Ferry News</a>"), ["Ferry News"]);
        assert_eq!(names("<a rel=author href=/>Ana Ruiz / Ferry News</a>"), ["Ana Ruiz"]);
    }

    #[test]
    fn the_day_of_a_marked_byline_is_no_name() {
        for byline in [
            "<div class=byline><time>8 hours ago</time></div>",
            "<div class=byline>Sat, 20 Dec, 2025 - 06:36</div>",
            "<div class=byline>입력 2025.03.11</div>",
        ] {
            assert!(authors_of(byline).is_empty(), "{byline}: {:?}", authors_of(byline));
        }
        for byline in [
            "<div class=author>Ana Ruiz <time>Tue 11 March</time></div>",
            "<div class=byline>Von Ana Ruiz<br>Veröffentlicht am 11. März 2025</div>",
            "<div class=byline><div>vor 3 Stunden</div><div>Ana Ruiz</div></div>",
            "<div itemprop=author><meta itemprop=name content='Ana Ruiz'><img></div>",
            "<span property='schema:author' content='Ana Ruiz'></span>",
        ] {
            assert_eq!(authors_of(byline), ["Ana Ruiz"], "{byline}");
        }
    }

    #[test]
    fn a_byline_is_known_by_its_lead_wherever_it_stands_in_its_line() {
        for byline in [
            "<p>Por: Ana Ruiz</p>",
            "<p>March 11, 2025 | By Ana Ruiz</p>",
            "<p>March 11, 2025 by Ana Ruiz</p>",
            "<p><time>03/01/2017</time> by <a href=/x>Ana Ruiz</a> in <a href=/n>News</a></p>",
            "<p>By</p><p>Ana Ruiz</p>",
            "<p>By <a href=/x>Ana Ruiz</a> <a href=/m>Message Ana</a></p>",
        ] {
            assert_eq!(authors_of(byline), ["Ana Ruiz"], "{byline}");
        }
        for prose in [
            "<p>By following the tips below and remaining vigilant, you can save money on the ferry.</p>",
            "<p>In 2019 the ferry was bought by Ana Ruiz</p>",
            "<p>Photo by Ana Ruiz</p>",
        ] {
            assert!(authors_of(prose).is_empty(), "{prose}: {:?}", authors_of(prose));
        }
    }

    #[test]
    fn a_byline_under_the_headline_goes_before_a_declared_login() {
        let json = r#"<script type="application/ld+json">{"@type":"Article","author":{"name":"KatieS"}}</script>"#;
        let names = |line: &str| authors_of(&format!("{json}{line}"));
        assert_eq!(names("<p>by <a href=/authors/ana-ruiz/>Ana Ruiz</a></p>"), ["Ana Ruiz"]);
        for line in [
            "<p>By the harbour Ana waited for the ferry</p>",
            "<p>Ana Ruiz</p>",
            "<p>By Katies Ruiz</p>",
            "<p>By Newsroom</p>",
            "<p>Photo by Ana Ruiz</p>",
            "<ul class=related><li><a href=/x>Storm hits the harbour again</a><p>By Ana Ruiz</p></li></ul>",
        ] {
            assert_eq!(names(line), ["KatieS"], "{line}");
        }
    }

    #[test]
    fn the_site_is_no_author_beside_a_declared_person() {
        let site = "<meta property=og:site_name content='Island News'>";
        let names = |meta: &str| authors_of(&format!("{site}{meta}"));
        assert_eq!(names("<meta name=author content='Ana Ruiz, Island News'>"), ["Ana Ruiz"]);
        assert_eq!(names("<meta name=author content='Island News'>"), ["Island News"]);
        assert_eq!(names("<meta property='og:article:author' content='Ana Ruiz'>"), ["Ana Ruiz"]);
        assert_eq!(names("<meta name=citation_author content='Ruiz, Ana'>"), ["Ana Ruiz"]);
    }

    #[test]
    fn the_authors_of_listed_articles_are_not_taken_together() {
        let listed = |name: &str| {
            format!("<div><h4>Another story</h4><p class=meta><a rel=author href=/{name}>{name}</a></p></div>")
        };
        let list = format!("<div>{}{}</div>", listed("Ana Ruiz"), listed("Tom Hill"));
        assert_eq!(authors_of(&list), ["Ana Ruiz"]);
        let portrait = "<p><a rel=author href=/a>Ana Ruiz</a> <a rel=author href=/c>Contact</a></p>";
        assert_eq!(authors_of(portrait), ["Ana Ruiz"]);
    }
}
