//! The program as a user or a script meets it: what it prints, where, and how it ends.
#![cfg(feature = "cli")]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a command printed, and its exit code.
struct Ended {
    code: i32,
    out: String,
    err: String,
}

/// The program in `folder`, with no settings but those that a test gives.
fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copydesk"));
    command.current_dir(folder).env_remove("NO_COLOR");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("COPYDESK__") {
            command.env_remove(name);
        }
    }
    command
}

fn end(command: &mut Command) -> Ended {
    let output = command.stdin(Stdio::null()).output().expect("the program starts");
    Ended {
        code: output.status.code().expect("the program ends by itself"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn run(folder: &Path, args: &[&str]) -> Ended {
    end(program(folder).args(args))
}

fn records(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect("one record a line")).collect()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// An article of three paragraphs that differ from those of every other `n`.
fn article(n: usize) -> String {
    format!(
        "The parish of Upper Number {n} has voted to keep its bakery open for another year.\n\n\
         Of the {n} households that took part, all but three were in favour of the levy that pays for the oven.\n\n\
         The next vote is in the spring, when the lease of the {n} square metres in the old school comes up again."
    )
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/articles")
}

#[test]
fn clean_prints_records_in_the_order_of_the_input() {
    let folder = folder();
    let line = |n: usize| {
        // Every fiftieth document is a hundred times as long, so that workers finish out of order.
        let text = if n.is_multiple_of(50) { article(n).repeat(100) } else { article(n) };
        serde_json::json!({ "id": n.to_string(), "text": text }).to_string() + "\n"
    };
    fs::write(folder.path().join("a.jsonl"), (0..300).map(line).collect::<String>()).expect("written");
    fs::write(folder.path().join("b.jsonl"), (300..400).map(line).collect::<String>()).expect("written");
    let ended = run(folder.path(), &["clean", "a.jsonl", "b.jsonl"]);
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    let ids: Vec<usize> = records(&ended.out)
        .iter()
        .map(|record| record["copies"][0]["external_id"].as_str().expect("an id").parse().expect("a number"))
        .collect();
    assert_eq!(ids, (0..400).collect::<Vec<_>>());
}

#[test]
fn every_record_of_the_examples_obeys_the_printed_schema() {
    let folder = folder();
    let schema: Value = serde_json::from_str(&run(folder.path(), &["schema"]).out).expect("JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let validator = jsonschema::draft202012::new(&schema).expect("a schema");
    let mut command = program(folder.path());
    command.arg("clean");
    for entry in fs::read_dir(examples()).expect("the examples") {
        let path = entry.expect("an entry").path();
        if !path.to_string_lossy().ends_with(".meta.json") {
            command.arg(path);
        }
    }
    let ended = end(&mut command);
    let records = records(&ended.out);
    assert!(ended.code == 0 && records.len() >= 8, "{} records\n{}", records.len(), ended.err);
    for record in &records {
        validator.validate(record).unwrap_or_else(|error| panic!("{}: {error}", record["copies"][0]["path"]));
        assert_eq!(record["story"], record["id"]);
        assert_eq!(record["copies"][0]["relation"], "canonical");
    }
}

#[test]
fn a_document_without_content_is_reported_and_the_others_go_on() {
    let folder = folder();
    fs::write(folder.path().join("empty.txt"), " \n").expect("written");
    fs::write(folder.path().join("good.txt"), article(1)).expect("written");
    let ended = run(folder.path(), &["clean", "empty.txt", "good.txt"]);
    assert_eq!((ended.code, records(&ended.out).len()), (0, 1));
    assert!(ended.err.contains("empty.txt") && ended.err.contains("empty"), "{}", ended.err);
    let alone = run(folder.path(), &["clean", "empty.txt"]);
    assert_eq!((alone.code, alone.out.as_str()), (1, ""));
}

#[test]
fn a_file_that_cannot_be_read_ends_with_1_and_the_others_are_printed() {
    let folder = folder();
    fs::write(folder.path().join("good.txt"), article(1)).expect("written");
    let ended = run(folder.path(), &["clean", "missing.txt", "good.txt"]);
    assert_eq!((ended.code, records(&ended.out).len()), (1, 1));
    assert!(ended.err.contains("missing.txt"), "{}", ended.err);
}

#[test]
fn a_bad_record_is_reported_with_its_number_and_the_others_go_on() {
    let folder = folder();
    let line = |n| serde_json::json!({ "text": article(n) }).to_string();
    let text = format!("{}\n{{\"text\": \n{}\n", line(1), line(2));
    fs::write(folder.path().join("some.jsonl"), text).expect("written");
    let ended = run(folder.path(), &["clean", "some.jsonl"]);
    assert_eq!((ended.code, records(&ended.out).len()), (0, 2));
    assert!(ended.err.contains("some.jsonl#2") && ended.err.contains("bad_json"), "{}", ended.err);
}

#[test]
fn a_sidecar_supplies_what_the_text_does_not_say() {
    let folder = folder();
    fs::write(folder.path().join("a.txt"), article(1)).expect("written");
    let sidecar = r#"{"url": "https://paper.example/bakery", "title": "Bakery stays"}"#;
    fs::write(folder.path().join("a.txt.meta.json"), sidecar).expect("written");
    let ended = run(folder.path(), &["clean", "a.txt"]);
    let record = &records(&ended.out)[0];
    assert_eq!(record["title"], "Bakery stays");
    // As long as the desk would take it too.
    let padded = |bytes: usize| format!("{}{sidecar}", " ".repeat(bytes - sidecar.len()));
    fs::write(folder.path().join("a.txt.meta.json"), padded(3_000)).expect("written");
    for (limit, code) in [(3_000, 0), (2_999, 1)] {
        let ended = run(folder.path(), &["clean", "a.txt", "--set", &format!("read.max_record_bytes={limit}")]);
        assert_eq!(ended.code, code, "{}", ended.err);
        assert_eq!(ended.err.contains("the sidecar holds more than 2999 bytes"), code == 1, "{}", ended.err);
    }
    fs::write(folder.path().join("a.txt.meta.json"), padded((1 << 20) + 9)).expect("written");
    assert_eq!(records(&run(folder.path(), &["clean", "a.txt"]).out)[0]["title"], "Bakery stays");
}

#[test]
fn a_closed_pipe_is_no_error_and_no_panic() {
    let folder = folder();
    let mut child = program(folder.path())
        .args(["clean", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("piped");
    let writer = std::thread::spawn(move || {
        let line = serde_json::json!({ "text": article(7) }).to_string() + "\n";
        // Ends when the program has gone, at the latest after far more than any buffer holds.
        for _ in 0..200_000 {
            if input.write_all(line.as_bytes()).is_err() {
                return true;
            }
        }
        false
    });
    let mut first = [0; 100];
    child.stdout.take().expect("piped").read_exact(&mut first).expect("a record begins");
    // The reader is dropped here, as `head` would.
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(writer.join().expect("no panic"), "the program read all of its input before it noticed");
}

#[test]
fn formats_are_what_they_say() {
    let folder = folder();
    fs::write(folder.path().join("a.txt"), format!("Parish votes to keep its bakery open\n\n{}", article(1)))
        .expect("written");
    let text = run(folder.path(), &["clean", "--format", "text", "a.txt"]).out;
    assert!(text.starts_with("Parish votes to keep its bakery open\n\nThe parish of Upper Number 1 "), "{text}");
    let json = run(folder.path(), &["clean", "--format", "json", "a.txt"]).out;
    assert!(json.lines().count() > 20, "{json}");
    let (indented, line) = (json.parse::<Value>(), run(folder.path(), &["clean", "a.txt"]).out.parse::<Value>());
    assert_eq!(indented.expect("JSON"), line.expect("JSON"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = folder();
    let lines: String = (0..200).map(|n| serde_json::json!({ "text": article(n) }).to_string() + "\n").collect();
    fs::write(folder.path().join("a.jsonl"), lines).expect("written");
    assert_eq!(run(folder.path(), &["clean", "a.jsonl"]).out, run(folder.path(), &["clean", "a.jsonl"]).out);
}

#[test]
fn explain_shows_the_whole_article_and_a_tally_without_colour_codes() {
    let folder = folder();
    fs::write(folder.path().join("a.txt"), format!("Parish votes to keep its bakery open\n\n{}", article(1)))
        .expect("written");
    let ended = run(folder.path(), &["explain", "a.txt"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(
        ended.out.contains("The parish of Upper Number 1") && ended.out.contains("kept 3 paragraphs"),
        "{}",
        ended.out
    );
    assert!(!ended.out.contains('\x1b'));
    assert_eq!(run(folder.path(), &["explain", "missing.txt"]).code, 1);
}

#[test]
fn wrong_settings_end_with_2_and_name_key_and_layer() {
    let folder = folder();
    let ended = end(program(folder.path()).args(["clean", "x"]).env("COPYDESK__OUTBOX__PAHT", "y"));
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("did you mean `outbox.path`? (set by COPYDESK__OUTBOX__PAHT)"), "{}", ended.err);
    assert_eq!(run(folder.path(), &["clean", "--level", "brave"]).code, 2);
    assert_eq!(run(folder.path(), &["clean", "--log", "info=what=this"]).code, 2);
    assert_eq!(run(folder.path(), &["--config", "missing.toml", "config"]).code, 2);
    assert_eq!(run(folder.path(), &["no-such-command"]).code, 2);
}

#[test]
fn a_level_that_is_none_is_refused_by_every_command_that_reads_settings() {
    let folder = folder();
    for args in [&["config", "--log", "warning"][..], &["check", "--log", "info,debg"], &["clean", "--log", "verbose"]]
    {
        let ended = run(folder.path(), args);
        assert_eq!(ended.code, 2, "{args:?}");
        assert!(
            ended.err.contains("`log.level` must be error, warn") && ended.err.contains("set by --log"),
            "{}",
            ended.err
        );
    }
    for level in ["off", "warn", "info,copydesk::inbox=debug"] {
        assert_eq!(run(folder.path(), &["config", "--log", level]).code, 0, "{level}");
    }
}

#[test]
fn folders_that_cannot_be_used_end_a_start_with_2_and_name_the_key() {
    let folder = folder();
    fs::write(folder.path().join("file"), "").expect("written");
    fs::create_dir_all(folder.path().join("inbox")).expect("a folder");
    fs::create_dir_all(folder.path().join("taken/desk.lock")).expect("a folder");
    let wrong = [
        ("--inbox", "none", "inbox.path"),
        ("--inbox", "file", "inbox.path"),
        ("--outbox", "file", "outbox.path"),
        ("--outbox", "file/below", "outbox.path"),
        ("--outbox", "/proc/zz", "outbox.path"),
        ("--state", "file", "state.path"),
        ("--state", "/proc/zz", "state.path"),
        ("--state", "taken", "state.path"),
    ];
    for (flag, name, key) in wrong {
        for command in ["once", "run"] {
            let ended = run(folder.path(), &[command, flag, name]);
            assert_eq!(ended.code, 2, "{command} {flag} {name}: {}", ended.err);
            assert!(ended.err.contains(&format!("name another one with `{key}`")), "{}", ended.err);
        }
    }
    for args in [&["once", "--set", "inbox.ignore=a["][..], &["once", "--set", "inbox.ignore=a[", "file"]] {
        let ended = run(folder.path(), args);
        assert!(ended.code == 2 && ended.err.contains("`inbox.ignore` must hold patterns"), "{}", ended.err);
    }
}

#[test]
fn config_prints_each_value_with_its_layer() {
    let folder = folder();
    fs::write(folder.path().join("copydesk.toml"), "[inbox]\nsettle_ms = 900\n").expect("written");
    let ended = end(program(folder.path()).args(["config", "--set", "state.path=elsewhere"]));
    assert_eq!(ended.code, 0, "{}", ended.err);
    let line = |start: &str| ended.out.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
    assert!(line("settle_ms = 900").ends_with("# copydesk.toml"), "{}", ended.out);
    assert!(line("path = \"elsewhere\"").ends_with("# --set"), "{}", ended.out);
    assert!(line("level = \"safe\"").ends_with("# default"), "{}", ended.out);
    let defaults = run(folder.path(), &["config", "--default"]).out;
    fs::write(folder.path().join("copydesk.toml"), &defaults).expect("written");
    assert_eq!(run(folder.path(), &["config"]).code, 0, "the printed defaults are accepted as a file");
}

#[test]
fn completions_name_every_command() {
    let folder = folder();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = run(folder.path(), &["completions", shell]);
        assert!(ended.code == 0 && ended.out.contains("explain"), "{shell}");
    }
}

#[test]
fn help_goes_to_standard_output_and_ends_with_0() {
    let folder = folder();
    let ended = run(folder.path(), &["--help"]);
    assert!(ended.code == 0 && ended.err.is_empty() && ended.out.contains("Exit codes"));
    for command in ["run", "once", "clean", "explain", "status", "feed", "failed", "site", "story", "check", "config"] {
        assert_eq!(run(folder.path(), &[command, "--help"]).code, 0, "{command}");
    }
}

#[test]
fn what_ends_the_program_is_told_in_the_form_of_the_log() {
    let folder = folder();
    for args in [
        &["--log-format", "json", "clean", "--set", "clean.level=brave"][..],
        &["--log-format", "json", "status", "--state", "file/state"],
    ] {
        fs::write(folder.path().join("file"), "no folder").expect("a file");
        let ended = run(folder.path(), args);
        let line: Value = ended.err.trim().parse().unwrap_or_else(|_| panic!("{args:?}: {}", ended.err));
        assert_eq!(line["level"], "ERROR");
        assert!(line["message"].as_str().is_some_and(|message| !message.is_empty()), "{line}");
    }
}

#[test]
fn a_name_too_long_for_a_sidecar_has_none() {
    let folder = folder();
    let name = format!("{}.txt", "n".repeat(250));
    fs::write(folder.path().join(&name), article(1)).expect("a file");
    let ended = run(folder.path(), &["clean", &name]);
    assert_eq!((ended.code, records(&ended.out).len()), (0, 1), "{}", ended.err);
}
