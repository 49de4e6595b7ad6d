//! Document → article: strips what the scraper or the site added, and explains each cut.
//!
//! No I/O, no clock, no tokio. Cleaning has two halves, so that it runs on all cores and still gives the same bytes for the
//! same inputs in the same order: [`Cleaner::draft`] sees only the document and may run anywhere; [`Cleaner::finish`]
//! sees the site memory and runs in arrival order.

mod artefacts;
pub(crate) mod flags;
mod forest;
pub mod html;
mod line;
pub mod metadata;
pub mod normalize;
mod pack;
mod phrase;
mod recognize;
mod references;
mod repeats;
pub(crate) mod rules;
mod sentences;
pub mod site;
pub mod text;

use crate::article::{Article, Block, BlockKind, Class, Document, Flag, Given, MediaType, Removal};
use line::Line;
pub use pack::{RuleError, RulePack};
use rules::{Place, Rules};
use serde::{Deserialize, Serialize};
use text::core::Core;
use text::model::Model;
use text::title::Sure;

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

impl Level {
    /// In how many other articles of a publication a line must have been seen to count as the site's wherever it stands;
    /// `recognize.rs` has the exceptions.
    pub fn needed_articles(self) -> u32 {
        match self {
            Self::Safe => 2,
            Self::Eager => 1,
        }
    }
}

/// Settings of the cleaner, as used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What is cut without proof that it is noise.
    pub level: Level,
    /// Bounds of the site memory.
    pub memory: site::Limits,
    /// Bounds of a page.
    pub html: html::Settings,
}

/// What a front end makes of a document: metadata found, the body's blocks in order, and what it left out already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// `text` is empty here; metadata, flags and provenance as found.
    pub article: Article,
    /// The body's blocks, in order.
    pub blocks: Vec<Block>,
    /// What the front end left out.
    pub removed: Vec<Removal>,
}

/// A document after every pass that needs no other document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The page after the passes.
    pub page: Page,
    /// The publication that the site memory is kept for: the site, else the inbox sub-folder.
    pub publication: Option<String>,
    /// The line of the headline, where it was found in the text.
    pub title_line: Option<u32>,
    /// Blocks that look like none of the article's, for which the site memory may have the proof, in order.
    pub doubts: Vec<Doubt>,
    /// The number under which the memory has learned this article; `None` until it has.
    pub article: Option<u64>,
    /// Made while the lines were at hand; a draft that is put together again is not learned from and has none.
    pub(crate) fingerprints: Vec<u64>,
}

impl Draft {
    /// What [`site::SiteMemory::learn`] is to be told of this article: the fingerprints of its blocks and its headline.
    pub fn fingerprints(&self) -> &[u64] {
        &self.fingerprints
    }
}

/// A block that stays for want of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// See [`Block::line`].
    pub line: u32,
    /// How much evidence is wanting, in hundredths of the logarithm of the odds.
    pub wants: u16,
}

/// Nothing of the document is an article; what was there instead is listed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no article text: {} pieces, all of them noise", removed.len())]
pub struct NoContent {
    /// Every piece of the document, with its reason.
    pub removed: Vec<Removal>,
}

/// The cleaner: rules compiled once, shared by all workers.
pub struct Cleaner {
    settings: Settings,
    rules: Rules,
    model: Model,
}

/// Stack of a thread that cleans. Nesting is bounded, but deep pages want more than a thread has by default, and a stack that
/// overflows ends the process.
pub const STACK_BYTES: usize = 8 << 20;

/// From this many words a line goes only for the reasons of [`may_be_long`].
const LONG_WORDS: u32 = 25;
/// Lines from the top that are the head of a text without prose.
const HEAD_LINES: usize = 3;
/// More than this share of the prose is never cut: then the rules have not understood the text.
const MAX_PROSE_CUT: f64 = 0.6;

impl Cleaner {
    /// Compiles the built-in rules.
    pub fn new(settings: Settings) -> Self {
        Self::with_packs(settings, &[]).expect("the built-in rules are tested")
    }

