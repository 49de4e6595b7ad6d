//! Hostile files against the real desk: what cannot be cleaned is set aside alone, and nothing outside the inbox is touched.
#![cfg(feature = "cli")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::{Folders, article, wait_for};

/// Milliseconds that a document may take where one never ends; far above what an honest one takes on a busy machine.
const MAX_DOCUMENT_MS: &str = "2500";
/// Times that a file is swapped for a link and back, at least.
const ROUNDS: u64 = 500;

fn poisoned(number: u64, what: &str) -> String {
    format!("{}\n\nThe well is poison:{what}\n", article(number))
}

/// A file of three records, the second of which is poisoned.
fn records(what: &str) -> String {
    let record = |text: String| serde_json::json!({ "text": text }).to_string() + "\n";
    record(article(60)) + &record(poisoned(61, what)) + &record(article(62))
}

/// Runs a desk of two workers over poisoned files among good ones, and holds every document to its outcome.
fn poison(what: &str, reason: &str) {
    let folders = Folders::new();
    for number in 0..12 {
        folders.drop_in(format!("good{number}.txt"), article(number));
    }
    for number in 0..3 {
        folders.drop_in(format!("bad{number}.txt"), poisoned(50 + number, what));
    }
    folders.drop_in("records.jsonl", records(what));
    let mut command = folders.command("once");
    command.env("COPYDESK_POISON", "poison").env("COPYDESK__DESK__WORKERS", "2");
    command.env("COPYDESK__DESK__MAX_DOCUMENT_MS", MAX_DOCUMENT_MS);
    let output = command.output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folders.records().len(), 14, "the others go on");
    assert_eq!(folders.files_in("done").len(), 13, "{:?}", folders.files_in("done"));
    for name in ["bad0.txt", "bad1.txt", "bad2.txt", "records.record-2.jsonl"] {
        let report = folders.report(name);
        assert_eq!(report["reason"], reason, "{report}");
    }
    assert_eq!(folders.files_in("failed").len(), 8, "{:?}", folders.files_in("failed"));
    for number in 0..3 {
        let kept =
            fs::read_to_string(folders.inbox().join(format!("failed/bad{number}.txt"))).expect("the file itself");
        assert_eq!(kept, poisoned(50 + number, what));
    }
    // The record itself lies beside its reason, to be tried again alone.
    let kept = fs::read_to_string(folders.inbox().join("failed/records.record-2.jsonl")).expect("the record itself");
    assert_eq!(kept.trim_end(), records(what).lines().nth(1).expect("three records"));
    // Without poison they are good articles.
    let retried = folders.command("failed").args(["retry", "--all", "--inbox"]).arg(folders.inbox()).output();
    assert!(retried.expect("the binary runs").status.success());
    assert!(folders.once().status.success());
    assert_eq!(folders.records().len(), 18);
}

#[test]
fn a_panic_quarantines_its_document_and_the_pool_goes_on() {
    poison("panic", "panic");
}

#[test]
fn a_document_past_its_time_fails_and_the_pool_goes_on() {
    poison("hang", "timeout");
}

/// A desk that is kept running: started until it does not fail, as by a service manager; how often it failed, and what it said.
fn kept_running(folders: &Folders) -> (u32, String) {
    let (mut failures, mut said) = (0, String::new());
    loop {
        let output = folders.command("once").env("COPYDESK_POISON", "poison").output().expect("the binary runs");
        said.push_str(&String::from_utf8_lossy(&output.stderr));
        if output.status.success() {
            return (failures, said);
        }
        assert_eq!(output.status.code(), Some(1), "{said}");
        failures += 1;
        assert!(failures < 10, "it fails for ever: {said}");
    }
}

#[test]
fn a_desk_that_breaks_off_over_a_decision_ends_names_the_document_and_sets_it_aside_at_the_next_start() {
    let folders = Folders::new();
    for number in 0..6 {
        folders.drop_in(format!("good{number}.txt"), article(number));
    }
    folders.drop_in("bad.txt", poisoned(50, "decision"));
    folders.drop_in("records.jsonl", records("decision"));
    let mut command = folders.command("run");
    command.env("COPYDESK_POISON", "poison");
    assert_eq!(folders.start(command).end(), Some(1), "{}", folders.log());
    assert!(folders.log().contains("deciding on bad.txt broke off"), "{}", folders.log());
    let (failures, said) = kept_running(&folders);
    assert_eq!(failures, 1, "one end for each document: {said}");
    assert!(said.contains("deciding on records.jsonl#2 broke off"), "{said}");
    assert_eq!(folders.published().len(), 8);
    for name in ["bad.txt", "records.record-2.jsonl"] {
        let report = folders.report(name);
        assert_eq!((&report["reason"], &report["stage"]), (&"panic".into(), &"desk".into()), "{report}");
    }
    assert_eq!(folders.waiting(), support::set(&[]));
    // Where the fault is mended, it is an article as any other.
    let retried = folders.command("failed").args(["retry", "--all", "--inbox"]).arg(folders.inbox()).output();
    assert!(retried.expect("the binary runs").status.success());
    assert!(folders.once().status.success());
    assert_eq!(folders.published().len(), 10);
}

