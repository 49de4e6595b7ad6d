//! Tree → blocks in reading order, each under its chain of containers, in one walk.
//!
//! A container is a block-level element; inline elements leave only counts (letters in links, in bold). Nothing is judged
//! here, only what is never shown as text is left out.

use super::hints::{self, Hints};
use super::tag::Tag;
use super::tree::{Data, NONE, NodeId, Tree};
use crate::article::BlockKind;

/// Elements that a block may stand in, one bit each.
pub(super) mod within {
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
}

/// A block-level element.
#[derive(Clone, Debug)]
pub(super) struct Container {
    pub parent: u32,
    pub node: NodeId,
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

/// A page laid out.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub containers: Vec<Container>,
    pub runs: Vec<Run>,
}

impl Layout {
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

/// Lays a page out.
///
/// At most `max_blocks` blocks are made; what follows is not read.
pub(super) fn layout(tree: &Tree, max_blocks: usize) -> Layout {
    let mut walk = Walk::new(tree, max_blocks);
    let mut at = Tree::ROOT;
    loop {
        let entered = walk.enter(at);
        if entered && tree.node(at).first_child != NONE {
            at = tree.node(at).first_child;
            continue;
        }
        if entered {
            walk.leave(at);
        }
        loop {
            if at == Tree::ROOT {
                walk.flush();
                return walk.layout;
            }
            if tree.node(at).next != NONE {
                at = tree.node(at).next;
                break;
            }
            at = tree.node(at).parent;
            walk.leave(at);
        }
    }
}

struct Walk<'t> {
    tree: &'t Tree,
    layout: Layout,
    max_blocks: usize,
    /// The containers that are open, innermost last.
    open: Vec<u32>,
    run: Run,
    /// A space stands before the next letter.
    space: bool,
    breaks: u8,
    links: u16,
    bold: u16,
    italic: u16,
    /// Inside a row of plain cells, whose paragraphs do not break it.
    in_row: u16,
    after_link: bool,
}

impl<'t> Walk<'t> {
    fn new(tree: &'t Tree, max_blocks: usize) -> Self {
        Self {
            tree,
            layout: Layout::default(),
            max_blocks,
            open: Vec::new(),
            run: Run::default(),
            space: false,
            breaks: 0,
            links: 0,
            bold: 0,
            italic: 0,
            in_row: 0,
            after_link: false,
        }
    }

    /// Whether the node's children are to be walked; if not, it is not left either.
    fn enter(&mut self, id: NodeId) -> bool {
        let (tag, is_element) = match &self.tree.node(id).data {
            Data::Document => (Tag::Html, true),
            Data::Element { tag, .. } => (*tag, true),
            Data::Text(..) => {
                self.text(self.tree.text(id));
                return false;
            }
            Data::Ignored => return false,
        };
        if tag.is_raw() || matches!(tag, Tag::Head | Tag::Title | Tag::Meta | Tag::Link | Tag::Base) {
            return false;
        }
        debug_assert!(is_element);
        match tag {
            Tag::Br => self.breaks = self.breaks.saturating_add(1),
            Tag::Hr => self.flush(),
            Tag::Img | Tag::Picture => {
                if let Some(&top) = self.open.last() {
                    self.layout.containers[top as usize].images += 1;
                }
            }
            Tag::A => {
                if self.after_link {
                    self.space = true;
                }
                self.links += 1;
                self.run.links = self.run.links.saturating_add(1);
            }
            Tag::Strong => self.bold += 1,
            Tag::Em => self.italic += 1,
            Tag::Time => self.run.has_time = true,
            Tag::Tr if self.in_row > 0 || self.is_plain_row(id) => {
                if self.in_row == 0 {
                    self.flush();
                    self.open_container(id, tag);
                }
                self.in_row += 1;
                return true;
            }
            Tag::Td | Tag::Th => {
                if self.in_row == 0 {
                    self.flush();
                    self.open_container(id, tag);
                } else if !self.run.text.is_empty() {
                    self.run.text.push_str(" | ");
                    self.space = false;
                }
                return true;
            }
            Tag::Span | Tag::Other => {
                if let Some(class) = self.tree.attribute(id, "class") {
                    self.run.inline_hints |= hints::hints_of(class);
                }
                // A box that the site's own element name or a script draws.
                if self.is_hidden(id) {
                    return false;
                }
            }
            _ => {}
        }
        if tag.is_block() && !(self.in_row > 0 && matches!(tag, Tag::P | Tag::Div)) {
            self.flush();
            self.open_container(id, tag);
        }
        true
    }

