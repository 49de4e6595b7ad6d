//! What kind of page it is: an article, or something that only looks like one.

use std::collections::BTreeSet;

use super::head::shown;
use super::json_ld::Entity;
use super::layout::{Layout, Run, within, word_count};
use super::tag::Tag;
use super::{Reading, hints, listing, title};
use crate::article::{Block, BlockKind, Flag};

/// Words below which a page that calls itself an error or a wall is believed: real articles about errors are longer.
const WALL_WORDS: u32 = 120;
/// Words of body below which a video or picture page is one, and not an article with a video.
const MEDIA_WORDS: u32 = 80;
/// Words of full sentences that a page must hold to be an article at all.
const ARTICLE_WORDS: u32 = 12;
/// Words kept in a box for subscribers, past which it is the article's own.
const PAYWALL_WORDS: u32 = 60;

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
    "oops that page can",
    "sorry we couldn t find",
    "sorry we can t find",
    "sorry this page isn t available",
    "we value your privacy",
    "your privacy is important to us",
    "weiterlesen mit werbung",
    "ihre privatsphäre ist uns wichtig",
    "wir schätzen ihre privatsphäre",
    "nous respectons votre vie privée",
    "le respect de votre vie privée",
    "valoramos su privacidad",
    "valoramos tu privacidad",
    "tu privacidad es importante",
    "rispettiamo la tua privacy",
    "checking if the site connection is secure",
    "verify you are human",
    "verifying you are human",
];

/// Whether a page says that it is a series of pictures.
pub(super) fn is_gallery(entity: Option<&Entity>) -> bool {
    entity.is_some_and(|entity| entity.kind == "ImageGallery")
}

/// The flags of a page, from what it says of itself and from what is left of it.
pub(super) fn flags(reading: &Reading<'_>, blocks: &[Block]) -> BTreeSet<Flag> {
    let Reading { head, layout, .. } = reading;
    let entity = reading.entity.as_ref();
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
    if media && words < MEDIA_WORDS || is_gallery(entity) {
        flags.insert(Flag::Gallery);
    }
    if entity.and_then(|entity| entity.free) == Some(false)
        || head.first(&["article:content_tier"]).is_some_and(|tier| tier == "locked")
        || paywall(layout, |i| blocks.binary_search_by_key(&(i as u32 + 1), |block| block.line).is_ok()).is_some()
    {
        flags.insert(Flag::Paywalled);
    }
    let is_wall = words < WALL_WORDS && is_named_wall(reading, blocks);
    let is_empty = sentences < ARTICLE_WORDS && !flags.contains(&Flag::Gallery);
    if is_wall || is_empty || listing::is_listing(reading, blocks, words) {
        flags.insert(Flag::NotAnArticle);
    }
    if layout.past.is_some() {
        flags.extend([Flag::Truncated, Flag::Review]);
    }
    flags
}

/// The first block of the box that stands in the way of readers who have not paid, behind all that is kept, if the page
/// shows one.
///
/// Sites give the same name to what only subscribers may read, so that a box is one only with a link or button of its own,
/// and with little that is kept.
pub(super) fn paywall(layout: &Layout, is_kept: impl Fn(usize) -> bool) -> Option<usize> {
    let in_box = |run: &Run| {
        let container = layout.container(run);
        container.hints_above & hints::PAYWALL != 0 && container.within & within::HIDDEN == 0
    };
    let first = layout.runs.iter().position(in_box)?;
    let (mut before, mut inside, mut leads_on) = (0, 0, false);
    for (i, run) in layout.runs.iter().enumerate() {
        let kept = if is_kept(i) { run.words } else { 0 };
        if in_box(run) {
            inside += kept;
            leads_on |= run.links > 0 || layout.container(run).within & within::BUTTON != 0;
        } else if i < first {
            before += kept;
        } else if kept > 0 {
            return None;
        }
    }
    (leads_on && before > 0 && inside <= PAYWALL_WORDS && inside < before).then_some(first)
}

/// Whether the page calls itself an error or a wall, in a title or in the headings over most of the text that is left.
fn is_named_wall(reading: &Reading<'_>, blocks: &[Block]) -> bool {
    let Reading { head, layout, article, tree, .. } = reading;
    let titles = [article.title.as_deref(), head.title.as_deref()];
    if titles.into_iter().flatten().any(is_wall) || head.h1.iter().take(2).any(|&id| is_wall(&shown(tree, id))) {
        return true;
    }
    let is_heading = |run: &&Run| matches!(layout.container(run).tag, Tag::H(_));
    let (mut all, mut under) = (0, 0);
    for block in blocks.iter().filter(|block| !matches!(block.kind, BlockKind::Heading(_))) {
        let before = layout.runs.get(..block.line as usize).unwrap_or_default();
        let words = word_count(&block.text);
        all += words;
        if before.iter().rev().find(is_heading).is_some_and(|heading| is_wall(&heading.text)) {
            under += words;
        }
    }
    under * 2 > all
}

/// Whether a title is that of an error page or a wall.
fn is_wall(title: &str) -> bool {
    const SEPARATORS: [&str; 6] = [" | ", " - ", " – ", " — ", " · ", " :: "];
    let parts = SEPARATORS.iter().flat_map(|sep| title.split(sep));
    parts.chain([title]).map(title::words).any(|part| {
        let begins = |wall: &str| part.strip_prefix(wall).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        WALLS.contains(&part.as_str()) || word_count(&part) <= 8 && WALL_BEGINNINGS.iter().any(|wall| begins(wall))
    })
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
            "Island News - Are you a robot?",
            "We value your privacy",
            "Oops! That page can’t be found.",
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
    fn a_wall_is_named_by_the_heading_over_its_text() {
        let words = "We and our 842 partners store information on a device, such as cookies, for personalised content and its measurement.";
        for heading in
            ["<h1>We value your privacy</h1>", "<h1>Welcome to Island News</h1><h2>Weiterlesen mit Werbung</h2>"]
        {
            let content = format!("<title>Island News</title>{heading}<p>{words}</p>");
            assert_eq!(flags(&content), [Flag::NotAnArticle], "{heading}");
        }
        let over = format!(
            "<title>Ferry kept</title><div><h2>We value your privacy</h2><p>{words}</p></div><h1>Ferry kept</h1>{STORY}"
        );
        assert_eq!(flags(&over), []);
    }

    #[test]
    fn a_box_for_subscribers_behind_the_text_locks_the_article() {
        let wall = "<div class=paywall-box><p>Read on with a subscription. <a href=/in>Sign in</a></p></div>";
        assert_eq!(flags(&format!("<article><h1>Ferry kept</h1>{STORY}{wall}</article>")), [Flag::Paywalled]);
        assert_eq!(flags(&format!("<article><h1>Ferry kept</h1>{wall}{STORY}</article>")), []);
        let hidden = wall.replace("<div", "<div hidden");
        assert_eq!(flags(&format!("<article><h1>Ferry kept</h1>{STORY}{hidden}</article>")), []);
        assert_eq!(
            flags(&format!("<article class=paywall><h1>Ferry kept</h1>{STORY}<a href=/x>More</a></article>")),
            []
        );
    }

    #[test]
    fn a_live_blog_and_a_locked_article_say_so_themselves() {
        let live = r#"<script type="application/ld+json">{"@type":"LiveBlogPosting","headline":"Storm","isAccessibleForFree":"False"}</script>"#;
        assert_eq!(flags(&format!("{live}<h1>Storm</h1>{STORY}")), [Flag::Paywalled, Flag::LiveBlog]);
    }
}
