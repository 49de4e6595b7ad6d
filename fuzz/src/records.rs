//! Files of records, and sidecars: what JSON says is what is read.

use copydesk::article::GivenFrom;
use copydesk::read::{Reason, Settings};
use serde_json::Value;

use super::read::{Outcomes, check_outcomes, read_all};

/// A plain JSON reader finds the same records with the same texts; a sidecar adds to a text and cannot take away.
pub fn check(input: &[u8]) {
    let (choice, bytes) = super::choice(input);
    let settings = Settings::default();
    match choice % 3 {
        0 => {
            let outcomes = super::in_time("lines", || read_all("a.jsonl", bytes, &settings, None));
            check_outcomes(&outcomes, &settings);
            if let Ok(text) = std::str::from_utf8(bytes)
                && !text.contains(['\u{feff}', '\0'])
            {
                let lines: Vec<&str> = text.split('\n').map(str::trim_ascii).filter(|line| !line.is_empty()).collect();
                // Other files are not of one record a line, whatever their name says, and a few control characters make so
                // short a file binary.
                let is_lines =
                    !lines.is_empty() && lines.iter().all(|line| line.starts_with('{') && line.ends_with('}'));
                let is_binary = matches!(&outcomes[..], [Err(rejected)] if rejected.reason == Reason::NotText);
                if is_lines && !is_binary {
                    check_lines(&lines, &outcomes);
                }
            }
        }
        1 => {
            let outcomes = super::in_time("values", || read_all("a.json", bytes, &settings, None));
            check_outcomes(&outcomes, &settings);
            if let Ok(Value::Array(items)) = serde_json::from_slice(bytes)
                && !items.is_empty()
            {
                assert_eq!(outcomes.len(), items.len(), "a record for each item");
                items.iter().zip(&outcomes).for_each(|(item, outcome)| check_record(item, outcome));
            }
        }
        _ => {
            let outcomes = read_all("a.txt", &b"The ferry came back."[..], &settings, Some(bytes));
            check_outcomes(&outcomes, &settings);
            let sound = serde_json::from_slice::<Value>(bytes).is_ok_and(|value| value.is_object());
            assert!(outcomes[0].is_ok() || !sound, "a sound sidecar is taken");
            if let Ok(document) = &outcomes[0] {
                assert_eq!(document.content, "The ferry came back.");
                assert_eq!(document.given.from, GivenFrom::Sidecar);
            }
        }
    }
}

fn check_lines(lines: &[&str], outcomes: &Outcomes) {
    assert_eq!(outcomes.len(), lines.len(), "a record for each line");
    for (line, outcome) in lines.iter().zip(outcomes) {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => check_record(&value, outcome),
            // Half of a surrogate pair is passed over where the value is.
            Err(_) if line.contains("\\u") => {}
            Err(_) => assert!(outcome.is_err(), "a line that is no JSON is no record: {line:?}"),
        }
    }
}

fn check_record(value: &Value, outcome: &Result<copydesk::article::Document, copydesk::read::Rejected>) {
    let text = |key: &str| value.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let content = text("html").or_else(|| text("raw_html")).or_else(|| text("text"));
    let is_blank = |text: &str| text.chars().all(|c| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
    match (content, outcome) {
        (Some(content), Ok(document)) => assert_eq!(document.content, content),
        (Some(content), Err(rejected)) => assert!(is_blank(content), "{rejected:?} for {content:?}"),
        (None, _) => {}
    }
}
