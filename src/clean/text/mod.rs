//! Text → page: every line is a paragraph, whether or not blank lines stand between.

pub(crate) mod byline;
pub(crate) mod core;
pub mod features;
pub(crate) mod form;
mod headline;
mod markdown;
pub(crate) mod model;
pub(crate) mod tail;
pub(crate) mod teasers;
pub(crate) mod title;
pub(crate) mod vocabulary;

use self::markdown::Markdown;
use super::{Page, given_title, metadata, normalize};
use crate::article::{Article, Block, BlockKind, Document, Given, GivenFrom};

/// Reads a text: its lines in normal form, and what a record or a sidecar says about it.
pub fn page(document: &Document) -> Page {
    if markdown::is_named(&document.path) {
        return markdown_page(document);
    }
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
    Page { article: article_of(&document.given), blocks, removed: Vec::new() }
}

/// A Markdown text: what came along with it goes before its front matter, and that before its heading.
fn markdown_page(document: &Document) -> Page {
    let Markdown { blocks, removed, title, front } = Markdown::read(&document.content);
    let mut article = article_of(&document.given);
    let Article { title: own_title, authors, date_published, url, site, language, provenance, .. } = article_of(&front);
    let was_given = article.provenance.clone();
    if article.authors.is_empty() {
        article.authors = authors;
    }
    for (field, own) in [
        (&mut article.title, own_title),
        (&mut article.date_published, date_published),
        (&mut article.url, url),
        (&mut article.site, site),
        (&mut article.language, language),
    ] {
        *field = field.take().or(own);
    }
    article.provenance.extend(provenance.into_iter().filter(|(field, _)| !was_given.contains_key(field)));
    if article.title.is_none() && title.is_some() {
        article.title = title;
        article.provenance.insert("title".into(), "text".into());
    }
    Page { article, blocks, removed }
}

/// The fields of a text come from the record or sidecar that brought it.
fn article_of(given: &Given) -> Article {
    let from = match given.from {
        GivenFrom::File => "file",
        GivenFrom::Sidecar => "sidecar",
    };
    let url = given.url.as_deref().and_then(metadata::canonical_url);
    let site = given.site.as_deref().and_then(metadata::site_of);
    let site_from = if site.is_some() { from } else { "url" };
    let mut article = Article {
        title: given_title(given),
        authors: given.authors.iter().flat_map(|names| metadata::author_names(names)).collect(),
        date_published: given
            .date_published
            .as_deref()
            .and_then(|date| metadata::normal_date_in(date, given.language.as_deref())),
        site: site.or_else(|| url.as_deref().and_then(metadata::site_of)),
        url,
        language: given.language.as_deref().and_then(metadata::language_tag),
        ..Article::default()
    };
    let filled = [
        ("title", article.title.is_some(), from),
        ("authors", !article.authors.is_empty(), from),
        ("date_published", article.date_published.is_some(), from),
        ("url", article.url.is_some(), from),
        ("site", article.site.is_some(), site_from),
        ("language", article.language.is_some(), from),
    ];
    for (field, _, from) in filled.into_iter().filter(|(_, filled, _)| *filled) {
        article.provenance.insert(field.into(), from.into());
    }
    article
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_along_is_brought_into_one_form() {
        let given = crate::article::Given {
            url: Some("https://news.harbour.co.uk/ferry?utm_source=x#top".into()),
            authors: vec!["By Ann Marsh and Bo Reed".into()],
            date_published: Some("Tue, 05 May 2026 09:30:00 +0200".into()),
            language: Some("EN_gb".into()),
            ..Default::default()
        };
        let document = Document {
            input: crate::article::InputId::of(b"x"),
            path: "x.txt".into(),
            external_id: None,
            media_type: crate::article::MediaType::Text,
            charset: "UTF-8".into(),
            bytes: 1,
            content: "x".into(),
            given,
            folder: None,
        };
        let article = page(&document).article;
        assert_eq!(article.url.as_deref(), Some("https://news.harbour.co.uk/ferry"));
        assert_eq!(article.site.as_deref(), Some("harbour.co.uk"));
        assert_eq!(article.authors, ["Ann Marsh", "Bo Reed"]);
        assert_eq!(article.date_published.as_deref(), Some("2026-05-05T09:30:00+02:00"));
        assert_eq!(article.language.as_deref(), Some("en-GB"));
        assert_eq!(article.provenance["site"], "url");
    }
}
