//! Full and read-only disks, failing reads and syncs, too many open files, folders taken away: the desk pauses, says so,
//! condemns nothing, and goes on by itself within ten seconds of the cure.
#![cfg(feature = "cli")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use support::{Folders, Mount, article, has, wait_for, wait_within};

/// Within this time after the cure the desk is at work again. On a busy machine the work itself takes a while.
const CURED_WITHIN: Duration = Duration::from_secs(10);

/// A user whom rights bind.
const NOBODY: u32 = 65534;

/// Drops plain articles and a file of records in; gives the paths of the documents.
fn feed(folders: &Folders, from: u64) -> BTreeSet<String> {
    let mut fed = BTreeSet::new();
    for number in from..from + 8 {
        let name = format!("{number}.txt");
        folders.drop_in(&name, article(number));
        fed.insert(name);
    }
    let records: Vec<String> =
        (0..4).map(|n| serde_json::json!({ "text": article(1000 * (from + 1) + n) }).to_string()).collect();
    folders.drop_in(format!("{from}.jsonl"), records.join("\n"));
    fed.extend((1..=4).map(|n| format!("{from}.jsonl#{n}")));
    fed
}

/// Waits until everything fed is published and has left the inbox, and holds that nothing was condemned.
fn all_is_well(folders: &Folders, fed: &BTreeSet<String>) {
    let cured = Instant::now();
    wait_within(CURED_WITHIN * 3, "the desk to go on after the cure", || {
        folders.waiting().is_empty() && folders.published() == *fed
    });
    eprintln!("all is well {:?} after the cure", cured.elapsed());
    assert_eq!(folders.files_below("inbox/failed"), BTreeSet::new(), "nothing is condemned");
}

/// Waits until `status` says `state` and gives its reasons.
fn wait_for_state(folders: &Folders, state: &str) -> String {
    let mut status = serde_json::Value::Null;
    wait_for(&format!("the status to say {state}"), || {
        status = folders.status();
        status["desk"]["state"] == state
    });
    status["desk"]["reasons"].to_string()
}

#[test]
fn whatever_step_the_system_fails_the_desk_pauses_and_goes_on() {
    if cfg!(not(debug_assertions)) {
        eprintln!("skipped: steps fail on purpose only in builds with debug assertions");
        return;
    }
    const STEPS: [(&str, i32, &str); 9] = [
        ("outbox.create", 24, "writing the outbox"),
        ("outbox.write", 28, "writing the outbox"),
        ("outbox.sync", 5, "writing the outbox"),
        ("outbox.rename", 30, "writing the outbox"),
        ("outbox.sync_folder", 5, "writing the outbox"),
        ("inbox.open", 24, "reading the inbox"),
        ("inbox.read", 5, "reading a file"),
        ("inbox.retire", 30, "retiring files"),
        ("ledger.commit", 28, "writing the state"),
    ];
    std::thread::scope(|scope| {
        for (step, errno, reason) in STEPS {
            scope.spawn(move || {
                let folders = Folders::new();
                let (mut command, broken) = (folders.command("run"), folders.path("broken"));
                fs::write(&broken, "").expect("a file");
                command.env("COPYDESK_FAULT", format!("{step}:{errno}:3:{}", broken.display()));
                let desk = folders.start(command);
                wait_for("the desk to start", || folders.log().contains("watching"));
                // What arrives together may take the step together: more is fed until the step was taken a third time.
                let mut fed = feed(&folders, 0);
                let mut status = serde_json::Value::Null;
                wait_for(&format!("the desk to pause at {step}"), || {
                    status = folders.status();
                    if folders.waiting().is_empty() && folders.published() == fed {
                        fed.extend(feed(&folders, 10 * fed.len() as u64));
                    }
                    status["desk"]["state"] == "paused"
                });
                let reasons = status["desk"]["reasons"].to_string();
                assert!(reasons.contains(reason), "{step}: {reasons}");
                assert!(folders.log().contains("paused"), "{step}");
                fs::remove_file(&broken).expect("the cure");
                all_is_well(&folders, &fed);
                wait_for_state(&folders, "running");
                assert_eq!(desk.stop(), Some(0), "{step}");
            });
        }
    });
}

