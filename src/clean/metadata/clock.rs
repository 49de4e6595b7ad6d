//! The time of day behind a date, kept only with its offset from UTC.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex::Regex;

use super::date::{number, regex};

/// The date with the time that follows it, if that has an offset; else the plain date.
pub(super) fn with_time(date: Date, rest: &str) -> String {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        regex(
            r"^[^\d+-]{0,12}(\d{1,2})[:.h](\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(am|pm|a\.m\.|p\.m\.)?\s*\(?(?:(z|utc|gmt)?\s?([+-])(\d{1,2}):?(\d{2})?|(z|utc|gmt|ut|est|edt|cst|cdt|mst|mdt|pst|pdt))(?:$|[^a-z\d])",
        )
    });
    let Some(found) = TIME.captures(rest) else { return date.to_string() };
    let (Some(mut hour), Some(minute)) = (number::<u8>(&found, 1), number::<u8>(&found, 2)) else {
        return date.to_string();
    };
    let second = number::<u8>(&found, 3).unwrap_or(0);
    match found.get(4).map(|half| half.as_str().as_bytes()[0]) {
        Some(b'p') if hour < 12 => hour += 12,
        Some(b'a') if hour == 12 => hour = 0,
        _ => {}
    }
    let offset = match (found.get(6), found.get(9)) {
        (Some(sign), _) => {
            let (Some(hours), minutes) = (number::<u8>(&found, 7), number::<u8>(&found, 8).unwrap_or(0)) else {
                return date.to_string();
            };
            if hours > 14 || minutes > 59 {
                return date.to_string();
            }
            if hours == 0 && minutes == 0 {
                "Z".to_owned()
            } else {
                format!("{}{hours:02}:{minutes:02}", sign.as_str())
            }
        }
        // The North American zones are those of RFC 2822, section 4.3; all other abbreviations are ambiguous.
        (None, Some(zone)) => match zone.as_str() {
            "est" | "cdt" => "-05:00",
            "edt" => "-04:00",
            "cst" | "mdt" => "-06:00",
            "mst" | "pdt" => "-07:00",
            "pst" => "-08:00",
            _ => "Z",
        }
        .to_owned(),
        (None, None) => return date.to_string(),
    };
    if hour > 23 || minute > 59 || second > 59 {
        return date.to_string();
    }
    format!("{date}T{hour:02}:{minute:02}:{second:02}{offset}")
}