    /// Compiles the built-in rules, extended and overridden by packs in order.
    pub fn with_packs(settings: Settings, packs: &[RulePack]) -> Result<Self, RuleError> {
        Ok(Self { settings, rules: Rules::new(packs)?, model: Model::built_in() })
    }

    /// Runs every pass that needs no other document.
    ///
    /// A page without an article gives way to the text that came beside it.
    pub fn draft(&self, document: &Document) -> Result<Draft, NoContent> {
        let draft = self.draft_of(document);
        let is_article = draft.as_ref().is_ok_and(|draft| !draft.page.article.flags.contains(&Flag::NotAnArticle));
        match &document.given.text {
            Some(text) if document.media_type == MediaType::Html && !is_article => {
                let beside = Document { content: text.clone(), media_type: MediaType::Text, ..document.clone() };
                self.draft_of(&beside).or(draft)
            }
            _ => draft,
        }
    }

    fn draft_of(&self, document: &Document) -> Result<Draft, NoContent> {
        let page = match document.media_type {
            MediaType::Html => html::page_with(document, &self.settings.html),
            MediaType::Text => text::page(document),
        };
        let (mut draft, head_end) = self.clean(page, document.media_type)?;
        draft.publication = draft.page.article.site.clone().or_else(|| document.folder.clone());
        if draft.page.article.language.is_none() {
            detect_language(&mut draft.page);
        }
        if document.media_type == MediaType::Text {
            text::byline::read(&mut draft.page, head_end);
        }
        Ok(draft)
    }

    /// The passes, in order; with the line with which the first paragraph of a text begins.
    fn clean(&self, page: Page, media_type: MediaType) -> Result<(Draft, u32), NoContent> {
        let Page { mut article, blocks, mut removed } = page;
        let mut lines: Vec<Line> = blocks.into_iter().map(Line::new).collect();
        let (title_line, core) = self.cut_lines(&mut article, &mut lines, media_type);
        let mut doubts = Vec::new();
        if let Some(core) = core.as_ref().filter(|_| media_type == MediaType::Text) {
            let title = article.title.as_deref();
            doubts = text::teasers::cut(&mut lines, core, &self.rules, &self.model, title, self.settings.level);
        }
        if core.is_some() && restore_if_too_much_goes(&mut lines) {
            article.flags.insert(Flag::Review);
        }
        let head_end = core.and_then(|core| lines.get(core.head_end)).map_or(0, |line| line.block.line);
        let headline = article.title.as_deref().filter(|_| title_line.is_some());
        let mut fingerprints: Vec<u64> = headline.and_then(site::fingerprint).into_iter().collect();
        let mut blocks = Vec::with_capacity(lines.len());
        for mut line in lines {
            match line.removal() {
                Some(removal) => removed.push(removal),
                None => {
                    removed.extend(sentences::cut_pieces(&mut line, &self.rules));
                    fingerprints.extend(site::of_key(&line.key));
                    blocks.push(line.block);
                }
            }
        }
        // What the front end took out stands among what the passes did.
        removed.sort_by_key(|removal| removal.line);
        if blocks.is_empty() {
            return match (article.title.take(), title_line) {
                // A text of one line is that line; a headline over nothing but noise is no article.
                (Some(title), Some(line)) if removed.is_empty() => {
                    article.provenance.remove("title");
                    let blocks = vec![Block { line, kind: BlockKind::Paragraph, text: title }];
                    Ok((Draft { page: Page { article, blocks, removed }, fingerprints, ..Draft::default() }, 0))
                }
                (Some(title), Some(line)) => {
                    let at = removed.partition_point(|removal| removal.line < line);
                    let why = "a headline with nothing under it".to_owned();
                    let alone = Removal { class: Class::Teaser, rule: "headline.alone".into(), why, line, text: title };
                    removed.insert(at, alone);
                    Err(NoContent { removed })
                }
                _ => Err(NoContent { removed }),
            };
        }
        let page = Page { article, blocks, removed };
        Ok((Draft { page, title_line, doubts, fingerprints, ..Draft::default() }, head_end))
    }

