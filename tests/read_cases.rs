//! Golden cases of reading: every folder below `tests/cases/read` is one case.
//!
//! A case holds one file named `input.<endings>` (or `input` alone), optionally `sidecar.json` and `settings.toml` (the
//! `[read]` table), and `expected.json`: the documents and rejections that come out, in order.
//! `BLESS=1 cargo test --test read_cases` writes `expected.json` anew, to be read before it is committed.

use std::fs;
use std::path::{Path, PathBuf};

use copydesk::article::Document;
use copydesk::read::{self, Origin, Rejected, Settings};
use serde_json::{Value, json};

#[test]
fn every_case_comes_out_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/read");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&root).expect("the cases").map(|entry| entry.expect("a case").path()).collect();
    cases.sort();
    assert!(cases.len() >= 30, "only {} cases found below {}", cases.len(), root.display());
    let failures: Vec<String> = cases.iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "{} of {} cases differ:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

fn check(case: &Path) -> Result<(), String> {
    let at = |error: std::io::Error| format!("{}: {error}", case.display());
    let mut input = None;
    for entry in fs::read_dir(case).map_err(at)? {
        let entry = entry.map_err(at)?;
        if entry.file_name().to_string_lossy().starts_with("input") {
            input = Some(entry);
        }
    }
    let input = input.ok_or_else(|| format!("{}: no input", case.display()))?;
    let settings = match fs::read_to_string(case.join("settings.toml")) {
        Ok(settings) => toml::from_str::<Settings>(&settings).map_err(|e| format!("{}: {e}", case.display()))?,
        Err(_) => Settings::default(),
    };
    let origin = Origin { path: "input".into(), folder: None, sidecar: fs::read(case.join("sidecar.json")).ok() };
    let file = fs::File::open(input.path()).map_err(at)?;
    let outcomes: Vec<Value> = read::split(&input.file_name(), file, &settings)
        .map(|piece| piece.and_then(|piece| read::document(piece, &origin, &settings)))
        .map(|outcome| outcome.map_or_else(|rejected| refusal(&rejected), |document| outline(&document)))
        .collect();
    let (actual, path) = (Value::from(outcomes), case.join("expected.json"));
    if std::env::var_os("BLESS").is_some() {
        return fs::write(&path, format!("{actual:#}\n")).map_err(at);
    }
    let expected = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let expected: Value = serde_json::from_slice(&expected).map_err(|error| format!("{}: {error}", path.display()))?;
    if actual == expected {
        return Ok(());
    }
    Err(format!("{}\n  expected {expected:#}\n  actual {actual:#}", case.display()))
}

fn outline(document: &Document) -> Value {
    let given = serde_json::to_value(&document.given).expect("given fields are JSON");
    let given: Value = match given {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(key, value)| key == "from" || !(value.is_null() || value == &json!([])))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    };
    json!({
        "path": document.path,
        "input": document.input,
        "external_id": document.external_id,
        "media_type": document.media_type,
        "charset": document.charset,
        "bytes": document.bytes,
        "content": document.content,
        "given": given,
    })
}

fn refusal(rejected: &Rejected) -> Value {
    json!({
        "rejected": rejected.reason,
        "message": rejected.message,
        "advice": rejected.advice,
        "record": rejected.record,
        "line": rejected.line,
        "bytes": rejected.bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes)),
    })
}
