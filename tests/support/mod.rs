//! A desk under test: folders of its own, the real binary, and waiting for conditions instead of for time.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What every record of every test is held to.
static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::to_value(copydesk::outbox::schema()).expect("a schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
});

/// No condition of a test takes longer than this on a machine that is not broken.
const PATIENCE: Duration = Duration::from_secs(60);

/// Folders for one desk, removed at the end.
pub struct Folders {
    root: tempfile::TempDir,
}

impl Folders {
    pub fn new() -> Self {
        Self::below(tempfile::tempdir().expect("a temporary folder"))
    }

    /// In memory where the machine has a place for that: for tests of what is written, and not of when it is on the disk.
    pub fn in_memory() -> Self {
        tempfile::tempdir_in("/dev/shm").map_or_else(|_| Self::new(), Self::below)
    }

    fn below(root: tempfile::TempDir) -> Self {
        for folder in ["inbox", "stage"] {
            fs::create_dir(root.path().join(folder)).expect("a folder");
        }
        Self { root }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn inbox(&self) -> PathBuf {
        self.path("inbox")
    }

    /// Puts a file into the inbox as a careful program does: written beside it, then renamed in.
    pub fn drop_in(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let name = name.as_ref();
        let staged = self.path("stage").join("file");
        fs::write(&staged, content).expect("a staged file");
        let target = self.inbox().join(name);
        fs::create_dir_all(target.parent().expect("a folder")).expect("a sub-folder");
        fs::rename(staged, target).expect("a rename into the inbox");
    }

    /// The command with this desk's folders.
    pub fn command(&self, name: &str) -> Command {
        self.command_under(&[], name)
    }

    /// The same, started by another program: `wrapper` and its arguments.
    pub fn command_under(&self, wrapper: &[&str], name: &str) -> Command {
        let mut words = wrapper.iter().copied().chain([env!("CARGO_BIN_EXE_copydesk")]);
        let mut command = Command::new(words.next().expect("the binary at least"));
        command.args(words);
        command.current_dir(self.root.path()).arg(name).env_remove("RUST_LOG");
        if ["run", "once"].contains(&name) {
            command.arg("--inbox").arg(self.inbox());
        }
        for folder in ["outbox", "state"] {
            command.arg(format!("--{folder}")).arg(self.path(folder));
        }
        command
    }

    /// Runs `once` on the inbox to its end.
    pub fn once(&self) -> Output {
        self.command("once").output().expect("the binary runs")
    }

    /// Starts `run`.
    pub fn run(&self) -> Desk {
        self.start(self.command("run"))
    }

    /// Starts `run` and waits until it watches.
    pub fn run_watching(&self) -> Desk {
        let desk = self.run();
        wait_for("the desk to start", || self.log().contains("watching"));
        desk
    }

    /// Starts a desk by a command of one's own, its log kept.
    pub fn start(&self, mut command: Command) -> Desk {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("log")).expect("a log");
        let child = command.stdout(Stdio::null()).stderr(log).spawn().expect("the binary runs");
        Desk { child: Some(child) }
    }

    /// Paths of all copies in the outbox; each must be there once.
    pub fn published(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for record in self.records().values() {
            for copy in record["copies"].as_array().expect("copies") {
                let path = copy["path"].as_str().expect("a path");
                assert!(paths.insert(path.to_owned()), "{path} is in two articles");
            }
        }
        paths
    }

    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path("log")).unwrap_or_default()).into_owned()
    }

    /// The records in the outbox by id. Every file there must be a whole record.
    pub fn records(&self) -> BTreeMap<String, Value> {
        let Ok(entries) = fs::read_dir(self.path("outbox")) else { return BTreeMap::new() };
        let paths = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension() == Some(OsStr::new("json")));
        paths
            .filter_map(|path| {
                // Withdrawn between listing and reading.
                let bytes = fs::read(&path).ok()?;
                let record: Value =
                    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let errors: Vec<String> = SCHEMA.iter_errors(&record).map(|error| error.to_string()).collect();
                assert!(errors.is_empty(), "{}: {errors:?}", path.display());
                assert_eq!(path.file_stem().and_then(OsStr::to_str), record["id"].as_str(), "{}", path.display());
                Some((record["id"].as_str().expect("an id").to_owned(), record))
            })
            .collect()
    }

    /// Every change so far, in order.
    pub fn feed(&self) -> Vec<Value> {
        let output = self.command("feed").output().expect("the binary runs");
        let lines = String::from_utf8(output.stdout).expect("UTF-8");
        lines.lines().map(|line| serde_json::from_str(line).expect("a line of the feed")).collect()
    }

    /// What `status` says.
    pub fn status(&self) -> Value {
        let output = self.command("status").arg("--json").output().expect("the binary runs");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The only record, when there is exactly one.
    pub fn only_record(&self) -> Value {
        let records = self.records();
        assert_eq!(records.len(), 1, "{:?}", records.keys());
        records.into_values().next().expect("one record")
    }

    /// Names of regular files in a folder below the inbox, sorted; hidden ones left out.
    pub fn files_in(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.inbox().join(folder)) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry"))
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
            .collect();
        names.sort();
        names
    }

    /// Paths of regular files anywhere below a folder of this desk, relative to it; hidden ones left out.
    pub fn files_below(&self, folder: &str) -> BTreeSet<String> {
        let root = self.path(folder);
        let (mut found, mut folders) = (BTreeSet::new(), vec![root.clone()]);
        while let Some(folder) = folders.pop() {
            // A file or folder may vanish while it is looked at.
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(&root).expect("below it").to_string_lossy().into_owned();
                if entry.file_name().as_encoded_bytes().starts_with(b".") {
                    continue;
                }
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(path),
                    Ok(kind) if kind.is_file() => drop(found.insert(name)),
                    _ => {}
                }
            }
        }
        found
    }

    /// Paths of the files that the desk has yet to take, relative to the inbox.
    pub fn waiting(&self) -> BTreeSet<String> {
        let mut waiting = self.files_below("inbox");
        waiting.retain(|path| !path.starts_with("done/") && !path.starts_with("failed/"));
        waiting
    }

    /// The report beside a failed file.
    pub fn report(&self, name: &str) -> Value {
        let path = self.inbox().join("failed").join(format!("{name}.error.json"));
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&bytes).expect("a report is JSON")
    }
}

