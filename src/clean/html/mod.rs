//! HTML → page: the article's blocks and its metadata.
//!
//! The page is parsed within bounds into a tree of our own, laid out into blocks in one walk, and each block is judged in
//! the context of its containers and neighbours. No step recurses on the page's depth.

mod authors;
mod body;
mod byline;
mod certain;
mod date_line;
mod declared;
mod evidence;
mod features;
mod fields;
mod head;
mod hints;
mod json_ld;
mod kind;
mod layout;
mod lenient;
mod link_gap;
mod listing;
mod look;
mod model;
mod own;
mod parse;
mod scan;
mod shown_byline;
mod sink;
mod strip;
mod tag;
mod title;
mod tree;
mod veil;
mod walk;

use serde::{Deserialize, Serialize};

use super::{Page, normalize};
use crate::article::{Article, Block, Document};

/// Settings of the HTML front end, as used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Elements nested deeper are unwrapped; browsers use 512.
    pub max_depth: u16,
    /// Elements and texts of a page that are read. What follows is left out, a removal says so, and the article is flagged
    /// `truncated` and `review`; so it is past [`Self::max_blocks`].
    pub max_nodes: usize,
    /// Blocks of a page that are judged.
    pub max_blocks: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { max_depth: 512, max_nodes: 2_000_000, max_blocks: 30_000 }
    }
}

/// Reads a page with the default settings.
pub fn page(document: &Document) -> Page {
    page_with(document, &Settings::default())
}

/// Reads a page: the article's blocks in order, its metadata with provenance, and what was left out and why.
pub fn page_with(document: &Document, settings: &Settings) -> Page {
    let page = Reading::of(document, &document.content, settings).page(settings);
    let words = word_count_of(&page.blocks);
    if words < VEILED_WORDS
        && let Some(content) = veil::lifted(&document.content)
    {
        let unveiled = Reading::of(document, &content, settings).page(settings);
        let found = word_count_of(&unveiled.blocks);
        if found >= VEILED_WORDS && found > 3 * words {
            return unveiled;
        }
    }
    page
}

/// Words of body below which it may lie where a browser without scripts looks for it.
const VEILED_WORDS: u32 = 40;

fn word_count_of(blocks: &[Block]) -> u32 {
    blocks.iter().map(|block| layout::word_count(&block.text)).sum()
}

/// A page as it is read before its blocks are judged.
struct Reading<'c> {
    /// Its JSON-LD scripts.
    scripts: Vec<&'c str>,
    tree: tree::Tree,
    head: head::Head,
    entity: Option<json_ld::Entity>,
    layout: layout::Layout,
    /// All fields but text, flags and language.
    article: Article,
    document: &'c Document,
}

impl<'c> Reading<'c> {
    fn of(document: &'c Document, content: &'c str, settings: &Settings) -> Self {
        let strip::Stripped { markup, data: scripts } = strip::strip(content);
        let tree = parse::parse(&markup, settings);
        let head = head::head(&tree);
        let entity = json_ld::article(&scripts, &fields::own(document, &tree, &head));
        let layout = walk::layout(&tree, settings.max_blocks);
        let mut article = fields::fields(document, &tree, &head, entity.as_ref(), &layout);
        // What came along with the page is in any form.
        article.title = article.title.map(normalize::composed);
        article.authors = article.authors.into_iter().map(normalize::composed).collect();
        Self { scripts, tree, head, entity, layout, article, document }
    }

    fn evidence(&self) -> evidence::Evidence<'_> {
        let said = self.entity.as_ref().and_then(|entity| entity.body.as_deref());
        let (title, description) = (self.article.title.as_deref(), self.article.description.as_deref());
        evidence::Evidence::new(&self.layout, title, description, said)
    }

    fn page(mut self, settings: &Settings) -> Page {
        let is_gallery = kind::is_gallery(self.entity.as_ref());
        let body::Body { mut blocks, mut removed } =
            body::body(&self.layout, &self.evidence(), &self.article, is_gallery);
        if let Some(declared) = declared::blocks(&self, &blocks, settings) {
            removed.extend(blocks.into_iter().map(declared::replaced));
            removed.sort_by_key(|removal| removal.line);
            blocks = declared;
            self.article.provenance.insert("text".into(), "json_ld".into());
        }
        self.article.flags = kind::flags(&self, &blocks);
        let Self { head, entity, mut article, document, .. } = self;
        let text: String = blocks.iter().take(8).map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n");
        fields::set_language(&mut article, document, &head, entity.as_ref(), &text);
        Page { article, blocks, removed }
    }
}

