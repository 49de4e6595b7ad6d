//! What a page says of itself in JSON-LD, whatever it says.

use copydesk::article::{Given, MediaType};
use copydesk::clean::{Level, metadata};

use super::cleaned;

const BODY: &str = "<p>The island council voted on Tuesday to keep the small ferry running through the winter, after two \
    hours of debate.</p><p>Its captain said that he had not expected so clear a vote, and thanked the pupils.</p>";

/// Nothing but fields comes of it, each in its normal form; the body stays.
pub fn check(input: &[u8]) {
    let script = String::from_utf8_lossy(input);
    let markup = format!("<script type=\"application/ld+json\">{script}</script>{BODY}");
    let document = cleaned::document(markup, MediaType::Html, Given::default());
    let outcome = super::in_time("the page", || cleaned::clean(&document, Level::Safe));
    if let Ok(article) = &outcome {
        for date in [&article.date_published, &article.date_modified].into_iter().flatten() {
            assert_eq!(metadata::normal_date(date).as_ref(), Some(date), "a date in its normal form");
        }
        if let Some(url) = &article.url {
            assert_eq!(metadata::canonical_url(url).as_ref(), Some(url), "an address in its normal form");
        }
    }
    // A script that ends its element early, or opens a comment, may take the body with it.
    if !script.contains('<') {
        assert!(outcome.is_ok_and(|article| article.text.contains("keep the small ferry")), "the body is lost");
    }
}
