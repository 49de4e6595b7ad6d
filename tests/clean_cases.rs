//! Golden cases of the cleaner: every folder below `tests/cases/clean` is one case.
//!
//! A case holds `input.txt`, `input.md` or `input.html`, optionally `given.json` (the fields of a record or sidecar) and
//! `settings.toml` (the `[clean]` table), and `expected.json`: what must come out. `BLESS=1 cargo test --test clean_cases`
//! writes `expected.json` anew, to be read before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use copydesk::article::{Article, Document, Given, InputId, MediaType};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, Settings};
use serde_json::{Value, json};

#[test]
fn every_case_comes_out_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/clean");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&root).expect("the cases").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    assert!(cases.len() >= 2, "no cases found below {}", root.display());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn check(case: &Path) -> Result<(), String> {
    let name = ["input.html", "input.md", "input.txt"].into_iter().find(|name| case.join(name).exists());
    let name = name.ok_or_else(|| format!("{}: no input", case.display()))?;
    let input = fs::read_to_string(case.join(name)).map_err(|e| format!("{}: {e}", case.display()))?;
    let media_type = if name == "input.html" { MediaType::Html } else { MediaType::Text };
    let given = match fs::read_to_string(case.join("given.json")) {
        Ok(given) => serde_json::from_str::<Given>(&given).map_err(|e| format!("{}: {e}", case.display()))?,
        Err(_) => Given::default(),
    };
    let settings = match fs::read_to_string(case.join("settings.toml")) {
        Ok(settings) => toml::from_str::<Settings>(&settings).map_err(|e| format!("{}: {e}", case.display()))?,
        Err(_) => Settings::default(),
    };
    let document = Document {
        input: InputId::of(input.as_bytes()),
        path: name.into(),
        external_id: None,
        media_type,
        charset: "UTF-8".into(),
        bytes: input.len() as u64,
        content: input,
        given,
        folder: None,
    };
    let cleaner = Cleaner::new(settings);
    let actual = match cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default())) {
        Ok(article) => outline(&article),
        Err(nothing) => json!({ "no_content": nothing.removed }),
    };
    let path = case.join("expected.json");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, format!("{actual:#}\n")).map_err(|e| e.to_string())?;
    }
    let expected: Value =
        serde_json::from_str(&fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?)
            .map_err(|e| format!("{}: {e}", path.display()))?;
    if expected == actual {
        Ok(())
    } else {
        Err(format!("--- {}\nexpected {expected:#}\nactual {actual:#}", case.display()))
    }
}

/// The article with its paragraphs as a list and without its empty fields, so that a case reads well.
fn outline(article: &Article) -> Value {
    let mut value = serde_json::to_value(article).expect("an article is JSON");
    value["text"] = article.text.split("\n\n").collect();
    let fields = value.as_object_mut().expect("an article is an object");
    fields.retain(|_, field| !(field.is_null() || field.as_array().is_some_and(Vec::is_empty)));
    value
}
