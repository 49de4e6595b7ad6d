//! Text → tokens: what counts as a word, and when two spellings are the same word.
//!
//! Copies of one article differ in case, quotes, dashes, spaces, accents, ligatures, `5,000` against `5000` and `five`
//! against `5`; none of that may break a shingle. One pass, no allocation, no per-token string: a token is its hash.
//! Deduplication and stories both read texts through it, which is why it belongs to neither.

mod characters;
mod order;

use characters::{ASCII, Class, Fold, class_of};
pub(crate) use order::sort_by_hash;

/// One token of a text, folded and hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// Hash of the folded spelling; stable for ever, since it is stored.
    pub hash: u64,
    pub kind: Kind,
    /// Length of the folded spelling; an ideograph or kana counts as three letters.
    pub letters: u32,
}

/// What a token's first character says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    /// Begins with a capital although no sentence begins there: mostly a name.
    Name,
    /// Begins with a digit, or is a number word.
    Number,
}

/// The tokens of an article, read once for everyone who asks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    pub title: Vec<Token>,
    pub text: Vec<Token>,
}

impl Tokens {
    pub fn of(title: Option<&str>, text: &str) -> Self {
        let read = |text: &str| {
            let mut all = Vec::with_capacity(text.len() / 6 + 16);
            tokens(text, |token| all.push(token));
            all
        };
        Self { title: title.map(read).unwrap_or_default(), text: read(text) }
    }
}

/// Tokens are cut here, so that no run of letters costs more than its length; no word of any language is longer.
const MAX_TOKEN_CHARS: u32 = 256;

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

const fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = FNV_OFFSET;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(FNV_PRIME);
        i += 1;
    }
    hash
}

/// The finalizer of SplitMix64 (Steele et al. 2014): spreads every input bit over all output bits.
pub(crate) const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Number words that news style guides write out, and their digits: papers differ in where they stop.
const NUMBER_WORDS: [(u64, u64); 11] = [
    (fnv(b"two"), fnv(b"2")),
    (fnv(b"three"), fnv(b"3")),
    (fnv(b"four"), fnv(b"4")),
    (fnv(b"five"), fnv(b"5")),
    (fnv(b"six"), fnv(b"6")),
    (fnv(b"seven"), fnv(b"7")),
    (fnv(b"eight"), fnv(b"8")),
    (fnv(b"nine"), fnv(b"9")),
    (fnv(b"ten"), fnv(b"10")),
    (fnv(b"eleven"), fnv(b"11")),
    (fnv(b"twelve"), fnv(b"12")),
];

/// The lowest six bits of the hashes of [`NUMBER_WORDS`], one bit each: five of six words are told from them by these.
const NUMBER_WORD_BITS: u64 = {
    let mut bits = 0;
    let mut i = 0;
    while i < NUMBER_WORDS.len() {
        bits |= 1 << (NUMBER_WORDS[i].0 & 63);
        i += 1;
    }
    bits
};

/// Units as agencies shorten them after a number, and in full.
const UNITS: [(u64, u64); 8] = [
    (fnv(b"m"), fnv(b"million")),
    (fnv(b"mn"), fnv(b"million")),
    (fnv(b"mln"), fnv(b"million")),
    (fnv(b"bn"), fnv(b"billion")),
    (fnv(b"bln"), fnv(b"billion")),
    (fnv(b"tn"), fnv(b"trillion")),
    (fnv(b"trn"), fnv(b"trillion")),
    (fnv(b"pct"), PERCENT),
];
const PERCENT: u64 = fnv(b"percent");

/// The characters of the current run of an unspaced script, newest last.
#[derive(Default)]
struct Run {
    recent: [u32; 8],
    length: usize,
}

impl Run {
    /// Adds a character; the hash of the last `width` characters (fewer at the start of a run).
    fn push(&mut self, c: u32, width: usize) -> u64 {
        self.recent.rotate_left(1);
        self.recent[7] = c;
        self.length = (self.length + 1).min(width);
        self.recent[8 - self.length..].iter().fold(FNV_OFFSET, |hash, &c| (hash ^ u64::from(c)).wrapping_mul(FNV_PRIME))
    }
}

/// The word being read.
struct Word {
    hash: u64,
    /// Hash before the last character, and before the last apostrophe: what remains when a final `'s` goes.
    before_apostrophe: Option<u64>,
    chars: u32,
    since_apostrophe: u32,
    last: u32,
    kind: Kind,
    /// Whether the last character was a digit.
    in_digits: bool,
}

impl Word {
    const EMPTY: Self = Self {
        hash: FNV_OFFSET,
        before_apostrophe: None,
        chars: 0,
        since_apostrophe: 0,
        last: 0,
        kind: Kind::Word,
        in_digits: false,
    };

