//! `copydesk explain ID`: a published article with its cuts, its copies and why they were merged, or others were not.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use copydesk::article::{Article, Block, BlockKind, Document, Relation};
use copydesk::config::{Loaded, Settings};
use copydesk::dedup::{Evidence, Outcome};
use copydesk::inbox::{DONE, decode_path};
use copydesk::ledger::{ArticleRow, DocumentRow, Reader};
use copydesk::outbox::{Copy, Record};

use super::documents;
use super::exit::Exit;
use super::explain::blocks;
use super::markup::{Markup, Sheet};
use super::output::Output;
use super::table::shorten;

/// Withdrawn articles that are followed to the one that holds them now.
const MAX_HOPS: usize = 32;
/// Members whose comparisons are shown, and copies that are listed.
const SHOWN: usize = 20;
/// Characters shown of a paragraph that only one copy has.
const QUOTED: usize = 160;

/// Explains the article `id` from the outbox and the ledger.
pub fn run(id: &str, loaded: &Loaded) -> anyhow::Result<Exit> {
    let settings = &loaded.settings;
    let state = settings.state.path.display();
    let Some(reader) = Reader::open(&settings.state.path)? else { bail!("no desk has worked in {state} yet") };
    let Some(asked) = reader.article(id)? else { bail!("no article {id} in {state}, and no file of that name") };
    let article = current(&reader, asked.clone())?;
    let path = settings.outbox.path.join(format!("{}.json", article.id));
    let json = std::fs::read(&path)
        .with_context(|| format!("{} is not in the outbox yet, or was taken from it", path.display()))?;
    let record: Record = serde_json::from_slice(&json).with_context(|| format!("{} is no record", path.display()))?;
    let cleaner = settings.cleaner()?;
    let mut notes = Vec::new();
    if asked.id != article.id {
        notes.push(format!("{id} was withdrawn: its documents are in this article, {}", article.id));
    }
    let kept = original(&record, settings).map_or_else(
        || {
            notes.push("the original is not at hand, so the cuts stand after the text".to_owned());
            paragraphs(&record)
        },
        |document| blocks(&document, &cleaner, &record.text),
    );
    notes.extend(copies(&record));
    notes.extend(comparisons(&reader, &article)?);
    let sheet =
        Sheet { name: format!("{}, revision {}", record.id, record.revision), article: content(record), kept, notes };
    let mut output = Output::stdout();
    output.put(Markup::for_stdout().render(&sheet).as_bytes())?;
    output.flush()?;
    Ok(Exit::Done)
}

/// The article that is published today: a withdrawn one names its heir.
pub fn current(reader: &Reader, mut article: ArticleRow) -> anyhow::Result<ArticleRow> {
    for _ in 0..MAX_HOPS {
        let Some(into) = &article.into_id else { break };
        let Some(heir) = reader.article(into)? else { break };
        article = heir;
    }
    Ok(article)
}

/// The canonical copy's document, when its file still lies where the desk left it, unchanged.
fn original(record: &Record, settings: &Settings) -> Option<Document> {
    let copy = record.copies.first()?;
    let (path, number) = match copy.path.rsplit_once('#') {
        Some((path, number)) => (path, number.parse::<u64>().ok()),
        None => (copy.path.as_str(), None),
    };
    let path = decode_path(path);
    let inbox = &settings.inbox.path;
    let candidates: [PathBuf; 3] = [inbox.join(DONE).join(&path), inbox.join(&path), path];
    candidates.iter().find_map(|file| find(file, number, copy, settings))
}

fn find(file: &Path, number: Option<u64>, copy: &Copy, settings: &Settings) -> Option<Document> {
    let parts = documents::parts(file, &settings.read).ok()?;
    for part in parts {
        let Ok(piece) = &part.piece else { continue };
        if piece.record == number {
            return part.document(&settings.read).ok().filter(|document| document.input == copy.input);
        }
    }
    None
}