    fn leave(&mut self, id: NodeId) {
        let tag = match &self.tree.node(id).data {
            Data::Document => Tag::Html,
            Data::Element { tag, .. } => *tag,
            _ => return,
        };
        match tag {
            Tag::A => {
                self.links = self.links.saturating_sub(1);
                self.after_link = true;
            }
            Tag::Strong => self.bold = self.bold.saturating_sub(1),
            Tag::Em => self.italic = self.italic.saturating_sub(1),
            Tag::Tr if self.in_row > 0 => {
                self.in_row -= 1;
                if self.in_row == 0 {
                    self.run.is_row = true;
                    self.flush();
                    self.close_container();
                }
                return;
            }
            Tag::Td | Tag::Th => {
                if self.in_row == 0 {
                    self.flush();
                    self.close_container();
                }
                return;
            }
            _ => {}
        }
        if tag.is_block() {
            if self.in_row > 0 && matches!(tag, Tag::P | Tag::Div) {
                self.space = true;
            } else {
                self.flush();
                self.close_container();
            }
        }
    }

    fn open_container(&mut self, id: NodeId, tag: Tag) {
        use std::hash::{Hash, Hasher};
        let parent = self.open.last().copied().unwrap_or(NONE);
        let (class, name) = (self.tree.attribute(id, "class"), self.tree.attribute(id, "id"));
        let mut hints = class.map_or(0, hints::hints_of) | name.map_or(0, hints::hints_of);
        for name in ["data-testid", "data-component", "data-module", "data-type"] {
            if let Some(value) = self.tree.attribute(id, name) {
                hints |= hints::hints_of(value);
            }
        }
        let above = (parent != NONE).then(|| &self.layout.containers[parent as usize]);
        let mut within = above.map_or(0, |above| above.within) | bits(tag);
        match self.tree.attribute(id, "role") {
            Some("navigation") => within |= within::NAV,
            Some("complementary") => within |= within::ASIDE,
            Some("dialog" | "alertdialog") => within |= within::DIALOG,
            Some("main") => within |= within::MAIN,
            Some("button") => within |= within::BUTTON,
            Some("article") => within |= within::ARTICLE,
            Some("contentinfo") => within |= within::FOOTER,
            Some("search" | "form") => within |= within::FORM,
            _ => {}
        }
        if self.tree.attribute(id, "itemprop").is_some_and(|prop| prop.contains("articleBody")) {
            within |= within::ITEM_BODY;
        }
        if self.is_hidden(id) {
            within |= within::HIDDEN;
        }
        let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
        (tag, class).hash(&mut hasher);
        let tag_of = |at: u32| (at != NONE).then(|| self.layout.containers[at as usize].tag);
        let grand = above.map_or(NONE, |above| above.parent);
        (tag_of(parent), tag_of(grand)).hash(&mut hasher);
        let first = self.layout.runs.len() as u32;
        let container = Container {
            parent,
            node: id,
            tag,
            hints,
            hints_above: above.map_or(0, |above| above.hints_above) | hints,
            within,
            depth: above.map_or(0, |above| above.depth + 1),
            signature: hasher.finish(),
            first,
            end: first,
            images: 0,
        };
        self.open.push(self.layout.containers.len() as u32);
        self.layout.containers.push(container);
    }

    fn close_container(&mut self) {
        if let Some(top) = self.open.pop() {
            self.layout.containers[top as usize].end = self.layout.runs.len() as u32;
        }
    }

    fn is_hidden(&self, id: NodeId) -> bool {
        if self.tree.attributes(id).is_empty() {
            return false;
        }
        self.tree.attribute(id, "hidden").is_some_and(|value| value != "until-found")
            || self.tree.attribute(id, "aria-hidden") == Some("true")
            || self.tree.attribute(id, "style").is_some_and(|style| {
                let plain: String = style.chars().filter(|c| !c.is_whitespace()).collect();
                plain.contains("display:none") || plain.contains("visibility:hidden")
            })
    }

