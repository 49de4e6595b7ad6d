//! Bytes of markup → tree, within bounds of depth and size.
//!
//! The HTML parser looks through its stack of open elements at every tag, so a page of n nested elements costs n² steps; and
//! unclosed formatting elements are repeated in every paragraph. Both are bounded here, before the parser sees the tag.

use std::cell::RefCell;
use std::collections::HashMap;

use html5ever::TokenizerResult;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::TreeSink;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{CharacterTokens, TagToken};
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{LocalName, local_name};

use super::Settings;
use super::layout::{Past, append_words};
use super::sink::Builder;
use super::tree::{NodeId, Tree};

/// Parses markup.
///
/// Elements nested deeper than `max_depth` are unwrapped: their text stays, in order. After `max_nodes` nodes nothing is read
/// any more, and [`Tree::past`] tells where that begins.
pub(super) fn parse(markup: &str, settings: &Settings) -> Tree {
    let options = TreeBuilderOpts { scripting_enabled: true, ..TreeBuilderOpts::default() };
    let sink = Bounded {
        builder: TreeBuilder::new(Builder::new(), options),
        max_depth: settings.max_depth,
        max_nodes: settings.max_nodes,
        dropped: RefCell::default(),
        past: RefCell::default(),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(markup));
    // A script or an encoding declaration hands control back; neither is acted on.
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let why = format!("the page has more than {} nodes (`clean.html.max_nodes`)", settings.max_nodes);
    let text = tokenizer.sink.past.take();
    let mut tree = tokenizer.sink.builder.sink.finish();
    tree.past = text.map(|text| Past { why, text });
    tree
}

/// Passes tokens on to the tree builder unless they would break a bound.
struct Bounded {
    builder: TreeBuilder<NodeId, Builder>,
    max_depth: u16,
    max_nodes: usize,
    /// How many start tags of each name were left out and still wait for their end tag.
    dropped: RefCell<HashMap<LocalName, u32>>,
    /// The first words of what was left out for want of nodes.
    past: RefCell<Option<String>>,
}

impl TokenSink for Bounded {
    type Handle = NodeId;

    fn process_token(&self, token: Token, line_number: u64) -> TokenSinkResult<NodeId> {
        if self.builder.sink.nodes() >= self.max_nodes {
            match &token {
                TagToken(tag) if tag.kind == TagKind::StartTag => return TokenSinkResult::Continue,
                CharacterTokens(text) => {
                    if !text.trim().is_empty() {
                        append_words(self.past.borrow_mut().get_or_insert_default(), text);
                    }
                    return TokenSinkResult::Continue;
                }
                _ => {}
            }
        }
        match &token {
            TagToken(tag) if tag.kind == TagKind::StartTag => {
                if self.builder.sink.depth() >= self.max_depth && nests(&tag.name) {
                    *self.dropped.borrow_mut().entry(tag.name.clone()).or_default() += 1;
                    return TokenSinkResult::Continue;
                }
            }
            TagToken(tag) => {
                let mut dropped = self.dropped.borrow_mut();
                if !dropped.is_empty()
                    && let Some(open) = dropped.get_mut(&tag.name)
                    && *open > 0
                {
                    *open -= 1;
                    return TokenSinkResult::Continue;
                }
            }
            _ => {}
        }
        self.builder.process_token(token, line_number)
    }

    fn end(&self) {
        self.builder.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.builder.adjusted_current_node_present_but_not_in_html_namespace()
    }
}

/// Whether an element can hold others. Those that switch the tokenizer to raw text must always reach the parser.
fn nests(name: &LocalName) -> bool {
    !matches!(
        *name,
        local_name!("script")
            | local_name!("style")
            | local_name!("textarea")
            | local_name!("title")
            | local_name!("noscript")
            | local_name!("noframes")
            | local_name!("noembed")
            | local_name!("iframe")
            | local_name!("xmp")
            | local_name!("plaintext")
            | local_name!("br")
            | local_name!("hr")
            | local_name!("img")
            | local_name!("input")
            | local_name!("meta")
            | local_name!("link")
    )
}
