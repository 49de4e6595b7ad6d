//! What is known of each block: its own text, its containers, its neighbours, and what the page says of itself.
//!
//! Names and values stand side by side, so that the model's file can speak of features by name.

use super::evidence::{Evidence, Sums, log, share};
use super::hints;
use super::layout::{Layout, Run, within};
use super::look::{CUE_KINDS, Look, cue_kinds};
use super::tag::Tag;
use super::tree::NONE;

impl Evidence<'_> {
    /// The features of one run, in the order of [`names`].
    pub fn row(&self, i: usize, out: &mut Vec<f32>) {
        out.clear();
        let run = &self.layout.runs[i];
        values(&self.view(i), out);
        let container = self.layout.container(run);
        let parent = self.up(run.container, 1);
        let grand = self.up(run.container, 2);
        let near = container.hints
            | self.layout.containers[parent as usize].hints
            | self.layout.containers[grand as usize].hints;
        let level = |bit: usize| {
            if near >> bit & 1 == 1 {
                2.0
            } else if container.hints_above >> bit & 1 == 1 {
                1.0
            } else {
                0.0
            }
        };
        out.extend((0..hints::count()).map(level));
        let own = run.inline_hints | container.hints;
        out.extend((0..hints::count()).map(|bit| flag(own >> bit & 1 == 1)));
        out.extend((0..within::COUNT).map(|bit| flag(container.within >> bit & 1 == 1)));
        out.extend(self.looks[i].cues.iter().map(|&hits| f32::from(hits)));
        // A heading speaks for what follows it: "Comments", "Related stories".
        match self.headings[i] {
            Some(at) => out.extend(self.looks[at as usize].cues.iter().map(|&hits| f32::from(hits))),
            None => out.extend([-1.0; CUE_KINDS]),
        }
    }

    fn view(&self, i: usize) -> View<'_> {
        let run = &self.layout.runs[i];
        let parent = self.up(run.container, 1);
        let grand = self.up(run.container, 2);
        let great = self.up(run.container, 3);
        let neighbour = |offset: isize| {
            let at = i as isize + offset;
            usize::try_from(at)
                .ok()
                .filter(|&at| at < self.layout.runs.len())
                .map(|at| (&self.layout.runs[at], &self.looks[at]))
        };
        let sum = |at: u32| self.sums[at as usize];
        // Where the way up from the block meets the way up from the densest container.
        let mut meet = self.top;
        let mut fall = 0;
        loop {
            let container = &self.layout.containers[meet as usize];
            if (container.first..container.end.max(container.first + 1)).contains(&(i as u32))
                || container.parent == NONE
            {
                break;
            }
            meet = container.parent;
            fall += 1;
        }
        let main = &self.layout.containers[self.main as usize];
        let (title_overlap, description_overlap, body_share) = self.said(run);
        View {
            evidence: self,
            i,
            run,
            look: &self.looks[i],
            tag: self.layout.container(run).tag,
            parent_tag: self.layout.containers[parent as usize].tag,
            own: sum(run.container),
            parent: sum(parent),
            grand: sum(grand),
            great: sum(great),
            signature: self.signatures.get(&self.layout.container(run).signature).copied().unwrap_or_default(),
            before: [neighbour(-1), neighbour(-2), neighbour(-3)],
            after: [neighbour(1), neighbour(2), neighbour(3)],
            branch: self.branch(run.container),
            heading: self.headings[i].map_or(-1.0, |at| ((i as u32 - at) as f32).min(50.0)),
            heading_level: self.headings[i].map_or(0.0, |at| match layout_tag(self.layout, at) {
                Tag::H(level) => f32::from(level),
                _ => 0.0,
            }),
            main_prose_left: share(
                self.prose_in(i as u32, main.end.max(i as u32)),
                self.sums.get(self.main as usize).map_or(0, |sums| sums.prose),
            ),
            fall,
            climb: self.layout.container(run).depth.saturating_sub(self.layout.containers[meet as usize].depth),
            in_main: (main.first..main.end).contains(&(i as u32)),
            title_overlap,
            description_overlap,
            body_share,
        }
    }
}

fn layout_tag(layout: &Layout, run: u32) -> Tag {
    layout.container(&layout.runs[run as usize]).tag
}

struct View<'e> {
    evidence: &'e Evidence<'e>,
    i: usize,
    run: &'e Run,
    look: &'e Look,
    tag: Tag,
    parent_tag: Tag,
    own: Sums,
    parent: Sums,
    grand: Sums,
    great: Sums,
    signature: Sums,
    before: [Option<(&'e Run, &'e Look)>; 3],
    after: [Option<(&'e Run, &'e Look)>; 3],
    branch: Option<(Sums, u32)>,
    heading: f32,
    heading_level: f32,
    main_prose_left: f32,
    fall: u32,
    climb: u16,
    in_main: bool,
    title_overlap: f32,
    description_overlap: f32,
    body_share: f32,
}

