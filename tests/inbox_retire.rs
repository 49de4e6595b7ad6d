//! Where files go: `done/`, `failed/` with a report, and back; never over another file, never out of the inbox.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use copydesk::inbox::{Done, ErrorReport, Inbox, Retired, Retried, Settings, Stamp, encode_path};
use tempfile::TempDir;

struct Desk {
    folder: TempDir,
    inbox: Inbox,
}

impl Desk {
    fn new(done: Done) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("inbox");
        fs::create_dir(&path).expect("the inbox");
        let inbox = Inbox::new(Settings { path, done, ..Settings::default() }).expect("valid settings");
        Self { folder, inbox }
    }

    fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.inbox.root().join(path)
    }

    fn write(&self, path: impl AsRef<Path>, content: &str) -> Stamp {
        let full = self.at(&path);
        fs::create_dir_all(full.parent().expect("a parent")).expect("the folder");
        fs::write(full, content).expect("the file");
        self.inbox.stat(path.as_ref()).expect("readable").expect("a file")
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        fs::read_to_string(self.at(path)).ok()
    }

    /// Every file below a folder of the inbox, sorted.
    fn files(&self, below: &str) -> Vec<PathBuf> {
        let (mut found, mut folders) = (Vec::new(), vec![self.at(below)]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.expect("an entry").path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found.into_iter().map(|path| path.strip_prefix(self.inbox.root()).expect("below").to_owned()).collect()
    }
}

fn report(path: &str) -> ErrorReport {
    ErrorReport {
        stage: "read".into(),
        reason: "bad_json".into(),
        message: "the record is not a JSON object".into(),
        advice: "write an object".into(),
        path: path.into(),
        input: None,
        record: None,
        line: Some(3),
        at: "2026-03-02T09:30:00Z".into(),
        removed: Vec::new(),
    }
}

fn moved(path: &str) -> Retired {
    Retired::Moved(path.into())
}

#[test]
fn a_file_goes_to_the_same_sub_folder_of_done() {
    let desk = Desk::new(Done::Move);
    let stamp = desk.write("site/2026/a.html", "one");
    assert_eq!(desk.inbox.retire(Path::new("site/2026/a.html"), &stamp).unwrap(), moved("done/site/2026/a.html"));
    assert_eq!(desk.read("done/site/2026/a.html").as_deref(), Some("one"));
    assert_eq!(desk.read("site/2026/a.html"), None);
}

#[test]
fn nothing_in_done_is_ever_overwritten() {
    let desk = Desk::new(Done::Move);
    for n in 0..40 {
        let stamp = desk.write("a.jsonl.gz", &n.to_string());
        let name = if n == 0 { "done/a.jsonl.gz".to_owned() } else { format!("done/a~{n}.jsonl.gz") };
        assert_eq!(desk.inbox.retire(Path::new("a.jsonl.gz"), &stamp).unwrap(), moved(&name));
    }
    for n in 1..40 {
        assert_eq!(desk.read(format!("done/a~{n}.jsonl.gz")), Some(n.to_string()));
    }
}

#[test]
fn a_file_that_changed_or_vanished_is_not_moved() {
    let desk = Desk::new(Done::Move);
    let stamp = desk.write("a.txt", "one");
    desk.write("a.txt", "longer");
    assert_eq!(desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap(), Retired::Changed);
    assert_eq!(desk.inbox.fail(Path::new("a.txt"), &stamp, &report("a.txt")).unwrap(), Retired::Changed);
    assert_eq!(desk.files(""), [Path::new("a.txt")]);
    fs::remove_file(desk.at("a.txt")).unwrap();
    assert_eq!(desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap(), Retired::Gone);
    assert_eq!(desk.inbox.retire(Path::new("no/such/a.txt"), &stamp).unwrap(), Retired::Gone);
}

#[test]
fn a_rewrite_that_hides_behind_its_old_size_and_time_is_seen() {
    let desk = Desk::new(Done::Move);
    let stamp = desk.write("a.txt", "one");
    let modified = fs::metadata(desk.at("a.txt")).unwrap().modified().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    // Within one tick of the kernel's clock nothing can be seen, so it is rewritten until the tick is over.
    while desk.inbox.stat(Path::new("a.txt")).unwrap() == Some(stamp) {
        fs::write(desk.at("a.txt"), "two").unwrap();
        fs::File::options().write(true).open(desk.at("a.txt")).unwrap().set_modified(modified).unwrap();
        assert!(Instant::now() < deadline);
    }
    assert_eq!(desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap(), Retired::Changed);
    assert_eq!(desk.read("a.txt").as_deref(), Some("two"));
}

