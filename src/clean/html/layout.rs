//! What a laid-out page is: runs of text in reading order, each under its chain of containers.
//!
//! A container is a block-level element; inline elements leave only counts (letters in links, in bold).

use super::hints::Hints;
use super::tag::Tag;
use crate::article::BlockKind;

/// Elements that a block may stand in, one bit each.
pub(super) mod within {
    use super::Tag;

    pub const ARTICLE: u32 = 1;
    pub const MAIN: u32 = 1 << 1;
    pub const ASIDE: u32 = 1 << 2;
    pub const NAV: u32 = 1 << 3;
    pub const HEADER: u32 = 1 << 4;
    pub const FOOTER: u32 = 1 << 5;
    pub const FORM: u32 = 1 << 6;
    pub const FIGURE: u32 = 1 << 7;
    pub const FIGCAPTION: u32 = 1 << 8;
    pub const TABLE: u32 = 1 << 9;
    pub const LIST: u32 = 1 << 10;
    pub const ITEM: u32 = 1 << 11;
    pub const QUOTE: u32 = 1 << 12;
    pub const PRE: u32 = 1 << 13;
    pub const ADDRESS: u32 = 1 << 14;
    pub const BUTTON: u32 = 1 << 15;
    pub const LABEL: u32 = 1 << 16;
    pub const DETAILS: u32 = 1 << 17;
    pub const DIALOG: u32 = 1 << 18;
    pub const DEFINITION: u32 = 1 << 19;
    pub const HIDDEN: u32 = 1 << 20;
    pub const ITEM_BODY: u32 = 1 << 21;
    pub const SECTION: u32 = 1 << 22;
    pub const COUNT: usize = 23;
    pub const NAMES: [&str; COUNT] = [
        "article",
        "main",
        "aside",
        "nav",
        "header",
        "footer",
        "form",
        "figure",
        "figcaption",
        "table",
        "list",
        "item",
        "quote",
        "pre",
        "address",
        "button",
        "label",
        "details",
        "dialog",
        "definition",
        "hidden",
        "item_body",
        "section",
    ];

    /// What an element puts its blocks in by its name alone.
    pub fn of(tag: Tag) -> u32 {
        match tag {
            Tag::Article => ARTICLE,
            Tag::Main => MAIN,
            Tag::Aside => ASIDE,
            Tag::Nav | Tag::Menu => NAV,
            Tag::Header => HEADER,
            Tag::Footer => FOOTER,
            Tag::Form | Tag::Fieldset => FORM,
            Tag::Figure => FIGURE,
            Tag::Figcaption | Tag::Caption => FIGCAPTION,
            Tag::Table => TABLE,
            Tag::Ul | Tag::Ol => LIST,
            Tag::Li => ITEM,
            Tag::Blockquote => QUOTE,
            Tag::Pre => PRE,
            Tag::Address => ADDRESS,
            Tag::Button => BUTTON,
            Tag::Label => LABEL,
            Tag::Details | Tag::Summary => DETAILS,
            Tag::Dialog => DIALOG,
            Tag::Dl | Tag::Dt | Tag::Dd => DEFINITION,
            Tag::Section => SECTION,
            _ => 0,
        }
    }
}

/// A block-level element.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub parent: u32,
    pub tag: Tag,
    /// What its own class and id say.
    pub hints: Hints,
    /// What its own and all its ancestors' say.
    pub hints_above: Hints,
    pub within: u32,
    pub depth: u16,
    /// Hash of its tag, class and the two tags above: elements that a template printed alike share it.
    pub signature: u64,
    /// Its blocks: `first..end` in document order.
    pub first: u32,
    pub end: u32,
    pub images: u32,
}

/// A run of text as laid out.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    pub container: u32,
    pub text: String,
    /// Letters and digits, all and those in links, in bold and in italics.
    pub letters: u32,
    pub link_letters: u32,
    pub bold_letters: u32,
    pub italic_letters: u32,
    pub links: u16,
    pub words: u32,
    pub is_row: bool,
    pub has_time: bool,
    /// Hints of inline elements inside it.
    pub inline_hints: Hints,
}

impl Run {
    /// Whether all but a tenth of its letters lead elsewhere.
    pub fn is_linked(&self) -> bool {
        self.link_letters * 10 > self.letters * 9
    }
}

