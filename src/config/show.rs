//! The settings in force as a person reads them: TOML in the order of the built-in file, each value with its layer.

use super::{DEFAULTS, Loaded};

/// Column at which the comments begin, where the values leave room.
const COMMENT_COLUMN: usize = 44;

/// The dotted keys of the built-in file, in order. Relies on its layout: one key a line, which a test holds.
pub(super) fn order() -> Vec<String> {
    let mut keys = Vec::new();
    let mut section = "";
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        } else if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            keys.push(format!("{section}.{name}"));
        }
    }
    keys
}

impl Loaded {
    /// The settings in force as TOML; a trailing comment says which layer set each value.
    pub fn show(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        for setting in &self.values {
            let (table, name) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
            if table != section {
                let gap = if text.is_empty() { "" } else { "\n" };
                text.push_str(&format!("{gap}[{table}]\n"));
                section = table;
            }
            let line = format!("{name} = {}", setting.value);
            text.push_str(&format!("{line:<COMMENT_COLUMN$} # {}\n", setting.origin));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, load};

    #[test]
    fn what_is_shown_reads_back_as_the_same_settings() {
        let loaded = load(&Sources { folder: "/nowhere".into(), ..Sources::default() }).expect("the defaults hold");
        let shown: toml::Table = loaded.show().parse().expect("TOML");
        assert_eq!(shown, toml::Table::try_from(&loaded.settings).expect("settings are TOML"));
        assert_eq!(loaded.values.len(), super::order().len());
    }
}
