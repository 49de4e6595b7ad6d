//! When: reads a date in any of the spellings of the press and writes it in one.
//!
//! A time is kept only with its offset; a date without one is a plain date. What may mean two days means none.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::{Captures, Regex};

use super::clock::with_time;
use super::months::month_of;
use super::numeric::{Order, numeric};

/// Longest text in which a date is looked for.
const MAX_BYTES: usize = 256;
/// Longest visible text that may be a date line: "Published on Wednesday, 24 September 2025 at 10:30 a.m. (updated …)".
const MAX_VISIBLE_BYTES: usize = 160;
/// News on the web is younger than this, and a date past it is a mistake.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;
/// The day that a program writes which knows none.
const EPOCH: &str = "1970-01-01";

/// A date as metadata or a record writes it, in normal form: RFC 3339 with offset, else a plain date.
///
/// Reads ISO 8601, RFC 2822, JavaScript's and Unix times, numeric dates and month names of some 45 languages. A time without
/// an offset is dropped, as is one that is not on the clock. `None` when no whole date is there or it may mean two days.
pub fn normal_date(text: &str) -> Option<String> {
    normal_date_in(text, None)
}

/// As [`normal_date`], of a text in a language: what means one day there is read as that.
pub fn normal_date_in(text: &str, language: Option<&str>) -> Option<String> {
    let text = folded(text.trim(), MAX_BYTES);
    let order = Order { day_first: None, ..Order::of(language) };
    iso(&text)
        .or_else(|| compact(&text))
        .or_else(|| unix(&text))
        .or_else(|| named(&text, language))
        .or_else(|| numeric(&text, order))
        .filter(|date| !date.starts_with(EPOCH))
}

/// A date in a visible line, such as a byline: as [`normal_date_in`], but numbers alone count only as a whole date.
///
/// The language, as a tag, says how `3/4/2025` is ordered; without it or without a country that orders English, such a
/// date is `None`. The line may hold other words, but not prose: `None` past 160 bytes.
pub fn visible_date(text: &str, language: Option<&str>) -> Option<String> {
    let text = text.trim();
    if text.len() > MAX_VISIBLE_BYTES || !text.chars().any(|c| c.is_numeric()) {
        return None;
    }
    let text = folded(text, MAX_BYTES);
    iso(&text).or_else(|| named(&text, language)).or_else(|| numeric(&text, Order::of(language)))
}

/// The day that a URL's path names (`/2025/09/24/` or `/20250924/` or `/2025/0924/` or `-2025-09-24-`); never a month alone.
pub fn date_in_url(url: &str) -> Option<String> {
    static PATH: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"[/_.-]((?:19|20)\d\d)[/_-](0?[1-9]|1[0-2])[/_-](0?[1-9]|[12]\d|3[01])(?:[/_.?-]|$)|[/_-]((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?:[/_.-]|$)|/((?:19|20)\d\d)/([a-z]{3,9})/(0?[1-9]|[12]\d|3[01])/|/((?:19|20)\d\d)/(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])/",
        )
    });
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let found = PATH.captures(path)?;
    if let Some(word) = found.get(8) {
        let date = date(number(&found, 7)?, month_of(word.as_str(), None)?, number(&found, 9)?)?;
        return Some(date.to_string());
    }
    let first = [1, 4, 10].into_iter().find(|&group| found.get(group).is_some())?;
    Some(date(number(&found, first)?, number(&found, first + 1)?, number(&found, first + 2)?)?.to_string())
}

pub(super) fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a constant pattern, exercised by the tests")
}

/// Lower case, bounded, digits of all scripts as ASCII, separators of CJK dates as plain ones.
fn folded(text: &str, max_bytes: usize) -> String {
    let text = super::prefix(text, max_bytes);
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '٠'..='٩' => digit(c, '٠'),
            '۰'..='۹' => digit(c, '۰'),
            '०'..='९' => digit(c, '०'),
            '০'..='৯' => digit(c, '০'),
            '๐'..='๙' => digit(c, '๐'),
            '０'..='９' => digit(c, '０'),
            '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
            '\u{2010}'..='\u{2012}' => '-',
            _ => c,
        })
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{307}'))
        .collect()
}

fn digit(c: char, zero: char) -> char {
    char::from_digit(c as u32 - zero as u32, 10).unwrap_or(c)
}

pub(super) fn number<T: std::str::FromStr>(found: &Captures<'_>, group: usize) -> Option<T> {
    found.get(group)?.as_str().parse().ok()
}

