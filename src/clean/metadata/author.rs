//! Who: the names of people and agencies in a byline, one each, without "By", credentials and posts.

use std::sync::LazyLock;

use regex::Regex;

/// Longest byline that is read, in bytes.
const MAX_BYTES: usize = 400;
/// More names than this are a list of something else.
const MAX_NAMES: usize = 12;
/// Words of the longest name: "Agence France-Presse with local correspondents" is six.
const MAX_WORDS: usize = 6;

/// Words that introduce a name, in the press's languages; matched at the start, whole words only.
const LEAD: &str = r"(?i)^(?:(?:(?:article|story|report|recipe|text|words|photos?|reviewed|edited|reported|analysis|opinion)\s+(?:and\s+\w+\s+)?by|(?:written|posted|published|submitted|authored|created|contributed|reporting|reviewed|updated)\s+(?:on\s+.{4,20}\s+)?by|by|from the desk of|author|authors|autor|autora|autorin|autoren|autores|auteur|auteurs|autore|autori|författare|forfatter|kirjoittaja|szerző|yazar|автор|von|por|par|od|av|af|door|scritto da|escrito por|publicado por|écrit par|rédigé par|text|texte|texto|testo|tekst|foto|redaktion|a cura di)\b\s*[:：]?|by:|contributors?:)\s+";

/// The same where no blank is written: before a colon or a bar, or "reporter" before a blank.
const CJK_LEAD: &str =
    r"^(?:(?:本[报報刊网網]|新[华華]社)?(?:记者|記者)(?:\s*[:：/／|]\s*|\s+)|(?:作者|著者|撰文|文)\s*[:：/／|]\s*)";

/// Words between two names that are part of no name.
const AND: &str = "(?i:and|und|et|with|og|och|mit|avec)";
/// Words between two names that stand in names as well ("Ortega y Gasset", "Puig i Cadafalch"), as they are written there.
const MAYBE_AND: &str =
    "(?:y|e|ed|con|en|i|oraz|a|и|і|й|та|ды|ve|és|ja|dan|și|şi|si|και|ir|un|và|dhe|eta|agus|و|اور|और)";
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
const POST: &str = r"(?i)^(?:(?:\w+[\s-]){0,4}(?:reporter|correspondent|editor|editor-in-chief|columnist|contributor|staff writer|writer|journalist|producer|photographer|intern|analyst|author|blogger|contributing writer|bureau chief|redakteur(?:in)?|redacteur|journaliste|periodista|redactor(?:a)?|giornalista|dziennikarz)s?|staff|admin|administrator|editor|guest|guest post|(?:et )?al|others|author|authors|contributors?|unknown|anonymous|none|null|undefined|webmaster|super user|user|root|share|follow|updated|published|posted|view (?:all|bio|profile).*|see all.*|on \w+day|on|in|by|more (?:by|from|stories).*|read more|see more|all posts.*|posts|about the author|photo|\d+ min(?:ute)?s? read|jr|sr|inc|(?:ceo|co-?founder|founder)\b.*)\.?$";

/// A post of two subjects behind a name, which would fall apart at its "and": ", arts and culture editor".
const JOINT_POST: &str = r"(?i),\s*\w+\s+(?:and|&)\s+(?:\w+\s+){0,3}(?:reporter|correspondent|editor|columnist|writer|journalist|expert)s?\b";

