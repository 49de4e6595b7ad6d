//! Which language a text is in, as a BCP 47 tag, only when the detector is sure.

/// Bytes of text that the detector sees: more changes nothing measurable and costs time.
const PREFIX_BYTES: usize = 400;
/// Below this many letters trigram detection is guesswork.
const MIN_LETTERS: usize = 60;

/// The language of a text by its script and letter trigrams (whatlang); `None` when too short or not sure.
pub fn language_of(text: &str) -> Option<String> {
    let prefix = super::prefix(text, PREFIX_BYTES);
    let info = whatlang::detect(prefix)?;
    // A script that only one language uses is sure with few letters already.
    let letters = prefix.chars().filter(|c| c.is_alphabetic()).take(MIN_LETTERS).count();
    if !info.is_reliable() || (letters < MIN_LETTERS && info.script() == whatlang::Script::Latin) {
        return None;
    }
    Some(two_letters(info.lang().code()).to_owned())
}

/// A language tag as written in markup or a record, in BCP 47 casing (`EN_us` → `en-US`); `None` when it is none.
pub fn language_tag(text: &str) -> Option<String> {
    let text = text.trim();
    let mut tag = String::new();
    for (i, part) in text.split(['-', '_']).enumerate() {
        if part.is_empty() || part.len() > 8 || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        match (i, part.len()) {
            (0, 2..=3) if part.bytes().all(|b| b.is_ascii_alphabetic()) => {
                let lower = part.to_ascii_lowercase();
                tag.push_str(if lower.len() == 3 { two_letters(&lower) } else { &lower });
            }
            (0, _) => return None,
            (1, 4) => {
                tag.push('-');
                tag.push_str(&part[..1].to_ascii_uppercase());
                tag.push_str(&part[1..].to_ascii_lowercase());
            }
            (1..=2, 2) => {
                tag.push('-');
                tag.push_str(&part.to_ascii_uppercase());
            }
            // Variants and extensions say nothing that a reader of news needs.
            _ => break,
        }
    }
    (!tag.is_empty() && !matches!(tag.as_str(), "und" | "mul" | "zxx" | "xx")).then_some(tag)
}

/// ISO 639-3 (as whatlang has them) and 639-2/B → the shortest BCP 47 subtag.
fn two_letters(code: &str) -> &str {
    const PAIRS: &[(&str, &str)] = &[
        ("afr", "af"),
        ("aka", "ak"),
        ("amh", "am"),
        ("ara", "ar"),
        ("aze", "az"),
        ("bel", "be"),
        ("ben", "bn"),
        ("bul", "bg"),
        ("cat", "ca"),
        ("ces", "cs"),
        ("cmn", "zh"),
        ("cze", "cs"),
        ("dan", "da"),
        ("deu", "de"),
        ("ell", "el"),
        ("eng", "en"),
        ("epo", "eo"),
        ("est", "et"),
        ("fas", "fa"),
        ("fin", "fi"),
        ("fra", "fr"),
        ("fre", "fr"),
        ("ger", "de"),
        ("guj", "gu"),
        ("heb", "he"),
        ("hin", "hi"),
        ("hrv", "hr"),
        ("hun", "hu"),
        ("hye", "hy"),
        ("ind", "id"),
        ("ita", "it"),
        ("jav", "jv"),
        ("jpn", "ja"),
        ("kan", "kn"),
        ("kat", "ka"),
        ("khm", "km"),
        ("kor", "ko"),
        ("lat", "la"),
        ("lav", "lv"),
        ("lit", "lt"),
        ("mal", "ml"),
        ("mar", "mr"),
        ("mkd", "mk"),
        ("mya", "my"),
        ("nep", "ne"),
        ("nld", "nl"),
        ("nob", "nb"),
        ("ori", "or"),
        ("pan", "pa"),
        ("pes", "fa"),
        ("pol", "pl"),
        ("por", "pt"),
        ("ron", "ro"),
        ("rus", "ru"),
        ("sin", "si"),
        ("slk", "sk"),
        ("slv", "sl"),
        ("sna", "sn"),
        ("spa", "es"),
        ("srp", "sr"),
        ("swe", "sv"),
        ("tam", "ta"),
        ("tel", "te"),
        ("tgl", "tl"),
        ("tha", "th"),
        ("tuk", "tk"),
        ("tur", "tr"),
        ("ukr", "uk"),
        ("urd", "ur"),
        ("uzb", "uz"),
        ("vie", "vi"),
        ("yid", "yi"),
        ("zho", "zh"),
        ("zul", "zu"),
        ("cym", "cy"),
    ];
    PAIRS.iter().find(|(three, _)| *three == code).map_or(code, |(_, two)| two)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_recognized_and_a_few_words_are_not() {
        let german = "Die Stadtverwaltung teilte am Montag mit, dass die alte Brücke über den Fluss im nächsten Jahr erneuert \
                      werden soll. Die Kosten trägt zum größten Teil das Land.";
        assert_eq!(language_of(german).as_deref(), Some("de"));
        assert_eq!(language_of("OK Go"), None);
        assert_eq!(language_of(""), None);
        assert_eq!(language_of("橋は来年新しくなると市が月曜日に発表しました。").as_deref(), Some("ja"));
    }

    #[test]
    fn tags_get_their_standard_casing() {
        for (written, tag) in
            [("EN_us", "en-US"), ("de", "de"), ("zh-hans-CN", "zh-Hans-CN"), ("eng", "en"), ("pt-br", "pt-BR")]
        {
            assert_eq!(language_tag(written).as_deref(), Some(tag));
        }
        for none in ["", "english", "x", "12", "und", "en us"] {
            assert_eq!(language_tag(none), None, "{none}");
        }
    }
}