pub(super) fn date(year: i16, month: i8, day: i8) -> Option<Date> {
    if !YEARS.contains(&year) {
        return None;
    }
    Date::new(year, month, day).ok()
}

/// Year first, any separator, with or without a time.
fn iso(text: &str) -> Option<String> {
    static ISO: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(?:^|[^\d])(\d{4})([-/.])(\d{1,2})([-/.])(\d{1,2})(?:$|[^\d]|t\d)"));
    static CJK: LazyLock<Regex> =
        LazyLock::new(|| regex(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号]"));
    if let Some(found) = ISO.captures(text)
        && found[2] == found[4]
    {
        let date = date(number(&found, 1)?, number(&found, 3)?, number(&found, 5)?)?;
        let end = found.get(5).map_or(text.len(), |day| day.end());
        return Some(with_time(date, &text[end..]));
    }
    let found = CJK.captures(text)?;
    let date = date(number(&found, 1)?, number(&found, 2)?, number(&found, 3)?)?;
    let end = found.get(0).map_or(text.len(), |all| all.end());
    Some(with_time(date, &text[end..]))
}

/// `20250924` or `20250924T103000Z`, nothing else around it.
fn compact(text: &str) -> Option<String> {
    static COMPACT: LazyLock<Regex> =
        LazyLock::new(|| regex(r"^((?:19|20)\d\d)(\d\d)(\d\d)(?:t(\d\d)(\d\d)(\d\d)?(z|[+-]\d\d:?\d\d)?)?$"));
    let found = COMPACT.captures(text)?;
    let date = date(number(&found, 1)?, number(&found, 2)?, number(&found, 3)?)?;
    let (Some(hour), Some(minute), Some(zone)) = (found.get(4), found.get(5), found.get(7)) else {
        return Some(date.to_string());
    };
    let second = found.get(6).map_or("00", |second| second.as_str());
    Some(with_time(date, &format!("{}:{}:{second}{}", hour.as_str(), minute.as_str(), zone.as_str())))
}

/// Seconds or milliseconds since 1970, which are exact in UTC.
fn unix(text: &str) -> Option<String> {
    if !(text.len() == 10 || text.len() == 13) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = text[..10].parse().ok()?;
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    YEARS.contains(&time.to_zoned(jiff::tz::TimeZone::UTC).year()).then(|| time.to_string())
}

/// A month by name beside a day and a year, in any order that the press uses.
fn named(text: &str, language: Option<&str>) -> Option<String> {
    static YEAR: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:19|20|25)\d\d$"));
    let words: Vec<(usize, &str)> = words(text);
    for (i, &(_, word)) in words.iter().enumerate() {
        let Some(month) = month_of(word, language) else { continue };
        let is_year = |k: usize| {
            let &(at, word) = words.get(k)?;
            let year: i16 = word.parse().ok()?;
            let is_short = word.len() == 2 && year < 50 && text[..at].ends_with(['\'', '’']);
            if is_short { Some(2000 + year) } else { YEAR.is_match(word).then_some(year) }
        };
        let is_day = |k: usize| words.get(k).and_then(|(_, w)| day_number(w));
        let before = i.checked_sub(1);
        // Little words between the parts: "24 de septiembre de 2025", "24. septembra 2025", "the 24th of September".
        let day_before = before.and_then(is_day).or_else(|| {
            let gap = before.filter(|&k| is_filler(words[k].1))?;
            gap.checked_sub(1).and_then(is_day)
        });
        let year_after = |k: usize| {
            is_year(k).map(|year| (year, k)).or_else(|| {
                let filler = words.get(k).is_some_and(|(_, w)| is_filler(w));
                if filler { is_year(k + 1).map(|year| (year, k + 1)) } else { None }
            })
        };
        let found = if let (Some(day), Some((year, end))) = (day_before, year_after(i + 1)) {
            Some((year, day, end))
        } else if let (Some(day), Some((year, end))) = (is_day(i + 1), year_after(i + 2)) {
            Some((year, day, end))
        } else if let (Some(year), Some(day)) = (before.and_then(is_year), is_day(i + 1)) {
            // "2025. szeptember 24." and "2025 m. rugsėjo 24 d."
            Some((year, day, i + 1))
        } else if let (Some(year), Some(day)) = (i.checked_sub(2).and_then(is_year), is_day(i + 1)) {
            Some((year, day, i + 1))
        } else if let (Some(year), Some(day)) = (i.checked_sub(3).and_then(is_year), before.and_then(is_day))
            && is_filler(words[i - 2].1)
        {
            // "2025. gada 24. septembris"
            Some((year, day, i))
        } else {
            // "Tue Sep 24 10:30:00 +0000 2025": the year stands at the end of the line.
            is_day(i + 1).and_then(|day| is_year(words.len() - 1).map(|year| (year, day, i + 1)))
        };
        let Some((year, day, end)) = found else { continue };
        // Thai years count from the Buddha's death.
        let year = if year >= 2500 { year - 543 } else { year };
        if let Some(date) = date(year, month, day) {
            let rest = words[end].0 + words[end].1.len();
            return Some(with_time(date, &text[rest..]));
        }
    }
    None
}

