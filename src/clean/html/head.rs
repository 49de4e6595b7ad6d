//! What a page says about itself in `meta`, `link`, `title`, microdata and `time` elements.

use std::collections::BTreeMap;

use super::tag::Tag;
use super::tree::{Data, NONE, NodeId, Tree};
use crate::clean::normalize::{composed, is_invisible};
use crate::clean::references::unescaped;

/// Values kept under one name: an article has a dozen tags, not a thousand.
const MAX_VALUES: usize = 64;
/// Elements and texts of a heading; more are a list.
const MAX_HEADING_PARTS: usize = 6;
/// Nodes below a marked element among which the one with its name is looked for.
const MAX_NAMED_NODES: usize = 40;
/// Longest text of a marked element that is read.
const MAX_TEXT_BYTES: usize = 300;

/// The declarations of a page.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// `meta` by `name`, `property` or `itemprop`, in lower case.
    meta: BTreeMap<String, Vec<String>>,
    pub title: Option<String>,
    pub canonical: Option<String>,
    pub language: Option<String>,
    pub h1: Vec<NodeId>,
    pub h2: Option<NodeId>,
    pub times: Vec<NodeId>,
    /// Elements that microdata, `rel` or a class call the author, with how sure that is (lower is surer).
    pub authors: Vec<(u8, NodeId)>,
    /// Elements that microdata or a class call the date.
    pub dates: Vec<(u8, NodeId)>,
    /// Elements that microdata call the date of the last change.
    pub modified: Vec<NodeId>,
    /// Links to a page of all articles on one subject.
    pub tags: Vec<NodeId>,
    /// What microdata call the publisher.
    pub publisher: Option<NodeId>,
}

impl Head {
    /// The first value whose name reads like that of a publication date ("w-published-date", "publication_time").
    pub fn published(&self) -> impl Iterator<Item = &str> {
        let says = |name: &str| {
            let date = name.contains("date") || name.contains("time") || name.ends_with("published");
            (name.contains("publi") && date)
                || name.contains("pubdate")
                || name.contains("createdate")
                || name.contains("date_created")
        };
        self.meta
            .iter()
            .filter(move |(name, _)| says(name) && !name.contains("modif") && !name.contains("update"))
            .flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// The first non-empty value under any of the names, in the order of the names.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.all(name).find(|value| !value.is_empty()))
    }

    pub fn all<'h>(&'h self, name: &str) -> impl Iterator<Item = &'h str> {
        self.meta.get(name).into_iter().flatten().map(String::as_str)
    }
}

/// Collects the declarations in one pass over the nodes.
pub(super) fn head(tree: &Tree) -> Head {
    let mut head = Head::default();
    for id in 0..tree.nodes.len() as NodeId {
        let Data::Element { tag, .. } = tree.node(id).data else { continue };
        if tree.node(id).parent == NONE {
            continue;
        }
        match tag {
            Tag::Meta => meta(tree, id, &mut head),
            Tag::Title if head.title.is_none() => {
                head.title = Some(one_line(&tree.text_below(id, 1000))).filter(|title| !title.is_empty());
            }
            Tag::Link
                if head.canonical.is_none()
                    && tree.attribute(id, "rel").is_some_and(|rel| {
                        rel.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("canonical"))
                    }) =>
            {
                head.canonical = tree.attribute(id, "href").map(str::to_owned);
            }
            Tag::Html if head.language.is_none() => head.language = tree.attribute(id, "lang").map(str::to_owned),
            Tag::H(1) if head.h1.len() < MAX_VALUES => head.h1.push(id),
            Tag::H(2) if head.h2.is_none() => head.h2 = Some(id),
            Tag::Time if head.times.len() < MAX_VALUES => head.times.push(id),
            Tag::Script | Tag::Raw | Tag::Link => {}
            _ => marked(tree, id, &mut head),
        }
    }
    head
}

fn meta(tree: &Tree, id: NodeId, head: &mut Head) {
    let Some(content) = tree.attribute(id, "content") else { return };
    for key in ["property", "name", "itemprop"] {
        if let Some(name) = tree.attribute(id, key) {
            let name = name.trim().to_ascii_lowercase();
            // Prefixes that are written in one place and left out in another.
            let name = name.strip_prefix("schema:").unwrap_or(&name);
            let name = name.strip_prefix("og:").filter(|rest| rest.starts_with("article:")).unwrap_or(name);
            let values = head.meta.entry(name.to_owned()).or_default();
            if values.len() < MAX_VALUES {
                values.push(one_line(&unescaped(content)));
            }
        }
    }
}

