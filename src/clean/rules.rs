//! Phrase rules, compiled: which rules does a line match?
//!
//! Class × place decides whether a match may cut; the phrases and the places are data in `config/rules/*.toml`.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Anchored, Input, MatchKind, StartKind};

use super::Level;
use super::line::Line;
use super::normalize;
use super::pack::{self, Gate, Match, Rule, RuleError, RulePack};
use super::phrase::{Phrase, Spoken, is_quoted};
use crate::article::Class;

/// The rules that are compiled in.
const BUILT_IN: &[(&str, &str)] = &[
    ("advertisement.toml", include_str!("../../config/rules/advertisement.toml")),
    ("also_read.toml", include_str!("../../config/rules/also_read.toml")),
    ("artefact.toml", include_str!("../../config/rules/artefact.toml")),
    ("author.toml", include_str!("../../config/rules/author.toml")),
    ("caption.toml", include_str!("../../config/rules/caption.toml")),
    ("comments.toml", include_str!("../../config/rules/comments.toml")),
    ("legal.toml", include_str!("../../config/rules/legal.toml")),
    ("navigation.toml", include_str!("../../config/rules/navigation.toml")),
    ("newsletter.toml", include_str!("../../config/rules/newsletter.toml")),
    ("share.toml", include_str!("../../config/rules/share.toml")),
    ("tags.toml", include_str!("../../config/rules/tags.toml")),
    ("timestamp.toml", include_str!("../../config/rules/timestamp.toml")),
];

/// The same as read. Reading them is most of making a cleaner, so it is done once.
static BUILT_IN_RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let mut rules = Vec::new();
    for (name, text) in BUILT_IN {
        let pack = RulePack { name: (*name).into(), text: (*text).into() };
        rules = pack.read().and_then(|sound| pack::merge(rules, [sound])).expect("the built-in packs are tested");
    }
    rules
});

/// A line of more words is not looked at for being made of the words of one rule alone.
const MAX_WORD_SET: u32 = 24;

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Before,
    Inside,
    After,
}

/// The rule book, compiled once and shared by all workers.
pub struct Rules {
    rules: Vec<Rule>,
    /// Phrases that must stand at the beginning of a line.
    anchored: Automaton,
    /// Phrases that may stand anywhere, or must stand at the end.
    floating: Automaton,
    /// Words of the [`Match::Words`] rules: rule → whether the word alone is reason enough.
    words: HashMap<String, Vec<(usize, bool)>>,
    word_rules: Vec<usize>,
}

struct Automaton {
    search: AhoCorasick,
    /// By pattern: the phrases whose first part it is.
    phrases: Vec<Vec<Phrase>>,
}

impl Rules {
    /// Compiles the built-in rules, extended and overridden by `packs` in order.
    pub fn new(packs: &[RulePack]) -> Result<Self, RuleError> {
        let packs = packs.iter().map(RulePack::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::compile(pack::merge(BUILT_IN_RULES.clone(), packs)?))
    }

