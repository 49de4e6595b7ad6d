//! What is refused, and in which words: unknown keys, wrong types, values out of bounds.
//!
//! A refusal names the key, the rule, the value and the layer that set it; all refusals are reported at once.

use std::fmt;
use std::path::PathBuf;

use ::config::{Value, ValueKind};

use super::layers::DEFAULT_ORIGIN;
use super::{Setting, Settings, limits};

/// Least similarity (Jaro-Winkler, 0 to 1) at which a known key is offered for an unknown one: `pth` and `path` have
/// .93, `level` and `format` .0.
const SUGGEST_FROM: f64 = 0.8;

/// Why there are no settings to run with. Exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of settings cannot be read, or is no TOML.
    #[error("settings file {}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The folder of rule packs cannot be read.
    #[error("`rules.path`: {}: {message}", path.display())]
    Rules {
        /// The folder, or the pack in it.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// Settings that were read and cannot be used, all of them.
    #[error("{}", list(.0))]
    Refused(Vec<Refusal>),
    /// Anything else, such as a rule pack that cannot be used.
    #[error("settings: {0}")]
    Other(String),
}

fn list(refusals: &[Refusal]) -> String {
    refusals.iter().map(Refusal::to_string).collect::<Vec<_>>().join("\n")
}

/// One value that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Dotted, such as `inbox.path`.
    pub key: String,
    /// The layer that set it.
    pub origin: String,
    /// The rule that is broken, such as `must be at least 1 millisecond`.
    pub rule: String,
    /// The value as TOML, where it helps.
    pub value: Option<String>,
}

impl Refusal {
    pub(super) fn new(key: &str, origin: &str, rule: impl Into<String>) -> Self {
        Self { key: key.to_owned(), origin: origin.to_owned(), rule: rule.into(), value: None }
    }

    pub(super) fn of(setting: &Setting, rule: impl Into<String>) -> Self {
        Self::new(&setting.key, &setting.origin, rule).got(&setting.value.to_string())
    }

    pub(super) fn got(self, value: &str) -> Self {
        Self { value: Some(value.to_owned()), ..self }
    }

    /// A key that no stage knows, with the nearest one that is known.
    pub(super) fn unknown(defaults: &Value, key: &str, origin: &str) -> Self {
        let mut known = Vec::new();
        leaves(defaults, String::new(), &mut known);
        let within = |known: &&String| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        if let Some(one) =
            known.iter().find(|known| within(known) && known.ends_with(".path")).or(known.iter().find(within))
        {
            return Self::new(key, origin, format!("is a table of settings: set one of them, such as `{one}`"));
        }
        let name = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
        let nearness = |known: &str| {
            strsim::jaro_winkler(known, key).max(strsim::jaro_winkler(&name(known), &name(key)))
                + strsim::jaro_winkler(known, key) / 100.0
        };
        let nearest = known.iter().map(|known| (nearness(known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
        let rule = match nearest {
            Some((nearness, known)) if nearness >= SUGGEST_FROM => format!("is not a setting: did you mean `{known}`?"),
            _ => "is not a setting; `copydesk config` lists them all".to_owned(),
        };
        Self::new(key, origin, rule)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.key, self.rule)?;
        if let Some(value) = &self.value {
            write!(f, ", got {value}")?;
        }
        write!(f, " (set by {})", self.origin)
    }
}

/// The default of a key, `None` where no stage knows it.
pub(super) fn find<'a>(defaults: &'a Value, key: &str) -> Option<&'a Value> {
    let mut value = defaults;
    for part in key.split('.') {
        let ValueKind::Table(table) = &value.kind else { return None };
        value = table.get(part)?;
    }
    (!matches!(value.kind, ValueKind::Table(_))).then_some(value)
}

