//! Folders that must not lie in each other: a desk would take its own output for articles, and whoever reads the outbox the
//! desk's own files for records.
//!
//! Its own file because names do not tell: a folder is what the system finds under a name, through links and mounts, also
//! where the last part of the path is not made yet.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::layers::DEFAULT_ORIGIN;
use super::refusal::Refusal;
use super::{Setting, Settings};

/// Links followed on the way to one folder; the system itself follows no more.
const MAX_LINKS: usize = 40;

/// Refuses folders that lie in each other where they must not, and names that are empty. Relative ones start at `folder`.
pub(super) fn check(values: &[Setting], settings: &Settings, folder: &Path) -> Vec<Refusal> {
    let mut refused = unnamed(values, folder);
    if !refused.is_empty() {
        return refused;
    }
    let setting = |key: &str| values.iter().find(|setting| setting.key == key);
    let place = |path: &Path| Place::of(&folder.join(path));
    let (inbox, outbox) = (place(&settings.inbox.path), place(&settings.outbox.path));
    let state = place(&settings.state.path);
    for (key, place) in [("outbox.path", &outbox), ("state.path", &state)] {
        if place.lies_in(&inbox) {
            let rule = format!(
                "must not lie in the inbox ({}), whose files are read as articles",
                settings.inbox.path.display()
            );
            refused.extend(setting(key).map(|setting| Refusal::of(setting, rule)));
        }
    }
    if !outbox.lies_in(&inbox) && inbox.lies_in(&outbox) {
        let rule = format!("must not lie in the outbox ({})", settings.outbox.path.display());
        refused.extend(setting("inbox.path").map(|setting| Refusal::of(setting, rule)));
    }
    if !state.lies_in(&inbox) && inbox.lies_in(&state) {
        let rule = format!("must not lie in the state folder ({})", settings.state.path.display());
        refused.extend(setting("inbox.path").map(|setting| Refusal::of(setting, rule)));
    }
    if state.lies_in(&outbox) {
        // Who never set the one is told of the other.
        let (key, rule) = match setting("state.path") {
            Some(setting) if setting.origin == DEFAULT_ORIGIN => {
                ("outbox.path", format!("must not hold the state folder ({})", settings.state.path.display()))
            }
            _ => (
                "state.path",
                format!("must not lie in the outbox ({}), where all is records", settings.outbox.path.display()),
            ),
        };
        refused.extend(setting(key).map(|setting| Refusal::of(setting, rule)));
    }
    refused
}

/// Refuses what names no folder.
fn unnamed(values: &[Setting], folder: &Path) -> Vec<Refusal> {
    let paths = values.iter().filter(|setting| setting.key.ends_with(".path"));
    let refused = paths.filter_map(|setting| match (setting.value.as_str()?, setting.key.as_str()) {
        ("", "rules.path") => None,
        ("", _) => Some(Refusal::of(setting, "must name a folder")),
        // The desk makes the others; of what this user may not see, the command that needs the rules tells.
        (path, "rules.path") => match fs::read_dir(folder.join(path)) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Some(Refusal::of(setting, format!("must name a folder that is there ({error})")))
            }
            _ => None,
        },
        _ => None,
    });
    refused.collect()
}

/// Where a folder is, or will be when it is made.
struct Place {
    path: PathBuf,
    /// Device and inode of the folder and of those above it, itself first; `None` where there is none yet.
    folders: Vec<Option<(u64, u64)>>,
}

impl Place {
    fn of(path: &Path) -> Self {
        let path = resolved(path);
        let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
        let folders = path.ancestors().map(identity).collect();
        Self { path, folders }
    }

    /// By its path, or because the same folder is mounted at both places.
    fn lies_in(&self, outer: &Self) -> bool {
        let is_same_folder = outer.folders[0].is_some() && self.folders.contains(&outer.folders[0]);
        self.path.starts_with(&outer.path) || is_same_folder
    }
}

