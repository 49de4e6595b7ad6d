//! What one part of a byline comes down to: the name, without its date, post, place and degrees; or no name at all.

use std::sync::LazyLock;

use regex::Regex;

use super::months::{is_weekday, month_of};
use super::updates;

/// Words of the longest name: "Agence France-Presse with local correspondents" is six.
const MAX_WORDS: usize = 6;

/// Agencies of one word that stand beside a name without being a whole one.
const AGENCIES: &[&str] = &[
    "reuters",
    "bloomberg",
    "efe",
    "dpa",
    "afp",
    "ap",
    "apa",
    "ansa",
    "belga",
    "anp",
    "ritzau",
    "tt",
    "ntb",
    "stt",
    "pap",
    "čtk",
    "ctk",
    "lusa",
    "mti",
    "tass",
    "тасс",
    "antara",
    "bernama",
    "aa",
    "sda",
];

/// Degrees and the like after a name.
const CREDENTIALS: &[&str] = &[
    "phd", "md", "rd", "do", "cfa", "cpa", "esq", "mba", "msc", "mph", "rn", "rdn", "ldn", "fand", "dpt", "cscs",
    "dds", "dvm", "pharmd", "bsc", "jd", "llb", "llm", "edd", "psyd", "lcsw", "ms", "ma", "np", "facc", "faap", "cfp",
    "cepf", "ea", "cissp", "pmp", "dnp", "aprn", "mpp", "cpt", "cnc",
];

/// Parts of a byline that name a post or a place in the paper, not a person; whole part, lower case.
const POST: &str = r"(?i)^(?:(?:\w+[\s-]){0,4}(?:reporter|correspondent|editor|editor-in-chief|columnist|contributor|staff writer|writer|journalist|producer|photographer|intern|analyst|author|blogger|contributing writer|bureau chief|redakteur(?:in)?|redacteur|journaliste|periodista|redactor(?:a)?|giornalista|dziennikarz)s?|staff|sponsored(?: content| post)?|advertorial|partner content|press release|admin|administrator|editor|guest|guest post|(?:et )?al|others|author|authors|contributors?|unknown|anonymous|none|null|undefined|webmaster|super user|user|root|share|follow|updated|published|posted|view (?:all|bio|profile).*|see all.*|on \w+day|on|in|by|more (?:by|from|stories).*|read more|see more|all posts.*|posts|about the author|photo|\d+ min(?:ute)?s? read|jr|sr|inc|(?:ceo|co-?founder|founder)\b.*)\.?$";

/// The words of a post that stand behind a name without a comma.
const POST_WORDS: &[&str] = &[
    "reporter",
    "reporters",
    "correspondent",
    "editor",
    "columnist",
    "contributor",
    "writer",
    "journalist",
    "producer",
    "photographer",
    "analyst",
    "staff",
    "senior",
    "chief",
    "deputy",
    "assistant",
    "associate",
    "political",
    "politics",
    "business",
    "sports",
    "sport",
    "science",
    "health",
    "education",
    "national",
    "local",
    "crime",
    "world",
    "foreign",
    "international",
    "news",
    "feature",
    "features",
    "night",
    "data",
    "culture",
    "arts",
    "economics",
    "economy",
    "technology",
    "environment",
    "energy",
    "transport",
    "special",
    "contributing",
    "managing",
    "executive",
    "freelance",
    "guest",
    "investigative",
    "digital",
    "online",
    "multimedia",
    "general",
    "assignment",
    "city",
    "state",
    "regional",
];
/// Words that stand in no person's name, before a post.
const NO_PERSON: &[&str] = &["the", "our", "a", "an", "your", "press", "democracy"];

/// Words that lead from a name to the place or paper it wrote from; behind an organization's they are of its name.
const FROM: &[&str] = &["in", "for", "from", "aus", "à", "в"];
const ORGANIZATIONS: &[&str] = &[
    "center",
    "centre",
    "institute",
    "council",
    "coalition",
    "society",
    "foundation",
    "committee",
    "campaign",
    "alliance",
    "network",
    "university",
    "college",
    "school",
    "department",
    "ministry",
    "office",
    "association",
    "project",
    "fund",
    "international",
    "academy",
    "federation",
    "union",
    "citizens",
    "women",
    "doctors",
    "reporters",
];

