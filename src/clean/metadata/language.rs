//! Which language a text is in, as a BCP 47 tag, only when that is sure.
//!
//! The commonest words of a language tell it in most texts, for a hundredth of what comparing letter trigrams costs
//! (Grefenstette 1995 found both about as good from a few sentences on). Trigrams are asked where the words leave doubt.

use std::collections::HashMap;
use std::sync::LazyLock;

use xxhash_rust::xxh3::xxh3_64;

use crate::clean::line::ByHash;

/// Bytes of text that the detector sees: more changes nothing measurable and costs time.
const PREFIX_BYTES: usize = 400;
/// Below this many letters trigram detection is guesswork.
const MIN_LETTERS: usize = 60;

/// The languages that are known by their words.
const FUNCTION_WORDS: &str = include_str!("function_words.txt");
/// So many words of a language, this share of all, and so many times as many as of any other language make it sure.
const SURE_WORDS: u32 = 5;
const SURE_ONE_IN: u32 = 6;
const SURE_TIMES: u32 = 2;
/// Languages that the press writes in several scripts, of which not all are known here.
const DIGRAPHIC: &[&str] = &["sr", "uz", "az", "tk"];
/// With fewer words of any language, trigrams find one in names and in languages that nobody here knows, and are wrong
/// more often than right.
const DOUBT_WORDS: u32 = 3;

/// The language of a text by its commonest words, else by script and letter trigrams (whatlang); `None` when too short
/// or not sure.
pub fn language_of(text: &str) -> Option<String> {
    language_against(text, None)
}

/// As [`language_of`], for a text that is `declared` to be in a language: `None` also where nothing speaks against that, as
/// for a language that is not known here. Its texts are taken for those of a related one: Malay for Indonesian.
pub fn language_against(text: &str, declared: Option<&str>) -> Option<String> {
    let prefix = super::prefix(text, PREFIX_BYTES);
    let declared = declared.map(|tag| tag.split('-').next().unwrap_or(tag));
    if declared.is_some_and(|primary| !is_detectable(primary, prefix)) {
        return None;
    }
    let told = Told::by(prefix);
    if told.is_sure() && told.letters >= MIN_LETTERS {
        return told.language.map(str::to_owned);
    }
    if is_of_unknown_cyrillic(prefix) {
        return None;
    }
    if told.is_latin() && (told.hits < DOUBT_WORDS || declared.is_some() && told.language == declared) {
        return None;
    }
    by_trigrams(prefix)
}

/// Whether a language would be found in a text if it were in it.
fn is_detectable(primary: &str, text: &str) -> bool {
    let in_script = |script: whatlang::Script| {
        let by_words = || FUNCTION_WORDS.lines().any(|line| line.split(": ").next() == Some(primary));
        script.langs().iter().any(|lang| two_letters(lang.code()) == primary)
            || script == whatlang::Script::Latin && by_words()
    };
    // Most languages have one script: a text in another is not in them.
    if DIGRAPHIC.contains(&primary) {
        whatlang::detect_script(text).is_some_and(in_script)
    } else {
        whatlang::Script::all().iter().copied().any(in_script)
    }
}

/// Languages that share their commonest words and differ in a few, by which they are told apart.
const SISTERS: [(&str, &str); 1] = [("da", "nb")];
/// So many words more than of its sister make a language sure.
const SISTER_WORDS: u32 = 2;

/// Letters of Kazakh, Kyrgyz, Tatar and their like, which Russian and its neighbours have not, and trigrams do not know.
const TURKIC_LETTERS: [char; 16] = ['ә', 'ғ', 'қ', 'ң', 'ө', 'ұ', 'ү', 'һ', 'Ә', 'Ғ', 'Қ', 'Ң', 'Ө', 'Ұ', 'Ү', 'Һ'];
/// With one such letter in so many it is no name in a text of another language.
const TURKIC_ONE_IN: usize = 50;

/// Whether a text is in Cyrillic writing, but in none of the languages that are known here.
fn is_of_unknown_cyrillic(text: &str) -> bool {
    let turkic = text.chars().filter(|c| TURKIC_LETTERS.contains(c)).count();
    turkic > 0 && turkic * TURKIC_ONE_IN >= text.chars().filter(|c| c.is_alphabetic()).count()
}

/// What the words of a text tell of its language.
struct Told {
    /// The language of which most words are there, how many, and how many there are of the second.
    language: Option<&'static str>,
    hits: u32,
    second: u32,
    /// How many there are of the first one's sister, which `second` leaves out.
    sister: u32,
    words: u32,
    letters: usize,
    /// Letters of the Latin alphabet without accents.
    plain_letters: usize,
}

