//! Cleaning an earlier article once more, when its publication's boilerplate has become known after it.
//!
//! The first articles of a site are cleaned before anything is known of it; this lifts them to the level of the later ones.

use std::collections::BTreeSet;

use crate::article::{Article, Block, BlockKind, Document, Flag};
use crate::clean::site::SiteMemory;
use crate::clean::{Cleaner, Doubt, Draft, Page, flags};
use crate::dedup::Sketch;
use crate::ledger::{Filed, Taught};
use crate::story::Terms;
use crate::tokens::Tokens;

/// An article on its way into the ledger, with all that near-copies and stories ask of it.
#[derive(Debug)]
pub struct Finished {
    pub filed: Filed,
    /// Its stored form.
    pub body: Vec<u8>,
    pub sketch: Sketch,
    pub terms: Terms,
}

impl Finished {
    /// Reads the article's text once for everyone.
    pub fn new(document: &Document, outline: &Outline, article: Article) -> Self {
        let tokens = Tokens::of(article.title.as_deref(), &article.text);
        let filed = Filed { taught: outline.taught(&article), ..Filed::new(document, article) };
        Self { body: filed.pack(), filed, sketch: Sketch::of_tokens(&tokens), terms: Terms::of_tokens(&tokens) }
    }
}

/// What an article does not say of the draft that it was made of, and finishing it again must know.
#[derive(Debug)]
pub struct Outline {
    pub publication: Option<String>,
    title_line: Option<u32>,
    doubts: Vec<Doubt>,
    /// Line, kind and bytes of each block.
    blocks: Vec<(u32, BlockKind, usize)>,
    /// As the draft had them: the text of the article may have given reason for more.
    flags: BTreeSet<Flag>,
}

impl Outline {
    pub fn of(draft: &Draft) -> Self {
        Self {
            publication: draft.publication.clone(),
            title_line: draft.title_line,
            doubts: draft.doubts.clone(),
            blocks: draft.page.blocks.iter().map(|block| (block.line, block.kind, block.text.len())).collect(),
            flags: draft.page.article.flags.clone(),
        }
    }

    /// The draft again, of the article that was made of it when nothing was known of its publication.
    pub fn draft(&self, article: &Article) -> Draft {
        let mut rest = article.text.as_str();
        let block = |&(line, kind, bytes): &(u32, BlockKind, usize)| {
            let (text, behind) = rest.split_at(bytes);
            rest = behind.strip_prefix(BETWEEN).unwrap_or(behind);
            Block { line, kind, text: text.to_owned() }
        };
        let blocks = self.blocks.iter().map(block).collect();
        let facts = Article { text: String::new(), removed: Vec::new(), flags: self.flags.clone(), ..article.clone() };
        Draft {
            page: Page { article: facts, blocks, removed: article.removed.clone() },
            publication: self.publication.clone(),
            title_line: self.title_line,
            doubts: self.doubts.clone(),
            ..Draft::default()
        }
    }

    /// What must be kept so that the article can be finished again.
    ///
    /// `None` when nothing is learned from it, or its paragraphs cannot be told apart by blank lines.
    fn taught(&self, article: &Article) -> Option<Taught> {
        let publication = self.publication.clone()?;
        let cut: BTreeSet<u32> = article
            .removed
            .iter()
            .filter(|removal| removal.rule.starts_with("site:"))
            .map(|removal| removal.line)
            .collect();
        let blocks = self.blocks.iter().filter(|(line, ..)| !cut.contains(line));
        let paragraphs: Vec<_> = blocks.map(|&(line, kind, _)| (line, kind)).collect();
        let whole = paragraphs.len() == paragraphs_of(&article.text).count();
        let doubts = self.doubts.iter().filter(|doubt| !cut.contains(&doubt.line));
        let doubts = doubts.map(|doubt| (doubt.line, doubt.wants)).collect();
        whole.then_some(Taught { publication, title_line: self.title_line, paragraphs, doubts })
    }
}

/// What stands between the blocks of an article's text.
const BETWEEN: &str = "\n\n";