/// A tail that counts or measures ("3 min read", "0 Comments", "2 hours ago"), and the first number of a date or a time.
const COUNTED: &str = r"(?i)\s*(?:\bon \w+ \d|\bon \w+day\b|\bpublished\b|\bupdated\b|\bposted\b|\bfollow\b|\bis an? \w+|\bat \d|\b\d{1,2}[./-]\d{1,2}[./-]|\d{1,2}[:.]\d\d|\d{4}|\(|\[|\b\d+\s*(?:min|sec|hours?|hrs?|days?|weeks?|months?|years?|stunden?|tagen?|heures?|jours?|horas?|d[ií]as?|ore|giorni|uur|dagen|views?|comment|komment|coment|shares?)).*$";

/// The name that a part of a byline holds; `None` for a date, a post, a label and the like.
///
/// `first` is the first part of a byline; behind it stand posts as well. `shown` is one that a page shows to its readers, and
/// `dated` whether it names a number.
pub(super) fn name(part: &str, first: bool, shown: bool, dated: bool) -> Option<String> {
    static POSTS: LazyLock<Regex> = LazyLock::new(|| regex(POST));
    static REPORTER: LazyLock<Regex> =
        LazyLock::new(|| regex(r"\s*(?:(?:선임|인턴|수습|전문|객원)?기자|특파원|논설위원|記者|记者)$"));
    let part = part.trim_matches(|c: char| !c.is_alphanumeric() && c != '.' && c != '(' && c != '[');
    if shown && is_time(part) {
        return None;
    }
    // "20 Minutes" is a paper.
    let is_title = !shown && part.split_whitespace().nth(1).is_some_and(is_capital);
    let part = Some(without_tail(part)).filter(|kept| !is_title || !kept.is_empty()).unwrap_or(part);
    let part = part.trim_matches(|c: char| !c.is_alphanumeric() && c != '.').trim_end_matches(['.', ' ']);
    let part = if part.is_ascii() { part.into() } else { REPORTER.replace(part, "") };
    let part = without_place(&part).to_owned();
    let mut part = without_credentials(&part);
    if POSTS.is_match(&part) {
        part = first.then(|| without_post(&part)).flatten()?;
    } else if first && let Some(name) = without_post(&part) {
        part = name;
    }
    // Alone, it is what a writer calls himself.
    let lower = part.to_lowercase();
    let is_post = !first && (lower.ends_with(" expert") || is_small_at_an_end(&part) && !is_agency(&part));
    let is_day = dated && (is_weekday(&lower) || part.split_whitespace().next().is_some_and(updates::is_of_a_date));
    (is_name(&part) && !is_post && !is_day).then_some(part)
}

/// Whether a text reads as a whole name: two words or more, the first and the last of them capitalized where that exists.
pub fn is_whole(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(is_capital) && words.next_back().is_some_and(is_capital)
}

pub(super) fn is_agency(text: &str) -> bool {
    AGENCIES.contains(&text.trim().to_lowercase().as_str())
}

/// Whether a word behind a comma is a degree or the like, and no first name.
pub(super) fn is_title(word: &str) -> bool {
    let plain: String = word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    CREDENTIALS.contains(&plain.as_str())
        || matches!(plain.as_str(), "jr" | "sr" | "ii" | "iii" | "iv" | "inc" | "ltd" | "llc")
}

pub(super) fn is_capital(word: &str) -> bool {
    word.starts_with(|c: char| c.is_alphabetic() && !is_small(c))
}

/// A small letter of a script that has capitals in use; Georgian's are not.
pub(super) fn is_small(c: char) -> bool {
    c.is_lowercase() && !('\u{10a0}'..='\u{10ff}').contains(&c)
}

/// Whether a part begins or ends with a word in lower case, as what is said of a person does.
fn is_small_at_an_end(part: &str) -> bool {
    let is_small = |word: &str| word.starts_with(is_small) && word.chars().all(char::is_alphabetic);
    let mut words = part.split_whitespace();
    words.next().is_some_and(is_small) || words.next_back().is_some_and(is_small)
}

/// Whether a part is a date without its year, a time of day, or how long ago that was: a number in front, or words in
/// lower case before one.
fn is_time(part: &str) -> bool {
    let mut words = part.split_whitespace();
    let is_number = |word: &str| word.starts_with(char::is_numeric) && !word.ends_with(char::is_alphabetic);
    let Some(first) = words.next() else { return false };
    let in_words = first.starts_with(is_small) && words.clone().any(|word| word.starts_with(char::is_numeric));
    let is_ago = first.starts_with(char::is_numeric) && first.ends_with(|c: char| c >= '\u{2e80}');
    is_number(first) || in_words || is_ago
}