#[test]
fn a_missing_inbox_is_the_desks_trouble_and_not_the_files() {
    let desk = Desk::new(Done::Move);
    let stamp = desk.write("a.txt", "one");
    fs::rename(desk.inbox.root(), desk.folder.path().join("elsewhere")).unwrap();
    assert!(desk.inbox.retire(Path::new("a.txt"), &stamp).is_err());
}

#[test]
fn the_settings_may_delete_or_keep() {
    let desk = Desk::new(Done::Delete);
    let stamp = desk.write("a.txt", "one");
    desk.write("a.txt.meta.json", "{}");
    desk.write("done/a.txt", "an older one");
    assert_eq!(desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap(), Retired::Deleted);
    assert_eq!(desk.files(""), [Path::new("done/a.txt")]);

    let desk = Desk::new(Done::Keep);
    let stamp = desk.write("a.txt", "one");
    assert_eq!(desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap(), Retired::Kept);
    assert_eq!(desk.files(""), [Path::new("a.txt")]);
}

#[test]
fn a_sidecar_goes_with_its_file_and_keeps_to_its_name() {
    let desk = Desk::new(Done::Move);
    desk.write("done/a.txt", "older");
    let stamp = desk.write("a.txt", "one");
    desk.write("a.txt.meta.json", "{}");
    desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap();
    assert_eq!(desk.files("done"), ["done/a.txt", "done/a~1.txt", "done/a~1.txt.meta.json"].map(Path::new));
    let stamp = desk.write("b.txt", "one");
    desk.write("b.txt.meta.json", "{");
    desk.inbox.fail(Path::new("b.txt"), &stamp, &report("b.txt")).unwrap();
    assert_eq!(
        desk.files("failed"),
        ["failed/b.txt", "failed/b.txt.error.json", "failed/b.txt.meta.json"].map(Path::new)
    );
    assert_eq!(desk.inbox.retry(Path::new("b.txt")).unwrap(), Retried::Back("b.txt".into()));
    assert_eq!(desk.read("b.txt.meta.json").as_deref(), Some("{"));
}

#[test]
fn a_failed_file_has_its_reason_beside_it_and_can_be_tried_again() {
    let desk = Desk::new(Done::Move);
    let stamp = desk.write("site/a.json", "{");
    let report = report("site/a.json");
    assert_eq!(desk.inbox.fail(Path::new("site/a.json"), &stamp, &report).unwrap(), moved("failed/site/a.json"));
    let entries: Vec<_> = desk.inbox.failed().map(|entry| entry.unwrap()).collect();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].path.as_path(), entries[0].has_file), (Path::new("site/a.json"), true));
    assert_eq!(entries[0].report.as_ref(), Some(&report));
    desk.write("site/a.json", "a newer one");
    assert_eq!(desk.inbox.retry(Path::new("site/a.json")).unwrap(), Retried::Back("site/a~1.json".into()));
    assert_eq!(desk.files(""), ["site/a.json", "site/a~1.json"].map(Path::new));
    assert_eq!(desk.read("site/a~1.json").as_deref(), Some("{"));
    assert_eq!(desk.inbox.retry(Path::new("site/a.json")).unwrap(), Retried::NotThere);
    assert_eq!(desk.inbox.failed().count(), 0);
}

#[test]
fn a_crash_between_report_and_file_is_made_good_by_doing_it_again() {
    let desk = Desk::new(Done::Move);
    let before = ErrorReport { at: "2026-03-01T00:00:00Z".into(), ..report("a.json") };
    desk.write("failed/a.json.error.json", &serde_json::to_string(&before).unwrap());
    desk.write("failed/.copydesk-17-0.tmp", "half");
    desk.write("failed/x/y/.copydesk-17-1.tmp", "half");
    assert_eq!(desk.inbox.remove_leftovers().unwrap(), 2);
    let stamp = desk.write("a.json", "{");
    desk.inbox.fail(Path::new("a.json"), &stamp, &report("a.json")).unwrap();
    assert_eq!(desk.files("failed"), ["failed/a.json", "failed/a.json.error.json"].map(Path::new));
    assert_eq!(desk.inbox.failed().next().unwrap().unwrap().report, Some(report("a.json")));
}

