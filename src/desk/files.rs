//! Which input files still wait for something: a file is retired only when each of its documents is shown by the outbox, or
//! reported as failed.

use std::collections::HashMap;
use std::sync::Arc;

use super::publisher::Published;
use super::work::{Failure, InputFile};

/// Number of a file within this run of the desk.
pub type FileId = u64;

/// Failed records of one file that are held until it ends, and their bytes; with more of them they go ahead of it.
const MAX_HELD: usize = 256;
const MAX_HELD_BYTES: usize = 1 << 20;

/// A file that can leave the inbox.
#[derive(Debug)]
pub struct Finished {
    pub file: Arc<InputFile>,
    pub failures: Vec<Failure>,
    /// Only these failures are to be reported for now: the file itself follows.
    pub is_part: bool,
    /// False when reading stopped before the end or the file changed meanwhile: then it stays, and is looked at again.
    pub complete: bool,
}

#[derive(Debug)]
struct State {
    file: Arc<InputFile>,
    /// Articles that the outbox has yet to show.
    waiting: usize,
    failures: Vec<Failure>,
    /// Bytes of the failed records.
    held: usize,
    /// Set when the reader is through with it: whether it read all of it.
    ended: Option<bool>,
}

/// The files in hand. Bounded by the gate in front of the workers, and for each file by [`MAX_HELD`] and its bytes.
#[derive(Debug, Default)]
pub struct Files {
    states: HashMap<FileId, State>,
    /// By article: the last revision that was ordered and is not shown yet.
    ordered: HashMap<u64, u64>,
    /// By article: the revision that must be shown, and for which files.
    waiting: HashMap<u64, Vec<(u64, FileId)>>,
}

impl Files {
    fn state(&mut self, file: &Arc<InputFile>) -> &mut State {
        self.states.entry(file.id).or_insert_with(|| State {
            file: file.clone(),
            waiting: 0,
            failures: Vec::new(),
            held: 0,
            ended: None,
        })
    }

    /// A document of `file` was decided: from now on the file is in hand.
    pub fn hold(&mut self, file: &Arc<InputFile>) {
        self.state(file);
    }

    /// A document of `file` failed; returns the failed records that are to be reported ahead of the file's end, when many are
    /// held. The few of an ordinary file wait for it: should it prove to be half-written, they are none.
    pub fn failed(&mut self, file: &Arc<InputFile>, failure: Failure) -> Option<Finished> {
        let state = self.state(file);
        state.held += failure.bytes.as_ref().map_or(0, Vec::len);
        state.failures.push(failure);
        if state.failures.len() < MAX_HELD && state.held < MAX_HELD_BYTES {
            return None;
        }
        state.held = 0;
        // What is said of the whole file decides where that goes.
        let (failures, whole) = std::mem::take(&mut state.failures).into_iter().partition(|of| of.record.is_some());
        state.failures = whole;
        Some(Finished { file: file.clone(), failures, is_part: true, complete: true })
    }

    /// Nothing more of `file` will come.
    pub fn ended(&mut self, file: &Arc<InputFile>, complete: bool) {
        self.state(file).ended = Some(complete);
    }

    /// A revision of an article is on its way to the outbox.
    pub fn ordered(&mut self, article: Published) {
        self.ordered.insert(article.cluster, article.revision);
    }

    /// `file` has a document in this article, and may not be retired before the outbox shows what is on its way there, whichever
    /// file it was ordered for.
    pub fn wait_for(&mut self, file: FileId, cluster: u64) {
        if let Some(&revision) = self.ordered.get(&cluster)
            && let Some(state) = self.states.get_mut(&file)
        {
            state.waiting += 1;
            self.waiting.entry(cluster).or_default().push((revision, file));
        }
    }

    /// An article is shown; returns the files that can leave now.
    pub fn shown(&mut self, article: Published) -> Vec<Finished> {
        if self.ordered.get(&article.cluster).is_some_and(|&revision| revision <= article.revision) {
            self.ordered.remove(&article.cluster);
        }
        let Some(waiting) = self.waiting.get_mut(&article.cluster) else { return Vec::new() };
        let mut free = Vec::new();
        waiting.retain(|&(revision, file)| {
            let shown = revision <= article.revision;
            if shown {
                free.push(file);
            }
            !shown
        });
        if waiting.is_empty() {
            self.waiting.remove(&article.cluster);
        }
        for file in &free {
            if let Some(state) = self.states.get_mut(file) {
                state.waiting -= 1;
            }
        }
        free.into_iter().filter_map(|file| self.finish(file)).collect()
    }

    /// Takes `file` out when nothing holds it any more.
    pub fn finish(&mut self, file: FileId) -> Option<Finished> {
        let state = self.states.get(&file)?;
        let complete = state.ended?;
        if state.waiting > 0 {
            return None;
        }
        let State { file, failures, .. } = self.states.remove(&file)?;
        Some(Finished { file, failures, is_part: false, complete })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbox::{Inbox, Settings};

    fn file() -> Arc<InputFile> {
        let inbox = Inbox::new(Settings::default()).expect("an inbox");
        let (path, origin) = ("a.jsonl".into(), Default::default());
        Arc::new(InputFile { id: 1, inbox, path, in_place: false, stamp: None, origin })
    }

    #[test]
    fn of_a_file_of_bad_records_few_are_held_and_all_are_reported() {
        for (bytes, count) in [(1, 3 * MAX_HELD as u64 + 1), (MAX_HELD_BYTES / 4, 11)] {
            let (mut files, file, mut reported) = (Files::default(), file(), Vec::new());
            let failure = |record| Failure::panicked(&file, "clean", String::new(), record);
            assert!(files.failed(&file, failure(None)).is_none());
            for number in 1..=count {
                let part = files.failed(&file, failure(Some((number, vec![b'a'; bytes].into()))));
                reported.extend(part.into_iter().inspect(|part| assert!(part.is_part)).flat_map(|part| part.failures));
                let held = &files.states[&file.id].failures;
                assert!(held.len() <= MAX_HELD && held.len() * bytes <= MAX_HELD_BYTES, "{}", held.len());
            }
            files.ended(&file, true);
            let rest = files.finish(file.id).expect("nothing holds it");
            assert!(!rest.is_part && rest.failures[0].record.is_none());
            reported.extend(rest.failures);
            let numbers: Vec<u64> = reported.iter().filter_map(|failure| failure.record).collect();
            assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_file_waits_for_what_is_on_its_way_whichever_file_that_was_ordered_for() {
        let (mut files, file) = (Files::default(), file());
        let article = |revision| Published { cluster: 7, revision };
        files.ordered(article(1));
        files.ordered(article(2));
        files.hold(&file);
        files.wait_for(file.id, 7);
        files.ended(&file, true);
        assert!(files.finish(file.id).is_none());
        assert!(files.shown(article(1)).is_empty());
        assert_eq!(files.shown(article(2)).len(), 1);
        files.hold(&file);
        files.wait_for(file.id, 7);
        files.ended(&file, true);
        assert!(files.finish(file.id).is_some(), "nothing is on its way");
    }
}
