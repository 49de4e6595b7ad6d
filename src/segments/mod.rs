//! Past memory: immutable files of sorted postings, by which documents that left the near-copy index are still found.
//!
//! Each file answers for the documents of one span; the spans follow each other without a gap. A look-up of a new document
//! ends in the filters in memory, nearly always. Everything here is derived from the ledger: a file that is missing, cut off
//! or damaged is said in the log, removed, and made again by whoever holds the ledger ([`Segments::gaps`]).

mod filter;
mod merge;
mod segment;
mod trailer;
mod writer;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::crash;
use filter::KEY_BITS;
use merge::Merging;
use segment::Segment;
pub use trailer::Span;
use writer::Writer;

/// The folder inside the state folder.
pub const FOLDER: &str = "segments";
const EXTENSION: &str = "segment";
const TEMPORARY: &str = "partial";
const DAMAGED_BLOCK: &str = "a block is damaged; what can be read serves until the next start";

/// What the segments may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Memory for filters and fences; past it the oldest segment goes.
    pub max_memory_bytes: usize,
    /// Days after which a document need not be found.
    pub window_days: u32,
}

/// What the segments hold, all together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    pub segments: usize,
    pub documents: u64,
    pub memory_bytes: usize,
    pub disk_bytes: u64,
}

/// All segments of a state folder, the oldest first; one owner.
pub struct Segments {
    folder: PathBuf,
    limits: Limits,
    list: Vec<Arc<Segment>>,
    merging: Option<Merging>,
}