/// Elements that say by an attribute that they hold the author or the date.
fn marked(tree: &Tree, id: NodeId, head: &mut Head) {
    let attributes = tree.attributes(id);
    if attributes.is_empty() {
        return;
    }
    let (mut author, mut date) = (u8::MAX, u8::MAX);
    for (name, value) in attributes {
        match &**name {
            "itemprop" | "property" => {
                if value.contains("author") || value.contains("creator") {
                    author = 0;
                } else if value.contains("datePublished") {
                    date = 0;
                } else if value.contains("dateModified") && head.modified.len() < MAX_VALUES {
                    head.modified.push(id);
                } else if value.contains("publisher") && head.publisher.is_none() {
                    head.publisher = Some(id);
                }
            }
            "rel" if value.trim().eq_ignore_ascii_case("tag") && head.tags.len() < MAX_VALUES => head.tags.push(id),
            "rel" if value.split_ascii_whitespace().any(|rel| rel == "author") => author = author.min(1),
            "class" | "id" | "data-testid" | "data-component" => {
                let (as_author, as_date) = by_class(value);
                author = author.min(as_author);
                date = date.min(as_date);
            }
            "href" if value.contains("/author/") || value.contains("/authors/") || value.contains("/staff/") => {
                author = author.min(3)
            }
            _ => {}
        }
    }
    if author != u8::MAX && head.authors.len() < MAX_VALUES {
        head.authors.push((author, id));
    }
    if date != u8::MAX && head.dates.len() < MAX_VALUES {
        head.dates.push((date, id));
    }
}

/// How surely a class names the author's name and the date, `u8::MAX` for not at all.
fn by_class(class: &str) -> (u8, u8) {
    let (mut author, mut date) = (u8::MAX, u8::MAX);
    if class.len() > 300 {
        return (author, date);
    }
    let class = class.to_ascii_lowercase();
    if !(class.contains("author")
        || class.contains("byline")
        || class.contains("date")
        || class.contains("publish")
        || class.contains("time"))
    {
        return (author, date);
    }
    for word in class.split_ascii_whitespace() {
        if word.contains("comment") || word.contains("related") || word.contains("update") || word.contains("modified")
        {
            return (u8::MAX, u8::MAX);
        }
        let is = |names: &[&str]| names.iter().any(|name| word.ends_with(name));
        if is(&[
            "author-name",
            "author__name",
            "byline-name",
            "authorname",
            "author_name",
            "byline__name",
            "byline-author",
            "author-link",
        ]) {
            author = author.min(2);
        } else if is(&["author", "byline", "authors", "bylines", "byline__author", "post-author", "entry-author"]) {
            author = author.min(3);
        } else if word.contains("author") && word.ends_with("name") {
            author = author.min(2);
        } else if word.contains("byline") {
            author = author.min(5);
        }
        if is(&[
            "publish-date",
            "published",
            "entry-date",
            "post-date",
            "date-published",
            "pubdate",
            "publication-date",
            "published-date",
            "article-date",
            "post__date",
            "posted-on",
            "article__date",
            "publishdate",
        ]) {
            date = date.min(1);
        } else if is(&["date", "timestamp", "dateline", "datetime"]) {
            date = date.min(2);
        }
    }
    (author, date)
}

/// The text of a marked element in one line: its `content` attribute, else what it shows.
pub(super) fn shown(tree: &Tree, id: NodeId) -> String {
    if let Some(content) = tree.attribute(id, "content") {
        return one_line(content);
    }
    // Elements of a byline stand apart even where no space does.
    lines_of(tree, id, |_| false, |_, _, _| true)
}

/// The name that an element of microdata gives in a property of its own, else what it shows besides times.
pub(super) fn shown_name(tree: &Tree, id: NodeId) -> String {
    let mut below = std::iter::successors(tree.following(id, id), |&at| tree.following(at, id)).take(MAX_NAMED_NODES);
    let is_name = |&at: &NodeId| {
        ["itemprop", "property"].iter().any(|key| matches!(tree.attribute(at, key), Some("name" | "schema:name")))
    };
    let mut own = || below.find(is_name).map(|at| shown(tree, at)).filter(|name| !name.is_empty());
    if tree.attribute(id, "content").is_some() {
        return shown(tree, id);
    }
    own().unwrap_or_else(|| lines_of(tree, id, |at| tree.tag(at) == Tag::Time, |_, _, _| true))
}