/// The text's paragraphs, whose lines are not known.
fn paragraphs(record: &Record) -> Vec<Block> {
    let paragraph = |text: &str| Block { line: 0, kind: BlockKind::Paragraph, text: text.to_owned() };
    record.text.split("\n\n").map(paragraph).collect()
}

/// One line a copy, and what only that copy says.
fn copies(record: &Record) -> Vec<String> {
    let mut lines = vec![String::new(), format!("copies: {}", record.copies_total)];
    for copy in record.copies.iter().take(SHOWN) {
        let place = copy.site.as_deref().or(copy.url.as_deref()).map(|site| format!(" ({site})")).unwrap_or_default();
        let relation = match copy.relation {
            Relation::Canonical => "the published text".to_owned(),
            Relation::Exact => "the same text".to_owned(),
            Relation::Near => format!("nearly the same text; shared: {}", shares(copy.similarity, copy.containment)),
            Relation::Excerpt => format!("an excerpt; shared: {}", shares(copy.similarity, copy.containment)),
            Relation::Update => {
                format!("another state of the same URL; shared: {}", shares(copy.similarity, copy.containment))
            }
        };
        lines.push(format!("  {}{place}: {relation}", copy.path));
        lines.extend(copy.only_here.iter().map(|text| format!("    only here: {}", shorten(text, QUOTED))));
    }
    if record.copies_total > SHOWN as u64 {
        lines.push(format!("  and {} more", record.copies_total - SHOWN.min(record.copies.len()) as u64));
    }
    lines
}

fn shares(similarity: f64, containment: f64) -> String {
    format!("{:.0} % of the shorter one's 5-word runs, {:.0} % of all", containment * 100.0, similarity * 100.0)
}

/// With which texts the members were compared when they arrived, and what came of it.
fn comparisons(reader: &Reader, article: &ArticleRow) -> anyhow::Result<Vec<String>> {
    let (members, _) = reader.members(article.cluster, SHOWN)?;
    let mut lines = Vec::new();
    for DocumentRow { seq, path, .. } in members {
        let Some(json) = reader.comparisons(seq)? else { continue };
        let found: Vec<Evidence> =
            serde_json::from_slice(&json).context("the state holds a comparison that is no JSON")?;
        for evidence in found.iter().take(SHOWN) {
            let Some(DocumentRow { path: other, cluster, .. }) = reader.document(evidence.other)? else { continue };
            let id = reader.article_of(cluster)?.map(|row| row.id).unwrap_or_default();
            let other = if cluster == article.cluster { other } else { format!("{other} (article {id})") };
            lines.push(format!("  {path} and {other}: {}", verdict(evidence)));
        }
    }
    if !lines.is_empty() {
        lines.splice(0..0, [String::new(), "compared on arrival:".to_owned()]);
    }
    Ok(lines)
}

fn verdict(evidence: &Evidence) -> String {
    let shares = shares(evidence.jaccard, evidence.containment);
    let why = match evidence.outcome {
        Outcome::NearCopy => "merged: near-copies",
        Outcome::SameUrl => "merged: a later state of the same URL",
        Outcome::TooLittle => "not merged: they share too little",
        Outcome::Template => "not merged: one template with other names and numbers",
        Outcome::Roundup => "not merged: one is a page of several articles",
        Outcome::Chain => "not merged: a copy of one of its copies, not of the article",
    };
    let agreement = evidence.agreement.map(|kept| format!(", {:.0} % of names and numbers alike", kept * 100.0));
    format!("{why}; shared: {shares}{}", agreement.unwrap_or_default())
}

/// The record's fields as an article, which is what the mark-up shows.
fn content(record: Record) -> Article {
    Article {
        title: record.title,
        text: record.text,
        description: record.description,
        authors: record.authors,
        date_published: record.date_published,
        date_modified: record.date_modified,
        url: record.url,
        site: record.site,
        site_name: record.site_name,
        language: record.language,
        section: record.section,
        tags: record.tags,
        image: record.image,
        flags: record.flags,
        provenance: record.provenance,
        removed: record.removed,
    }
}
