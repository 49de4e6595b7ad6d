//! Which of a page's titles is the headline, without the site's name.
//!
//! A page has up to four: its h1, JSON-LD, `og:title` and `<title>`. Each is wrong in its own way (a logo in the h1, a
//! search engine's wording in the others), so what two of them agree on is believed.

use super::head::{Head, heading, one_line};
use super::json_ld::Entity;
use super::tree::Tree;

/// Longest headline in bytes; longer texts in an h1 are a whole teaser.
const MAX_BYTES: usize = 400;
/// Share of words in common from which two titles are the same one in two wordings.
const SAME: f32 = 0.6;

/// The headline and where it came from.
pub(super) fn title(
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    site_names: &[String],
) -> Option<(String, &'static str)> {
    let plain = |title: &str| -> Option<String> {
        let title = without_site(&one_line(title), site_names);
        (!title.is_empty() && title.len() <= MAX_BYTES).then_some(title)
    };
    let json = entity.and_then(|entity| entity.headline.as_deref()).and_then(plain);
    let meta = head
        .first(&["og:title", "twitter:title", "dc.title", "parsely-title", "sailthru.title", "headline"])
        .and_then(plain);
    let tag = head.title.as_deref().and_then(plain);
    let h1: Vec<String> = head
        .h1
        .iter()
        .map(|&id| without_exact_site(&heading(tree, id), site_names))
        .filter(|title| {
            title.len() <= MAX_BYTES && title.chars().any(char::is_alphanumeric) && !is_site(title, site_names)
        })
        .collect();
    // The h1 that the page's own declarations agree with best; the first when they are silent.
    let declared: Vec<&String> = [&json, &meta, &tag].into_iter().flatten().collect();
    let agreement = |title: &str| declared.iter().map(|other| overlap(title, other)).fold(0.0, f32::max);
    let mut best: Option<(&String, f32)> = None;
    for title in &h1 {
        let score = agreement(title);
        if best.is_none_or(|(_, known)| score > known) {
            best = Some((title, score));
        }
    }
    if let Some((title, score)) = best
        && (score >= SAME || declared.is_empty() || h1.len() == 1 && score >= 0.2)
    {
        return Some((title.clone(), "dom"));
    }
    // An h2 that says the same as the declarations is the headline of a page whose h1 is the logo.
    if let Some(id) = head.h2 {
        let title = without_exact_site(&heading(tree, id), site_names);
        if title.len() <= MAX_BYTES && agreement(&title) >= 0.9 {
            return Some((title, "dom"));
        }
    }
    json.map(|title| (title, "json_ld"))
        .or_else(|| meta.map(|title| (title, "meta")))
        .or_else(|| tag.map(|title| (title, "meta")))
        .or_else(|| best.map(|(title, _)| (title.clone(), "dom")))
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
    without_parts(title, |part| names_site(part, site_names))
}

/// The same for a heading, which is written for readers: it names the site whole or means a column of that name.
fn without_exact_site(heading: &str, site_names: &[String]) -> String {
    without_parts(heading, |part| is_site(part, site_names))
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
