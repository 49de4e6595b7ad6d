//! What lies in the ledger, read back after anything at all has happened to it.

use copydesk::dedup::{Deduplicator, Facts, Settings, Sketch, Standing};
use copydesk::ledger::Filed;
use copydesk::story::Terms;

/// A body, a brief and terms are read whole or refused; what is read is written the same again.
pub fn check(input: &[u8]) {
    let (choice, bytes) = super::choice(input);
    super::in_time("the ledger", || match choice % 4 {
        0 => check_body(bytes),
        1 => check_body(&zstd::bulk::compress(bytes, 1).expect("packs")),
        2 => {
            let mut dedup = Deduplicator::new(Settings::default());
            let (brief, more) = bytes.split_at(bytes.len() / 2);
            for (doc, brief) in [(1, brief), (2, more), (3, brief)] {
                // A damaged brief is refused; the document may be judged anew.
                let _ = dedup.restore(doc, 1, &Facts { url: None, day: 20_000 }, Standing::Ordinary, brief);
            }
            let sketch = Sketch::of(Some("Ferry kept"), "The council voted to keep the ferry running all winter.");
            let facts = Facts { url: None, day: 20_001 };
            let verdict = dedup.judge(9, &facts, sketch, &mut |_| None);
            assert!([1, 9].contains(&verdict.cluster), "{verdict:?}");
        }
        _ => {
            let (terms, day) = Terms::from_bytes(bytes);
            let stored = terms.to_bytes(day);
            let (again, of) = Terms::from_bytes(&stored);
            assert_eq!((again.to_bytes(of), again), (stored, terms));
        }
    });
}

fn check_body(body: &[u8]) {
    match Filed::unpack(7, body) {
        Ok(filed) => assert_eq!(Filed::unpack(7, &filed.pack()).expect("its own body"), filed),
        Err(error) => assert!(error.to_string().contains("document 7"), "{error}"),
    }
}
