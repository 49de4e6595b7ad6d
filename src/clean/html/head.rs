//! What a page says about itself in `meta`, `link`, `title`, microdata and `time` elements.

use std::collections::BTreeMap;

use super::tag::Tag;
use super::tree::{Data, NONE, NodeId, Tree};

/// Values kept under one name: an article has a dozen tags, not a thousand.
const MAX_VALUES: usize = 64;
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
                    && tree.attribute(id, "rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) =>
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
            let values = head.meta.entry(name.trim().to_ascii_lowercase()).or_default();
            if values.len() < MAX_VALUES {
                values.push(one_line(&super::lenient::unescaped(content)));
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
            "itemprop" => {
                if value.contains("author") || value.contains("creator") {
                    author = 0;
                } else if value.contains("datePublished") {
                    date = 0;
                } else if value.contains("dateModified") && head.modified.len() < MAX_VALUES {
                    head.modified.push(id);
                }
            }
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
    let mut text = String::new();
    let mut at = id;
    loop {
        if !matches!(tree.tag(at), Tag::Raw | Tag::Script) {
            let piece = tree.text(at);
            if tree.tag(at) != Tag::Other || !piece.is_empty() {
                // Elements of a byline stand apart even where no space does.
                if !piece.is_empty()
                    && piece.starts_with(char::is_alphanumeric)
                    && text.ends_with(char::is_alphanumeric)
                {
                    text.push('\n');
                }
                text.push_str(piece);
            }
        }
        if text.len() > MAX_TEXT_BYTES {
            break;
        }
        match tree.following(at, id) {
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

/// Single spaces, no line ends; empty where nothing but control characters is left, which among letters are the traces of
/// another encoding.
pub(super) fn one_line(text: &str) -> String {
    let says = |word: &&str| !word.chars().all(char::is_control);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.iter().any(says) { words.join(" ") } else { String::new() }
}
