//! Markdown → lines: many scrapers write it, and none of its signs belongs to an article.
//!
//! Parsed as CommonMark with tables and front matter by `pulldown-cmark`. What a reader of the rendered page would see
//! becomes blocks; the alternative texts of pictures and the front matter are removals, addresses of links are left out.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::article::{Block, BlockKind, Class, Given, Removal};
use crate::clean::normalize;

/// Characters from which a line that ends without a blank line was wrapped: a shorter one is a line of its own, such as a
/// byline over a date.
const WRAPPED_CHARS: usize = 50;

/// Whether a file's name says that it holds Markdown, packed or not.
pub fn is_named(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let path = path.strip_suffix(".gz").or_else(|| path.strip_suffix(".zst")).unwrap_or(&path);
    path.ends_with(".md")
}

/// What a Markdown text holds.
#[derive(Default)]
pub struct Markdown {
    pub blocks: Vec<Block>,
    pub removed: Vec<Removal>,
    /// The one heading of the first level.
    pub title: Option<String>,
    /// What the front matter says of the article.
    pub front: Given,
}

impl Markdown {
    /// Reads a text; anything is Markdown, so this cannot fail.
    pub fn read(content: &str) -> Self {
        let mut reader = Reader::new(content);
        let options =
            Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
        for (event, range) in Parser::new_ext(content, options).into_offset_iter() {
            reader.read(event, range);
        }
        reader.flush();
        let mut found = reader.found;
        let mut titles = found.blocks.iter().filter(|block| block.kind == BlockKind::Heading(1));
        found.title = titles.next().filter(|_| titles.next().is_none()).map(|block| block.text.clone());
        found
    }
}

/// Puts events together to blocks.
struct Reader<'c> {
    content: &'c str,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    found: Markdown,
    /// The kinds of the blocks that are open.
    kinds: Vec<BlockKind>,
    text: String,
    /// Where the text at hand began, and where its last line did, in bytes of `text`.
    start: usize,
    line: usize,
    /// Alternative texts of the pictures that are open.
    pictures: Vec<String>,
    in_front: bool,
}

impl<'c> Reader<'c> {
    fn new(content: &'c str) -> Self {
        let starts = |(_, line): (u32, &str)| line.as_ptr() as usize - content.as_ptr() as usize;
        Self {
            content,
            lines: normalize::lines(content).map(starts).collect(),
            found: Markdown::default(),
            kinds: Vec::new(),
            text: String::new(),
            start: 0,
            line: 0,
            pictures: Vec::new(),
            in_front: false,
        }
    }

    fn read(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.open(&tag, range),
            Event::End(tag) => self.close(tag, range),
            Event::Text(text) if self.in_front => self.read_front(&text),
            Event::Text(text) | Event::Code(text) => self.push(&text, range.start),
            Event::SoftBreak if self.text[self.line..].chars().count() >= WRAPPED_CHARS => {
                self.push(" ", range.start);
                self.line = self.text.len();
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule => self.flush(),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.flush(),
            Event::Html(markup) => self.push(&shown(&markup), range.start),
            _ => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let kind = match tag {
            Tag::Heading { level, .. } => BlockKind::Heading(*level as u8 - HeadingLevel::H1 as u8 + 1),
            Tag::Item => BlockKind::ListItem,
            Tag::BlockQuote(_) => BlockKind::Quote,
            Tag::CodeBlock(_) => BlockKind::Preformatted,
            Tag::TableHead | Tag::TableRow => BlockKind::TableRow,
            Tag::Paragraph | Tag::HtmlBlock => return self.flush(),
            Tag::TableCell if !self.text.is_empty() => return self.push(" | ", range.start),
            Tag::Image { .. } => return self.pictures.push(String::new()),
            Tag::MetadataBlock(_) => {
                self.in_front = true;
                return;
            }
            _ => return,
        };
        self.flush();
        self.kinds.push(kind);
    }

    fn close(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(_)
            | TagEnd::Item
            | TagEnd::BlockQuote(_)
            | TagEnd::CodeBlock
            | TagEnd::TableHead
            | TagEnd::TableRow => {
                self.flush();
                self.kinds.pop();
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.flush(),
            TagEnd::Image => {
                let text = self.pictures.pop().unwrap_or_default();
                self.remove(Class::Caption, "markdown.image", "the alternative text of a picture", &text, range.start);
            }
            TagEnd::MetadataBlock(_) => {
                self.in_front = false;
                let text = self.content[range.clone()].to_owned();
                self.remove(
                    Class::Artefact,
                    "markdown.front_matter",
                    "fields of the file, not text",
                    &text,
                    range.start,
                );
            }
            _ => {}
        }
    }

    fn push(&mut self, text: &str, at: usize) {
        if let Some(picture) = self.pictures.last_mut() {
            picture.push_str(text);
            return;
        }
        if self.text.is_empty() {
            self.start = at;
        }
        self.text.push_str(text);
    }

    fn flush(&mut self) {
        let raw = std::mem::take(&mut self.text);
        self.line = 0;
        let kind = self.kinds.last().cloned().unwrap_or(BlockKind::Paragraph);
        let text = match kind {
            BlockKind::Preformatted => normalize::composed(raw.trim_end().to_owned()),
            _ => normalize::line(&raw).into_owned(),
        };
        if !text.is_empty() {
            self.found.blocks.push(Block { line: self.line_of(self.start), kind, text });
        }
    }

    fn remove(&mut self, class: Class, rule: &str, why: &str, text: &str, at: usize) {
        let text = text.trim();
        if !text.is_empty() {
            let line = self.line_of(at);
            let (rule, why, text) = (rule.to_owned(), why.to_owned(), text.to_owned());
            self.found.removed.push(Removal { class, rule, why, line, text });
        }
    }

    fn line_of(&self, at: usize) -> u32 {
        self.lines.partition_point(|&start| start <= at).max(1) as u32
    }

    /// Reads the `key: value` lines of the front matter; the first of a key's names that is there counts.
    fn read_front(&mut self, text: &str) {
        let front = &mut self.found.front;
        for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let value = value.trim().trim_matches(['"', '\'']).trim();
            let field = match key.trim().to_ascii_lowercase().as_str() {
                "title" | "headline" => &mut front.title,
                "url" | "source" | "canonical" | "canonical_url" => &mut front.url,
                "date" | "date_published" | "published" | "publish_date" => &mut front.date_published,
                "site" | "hostname" => &mut front.site,
                "language" | "lang" => &mut front.language,
                "author" | "authors" | "by" if !value.is_empty() => {
                    front.authors.push(value.to_owned());
                    continue;
                }
                _ => continue,
            };
            if field.is_none() && !value.is_empty() {
                *field = Some(value.to_owned());
            }
        }
    }
}

