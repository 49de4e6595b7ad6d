//! Settings as written → settings as used: the layers, the limits and every refusal.
//!
//! Each stage owns the type of its settings; this module only composes them and decides where a value comes from.
//! Everything is checked once, at start: a desk that runs has settings that cannot be wrong.

use serde::{Deserialize, Serialize};

mod layers;
mod limits;
mod refusal;
mod show;

pub use layers::{Flag, Sources};
pub use refusal::{Error, Refusal};

use crate::{clean, dedup, inbox, ledger, outbox, read};

/// The built-in defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// All settings, as used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub inbox: inbox::Settings,
    pub read: read::Settings,
    pub outbox: outbox::Settings,
    pub clean: clean::Settings,
    pub dedup: dedup::Settings,
    pub state: ledger::Settings,
    pub log: Log,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level or a filter of `tracing-subscriber`.
    pub level: String,
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
    #[default]
    Text,
    Json,
}

/// Settings in force, and which layer set each of them.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub settings: Settings,
    /// One entry per key, in the order of the built-in file.
    pub values: Vec<Setting>,
}

/// One key in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Dotted, such as `inbox.path`.
    pub key: String,
    pub value: toml::Value,
    /// The layer that set it: `default`, a file's path, a variable's name or a flag.
    pub origin: String,
}

impl Loaded {
    /// Whether there is such a key.
    pub fn is_known(&self, key: &str) -> bool {
        self.values.iter().any(|setting| setting.key == key)
    }

    /// Whether a layer above the built-in defaults set `key`.
    pub fn is_set(&self, key: &str) -> bool {
        self.values.iter().any(|setting| setting.key == key && setting.origin != layers::DEFAULT_ORIGIN)
    }
}

/// Reads all layers and checks every value.
///
/// # Errors
/// A file that cannot be read or parsed, or all the values that are refused, each with its key, rule and layer.
pub fn load(sources: &Sources) -> Result<Loaded, Error> {
    let (defaults, merged) = layers::merge(sources)?;
    let values = refusal::known(&defaults, &merged)?;
    refusal::typed(&values)?;
    let settings: Settings = refusal::table(&values).try_into().map_err(|error| Error::Other(error.to_string()))?;
    limits::check(&values, &settings, &sources.folder)?;
    Ok(Loaded { settings, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_equals_the_defaults_of_every_stage() {
        let written: toml::Table = DEFAULTS.parse().expect("the built-in file is TOML");
        let used = toml::Table::try_from(Settings::default()).expect("settings are TOML");
        assert_eq!(written, used);
    }

    #[test]
    fn every_key_of_the_built_in_file_has_a_comment_and_every_line_fits() {
        let mut above = "";
        for line in DEFAULTS.lines() {
            assert!(line.chars().count() <= 130, "too long: {line}");
            let is_key = line.contains('=') && !line.starts_with('#');
            assert!(!is_key || above.starts_with('#'), "no comment above: {line}");
            above = line;
        }
    }
}
