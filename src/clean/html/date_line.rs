//! Which line next to the headline is the article's date line: its day is believed against a later one that the page declares.
//!
//! Captions, deks, posts and lists name days as well, so a date line is known by what is left of it without its day: the
//! names, and the few words that every date line is made of.

use std::sync::LazyLock;

use super::hints::{self, Hints};
use super::layout::{Layout, Run, within};
use super::tag::Tag;
use crate::article::BlockKind;
use crate::clean::metadata::{self, updates};

/// Blocks after and before the headline among which it is looked for.
const AFTER: usize = 16;
const BEFORE: usize = 6;
/// Longest date line, in characters and in words with names and reading time.
const MAX_CHARS: usize = 100;
const MAX_WORDS: u32 = 16;
/// Words from which a block with a full stop is prose, and past which it is the article's and no standfirst.
const PROSE_WORDS: u32 = 10;
const STANDFIRST_WORDS: u32 = 40;
/// Words from which a link is a headline and no name.
const TEASER_WORDS: u32 = 4;

/// The words of date lines beside days, months and names, in the languages of the press and in lower case.
const WORDS: &str = "
    published publish posted created issued released first last updated update modified edited reviewed date dated on at as of
    the and in to from for am pm a.m p.m a m p z t gmt utc bst cet cest est edt cst cdt mst mdt pst pdt et ct mt pt ist local time
    min mins minute minutes hour hours hr hrs h ago read reading share comment comments view views print email save st nd rd th
    news article story post staff writer reporter correspondent editor contributor
    veröffentlicht erschienen erstellt aktualisiert geändert stand datum uhr um vom am den der im und lesezeit lesedauer minuten
    publié publie paru posté mis jour à le la du et modifié lecture temps heures heure de des
    publicado publicada actualizado actualizada creado fecha el a las los hs hrs y lectura minutos del
    atualizado atualizada às as em e leitura data hora
    pubblicato pubblicata aggiornato aggiornata il alle ore del dell lettura minuti creato
    gepubliceerd geplaatst bijgewerkt gewijzigd op om uur leestijd het
    publicerad publicerat uppdaterad uppdaterat kl klockan den publisert oppdatert publiceret udgivet opdateret
    julkaistu päivitetty klo opublikowano aktualizacja dodano zaktualizowano dnia godz o publikováno vydáno aktualizováno v
    objavljeno ažurirano u közzétéve frissítve publicat actualizat ora la
    опубликовано обновлено создано дата г года в мин чтения опубліковано оновлено о
    δημοσιεύθηκε δημοσίευση ενημερώθηκε στις yayınlanma güncelleme tarihi saat
    年 月 日 号 時 时 分 秒 発売 公開 更新 配信 掲載 发布 发布时间 发表 时间 년 월 일 입력 수정 등록 승인 오전 오후
    تاريخ النشر نشر في آخر تحديث تم ق م ص س";

/// Words behind which names stand.
const BY: &str = "
    by author authors written words reporting von autor autorin autoren por par auteur di autore door av af text texte texto
    автор od 記者 记者 作者 文";

/// The day of the date line next to the headline, the run `headline`; `None` where no line is one beyond doubt.
///
/// `visible` reads the day of a line, `is_name` knows the words of the authors' and the site's names.
pub(super) fn day(
    layout: &Layout,
    headline: usize,
    visible: impl Fn(&str) -> Option<String>,
    is_name: impl Fn(&str) -> bool,
) -> Option<String> {
    let after = opening(layout, headline).chain(layout.runs[..headline].iter().rev().take(BEFORE));
    let lines = after.filter(|run| is_placed(layout, run)).flat_map(|run| run.text.lines());
    lines.filter(|line| line.chars().count() <= MAX_CHARS).find_map(|line| {
        let found = visible(line)?;
        let line = first_of_two_days(line, &found, &visible)?;
        (!updates::is_label(line) && is_bare(line, &visible, &is_name)).then_some(found)
    })
}