/// Runs of letters or digits with where they begin; "24th" is one word, "24de" two.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut start = None;
    let mut was_digit = false;
    // The ending of an ordinal number belongs to it up to here.
    let mut ordinal_end = 0;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let digit = c.is_ascii_digit();
        let inside =
            c.is_alphanumeric() || c == '_' || (!c.is_ascii() && !c.is_whitespace() && !"–—•·،’‘“”|".contains(c));
        // "มี.ค.": a full stop inside a word of Thai.
        let is_thai = |c: char| ('\u{e00}'..='\u{e7f}').contains(&c);
        let inside = inside || c == '.' && text[..at].ends_with(is_thai) && text[at + 1..].starts_with(is_thai);
        let Some(from) = start else {
            start = inside.then_some(at);
            was_digit = digit;
            continue;
        };
        if was_digit && !digit && is_ordinal(&text[at..]) {
            ordinal_end = at + 2;
        }
        if !inside || (digit != was_digit && at >= ordinal_end) {
            words.push((from, &text[from..at]));
            start = inside.then_some(at);
        }
        was_digit = digit;
    }
    words
}

/// Whether a text goes on with the ending of an ordinal number ("24th", "1er").
fn is_ordinal(rest: &str) -> bool {
    ["st", "nd", "rd", "th", "er"]
        .iter()
        .any(|end| rest.strip_prefix(end).is_some_and(|after| !after.starts_with(|c: char| c.is_alphanumeric())))
}

