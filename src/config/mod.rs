//! Settings as written → settings as used: the layers, the limits and every refusal.
//!
//! Each stage owns the type of its settings; this module only composes them and decides where a value comes from.
//! Everything is checked once, at start: a desk that runs has settings that cannot be wrong.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

mod folders;
mod layers;
mod limits;
mod log;
mod refusal;
mod show;

pub use layers::{Flag, Sources};
pub use log::{Log, LogFormat};
pub use refusal::{Error, Refusal};

use crate::clean::{Cleaner, RulePack};
use crate::{clean, dedup, desk, inbox, ledger, outbox, read, story};

/// The built-in defaults, which are also the documentation of every key.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// All settings, as used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// See [`inbox::Settings`].
    pub inbox: inbox::Settings,
    /// See [`read::Settings`].
    pub read: read::Settings,
    /// See [`clean::Settings`].
    pub clean: clean::Settings,
    /// See [`Rules`].
    pub rules: Rules,
    /// See [`dedup::Settings`].
    pub dedup: dedup::Settings,
    /// See [`story::Settings`].
    pub story: story::Settings,
    /// See [`outbox::Settings`].
    pub outbox: outbox::Settings,
    /// See [`ledger::Settings`].
    pub state: ledger::Settings,
    /// See [`desk::Settings`].
    pub desk: desk::Settings,
    /// See [`Log`].
    pub log: Log,
}

impl Settings {
    /// What a desk works by: all but the log.
    ///
    /// # Errors
    /// A rule pack that cannot be read.
    pub fn plan(&self) -> Result<desk::Plan, Error> {
        let Self { inbox, read, clean, rules, dedup, story, outbox, state, desk, log: _ } = self.clone();
        Ok(desk::Plan { inbox, read, clean, rules: rules.packs()?, dedup, story, outbox, state, desk })
    }

    /// A cleaner with these settings and rule packs, for commands that need no desk.
    ///
    /// # Errors
    /// As [`Self::plan`], and a rule that is wrong, with its file and line.
    pub fn cleaner(&self) -> Result<Cleaner, Error> {
        Cleaner::with_packs(self.clean.clone(), &self.rules.packs()?).map_err(|error| Error::Other(error.to_string()))
    }
}

/// Where the user's own phrase rules lie.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// A folder of rule packs, `*.toml`; empty for none.
    pub path: PathBuf,
}

impl Rules {
    /// Reads the packs in the order of their names: later ones override earlier ones.
    fn packs(&self) -> Result<Vec<RulePack>, Error> {
        if self.path.as_os_str().is_empty() {
            return Ok(Vec::new());
        }
        let in_rules = |error| match error {
            Error::File { path, message } => Error::Rules { path, message },
            other => other,
        };
        let packs = toml_files(&self.path).map_err(in_rules)?.into_iter().map(|path| {
            let text = read(&path).map_err(in_rules)?;
            Ok(RulePack { name: path.display().to_string(), text })
        });
        packs.collect()
    }
}

/// The `*.toml` files of a folder, by name.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |error: std::io::Error| Error::File { path: folder.to_owned(), message: error.to_string() };
    let mut files = Vec::new();
    for entry in folder.read_dir().map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::File { path: path.to_owned(), message: error.to_string() })
}

/// Settings in force, and which layer set each of them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// All of them, as used.
    pub settings: Settings,
    /// One entry per key, in the order of the built-in file.
    pub values: Vec<Setting>,
}

/// One key in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Dotted, such as `inbox.path`.
    pub key: String,
    /// As it was read.
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
    let mut refused = limits::check(&values, &settings);
    refused.extend(folders::check(&values, &settings, &sources.folder));
    refused.extend(log::check(&values, &settings.log));
    if !refused.is_empty() {
        return Err(Error::Refused(refused));
    }
    Ok(Loaded { settings, values })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_built_in_file_equals_the_defaults_of_every_stage() {
        let written: toml::Table = DEFAULTS.parse().expect("the built-in file is TOML");
        let used = toml::Table::try_from(Settings::default()).expect("settings are TOML");
        let sections: BTreeSet<&String> = written.keys().chain(used.keys()).collect();
        for section in sections {
            // Section by section, so that a failure shows little more than what differs.
            assert_eq!(
                written.get(section),
                used.get(section),
                "[{section}]: the file (left) against the code (right)"
            );
        }
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
