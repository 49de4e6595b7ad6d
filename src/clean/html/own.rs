//! Which of several articles that a page's scripts describe is its own.
//!
//! Pages announce others with the same markup, and often first: their authors and days would be taken for the page's.

use serde_json::{Map, Value};

use super::json_ld::text;
use super::title::overlap;
use crate::clean::metadata::canonical_url;

/// Words in common with the page's title from which a headline is the page's, and below which it is another article's.
const SAME_HEADLINE: f32 = 0.9;
const OTHER_HEADLINE: f32 = 0.4;

/// Longer ones are not compared, word by word.
const MAX_TITLE_BYTES: usize = 400;
/// Articles of one page that are compared; more are a list.
pub(super) const MAX_ARTICLES: usize = 64;

/// What the page says outside its scripts of which article it is.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// Addresses in canonical form.
    pub urls: Vec<String>,
    pub titles: Vec<String>,
}

impl Own {
    /// Whether an object is of this article, or of another one; `None` where it does not tell.
    pub fn is(&self, object: &Map<String, Value>) -> Option<bool> {
        let url = ["url", "mainEntityOfPage", "@id"].iter().find_map(|key| address(object, key));
        if url.is_some_and(|url| self.urls.iter().any(|own| bare(own) == bare(&url))) {
            return Some(true);
        }
        let headline = text(object, "headline").or_else(|| text(object, "name"));
        let headline = headline.filter(|headline| headline.len() <= MAX_TITLE_BYTES)?;
        let titles = self.titles.iter().filter(|title| title.len() <= MAX_TITLE_BYTES);
        match titles.map(|title| overlap(title, &headline)).reduce(f32::max)? {
            same if same >= SAME_HEADLINE => Some(true),
            // Search engines are told a headline of another wording.
            other if other < OTHER_HEADLINE => Some(false),
            _ => None,
        }
    }
}

/// An address without what may differ between two spellings of it.
fn bare(url: &str) -> &str {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    url.trim_start_matches("www.").trim_end_matches('/')
}

/// An address in canonical form: a string or the `@id` of an object.
fn address(object: &Map<String, Value>, key: &str) -> Option<String> {
    let url = match object.get(key)? {
        Value::String(url) => url,
        Value::Object(inner) => inner.get("@id").or_else(|| inner.get("url"))?.as_str()?,
        _ => return None,
    };
    canonical_url(url)
}

#[cfg(test)]
mod tests {
    use super::super::json_ld::article;
    use super::*;

    #[test]
    fn another_article_that_a_page_announces_is_not_taken_for_its_own() {
        let own = Own {
            urls: vec!["https://example.org/bridge".to_owned()],
            titles: vec!["Bridge opens after three years".to_owned()],
        };
        let other = r#"{"@type":"NewsArticle","url":"https://example.org/ferry","headline":"Ferry kept",
            "author":"Wrong Person","datePublished":"2023-01-01","image":"https://example.org/f.jpg"}"#;
        let bare = r#"{"@type":"NewsArticle","headline":"Ferry kept","author":"Wrong Person"}"#;
        for page in [
            r#"{"@type":"Article","mainEntityOfPage":{"@id":"http://www.example.org/bridge/"},"headline":"New bridge"}"#,
            r#"{"@type":"Article","headline":"Bridge opens after three years"}"#,
        ] {
            let script = format!("[{other},{page},{bare}]");
            let found = article(&[&script], &own).expect("an article");
            assert_eq!((found.authors, found.published, found.image), (vec![], None, None), "{page}");
        }
        // Alone, or beside one that nothing tells of, it is believed as before.
        let found = article(&[other], &own).expect("an article");
        assert_eq!(found.authors[0].name, "Wrong Person");
        let silent = format!(r#"[{other},{{"@type":"Article"}}]"#);
        assert_eq!(article(&[&silent], &own).expect("an article").authors[0].name, "Wrong Person");
    }
}
