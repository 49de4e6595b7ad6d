//! Bytes in any encoding → text.

use copydesk::read::{Reason, Settings};

use super::read::{check_outcomes, read_all};

/// The text is what the named encoding makes of the bytes, and UTF-8 is never taken for anything else.
pub fn check(input: &[u8]) {
    let (choice, bytes) = super::choice(input);
    let name = if choice & 1 == 0 { "a.html" } else { "a.txt" };
    let settings = Settings::default();
    let outcomes = super::in_time("decoding", || read_all(name, bytes, &settings, None));
    check_outcomes(&outcomes, &settings);
    match &outcomes[..] {
        [Ok(document)] => {
            let encoding = encoding_rs::Encoding::for_label(document.charset.as_bytes()).expect("a known name");
            let is_packed = document.bytes != bytes.len() as u64;
            if !is_packed {
                assert_eq!(encoding.decode_with_bom_removal(bytes).0, document.content, "{}", document.charset);
            }
            if let Ok(text) = std::str::from_utf8(bytes)
                && !text.is_ascii()
                && !text.contains('\0')
            {
                assert_eq!(document.charset, "UTF-8");
            }
        }
        [Err(rejected)] => {
            // A text that is plainly one is not refused for its encoding.
            let plain = std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'));
            assert!(rejected.reason != Reason::BadCharset || !plain || name == "a.html", "{rejected:?}");
        }
        several => panic!("one file, {} documents", several.len()),
    }
}
