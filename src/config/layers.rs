//! Where settings come from: built-in defaults < file < `conf.d` < environment < flags.
//!
//! Values from the environment and from flags are texts; what they mean is decided by the type of the default.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use ::config::{Config, File, FileFormat, Source, Value, ValueKind};

use super::refusal::{self, Error, Refusal};

/// What a value that nobody set has as its origin.
pub(super) const DEFAULT_ORIGIN: &str = "default";

/// The prefix of environment variables, and what stands for the dot of a key.
const PREFIX: &str = "COPYDESK__";
const DOT: &str = "__";

/// The file looked for where none is named, in the working folder and then in the system's place.
const FILE: &str = "copydesk.toml";
const SYSTEM_FOLDER: &str = "/etc/copydesk";
/// The folder beside it whose files are laid over it.
const ADDITIONS: &str = "conf.d";

/// Where to look for settings. Passed in rather than asked from the process, so that tests are alone with their own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The working folder.
    pub folder: PathBuf,
    /// The file that was named, which must exist.
    pub file: Option<PathBuf>,
    /// All environment variables.
    pub environment: Vec<(OsString, OsString)>,
    /// Values given on the command line, which win.
    pub flags: Vec<Flag>,
}

/// A value given on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// Dotted, such as `inbox.path`.
    pub key: String,
    /// As it was typed.
    pub value: String,
    /// What was typed, for messages: `--inbox`.
    pub name: String,
}

impl Sources {
    /// The settings files that are read, later ones winning.
    fn files(&self) -> Result<Vec<PathBuf>, Error> {
        if let Some(file) = &self.file {
            let file = self.folder.join(file);
            return Ok([vec![file.clone()], additions(&file)?].concat());
        }
        first(&self.folder, Path::new(SYSTEM_FOLDER))
    }
}

/// The settings files of the working folder, else of the system's. A folder `conf.d` counts on its own in the system's only:
/// in a working folder it may be another program's.
fn first(working: &Path, system: &Path) -> Result<Vec<PathBuf>, Error> {
    for folder in [working, system] {
        let file = folder.join(FILE);
        let mut files = Vec::from_iter(is_there(&file)?.then(|| file.clone()));
        if !files.is_empty() || folder == system {
            files.extend(additions(&file)?);
            return Ok(files);
        }
    }
    Ok(Vec::new())
}

/// The files of the folder `conf.d` beside a settings file, which need not be there itself.
fn additions(file: &Path) -> Result<Vec<PathBuf>, Error> {
    let folder = file.with_file_name(ADDITIONS);
    if is_there(&folder)? { super::toml_files(&folder) } else { Ok(Vec::new()) }
}

/// Whether there is anything of that name. Who may not look does not know, and must not go on without his settings; a link
/// that leads nowhere is there and cannot be read, which the reading then tells.
fn is_there(path: &Path) -> Result<bool, Error> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => {
            let message = format!("{error}: let this user look there, or name another file with --config");
            Err(Error::File { path: path.to_owned(), message })
        }
    }
}

/// The defaults, and the same with every layer laid over them. Each value remembers the layer that set it.
pub(super) fn merge(sources: &Sources) -> Result<(Value, Value), Error> {
    let built_in = File::from_str(super::DEFAULTS, FileFormat::Toml);
    let defaults = Config::builder().add_source(built_in).build().map_err(|error| Error::Other(error.to_string()))?;
    let mut builder = Config::builder().add_source(defaults.clone());
    let defaults = defaults.cache;
    let (mut pairs, mut refused) = (Vec::new(), Vec::new());
    for path in sources.files()? {
        let text = super::read(&path)?;
        let layer = Layer::file(&path, &text, &sources.folder)?;
        refused.extend(layer.quoted());
        builder = builder.add_source(layer);
    }
    for (name, value) in &sources.environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let key = name[PREFIX.len()..].replace(DOT, ".").to_lowercase();
        match value.to_str() {
            Some(value) => pairs.push((key, value.to_owned(), name.to_owned())),
            None => refused.push(Refusal::new(&key, name, "must be UTF-8").got(&value.to_string_lossy())),
        }
    }
    pairs.sort();
    pairs.extend(sources.flags.iter().map(|flag| (flag.key.clone(), flag.value.clone(), flag.name.clone())));
    for (key, value, origin) in pairs {
        match refusal::find(&defaults, &key) {
            Some(default) => builder = builder.add_source(Layer::single(&key, parse(&value, &default.kind), &origin)),
            None => refused.push(Refusal::unknown(&defaults, &key, &origin)),
        }
    }
    if !refused.is_empty() {
        return Err(Error::Refused(refused));
    }
    let merged = builder.build().map_err(|error| Error::Other(error.to_string()))?.cache;
    Ok((defaults, merged))
}

