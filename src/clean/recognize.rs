//! The site pass: cuts the lines of a draft that its publication is known for.
//!
//! Apart from `site.rs`, which remembers: here is decided what a known line may do to an article.

use super::line::Line;
use super::site::{self, SiteMemory};
use super::{Doubt, Draft, LONG_WORDS, Level, MAX_PROSE_CUT, Page};
use crate::article::{Class, Flag, Removal};

/// Before and after the article's own paragraphs one other article is proof: of 1,000 such lines in pages of one site, all
/// but a handful were noise.
const NEEDED_OUTSIDE: u32 = 1;
/// Between them, what may be the writer's must have been seen in so many: a long paragraph may be the standing background
/// to a story, a line of few words a heading that all reviews of a site have ("Pros", "Price"), unless the line model
/// doubts it. The heading must stand in half of the site's articles as well.
const NEEDED_INSIDE: u32 = 8;
/// From this many words a known line counts as such a paragraph.
const INNER_PROSE_WORDS: u32 = 12;
/// With fewer words than these it counts as such a heading.
const HEADING_WORDS: u32 = 4;
/// A text of which more of the prose than this share was seen before may be a copy of the article that showed it.
const MAX_PROSE_SEEN: f64 = 0.25;
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

/// Cuts known lines; the article is never cut below the share that [`MAX_PROSE_CUT`] leaves, so that something is left of it.
pub fn cut_known(draft: Draft, memory: &SiteMemory, level: Level) -> Page {
    let Draft { mut page, publication, title_line, doubts, article, .. } = draft;
    let Some(publication) = publication.filter(|name| memory.knows(name)) else { return page };
    let others = |key: &str| site::of_key(key).map_or(0, |line| memory.others(&publication, line, article));
    let mut lines: Vec<Line> = std::mem::take(&mut page.blocks).into_iter().map(Line::new).collect();
    let seen: Vec<u32> = lines.iter().map(|line| others(&line.key)).collect();
    // The one other article may be this one.
    let least = if may_be_copy(&lines, &seen) { 2 } else { 1 };
    let others = |key: &str| Some(others(key)).filter(|count| *count >= least).unwrap_or(0);
    let counts: Vec<u32> = seen.into_iter().map(|count| if count >= least { count } else { 0 }).collect();
    let needed = level.needed_articles();

    let own_prose = |at: &usize| lines[*at].is_prose() && counts[*at] < needed;
    let first = (0..lines.len()).find(own_prose);
    let last = (0..lines.len()).rfind(own_prose);
    let is_doubted = |line: &Line| doubts.binary_search_by_key(&line.block.line, |doubt| doubt.line).is_ok();
    let needed_at = |at: usize, line: &Line| match first.zip(last) {
        Some((first, last)) if !(first..=last).contains(&at) && line.words < LONG_WORDS => NEEDED_OUTSIDE,
        Some((first, last)) if at > first && at < last => match line.words {
            ..HEADING_WORDS if !is_doubted(line) => NEEDED_INSIDE.max(memory.articles(&publication) / 2),
            ..INNER_PROSE_WORDS => needed,
            _ => NEEDED_INSIDE,
        },
        _ => needed,
    };
    for (at, line) in lines.iter_mut().enumerate() {
        if counts[at] > 0 && counts[at] >= needed_at(at, line) {
            cut(line, &publication, counts[at]);
        }
    }
    cut_doubtful(&mut lines, &counts, &doubts, &page.removed, &publication, |key| others(key) >= needed);
    let prose = |kept: bool| {
        let of = lines.iter().filter(|line| line.is_prose() && line.is_kept() == kept);
        of.map(|line| f64::from(line.words)).sum::<f64>()
    };
    if prose(false) > MAX_PROSE_CUT * (prose(false) + prose(true)) || lines.iter().all(|line| !line.is_kept()) {
        page.article.flags.insert(Flag::Review);
        page.blocks = lines.into_iter().map(|line| line.block).collect();
        return page;
    }
    if let Some(title_line) = title_line {
        retitle(&mut page, title_line, &mut lines, &publication, others, needed);
    }
    let mut found: Vec<Removal> = lines.iter().filter_map(Line::removal).collect();
    page.removed.append(&mut found);
    page.removed.sort_by_key(|removal| removal.line);
    page.blocks = lines.into_iter().filter(Line::is_kept).map(|line| line.block).collect();
    page
}

