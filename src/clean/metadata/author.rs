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
const LEAD: &str = r"(?i)^(?:(?:(?:article|story|report|text|words|photos?|reviewed|edited|reported|analysis|opinion)\s+(?:and\s+\w+\s+)?by|(?:written|posted|published|submitted|authored|created|contributed|reporting|reviewed|updated)\s+(?:on\s+.{4,20}\s+)?by|by|from the desk of|author|authors|autor|autora|autorin|autoren|autores|auteur|auteurs|autore|autori|författare|forfatter|kirjoittaja|szerző|yazar|автор|von|por|par|od|av|af|door|scritto da|escrito por|publicado por|écrit par|rédigé par|text|texte|texto|testo|tekst|foto|redaktion|a cura di)\b\s*[:：]?|by:|著者[:：]?|文[:：/]|記者[:：]?)\s+";

/// Degrees and the like after a name.
const CREDENTIALS: &[&str] = &[
    "phd", "md", "rd", "do", "cfa", "cpa", "esq", "mba", "msc", "mph", "rn", "rdn", "ldn", "fand", "dpt", "cscs",
    "dds", "dvm", "pharmd", "bsc", "jd", "llb", "llm", "edd", "psyd", "lcsw", "ms", "ma", "np", "facc", "faap", "cfp",
    "ea", "cissp", "pmp", "dnp", "aprn", "mpp", "cpt", "cnc",
];

/// Parts of a byline that name a post or a place in the paper, not a person; whole part, lower case.
const POST: &str = r"(?i)^(?:(?:\w+[\s-]){0,4}(?:reporter|correspondent|editor|editor-in-chief|columnist|contributor|staff writer|writer|journalist|producer|photographer|intern|analyst|author|blogger|contributing writer|bureau chief|redakteur(?:in)?|redacteur|journaliste|periodista|redactor(?:a)?|giornalista|dziennikarz)s?|staff|admin|administrator|editor|guest|guest post|author|authors|contributors?|unknown|anonymous|none|null|undefined|webmaster|super user|user|root|share|follow|updated|published|posted|view (?:all|bio|profile).*|see all.*|on \w+day|on|in|by|more (?:by|from|stories).*|read more|see more|all posts.*|posts|about the author|photo|\d+ min(?:ute)?s? read|jr|sr|inc)\.?$";

/// The names in a byline, in order, one each; empty when none is there.
///
/// "By Ana Ruiz, PhD and Reuters" → "Ana Ruiz", "Reuters". Addresses, handles, dates and posts ("staff writer") are no names.
pub fn author_names(text: &str) -> Vec<String> {
    static LEADS: LazyLock<Regex> = LazyLock::new(|| regex(LEAD));
    static POSTS: LazyLock<Regex> = LazyLock::new(|| regex(POST));
    static SPLIT: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?i)\s*[,;&|/\n\t•·、，]\s*|\s+(?:and|und|et|with|y|og|och|en|mit|avec|con)\s+|\s+[-–—]\s+|\s{3,}")
    });
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
    let mut names: Vec<String> = Vec::new();
    // A lead with nothing behind it is no name either.
    let text = format!("{} ", text.trim());
    let mut rest = text.as_str();
    while let Some(lead) = LEADS.find(rest) {
        rest = rest[lead.end()..].trim_start();
    }
    for part in SPLIT.split(rest) {
        let padded = format!("{} ", part.trim());
        let mut part = padded.as_str();
        while let Some(lead) = LEADS.find(part) {
            part = part[lead.end()..].trim_start();
        }
        let part = TAIL.replace(part, "");
        let part = part.trim_matches(|c: char| !c.is_alphanumeric() && c != '.').trim_end_matches(['.', ' ']);
        let part = without_credentials(part);
        if !is_name(&part) || POSTS.is_match(&part) {
            continue;
        }
        let known = names.iter().any(|name| name.to_lowercase() == part.to_lowercase());
        if !known && names.len() < MAX_NAMES {
            names.push(part);
        }
    }
    names
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
            ("Martin Luther King Jr.", vec!["Martin Luther King Jr"]),
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
