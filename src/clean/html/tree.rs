//! The tree of a page: an arena that keeps what cleaning reads and drops the rest while the parser builds it.
//!
//! `scraper::Html` keeps every attribute and comment of a page and cannot be bounded while it grows; this tree can.

use html5ever::tendril::StrTendril;
use html5ever::{Attribute, LocalName, Namespace, QualName, local_name};

use super::layout::Past;
use super::tag::Tag;

/// Index of a node in its [`Tree`].
pub(super) type NodeId = u32;

/// No node: the end of a chain of siblings, the parent of the document.
pub(super) const NONE: NodeId = u32::MAX;

/// Longest attribute value that is kept, in bytes: data URIs and inline state are no evidence.
const MAX_ATTRIBUTE_BYTES: usize = 2048;

/// What a node is.
#[derive(Debug)]
pub(super) enum Data {
    Document,
    Element {
        tag: Tag,
        name: QualName,
        /// Where its attributes stand in the tree's list.
        attributes: (u32, u16),
    },
    /// A range of bytes of the tree's text.
    Text(u32, u32),
    /// Comments, instructions and what lies in a template.
    Ignored,
}

#[derive(Debug)]
pub(super) struct Node {
    pub parent: NodeId,
    pub first_child: NodeId,
    pub last_child: NodeId,
    pub previous: NodeId,
    pub next: NodeId,
    /// Elements above this one when it was attached.
    pub depth: u16,
    pub data: Data,
}

/// A parsed page.
#[derive(Debug)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
    attributes: Vec<(LocalName, StrTendril)>,
    text: String,
    /// Where the page was cut off, if it was.
    pub past: Option<Past>,
    /// Stands for the name of what is no element; the parser never asks for it.
    no_name: QualName,
}

impl Tree {
    /// The document node; every tree has it.
    pub const ROOT: NodeId = 0;

    /// A tree of nothing but the document.
    pub fn new() -> Self {
        let no_name = QualName::new(None, Namespace::default(), LocalName::default());
        let mut tree = Self { nodes: Vec::new(), attributes: Vec::new(), text: String::new(), past: None, no_name };
        tree.add(Data::Document);
        tree
    }

    /// The parser's name of an element.
    pub fn name(&self, id: NodeId) -> &QualName {
        match &self.node(id).data {
            Data::Element { name, .. } => name,
            _ => &self.no_name,
        }
    }

    /// Adds an element without a place, with those of its attributes that are kept.
    pub fn add_element(&mut self, tag: Tag, name: QualName, attributes: Vec<Attribute>) -> NodeId {
        let start = self.attributes.len();
        self.attributes.extend(
            attributes.into_iter().filter(is_evidence).map(|attribute| (attribute.name.local, attribute.value)),
        );
        let attributes = (start as u32, (self.attributes.len() - start) as u16);
        self.add(Data::Element { tag, name, attributes })
    }