/// A page laid out.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub containers: Vec<Container>,
    pub runs: Vec<Run>,
    /// Text that the page holds and does not show, as [`Layout::note_unseen`] puts it down.
    pub unseen: Vec<Unseen>,
    /// What lies past a bound, where the page has more than may be read.
    pub past: Option<Past>,
}

/// Text that the page holds and does not show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unseen {
    /// The run that it stands in or before.
    pub run: u32,
    pub text: String,
}

/// Where a page was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Past {
    pub why: String,
    /// The first words of what follows.
    pub text: String,
}

/// Bytes kept of what a page does not show in one place, and of what lies past a bound.
pub(super) const MAX_UNSEEN_BYTES: usize = 400;

impl Layout {
    /// Puts down a piece of text that is not shown here.
    pub fn note_unseen(&mut self, piece: &str) {
        let run = self.runs.len() as u32;
        match self.unseen.last_mut() {
            Some(last) if last.run == run => append_words(&mut last.text, piece),
            _ => {
                let mut text = String::new();
                append_words(&mut text, piece);
                if !text.is_empty() {
                    self.unseen.push(Unseen { run, text });
                }
            }
        }
    }

    pub fn container(&self, run: &Run) -> &Container {
        &self.containers[run.container as usize]
    }

    /// What kind of block a run is, by the nearest element that says so.
    pub fn kind(&self, run: &Run) -> BlockKind {
        if run.is_row {
            return BlockKind::TableRow;
        }
        let container = self.container(run);
        match container.tag {
            Tag::H(level) => BlockKind::Heading(level),
            Tag::Pre => BlockKind::Preformatted,
            Tag::Figcaption | Tag::Caption => BlockKind::Caption,
            _ if container.within & within::FIGCAPTION != 0 => BlockKind::Caption,
            _ if container.within & within::PRE != 0 => BlockKind::Preformatted,
            _ if container.within & within::QUOTE != 0 => BlockKind::Quote,
            Tag::Li | Tag::Dt | Tag::Dd => BlockKind::ListItem,
            _ if container.within & within::ITEM != 0 => BlockKind::ListItem,
            _ => BlockKind::Paragraph,
        }
    }
}

/// Adds the words of a piece, as many as there is room for in [`MAX_UNSEEN_BYTES`].
pub(super) fn append_words(text: &mut String, piece: &str) {
    for word in piece.split_whitespace() {
        if text.len() + 1 + word.len() > MAX_UNSEEN_BYTES {
            return;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
}

/// Words of a text; scripts without spaces count two characters as one.
pub(super) fn word_count(text: &str) -> u32 {
    if text.is_ascii() {
        // A word begins where no space stands and one stood before.
        let is_space = |byte: u8| (byte == b' ') | ((byte.wrapping_sub(b'\t') < 5) & (byte != 0x0b));
        let begins = |(before, byte): (&u8, &u8)| u8::from(is_space(*before) & !is_space(*byte));
        let bytes = text.as_bytes();
        let first = bytes.first().map_or(0, |byte| u32::from(begins((&b' ', byte))));
        // Counted in bytes as far as these hold it, for as many at a time as the processor can.
        let chunks = bytes.chunks(255).zip(bytes.get(1..).unwrap_or_default().chunks(255));
        let in_chunk = |(before, after): (&[u8], &[u8])| u32::from(before.iter().zip(after).map(begins).sum::<u8>());
        return first + chunks.map(in_chunk).sum::<u32>();
    }
    let mut words = 0;
    let mut dense = 0;
    let mut inside = false;
    for c in text.chars() {
        if matches!(c, '\u{0e00}'..='\u{0e7f}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        {
            dense += 1;
            inside = false;
        } else if c.is_whitespace() {
            inside = false;
        } else if !inside {
            inside = true;
            words += 1;
        }
    }
    words + dense / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        // Longer than what is counted in one byte.
        #[test]
        fn words_of_ascii_are_what_stands_between_blanks(text in "[a-z \\t\\n.]{0,600}") {
            prop_assert_eq!(word_count(&text), text.split_ascii_whitespace().count() as u32);
        }
    }
}
