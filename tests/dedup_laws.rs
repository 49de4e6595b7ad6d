//! Laws of deduplication and stories: what must hold for any texts and, where the rules allow it, in any order.

use std::collections::{BTreeMap, BTreeSet};

use copydesk::article::{Article, InputId, Relation};
use copydesk::dedup::merge::{Member, merge};
use copydesk::dedup::{
    Archive, ClusterId, Deduplicator, DocId, Facts, Outcome, SealedRow, Settings, Sketch, Standing, Verdict,
};
use copydesk::story::{Stories, Terms};
use proptest::prelude::*;

/// SplitMix64, so that an article is its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[(self.next() % words.len() as u64) as usize]
    }
}

/// An invented word; each article has its own.
fn name(random: &mut Random) -> String {
    const PARTS: [&str; 12] = ["Bar", "Den", "Fol", "Gar", "Hol", "Kim", "Lun", "Mar", "Nor", "Pel", "Sor", "Ver"];
    const ENDS: [&str; 10] = ["bridge", "dale", "ford", "ham", "lock", "mere", "stead", "ton", "wick", "wood"];
    format!("{}{}{}", random.of(&PARTS), random.of(&PARTS).to_lowercase(), random.of(&ENDS))
}

/// The sentences of an invented article, with names, nouns and verbs of its own.
fn sentences(number: u64, count: usize) -> Vec<String> {
    let random = &mut Random(number.wrapping_mul(0x1234_5678_9abc_def1));
    let mut invent =
        |count: usize, ending: &str| -> Vec<String> { (0..count).map(|_| name(random) + ending).collect() };
    let (people, things, verbs) = (invent(6, ""), invent(12, "er"), invent(10, "ed"));
    let mut pick = |words: &[String]| words[(random.next() % words.len() as u64) as usize].clone();
    (0..count)
        .map(|i| {
            format!(
                "Near {} the {} {} and {} {} {} for the {}, while a {} {} the {} {}.",
                pick(&people),
                pick(&things).to_lowercase(),
                pick(&verbs).to_lowercase(),
                pick(&people),
                pick(&verbs).to_lowercase(),
                i * 7 + 20,
                pick(&things).to_lowercase(),
                pick(&things).to_lowercase(),
                pick(&verbs).to_lowercase(),
                pick(&things).to_lowercase(),
                pick(&verbs).to_lowercase(),
            )
        })
        .collect()
}

fn article(number: u64) -> String {
    sentences(number, 20).join(" ")
}

/// What a ledger knows of a document.
struct Entry {
    cluster: ClusterId,
    url: Option<String>,
    day: i32,
    standing: Standing,
    brief: Vec<u8>,
}

/// Sealed documents in memory, with what a ledger knows of all documents.
#[derive(Default)]
struct Shelf {
    postings: BTreeMap<u64, Vec<DocId>>,
    through: DocId,
    rows: BTreeMap<DocId, Entry>,
}

impl Archive for Shelf {
    fn find(&mut self, keys: &[u64], _least: u32) -> Vec<(u32, DocId)> {
        let under = |key: &u64| self.postings.get(&(key >> 24)).into_iter().flatten().copied();
        (0..).zip(keys).flat_map(|(position, key)| under(key).map(move |doc| (position, doc))).collect()
    }

    fn row(&mut self, doc: DocId) -> Option<SealedRow> {
        let Entry { cluster, url, day, standing, brief } = self.rows.get(&doc)?;
        SealedRow::new(doc, *cluster, &Facts { url: url.as_deref(), day: *day }, *standing, brief).ok()
    }

    fn members(&mut self, cluster: ClusterId, limit: usize) -> Vec<SealedRow> {
        let sealed = self.all_members(cluster).into_iter().filter(|doc| *doc <= self.through).take(limit);
        sealed.collect::<Vec<_>>().into_iter().filter_map(|doc| self.row(doc)).collect()
    }

    fn all_members(&mut self, cluster: ClusterId) -> Vec<DocId> {
        self.rows.iter().filter(|(_, row)| row.cluster == cluster).map(|(doc, _)| *doc).collect()
    }
}

