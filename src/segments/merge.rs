//! Which segments become one, and how: in the background, so that the desk goes on.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::segment::Segment;
use super::trailer::Span;
use super::writer::Writer;
use super::{Limits, put_in_place};
use crate::crash;

/// Segments that are left alone; every look-up asks each of them. With more, two neighbours become one.
const MAX_SEGMENTS: usize = 4;
/// A merged segment spans at most this part of the window and of the memory: segments go whole, so larger ones would be held
/// long after their first documents are too old, or take too many documents with them when memory is short.
const MAX_PART: usize = 4;
/// Postings between two looks at whether the desk is stopping.
const STOP_INTERVAL: u64 = 1 << 16;

/// A merge that goes on in its own thread.
pub struct Merging {
    /// What the merged segment spans.
    pub span: Span,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<io::Result<Segment>>>,
}

impl Merging {
    pub fn start(older: &Arc<Segment>, newer: &Arc<Segment>, temporary: PathBuf, path: PathBuf) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let span = joined(older.span(), newer.span());
        let (inputs, stopping) = ([older.clone(), newer.clone()], stop.clone());
        let thread = std::thread::Builder::new().name("merge".into()).spawn(move || {
            merge(&inputs, span, &temporary, &stopping)
                .and_then(|file| put_in_place(&file, &temporary, &path))
                .inspect_err(|_| drop(std::fs::remove_file(&temporary)))
                // Here, because all of its filter is read and hashed: up to seconds for a large one.
                .and_then(|()| Segment::open(&path))
        })?;
        Ok(Self { span, stop, thread: Some(thread) })
    }

    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The merged segment; waits for it.
    pub fn finish(mut self) -> io::Result<Segment> {
        let thread = self.thread.take().expect("only taken here and when dropped");
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
    }
}

impl Drop for Merging {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Ends within milliseconds while it merges, and what it wrote is removed; where it is about to sync the file, as soon
            // as the disk has that, and the file stays.
            let _ = thread.join();
        }
    }
}

/// The two neighbours that are to become one, by the place of the older; `None` when all is well.
pub fn choose(segments: &[Arc<Segment>], limits: &Limits) -> Option<usize> {
    if segments.len() <= MAX_SEGMENTS {
        return None;
    }
    let size = |at: usize| segments[at].memory_bytes() + segments[at + 1].memory_bytes();
    let fits = |at: &usize| {
        let (older, newer) = (&segments[*at], &segments[*at + 1]);
        if older.span().through != newer.span().after || older.is_damaged() || newer.is_damaged() {
            return false;
        }
        let (first, last) = joined(older.span(), newer.span()).days;
        size(*at) <= limits.max_memory_bytes / MAX_PART && last.abs_diff(first) <= limits.window_days / MAX_PART as u32
    };
    (0..segments.len() - 1).filter(fits).min_by_key(|at| size(*at))
}

fn joined(older: Span, newer: Span) -> Span {
    let days = (older.days.0.min(newer.days.0), older.days.1.max(newer.days.1));
    Span { after: older.after, through: newer.through, days }
}

fn merge(inputs: &[Arc<Segment>; 2], span: Span, to: &Path, stop: &AtomicBool) -> io::Result<std::fs::File> {
    let keys = inputs.iter().map(|segment| segment.trailer().keys).sum();
    let mut writer = Writer::begin(to, span, keys)?;
    let mut cursors = inputs.each_ref().map(|segment| segment.postings());
    let mut heads = BinaryHeap::new();
    for (n, cursor) in cursors.iter_mut().enumerate() {
        heads.extend(cursor.advance()?.map(|posting| Reverse((posting, n))));
    }
    let mut written = 0_u64;
    while let Some(mut head) = heads.peek_mut() {
        let Reverse(((key, doc), n)) = *head;
        writer.post(key, doc)?;
        match cursors[n].advance()? {
            Some(posting) => *head = Reverse((posting, n)),
            None => drop(std::collections::binary_heap::PeekMut::pop(head)),
        }
        written += 1;
        if written.is_multiple_of(STOP_INTERVAL) && stop.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    crash::point("segments.merged");
    // The ledger knew the newer one's last document when that was opened.
    let documents = inputs.iter().map(|segment| segment.trailer().documents).sum();
    writer.finish(documents, inputs[1].trailer().mark)
}
