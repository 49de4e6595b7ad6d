//! Lines without an honest word: code fences, markup, scripts and template codes that a scraper let through.

use super::line::Line;
use crate::article::Class;

/// Cuts lines that are signs of a machine by their form.
pub fn cut_artefacts(line: &mut Line) {
    let text = line.block.text.as_str();
    if line.key.is_empty() || is_fence(text) {
        if text.contains(['`', '|', '~']) {
            line.cut(Class::Artefact, "artefact.fence", "a code fence or stray sign, without a word");
        }
    } else if is_shortcode(text) {
        line.cut(Class::Artefact, "artefact.shortcode", "a template code that was never filled in");
    } else if is_script(text) {
        line.cut(Class::Artefact, "artefact.script_source", "program text, not prose");
    }
}

/// ` ```html `, `~~~` and the like, in whatever quotes they were put.
fn is_fence(text: &str) -> bool {
    if !text.starts_with(['`', '~', '"', '\'', '“', '”', '‘', '’', ' ']) {
        return false;
    }
    let bare = text.trim_matches(['"', '\'', '“', '”', '‘', '’', ' ']);
    let language = bare.trim_start_matches(['`', '~']);
    let fence = bare.len() - language.len();
    let back = language.trim_end_matches('`');
    fence > 0 && (fence >= 3 || back.is_empty()) && back.len() <= 12 && !back.contains(' ')
}

/// `[caption id="..."]`, `{{ name }}`, `<% name %>`.
fn is_shortcode(text: &str) -> bool {
    let square = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inner| {
        let name = inner.strip_prefix('/').unwrap_or(inner);
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && !inner.contains(['[', ']'])
            && (inner.starts_with('/') && !name.contains(' ')
                || name.contains("=\"")
                || name.contains("_") && !name.contains(' '))
    });
    square || text.starts_with("{{") && text.ends_with("}}") || text.starts_with("<%") && text.ends_with("%>")
}

fn is_script(text: &str) -> bool {
    const STARTS: [&str; 6] = ["window.", "document.", "googletag.", "(function(", "@media ", "jQuery("];
    STARTS.iter().any(|start| text.starts_with(start))
        && text.contains(['{', ';', '='])
        && (text.contains('(') || text.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_are_known_in_quotes_too() {
        assert!(["```", "“`", "```html", "~~~", "\"```\""].into_iter().all(is_fence));
        assert!(!["`cargo run` starts it", "Harbour"].into_iter().any(is_fence));
    }

    #[test]
    fn a_writers_bracket_is_no_template_code() {
        assert!(
            is_shortcode("[caption id=\"7\" width=\"300\"]") && is_shortcode("[/caption]") && is_shortcode("[vc_row]")
        );
        assert!(!is_shortcode("[applause]") && !is_shortcode("[Music playing]"));
    }
}
