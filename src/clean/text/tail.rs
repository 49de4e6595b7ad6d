//! What follows an article: sections of comments, teasers and the like go whole, with a guard for prose.

use super::core::Core;
use crate::article::Class;
use crate::clean::line::Line;
use crate::clean::rules::{Place, Rules};

/// Cuts what stands after the core once a section has begun there.
///
/// No line after the core is prose of the article, so nothing of it can be lost to a section that began by mistake.
pub fn cut_sections(lines: &mut [Line], core: &Core, rules: &Rules) {
    let Some(opening) = (core.last + 1..lines.len()).find(|&at| opens_section(&lines[at], rules)) else { return };
    let why = format!("stands after \"{}\" (line {})", lines[opening].block.text, lines[opening].block.line);
    for line in &mut lines[opening + 1..] {
        if line.words < 25 {
            line.cut(Class::TailSection, "tail.section", why.as_str());
        }
    }
}

fn opens_section(line: &Line, rules: &Rules) -> bool {
    !line.is_kept() && line.matches.iter().any(|&rule| rules.rule(rule).section)
}

/// Whether the place is where sections are looked for.
pub fn is_tail(place: Place) -> bool {
    place == Place::After
}
