//! The one-way road: `main → cli → desk → stages → article`, and pure stages that know no clock, file or runtime.
//!
//! Reads the sources instead of trusting reviews. Paths written as `crate::…`, `copydesk::…` or up through `super::` are
//! seen, alone and in groups; comments and unit tests are not looked at.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module of the crate and the modules that it may name.
const ROAD: &[(&str, &[&str])] = &[
    ("article", &[]),
    ("crash", &[]),
    ("tokens", &[]),
    ("inbox", &["article", "crash"]),
    ("read", &["article"]),
    ("clean", &["article"]),
    ("dedup", &["article", "tokens"]),
    ("story", &["article", "tokens"]),
    ("outbox", &["article", "crash"]),
    ("segments", &["crash"]),
    ("ledger", &["article", "crash"]),
    (
        "desk",
        &["article", "crash", "tokens", "inbox", "read", "clean", "dedup", "segments", "story", "outbox", "ledger"],
    ),
    ("config", &["article", "inbox", "read", "clean", "dedup", "story", "outbox", "ledger", "desk"]),
    ("cli", &["article", "inbox", "read", "clean", "dedup", "story", "outbox", "ledger", "desk", "config"]),
];

/// Modules that take values and return values, and what they therefore never name: paths, or parts of them.
const PURE: &[&str] = &["article", "tokens", "read", "clean", "dedup", "story"];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::os",
    "std::process",
    "std::thread",
    // Under these everything else could be had by another name.
    "std::*",
    "std::self",
    "SystemTime",
    "Instant",
    "TimeZone::system",
    "TimeZone::get",
    "tz::db",
    "tokio",
    "rustix",
    "notify",
    "rusqlite",
];

#[test]
fn every_module_names_only_what_lies_further_down_the_road() {
    let found: Vec<String> = sources().iter().flat_map(wrong_turns).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn pure_stages_know_no_clock_file_or_runtime() {
    let found: Vec<String> = sources().iter().flat_map(impurities).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_planted_wrong_turn_is_seen_however_it_is_written() {
    let planted = [
        ("clean", 1, "use crate::outbox::Record;"),
        ("clean", 1, "use crate::{article::Block, outbox};"),
        ("clean", 2, "use crate::{\n    article::{Block, Flag},\n    ledger::Ledger,\n};"),
        ("read", 2, "fn f() -> crate::clean::Page { todo!() }"),
        ("dedup", 1, "use super::story;"),
        ("dedup", 2, "use super::super::{index, story};"),
        ("outbox", 1, "use copydesk::desk::run;"),
        ("article", 1, "use crate::clean::Page;"),
    ];
    for (module, depth, text) in planted {
        let source = Source::new(module, depth, text);
        assert_eq!(wrong_turns(&source).len(), 1, "{module}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    let allowed = [
        ("clean", 1, "use crate::article::{Block, Flag}; use super::article; use super::html;"),
        ("clean", 2, "use super::site; // not crate::outbox\n/// See [`crate::outbox`].\nfn f() {}"),
        ("clean", 1, "fn f() {}\n#[cfg(test)]\nmod tests { use crate::outbox::Record; }"),
        ("cli", 2, "use copydesk::{clean::Cleaner, config, outbox::Record}; use super::run;"),
    ];
    for (module, depth, text) in allowed {
        assert_eq!(wrong_turns(&Source::new(module, depth, text)), Vec::<String>::new());
    }
}

#[test]
fn a_planted_clock_file_or_runtime_is_seen_however_it_is_written() {
    let planted = [
        "let now = std::time::Instant::now();",
        "use std::time::Instant as Clock;",
        "use std::{io, time::{Duration, Instant}};",
        "use std::time;\nfn f() { time::SystemTime::UNIX_EPOCH }",
        "use jiff::Timestamp;\nfn f() { Timestamp::now() }",
        "let at = jiff::Zoned::now();",
        "let clock = Timestamp::now;",
        "let here = jiff::tz::TimeZone::system();",
        "use std::{fs, io::Read};",
        "use std::{\n    collections::BTreeMap,\n    fs::{self, File},\n};",
        "use std::fs as files;",
        "use std as rust;",
        "use std::{self as rust};",
        "use std::*;",
        "use rustix::{fd::AsFd, fs::open};",
        "rustix::fs::open(path)",
        "std::thread::spawn(work);",
        "use {std::env, regex::Regex};",
        "let lines = std::process::Command::new(\"wc\");",
        "tokio::spawn(work);",
    ];
    for text in planted {
        assert!(!impurities(&Source::new("clean", 1, text)).is_empty(), "{text}");
    }
    assert_eq!(impurities(&Source::new("inbox", 1, planted[0])), Vec::<String>::new());
    let pure = "use std::{io, sync::LazyLock, time::Duration};\nfn f(now: Timestamp) { crate::article::instant(now) }";
    assert_eq!(impurities(&Source::new("clean", 1, pure)), Vec::<String>::new());
}

/// One file, without comments and unit tests.
struct Source {
    path: PathBuf,
    /// The module of the crate that it belongs to.
    module: String,
    /// How many times `super` leads to the root of the crate.
    depth: usize,
    code: String,
}

impl Source {
    fn new(module: &str, depth: usize, text: &str) -> Self {
        let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let without_comment = |line: &str| match line.find("//") {
            // A URL in a string is no comment.
            Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
            _ => line.to_owned(),
        };
        let code = text.lines().map(without_comment).collect::<Vec<_>>().join("\n");
        Self { path: module.into(), module: module.into(), depth, code }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).expect("below the root");
                let mut parts: Vec<String> =
                    inside.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
                parts.retain(|part| part != "mod");
                if parts == ["lib"] || parts == ["main"] {
                    continue;
                }
                let text = fs::read_to_string(&path).expect("UTF-8");
                sources.push(Source { path: path.clone(), ..Source::new(&parts[0], parts.len(), &text) });
            }
        }
    }
    assert!(sources.len() >= 10, "the sources were not found below {}", root.display());
    for source in &sources {
        assert!(
            allowed(&source.module).is_some(),
            "{} has no place on the road: add it to ROAD",
            source.path.display()
        );
    }
    sources
}

