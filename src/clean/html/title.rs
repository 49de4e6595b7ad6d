//! Which of a page's titles is the headline, without the site's name.
//!
//! A page has up to four: its h1, JSON-LD, `og:title` and `<title>`. Each is wrong in its own way (a logo in the h1, a
//! search engine's wording in the others), so what two of them agree on is believed.

use super::byline::in_margin;
use super::head::{Head, heading, heading_like, one_line};
use super::json_ld::Entity;
use super::tag::Tag;
use super::tree::{NONE, NodeId, Tree};

/// Longest headline in characters; longer texts in an h1 are a whole teaser.
const MAX_CHARS: usize = 400;
/// Characters from which a headline may be a longer one cut off: search engines read 110.
const CUT_CHARS: usize = 100;
/// Share of words in common from which two titles are the same one in two wordings.
const SAME: f32 = 0.6;
/// Below it a heading shares only the subject with what is declared.
const OTHER: f32 = 0.4;

/// The headline and where it came from.
pub(super) fn title(
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    site_names: &[String],
) -> Option<(String, &'static str)> {
    let section = head.first(&["article:section"]).or_else(|| entity.and_then(|entity| entity.section.as_deref()));
    let plain = |title: &str| -> Option<String> {
        let title = without_section(without_site(&one_line(title), site_names), section);
        (!title.is_empty() && title.chars().count() <= MAX_CHARS).then_some(title)
    };
    let json = entity.and_then(|entity| entity.headline.as_deref()).and_then(plain);
    let meta = head
        .first(&["og:title", "twitter:title", "dc.title", "parsely-title", "sailthru.title", "headline"])
        .and_then(plain);
    let tag = head.title.as_deref().and_then(plain);
    // Some systems cut what they tell search engines.
    let whole = json.as_deref().and_then(|cut| [&meta, &tag].into_iter().flatten().find(|title| is_cut(cut, title)));
    let json = whole.cloned().or(json);
    let declared: Vec<&String> = [&json, &meta, &tag].into_iter().flatten().collect();
    let said: Vec<String> = declared.iter().map(|title| words(title)).collect();
    let agreement = |title: &str| declared.iter().map(|other| overlap(title, other)).fold(0.0, f32::max);
    let shown = |id: NodeId| {
        let whole = heading(tree, id);
        if said.contains(&words(&whole)) {
            return whole;
        }
        let part = heading_like(tree, id, &said, words);
        part.unwrap_or_else(|| without_exact_site(&whole, site_names))
    };
    // An h2 that says the same as the declarations is the headline of a page whose h1 is the logo.
    let second = head.h2.map(shown).filter(|title| title.chars().count() <= MAX_CHARS);
    let h2 = || second.clone().filter(|title| agreement(title) >= 0.9);
    let h1: Vec<(String, bool)> = head
        .h1
        .iter()
        .map(|&id| (shown(id), is_teaser(tree, id)))
        .filter(|(title, _)| {
            title.chars().count() <= MAX_CHARS
                && title.chars().any(char::is_alphanumeric)
                && !is_site(title, site_names)
                && !is_logo(title, head.title.as_deref(), &said, second.as_deref())
        })
        .collect();
    // The h1 that the page's own declarations agree with best, the first when they are silent; one that leads to another
    // article only where it is the headline word by word.
    let mut best: Option<(&String, f32, bool)> = None;
    for (title, is_teaser) in &h1 {
        let score = agreement(title);
        let is_last = *is_teaser && score < 0.9;
        if best.is_none_or(|(_, known, was_last)| was_last && !is_last || was_last == is_last && score > known) {
            best = Some((title, score, is_last));
        }
    }
    if let Some((title, score, _)) = best {
        let is_same = score >= SAME || declared.is_empty();
        let is_weak = h1.len() == 1 && score >= 0.2;
        if !is_same && let Some(title) = h2().filter(|title| !is_weak || score < OTHER || said.contains(&words(title)))
        {
            return Some((title, "dom"));
        }
        if is_same || is_weak {
            return Some((title.clone(), "dom"));
        }
    } else if let Some(title) = second.filter(|title| agreement(title) >= if head.h1.is_empty() { 0.9 } else { SAME }) {
        return Some((title, "dom"));
    }
    json.map(|title| (title, "json_ld"))
        .or_else(|| meta.map(|title| (title, "meta")))
        .or_else(|| tag.map(|title| (title, "meta")))
        .or_else(|| best.map(|(title, _, _)| (title.clone(), "dom")))
}