/// One layer above the defaults: values that say where they stand.
#[derive(Clone, Debug)]
struct Layer(HashMap<String, Value>);

impl Layer {
    fn file(path: &Path, text: &str, folder: &Path) -> Result<Self, Error> {
        // The path as a person would type it; the parser's message then shows the line and column.
        let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
        let table: toml::Table = text.trim_start_matches('\u{feff}').parse().map_err(|error: toml::de::Error| {
            Error::File { path: path.to_owned(), message: error.to_string().trim_end().to_owned() }
        })?;
        Ok(Self(table.into_iter().map(|(key, value)| (key, written(value, &shown))).collect()))
    }

    /// Names that TOML wants in quotes: the library would take them for paths, and `"a[9999999999]"` for a list that long.
    fn quoted(&self) -> Vec<Refusal> {
        let is_bare = |key: &str| key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let mut quoted: Vec<(&String, &Value)> = self.0.iter().filter(|(key, _)| !is_bare(key)).collect();
        quoted.sort_by_key(|(key, _)| *key);
        let rule = "is a name in quotes, which no setting has";
        quoted.iter().map(|(key, value)| Refusal::new(key, value.origin().unwrap_or_default(), rule)).collect()
    }

    fn single(key: &str, kind: ValueKind, origin: &str) -> Self {
        let value = Value::new(Some(&origin.to_owned()), kind);
        Self(HashMap::from([(key.to_owned(), value)]))
    }
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<HashMap<String, Value>, ::config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// A TOML value as one that remembers its file. The parser has bounded the nesting.
fn written(value: toml::Value, origin: &str) -> Value {
    let kind = match value {
        toml::Value::String(text) => ValueKind::String(text),
        toml::Value::Integer(number) => ValueKind::I64(number),
        toml::Value::Float(number) => ValueKind::Float(number),
        toml::Value::Boolean(truth) => ValueKind::Boolean(truth),
        toml::Value::Datetime(time) => ValueKind::String(time.to_string()),
        toml::Value::Array(items) => ValueKind::Array(items.into_iter().map(|item| written(item, origin)).collect()),
        toml::Value::Table(table) => {
            ValueKind::Table(table.into_iter().map(|(key, value)| (key, written(value, origin))).collect())
        }
    };
    Value::new(Some(&origin.to_owned()), kind)
}

/// The text of a variable or a flag, read as the type that the default has; a text that does not fit stays a text,
/// which the type check then refuses.
fn parse(text: &str, default: &ValueKind) -> ValueKind {
    let parsed = match default {
        ValueKind::Boolean(_) => text.parse().ok().map(ValueKind::Boolean),
        ValueKind::I64(_) => text.replace('_', "").parse().ok().map(ValueKind::I64),
        ValueKind::Float(_) => text.parse().ok().map(ValueKind::Float),
        ValueKind::Array(_) => Some(ValueKind::Array(list(text))),
        _ => None,
    };
    parsed.unwrap_or_else(|| ValueKind::String(text.to_owned()))
}

/// A list in TOML's brackets, or items separated by commas.
fn list(text: &str) -> Vec<Value> {
    if let Ok(mut table) = format!("list = {text}").parse::<toml::Table>()
        && let Some(toml::Value::Array(items)) = table.remove("list")
    {
        return items.into_iter().map(|item| written(item, "")).collect();
    }
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(|item| Value::new(None, item)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Loaded, load};
    use super::*;
    use proptest::prelude::*;

    fn sources(folder: &Path) -> Sources {
        Sources { folder: folder.to_owned(), ..Sources::default() }
    }

    fn origin(loaded: &Loaded, key: &str) -> String {
        loaded.values.iter().find(|setting| setting.key == key).expect("a known key").origin.clone()
    }

    #[test]
    fn later_layers_win_and_each_value_names_its_layer() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        std::fs::create_dir(folder.path().join("conf.d")).expect("a folder");
        write("copydesk.toml", "[inbox]\npath = \"a\"\nsettle_ms = 1\n[log]\nlevel = \"debug\"\n");
        write("conf.d/20.toml", "inbox.settle_ms = 3");
        write("conf.d/10.toml", "inbox.settle_ms = 2\nclean.level = \"eager\"");
        write("conf.d/README", "no settings");
        let mut sources = sources(folder.path());
        sources.environment = vec![("COPYDESK__LOG__LEVEL".into(), "trace".into()), ("PATH".into(), "/bin".into())];
        sources.flags = vec![Flag { key: "inbox.path".into(), value: "b".into(), name: "--inbox".into() }];
        let loaded = load(&sources).expect("good settings");
        assert_eq!(loaded.settings.inbox.path, Path::new("b"));
        assert_eq!(loaded.settings.inbox.settle_ms, 3);
        assert_eq!(loaded.settings.log.level, "trace");
        assert_eq!(origin(&loaded, "inbox.path"), "--inbox");
        assert_eq!(origin(&loaded, "inbox.settle_ms"), "conf.d/20.toml");
        assert_eq!(origin(&loaded, "clean.level"), "conf.d/10.toml");
        assert_eq!(origin(&loaded, "log.level"), "COPYDESK__LOG__LEVEL");
        assert_eq!(origin(&loaded, "outbox.path"), "default");
    }

