//! What kind of page it is: an article, or something that only looks like one.

use std::collections::BTreeSet;

use super::head::Head;
use super::json_ld::Entity;
use super::layout::{Layout, word_count};
use super::title;
use crate::article::{Block, BlockKind, Flag};

/// Words below which a page that calls itself an error or a wall is believed: real articles about errors are longer.
const WALL_WORDS: u32 = 120;
/// Words of body below which a video or picture page is one, and not an article with a video.
const MEDIA_WORDS: u32 = 80;
/// Words of full sentences that a page must hold to be an article at all.
const ARTICLE_WORDS: u32 = 12;

/// Titles of error and consent pages, as whole titles or as what stands before or behind the site's name, in lower case:
/// headlines begin with such words too ("500 people march", "Forbidden fruit").
const WALLS: &[&str] = &[
    "404",
    "403",
    "500",
    "502",
    "503",
    "not found",
    "error",
    "access denied",
    "forbidden",
    "just a moment",
    "attention required",
    "robot check",
    "captcha",
    "privacy settings",
    "cookie settings",
    "consent",
    "log in",
    "login",
    "sign in",
    "internal server error",
    "service unavailable",
    "bad gateway",
    "security check",
    "site maintenance",
];

/// Beginnings of such titles, which no headline has.
const WALL_BEGINNINGS: &[&str] = &[
    "page not found",
    "404 not found",
    "404 page not found",
    "404 error",
    "403 forbidden",
    "500 internal server error",
    "502 bad gateway",
    "503 service unavailable",
    "503 service temporarily unavailable",
    "error 403",
    "error 404",
    "error 500",
    "error 502",
    "error 503",
    "are you a robot",
    "before you continue",
    "please enable javascript",
    "log in to continue",
    "sign in to continue",
    "subscribe to read",
    "seite nicht gefunden",
    "page introuvable",
    "página no encontrada",
    "pagina non trovata",
    "página não encontrada",
    "pagina niet gevonden",
    "nie znaleziono",
    "sidan hittades inte",
    "siden blev ikke fundet",
    "страница не найдена",
    "bevor sie fortfahren",
    "avant de continuer",
];

/// The flags of a page, from what it says of itself and from what is left of it.
pub(super) fn flags(
    head: &Head,
    entity: Option<&Entity>,
    layout: &Layout,
    blocks: &[Block],
    headline: Option<&str>,
) -> BTreeSet<Flag> {
    let mut flags = BTreeSet::new();
    let kind = entity.map_or("", |entity| entity.kind.as_str());
    let og_type = head.first(&["og:type"]).unwrap_or_default().to_lowercase();
    let counts: Vec<(BlockKind, u32)> = blocks.iter().map(|block| (block.kind, word_count(&block.text))).collect();
    let words: u32 = counts.iter().map(|(_, words)| words).sum();
    let sentences: u32 = counts
        .iter()
        .filter(|(kind, words)| !matches!(kind, BlockKind::Heading(_) | BlockKind::Caption) && *words >= 8)
        .map(|(_, words)| words)
        .sum();
    if kind == "LiveBlogPosting" {
        flags.insert(Flag::LiveBlog);
    }
    let media =
        matches!(kind, "VideoObject" | "ImageGallery") || og_type.starts_with("video") || og_type.starts_with("music");
    if media && words < MEDIA_WORDS || kind == "ImageGallery" {
        flags.insert(Flag::Gallery);
    }
    if entity.and_then(|entity| entity.free) == Some(false)
        || head.first(&["article:content_tier"]).is_some_and(|tier| tier == "locked")
    {
        flags.insert(Flag::Paywalled);
    }
    let named_wall = [headline, head.title.as_deref()].into_iter().flatten().any(is_wall);
    let listing = {
        let (letters, linked) = layout.runs.iter().fold((0u64, 0u64), |(all, linked), run| {
            (all + u64::from(run.letters), linked + u64::from(run.link_letters))
        });
        // A front page is links, and what is kept of it are a few teasers.
        letters > 2000
            && linked * 2 > letters
            && u64::from(words) * 5 * 5 < letters
            && !kind.ends_with("Article")
            && og_type != "article"
    };
    if (named_wall && words < WALL_WORDS) || (sentences < ARTICLE_WORDS && !flags.contains(&Flag::Gallery)) || listing {
        flags.insert(Flag::NotAnArticle);
    }
    if layout.past.is_some() {
        flags.extend([Flag::Truncated, Flag::Review]);
    }
    flags
}

/// Whether a title is that of an error page or a wall.
fn is_wall(title: &str) -> bool {
    const SEPARATORS: [&str; 6] = [" | ", " - ", " – ", " — ", " · ", " :: "];
    let parts = SEPARATORS.iter().flat_map(|sep| title.split(sep));
    let whole = title::words(title);
    let begins = |wall: &str| whole.strip_prefix(wall).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    parts.chain([title]).any(|part| WALLS.contains(&title::words(part).as_str()))
        || word_count(&whole) <= 8 && WALL_BEGINNINGS.iter().any(|wall| begins(wall))
}

#[cfg(test)]
mod tests {
    use crate::article::{Document, Flag, Given, InputId, MediaType};

    fn flags(content: &str) -> Vec<Flag> {
        let document = Document {
            input: InputId::of(content.as_bytes()),
            path: "page.html".to_owned(),
            external_id: None,
            media_type: MediaType::Html,
            charset: "UTF-8".to_owned(),
            bytes: content.len() as u64,
            content: content.to_owned(),
            given: Given::default(),
            folder: None,
        };
        super::super::page(&document).article.flags.into_iter().collect()
    }

    const STORY: &str = "<p>The island council voted on Tuesday to keep the small ferry running through the winter, after two hours of \
        debate.</p><p>Its captain said that he had not expected so clear a vote, and thanked the pupils who had written to the mayor.</p>";

    #[test]
    fn an_article_has_no_flag() {
        assert_eq!(flags(&format!("<title>Ferry kept</title><h1>Ferry kept</h1>{STORY}")), []);
    }

    #[test]
    fn error_pages_and_empty_pages_are_no_articles() {
        let error = "<title>404 Not Found</title><h1>Page not found</h1><p>We are sorry, the page that you asked for is not here any more.</p>";
        assert_eq!(flags(error), [Flag::NotAnArticle]);
        assert_eq!(flags(""), [Flag::NotAnArticle]);
    }

    #[test]
    fn a_wall_is_named_by_a_whole_title_and_a_brief_may_begin_alike() {
        for title in [
            "404",
            "Error | Island News",
            "Island News - Access Denied",
            "Attention Required! | Cloudflare",
            "Just a moment...",
            "403 Forbidden",
            "Page not found - Island News",
            "Seite nicht gefunden",
            "Before you continue to Island News",
        ] {
            assert!(super::is_wall(title), "{title}");
        }
        for title in [
            "500 people march against winter ferry cut",
            "Error in ferry vote count, council admits",
            "Forbidden fruit",
            "Consent form row",
            "Not found guilty",
            "Ferry error - 500 pay twice",
        ] {
            assert!(!super::is_wall(title), "{title}");
        }
        assert_eq!(flags(&format!("<title>500 people march</title><h1>500 people march</h1>{STORY}")), []);
    }

    #[test]
    fn a_live_blog_and_a_locked_article_say_so_themselves() {
        let live = r#"<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"Storm","isAccessibleForFree":"False"}</script>"#;
        assert_eq!(flags(&format!("{live}<h1>Storm</h1>{STORY}")), [Flag::Paywalled, Flag::LiveBlog]);
    }
}
