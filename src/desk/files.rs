//! Which input files still wait for something: a file is retired only when each of its documents is shown by the outbox, or
//! reported as failed.

use std::collections::HashMap;
use std::sync::Arc;

use super::publisher::Published;
use super::work::{Failure, InputFile};

/// Number of a file within this run of the desk.
pub type FileId = u64;

/// A file that can leave the inbox.
#[derive(Debug)]
pub struct Finished {
    pub file: Arc<InputFile>,
    pub failures: Vec<Failure>,
    /// False when reading stopped before the end or the file changed meanwhile: then it stays, and is looked at again.
    pub complete: bool,
}

#[derive(Debug)]
struct State {
    file: Arc<InputFile>,
    /// Articles that the outbox has yet to show.
    waiting: usize,
    failures: Vec<Failure>,
    /// Set when the reader is through with it: whether it read all of it.
    ended: Option<bool>,
}

/// The files in hand. Bounded by the gate in front of the workers.
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
            ended: None,
        })
    }

    /// A document of `file` was decided: from now on the file is in hand.
    pub fn hold(&mut self, file: &Arc<InputFile>) {
        self.state(file);
    }

    /// A document of `file` failed.
    pub fn failed(&mut self, file: &Arc<InputFile>, failure: Failure) {
        self.state(file).failures.push(failure);
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
        Some(Finished { file, failures, complete })
    }
}
