//! Settings from a file, the environment and flags: a plan that holds, or a refusal that names what is wrong.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use copydesk::config::{Error, Flag, Settings, Sources, load};

/// What is taken shows as it was taken; what is refused says which key, and never what only a programmer could mend.
pub fn check(input: &[u8]) {
    let (choice, bytes) = super::choice(input);
    let text = &*String::from_utf8_lossy(bytes);
    let sources = match choice % 3 {
        0 => written(text),
        1 => Sources { folder: "/nowhere".into(), environment: pairs(text).collect(), ..Sources::default() },
        _ => {
            let flags = pairs(text).map(|(key, value)| {
                let plain = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
                let key = plain(key).to_lowercase().replace("__", ".").replace("copydesk.", "");
                Flag { key, value: plain(value), name: "--set".into() }
            });
            Sources { folder: "/nowhere".into(), flags: flags.collect(), ..Sources::default() }
        }
    };
    match super::in_time("loading", || load(&sources)) {
        Err(Error::Refused(refused)) => {
            assert!(!refused.is_empty());
            assert!(refused.iter().all(|refusal| !refusal.to_string().is_empty()));
        }
        Err(Error::File { path, message }) => {
            assert!(path.ends_with("copydesk.toml") && !message.trim().is_empty(), "{message}");
        }
        Err(error @ Error::Rules { .. }) => panic!("no rules are read here: {error}"),
        Err(Error::Other(message)) => panic!("names no key: {message}"),
        Ok(loaded) => {
            let shown: Settings = toml(&loaded.show());
            assert!(shown == loaded.settings, "what is shown reads back:\n{}", loaded.show());
        }
    }
}

/// The settings shown, as a further desk would read them.
fn toml(shown: &str) -> Settings {
    load(&written(shown)).unwrap_or_else(|error| panic!("{error}:\n{shown}")).settings
}

/// Sources of one file with this text.
fn written(text: &str) -> Sources {
    thread_local! {
        static FOLDER: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
    }
    let folder = FOLDER.with_borrow_mut(|folder| {
        let made = folder.get_or_insert_with(|| {
            // In memory where there is such a place: the file is written millions of times.
            let memory = Path::new("/dev/shm");
            let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
            let thread = format!("{:?}", std::thread::current().id()).replace(['(', ')'], "");
            let made = base.join(format!("copydesk-fuzz-{}-{thread}", std::process::id()));
            std::fs::create_dir_all(&made).expect("a folder");
            made
        });
        made.clone()
    });
    std::fs::write(folder.join("copydesk.toml"), text).expect("written");
    Sources { folder, ..Sources::default() }
}

/// `KEY=value` lines.
fn pairs(text: &str) -> impl Iterator<Item = (std::ffi::OsString, std::ffi::OsString)> + '_ {
    text.lines().filter_map(|line| line.split_once('=')).map(|(key, value)| (key.into(), value.into()))
}
