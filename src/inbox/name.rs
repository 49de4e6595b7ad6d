//! Paths below the inbox as text, without loss: what is not UTF-8 is percent-encoded, and can be turned back.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A relative path as text.
///
/// A path that is UTF-8 stays as it is; in others, each byte that is not UTF-8 and each `%` becomes `%` and two hex
/// digits. A UTF-8 path that would be taken for such an encoding is encoded as well, so that [`decode_path`] always
/// gives the path back.
pub fn encode_path(path: &Path) -> String {
    let bytes = path.as_os_str().as_bytes();
    if let Ok(text) = std::str::from_utf8(bytes)
        && !is_encoding(text)
    {
        return text.to_owned();
    }
    let mut encoded = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '%' => encoded.push_str("%25"),
                c => encoded.push(c),
            }
        }
        for byte in chunk.invalid() {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The path that [`encode_path`] made `text` from.
pub fn decode_path(text: &str) -> PathBuf {
    if is_encoding(text) {
        return PathBuf::from(std::ffi::OsString::from_vec(percent_decode(text.as_bytes())));
    }
    PathBuf::from(text)
}

/// The first sub-folder that a relative path lies in, as [`encode_path`] writes it.
pub fn source_folder(path: &Path) -> Option<String> {
    let mut parts = path.components();
    let first = parts.next()?;
    parts.next().map(|_| encode_path(Path::new(first.as_os_str())))
}

/// Whether decoding, as often as it changes anything, ends in something that is not UTF-8.
fn is_encoding(text: &str) -> bool {
    let mut bytes = text.as_bytes().to_vec();
    // Each round shortens the path or ends the loop.
    while bytes.contains(&b'%') {
        let decoded = percent_decode(&bytes);
        if std::str::from_utf8(&decoded).is_err() {
            return true;
        }
        if decoded == bytes {
            return false;
        }
        bytes = decoded;
    }
    false
}

fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let hex = |byte: Option<&u8>| match byte? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        // Upper case only: what `encode_path` writes.
        letter @ b'A'..=b'F' => Some(letter - b'A' + 10),
        _ => None,
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], hex(bytes.get(at + 1)), hex(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// The longest name that Linux file systems take, in bytes.
pub(super) const NAME_MAX: usize = 255;

/// `name` with `mark` before its endings (`a.html.gz` → `a~1.html.gz`), its stem shortened so that a further
/// `reserve` bytes fit behind.
pub(super) fn marked(name: &OsStr, mark: &str, reserve: usize) -> std::ffi::OsString {
    let bytes = name.as_bytes();
    let (stem, endings) = bytes.split_at(stem_len(bytes));
    let room = NAME_MAX.saturating_sub(mark.len() + endings.len() + reserve);
    let mut marked = shortened(stem, room).to_vec();
    marked.extend_from_slice(mark.as_bytes());
    marked.extend_from_slice(endings);
    OsStr::from_bytes(&marked).to_owned()
}

/// `name` without its endings: what a record's own file is named after.
pub(super) fn stem(name: &OsStr) -> &OsStr {
    OsStr::from_bytes(&name.as_bytes()[..stem_len(name.as_bytes())])
}

/// Whether a file is named as one record that was set aside: `<stem>.record-<n>.jsonl`, or with `~n` behind the number.
pub(super) fn is_record(name: &OsStr) -> bool {
    let stem = stem(name).as_bytes();
    let Some(mark) = stem.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0) else { return false };
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    stem[mark..].strip_prefix(b".record-").is_some_and(|number| {
        let mut parts = number.splitn(2, |byte| *byte == b'~');
        parts.next().is_some_and(is_number) && parts.next().is_none_or(is_number)
    })
}

/// Length of the name before its ending, a compression's ending and the one before it counting as one; endings are short.
fn stem_len(name: &[u8]) -> usize {
    const MAX_ENDING: usize = 12;
    let dot =
        |name: &[u8]| name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0 && name.len() - at <= MAX_ENDING);
    let Some(last) = dot(name) else { return name.len() };
    match &name[last..] {
        b".gz" | b".zst" => dot(&name[..last]).unwrap_or(last),
        _ => last,
    }
}

/// The first `room` bytes or fewer, without cutting a UTF-8 character.
fn shortened(stem: &[u8], room: usize) -> &[u8] {
    if stem.len() <= room {
        return stem;
    }
    let mut end = room;
    // A continuation byte at the cut means that the character began before; in other encodings this costs three bytes.
    while end > 0 && room - end < 3 && stem[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    &stem[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_path_in_utf_8_stays_as_it_is() {
        for path in ["a/b.html", "100% true.txt", "https%3A%2F%2Fexample.org.html", "ångström/新闻.txt"] {
            assert_eq!(encode_path(Path::new(path)), path);
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_percent_encoded() {
        assert_eq!(encode_path(Path::new(OsStr::from_bytes(b"a/caf\xe9 1%.txt"))), "a/caf%E9 1%25.txt");
    }

    #[test]
    fn the_source_is_the_first_sub_folder_if_any() {
        assert_eq!(source_folder(Path::new("a.html")), None);
        assert_eq!(source_folder(Path::new("site/2026/a.html")).as_deref(), Some("site"));
    }

    #[test]
    fn the_file_of_a_record_is_known_by_its_name() {
        for (name, is) in [
            ("a.record-12.jsonl", true),
            ("a.b.record-1~2.json", true),
            ("a.record-.jsonl", false),
            ("a.record-1~.jsonl", false),
            (".record-1.jsonl", false),
            ("record-1.jsonl", false),
        ] {
            assert_eq!(is_record(OsStr::new(name)), is, "{name}");
        }
    }

    #[test]
    fn a_mark_stands_before_the_endings_and_a_long_stem_gives_way() {
        assert_eq!(marked(OsStr::new("a.html"), "~1", 0), "a~1.html");
        assert_eq!(marked(OsStr::new("a.jsonl.gz"), "~1", 0), "a~1.jsonl.gz");
        assert_eq!(marked(OsStr::new(".hidden"), "~1", 0), ".hidden~1");
        let long = format!("{}.html", "ü".repeat(125));
        let name = marked(OsStr::new(&long), "~12", 20);
        assert!(name.len() <= NAME_MAX - 20 && name.to_str().is_some_and(|name| name.ends_with("ü~12.html")));
    }

    proptest! {
        #[test]
        fn every_path_comes_back(bytes in proptest::collection::vec(prop_oneof![
            Just(b'%'), Just(b'2'), Just(b'5'), Just(b'F'), Just(0xff), Just(0xc3), Just(0xbc), 1..=255u8
        ], 1..40)) {
            let path = PathBuf::from(OsStr::from_bytes(&bytes));
            let encoded = encode_path(&path);
            prop_assert_eq!(decode_path(&encoded), path, "{}", encoded);
        }

        #[test]
        fn two_paths_never_share_an_encoding(a in "[%25F\u{e9}]{0,12}", b in "[%25F\u{e9}]{0,12}") {
            prop_assert_eq!(encode_path(Path::new(&a)) == encode_path(Path::new(&b)), a == b);
        }
    }
}