impl Told {
    fn by(text: &str) -> Self {
        /// The languages that each word, by its hash, is common in: one bit each, in the order of the names.
        type Index = HashMap<u64, u64, ByHash>;
        static LANGUAGES: LazyLock<(Vec<&'static str>, Index)> = LazyLock::new(|| {
            let lines = FUNCTION_WORDS.lines().filter(|line| !line.starts_with('#'));
            let mut names = Vec::new();
            let mut index = Index::default();
            for (at, (name, words)) in lines.filter_map(|line| line.split_once(": ")).enumerate() {
                names.push(name);
                for word in words.split(' ') {
                    *index.entry(xxh3_64(word.as_bytes())).or_default() |= 1 << at;
                }
            }
            (names, index)
        });
        let (names, index) = &*LANGUAGES;
        let mut told = Self { language: None, hits: 0, second: 0, sister: 0, words: 0, letters: 0, plain_letters: 0 };
        let mut hits = vec![0u32; names.len()];
        for word in text.to_lowercase().split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
            told.words += 1;
            told.letters += word.chars().count();
            told.plain_letters += word.bytes().filter(u8::is_ascii).count();
            let mut languages = index.get(&xxh3_64(word.as_bytes())).copied().unwrap_or(0);
            while languages != 0 {
                hits[languages.trailing_zeros() as usize] += 1;
                languages &= languages - 1;
            }
        }
        for (&name, &hits) in names.iter().zip(&hits) {
            if hits > told.hits {
                (told.language, told.hits) = (Some(name), hits);
            }
        }
        for (&name, &hits) in names.iter().zip(&hits).filter(|(name, _)| Some(**name) != told.language) {
            let is_sister =
                told.language.is_some_and(|of| SISTERS.contains(&(name, of)) || SISTERS.contains(&(of, name)));
            let other = if is_sister { &mut told.sister } else { &mut told.second };
            *other = hits.max(*other);
        }
        told
    }

    fn is_sure(&self) -> bool {
        self.hits >= SURE_WORDS
            && self.hits * SURE_ONE_IN >= self.words
            && self.hits >= SURE_TIMES * self.second
            && (self.sister == 0 || self.hits >= self.sister + SISTER_WORDS)
    }

    fn is_latin(&self) -> bool {
        self.plain_letters * 2 > self.letters
    }
}

fn by_trigrams(prefix: &str) -> Option<String> {
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
    fn a_declaration_stands_unless_the_text_speaks_against_it() {
        let german = "Die Stadtverwaltung teilte am Montag mit, dass die alte Brücke über den Fluss im nächsten Jahr erneuert \
                      werden soll. Die Kosten trägt zum größten Teil das Land.";
        assert_eq!(language_against(german, Some("en-US")).as_deref(), Some("de"));
        let names =
            "Bagoda Mirasol, Keba Tironda, Moliva Darenko, Sabirelo Tunagami, Folikera Bandosi, Ramigo Velturan";
        assert_eq!(language_against(names, Some("en")), None);
        let russian = "Городской совет решил в понедельник, что старый мост через реку обновят в следующем году.";
        assert_eq!(language_against(russian, Some("en")).as_deref(), Some("ru"));
    }

    #[test]
    fn a_declared_language_that_no_detector_knows_stands() {
        let malay = "Majlis bandar raya itu memutuskan pada hari Isnin bahawa jambatan lama di atas sungai akan dibaiki \
                     tahun depan dan kerajaan negeri akan membayar sebahagian besar daripada kosnya.";
        let serbian = "Gradsko veće je u ponedeljak odlučilo da se stari most na reci obnovi sledeće godine, a da država plati \
                       veći deo troškova, rekao je gradonačelnik koji nije želeo da kaže kada će radovi početi.";
        let kazakh = "Қалалық кеңес дүйсенбі күні өзен үстіндегі ескі көпірді келесі жылы жаңартуға шешім қабылдады.";
        for (text, declared) in
            [(malay, "ms"), (serbian, "sr-Latn"), (serbian, "bs"), (serbian, "hr"), (kazakh, "kk"), (kazakh, "ky")]
        {
            let found = language_against(text, Some(declared));
            assert!(found.is_none_or(|found| declared == found), "{declared}");
        }
        assert_eq!(language_against(malay, Some("en")).as_deref(), Some("id"));
        assert_eq!(language_against(serbian, Some("en")).as_deref(), Some("hr"));
        assert_eq!(language_against(malay, Some("ru")).as_deref(), Some("id"));
    }

    #[test]
    fn languages_that_share_their_commonest_words_are_told_apart() {
        let danish = "Byrådet besluttede mandag aften, at den gamle bro over åen skal fornyes til næste år, og at staten skal \
                      betale hovedparten af udgifterne. Borgmesteren ville ikke sige noget om, hvornår arbejdet går i gang, \
                      eller hvem der får opgaven.";
        assert_eq!(language_of(danish).as_deref(), Some("da"));
        let sisters = [
            (
                "da",
                "Efter mødet siger hun, at der er meget at gøre, og at de har brug for hjælp fra havnen, hvis det skal blive til noget.",
            ),
            (
                "nb",
                "Etter møtet sier hun at det er mye å gjøre, og at de har bruk for hjelp fra havna hvis det skal bli noe av det.",
            ),
        ];
        for (language, text) in sisters {
            assert!(Told::by(text).is_sure(), "{language}");
            assert_eq!(language_of(text).as_deref(), Some(language));
        }
    }

    #[test]
    fn a_language_that_nobody_here_knows_is_not_taken_for_its_neighbour() {
        let kazakh = "Қала әкімдігі ескі көпірді келесі жылы жөндеуге шешім қабылдады, ал жұмыстың қаражатын мемлекет \
                      төлейді деп хабарлады дүйсенбі күні өткен жиналыста.";
        assert_eq!(language_of(kazakh), None);
        let russian = "Делегация города посетила порт Өскемен и договорилась о том, что старый паром через реку обновят \
                       в следующем году за счёт области.";
        assert_eq!(language_of(russian).as_deref(), Some("ru"));
    }

    #[test]
    fn every_language_known_by_its_words_is_a_tag_and_has_enough_of_them() {
        for line in FUNCTION_WORDS.lines().filter(|line| !line.starts_with('#')) {
            let (tag, words) = line.split_once(": ").expect("a tag and words");
            assert_eq!(language_tag(tag).as_deref(), Some(tag));
            assert!(words.split(' ').count() >= 2 * SURE_WORDS as usize, "{tag}");
        }
        assert!(FUNCTION_WORDS.lines().count() <= 64, "one bit for each");
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
