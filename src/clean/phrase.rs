//! One phrase of a rule, compiled; and what a line must be besides to match it: named, or spoken to the reader.
//!
//! Apart from `rules.rs`, which looks for all phrases at once: here is what makes one of them fit.

use std::borrow::Cow;

use super::normalize;
use super::pack::{Match, Rule};

/// A phrase without its first part, which the automaton finds.
pub(super) struct Phrase {
    pub rule: usize,
    /// What must follow the first part, in order, after gaps.
    rest: Vec<String>,
    /// The last part is followed by a gap, so anything may come after it.
    pub open: bool,
    /// Words of the first part, and of the last.
    first_words: usize,
    last_words: usize,
}

/// Between two parts of a phrase lie at most so many bytes of a line, so that a line of a million words is read once.
const MAX_GAP_BYTES: usize = 240;
/// Words up to this length may stand in a name without a capital.
const SMALL_LETTERS: usize = 3;

impl Phrase {
    /// A phrase as the automaton needs it: its first part, the rest, and whether it must stand at the line's beginning.
    pub fn parts(at: usize, rule: &Rule, phrase: &str) -> Option<(String, Self, bool)> {
        let open = phrase.trim_end().ends_with('*');
        let led = phrase.split_once('*').is_some_and(|(before, _)| normalize::key(before).is_empty());
        let whole = matches!(rule.matching, Match::Line | Match::Label);
        let from_start = (whole || rule.matching == Match::Starts) && !led;
        let pieces: Vec<&str> = phrase.split('*').filter(|piece| !normalize::key(piece).is_empty()).collect();
        let last = pieces.len().saturating_sub(1);
        let part = |(n, piece): (usize, &&str)| {
            let begins_line = n == 0 && from_start;
            let ends_line = n == last && !open && (whole || rule.matching == Match::Ends);
            let mut part = normalize::key(piece);
            // A key loses the sign at its edge that sets a label apart; in the midst of a line it must be there.
            if !ends_line && ends_apart(piece) {
                part.push_str(": ");
            }
            if !begins_line && begins_apart(piece) {
                part.insert_str(0, " :");
            }
            // Writings without spaces have no word boundary to hold a phrase to, unless the line begins or ends there.
            if !(n == last && whole) && part.trim().chars().next_back().is_some_and(normalize::is_dense) {
                part.pop();
            }
            if !begins_line && part.trim().chars().next().is_some_and(normalize::is_dense) {
                part.remove(0);
            }
            part
        };
        let mut parts: Vec<String> = pieces.iter().enumerate().map(part).collect();
        let words = |part: Option<&String>| part.map_or(0, |part| normalize::words(part) as usize);
        let (first_words, last_words) = (words(parts.first()), words(parts.last()));
        let first = if parts.is_empty() { return None } else { parts.remove(0) };
        Some((first, Self { rule: at, rest: parts, open, first_words, last_words }, from_start))
    }

    /// Where the phrase ends, if the rest of it follows and the line ends as the kind of match asks.
    pub fn follows(&self, key: &str, first_end: usize, matching: Match) -> Option<usize> {
        let mut end = first_end;
        for (n, part) in self.rest.iter().enumerate() {
            let last = n + 1 == self.rest.len();
            // Parts share the space between two words; writings without spaces have none before their end.
            let shared = part.starts_with(' ') && key[..end].ends_with(' ');
            let from = end - usize::from(shared);
            if last && !self.open && matching == Match::Line {
                return (key.len() >= from + part.len() && key.ends_with(part.as_str())).then_some(key.len());
            }
            let window = &key[from..boundary(key, from + MAX_GAP_BYTES + part.len())];
            end = from + window.find(part.as_str())? + part.len();
        }
        let fits = match matching {
            Match::Line => self.open && end < key.len() || end == key.len(),
            Match::Label => end == key.len() || key[end..].starts_with(": "),
            _ => true,
        };
        fits.then_some(end)
    }

    /// Whether the words beside the phrase are written as names are: those after it, or those before one that ends a line.
    pub fn is_named(&self, text: &str, from_start: bool) -> bool {
        let is_word = |word: &&str| word.chars().any(char::is_alphanumeric);
        let words: Vec<&str> = text.split_whitespace().filter(is_word).collect();
        let names = match from_start {
            // `By-pass` is another word than `By`.
            true if words.first().is_some_and(|first| self.first_words == 1 && first.contains(['-', '‐', '‑'])) => {
                return false;
            }
            true => words.get(self.first_words.max(1)..),
            false => words.get(..words.len().saturating_sub(self.last_words)),
        };
        let names = names.unwrap_or_default();
        !names.is_empty()
            && names.iter().all(|word| {
                let first = word.chars().find(|c| c.is_alphanumeric()).unwrap_or('a');
                !first.is_lowercase() && !first.is_numeric() || word.chars().count() <= SMALL_LETTERS
            })
            // What a colon parts is a headline: "By Royal Appointment: Tailors Fear Closure".
            && !names[..names.len() - 1].iter().any(|word| word.ends_with(':'))
    }
}

