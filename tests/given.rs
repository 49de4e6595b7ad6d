//! Files and folders given to `once` by name: which are taken, and which are refused.
#![cfg(feature = "cli")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use support::{Folders, article};

/// Takes paths, relative to the folder of the desk's folders.
fn take(folders: &Folders, paths: &[&str]) -> Output {
    folders.command("once").args(paths).output().expect("the binary runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_desks_own_folders_are_passed_over_within_a_folder_that_is_given() {
    let folders = Folders::new();
    folders.drop_in("old.txt", article(1));
    folders.drop_in("empty.txt", " ");
    assert!(folders.once().status.success());
    assert_eq!((folders.files_in("done"), folders.files_in("failed").len()), (vec!["old.txt".to_owned()], 2));
    fs::create_dir(folders.path("news")).expect("a folder");
    fs::write(folders.path("news/new.txt"), article(2)).expect("a file");
    let before = folders.records();
    for _ in 0..2 {
        let output = take(&folders, &["."]);
        assert!(output.status.success() && !said(&output).contains("failed"), "{}", said(&output));
        assert_eq!(folders.published(), ["news/new.txt", "old.txt"].map(str::to_owned).into());
        for (id, record) in &before {
            assert_eq!(&folders.records()[id], record);
        }
    }
}

#[test]
fn an_outbox_within_the_state_folder_hides_nothing_of_it() {
    let folders = Folders::new();
    let take = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_copydesk"));
        command.current_dir(folders.path("")).args(["once", "--state", "own", "--outbox", "own/0/out", "."]);
        let output = command.output().expect("the binary runs");
        assert!(output.status.success(), "{}", said(&output));
        assert!(!said(&output).contains("failed"), "{}", said(&output));
        folders.files_below("own/0/out")
    };
    fs::write(folders.path("stage/new.txt"), article(1)).expect("a file");
    let taken = take();
    assert_eq!((taken.len(), take()), (1, taken));
}

#[test]
fn a_path_in_a_folder_of_the_desk_is_refused_by_any_name() {
    let folders = Folders::new();
    folders.drop_in("old.txt", article(1));
    folders.drop_in("empty.txt", " ");
    assert!(folders.once().status.success());
    symlink("state", folders.path("link")).expect("a link");
    let before = folders.records();
    for path in
        ["outbox", "outbox/.partial", "state/desk.lock", "stage/../state", "link", "link/desk.lock", "inbox/failed"]
    {
        let output = take(&folders, &[path]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(1), "{path}: {said}");
        assert!(said.contains(&format!("copydesk: {path}: lies in")), "{said}");
    }
    assert_eq!(folders.records(), before);
}

#[test]
fn what_was_done_can_be_given_to_another_desk_or_to_this_one() {
    let folders = Folders::new();
    folders.drop_in("old.txt", article(1));
    assert!(folders.once().status.success());
    let is = folders.records();
    assert!(take(&folders, &["inbox/done", "inbox/done/old.txt"]).status.success());
    assert_eq!(folders.records(), is);
    for folder in ["outbox", "state"] {
        fs::rename(folders.path(folder), folders.path(&format!("{folder}-before"))).expect("a rename");
    }
    assert!(take(&folders, &["inbox/done"]).status.success());
    assert_eq!(folders.only_record()["text"], is.values().next().expect("a record")["text"]);
}

#[test]
fn a_link_that_is_given_is_followed_and_one_in_a_folder_is_not() {
    let folders = Folders::new();
    fs::create_dir_all(folders.path("far/real")).expect("a folder");
    fs::write(folders.path("far/real/one.txt"), article(1)).expect("a file");
    fs::write(folders.path("far/real/one.txt.meta.json"), r#"{"title": "Bakery stays"}"#).expect("a sidecar");
    fs::write(folders.path("far/two.txt"), article(2)).expect("a file");
    symlink("real/one.txt", folders.path("far/link")).expect("a link");
    symlink("far/link", folders.path("latest.txt")).expect("a link");
    let output = take(&folders, &["latest.txt"]);
    assert!(output.status.success(), "{}", said(&output));
    let record = folders.only_record();
    assert_eq!((&record["title"], &record["copies"][0]["path"]), (&"Bakery stays".into(), &"one.txt".into()));
    fs::remove_file(folders.path("far/real/one.txt")).expect("a file");
    let output = take(&folders, &["latest.txt"]);
    assert!(output.status.code() == Some(1) && said(&output).contains("latest.txt: No such file"), "{}", said(&output));
    assert!(take(&folders, &["far"]).status.success());
    assert_eq!(folders.records().len(), 2);
}

#[test]
fn what_is_neither_file_nor_folder_is_refused_by_name() {
    let folders = Folders::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, folders.path("pipe"), rustix::fs::Mode::from_raw_mode(0o600))
        .expect("a pipe");
    for (path, what) in [("pipe", "is a pipe"), ("/dev/null", "is a device")] {
        let output = take(&folders, &[path]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(said(&output).contains(&format!("copydesk: {path}: {what}")), "{}", said(&output));
    }
}

#[test]
fn files_of_one_name_in_two_folders_are_two_copies() {
    let folders = Folders::new();
    for folder in ["pa", "pb"] {
        fs::create_dir(folders.path(folder)).expect("a folder");
        fs::write(folders.path(folder).join("a.txt"), article(1)).expect("a file");
    }
    let take = |paths: &[&str]| {
        let mut command = folders.command("once");
        let output = command.args(paths).output().expect("the binary runs");
        assert!(output.status.success(), "{}", said(&output));
        folders.published()
    };
    let both = support::set(&["a.txt", "pb/a.txt"]);
    assert_eq!(take(&["pa", "./pb"]), both);
    assert_eq!(take(&["pa", "./pb", "pa"]), both, "known, under the same names");
    assert_eq!(take(&["pa/a.txt", "pb/a.txt", "pb/a.txt"]), both);
}
