//! Whether two links that touch in the markup stand apart on the page.

/// The border between two links without a space in the markup: sites set the entries of a menu apart by style alone.
#[derive(Clone, Copy)]
pub(super) enum LinkGap {
    SameTarget,
    OtherTarget,
}

impl LinkGap {
    /// The gap behind a link to `before`, empty for none, and in front of a link to `behind`. Of most links within a site the
    /// target is not kept (see `strip.rs`): they stand apart.
    pub fn between(before: &str, behind: Option<&str>) -> Self {
        if leads_anywhere(before) && behind == Some(before) { Self::SameTarget } else { Self::OtherTarget }
    }

    /// Whether a space belongs before these words. Editors cut one link in two, inside a word or before its full stop.
    pub fn is_shown_before(self, words: &str) -> bool {
        let ends = ['.', ',', ';', ':', '!', '?', ')', ']', '’', '”', '…', '、', '。', '，', '！', '？'];
        match self {
            _ if words.starts_with(ends) => false,
            Self::SameTarget => words.starts_with(char::is_uppercase),
            Self::OtherTarget => true,
        }
    }
}

/// Whether a link has a target of its own; buttons drawn as links share a placeholder.
fn leads_anywhere(href: &str) -> bool {
    let href = href.trim();
    !href.is_empty() && href != "#" && !href.starts_with("javascript:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_a_menu_stand_apart_and_the_halves_of_a_link_do_not() {
        for (before, behind, words, apart) in [
            ("/a", Some("/b"), "news", true),
            ("/a", Some("/a"), "news", false),
            ("/a", Some("/a"), "News", true),
            ("/a", Some("/b"), ".", false),
            ("#", Some("#"), "news", true),
            ("", None, "news", true),
        ] {
            assert_eq!(LinkGap::between(before, behind).is_shown_before(words), apart, "{before} {behind:?} {words}");
        }
    }
}