/// Removes all segments in the state folder: the ledger that they were made of is no more, and in a new one a number may be
/// another document's.
pub fn remove_all(state: &Path) -> io::Result<()> {
    match fs::remove_dir_all(state.join(FOLDER)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

impl Segments {
    /// Opens the segments below the state folder. `mark_of` tells the content hash of a document of the ledger: a segment of
    /// another ledger is none.
    ///
    /// # Errors
    /// The folder cannot be made or read, or `mark_of` fails. A file that is no segment is removed instead.
    pub fn open(
        state: &Path,
        limits: Limits,
        mark_of: impl Fn(u64) -> io::Result<Option<[u8; 32]>>,
    ) -> io::Result<Self> {
        let folder = state.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let mut list = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some(EXTENSION) => {}
                Some(TEMPORARY) => {
                    fs::remove_file(&path)?;
                    continue;
                }
                _ => continue,
            }
            match Segment::open(&path) {
                Ok(segment) if mark_of(segment.span().through)? == Some(segment.trailer().mark) => {
                    list.push(Arc::new(segment));
                }
                Ok(_) => discard(&path, "it is not of this ledger"),
                Err(error) if has_no_remedy(&error) => discard(&path, &error.to_string()),
                Err(error) => return Err(error),
            }
        }
        // Of overlapping ones the widest stays: a merge was done, and a crash left what it was made of.
        list.sort_by_key(|segment| (segment.span().after, std::cmp::Reverse(segment.span().through)));
        let mut through = 0;
        list.retain(|segment| {
            let keep = segment.span().after >= through;
            if keep {
                through = segment.span().through;
            } else {
                remove(&segment.path);
            }
            keep
        });
        Ok(Self { folder, limits, list, merging: None })
    }

    /// The last document that a segment answers for, 0 for none.
    pub fn through(&self) -> u64 {
        self.list.last().map_or(0, |segment| segment.span().through)
    }

    /// The stretches of documents before [`Self::through`] that no segment answers for, as `(after, through)`: the first may
    /// be too old to matter, the others were lost.
    pub fn gaps(&self) -> Vec<(u64, u64)> {
        let ends = std::iter::once(0).chain(self.list.iter().map(|segment| segment.span().through));
        let begins = self.list.iter().map(|segment| segment.span().after);
        ends.zip(begins).filter(|(end, begin)| end < begin).collect()
    }

    /// Whether another segment would find room in memory.
    pub fn has_room(&self) -> bool {
        self.held().memory_bytes <= self.limits.max_memory_bytes / 4 * 3
    }

    pub fn held(&self) -> Held {
        self.list.iter().fold(Held::default(), |held, segment| Held {
            segments: held.segments + 1,
            documents: held.documents + segment.trailer().documents,
            memory_bytes: held.memory_bytes + segment.memory_bytes(),
            disk_bytes: held.disk_bytes + segment.disk_bytes(),
        })
    }

    /// Writes a segment of the documents in `span`, which `each` gives by key (40 bits), then document. Durable when it
    /// returns. `mark` is the content hash of the last document.
    ///
    /// # Errors
    /// Nothing is left of it, and nothing has changed: the disk is in trouble, or another segment answers for a part of `span`.
    pub fn seal(
        &mut self,
        span: Span,
        documents: u64,
        mark: [u8; 32],
        each: impl Fn(&mut dyn FnMut(u64, u64)),
    ) -> io::Result<()> {
        // At the next start the widest of overlapping ones would stay, and with it only its own documents.
        let overlaps = |other: &Arc<Segment>| other.span().after < span.through && span.after < other.span().through;
        if self.list.iter().any(overlaps) {
            return Err(io::Error::other("another segment answers for these documents"));
        }
        let temporary = self.folder.join(format!("seal.{TEMPORARY}"));
        let path = self.path_of(span);
        let sealed = write(&temporary, span, documents, mark, each)
            .and_then(|file| put_in_place(&file, &temporary, &path))
            .and_then(|()| Segment::open(&path));
        let segment = sealed.inspect_err(|_| drop(fs::remove_file(&temporary)))?;
        let at = self.list.partition_point(|other| other.span().after < span.after);
        self.list.insert(at, Arc::new(segment));
        Ok(())
    }

    /// The documents under each of `keys` (sorted 64-bit hashes, of which the upper 40 count), as `(position, document)`.
    /// Documents under fewer than `least` of them may be left out.
    pub fn find(&self, keys: &[u64], least: u32) -> Vec<(u32, u64)> {
        let mut found = Vec::new();
        if self.list.is_empty() {
            return found;
        }
        let keys: Vec<_> = keys.iter().map(|key| key >> (64 - KEY_BITS)).map(|key| (key, filter::mask(key))).collect();
        for segment in &self.list {
            segment.find(&keys, least, &mut found);
            if segment.tell_damage() {
                // What is open can still be read, but for a few keys of the documents in the damaged block.
                discard(&segment.path, DAMAGED_BLOCK);
            }
        }
        found
    }

    /// Looks after the segments, without reading or syncing one: takes a finished merge over, removes what ended before `oldest_day` or finds
    /// no room, and begins the next merge. Documents that are found no longer, for want of room.
    pub fn tend(&mut self, oldest_day: i32) -> u64 {
        for segment in self.list.iter().filter(|segment| segment.tell_damage()) {
            discard(&segment.path, DAMAGED_BLOCK);
        }
        if let Some(merging) = self.merging.take_if(|merging| merging.is_finished()) {
            let span = merging.span;
            match merging.finish() {
                Ok(segment) => self.replace(segment, span),
                Err(error) => tracing::warn!(%error, "segments could not be merged"),
            }
        }
        while self.list.first().is_some_and(|oldest| oldest.span().days.1 < oldest_day) {
            remove(&self.list.remove(0).path);
        }
        let mut forgotten = 0;
        while self.held().memory_bytes > self.limits.max_memory_bytes {
            let oldest = self.list.remove(0);
            forgotten += oldest.trailer().documents;
            remove(&oldest.path);
        }
        if self.merging.is_none()
            && let Some(at) = merge::choose(&self.list, &self.limits)
        {
            let (older, newer) = (&self.list[at], &self.list[at + 1]);
            let days = (older.span().days.0, newer.span().days.1);
            let path = self.path_of(Span { after: older.span().after, through: newer.span().through, days });
            let temporary = self.folder.join(format!("merge.{TEMPORARY}"));
            match Merging::start(older, newer, temporary, path) {
                Ok(merging) => self.merging = Some(merging),
                Err(error) => tracing::warn!(%error, "segments could not be merged"),
            }
        }
        forgotten
    }

    /// Waits for the merge that is going on, if any.
    pub fn finish_merge(&mut self) {
        while self.merging.as_ref().is_some_and(|merging| !merging.is_finished()) {
            std::thread::yield_now();
        }
    }

    /// Puts a merged segment into the place of those that it was made of.
    fn replace(&mut self, segment: Segment, span: Span) {
        let inside = |other: &Arc<Segment>| other.span().after >= span.after && other.span().through <= span.through;
        let replaced: Vec<Arc<Segment>> = self.list.iter().filter(|other| inside(other)).cloned().collect();
        if replaced.len() != 2 {
            // One of them went meanwhile, and with it the reason for this one.
            remove(&segment.path);
            return;
        }
        self.list.retain(|other| !inside(other));
        let at = self.list.partition_point(|other| other.span().after < span.after);
        self.list.insert(at, Arc::new(segment));
        replaced.iter().for_each(|segment| remove(&segment.path));
    }

    fn path_of(&self, span: Span) -> PathBuf {
        self.folder.join(format!("{:012}-{:012}.{EXTENSION}", span.after + 1, span.through))
    }
}

