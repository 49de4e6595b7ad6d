//! How the parser builds a [`Tree`]: its calls, turned into additions to the arena.
//!
//! Its own file because the trait is the parser's, with rules of its own (foster parents, templates, moved children).

use std::borrow::Cow;
use std::cell::{Cell, Ref, RefCell};

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, QualName, ns};

use super::tag::Tag;
use super::tree::{Data, NONE, NodeId, Tree};

/// Builds a [`Tree`] for the parser.
#[derive(Debug)]
pub(super) struct Builder {
    tree: RefCell<Tree>,
    /// Depth at which the parser now inserts.
    depth: Cell<u16>,
}

impl Builder {
    pub fn new() -> Self {
        Self { tree: RefCell::new(Tree::new()), depth: Cell::new(0) }
    }

    pub fn depth(&self) -> u16 {
        self.depth.get()
    }

    pub fn nodes(&self) -> usize {
        self.tree.borrow().nodes.len()
    }
}

impl TreeSink for Builder {
    type Handle = NodeId;
    type Output = Tree;
    type ElemName<'a> = Ref<'a, QualName>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn get_document(&self) -> NodeId {
        Tree::ROOT
    }

    fn elem_name<'a>(&'a self, target: &'a NodeId) -> Ref<'a, QualName> {
        Ref::map(self.tree.borrow(), |tree| tree.name(*target))
    }

    fn create_element(&self, name: QualName, attrs: Vec<Attribute>, _flags: ElementFlags) -> NodeId {
        let tag = if name.ns == ns!(html) { Tag::of(&name.local) } else { Tag::foreign(&name.local) };
        self.tree.borrow_mut().add_element(tag, name, attrs)
    }

    fn create_comment(&self, _text: StrTendril) -> NodeId {
        self.tree.borrow_mut().add(Data::Ignored)
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> NodeId {
        self.tree.borrow_mut().add(Data::Ignored)
    }

    fn append(&self, parent: &NodeId, child: NodeOrText<NodeId>) {
        let tree = &mut *self.tree.borrow_mut();
        match child {
            NodeOrText::AppendText(text) => tree.attach_text(&text, *parent, NONE),
            NodeOrText::AppendNode(id) => {
                // A comment needs no place.
                if matches!(tree.node(id).data, Data::Element { .. }) {
                    tree.detach(id);
                    tree.attach(id, *parent, NONE);
                    self.depth.set(tree.node(id).depth);
                }
            }
        }
    }

    fn append_based_on_parent_node(&self, element: &NodeId, previous: &NodeId, child: NodeOrText<NodeId>) {
        if self.tree.borrow().node(*element).parent == NONE {
            self.append(previous, child);
        } else {
            self.append_before_sibling(element, child);
        }
    }

    fn append_doctype_to_document(&self, _name: StrTendril, _public_id: StrTendril, _system_id: StrTendril) {}

    fn pop(&self, node: &NodeId) {
        self.depth.set(self.tree.borrow().node(*node).depth.saturating_sub(1));
    }

    fn get_template_contents(&self, _target: &NodeId) -> NodeId {
        // What lies in a template is never shown; a node without a place takes it.
        self.tree.borrow_mut().add(Data::Ignored)
    }

    fn same_node(&self, x: &NodeId, y: &NodeId) -> bool {
        x == y
    }

    fn set_quirks_mode(&self, _mode: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &NodeId, child: NodeOrText<NodeId>) {
        let tree = &mut *self.tree.borrow_mut();
        let parent = tree.node(*sibling).parent;
        if parent == NONE {
            return;
        }
        match child {
            NodeOrText::AppendText(text) => tree.attach_text(&text, parent, *sibling),
            NodeOrText::AppendNode(id) => {
                tree.detach(id);
                tree.attach(id, parent, *sibling);
                self.depth.set(tree.node(id).depth);
            }
        }
    }

    fn add_attrs_if_missing(&self, target: &NodeId, attrs: Vec<Attribute>) {
        self.tree.borrow_mut().add_missing_attributes(*target, attrs);
    }

    fn remove_from_parent(&self, target: &NodeId) {
        self.tree.borrow_mut().detach(*target);
    }

    fn reparent_children(&self, node: &NodeId, new_parent: &NodeId) {
        let tree = &mut *self.tree.borrow_mut();
        while tree.node(*node).first_child != NONE {
            let child = tree.node(*node).first_child;
            tree.detach(child);
            tree.attach(child, *new_parent, NONE);
        }
    }
}