    /// The passes over whole lines: artefacts, headline, phrase rules by place, sections.
    fn cut_lines(
        &self,
        article: &mut Article,
        lines: &mut Vec<Line>,
        media_type: MediaType,
    ) -> (Option<u32>, Option<Core>) {
        let mut title_line = None;
        for line in lines.iter_mut() {
            self.rules.look_up(line);
            artefacts::cut_artefacts(line);
        }
        let mut sure = Sure::Certain;
        if media_type == MediaType::Text
            && let Some(found) = text::title::find(lines, &self.rules, article.title.as_deref())
        {
            sure = found.sure;
            let differs = article.title.as_deref().is_some_and(|title| title != lines[found.at].block.text);
            if found.sure == Sure::Doubtful {
                lines[found.at].spared = true;
            } else if differs {
                // The title that came along stands in its place, so this one is left out, and said to be.
                repeats::cut_headline(&mut lines[found.at]);
            } else {
                let line = lines.remove(found.at);
                if found.at > 0 && found.sure == Sure::Likely {
                    text::title::spare_first(lines);
                }
                if article.title.is_none() {
                    article.title = Some(line.block.text);
                    title_line = Some(line.block.line);
                    article.provenance.insert("title".into(), "text".into());
                }
            }
        }
        if media_type == MediaType::Text {
            article.flags.extend(repeats::cut_passages(lines));
        }
        if media_type == MediaType::Text && (article.title.is_none() || sure == Sure::Doubtful) {
            text::title::spare_headlines(lines, &self.rules);
        }
        let core = Core::find(lines, &self.rules);
        if let Some(title) = &article.title {
            // Verse has no prose to tell where it ends, and says its title again.
            let inside = core.map_or(HEAD_LINES..lines.len(), |core| core.first..core.last + 1);
            repeats::cut_headlines(lines, title, |at, exact| match sure {
                _ if core.is_none() && inside.contains(&at) => false,
                Sure::Certain => true,
                Sure::Likely => exact || !inside.contains(&at),
                Sure::Doubtful => !inside.contains(&at),
            });
        }
        self.cut_by_rules(lines, core.as_ref(), media_type);
        if let Some(core) = core.as_ref().filter(|_| media_type == MediaType::Text) {
            text::tail::cut_sections(lines, core, &self.rules);
        }
        (title_line, core)
    }

    /// The features of each line of a text as the line model sees them, with the line's number and whether the rules
    /// cut it: what the training script reads.
    pub fn line_features(&self, document: &Document) -> Vec<(u32, bool, text::features::Features)> {
        let Page { mut article, blocks, .. } = text::page(document);
        let mut lines: Vec<Line> = blocks.into_iter().map(Line::new).collect();
        let (_, Some(core)) = self.cut_lines(&mut article, &mut lines, MediaType::Text) else { return Vec::new() };
        let features = text::features::of(&lines, &core, &self.rules, article.title.as_deref(), |_| true);
        features.into_iter().map(|(at, row)| (lines[at].block.line, !lines[at].is_kept(), row)).collect()
    }