fn write(
    temporary: &Path,
    span: Span,
    documents: u64,
    mark: [u8; 32],
    each: impl Fn(&mut dyn FnMut(u64, u64)),
) -> io::Result<File> {
    let mut last = None;
    let mut keys = 0;
    each(&mut |key, _| keys += u64::from(last.replace(key) != Some(key)));
    let mut writer = Writer::begin(temporary, span, keys)?;
    let mut result = Ok(());
    each(&mut |key, doc| {
        if result.is_ok() {
            result = writer.post(key, doc);
        }
    });
    result?;
    writer.finish(documents, mark)
}

/// A whole file under its temporary name gets its own, durably.
fn put_in_place(file: &File, temporary: &Path, path: &Path) -> io::Result<()> {
    // A crash before the rename leaves a temporary file, which the next start removes.
    crash::point("segments.written");
    file.sync_all()?;
    crash::point("segments.synced");
    fs::rename(temporary, path)?;
    // A crash here may leave either name; after a merge also the segments that it was made of, which lie inside this one.
    crash::point("segments.renamed");
    File::open(path.parent().expect("a file lies in a folder"))?.sync_all()
}

/// Whether a file can never become readable: what is short or wrong, and not a machine out of descriptors.
fn has_no_remedy(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound)
}

fn discard(path: &Path, what: &str) {
    tracing::warn!(path = %path.display(), what, "a segment of the near-copy index is removed, to be made anew from the ledger");
    remove(path);
}

