//! Rule packs as written: TOML in, rules out, and for every mistake the pack, the line and what is wrong with it.
//!
//! Apart from `rules.rs`, which matches: here are the words of the file format, there the words of a match.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::article::Class;

/// A file of rules: built in, or the user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RulePack {
    /// The file's name, for messages.
    pub name: String,
    /// Its content, TOML.
    pub text: String,
}

/// A rule pack that cannot be used; nothing is cleaned with half a rule book.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pack}:{line}: {what}")]
pub struct RuleError {
    /// The pack's name.
    pub pack: String,
    /// 1-based line of the pack.
    pub line: usize,
    /// What is wrong there, and how it should be.
    pub what: String,
}

/// How a phrase must stand in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// It is the whole line.
    Line,
    /// It is the whole line, or stands before a colon, bar, arrow or spaced dash.
    Label,
    /// The line begins with it.
    Starts,
    /// The line ends with it.
    Ends,
    /// The line has it anywhere.
    Contains,
    /// Every word of the line is one of the phrases or of `beside`, and at least one is a phrase.
    Words,
    /// A sentence inside a paragraph has it; only that sentence goes.
    Sentence,
}

/// From which level on a rule may cut at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    Safe,
    Eager,
    Never,
}

/// A rule with all its packs merged; see `config/rules/README.md` for each key.
#[derive(Clone, Debug)]
pub struct Rule {
    pub id: String,
    pub class: Class,
    pub matching: Match,
    pub why: String,
    pub before: Gate,
    pub inside: Gate,
    pub after: Gate,
    /// Longer lines are not touched.
    pub max_words: u32,
    /// Shorter lines are not touched.
    pub min_words: u32,
    /// Opens a tail section where it stands after the core.
    pub section: bool,
    /// Also cuts a bracketed piece inside a paragraph that it matches as a whole line.
    pub brackets: bool,
    /// What stands beside the phrase must be written as names are: capitals, but for small words.
    pub names: bool,
    /// A sentence that the phrase is only a part of must speak to the reader.
    pub reader: bool,
    pub phrases: Vec<String>,
    /// For [`Match::Words`]: words that may stand beside the phrases.
    pub beside: Vec<String>,
}

/// Lines of 25 or more words are left alone unless a rule says otherwise.
const MAX_WORDS: u32 = 24;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    #[serde(default)]
    rule: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: Spanned<String>,
    class: Option<Class>,
    r#match: Option<Match>,
    why: Option<String>,
    before: Option<Gate>,
    inside: Option<Gate>,
    after: Option<Gate>,
    max_words: Option<u32>,
    min_words: Option<u32>,
    section: Option<bool>,
    brackets: Option<bool>,
    names: Option<bool>,
    reader: Option<bool>,
    #[serde(default)]
    off: bool,
    #[serde(default)]
    phrases: BTreeMap<String, Vec<Spanned<String>>>,
    #[serde(default)]
    beside: Vec<Spanned<String>>,
    #[serde(default)]
    without: Vec<Spanned<String>>,
}

/// A pack whose entries are sound, each for itself.
pub(super) struct Sound<'p> {
    pack: &'p RulePack,
    entries: Vec<Entry>,
}

impl RulePack {
    /// Reads the pack, as far as it can be told without the rules that it changes.
    pub(super) fn read(&self) -> Result<Sound<'_>, RuleError> {
        let file: PackFile = toml::from_str(&self.text)
            .map_err(|e| self.fault(e.span().unwrap_or(0..0), e.message().trim().replace('\n', " ")))?;
        let mut here = BTreeSet::new();
        let mut entries = Vec::with_capacity(file.rule.len());
        for entry in file.rule {
            let id = entry.id.get_ref();
            if id.trim().is_empty() || id.contains(char::is_whitespace) {
                return Err(self.fault(entry.id.span(), format!("`id` must be one word, got {id:?}")));
            }
            if !here.insert(id.clone()) {
                return Err(self.fault(entry.id.span(), format!("rule `{id}` stands twice in this pack")));
            }
            for phrase in entry.phrases.values().flatten().chain(&entry.beside) {
                if super::normalize::key(phrase.get_ref()).is_empty() {
                    let what = format!("a phrase of `{id}` has no word: {:?}", phrase.get_ref());
                    return Err(self.fault(phrase.span(), what));
                }
            }
            entries.push(entry);
        }
        Ok(Sound { pack: self, entries })
    }

    fn fault(&self, span: Range<usize>, what: String) -> RuleError {
        let line = 1 + self.text.get(..span.start).map_or(0, |head| head.matches('\n').count());
        RuleError { pack: self.name.clone(), line, what }
    }
}

