//! Where tags, comments and scripts end, as the tokenizer divides them, without building anything.
//!
//! Follows the tokenizer of the HTML Standard (13.2.5), so that what is cut out of the markup by these places leaves a page
//! that reads the same.

use std::ops::Range;

/// The next place of an ASCII character; `from` must be a character's boundary.
pub(super) fn find(markup: &str, from: usize, what: char) -> Option<usize> {
    markup.get(from..)?.find(what).map(|at| from + at)
}

/// The name of a start tag, from behind its `<`.
pub(super) fn name(bytes: &[u8]) -> Option<&[u8]> {
    if !bytes.first()?.is_ascii_alphabetic() {
        return None;
    }
    let len = bytes.iter().position(ends_name)?;
    Some(&bytes[..len])
}

/// Whether a tag's name is over where this byte stands.
pub(super) fn ends_name(byte: &u8) -> bool {
    matches!(byte, b'>' | b'/') || byte.is_ascii_whitespace()
}

/// What stands next in a tag.
pub(super) enum Part {
    Attribute {
        name: Range<usize>,
        value: Range<usize>,
        end: usize,
    },
    /// Behind the `>`.
    End {
        end: usize,
        closes_itself: bool,
    },
}

/// What follows the name of a tag or one of its attributes, as the tokenizer divides it; `None` where the tag never ends.
pub(super) fn next_part(markup: &str, mut at: usize) -> Option<Part> {
    let bytes = markup.as_bytes();
    let is_blank = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_whitespace);
    let mut closes_itself = false;
    while bytes.get(at) == Some(&b'/') || is_blank(at) {
        closes_itself = bytes[at] == b'/';
        at += 1;
    }
    if *bytes.get(at)? == b'>' {
        return Some(Part::End { end: at + 1, closes_itself });
    }
    let start = at;
    // A name may begin with an equals sign, and only then hold one.
    at += 1;
    while bytes.get(at).is_some_and(|b| !matches!(b, b'=' | b'>' | b'/')) && !is_blank(at) {
        at += 1;
    }
    let name = start..at;
    while is_blank(at) {
        at += 1;
    }
    if bytes.get(at) != Some(&b'=') {
        let end = name.end;
        return (end < bytes.len()).then_some(Part::Attribute { name, value: end..end, end });
    }
    at += 1;
    while is_blank(at) {
        at += 1;
    }
    let quote = bytes.get(at).filter(|byte| matches!(byte, b'"' | b'\''));
    let (value, end) = match quote {
        Some(&quote) => {
            let close = find(markup, at + 1, char::from(quote))?;
            (at + 1..close, close + 1)
        }
        None => {
            let start = at;
            while bytes.get(at).is_some_and(|b| *b != b'>') && !is_blank(at) {
                at += 1;
            }
            (start..at, at)
        }
    };
    (end < bytes.len()).then_some(Part::Attribute { name, value, end })
}

/// Behind the `>` of a tag, and whether the tag closes itself.
pub(super) fn tag_end(markup: &str, open: usize) -> Option<(usize, bool)> {
    let bytes = markup.as_bytes();
    let name = open + 1 + usize::from(bytes.get(open + 1) == Some(&b'/'));
    let mut at = name + bytes.get(name..)?.iter().take_while(|byte| !ends_name(byte)).count();
    loop {
        match next_part(markup, at)? {
            Part::Attribute { end, .. } => at = end,
            Part::End { end, closes_itself } => return Some((end, closes_itself)),
        }
    }
}

/// Where the end tag of a script begins. In a comment inside a script, the end tag of an inner script ends nothing (the
/// tokenizer's escaped and double escaped states).
pub(super) fn script_end(markup: &str, from: usize) -> Option<usize> {
    #[derive(PartialEq)]
    enum State {
        Plain,
        Comment,
        InnerScript,
    }
    let bytes = markup.as_bytes();
    let mut state = State::Plain;
    let mut at = from;
    loop {
        at = match state {
            State::Plain => find(markup, at, '<')?,
            _ => at + bytes.get(at..)?.iter().position(|byte| matches!(byte, b'<' | b'-'))?,
        };
        let rest = &bytes[at..];
        let is_tag = |prefix: &[u8]| {
            let tag = rest.get(..prefix.len()).is_some_and(|found| found.eq_ignore_ascii_case(prefix));
            tag && rest.get(prefix.len()).is_some_and(ends_name)
        };
        match state {
            State::Plain if rest.starts_with(b"<!--") => {
                state = State::Comment;
                // Its own dashes may end it.
                at += 2;
                continue;
            }
            State::Comment | State::InnerScript if rest.starts_with(b"-->") => state = State::Plain,
            State::InnerScript if is_tag(b"</script") => state = State::Comment,
            State::Plain | State::Comment if is_tag(b"</script") => return Some(at),
            State::Comment if is_tag(b"<script") => state = State::InnerScript,
            _ => {}
        }
        at += 1;
    }
}

/// Behind the end of a comment, as the tokenizer sees it.
pub(super) fn comment_end(markup: &str, open: usize) -> usize {
    let bytes = markup.as_bytes();
    let start = open + 4;
    if bytes[start..].starts_with(b">") {
        return start + 1;
    }
    if bytes[start..].starts_with(b"->") {
        return start + 2;
    }
    let mut at = start;
    while let Some(end) = find(markup, at, '>') {
        let before = &bytes[start..end];
        if before.ends_with(b"--") || before.ends_with(b"--!") {
            return end + 1;
        }
        at = end + 1;
    }
    bytes.len()
}