/// Whether a headline is the beginning of a longer title, cut off where search engines stop to read.
fn is_cut(cut: &str, title: &str) -> bool {
    let ends_so = cut.ends_with(['…']) || cut.ends_with("...");
    let cut = cut.trim_end_matches(['…', '.', ' ']);
    (ends_so || cut.chars().count() >= CUT_CHARS) && title.len() > cut.len() && title.starts_with(cut)
}

/// Whether a heading is another article's: in a margin or a list, and a link as a whole.
fn is_teaser(tree: &Tree, id: NodeId) -> bool {
    let mut only = tree.node(id).first_child;
    while only != NONE && tree.text(only).trim().is_empty() && tree.tag(only) != Tag::A {
        let next = tree.node(only).next;
        only = if next == NONE { tree.node(only).first_child } else { next };
    }
    in_margin(tree, id) || only != NONE && tree.tag(only) == Tag::A
}

/// Whether a heading is the site's name although nothing declares that: it is one end of the `title`, and the other end is
/// what the page declares or its first h2 shows.
fn is_logo(heading: &str, title: Option<&str>, said: &[String], h2: Option<&str>) -> bool {
    let (heading, Some(title)) = (words(heading), title.map(words)) else { return false };
    let rest = title.strip_prefix(&heading).or_else(|| title.strip_suffix(&heading)).map(str::trim);
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !said.contains(&heading)) else { return false };
    said.iter().any(|title| title == rest) || h2.is_some_and(|title| words(title) == rest)
}

/// Lower-case words of letters and digits, one blank between them.
pub(super) fn words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        if word.is_ascii() {
            let start = words.len();
            words.push_str(word);
            words[start..].make_ascii_lowercase();
        } else {
            words.push_str(&word.to_lowercase());
        }
    }
    words
}

/// How many words [`words`] gave.
pub(super) fn count(words: &str) -> usize {
    words.split_terminator(' ').count()
}

/// Whether a heading shows a headline, given as its [`words`], with the site's name before or behind it, or set in pieces.
pub(super) fn holds(heading: &str, headline: &str) -> bool {
    let heading = words(heading);
    let behind = heading.strip_prefix(headline).is_some_and(|rest| rest.starts_with(' '));
    let before = heading.strip_suffix(headline).is_some_and(|rest| rest.ends_with(' '));
    behind || before || without_spaces(heading) == without_spaces(headline.to_owned())
}

/// The words as one, which sites write their names in: "The Daily Bugle" is thedailybugle.
pub(super) fn joined(text: &str) -> String {
    without_spaces(words(text))
}

fn without_spaces(mut words: String) -> String {
    words.retain(|c| c != ' ');
    words
}