/// Merges packs into rules, in order: a rule that is there already is extended by the phrases and changed by the keys that a
/// later pack gives; `off = true` takes it away, `without` takes single phrases away.
pub(super) fn merge<'p>(
    mut rules: Vec<Rule>,
    packs: impl IntoIterator<Item = Sound<'p>>,
) -> Result<Vec<Rule>, RuleError> {
    for Sound { pack, entries } in packs {
        for entry in entries {
            let id = &entry.id;
            let known = rules.iter().position(|rule| rule.id == *id.get_ref());
            match known {
                Some(at) if entry.off => drop(rules.remove(at)),
                None if entry.off => {
                    let what = format!("`off` for `{}`, but there is no such rule", id.get_ref());
                    return Err(pack.fault(id.span(), what));
                }
                Some(at) => entry.change(&mut rules[at]),
                None => {
                    let span = id.span();
                    rules.push(entry.found().map_err(|what| pack.fault(span, what))?);
                }
            }
        }
    }
    Ok(rules)
}

impl Entry {
    fn found(self) -> Result<Rule, String> {
        let id = self.id.get_ref().clone();
        let missing = |key: &str| format!("new rule `{id}` needs `{key}`");
        let mut rule = Rule {
            class: self.class.ok_or_else(|| missing("class"))?,
            matching: self.r#match.ok_or_else(|| missing("match"))?,
            why: self.why.clone().ok_or_else(|| missing("why"))?,
            before: Gate::Safe,
            inside: Gate::Never,
            after: Gate::Safe,
            max_words: MAX_WORDS,
            min_words: 0,
            section: false,
            brackets: false,
            names: false,
            reader: false,
            phrases: Vec::new(),
            beside: Vec::new(),
            id: id.clone(),
        };
        self.change(&mut rule);
        if rule.phrases.is_empty() { Err(missing("phrases")) } else { Ok(rule) }
    }

    fn change(self, rule: &mut Rule) {
        rule.class = self.class.unwrap_or(rule.class);
        rule.matching = self.r#match.unwrap_or(rule.matching);
        rule.before = self.before.unwrap_or(rule.before);
        rule.inside = self.inside.unwrap_or(rule.inside);
        rule.after = self.after.unwrap_or(rule.after);
        rule.max_words = self.max_words.unwrap_or(rule.max_words);
        rule.min_words = self.min_words.unwrap_or(rule.min_words);
        rule.section = self.section.unwrap_or(rule.section);
        rule.brackets = self.brackets.unwrap_or(rule.brackets);
        rule.names = self.names.unwrap_or(rule.names);
        rule.reader = self.reader.unwrap_or(rule.reader);
        if let Some(why) = self.why {
            rule.why = why;
        }
        rule.phrases.extend(self.phrases.into_values().flatten().map(Spanned::into_inner));
        rule.beside.extend(self.beside.into_iter().map(Spanned::into_inner));
        for phrase in self.without {
            let key = super::normalize::key(phrase.get_ref());
            rule.phrases.retain(|known| super::normalize::key(known) != key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(text: &str) -> RulePack {
        RulePack { name: "own.toml".into(), text: text.into() }
    }

    fn merged(packs: &[RulePack]) -> Result<Vec<Rule>, RuleError> {
        merge(Vec::new(), packs.iter().map(RulePack::read).collect::<Result<Vec<_>, _>>()?)
    }

    const FERRY: &str = "[[rule]]\nid = \"own.ferry\"\nclass = \"promo\"\nmatch = \"line\"\nwhy = \"a ferry advert\"\n";

    #[test]
    fn a_mistake_is_named_with_its_pack_and_line() {
        let error = merged(&[pack(&format!("{FERRY}colour = \"red\"\n"))]).unwrap_err();
        assert_eq!((error.pack.as_str(), error.line), ("own.toml", 6));
        assert!(error.what.contains("colour"), "{error}");
        let error =
            merged(&[pack(&format!("{FERRY}[rule.phrases]\nen = [\n  \"book now\",\n  \"***\",\n]\n"))]).unwrap_err();
        assert_eq!(error.line, 9);
        let error = merged(&[pack(FERRY)]).unwrap_err();
        assert_eq!((error.line, error.what.as_str()), (2, "new rule `own.ferry` needs `phrases`"));
    }

    #[test]
    fn a_later_pack_extends_changes_and_switches_off() {
        let first = pack(&format!("{FERRY}phrases.en = [\"sail with us\", \"book now\"]\n"));
        let more = pack(
            "[[rule]]\nid = \"own.ferry\"\ninside = \"safe\"\nphrases.de = [\"jetzt buchen\"]\nwithout = [\"Book now!\"]\n",
        );
        let rules = merged(&[first.clone(), more]).unwrap();
        assert_eq!(rules[0].phrases, ["sail with us", "jetzt buchen"]);
        assert_eq!(rules[0].inside, Gate::Safe);
        let off = pack("[[rule]]\nid = \"own.ferry\"\noff = true\n");
        assert!(merged(&[first, off.clone()]).unwrap().is_empty());
        assert!(merged(&[off]).is_err());
    }
}
