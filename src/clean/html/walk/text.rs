//! The text of a run, as it is walked over: its spaces, its line breaks, and what is counted of it.

use super::Walk;
use crate::clean::html::hints;
use crate::clean::html::layout::{Past, append_words, within, word_count};
use crate::clean::normalize;

impl Walk<'_> {
    pub(super) fn text(&mut self, text: &str) {
        if self.in_pre() {
            self.take_breaks();
            let begins = self.run.text.is_empty() || self.run.text.ends_with('\n') || text.starts_with('\n');
            if std::mem::take(&mut self.line) && !begins {
                self.run.text.push('\n');
            }
            self.run.text.push_str(text);
            self.run.letters += text.chars().filter(|c| c.is_alphanumeric()).count() as u32;
            return;
        }
        let mut letters = 0;
        if is_single_spaced(text) {
            self.space |= text.starts_with(' ');
            letters += self.words(text.trim_matches(' '));
            self.space |= text.ends_with(' ');
        } else {
            for (i, word) in text.split(char::is_whitespace).enumerate() {
                self.space |= i > 0;
                letters += self.words(word);
            }
        }
        self.run.letters += letters;
        if self.links > 0 {
            self.run.link_letters += letters;
        }
        if self.bold > 0 {
            self.run.bold_letters += letters;
        }
        if self.italic > 0 {
            self.run.italic_letters += letters;
        }
    }

    /// Adds words that need no change of the spaces between them; their letters and digits.
    fn words(&mut self, words: &str) -> u32 {
        // Nothing that a reader sees parts no lines and makes no gap of its own.
        if words.is_empty() || words.starts_with(normalize::is_invisible) && words.chars().all(normalize::is_invisible)
        {
            return 0;
        }
        self.take_breaks();
        if let Some(gap) = self.link_gap.take() {
            self.space |= gap.is_shown_before(words);
        }
        if self.space && !self.run.text.is_empty() && !self.run.text.ends_with('\n') && !self.is_behind_drop_cap(words)
        {
            self.run.text.push(' ');
        }
        self.space = false;
        self.run.text.push_str(words);
        self.after_link = None;
        if words.is_ascii() {
            words.bytes().map(|byte| u32::from(byte.is_ascii_alphanumeric())).sum()
        } else {
            words.chars().filter(|c| c.is_alphanumeric()).count() as u32
        }
    }

    /// Whether the words go on behind a large first letter that a blank parts from its word only in the markup. A letter that
    /// is a word of some language stays alone.
    fn is_behind_drop_cap(&self, words: &str) -> bool {
        const NO_WORDS: &str = "BCDFGHJLMNPQRTX";
        self.run.inline_hints & hints::DROP_CAP != 0
            && words.starts_with(char::is_lowercase)
            && self.run.text.trim_start_matches(['"', '\'', '“', '‘', '„', '«']).len() == 1
            && self.run.text.ends_with(|c| NO_WORDS.contains(c))
    }

    /// One line break stays in the block, two end it, as a reader sees them.
    fn take_breaks(&mut self) {
        match self.breaks {
            0 => {}
            1 if self.in_row == 0 => {
                if !self.run.text.is_empty() {
                    self.run.text.push('\n');
                }
            }
            _ if self.in_row == 0 => self.flush(),
            _ => self.space = true,
        }
        self.breaks = 0;
    }

    pub(super) fn flush(&mut self) {
        self.breaks = 0;
        self.space = false;
        self.after_link = None;
        self.link_gap = None;
        self.line = false;
        let mut run = std::mem::take(&mut self.run);
        run.text = normalize::composed(run.text);
        if run.letters == 0 && !run.text.chars().any(|c| c.is_alphanumeric()) {
            return;
        }
        let Some(&container) = self.open.last() else { return };
        if self.layout.runs.len() >= self.max_blocks {
            if !self.over {
                self.over = true;
                let mut text = String::new();
                append_words(&mut text, &run.text);
                let why = format!("the page has more than {} blocks (`clean.html.max_blocks`)", self.max_blocks);
                self.layout.past = Some(Past { why, text });
            }
            return;
        }
        let kept = run.text.trim_end().len();
        run.text.truncate(kept);
        if self.layout.containers[container as usize].within & within::PRE != 0 {
            run.text = single_blank_lines(&run.text);
        }
        run.container = container;
        run.words = word_count(&run.text);
        self.layout.runs.push(run);
    }
}