    #[test]
    fn a_misspelt_key_is_refused_with_its_layer_and_the_nearest_key() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("copydesk.toml"), "[inbox]\npth = \"a\"").expect("written");
        let message = load(&sources(folder.path())).expect_err("must be refused").to_string();
        assert_eq!(message, "`inbox.pth` is not a setting: did you mean `inbox.path`? (set by copydesk.toml)");
        let environment = vec![("COPYDESK__OUTBOX__PHAT".into(), "x".into())];
        let message =
            load(&Sources { environment, ..sources(Path::new("/nowhere")) }).expect_err("refused").to_string();
        assert!(message.contains("did you mean `outbox.path`? (set by COPYDESK__OUTBOX__PHAT)"), "{message}");
    }

    #[test]
    fn a_misspelt_table_is_refused_by_its_keys_and_with_its_layer() {
        let folder = tempfile::tempdir().expect("a folder");
        let refused = |text: &str| {
            std::fs::write(folder.path().join("copydesk.toml"), text).expect("written");
            load(&sources(folder.path())).expect_err("must be refused").to_string()
        };
        let by = "(set by copydesk.toml)";
        let text = "[inbx]\npath = \"x\"\nsettle_ms = 3\n[clean.memry]\nlines = 2\n[clean.memory.more]\nx = 1\n";
        assert_eq!(
            refused(text).lines().collect::<Vec<_>>(),
            [
                format!("`clean.memory.more.x` is not a setting: did you mean `clean.memory.lines`? {by}"),
                format!("`clean.memry.lines` is not a setting: did you mean `clean.memory.lines`? {by}"),
                format!("`inbx.path` is not a setting: did you mean `inbox.path`? {by}"),
                format!("`inbx.settle_ms` is not a setting: did you mean `inbox.settle_ms`? {by}"),
            ]
        );
        let message = refused("[inbox.path]\nx = 1");
        assert!(message.starts_with("`inbox.path` must be a text in quotes") && message.ends_with(by), "{message}");
    }

    #[test]
    fn additions_count_without_the_file_that_they_lie_beside_in_the_systems_folder() {
        let (working, system) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let found = || first(working.path(), system.path()).expect("files or none");
        assert_eq!(found(), Vec::<PathBuf>::new());
        for folder in [&working, &system] {
            std::fs::create_dir(folder.path().join("conf.d")).expect("a folder");
            std::fs::write(folder.path().join("conf.d/10.toml"), "log.level = \"debug\"").expect("written");
        }
        assert_eq!(found(), [system.path().join("conf.d/10.toml")], "the other may be another program's");
        std::fs::write(working.path().join("copydesk.toml"), "").expect("written");
        assert_eq!(found(), ["copydesk.toml", "conf.d/10.toml"].map(|name| working.path().join(name)));
        assert_eq!(load(&sources(working.path())).expect("good settings").settings.log.level, "debug");
    }

    #[test]
    fn settings_that_cannot_be_looked_at_are_refused_and_not_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("file"), "").expect("written");
        // A file where a folder should be: as with a folder that is closed to this user, it is not known what is in it.
        let message = first(&folder.path().join("file"), folder.path()).expect_err("must be refused").to_string();
        assert!(message.contains("file/") && message.contains("--config"), "{message}");
        std::os::unix::fs::symlink("nowhere", folder.path().join("copydesk.toml")).expect("a link");
        let message = load(&sources(folder.path())).expect_err("must be refused").to_string();
        assert!(message.contains("copydesk.toml") && message.contains("No such file"), "{message}");
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("nowhere", folder.path().join("conf.d")).expect("a link");
        let message = first(Path::new("/nowhere"), folder.path()).expect_err("must be refused").to_string();
        assert!(message.contains("conf.d") && message.contains("No such file"), "{message}");
    }

    #[test]
    fn all_refusals_are_reported_at_once_each_with_its_rule_and_value() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = "clean.level = \"brave\"\n[inbox]\nsettle_ms = \"soon\"\npath = 3";
        std::fs::write(folder.path().join("copydesk.toml"), text).expect("written");
        let message = load(&sources(folder.path())).expect_err("must be refused").to_string();
        assert_eq!(
            message.lines().collect::<Vec<_>>(),
            [
                "`inbox.path` must be a text in quotes, got 3 (set by copydesk.toml)",
                "`inbox.settle_ms` must be a whole number, got \"soon\" (set by copydesk.toml)",
            ]
        );
        std::fs::write(folder.path().join("copydesk.toml"), "clean.level = \"brave\"").expect("written");
        let message = load(&sources(folder.path())).expect_err("must be refused").to_string();
        assert_eq!(message, "`clean.level` must be `safe` or `eager`, got \"brave\" (set by copydesk.toml)");
    }

    #[test]
    fn a_file_that_is_no_toml_is_refused_with_line_and_column() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("copydesk.toml"), "[inbox]\npath = ").expect("written");
        let message = load(&sources(folder.path())).expect_err("must be refused").to_string();
        assert!(message.contains("copydesk.toml") && message.contains("line 2"), "{message}");
    }

    #[test]
    fn a_quoted_name_is_no_path() {
        let folder = tempfile::tempdir().expect("a folder");
        for key in ["inbox.path", "inbox[99999999999]", "inbox[-9223372036854775808]"] {
            std::fs::write(folder.path().join("copydesk.toml"), format!("\"{key}\" = \"a\"")).expect("written");
            let message = load(&sources(folder.path())).expect_err("must be refused").to_string();
            assert_eq!(message, format!("`{key}` is a name in quotes, which no setting has (set by copydesk.toml)"));
        }
    }

    #[test]
    fn a_named_file_must_exist() {
        let named = Sources { file: Some("no.toml".into()), ..sources(Path::new("/nowhere")) };
        let message = load(&named).expect_err("must be refused").to_string();
        assert!(message.starts_with("settings file /nowhere/no.toml: "), "{message}");
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_taken_or_refused(
            lines in prop::collection::vec(
                (
                    "(inbox|clean|log|rules|dedup|nope)(\\.(path|level|settle_ms|memory|ignore|min_containment|x)){0,2}",
                    "(-?[0-9]{1,20}|[0-9]\\.[0-9]|\"[a-z*{\\[]{0,5}\"|true|\\[\\]|\\[1, \"a\"\\]|\\{ x = 1 \\}|nan)",
                ),
                0..4,
            ),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let text: String = lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            std::fs::write(folder.path().join("copydesk.toml"), &text).expect("written");
            let from_file = load(&sources(folder.path()));
            let flags = lines.into_iter().map(|(key, value)| Flag { key, value, name: "--set".into() }).collect();
            let from_flags = load(&Sources { flags, ..sources(Path::new("/nowhere")) });
            for refused in [from_file.err(), from_flags.err()].into_iter().flatten() {
                prop_assert!(!matches!(refused, Error::Other(_)), "names no key: {refused}");
            }
        }
    }

    #[test]
    fn a_list_is_read_with_brackets_or_commas() {
        let texts = |items: Vec<Value>| items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>();
        assert_eq!(texts(list("[\"*.bak\", \"x,y\"]")), ["*.bak", "x,y"]);
        assert_eq!(texts(list("*.bak, tmp*")), ["*.bak", "tmp*"]);
    }
}