/// A deduplicator with the texts that it was given, as a desk has.
struct Desk {
    deduplicator: Deduplicator,
    shelf: Shelf,
    texts: BTreeMap<DocId, String>,
    clusters: BTreeMap<DocId, ClusterId>,
    roundups: BTreeSet<DocId>,
}

impl Desk {
    fn new(settings: Settings) -> Self {
        Self {
            deduplicator: Deduplicator::new(settings),
            shelf: Shelf::default(),
            texts: BTreeMap::new(),
            clusters: BTreeMap::new(),
            roundups: BTreeSet::new(),
        }
    }

    fn feed_as(&mut self, text: &str, facts: &Facts<'_>) -> Verdict {
        let doc = self.texts.len() as DocId + 1;
        let texts = &self.texts;
        let sketch = Sketch::of(None, text);
        let brief = sketch.brief();
        let mut recall = |doc| texts.get(&doc).map(|text: &String| Sketch::of(None, text));
        let verdict = self.deduplicator.judge_with(doc, facts, sketch, &mut recall, &mut self.shelf);
        let url = facts.url.map(str::to_owned);
        let entry = Entry { cluster: verdict.cluster, url, day: facts.day, standing: Standing::Ordinary, brief };
        self.shelf.rows.insert(doc, entry);
        for (doc, cluster) in &verdict.moved {
            self.shelf.rows.get_mut(doc).expect("a document").cluster = *cluster;
        }
        for doc in &verdict.roundups {
            self.shelf.rows.get_mut(doc).expect("a document").standing = Standing::Roundup;
        }
        self.texts.insert(doc, text.to_owned());
        self.clusters.insert(doc, verdict.cluster);
        self.clusters.extend(verdict.moved.iter().copied());
        self.roundups.extend(&verdict.roundups);
        verdict
    }

    fn feed(&mut self, text: &str) -> Verdict {
        self.feed_as(text, &Facts::default())
    }

    /// Seals the oldest `documents` in memory.
    fn seal(&mut self, documents: usize) {
        let Some(oldest) = self.deduplicator.oldest(documents) else { return };
        self.deduplicator.each_posting(&oldest, |key, doc| self.shelf.postings.entry(key).or_default().push(doc));
        self.deduplicator.let_go(&oldest);
        self.shelf.through = oldest.through;
        self.deduplicator.rely_on_archive(oldest.through, 0);
    }

    /// The texts that ended together, without names.
    fn groups(&self) -> BTreeSet<BTreeSet<String>> {
        let mut groups: BTreeMap<ClusterId, BTreeSet<String>> = BTreeMap::new();
        for (doc, cluster) in &self.clusters {
            groups.entry(*cluster).or_default().insert(self.texts[doc].clone());
        }
        groups.into_values().collect()
    }
}

fn desk() -> Desk {
    Desk::new(Settings::default())
}

#[test]
fn a_text_is_its_own_copy_and_no_other_texts() {
    let mut desk = desk();
    for number in 1..=50 {
        assert_eq!(desk.feed(&article(number)).cluster, number);
    }
    for number in 1..=50 {
        let copy = format!("Photo: the archive. {}", article(number).to_uppercase());
        assert_eq!(desk.feed(&copy).cluster, number);
    }
}

#[test]
fn an_excerpt_joins_its_article_and_an_article_its_excerpts() {
    let whole = sentences(1, 30);
    let mut desk = desk();
    assert_eq!(desk.feed(&whole[..8].join(" ")).cluster, 1);
    assert_eq!(desk.feed(&whole[15..22].join(" ")).cluster, 2);
    let verdict = desk.feed(&whole.join(" "));
    assert_eq!(verdict.cluster, 1);
    assert_eq!(verdict.moved, [(2, 1)]);
    assert_eq!(desk.feed(&whole[24..].join(" ")).cluster, 1);
    assert_eq!(desk.deduplicator.members(1), [1, 2, 3, 4]);
}

/// A report from a form: the sentences are the same for all places.
fn weather(place: &str, high: u32) -> String {
    format!(
        "Residents of {place} can look forward to a dry day with a high near {high} degrees, said the weather office at {place} Field. \
         Winds will turn north at {} knots by evening, and the chance of rain stays at {} percent until midnight. The sun \
         rises at {}:{} and the river at {place} Mill stands at {} centimetres, which is normal for the season. Drivers on \
         the road from {place} to the coast should expect fog after {} in the evening.",
        high + 3,
        high * 2 % 90,
        high % 4 + 4,
        high % 50 + 10,
        high * 7 + 31,
        high % 3 + 7
    )
}