/// The blocks after the headline before the article itself begins that may be its byline.
pub(super) fn opening_lines(layout: &Layout, headline: usize) -> impl Iterator<Item = &str> {
    opening(layout, headline).filter(|run| is_placed(layout, run)).flat_map(|run| run.text.lines())
}

/// The blocks after the headline up to the article's prose.
fn opening(layout: &Layout, headline: usize) -> impl Iterator<Item = &Run> {
    let is_prose = |run: &&Run| {
        run.words >= PROSE_WORDS
            && run.link_letters * 10 <= run.letters * 3
            && run.text.ends_with(['.', '!', '?', '。', '”', '"', '»'])
    };
    // The article has begun with its first long paragraph, or with the second at all: a standfirst may stand before, once
    // for each layout of the page.
    let (mut prose, mut standfirst) = (0, "");
    layout.runs[headline + 1..].iter().take(AFTER).take_while(move |run| {
        let in_figure = layout.container(run).within & (within::FIGURE | within::FIGCAPTION) != 0;
        if is_prose(run) && !in_figure && run.text != standfirst {
            standfirst = &run.text;
            prose += if run.words > STANDFIRST_WORDS { 2 } else { 1 };
        }
        prose < 2
    })
}

/// Whether a block is one that a date line may be: no heading, no sentence, and nothing that has days of its own.
pub(super) fn is_placed(layout: &Layout, run: &Run) -> bool {
    static OTHERS: LazyLock<Hints> = LazyLock::new(|| hints::bits(&["related", "comments"]));
    static CAPTION: LazyLock<Hints> = LazyLock::new(|| hints::bit("caption"));
    static BYLINE: LazyLock<Hints> = LazyLock::new(|| hints::bit("byline"));
    const APART: u32 = within::FIGURE
        | within::FIGCAPTION
        | within::QUOTE
        | within::TABLE
        | within::NAV
        | within::FOOTER
        | within::DEFINITION
        | within::PRE;
    let container = layout.container(run);
    let parent = layout.containers.get(container.parent as usize).map_or(0, |parent| parent.hints);
    let near = container.hints | parent | run.inline_hints;
    let is_heading = matches!(layout.kind(run), BlockKind::Heading(_));
    !is_heading
        && !run.is_row
        && run.words <= MAX_WORDS
        && !run.text.ends_with(['.', '!', '?', ':'])
        && container.within & APART == 0
        && container.hints_above & *OTHERS == 0
        // Lists and pictures have days of their own, unless the site calls the block itself a byline.
        && (container.within & within::ITEM == 0 && near & *CAPTION == 0 || near & *BYLINE != 0)
        && !is_in_teaser(layout, run)
}

/// Whether a block stands in an item of a list with the headline of another article.
fn is_in_teaser(layout: &Layout, run: &Run) -> bool {
    let above = |at: u32| layout.containers.get(at as usize);
    let mut containers = std::iter::successors(above(run.container), |container| above(container.parent));
    let item = containers.find(|container| container.tag == Tag::Li);
    item.is_some_and(|item| {
        let mut runs = layout.runs[item.first as usize..item.end as usize].iter().take(AFTER);
        runs.any(|other| other.is_linked() && other.words >= TEASER_WORDS)
    })
}

/// The line as far as its first day reaches; `None` where a second day follows that is not marked as an update.
fn first_of_two_days<'l>(line: &'l str, day: &str, visible: &impl Fn(&str) -> Option<String>) -> Option<&'l str> {
    for (at, _) in line.char_indices().filter(|(_, c)| !c.is_alphanumeric()) {
        let (first, second) = line.split_at(at);
        let other = visible(second).filter(|second| second.get(..10) != day.get(..10));
        if other.is_some() && visible(first).is_some() {
            return (updates::is_label(second) && !updates::is_label(first)).then_some(first);
        }
    }
    Some(line)
}

