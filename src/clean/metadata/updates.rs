//! Which words of a date line speak of a later change and which of the publication, in the press's languages.
//!
//! "Updated 5 March | Published 1 March" names two days, and the first is not the article's.

use std::sync::LazyLock;

use regex::Regex;

/// Words of a change, or how they begin.
const CHANGED: &str = "updated|update:|modified|reviewed|\\blast |aktualis|aktualiz|zaktualiz|actualis|actualiz|actualitz|atualiz|\
    zuletzt|geändert|bearbeitet|\\bstand:|mis à jour|mise à jour|modifi|dernière|última |ultima modifica|aggiorna|\
    bijgewerkt|gewijzigd|laatst|uppdater|oppdater|opdater|sist endret|ændret|ändrad|päivitet|muokattu|upraveno|změněno|\
    frissítve|módosítva|güncelle|обновл|изменен|оновлен|змінен|обновен|актуализ|ажур|ažurir|izmjen|izmenj|posodoblj|\
    uuendatud|atnaujint|atjaunin|ενημερώ|ενημέρωση|τροποποι|diperbarui|diubah|dikemas kini|cập nhật|更新|改訂|修改|수정|업데이트|\
    تحديث|تعديل|עודכן|עדכון|روزرسانی|อัปเดต|แก้ไข|अपडेट";

/// Words of the publication, or how they begin.
const PUBLISHED: &str = "publi[sckeé]|pubblic|posted|created|erstellt|veröffentlicht|geplaatst|gepubliceerd|opublik|julkaist|\
    publicer|udgivet|zveřejn|megjelen|objavlj|yayın|опублик|опублік|δημοσ|diterbitkan|xuất bản|đăng|发布|發布|公開|掲載|입력|게시|등록|\
    نشر|פורסם|เผยแพร่";

/// Signs that stand between two dates of a line.
const SEPARATORS: [char; 12] = ['|', '•', '·', '–', '—', ';', '(', ')', '[', ']', '／', '\n'];

/// The pieces of a line that do not speak of a change.
pub fn without(line: &str) -> Vec<&str> {
    line.split(SEPARATORS).flat_map(pieces).collect()
}

/// The pieces of a line that speak of a change: what [`without`] leaves out.
pub fn changes(line: &str) -> Vec<&str> {
    let piece = |part| {
        let (before, after) = str::split_at(part, CHANGED_WORDS.find(part)?.start());
        let after = PUBLISHED_WORDS.find(after).map_or(after, |published| &after[..published.start()]);
        Some(if after.contains(char::is_numeric) { after } else { before })
    };
    line.split(SEPARATORS).filter_map(piece).collect()
}

/// Whether a word is of a change or of the publication.
pub fn is_of_a_date(word: &str) -> bool {
    let begins = |regex: &Regex| regex.find(word).is_some_and(|found| found.start() == 0);
    begins(&PUBLISHED_WORDS) || begins(&CHANGED_WORDS)
}

/// Whether the last word of either kind in a text is of a change: a label before a date.
pub fn is_label(text: &str) -> bool {
    let last = |regex: &Regex| regex.find_iter(text).last().map(|found| found.start());
    last(&CHANGED_WORDS) > last(&PUBLISHED_WORDS)
}

/// Whether a line speaks of the publication or of a change.
pub fn speaks_of_either(line: &str) -> bool {
    CHANGED_WORDS.is_match(line) || PUBLISHED_WORDS.is_match(line)
}

static CHANGED_WORDS: LazyLock<Regex> = LazyLock::new(|| regex(CHANGED));
static PUBLISHED_WORDS: LazyLock<Regex> = LazyLock::new(|| regex(PUBLISHED));

fn regex(words: &str) -> Regex {
    Regex::new(&format!("(?i){words}")).expect("a constant pattern, exercised by the tests")
}

/// As [`without`], for one date or several with no sign between them.
fn pieces(part: &str) -> Vec<&str> {
    let Some(changed) = CHANGED_WORDS.find(part) else { return vec![part] };
    let (before, after) = part.split_at(changed.start());
    let has_number = |text: &str| text.contains(char::is_numeric);
    // The word stands before its date, or behind it where nothing follows.
    let mut pieces = Vec::new();
    if has_number(before) && has_number(after) {
        pieces.push(before);
    }
    if let Some(published) = PUBLISHED_WORDS.find(after) {
        pieces.push(&after[published.start()..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_says_of_a_change_is_found() {
        for (line, change) in [
            ("Published 1 March 2025", vec![]),
            ("Updated 5 March 2025 | Published 1 March 2025", vec!["Updated 5 March 2025 "]),
            ("1 March 2025, updated 5 March 2025", vec!["updated 5 March 2025"]),
            ("Updated: 5.3.2025 Published: 1.3.2025", vec!["Updated: 5.3.2025 "]),
            ("2025-03-05 更新", vec!["2025-03-05 "]),
            ("发布 2025-03-01 更新 2025-03-05", vec!["更新 2025-03-05"]),
        ] {
            assert_eq!(changes(line), change, "{line}");
        }
    }

    #[test]
    fn what_a_line_says_of_a_change_is_left_out() {
        for (line, rest) in [
            ("Published 1 March 2025", vec!["Published 1 March 2025"]),
            ("Updated 5 March 2025 | Published 1 March 2025", vec![" Published 1 March 2025"]),
            ("1 March 2025, updated 5 March 2025", vec!["1 March 2025, "]),
            ("Updated: 5.3.2025 Published: 1.3.2025", vec!["Published: 1.3.2025"]),
            ("2025-03-05 更新", vec![]),
            ("发布 2025-03-01 更新 2025-03-05", vec!["发布 2025-03-01 "]),
            ("Last reviewed on 5 March 2025", vec![]),
            ("Ana Ruiz, 1 March 2025", vec!["Ana Ruiz, 1 March 2025"]),
        ] {
            assert_eq!(without(line), rest, "{line}");
        }
        for line in [
            "Aktualisiert: 05.03.2025, 10:00",
            "Zuletzt geändert am 5. März 2025",
            "Mis à jour le 5 mars 2025",
            "Actualizado 5 de marzo de 2025",
            "Atualizado em 05/03/2025",
            "Ultimo aggiornamento: 5 marzo 2025",
            "Laatst bijgewerkt op 5 maart 2025",
            "Uppdaterad 5 mars 2025",
            "Päivitetty 5.3.2025",
            "Aktualizacja: 5 marca 2025",
            "Güncelleme: 05.03.2025",
            "Обновлено 5 марта 2025",
            "Ažurirano: 5. 3. 2025.",
            "수정 2025.03.05",
        ] {
            assert_eq!(without(line), Vec::<&str>::new(), "{line}");
            assert!(is_label(line), "{line}");
        }
        assert!(!is_label("Updated never, published") && !is_label("Actualités"));
    }
}