/// The blocks of a page with their features, for training the model; no features for a block that is never judged.
#[doc(hidden)]
pub fn training_rows(document: &Document) -> Vec<(String, Option<Vec<f32>>)> {
    let reading = Reading::of(document, &document.content, &Settings::default());
    let evidence = reading.evidence();
    let mut row = Vec::new();
    let mut rows = Vec::new();
    for (i, run) in reading.layout.runs.iter().enumerate() {
        let is_judged = !evidence.is_hopeless(i);
        if is_judged {
            evidence.row(i, &mut row);
        }
        rows.push((run.text.clone(), is_judged.then(|| row.clone())));
    }
    rows
}

/// The names of the features of [`training_rows`].
#[doc(hidden)]
pub fn feature_names() -> Vec<String> {
    features::names()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;
    use crate::article::{Flag, Given, InputId, MediaType};

    pub(super) fn document(content: String) -> Document {
        Document {
            input: InputId::of(content.as_bytes()),
            path: "page.html".to_owned(),
            external_id: None,
            media_type: MediaType::Html,
            charset: "UTF-8".to_owned(),
            bytes: content.len() as u64,
            content,
            given: Given::default(),
            folder: None,
        }
    }

    pub(super) const STORY: &str = "<p>The island council voted on Tuesday to keep the small ferry running through the winter, after two hours of \
        debate.</p><p>Its captain said that he had not expected so clear a vote, and thanked the pupils who had written to the mayor.</p>";

    pub(super) fn text(content: String) -> String {
        page(&document(content)).blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn deep_nesting_costs_time_in_proportion_and_loses_no_text() {
        for open in ["<div>", "<b>", "<table><tr><td>", "<span class=a>", "<ul><li>", "<font size=1><i>"] {
            let start = Instant::now();
            let text = text(format!("{}{STORY}", open.repeat(10_000)));
            assert!(text.contains("keep the small ferry"), "{open}");
            // The promise is 100 ms optimized; unoptimized and beside other tests it is still far from quadratic.
            assert!(start.elapsed() < Duration::from_secs(10), "{open}: {:?}", start.elapsed());
        }
    }

    #[test]
    fn what_follows_a_deep_nest_is_read_as_usual() {
        let nest = format!("{}x{}", "<div>".repeat(2000), "</div>".repeat(2000));
        assert!(text(format!("{nest}<article><h1>Ferry kept</h1>{STORY}</article>")).contains("thanked the pupils"));
    }

    #[test]
    fn blocks_and_nodes_are_bounded() {
        let settings = Settings { max_blocks: 50, max_nodes: 500, ..Settings::default() };
        let page = page_with(&document(format!("<p>{}", "word <p>".repeat(10_000))), &settings);
        assert!(page.blocks.len() + page.removed.len() <= 51);
    }

    #[test]
    fn what_lies_past_a_bound_is_named_and_the_article_flagged() {
        let content = format!("<h1>Ferry kept</h1>{STORY}<p>Past the bound.<p>And more.");
        for (settings, bound) in [
            (Settings { max_nodes: 10, ..Settings::default() }, "10 nodes (`clean.html.max_nodes`)"),
            (Settings { max_blocks: 3, ..Settings::default() }, "3 blocks (`clean.html.max_blocks`)"),
        ] {
            let page = page_with(&document(content.clone()), &settings);
            let last = page.removed.last().expect("a removal");
            assert_eq!((last.rule.as_str(), last.line), ("html.bound", 4), "{last:?}");
            assert!(last.why.contains(bound) && last.text.starts_with("Past the bound."), "{last:?}");
            assert!(page.blocks.iter().all(|block| !block.text.contains("bound")));
            assert_eq!(page.article.flags.iter().copied().collect::<Vec<_>>(), [Flag::Truncated, Flag::Review]);
        }
        let whole = page(&document(content));
        assert!(whole.removed.iter().all(|removal| removal.rule != "html.bound") && whole.article.flags.is_empty());
    }

    #[test]
    fn hidden_text_is_kept_as_a_folded_paragraph_or_listed() {
        let hidden = "<span hidden>alpha</span><p>A <span aria-hidden=true>beta</span> word.</p>\
            <x-box style='display: none'><p>gamma</p></x-box><p hidden>delta</p>";
        let page = page(&document(format!("<h1>Ferry kept</h1>{STORY}{hidden}{STORY}")));
        let kept: String = page.blocks.iter().map(|block| block.text.as_str()).collect();
        let listed: String = page
            .removed
            .iter()
            .filter(|removal| removal.rule != "html.repeated")
            .map(|cut| cut.text.as_str())
            .collect();
        for word in ["alpha", "beta", "gamma"] {
            assert!(!kept.contains(word) && listed.contains(word), "{word}: {:?}", page.removed);
        }
        assert_eq!(kept.matches("delta").count() + listed.matches("delta").count(), 1);
        assert!(page.removed.windows(2).all(|pair| pair[0].line <= pair[1].line), "{:?}", page.removed);
    }

    #[test]
    fn formatting_that_is_never_closed_does_not_multiply() {
        let page: String = (0..3000).map(|n| format!("<b id={n}><p>x")).collect();
        let tree = parse::parse(&page, &Settings { max_nodes: 100_000, ..Settings::default() });
        assert!(tree.nodes.len() < 110_000, "{}", tree.nodes.len());
    }

    #[test]
    fn comments_are_cut_however_long_but_no_article_that_is_called_so() {
        let words = "I crossed with it twice a week for years, and my father did so before me, so I am glad it stays.";
        let thread = format!("<ol id=comments>{}</ol>", format!("<li><p>{words} Thank you all.</p></li>").repeat(12));
        let said = text(format!("<article><h1>Ferry kept</h1>{STORY}</article>{thread}"));
        assert!(said.contains("thanked the pupils") && !said.contains("my father"), "{said}");
        let wrapped = text(format!("<div class=comments><h1>Ferry kept</h1>{STORY}</div>"));
        assert!(wrapped.contains("thanked the pupils"), "{wrapped}");
        let wrapped = text(format!("<h1>Ferry kept</h1><div class=comments>{STORY}</div>"));
        assert!(wrapped.contains("thanked the pupils"), "{wrapped}");
    }

    #[test]
    fn a_day_shown_under_the_headline_goes_before_a_later_one_declared() {
        let dated = |line: &str| {
            let json =
                r#"<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2025-06-12"}</script>"#;
            page(&document(format!("{json}<article><h1>Ferry kept</h1>{line}{STORY}</article>"))).article.date_published
        };
        for (line, day) in [
            ("", "2025-06-12"),
            ("<p>By Ana Ruiz | March 3, 2024 | 5 min read", "2024-03-03"),
            ("<p>Updated August 14, 2025", "2025-06-12"),
            ("<p>August 14, 2025", "2025-06-12"),
            ("<p>Last updated: March 3, 2024", "2025-06-12"),
            ("<p>The old ferry sank on March 3, 2024.", "2025-06-12"),
            ("<h2>What happened on March 3, 2024</h2>", "2025-06-12"),
            ("<table><tr><td>March 3, 2024<td>12</table>", "2025-06-12"),
        ] {
            assert_eq!(dated(line).as_deref(), Some(day), "{line}");
        }
    }

    #[test]
    fn a_day_in_what_is_no_date_line_does_not_go_before_the_declared_one() {
        let json = r#"<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2025-06-12","author":{"name":"Tom Hale"}}</script>"#;
        let dated = |between: &str| {
            page(&document(format!("{json}<article><h1>Ferry kept</h1>{between}{STORY}</article>")))
                .article
                .date_published
        };
        for between in [
            "<figure><img src=a><figcaption>The ferry in the harbour on May 3, 2019 (Reuters)</figcaption></figure>",
            "<figure><img src=a><figcaption>May 3, 2019</figcaption></figure>",
            "<p class=dek>12 March 1932 – 4 March 2025</p>",
            "<ul><li>Born: 4 August 1961, Honolulu</li></ul>",
            "<ul><li>12 May 2014: the first ferry sails</li></ul>",
            "<blockquote>Kept! <p>— Harbour Office (@harbour) May 3, 2019</p></blockquote>",
            "<p class=standfirst>A look back at the storm of 3 March 2009</p>",
            "<p>Foto: dpa / Archiv, 12.05.2019</p>",
            "<ul class=related><li><a href=/x>Storm hits harbour</a> <span>May 3, 2019</span></li></ul>",
            "<ul class=related><li><a href=/x>Storm hits harbour</a><p>May 3, 2019</p></li></ul>",
            "<p>May 3, 2019 | June 12, 2025</p>",
            "<ul><li><a href=/x>Storm hits the harbour</a><p class=date>May 3, 2019</p></li></ul>",
        ] {
            assert_eq!(dated(between).as_deref(), Some("2025-06-12"), "{between}");
        }
        assert_eq!(dated(&format!("{STORY}<p>May 3, 2019</p>")).as_deref(), Some("2025-06-12"));
        let dek = "<p>The small ferry stays, and the pupils who asked for it are glad.</p>".repeat(2);
        for line in [
            "<p>Tom Hale | May 3, 2019",
            "<p>By Ana Ruiz, May 3, 2019",
            "<p>Published May 3, 2019 – Updated June 12, 2025",
            "<ul><li><span class=post-date>On May 3, 2019</span><li>in <a href=/news>News</a></ul>",
            &format!("{dek}<p>May 3, 2019"),
        ] {
            assert_eq!(dated(line).as_deref(), Some("2019-05-03"), "{line}");
        }
    }

    #[test]
    fn a_page_is_brought_into_the_normal_form_of_text() {
        let raw = "The is\u{ad}land cafe\u{301} \u{200b} served the pupils’ lunch\u{200b} on Tuesday, and its cook می\u{200c}خواهم was glad.";
        let meta = "<meta name=author content='Ana\u{200b} Ru\u{ad}iz'><title>Ca\u{ad}fe\u{301} kept</title>";
        let found = page(&document(format!(
            "{meta}<h1>Ca&shy;fe\u{301} kept</h1><p>{raw}</p>{STORY}<pre>one\u{ad}\n  e\u{301}</pre>{STORY}"
        )));
        let said = found.blocks.iter().map(|block| block.text.as_str()).collect::<Vec<_>>();
        assert_eq!(said[0], crate::clean::normalize::line(raw));
        assert!(said.contains(&"one\n  é"), "{said:?}");
        assert_eq!(found.article.title.as_deref(), Some("Café kept"));
        assert_eq!(found.article.authors, ["Ana Ruiz"]);
    }

    #[test]
    fn links_stand_apart_but_for_one_that_is_cut_in_two() {
        for (links, shown) in [
            ("<a href=https://a.example/jo>Jo</a><a href=https://a.example/jo>hn Hale</a>", "John Hale"),
            ("<a href=/a>Anna</a><a href=/b>Bert</a>", "Anna Bert"),
            ("<a href=/a>the party</a><a href=/b>.</a>", "the party."),
            ("<a href=#>anna</a><a href=#>bert</a>", "anna bert"),
            ("<a>anna</a><a>bert</a>", "anna bert"),
            ("<a href=/a>Anna</a> <a href=/a>bert</a>", "Anna bert"),
        ] {
            let said = text(format!(
                "<h1>Ferry kept</h1>{STORY}<p>So said in the long debate of the council {links}</p>{STORY}"
            ));
            assert!(said.contains(&format!("council {shown}")), "{links}: {said}");
        }
    }

    #[test]
    fn the_sites_name_in_the_heading_is_neither_in_the_title_nor_in_the_text() {
        let site = "<meta property=og:site_name content='Island News'>";
        let found = page(&document(format!("{site}<h1>Council keeps ferry | Island News</h1>{STORY}")));
        assert_eq!(found.article.title.as_deref(), Some("Council keeps ferry"));
        assert!(found.blocks.iter().all(|block| !block.text.contains("Island News")), "{:?}", found.blocks);
    }

    #[test]
    fn preformatted_text_keeps_its_lines_and_one_blank_line_of_several() {
        let said = text(format!("<h1>Ferry kept</h1>{STORY}<pre>  One fare\n  two fares\n\n \n\n  three</pre>{STORY}"));
        assert!(said.contains("One fare\n  two fares\n\n  three"), "{said}");
    }

    #[test]
    fn the_same_text_twice_on_a_page_is_emitted_once() {
        let twice = text(format!("<h1>Ferry kept</h1><div class=mobile>{STORY}</div><div class=desktop>{STORY}</div>"));
        assert_eq!(twice.matches("keep the small ferry").count(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_markup_makes_it_panic(parts in prop::collection::vec("(<(p|div|table|tr|td|b|a href=x|script|h1|li|svg|template|/p|/div|/table|/b|/a|!--)( class=\"(ad|x)\"| hidden)?>|[a-z &;<\"]{0,12}|<script type=\"application/ld\\+json\">)", 0..60)) {
            let _ = page(&document(parts.concat()));
        }

        #[test]
        fn blocks_are_in_order_and_never_empty(parts in prop::collection::vec("<(p|div|li|h2|blockquote)>[A-Z][a-z]{1,8}( [a-z]{1,9}){0,30}\\.", 0..20)) {
            let page = page(&document(parts.concat()));
            prop_assert!(page.blocks.windows(2).all(|pair| pair[0].line < pair[1].line));
            prop_assert!(page.blocks.iter().all(|block| !block.text.trim().is_empty()));
        }
    }
}