impl View<'_> {
    fn is(&self, tag: Tag) -> f32 {
        f32::from(u8::from(self.tag == tag))
    }

    fn since_headline(&self) -> f32 {
        self.evidence.headline.map_or(-200.0, |at| (self.i as f32 - at as f32).clamp(-100.0, 100.0))
    }

    fn words_since_headline(&self) -> f32 {
        let before = &self.evidence.words_before;
        self.evidence.headline.map_or(-1.0, |at| if self.i < at { -1.0 } else { log(before[self.i] - before[at]) })
    }
}

fn neighbour_words(at: Option<(&Run, &Look)>) -> f32 {
    at.map_or(-1.0, |(run, _)| log(run.words))
}

fn neighbour_links(at: Option<(&Run, &Look)>) -> f32 {
    at.map_or(-1.0, |(run, _)| share(run.link_letters, run.letters))
}

fn neighbour_prose(at: Option<(&Run, &Look)>) -> f32 {
    at.map_or(-1.0, |(_, look)| f32::from(u8::from(look.prose)) + f32::from(u8::from(look.full_stop)))
}

/// Declares features: their names, and how each is read.
macro_rules! features {
    ($view:ident: $($name:literal = $value:expr;)*) => {
        const NAMES: &[&str] = &[$($name),*];
        fn values($view: &View<'_>, out: &mut Vec<f32>) {
            out.extend([$($value),*]);
        }
    };
}

fn flag(value: bool) -> f32 {
    f32::from(u8::from(value))
}

