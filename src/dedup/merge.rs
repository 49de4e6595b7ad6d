//! Copies → the one article: the canonical's text, empty fields filled from the others, and how each copy relates to it.

use serde::{Deserialize, Serialize};

use super::DocId;
use super::canonical::ranking;
use super::sketch::Sketch;
use super::verify::{compare, shared};
use crate::article::{Article, InputId};

/// Members that one call should be given at most: its time grows with their text (about 100 µs each). The copies of a
/// larger cluster past the first so many are counted, not merged.
pub const MAX_MEMBERS: usize = 256;

/// A copy at least this much contained in a clearly longer canonical is an excerpt of it.
const EXCERPT_CONTAINMENT: f64 = 0.9;
const EXCERPT_LENGTH: f64 = 0.8;
/// A paragraph with less than this share of its shingles in the canonical is missing there.
const PARAGRAPH_PRESENT: f64 = 0.5;
/// Bounds of `only_here`.
const MAX_PARAGRAPHS: usize = 8;
const MAX_PARAGRAPH_CHARS: usize = 500;

/// One copy of a cluster.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    pub input: InputId,
    pub doc: DocId,
    pub article: &'a Article,
    /// When the scraper fetched it, as given.
    pub fetched_at: Option<&'a str>,
}

impl<'a> Member<'a> {
    pub(crate) fn url(&self) -> Option<&'a str> {
        self.article.url.as_deref()
    }
}

/// What a copy is to the canonical one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    Canonical,
    /// The same text.
    Exact,
    Near,
    /// Contained in the canonical.
    Excerpt,
    /// Another state of the same URL.
    Update,
}

/// How one copy relates to the canonical.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Position in the members given.
    pub member: usize,
    pub relation: Relation,
    /// Jaccard similarity of the sets of word 5-grams, exact, to 4 places.
    pub similarity: f64,
    /// Share of the copy's word 5-grams that the canonical has, exact, to 4 places.
    pub containment: f64,
    /// Paragraphs that the canonical lacks: at most 8, each cut to 500 characters.
    pub only_here: Vec<String>,
}

/// A cluster as one article.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// Position in the members given.
    pub canonical: usize,
    pub article: Article,
    /// The canonical first, then from the best copy to the last.
    pub copies: Vec<Copy>,
}

/// Merges the copies of one article; `None` for no members.
///
/// The outcome does not depend on the order of `members`. Pass at most [`MAX_MEMBERS`].
pub fn merge(members: &[Member<'_>]) -> Option<Merged> {
    let sketches: Vec<Sketch> = members.iter().map(|member| Sketch::of(None, &member.article.text)).collect();
    let lengths: Vec<usize> = sketches.iter().map(Sketch::len).collect();
    let ranking = ranking(members, &lengths);
    let canonical = *ranking.first()?;
    let mut article = members[canonical].article.clone();
    for &donor in &ranking[1..] {
        fill(&mut article, &members[donor]);
    }
    let copies = ranking.iter().map(|&member| relate(member, members, &sketches, canonical)).collect();
    Some(Merged { canonical, article, copies })
}

/// Fills empty fields from a copy; where the article was read (URL and site) comes from one copy as a whole.
fn fill(article: &mut Article, donor: &Member<'_>) {
    let from = donor.article;
    let source = donor.input.to_string();
    let mut filled: Vec<&str> = Vec::new();
    let mut option = |field: &mut Option<String>, value: &Option<String>, name: &'static str| {
        if field.is_none() && value.is_some() {
            field.clone_from(value);
            filled.push(name);
        }
    };
    if article.url.is_none() && article.site.is_none() {
        option(&mut article.url, &from.url, "url");
        option(&mut article.site, &from.site, "site");
        option(&mut article.site_name, &from.site_name, "site_name");
    }
    option(&mut article.title, &from.title, "title");
    option(&mut article.description, &from.description, "description");
    option(&mut article.date_published, &from.date_published, "date_published");
    option(&mut article.language, &from.language, "language");
    option(&mut article.section, &from.section, "section");
    option(&mut article.image, &from.image, "image");
    for (field, value, name) in
        [(&mut article.authors, &from.authors, "authors"), (&mut article.tags, &from.tags, "tags")]
    {
        if field.is_empty() && !value.is_empty() {
            field.clone_from(value);
            filled.push(name);
        }
    }
    for name in filled {
        article.provenance.insert(name.to_owned(), source.clone());
    }
}

fn relate(member: usize, members: &[Member<'_>], sketches: &[Sketch], canonical: usize) -> Copy {
    let (copy, whole) = (&sketches[member], &sketches[canonical]);
    let (article, published) = (members[member].article, members[canonical].article);
    if member == canonical || article.text == published.text {
        let relation = if member == canonical { Relation::Canonical } else { Relation::Exact };
        return Copy { member, relation, similarity: 1.0, containment: 1.0, only_here: Vec::new() };
    }
    let similarity = compare(copy, whole).jaccard;
    let containment =
        if copy.is_empty() { 1.0 } else { shared(&copy.shingles, &whole.shingles) as f64 / copy.len() as f64 };
    let relation = if article.url.is_some() && article.url == published.url {
        Relation::Update
    } else if containment >= EXCERPT_CONTAINMENT && (copy.len() as f64) < EXCERPT_LENGTH * whole.len() as f64 {
        Relation::Excerpt
    } else {
        Relation::Near
    };
    let only_here = article
        .text
        .split("\n\n")
        .filter(|paragraph| !is_present(paragraph, whole))
        .take(MAX_PARAGRAPHS)
        .map(shorten)
        .collect();
    Copy { member, relation, similarity: four_places(similarity), containment: four_places(containment), only_here }
}

/// Whether the canonical has a paragraph, by its shingles, or by its word pairs where it is shorter than a shingle.
fn is_present(paragraph: &str, canonical: &Sketch) -> bool {
    let sketch = Sketch::of(None, paragraph);
    let (part, whole) = if (sketch.tokens as usize) < super::SHINGLE_WORDS {
        (&sketch.pairs, &canonical.pairs)
    } else {
        (&sketch.shingles, &canonical.shingles)
    };
    shared(part, whole) as f64 >= PARAGRAPH_PRESENT * part.len() as f64
}

fn shorten(paragraph: &str) -> String {
    match paragraph.char_indices().nth(MAX_PARAGRAPH_CHARS) {
        None => paragraph.to_owned(),
        Some((at, _)) => format!("{}\u{2026}", paragraph[..at].trim_end()),
    }
}

fn four_places(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
