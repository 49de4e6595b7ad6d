//! Full sketches of recent documents, so that few have to be made again from stored text: a bounded, least recently
//! used cache.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{DocId, Sketch};

/// Sketches by document, at most `max_bytes` of them.
pub(crate) struct Recall {
    max_bytes: usize,
    bytes: usize,
    tick: u64,
    sketches: HashMap<DocId, (u64, Arc<Sketch>)>,
    oldest: BTreeMap<u64, DocId>,
}

impl Recall {
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes, bytes: 0, tick: 0, sketches: HashMap::new(), oldest: BTreeMap::new() }
    }

    /// The sketch of `doc`, made by `make` where it is not held.
    pub fn get(&mut self, doc: DocId, make: &mut dyn FnMut(DocId) -> Option<Sketch>) -> Option<Arc<Sketch>> {
        self.tick += 1;
        if let Some((tick, sketch)) = self.sketches.get_mut(&doc) {
            self.oldest.remove(tick);
            *tick = self.tick;
            self.oldest.insert(self.tick, doc);
            return Some(Arc::clone(sketch));
        }
        let sketch = Arc::new(make(doc)?.without_keys());
        self.put(doc, Arc::clone(&sketch));
        Some(sketch)
    }

    pub fn put(&mut self, doc: DocId, sketch: Arc<Sketch>) {
        self.tick += 1;
        self.bytes += sketch.bytes();
        if let Some((tick, replaced)) = self.sketches.insert(doc, (self.tick, sketch)) {
            self.bytes -= replaced.bytes();
            self.oldest.remove(&tick);
        }
        self.oldest.insert(self.tick, doc);
        while self.bytes > self.max_bytes {
            let Some((_, doc)) = self.oldest.pop_first() else { break };
            if let Some((_, sketch)) = self.sketches.remove(&doc) {
                self.bytes -= sketch.bytes();
            }
        }
    }

    #[cfg(test)]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_sketch_goes_first() {
        let sketch = Sketch::of(None, "one two three four five six seven eight nine ten").clone();
        let mut recall = Recall::new(3 * sketch.bytes());
        for doc in 1..=3 {
            recall.put(doc, Arc::new(sketch.clone()));
        }
        assert!(recall.get(1, &mut |_| None).is_some());
        recall.put(4, Arc::new(sketch.clone()));
        assert!(recall.get(2, &mut |_| None).is_none());
        assert!(recall.get(1, &mut |_| None).is_some());
        assert!(recall.bytes() <= 3 * sketch.bytes());
    }
}
