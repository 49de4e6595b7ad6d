//! Which blocks are the article's, and what each of the others is.
//!
//! The model's judgement decides; rules only add what is certain: nothing is emitted twice, and the headline has its own field.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::certain;
use super::evidence::Evidence;
use super::hints::{self, Hints};
use super::layout::{Layout, Past, Run, Unseen, within};
use super::model;
use super::tag::Tag;
use super::title;
use crate::article::{Article, Block, BlockKind, Class, Removal};
use crate::clean::line::ByHash;
use crate::clean::metadata;

/// Probabilities from which a block may be the article's; each page takes the one that promises it the best F1. In
/// cross-validation one fixed threshold is as good from .30 to .45, but leaves a seventh more of the boilerplate.
const THRESHOLDS: [f32; 5] = [0.3, 0.35, 0.4, 0.45, 0.5];
/// The same for blocks whose place or name all but rules them out. Shares that are the article's among the development
/// pages' blocks inside the main container: captions .08, labels, dialogs and footers .00; short blocks that the site itself
/// calls navigation .01, advertisement .05, comments .05, sign-up .06, caption .11; hidden ones .46 (folded answers).
const DOUBTFUL: f32 = 0.85;
const NAMED_AS_NOISE: f32 = 0.75;
const HIDDEN: f32 = 0.6;
/// Words from which a block's name says less than its prose.
const NAMED_WORDS: u32 = 25;
/// A block of so many words that stands on the page already is a second copy of the layout, not the writer's repetition.
const REPEATED_WORDS: u32 = 8;
/// Longest text of a removal inside the article, and of one that sums up what lies outside of it.
const MAX_INSIDE_BYTES: usize = 2000;
const MAX_OUTSIDE_BYTES: usize = 400;

/// What is made of a page's runs.
pub(super) struct Body {
    pub blocks: Vec<Block>,
    pub removed: Vec<Removal>,
}

/// The probability of each run.
pub(super) fn probabilities(layout: &Layout, evidence: &Evidence<'_>) -> Vec<f32> {
    let mut row = Vec::new();
    (0..layout.runs.len())
        .map(|i| {
            if evidence.is_hopeless(i) {
                return 0.0;
            }
            evidence.row(i, &mut row);
            model::probability(&row)
        })
        .collect()
}

/// Divides a page's runs into the article's blocks and removals.
///
/// Of a gallery of which nothing else is kept, the captions are the text.
pub(super) fn body(layout: &Layout, evidence: &Evidence<'_>, article: &Article, is_gallery: bool) -> Body {
    let p = probabilities(layout, evidence);
    let likely = threshold(layout, &p);
    let headline = article.title.as_deref().map(title::words).unwrap_or_default();
    let headline_words = super::layout::word_count(&headline);
    let mut seen: HashSet<u64, ByHash> = HashSet::default();
    let mut body = Body { blocks: Vec::new(), removed: Vec::new() };
    let mut fates: Vec<Fate> = layout
        .runs
        .iter()
        .enumerate()
        .map(|(i, run)| {
            let is_h1 = matches!(layout.container(run).tag, Tag::H(1));
            let is_headline = !headline.is_empty()
                && (p[i] > likely || is_h1)
                && run.words <= headline_words + 4
                && (title::words(&run.text) == headline || is_h1 && title::holds(&run.text, &headline));
            if is_headline {
                Fate::Headline
            } else if p[i] <= likely || p[i] <= doubt(layout, run) {
                Fate::Outside
            } else if run.words >= REPEATED_WORDS && !seen.insert(evidence.looks[i].hash) {
                Fate::Repeated
            } else {
                Fate::Kept
            }
        })
        .collect();
    certain::cut(layout, evidence, article, &mut fates);
    if is_gallery {
        certain::keep_captions(layout, evidence, &mut fates);
    }
    orphan_headings(layout, &mut fates);
    let first = fates.iter().position(|fate| *fate == Fate::Kept).unwrap_or(0);
    let last = fates.iter().rposition(|fate| *fate == Fate::Kept).unwrap_or(0);
    let mut unseen = layout.unseen.iter().peekable();
    for (i, (run, fate)) in layout.runs.iter().zip(&fates).enumerate() {
        let line = i as u32 + 1;
        while let Some(hidden) = unseen.next_if(|unseen| unseen.run as usize <= i) {
            body.removed.push(unseen_removal(hidden));
        }
        let class = match fate {
            Fate::Kept => {
                body.blocks.push(Block { line, kind: layout.kind(run), text: run.text.clone() });
                continue;
            }
            // The record has it in its own field.
            Fate::Headline if i <= first => continue,
            Fate::Headline => Class::DuplicateHeadline,
            Fate::Repeated => Class::DuplicateText,
            Fate::Outside => class(layout, run),
            Fate::Certain(class) => *class,
        };
        let inside = i > first && i < last;
        let (rule, why) = reason(class);
        // Far from the article a summary for each kind of noise is enough: the original has the rest.
        if !inside
            && let Some(known) = body.removed.last_mut()
            && known.rule == rule
            && i > 0
            && fates[i - 1] != Fate::Kept
        {
            append(&mut known.text, &run.text, MAX_OUTSIDE_BYTES);
            continue;
        }
        let mut text = String::new();
        append(&mut text, &run.text, if inside { MAX_INSIDE_BYTES } else { MAX_OUTSIDE_BYTES });
        body.removed.push(Removal { class, rule: rule.to_owned(), why: why.to_owned(), line, text });
    }
    body.removed.extend(unseen.map(unseen_removal));
    if let Some(Past { why, text }) = layout.past.clone().filter(|past| !past.text.is_empty()) {
        let line = layout.runs.len() as u32 + 1;
        body.removed.push(Removal { class: Class::OutsideContent, rule: "html.bound".to_owned(), why, line, text });
    }
    body
}