/// The names in a byline, in order, one each; empty when none is there.
///
/// "By Ana Ruiz, PhD and Reuters" → "Ana Ruiz", "Reuters". Addresses, handles, dates and posts ("staff writer") are no names.
pub fn author_names(text: &str) -> Vec<String> {
    static POSTS: LazyLock<Regex> = LazyLock::new(|| regex(POST));
    static JOINT_POSTS: LazyLock<Regex> = LazyLock::new(|| regex(JOINT_POST));
    static SPLIT: LazyLock<Regex> =
        LazyLock::new(|| regex(&format!(r"\s*[,;&|/\n\t•·、，]\s*|\s+{AND}\s+|\s+[-–—]\s+|\s{{3,}}")));
    // What follows a name on the same line: the date, a button.
    static TAIL: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"(?i)\s*(?:\bon \w+ \d|\bpublished\b|\bupdated\b|\bposted\b|\bfollow\b|\bis an? \w+|\bat \d|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w*\.? \d|\d{1,2}[:.]\d\d|\d{4}|\(|\[).*$",
        )
    });
    let text = super::prefix(text, MAX_BYTES);
    let text: String = text.chars().map(|c| if c == '\u{a0}' { ' ' } else { c }).collect();
    // An address or a handle would fall apart at its signs; it goes as one word.
    let text = if text.contains("://") || text.contains("www.") || text.contains('@') {
        text.split(' ')
            .filter(|word| !word.contains("://") && !word.starts_with("www.") && !word.contains('@'))
            .collect::<Vec<_>>()
            .join(" ")
    } else {
        text
    };
    // A lead with nothing behind it is no name either.
    let text = format!("{} ", JOINT_POSTS.replace_all(text.trim(), ","));
    let rest = without_lead(&text);
    // The simplified sign is no Japanese one, and Chinese names hold no blanks.
    let is_chinese = text[..text.len() - rest.len()].contains('记') && rest.split_whitespace().all(is_chinese_name);
    let mut names: Vec<String> = Vec::new();
    let parts =
        SPLIT.split(rest).flat_map(|part| if is_chinese { part.split_whitespace().collect() } else { people(part) });
    for part in parts {
        let padded = format!("{} ", part.trim());
        let part = without_lead(without_conjunction(&padded));
        let part = TAIL.replace(part, "");
        let part = part.trim_matches(|c: char| !c.is_alphanumeric() && c != '.').trim_end_matches(['.', ' ']);
        let part = without_credentials(part);
        // Alone, it is what a writer calls himself.
        let is_expert = !names.is_empty() && part.to_lowercase().ends_with(" expert");
        if !is_name(&part) || POSTS.is_match(&part) || is_expert {
            continue;
        }
        let known = names.iter().any(|name| name.to_lowercase() == part.to_lowercase());
        if !known && names.len() < MAX_NAMES {
            names.push(part);
        }
    }
    names
}

/// As [`author_names`], of a line that begins with words that introduce a name; of any other none.
pub fn introduced_names(line: &str) -> Vec<String> {
    if without_lead(line).len() < line.len() { author_names(line) } else { Vec::new() }
}

/// What follows the words that introduce a name.
fn without_lead(text: &str) -> &str {
    static LEADS: LazyLock<Regex> = LazyLock::new(|| regex(LEAD));
    static CJK_LEADS: LazyLock<Regex> = LazyLock::new(|| regex(CJK_LEAD));
    let mut rest = text;
    while let Some(lead) = LEADS.find(rest).or_else(|| CJK_LEADS.find(rest)) {
        rest = rest[lead.end()..].trim_start();
    }
    // In capitals, or before one word, it begins a surname: "Di Maria".
    match rest.strip_prefix("di ").map(str::trim_start) {
        Some(name) if is_whole(name) => name,
        _ => rest,
    }
}

/// What follows the "and" that a list's last name begins with.
fn without_conjunction(part: &str) -> &str {
    static FIRST: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"^(?:({AND})|{MAYBE_AND})\s+")));
    let Some(found) = FIRST.captures(part) else { return part };
    let rest = part[found.get(0).map_or(0, |all| all.end())..].trim_start();
    if found.get(1).is_some() || rest.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase()) {
        rest
    } else {
        part
    }
}

/// The people of a part, divided at a word that means "and" where a whole name stands on either side of it.
fn people(part: &str) -> Vec<&str> {
    static WORD: LazyLock<Regex> = LazyLock::new(|| regex(&format!(r"\s{MAYBE_AND}\s")));
    let words: Vec<(usize, usize)> = WORD.find_iter(part).map(|found| (found.start(), found.end())).collect();
    let mut people = Vec::new();
    let mut from = 0;
    for (i, &(start, end)) in words.iter().enumerate() {
        let next = words.get(i + 1).map_or(part.len(), |next| next.0);
        let (left, right) = (&part[from..start], part.get(end..next).unwrap_or_default());
        if (is_whole(without_lead(left)) || is_agency(left)) && (is_whole(right) || is_agency(right)) {
            people.push(left);
            from = end;
        }
    }
    people.push(&part[from..]);
    people
}

/// Whether a text reads as a whole name: two words or more, the first and the last of them capitalized where that exists.
fn is_whole(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let is_capital = |word: &str| word.starts_with(|c: char| c.is_alphabetic() && !c.is_lowercase());
    words.next().is_some_and(is_capital) && words.next_back().is_some_and(is_capital)
}

fn is_agency(text: &str) -> bool {
    AGENCIES.contains(&text.trim().to_lowercase().as_str())
}

