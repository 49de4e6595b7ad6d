//! The text of a run, as it is walked over: its spaces, its line breaks, and what is counted of it.

use super::Walk;
use crate::clean::html::layout::{Past, append_words, within, word_count};
use crate::clean::normalize;

impl Walk<'_> {
    pub(super) fn text(&mut self, text: &str) {
        let pre = self.open.last().is_some_and(|&top| self.layout.containers[top as usize].within & within::PRE != 0);
        if pre {
            self.take_breaks();
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
        if self.space && !self.run.text.is_empty() && !self.run.text.ends_with('\n') {
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
