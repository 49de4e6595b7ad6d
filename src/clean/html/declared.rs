//! The body that a page declares in JSON-LD, for pages that show next to nothing of it without scripts.

use std::collections::VecDeque;

use serde_json::Value;

use super::head::one_line;
use super::layout::word_count;
use super::{Reading, Settings, json_ld, parse, walk, word_count_of};
use crate::article::{Block, BlockKind, Class, Removal};
use crate::clean::normalize;
use crate::clean::references::unescaped;

/// Words from which a declared body is one and no summary, and how many times those that are kept it must have.
const MIN_WORDS: u32 = 60;
const TIMES: u32 = 3;
/// Values of the scripts that are looked through.
const MAX_VALUES: usize = 65_536;

/// The declared body in paragraphs, where it has far more words than what is kept of the page; none otherwise.
///
/// Its lines are counted on behind those of the page.
pub(super) fn blocks(reading: &Reading<'_>, kept: &[Block], settings: &Settings) -> Option<Vec<Block>> {
    let body = reading.entity.as_ref()?.body.as_deref()?;
    let words = word_count(body);
    if words < MIN_WORDS || words < TIMES * word_count_of(kept) {
        return None;
    }
    let written = written(&reading.scripts, body).unwrap_or_else(|| body.to_owned());
    let first = reading.layout.runs.len() as u32 + 1;
    let texts = paragraphs(&unescaped(&written), settings).into_iter().zip(first..);
    let blocks: Vec<Block> = texts.map(|((kind, text), line)| Block { line, kind, text }).collect();
    // Markup may be all that it was.
    (word_count_of(&blocks) >= TIMES * word_count_of(kept)).then_some(blocks)
}

/// What stood in its place.
pub(super) fn replaced(block: Block) -> Removal {
    Removal {
        class: Class::DuplicateText,
        rule: "html.declared".to_owned(),
        why: "is little beside the body that the page declares in JSON-LD, which is published instead".to_owned(),
        line: block.line,
        text: block.text,
    }
}

/// The body as its script has it, with its lines.
fn written(scripts: &[&str], body: &str) -> Option<String> {
    let values = json_ld::values(scripts);
    let mut queue: VecDeque<&Value> = values.iter().collect();
    for _ in 0..MAX_VALUES {
        match queue.pop_front()? {
            Value::String(text) if text.len() >= body.len() && one_line(&unescaped(text)) == body => {
                return Some(text.clone());
            }
            Value::Array(items) => queue.extend(items),
            Value::Object(object) => queue.extend(object.values()),
            _ => {}
        }
    }
    None
}

/// The paragraphs of a text, which may be markup.
fn paragraphs(text: &str, settings: &Settings) -> Vec<(BlockKind, String)> {
    if !text.contains("</") && !text.contains("<br") {
        let lines = text.lines().map(|line| normalize::line(line).into_owned());
        return lines.filter(|line| !line.is_empty()).map(|line| (BlockKind::Paragraph, line)).collect();
    }
    let has_blocks = ["<p", "<br", "<div", "<P", "<BR", "<DIV"].iter().any(|tag| text.contains(tag));
    let markup = if has_blocks { text.to_owned() } else { text.replace('\n', "<p>") };
    let layout = walk::layout(&parse::parse(&markup, settings), settings.max_blocks);
    layout.runs.iter().map(|run| (layout.kind(run), run.text.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::page;
    use super::super::tests::{document, text};
    use crate::article::Flag;

    const FIRST: &str = "The island council voted on Tuesday to keep the small ferry running through the winter, after two hours of debate \
        in which nearly everybody in the crowded hall wanted to speak.";
    const SECOND: &str = "Its captain said that he had not expected so clear a vote, and thanked the pupils who had written to the mayor and \
        collected names at the school gate in the rain for a whole week.";

    fn declaring(body: &str, shown: &str) -> String {
        let json = serde_json::json!({"@type": "NewsArticle", "headline": "Ferry kept", "articleBody": body});
        format!("<title>Ferry kept</title><script type='application/ld+json'>{json}</script><h1>Ferry kept</h1>{shown}")
    }

    #[test]
    fn a_page_that_shows_nothing_has_the_body_that_it_declares() {
        for body in [
            format!("{FIRST}\n\n{SECOND}"),
            format!("<p>{FIRST}</p><p>{SECOND}</p>"),
            format!("&lt;p&gt;{FIRST}&lt;br&gt;&lt;br&gt;{SECOND}&lt;/p&gt;"),
        ] {
            let page = page(&document(declaring(&body, "<div class=skeleton>Loading</div>")));
            let said: Vec<&str> = page.blocks.iter().map(|block| block.text.as_str()).collect();
            assert_eq!(said, [FIRST, SECOND], "{body}");
            assert_eq!(page.article.provenance.get("text").map(AsRef::as_ref), Some("json_ld"));
            assert!(!page.article.flags.contains(&Flag::NotAnArticle));
        }
    }

    #[test]
    fn a_page_that_shows_its_text_keeps_it() {
        let body = format!("{FIRST} {SECOND} One more line that only the script has.");
        let said = text(declaring(&body, &format!("<p>{FIRST}</p><p>{SECOND}</p>")));
        assert!(said.contains(SECOND) && !said.contains("only the script"), "{said}");
        // Nor does a summary take its place.
        let said = text(declaring("The ferry is kept.", "<p>The ferry is kept, says the council.</p>"));
        assert!(!said.contains("The ferry is kept.\n"), "{said}");
    }

    #[test]
    fn a_body_without_scripts_or_in_a_shadow_tree_is_read() {
        let story = format!("<p>{FIRST}</p><p>{SECOND}</p>");
        for page in [
            format!("<div id=app></div><noscript><div>{story}</div></noscript>"),
            format!("<x-article><template shadowrootmode=open><div>{story}</div></template></x-article>"),
        ] {
            assert_eq!(text(format!("<h1>Ferry kept</h1>{page}")), format!("{FIRST}\n{SECOND}"));
        }
        let template = format!("<h1>Ferry kept</h1><template><div>{story}</div></template>");
        assert_eq!(text(template), "");
        // What is shown goes before.
        let both = format!(
            "<h1>Ferry kept</h1>{story}<noscript><p>Only without scripts is this long line ever shown to a reader.</p></noscript>"
        );
        assert!(!text(both).contains("Only without"));
    }
}
