//! The few cuts inside a paragraph: leaked instructions, bracketed credits and pointers. The rest stays verbatim.

use super::line::Line;
use super::normalize;
use super::pack::Rule;
use super::rules::Rules;
use crate::article::Removal;

/// A longer bracket is the writer's.
const MAX_BRACKET_WORDS: u32 = 24;

/// Cuts pieces out of a paragraph and returns them in order; the paragraph keeps everything else as it was.
pub fn cut_pieces(line: &mut Line, rules: &Rules) -> Vec<Removal> {
    let mut removed = Vec::new();
    if rules.sentence_match(&line.key).is_some() {
        remove(line, &mut removed, |text| {
            sentences(text).into_iter().find_map(|piece| {
                let rule = rules.sentence_match(&normalize::key(&text[piece.clone()]))?;
                Some((piece, rule))
            })
        });
    }
    if line.block.text.contains(['(', '[', '（', '［']) {
        remove(line, &mut removed, |text| {
            brackets(text).into_iter().find_map(|piece| {
                let inner = text[piece.clone()].trim_matches(['(', ')', '[', ']', '（', '）', '［', '］']);
                let key = normalize::key(inner);
                let words = normalize::words(&key);
                if words > MAX_BRACKET_WORDS {
                    return None;
                }
                let rule = rules.line_matches(&key, inner, words).into_iter().map(|at| rules.rule(at));
                rule.into_iter().find(|rule| rule.brackets).map(|rule| (piece, rule))
            })
        });
    }
    removed
}

/// Takes out what `find` finds until it finds no more; a paragraph is never emptied here.
fn remove<'r>(
    line: &mut Line,
    removed: &mut Vec<Removal>,
    find: impl Fn(&str) -> Option<(std::ops::Range<usize>, &'r Rule)>,
) {
    while let Some((piece, rule)) = find(&line.block.text) {
        let text = line.block.text[piece.clone()].trim().to_owned();
        let rest =
            format!("{} {}", line.block.text[..piece.start].trim_end(), line.block.text[piece.end..].trim_start());
        let rest = rest.trim();
        if normalize::key(rest).is_empty() {
            return;
        }
        line.block.text = rest.to_owned();
        line.key = normalize::key(rest);
        line.words = normalize::words(&line.key);
        removed.push(Removal {
            class: rule.class,
            rule: rule.id.clone(),
            why: rule.why.clone(),
            line: line.block.line,
            text,
        });
    }
}

/// Sentences as byte ranges that cover the paragraph: a terminator, closing signs, a space.
fn sentences(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let dense = matches!(c, '。' | '！' | '？');
        if !(dense || matches!(c, '.' | '!' | '?' | '…' | '؟' | '।')) {
            continue;
        }
        let mut end = at + c.len_utf8();
        while let Some(&(next, closing)) = chars.peek() {
            if !matches!(closing, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '」' | '』' | '.' | '!' | '?') {
                break;
            }
            end = next + closing.len_utf8();
            chars.next();
        }
        let spaced = text[end..].starts_with(char::is_whitespace);
        if dense || spaced {
            found.push(start..end);
            start = end;
        }
    }
    if start < text.len() {
        found.push(start..text.len());
    }
    found
}

/// Bracketed pieces that hold no bracket themselves, as byte ranges with their brackets.
fn brackets(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut open = None;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '（' | '［' => open = Some(at),
            ')' | ']' | '）' | '］' => {
                if let Some(start) = open.take() {
                    found.push(start..at + c.len_utf8());
                }
            }
            _ => {}
        }
    }
    found
}
