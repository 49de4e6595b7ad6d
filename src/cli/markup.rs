//! An article and its cuts as text for a terminal: kept text plain, cuts in place with their reasons, then a tally.
//!
//! Pure: it is given what to show, how wide and whether in colour, so that tests see what a reader sees.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

use copydesk::article::{Article, Block, Class, Removal};

use super::output;

/// Wider lines are hard to read; narrower terminals are taken as they are.
const MAX_WIDTH: usize = 100;
const MIN_WIDTH: usize = 40;
/// Where standard output is no terminal.
const DEFAULT_WIDTH: usize = 80;
/// Room for the line number and the mark of a cut.
const MARGIN: usize = 7;

/// What is shown of one article.
pub struct Sheet {
    /// The document's path, or the article's id.
    pub name: String,
    /// Its fields and its cuts; `text` is not looked at.
    pub article: Article,
    /// The blocks that are in the text. Line 0 where the place is not known.
    pub kept: Vec<Block>,
    /// Remarks for the end.
    pub notes: Vec<String>,
}

/// How it is shown.
#[derive(Clone, Copy, Debug)]
pub struct Markup {
    pub width: usize,
    pub colour: bool,
}

/// The styles, as ANSI sequences.
#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Cut,
    Reason,
}

impl Style {
    fn start(self) -> &'static str {
        match self {
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Cut => "\x1b[31;9m",
            Self::Reason => "\x1b[33m",
        }
    }
}

impl Markup {
    /// As wide as the terminal, and coloured if it may be.
    pub fn for_stdout() -> Self {
        let columns = terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0));
        Self { width: columns.clamp(MIN_WIDTH, MAX_WIDTH), colour: output::colour(&io::stdout()) }
    }

    /// The sheet as lines.
    pub fn render(&self, sheet: &Sheet) -> String {
        let mut text = String::new();
        self.head(sheet, &mut text);
        let mut pieces: Vec<(u32, Piece<'_>)> =
            sheet.kept.iter().map(|block| (block.line, Piece::Kept(block))).collect();
        pieces.extend(sheet.article.removed.iter().map(|removal| (removal.line, Piece::Cut(removal))));
        // Stable: of pieces with the same line, what is kept comes first and cuts keep their order.
        pieces.sort_by_key(|(line, _)| *line);
        for (line, piece) in pieces {
            match piece {
                Piece::Kept(block) => self.kept(line, &block.text, &mut text),
                Piece::Cut(removal) => self.cut(removal, &mut text),
            }
        }
        self.tally(sheet, &mut text);
        text
    }

    fn head(&self, sheet: &Sheet, text: &mut String) {
        let article = &sheet.article;
        let from = |field: &str| match article.provenance.get(field).map(|from| &**from) {
            Some(input) if input.starts_with("b3:") => " (from another copy)".to_owned(),
            Some(from) => format!(" ({from})"),
            None => String::new(),
        };
        self.push(text, Style::Dim, &output::visible(&sheet.name));
        if let Some(title) = &article.title {
            for line in wrap(title, self.width) {
                self.push(text, Style::Bold, &line);
            }
        }
        let mut facts = Vec::new();
        if !article.authors.is_empty() {
            facts.push(format!("by {}{}", article.authors.join(", "), from("authors")));
        }
        let single =
            [("date_published", &article.date_published), ("site", &article.site), ("language", &article.language)];
        for (field, value) in single {
            facts.extend(value.iter().map(|value| format!("{value}{}", from(field))));
        }
        if article.title.is_some() && article.provenance.contains_key("title") {
            facts.push(format!("title{}", from("title")));
        }
        if !article.flags.is_empty() {
            let flags: Vec<String> = article.flags.iter().map(name_of).collect();
            facts.push(format!("flags: {}", flags.join(", ")));
        }
        for line in wrap(&facts.join(" · "), self.width) {
            self.push(text, Style::Dim, &line);
        }
        self.push(text, Style::Dim, &"─".repeat(self.width));
    }

    fn kept(&self, line: u32, block: &str, text: &mut String) {
        for (n, part) in block.lines().flat_map(|part| wrap(part, self.width - MARGIN)).enumerate() {
            self.margin(line, n, ' ', text);
            text.push_str(&part);
            text.push('\n');
        }
    }

    fn cut(&self, removal: &Removal, text: &mut String) {
        for (n, part) in removal.text.lines().flat_map(|part| wrap(part, self.width - MARGIN)).enumerate() {
            self.margin(removal.line, n, '-', text);
            self.push(text, Style::Cut, &part);
        }
        let reason = format!("{} [{}]: {}", name_of(&removal.class), removal.rule, removal.why);
        for (n, part) in wrap(&reason, self.width - MARGIN - 2).iter().enumerate() {
            let _ = write!(text, "{:MARGIN$}", "");
            self.push(text, Style::Reason, &format!("{}{part}", if n == 0 { "^ " } else { "  " }));
        }
    }

    /// The number of the line, on its first row only, and the mark of a cut.
    fn margin(&self, line: u32, row: usize, mark: char, text: &mut String) {
        let number = if row == 0 && line > 0 { line.to_string() } else { String::new() };
        let margin = format!("{number:>4} {mark} ");
        if self.colour {
            let _ = write!(text, "{}{margin}\x1b[0m", Style::Dim.start());
        } else {
            text.push_str(&margin);
        }
    }

    fn tally(&self, sheet: &Sheet, text: &mut String) {
        self.push(text, Style::Dim, &"─".repeat(self.width));
        let words = |text: &str| text.split_whitespace().count();
        let kept: usize = sheet.kept.iter().map(|block| words(&block.text)).sum();
        let removed = &sheet.article.removed;
        let cut: usize = removed.iter().map(|removal| words(&removal.text)).sum();
        let mut classes: BTreeMap<Class, usize> = BTreeMap::new();
        for removal in removed {
            *classes.entry(removal.class).or_default() += 1;
        }
        let mut line = format!(
            "kept {}, {}; cut {}, {}",
            count(sheet.kept.len(), "paragraph"),
            count(kept, "word"),
            count(removed.len(), "piece"),
            count(cut, "word")
        );
        if !classes.is_empty() {
            let classes: Vec<String> = classes.iter().map(|(class, n)| format!("{} {n}", name_of(class))).collect();
            let _ = write!(line, ": {}", classes.join(", "));
        }
        for line in wrap(&line, self.width) {
            text.push_str(&line);
            text.push('\n');
        }
        for note in &sheet.notes {
            let indent = note.len() - note.trim_start().len();
            if note.is_empty() {
                text.push('\n');
            }
            // Further rows hang two columns deeper than the first.
            for (n, line) in wrap(note, self.width - indent - 2).iter().enumerate() {
                let indent = if n == 0 { indent } else { indent + 2 };
                let _ = writeln!(text, "{:indent$}{line}", "");
            }
        }
    }

    /// One styled line.
    fn push(&self, text: &mut String, style: Style, line: &str) {
        if self.colour {
            let _ = writeln!(text, "{}{line}\x1b[0m", style.start());
        } else {
            let _ = writeln!(text, "{line}");
        }
    }
}