#[test]
fn a_folder_whose_name_a_file_has_goes_beside_it_and_comes_back() {
    let desk = Desk::new(Done::Move);
    for (below, fails) in [("done", false), ("failed", true)] {
        let retire = |path: &str, stamp: &Stamp| match fails {
            true => desk.inbox.fail(Path::new(path), stamp, &report(path)).unwrap(),
            false => desk.inbox.retire(Path::new(path), stamp).unwrap(),
        };
        let stamp = desk.write("news", "a page");
        assert_eq!(retire("news", &stamp), moved(&format!("{below}/news")));
        for name in ["news/a", "news/b"] {
            let stamp = desk.write(name, name);
            let to = Path::new(below).join("news~1").join(&name[5..]);
            assert_eq!(retire(name, &stamp), Retired::Moved(to.clone()));
            desk.inbox.give_back(&to, Path::new(name)).unwrap();
            assert_eq!(desk.read(name).as_deref(), Some(name));
        }
        fs::remove_dir_all(desk.at("news")).unwrap();
    }
    let written = desk.inbox.fail_record(Path::new("news/c.jsonl"), 3, Some(b"{"), &report("x")).unwrap();
    assert_eq!(written, Path::new("failed/news~1/c.record-3.jsonl"));
}

#[test]
fn no_report_takes_the_place_of_another_or_of_a_file() {
    let desk = Desk::new(Done::Move);
    // A record too large to be kept has no file, and its report stands alone.
    let (path, large) = (Path::new("feed.jsonl"), ErrorReport { reason: "too_large".into(), ..report("feed.jsonl#5") });
    let other = ErrorReport { line: Some(9), ..report("feed.jsonl#5") };
    for _ in 0..2 {
        assert_eq!(
            desk.inbox.fail_record(path, 5, Some(b"{"), &report("feed.jsonl#5")).unwrap(),
            Path::new("failed/feed.record-5.jsonl")
        );
        assert_eq!(desk.inbox.fail_record(path, 5, None, &large).unwrap(), Path::new("failed/feed.record-5~1.jsonl"));
        assert_eq!(
            desk.inbox.fail_record(path, 5, Some(b"{{"), &other).unwrap(),
            Path::new("failed/feed.record-5~2.jsonl")
        );
    }
    assert_eq!(desk.files("failed").len(), 5);
    // The same bytes of another file are another record.
    desk.inbox.fail_record(path, 5, Some(b"{"), &report("feed.json#5")).unwrap();
    assert_eq!(desk.files("failed").len(), 7);
    let stamp = desk.write("foo.error.json", "a file of the user's");
    desk.inbox.fail(Path::new("foo.error.json"), &stamp, &report("foo.error.json")).unwrap();
    let stamp = desk.write("foo", "one");
    assert_eq!(desk.inbox.fail(Path::new("foo"), &stamp, &report("foo")).unwrap(), moved("failed/foo~1"));
    assert_eq!(desk.read("failed/foo.error.json").as_deref(), Some("a file of the user's"));
}

#[test]
fn a_file_and_its_sidecar_go_under_one_name() {
    let desk = Desk::new(Done::Move);
    desk.write("done/a.txt.meta.json", "of another");
    desk.write("a.txt.meta.json", "its own");
    let stamp = desk.write("a.txt", "one");
    assert_eq!(desk.inbox.retire(Path::new("a.txt"), &stamp).unwrap(), moved("done/a~1.txt"));
    assert_eq!(desk.read("done/a~1.txt.meta.json").as_deref(), Some("its own"));
    desk.inbox.give_back(Path::new("done/a~1.txt"), Path::new("a.txt")).unwrap();
    assert_eq!(desk.read("a.txt.meta.json").as_deref(), Some("its own"));
}

#[test]
fn a_bad_record_is_set_aside_once_however_often_it_is_reported() {
    let desk = Desk::new(Done::Move);
    let path = Path::new("site/feed.jsonl.gz");
    for _ in 0..3 {
        let written =
            desk.inbox.fail_record(path, 12, Some(b"{\"text\": tru}"), &report("site/feed.jsonl.gz#12")).unwrap();
        assert_eq!(written, Path::new("failed/site/feed.record-12.jsonl"));
    }
    let other = desk.inbox.fail_record(path, 12, Some(b"{\"text\": fals}"), &report("x")).unwrap();
    assert_eq!(other, Path::new("failed/site/feed~1.record-12.jsonl").with_file_name("feed.record-12~1.jsonl"));
    let over_lines = desk.inbox.fail_record(path, 13, Some(b"{\n}"), &report("x")).unwrap();
    assert_eq!(over_lines, Path::new("failed/site/feed.record-13.json"));
    desk.inbox.fail_record(path, 14, None, &report("x")).unwrap();
    let mut entries: Vec<_> = desk.inbox.failed().map(|entry| entry.unwrap()).collect();
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    let shape: Vec<_> = entries.iter().map(|e| (e.path.to_str().unwrap(), e.report.is_some(), e.has_file)).collect();
    assert_eq!(
        shape,
        [
            ("site/feed.record-12.jsonl", true, true),
            ("site/feed.record-12~1.jsonl", true, true),
            ("site/feed.record-13.json", true, true),
            ("site/feed.record-14.jsonl", true, false),
        ]
    );
    assert_eq!(desk.read("failed/site/feed.record-12.jsonl").as_deref(), Some("{\"text\": tru}\n"));
}