/// Whether a line holds nothing but its day, names and the words of date lines.
pub(super) fn is_bare(line: &str, visible: &impl Fn(&str) -> Option<String>, is_name: &impl Fn(&str) -> bool) -> bool {
    let is_one_of = |words: &str, word: &str| words.split_ascii_whitespace().any(|known| known == word);
    // As the readers of dates know it.
    let is_month = |word: &str| visible(&format!("1 {word} 2001")).is_some();
    let mut naming = false;
    // From one day to another, as events last: a dash behind a part of a day, and a number behind the dash.
    let (mut in_day, mut in_range) = (false, false);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let is_letter = |c: char| c.is_alphabetic() || c == '\'' || c == '’' || ('\u{300}'..'\u{370}').contains(&c);
        let len = rest.find(|c| !is_letter(c)).unwrap_or(rest.len());
        if len == 0 {
            match c {
                '@' | '#' => return false,
                '|' | '•' | '·' | '/' => naming = false,
                '–' | '—' => in_range = in_day,
                _ if c.is_numeric() => {
                    rest = rest.trim_start_matches(char::is_numeric);
                    let is_time = [":", "h", " h", " min", " Min", "-min"].iter().any(|sign| rest.starts_with(sign));
                    if in_range && !is_time {
                        return false;
                    }
                    (naming, in_day, in_range) = (false, true, false);
                    continue;
                }
                _ => {}
            }
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let word = &rest[..len];
        rest = &rest[len..];
        let lower = word.to_lowercase();
        (in_day, in_range) = (is_month(&lower), false);
        if in_day {
            continue;
        }
        if is_one_of(BY, &lower) {
            naming = true;
        } else if !(naming && !word.starts_with(char::is_lowercase)
            || is_one_of(WORDS, &lower)
            || metadata::is_weekday(&lower)
            || is_name(&lower))
        {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(line: &str) -> bool {
        is_bare(line, &|line: &str| metadata::visible_date(line, None), &|word: &str| {
            ["ana", "ruiz", "island"].contains(&word)
        })
    }

    #[test]
    fn a_date_line_is_its_day_names_and_a_few_words() {
        for line in [
            "March 3, 2024",
            "By Ana Ruiz | March 3, 2024 | 5 min read",
            "By Tom O'Neil and Jana Weiß, Published on Wednesday, 3rd March 2024 at 10:30 a.m. EST",
            "Ana Ruiz, Island News · 3 Mar 2024",
            "Von Jana Weiß, 3. März 2024, 10:30 Uhr",
            "Publié le 3 mars 2024 à 10h30",
            "3 March 2024 – 10:30 – 5 min read",
            "3 March 2024 – Ana Ruiz – 5 min read",
            "2024年3月3日 10:30",
            "Опубликовано 3 марта 2024 г. в 10:30",
        ] {
            assert!(bare(line), "{line}");
        }
        for line in [
            "The ferry in the harbour on May 3, 2019 (Reuters)",
            "Born: 4 August 1961, Honolulu",
            "12 May 2014: the first ferry sails",
            "— Harbour Office (@harbour) May 3, 2019",
            "A look back at the storm of 3 March 2009",
            "Foto: dpa / Archiv, 12.05.2019",
            "2014年5月12日最初のフェリー",
            "12–14 May 2014",
            "12 May – 14 June 2014",
        ] {
            assert!(!bare(line), "{line}");
        }
    }

    #[test]
    fn a_second_day_must_be_that_of_an_update() {
        let visible = |line: &str| metadata::visible_date(line, None);
        let first = |line| first_of_two_days(line, &visible(line).expect("a day"), &visible);
        assert_eq!(first("12 March 1932 – 4 March 2025"), None);
        assert_eq!(first("March 3, 2024 at 10:30"), Some("March 3, 2024 at 10:30"));
        assert_eq!(first("3 March 2024 | Updated 4 May 2025"), Some("3 March 2024"));
        assert_eq!(first("Updated 4 May 2025 | 3 March 2024"), None);
    }
}
