//! The byline that readers are shown next to the headline, known by the words that introduce a name.

use super::byline::near_headline;
use super::date_line;
use super::head::{Head, shown_name};
use super::layout::Layout;
use super::tag::Tag;
use super::tree::{NodeId, Tree};
use crate::clean::metadata;

/// Longest line that is looked through for a byline, in characters, and its words.
const MAX_BYLINE_CHARS: usize = 120;
const MAX_BYLINE_WORDS: usize = 16;
/// Nodes behind the headline among which a "By" with a link behind it is looked for.
const BYLINE_REACH: usize = 120;

/// The names behind a "By" next to the headline, or behind "Written by" in a line of its own anywhere.
pub(super) fn byline(tree: &Tree, head: &Head, layout: &Layout, headline: Option<usize>) -> Vec<String> {
    let (after, before) = near_headline(layout, headline);
    let runs: Vec<&str> = after.into_iter().chain(before).map(|run| run.text.as_str()).collect();
    if let Some(&h1) = head.h1.first().filter(|_| headline.is_some()) {
        let names = linked_byline(tree, h1);
        if !names.is_empty() {
            return names;
        }
    }
    for (i, text) in runs.iter().enumerate() {
        // "By" in an element of its own: the next one is the name.
        let next = runs.get(i + 1).filter(|name| metadata::is_lead(text) && name.chars().count() <= 60);
        let names = match next {
            Some(name) => metadata::author_names(name),
            None => line_names(text.lines().next().unwrap_or(text)),
        };
        if !names.is_empty() {
            return names;
        }
    }
    let anywhere = ["written by", "article by", "story by", "posted by", "author: ", "words by", "about the author"];
    for (i, run) in layout.runs.iter().enumerate() {
        let text = run.text.as_str();
        if run.words <= 8 && starts(text, &anywhere) {
            let alone = text.split_whitespace().count() <= 3 && !text.contains(char::is_uppercase)
                || run.words <= 3 && text.to_lowercase().ends_with("by")
                || run.words == 3 && text.to_lowercase().ends_with("author");
            let name = if alone { layout.runs.get(i + 1).map(|next| next.text.as_str()) } else { Some(text) };
            return name.filter(|name| name.chars().count() <= 80).map(metadata::author_names).unwrap_or_default();
        }
    }
    Vec::new()
}

fn starts(text: &str, leads: &[&str]) -> bool {
    let lower: String = text.chars().take(24).flat_map(char::to_lowercase).collect();
    leads.iter().any(|lead| lower.starts_with(lead))
}

/// The names of the first introduced byline between the headline and the article's prose.
pub(super) fn opening_byline(layout: &Layout, headline: usize) -> Vec<String> {
    date_line::opening_lines(layout, headline).map(line_names).find(|names| !names.is_empty()).unwrap_or_default()
}

/// The names that a line introduces, at its beginning, behind a sign or behind its day.
fn line_names(line: &str) -> Vec<String> {
    if line.chars().count() > MAX_BYLINE_CHARS {
        return Vec::new();
    }
    let names = metadata::byline_names(line);
    if !names.is_empty() {
        return names;
    }
    let signs = ['|', '•', '·', '–', '—'];
    if line.contains(signs)
        && let Some(names) = line.split(signs).map(metadata::byline_names).find(|names| !names.is_empty())
    {
        return names;
    }
    if !line.contains(char::is_numeric) {
        return Vec::new();
    }
    let behind = line.match_indices(' ').take(MAX_BYLINE_WORDS).map(|(at, _)| line.split_at(at));
    let dated = behind.filter(|(day, _)| day.contains(char::is_numeric) && is_date_line(day));
    dated.map(|(_, rest)| metadata::byline_names(rest)).find(|names| !names.is_empty()).unwrap_or_default()
}

/// Whether a text holds nothing but a day and the words of date lines.
fn is_date_line(text: &str) -> bool {
    date_line::is_bare(text, &|line: &str| metadata::visible_date(line, None), &|_: &str| false)
}

/// The names of the links that follow a "By" behind the headline.
fn linked_byline(tree: &Tree, headline: NodeId) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut at = headline;
    let mut introduced = false;
    for _ in 0..BYLINE_REACH {
        let is_link = tree.tag(at) == Tag::A && introduced;
        let next = if is_link || at == headline { tree.after(at, Tree::ROOT) } else { tree.following(at, Tree::ROOT) };
        let text = tree.text(at).trim();
        if is_link {
            let link = shown_name(tree, at);
            if link.chars().count() > 60 {
                break;
            }
            // A portrait is linked as well.
            if !link.is_empty() {
                names.extend(metadata::author_names(&link));
                introduced = false;
            }
        } else if !text.is_empty() {
            let is_and = matches!(text, "," | "&" | "and" | ", and" | "und" | "et" | "y" | "e");
            introduced = if names.is_empty() { is_introduction(text) } else { is_and };
            if !names.is_empty() && !is_and {
                break;
            }
        }
        let Some(next) = next else { break };
        at = next;
    }
    names
}

/// Whether a text is the beginning of a byline: "By", or the day before it.
fn is_introduction(text: &str) -> bool {
    if text.chars().count() > 60 {
        return false;
    }
    let (day, word) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    metadata::is_lead(text) || metadata::is_lead(word) && day.contains(char::is_numeric) && is_date_line(day)
}
