//! Text → page: every line is a paragraph, whether or not blank lines stand between.

pub mod core;
pub mod features;
pub mod model;
pub mod tail;
pub mod teasers;
pub mod title;
pub mod vocabulary;

use super::{Page, normalize};
use crate::article::{Article, Block, BlockKind, Document, GivenFrom};

/// Reads a text: its lines in normal form, and what a record or a sidecar says about it.
pub fn page(document: &Document) -> Page {
    let blocks = normalize::lines(&document.content)
        .filter_map(|(number, raw)| {
            let text = normalize::line(raw);
            if text.is_empty() {
                return None;
            }
            let kind = if normalize::list_item(&text).is_some() { BlockKind::ListItem } else { BlockKind::Paragraph };
            Some(Block { line: number, kind, text: text.into_owned() })
        })
        .collect();
    Page { article: given(document), blocks, removed: Vec::new() }
}

/// The fields of a text come from the record or sidecar that brought it.
fn given(document: &Document) -> Article {
    let given = &document.given;
    let from = match given.from {
        GivenFrom::File => "file",
        GivenFrom::Sidecar => "sidecar",
    };
    let some = |field: &Option<String>| {
        field.as_deref().map(normalize::line).map(|text| text.into_owned()).filter(|text| !text.is_empty())
    };
    let mut article = Article {
        title: some(&given.title),
        authors: given
            .authors
            .iter()
            .map(|name| normalize::line(name).into_owned())
            .filter(|n| !n.is_empty())
            .collect(),
        date_published: some(&given.date_published),
        url: some(&given.url),
        language: some(&given.language),
        ..Article::default()
    };
    article.site = some(&given.site).or_else(|| article.url.as_deref().and_then(site));
    let filled = [
        ("title", article.title.is_some()),
        ("authors", !article.authors.is_empty()),
        ("date_published", article.date_published.is_some()),
        ("url", article.url.is_some()),
        ("language", article.language.is_some()),
    ];
    for (field, _) in filled.iter().filter(|(_, filled)| *filled) {
        article.provenance.insert((*field).into(), from.into());
    }
    if article.site.is_some() {
        article.provenance.insert("site".into(), if given.site.is_some() { from } else { "url" }.into());
    }
    article
}

/// The registrable domain of a URL, by the public suffix list; `None` for an address without one.
fn site(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let host = url.domain()?.to_ascii_lowercase();
    psl::domain_str(&host).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_of_a_url_is_its_registrable_domain() {
        assert_eq!(site("https://news.harbour.co.uk/ferry?utm=1").as_deref(), Some("harbour.co.uk"));
        assert_eq!(site("http://127.0.0.1/ferry"), None);
        assert_eq!(site("not a url"), None);
    }
}