/// Removes a file that is needed no more; should it stay, the next start removes it.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a segment that is not needed could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const LIMITS: Limits = Limits { max_memory_bytes: 1 << 30, window_days: 90 };
    const MARK: [u8; 32] = [7; 32];
    const KEYS: u64 = 24;

    fn mark(_: u64) -> io::Result<Option<[u8; 32]>> {
        Ok(Some(MARK))
    }

    /// The sorted keys of a document; each two neighbours share one.
    fn keys(doc: u64) -> Vec<u64> {
        let key = |n: u64| xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) & !0xff_ffff;
        let mut keys: Vec<u64> = (0..KEYS).map(|i| key((doc * (KEYS - 1) + i) << 1)).collect();
        keys.sort_unstable();
        keys
    }

    fn span(after: u64, through: u64) -> Span {
        Span { after, through, days: (after as i32 / 100, through as i32 / 100) }
    }

    fn seal(segments: &mut Segments, after: u64, through: u64) {
        let mut postings: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for doc in after + 1..=through {
            keys(doc).into_iter().for_each(|key| postings.entry(key >> 24).or_default().push(doc));
        }
        segments
            .seal(span(after, through), through - after, MARK, |take| {
                postings.iter().for_each(|(key, docs)| docs.iter().for_each(|doc| take(*key, *doc)));
            })
            .expect("a segment");
    }

    fn sealed(folder: &Path, spans: &[(u64, u64)]) -> Segments {
        let mut segments = Segments::open(folder, LIMITS, mark).expect("a folder");
        spans.iter().for_each(|(after, through)| seal(&mut segments, *after, *through));
        segments
    }

    /// How many keys of a document lead to it.
    fn hits(segments: &Segments, doc: u64) -> u64 {
        segments.find(&keys(doc), 2).into_iter().filter(|(_, found)| *found == doc).count() as u64
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = fs::read_dir(folder.join(FOLDER))
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        files.sort();
        files
    }

    #[test]
    fn every_document_is_found_under_all_its_keys_and_after_a_restart() {
        let folder = tempfile::tempdir().expect("a folder");
        let segments = sealed(folder.path(), &[(10, 500), (500, 2_000)]);
        assert_eq!((segments.gaps(), segments.through()), (vec![(0, 10)], 2_000));
        let reopened = Segments::open(folder.path(), LIMITS, mark).expect("a folder");
        for segments in [segments, reopened] {
            assert!((11..=2_000).all(|doc| hits(&segments, doc) == KEYS));
            assert!((3_000..3_500).all(|doc| hits(&segments, doc) == 0));
            assert_eq!(segments.held().documents, 1_990);
        }
    }

    #[test]
    fn neighbours_are_merged_until_few_are_left_and_nothing_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut segments = sealed(folder.path(), &[]);
        for n in 0..20 {
            seal(&mut segments, n * 50, n * 50 + 50);
            segments.tend(0);
            segments.finish_merge();
        }
        while segments.merging.is_some() {
            segments.finish_merge();
            segments.tend(0);
        }
        assert!(segments.list.len() <= 4, "{:?}", segments.held());
        assert_eq!(files(folder.path()).len(), segments.list.len());
        assert_eq!((segments.gaps(), segments.held().documents), (vec![], 1_000));
        assert!((1..=1_000).all(|doc| hits(&segments, doc) == KEYS));
    }

    #[test]
    fn segments_end_with_the_window_and_the_oldest_goes_when_memory_is_short() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut segments = sealed(folder.path(), &[(0, 400), (400, 800), (800, 1_200)]);
        assert_eq!(segments.tend(5), 0);
        assert_eq!(segments.gaps(), [(0, 400)], "days 0 to 4 are over");
        segments.limits.max_memory_bytes = segments.held().memory_bytes - 1;
        assert_eq!(segments.tend(5), 400);
        assert_eq!((segments.gaps(), files(folder.path()).len()), (vec![(0, 800)], 1));
    }

    #[test]
    fn what_a_crash_left_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let segments = sealed(folder.path(), &[(0, 100), (100, 200)]);
        fs::write(segments.folder.join("seal.partial"), "half").expect("a file");
        // A merge was done, and what it was made of is still there.
        let merged = tempfile::tempdir().expect("a folder");
        drop(sealed(merged.path(), &[(0, 200)]));
        let whole = files(merged.path()).remove(0);
        fs::copy(&whole, segments.folder.join(whole.file_name().expect("a name"))).expect("a file");
        drop(segments);
        let segments = Segments::open(folder.path(), LIMITS, mark).expect("a folder");
        assert_eq!((segments.held().segments, segments.held().documents), (1, 200));
        assert_eq!(files(folder.path()).len(), 1);
    }

    #[test]
    fn no_segment_answers_for_documents_that_another_one_answers_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut segments = sealed(folder.path(), &[(0, 100), (200, 300)]);
        for (after, through) in [(0, 50), (50, 150), (100, 250), (100, 400), (299, 300)] {
            assert!(segments.seal(span(after, through), 0, MARK, |_| ()).is_err(), "{after} to {through}");
        }
        assert_eq!(files(folder.path()).len(), 2);
        seal(&mut segments, 100, 200);
        assert_eq!(segments.gaps(), []);
    }

    #[test]
    fn a_segment_of_another_ledger_is_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(sealed(folder.path(), &[(0, 100), (100, 200)]));
        let of_another = |doc| Ok((doc == 100).then_some(MARK));
        let segments = Segments::open(folder.path(), LIMITS, of_another).expect("a folder");
        assert_eq!((segments.through(), files(folder.path()).len()), (100, 1));
    }

    #[test]
    fn damage_anywhere_is_seen_and_costs_a_few_keys_at_most() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(sealed(folder.path(), &[(0, 300), (300, 350)]));
        let path = files(folder.path()).remove(0);
        let whole = fs::read(&path).expect("a file");
        let mut damages: Vec<Vec<u8>> = (0..whole.len())
            .step_by(641)
            .chain([whole.len() - 1])
            .map(|at| {
                let mut bytes = whole.clone();
                bytes[at] ^= 0x10;
                bytes
            })
            .collect();
        damages.extend([0, 1, 100, 4_096, whole.len() / 2, whole.len() - 1].map(|length| whole[..length].to_vec()));
        let (mut refused, mut served) = (0, 0);
        for damaged in damages {
            fs::write(&path, damaged).expect("the damage");
            let segments = Segments::open(folder.path(), LIMITS, mark).expect("a folder");
            if segments.gaps() == [(0, 300)] {
                refused += 1;
                assert!(!path.exists());
            } else {
                assert!((1..=300).all(|doc| hits(&segments, doc) >= KEYS / 2));
                // Padding behind the filter is no one's.
                served += usize::from(!path.exists());
            }
            assert_eq!(hits(&segments, 325), KEYS, "the other segment serves");
        }
        assert!(refused > 20 && served > 20, "{refused} {served}");
    }

    #[test]
    fn a_damaged_block_is_not_merged() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(sealed(folder.path(), &(0..7).map(|n| (n * 100, n * 100 + 100)).collect::<Vec<_>>()));
        for path in files(folder.path()) {
            let mut bytes = fs::read(&path).expect("a file");
            let at = bytes.len() - 1_000;
            bytes[at] ^= 1;
            fs::write(&path, bytes).expect("the damage");
        }
        let mut segments = Segments::open(folder.path(), LIMITS, mark).expect("a folder");
        for _ in 0..9 {
            segments.tend(0);
            segments.finish_merge();
        }
        assert!(segments.merging.is_none(), "it is not tried for ever");
        assert_eq!(segments.held().segments, 7);
        assert_eq!(files(folder.path()).len(), 3, "one of each pair was read, seen to be damaged, and removed");
    }
}
