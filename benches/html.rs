//! Time of the HTML front end on pages of our own, beside `scraper::Html::parse_document` alone on the same pages.
//!
//! `cargo bench --bench html`; the ratio is printed first. It must stay below 1.5. With `COPYDESK_BENCH_PAGES=FOLDER` the pages
//! of a folder are measured as well, one after the other, as a stream of real pages would come.

use std::fmt::Write;
use std::time::{Duration, Instant};

use copydesk::article::{Document, Given, InputId, MediaType};
use copydesk::clean::html;

fn main() {
    for (name, page) in [("brief", brief()), ("news", news(60)), ("long read", news(400))] {
        let document = document(page);
        let floor = best_of(|| drop(scraper::Html::parse_document(&document.content)));
        let ours = best_of(|| drop(html::page(&document)));
        println!(
            "{name}: {} KB, parse {floor:.2?}, page {ours:.2?}, ratio {:.2}",
            document.content.len() / 1000,
            ours.as_secs_f64() / floor.as_secs_f64()
        );
    }
    if let Some(folder) = std::env::var_os("COPYDESK_BENCH_PAGES") {
        folder_ratio(folder.as_ref());
    }
    divan::main();
}

/// The best of several rounds over all pages: what a page costs when the one before was another.
fn folder_ratio(folder: &std::path::Path) {
    const ROUNDS: usize = 5;
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let bytes = std::fs::read(entry.expect("a folder that can be listed").path()).expect("a file that can be read");
        document(String::from_utf8_lossy(&bytes).into_owned())
    };
    let pages: Vec<Document> = std::fs::read_dir(folder).expect("a folder").map(read).collect();
    let (mut floor, mut ours) = (vec![Duration::MAX; pages.len()], vec![Duration::MAX; pages.len()]);
    for _ in 0..ROUNDS {
        for (n, page) in pages.iter().enumerate() {
            floor[n] = floor[n].min(time(&mut || drop(scraper::Html::parse_document(&page.content))));
            ours[n] = ours[n].min(time(&mut || drop(html::page(page))));
        }
    }
    let (floor, ours): (Duration, Duration) = (floor.iter().sum(), ours.iter().sum());
    println!(
        "{} pages: parse {floor:.2?}, page {ours:.2?}, ratio {:.2}",
        pages.len(),
        ours.as_secs_f64() / floor.as_secs_f64()
    );
}

#[divan::bench(args = [60, 400])]
fn parse(bencher: divan::Bencher<'_, '_>, paragraphs: usize) {
    let page = news(paragraphs);
    bencher.bench_local(|| scraper::Html::parse_document(&page));
}

#[divan::bench(args = [60, 400])]
fn page(bencher: divan::Bencher<'_, '_>, paragraphs: usize) {
    let document = document(news(paragraphs));
    bencher.bench_local(|| html::page(&document));
}

#[divan::bench(sample_count = 5)]
fn nested_ten_thousand(bencher: divan::Bencher<'_, '_>) {
    let document = document("<div>".repeat(10_000) + "text");
    bencher.bench_local(|| html::page(&document));
}

#[divan::bench(sample_count = 3)]
fn twenty_megabytes(bencher: divan::Bencher<'_, '_>) {
    let mut page = news(60);
    while page.len() < 20_000_000 {
        page.push_str(
            "<p>The island council voted on Tuesday to keep the small ferry running through the winter.</p>\n",
        );
    }
    let document = document(page);
    bencher.bench_local(|| html::page(&document));
}

fn best_of(mut run: impl FnMut()) -> Duration {
    (0..30).map(|_| time(&mut run)).min().unwrap_or_default()
}

fn time(run: &mut dyn FnMut()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn document(content: String) -> Document {
    Document {
        input: InputId::of(content.as_bytes()),
        path: "page.html".to_owned(),
        external_id: None,
        media_type: MediaType::Html,
        charset: "UTF-8".to_owned(),
        bytes: content.len() as u64,
        content,
        given: Given::default(),
        folder: None,
    }
}

fn brief() -> String {
    let mut page = "<!doctype html><html><head><title>Ferry kept</title></head><body><h1>Ferry kept</h1>".to_owned();
    paragraphs(&mut page, 12);
    page + "</body></html>"
}

/// A page with the furniture of a news site around an article of so many paragraphs.
fn news(count: usize) -> String {
    let mut page = String::from(
        "<!doctype html><html lang=\"en\"><head><title>Ferry kept | Island Post</title><meta property=\"og:site_name\" content=\"Island Post\">",
    );
    for n in 0..30 {
        let _ = write!(
            page,
            "<link rel=\"preload\" href=\"/assets/{n}.css\"><script>var state{n} = {{\"a\": [1, 2, 3], \"b\": \"{}\"}};</script>",
            "x".repeat(400)
        );
    }
    page.push_str("<style>.card{display:flex} .nav a{color:#123}</style></head><body class=\"single post\"><header><nav><ul class=\"menu\">");
    for n in 0..120 {
        let _ = write!(
            page,
            "<li class=\"menu-item menu-item-{n}\"><a href=\"/section/{n}\" data-track=\"nav-{n}\">Section {n}</a></li>"
        );
    }
    page.push_str("</ul></nav></header><main><article class=\"story\"><h1>Ferry kept</h1><div class=\"byline\">By <a rel=\"author\" href=\"/a\">Ana Ruiz</a> <time datetime=\"2025-03-04T08:15:00Z\">4 March 2025</time></div>");
    paragraphs(&mut page, count);
    page.push_str("</article><section class=\"related\">");
    for n in 0..80 {
        let _ = write!(
            page,
            "<div class=\"card\"><a href=\"/story/{n}\"><img src=\"data:image/gif;base64,R0lGODlh\" data-src=\"/i/{n}.jpg\" alt=\"\"><h3>Another story about the island, number {n}</h3></a><p class=\"dek\">What the council did next</p></div>"
        );
    }
    page + "</section></main><footer><p>© 2025 Island Post. All rights reserved.</p></footer></body></html>"
}

fn paragraphs(page: &mut String, count: usize) {
    for n in 0..count {
        let _ = writeln!(
            page,
            "<p class=\"text\">The island council voted on Tuesday, for the {n}th time, to keep the <em>small</em> ferry running through the \
             winter; its <a href=\"/captain\">captain</a> said that he had not expected so clear a vote, and thanked the pupils who had written to the mayor.</p>"
        );
    }
}