/// Whether a text may be that of an article that the memory knows, in another state or from another scraper.
fn may_be_copy(lines: &[Line], counts: &[u32]) -> bool {
    let (mut seen, mut all) = (0.0, 0.0);
    for (line, count) in lines.iter().zip(counts).filter(|(line, _)| line.is_prose()) {
        all += f64::from(line.words);
        seen += if *count > 0 { f64::from(line.words) } else { 0.0 };
    }
    seen > MAX_PROSE_SEEN * all
}

fn cut(line: &mut Line, publication: &str, others: u32) {
    let why = format!("seen in {} of {publication}", other_articles(others));
    line.cut(Class::SiteBoilerplate, format!("site:{publication}"), why);
}

fn other_articles(count: u32) -> String {
    format!("{count} other {}", if count == 1 { "article" } else { "articles" })
}

/// Cuts doubtful lines among known ones: what stands in a site's menu is menu, even where its words are new.
///
/// Lines count as known that are cut now, or were when the article was finished before; a line cut here is none of them,
/// until it has been seen as often as the others.
fn cut_doubtful(
    lines: &mut [Line],
    counts: &[u32],
    doubts: &[Doubt],
    removed: &[Removal],
    publication: &str,
    is_known: impl Fn(&str) -> bool,
) {
    if doubts.is_empty() {
        return;
    }
    let kept = lines.iter().map(|line| (line.block.line, !line.is_kept()));
    let was_known = |removal: &Removal| {
        removal.rule.starts_with("site:")
            && (removal.class == Class::SiteBoilerplate || is_known(&super::normalize::key(&removal.text)))
    };
    let gone = removed.iter().map(|removal| (removal.line, was_known(removal)));
    let mut text: Vec<(u32, bool)> = kept.chain(gone).collect();
    text.sort_unstable_by_key(|(line, _)| *line);
    text.dedup_by(|piece, line| {
        let same = piece.0 == line.0;
        line.1 |= same && piece.1;
        same
    });
    for doubt in doubts {
        let found = lines.binary_search_by_key(&doubt.line, |line| line.block.line);
        let (Ok(at), Ok(place)) = (found, text.binary_search_by_key(&doubt.line, |(line, _)| *line)) else {
            continue;
        };
        let near = &text[place.saturating_sub(NEAR)..text.len().min(place + NEAR + 1)];
        let known = near.iter().filter(|(_, known)| *known).count();
        let returns = usize::from(counts[at] > 0);
        if known.min(MAX_NEIGHBOURS) * BY_NEIGHBOUR + returns * BY_RETURN >= usize::from(doubt.wants) {
            let mut why = "looks like none of the article's".to_owned();
            if known > 0 {
                why += &format!(", {known} lines near it were seen in other articles of {publication}");
            }
            if returns > 0 {
                why += &format!(", was seen in {} of {publication}", other_articles(counts[at]));
            }
            lines[at].cut(Class::Teaser, format!("site:{publication}"), why);
        }
    }
}

