//! A text → an article, whatever its lines.

use copydesk::article::{Given, MediaType};
use copydesk::clean::{Level, normalize};

use super::cleaned::{self, characters};

/// Every character of the text is in the title, the text or a removal; normal form is normal.
pub fn check(input: &[u8]) {
    let (choice, text) = super::choice(input);
    let document = cleaned::document(String::from_utf8_lossy(text).into_owned(), MediaType::Text, Given::default());
    let level = if choice & 1 == 0 { Level::Safe } else { Level::Eager };
    let outcome = super::in_time("the text", || cleaned::clean(&document, level));

    let lines: Vec<String> = normalize::lines(&document.content)
        .map(|(_, line)| {
            let normal = normalize::line(line).into_owned();
            assert_eq!(normalize::line(&normal), normal, "normal form of {line:?}");
            normal
        })
        .collect();
    let (article, removed) = match &outcome {
        Ok(article) => (Some(article), &article.removed),
        Err(removed) => (None, removed),
    };
    let kept = article.into_iter().flat_map(|article| article.title.as_deref().into_iter().chain([&*article.text]));
    let left = characters(kept.chain(removed.iter().map(|cut| &*cut.text)));
    assert_eq!(left, characters(lines.iter().map(|line| &**line)), "original = kept + removed");
    let last = lines.len() as u32;
    assert!(removed.iter().all(|cut| cut.line <= last), "a removal from a line that is not there");
}