#[test]
fn a_file_that_was_decided_before_waits_until_its_article_is_shown() {
    if cfg!(not(debug_assertions)) {
        eprintln!("skipped: steps fail on purpose only in builds with debug assertions");
        return;
    }
    let (folders, fed) = (Folders::new(), article(1));
    folders.drop_in("a.txt", &fed);
    let broken = folders.path("broken");
    fs::write(&broken, "").expect("a file");
    // The first desk decides it, the second meets it as decided; neither can show it.
    for redeliveries in 0..2 {
        let mut command = folders.command("run");
        command.env("COPYDESK_FAULT", format!("outbox.write:5:1:{}", broken.display()));
        let desk = folders.start(command);
        wait_for("the decision", || {
            let done = folders.status()["done"].clone();
            done["documents"] == 1 && done["redeliveries"] == redeliveries
        });
        desk.stop();
        assert_eq!(folders.waiting(), support::set(&["a.txt"]), "{redeliveries}");
        assert_eq!(folders.records().len(), 0);
    }
    fs::remove_file(&broken).expect("the cure");
    assert!(folders.once().status.success());
    assert_eq!((folders.waiting().len(), folders.records().len()), (0, 1));
}

/// Starts `run` for a user whom rights bind, who owns all that is there; waits until it has published something.
fn run_unprivileged(folders: &Folders) -> support::Desk {
    let mut command = folders.command("run");
    command.env("COPYDESK__INBOX__SCAN_INTERVAL_S", "1");
    folders.drop_in("before.txt", article(4711));
    if rustix::process::geteuid().is_root() {
        let everything =
            Command::new("chown").arg("-R").arg(format!("{NOBODY}:{NOBODY}")).arg(folders.path("")).status();
        assert!(everything.expect("chown runs").success());
        command.uid(NOBODY).gid(NOBODY);
    }
    let desk = folders.start(command);
    wait_for("the first record", || folders.published() == BTreeSet::from(["before.txt".to_owned()]));
    desk
}

fn rights(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the rights");
}

#[test]
fn a_reader_without_rights_is_told_whose_account_it_takes() {
    let folders = Folders::new();
    folders.drop_in("a.txt", article(1));
    assert!(folders.once().status.success());
    let state = folders.path("state");
    ["ledger.sqlite-shm", "ledger.sqlite-wal"].iter().for_each(|name| drop(fs::remove_file(state.join(name))));
    let mut status = folders.command("status");
    if rustix::process::geteuid().is_root() {
        rights(&folders.path(""), 0o755);
        status.uid(NOBODY).gid(NOBODY);
    }
    rights(&state, 0o555);
    let told = status.output().expect("it runs");
    rights(&state, 0o755);
    let message = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success() && message.contains("use the account of the desk"), "{message}");
}

