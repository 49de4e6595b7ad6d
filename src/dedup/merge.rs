//! Copies → the one article: the canonical's text, empty fields filled from the others, and how each copy relates to it.

use std::collections::HashSet;

use super::DocId;
use super::canonical::ranking;
use super::sketch::Sketch;
use super::verify::{Comparison, compare, shared};
use crate::article::{Article, InputId, Relation};

/// Members that one call should be given at most, which `outbox.max_copies` is held to: its time grows with their text (about
/// 100 µs each, so half a second), and every batch that brings another copy calls again. Of a larger cluster some are
/// chosen, the others counted and not merged.
pub const MAX_MEMBERS: usize = 4_096;

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
    /// The hash of the document's bytes.
    pub input: InputId,
    /// The last document with these bytes.
    pub doc: DocId,
    /// Its cleaned article.
    pub article: &'a Article,
    /// When the scraper fetched it, as given.
    pub fetched_at: Option<&'a str>,
}

impl<'a> Member<'a> {
    pub(crate) fn url(&self) -> Option<&'a str> {
        self.article.url.as_deref()
    }
}

/// How one copy relates to the canonical.
#[derive(Clone, Debug, PartialEq)]
pub struct Copy {
    /// Position in the members given.
    pub member: usize,
    /// What it is to the canonical.
    pub relation: Relation,
    /// Jaccard similarity of the sets of word 5-grams, exact, to 4 places.
    pub similarity: f64,
    /// Share of the shorter text's word 5-grams that the other has, exact, to 4 places.
    pub containment: f64,
    /// Paragraphs that the canonical lacks: at most 8, each cut to 500 characters and an ellipsis.
    pub only_here: Vec<String>,
}

/// A cluster as one article.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// Position in the members given.
    pub canonical: usize,
    /// The canonical's, with its empty fields filled from the others.
    pub article: Article,
    /// The canonical first, then from the best copy to the last.
    pub copies: Vec<Copy>,
}

/// What [`merge`] gives for a single copy, without reading its text.
pub fn alone(member: &Member<'_>) -> Merged {
    let copy =
        Copy { member: 0, relation: Relation::Canonical, similarity: 1.0, containment: 1.0, only_here: Vec::new() };
    Merged { canonical: 0, article: member.article.clone(), copies: vec![copy] }
}

/// Merges the copies of one article; `None` for no members.
///
/// The outcome does not depend on the order of `members`. Pass at most [`MAX_MEMBERS`].
pub fn merge(members: &[Member<'_>]) -> Option<Merged> {
    let sketches: Vec<Sketch> = members.iter().map(|member| Sketch::of_overlap(&member.article.text)).collect();
    let ranking = ranking(members, &sketches);
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
        article.provenance.insert(name.into(), source.clone().into());
    }
}