/// Words in common, as a share of the shorter title's and at least half of the longer one's.
pub(super) fn overlap(a: &str, b: &str) -> f32 {
    let (a, b) = (words(a), words(b));
    let (a, b): (Vec<&str>, Vec<&str>) = (a.split_terminator(' ').collect(), b.split_terminator(' ').collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if short.is_empty() {
        return 0.0;
    }
    let common = short.iter().filter(|word| long.contains(word)).count() as f32;
    (common / short.len() as f32).min(2.0 * common / long.len() as f32)
}

fn is_site(title: &str, site_names: &[String]) -> bool {
    let title = joined(title);
    !title.is_empty() && site_names.iter().any(|name| joined(name) == title)
}

/// Cuts the site's name off either end of a title.
///
/// A part behind " | ", " - " and the like goes when it is the site's name or one of its domain's words.
pub(super) fn without_site(title: &str, site_names: &[String]) -> String {
    without_name(&without_parts(title, |part| names_site(part, site_names)), site_names)
}

/// The same for a heading, which is written for readers: it names the site whole or means a column of that name.
fn without_exact_site(heading: &str, site_names: &[String]) -> String {
    without_name(&without_parts(heading, |part| is_site(part, site_names)), site_names)
}

fn without_parts(title: &str, names_site: impl Fn(&str) -> bool) -> String {
    const SEPARATORS: [&str; 9] = [" | ", " - ", " – ", " — ", " :: ", " • ", " · ", " » ", " : "];
    let mut title = title.trim();
    // "Headline | Section | Site" has two parts to cut.
    for _ in 0..3 {
        let last = SEPARATORS.iter().filter_map(|sep| title.rfind(sep).map(|at| (at, at + sep.len()))).max();
        if let Some((at, behind)) = last
            && names_site(&title[behind..])
        {
            title = title[..at].trim_end();
            continue;
        }
        let first = SEPARATORS.iter().filter_map(|sep| title.find(sep).map(|at| (at, at + sep.len()))).min();
        if let Some((at, behind)) = first
            && names_site(&title[..at])
        {
            title = title[behind..].trim_start();
            continue;
        }
        break;
    }
    title.trim_matches(|c: char| c.is_whitespace() || matches!(c, '|' | '–' | '—')).to_owned()
}

/// Cuts the site's exact name off either end of a title, whatever sign stands between.
fn without_name(title: &str, site_names: &[String]) -> String {
    let is_sign = |c: char| "|｜_-–—―/:：‹›«»<>•·~".contains(c);
    for name in site_names.iter().filter(|name| name.chars().count() >= 2) {
        let is_same = |part: Option<&str>| part.is_some_and(|part| part.to_lowercase() == name.to_lowercase());
        let end = title.len().wrapping_sub(name.len());
        if is_same(title.get(end..)) {
            let before = &title[..end];
            let headline = before.trim_end().trim_end_matches(is_sign);
            let is_apart =
                before.ends_with(char::is_whitespace) || !before.ends_with(['-', '/', ':', '–']) || !name.is_ascii();
            if !headline.is_empty() && headline.len() < before.trim_end().len() && is_apart {
                // Chinese sites write "headline_channel_site".
                let is_listed = before.ends_with('_');
                return headline.split('_').next().filter(|_| is_listed).unwrap_or(headline).trim().to_owned();
            }
        }
        if is_same(title.get(..name.len())) {
            let behind = &title[name.len()..];
            let headline = behind.trim_start().trim_start_matches(is_sign);
            let is_apart = headline.starts_with(char::is_whitespace) || !name.is_ascii();
            if !headline.trim().is_empty() && headline.len() < behind.trim_start().len() && is_apart {
                return headline.trim().to_owned();
            }
        }
    }
    title.to_owned()
}

/// Cuts off the section's name behind a headline.
fn without_section(title: String, section: Option<&str>) -> String {
    let Some(section) = section.map(joined).filter(|section| !section.is_empty()) else { return title };
    without_parts(&title, |part| joined(part) == section && !title.starts_with(part))
}

fn names_site(part: &str, site_names: &[String]) -> bool {
    let part_words = words(part);
    if part_words.is_empty() || count(&part_words) > 8 {
        return false;
    }
    let part = without_spaces(part_words.clone());
    site_names.iter().any(|name| {
        let name = joined(name);
        let long = part.len() >= 3 && name.len() >= 3;
        part == name
            || (long && name.starts_with(&part) && part.len() * 2 >= name.len())
            || (long && part.contains(&name) && name.len() * 2 >= part.len())
            || (part_words.contains(' ') && initials(&part_words) == name)
    })
}

fn initials(words: &str) -> String {
    words.split(' ').filter_map(|word| word.chars().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sites_name_is_cut_off_either_end() {
        let names = ["The Valley Post".to_owned(), "valleypost".to_owned()];
        for title in [
            "Bridge opens | The Valley Post",
            "Bridge opens - ValleyPost.com",
            "Valley Post: x | Bridge opens",
            "Bridge opens – Valley Post",
        ] {
            let cut = without_site(title, &names);
            assert!(cut == "Bridge opens" || title.starts_with("Valley Post:"), "{title} → {cut}");
        }
        assert_eq!(without_site("Bridge - a history", &names), "Bridge - a history");
        assert_eq!(without_site("The Valley Post", &names), "The Valley Post");
    }

    #[test]
    fn before_the_sites_exact_name_any_sign_ends_the_headline() {
        let names = ["Valley Post".to_owned(), "谷新闻".to_owned(), "ＮＰニュース".to_owned()];
        for (title, headline) in [
            ("Bridge opens|Valley Post", "Bridge opens"),
            ("Bridge opens -- Valley Post", "Bridge opens"),
            ("Bridge opens ― Valley Post", "Bridge opens"),
            ("Bridge opens / Valley Post", "Bridge opens"),
            ("Bridge opens ‹ Valley Post", "Bridge opens"),
            ("Valley Post › Bridge opens", "Bridge opens"),
            ("Valley Post: Bridge opens", "Bridge opens"),
            ("新桥通车_要闻频道_谷新闻", "新桥通车"),
            ("新桥通车-谷新闻", "新桥通车"),
            ("橋が開通｜ＮＰニュース", "橋が開通"),
            ("Why I left the Valley Post", "Why I left the Valley Post"),
            ("Anti-Valley Post", "Anti-Valley Post"),
        ] {
            assert_eq!(without_site(title, &names), headline, "{title}");
        }
    }

    fn title_of(markup: &str) -> Option<String> {
        super::super::page(&super::super::tests::document(markup.to_owned())).article.title
    }

    #[test]
    fn what_stands_in_an_element_of_its_own_beside_a_declared_headline_is_left_out() {
        let og = "<meta property=og:title content='Council keeps the ferry'>";
        for h1 in [
            "<h1><span class=kicker>Transport</span><span>Council keeps the ferry</span></h1>",
            "<h1><a href=/f><small>Exclusive:</small> Council keeps the ferry</a></h1>",
            "<h1>Council keeps the ferry <span class=badge>Premium</span></h1>",
            "<h1>Council keeps the ferry<span>The plan costs two million</span></h1>",
        ] {
            assert_eq!(title_of(&format!("{og}{h1}")).as_deref(), Some("Council keeps the ferry"), "{h1}");
        }
        let plain = format!("{og}<h1>Transport: Council keeps the ferry</h1>");
        assert_eq!(title_of(&plain).as_deref(), Some("Transport: Council keeps the ferry"));
    }

    #[test]
    fn the_heading_that_says_what_is_declared_goes_before_a_logo_and_a_teaser() {
        for (markup, title) in [
            (
                "<title>What do people love? | Harbour</title><h2>What do people love?</h2><h1>But above all they love the rest of it</h1>",
                "What do people love?",
            ),
            (
                "<title>Council keeps ferry | The Island Harbour Times</title><h1>The Island Harbour Times</h1><h2>Council keeps ferry</h2>",
                "Council keeps ferry",
            ),
            (
                "<title>Ferry line kept</title><aside><h1>Ferry line closed for the winter</h1></aside><h1>Ferry line gets green light</h1>",
                "Ferry line gets green light",
            ),
            (
                "<title>Council keeps ferry</title><h1>Ferries: what now?</h1><h1><a href=/x>Council closes road</a></h1>",
                "Council keeps ferry",
            ),
        ] {
            assert_eq!(title_of(markup).as_deref(), Some(title), "{markup}");
        }
    }

    #[test]
    fn a_headline_that_is_cut_off_gives_way_to_the_whole_one() {
        let whole = format!("Council keeps {}ferry", "the small old ".repeat(8));
        let json = format!(
            "<script type='application/ld+json'>{{\"@type\":\"Article\",\"headline\":\"{}\"}}</script>",
            &whole[..110]
        );
        assert_eq!(title_of(&format!("{json}<title>{whole}</title>")), Some(whole));
    }

    #[test]
    fn the_section_behind_a_headline_is_cut_off() {
        let section = Some("Transport");
        assert_eq!(without_section("Council keeps ferry | Transport".to_owned(), section), "Council keeps ferry");
        assert_eq!(without_section("Transport - a history".to_owned(), section), "Transport - a history");
    }

    #[test]
    fn a_heading_loses_the_sites_whole_name_only() {
        let names = ["Island News".to_owned()];
        assert_eq!(without_exact_site("Ferry stays | Island News", &names), "Ferry stays");
        assert_eq!(without_exact_site("Island News 18 – The ferry", &names), "Island News 18 – The ferry");
        assert_eq!(without_exact_site("Island News", &names), "Island News");
    }

    #[test]
    fn a_heading_holds_its_headline_beside_the_sites_name() {
        for heading in ["Ferry stays | Island News", "Island News: Ferry stays", "Fer ry stays"] {
            assert!(holds(heading, "ferry stays"), "{heading}");
        }
        assert!(!holds("Ferry stays1 open", "ferry stays") && !holds("Ferry stay", "ferry stays"));
    }

    #[test]
    fn overlap_is_of_words_not_of_letters() {
        assert_eq!(overlap("Bridge opens", "bridge opens!"), 1.0);
        assert!(overlap("Bridge", "Bridge opens to traffic after years") < SAME);
        assert_eq!(overlap("", "x"), 0.0);
    }
}
