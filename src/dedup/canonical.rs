//! The choice of the copy that is published for a cluster; it depends on the copies alone, not on their order.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::merge::Member;
use super::sketch::Sketch;
use super::verify::shared;
use crate::article::{Article, Flag, instant};

/// Texts within this share of the longest are equally complete: the difference is a credit line, not a paragraph.
const AS_COMPLETE: f64 = 0.98;
/// A later state of a URL may be a teaser or a fetch that broke off. It has less than this share of the earlier one's length,
/// and what it has in place of what is gone is less than a quarter of that: an editor who shortens an article rewrites it.
const CLEARLY_SHORTER: f64 = 0.8;
const REPLACED: usize = 4;

/// The members from the best to the last, by position: superseded states of a URL last, then those that are no article, then
/// by the most complete text, the richest metadata, the earliest date, and the least input hash.
///
/// `sketches` are those of the members' texts.
pub(crate) fn ranking(members: &[Member<'_>], sketches: &[Sketch]) -> Vec<usize> {
    let superseded = superseded(members, sketches);
    let longest = (0..members.len()).filter(|i| !superseded[*i]).map(|i| sketches[i].len()).max().unwrap_or(0);
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_cached_key(|&i| {
        let (article, shingles) = (members[i].article, sketches[i].len());
        let shortfall = if shingles as f64 >= AS_COMPLETE * longest as f64 { 0 } else { longest.abs_diff(shingles) };
        (
            superseded[i],
            article.flags.contains(&Flag::NotAnArticle),
            shortfall,
            std::cmp::Reverse(richness(article)),
            article.date_published.as_deref().and_then(instant).unwrap_or(Timestamp::MAX),
            members[i].input,
        )
    });
    order
}

/// Whether another state of the same URL stands for it: the latest one that is not less than the one that stood before.
fn superseded(members: &[Member<'_>], sketches: &[Sketch]) -> Vec<bool> {
    let mut in_order: Vec<usize> = (0..members.len()).filter(|i| members[*i].url().is_some()).collect();
    in_order.sort_by_cached_key(|&i| state(&members[i]));
    let mut standing: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for i in in_order {
        let stands = standing.entry(members[i].url()).or_insert(i);
        if !is_less((&members[i], &sketches[i]), (&members[*stands], &sketches[*stands])) {
            *stands = i;
        }
    }
    members.iter().enumerate().map(|(i, m)| standing.get(&m.url()).is_some_and(|stands| *stands != i)).collect()
}

/// Whether a later state of a URL is less of the article than an earlier one, and no new version of it.
fn is_less(later: (&Member<'_>, &Sketch), earlier: (&Member<'_>, &Sketch)) -> bool {
    let has_got = |flag| later.0.article.flags.contains(&flag) && !earlier.0.article.flags.contains(&flag);
    let (length, before) = (later.1.len(), earlier.1.len());
    if has_got(Flag::NotAnArticle) {
        return true;
    }
    if length <= before && [Flag::Truncated, Flag::Paywalled, Flag::Short].into_iter().any(has_got) {
        return true;
    }
    if length as f64 >= CLEARLY_SHORTER * before as f64 {
        return false;
    }
    let kept = shared(&later.1.shingles, &earlier.1.shingles);
    (length - kept) * REPLACED < before - kept
}

/// When a member shows its URL: modified, else fetched, else last arrived.
fn state<'a>(member: &Member<'a>) -> impl Ord + use<'a> {
    let modified = member.article.date_modified.as_deref().and_then(instant);
    let fetched = member.fetched_at.and_then(instant);
    (modified, fetched, member.doc, member.input)
}

/// How many fields of metadata an article fills.
fn richness(article: &Article) -> usize {
    let options = [
        &article.title,
        &article.description,
        &article.date_published,
        &article.date_modified,
        &article.url,
        &article.site,
        &article.site_name,
        &article.language,
        &article.section,
        &article.image,
    ];
    options.iter().filter(|field| field.is_some()).count()
        + usize::from(!article.authors.is_empty())
        + usize::from(!article.tags.is_empty())
}