fn is_chinese_name(word: &str) -> bool {
    (2..=4).contains(&word.chars().count()) && word.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern, exercised by the tests")
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_byline_gives_people_and_agencies_one_each() {
        for (line, names) in [
            ("By Ana Ruiz and Tom O'Neil", vec!["Ana Ruiz", "Tom O'Neil"]),
            ("Written by: Ana Ruiz, PhD, MPH", vec!["Ana Ruiz"]),
            ("Ana Ruiz, Staff Writer | Reuters", vec!["Ana Ruiz", "Reuters"]),
            ("von Jana Weiß und dpa", vec!["Jana Weiß", "dpa"]),
            ("Por Ana Ruiz", vec!["Ana Ruiz"]),
            ("By Ana Ruiz Published March 3, 2025", vec!["Ana Ruiz"]),
            ("Ana Ruiz, Ana Ruiz", vec!["Ana Ruiz"]),
            ("Jack Ma", vec!["Jack Ma"]),
            ("Written by", vec![]),
            ("Ana Ruiz, CEPF, founder and CEO of Quay Ltd", vec!["Ana Ruiz"]),
            ("Ana Ruiz, Arts and Culture Editor, and Tom Hill, Home Security Expert", vec!["Ana Ruiz", "Tom Hill"]),
            ("Luxury Ferry Expert", vec!["Luxury Ferry Expert"]),
            ("Contributors: Ana Ruiz", vec!["Ana Ruiz"]),
            ("Recipe by Ana Ruiz", vec!["Ana Ruiz"]),
            ("Martin Luther King Jr.", vec!["Martin Luther King Jr"]),
        ] {
            assert_eq!(author_names(line), names, "{line}");
        }
    }

    #[test]
    fn two_names_are_divided_by_any_languages_and_but_one_name_is_not() {
        for (line, names) in [
            ("By Ana Ruiz, Tom Hill, and Lee Park", vec!["Ana Ruiz", "Tom Hill", "Lee Park"]),
            ("and Tom Hill", vec!["Tom Hill"]),
            ("Ana Ruiz, Tom Hill et al.", vec!["Ana Ruiz", "Tom Hill"]),
            ("João Silva e Maria Souza", vec!["João Silva", "Maria Souza"]),
            ("di Mario Rossi e Anna Bianchi", vec!["Mario Rossi", "Anna Bianchi"]),
            ("Jan Kowalski, Piotr Lis i Anna Nowak", vec!["Jan Kowalski", "Piotr Lis", "Anna Nowak"]),
            ("Иван Петров и Анна Смирнова", vec!["Иван Петров", "Анна Смирнова"]),
            ("Ali Kaya ve Ayşe Demir", vec!["Ali Kaya", "Ayşe Demir"]),
            ("Nagy Péter és Kiss Anna", vec!["Nagy Péter", "Kiss Anna"]),
            ("Matti Virtanen ja Liisa Korhonen", vec!["Matti Virtanen", "Liisa Korhonen"]),
            ("Budi Santoso dan Siti Aminah", vec!["Budi Santoso", "Siti Aminah"]),
            ("Por Ana Ruiz y EFE", vec!["Ana Ruiz", "EFE"]),
            ("José Ortega y Gasset", vec!["José Ortega y Gasset"]),
            ("Josep Puig i Cadafalch i Maria Soler", vec!["Josep Puig i Cadafalch", "Maria Soler"]),
            ("Gaspar e Silva", vec!["Gaspar e Silva"]),
            ("Mary E Smith", vec!["Mary E Smith"]),
            ("Di Maria, Ángel", vec!["Di Maria", "Ángel"]),
            ("Dan Brown", vec!["Dan Brown"]),
        ] {
            assert_eq!(author_names(line), names, "{line}");
        }
    }

    #[test]
    fn a_lead_that_no_blank_follows_is_one_too() {
        for (line, names) in [
            ("記者：山田太郎", vec!["山田太郎"]),
            ("記者 山田 太郎", vec!["山田 太郎"]),
            ("记者：王伟 李强", vec!["王伟", "李强"]),
            ("本报记者 王伟、李强", vec!["王伟", "李强"]),
            ("文/王伟", vec!["王伟"]),
            ("文森特", vec!["文森特"]),
        ] {
            assert_eq!(author_names(line), names, "{line}");
        }
    }

    #[test]
    fn posts_addresses_and_dates_are_no_names() {
        for line in [
            "",
            "admin",
            "Staff Writer",
            "https://example.org/ana",
            "ana@example.org",
            "@ana",
            "March 3, 2025",
            "Political Correspondent",
        ] {
            assert_eq!(author_names(line), Vec::<String>::new(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_give_empty_names(text in "\\PC{0,80}") {
            prop_assert!(author_names(&text).iter().all(|name| !name.trim().is_empty()));
        }
    }
}