#[test]
fn fillings_of_one_template_stay_apart_and_their_copies_join() {
    let mut desk = desk();
    let places = ["Orford", "Talham", "Brenwick", "Sollock", "Ugdale", "Inver"];
    for (place, (high, doc)) in places.iter().zip((11..).zip(1..)) {
        assert_eq!(desk.feed(&weather(place, high)).cluster, doc, "{place}");
    }
    for (place, (high, doc)) in places.iter().zip((11..).zip(1..)) {
        let copy = format!("By our reporter. {}", weather(place, high));
        assert_eq!(desk.feed(&copy).cluster, doc, "{place}");
    }
    let verdict = desk.feed(&weather("Lowmere", 31));
    assert!(verdict.evidence.iter().all(|evidence| !evidence.outcome.is_merged()));
    assert!(verdict.evidence.iter().any(|evidence| evidence.outcome == Outcome::Template), "{:?}", verdict.evidence);
}

#[test]
fn a_roundup_page_is_an_article_of_its_own_wherever_it_comes() {
    let (a, b) = (article(1), article(2));
    let page = format!("{a}\n\n{b}");
    for order in [[&a, &b, &page], [&a, &page, &b], [&page, &a, &b], [&page, &b, &a]] {
        let mut desk = desk();
        for text in order {
            desk.feed(text);
        }
        let single: BTreeSet<BTreeSet<String>> = order.iter().map(|text| BTreeSet::from([(*text).clone()])).collect();
        assert_eq!(desk.groups(), single);
        assert_eq!(desk.roundups.len(), 1);
        let later = format!("{a} More soon.");
        let cluster = desk.feed(&later).cluster;
        assert!(desk.groups().contains(&BTreeSet::from([a.clone(), later])), "cluster {cluster}");
    }
}

#[test]
fn versions_that_drift_do_not_chain_all_into_one() {
    let all: Vec<String> = (0..12).flat_map(|number| sentences(number, 5)).collect();
    let mut desk = desk();
    // Each version keeps three quarters of the last one; versions four apart share nothing.
    for begin in (0..40).step_by(5) {
        desk.feed(&all[begin..begin + 20].join(" "));
    }
    assert_ne!(desk.clusters[&1], desk.clusters[&8]);
}

#[test]
fn a_later_state_of_a_url_is_the_same_article_although_it_grew() {
    let lines = sentences(5, 40);
    let url = Some("https://news.example/live");
    let mut desk = desk();
    desk.feed_as(&lines[..10].join(" "), &Facts { url, day: 1 });
    let mut later = lines[..5].to_vec();
    later.extend_from_slice(&lines[10..]);
    let verdict = desk.feed_as(&later.join(" "), &Facts { url, day: 1 });
    assert_eq!(verdict.cluster, 1);
    assert!(verdict.evidence.iter().any(|evidence| evidence.outcome == Outcome::SameUrl));
    assert_eq!(desk.feed_as(&article(6), &Facts { url, day: 1 }).cluster, 3, "another article at the address");
}

#[test]
fn documents_past_the_window_are_forgotten_and_it_is_said() {
    let mut desk = Desk::new(Settings { window_days: 10, ..Settings::default() });
    for number in 1..=5 {
        desk.feed_as(&article(number), &Facts { url: None, day: number as i32 });
    }
    let verdict = desk.feed_as(&article(2), &Facts { url: None, day: 13 });
    let expired = verdict.expired.expect("two days are past the window");
    assert_eq!((expired.documents, expired.oldest_day, expired.for_memory), (2, 3, false));
    assert_eq!(verdict.cluster, 6);
    assert_eq!(desk.feed_as(&article(3), &Facts { url: None, day: 13 }).cluster, 3);
}

