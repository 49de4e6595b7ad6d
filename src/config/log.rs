//! What is logged, and how; and which levels and filters are accepted.
//!
//! Its own file because the filter's parser takes every word for the name of a module: a misspelt level would switch off the
//! whole log.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Setting;
use super::refusal::Refusal;

/// The crate whose modules log; those of others can be named with a level.
const CRATE: &str = env!("CARGO_CRATE_NAME");

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level or a filter of `tracing-subscriber`.
    pub level: String,
    /// Text or JSON.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// Refuses a level that is none, alone or within a filter.
pub(super) fn check(values: &[Setting], log: &Log) -> Option<Refusal> {
    if is_filter(&log.level) {
        return None;
    }
    let setting = values.iter().find(|setting| setting.key == "log.level")?;
    let rule = "must be error, warn, info, debug, trace, off, or a filter such as \"info,copydesk::inbox=debug\"";
    Some(Refusal::of(setting, rule))
}

fn is_filter(text: &str) -> bool {
    // As the parser cuts it, which takes a blank for a part of the word.
    let mut words = text.split(',').filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && EnvFilter::try_new(text).is_ok() && words.all(is_directive)
}

/// A word without `=` must be a level or one of our modules, all of which is then logged.
fn is_directive(word: &str) -> bool {
    let is_ours = || word.strip_prefix(CRATE).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    word.contains('=') || word.parse::<LevelFilter>().is_ok() || is_ours()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused_and_not_taken_for_a_module() {
        for level in
            ["warn", "INFO", "off", "info,copydesk::inbox=debug", "copydesk::desk", "copydesk", "warn,mio=off,"]
        {
            assert!(is_filter(level), "{level}");
        }
        for level in [
            "",
            ",",
            "warning",
            "verbose",
            "infos",
            "info,debg",
            "copydesks",
            "copydesk=verbose",
            "a=b=c",
            "info, debug",
        ] {
            assert!(!is_filter(level), "{level}");
        }
    }
}