/// The lines of a text as they are, with one blank line where several stand: more would be paragraphs without words.
fn single_blank_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_behind_blank = false;
    for line in text.split('\n') {
        if line.trim().is_empty() {
            is_behind_blank = true;
            continue;
        }
        if !out.is_empty() {
            out.push_str(if is_behind_blank { "\n\n" } else { "\n" });
        }
        out.push_str(line);
        is_behind_blank = false;
    }
    out
}

/// Whether a text is plain ASCII without a line end, a tab or two spaces in a row: most text that stands within one line.
fn is_single_spaced(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_odd = |byte: u8| byte.wrapping_sub(b'\t') < 5 || byte >= 0x80;
    let odd = bytes.iter().fold(false, |odd, &byte| odd | is_odd(byte));
    let double =
        bytes.iter().zip(bytes.iter().skip(1)).fold(false, |double, (&a, &b)| double | ((a == b' ') & (b == b' ')));
    !odd && !double
}

#[cfg(test)]
mod tests {
    use crate::clean::html::page;
    use crate::clean::html::tests::{STORY, document, text};

    #[test]
    fn hidden_inline_elements_of_any_name_are_left_out() {
        for tag in ["a", "b", "em", "small", "time", "cite", "code", "sup", "q"] {
            for hidden in ["hidden", "style='display:none'", "aria-hidden=true"] {
                let said = text(format!(
                    "<h1>Ferry kept</h1>{STORY}<p>The ferry sails <{tag} {hidden}>unseen</{tag}> in winter, he said again.</p>"
                ));
                assert!(said.contains("sails in winter") && !said.contains("unseen"), "{tag} {hidden}: {said}");
            }
        }
        let row =
            text(format!("<h1>Ferry kept</h1>{STORY}<table><tr><td>Fare<td hidden>unseen<td>Two euros</table>{STORY}"));
        assert!(!row.contains("unseen"), "{row}");
    }

    #[test]
    fn how_a_word_is_read_is_not_written_in_the_line() {
        let ruby = "<ruby>港<rp>(</rp><rt>みなと</rt><rp>)</rp></ruby>と<ruby>駅<rt>えき</rt></ruby>を結ぶ計画を市議会が承認した。";
        assert!(text(format!("<h1>Ferry kept</h1>{STORY}<p>{ruby}</p>{STORY}")).contains("港と駅を結ぶ計画"));
    }

    #[test]
    fn spans_drawn_as_blocks_are_paragraphs() {
        let story = STORY.replace("<p>", "<span style='margin:0; display: block'>").replace("</p>", "</span>");
        assert_eq!(page(&document(format!("<h1>Ferry kept</h1><div>{story}</div>"))).blocks.len(), 2);
    }

    #[test]
    fn lines_of_code_in_elements_of_their_own_stay_one_block() {
        let code =
            "<pre><div class=line>fn fare() {</div><div class=line>    two();</div><div class=line>}</div></pre>";
        for code in [code.to_owned(), code.replace("div>", "div>\n").replace("<pre>\n", "<pre>")] {
            let said = text(format!("<h1>Ferry kept</h1>{STORY}{code}{STORY}"));
            assert!(said.contains("fn fare() {\n    two();\n}"), "{said}");
        }
    }

    #[test]
    fn a_drop_cap_belongs_to_its_word() {
        for (class, start, shown) in [
            ("dropcap", "T</span> he city", "The city"),
            ("drop-cap big", "“T</span> he city", "“The city"),
            ("dropcap", "A</span> city", "A city"),
            ("dropcap", "T</span> The city", "T The city"),
            ("cap", "T</span> he city", "T he city"),
        ] {
            let said = text(format!(
                "<h1>Ferry kept</h1><p><span class='{class}'>{start} council has kept the ferry, to the joy of all the pupils.</p>{STORY}"
            ));
            assert!(said.starts_with(shown), "{class}: {said}");
        }
    }
}