/// What a line of markup shows: all but its tags.
fn shown(markup: &str) -> String {
    let mut out = String::new();
    let mut rest = markup;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(content: &str) -> Vec<String> {
        Markdown::read(content).blocks.into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn signs_and_addresses_are_left_out_and_every_block_has_its_line() {
        let content = "# Ferry kept\n\nBy Ada Keeper\n14 May 2026\n\n![The ferry in ice](ferry.jpg)\n\nThe **island** council voted on Tuesday, as \
                       [the Post](https://post.example) says,\nto keep the ferry.\n\n> A boat is a bridge.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
        let found = Markdown::read(content);
        let blocks: Vec<(u32, &str)> = found.blocks.iter().map(|block| (block.line, block.text.as_str())).collect();
        assert_eq!(
            blocks,
            [
                (1, "Ferry kept"),
                (3, "By Ada Keeper"),
                (4, "14 May 2026"),
                (8, "The island council voted on Tuesday, as the Post says, to keep the ferry."),
                (11, "A boat is a bridge."),
                (13, "one"),
                (14, "two"),
                (16, "a | b"),
                (18, "1 | 2"),
            ]
        );
        assert_eq!(found.title.as_deref(), Some("Ferry kept"));
        let removed: Vec<(u32, &str)> = found.removed.iter().map(|cut| (cut.line, cut.text.as_str())).collect();
        assert_eq!(removed, [(6, "The ferry in ice")]);
    }

    #[test]
    fn front_matter_is_read_and_left_out() {
        let content =
            "---\ntitle: \"Ferry kept\"\nauthor: Ada Keeper\ndate: 2026-05-14\n---\n\n# One\n\nText.\n\n# Two\n";
        let found = Markdown::read(content);
        let given = &found.front;
        assert_eq!(given.title.as_deref(), Some("Ferry kept"));
        assert_eq!(given.authors, ["Ada Keeper"]);
        assert_eq!(given.date_published.as_deref(), Some("2026-05-14"));
        assert_eq!((found.title, found.removed[0].rule.as_str()), (None, "markdown.front_matter"));
    }

    #[test]
    fn markup_within_is_read_as_what_it_shows() {
        assert_eq!(texts("<div>The ferry <b>sails</b></div>\n\nOne<br>two"), ["The ferry sails", "One", "two"]);
        assert_eq!(texts("    let a = 1;\n    let b = 2;\n"), ["let a = 1;\nlet b = 2;"]);
    }

    #[test]
    fn a_files_name_tells() {
        assert!(is_named("news/a.md") && is_named("A.MD.gz") && is_named("a.md.zst"));
        assert!(!is_named("a.txt") && !is_named("a.jsonl#3") && !is_named("amd"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_blocks_are_in_order(content in "([#>*`|_~!\\[\\]()<-]{0,3}[a-zä ]{0,9}(\n|\r\n|\r){0,2}){0,30}") {
            let blocks = Markdown::read(&content).blocks;
            prop_assert!(blocks.windows(2).all(|pair| pair[0].line <= pair[1].line));
            prop_assert!(blocks.iter().all(|block| !block.text.trim().is_empty() && block.line >= 1));
        }
    }
}