#[test]
fn an_article_that_cannot_be_put_together_holds_up_no_other() {
    let folders = Folders::new();
    folders.drop_in("bad.txt", poisoned(50, "record"));
    folders.drop_in("good.txt", article(1));
    let (failures, said) = kept_running(&folders);
    assert_eq!(failures, 0, "{said}");
    assert!(said.contains("cannot be put together") && said.contains("bad.txt"), "{said}");
    assert_eq!(folders.published(), support::set(&["good.txt"]));
}

#[test]
fn a_desk_whose_retirer_panicked_ends_and_the_next_goes_on() {
    let folders = Folders::new();
    folders.drop_in("poison:retiring.txt", article(1));
    let mut command = folders.command("run");
    command.env("COPYDESK_POISON", "poison");
    assert_eq!(folders.start(command).end(), Some(1), "{}", folders.log());
    assert!(folders.log().contains("the thread `retirer` panicked"), "{}", folders.log());
    assert!(folders.once().status.success());
    assert_eq!(folders.files_in("done").len(), 1);
    assert_eq!(folders.records().len(), 1);
}

#[test]
fn documents_that_hang_without_end_take_so_many_threads_and_no_more() {
    let folders = Folders::new();
    for number in 0..80 {
        folders.drop_in(format!("{number}.txt"), poisoned(number, "hang"));
    }
    let mut command = folders.command("run");
    command.env("COPYDESK_POISON", "poison").env("COPYDESK__DESK__WORKERS", "8");
    command.env("COPYDESK__DESK__MAX_DOCUMENT_MS", "400");
    let mut desk = folders.start(command);
    let mut reasons = String::new();
    wait_for("the desk to say so", || {
        reasons = folders.status()["desk"]["reasons"].to_string();
        reasons.contains("documents hang")
    });
    // Of the 40 are 32 replaced; then the eight that are left hang as well.
    wait_for("the last worker to hang", || folders.files_in("failed").len() == 2 * 40);
    let names = fs::read_dir(format!("/proc/{}/task", desk.pid()))
        .expect("threads")
        .map(|task| fs::read_to_string(task.expect("a thread").path().join("comm")).unwrap_or_default());
    assert_eq!(names.filter(|name| name.starts_with("worker-")).count(), 40, "{reasons}");
    assert_eq!(desk.stop(), Some(0), "{}", folders.log());
    assert_eq!(folders.waiting().len(), 40, "the others are left to the next start");
}

#[test]
fn what_is_too_deep_or_packed_twice_fails_for_what_it_is() {
    let folders = Folders::new();
    let gzip = |bytes: &[u8]| {
        use std::io::Write;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(bytes).expect("memory");
        gzip.finish().expect("memory")
    };
    let zstd = |bytes: &[u8]| zstd::bulk::compress(bytes, 3).expect("memory");
    // A bomb in a bomb: the outer layer is small, and the inner one is never unpacked.
    let bomb = gzip(&gzip(&vec![b'a'; 8 << 20]));
    let mut deep = b"{\"text\": ".to_vec();
    deep.extend(b"[".repeat(100_000));
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("nested.txt.gz", bomb, "not_text"),
        ("nested.txt.zst", zstd(&zstd(article(40).as_bytes())), "not_text"),
        ("wide.txt.zst", zstd(&vec![b'a'; 8 << 20]), "bomb"),
        ("deep.json", deep.clone(), "bad_json"),
        ("deep.jsonl", [&deep[..], &b"]".repeat(100_000)[..], b"}\n"].concat(), "no_text_field"),
        ("archive.txt", b"PK\x03\x04../../etc/passwd".to_vec(), "not_text"),
    ];
    for (name, content, _) in &cases {
        folders.drop_in(name, content);
    }
    let story = article(1).replace("\n\n", "<p>");
    folders.drop_in("deep.html", format!("{}{story}", "<div>".repeat(20_000)));
    folders
        .drop_in("siblings.html", format!("<p>{}<p>{}", article(2).replace("\n\n", "<p>"), "<i></i>".repeat(50_000)));
    let attributes: String = (0..20_000).map(|n| format!(" a{n}=\"{n}\"")).collect();
    folders.drop_in("attributes.html", format!("<p>{}<p{attributes}>", article(3).replace("\n\n", "<p>")));
    let script = "[{\"a\":".repeat(20_000);
    let page = article(4).replace("\n\n", "<p>");
    folders.drop_in("script.html", format!("<script type=application/ld+json>{script}</script><p>{page}"));
    assert!(folders.once().status.success());
    assert_eq!(folders.records().len(), 4, "{:?}", folders.files_in("failed"));
    for (name, _, reason) in &cases {
        let stem = name.strip_suffix(".jsonl").map(|stem| format!("{stem}.record-1.jsonl"));
        let report = folders.report(stem.as_deref().unwrap_or(name));
        assert_eq!(report["reason"], *reason, "{name}: {report}");
    }
}

