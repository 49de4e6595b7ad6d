//! The site pass: cuts the lines of a draft that its publication is known for.
//!
//! Apart from `site.rs`, which remembers: here is decided what a known line may do to an article.

use super::line::Line;
use super::site::{self, SiteMemory};
use super::{Doubt, Draft, Level, MAX_PROSE_CUT, NoContent, Page};
use crate::article::{Class, Flag, Removal};

/// Between paragraphs of the article a long one may be the writer's standing background to a story: it must have been
/// seen in so many other articles, where a footer needs only the usual few.
const NEEDED_FOR_INNER_PROSE: u32 = 8;
/// From this many words a known line counts as such a paragraph.
const INNER_PROSE_WORDS: u32 = 12;
/// Headlines have at least so many words; fewer are a site's or a section's name.
const MIN_TITLE_WORDS: u32 = 4;

/// How far from a doubtful line known ones speak against it, in lines.
const NEAR: usize = 5;
/// More known lines than these say no more.
const MAX_NEIGHBOURS: usize = 6;
/// What each of them adds, in hundredths of the logarithm of the odds. Chosen on pages that the line model was not
/// trained on, with their noise taken for known by chance; see `docs/text-cleaning.md`.
const BY_NEIGHBOUR: usize = 50;
/// What it adds that the line itself was seen in another article, if in too few to be proven.
const BY_RETURN: usize = 150;

/// Cuts known lines; the article is never cut below the share that [`MAX_PROSE_CUT`] leaves.
pub fn cut_known(draft: Draft, memory: &SiteMemory, level: Level) -> Result<Page, NoContent> {
    let Draft { mut page, publication, title_line, doubts, article, .. } = draft;
    let Some(publication) = publication.filter(|name| memory.knows(name)) else { return Ok(page) };
    let others = |key: &str| site::of_key(key).map_or(0, |line| memory.others(&publication, line, article));
    let mut lines: Vec<Line> = std::mem::take(&mut page.blocks).into_iter().map(Line::new).collect();
    let counts: Vec<u32> = lines.iter().map(|line| others(&line.key)).collect();
    let needed = level.needed_articles();

    let own_prose = |at: &usize| lines[*at].is_prose() && counts[*at] < needed;
    let first = (0..lines.len()).find(own_prose);
    let last = (0..lines.len()).rfind(own_prose);
    for (at, line) in lines.iter_mut().enumerate() {
        let inner = first.is_some_and(|first| at > first) && last.is_some_and(|last| at < last);
        let needed = if inner && line.words >= INNER_PROSE_WORDS { NEEDED_FOR_INNER_PROSE } else { needed };
        if counts[at] >= needed {
            cut(line, &publication, counts[at]);
        }
    }
    cut_doubtful(&mut lines, &counts, &doubts, &page.removed, &publication);
    let prose = |kept: bool| {
        let of = lines.iter().filter(|line| line.is_prose() && line.is_kept() == kept);
        of.map(|line| f64::from(line.words)).sum::<f64>()
    };
    if prose(false) > MAX_PROSE_CUT * (prose(false) + prose(true)) || lines.iter().all(|line| !line.is_kept()) {
        page.article.flags.insert(Flag::Review);
        page.blocks = lines.into_iter().map(|line| line.block).collect();
        return Ok(page);
    }
    if let Some(title_line) = title_line {
        retitle(&mut page, title_line, &mut lines, &publication, others, needed);
    }
    let mut found: Vec<Removal> = lines.iter().filter_map(Line::removal).collect();
    page.removed.append(&mut found);
    page.removed.sort_by_key(|removal| removal.line);
    page.blocks = lines.into_iter().filter(Line::is_kept).map(|line| line.block).collect();
    if page.blocks.is_empty() { Err(NoContent { removed: page.removed }) } else { Ok(page) }
}

fn cut(line: &mut Line, publication: &str, others: u32) {
    let plural = if others == 1 { "article" } else { "articles" };
    line.cut(
        Class::SiteBoilerplate,
        format!("site:{publication}"),
        format!("seen in {others} other {plural} of {publication}"),
    );
}

/// Cuts doubtful lines among known ones: what stands in a site's menu is menu, even where its words are new.
///
/// Lines count as known that are cut now, or were when the article was finished before; a line cut here is none of them.
fn cut_doubtful(lines: &mut [Line], counts: &[u32], doubts: &[Doubt], removed: &[Removal], publication: &str) {
    if doubts.is_empty() {
        return;
    }
    let kept = lines.iter().map(|line| (line.block.line, !line.is_kept()));
    let was_known = |removal: &Removal| removal.class == Class::SiteBoilerplate && removal.rule.starts_with("site:");
    let gone = removed.iter().map(|removal| (removal.line, was_known(removal)));
    let mut text: Vec<(u32, bool)> = kept.chain(gone).collect();
    text.sort_unstable_by_key(|(line, _)| *line);
    text.dedup_by(|piece, line| {
        let same = piece.0 == line.0;
        line.1 |= same && piece.1;
        same
    });
    for doubt in doubts {
        let found = lines.iter().position(|line| line.block.line == doubt.line && line.is_kept());
        let (Some(at), Ok(place)) = (found, text.binary_search_by_key(&doubt.line, |(line, _)| *line)) else {
            continue;
        };
        let near = &text[place.saturating_sub(NEAR)..text.len().min(place + NEAR + 1)];
        let known = near.iter().filter(|(_, known)| *known).count();
        let returns = usize::from(counts[at] > 0);
        if known.min(MAX_NEIGHBOURS) * BY_NEIGHBOUR + returns * BY_RETURN >= usize::from(doubt.wants) {
            let itself = if returns > 0 { format!(", and {} itself", counts[at]) } else { String::new() };
            let why = format!(
                "looks like none of the article's; {known} lines near it were seen in other articles of {publication}{itself}"
            );
            lines[at].cut(Class::Teaser, format!("site:{publication}"), why);
        }
    }
}

/// A headline that other articles of the site carry too is the site's name or a section's: the next line takes its place.
fn retitle(
    page: &mut Page,
    title_line: u32,
    lines: &mut Vec<Line>,
    publication: &str,
    others: impl Fn(&str) -> u32,
    needed: u32,
) {
    let Some(title) = &page.article.title else { return };
    let count = others(&super::normalize::key(title));
    if count < needed {
        return;
    }
    let plural = if count == 1 { "article" } else { "articles" };
    let text = title.clone();
    let next = lines.iter().position(Line::is_kept).filter(|&at| {
        let line = &lines[at];
        !line.is_prose() && line.words >= MIN_TITLE_WORDS
    });
    match next {
        Some(at) => page.article.title = Some(lines.remove(at).block.text),
        None => {
            page.article.title = None;
            page.article.provenance.remove("title");
        }
    }
    page.removed.insert(
        0,
        Removal {
            class: Class::SiteBoilerplate,
            rule: format!("site:{publication}"),
            why: format!("seen in {count} other {plural} of {publication}"),
            line: title_line,
            text,
        },
    );
}