#[test]
fn a_done_folder_that_takes_nothing_pauses_the_desk_until_it_does() {
    let folders = Folders::new();
    fs::create_dir_all(folders.inbox().join("done/site")).expect("folders");
    let desk = run_unprivileged(&folders);
    wait_for("the first file to leave", || folders.waiting().is_empty());
    rights(&folders.inbox().join("done/site"), 0o555);
    fs::create_dir(folders.inbox().join("site")).expect("a folder");
    rights(&folders.inbox().join("site"), 0o777);
    fs::write(folders.inbox().join("site/a.txt"), article(1)).expect("a file");
    let reasons = wait_for_state(&folders, "paused");
    assert!(reasons.contains("retiring files: done/site: Permission denied"), "{reasons}");
    // Others go on, past the files that wait.
    folders.drop_in("free.txt", article(2));
    wait_for("another file to leave", || folders.inbox().join("done/free.txt").exists());
    rights(&folders.inbox().join("done/site"), 0o755);
    wait_within(CURED_WITHIN, "the file to leave", || folders.inbox().join("done/site/a.txt").exists());
    wait_for_state(&folders, "running");
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn a_closed_folder_keeps_nobody_else_waiting() {
    let folders = Folders::new();
    fs::create_dir_all(folders.inbox().join("site")).expect("folders");
    let desk = run_unprivileged(&folders);
    rights(&folders.inbox().join("site"), 0o000);
    if fs::write(folders.inbox().join("site/a.txt"), article(1)).is_err() {
        eprintln!("skipped: only root writes into a folder that is closed");
        return;
    }
    folders.drop_in("free.txt", article(2));
    wait_for("the free file", || folders.published().contains("free.txt"));
    wait_for("the log to name the folder", || folders.log().contains("passed over") && folders.log().contains("site"));
    assert_eq!(folders.status()["desk"]["state"], "running");
    rights(&folders.inbox().join("site"), 0o777);
    wait_for("its file", || folders.published().contains("site/a.txt"));
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn a_given_file_that_cannot_be_read_is_told_of() {
    if cfg!(not(debug_assertions)) {
        eprintln!("skipped: steps fail on purpose only in builds with debug assertions");
        return;
    }
    let folders = Folders::new();
    fs::write(folders.path("broken"), "").expect("a file");
    let mut command = folders.command("once");
    // A given file is read once: nobody comes back to it.
    command.env("COPYDESK_FAULT", format!("inbox.read:5:1:{}", folders.path("broken").display()));
    fs::write(folders.path("given.txt"), article(1)).expect("a file");
    let output = command.arg(folders.path("given.txt")).output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("given.txt") && said.contains("read_failed"), "{said}");
}

#[test]
fn a_full_disk_pauses_the_desk_and_status_knows_it() {
    let folders = Folders::new();
    let Some(_disk) = Mount::tmpfs(folders.path("disk"), 4 << 20) else { return };
    for folder in ["outbox", "state"] {
        fs::create_dir(folders.path("disk").join(folder)).expect("a folder");
        symlink(folders.path("disk").join(folder), folders.path(folder)).expect("a link");
    }
    let desk = folders.run_watching();
    let mut fed = feed(&folders, 0);
    all_is_well(&folders, &fed);
    let ballast = folders.path("disk/ballast");
    // As much as there is; the write fails at the end, which is what is wanted.
    let _ = fs::write(&ballast, vec![0; 4 << 20]);
    fed.extend(feed(&folders, 100));
    wait_for_state(&folders, "paused");
    assert_eq!(folders.files_below("inbox/failed"), BTreeSet::new(), "nothing is condemned");
    fs::remove_file(&ballast).expect("the cure");
    all_is_well(&folders, &fed);
    wait_for_state(&folders, "running");
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn a_read_only_outbox_pauses_the_desk() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    let Some(read_only) = Mount::read_only(folders.path("outbox")) else { return };
    let fed = feed(&folders, 0);
    let reasons = wait_for_state(&folders, "paused");
    assert!(reasons.contains("Read-only"), "{reasons}");
    drop(read_only);
    all_is_well(&folders, &fed);
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn a_read_only_inbox_is_read_and_its_files_leave_later() {
    let folders = Folders::new();
    let fed: BTreeSet<String> = (0..8)
        .map(|number| {
            let name = format!("{number}.txt");
            fs::write(folders.inbox().join(&name), article(number)).expect("a file");
            name
        })
        .collect();
    let Some(read_only) = Mount::read_only(folders.inbox()) else { return };
    let desk = folders.run_watching();
    wait_for("the records", || folders.published() == fed);
    let reasons = wait_for_state(&folders, "paused");
    assert!(reasons.contains("retiring files"), "{reasons}");
    drop(read_only);
    all_is_well(&folders, &fed);
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn too_many_open_files_pause_the_desk() {
    let folders = Folders::new();
    let mut desk = folders.run_watching();
    let pid = Pid::from_raw(desk.pid() as i32);
    let open = fs::read_dir(format!("/proc/{}/fd", desk.pid())).expect("descriptors").count() as u64;
    let maximum = getrlimit(Resource::Nofile).maximum;
    let before = prlimit(pid, Resource::Nofile, Rlimit { current: Some(open), maximum });
    let before = before.expect("the limit of one's own child");
    let fed = feed(&folders, 0);
    // The report may need the very descriptor that is missing; that it is old is said as well.
    wait_for_state(&folders, "paused");
    wait_for("the log to say why", || folders.log().contains("Too many open files"));
    prlimit(pid, Resource::Nofile, before).expect("the cure");
    all_is_well(&folders, &fed);
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn a_folder_that_is_moved_away_pauses_the_desk_until_it_is_back() {
    for folder in ["outbox", "state", "inbox"] {
        let folders = Folders::new();
        let desk = folders.run_watching();
        let mut fed = feed(&folders, 0);
        all_is_well(&folders, &fed);
        if folder == "inbox" {
            // Some are in hand, some in the inbox, when it goes.
            fed.extend(feed(&folders, 100));
        }
        fs::rename(folders.path(folder), folders.path("away")).expect("a folder taken away");
        if folder != "inbox" {
            fed.extend(feed(&folders, 100));
        }
        wait_for(&format!("the log to tell of the {folder}"), || folders.log().contains("paused"));
        let state = folders.status()["desk"]["state"].clone();
        assert_eq!(state, if folder == "state" { "unknown" } else { "paused" });
        fs::rename(folders.path("away"), folders.path(folder)).expect("the cure");
        all_is_well(&folders, &fed);
        assert_eq!(desk.stop(), Some(0));
        assert!(folders.once().status.success());
        assert_eq!(folders.published(), fed, "the state knows all of them");
        let events = folders.feed();
        assert!(events.iter().all(|event| event["event"] == "created"), "nothing was decided twice: {events:?}");
    }
}

#[test]
fn a_sub_folder_that_comes_and_goes_loses_nothing() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    let mut fed = BTreeSet::new();
    let (here, away) = (folders.inbox().join("site"), folders.path("away"));
    fs::create_dir(&here).expect("a sub-folder");
    for number in 0..40 {
        let name = format!("site/{number}.txt");
        folders.drop_in(&name, article(number));
        fed.insert(name);
        if number % 4 == 3 {
            fs::rename(&here, &away).expect("a folder taken away");
            std::thread::yield_now();
            fs::rename(&away, &here).expect("a folder put back");
        }
    }
    all_is_well(&folders, &fed);
    assert_eq!(desk.stop(), Some(0));
}

#[test]
fn an_outbox_that_is_made_anew_is_written_again() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    fs::remove_dir_all(folders.path("outbox")).expect("the outbox");
    let fed = feed(&folders, 0);
    wait_for_state(&folders, "paused");
    wait_for("decisions that nobody sees", || folders.status()["done"]["pending"] != 0);
    assert_eq!(folders.feed(), Vec::<serde_json::Value>::new(), "what the outbox does not show is not told");
    fs::create_dir(folders.path("outbox")).expect("the cure");
    all_is_well(&folders, &fed);
    wait_for("the feed", || folders.feed().len() == fed.len());
    assert_eq!(desk.stop(), Some(0));
    assert!(folders.path("outbox/.ledger-mark").exists(), "it tells how far the ledger is again");
}

#[test]
fn nothing_is_decided_into_a_state_that_was_removed() {
    let folders = Folders::new();
    let desk = folders.run_watching();
    fs::remove_dir_all(folders.path("state")).expect("the state");
    let fed = feed(&folders, 0);
    wait_for("the log to tell of it", || folders.log().contains("paused"));
    assert_eq!(folders.published(), BTreeSet::new(), "what no restart would know is not shown");
    let asked = Instant::now();
    assert_eq!(desk.stop(), Some(1), "the state could not be written");
    assert!(asked.elapsed() < Duration::from_secs(10));
    assert!(folders.once().status.success());
    all_is_well(&folders, &fed);
}

/// System calls that fail a few times, at every place where they are made: also inside SQLite.
#[test]
fn failing_system_calls_condemn_nothing() {
    if !has("strace") {
        return;
    }
    const CALLS: [&str; 8] = [
        "fsync,fdatasync:error=EIO:when=1..4",
        "fsync,fdatasync:error=EIO:when=20..29",
        "pwrite64:error=ENOSPC:when=40..44",
        "pwrite64:error=EIO:when=60..61",
        "rename,renameat,renameat2:error=EROFS:when=3..6",
        "openat:error=EMFILE:when=150..155",
        "newfstatat:error=EIO:when=60..63",
        "unlink,unlinkat:error=EIO:when=1..3",
    ];
    std::thread::scope(|scope| {
        for calls in CALLS {
            scope.spawn(move || {
                let folders = Folders::new();
                // The ledger is there: a desk whose state cannot even be opened does not start.
                folders.drop_in("first.txt", article(999));
                assert!(folders.once().status.success());
                let mut fed = feed(&folders, 0);
                fed.insert("first.txt".into());
                let inject = format!("inject={calls}");
                let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=none", "-e", &inject];
                let output = folders.command_under(&wrapper, "once").output().expect("strace runs");
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                if !output.status.success() {
                    // The fault struck before the desk had begun; the next start finds everything as it was.
                    assert!(!said.contains("panicked"), "{calls}: {said}");
                    assert!(folders.once().status.success(), "{calls}");
                }
                assert_eq!(folders.published(), fed, "{calls}: {said}");
                assert_eq!(folders.waiting(), BTreeSet::new(), "{calls}: {said}");
                assert_eq!(folders.files_below("inbox/failed"), BTreeSet::new(), "{calls}: {said}");
            });
        }
    });
}

/// One inode that the disk cannot give holds up nobody, and is taken when it can be had.
#[test]
fn a_file_that_the_disk_cannot_give_holds_up_no_other() {
    if !has("strace") {
        return;
    }
    let check = |calls: &str| {
        let folders = Folders::new();
        folders.drop_in("bad.txt", article(4711));
        let mut fed = feed(&folders, 0);
        let inject = format!("inject={calls}");
        // The tracer as a grandchild, so that the desk is the one that is stopped.
        let wrapper = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", "bad.txt", "-e", &inject];
        let desk = folders.start(folders.command_under(&wrapper, "run"));
        wait_for("the others", || folders.published() == fed);
        assert_eq!(folders.files_below("inbox/failed"), BTreeSet::new(), "{calls}");
        wait_for("word of the file", || folders.log().contains("bad.txt"));
        assert_eq!(desk.stop(), Some(0), "{calls}: {}", folders.log());
        assert!(folders.once().status.success());
        fed.insert("bad.txt".into());
        assert_eq!(folders.published(), fed, "{calls}");
    };
    std::thread::scope(|scope| {
        for calls in ["newfstatat:error=EIO", "openat:error=EUCLEAN"] {
            scope.spawn(move || check(calls));
        }
    });
}

/// It is looked at again by the same desk, long before the next scan that nothing asks for.
#[test]
fn a_file_that_the_disk_gives_late_is_taken_by_the_same_run() {
    if !has("strace") {
        return;
    }
    let folders = Folders::new();
    let mut fed = feed(&folders, 0);
    folders.drop_in("bad.txt", article(4711));
    fed.insert("bad.txt".into());
    let inject = "inject=newfstatat:error=EIO:when=1..3";
    let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", "bad.txt", "-e", inject];
    let output = folders.command_under(&wrapper, "once").output().expect("strace runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(folders.published(), fed, "{output:?}");
}

/// After a sync that failed the system holds the pages for clean: a second sync succeeds and proves nothing.
#[test]
fn after_a_failed_sync_the_file_is_written_anew() {
    if !has("strace") {
        return;
    }
    let folders = Folders::new();
    let fed = feed(&folders, 0);
    let traces = folders.path("traces");
    fs::create_dir(&traces).expect("a folder");
    let trace = traces.join("t").display().to_string();
    let calls = "trace=openat,fdatasync,rename";
    let wrapper =
        ["strace", "-ff", "-y", "-qq", "-o", &trace, "-e", calls, "-e", "inject=fdatasync:error=EIO:when=1..3"];
    let output = folders.command_under(&wrapper, "once").output().expect("strace runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(folders.published(), fed);
    let (mut renamed, mut failed) = (0, 0);
    for entry in fs::read_dir(&traces).expect("traces") {
        // An article is the work of one thread, so its calls stand in one trace in order.
        let trace = fs::read_to_string(entry.expect("an entry").path()).expect("a trace");
        let mut durable: BTreeMap<String, bool> = BTreeMap::new();
        for line in trace.lines().filter(|line| line.contains("/.partial/")) {
            let name = line.split("/.partial/").nth(1).and_then(|rest| rest.split(['>', '"']).next());
            let name = name.expect("a name").to_owned();
            if line.starts_with("fdatasync") {
                failed += u32::from(line.contains("EIO"));
                let sound = durable.get(&name).is_none_or(|sound| *sound);
                durable.insert(name, sound && line.ends_with("= 0"));
            } else if line.starts_with("openat") {
                assert!(line.contains("O_TRUNC"), "{line}");
                durable.remove(&name);
            } else if line.starts_with("rename") {
                assert_eq!(durable.get(&name), Some(&true), "{line} after a sync that failed:\n{trace}");
                renamed += 1;
            }
        }
    }
    assert!(renamed >= fed.len() && failed > 0, "{renamed} renames, {failed} failed syncs");
}

#[test]
fn a_state_that_may_not_be_looked_into_is_not_taken_for_none() {
    let folders = Folders::new();
    folders.drop_in("a.txt", article(1));
    assert!(folders.once().status.success());
    let state = folders.path("state");
    rights(&state, 0o000);
    for args in [&["status"][..], &["feed"], &["feed", "--follow"], &["story", "0123456789abcdef"]] {
        let mut command = folders.command(args[0]);
        command.args(&args[1..]);
        if rustix::process::geteuid().is_root() {
            rights(&folders.path(""), 0o755);
            command.uid(NOBODY).gid(NOBODY);
        }
        let told = command.output().expect("it runs");
        let message = String::from_utf8_lossy(&told.stderr).into_owned();
        assert_eq!(told.status.code(), Some(1), "{args:?}: {message}");
        assert!(message.contains("Permission denied"), "{args:?}: {message}");
    }
    rights(&state, 0o755);
}