    /// Cuts the lines that a phrase rule may cut where they stand.
    ///
    /// What a rule may cut at level eager only is left to the line model in a text, which weighs the match with the
    /// line's form and neighbours.
    fn cut_by_rules(&self, lines: &mut [Line], core: Option<&Core>, media_type: MediaType) {
        let level = match media_type {
            MediaType::Text => Level::Safe,
            MediaType::Html => self.settings.level,
        };
        let only_noise = core.is_none() && lines.iter().all(|line| line.key.is_empty() || !line.matches.is_empty());
        for (at, line) in lines.iter_mut().enumerate() {
            let place = match core {
                Some(core) => core.place(at),
                None if only_noise => Place::After,
                None => Place::Inside,
            };
            let matches = std::mem::take(&mut line.matches);
            let may_be_programme =
                place == Place::After && is_day_without_year(line, matches.iter().map(|&rule| self.rules.rule(rule)));
            line.spared |= may_be_programme && self.settings.level == Level::Safe;
            let rule = matches
                .iter()
                .filter(|rule| level == Level::Eager || !line.spared && !line.chance.contains(rule))
                .map(|&rule| self.rules.rule(rule))
                .find(|rule| {
                    rule.cuts(place, level)
                        && !(may_be_programme && rule.class == Class::Timestamp)
                        && (line.words < LONG_WORDS || may_be_long(rule.class))
                });
            if let Some(rule) = rule {
                line.cut(rule.class, rule.id.as_str(), rule.why.as_str());
            } else if line.has_sentence
                && let Some(rule) = sentences::all_match(&line.block.text, &self.rules)
            {
                line.cut(rule.class, rule.id.as_str(), rule.why.as_str());
            }
            line.matches = matches;
        }
    }

    /// Runs the site pass against what is known, and writes the article.
    ///
    /// A draft whose article the memory has learned already must say so in [`Draft::article`].
    pub fn finish(&self, draft: Draft, memory: &site::SiteMemory) -> Article {
        let Page { mut article, blocks, removed } = recognize::cut_known(draft, memory, self.settings.level);
        article.text = blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n\n");
        article.removed = removed;
        let flags = flags::of(&article);
        article.flags.extend(flags);
        article
    }
}

/// The title that came with a document, on one line and in the normal form; exports write it as it stands in markup.
fn given_title(given: &Given) -> Option<String> {
    let title = references::unescaped(given.title.as_deref()?);
    let title = normalize::line(&title.replace(char::is_control, " ")).into_owned();
    Some(title).filter(|title| !title.is_empty())
}

/// Bytes of text that the language is detected from, when nobody has said it.
const LANGUAGE_BYTES: usize = 1024;

/// Fills in the language that the body is written in, where the detector is sure.
fn detect_language(page: &mut Page) {
    let mut text = String::new();
    for block in page.blocks.iter().filter(|block| block.kind == BlockKind::Paragraph) {
        text.push_str(&block.text);
        text.push('\n');
        if text.len() >= LANGUAGE_BYTES {
            break;
        }
    }
    if let Some(language) = metadata::language_of(&text) {
        page.article.language = Some(language);
        page.article.provenance.insert("language".into(), "detected".into());
    }
}

/// Takes back every cut but repeats when more than [`MAX_PROSE_CUT`] of the prose would go. What is said twice stands in
/// the text once more, so it is neither prose lost nor taken back.
fn restore_if_too_much_goes(lines: &mut [Line]) -> bool {
    let is_repeat = |line: &Line| {
        line.cut.as_ref().is_some_and(|cut| matches!(cut.class, Class::DuplicateHeadline | Class::DuplicateText))
    };
    let prose = |kept: bool| {
        let of = lines.iter().filter(|line| line.is_prose() && line.is_kept() == kept && !is_repeat(line));
        of.map(|line| f64::from(line.words)).sum::<f64>()
    };
    let too_much = prose(false) > MAX_PROSE_CUT * (prose(false) + prose(true));
    if too_much {
        lines.iter_mut().filter(|line| !is_repeat(line)).for_each(|line| line.cut = None);
    }
    too_much
}

/// Whether a line is a day or a time that may be the article's: programmes and fixtures say "Friday, 22 May".
fn is_day_without_year<'r>(line: &Line, matches: impl Iterator<Item = &'r pack::Rule>) -> bool {
    let is_year = |digits: &str| digits.len() == 4;
    let mut times = matches.filter(|rule| rule.class == Class::Timestamp).peekable();
    // "3 min read" is a phrase of its own.
    times.peek().is_some()
        && times.all(|rule| rule.matching == pack::Match::Words)
        && !line.block.text.split(|c: char| !c.is_ascii_digit()).any(is_year)
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
