//! A user's rule pack: taken whole, or refused with the line that is wrong.

use copydesk::article::{Given, MediaType};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, RulePack, Settings};

use super::cleaned::{self, characters};

const TEXT: &str = "Ferry kept\n\nAlso read: The ferry that never came\nThe island council voted on Tuesday to keep the \
    small ferry running through the winter (Photo: A. Keeper), after two hours of debate.\nBook now! Book now! aaaa aaaa \
    aaaa aaaa aaaa aaaa aaaa aaaa aaaa\n港口今天重新开放，渡轮将在整个冬季运行。\n";

/// A pack that is refused names itself and its line; one that is taken cleans in time and loses nothing.
pub fn check(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let lines = text.matches('\n').count() + 1;
    let pack = RulePack { name: "own.toml".into(), text };
    match super::in_time("the pack", || Cleaner::with_packs(Settings::default(), &[pack])) {
        Err(error) => {
            assert_eq!(error.pack, "own.toml", "the built-in packs are sound: {error}");
            assert!((1..=lines).contains(&error.line), "line {} of {lines}", error.line);
            assert!(!error.what.trim().is_empty() && !error.what.contains('\n'), "{error}");
        }
        Ok(cleaner) => {
            let document = cleaned::document(TEXT.repeat(4), MediaType::Text, Given::default());
            let outcome = super::in_time("cleaning with the pack", || {
                cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default()))
            });
            let (article, removed) = match &outcome {
                Ok(article) => (Some(article), &article.removed),
                Err(nothing) => (None, &nothing.removed),
            };
            let kept = article.into_iter().flat_map(|found| found.title.as_deref().into_iter().chain([&*found.text]));
            let left = characters(kept.chain(removed.iter().map(|cut| &*cut.text)));
            assert_eq!(left, characters([&*document.content]), "original = kept + removed");
        }
    }
}