#[test]
fn the_memory_cap_is_kept_by_forgetting_the_oldest_days() {
    let cap = 3 << 20;
    let mut desk = Desk::new(Settings { max_index_bytes: cap, ..Settings::default() });
    let mut random = Random(1);
    let mut oldest_day = 0;
    for doc in 1..=20_000u64 {
        let sketch = Sketch::synthetic(300, || random.next());
        let facts = Facts { url: None, day: (doc / 500) as i32 };
        let verdict = desk.deduplicator.judge(doc, &facts, sketch, &mut |_| None);
        if let Some(expired) = verdict.expired {
            assert!(expired.for_memory);
            assert!(expired.oldest_day >= oldest_day);
            oldest_day = expired.oldest_day;
        }
    }
    assert!(desk.deduplicator.memory_bytes() < cap + cap / 4, "{}", desk.deduplicator.memory_bytes());
    assert!(oldest_day > 20);
    assert!(desk.deduplicator.len() > 1_000);
}

#[test]
fn past_the_memory_cap_documents_are_sealed_and_their_copies_found() {
    let mut desk = Desk::new(Settings { max_index_bytes: 1 << 20, ..Settings::default() });
    desk.deduplicator.rely_on_archive(0, 0);
    for number in 1..=4_000 {
        assert_eq!(desk.feed(&sentences(number, 4).join(" ")).cluster, number);
        if desk.deduplicator.is_full() {
            desk.seal(desk.deduplicator.len() / 2);
        }
        assert!(desk.deduplicator.memory_bytes() < (1 << 20) + (1 << 18));
    }
    assert!(desk.shelf.through > 1_000, "{}", desk.shelf.through);
    for number in (1..=4_000).step_by(97) {
        let copy = format!("Seen again. {}", sentences(number, 4).join(" "));
        assert_eq!(desk.feed(&copy).cluster, number);
    }
    assert!(desk.feed(&sentences(9_999, 4).join(" ")).evidence.is_empty());
}

#[test]
fn a_restart_forgets_nothing() {
    let mut before = desk();
    let texts: Vec<String> =
        (1..=30).map(|number| article(number % 20)).chain([format!("{}\n\n{}", article(3), article(4))]).collect();
    for text in &texts {
        before.feed(text);
    }
    let mut after = desk();
    after.texts = before.texts.clone();
    after.clusters = before.clusters.clone();
    for (doc, text) in &before.texts {
        let standing = if before.roundups.contains(doc) { Standing::Roundup } else { Standing::Ordinary };
        let brief = Sketch::of(None, text).brief();
        after
            .deduplicator
            .restore(*doc, before.clusters[doc], &Facts::default(), standing, &brief)
            .expect("a whole brief");
    }
    for number in 1..=40 {
        let text = format!("Seen again. {}", article(number));
        assert_eq!(before.feed(&text).cluster, after.feed(&text).cluster, "{number}");
    }
}

#[test]
fn a_damaged_brief_is_refused() {
    let brief = Sketch::of(None, &article(1)).brief();
    for damaged in [&brief[..5], &brief[..brief.len() - 1], &[9; 14]] {
        assert!(desk().deduplicator.restore(1, 1, &Facts::default(), Standing::Ordinary, damaged).is_err());
    }
}

#[test]
fn tiny_texts_join_only_as_wholes() {
    let mut desk = desk();
    let long = article(9);
    desk.feed(&long);
    let piece: Vec<&str> = long.split(' ').take(6).collect();
    assert_eq!(desk.feed(&piece.join(" ")).cluster, 2);
    assert_eq!(desk.feed(&piece.join(" ").to_uppercase()).cluster, 2);
    assert_eq!(desk.feed("Correction").cluster, 4);
    assert_eq!(desk.feed("correction!").cluster, 4);
    assert_eq!(desk.feed("\u{2026} \u{2014}").cluster, 6);
    assert_eq!(desk.feed("").cluster, 7);
}

#[test]
fn a_text_of_200_000_words_is_judged_and_its_excerpt_found() {
    let lines = sentences(77, 9_000);
    let mut desk = desk();
    desk.feed(&lines.join(" "));
    let verdict = desk.feed(&lines[..4_000].join(" "));
    assert_eq!(verdict.cluster, 1);
}

