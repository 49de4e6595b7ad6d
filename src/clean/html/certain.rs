//! What is certain of a block whatever the model says of it: rules over the fates of all blocks of a page.

use super::body::Fate;
use super::date_line;
use super::evidence::Evidence;
use super::kind;
use super::layout::{Layout, Run, within, word_count};
use super::title;
use crate::article::{Article, BlockKind, Class};
use crate::clean::metadata;

/// Words of a line that may be a date line or byline with all its names.
const MAX_LINE_WORDS: u32 = 20;
/// Bytes of a label before a link, and words of what it points to.
const MAX_LABEL_BYTES: usize = 48;
const MIN_LINK_WORDS: u32 = 3;
/// Words of a caption that says something.
const CAPTION_WORDS: u32 = 4;

/// Cuts the kept blocks that are noise beyond doubt.
pub(super) fn cut(layout: &Layout, evidence: &Evidence<'_>, article: &Article, fates: &mut [Fate]) {
    head_lines(layout, evidence, article, fates);
    let wall = kind::paywall(layout, |i| fates[i] == Fate::Kept).unwrap_or(usize::MAX);
    for (i, (run, fate)) in layout.runs.iter().zip(fates.iter_mut()).enumerate() {
        if *fate != Fate::Kept {
            continue;
        }
        if i >= wall {
            *fate = Fate::Certain(Class::Paywall);
        } else if is_pointer(run) {
            *fate = Fate::Certain(Class::AlsoRead);
        } else if layout.kind(run) == BlockKind::Preformatted && is_line_numbers(&run.text) {
            *fate = Fate::Outside;
        }
    }
}

/// Cuts the date lines and bylines between the headline and the first paragraph.
fn head_lines(layout: &Layout, evidence: &Evidence<'_>, article: &Article, fates: &mut [Fate]) {
    let Some(headline) = evidence.headline else { return };
    let names = article.authors.iter().chain(&article.site_name).map(String::as_str);
    let names = title::words(&names.collect::<Vec<_>>().join(" "));
    let is_name = |word: &str| names.split(' ').any(|name| name == word);
    let visible = |line: &str| metadata::visible_date(line, None);
    let is_author = |line: &str| {
        let line = format!(" {} ", title::words(line));
        article.authors.iter().any(|author| line.contains(&format!(" {} ", title::words(author))))
    };
    for (i, run) in layout.runs.iter().enumerate().skip(headline + 1) {
        if evidence.looks[i].prose && fates[i] == Fate::Kept {
            return;
        }
        let is_line = run.words <= MAX_LINE_WORDS && !matches!(layout.kind(run), BlockKind::Heading(_));
        if fates[i] != Fate::Kept || !is_line {
            continue;
        }
        let of_line = |line: &str| {
            let class = if visible(line).is_some() {
                Class::Timestamp
            } else if is_author(line) {
                Class::Byline
            } else {
                return None;
            };
            date_line::is_bare(line, &visible, &is_name).then_some(class)
        };
        let classes: Option<Vec<Class>> = run.text.lines().map(of_line).collect();
        if let Some(class) = classes.and_then(|classes| classes.into_iter().next()) {
            fates[i] = Fate::Certain(class);
        }
    }
}

/// Whether a block is a label and a link to another article: "Read more: Storm closes schools".
fn is_pointer(run: &Run) -> bool {
    if run.links == 0 || run.link_letters == 0 || run.words > MAX_LINE_WORDS {
        return false;
    }
    let Some((label, link)) = labelled(&run.text) else { return false };
    let letters = link.chars().filter(|c| c.is_alphanumeric()).count() as u32;
    letters == run.link_letters && word_count(link) >= MIN_LINK_WORDS && points_on(label)
}

/// A line's label and what follows it.
fn labelled(text: &str) -> Option<(&str, &str)> {
    const BRACKETS: [(char, char); 3] = [('【', '】'), ('［', '］'), ('[', ']')];
    let first = text.chars().next()?;
    let end = match BRACKETS.iter().find(|(open, _)| *open == first) {
        Some((_, close)) => text.find(*close)?,
        // Korean sites write no sign behind the label.
        None if text.starts_with("관련기사 ") => text.find(' ')?,
        None => text.find([':', '：', '|'])?,
    };
    let (label, link) = text.split_at(end);
    (label.len() <= MAX_LABEL_BYTES && !link.contains('\n')).then_some((label, link))
}

/// Whether a label's words point to something else to read or watch: "Read more", and not "Where to watch".
fn points_on(label: &str) -> bool {
    const FIRST: &str = "
        read watch also related lesen auch lire aussi leer lea lee leggi anche leia lees ook läs les læs czytaj читайте также";
    const PARTS: [&str; 9] =
        ["関連記事", "関連ニュース", "あわせて読", "相关", "相關", "延伸阅读", "延伸閱讀", "관련기사", "推荐阅读"];
    let words = title::words(label);
    let first = words.split(' ').next().unwrap_or_default();
    title::count(&words) <= 4 && FIRST.split_ascii_whitespace().any(|known| known == first)
        || PARTS.iter().any(|part| label.contains(part))
}