/// The text of a heading in one line. Formatting parts no word ("CO<sub>2</sub>"); a span may be set apart by style alone
/// (`<span>Politics</span>Council keeps ferry`), which shows in the capital behind it.
pub(super) fn heading(tree: &Tree, id: NodeId) -> String {
    let around = |at: NodeId, fits: fn(Tag) -> bool| {
        let parent = |at: NodeId| Some(tree.node(at).parent).filter(|&above| above != NONE && above != id);
        std::iter::successors(parent(at), |&at| parent(at)).find(|&at| fits(tree.tag(at)))
    };
    let is_box = |tag: Tag| matches!(tag, Tag::Span | Tag::A | Tag::Small | Tag::Time | Tag::Cite);
    let apart = |text: &str, before: NodeId, at: NodeId| {
        // A single letter in an element of its own is an initial.
        let is_word = text.chars().rev().take_while(|c| c.is_alphanumeric()).count() > 1;
        let is_boxed = is_word && tree.text(at).starts_with(char::is_uppercase);
        is_boxed && around(before, is_box) != around(at, is_box)
            || around(before, Tag::is_block) != around(at, Tag::is_block)
    };
    one_line(&lines_of(tree, id, |at| is_beside(tree, at), apart))
}

/// Whether an element in a heading is no part of what it says: the day, a button, words for screen readers, a mark to link to it.
fn is_beside(tree: &Tree, id: NodeId) -> bool {
    if matches!(tree.tag(id), Tag::Time | Tag::Button) {
        return true;
    }
    let is_unseen = |class: &str| {
        let names =
            ["sr-only", "visually-hidden", "visuallyhidden", "screen-reader-text", "headerlink", "mw-editsection"];
        class.split_ascii_whitespace().any(|class| names.contains(&class))
    };
    tree.attribute(id, "class").is_some_and(is_unseen)
        || matches!(tree.tag(id), Tag::A | Tag::Span)
            && matches!(tree.text_below(id, 16).trim(), "¶" | "#" | "§" | "[edit]" | "[ edit ]")
}

/// A heading's text without the elements at its beginning or end that leave one of `titles`, given as their words: a
/// section's name, a badge or a dek set in an element of its own.
pub(super) fn heading_like(
    tree: &Tree,
    id: NodeId,
    titles: &[String],
    words: impl Fn(&str) -> String,
) -> Option<String> {
    let says = |at: NodeId| !tree.text_below(at, 0).trim().is_empty();
    let children = |id: NodeId| {
        let first = Some(tree.node(id).first_child).filter(|&at| at != NONE);
        let next = |&at: &NodeId| Some(tree.node(at).next).filter(|&at| at != NONE);
        std::iter::successors(first, next)
            .filter(|&at| says(at) && !is_beside(tree, at))
            .take(MAX_HEADING_PARTS)
            .collect::<Vec<_>>()
    };
    let mut parts = children(id);
    // One link or span around all of it.
    while let [only] = parts[..]
        && tree.text(only).is_empty()
    {
        parts = children(only);
    }
    let texts: Vec<String> = parts.iter().map(|&at| heading(tree, at)).collect();
    let is_element = |k: usize| tree.text(parts[k]).is_empty();
    (0..parts.len()).take_while(|&from| from == 0 || is_element(from - 1)).find_map(|from| {
        let ends = (from + 1..=parts.len()).rev();
        ends.take_while(|&to| to == parts.len() || is_element(to)).find_map(|to| {
            let text = one_line(&texts[from..to].join(" "));
            ((from, to) != (0, parts.len()) && titles.contains(&words(&text))).then_some(text)
        })
    })
}

