//! Who and when, from the byline and the date line that the rules took from the head of a text.
//!
//! A scraper that leaves them in the text has mostly not kept them anywhere else. What is given beside a text is believed
//! before them.

use crate::article::{Class, Removal};
use crate::clean::Page;
use crate::clean::metadata::{self, updates};

/// Words before the name of somebody who did not write the article.
const OTHER_CREDITS: [&str; 8] = ["photo", "foto", "video", "edited", "reviewed", "updated", "medically", "fact"];

/// Fills in authors and dates that the removed lines above the line `head_end` name, where the first paragraph begins.
///
/// A date only where those lines name one alone, be it of publication or of a change.
pub fn read(page: &mut Page, head_end: u32) {
    let is_read = |removal: &&Removal| matches!(removal.class, Class::Byline | Class::Timestamp);
    let head: Vec<&Removal> = page.removed.iter().filter(is_read).filter(|removal| removal.line < head_end).collect();
    let bylines = head.iter().filter(|removal| removal.class == Class::Byline);
    let mut authors: Vec<String> = Vec::new();
    for name in bylines.flat_map(|removal| names(&removal.text)) {
        if !authors.contains(&name) {
            authors.push(name);
        }
    }
    let language = page.article.language.as_deref();
    let visible = |piece: &str| metadata::visible_date(piece, language);
    let pieces = || head.iter().flat_map(|removal| updates::without(&removal.text));
    let published = only(pieces().filter_map(visible));
    let changed = only(head.iter().filter(|removal| updates::is_label(&removal.text)).filter_map(|removal| {
        // Two days in one line would need to be told apart.
        updates::without(&removal.text).is_empty().then(|| visible(&removal.text)).flatten()
    }));

    let article = &mut page.article;
    let mut filled = Vec::new();
    if article.authors.is_empty() && !authors.is_empty() {
        article.authors = authors;
        filled.push("authors");
    }
    if article.date_published.is_none() && published.is_some() {
        article.date_published = published;
        filled.push("date_published");
    }
    if article.date_modified.is_none() && changed.is_some() {
        article.date_modified = changed;
        filled.push("date_modified");
    }
    article.provenance.extend(filled.into_iter().map(|field| (field.into(), "text".into())));
}

/// The names of a line that introduces the writers of the article.
fn names(line: &str) -> Vec<String> {
    let line = line.trim_start_matches(|c: char| !c.is_alphanumeric());
    let start = metadata::prefix(line, 16).to_lowercase();
    if OTHER_CREDITS.iter().any(|credit| start.starts_with(credit)) {
        return Vec::new();
    }
    metadata::introduced_names(line)
}

/// What all of them are, if they are one.
fn only(mut dates: impl Iterator<Item = String>) -> Option<String> {
    let first = dates.next()?;
    dates.all(|date| date == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Block, BlockKind};

    fn page(head: &[(Class, &str)]) -> Page {
        let removed = |(at, (class, text)): (usize, &(Class, &str))| Removal {
            class: *class,
            rule: "rule".into(),
            why: "why".into(),
            line: at as u32,
            text: (*text).into(),
        };
        let text = "The ferry sailed again on Monday after a winter in the dock, its captain said on the quay.";
        let mut page = Page {
            blocks: vec![Block { line: 90, kind: BlockKind::Paragraph, text: text.into() }],
            removed: head.iter().enumerate().map(removed).collect(),
            ..Page::default()
        };
        read(&mut page, 90);
        page
    }

    #[test]
    fn the_head_says_who_and_when() {
        let lines = [
            (Class::Byline, "By Ana Ruiz and Tom Hill"),
            (Class::Byline, "Photos by Mia Berg"),
            (Class::Byline, "Author: Ana Ruiz"),
            (Class::Timestamp, "5 May 2026 • 3 min read"),
            (Class::Timestamp, "Updated: 7 May 2026"),
        ];
        let article = page(&lines).article;
        assert_eq!(article.authors, ["Ana Ruiz", "Tom Hill"]);
        assert_eq!(article.date_published.as_deref(), Some("2026-05-05"));
        assert_eq!(article.date_modified.as_deref(), Some("2026-05-07"));
        assert_eq!(article.provenance["authors"], "text");
    }

    #[test]
    fn what_may_mean_two_things_is_not_read() {
        let two_days = [(Class::Timestamp, "5 May 2026"), (Class::Timestamp, "6 May 2026")];
        assert_eq!(page(&two_days).article.date_published, None);
        for line in ["3/4/2026", "May 2026", "3 min read", "7 hours ago"] {
            assert_eq!(page(&[(Class::Timestamp, line)]).article.date_published, None, "{line}");
        }
        for line in ["Staff writer", "Meet the authors", "Edited by Ana Ruiz"] {
            assert!(page(&[(Class::Byline, line)]).article.authors.is_empty(), "{line}");
        }
        assert!(page(&[(Class::AuthorBio, "By Ana Ruiz")]).article.provenance.is_empty());
    }
}
