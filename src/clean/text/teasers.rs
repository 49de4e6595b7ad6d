//! Teasers, menu items and comments without a label: cut by their form, place and neighbours, never by a phrase.
//!
//! Which of them are noise the line model says; this file decides how sure it must be, and words the reason.

use super::core::Core;
use super::features::{self, Features};
use super::model::Model;
use crate::article::Class;
use crate::clean::line::Line;
use crate::clean::rules::{Place, Rules};
use crate::clean::{Doubt, LONG_WORDS, Level};

/// How sure the model must be, by place and length. Chosen on pages that it was not trained on; see
/// `docs/text-cleaning.md`.
struct Bars {
    /// For lines before and after the core.
    outside: f32,
    /// For lines between its paragraphs.
    inside: f32,
    /// For lines of less than [`SHORT_WORDS`] there: little to gain, and headings look like menu items.
    tiny: f32,
    /// For lines of [`LONG_WORDS`] and more under a heading of comments, wherever they stand.
    comment: f32,
    /// For other lines of that length outside the core.
    long: f32,
    /// For other lines of that length inside it.
    long_inside: f32,
}

const SAFE: Bars = Bars { outside: 0.93, inside: 0.95, tiny: 0.97, comment: 0.95, long: NEVER, long_inside: NEVER };
const EAGER: Bars = Bars { outside: 0.83, inside: 0.83, tiny: 0.88, comment: 0.83, long: 0.75, long_inside: 0.83 };
/// No score reaches this bar.
const NEVER: f32 = 2.0;
const SHORT_WORDS: u32 = 4;

/// A line that scores less is none to doubt, whatever stands around it.
const DOUBTFUL: f32 = 0.4;

/// Cuts the lines of which the model is sure enough; returns those that it doubts, in order.
pub fn cut(
    lines: &mut [Line],
    core: &Core,
    rules: &Rules,
    model: &Model,
    title: Option<&str>,
    level: Level,
) -> Vec<Doubt> {
    let bars = match level {
        Level::Safe => &SAFE,
        Level::Eager => &EAGER,
    };
    let long = |place: Place| if place == Place::Inside { bars.long_inside } else { bars.long };
    let comments_from = lines.iter().position(|line| may_open_comments(line, rules)).unwrap_or(lines.len());
    // The lowest bar that may hold for a line, before its features say whether it stands among comments.
    let bar = |at: usize| {
        let line = &lines[at];
        let place = core.place(at);
        match line.words {
            _ if !line.is_kept() || line.key.is_empty() || line.spared => NEVER,
            // Numbers between paragraphs are the cells of a table, or points of a list.
            _ if place == Place::Inside && !line.block.text.contains(char::is_alphabetic) => NEVER,
            words if words < LONG_WORDS && place != Place::Inside => bars.outside,
            ..SHORT_WORDS => bars.tiny,
            SHORT_WORDS..LONG_WORDS => bars.inside,
            _ if at > comments_from => bars.comment.min(long(place)),
            _ => long(place),
        }
    };
    let mut doubts = Vec::new();
    let judge = |(at, features): (usize, Features)| {
        let line = &lines[at];
        let place = core.place(at);
        let in_comments = features::get(&features, "section_class") >= features::COMMENTS;
        let bar = match line.words < LONG_WORDS {
            true => bar(at),
            false if in_comments => bars.comment,
            false => long(place),
        };
        let score = if bar < NEVER { model.score(&features) } else { 0.0 };
        if score < bar {
            if score >= DOUBTFUL && bar < NEVER && !(place == Place::Inside && line.terminated) {
                doubts.push(Doubt { line: line.block.line, wants: wants(score, bar) });
            }
            return None;
        }
        let why = reason(line, &features, place, score);
        let matched = line.matches.iter().map(|&rule| rules.rule(rule)).find(|rule| rule.cuts(place, level));
        Some(match matched {
            Some(rule) => (at, rule.class, rule.id.clone(), format!("{}; {why}", rule.why)),
            None if in_comments => (at, Class::CommentThread, "comments.unlabelled".to_owned(), why),
            None => (at, Class::Teaser, rule(place).to_owned(), why),
        })
    };
    let found: Vec<_> =
        features::of(lines, core, rules, title, |at| bar(at) < NEVER).into_iter().filter_map(judge).collect();
    for (at, class, rule, why) in found {
        lines[at].cut(class, rule, why);
    }
    doubts
}

/// The evidence that lifts a score to its bar, see [`Doubt::wants`].
fn wants(score: f32, bar: f32) -> u16 {
    let odds = |share: f32| (share / (1.0 - share)).ln();
    (100.0 * (odds(bar) - odds(score))).ceil() as u16
}

/// Whether what follows the line may be comments, as [`features::COMMENTS`] has it.
fn may_open_comments(line: &Line, rules: &Rules) -> bool {
    let is_comments = |class: Class| matches!(class, Class::CommentThread | Class::CommentForm);
    line.matches.iter().map(|&at| rules.rule(at)).any(|rule| rule.section && is_comments(rule.class))
}

fn rule(place: Place) -> &'static str {
    match place {
        Place::Before => "teaser.before",
        Place::Inside => "teaser.inside",
        Place::After => "teaser.after",
    }
}

/// The features that speak against a line, as an editor would name them.
fn reason(line: &Line, features: &Features, place: Place, score: f32) -> String {
    let get = |name: &str| features::get(features, name);
    let mut points = vec![match place {
        Place::Before => "stands before the first paragraph".to_owned(),
        Place::Inside => "stands between paragraphs".to_owned(),
        Place::After => format!("stands {} lines after the last paragraph", get("from_last_prose")),
    }];
    if !line.terminated && line.words < LONG_WORDS {
        points.push("is no sentence".to_owned());
    }
    if get("cut_near") > 0.3 {
        points.push("its neighbours are noise".to_owned());
    }
    if get("short_run") >= 4.0 {
        points.push(format!("one of {} short lines in a row", get("short_run")));
    }
    if (0.0..0.3).contains(&get("words_known")) {
        points.push("shares few words with the article".to_owned());
    }
    if get("section_class") >= features::COMMENTS {
        points.push("under a heading of comments".to_owned());
    }
    if get("said_before") > 0.0 {
        points.push("said before".to_owned());
    }
    format!("{} (score {score:.2})", points.join(", "))
}
