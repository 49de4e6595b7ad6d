//! Bounds of the numbers, and the patterns.

use super::refusal::Refusal;
use super::{Setting, Settings};
use crate::dedup::merge::MAX_MEMBERS;
use crate::inbox::Ignore;

/// A key of a number, with its least and greatest value and its unit.
struct Limit {
    key: &'static str,
    least: f64,
    most: f64,
    unit: &'static str,
}

const fn limit(key: &'static str, least: f64, most: f64, unit: &'static str) -> Limit {
    Limit { key, least, most, unit }
}

/// Every number that can be set. A test holds that none is missing.
const LIMITS: &[Limit] = &[
    limit("inbox.settle_ms", 0.0, 3_600_000.0, "milliseconds"),
    limit("inbox.scan_interval_s", 1.0, 86_400.0, "seconds"),
    limit("inbox.max_depth", 0.0, 64.0, "levels"),
    limit("inbox.max_hints", 1.0, 10_000_000.0, "paths"),
    limit("inbox.max_settling", 1.0, 10_000_000.0, "files"),
    limit("inbox.max_watched_folders", 1.0, 1_000_000.0, "folders"),
    limit("read.max_file_bytes", 1024.0, (1_u64 << 30) as f64, "bytes"),
    limit("read.max_records_bytes", 1024.0, (1_u64 << 40) as f64, "bytes"),
    limit("read.max_record_bytes", 1024.0, (1_u64 << 30) as f64, "bytes"),
    limit("read.max_ratio", 2.0, 100_000.0, "to one"),
    limit("read.max_records", 1.0, 1e12, "records"),
    limit("read.max_bad_records", 1.0, 1e12, "records"),
    limit("clean.memory.publications", 0.0, 100_000_000.0, "sites"),
    limit("clean.memory.lines", 1.0, 100_000_000.0, "lines"),
    limit("clean.memory.articles", 1.0, 1e9, "articles"),
    limit("clean.memory.revisions", 0.0, 10_000.0, "articles"),
    limit("clean.memory.total_lines", 1.0, 1e9, "lines"),
    limit("clean.html.max_depth", 16.0, 1024.0, "levels"),
    limit("clean.html.max_nodes", 100.0, 100_000_000.0, "nodes"),
    limit("clean.html.max_blocks", 10.0, 10_000_000.0, "blocks"),
    limit("dedup.min_containment", 0.3, 1.0, ""),
    limit("dedup.min_agreement", 0.0, 1.0, ""),
    limit("dedup.window_days", 1.0, 36_500.0, "days"),
    limit("dedup.max_index_bytes", (1_u64 << 20) as f64, (1_u64 << 40) as f64, "bytes"),
    limit("dedup.max_recall_bytes", (1_u64 << 20) as f64, (1_u64 << 40) as f64, "bytes"),
    limit("story.min_similarity", 0.0, 1.0, ""),
    limit("story.window_days", 1.0, 36_500.0, "days"),
    limit("story.max_open", 1.0, 100_000_000.0, "stories"),
    limit("desk.workers", 0.0, 1024.0, "threads"),
    limit("desk.max_documents", 1.0, 1_000_000.0, "documents"),
    limit("desk.max_bytes", (1_u64 << 20) as f64, (1_u64 << 40) as f64, "bytes"),
    limit("desk.max_document_ms", 1.0, 3_600_000.0, "milliseconds"),
    limit("outbox.writers", 1.0, 256.0, "threads"),
    limit("outbox.max_copies", 1.0, MAX_MEMBERS as f64, "copies"),
];

/// Numbers out of bounds, and patterns that are none.
pub(super) fn check(values: &[Setting], settings: &Settings) -> Vec<Refusal> {
    let mut refused: Vec<Refusal> = values.iter().filter_map(out_of_bounds).collect();
    if let Err(error) = Ignore::new(&settings.inbox.ignore) {
        let setting = values.iter().find(|setting| setting.key == "inbox.ignore");
        refused.extend(setting.map(|setting| Refusal::of(setting, format!("must hold patterns ({error})"))));
    }
    refused
}

/// The refusal of a number that is out of its bounds.
pub(super) fn out_of_bounds(setting: &Setting) -> Option<Refusal> {
    let limit = LIMITS.iter().find(|limit| limit.key == setting.key)?;
    let number = setting.value.as_float().or_else(|| setting.value.as_integer().map(|number| number as f64))?;
    if (limit.least..=limit.most).contains(&number) {
        return None;
    }
    let unit = if limit.unit.is_empty() { String::new() } else { format!(" {}", limit.unit) };
    Some(Refusal::of(setting, format!("must be from {} to {}{unit}", limit.least, limit.most)))
}

#[cfg(test)]
mod tests {
    use super::super::{Flag, Sources, load};
    use super::*;

    fn flag(key: &str, value: &str) -> Flag {
        Flag { key: key.into(), value: value.into(), name: "--set".into() }
    }

    fn refused(flags: Vec<Flag>) -> String {
        let sources = Sources { folder: "/nowhere".into(), flags, ..Sources::default() };
        load(&sources).expect_err("must be refused").to_string()
    }

    #[test]
    fn no_more_copies_can_be_listed_than_may_be_merged() {
        let message = refused(vec![flag("outbox.max_copies", "4097")]);
        assert_eq!(message, "`outbox.max_copies` must be from 1 to 4096 copies, got 4097 (set by --set)");
    }

    #[test]
    fn every_number_has_a_limit() {
        let loaded = load(&Sources { folder: "/nowhere".into(), ..Sources::default() }).expect("the defaults hold");
        for setting in &loaded.values {
            if setting.value.is_integer() || setting.value.is_float() {
                assert!(LIMITS.iter().any(|limit| limit.key == setting.key), "no limit for {}", setting.key);
            }
        }
        for limit in LIMITS {
            assert!(loaded.is_known(limit.key), "{} is no setting", limit.key);
        }
    }

    #[test]
    fn the_name_of_a_table_is_told_from_that_of_a_setting() {
        let message = refused(vec![flag("inbox", "3")]);
        assert_eq!(message, "`inbox` is a table of settings: set one of them, such as `inbox.path` (set by --set)");
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        let message = refused(vec![flag("inbox.ignore", "*.bak,a[")]);
        assert!(message.starts_with("`inbox.ignore` must hold patterns (error parsing glob 'a['"), "{message}");
        assert!(message.ends_with("got [\"*.bak\", \"a[\"] (set by --set)"), "{message}");
    }

    #[test]
    fn a_number_out_of_bounds_is_refused_with_its_bounds_and_unit() {
        let message = refused(vec![flag("inbox.settle_ms", "99999999")]);
        assert_eq!(message, "`inbox.settle_ms` must be from 0 to 3600000 milliseconds, got 99999999 (set by --set)");
        let message = refused(vec![flag("inbox.settle_ms", "-1")]);
        assert_eq!(message, "`inbox.settle_ms` must be from 0 to 3600000 milliseconds, got -1 (set by --set)");
    }
}
