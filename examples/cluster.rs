//! Clusters a stream of articles: NDJSON `{id, title, text, date, url}` in, `{id, cluster, story}` out.
//!
//! Prints each document once, in its final cluster, and the time spent on standard error. With `--evidence`, each line also
//! says what the document was compared with. Settings may be given as one JSON argument.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::{Duration, Instant};

use copydesk::dedup::{Deduplicator, Facts, Settings, Sketch};
use copydesk::story::{Stories, Terms};
use serde::Deserialize;

#[derive(Deserialize)]
struct Input {
    id: String,
    title: Option<String>,
    text: String,
    url: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut settings, mut with_evidence) = (Settings::default(), false);
    for argument in std::env::args().skip(1) {
        if argument == "--evidence" {
            with_evidence = true;
        } else {
            settings = serde_json::from_str(&argument)?;
        }
    }
    let mut deduplicator = Deduplicator::new(settings);
    let mut documents: Vec<Input> = Vec::new();
    let mut clusters: HashMap<u64, u64> = HashMap::new();
    let mut stories = Stories::new(copydesk::story::Settings::default());
    let mut story_of: HashMap<u64, u64> = HashMap::new();
    let mut evidence = Vec::new();
    let mut spent = Duration::ZERO;
    for line in stdin().lock().lines() {
        documents.push(serde_json::from_str(&line?)?);
        let doc = documents.len() as u64;
        let input = &documents[documents.len() - 1];
        let begun = Instant::now();
        let sketch = Sketch::of(input.title.as_deref(), &input.text);
        let facts = Facts { url: input.url.as_deref(), day: 0 };
        let verdict = deduplicator.judge(doc, &facts, sketch, &mut |earlier| {
            let earlier = documents.get(earlier as usize - 1)?;
            Some(Sketch::of(earlier.title.as_deref(), &earlier.text))
        });
        spent += begun.elapsed();
        if verdict.cluster == doc && !verdict.is_template() {
            let terms = Terms::of(input.title.as_deref(), &input.text);
            let day = 0;
            story_of.insert(doc, stories.place(doc, &terms, day));
        }
        clusters.insert(doc, verdict.cluster);
        evidence.push(if with_evidence { verdict.evidence } else { Vec::new() });
        clusters.extend(verdict.moved);
    }
    let mut out = stdout().lock();
    for (doc, input) in (1u64..).zip(&documents) {
        let cluster = clusters[&doc];
        let story = story_of.get(&cluster).copied().unwrap_or(cluster);
        let mut line = serde_json::json!({"id": input.id, "cluster": cluster, "story": story});
        if with_evidence {
            line["evidence"] = serde_json::to_value(&evidence[doc as usize - 1])?;
        }
        serde_json::to_writer(&mut out, &line)?;
        writeln!(out)?;
    }
    let each = documents.len().max(1);
    eprintln!(
        "{each} documents, {:.1} µs and {} B of index each",
        spent.as_secs_f64() * 1e6 / each as f64,
        deduplicator.memory_bytes() / each
    );
    Ok(())
}