fn relate(member: usize, members: &[Member<'_>], sketches: &[Sketch], canonical: usize) -> Copy {
    let (copy, whole) = (&sketches[member], &sketches[canonical]);
    let (article, published) = (members[member].article, members[canonical].article);
    if member == canonical || article.text == published.text {
        let relation = if member == canonical { Relation::Canonical } else { Relation::Exact };
        return Copy { member, relation, similarity: 1.0, containment: 1.0, only_here: Vec::new() };
    }
    let Comparison { jaccard: similarity, containment, .. } = compare(copy, whole);
    // Nothing stands in everything.
    let containment = if copy.is_empty() { 1.0 } else { containment };
    let relation = if article.url.is_some() && article.url == published.url {
        Relation::Update
    } else if containment >= EXCERPT_CONTAINMENT && (copy.len() as f64) < EXCERPT_LENGTH * whole.len() as f64 {
        Relation::Excerpt
    } else {
        Relation::Near
    };
    let only_here = missing_paragraphs(&article.text, &published.text, whole);
    Copy { member, relation, similarity: four_places(similarity), containment: four_places(containment), only_here }
}

/// Paragraphs of `text` that `other` lacks, bounded as [`Copy::only_here`].
fn missing_paragraphs(text: &str, other: &str, sketch: &Sketch) -> Vec<String> {
    // Most paragraphs of a copy stand in the other text as they are.
    let verbatim: HashSet<&str> = other.split("\n\n").collect();
    text.split("\n\n")
        .filter(|paragraph| !verbatim.contains(paragraph) && !is_present(paragraph, sketch))
        .take(MAX_PARAGRAPHS)
        .map(shorten)
        .collect()
}

/// Whether the canonical has a paragraph, by its shingles, or by its word pairs where it is shorter than a shingle.
fn is_present(paragraph: &str, canonical: &Sketch) -> bool {
    let sketch = Sketch::of_overlap(paragraph);
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

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "The mill on the river Aune burned for six hours on Sunday night before the rain came.\n\nNobody was hurt, \
                        said the fire chief, although two horses ran off and were found in the next valley.\n\nThe owner wants to \
                        build again in stone and asked the council for a loan of ninety thousand crowns.";

    fn article(text: &str) -> Article {
        Article { text: text.to_owned(), ..Article::default() }
    }

    fn merged(articles: &[Article]) -> Merged {
        let members: Vec<Member<'_>> = (0u64..)
            .zip(articles)
            .map(|(doc, article)| Member { input: InputId::of(&[doc as u8]), doc, article, fetched_at: None })
            .collect();
        merge(&members).expect("there are members")
    }

    #[test]
    fn a_single_copy_needs_no_comparison() {
        let article = article(BODY);
        let member = Member { input: InputId::of(b"one"), doc: 0, article: &article, fetched_at: None };
        assert_eq!(Some(alone(&member)), merge(&[member]));
    }

    #[test]
    fn the_most_complete_text_is_published_and_the_others_related_to_it() {
        let excerpt: String = BODY.split("\n\n").take(1).collect();
        let with_more = BODY.replace("burned for", "was on fire for") + "\n\nPicture: a reader.";
        let merged = merged(&[article(&excerpt), article(BODY), article(BODY), article(&with_more)]);
        let relations: Vec<(usize, Relation)> = merged.copies.iter().map(|copy| (copy.member, copy.relation)).collect();
        assert_eq!(merged.canonical, 3);
        assert_eq!(relations[0], (3, Relation::Canonical));
        assert!((0..3).all(|member| relations.contains(&(member, Relation::Near))), "{relations:?}");
    }

    #[test]
    fn an_equal_text_is_exact_and_a_contained_one_an_excerpt() {
        let excerpt = BODY.split("\n\n").nth(1).expect("a second paragraph").to_owned();
        let merged = merged(&[article(&excerpt), article(BODY), article(BODY)]);
        let of = |member| merged.copies.iter().find(|copy| copy.member == member).expect("every member is a copy");
        assert_eq!(of(0).relation, Relation::Excerpt);
        assert_eq!(of(0).containment, 1.0);
        assert!(of(0).similarity < 0.5);
        let exact = merged.copies.iter().filter(|copy| copy.relation == Relation::Exact).count();
        assert_eq!(exact, 1);
    }

    #[test]
    fn empty_fields_are_filled_from_copies_and_say_from_which() {
        let full =
            article(&(BODY.to_owned() + "\n\nMore is known about the mill, which stood since the year of the flood."));
        let rich = Article {
            title: Some("Mill burns".into()),
            authors: vec!["Ada Holm".into()],
            url: Some("https://paper.example/mill".into()),
            site: Some("paper.example".into()),
            ..article(BODY)
        };
        let merged = merged(&[full.clone(), rich]);
        assert_eq!(merged.canonical, 0);
        assert_eq!(merged.article.text, full.text);
        assert_eq!(merged.article.title.as_deref(), Some("Mill burns"));
        assert_eq!(merged.article.site.as_deref(), Some("paper.example"));
        let from = InputId::of(&[1]).to_string();
        for field in ["title", "authors", "url", "site"] {
            assert_eq!(merged.article.provenance[field], from, "{field}");
        }
        assert_eq!(merged.article.provenance.get("section"), None);
    }

    fn state(text: &str, modified: &str) -> Article {
        Article {
            url: Some("https://paper.example/live".into()),
            date_modified: Some(modified.into()),
            ..article(text)
        }
    }

    const SHORTENED: &str = "The mill on the river Aune burned for six hours on Sunday night. A lamp that was left in the loft \
                             had set fire to the flour, police have found, and the miller's son was fined.";

    #[test]
    fn the_latest_state_of_a_url_is_published_although_it_is_shorter() {
        let early = state(BODY, "2024-05-01T10:00:00+02:00");
        let late = state(SHORTENED, "2024-05-01T09:00:00Z");
        let merged = merged(&[early, late]);
        assert_eq!(merged.canonical, 1);
        assert_eq!(merged.copies[1].relation, Relation::Update);
        assert_eq!(merged.copies[1].only_here.len(), 2);
    }

    #[test]
    fn containment_is_of_the_shorter_text_where_the_copy_is_the_longer_one_too() {
        let early = state(&(BODY.to_owned() + "\n\nPicture: a reader who stood on the bridge."), "2024-05-01");
        let late = state(BODY, "2024-05-02");
        let merged = merged(&[early, late]);
        let early = &merged.copies[1];
        assert_eq!((merged.canonical, early.member), (1, 0));
        assert_eq!(early.containment, 1.0);
        assert!(early.similarity < 1.0 && !early.only_here.is_empty());
    }

    #[test]
    fn a_teaser_of_a_url_never_stands_for_its_article() {
        let whole = state(BODY, "2024-05-01");
        let teaser = |words: usize| BODY.split(' ').take(words).collect::<Vec<_>>().join(" ");
        let reworded = format!("A mill burned down in the valley of the Aune. {}", teaser(12));
        for later in [teaser(20), teaser(40), reworded] {
            let merged = merged(&[state(&later, "2024-05-02"), whole.clone()]);
            assert_eq!(merged.canonical, 1, "{later}");
        }
        let newer = state(&BODY.replace("in stone", "in brick"), "2024-05-03");
        assert_eq!(merged(&[whole.clone(), state(&teaser(20), "2024-05-02"), newer]).canonical, 2);
    }

    #[test]
    fn a_state_that_fell_short_does_not_supersede_and_a_longer_one_does() {
        use crate::article::Flag;
        let with = |text: &str, modified: &str, flag| Article { flags: [flag].into(), ..state(text, modified) };
        let whole = state(BODY, "2024-05-01");
        for flag in [Flag::Truncated, Flag::Paywalled, Flag::Short, Flag::NotAnArticle] {
            let fell_short = with(SHORTENED, "2024-05-02", flag);
            assert_eq!(merged(&[whole.clone(), fell_short.clone()]).canonical, 0, "{flag:?}");
            let again = state(SHORTENED, "2024-05-03");
            assert_eq!(merged(&[whole.clone(), fell_short, again]).canonical, 2, "{flag:?}");
        }
        let longer = with(BODY, "2024-05-02", Flag::Truncated);
        assert_eq!(merged(&[state(SHORTENED, "2024-05-01"), longer.clone()]).canonical, 1);
        let listing = with(&BODY.repeat(2), "2024-05-02", Flag::NotAnArticle);
        assert_eq!(merged(&[whole, listing]).canonical, 0);
    }

    #[test]
    fn paragraphs_found_only_in_a_copy_are_listed_and_shortened() {
        let long = "Unheard of words ".repeat(100);
        let copy = format!("{}\n\n{long}\n\nYes.", BODY.split("\n\n").next().expect("a paragraph"));
        let full = BODY.to_owned()
            + "\n\n"
            + &"The flood of that year carried off eleven other mills and a chapel. ".repeat(3)
            + "Their stones were used for the bridge which the duke opened in person, as the parish book tells in detail.";
        let merged = merged(&[article(&full), article(&copy)]);
        let only_here = &merged.copies[1].only_here;
        assert_eq!(only_here.len(), 1);
        assert_eq!(only_here[0].chars().count(), MAX_PARAGRAPH_CHARS + 1, "an ellipsis follows");
    }

    #[test]
    fn nothing_merges_to_nothing() {
        assert_eq!(merge(&[]), None);
    }
}