#[test]
fn hostile_names_go_all_the_way_round() {
    let names: Vec<OsString> = vec![
        "a\nb.txt".into(),
        "\"quoted\" 'name'.txt".into(),
        "-rf.txt".into(),
        "~home.txt".into(),
        "%41.txt".into(),
        "\u{202e}txt.exe".into(),
        OsString::from_vec(b"caf\xe9.txt".to_vec()),
        OsString::from_vec([&[0xff; 251][..], b".txt"].concat()),
        format!("{}.txt", "ü".repeat(125)).into(),
        "x".repeat(255).into(),
    ];
    let desk = Desk::new(Done::Move);
    for name in &names {
        let path = Path::new(name);
        for round in 0..2 {
            let stamp = desk.write(path, &format!("{round}"));
            let claim = desk.inbox.claim(path, 1000, 1000).unwrap();
            assert!(claim.unchanged().unwrap());
            let failed = desk.inbox.fail(path, &stamp, &report(&encode_path(path))).unwrap();
            let Retired::Moved(failed) = failed else { panic!("{name:?}: {failed:?}") };
            let below = failed.strip_prefix("failed").unwrap();
            let back = desk.inbox.retry(below).unwrap();
            let Retried::Back(back) = back else { panic!("{name:?}: {back:?}") };
            let stamp = desk.inbox.stat(&back).unwrap().unwrap();
            assert!(matches!(desk.inbox.retire(&back, &stamp).unwrap(), Retired::Moved(_)), "{name:?}");
        }
    }
    assert_eq!(desk.files("done").len(), names.len() * 2);
    assert_eq!(desk.files("failed").len(), 0);
    let contents = desk.files("done").iter().filter(|path| desk.read(path).as_deref() == Some("1")).count();
    assert_eq!(contents, names.len());
}

#[test]
fn no_path_and_no_link_leads_out_of_the_inbox() {
    let desk = Desk::new(Done::Move);
    let outside = desk.folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret.txt"), "secret").unwrap();
    std::os::unix::fs::symlink(&outside, desk.at("linked")).unwrap();
    for path in
        ["../outside/secret.txt", "linked/secret.txt", "/etc/hostname", "", "linked/../../outside/secret.txt", "."]
    {
        assert!(desk.inbox.claim(Path::new(path), 1000, 1000).is_err(), "{path}");
        let stamp = desk.write("a.txt", "one");
        assert!(
            !matches!(desk.inbox.retire(Path::new(path), &stamp), Ok(Retired::Moved(_) | Retired::Deleted)),
            "{path}"
        );
        assert!(!matches!(desk.inbox.retry(Path::new(path)), Ok(Retried::Back(_))), "{path}");
    }
    // A `done` that is a link is refused, and the file stays.
    std::os::unix::fs::symlink(&outside, desk.at("done")).unwrap();
    let stamp = desk.write("a.txt", "one");
    assert!(desk.inbox.retire(Path::new("a.txt"), &stamp).is_err());
    assert_eq!(desk.read("a.txt").as_deref(), Some("one"));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn a_name_in_another_encoding_is_told_without_loss() {
    let path = Path::new(OsStr::from_bytes(b"site/\xe9t\xe9.html"));
    assert_eq!(encode_path(path), "site/%E9t%E9.html");
    assert_eq!(copydesk::inbox::decode_path("site/%E9t%E9.html"), path);
}

#[test]
fn a_record_that_fails_again_keeps_its_name() {
    let desk = Desk::new(Done::Move);
    let fail = |name: &str, record| {
        desk.inbox.fail_record(Path::new(name), record, Some(b"{"), &report(&format!("{name}#{record}"))).unwrap()
    };
    assert_eq!(fail("feed.jsonl", 2), Path::new("failed/feed.record-2.jsonl"));
    desk.inbox.retry(Path::new("feed.record-2.jsonl")).unwrap();
    assert_eq!(fail("feed.record-2.jsonl", 1), Path::new("failed/feed.record-2.jsonl"));
    // One that a person made several records of.
    assert_eq!(fail("feed.record-2.jsonl", 2), Path::new("failed/feed.record-2.record-2.jsonl"));
}
