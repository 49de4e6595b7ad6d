//! Dates, names, addresses and languages, as pages and records write them.

use copydesk::clean::metadata::{
    author_names, canonical_url, date_in_url, language_of, language_tag, normal_date, normal_date_in, site_of,
    visible_date,
};

/// What comes out is in normal form, reads back as itself, and is never longer than its bound.
pub fn check(input: &[u8]) {
    let (choice, text) = super::choice(input);
    let text = &*String::from_utf8_lossy(text);
    super::in_time("metadata", || match choice % 4 {
        0 => {
            let language = [None, Some("hr"), Some("en-US"), Some("ko")][usize::from(choice >> 2) % 4];
            let dates = [normal_date_in(text, language), visible_date(text, language), date_in_url(text)];
            for date in dates.into_iter().flatten() {
                assert_eq!(normal_date(&date).as_ref(), Some(&date), "{text:?}");
                let bytes = date.as_bytes();
                assert!(bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-', "{date}");
            }
        }
        1 => {
            let names = author_names(text);
            assert!(names.len() <= 12, "{} names", names.len());
            for name in &names {
                assert!(!name.trim().is_empty() && name.len() <= 400, "{name:?}");
            }
        }
        2 => {
            if let Some(url) = canonical_url(text) {
                assert_eq!(canonical_url(&url).as_ref(), Some(&url), "{text:?}");
                assert!(!url.contains(['#', ' ', '\n']), "{url:?}");
                assert_eq!(site_of(&url), site_of(text), "{text:?}");
            }
            if let Some(site) = site_of(text) {
                assert!(site.contains('.') && site_of(&site).as_ref() == Some(&site), "{text:?} → {site:?}");
            }
        }
        _ => {
            if let Some(tag) = language_tag(text) {
                assert_eq!(language_tag(&tag).as_ref(), Some(&tag), "{text:?}");
                assert!(tag.len() <= 16, "{tag}");
            }
            if let Some(tag) = language_of(text) {
                assert_eq!(language_tag(&tag).as_ref(), Some(&tag));
            }
        }
    });
}