features! { v:
    "words" = log(v.run.words);
    "letters" = log(v.run.letters);
    "word_length" = share(v.run.letters, v.run.words.max(1));
    "links" = f32::from(v.run.links);
    "link_density" = share(v.run.link_letters, v.run.letters);
    "plain_letters" = log(v.run.letters.saturating_sub(v.run.link_letters));
    "bold" = share(v.run.bold_letters, v.run.letters);
    "italic" = share(v.run.italic_letters, v.run.letters);
    "full_stop" = flag(v.look.full_stop);
    "colon" = flag(v.look.colon);
    "question" = flag(v.look.question);
    "ellipsis" = flag(v.look.ellipsis);
    "starts_upper" = flag(v.look.starts_upper);
    "quote_mark" = flag(v.look.quote);
    "commas" = f32::from(v.look.commas) / (v.run.words.max(1) as f32);
    "digits" = share(u32::from(v.look.digits), v.run.letters);
    "uppers" = share(u32::from(v.look.uppers), v.run.letters);
    "capitalized" = share(u32::from(v.look.capitalized), v.run.words);
    "bars" = f32::from(v.look.bars);
    "year" = flag(v.look.year);
    "lines" = f32::from(v.look.lines);
    "time_element" = flag(v.run.has_time);
    "prose" = flag(v.look.prose);
    "copy_number" = f32::from(v.look.copy_number.min(9));
    "copies" = f32::from(v.evidence.copies.get(&v.look.hash).copied().unwrap_or(1).min(9));
    "is_p" = v.is(Tag::P);
    "is_li" = v.is(Tag::Li);
    "is_div" = v.is(Tag::Div);
    "is_section" = flag(matches!(v.tag, Tag::Section | Tag::Article | Tag::Main | Tag::Body));
    "is_row" = flag(v.run.is_row);
    "is_cell" = flag(matches!(v.tag, Tag::Td | Tag::Th));
    "is_dt" = flag(matches!(v.tag, Tag::Dt | Tag::Dd));
    "heading" = if let Tag::H(level) = v.tag { f32::from(level) } else { 0.0 };
    "parent_is_item" = flag(matches!(v.parent_tag, Tag::Li));
    "parent_is_list" = flag(matches!(v.parent_tag, Tag::Ul | Tag::Ol));
    "parent_is_body" = flag(matches!(v.parent_tag, Tag::Body));
    "own_runs" = log(v.own.runs);
    "own_prose" = share(v.own.prose, v.evidence.total.prose);
    "parent_words" = log(v.parent.words);
    "parent_links" = v.parent.link_density();
    "parent_prose" = log(v.parent.prose);
    "parent_prose_share" = share(v.parent.prose, v.parent.words);
    "parent_of_page" = share(v.parent.prose, v.evidence.total.prose);
    "parent_runs" = log(v.parent.runs);
    "grand_words" = log(v.grand.words);
    "grand_links" = v.grand.link_density();
    "grand_prose" = log(v.grand.prose);
    "grand_prose_share" = share(v.grand.prose, v.grand.words);
    "grand_of_page" = share(v.grand.prose, v.evidence.total.prose);
    "great_links" = v.great.link_density();
    "great_prose_share" = share(v.great.prose, v.great.words);
    "great_of_page" = share(v.great.prose, v.evidence.total.prose);
    "signature_runs" = log(v.signature.runs);
    "signature_words" = share(v.signature.words, v.signature.runs);
    "signature_links" = v.signature.link_density();
    "signature_prose" = share(v.signature.prose_runs, v.signature.runs);
    "signature_of_page" = share(v.signature.prose, v.evidence.total.prose);
    "in_main" = flag(v.in_main);
    "branch_words" = v.branch.map_or(-1.0, |(sums, _)| log(sums.words));
    "branch_links" = v.branch.map_or(-1.0, |(sums, _)| sums.link_density());
    "branch_prose_share" = v.branch.map_or(-1.0, |(sums, _)| share(sums.prose, sums.words));
    "branch_of_page" = v.branch.map_or(-1.0, |(sums, _)| share(sums.prose, v.evidence.total.prose));
    "branch_runs" = v.branch.map_or(-1.0, |(sums, _)| log(sums.runs));
    "branch_steps" = v.branch.map_or(-1.0, |(_, steps)| steps as f32);
    "heading_since" = v.heading;
    "heading_level" = v.heading_level;
    "main_prose_left" = v.main_prose_left;
    "fall_from_top" = v.fall as f32;
    "climb_to_top" = f32::from(v.climb);
    "depth" = f32::from(v.evidence.layout.container(v.run).depth);
    "position" = share(v.i as u32, v.evidence.layout.runs.len() as u32);
    "words_position" = share(v.evidence.words_before[v.i], v.evidence.total.words);
    "prose_position" = share(v.evidence.prose_before[v.i], v.evidence.total.prose);
    "prose_since" = v.evidence.previous_prose[v.i].min(50) as f32;
    "prose_ahead" = v.evidence.next_prose[v.i].min(50) as f32;
    "since_headline" = v.since_headline();
    "words_since_headline" = v.words_since_headline();
    "before_words" = neighbour_words(v.before[0]);
    "before_links" = neighbour_links(v.before[0]);
    "before_prose" = neighbour_prose(v.before[0]);
    "before2_words" = neighbour_words(v.before[1]);
    "before2_links" = neighbour_links(v.before[1]);
    "before2_prose" = neighbour_prose(v.before[1]);
    "before3_words" = neighbour_words(v.before[2]);
    "after_words" = neighbour_words(v.after[0]);
    "after_links" = neighbour_links(v.after[0]);
    "after_prose" = neighbour_prose(v.after[0]);
    "after2_words" = neighbour_words(v.after[1]);
    "after2_links" = neighbour_links(v.after[1]);
    "after2_prose" = neighbour_prose(v.after[1]);
    "after3_words" = neighbour_words(v.after[2]);
    "before_same_container" = flag(v.before[0].is_some_and(|(run, _)| run.container == v.run.container));
    "title_overlap" = v.title_overlap;
    "description_overlap" = v.description_overlap;
    "body_share" = v.body_share;
    "page_words" = log(v.evidence.total.words);
    "page_prose" = log(v.evidence.total.prose);
    "page_links" = v.evidence.total.link_density();
    "page_runs" = log(v.evidence.total.runs);
}

/// The names of the features of [`Evidence::row`], in order.
pub(super) fn names() -> Vec<String> {
    let mut names: Vec<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(hints::names().map(|kind| format!("hint_{kind}")));
    names.extend(hints::names().map(|kind| format!("own_hint_{kind}")));
    names.extend(within::NAMES.iter().map(|name| format!("within_{name}")));
    names.extend(cue_kinds().map(|(kind, _)| format!("cue_{kind}")));
    names.extend(cue_kinds().map(|(kind, _)| format!("heading_cue_{kind}")));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_name() {
        let mut layout = Layout::default();
        assert!(names().len() > 100);
        assert_eq!(cue_kinds().count(), CUE_KINDS);
        let tree = super::super::parse::parse("<p>One word. <p>Two", &super::super::Settings::default());
        layout.runs.extend(super::super::walk::layout(&tree, 10).runs);
        layout.containers.extend(super::super::walk::layout(&tree, 10).containers);
        let evidence = Evidence::new(&layout, Some("One"), None, None);
        let mut row = Vec::new();
        evidence.row(1, &mut row);
        assert_eq!(row.len(), names().len());
    }
}