/// Everything below a folder with its content, links not followed.
fn contents(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let kind = fs::symlink_metadata(&path).expect("it is there").file_type();
            if kind.is_dir() {
                folders.push(path);
            } else {
                let content =
                    if kind.is_file() { fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
                found.push((path.display().to_string(), content));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_file_or_folder_swapped_for_a_link_never_leads_outside() {
    let folders = Folders::new();
    let outside = folders.path("outside");
    fs::create_dir(&outside).expect("a folder outside");
    let secret = article(99);
    for name in ["secret.txt", "secret.txt.meta.json"] {
        fs::write(outside.join(name), &secret).expect("a file outside");
    }
    let before = contents(&outside);
    fs::create_dir(folders.inbox().join("site")).expect("a sub-folder");
    let desk = folders.run();
    wait_for("the desk to start", || folders.log().contains("watching"));
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // The same names are files, links to the file outside, and folders, as fast as they can be swapped.
            let (inbox, stage) = (folders.inbox(), folders.path("stage"));
            for round in 0_u64.. {
                if round >= ROUNDS && over.load(Ordering::Relaxed) {
                    break;
                }
                let swap = |make: &dyn Fn(&Path), name: &str| {
                    let staged = stage.join("swapped");
                    let _ = fs::remove_file(&staged);
                    make(&staged);
                    let _ = fs::rename(&staged, inbox.join(name));
                };
                // At rest for a moment as one and as the other, so that the desk meets every order of the two.
                swap(&|path| fs::write(path, article(round % 7)).expect("a file"), "a.txt");
                std::thread::park_timeout(Duration::from_micros(round * 389 % 4_000));
                swap(&|path| symlink(outside.join("secret.txt"), path).expect("a link"), "a.txt");
                std::thread::park_timeout(Duration::from_micros(round * 211 % 2_000));
                swap(&|path| symlink(outside.join("secret.txt"), path).expect("a link"), "a.txt.meta.json");
                // A sub-folder that is a link to the folder outside for a moment.
                swap(&|path| fs::write(path, article(10 + round % 7)).expect("a file"), "site/secret.txt");
                let away = stage.join("site");
                if fs::rename(inbox.join("site"), &away).is_ok() {
                    symlink(&outside, inbox.join("site")).expect("a link");
                    std::thread::yield_now();
                    fs::remove_file(inbox.join("site")).expect("the link");
                    fs::rename(&away, inbox.join("site")).expect("the folder comes back");
                }
                if round.is_multiple_of(16) {
                    // Unchanged until the desk takes it.
                    swap(&|path| fs::write(path, article(round % 7)).expect("a file"), "a.txt");
                    let since = Instant::now();
                    while inbox.join("a.txt").exists() && since.elapsed() < Duration::from_secs(2) {
                        std::thread::park_timeout(Duration::from_millis(1));
                    }
                }
            }
        });
        wait_for("some of the files to be taken", || folders.records().len() >= 5);
        over.store(true, Ordering::Relaxed);
    });
    let _ = fs::remove_file(folders.inbox().join("a.txt.meta.json"));
    assert_eq!(desk.stop(), Some(0));
    assert!(folders.once().status.success());
    let told = secret.lines().next().expect("a title");
    for record in folders.records().values() {
        assert!(!record.to_string().contains(told), "{record}");
    }
    let taken = contents(&folders.inbox());
    assert!(taken.iter().all(|(_, content)| !content.contains(told)), "the secret was moved or reported");
    assert_eq!(contents(&outside), before, "nothing outside was touched");
}