    fn push(&mut self, c: u32) {
        if c < 0x80 {
            self.hash = (self.hash ^ u64::from(c)).wrapping_mul(FNV_PRIME);
        } else {
            self.hash = (self.hash ^ u64::from(c & 0xff)).wrapping_mul(FNV_PRIME);
            self.hash = (self.hash ^ u64::from(c >> 8)).wrapping_mul(FNV_PRIME);
        }
        self.chars += 1;
        self.since_apostrophe += 1;
        self.last = c;
    }

    /// As [`Word::push`] for each small ASCII letter that `text` begins with; how many these are.
    fn push_letters(&mut self, text: &[u8]) -> usize {
        let mut hash = self.hash;
        let mut letters = 0;
        while let Some(letter) = text.get(letters).filter(|byte| byte.is_ascii_lowercase()) {
            hash = (hash ^ u64::from(*letter)).wrapping_mul(FNV_PRIME);
            letters += 1;
        }
        if let Some(last) = letters.checked_sub(1) {
            self.hash = hash;
            self.chars += letters as u32;
            self.since_apostrophe += letters as u32;
            self.last = u32::from(text[last]);
        }
        letters
    }

    /// Ends the word; `after_number` tells whether the token before it is a number.
    fn finish(&mut self, after_number: &mut bool) -> Token {
        let possessive = self.since_apostrophe == 1 && self.last == u32::from('s');
        let mut hash = match self.before_apostrophe {
            Some(before) if possessive => before,
            _ => self.hash,
        };
        let mut kind = self.kind;
        if *after_number
            && self.chars <= 3
            && let Some(&(_, unit)) = UNITS.iter().find(|(word, _)| *word == hash)
        {
            hash = unit;
        }
        if kind != Kind::Number
            && (3..=6).contains(&self.chars)
            && NUMBER_WORD_BITS >> (hash & 63) & 1 == 1
            && let Some(&(_, digits)) = NUMBER_WORDS.iter().find(|(word, _)| *word == hash)
        {
            hash = digits;
            kind = Kind::Number;
        }
        *after_number = kind == Kind::Number;
        let letters = self.chars;
        *self = Self::EMPTY;
        Token { hash: mix(hash), kind, letters }
    }
}

/// The hash of an ASCII word in lower case, as [`tokens`] gives it.
pub(crate) const fn hash_of(word: &str) -> u64 {
    mix(fnv(word.as_bytes()))
}