/// A headline that other articles of the site carry too is the site's name or a section's: the next line takes its place,
/// if it can be a headline.
fn retitle(
    page: &mut Page,
    title_line: u32,
    lines: &mut Vec<Line>,
    publication: &str,
    others: impl Fn(&str) -> u32,
    needed: u32,
) {
    let Some(title) = &page.article.title else { return };
    let key = super::normalize::key(title);
    let count = others(&key);
    if count < needed {
        return;
    }
    let text = title.clone();
    let next = lines.iter().position(Line::is_kept).filter(|&at| {
        let line = &lines[at];
        // A headline needs something under it.
        !line.is_prose() && line.words >= MIN_TITLE_WORDS && lines[at + 1..].iter().any(Line::is_kept)
    });
    match next {
        Some(at) => page.article.title = Some(lines.remove(at).block.text),
        // A column that has the same headline every day.
        None if super::normalize::words(&key) >= MIN_TITLE_WORDS => return,
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
            why: format!("seen in {} of {publication}", other_articles(count)),
            line: title_line,
            text,
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::article::{Article, Block, BlockKind};
    use crate::clean::site::fingerprint;

    const SITE: &str = "harbour";
    const ABOVE: &str = "The ferry sailed again on Monday after a winter in the dock, its captain said on the quay.";
    const BELOW: &str = "The new engine makes nine knots against the tide, and the old one is for sale, she said.";

    /// A draft of these lines, some of which want so much evidence to go.
    fn draft(lines: &[&str], doubts: &[(u32, u16)]) -> Draft {
        let block = |(line, text): (u32, &&str)| Block { line, kind: BlockKind::Paragraph, text: (*text).to_owned() };
        Draft {
            page: Page { blocks: (1..).zip(lines).map(block).collect(), ..Page::default() },
            publication: Some(SITE.to_owned()),
            doubts: doubts.iter().map(|&(line, wants)| Doubt { line, wants }).collect(),
            ..Draft::default()
        }
    }

    /// A memory in which each of these lines was seen in so many articles.
    fn memory(lines: &[(&str, u64)]) -> SiteMemory {
        let mut memory = SiteMemory::default();
        for (line, articles) in lines {
            let line = fingerprint(line).expect("it has a letter");
            (0..*articles).for_each(|article| drop(memory.learn(SITE, article, &[line])));
        }
        memory
    }

    fn cut_of(draft: Draft, memory: &SiteMemory) -> Vec<String> {
        cut_known(draft, memory, Level::Safe).removed.into_iter().map(|removal| removal.text).collect()
    }

    #[test]
    fn a_doubted_line_goes_when_the_evidence_is_as_much_as_it_wants() {
        let doubted = "Mayor Opens the New Market";
        let lines = [ABOVE, "Tea on every second Thursday", doubted, BELOW];
        for (known, wants, goes) in [
            (vec![("Tea on every second Thursday", 2)], 50, true),
            (vec![("Tea on every second Thursday", 2)], 51, false),
            (vec![(doubted, 1)], 150, true),
            (vec![(doubted, 1)], 151, false),
            (vec![(doubted, 1), ("Tea on every second Thursday", 2)], 200, true),
        ] {
            let cut = cut_of(draft(&lines, &[(3, wants)]), &memory(&known));
            assert_eq!(cut.iter().any(|line| line == doubted), goes, "{known:?}, {wants}: {cut:?}");
        }
    }

    #[test]
    fn a_line_that_went_as_doubted_speaks_against_others_once_it_is_known() {
        let again = |seen: u64| {
            let mut draft = draft(&[ABOVE, "", "Mayor Opens the New Market", BELOW], &[(3, 50)]);
            draft.page.blocks.remove(1);
            let (class, rule, why) = (Class::Teaser, format!("site:{SITE}"), "doubted".to_owned());
            draft.page.removed.push(Removal { class, rule, why, line: 2, text: "Whales off the Pier".into() });
            cut_of(draft, &memory(&[("Whales off the Pier", seen)])).len()
        };
        assert_eq!((again(1), again(2)), (1, 2));
    }

    #[test]
    fn a_heading_within_the_article_is_the_writers_unless_the_model_doubts_it() {
        let (lines, known) = ([ABOVE, "Pros", BELOW], memory(&[("Pros", 3)]));
        assert!(cut_of(draft(&lines, &[]), &known).is_empty());
        assert_eq!(cut_of(draft(&lines, &[(2, 900)]), &known), ["Pros"]);
    }

    #[test]
    fn the_last_line_of_a_text_does_not_become_its_headline() {
        let mut draft = draft(&["Tea on every second Thursday"], &[]);
        let title = "The Harbour Post of the coast";
        draft.page.article = Article { title: Some(title.to_owned()), ..Article::default() };
        draft.title_line = Some(0);
        let page = cut_known(draft, &memory(&[(title, 2)]), Level::Safe);
        assert_eq!((page.blocks.len(), page.article.title.as_deref()), (1, Some(title)));
    }
}
