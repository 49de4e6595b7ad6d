//! Temporary driver: `copydesk clean [--format ndjson] [--level L] FILE…`, replaced by the real command line.
use copydesk::article::*;
use copydesk::clean::{Cleaner, Level, Settings, site::SiteMemory};
use std::io::Write;
fn main() {
    if let Some(command @ ("run" | "once")) = std::env::args().nth(1).as_deref() {
        tracing_subscriber::fmt()
            .with_writer(std::io::stderr)
            .with_max_level(if std::env::var_os("QUIET").is_some() {
                tracing::Level::WARN
            } else {
                tracing::Level::INFO
            })
            .init();
        let mut plan = copydesk::desk::Plan::default();
        let mut args = std::env::args().skip(2);
        let mut paths = vec![];
        while let Some(a) = args.next() {
            match a.as_str() {
                "--inbox" => plan.inbox.path = args.next().unwrap().into(),
                "--outbox" => plan.outbox.path = args.next().unwrap().into(),
                "--state" => plan.state.path = args.next().unwrap().into(),
                p => paths.push(p.into()),
            }
        }
        let progress = std::sync::Arc::new(copydesk::desk::Progress::default());
        let stop = async {
            let mut t = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
            t.recv().await;
        };
        let r = if command == "run" {
            copydesk::desk::run(&plan, progress.clone(), stop)
        } else if paths.is_empty() {
            copydesk::desk::once(&plan, progress.clone(), stop)
        } else {
            copydesk::desk::take(&plan, &paths, progress.clone(), stop)
        };
        eprintln!("{:?}", progress.snapshot());
        if let Err(e) = r {
            eprintln!("{e}");
            std::process::exit(match e {
                copydesk::desk::DeskError::Lock(_) => 75,
                copydesk::desk::DeskError::Inbox { .. } => 2,
                _ => 1,
            });
        }
        return;
    }

    let mut files = vec![];
    let mut level = Level::Safe;
    let mut args = std::env::args().skip(2);
    while let Some(a) = args.next() {
        match a.as_str() {
            "--format" => {
                args.next();
            }
            "--level" => {
                if args.next().as_deref() == Some("eager") {
                    level = Level::Eager
                }
            }
            _ => files.push(a),
        }
    }
    let cleaner = Cleaner::new(Settings { level, ..Settings::default() });
    let memory = SiteMemory::default();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for f in files {
        let data = String::from_utf8_lossy(&std::fs::read(&f).unwrap()).into_owned();
        let mut docs = vec![];
        let mk = |path: String, content: String, html: bool, v: Option<&serde_json::Value>| {
            let s = |k: &str| v.and_then(|v| v[k].as_str()).map(str::to_owned);
            Document {
                input: InputId::of(content.as_bytes()),
                path,
                external_id: s("id"),
                media_type: if html { MediaType::Html } else { MediaType::Text },
                charset: "UTF-8".into(),
                bytes: content.len() as u64,
                content,
                given: Given { url: s("url"), title: s("title"), date_published: s("date"), ..Given::default() },
                folder: None,
            }
        };
        if f.ends_with(".jsonl") {
            for (i, l) in data.lines().enumerate() {
                let v: serde_json::Value = serde_json::from_str(l).unwrap();
                let html = v["html"].is_string();
                docs.push(mk(
                    format!("{f}#{}", i + 1),
                    v[if html { "html" } else { "text" }].as_str().unwrap().to_owned(),
                    html,
                    Some(&v),
                ));
            }
        } else {
            docs.push(mk(f.clone(), data, f.ends_with("html"), None))
        }
        for d in docs {
            let (a, c) = match cleaner.draft(&d).and_then(|x| cleaner.finish(x, &memory)) {
                Ok(a) => (a, None),
                Err(e) => (Article { removed: e.removed, ..Article::default() }, Some("no_content")),
            };
            let mut v = serde_json::to_value(&a).unwrap();
            v["copies"] = serde_json::json!([{ "path": d.path, "external_id": d.external_id }]);
            if let Some(c) = c {
                v["failed"] = c.into()
            }
            serde_json::to_writer(&mut out, &v).unwrap();
            out.write_all(b"\n").unwrap();
        }
    }
}