#[test]
fn one_phrase_a_million_times_costs_no_more_than_one() {
    let text = "say it again and again ".repeat(200_000);
    let sketch = Sketch::of(None, &text);
    assert!(sketch.len() <= 5);
    let mut desk = desk();
    for number in 0..300 {
        desk.feed(&format!("say it again and again and again {}", article(number)));
    }
    assert_eq!(desk.feed(&format!("say it again and again and again {}", article(7))).cluster, 8);
}

#[test]
fn a_thousand_near_copies_are_one_cluster_and_bounded() {
    let mut desk = desk();
    for number in 0..1_000 {
        let verdict = desk.feed(&format!("{} Copy number {number}.", article(1)));
        assert_eq!(verdict.cluster, 1);
        assert!(verdict.evidence.len() <= 32);
    }
    let alone = {
        let mut desk = self::desk();
        desk.feed(&article(1));
        desk.deduplicator.memory_bytes()
    };
    assert!(desk.deduplicator.memory_bytes() < alone + 1_000 * 400);
}

#[test]
fn texts_without_spaces_have_copies_and_excerpts() {
    let chinese = "\u{5e02}\u{653f}\u{5e9c}\u{6628}\u{5929}\u{5ba3}\u{5e03}\u{5c06}\u{5728}\u{6cb3}\u{8fb9}\u{4fee}\u{5efa}\u{4e00}\u{5ea7}\u{65b0}\u{7684}\u{56fe}\u{4e66}\u{9986}\u{ff0c}\u{5de5}\u{7a0b}\u{9884}\u{8ba1}\u{660e}\u{5e74}\u{6625}\u{5929}\u{5f00}\u{59cb}\u{3002}\u{5c45}\u{6c11}\u{8ba4}\u{4e3a}\u{8fd9}\u{4e2a}\u{8ba1}\u{5212}\u{592a}\u{8d35}\u{ff0c}\u{8981}\u{6c42}\u{91cd}\u{65b0}\u{8ba8}\u{8bba}\u{9884}\u{7b97}\u{3002}";
    let other = "\u{8db3}\u{7403}\u{961f}\u{5728}\u{5ba2}\u{573a}\u{8d62}\u{5f97}\u{6bd4}\u{8d5b}\u{ff0c}\u{6559}\u{7ec3}\u{8868}\u{626c}\u{4e86}\u{5e74}\u{8f7b}\u{7684}\u{5b88}\u{95e8}\u{5458}\u{3002}\u{7403}\u{8ff7}\u{5728}\u{5e7f}\u{573a}\u{4e0a}\u{5e86}\u{795d}\u{5230}\u{6df1}\u{591c}\u{3002}";
    let thai = "\u{e19}\u{e32}\u{e22}\u{e01}\u{e40}\u{e17}\u{e28}\u{e21}\u{e19}\u{e15}\u{e23}\u{e35}\u{e40}\u{e1b}\u{e34}\u{e14}\u{e2a}\u{e30}\u{e1e}\u{e32}\u{e19}\u{e43}\u{e2b}\u{e21}\u{e48}\u{e43}\u{e19}\u{e15}\u{e2d}\u{e19}\u{e40}\u{e0a}\u{e49}\u{e32}\u{e41}\u{e25}\u{e30}\u{e02}\u{e2d}\u{e1a}\u{e04}\u{e38}\u{e13}\u{e04}\u{e19}\u{e07}\u{e32}\u{e19}\u{e17}\u{e38}\u{e01}\u{e04}\u{e19}";
    let mut desk = desk();
    assert_eq!(desk.feed(chinese).cluster, 1);
    assert_eq!(desk.feed(other).cluster, 2);
    assert_eq!(desk.feed(thai).cluster, 3);
    assert_eq!(desk.feed(&format!("{chinese}\u{8bb0}\u{8005}\u{62a5}\u{9053}\u{3002}")).cluster, 1);
    let excerpt: String = chinese.chars().take(32).collect();
    assert_eq!(desk.feed(&excerpt).cluster, 1);
    assert_eq!(desk.feed(&thai.chars().skip(6).collect::<String>()).cluster, 3);
}