/// Whether lines are nothing but their own numbers, as beside a listing of code.
fn is_line_numbers(text: &str) -> bool {
    let mut numbers = text.split_ascii_whitespace().map(|line| line.parse::<u32>().ok());
    let Some(Some(first)) = numbers.next() else { return false };
    numbers.clone().next().is_some() && numbers.zip(first + 1..).all(|(number, expected)| number == Some(expected))
}

/// Keeps the captions of a gallery that has no other text.
pub(super) fn keep_captions(layout: &Layout, evidence: &Evidence<'_>, fates: &mut [Fate]) {
    let is_text =
        |(run, fate): (&Run, &Fate)| *fate == Fate::Kept && !matches!(layout.kind(run), BlockKind::Heading(_));
    if layout.runs.iter().zip(&*fates).any(is_text) {
        return;
    }
    for (i, run) in layout.runs.iter().enumerate() {
        let is_caption = layout.container(run).within & within::FIGCAPTION != 0 && run.words >= CAPTION_WORDS;
        if is_caption && fates[i] == Fate::Outside && !evidence.is_hopeless(i) && evidence.looks[i].copy_number == 0 {
            fates[i] = Fate::Kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{STORY, text};

    #[test]
    fn a_label_and_a_link_point_to_another_article() {
        let link = "<a href=/x>Storm closes schools across the north</a>";
        let kept =
            |line: &str| text(format!("<h1>Ferry kept</h1>{STORY}<p>{line}</p>{STORY}")).contains("Storm closes");
        for line in
            ["READ MORE: {}", "<b>Watch:</b> {}", "READ | {}", "Lesen Sie hier: {}", "【関連記事】{}", "관련기사 {}"]
        {
            assert!(!kept(&line.replace("{}", link)), "{line}");
        }
        for line in [
            "Where to watch: {}",
            "Read more: {} has the story.",
            "Read more: the paper's own list, {}",
            "As the harbour office said in its report: {}",
        ] {
            assert!(kept(&line.replace("{}", link)), "{line}");
        }
    }

    #[test]
    fn the_numbers_beside_a_listing_of_code_go() {
        let code = |gutter: &str| {
            text(format!(
                "<h1>Ferry kept</h1>{STORY}<pre>{gutter}</pre><pre>let fare = 2;\nlet seats = 40;</pre>{STORY}"
            ))
        };
        assert!(!code("1\n2\n3").contains("1\n2") && code("1\n2\n3").contains("let fare"));
        assert!(code("1\n2\n4").contains("1\n2\n4"));
    }

    #[test]
    fn a_date_line_and_a_byline_under_the_headline_are_no_text() {
        let page = |line: &str| {
            let author = "<meta name=author content='Ana Ruiz'>";
            text(format!("{author}<h1>Ferry kept</h1><p>{line}</p>{STORY}"))
        };
        for line in [
            "11 de marzo de 2025, 22:40 hs",
            "Publié le 11 mars 2025 à 22h40",
            "Stand: 11.03.2025 21:40 Uhr",
            "Ana Ruiz",
        ] {
            assert!(!page(line).contains(line), "{line}");
        }
        for line in ["Ana Ruiz meets the pupils", "The storm of 11 March 2025"] {
            assert!(page(line).contains(line), "{line}");
        }
        let below = text(format!("<h1>Ferry kept</h1>{STORY}<p>11 de marzo de 2025</p>{STORY}"));
        assert!(below.contains("11 de marzo"), "a line of the text: {below}");
    }

    #[test]
    fn a_box_for_subscribers_behind_the_text_goes() {
        let wall = "<div class=paywall><h2>Subscribe to read the full story</h2><p>Have an account? <a href=/in>Sign in</a></p>\
            <ul><li>Unlimited access to all articles</li><li>Cancel any time</li></ul></div>";
        let said = text(format!("<article><h1>Ferry kept</h1>{STORY}{wall}</article>"));
        assert!(!said.contains("Cancel any time") && said.contains("thanked the pupils"), "{said}");
        // The same name may stand on what subscribers read.
        let whole = text(format!(
            "<article><h1>Ferry kept</h1><p>The ferry stays.</p><div class=paywall>{STORY}</div></article>"
        ));
        assert!(whole.contains("thanked the pupils"), "{whole}");
    }

    #[test]
    fn a_gallery_without_other_text_is_its_captions() {
        let caption = |n: u32| {
            format!(
                "<figure><img src=a><figcaption>{n}/6 A ferry of the first series lies in the old harbour. Photo: Ana Ruiz</figcaption></figure>"
            )
        };
        let pictures: String = (1..7).map(caption).collect();
        let kind = |kind: &str| {
            let json =
                format!(r#"<script type="application/ld+json">{{"@type":"{kind}","headline":"Ferry kept"}}</script>"#);
            text(format!("{json}<h1>Ferry kept</h1>{pictures}"))
        };
        assert_eq!(kind("ImageGallery").matches("A ferry of").count(), 6);
        assert_eq!(kind("NewsArticle").matches("A ferry of").count(), 0);
    }
}
