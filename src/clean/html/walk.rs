//! Tree → layout in one walk, without recursion.
//!
//! Nothing is judged here; only what is never shown as text is left out.

mod text;

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use html5ever::tendril::StrTendril;
use html5ever::{LocalName, local_name};

use super::hints;
use super::layout::{Container, Layout, Run, within};
use super::link_gap::LinkGap;
use super::tag::Tag;
use super::tree::{Data, NONE, NodeId, Tree};

/// Lays a page out.
///
/// At most `max_blocks` blocks are made; what follows is not read, and [`Layout::past`] tells where it begins.
pub(super) fn layout(tree: &Tree, max_blocks: usize) -> Layout {
    let mut walk = Walk::new(tree, max_blocks);
    walk.layout.past.clone_from(&tree.past);
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
    /// More blocks were there.
    over: bool,
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
    /// Whether a link has ended since the last letter, and where it leads.
    after_link: Option<&'t str>,
    link_gap: Option<LinkGap>,
    /// The inline elements that are open and that a style draws as blocks, innermost last.
    drawn: Vec<NodeId>,
    /// In preformatted text an element has begun or ended that stands on lines of its own.
    line: bool,
    /// Hints of the classes seen so far; only looked up, never walked through.
    known: HashMap<&'t str, hints::Hints>,
}

impl<'t> Walk<'t> {
    fn new(tree: &'t Tree, max_blocks: usize) -> Self {
        Self {
            tree,
            layout: Layout::default(),
            max_blocks,
            over: false,
            open: Vec::new(),
            run: Run::default(),
            space: false,
            breaks: 0,
            links: 0,
            bold: 0,
            italic: 0,
            in_row: 0,
            after_link: None,
            link_gap: None,
            drawn: Vec::new(),
            line: false,
            known: HashMap::new(),
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
        if self.may_hide_inline(tag) && self.is_hidden(id) {
            self.note_unseen(id);
            return false;
        }
        match tag {
            Tag::Br => self.breaks = self.breaks.saturating_add(1),
            Tag::Hr => self.flush(),
            Tag::Img | Tag::Picture => {
                if let Some(&top) = self.open.last() {
                    self.layout.containers[top as usize].images += 1;
                }
            }
            Tag::A => {
                if let Some(before) = self.after_link {
                    self.link_gap = Some(LinkGap::between(before, self.tree.attribute(id, "href")));
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
                    self.after_link = None;
                    self.link_gap = None;
                }
                return true;
            }
            Tag::Span | Tag::Other => {
                if let Some(class) = self.tree.attribute(id, "class") {
                    self.run.inline_hints |= self.hints_of(class);
                }
                if self.is_drawn_as_block(id) {
                    self.flush();
                    self.drawn.push(id);
                }
            }
            _ => {}
        }
        if self.is_line(tag) {
            self.line = true;
        } else if tag.is_block() && !(self.in_row > 0 && matches!(tag, Tag::P | Tag::Div)) {
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
                self.after_link = Some(self.tree.attribute(id, "href").unwrap_or_default());
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
        if self.drawn.last() == Some(&id) {
            self.drawn.pop();
            self.flush();
        }
        if self.is_line(tag) {
            self.line = true;
        } else if tag.is_block() {
            if self.in_row > 0 && matches!(tag, Tag::P | Tag::Div) {
                self.space = true;
            } else {
                self.flush();
                self.close_container();
            }
        }
    }

    fn open_container(&mut self, id: NodeId, tag: Tag) {
        let parent = self.open.last().copied().unwrap_or(NONE);
        let (class, name) = (self.tree.attribute(id, "class"), self.tree.attribute(id, "id"));
        let mut hints = class.map_or(0, |class| self.hints_of(class)) | name.map_or(0, hints::hints_of);
        if matches!(tag, Tag::Html | Tag::Body) {
            // Themes list every feature of the page there.
            hints = 0;
        }
        for (name, value) in self.tree.attributes(id) {
            if name.starts_with("data-") {
                hints |= hints::hints_of(value);
            }
        }
        let above = (parent != NONE).then(|| &self.layout.containers[parent as usize]);
        let mut within = above.map_or(0, |above| above.within) | within::of(tag);
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
        let tag_of = |at: u32| if at == NONE { Tag::Other } else { self.layout.containers[at as usize].tag };
        let grand = above.map_or(NONE, |above| above.parent);
        let mut hasher = std::hash::DefaultHasher::new();
        (tag, tag_of(parent), tag_of(grand), class).hash(&mut hasher);
        let signature = hasher.finish();
        let first = self.layout.runs.len() as u32;
        let container = Container {
            parent,
            tag,
            hints,
            hints_above: above.map_or(0, |above| above.hints_above) | hints,
            within,
            depth: above.map_or(0, |above| above.depth + 1),
            signature,
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

    /// Whether an element is left out where it is hidden; a hidden block is judged, because folded answers are such.
    fn may_hide_inline(&self, tag: Tag) -> bool {
        match tag {
            Tag::Img | Tag::Picture | Tag::Br => false,
            Tag::Td | Tag::Th => self.in_row > 0,
            _ => !tag.is_block(),
        }
    }

    fn is_hidden(&self, id: NodeId) -> bool {
        self.tree.attributes(id).iter().any(|(name, value)| match *name {
            local_name!("hidden") => &**value != "until-found",
            local_name!("aria-hidden") => &**value == "true",
            local_name!("style") => styles(value, &["display:none", "visibility:hidden"]),
            _ => false,
        })
    }

    /// Whether a style makes a block of an inline element; in a heading, a link and a row its text stays one line.
    fn is_drawn_as_block(&self, id: NodeId) -> bool {
        let is_block = |(name, value): &(LocalName, StrTendril)| {
            *name == local_name!("style") && styles(value, &["display:block"])
        };
        let in_heading = |&top: &u32| matches!(self.layout.containers[top as usize].tag, Tag::H(_));
        self.links == 0
            && self.in_row == 0
            && self.tree.attributes(id).iter().any(is_block)
            && !self.open.last().is_some_and(in_heading)
    }

    /// Whether an element is a line of preformatted text, and no block of its own.
    fn is_line(&self, tag: Tag) -> bool {
        matches!(tag, Tag::Div | Tag::P | Tag::Ol | Tag::Ul | Tag::Li) && self.in_pre()
    }

    fn in_pre(&self) -> bool {
        self.open.last().is_some_and(|&top| self.layout.containers[top as usize].within & within::PRE != 0)
    }

    fn note_unseen(&mut self, id: NodeId) {
        let mut at = id;
        while let Some(next) = self.tree.following(at, id) {
            at = next;
            if let Data::Text(..) = self.tree.node(at).data {
                self.layout.note_unseen(self.tree.text(at));
            }
        }
    }

    /// A page writes the same few hundred classes over and over.
    fn hints_of(&mut self, class: &'t str) -> hints::Hints {
        *self.known.entry(class).or_insert_with(|| hints::hints_of(class))
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
}

/// Whether a style says one of the things, written without blanks.
fn styles(style: &str, says: &[&str]) -> bool {
    let plain: String = style.chars().filter(|c| !c.is_whitespace()).collect();
    says.iter().any(|says| plain.contains(says))
}