/// One of the ways in which a copy differs from its article.
fn edit(text: &str, kind: u8) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    match kind % 5 {
        0 => text.to_uppercase(),
        1 => words[..words.len() * 3 / 4].join(" "),
        2 => format!("{text} This story was first published elsewhere."),
        3 => {
            words.iter().enumerate().filter(|(i, _)| i % 23 != 22).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
        }
        _ => text.replace(' ', "\u{a0} "),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Holds where every copy is a copy of its article's longest text; a text between two articles may go either way.
    #[test]
    fn the_order_of_arrival_does_not_change_the_clusters(
        copies in prop::collection::vec((1u64..6, 0u8..5), 2..24),
        seed in any::<u64>(),
    ) {
        let texts: BTreeSet<String> = copies.iter().map(|(number, kind)| edit(&article(*number), *kind)).collect();
        let mut shuffled: Vec<&String> = texts.iter().collect();
        let mut random = Random(seed);
        shuffled.sort_by_key(|_| random.next());
        let (mut one, mut other) = (desk(), desk());
        texts.iter().for_each(|text| { one.feed(text); });
        shuffled.into_iter().for_each(|text| { other.feed(text); });
        prop_assert_eq!(one.groups(), other.groups());
    }

    /// What drifting versions end in depends on their order; that they do not all end in one does not.
    #[test]
    fn versions_that_drift_stay_near_each_other_in_any_order(seed in any::<u64>()) {
        let all: Vec<String> = (0..20).flat_map(|number| sentences(number, 5)).collect();
        let version = |n: usize| all[5 * n..5 * n + 20].join(" ");
        let mut order: Vec<usize> = (0..12).collect();
        let mut random = Random(seed);
        order.sort_by_key(|_| random.next());
        let mut desk = desk();
        for n in &order {
            desk.feed(&version(*n));
        }
        let mut ranges: BTreeMap<ClusterId, (usize, usize)> = BTreeMap::new();
        for (n, cluster) in order.iter().zip(desk.clusters.values()) {
            let range = ranges.entry(*cluster).or_insert((*n, *n));
            *range = (range.0.min(*n), range.1.max(*n));
        }
        // Versions one apart share three quarters, versions four apart nothing.
        prop_assert!(ranges.values().all(|(first, last)| last - first <= 3), "{:?}", ranges);
    }

    /// Holds where no shingle is in more documents of a cluster than are posted (4), nor in 64 of all, and no cluster is larger
    /// than can be brought back: past that, memory and archive count apart, and further documents are compared.
    #[test]
    fn a_verdict_does_not_depend_on_what_was_sealed(
        documents in prop::collection::vec((1u64..16, 0u8..5, 0u64..6, 0usize..4), 1..40),
    ) {
        let (mut whole, mut sealed) = (desk(), desk());
        let mut uses: BTreeMap<u64, usize> = BTreeMap::new();
        for (n, (number, kind, other, seal)) in documents.iter().enumerate() {
            for number in [*number, number + 1] {
                *uses.entry(number).or_default() += 1;
            }
            if uses[number] > 4 || uses[&(number + 1)] > 4 {
                continue;
            }
            let text = match other {
                0 => format!("{}\n\n{}", article(*number), article(number + 1)),
                1 => sentences(*number, 20)[8..].join(" ") + " " + &sentences(number + 40, 12).join(" "),
                _ => edit(&article(*number), *kind),
            };
            let url = format!("https://news.example/{number}");
            let facts = Facts { url: (kind % 2 == 0).then_some(url.as_str()), day: n as i32 / 10 };
            let (one, other) = (whole.feed_as(&text, &facts), sealed.feed_as(&text, &facts));
            prop_assert_eq!(one, other, "document {}", whole.texts.len());
            if *seal == 0 {
                sealed.seal(n / 3);
            }
        }
        prop_assert_eq!(&whole.clusters, &sealed.clusters);
    }

    #[test]
    fn every_document_is_in_one_live_cluster_named_by_its_first_member(
        copies in prop::collection::vec((1u64..8, 0u8..5, 0u64..8), 1..40),
    ) {
        let mut desk = desk();
        for (number, kind, other) in copies {
            let text = if other == 0 { format!("{}\n\n{}", article(number), article(number + 1)) } else { edit(&article(number), kind) };
            desk.feed(&text);
        }
        for (doc, cluster) in &desk.clusters {
            let members = desk.deduplicator.members(*cluster);
            prop_assert!(members.contains(doc));
            prop_assert_eq!(members.first(), Some(cluster));
            prop_assert_eq!(desk.deduplicator.cluster_of(*doc), Some(*cluster));
        }
    }

    #[test]
    fn merging_does_not_depend_on_the_order_of_members(
        copies in prop::collection::vec((0u8..5, any::<bool>(), any::<bool>(), 0u8..4), 1..8),
        seed in any::<u64>(),
    ) {
        let articles: Vec<Article> = copies.iter().map(|(kind, dated, titled, url)| Article {
            title: titled.then(|| format!("A headline {kind}")),
            text: edit(&article(1), *kind),
            date_published: dated.then(|| format!("2024-03-0{}", kind + 1)),
            url: (*url > 0).then(|| format!("https://example.org/{url}")),
            ..Article::default()
        }).collect();
        let members: Vec<Member<'_>> = articles.iter().enumerate().map(|(i, article)| Member {
            input: InputId::of(&[i as u8]), doc: i as u64, article, fetched_at: None,
        }).collect();
        let mut shuffled = members.clone();
        let mut random = Random(seed);
        shuffled.sort_by_key(|_| random.next());
        let (one, other) = (merge(&members).expect("members"), merge(&shuffled).expect("members"));
        prop_assert_eq!(&one.article, &other.article);
        let named = |members: &[Member<'_>], merged: &copydesk::dedup::merge::Merged| -> Vec<_> {
            merged.copies.iter().map(|copy| (members[copy.member].input, copy.relation, copy.similarity.to_bits(), copy.only_here.clone())).collect()
        };
        prop_assert_eq!(named(&members, &one), named(&shuffled, &other));
        prop_assert_eq!(one.copies.iter().filter(|copy| copy.relation == Relation::Canonical).count(), 1);
        prop_assert_eq!(one.copies[0].member, one.canonical);
    }

    #[test]
    fn any_text_can_be_judged(texts in prop::collection::vec(".{0,300}", 1..12)) {
        let mut desk = desk();
        for text in &texts {
            desk.feed(text);
        }
    }
}