/// What the page holds and does not show.
fn unseen_removal(unseen: &Unseen) -> Removal {
    Removal {
        class: Class::OutsideContent,
        rule: "html.hidden".to_owned(),
        why: "is not shown on the page".to_owned(),
        line: unseen.run + 1,
        text: unseen.text.clone(),
    }
}

/// Cuts headings whose section was cut: nothing kept stands between them and the next heading or the end.
fn orphan_headings(layout: &Layout, fates: &mut [Fate]) {
    let is_heading = |i: usize| matches!(layout.kind(&layout.runs[i]), BlockKind::Heading(_));
    // What stands behind the run at hand, as far as the next kept one.
    let (mut next_is_text, mut cut_between) = (false, false);
    for i in (0..fates.len()).rev() {
        match fates[i] {
            Fate::Kept if is_heading(i) => {
                if !next_is_text && cut_between {
                    fates[i] = Fate::Outside;
                } else {
                    (next_is_text, cut_between) = (false, false);
                }
            }
            Fate::Kept => (next_is_text, cut_between) = (true, false),
            Fate::Headline => {}
            Fate::Repeated | Fate::Outside | Fate::Certain(_) => cut_between = true,
        }
    }
}

/// The threshold whose choice of blocks has the best F1 in words, as far as the probabilities tell.
fn threshold(layout: &Layout, p: &[f32]) -> f32 {
    // Words chosen at each threshold, and those of them that are expected to be the article's.
    let mut chosen = [(0.0, 0.0); THRESHOLDS.len()];
    let mut expected = 0.0;
    for (run, &p) in layout.runs.iter().zip(p) {
        let words = run.words as f32;
        expected += p * words;
        if p <= THRESHOLDS[0] {
            continue;
        }
        let doubt = doubt(layout, run);
        for (threshold, (all, right)) in THRESHOLDS.iter().zip(&mut chosen) {
            if p > doubt.max(*threshold) {
                *all += words;
                *right += p * words;
            }
        }
    }
    let f1 = |(all, right): (f32, f32)| if all > 0.0 { 2.0 * right / (all + expected) } else { 0.0 };
    let best = (1..THRESHOLDS.len()).fold(0, |best, at| if f1(chosen[at]) > f1(chosen[best]) { at } else { best });
    THRESHOLDS[best]
}

/// The probability that a run must reach whatever its page, by what its own elements say of it; 0 where they say nothing.
fn doubt(layout: &Layout, run: &Run) -> f32 {
    static NOISE_AROUND: LazyLock<Hints> = LazyLock::new(|| hints::bits(&["comments", "byline", "related"]));
    static RELATED: LazyLock<Hints> = LazyLock::new(|| hints::bit("related"));
    const DOUBT: u32 = within::FIGCAPTION | within::DIALOG;
    let container = layout.container(run);
    if container.within & DOUBT != 0 && container.within & within::ITEM_BODY == 0 {
        return DOUBTFUL;
    }
    let own = container.hints | run.inline_hints;
    if run.words < NAMED_WORDS && own & hints::SAYS_BODY == 0 && own & *hints::NOISE != 0 {
        return NAMED_AS_NOISE;
    }
    let parent =
        if container.parent == super::tree::NONE { 0 } else { layout.containers[container.parent as usize].hints };
    if run.words < NAMED_WORDS && (own | parent) & *NOISE_AROUND != 0 {
        return NAMED_AS_NOISE;
    }
    // A list of nothing but links below what the site calls related.
    if run.words < NAMED_WORDS && run.is_linked() && container.hints_above & *RELATED != 0 {
        return DOUBTFUL;
    }
    if container.within & within::HIDDEN != 0 { HIDDEN } else { 0.0 }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Kept,
    Headline,
    Repeated,
    Outside,
    /// Is noise of this class whatever the model says.
    Certain(Class),
}

