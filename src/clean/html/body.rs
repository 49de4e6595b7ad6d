//! Which blocks are the article's: begin, end, and what is cut between.

use super::layout::{Layout, within};
use crate::article::BlockKind;

/// For each run of a layout, whether it belongs to the article.
pub(super) fn kept(layout: &Layout) -> Vec<bool> {
    let n = layout.runs.len();
    let mut prose = vec![0u64; layout.containers.len()];
    for run in &layout.runs {
        let dense = run.link_letters * 3 > run.letters;
        if run.words >= 8 && !dense {
            let mut at = run.container;
            while at != super::tree::NONE {
                prose[at as usize] += u64::from(run.words);
                at = layout.containers[at as usize].parent;
            }
        }
    }
    let total = prose.first().copied().unwrap_or(0);
    // The innermost container that still holds most of the prose.
    let best = (0..layout.containers.len())
        .filter(|&i| prose[i] * 10 >= total * 6)
        .max_by_key(|&i| layout.containers[i].depth);
    let mut kept = vec![false; n];
    let Some(best) = best else { return kept };
    let container = &layout.containers[best];
    let bad = within::ASIDE
        | within::NAV
        | within::FOOTER
        | within::FORM
        | within::FIGCAPTION
        | within::BUTTON
        | within::HIDDEN;
    for i in container.first as usize..container.end as usize {
        let run = &layout.runs[i];
        let dense = run.link_letters * 2 > run.letters;
        let heading = matches!(layout.kind(run), BlockKind::Heading(_));
        let is_bad = layout.container(run).within & bad & !container.within != 0;
        kept[i] = !is_bad && !dense && (heading || run.words >= 6);
    }
    kept
}