    fn compile(rules: Vec<Rule>) -> Self {
        let mut anchored: BTreeMap<String, Vec<Phrase>> = BTreeMap::new();
        let mut floating: BTreeMap<String, Vec<Phrase>> = BTreeMap::new();
        let mut words: HashMap<String, Vec<(usize, bool)>> = HashMap::new();
        let mut word_rules = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            if rule.matching == Match::Words {
                word_rules.push(at);
                for (list, enough) in [(&rule.phrases, true), (&rule.beside, false)] {
                    for key in list.iter().map(|phrase| normalize::key(phrase)) {
                        for word in key.split_whitespace() {
                            words.entry(word.to_owned()).or_default().push((at, enough));
                        }
                    }
                }
                continue;
            }
            for phrase in &rule.phrases {
                let Some((first, phrase, from_start)) = Phrase::parts(at, rule, phrase) else { continue };
                let set = if from_start { &mut anchored } else { &mut floating };
                set.entry(first).or_default().push(phrase);
            }
        }
        Self {
            anchored: Automaton::new(anchored, StartKind::Anchored),
            floating: Automaton::new(floating, StartKind::Unanchored),
            words,
            word_rules,
            rules,
        }
    }

    pub fn rule(&self, at: usize) -> &Rule {
        &self.rules[at]
    }

    /// Notes all rules that the line matches, whatever its place, in the rule book's order; which of them it may match by
    /// chance; and whether a sentence-level rule has a phrase in it.
    pub fn look_up(&self, line: &mut Line) {
        let mut found = self.look_from_start(&line.key, &line.block.text, line.words);
        line.has_sentence = false;
        self.floating.each(&line.key, Anchored::No, |phrase, end| {
            let rule = &self.rules[phrase.rule];
            let fits = match rule.matching {
                Match::Ends => end == line.key.len(),
                _ => phrase.follows(&line.key, end, rule.matching).is_some(),
            };
            line.has_sentence |= fits && rule.matching == Match::Sentence;
            if fits
                && (rule.min_words..=rule.max_words).contains(&line.words)
                && (!rule.names || phrase.is_named(&line.block.text, false))
            {
                found.push((phrase.rule, false));
            }
        });
        // Whole lines first, so that they are the ones kept.
        found.sort_unstable_by_key(|&(rule, whole)| (rule, !whole));
        found.dedup_by_key(|&mut (rule, _)| rule);
        line.parts = found.iter().filter(|(_, whole)| !whole).map(|&(rule, _)| rule).collect();
        line.chance.clear();
        if is_quoted(&line.block.text) {
            // Somebody says it: a button and a notice stand without quotation marks.
            line.chance
                .extend(found.iter().map(|&(rule, _)| rule).filter(|&rule| self.rules[rule].class != Class::Artefact));
        }
        if !line.parts.is_empty() && (line.terminated || line.is_prose()) {
            let spoken = Spoken::of(&line.block.text);
            let by_chance = |rule: &Rule| {
                let starts = matches!(rule.matching, Match::Starts | Match::Label);
                let is_asked = rule.class == Class::Caption && line.block.text.ends_with(['?', '？', '؟']);
                rule.reader && !spoken.to_reader || starts && spoken.by_another || is_asked
            };
            line.chance.extend(line.parts.iter().copied().filter(|&rule| by_chance(&self.rules[rule])));
        }
        line.matches = found.into_iter().map(|(rule, _)| rule).collect();
    }

    /// The rules among those of [`Rules::look_up`] that look at the line from its beginning or as a whole.
    pub fn line_matches(&self, key: &str, text: &str, words: u32) -> Vec<usize> {
        self.look_from_start(key, text, words).into_iter().map(|(rule, _)| rule).collect()
    }

    /// The same, each with whether the line is the phrase and nothing else.
    fn look_from_start(&self, key: &str, text: &str, words: u32) -> Vec<(usize, bool)> {
        let mut found = Vec::new();
        self.anchored.each(key, Anchored::Yes, |phrase, end| {
            let rule = &self.rules[phrase.rule];
            if (rule.min_words..=rule.max_words).contains(&words)
                && let Some(end) = phrase.follows(key, end, rule.matching)
                && (!rule.names || phrase.is_named(text, true))
            {
                found.push((phrase.rule, end == key.len() && !phrase.open));
            }
        });
        if words <= MAX_WORD_SET && !key.is_empty() {
            self.word_sets(key, words, &mut found);
        }
        found
    }

    fn word_sets(&self, key: &str, words: u32, found: &mut Vec<(usize, bool)>) {
        let mut open: Vec<(usize, bool)> = self.word_rules.iter().map(|&rule| (rule, false)).collect();
        for word in key.split(' ').filter(|word| !word.is_empty() && *word != ":") {
            let Some(known) = self.words.get(word) else { return };
            open.retain_mut(|(rule, enough)| {
                let mut fits = false;
                for (at, reason) in known.iter().filter(|(at, _)| at == rule) {
                    debug_assert_eq!(at, rule);
                    fits = true;
                    *enough |= reason;
                }
                fits
            });
            if open.is_empty() {
                return;
            }
        }
        for (at, enough) in open {
            let rule = &self.rules[at];
            if enough && (rule.min_words..=rule.max_words).contains(&words) {
                found.push((at, true));
            }
        }
    }

    /// Whether a sentence-level rule has a phrase in this key.
    pub fn sentence_match(&self, key: &str) -> Option<&Rule> {
        let mut found: Option<usize> = None;
        self.floating.each(key, Anchored::No, |phrase, end| {
            let rule = &self.rules[phrase.rule];
            if rule.matching == Match::Sentence && phrase.follows(key, end, Match::Contains).is_some() {
                found = Some(found.map_or(phrase.rule, |known| known.min(phrase.rule)));
            }
        });
        found.map(|at| &self.rules[at])
    }
}