enum Piece<'a> {
    Kept(&'a Block),
    Cut(&'a Removal),
}

/// `1 word`, `2 words`.
pub fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The published name of a class or flag.
fn name_of<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// Breaks a text at blanks into lines of at most `width` columns; a word that is longer is broken where it must be.
///
/// Control characters become blanks: a hostile document must not steer the terminal.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let columns: usize = word.chars().map(columns).sum();
        if used > 0 && used + 1 + columns > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for c in word.chars() {
            let columns = self::columns(c);
            if used + columns > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(c);
            used += columns;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Columns of a character on a terminal: East Asian wide ranges take two. Coarse on purpose, only line breaks need it.
fn columns(c: char) -> usize {
    match c as u32 {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use copydesk::article::BlockKind;

    fn sheet() -> Sheet {
        let block = |line, text: &str| Block { line, kind: BlockKind::Paragraph, text: text.into() };
        let removal = Removal {
            class: Class::AlsoRead,
            rule: "also_read.label".into(),
            why: "a link to another article".into(),
            line: 4,
            text: "Also read: Bridge stays shut".into(),
        };
        Sheet {
            name: "ferry.txt".into(),
            article: Article {
                title: Some("Ferry returns".into()),
                provenance: BTreeMap::from([("title".into(), "text".into())]),
                removed: vec![removal],
                ..Article::default()
            },
            kept: vec![
                block(3, "The ferry came back on Monday after a week in the yard."),
                block(5, "It runs hourly."),
            ],
            notes: vec![],
        }
    }

    #[test]
    fn cuts_stand_in_their_place_with_class_rule_and_reason() {
        let text = Markup { width: 50, colour: false }.render(&sheet());
        let rule = "─".repeat(50);
        let expected = format!(
            "ferry.txt\nFerry returns\ntitle (text)\n{rule}\n\
             \x20  3   The ferry came back on Monday after a week\n\
             \x20      in the yard.\n\
             \x20  4 - Also read: Bridge stays shut\n\
             \x20      ^ also_read [also_read.label]: a link to\n\
             \x20        another article\n\
             \x20  5   It runs hourly.\n{rule}\n\
             kept 2 paragraphs, 15 words; cut 1 piece, 5 words:\nalso_read 1\n"
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn colour_changes_nothing_but_the_colour() {
        let plain = Markup { width: 50, colour: false }.render(&sheet());
        let coloured = Markup { width: 50, colour: true }.render(&sheet());
        assert_ne!(plain, coloured);
        let stripped: String = coloured
            .split("\x1b[")
            .enumerate()
            .map(|(n, part)| match part.split_once('m') {
                Some((_, rest)) if n > 0 => rest,
                _ => part,
            })
            .collect();
        assert_eq!(stripped, plain);
    }

    #[test]
    fn a_document_cannot_steer_the_terminal() {
        assert_eq!(wrap("a\x1b[2Jb\x07c", 80), ["a [2Jb c"]);
    }

    #[test]
    fn long_words_and_wide_characters_are_broken_at_the_width() {
        assert_eq!(wrap("abcdefgh", 5), ["abcde", "fgh"]);
        assert_eq!(wrap("東京都東京都", 5), ["東京", "都東", "京都"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }
}