/// Calls `each` for every token of `text`, in order.
pub(crate) fn tokens(text: &str, mut each: impl FnMut(Token)) {
    let bytes = text.as_bytes();
    let mut word = Word::EMPTY;
    let mut run = Run::default();
    let mut sentence_start = true;
    let mut after_number = false;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let (fold, c) = if byte < 0x80 {
            at += 1;
            (Fold { class: ASCII[usize::from(byte)], folded: u32::from(byte.to_ascii_lowercase()) }, char::from(byte))
        } else {
            let c = text[at..].chars().next().expect("at is a character boundary before the end");
            at += c.len_utf8();
            (class_of(c), c)
        };
        match fold.class {
            Class::Letter | Class::Capital | Class::Digit => {
                run.length = 0;
                if word.chars == 0 {
                    word.kind = match fold.class {
                        Class::Digit => Kind::Number,
                        Class::Capital if !sentence_start => Kind::Name,
                        _ => Kind::Word,
                    };
                } else if word.chars >= MAX_TOKEN_CHARS {
                    each(word.finish(&mut after_number));
                } else if fold.class != Class::Digit && word.kind == Kind::Number && word.in_digits {
                    // `5km` is `5 km`.
                    each(word.finish(&mut after_number));
                }
                word.in_digits = fold.class == Class::Digit;
                sentence_start = false;
                if fold.folded != 0 {
                    word.push(fold.folded)
                } else {
                    characters::fold(c).for_each(|c| word.push(u32::from(c)))
                }
                // The rest of most words is small letters, which need no more looking up.
                let room = (MAX_TOKEN_CHARS.saturating_sub(word.chars)) as usize;
                if !word.in_digits {
                    at += word.push_letters(&bytes[at..bytes.len().min(at + room)]);
                }
            }
            Class::Joiner => {}
            Class::Apostrophe if word.chars > 0 => {
                word.before_apostrophe = Some(word.hash);
                word.since_apostrophe = 0;
            }
            Class::NumberMark
                if word.kind == Kind::Number && word.chars > 0 && bytes.get(at).is_some_and(u8::is_ascii_digit) => {}
            Class::Syllabic | Class::Unspaced => {
                if word.chars > 0 {
                    each(word.finish(&mut after_number));
                }
                let (width, letters) = if fold.class == Class::Syllabic { (2, 3) } else { (8, 1) };
                let c = if fold.folded == 0 { u32::from(c) } else { fold.folded };
                each(Token { hash: mix(run.push(c, width)), kind: Kind::Word, letters: run.length as u32 * letters });
                sentence_start = false;
            }
            Class::Percent => {
                if word.chars > 0 {
                    each(word.finish(&mut after_number));
                }
                each(Token { hash: mix(PERCENT), kind: Kind::Word, letters: 7 });
                after_number = false;
            }
            Class::Currency => {
                // The sign stands behind the number in most of Europe.
                if word.chars > 0 && word.kind == Kind::Number {
                    each(word.finish(&mut after_number));
                }
                word = Word::EMPTY;
            }
            Class::Separator | Class::SentenceEnd | Class::Apostrophe | Class::NumberMark => {
                run.length = 0;
                if word.chars > 0 {
                    each(word.finish(&mut after_number));
                }
                if fold.class == Class::SentenceEnd || byte == b'.' {
                    sentence_start = true;
                }
            }
        }
    }
    if word.chars > 0 {
        each(word.finish(&mut after_number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(text: &str) -> Vec<u64> {
        let mut all = Vec::new();
        tokens(text, |token| all.push(token.hash));
        all
    }

    fn kinds(text: &str) -> Vec<Kind> {
        let mut all = Vec::new();
        tokens(text, |token| all.push(token.kind));
        all
    }

    #[test]
    fn spellings_of_one_text_have_the_same_tokens() {
        for (a, b) in [
            ("The mayor's plan", "THE MAYOR\u{2019}S PLAN"),
            ("the mayor's plan", "the mayor plan"),
            ("don't", "don\u{2019}t"),
            ("it cost 5,000 dollars", "it cost 5000 dollars"),
            ("five ships", "5 ships"),
            ("US$5m or 3%", "$5 million or 3 percent"),
            ("49\u{20ac} or 100\u{a3}, 5\u{20ac}m", "\u{20ac}49 or \u{a3} 100, \u{20ac}5m"),
            ("5km, 40th", "5 km, 40 th"),
            ("efficient office", "e\u{fb03}cient of\u{fb01}ce"),
            ("caf\u{e9} S\u{e3}o", "cafe\u{301} Sao"),
            ("\u{439}\u{43e}\u{434}", "\u{438}\u{306}\u{43e}\u{434}"),
            ("co\u{ad}operate zero\u{200b}width", "cooperate zerowidth"),
            ("a\u{a0}b\u{2009}c \u{2014} d", "a b c - d"),
            ("\u{ff21}\u{ff22}\u{ff11}\u{ff12}", "ab12"),
            ("\u{ff76}\u{ff77}", "\u{30ab}\u{30ad}"),
        ] {
            assert_eq!(hashes(a), hashes(b), "{a} / {b}");
        }
    }

    #[test]
    fn different_words_stay_different() {
        for (a, b) in [("5.1", "5 1"), ("rain", "ruin"), ("its", "it's"), ("no\nway", "noway")] {
            assert_ne!(hashes(a), hashes(b), "{a} / {b}");
        }
    }

    #[test]
    fn names_and_numbers_are_seen_except_where_a_sentence_begins() {
        use Kind::{Name, Number, Word};
        assert_eq!(
            kinds("The ship Aurora sank. Three of 40 drowned: Nobody knows"),
            [Word, Word, Name, Word, Number, Word, Number, Word, Word, Word]
        );
    }

    #[test]
    fn a_price_is_a_number_on_either_side_of_its_sign() {
        use Kind::{Number, Word};
        let price = hashes("49");
        for text in ["49\u{20ac}", "\u{20ac}49", "49 \u{20ac}", "EUR\u{20ac}49"] {
            assert_eq!(hashes(text), price, "{text}");
        }
        assert_eq!(kinds("it cost 49\u{20ac} and 5,000\u{a3}."), [Word, Word, Number, Word, Number]);
    }

    #[test]
    fn scripts_without_spaces_give_a_token_for_each_character() {
        assert_eq!(hashes("\u{6771}\u{4eac}\u{90fd}").len(), 3);
        assert_eq!(hashes("\u{e01}\u{e23}\u{e38}\u{e07}").len(), 4);
        let (a, b) = (hashes("\u{6771}\u{4eac}\u{90fd}\u{77e5}"), hashes("\u{5927}\u{4eac}\u{90fd}\u{77e5}"));
        assert_ne!(a[1], b[1]);
        assert_eq!(a[2..], b[2..]);
    }

    #[test]
    fn a_run_of_letters_without_end_is_cut() {
        assert_eq!(hashes(&"x".repeat(1_000)).len(), 4);
    }
}
