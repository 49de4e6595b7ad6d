//! `copydesk explain`: the article as an editor's mark-up, with every cut in its place, its class, rule and reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use copydesk::article::{Article, Block, Document};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, NoContent};
use copydesk::config::{Flag, Loaded};

use super::clean::level_flag;
use super::documents;
use super::exit::Exit;
use super::markup::{Markup, Sheet};
use super::output::{Output, visible};
use super::{Folders, explain_id};

const EXAMPLES: &str = "\
Examples:
  copydesk explain inbox/done/page.html     a file, cleaned by itself
  copydesk explain 5d41402abc4b2a76         an article of the outbox
  copydesk explain article.txt | less -R    plain text: cuts start with `-`";

/// Show an article with every cut in place, and why it was made
///
/// Lines that were kept are plain; lines that were cut stand where they were, with the class, the rule and the reason
/// below. Coloured on a terminal, unless NO_COLOR is set. An id shows what the desk published: its copies and how they
/// relate as well.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// A file, `-` for standard input, or the id of a published article
    #[arg(value_name = "FILE|ID")]
    target: PathBuf,
    /// Cut only what is safe, or more noise with some risk: safe, eager [default: safe]
    #[arg(long, value_name = "LEVEL", value_parser = ["safe", "eager"], hide_possible_values = true)]
    level: Option<String>,
    #[command(flatten)]
    folders: Folders,
}

impl Command {
    /// The settings that the command's own flags set.
    pub fn flags(&self) -> anyhow::Result<Vec<Flag>> {
        let mut flags = self.folders.flags()?;
        flags.extend(level_flag(self.level.as_deref()));
        Ok(flags)
    }

    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        if let Some(id) = article_id(&self.target) {
            return explain_id::run(id, &loaded);
        }
        let settings = loaded.settings;
        let cleaner = settings.cleaner()?;
        let parts = documents::parts(&self.target, &settings.read)
            .with_context(|| format!("cannot read {}", self.target.display()))?;
        let markup = Markup::for_stdout();
        let mut output = Output::stdout();
        let mut exit = Exit::Done;
        for (n, part) in parts.enumerate() {
            let name = part.name();
            if n > 0 {
                output.line("")?;
            }
            match part.document(&settings.read) {
                Ok(document) => {
                    let sheet = sheet(&document, &cleaner);
                    if sheet.kept.is_empty() {
                        exit = Exit::Failed;
                    }
                    output.put(markup.render(&sheet).as_bytes())?;
                }
                Err(rejected) => {
                    exit = Exit::Failed;
                    let line = format!("{name}: {}: {}; {}", rejected.reason, rejected.message, rejected.advice);
                    output.line(&visible(&line))?;
                }
            }
            output.flush()?;
        }
        Ok(exit)
    }
}

/// The target as an article's id: hex digits that name no file.
fn article_id(target: &Path) -> Option<&str> {
    let text = target.to_str()?;
    let is_id = (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id && !target.exists()).then_some(text)
}

/// Cleans the document and keeps what the mark-up needs: the blocks with their lines, and the cuts.
fn sheet(document: &Document, cleaner: &Cleaner) -> Sheet {
    let name = document.path.clone();
    match cleaner.draft(document).map(|draft| cleaner.finish(draft, &SiteMemory::default())) {
        Ok(article) => Sheet { kept: blocks(document, cleaner, &article.text), name, article, notes: Vec::new() },
        Err(NoContent { removed }) => Sheet {
            name,
            article: Article { removed, ..Article::default() },
            kept: Vec::new(),
            notes: vec!["no article text: everything was noise".to_owned()],
        },
    }
}

/// The blocks of the document that stand in `text`, with their lines: passes that ran later may have cut more.
pub fn blocks(document: &Document, cleaner: &Cleaner, text: &str) -> Vec<Block> {
    let Ok(draft) = cleaner.draft(document) else { return Vec::new() };
    let paragraphs: BTreeSet<&str> = text.split("\n\n").collect();
    let stands = |block: &Block| paragraphs.contains(block.text.as_str()) || text.contains(&block.text);
    draft.page.blocks.into_iter().filter(stands).collect()
}