/// The path without links, `.` and `..`, as the system would walk it; a part that is not there counts as a plain folder.
fn resolved(path: &Path) -> PathBuf {
    let parts = |path: &Path| path.components().map(|part| part.as_os_str().to_owned()).collect::<VecDeque<OsString>>();
    let (mut ahead, mut resolved, mut links) = (parts(path), PathBuf::new(), 0);
    while let Some(part) = ahead.pop_front() {
        match Path::new(&part).components().next() {
            None | Some(Component::CurDir) => {}
            Some(Component::ParentDir) => drop(resolved.pop()),
            // The root, from which a link may start again.
            Some(Component::RootDir | Component::Prefix(_)) => resolved = PathBuf::from(part),
            Some(Component::Normal(name)) => {
                resolved.push(name);
                if links < MAX_LINKS
                    && let Ok(target) = fs::read_link(&resolved)
                {
                    links += 1;
                    resolved.pop();
                    for part in parts(&target).into_iter().rev() {
                        ahead.push_front(part);
                    }
                }
            }
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::{Error, Flag, Sources, load};
    use super::*;

    fn flag(key: &str, value: &str) -> Flag {
        Flag { key: key.into(), value: value.into(), name: "--set".into() }
    }

    fn refused(folder: &Path, flags: &[(&str, &str)]) -> Vec<Refusal> {
        let flags = flags.iter().map(|(key, value)| flag(key, value)).collect();
        match load(&Sources { folder: folder.into(), flags, ..Sources::default() }) {
            Err(Error::Refused(refused)) => refused,
            Err(error) => panic!("{error}"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn what_names_no_folder_is_refused_for_that_alone() {
        for (key, value, said) in [
            ("inbox.path", "", "`inbox.path` must name a folder, got \"\" (set by --set)"),
            ("rules.path", "nope", "`rules.path` must name a folder that is there (No such file"),
        ] {
            let refused = refused(Path::new("/nowhere"), &[(key, value)]);
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert!(refused[0].to_string().contains(said), "{refused:?}");
        }
    }

    #[test]
    fn an_outbox_in_the_inbox_is_refused() {
        let refused = refused(Path::new("/nowhere"), &[("outbox.path", "./inbox/../inbox/out")]);
        assert!(refused[0].to_string().contains("`outbox.path` must not lie in the inbox"), "{refused:?}");
    }

    #[test]
    fn an_inbox_in_the_outbox_is_refused() {
        let refused = refused(Path::new("/nowhere"), &[("inbox.path", "outbox/in")]);
        assert!(refused[0].to_string().contains("`inbox.path` must not lie in the outbox"), "{refused:?}");
    }

    #[test]
    fn a_state_among_the_records_and_an_inbox_in_the_state_are_refused() {
        for (flags, said) in [
            (&[("state.path", "outbox")][..], "`state.path` must not lie in the outbox (outbox)"),
            (&[("state.path", "outbox/st")], "`state.path` must not lie in the outbox (outbox)"),
            (&[("outbox.path", "./state")], "`outbox.path` must not hold the state folder (state)"),
            (&[("inbox.path", "state/in")], "`inbox.path` must not lie in the state folder (state)"),
        ] {
            let refused = refused(Path::new("/nowhere"), flags);
            assert_eq!(refused.len(), 1, "{refused:?}");
            assert!(refused[0].to_string().contains(said), "{refused:?}");
        }
        assert_eq!(refused(Path::new("/nowhere"), &[("outbox.path", "state/out")]), []);
    }

    #[test]
    fn a_folder_behind_a_link_is_the_one_that_it_leads_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir_all(root.join("real/inbox/deep")).expect("a folder");
        let link = |target: &str, name: &str| symlink(target, root.join(name)).expect("a link");
        link("real/inbox", "in");
        link("in", "to-in");
        link("real/inbox/deep", "deep");
        link("later/inbox", "dangling");
        link("round", "round");
        let overlapping = [
            ("in", "real/inbox/out"),
            ("real/inbox", "in"),
            ("real/inbox", "to-in/not/yet/there"),
            ("to-in", "deep"),
            // The folder above what a link leads to, not the one that the link lies in.
            ("in", "deep/../out"),
            ("dangling", "later/inbox/out"),
            ("later/inbox", "dangling/out"),
        ];
        for (inbox, other) in overlapping {
            for key in ["outbox.path", "state.path"] {
                let refused = refused(root, &[("inbox.path", inbox), (key, other)]);
                assert_eq!(refused.len(), 1, "{key} {other} in {inbox}: {refused:?}");
                assert_eq!(refused[0].key, key);
            }
        }
        for (inbox, outbox) in [("in", "real/out"), ("in", "in/../out"), ("in", "inbox/out"), ("round", "out")] {
            assert_eq!(refused(root, &[("inbox.path", inbox), ("outbox.path", outbox)]), [], "{outbox} and {inbox}");
        }
    }

    #[test]
    fn a_folder_that_is_mounted_twice_is_one() {
        let place = |path: &str, folders: &[u64]| Place {
            path: path.into(),
            folders: folders.iter().map(|inode| (*inode > 0).then_some((1, *inode))).collect(),
        };
        let inbox = place("/srv/inbox", &[7, 5, 2]);
        assert!(place("/mnt/same/out", &[0, 7, 3, 2]).lies_in(&inbox));
        assert!(!place("/mnt/other/out", &[0, 8, 3, 2]).lies_in(&inbox));
        let not_made = place("/srv/none", &[0, 5, 2]);
        assert!(!place("/srv/neither", &[0, 5, 2]).lies_in(&not_made));
    }
}
