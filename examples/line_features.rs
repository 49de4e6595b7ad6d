//! Prints the features of each line of texts, for `tools/train_line_model.py`.
//!
//! Reads NDJSON `{"id", "text"}` from standard input, writes tab-separated `id, line, cut, features…`.

use std::io::{BufRead, Write};

use copydesk::article::{Document, Given, InputId, MediaType};
use copydesk::clean::{Cleaner, Settings, text::features};

fn main() -> anyhow::Result<()> {
    let cleaner = Cleaner::new(Settings::default());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    writeln!(out, "id\tline\tcut\t{}", features::NAMES.join("\t"))?;
    for record in std::io::stdin().lock().lines() {
        let record: serde_json::Value = serde_json::from_str(&record?)?;
        let text = record["text"].as_str().unwrap_or_default().to_owned();
        let id = record["id"].as_str().unwrap_or_default();
        let document = Document {
            input: InputId::of(text.as_bytes()),
            path: id.to_owned(),
            external_id: None,
            media_type: MediaType::Text,
            charset: "UTF-8".into(),
            bytes: text.len() as u64,
            content: text,
            given: Given::default(),
            folder: None,
        };
        for (line, cut, features) in cleaner.line_features(&document) {
            write!(out, "{id}\t{line}\t{}", u8::from(cut))?;
            for feature in features {
                write!(out, "\t{}", (feature * 1e4).round() / 1e4)?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}
