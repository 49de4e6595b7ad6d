//! A stream of one site: its boilerplate is learned, old articles are revised, and no article is eaten.

use std::collections::BTreeMap;

use copydesk::article::{Article, Class, Document, Flag, Given, InputId, MediaType};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, Draft, Settings};

const SITE: &str = "harbourpost.example";

fn document(text: &str) -> Document {
    Document {
        input: InputId::of(text.as_bytes()),
        path: "input.txt".into(),
        external_id: None,
        media_type: MediaType::Text,
        charset: "UTF-8".into(),
        bytes: text.len() as u64,
        content: text.to_owned(),
        given: Given { url: Some(format!("https://www.{SITE}/ferry")), ..Given::default() },
        folder: None,
    }
}

/// An article with lines that no phrase rule knows: an editor's promise above, a club and a motto below.
fn page(n: usize) -> String {
    const SUBJECTS: [&str; 6] = ["ferry", "bridge", "library", "lighthouse", "school", "bakery"];
    let subject = SUBJECTS[n % SUBJECTS.len()];
    format!(
        "Old {subject} number {n} gets a new roof\n\
         Our reporters walk every lane of the coast so that no harbour is forgotten, in good weather and in bad.\n\
         The {subject} of quarter {n} will get a new roof before winter, the council said on Monday, after {n} years of rain.\n\
         Its keeper, who has counted {n} buckets under the {subject}, said that she would miss the sound, but not the work.\n\
         The roof of the {subject} is made of slate from the island, and {n} masons have been asked to lay it by October.\n\
         Round table of the coast, with tea, every second Thursday of {n} months\n\
         Salt keeps, ink remembers\n"
    )
}

struct Desk {
    cleaner: Cleaner,
    memory: SiteMemory,
    drafts: BTreeMap<u64, Draft>,
    articles: BTreeMap<u64, Article>,
}

impl Desk {
    fn new() -> Self {
        let cleaner = Cleaner::new(Settings::default());
        Self { cleaner, memory: SiteMemory::default(), drafts: BTreeMap::new(), articles: BTreeMap::new() }
    }

    fn take(&mut self, number: u64, text: &str) {
        let mut draft = self.cleaner.draft(&document(text)).expect("it has prose");
        self.articles.insert(number, self.cleaner.finish(draft.clone(), &self.memory).expect("it has prose"));
        let publication = draft.publication.clone().expect("it has a site");
        draft.article = Some(number);
        let revise = self.memory.learn(&publication, number, draft.fingerprints());
        self.drafts.insert(number, draft);
        for number in revise {
            let draft = self.drafts[&number].clone();
            self.articles.insert(number, self.cleaner.finish(draft, &self.memory).expect("it has prose"));
        }
    }
}

#[test]
fn every_article_of_a_site_ends_without_its_boilerplate() {
    let mut desk = Desk::new();
    for n in 1..=6 {
        desk.take(n, &page(n as usize));
    }
    for (number, article) in &desk.articles {
        assert_eq!(article.text.split("\n\n").count(), 3, "article {number}: {}", article.text);
        let learned: Vec<_> = article.removed.iter().filter(|removal| removal.rule == format!("site:{SITE}")).collect();
        assert_eq!(learned.len(), 3, "article {number}: {:?}", article.removed);
        assert!(learned[0].why.contains(&format!("other articles of {SITE}")), "{}", learned[0].why);
    }
    let known: Vec<u32> = desk.memory.known_lines(SITE).iter().map(|line| line.articles).collect();
    assert_eq!(known, [6, 6, 6]);
}

/// An article over a menu that every page has, in which the headlines of other articles stand: new ones on each page.
fn page_with_teasers(n: usize) -> String {
    const TEASERS: [&str; 6] = [
        "Mayor Opens the New Fish Market",
        "Two Whales Seen off the North Pier",
        "Choir Looks for Tenors and a Piano",
        "Storm Takes the Old Beach Huts",
        "Island Bus Gets a Night Line",
        "Harbour Bell Rings After Ninety Years",
    ];
    let page = page(n);
    let article: Vec<_> = page.lines().filter(|line| line.contains("roof") || line.contains("keeper")).collect();
    let teaser = TEASERS[n % TEASERS.len()];
    format!(
        "{}\nThe round table\nCoast\n{teaser}\n3 min\nQuay\nLetters from the island\nTea on Thursdays\n",
        article.join("\n")
    )
}

#[test]
fn what_stands_among_learned_lines_is_doubted_with_them() {
    let mut desk = Desk::new();
    desk.take(1, &page_with_teasers(1));
    assert!(desk.articles[&1].text.contains("Two Whales"), "alone it is not sure enough: {}", desk.articles[&1].text);
    for n in 2..=6 {
        desk.take(n, &page_with_teasers(n as usize));
    }
    for (number, article) in &desk.articles {
        assert_eq!(article.text.split("\n\n").count(), 3, "article {number}: {}", article.text);
        let learned: Vec<_> = article.removed.iter().filter(|removal| removal.rule == format!("site:{SITE}")).collect();
        let teaser = learned.iter().find(|removal| removal.class == Class::Teaser).expect("it is said to be a teaser");
        assert!(
            teaser.why.contains(&format!("5 lines near it were seen in other articles of {SITE}")),
            "{}",
            teaser.why
        );
    }
    assert_eq!(desk.memory.known_lines(SITE).len(), 5);
}

#[test]
fn a_sentence_of_the_article_is_not_doubted_for_what_stands_around_it() {
    let mut desk = Desk::new();
    let page = |n: usize| {
        let page = page(n);
        let article: Vec<_> = page.lines().filter(|line| line.contains("roof") || line.contains("keeper")).collect();
        let sentence = ["Join us on the quay!", "Join us on the boat!", "Join us on the hill!"][n % 3];
        format!(
            "{}\nThe round table\nCoast\nQuay\n3 min\n{sentence}\nLetters from the island\n4 min\nTea on Thursdays\n{}\n",
            article[..3].join("\n"),
            article[3..].join("\n")
        )
    };
    (1..=3).for_each(|n| desk.take(n, &page(n as usize)));
    for article in desk.articles.values() {
        assert!(!article.text.contains("round table") && article.text.contains("Join us on the "), "{}", article.text);
    }
}

#[test]
fn a_replayed_memory_is_the_same_memory() {
    let (mut first, mut again) = (Desk::new(), SiteMemory::default());
    for n in 1..=6 {
        first.take(n, &page(n as usize));
        again.learn(SITE, n, first.drafts[&n].fingerprints());
    }
    assert_eq!(first.memory.known_lines(SITE), again.known_lines(SITE));
}

#[test]
fn a_learned_line_cannot_remove_an_article() {
    let mut desk = Desk::new();
    for n in 1..=4 {
        desk.take(n, &page(9));
    }
    let last = &desk.articles[&4];
    assert!(last.text.contains("gets a new roof") || last.title.is_some());
    assert!(last.text.contains("said that she would miss the sound"), "{}", last.text);
    assert!(last.flags.contains(&Flag::Review));
}

#[test]
fn a_draft_survives_storage() {
    let desk = Desk::new();
    let draft = desk.cleaner.draft(&document(&page(1))).expect("it has prose");
    let stored = serde_json::to_string(&draft).expect("a draft is JSON");
    assert_eq!(serde_json::from_str::<Draft>(&stored).expect("it was just written"), draft);
}