/// All keys of a table, dotted and sorted. The depth is that of the built-in file.
fn leaves(value: &Value, prefix: String, keys: &mut Vec<String>) {
    let ValueKind::Table(table) = &value.kind else { return keys.push(prefix) };
    let mut names: Vec<&String> = table.keys().collect();
    names.sort();
    for name in names {
        leaves(&table[name], join(&prefix, name), keys);
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
}

/// Every key in force in the order of the built-in file, when all keys are known.
pub(super) fn known(defaults: &Value, merged: &Value) -> Result<Vec<Setting>, Error> {
    let (mut values, mut refused) = (Vec::new(), Vec::new());
    collect(defaults, defaults, merged, String::new(), &mut values, &mut refused);
    if !refused.is_empty() {
        refused.sort_by(|a: &Refusal, b| a.key.cmp(&b.key));
        return Err(Error::Refused(refused));
    }
    let order = super::show::order();
    values.sort_by_cached_key(|setting: &Setting| order.iter().position(|key| *key == setting.key));
    Ok(values)
}

fn collect(
    all: &Value,
    default: &Value,
    merged: &Value,
    key: String,
    values: &mut Vec<Setting>,
    refused: &mut Vec<Refusal>,
) {
    let origin = origin(merged);
    match (&default.kind, &merged.kind) {
        (ValueKind::Table(defaults), ValueKind::Table(table)) => {
            for (name, value) in table {
                let key = join(&key, name);
                match defaults.get(name) {
                    Some(default) => collect(all, default, value, key, values, refused),
                    None => unknown(all, value, key, refused),
                }
            }
        }
        (ValueKind::Table(_), _) => {
            refused.push(Refusal::new(&key, origin, "must be a table").got(&plain(merged).to_string()));
        }
        (default, _) => {
            let setting = Setting { key, value: plain(merged), origin: origin.to_owned() };
            match mismatch(default, &merged.kind) {
                Some(rule) => refused.push(Refusal::of(&setting, rule)),
                None => values.push(setting),
            }
        }
    }
}

/// Refuses a key that no stage knows; of a table, every key in it. One without a key sets nothing.
fn unknown(all: &Value, value: &Value, key: String, refused: &mut Vec<Refusal>) {
    match &value.kind {
        ValueKind::Table(table) => {
            table.iter().for_each(|(name, value)| unknown(all, value, join(&key, name), refused));
        }
        _ => refused.push(Refusal::unknown(all, &key, origin(value))),
    }
}

/// The layer that set a value. The library forgets that of a table, whose values know it.
fn origin(value: &Value) -> &str {
    fn known(value: &Value) -> Option<&str> {
        let within = || match &value.kind {
            ValueKind::Table(table) => table.values().filter_map(known).min(),
            _ => None,
        };
        value.origin().or_else(within)
    }
    known(value).unwrap_or(DEFAULT_ORIGIN)
}

/// The rule that a value of the wrong type breaks.
fn mismatch(default: &ValueKind, given: &ValueKind) -> Option<&'static str> {
    use ValueKind::{Array, Boolean, Float, I64, I128, String, U64, U128};
    match (default, given) {
        (Boolean(_), Boolean(_)) | (String(_), String(_)) | (Array(_), Array(_)) => None,
        (I64(_), I64(_) | U64(_)) | (Float(_), Float(_) | I64(_)) => None,
        (Boolean(_), _) => Some("must be true or false"),
        (String(_), _) => Some("must be a text in quotes"),
        (Array(_), _) => Some("must be a list in brackets"),
        (I64(_) | I128(_) | U64(_) | U128(_), _) => Some("must be a whole number"),
        (Float(_), _) => Some("must be a number"),
        _ => None,
    }
}

/// A value without its origin.
fn plain(value: &Value) -> toml::Value {
    match &value.kind {
        ValueKind::Nil => toml::Value::String(String::new()),
        ValueKind::Boolean(truth) => toml::Value::Boolean(*truth),
        ValueKind::I64(number) => toml::Value::Integer(*number),
        ValueKind::U64(number) => toml::Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)),
        ValueKind::I128(number) => toml::Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)),
        ValueKind::U128(number) => toml::Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)),
        ValueKind::Float(number) => toml::Value::Float(*number),
        ValueKind::String(text) => toml::Value::String(text.clone()),
        ValueKind::Array(items) => toml::Value::Array(items.iter().map(plain).collect()),
        ValueKind::Table(table) => {
            toml::Value::Table(table.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
    }
}

/// Refuses values that the type of their stage does not accept (a level that does not exist, a negative size).
///
/// Each value is tried alone over the defaults, because the error of a whole table does not say which key it is about.
pub(super) fn typed(values: &[Setting]) -> Result<(), Error> {
    let mut refused = Vec::new();
    for setting in values.iter().filter(|setting| setting.origin != DEFAULT_ORIGIN) {
        let alone = table(std::slice::from_ref(setting));
        if let Err(error) = alone.try_into::<Settings>() {
            let out_of_bounds = limits::out_of_bounds(setting);
            refused.push(out_of_bounds.unwrap_or_else(|| Refusal::of(setting, rule(error.message()))));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(Error::Refused(refused)) }
}

/// serde's message as a rule.
fn rule(message: &str) -> String {
    match message.split_once("expected ") {
        Some((_, expected)) => format!("must be {}", expected.trim_end()),
        None => format!("is not accepted: {message}"),
    }
}

/// The values as nested tables.
pub(super) fn table(values: &[Setting]) -> toml::Table {
    let mut root = toml::Table::new();
    for setting in values {
        let mut parts: Vec<&str> = setting.key.split('.').collect();
        let Some(name) = parts.pop() else { continue };
        let mut table = &mut root;
        for part in parts {
            let entry = table.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            let toml::Value::Table(inner) = entry else { unreachable!("a key is a table or a value, never both") };
            table = inner;
        }
        table.insert(name.to_owned(), setting.value.clone());
    }
    root
}
