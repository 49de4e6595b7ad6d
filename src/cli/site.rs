//! `copydesk site`: what was learned about a publication's boilerplate, and how to forget it.

use anyhow::bail;
use clap::{Args, Subcommand};
use copydesk::article::Article;
use copydesk::clean::site::{SiteMemory, fingerprint};
use copydesk::config::{Loaded, Settings};
use copydesk::ledger::{self, Reader};
use serde_json::json;

use super::Folders;
use super::exit::Exit;
use super::markup::count;
use super::output::Output;
use super::table::{Table, shorten};

/// Characters shown of a line.
const LINE_WIDTH: usize = 100;

const EXAMPLES: &str = "\
Examples:
  copydesk site                    every site that something is known of
  copydesk site example.org        the lines that are cut there
  copydesk site forget example.org start afresh, after a redesign";

/// List the boilerplate learned from the articles of each site
///
/// A line that several articles of a site show is the site's and not the writer's; it is cut from all of them.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Command {
    /// A site, or the sub-folder of the inbox that stands for one
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    pub folders: Folders,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Forget what was learned about a site; published articles stay
    Forget {
        /// The site
        #[arg(value_name = "NAME")]
        name: String,
    },
}

impl Command {
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let settings = loaded.settings;
        let state = settings.state.path.display();
        let Some(reader) = Reader::open(&settings.state.path)? else { bail!("no desk has worked in {state} yet") };
        let mut output = Output::stdout();
        match (&self.action, &self.name) {
            (Some(Action::Forget { name }), _) => {
                if !ledger::forget(&settings.state.path, name)? {
                    bail!("nothing is known of a site {name}; `copydesk site` lists those that are known");
                }
                output.line(&format!("{name} is forgotten; a running desk notices when it is started again"))?;
            }
            (None, Some(name)) => lines(&reader, &settings, name, self.json, &mut output)?,
            (None, None) => sites(&reader, self.json, &mut output)?,
        }
        output.flush()?;
        Ok(Exit::Done)
    }
}

fn sites(reader: &Reader, json: bool, output: &mut Output) -> anyhow::Result<()> {
    let mut table = Table::new(&["articles", "site"]);
    for (name, articles) in reader.publications()? {
        if json {
            output.line(&json!({ "site": name, "articles": articles }).to_string())?;
        } else {
            table.row([articles.to_string(), shorten(&name, LINE_WIDTH)]);
        }
    }
    if !json {
        output.put(table.to_string().as_bytes())?;
    }
    Ok(())
}

/// Prints the lines that are proven to be the site's, the most widespread first.
fn lines(reader: &Reader, settings: &Settings, name: &str, json: bool, output: &mut Output) -> anyhow::Result<()> {
    let mut memory = SiteMemory::new(settings.clean.level, settings.clean.memory);
    let mut articles = 0_usize;
    reader.each_lesson_of(name, |document, lines| {
        memory.learn(name, document, lines);
        articles += 1;
    })?;
    if articles == 0 {
        bail!("nothing is known of a site {name}; `copydesk site` lists those that are known");
    }
    let known = memory.known_lines(name);
    let mut table = Table::new(&["articles", "line"]);
    for line in &known {
        let words = words(reader, line.fingerprint, &line.first_articles)?;
        if json {
            output.line(&json!({ "site": name, "articles": line.articles, "line": words }).to_string())?;
        } else {
            let words = words.as_deref().unwrap_or("(its words are not at hand)");
            table.row([line.articles.to_string(), shorten(words, LINE_WIDTH)]);
        }
    }
    if !json {
        let summary =
            format!("{} cut as {name}'s own, learned from {}", count(known.len(), "line"), count(articles, "article"));
        output.put(table.to_string().as_bytes())?;
        output.line(&summary)?;
    }
    Ok(())
}

/// What the line says, looked up in an article that showed it.
fn words(reader: &Reader, line: u64, articles: &[u64]) -> anyhow::Result<Option<String>> {
    for &article in articles {
        let Some(row) = reader.document(article)? else { continue };
        let Some(filed) = reader.filed(&row)? else { continue };
        let Article { text, removed, .. } = &filed.article;
        let lines = removed.iter().flat_map(|removal| removal.text.lines()).chain(text.split("\n\n"));
        if let Some(words) = lines.into_iter().find(|words| fingerprint(words) == Some(line)) {
            return Ok(Some(words.to_owned()));
        }
    }
    Ok(None)
}
