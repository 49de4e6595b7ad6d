//! A stream of one site: its boilerplate is learned, old articles are revised, and no article is eaten.

use std::collections::BTreeMap;

use copydesk::article::{Article, Class, Document, Flag, Given, InputId, MediaType};
use copydesk::clean::site::{Limits, SiteMemory};
use copydesk::clean::{Cleaner, Draft, Level, Settings};

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
        Self::at(Level::Safe)
    }

    fn at(level: Level) -> Self {
        let cleaner = Cleaner::new(Settings { level, ..Settings::default() });
        let memory = SiteMemory::new(level, Limits::default());
        Self { cleaner, memory, drafts: BTreeMap::new(), articles: BTreeMap::new() }
    }

    fn take(&mut self, number: u64, text: &str) {
        let mut draft = self.cleaner.draft(&document(text)).expect("it has prose");
        self.articles.insert(number, self.cleaner.finish(draft.clone(), &self.memory));
        let publication = draft.publication.clone().expect("it has a site");
        draft.article = Some(number);
        let revise = self.memory.learn(&publication, number, draft.fingerprints());
        self.drafts.insert(number, draft);
        for number in revise {
            let draft = self.drafts[&number].clone();
            self.articles.insert(number, self.cleaner.finish(draft, &self.memory));
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

/// An article like no other, and what a site puts before, between and after its paragraphs.
fn around(n: usize, above: &str, between: &str, below: &str) -> String {
    let name: String = [n / 26, n % 26].map(|letter| char::from(b'a' + letter as u8)).iter().collect();
    format!(
        "The ferry {name} gets a new roof\n{above}\n\
         The ferry {name} will get a new roof before winter, the council of {name} said on Monday, after years of rain.\n\
         Its keeper, who has counted the buckets under {name}, said that she would miss the sound, but not the work.\n\
         {between}\n\
         The roof of the {name} is made of slate from the island, and masons have been asked to lay it by October.\n\
         {below}\n"
    )
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
    let teaser = TEASERS[n % TEASERS.len()];
    let menu = format!("The round table\nCoast\n{teaser}\n3 min read\nQuay\nLetters from the island\nTea on Thursdays");
    around(n, "", "", &menu)
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
fn before_and_after_the_article_one_other_article_is_proof() {
    let mut desk = Desk::new();
    (1..=2).for_each(|n| {
        desk.take(n, &around(n as usize, "The round table", "Salt keeps, ink remembers us", "Tea on Thursdays"))
    });
    let second = &desk.articles[&2];
    let learned: Vec<_> = second.removed.iter().map(|removal| removal.text.as_str()).collect();
    assert_eq!(learned, ["The round table", "Tea on Thursdays"], "{}", second.text);
}

#[test]
fn an_article_does_not_teach_against_its_own_update() {
    let update = format!(
        "{}The mason who had laid the first roof, and had not seen it since, came back to count the slates by hand.\n\
         He found eleven of them in a garden behind the church, where they had been a path for as long as he lives.\n\
         The council wants them back, and has asked the gardener, who says that a path is not a thing to be lent.\n\
         A song about the ferry\n",
        around(1, "The song of the slates", "", "With pictures by the keeper")
    );
    for level in [Level::Safe, Level::Eager] {
        let mut desk = Desk::at(level);
        desk.take(1, &around(1, "The song of the slates", "", "With pictures by the keeper"));
        let draft = desk.cleaner.draft(&document(&update)).expect("it has prose");
        let kept = draft.page.blocks.clone();
        assert!(kept.iter().any(|block| block.text.contains("she would miss the sound")));
        let article = desk.cleaner.finish(draft, &desk.memory);
        for block in kept {
            assert!(article.text.contains(&block.text), "{level:?} lost {:?}: {}", block.text, article.text);
        }
    }
}

#[test]
fn a_heading_that_half_of_the_articles_have_is_the_writers_until_many_do() {
    let mut desk = Desk::new();
    let take = |desk: &mut Desk, n: u64, heading: &str| desk.take(n, &around(n as usize, "", heading, ""));
    (1..=6).for_each(|n| take(&mut desk, n, "Pros"));
    assert!(desk.articles.values().all(|article| article.text.contains("Pros")));
    (7..=30).for_each(|n| take(&mut desk, n, if n % 3 == 0 { "Pros" } else { "" }));
    assert!(desk.articles[&30].text.contains("Pros"), "13 of 29 others have it: {}", desk.articles[&30].text);
    (31..=40).for_each(|n| take(&mut desk, n, "Pros"));
    assert!(!desk.articles[&40].text.contains("Pros"), "a site's habit: {}", desk.articles[&40].text);
}

#[test]
fn a_headline_that_comes_every_day_stays_where_no_other_is() {
    let mut desk = Desk::new();
    let headline = "The winning numbers of the harbour lottery";
    (1..=4).for_each(|n| {
        let text = around(n as usize, "", "", "");
        desk.take(n, &format!("{headline}\n{}", text.split_once('\n').expect("lines").1));
    });
    assert!(desk.articles.values().all(|article| article.title.as_deref() == Some(headline)), "{:#?}", desk.articles);

    let mut desk = Desk::new();
    (1..=4).for_each(|n| desk.take(n, &format!("The Harbour Post of the coast\n{}", around(n as usize, "", "", ""))));
    let titles: Vec<_> = desk.articles.values().map(|article| article.title.clone().expect("a headline")).collect();
    assert!(titles.iter().all(|title| title.starts_with("The ferry a")), "{titles:?}");
}

#[test]
fn a_sentence_of_the_article_is_not_doubted_for_what_stands_around_it() {
    let mut desk = Desk::new();
    let sentences = ["Join us on the quay!", "Join us on the boat!", "Join us on the hill!"];
    for (n, sentence) in (1..).zip(sentences) {
        let menu = format!(
            "The round table of the coast\nHouses by the old quay\n3 min\n{sentence}\nLetters from the island post\n\
             4 min\nTea on every second Thursday"
        );
        desk.take(n, &around(n as usize, "", &menu, ""));
    }
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
