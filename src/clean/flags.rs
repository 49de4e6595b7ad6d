//! What a finished text says about itself: that it breaks off, that it is short, that a paywall cut it.

use std::collections::BTreeSet;

use super::{metadata, normalize};
use crate::article::{Article, Class, Flag};

/// A news brief has more words.
const SHORT_WORDS: u32 = 40;
/// A text of so many bytes has more words than that in any writing, and need not be counted.
const SHORT_BYTES: usize = 4096;
/// In most texts so many bytes have that many words already, and the rest need not be counted.
const HEAD_BYTES: usize = 512;

/// The flags that the text and the removals of an article give reason for.
pub fn of(article: &Article) -> BTreeSet<Flag> {
    let mut flags = BTreeSet::new();
    if breaks_off(&article.text) {
        flags.insert(Flag::Truncated);
    }
    if is_short(&article.text) {
        flags.insert(Flag::Short);
    }
    if article.removed.iter().any(|removal| removal.class == Class::Paywall) {
        flags.insert(Flag::Paywalled);
    }
    flags
}

/// Whether a text has fewer words than [`SHORT_WORDS`].
fn is_short(text: &str) -> bool {
    let few = |text: &str| normalize::words(&normalize::key(text)) < SHORT_WORDS;
    few(metadata::prefix(text, HEAD_BYTES)) && text.len() < SHORT_BYTES && (text.len() <= HEAD_BYTES || few(text))
}

/// Whether the last words are followed by an ellipsis outside a quotation.
fn breaks_off(text: &str) -> bool {
    let end = text.trim_end_matches([']', ')', '[', '(']);
    end.ends_with('…') || end.ends_with("...")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_breaks_off_is_truncated() {
        let flags = |text: &str| of(&Article { text: text.into(), ..Article::default() });
        assert!(flags("The ferry will sail until [...]").contains(&Flag::Truncated));
        assert!(!flags("The ferry will sail until June.").contains(&Flag::Truncated));
        assert!(!flags("“I do not know…”").contains(&Flag::Truncated));
        assert!(flags("The ferry will sail until June.").contains(&Flag::Short));
    }
}