#[test]
fn sockets_devices_and_hard_links_do_no_harm() {
    let folders = Folders::new();
    let outside = folders.path("outside.txt");
    fs::write(&outside, article(7)).expect("a file outside");
    let _listener = UnixListener::bind(folders.inbox().join("socket.txt")).expect("a socket");
    let device = rustix::fs::mknodat(
        rustix::fs::CWD,
        folders.inbox().join("zero.txt"),
        rustix::fs::FileType::CharacterDevice,
        rustix::fs::Mode::RUSR,
        rustix::fs::makedev(1, 5),
    );
    if device.is_err() {
        eprintln!("skipped in part: only root may make a device");
    }
    symlink("/proc/self/mem", folders.inbox().join("memory.txt")).expect("a link");
    symlink("loop.txt", folders.inbox().join("loop.txt")).expect("a link");
    fs::create_dir_all(folders.inbox().join("page.html/inner.txt")).expect("folders named like files");
    folders.drop_in("page.html/inner.txt/real.txt", article(1));
    // One file under two names: taken once as an article, and the name outside keeps it.
    fs::hard_link(&outside, folders.inbox().join("linked.txt")).expect("a hard link");
    let mut command = folders.command("once");
    let output = command.env("COPYDESK__INBOX__DONE", "delete").output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folders.records().len(), 2);
    assert_eq!(fs::read_to_string(&outside).expect("still there"), article(7));
    assert!(!folders.inbox().join("linked.txt").exists());
    for name in ["socket.txt", "memory.txt", "loop.txt"] {
        assert!(fs::symlink_metadata(folders.inbox().join(name)).is_ok(), "{name} is left alone");
    }
    assert_eq!(folders.files_in("failed"), Vec::<String>::new());
}

#[test]
fn what_the_desk_writes_has_its_own_mode_and_not_the_files() {
    let folders = Folders::new();
    folders.drop_in("set.txt", article(1));
    folders.drop_in("bad.txt", " \n");
    folders.drop_in("records.jsonl", format!("{}\n{{bad\n", serde_json::json!({ "text": article(2) })));
    for name in ["set.txt", "bad.txt", "records.jsonl"] {
        let mode = fs::Permissions::from_mode(0o6777);
        fs::set_permissions(folders.inbox().join(name), mode).expect("setuid and setgid");
    }
    assert!(folders.once().status.success());
    let written = |folder: &str, wanted: &str| {
        let paths = contents(&folders.path(folder)).into_iter().map(|(path, _)| path);
        let paths: Vec<String> = paths.filter(|path| path.ends_with(wanted)).collect();
        assert!(!paths.is_empty(), "{wanted} in {folder}");
        paths
    };
    let mut paths = written("outbox", ".json");
    paths.extend(written("inbox/failed", ".error.json"));
    paths.extend(written("inbox/failed", ".record-2.jsonl"));
    for path in paths {
        let mode = fs::metadata(&path).expect("it is there").mode();
        assert_eq!(mode & 0o7111, 0, "{path}: {mode:o}");
    }
}

#[test]
fn names_made_to_escape_stay_below_the_inbox() {
    let folders = Folders::new();
    let names: [&OsStr; 8] = [
        OsStr::new("..."),
        OsStr::new("..a.txt"),
        OsStr::new("a..txt"),
        OsStr::new("\u{202e}txt.a.txt"),
        OsStr::new("\u{1b}[2J.txt"),
        OsStr::new("%2e%2e%2fpasswd.txt"),
        OsStr::new("$(reboot).txt"),
        OsStr::new("C:\\con.txt"),
    ];
    let before = contents(&folders.path("stage"));
    for (number, name) in names.iter().enumerate() {
        folders.drop_in(Path::new("sub folder").join(name), article(number as u64));
    }
    let output = folders.once();
    assert!(output.status.success());
    assert!(
        !output.stderr.contains(&0x1b),
        "the log holds no control codes: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Names that begin with a dot are never inputs.
    assert_eq!(folders.records().len(), names.len() - 2);
    for name in &names[2..] {
        assert!(folders.inbox().join("done/sub folder").join(name).exists(), "{name:?}");
    }
    assert_eq!(contents(&folders.path("stage")), before);
    let top: Vec<String> = fs::read_dir(folders.path(""))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert!(top.iter().all(|name| ["inbox", "stage", "outbox", "state"].contains(&&**name)), "{top:?}");
}