#[test]
fn articles_on_one_event_are_one_story_and_others_are_not() {
    let event = [
        (
            "Ferry runs aground at Selwick",
            "The ferry Aurora ran aground off Selwick on Monday with 80 passengers aboard. Harbour master Ilse Brandt said nobody was hurt. Tugs from Tornmouth were on their way.",
        ),
        (
            "Passengers taken off stranded Aurora",
            "All passengers of the Aurora were brought to Selwick by lifeboat. The ferry had hit a sandbank, harbour master Ilse Brandt said; tugs from Tornmouth will try again at high tide.",
        ),
        (
            "Tugs free the ferry Aurora",
            "Two tugs from Tornmouth pulled the Aurora off the sandbank near Selwick on Tuesday. Divers will look at the hull before the ferry sails again, said Ilse Brandt, the harbour master.",
        ),
    ];
    let mut stories = Stories::new(copydesk::story::Settings::default());
    for (id, (title, text)) in (1..).zip(event) {
        assert_eq!(stories.place(id, &Terms::of(Some(title), text), 100), 1, "{title}");
    }
    let other = Terms::of(Some("Library opens in Kelham"), &article(3));
    assert_eq!(stories.place(9, &other, 100), 9);
    let (title, text) = event[2];
    assert_eq!(stories.place(10, &Terms::of(Some(title), text), 200), 10, "the story was closed long ago");
}

#[test]
fn stories_survive_a_restart() {
    let mut before = Stories::new(copydesk::story::Settings::default());
    let mut after = Stories::new(copydesk::story::Settings::default());
    for id in 1..=20u64 {
        let text = format!("{} {}", article(id % 7), sentences(id, 3).join(" "));
        let terms = Terms::of(None, &text);
        let story = before.place(id, &terms, id as i32 / 5);
        after.restore(story, &Terms::from_bytes(&terms.to_bytes(None)).0, id as i32 / 5);
    }
    for id in 21..=40u64 {
        let terms = Terms::of(None, &format!("{} {}", article(id % 9), sentences(id, 3).join(" ")));
        assert_eq!(before.place(id, &terms, 4), after.place(id, &terms, 4));
    }
}