    /// A row of at least two cells, none of which holds more than one paragraph: data, not layout.
    fn is_plain_row(&self, row: NodeId) -> bool {
        let children = |id: NodeId| {
            let first = self.tree.node(id).first_child;
            std::iter::successors((first != NONE).then_some(first), |&at| {
                let next = self.tree.node(at).next;
                (next != NONE).then_some(next)
            })
        };
        let mut cells = 0;
        for cell in children(row) {
            if !matches!(self.tree.tag(cell), Tag::Td | Tag::Th) {
                continue;
            }
            cells += 1;
            let mut paragraphs = 0;
            for child in children(cell) {
                match self.tree.tag(child) {
                    Tag::P | Tag::Div => paragraphs += 1,
                    tag if tag.is_block() => return false,
                    _ => continue,
                }
                if paragraphs > 1
                    || children(child).any(|inner| self.tree.tag(inner).is_block() || self.tree.tag(inner) == Tag::Td)
                {
                    return false;
                }
            }
        }
        cells >= 2
    }

    fn text(&mut self, text: &str) {
        let pre = self.open.last().is_some_and(|&top| self.layout.containers[top as usize].within & within::PRE != 0);
        if pre {
            self.take_breaks();
            self.run.text.push_str(text);
            self.run.letters += text.chars().filter(|c| c.is_alphanumeric()).count() as u32;
            return;
        }
        let mut letters = 0;
        for (i, piece) in text.split(|c: char| c.is_whitespace()).enumerate() {
            if i > 0 {
                self.space = true;
            }
            if piece.is_empty() {
                continue;
            }
            self.take_breaks();
            if self.space && !self.run.text.is_empty() && !self.run.text.ends_with('\n') {
                self.run.text.push(' ');
            }
            self.space = false;
            self.run.text.push_str(piece);
            letters += if piece.is_ascii() {
                piece.bytes().filter(u8::is_ascii_alphanumeric).count() as u32
            } else {
                piece.chars().filter(|c| c.is_alphanumeric()).count() as u32
            };
            self.after_link = false;
        }
        self.run.letters += letters;
        if self.links > 0 {
            self.run.link_letters += letters;
        }
        if self.bold > 0 {
            self.run.bold_letters += letters;
        }
        if self.italic > 0 {
            self.run.italic_letters += letters;
        }
    }

    /// One line break stays in the block, two end it, as a reader sees them.
    fn take_breaks(&mut self) {
        match self.breaks {
            0 => {}
            1 if self.in_row == 0 => {
                if !self.run.text.is_empty() {
                    self.run.text.push('\n');
                }
            }
            _ if self.in_row == 0 => self.flush(),
            _ => self.space = true,
        }
        self.breaks = 0;
    }

    fn flush(&mut self) {
        self.breaks = 0;
        self.space = false;
        self.after_link = false;
        let mut run = std::mem::take(&mut self.run);
        if run.letters == 0 && !run.text.chars().any(|c| c.is_alphanumeric()) {
            return;
        }
        let Some(&container) = self.open.last() else { return };
        if self.layout.runs.len() >= self.max_blocks {
            return;
        }
        let kept = run.text.trim_end().len();
        run.text.truncate(kept);
        run.container = container;
        run.words = word_count(&run.text);
        self.layout.runs.push(run);
    }
}

/// Words of a text; scripts without spaces count two characters as one.
pub(super) fn word_count(text: &str) -> u32 {
    if text.is_ascii() {
        return text.split_ascii_whitespace().count() as u32;
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

fn bits(tag: Tag) -> u32 {
    match tag {
        Tag::Article => within::ARTICLE,
        Tag::Main => within::MAIN,
        Tag::Aside => within::ASIDE,
        Tag::Nav | Tag::Menu => within::NAV,
        Tag::Header => within::HEADER,
        Tag::Footer => within::FOOTER,
        Tag::Form | Tag::Fieldset => within::FORM,
        Tag::Figure => within::FIGURE,
        Tag::Figcaption | Tag::Caption => within::FIGCAPTION,
        Tag::Table => within::TABLE,
        Tag::Ul | Tag::Ol => within::LIST,
        Tag::Li => within::ITEM,
        Tag::Blockquote => within::QUOTE,
        Tag::Pre => within::PRE,
        Tag::Address => within::ADDRESS,
        Tag::Button => within::BUTTON,
        Tag::Label => within::LABEL,
        Tag::Details | Tag::Summary => within::DETAILS,
        Tag::Dialog => within::DIALOG,
        Tag::Dl | Tag::Dt | Tag::Dd => within::DEFINITION,
        Tag::Section => within::SECTION,
        _ => 0,
    }
}