/// A running desk; killed when the test ends before it does.
pub struct Desk {
    child: Option<Child>,
}

impl Desk {
    fn child(&mut self) -> &mut Child {
        self.child.as_mut().expect("the desk was not stopped yet")
    }

    pub fn pid(&mut self) -> u32 {
        self.child().id()
    }

    /// SIGKILL: no chance to tidy up.
    pub fn kill(mut self) {
        self.child().kill().expect("a kill");
        self.child().wait().expect("the end");
        self.child = None;
    }

    pub fn signal(&mut self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(self.child());
        rustix::process::kill_process(pid, signal).expect("a signal");
    }

    /// Waits until it ends by itself; its exit code.
    pub fn end(mut self) -> Option<i32> {
        wait_for("the desk to end", || self.child().try_wait().expect("a look").is_some());
        let status = self.child().wait().expect("the end");
        self.child = None;
        status.code()
    }

    /// SIGTERM, then the exit code.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(rustix::process::Signal::TERM);
        self.end()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A file system mounted for a test, and unmounted at its end.
pub struct Mount(PathBuf);

impl Mount {
    /// A tmpfs of `bytes` at `path`, made where missing; `None`, said on standard error, where this user may not mount.
    pub fn tmpfs(path: PathBuf, bytes: u64) -> Option<Self> {
        fs::create_dir_all(&path).expect("a folder");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
            .arg(&path)
            .output()
            .expect("mount runs");
        if output.status.success() {
            return Some(Self(path));
        }
        eprintln!("skipped: no file system can be mounted here: {}", String::from_utf8_lossy(&output.stderr).trim());
        None
    }

    /// `path` as it is, read-only until this is dropped; `None`, said on standard error, where this user may not mount.
    pub fn read_only(path: PathBuf) -> Option<Self> {
        let mount = |options: &[&str]| Command::new("mount").args(options).arg(&path).output().expect("mount runs");
        let source = path.display().to_string();
        let mut output = mount(&["--bind", &source]);
        if output.status.success() {
            output = mount(&["-o", "remount,bind,ro"]);
            if output.status.success() {
                return Some(Self(path));
            }
        }
        eprintln!("skipped: nothing can be mounted here: {}", String::from_utf8_lossy(&output.stderr).trim());
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a desk that a failed test left may still work in it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Whether a program can be had; said on standard error when it cannot.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        eprintln!("skipped: there is no {program} here");
    }
    found
}

/// Waits until `condition` holds; panics with `what` when it never does.
pub fn wait_for(what: &str, condition: impl FnMut() -> bool) {
    wait_within(PATIENCE, what, condition);
}

/// Waits until `condition` holds; panics with `what` when it does not in time.
pub fn wait_within(patience: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < patience, "waited in vain for {what}");
        // Between two looks; no test depends on how long this is.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Paths of the copies of a record.
pub fn paths(record: &serde_json::Value) -> BTreeSet<String> {
    let copies = record["copies"].as_array().expect("copies");
    copies.iter().map(|copy| copy["path"].as_str().expect("a path").to_owned()).collect()
}

/// Paths to compare them with.
pub fn set(paths: &[&str]) -> BTreeSet<String> {
    paths.iter().map(ToString::to_string).collect()
}

/// A number from the environment: how a test is run at length, or again.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(default)
}

/// Numbers from 0 up to a bound, the same for the same seed (xorshift).
pub fn random(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) % below
    }
}

/// An article of prose that shares nothing with one of another `number`, long enough for near-copies to be judged.
pub fn article(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        const SYLLABLES: [&str; 16] =
            ["ba", "re", "mi", "to", "lu", "sa", "ne", "vi", "do", "ku", "pa", "le", "fi", "go", "ru", "ta"];
        (0..3)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                SYLLABLES[(state >> 32) as usize % SYLLABLES.len()]
            })
            .collect::<String>()
    };
    let mut sentence = |words: usize| {
        let text = (0..words).map(|_| word()).collect::<Vec<_>>().join(" ");
        text[..1].to_uppercase() + &text[1..] + "."
    };
    let title = sentence(6);
    let paragraphs: Vec<String> = (0..4).map(|_| (0..4).map(|_| sentence(12)).collect::<Vec<_>>().join(" ")).collect();
    format!("{}\n\n{}\n", title.trim_end_matches('.'), paragraphs.join("\n\n"))
}