    /// Gives an element those attributes that it does not have yet.
    pub fn add_missing_attributes(&mut self, id: NodeId, attributes: Vec<Attribute>) {
        let missing: Vec<_> = attributes
            .into_iter()
            .filter(|attribute| is_evidence(attribute) && self.attribute(id, &attribute.name.local).is_none())
            .map(|attribute| (attribute.name.local, attribute.value))
            .collect();
        if missing.is_empty() {
            return;
        }
        let mut all = self.attributes(id).to_vec();
        all.extend(missing);
        let start = self.attributes.len() as u32;
        let len = all.len() as u16;
        self.attributes.extend(all);
        if let Data::Element { attributes, .. } = &mut self.nodes[id as usize].data {
            *attributes = (start, len);
        }
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// The tag of an element; `Tag::Other` for what is none.
    pub fn tag(&self, id: NodeId) -> Tag {
        match self.node(id).data {
            Data::Element { tag, .. } => tag,
            _ => Tag::Other,
        }
    }

    /// An attribute of an element, of those that are kept.
    pub fn attribute(&self, id: NodeId, name: &str) -> Option<&str> {
        self.attributes(id).iter().find(|(known, _)| &**known == name).map(|(_, value)| &**value)
    }

    pub fn attributes(&self, id: NodeId) -> &[(LocalName, StrTendril)] {
        match self.node(id).data {
            Data::Element { attributes: (start, len), .. } => {
                &self.attributes[start as usize..start as usize + len as usize]
            }
            _ => &[],
        }
    }

    /// The characters of a text node; empty for any other.
    pub fn text(&self, id: NodeId) -> &str {
        match self.node(id).data {
            Data::Text(start, end) => &self.text[start as usize..end as usize],
            _ => "",
        }
    }

    /// All text below a node, at most `max_bytes` of it.
    pub fn text_below(&self, id: NodeId, max_bytes: usize) -> String {
        let mut text = String::new();
        let mut at = id;
        loop {
            text.push_str(self.text(at));
            if text.len() > max_bytes {
                break;
            }
            match self.following(at, id) {
                Some(next) => at = next,
                None => break,
            }
        }
        text
    }

    /// The next node in document order below `top`, without recursion.
    pub fn following(&self, at: NodeId, top: NodeId) -> Option<NodeId> {
        if self.node(at).first_child != NONE {
            return Some(self.node(at).first_child);
        }
        self.after(at, top)
    }

    /// The next node in document order below `top` that is not inside `at`.
    pub fn after(&self, mut at: NodeId, top: NodeId) -> Option<NodeId> {
        while at != top && at != NONE {
            if self.node(at).next != NONE {
                return Some(self.node(at).next);
            }
            at = self.node(at).parent;
        }
        None
    }

    pub fn add(&mut self, data: Data) -> NodeId {
        let id = NodeId::try_from(self.nodes.len()).expect("the parser stops long before four billion nodes");
        self.nodes.push(Node {
            parent: NONE,
            first_child: NONE,
            last_child: NONE,
            previous: NONE,
            next: NONE,
            depth: 0,
            data,
        });
        id
    }

    pub fn detach(&mut self, id: NodeId) {
        let Node { parent, previous, next, .. } = self.nodes[id as usize];
        match previous {
            NONE if parent != NONE => self.nodes[parent as usize].first_child = next,
            NONE => {}
            before => self.nodes[before as usize].next = next,
        }
        match next {
            NONE if parent != NONE => self.nodes[parent as usize].last_child = previous,
            NONE => {}
            behind => self.nodes[behind as usize].previous = previous,
        }
        let node = &mut self.nodes[id as usize];
        (node.parent, node.previous, node.next) = (NONE, NONE, NONE);
    }

    /// Puts a detached node under `parent`, before `next` or at the end.
    pub fn attach(&mut self, id: NodeId, parent: NodeId, next: NodeId) {
        let previous =
            if next == NONE { self.nodes[parent as usize].last_child } else { self.nodes[next as usize].previous };
        let depth = self.nodes[parent as usize].depth.saturating_add(1);
        let node = &mut self.nodes[id as usize];
        (node.parent, node.previous, node.next, node.depth) = (parent, previous, next, depth);
        match previous {
            NONE => self.nodes[parent as usize].first_child = id,
            before => self.nodes[before as usize].next = id,
        }
        match next {
            NONE => self.nodes[parent as usize].last_child = id,
            behind => self.nodes[behind as usize].previous = id,
        }
    }

    /// Text is stored once; a node that ends where the store ends simply grows.
    pub fn attach_text(&mut self, text: &str, parent: NodeId, next: NodeId) {
        let keep = match &self.nodes[parent as usize].data {
            Data::Element { tag, .. } => !tag.is_raw(),
            Data::Document => true,
            Data::Text(..) | Data::Ignored => false,
        };
        if !keep {
            return;
        }
        let previous =
            if next == NONE { self.nodes[parent as usize].last_child } else { self.nodes[next as usize].previous };
        let start = self.text.len();
        self.text.push_str(text);
        let end = u32::try_from(self.text.len()).expect("a document is far smaller than four gigabytes");
        if previous != NONE
            && let Data::Text(_, old_end) = &mut self.nodes[previous as usize].data
            && *old_end as usize == start
        {
            *old_end = end;
            return;
        }
        let id = self.add(Data::Text(start as u32, end));
        self.attach(id, parent, next);
    }
}

/// Whether an attribute is one that a decision or a field of the record reads.
fn is_evidence(attribute: &Attribute) -> bool {
    attribute.value.len() <= MAX_ATTRIBUTE_BYTES
        && (matches!(
            attribute.name.local,
            local_name!("class")
                | local_name!("id")
                | local_name!("href")
                | local_name!("rel")
                | local_name!("role")
                | local_name!("itemprop")
                | local_name!("itemtype")
                | local_name!("property")
                | local_name!("name")
                | local_name!("content")
                | local_name!("datetime")
                | local_name!("style")
                | local_name!("hidden")
                | local_name!("aria-hidden")
                | local_name!("lang")
                | local_name!("type")
                | local_name!("http-equiv")
        ) || matches!(&*attribute.name.local, "data-testid" | "data-component" | "data-module" | "data-type"))
}