fn day_number(word: &str) -> Option<i8> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    if digits.is_empty() || digits.len() > 2 {
        return None;
    }
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "de" | "del"
            | "of"
            | "di"
            | "d"
            | "m"
            | "g"
            | "г"
            | "p"
            | "r"
            | "р"
            | "gada"
            | "em"
            | "á"
            | "th"
            | "st"
            | "nd"
            | "rd"
            | "η"
            | "º"
            | "ª"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_day_is_read() {
        for text in [
            "2025-09-24",
            "2025/9/24",
            "20250924",
            "2025-09-24T10:30:00",
            "2025-09-24 10:30",
            "24 September 2025",
            "September 24, 2025",
            "Sept. 24th, 2025",
            "Wednesday, 24 September 2025",
            "24. September 2025",
            "24 de septiembre de 2025",
            "le 24 septembre 2025",
            "24.09.2025",
            "24/09/2025",
            "09/24/2025",
            "24. 9. 2025",
            "2025年9月24日",
            "2025년 9월 24일",
            "24 września 2025",
            "24 сентября 2025 г.",
            "2025. szeptember 24.",
            "2025 m. rugsėjo 24 d.",
            "٢٤ سبتمبر ٢٠٢٥",
            "24 กันยายน 2568",
            "24 ก.ย. 2568 21:40 น.",
            "24 Eylül 2025",
            "24η Σεπτεμβρίου 2025",
            "Published: 24 Sep 2025, 10:30",
            "September 24th, 2025 By Ana Ruiz",
            "24 september 2025 kl. 10.30",
            "２０２５年９月２４日",
            "2025. gada 24. septembris",
            "24 Sep '25",
            "24 Sep ’25, 10:30",
        ] {
            assert_eq!(normal_date(text).as_deref(), Some("2025-09-24"), "{text}");
        }
    }

    #[test]
    fn a_time_is_kept_only_with_its_offset() {
        for (text, date) in [
            ("2025-09-24T10:30:00Z", "2025-09-24T10:30:00Z"),
            ("2025-09-24T10:30:00.123+0200", "2025-09-24T10:30:00+02:00"),
            ("2025-09-24T10:30+02", "2025-09-24T10:30:00+02:00"),
            ("2025-09-24 10:30:00 -05:30", "2025-09-24T10:30:00-05:30"),
            ("Wed, 24 Sep 2025 10:30:00 GMT", "2025-09-24T10:30:00Z"),
            ("Wed, 24 Sep 2025 10:30:00 +0200", "2025-09-24T10:30:00+02:00"),
            ("Wed Sep 24 2025 10:30:00 GMT+0200 (CEST)", "2025-09-24T10:30:00+02:00"),
            ("September 24, 2025 1:05 p.m. EDT", "2025-09-24T13:05:00-04:00"),
            ("1758709800", "2025-09-24T10:30:00Z"),
            ("20250924T103000Z", "2025-09-24T10:30:00Z"),
            ("2025-09-24T25:30:00Z", "2025-09-24"),
            ("2025-09-24T10:30:00 IST", "2025-09-24"),
        ] {
            assert_eq!(normal_date(text).as_deref(), Some(date), "{text}");
        }
    }

    #[test]
    fn what_may_mean_two_days_or_none_is_refused() {
        for text in [
            "03/04/2025",
            "2025-09",
            "September 2025",
            "2025",
            "0001-01-01T00:00:00",
            "2025-13-40",
            "31 February 2025",
            "today",
            "",
            "1970-01-01T00:00:00+00:00",
            "3-4-25",
            // Ten digits, and no time since 1970: it would be the year 2279.
            "9758700000",
        ] {
            assert_eq!(normal_date(text), None, "{text}");
        }
        assert_eq!(visible_date("03/04/2025", Some("en-GB")).as_deref(), Some("2025-04-03"));
        assert_eq!(visible_date("03/04/2025", Some("en_us")).as_deref(), Some("2025-03-04"));
    }

    #[test]
    fn a_language_says_which_of_two_days_is_meant() {
        for (text, language, day) in [
            ("25.09.24", Some("ko"), Some("2025-09-24")),
            ("25. 9. 24.", Some("ja-JP"), Some("2025-09-24")),
            ("25/09/24", Some("zh"), Some("2025-09-24")),
            ("24.09.25", Some("de"), Some("2025-09-24")),
            ("24.09.25", None, None),
            ("24.09.32", None, Some("2032-09-24")),
            ("25.09.25", None, Some("2025-09-25")),
            ("24. listopada 2025.", Some("hr"), Some("2025-10-24")),
            ("24 listopada 2025", Some("pl-PL"), Some("2025-11-24")),
            ("24 listopada 2025", None, None),
            ("12. srp 2025.", Some("hr"), Some("2025-07-12")),
        ] {
            assert_eq!(normal_date_in(text, language).as_deref(), day, "{text} {language:?}");
            assert_eq!(visible_date(text, language).as_deref(), day, "{text} {language:?}");
        }
        assert_eq!(normal_date_in("03/04/2025", Some("de")), None);
    }

    #[test]
    fn a_url_names_a_day_but_never_by_a_month_alone() {
        assert_eq!(date_in_url("https://example.org/news/2025/09/24/bridge").as_deref(), Some("2025-09-24"));
        assert_eq!(date_in_url("https://example.org/a-bridge-20250924.html").as_deref(), Some("2025-09-24"));
        assert_eq!(date_in_url("https://example.org/2025/sep/24/bridge").as_deref(), Some("2025-09-24"));
        assert_eq!(date_in_url("https://example.org/2025/0924/c1-2.html").as_deref(), Some("2025-09-24"));
        assert_eq!(date_in_url("https://example.org/2025/09/bridge"), None);
        assert_eq!(date_in_url("https://example.org/article-120250924999"), None);
    }

    proptest! {
        #[test]
        fn normal_form_is_a_fixed_point(year in 1900i16..2100, month in 1i8..=12, day in 1i8..=28, hour in 0u8..24, offset in -14i8..=14) {
            let text = format!("{year}-{month:02}-{day:02}T{hour:02}:00:00{offset:+03}:00");
            let once = normal_date(&text).expect("a date");
            prop_assert_eq!(normal_date(&once), Some(once));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", digits in "[0-9/.: -]{0,30}[a-z]{0,9}[0-9 ]{0,6}") {
            let _ = (normal_date(&text), normal_date(&digits), visible_date(&text, None), date_in_url(&digits));
        }
    }
}
