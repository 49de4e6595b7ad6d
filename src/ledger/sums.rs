//! Checksums of rows: what the ledger says of an article is published, so no flipped bit of it may pass for the truth.
//!
//! SQLite checks the shape of its pages and not what stands in them. Each row carries the XXH3 of its values, made when it is
//! written and compared whenever it is read. What may change later without the whole row being at hand has a sum of its own.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A sum under construction: each value is hashed with the sum so far as its seed.
#[derive(Clone, Copy)]
struct Sum(u64);

impl Sum {
    fn number(self, value: i64) -> Self {
        self.bytes(&value.to_le_bytes())
    }

    fn bytes(self, value: &[u8]) -> Self {
        Self(xxh3_64_with_seed(value, self.0))
    }

    fn text(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.number(1).bytes(value.as_bytes()),
            None => self.number(0),
        }
    }

    fn end(self) -> i64 {
        self.0 as i64
    }
}

/// Every kind of row begins differently, so that no row passes for one of another table.
const DOCUMENT: Sum = Sum(1);
const BODY: Sum = Sum(2);
const PLACE: Sum = Sum(3);
const SKETCH: Sum = Sum(4);
const COMPARISON: Sum = Sum(5);
const ARTICLE: Sum = Sum(6);
const EVENT: Sum = Sum(7);
const LESSON: Sum = Sum(8);
const FORGOTTEN: Sum = Sum(9);

/// What never changes of a document.
pub fn document(seq: i64, input: &[u8], path: &str, received_ms: i64, twin: Option<i64>) -> i64 {
    // Numbers begin at 1, so 0 is no document.
    DOCUMENT.number(seq).bytes(input).bytes(path.as_bytes()).number(received_ms).number(twin.unwrap_or(0)).end()
}

/// A document's body, which may be written anew.
pub fn body(seq: i64, body: &[u8]) -> i64 {
    BODY.number(seq).bytes(body).end()
}

/// The article that a document is in. `body_of` is the document that holds the body: its twins move with it.
pub fn place(body_of: i64, cluster: i64) -> i64 {
    PLACE.number(body_of).number(cluster).end()
}

/// What the near-copy index is rebuilt from. Inverted for a roundup page, so that a document can be made one without the rest.
pub fn sketch(seq: i64, day: i64, url: Option<&str>, brief: &[u8], terms: &[u8]) -> i64 {
    SKETCH.number(seq).number(day).text(url).bytes(brief).bytes(terms).end()
}

/// With what a document was compared.
pub fn comparison(seq: i64, evidence: &[u8]) -> i64 {
    COMPARISON.number(seq).bytes(evidence).end()
}

/// The state of an article. Inverted once the outbox shows it.
pub fn article(cluster: i64, id: &str, revision: i64, story: i64, into_id: Option<&str>) -> i64 {
    ARTICLE.number(cluster).bytes(id.as_bytes()).number(revision).number(story).text(into_id).end()
}

/// A line of the feed. Its number is given by SQLite.
pub fn event(event: &str, id: &str, revision: i64, into_id: Option<&str>, at_ms: i64) -> i64 {
    EVENT.bytes(event.as_bytes()).bytes(id.as_bytes()).number(revision).text(into_id).number(at_ms).end()
}

/// What a document taught.
pub fn lesson(seq: i64, publication: &str, lines: &[u8]) -> i64 {
    LESSON.number(seq).bytes(publication.as_bytes()).bytes(lines).end()
}

/// Up to where a publication's lessons count no more.
pub fn forgotten(publication: &str, seq: i64) -> i64 {
    FORGOTTEN.bytes(publication.as_bytes()).number(seq).end()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These values stand in ledgers in the field: a sum that comes out otherwise condemns every one of them.
    #[test]
    fn sums_are_the_same_in_every_version() {
        let found = [
            document(7, &[1; 32], "a/b.txt", 1_700_000_000_000, Some(3)),
            body(7, b"body"),
            place(3, 2),
            sketch(7, 19_000, Some("https://example.org/"), b"brief", b"terms"),
            comparison(7, b"[]"),
            article(2, "0123456789abcdef", 3, 2, None),
            event("created", "0123456789abcdef", 1, None, 1_700_000_000_000),
            lesson(7, "example.org", &[0; 16]),
            forgotten("example.org", 7),
        ];
        let sums = found.map(|sum| format!("{sum:016x}"));
        assert_eq!(sums, SUMS);
    }

    const SUMS: [&str; 9] = [
        "235fb350a9379ca4",
        "f678e764afd2df55",
        "d239dde19b9e8f37",
        "1cf35730629521b5",
        "aa2b4c8ba5ba9429",
        "b98ef8bdbb6b11ec",
        "ccf1f8961b87ec41",
        "276b8a0e27723baf",
        "c21e6f0f6f15e8a3",
    ];

    #[test]
    fn what_is_absent_is_not_what_is_empty() {
        assert_ne!(article(1, "a", 1, 1, None), article(1, "a", 1, 1, Some("")));
        assert_ne!(sketch(1, 1, Some("ab"), b"c", b""), sketch(1, 1, Some("a"), b"bc", b""));
    }
}