fn allowed(module: &str) -> Option<&'static [&'static str]> {
    ROAD.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

fn wrong_turns(source: &Source) -> Vec<String> {
    let allowed = allowed(&source.module).unwrap_or_default();
    named(source)
        .into_iter()
        .filter(|name| *name != source.module && self::allowed(name).is_some() && !allowed.contains(&name.as_str()))
        .map(|name| format!("{}: `{}` must not name `{name}`", source.path.display(), source.module))
        .collect()
}

/// The modules at the root of the crate that the code names.
fn named(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    for root in ["crate::", "copydesk::"] {
        for (at, _) in source.code.match_indices(root) {
            let before = source.code[..at].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && c != '_') {
                names.extend(first_names(&source.code[at + root.len()..]));
            }
        }
    }
    let code: Vec<(usize, &str)> = source.code.match_indices("super::").collect();
    for (at, step) in code {
        if source.code[..at].ends_with(step) {
            continue;
        }
        let mut rest = &source.code[at..];
        let mut steps = 0;
        while let Some(after) = rest.strip_prefix(step) {
            (rest, steps) = (after, steps + 1);
        }
        if steps >= source.depth {
            names.extend(first_names(rest));
        }
    }
    names
}

/// `a::b` → a; `{a, b::{c, d}, e}` → a, b, e.
fn first_names(rest: &str) -> Vec<String> {
    let name = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        text[..end].to_owned()
    };
    let Some(group) = rest.strip_prefix('{') else { return vec![name(rest)] };
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

fn impurities(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.module.as_str()) {
        return Vec::new();
    }
    let names = |path: &str, word: &str| format!("::{path}::").contains(&format!("::{word}::"));
    // Whatever has such a function is a clock.
    let is_impure =
        |path: &String| path == "std" || path.ends_with("::now") || IMPURE.iter().any(|word| names(path, word));
    let found = paths(&source.code).into_iter().filter(is_impure);
    found.map(|path| format!("{}: a pure stage must not name `{path}`", source.path.display())).collect()
}

/// Every path that the code names, each of a group by itself: `a::{b, c::{d, e}}` → a::b, a::c::d, a::c::e.
fn paths(code: &str) -> Vec<String> {
    let (tokens, mut found, mut at) = (tokens(code), Vec::new(), 0);
    while at < tokens.len() {
        at = if is_name(tokens[at]) { read_path(&tokens, at, "", &mut found) } else { at + 1 };
    }
    found
}

/// Reads the path, or the group of paths, that begins at `at`, below `parent`; where it ends.
fn read_path(tokens: &[&str], mut at: usize, parent: &str, found: &mut Vec<String>) -> usize {
    let mut path = format!("{parent}{}", tokens[at]);
    at += 1;
    while tokens.get(at) == Some(&"::") {
        match tokens.get(at + 1) {
            Some(&"{") => {
                at += 2;
                let parent = format!("{path}::");
                while at < tokens.len() && tokens[at] != "}" {
                    at = if is_name(tokens[at]) { read_path(tokens, at, &parent, found) } else { at + 1 };
                }
                return at + 1;
            }
            Some(name) if is_name(name) => {
                path = format!("{path}::{name}");
                at += 2;
            }
            _ => break,
        }
    }
    found.push(path);
    at
}

fn is_name(token: &str) -> bool {
    token == "*" || token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Names, `::`, and every other character by itself.
fn tokens(code: &str) -> Vec<&str> {
    let (mut tokens, mut rest) = (Vec::new(), code.trim_start());
    while let Some(first) = rest.chars().next() {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let end = if rest.starts_with("::") {
            2
        } else if is_part(first) {
            rest.find(|c| !is_part(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..end]);
        rest = rest[end..].trim_start();
    }
    tokens
}
