//! Writes the features of every block of many pages, for training the HTML model (see `docs/html_model/README.md`).
//!
//! `html_features PAGES.jsonl`: a page is `{"id", "url", "html"}`. Out comes one line a page: `{"id", "texts": […], "rows": [[…]]}`, first a line with the names.

use std::io::{BufRead, BufReader, BufWriter, Write};

use copydesk::article::{Document, Given, InputId, MediaType};
use copydesk::clean::html;

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let pages = args.next().ok_or_else(|| anyhow::anyhow!("usage: html_features PAGES.jsonl"))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer(&mut out, &serde_json::json!({ "names": html::feature_names() }))?;
    writeln!(out)?;
    for line in BufReader::new(std::fs::File::open(pages)?).lines() {
        let value: serde_json::Value = serde_json::from_str(&line?)?;
        let content = value["html"].as_str().unwrap_or_default().to_owned();
        let id = value["id"].as_str().unwrap_or_default().to_owned();
        let document = Document {
            input: InputId::of(content.as_bytes()),
            path: id.clone(),
            external_id: None,
            media_type: MediaType::Html,
            charset: "UTF-8".to_owned(),
            bytes: content.len() as u64,
            content,
            given: Given { url: value["url"].as_str().map(str::to_owned), ..Given::default() },
            folder: None,
        };
        let rows = html::training_rows(&document);
        let (texts, rows): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        serde_json::to_writer(&mut out, &serde_json::json!({ "id": id, "texts": texts, "rows": rows }))?;
        writeln!(out)?;
    }
    Ok(())
}
