//! Dates of nothing but numbers, and how a language orders them.
//!
//! The same three numbers are another day in another country; where that is not known, they are none.

use std::sync::LazyLock;

use regex::Regex;

use super::clock::with_time;
use super::date::{date, number, regex};

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
        // Only who names the country says how English orders day and month.
        let day_first = match tag.as_str() {
            "en-us" => Some(false),
            "en" | "" => None,
            _ => Some(true),
        };
        let year_first = match tag.split('-').next().unwrap_or_default() {
            "" => None,
            primary => Some(matches!(primary, "ko" | "ja" | "zh" | "hu")),
        };
        Self { day_first, year_first }
    }
}

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