impl Rule {
    /// Whether this rule may cut at a place.
    pub fn cuts(&self, place: Place, level: Level) -> bool {
        let gate = match place {
            Place::Before => self.before,
            Place::Inside => self.inside,
            Place::After => self.after,
        };
        self.matching != Match::Sentence
            && match gate {
                Gate::Safe => true,
                Gate::Eager => level == Level::Eager,
                Gate::Never => false,
            }
    }
}

impl Automaton {
    fn new(phrases: BTreeMap<String, Vec<Phrase>>, start: StartKind) -> Self {
        // The few phrases that may stand anywhere are looked for in every word of every text: worth a table.
        let kind = (start == StartKind::Unanchored).then_some(AhoCorasickKind::DFA);
        let search = AhoCorasick::builder()
            .kind(kind)
            .match_kind(MatchKind::Standard)
            .start_kind(start)
            .build(phrases.keys())
            .expect("a rule book is far smaller than the automaton's limits");
        Self { search, phrases: phrases.into_values().collect() }
    }

    /// Calls `visit` with each phrase whose first part stands in the key, and where that part ends.
    fn each(&self, key: &str, anchored: Anchored, mut visit: impl FnMut(&Phrase, usize)) {
        let mut state = OverlappingState::start();
        let input = Input::new(key).anchored(anchored);
        loop {
            self.search.find_overlapping(input.clone(), &mut state);
            let Some(found) = state.get_match() else { return };
            // An anchored search also reports phrases that end where a longer one would, but begin later.
            if anchored == Anchored::Yes && found.start() > 0 {
                continue;
            }
            self.phrases[found.pattern().as_usize()].iter().for_each(|phrase| visit(phrase, found.end()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Block, BlockKind};

    fn ids(text: &str) -> Vec<String> {
        let rules = Rules::new(&[]).unwrap();
        let mut line = Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: text.to_owned() });
        rules.look_up(&mut line);
        line.matches.into_iter().map(|at| rules.rule(at).id.clone()).collect()
    }

    #[test]
    fn a_phrase_is_held_to_the_whole_line() {
        assert!(ids("Leave a Reply").contains(&"comments.form_heading".to_owned()));
        assert!(ids("Leave a reply from the council out of the minutes, said the mayor.").is_empty());
    }

    #[test]
    fn a_label_needs_its_sign() {
        assert_eq!(ids("Also Read: The ferry that never came"), ["also_read.label"]);
        assert!(ids("Also read in the council was a letter of the keeper.").is_empty());
        assert_eq!(ids("関連記事：海辺の図書館"), ["also_read.label"]);
    }

    #[test]
    fn a_gap_stands_for_any_words() {
        assert_eq!(ids("Subscribe today to our weekly newsletter!"), ["newsletter.invitation"]);
        assert!(ids("Follow us on Mastodon").contains(&"share.heading".to_owned()));
    }

    #[test]
    fn what_follows_a_gap_must_follow_anywhere_in_a_line_too() {
        assert!(ids("Ada Keeper is a freelance writer from the harbour.").contains(&"author.bio".to_owned()));
        assert!(!ids("The harbour is a quiet place in winter.").contains(&"author.bio".to_owned()));
    }

    #[test]
    fn a_gap_may_stand_between_writings_with_spaces_and_without() {
        let text = "[[rule]]\nid = \"own.port\"\nclass = \"promo\"\nmatch = \"starts\"\nwhy = \"an advert\"\n\
                    phrases.zh = [\"港口*tickets\"]\n";
        let rules = Rules::new(&[RulePack { name: "own.toml".into(), text: text.into() }]).unwrap();
        let matches = |key: &str| {
            let found = rules.line_matches(&normalize::key(key), key, 3);
            found.iter().any(|at| rules.rule(*at).id == "own.port")
        };
        assert!(matches("港口今天 tickets"));
        assert!(matches("港口 tickets"));
        assert!(!matches("港口今天重新开放"));
    }

    #[test]
    fn a_banner_is_told_by_the_head_of_its_list_however_long() {
        let list =
            format!("Cookie Duration Description {}", "session_id 1 year Keeps the reader signed in. ".repeat(40));
        assert_eq!(ids(&list), ["legal.cookie_table"]);
        assert!(!ids("The cookie tin held for a long duration.").contains(&"legal.cookie_table".to_owned()));
    }

    #[test]
    fn a_bag_of_words_needs_every_word_known_and_one_that_tells() {
        assert_eq!(ids("Facebook | Twitter | WhatsApp"), ["share.bar"]);
        assert!(ids("Facebook closes its harbour office").is_empty());
        assert_eq!(ids("Mittwoch, 3. Mai 2024 um 10:30 Uhr"), ["timestamp.date"]);
    }

    #[test]
    fn a_byline_needs_names() {
        assert_eq!(ids("By Ada Keeper and Tom Tide"), ["author.byline"]);
        assert_eq!(ids("Von Ada Keeper und Tom Tide"), ["author.byline"]);
        assert_eq!(ids("Von Ada Keeper"), ["author.byline_short"]);
        assert_eq!(ids("Author: Ada Keeper"), ["author.named"]);
        let headlines = [
            "By-Election Shock for Harbour",
            "Author Ada Keeper Wins Prize",
            "By Royal Appointment: Keepers Fear Closure",
            "Von der Mole Wins Second Term",
        ];
        for none in ["By the harbour wall"].into_iter().chain(headlines) {
            assert!(ids(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_sign_that_a_phrase_has_beside_a_gap_must_be_there() {
        assert_eq!(ids("Home » Harbour » Ferries"), ["navigation.crumbs"]);
        assert!(ids("Home Secretary resigns over ferry row").is_empty());
    }

    #[test]
    fn a_comment_is_headed_by_a_name() {
        assert_eq!(ids("Ada Keeper says:"), ["comments.header"]);
        assert_eq!(ids("Responder a Ada Keeper"), ["comments.header"]);
        for none in ["No ferries ran, keepers said:", "Responder a la marea", "Svar på spørgsmålene"] {
            assert!(ids(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn capitals_without_accents_are_the_same_words() {
        for (text, id) in [("PUBLICITE", "advertisement.marker"), ("YORUM YAPIN", "comments.form_heading")] {
            assert_eq!(ids(text), [id]);
        }
        assert!(ids("ΔΙΑΒΑΣΤΕ ΕΠΙΣΗΣ").contains(&"also_read.label".to_owned()));
        assert!(ids("İLGİLİ HABER").contains(&"also_read.label".to_owned()));
        assert!(ids("اقرأ أيضاً: المرفأ").contains(&"also_read.label".to_owned()));
    }

    #[test]
    fn a_writers_sentence_matches_by_chance_at_most() {
        let rules = Rules::new(&[]).unwrap();
        let chance = |text: &str| {
            let mut line = Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: text.to_owned() });
            rules.look_up(&mut line);
            assert!(!line.matches.is_empty(), "{text}");
            line.sure_matches().next().is_none()
        };
        assert!(chance("Already a member of the union, the island has asked for a ferry."));
        assert!(chance("The ferry line will receive compensation from the island within two weeks."));
        assert!(!chance("Already a member of the harbour club? Sign in, and you can read on."));
        assert!(!chance("We may receive compensation from the shops that are linked here."));
        assert!(!chance("Comments are closed."));
    }

    #[test]
    fn every_built_in_rule_matches_its_own_phrases() {
        let rules = Rules::new(&[]).unwrap();
        for (at, rule) in rules.rules.iter().enumerate() {
            if rule.names || rule.matching == Match::Sentence {
                continue;
            }
            for phrase in &rule.phrases {
                let text = phrase.replace('*', "word");
                let mut line = Line::new(Block { line: 1, kind: BlockKind::Paragraph, text: text.clone() });
                rules.look_up(&mut line);
                let possible = (rule.min_words..=rule.max_words).contains(&line.words);
                assert!(!possible || line.matches.contains(&at), "{}: {text:?}", rule.id);
            }
        }
    }
}
