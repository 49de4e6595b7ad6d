//! Document → article: strips what the scraper or the site added, and explains each cut.
//!
//! No I/O, no clock, no tokio. Cleaning has two halves, so that it runs on all cores and still gives the same bytes for the
//! same inputs in the same order: [`Cleaner::draft`] sees only the document and may run anywhere; [`Cleaner::finish`]
//! sees the site memory and runs in arrival order.

mod artefacts;
pub mod html;
mod line;
pub mod metadata;
pub mod normalize;
mod pack;
mod repeats;
pub mod rules;
mod sentences;
pub mod site;
pub mod text;

use crate::article::{Article, Block, Class, Document, Flag, MediaType, Removal};
use line::Line;
pub use pack::{RuleError, RulePack};
use rules::{Place, Rules};
use serde::{Deserialize, Serialize};
use text::core::Core;

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
    rules: Rules,
}

/// From this many words a line goes only for the reasons of [`may_be_long`].
const LONG_WORDS: u32 = 25;
/// More than this share of the prose is never cut: then the rules have not understood the text.
const MAX_PROSE_CUT: f64 = 0.6;

impl Cleaner {
    /// Compiles the built-in rules.
    pub fn new(settings: Settings) -> Self {
        Self::with_packs(settings, &[]).expect("the built-in rules are tested")
    }

    /// Compiles the built-in rules, extended and overridden by packs in order.
    pub fn with_packs(settings: Settings, packs: &[RulePack]) -> Result<Self, RuleError> {
        Ok(Self { settings, rules: Rules::new(packs)? })
    }

    /// Runs every pass that needs no other document.
    pub fn draft(&self, document: &Document) -> Result<Draft, NoContent> {
        let page = match document.media_type {
            MediaType::Html => html::page(document),
            MediaType::Text => text::page(document),
        };
        let page = self.clean(page, document.media_type)?;
        Ok(Draft { publication: page.article.site.clone().or_else(|| document.folder.clone()), page })
    }

    /// The passes, in order.
    fn clean(&self, page: Page, media_type: MediaType) -> Result<Page, NoContent> {
        let Page { mut article, blocks, mut removed } = page;
        let mut lines: Vec<Line> = blocks.into_iter().map(Line::new).collect();
        for line in &mut lines {
            line.matches = self.rules.matches(line);
            artefacts::cut_artefacts(line);
        }
        if media_type == MediaType::Text {
            let headline = text::title::find(&lines, &self.rules, article.title.as_deref());
            if let Some(at) = headline {
                let line = lines.remove(at);
                if article.title.is_none() {
                    article.title = Some(line.block.text);
                    article.provenance.insert("title".into(), "text".into());
                }
            }
        }
        if let Some(title) = &article.title {
            repeats::cut_headlines(&mut lines, title);
        }
        let core = Core::find(&lines, &self.rules);
        let by_headline: Vec<bool> = lines.iter().map(|line| !line.is_kept()).collect();
        self.cut_by_rules(&mut lines, core.as_ref());
        if let Some(core) = core.as_ref().filter(|_| media_type == MediaType::Text) {
            text::tail::cut_sections(&mut lines, core, &self.rules);
        }
        article.flags.extend(repeats::cut_repeats(&mut lines));
        let prose = |kept: bool| {
            let of = lines.iter().filter(|line| line.is_prose() && line.is_kept() == kept);
            of.map(|line| f64::from(line.words)).sum::<f64>()
        };
        if core.is_some() && prose(false) > MAX_PROSE_CUT * (prose(false) + prose(true)) {
            for (line, _) in lines.iter_mut().zip(&by_headline).filter(|(_, headline)| !**headline) {
                line.cut = None;
            }
            article.flags.insert(Flag::Review);
        }
        let mut blocks = Vec::with_capacity(lines.len());
        for mut line in lines {
            match line.removal() {
                Some(removal) => removed.push(removal),
                None => {
                    removed.extend(sentences::cut_pieces(&mut line, &self.rules));
                    blocks.push(line.block);
                }
            }
        }
        if blocks.is_empty() { Err(NoContent { removed }) } else { Ok(Page { article, blocks, removed }) }
    }

    /// Cuts the lines that a phrase rule may cut where they stand.
    fn cut_by_rules(&self, lines: &mut [Line], core: Option<&Core>) {
        let only_noise = core.is_none() && lines.iter().all(|line| line.key.is_empty() || !line.matches.is_empty());
        for (at, line) in lines.iter_mut().enumerate() {
            let place = match core {
                Some(core) => core.place(at),
                None if only_noise => Place::After,
                None => Place::Inside,
            };
            let matches = std::mem::take(&mut line.matches);
            let rule = matches.iter().map(|&rule| self.rules.rule(rule)).find(|rule| {
                rule.cuts(place, self.settings.level) && (line.words < LONG_WORDS || may_be_long(rule.class))
            });
            if let Some(rule) = rule {
                line.cut(rule.class, rule.id.as_str(), rule.why.as_str());
            }
            line.matches = matches;
        }
    }

    /// Runs the site pass against what is known, and writes the article.
    pub fn finish(&self, draft: Draft, _memory: &site::SiteMemory) -> Result<Article, NoContent> {
        let Page { mut article, blocks, removed } = draft.page;
        article.text = blocks.iter().map(|b| b.text.as_str()).collect::<Vec<_>>().join("\n\n");
        article.removed = removed;
        Ok(article)
    }
}

/// Classes whose lines are long by nature and stand word for word on many pages.
fn may_be_long(class: Class) -> bool {
    matches!(
        class,
        Class::Affiliate
            | Class::CommentForm
            | Class::Cookie
            | Class::Copyright
            | Class::Newsletter
            | Class::Paywall
            | Class::SiteBoilerplate
    )
}
