//! The few cuts inside a paragraph: leaked instructions, bracketed credits and pointers. The rest stays verbatim.

use super::line::Line;
use super::pack::Rule;
use super::rules::Rules;
use super::{normalize, phrase};
use crate::article::Removal;

/// Pieces cut out of one paragraph at the most: each cut reads the paragraph again.
const MAX_PIECES: usize = 32;
/// A longer paragraph is none: a file without line ends, or an attack. It is left as it is.
const MAX_PARAGRAPH_BYTES: usize = 64 * 1024;
/// A longer bracket is the writer's.
const MAX_BRACKET_WORDS: u32 = 24;

/// Cuts pieces out of a paragraph that the rules were looked up for, and returns them in order; the paragraph keeps everything else as it was.
pub fn cut_pieces(line: &mut Line, rules: &Rules) -> Vec<Removal> {
    let mut removed = Vec::new();
    if line.block.text.len() > MAX_PARAGRAPH_BYTES {
        return removed;
    }
    if line.has_sentence {
        remove(line, &mut removed, |text| {
            sentences(text).into_iter().find_map(|piece| {
                let rule = leaked(&text[piece.clone()], rules)?;
                Some((piece, rule))
            })
        });
    }
    let text = &line.block.text;
    if text.contains('(') || text.contains('[') || !text.is_ascii() && text.contains(['（', '［']) {
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

/// The rule that a paragraph matches in each of its sentences, so that nothing of it is the writer's.
pub fn all_match<'r>(text: &str, rules: &'r Rules) -> Option<&'r Rule> {
    if text.len() > MAX_PARAGRAPH_BYTES {
        return None;
    }
    let mut found = None;
    for piece in sentences(text) {
        found = Some(leaked(&text[piece], rules)?);
    }
    found
}

/// The rule that a sentence matches; none where somebody is quoted or reported to have said so.
fn leaked<'r>(sentence: &str, rules: &'r Rules) -> Option<&'r Rule> {
    let key = normalize::key(&phrase::unquoted(sentence));
    rules.sentence_match(&key).filter(|_| !key.contains(" that as "))
}

/// Takes out what `find` finds until it finds no more; a paragraph is never emptied here.
fn remove<'r>(
    line: &mut Line,
    removed: &mut Vec<Removal>,
    find: impl Fn(&str) -> Option<(std::ops::Range<usize>, &'r Rule)>,
) {
    for _ in 0..MAX_PIECES {
        let Some((piece, rule)) = find(&line.block.text) else { return };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Block, BlockKind};

    fn cut(text: &str) -> (String, Vec<String>) {
        let rules = Rules::new(&[]).unwrap();
        let mut line = Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: text.to_owned() });
        rules.look_up(&mut line);
        let removed = cut_pieces(&mut line, &rules);
        (line.block.text, removed.into_iter().map(|removal| removal.text).collect())
    }

    #[test]
    fn a_leaked_instruction_goes_and_its_neighbours_stay() {
        let (kept, removed) =
            cut("The ferry sails. The exact two word keyphrase, winter ferry, appears here. It sails at ten.");
        assert_eq!(kept, "The ferry sails. It sails at ten.");
        assert_eq!(removed, ["The exact two word keyphrase, winter ferry, appears here."]);
    }

    #[test]
    fn bracketed_credits_and_pointers_go_and_other_brackets_stay() {
        let (kept, removed) = cut("The ferry (built in 1931) sails (Photo: A. Keeper) at ten [Also read: The bridge].");
        assert_eq!(kept, "The ferry (built in 1931) sails at ten .");
        assert_eq!(removed, ["(Photo: A. Keeper)", "[Also read: The bridge]"]);
    }

    #[test]
    fn a_paragraph_is_never_emptied_piece_by_piece() {
        assert_eq!(cut("(Photo: A. Keeper)").0, "(Photo: A. Keeper)");
    }

    #[test]
    fn writing_about_keywords_is_not_an_instruction() {
        let text =
            "Search engines look for an exact keyword. Keyword density is an old idea, and a focus on it helps nobody.";
        assert_eq!(cut(text).0, text);
    }
}
