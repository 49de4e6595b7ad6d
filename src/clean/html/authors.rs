//! Who wrote it: from the most trusted declaration down to what stands next to the headline.
//!
//! A page names many people; those of its margins belong to other articles and are asked last.

use super::byline::{in_margin, near_headline};
use super::head::{Head, shown};
use super::json_ld::Entity;
use super::layout::Layout;
use super::tag::Tag;
use super::title;
use super::tree::{NONE, NodeId, Tree};
use crate::article::{Article, Document};
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
/// Longest byline of several marked names, with their posts, in bytes and in nodes.
const BYLINE_BYTES: usize = 400;

/// The authors and where they were found: what came along, JSON-LD, `meta`, marked elements, a visible byline.
pub(super) fn authors(
    document: &Document,
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    layout: &Layout,
    article: &Article,
    site_names: &[String],
) -> Option<(Vec<String>, &'static str)> {
    let many = |texts: &mut dyn Iterator<Item = &str>| {
        let mut names: Vec<String> = Vec::new();
        for name in texts.flat_map(metadata::author_names) {
            if !names.iter().any(|known| known.to_lowercase() == name.to_lowercase()) {
                names.push(name);
            }
        }
        names
    };
    let is_site = |names: &[String]| {
        names.len() == 1 && site_names.iter().any(|site| title::joined(site) == title::joined(&names[0]))
    };
    let given = many(&mut document.given.authors.iter().map(String::as_str));
    if !given.is_empty() {
        return Some((given, "given"));
    }
    // The site under its own name counts only where nobody else is named.
    let mut fallback = None;
    let mut found = |names: Vec<String>, source: &'static str| {
        if names.is_empty() {
            return None;
        }
        if is_site(&names) {
            fallback.get_or_insert((names, source));
            return None;
        }
        Some((names, source))
    };
    let json = many(&mut entity.into_iter().flat_map(|entity| entity.authors.iter().map(String::as_str)));
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
    for key in keys {
        let is_label = key == "twitter:data1"
            && head.first(&["twitter:label1"]).is_none_or(|label| !label.to_lowercase().contains("by"));
        if is_label {
            continue;
        }
        if let Some(found) = found(many(&mut head.all(key)), "meta") {
            return Some(found);
        }
    }
    // What stands in a margin may be another article's author; it is asked last.
    for margin in [false, true] {
        let mut marked: Vec<(u8, NodeId)> =
            head.authors.iter().filter(|(_, id)| in_margin(tree, *id) == margin).copied().collect();
        marked.sort_by_key(|(surety, _)| *surety);
        for (i, &(surety, id)) in marked.iter().enumerate() {
            let Some(text) = name_text(tree, id) else { continue };
            let mut dom = many(&mut text.lines().take(3));
            if dom.is_empty() || dom.len() > MAX_MARKED_NAMES {
                continue;
            }
            let same = marked[i + 1..].iter().take_while(|(other, _)| *other == surety).map(|(_, id)| *id);
            let texts: Vec<String> =
                beside(tree, id, same).into_iter().filter_map(|other| name_text(tree, other)).collect();
            for name in many(&mut texts.iter().flat_map(|text| text.lines().take(3))) {
                if is_known(&dom, &name) || is_site(std::slice::from_ref(&name)) {
                    continue;
                }
                if is_site(&dom) {
                    dom.clear();
                }
                dom.push(name);
            }
            if let Some(found) = found(dom, "dom") {
                return Some(found);
            }
        }
        if !margin && let Some(found) = found(many(&mut byline(layout, article).into_iter()), "dom") {
            return Some(found);
        }
    }
    fallback
}

/// What a marked element shows, if that is short enough to be names.
fn name_text(tree: &Tree, id: NodeId) -> Option<String> {
    Some(shown(tree, id)).filter(|text| text.len() <= 200)
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

/// The text behind a "By" next to the headline, or behind "Written by" in a line of its own anywhere.
fn byline<'l>(layout: &'l Layout, article: &Article) -> Option<&'l str> {
    let starts = |text: &str, leads: &[&str]| {
        let lower: String = text.chars().take(24).flat_map(char::to_lowercase).collect();
        leads.iter().any(|lead| lower.starts_with(lead))
    };
    let near = ["by ", "by: ", "von ", "por ", "par ", "di ", "author: ", "words by ", "text: ", "contributors: "];
    let anywhere = ["written by", "article by", "story by", "posted by", "author: ", "words by", "about the author"];
    let runs: Vec<&str> = near_headline(layout, article).into_iter().map(|run| run.text.as_str()).collect();
    for (i, text) in runs.iter().enumerate() {
        // "By" in an element of its own: the next one is the name.
        if text.eq_ignore_ascii_case("by") || text.eq_ignore_ascii_case("by:") {
            return runs.get(i + 1).copied().filter(|name| name.len() <= 60);
        }
        let line = text.lines().next().unwrap_or(text);
        if line.len() <= 120 && starts(line, &near) {
            return Some(line);
        }
    }
    for (i, run) in layout.runs.iter().enumerate() {
        let text = run.text.as_str();
        if run.words <= 8 && starts(text, &anywhere) {
            let alone = text.split_whitespace().count() <= 3 && !text.contains(char::is_uppercase)
                || run.words <= 3 && text.to_lowercase().ends_with("by")
                || run.words == 3 && text.to_lowercase().ends_with("author");
            let name = if alone { layout.runs.get(i + 1).map(|next| next.text.as_str()) } else { Some(text) };
            return name.filter(|name| name.len() <= 80);
        }
    }
    None
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
        assert_eq!(names("<a rel=author href=/>Ana Ruiz / Ferry News</a>"), ["Ana Ruiz", "Ferry News"]);
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
