//! Aligned columns for people: numbers to the right, texts to the left.

use std::fmt;

/// Rows of cells; the last column is as wide as it likes.
#[derive(Debug, Default)]
pub struct Table {
    head: Option<Vec<String>>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table whose columns are named.
    pub fn new(head: &[&str]) -> Self {
        Self { head: Some(head.iter().map(|&name| name.to_owned()).collect()), rows: Vec::new() }
    }

    /// A table without names.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().chain(&self.head).map(Vec::len).max().unwrap_or(0);
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let width = |column| self.rows.iter().chain(&self.head).map(|row| cell(row, column).chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        let is_number = |column| {
            let mut cells = self.rows.iter().map(|row| cell(row, column));
            // Ids are digits as well; only what is short enough to be a count is one.
            cells.all(|cell| cell.len() < 16 && !cell.is_empty() && cell.bytes().all(|byte| byte.is_ascii_digit()))
        };
        for row in self.head.iter().chain(&self.rows) {
            let mut line = String::new();
            for (column, &width) in widths.iter().enumerate() {
                let text = cell(row, column);
                let padded = if is_number(column) { format!("{text:>width$}") } else { format!("{text:<width$}") };
                line.push_str(if column > 0 { "  " } else { "" });
                line.push_str(&padded);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A text on one line of at most `columns` characters, `…` at the end where it was longer.
pub fn shorten(text: &str, columns: usize) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() <= columns {
        return text;
    }
    let mut short: String = text.chars().take(columns.saturating_sub(1)).collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_texts_to_the_left() {
        let mut table = Table::new(&["id", "words", "title"]);
        table.row(["a".to_owned(), "5".to_owned(), "One".to_owned()]);
        table.row(["bcd".to_owned(), "1200".to_owned(), "Two and more".to_owned()]);
        assert_eq!(table.to_string(), "id   words  title\na        5  One\nbcd   1200  Two and more\n");
    }

    #[test]
    fn a_long_text_ends_with_an_ellipsis_and_holds_no_control_characters() {
        assert_eq!(shorten("Otters return to the river", 10), "Otters re…");
        assert_eq!(shorten("a\x1b[2Jb", 10), "a [2Jb");
    }
}
