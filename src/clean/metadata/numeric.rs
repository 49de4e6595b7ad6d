//! Dates of nothing but numbers, and how a language orders them.
//!
//! The same three numbers are another day in another country; where that is not known, they are none.

use std::sync::LazyLock;

use regex::Regex;

use super::clock::with_time;
use super::date::{date, number, regex};

/// Languages that write the year first.
const YEAR_FIRST: [&str; 5] = ["ko", "ja", "zh", "hu", "mn"];
/// Languages that write the day before the month, as the Unicode CLDR's short forms have it.
const DAY_FIRST: &[&str] = &[
    "af", "am", "ar", "as", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "es", "et", "fa", "fi",
    "fr", "ga", "gl", "gu", "he", "hi", "hr", "hy", "id", "is", "it", "ka", "kk", "km", "kn", "ky", "lb", "lo", "lv",
    "mk", "ml", "mr", "ms", "my", "nb", "nl", "nn", "no", "pa", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sw",
    "ta", "te", "th", "tk", "tr", "uk", "ur", "uz", "vi",
];
/// Countries that write English so.
const DAY_FIRST_ENGLISH: &[&str] = &[
    "gb", "uk", "ie", "au", "nz", "in", "za", "sg", "my", "hk", "ng", "ke", "gh", "ug", "tz", "zm", "zw", "pk", "bd",
    "lk", "mt", "jm", "tt", "cy", "il", "ae", "eu",
];

/// How a language orders a date in numbers; `None` where that is not known.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) day_first: Option<bool>,
    /// Whether two digits in front are the year: `25.09.24`.
    pub(super) year_first: Option<bool>,
}

impl Order {
    pub(super) fn of(language: Option<&str>) -> Self {
        let tag = language.unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        let mut parts = tag.split('-');
        let primary = parts.next().unwrap_or_default();
        let country = parts.find(|part| part.len() == 2).unwrap_or_default();
        let year_first = (!primary.is_empty()).then(|| YEAR_FIRST.contains(&primary));
        let day_first = match (primary, country) {
            // Where the year goes first, the other order is a stranger's.
            ("", _) | (_, "ca" | "ph") => None,
            _ if YEAR_FIRST.contains(&primary) => None,
            ("es" | "en", "us" | "pr") => Some(false),
            // Only who names the country says how English orders day and month.
            ("en", country) => DAY_FIRST_ENGLISH.contains(&country).then_some(true),
            _ => DAY_FIRST.contains(&primary).then_some(true),
        };
        Self { day_first, year_first }
    }
}

/// Whether a line's date in numbers begins with the day, where only one of the two can be it.
pub fn shown_order(text: &str) -> Option<bool> {
    let found = DAY_OR_MONTH.captures(text)?;
    let (first, second): (u8, u8) = (number(&found, 1)?, number(&found, 2)?);
    match (first > 12, second > 12) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

/// Whether a line holds a date whose day and month may be either of two numbers.
pub fn ambiguous_date(text: &str) -> bool {
    DAY_OR_MONTH.is_match(text) && shown_order(text).is_none()
}

/// The date of a line in numbers of a known order.
pub fn ordered_date(text: &str, day_first: bool) -> Option<String> {
    numeric(text, Order { day_first: Some(day_first), year_first: Some(false) })
}

static DAY_OR_MONTH: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[^\d./-])(\d{1,2})[/-](\d{1,2})[/-](?:19|20)\d\d(?:$|[^\d/-])"));

/// Day, month and year as numbers; with both at most 12 the order must be known or be that of the dotted form.
pub(super) fn numeric(text: &str, order: Order) -> Option<String> {
    static NUMERIC: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?:^|[^\d./-])(\d{1,2})(\s?[./-]\s?)(\d{1,2})(\s?[./-]\s?)((?:19|20)?\d\d)(?:$|[^\d./-]|[.,](?:\s|$))")
    });
    let found = NUMERIC.captures(text)?;
    let separator = found[2].trim().to_owned();
    if separator != found[4].trim() {
        return None;
    }
    let (first, second): (i8, i8) = (number(&found, 1)?, number(&found, 3)?);
    let year: i16 = number(&found, 5)?;
    let end = found.get(5).map_or(text.len(), |year| year.end());
    let in_order = |year: i16| {
        let (day, month) = match (first > 12, second > 12) {
            (true, false) => (first, second),
            (false, true) => (second, first),
            _ if separator == "." || first == second || order.day_first == Some(true) => (first, second),
            _ if order.day_first == Some(false) => (second, first),
            _ => return None,
        };
        date(year, month, day)
    };
    if year >= 100 {
        return Some(with_time(in_order(year)?, &text[end..]));
    }
    // Two digits of a year are read only where the dotted form or the language leaves no doubt about the rest.
    let year_last = if separator == "." || order.day_first.is_some() { in_order(2000 + year) } else { None };
    let year_first = i8::try_from(year).ok().and_then(|day| date(2000 + i16::from(first), second, day));
    let date = match (order.year_first, year_first, year_last) {
        (Some(true), Some(date), _) => date,
        (None, Some(one), Some(other)) if one != other => return None,
        (_, _, year_last) => year_last?,
    };
    Some(with_time(date, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_only_as_the_language_and_its_country_are_known_to() {
        for (language, day) in [
            ("en-GB", Some("2025-04-03")),
            ("en-AU", Some("2025-04-03")),
            ("de", Some("2025-04-03")),
            ("es-MX", Some("2025-04-03")),
            ("zh-Hans-SG", None),
            ("en-US", Some("2025-03-04")),
            ("es-US", Some("2025-03-04")),
            ("en", None),
            ("en-CA", None),
            ("fr-CA", None),
            ("en-PH", None),
            ("fil", None),
            ("ja", None),
            ("ko-KR", None),
            ("hu", None),
            ("qq", None),
        ] {
            assert_eq!(numeric("03/04/2025", Order::of(Some(language))).as_deref(), day, "{language}");
        }
        assert_eq!(numeric("24/09/2025", Order::of(Some("ja"))).as_deref(), Some("2025-09-24"));
    }
}
