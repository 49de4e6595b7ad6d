//! What follows an article: sections of comments, teasers and the like go whole, with a guard for prose.

use super::core::Core;
use crate::article::Class;
use crate::clean::LONG_WORDS;
use crate::clean::line::Line;
use crate::clean::phrase::Spoken;
use crate::clean::rules::Rules;

/// A sentence of fewer words is a button's or a teaser's.
const MIN_SENTENCE_WORDS: u32 = 3;

/// Cuts what stands after the core once a section has begun there.
///
/// Sites put boxes between the last paragraphs as well, and the last ones are often too short to be told for prose: the
/// sentences that follow a box at once, and do not speak to the reader, are the article's.
pub fn cut_sections(lines: &mut [Line], core: &Core, rules: &Rules) {
    lines[core.last + 1..].iter_mut().take_while(|line| is_sentence(line)).for_each(|line| line.spared = true);
    let Some(opening) = (core.last + 1..lines.len()).find(|&at| opens_section(&lines[at], rules)) else { return };
    let why = format!("stands after \"{}\" (line {})", lines[opening].block.text, lines[opening].block.line);
    let mut behind = opening + 1;
    if is_box(&lines[opening], rules) {
        behind +=
            lines[behind..].iter_mut().take_while(|line| is_sentence(line)).map(|line| line.spared = true).count();
    }
    for line in &mut lines[behind..] {
        if line.words < LONG_WORDS {
            line.cut(Class::TailSection, "tail.section", why.as_str());
        }
    }
}

/// Whether a section may be a box that the article goes on behind.
fn is_box(line: &Line, rules: &Rules) -> bool {
    line.cut
        .as_ref()
        .is_some_and(|cut| matches!(cut.class, Class::Newsletter | Class::AlsoRead | Class::Share | Class::Promo))
        && line.matches.iter().all(|&rule| !matches!(rules.rule(rule).class, Class::CommentForm | Class::CommentThread))
}

fn is_sentence(line: &Line) -> bool {
    line.is_kept()
        && line.terminated
        && line.words >= MIN_SENTENCE_WORDS
        && line.matches.is_empty()
        && !line.block.text.ends_with(['!', '?'])
        && !Spoken::of(&line.block.text).to_reader
}

fn opens_section(line: &Line, rules: &Rules) -> bool {
    !line.is_kept() && line.matches.iter().any(|&rule| rules.rule(rule).section)
}