/// Whether a sign that sets a label apart stands at the end of a piece of a phrase, as [`normalize::key`] has it.
fn ends_apart(piece: &str) -> bool {
    let mut back = piece.trim_end().chars().rev();
    match back.next() {
        Some('-' | '–' | '—') => {
            back.next().is_some_and(char::is_whitespace) && piece.ends_with(char::is_whitespace)
        }
        sign => sign.is_some_and(is_apart),
    }
}

/// The same for its beginning.
fn begins_apart(piece: &str) -> bool {
    let mut signs = piece.trim_start().chars();
    match signs.next() {
        Some('-' | '–' | '—') => {
            signs.next().is_some_and(char::is_whitespace) && piece.starts_with(char::is_whitespace)
        }
        sign => sign.is_some_and(is_apart),
    }
}

fn is_apart(sign: char) -> bool {
    matches!(sign, ':' | '：' | '|' | '»' | '›' | '▸' | '→' | '>')
}

fn boundary(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}

/// To whom a sentence is spoken, as far as its words tell.
pub(super) struct Spoken {
    /// The site speaks to its reader.
    pub to_reader: bool,
    /// It begins with what somebody is quoted to have said, and says who.
    pub by_another: bool,
}

/// Bytes of a line that are looked at for words to the reader.
const SPOKEN_BYTES: usize = 1024;

impl Spoken {
    pub fn of(text: &str) -> Self {
        let text = &text[..boundary(text, SPOKEN_BYTES)];
        // What stands in quotes, somebody says to somebody else.
        let to_reader = has_reader_word(&unquoted(text));
        let by_another = text.starts_with(is_quote) && !text.trim_end_matches('.').ends_with(is_quote);
        Self { to_reader, by_another }
    }
}

/// A text without what stands in quotation marks.
pub(super) fn unquoted(text: &str) -> Cow<'_, str> {
    if !text.contains(is_quote) {
        return Cow::Borrowed(text);
    }
    let mut quoted = false;
    let mut out = String::new();
    for piece in text.split_inclusive(is_quote) {
        let quote = piece.chars().next_back().filter(|&sign| is_quote(sign));
        if !quoted {
            out.push_str(piece.trim_end_matches(is_quote));
            out.push(' ');
        }
        quoted = match quote {
            Some('"' | '“') => !quoted,
            Some(quote) => matches!(quote, '„' | '«'),
            None => quoted,
        };
    }
    Cow::Owned(out)
}

/// Whether the whole of a line is in quotation marks.
pub(super) fn is_quoted(text: &str) -> bool {
    text.starts_with(is_quote) && text.trim_end_matches(['.', ',']).ends_with(is_quote)
}

fn is_quote(sign: char) -> bool {
    matches!(sign, '"' | '“' | '”' | '„' | '«' | '»')
}

/// The built-in rules that ask for it are English.
fn has_reader_word(text: &str) -> bool {
    const WORDS: [&str; 19] = [
        "you",
        "your",
        "yours",
        "yourself",
        "you're",
        "you’re",
        "you'll",
        "you’ll",
        "you've",
        "you’ve",
        "we",
        "our",
        "ours",
        "us",
        "please",
        "click",
        "subscribe",
        "login",
        "log",
    ];
    let is_edge = |c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’'));
    text.split(is_edge).any(|word| word.len() <= 11 && WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_speaks_to_the_reader_outside_of_quotes_only() {
        let to_reader = |text: &str| Spoken::of(text).to_reader;
        assert!(to_reader("By clicking \"Join\" you agree to the terms of the harbour."));
        assert!(to_reader("Please try again later."));
        assert!(!to_reader("Copyright was made for printers, “and we are none,” said the keeper."));
        assert!(!to_reader("Er sagte: „Please come“, und ging."));
        assert!(!to_reader("The wells of the harbour were dry."));
    }

    #[test]
    fn a_sentence_that_begins_with_a_quotation_is_somebodys() {
        assert!(Spoken::of("“I cannot fulfill this,” the member said.").by_another);
        assert!(!Spoken::of("\"Sure, here is the article.\"").by_another);
        assert!(!Spoken::of("The member said: “I cannot.”").by_another);
    }

    #[test]
    fn what_stands_in_quotation_marks_is_left_out() {
        for (text, rest) in [
            ("“As a model, I cannot,” it wrote.", "  it wrote."),
            ("He said: \"Read more\" and \"more", "He said:   and  "),
            ("Er sagte: „Komm“, und ging.", "Er sagte:  , und ging."),
            ("Nothing said", "Nothing said"),
        ] {
            assert_eq!(unquoted(text).trim_end(), rest.trim_end(), "{text}");
        }
        assert!(is_quoted("“Read more.”") && !is_quoted("“Read more,” he said."));
    }

    #[test]
    fn a_sign_at_the_edge_of_a_gap_is_known() {
        assert!(ends_apart("Home : ") && ends_apart("Home › ") && ends_apart("Home - "));
        assert!(!ends_apart("state-of-") && !ends_apart("Home "));
        assert!(begins_apart(" | Harbour Post") && begins_apart(" – Harbour Post") && !begins_apart("-le"));
    }
}
