//! Which names are no inputs: unfinished and hidden files, and what the user's patterns say.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{DONE, FAILED};

/// Endings of files that some program is still writing, or keeps for itself.
const UNFINISHED: [&[u8]; 5] = [b"~", b".tmp", b".part", b".crdownload", b".swp"];
/// The note at the top of the inbox that says what belongs there.
const README: &str = "README.md";

/// The compiled patterns.
#[derive(Clone, Debug)]
pub struct Ignore {
    names: GlobSet,
    paths: GlobSet,
}

impl Ignore {
    /// Patterns without a slash speak of names at any depth, others of paths below the inbox. The error names the
    /// pattern that is wrong.
    pub fn new(patterns: &[String]) -> Result<Self, globset::Error> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            if pattern.contains('/') {
                let pattern = pattern.trim_start_matches('/');
                paths.add(GlobBuilder::new(pattern).literal_separator(true).build()?);
            } else {
                names.add(Glob::new(pattern)?);
            }
        }
        Ok(Self { names: names.build()?, paths: paths.build()? })
    }

    /// Whether a file or folder is no input; `path` is relative to the inbox. Says nothing about the folders above it.
    pub fn matches(&self, path: &Path) -> bool {
        let Some(name) = path.file_name() else { return true };
        let is_top = path.parent().is_none_or(|parent| parent == Path::new(""));
        (is_top && [DONE, FAILED, README].iter().any(|reserved| name == *reserved))
            || is_unfinished(name)
            || self.names.is_match(Path::new(name))
            || self.paths.is_match(path)
    }

    /// As [`Self::matches`], for the path and every folder above it.
    pub fn matches_any_part(&self, path: &Path) -> bool {
        path.ancestors().filter(|part| *part != Path::new("")).any(|part| self.matches(part))
    }
}

fn is_unfinished(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.starts_with(b".") || UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ignored(patterns: &[&str], path: &str) -> bool {
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        Ignore::new(&patterns).expect("valid patterns").matches_any_part(Path::new(path))
    }

    #[test]
    fn unfinished_hidden_and_reserved_names_are_no_inputs() {
        for path in [".a", "a/.b/c.txt", "a.txt~", "a.tmp", "x/a.html.part", "a.crdownload", ".a.txt.swp"] {
            assert!(ignored(&[], path), "{path}");
        }
        for path in ["done/a.txt", "failed/x/a.txt", "README.md"] {
            assert!(ignored(&[], path), "{path}");
        }
        for path in ["a.txt", "a/done/b.txt", "a/README.md", "~a.txt", "tmp", "-rf.txt"] {
            assert!(!ignored(&[], path), "{path}");
        }
    }

    #[test]
    fn patterns_speak_of_names_or_with_a_slash_of_paths() {
        assert!(ignored(&["*.bak"], "a/b/c.bak"));
        assert!(ignored(&["drafts/**"], "drafts/a/b.txt"));
        assert!(!ignored(&["drafts/**"], "site/drafts/b.txt"));
        assert!(ignored(&["/site/*.txt"], "site/b.txt"));
        assert!(!ignored(&["site/*.txt"], "site/a/b.txt"));
        assert!(ignored(&["drafts"], "site/drafts/b.txt"));
    }

    #[test]
    fn a_wrong_pattern_is_named() {
        let error = Ignore::new(&["ok".to_owned(), "a[".to_owned()]).unwrap_err();
        assert!(error.to_string().contains("a["));
    }
}
