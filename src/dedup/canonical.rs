//! The choice of the copy that is published for a cluster; it depends on the copies alone, not on their order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use super::merge::Member;
use crate::article::{Article, Flag};

/// Texts within this share of the longest are equally complete: the difference is a credit line, not a paragraph.
const AS_COMPLETE: f64 = 0.98;

/// The members from the best to the last, by position: those that are no article and superseded states of a URL last, then
/// the most complete text, the richest metadata, the earliest date, and the least input hash.
///
/// `shingles` is the number of distinct shingles of each member's text.
pub(crate) fn ranking(members: &[Member<'_>], shingles: &[usize]) -> Vec<usize> {
    let superseded = superseded(members);
    let longest = (0..members.len()).filter(|i| !superseded[*i]).map(|i| shingles[i]).max().unwrap_or(0);
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_cached_key(|&i| {
        let article = members[i].article;
        let shortfall =
            if shingles[i] as f64 >= AS_COMPLETE * longest as f64 { 0 } else { longest.abs_diff(shingles[i]) };
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

/// Whether a later state of the same URL is among the members.
fn superseded(members: &[Member<'_>]) -> Vec<bool> {
    let mut latest: BTreeMap<&str, usize> = BTreeMap::new();
    for (i, member) in members.iter().enumerate() {
        let Some(url) = member.url() else { continue };
        let best = latest.entry(url).or_insert(i);
        if state(member) > state(&members[*best]) {
            *best = i;
        }
    }
    members.iter().enumerate().map(|(i, m)| m.url().is_some_and(|url| latest[url] != i)).collect()
}

/// When a member shows its URL: modified, else fetched, else arrived.
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

/// An RFC 3339 date-time, or the beginning of a plain date in UTC; `None` for anything else.
fn instant(date: &str) -> Option<Timestamp> {
    date.parse().ok().or_else(|| {
        let midnight = DateTime::from(date.parse::<Date>().ok()?);
        midnight.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