/// The part up to what follows a name on its line: the day, how long ago, how much there is to read.
fn without_tail(part: &str) -> &str {
    static TAIL: LazyLock<Regex> = LazyLock::new(|| regex(COUNTED));
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let has_digit = |text: &str| text.contains(char::is_numeric);
    // Nothing else begins a tail, and most names have none.
    let begins = |word: &str| matches!(word, "published" | "updated" | "posted" | "follow" | "is" | "on");
    let may_end =
        has_digit(part) || part.contains(['(', '[']) || part.split_whitespace().any(|word| begins(&bare(word)));
    let tail = may_end.then(|| TAIL.find(part)).flatten();
    let mut end = tail.map_or(part.len(), |tail| tail.start());
    if has_digit(part) {
        let words: Vec<(usize, &str)> = starts(part).collect();
        let is_month = |k: usize| words.get(k).is_some_and(|(_, word)| month_of(&bare(word), None).is_some());
        let is_number = |k: usize| words.get(k).is_some_and(|(_, word)| word.starts_with(char::is_numeric));
        let cut = words.iter().enumerate().find(|&(i, &(at, word))| {
            // It is a name in Vietnamese, too.
            let is_label = updates::is_of_a_date(word) && !(i > 0 && word.starts_with('Đ')) && has_digit(&part[at..]);
            is_label || is_number(i) && (is_month(i + 1) || is_month(i + 2)) || is_month(i) && is_number(i + 1)
        });
        end = cut.map_or(end, |(_, &(at, _))| at.min(end));
        // "Tue" before the day, where a whole name is left.
        let before: Vec<(usize, &str)> = starts(&part[..end]).collect();
        if let [_, _, .., (at, day)] = before[..]
            && end < part.len()
            && is_weekday(&bare(day))
        {
            end = at;
        }
    }
    &part[..end]
}

/// The words of a text and where they begin.
fn starts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_whitespace().scan(0, |from, word| {
        let at = *from + text[*from..].find(word)?;
        *from = at + word.len();
        Some((at, word))
    })
}

/// "Ana Ruiz in Brussels" → "Ana Ruiz"; two capitalized words must stand before.
fn without_place(part: &str) -> &str {
    let words: Vec<(usize, &str)> = starts(part).collect();
    let is_capital_at = |k: usize| words.get(k).is_some_and(|(_, word)| is_capital(word));
    let is_organization = |k: usize| ORGANIZATIONS.contains(&words[k].1.to_lowercase().as_str());
    let place = (2..words.len())
        .find(|&i| FROM.contains(&words[i].1) && is_capital_at(i - 2) && is_capital_at(i - 1) && is_capital_at(i + 1));
    match place {
        Some(i) if !(0..i).any(is_organization) => part[..words[i].0].trim_end(),
        _ => part,
    }
}

/// "Ana Ruiz Staff Writer" → "Ana Ruiz"; `None` where no post stands there or no whole name is left.
fn without_post(part: &str) -> Option<String> {
    let mut words: Vec<&str> = part.split_whitespace().collect();
    let is_one_of = |list: &[&str], word: &str| list.contains(&word.to_lowercase().as_str());
    // The post itself is the last word; "Ana World" is a name.
    if !words.last().is_some_and(|last| is_one_of(&POST_WORDS[..11], last)) {
        return None;
    }
    while words.last().is_some_and(|last| is_one_of(POST_WORDS, last)) {
        words.pop();
    }
    let is_person =
        words.iter().all(|word| is_capital(word) && !is_one_of(POST_WORDS, word) && !is_one_of(NO_PERSON, word));
    (words.len() >= 2 && is_person).then(|| words.join(" "))
}

/// The words of a part up to its trailing degrees, single-spaced; empty when it has nothing else.
fn without_credentials(part: &str) -> String {
    let mut words: Vec<&str> = part.split_whitespace().collect();
    while let Some(last) = words.last() {
        let plain: String = last.chars().filter(|c| c.is_alphanumeric()).collect();
        // "Ma" and "Do" are surnames: a degree is written in capitals.
        let upper = plain.chars().filter(|c| c.is_uppercase()).count() >= 2;
        if !(upper && CREDENTIALS.contains(&plain.to_lowercase().as_str())) {
            break;
        }
        words.pop();
    }
    words.join(" ")
}

fn is_name(part: &str) -> bool {
    let letters = part.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 2
        && letters * 2 > part.chars().count()
        && part.split_whitespace().count() <= MAX_WORDS
        && super::visible_date(part, None).is_none()
}

pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern, exercised by the tests")
}