/// The pieces between blank lines, as splitting at [`BETWEEN`] gives them, and faster where they are few.
fn paragraphs_of(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = text.match_indices('\n').map(|(at, _)| at).find(|at| text[at + 1..].starts_with('\n'));
        rest = end.map(|end| &text[end + BETWEEN.len()..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

/// The article of document `seq` as it is with what the memory knows now; `None` when nothing changes.
pub fn finish_again(seq: u64, filed: &Filed, cleaner: &Cleaner, memory: &SiteMemory) -> Option<Filed> {
    let taught = filed.taught.as_ref()?;
    let paragraphs = paragraphs_of(&filed.article.text).zip(&taught.paragraphs);
    // What the text gave reason for is asked of the new text.
    let of_text = flags::of(&filed.article);
    let outline = Outline {
        publication: Some(taught.publication.clone()),
        title_line: taught.title_line,
        doubts: taught.doubts.iter().map(|&(line, wants)| Doubt { line, wants }).collect(),
        blocks: paragraphs.map(|(text, &(line, kind))| (line, kind, text.len())).collect(),
        flags: filed.article.flags.difference(&of_text).copied().collect(),
    };
    let article = cleaner.finish(Draft { article: Some(seq), ..outline.draft(&filed.article) }, memory);
    if article == filed.article {
        return None;
    }
    let taught = outline.taught(&article);
    Some(Filed { article, taught, ..filed.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{InputId, MediaType};
    use proptest::prelude::*;

    fn document(text: &str) -> Document {
        Document {
            input: InputId::of(text.as_bytes()),
            path: "ferry/a.txt".into(),
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: text.len() as u64,
            content: text.into(),
            given: Default::default(),
            folder: Some("ferry".into()),
        }
    }

    #[test]
    fn a_draft_is_had_again_from_its_article() {
        let text = "Ferry sails again\n\nShare this:\n\nThe ferry sailed again on Monday after a winter in the dock, its \
                    captain said on the quay.\n\nTickets cost the same as before, and the first boats were full of \
                    people who had waited…";
        let document = document(text);
        let cleaner = Cleaner::new(Default::default());
        let draft = cleaner.draft(&document).expect("an article");
        assert!(!draft.page.removed.is_empty() && draft.page.blocks.len() > 1);
        let article = cleaner.finish(draft.clone(), &SiteMemory::default());
        assert!(article.flags.contains(&Flag::Truncated));
        assert_eq!(Outline::of(&draft).draft(&article), Draft { fingerprints: Vec::new(), ..draft });
    }

    #[test]
    fn a_flag_goes_with_the_line_that_gave_reason_for_it() {
        const LAST: &str = "More from the quay of our harbour, every day…";
        let cleaner = Cleaner::new(Default::default());
        let mut memory = SiteMemory::default();
        let mut finished = |number: u64, what: &str| {
            let document = document(&format!(
                "The {what} sails again\n\nThe {what} sailed again on Monday after {number} winters in the dock, its \
                 captain said.\n\nThe new engine of the {what} makes {number} knots against the tide, he said.\n\n{LAST}"
            ));
            let draft = cleaner.draft(&document).expect("an article");
            memory.learn("ferry", number, draft.fingerprints());
            let article = cleaner.finish(draft.clone(), &memory);
            Finished::new(&document, &Outline::of(&draft), article).filed
        };
        let first = finished(1, "ferry");
        ["tug", "barge"].into_iter().zip(2..).for_each(|(what, number)| drop(finished(number, what)));
        assert!(first.article.text.ends_with(LAST) && first.article.flags.contains(&Flag::Truncated));
        let again = finish_again(1, &first, &cleaner, &memory).expect("a new state").article;
        assert!(again.text.ends_with("he said."), "{}", again.text);
        assert!(!again.flags.contains(&Flag::Truncated) && again.flags.contains(&Flag::Short));
    }

    #[test]
    fn what_is_doubted_is_kept_until_the_memory_knows() {
        let text = "The ferry sails again\n\nThe ferry sailed again on Monday after nine winters in the dock, its \
                    captain said.\n\nThe new engine of the ferry makes nine knots against the tide, he said.\n\n\
                    The round table\n\nCoast\n\nTwo Whales Seen off the North Pier\n\n3 min read\n\nQuay\n\n\
                    Letters from the island\n\nTea on Thursdays";
        let cleaner = Cleaner::new(Default::default());
        let document = document(text);
        let draft = cleaner.draft(&document).expect("an article");
        assert!(!draft.doubts.is_empty());
        let mut memory = SiteMemory::default();
        let article = cleaner.finish(draft.clone(), &memory);
        let filed = Finished::new(&document, &Outline::of(&draft), article).filed;
        let menu = ["The round table", "Coast", "Quay", "Letters from the island", "Tea on Thursdays"];
        let menu = menu.map(|line| crate::clean::site::fingerprint(line).expect("it has letters"));
        (2..=3).for_each(|number| drop(memory.learn("ferry", number, &menu)));
        let stored = Filed::unpack(1, &filed.pack()).expect("it was just packed");
        let again = finish_again(1, &stored, &cleaner, &memory).expect("a new state");
        assert!(again.article.text.ends_with("he said."), "{}", again.article.text);
        assert_eq!(again.taught.expect("it teaches").doubts, []);
    }

    proptest! {
        #[test]
        fn paragraphs_are_what_splitting_gives(text in "[a\n]{0,12}") {
            let split: Vec<&str> = text.split(BETWEEN).collect();
            prop_assert_eq!(paragraphs_of(&text).collect::<Vec<_>>(), split);
        }
    }
}
