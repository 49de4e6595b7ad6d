//! Metadata in normal form: canonical URL, site, dates, language, author names.
//!
//! Both front ends and the records that come with a document pass through here, so that one fact is always written one
//! way. Nothing is guessed: what cannot be read with certainty is `None`.

mod author;
mod clock;
mod date;
mod language;
mod months;
mod name;
mod numeric;
pub(super) mod updates;
mod url;

pub use author::{
    author_names, byline_names, declared_names, introduced_names, is_lead, organization_name, person_names,
};
pub use date::{date_in_url, normal_date, normal_date_in, visible_date};
pub use language::{language_against, language_of, language_tag};
pub use months::is_weekday;
pub use name::is_whole;
pub use numeric::{ambiguous_date, ordered_date, shown_order};
pub use url::{canonical_url, site_of};

/// The longest beginning of a text that fits in so many bytes and ends between characters.
pub(super) fn prefix(text: &str, max_bytes: usize) -> &str {
    let mut end = text.len().min(max_bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