/// The lines below an element. `apart` tells of two texts without a space between them (what was read so far, the last
/// one's node, the next one's) whether they stand apart.
/// What `left_out` holds for is passed over with all below.
fn lines_of(
    tree: &Tree,
    id: NodeId,
    left_out: impl Fn(NodeId) -> bool,
    apart: impl Fn(&str, NodeId, NodeId) -> bool,
) -> String {
    let mut text = String::new();
    let mut at = id;
    let mut last = id;
    loop {
        let is_out = at != id && tree.text(at).is_empty() && left_out(at);
        let piece = tree.text(at);
        if !piece.is_empty() {
            if piece.starts_with(char::is_alphanumeric)
                && text.ends_with(char::is_alphanumeric)
                && apart(&text, last, at)
            {
                text.push('\n');
            }
            text.push_str(piece);
            last = at;
        }
        if text.len() > MAX_TEXT_BYTES {
            break;
        }
        match if is_out { tree.after(at, id) } else { tree.following(at, id) } {
            Some(next) => {
                if tree.tag(next).is_block() || tree.tag(next) == Tag::Br {
                    text.push('\n');
                }
                at = next;
            }
            None => break,
        }
    }
    text.lines().map(one_line).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// Single spaces, no line ends, the normal form of text; empty where nothing but control characters is left, which among
/// letters are the traces of another encoding.
pub(super) fn one_line(text: &str) -> String {
    let says = |word: &&str| !word.chars().all(char::is_control);
    let is_seen = |word: &&str| !(word.starts_with(is_invisible) && word.chars().all(is_invisible));
    let words: Vec<&str> = text.split_whitespace().filter(is_seen).collect();
    match words.as_slice() {
        // An address in another form leads elsewhere.
        [word] if word.contains("://") || word.starts_with('/') => (*word).to_owned(),
        words if words.iter().any(says) => composed(words.join(" ")),
        _ => String::new(),
    }
}

/// A text without the tags that some declarations hold; those of blocks part words.
pub(super) fn without_tags(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        plain.push_str(before);
        let name: String = tag[1..].trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        match tag.find('>').filter(|_| name.starts_with(|c: char| c.is_ascii_alphabetic())) {
            Some(end) => {
                if matches!(name.to_ascii_lowercase().as_str(), "p" | "br" | "div" | "li" | "ul" | "h1" | "h2" | "h3") {
                    plain.push(' ');
                }
                rest = &tag[end + 1..];
            }
            None => {
                plain.push('<');
                rest = &tag[1..];
            }
        }
    }
    plain.push_str(rest);
    one_line(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h1(markup: &str) -> String {
        let tree = super::super::parse::parse(markup, &super::super::Settings::default());
        heading(&tree, head(&tree).h1[0])
    }

    #[test]
    fn formatting_inside_a_heading_parts_no_word() {
        for (markup, text) in [
            ("<h1>CO<sub>2</sub> emissions</h1>", "CO2 emissions"),
            ("<h1>Donau<wbr>dampf<wbr>schiff</h1>", "Donaudampfschiff"),
            ("<h1>The <b>F</b>erry</h1>", "The Ferry"),
            ("<h1><span class=cap>T</span>he ferry</h1>", "The ferry"),
            ("<h1>Ferry <span>stays</span>, says <i>council</i></h1>", "Ferry stays, says council"),
            ("<h1><span>Politics</span><span>Council keeps ferry</span></h1>", "Politics Council keeps ferry"),
            ("<h1><a href=/p>Politics</a>Council keeps ferry</h1>", "Politics Council keeps ferry"),
            ("<h1>Council<br>keeps<div>ferry</div>running</h1>", "Council keeps ferry running"),
            ("<h1><time>3 May 2025</time> Ferry stays <button>Listen</button></h1>", "Ferry stays"),
            ("<h1><span class=sr-only>Article:</span>Ferry stays<a class=headerlink href=#x>¶</a></h1>", "Ferry stays"),
            ("<h1>Ferry stays<span>[edit]</span></h1>", "Ferry stays"),
        ] {
            assert_eq!(h1(markup), text, "{markup}");
        }
    }

    #[test]
    fn a_description_loses_its_tags_and_no_words() {
        assert_eq!(without_tags("<p>The <b>ferry</b> stays</p><p>5 < 6 <3"), "The ferry stays 5 < 6 <3");
    }

    #[test]
    fn a_field_is_in_the_normal_form_and_an_address_as_it_was() {
        assert_eq!(one_line(" Bundes\u{ad}tag \u{200b} Cafe\u{301}\n"), "Bundestag Café");
        assert_eq!(one_line("\u{200b}"), "");
        assert_eq!(one_line("https://ferry.example/cafe\u{301}.jpg"), "https://ferry.example/cafe\u{301}.jpg");
    }
}