/// Adds a line as far as the limit allows, whole characters only.
fn append(text: &mut String, line: &str, max_bytes: usize) {
    if text.len() >= max_bytes {
        return;
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(metadata::prefix(line, max_bytes.saturating_sub(text.len())));
}

/// The kind of noise that a run is, by the names and elements it stands in; the more telling first.
fn class(layout: &Layout, run: &Run) -> Class {
    let container = layout.container(run);
    let above = |steps: usize| {
        let mut at = run.container;
        let mut hints = layout.containers[at as usize].hints | run.inline_hints;
        for _ in 0..steps {
            let parent = layout.containers[at as usize].parent;
            if parent == super::tree::NONE {
                break;
            }
            at = parent;
            hints |= layout.containers[at as usize].hints;
        }
        hints
    };
    let near = above(3);
    let has = |kind: &str| near & hints::bit(kind) != 0;
    let within = |bits: u32| container.within & bits != 0;
    if within(within::FIGCAPTION) || within(within::FIGURE) {
        return Class::Caption;
    }
    for (kind, class) in [
        ("comments", Class::CommentThread),
        ("overlay", Class::Cookie),
        ("share", Class::Share),
        ("advertisement", Class::Advertisement),
        ("signup", Class::Newsletter),
        ("related", Class::AlsoRead),
        ("bio", Class::AuthorBio),
        ("byline", Class::Byline),
        ("caption", Class::Caption),
        ("tags", Class::Tags),
    ] {
        if has(kind) {
            return if class == Class::CommentThread && within(within::FORM) { Class::CommentForm } else { class };
        }
    }
    if within(within::NAV) || has("navigation") || has("contents") {
        return Class::Navigation;
    }
    if run.has_time && run.words <= 12 {
        return Class::Timestamp;
    }
    if within(within::FOOTER) || has("footer") {
        return Class::Copyright;
    }
    let linked = run.link_letters * 10 >= run.letters * 8;
    if linked {
        return if run.words >= 5 { Class::Teaser } else { Class::Navigation };
    }
    if matches!(layout.kind(run), BlockKind::Heading(_)) && within(within::ASIDE) {
        Class::Teaser
    } else {
        Class::OutsideContent
    }
}

/// The stable id and the reason of each class as it is given here.
fn reason(class: Class) -> (&'static str, &'static str) {
    match class {
        Class::DuplicateHeadline => ("html.headline", "repeats the headline"),
        Class::DuplicateText => ("html.repeated", "stands on the page already, word for word"),
        Class::Caption => ("html.caption", "a caption of a picture or player"),
        Class::CommentThread => ("html.comments", "stands among the readers' comments"),
        Class::CommentForm => ("html.comment_form", "belongs to the form for comments"),
        Class::Cookie => ("html.overlay", "lies over the page, as a notice or dialog"),
        Class::Share => ("html.share", "belongs to the buttons for sharing"),
        Class::Advertisement => ("html.advertisement", "stands in a place for advertisements"),
        Class::Newsletter => ("html.signup", "asks to sign up or to act"),
        Class::Paywall => ("html.paywall", "stands in the way of readers who have not paid"),
        Class::AlsoRead => ("html.related", "points to other articles"),
        Class::AuthorBio => ("html.bio", "is about the author"),
        Class::Byline => ("html.byline", "is the byline"),
        Class::Timestamp => ("html.time", "is a time or date line"),
        Class::Tags => ("html.tags", "lists tags or sections"),
        Class::Navigation => ("html.navigation", "leads to other pages"),
        Class::Copyright => ("html.footer", "belongs to the foot of the page"),
        Class::Teaser => ("html.teaser", "is a linked headline"),
        _ => ("html.outside", "stands outside the article's text"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{STORY, text};
    use super::*;

    #[test]
    fn a_caption_is_none_of_the_text_for_the_word_text_in_its_name() {
        let has_caption = |class: &str| {
            let caption = format!(
                "<div class='wp-caption aligncenter'><img src=x><p class={class}>The harbour. Photo: Ana Ruiz</p></div>"
            );
            text(format!("<article><h1>Ferry kept</h1>{STORY}{caption}{STORY}</article>")).contains("Ana Ruiz")
        };
        for class in ["wp-caption-text", "image-caption-content"] {
            assert!(!has_caption(class), "{class}");
        }
        assert!(has_caption("entry"));
    }

    #[test]
    fn a_removals_text_is_cut_between_characters() {
        let mut text = String::new();
        append(&mut text, "äöü", 3);
        assert_eq!(text, "ä");
        append(&mut text, "x", 3);
        assert_eq!(text, "ä\n");
    }
}
