//! Input made to be slow costs time in proportion to its size: no page, text or record is quadratic.
//!
//! Each shape is cleaned at two sizes on one thread, and the processor time compared: what doubles may double, and not
//! quadruple. Processor time, because other tests run beside this one.

use std::ffi::OsStr;
use std::time::Duration;

use copydesk::article::{Article, Document, Given, InputId, MediaType};
use copydesk::clean::site::SiteMemory;
use copydesk::clean::{Cleaner, Level, RulePack, Settings};
use copydesk::dedup::merge::{Member, merge};
use copydesk::dedup::{self, Deduplicator, Facts, Sketch};
use copydesk::read::{self, Origin};
use copydesk::story::{self, Stories, Terms};

/// Sizes at which a shape is tried, in bytes.
const SMALL: usize = 16 << 10;
const TIMES: usize = 6;
/// Quadratic work takes `TIMES` times longer than linear work; less than half of that leaves room for chance.
const MAX_GROWTH: f64 = TIMES as f64 * 2.5;
/// Below this, growth says nothing.
const NOTHING: Duration = Duration::from_millis(30);

const STORY: &str = "<p>The island council voted on Tuesday to keep the small ferry running through the winter, after two \
    hours of debate.</p><p>Its captain said that he had not expected so clear a vote, and thanked the pupils.</p>";

/// A name, and what makes so many bytes of it.
type Shape = (&'static str, Box<dyn Fn(usize) -> String>);

/// Processor time of this thread so far.
fn time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells the time of a thread");
    let ns = stat.split(' ').next().and_then(|ns| ns.parse().ok()).expect("nanoseconds first");
    Duration::from_nanos(ns)
}

fn timed(work: impl FnOnce()) -> Duration {
    let before = time();
    work();
    time() - before
}

/// Fails for each shape whose time grows faster than its size.
fn grows_in_proportion(shapes: Vec<Shape>, work: impl Fn(String)) {
    let only = std::env::var("SHAPE").ok();
    let mut slow = Vec::new();
    for (name, make) in shapes {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let once = timed(|| work(make(SMALL)));
        let more = timed(|| work(make(SMALL * TIMES)));
        let growth = more.as_secs_f64() / once.max(NOTHING).as_secs_f64();
        eprintln!("{name:32} {once:>12.2?} {more:>12.2?} {growth:.1}");
        if growth > MAX_GROWTH {
            slow.push(format!("{name}: {once:?}, {TIMES} times as much: {more:?}"));
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}

/// So many bytes of one piece.
fn filled(piece: &str, bytes: usize) -> String {
    piece.repeat(bytes / piece.len())
}

/// So many bytes of pieces with a number each.
fn numbered(piece: impl Fn(usize) -> String, bytes: usize) -> String {
    let mut out = String::with_capacity(bytes + 64);
    let mut n = 0;
    while out.len() < bytes {
        out.push_str(&piece(n));
        n += 1;
    }
    out
}

fn clean(content: String, media_type: MediaType, cleaner: &Cleaner) {
    let document = Document {
        input: InputId::of(content.as_bytes()),
        path: "input".into(),
        external_id: None,
        media_type,
        charset: "UTF-8".into(),
        bytes: content.len() as u64,
        content,
        given: Given::default(),
        folder: None,
    };
    let _ = cleaner.draft(&document).map(|draft| cleaner.finish(draft, &SiteMemory::default()));
}

fn shape(name: &'static str, make: impl Fn(usize) -> String + 'static) -> Shape {
    (name, Box::new(make))
}

#[test]
fn no_page_is_quadratic() {
    let cleaner = Cleaner::new(Settings::default());
    let around = |bait: String| format!("<h1>Ferry kept</h1>{STORY}{bait}{STORY}");
    let mut shapes = Vec::new();
    for (name, piece) in [
        ("siblings", "<p>a"),
        ("siblings br", "<br>"),
        ("siblings empty", "<i></i>"),
        ("nested div", "<div>"),
        ("nested b", "<b>"),
        ("nested table", "<table><tr><td>"),
        ("nested svg", "<svg>"),
        ("nested math", "<math>"),
        ("nested select", "<select><option>"),
        ("nested template", "<template>"),
        ("nested a", "<a href=x>"),
        ("nested form", "<form>"),
        ("nested button", "<button>"),
        ("nested li", "<ul><li>"),
        ("nested dl", "<dl><dd>"),
        ("nested foreign", "<svg><foreignObject>"),
        ("unclosed titles", "<title>"),
        ("unclosed comments", "<!--"),
        ("comments", "<!---->"),
        ("half comments", "<!--x--!"),
        ("bogus comments", "<!x"),
        ("cdata", "<![CDATA["),
        ("end tags", "</p>"),
        ("end tags unknown", "</x>"),
        ("misnested", "<b><p></b></p>"),
        ("misnested i", "<i><div></i>"),
        ("misnested a", "<a><div></a>x"),
        ("foster", "<table>x"),
        ("foster tags", "<table><b>x"),
        ("rows", "<tr><td>a<td>b"),
        ("table rows", "<table><tr><td>a<td>b<tr><td>c"),
        ("open angle", "<"),
        ("open tag", "<p "),
        ("entities", "&amp;"),
        ("half entities", "&notit"),
        ("number entities", "&#x41;"),
        ("quotes", "<p a=\""),
        ("svg text", "<svg>x"),
        ("svg closed", "<svg><g></svg>"),
        ("svg p", "<svg><p>"),
        ("script", "<script>"),
        ("script twice", "<script><!--<script>"),
        ("frameset", "<frameset>"),
        ("headings", "<h2>Ferry kept</h2>"),
        ("links", "<a href=/x>Ferry kept</a> "),
        ("time", "<time>3 May 2024</time>"),
        ("byline", "<p class=byline>By Ada Keeper</p>"),
        ("author spans", "<span rel=author class=author>Ada Keeper</span>"),
        ("meta", "<meta name=author content='Ada Keeper'>"),
        ("meta p", "<meta property=article:tag content='Ferry'>"),
        ("itemprop", "<span itemprop=author>Ada</span>"),
        ("ld scripts", "<script type=application/ld+json>{\"@type\":\"Article\",\"author\":\"A\"}</script>"),
        ("ld broken", "<script type=application/ld+json>{{{</script>"),
        ("hidden", "<p hidden>folded</p>"),
        ("hidden spans", "<span hidden>x</span>"),
        ("prose", STORY),
        ("pre", "<pre>a\nb"),
        ("spaces", " \n\t"),
        ("nul", "\0"),
        ("combining", "a\u{301}\u{301}\u{301}"),
        ("rtl", "\u{202e}x "),
        ("dense", "港口今天重新开放"),
    ] {
        shapes.push(shape(name, move |bytes| around(filled(piece, bytes))));
    }
    shapes.extend([
        shape("attributes", move |bytes| around(format!("<p {}>x", numbered(|n| format!("a{n} "), bytes)))),
        shape("attributes kept", move |bytes| around(format!("<p {}>x", numbered(|n| format!("data-{n}=x "), bytes)))),
        shape("attributes of an end tag", move |bytes| {
            around(format!("</p {}>x", numbered(|n| format!("a{n} "), bytes)))
        }),
        shape("attributes without end", move |bytes| around(format!("<p {}", numbered(|n| format!("a{n} "), bytes)))),
        shape("attributes behind a trick", move |bytes| {
            let trick = "<script><!--<script></script>--></script>";
            around(format!("{trick}<p {}>x", numbered(|n| format!("a{n} "), bytes)))
        }),
        shape("attributes behind an open script", move |bytes| {
            around(format!("<p {}>x<script>", numbered(|n| format!("a{n} "), bytes)))
        }),
        shape("attributes in svg", move |bytes| around(format!("<svg><g {}>x", numbered(|n| format!("a{n} "), bytes)))),
        shape("attributes where the scan is lost", move |bytes| {
            around(format!("<svg><title><g {}>x", numbered(|n| format!("a{n} "), bytes)))
        }),
        shape("attributes of html", move |bytes| around(numbered(|n| format!("<html a{n}=1><body b{n}=1>"), bytes))),
        shape("one long attribute", move |bytes| around(format!("<p class=\"{}\">x", filled("a b ", bytes)))),
        shape("one long style", move |bytes| around(format!("<p style=\"none{}\">x", filled(" :;", bytes)))),
        shape("one long word", move |bytes| around(format!("<p>{}", filled("a", bytes)))),
        shape("one long line", move |bytes| around(format!("<p>{}", filled("Ferry kept, he said. ", bytes)))),
        shape("one long title", move |bytes| format!("<title>{}</title>{STORY}", filled("Ferry kept | ", bytes))),
        shape("one long h1", move |bytes| format!("<h1>{}</h1>{STORY}", filled("Ferry kept - ", bytes))),
        shape("long title and many blocks", move |bytes| {
            format!(
                "<title>{}</title>{}{STORY}",
                filled("Ferry ", bytes / 2),
                filled("<p>Ferry Ferry Ferry Ferry", bytes / 2)
            )
        }),
        shape("one long description", move |bytes| {
            format!("<meta name=description content='{}'>{STORY}", filled("Ferry kept ", bytes))
        }),
        shape("classes", move |bytes| around(numbered(|n| format!("<p class=c{n}>x"), bytes))),
        shape("formatting", move |bytes| around(numbered(|n| format!("<b id={n}><p>x"), bytes))),
        shape("formatting closed late", move |bytes| {
            let half = bytes / 2;
            around(format!("{}{}", numbered(|n| format!("<b id={n}>"), half), filled("<p>x</b>", half)))
        }),
        shape("fonts", move |bytes| around(numbered(|n| format!("<font size={n}><div>x</font>"), bytes))),
        shape("names of elements", move |bytes| around(numbered(|n| format!("<x{n}>"), bytes))),
        shape("end tags of names", move |bytes| around(numbered(|n| format!("<x{n}></x{}>", n / 2), bytes))),
        shape("deep, then end tags", move |bytes| {
            around(format!("{}{}", filled("<div><span>", 8000), filled("</i></b>", bytes)))
        }),
        shape("deep, then siblings", move |bytes| {
            around(format!("{}{}", filled("<div>", 2500), filled("<p>a", bytes)))
        }),
        shape("deep spans, then text", move |bytes| {
            around(format!("{}{}", filled("<span>", 3000), filled("<a>b</a>", bytes)))
        }),
        shape("one row of cells", move |bytes| around(format!("<table><tr>{}", filled("<td>x", bytes)))),
        shape("a cell of paragraphs", move |bytes| around(format!("<table><tr><td>{}", filled("<p>x", bytes)))),
        shape("json-ld array", move |bytes| {
            let items = filled("{\"@type\":\"Article\",\"author\":\"Ada\"},", bytes);
            around(format!("<script type=application/ld+json>[{items}{{}}]</script>"))
        }),
        shape("json-ld nested", move |bytes| {
            around(format!("<script type=application/ld+json>{}</script>", filled("[{\"a\":", bytes)))
        }),
        shape("json-ld references", move |bytes| {
            let name = filled("Ada Keeper ", bytes / 2);
            let authors = filled("{\"@id\":\"#a\"},", 600);
            let article = format!("{{\"@type\":\"Article\",\"author\":[{authors}{{}}]}},");
            let graph = filled(&article, bytes / 2);
            around(format!(
                "<script type=application/ld+json>[{{\"@id\":\"#a\",\"name\":\"{name}\"}},{graph}{{}}]</script>"
            ))
        }),
        shape("json-ld images", move |bytes| {
            let url = filled("a", bytes / 2);
            let graph = filled("{\"@type\":\"Article\",\"image\":{\"@id\":\"#i\"}},", bytes / 2);
            around(format!(
                "<script type=application/ld+json>[{{\"@id\":\"#i\",\"url\":\"{url}\"}},{graph}{{}}]</script>"
            ))
        }),
        shape("json-ld body", move |bytes| {
            let body = filled("ferry kept in winter ", bytes / 2);
            format!(
                "<script type=application/ld+json>{{\"@type\":\"Article\",\"articleBody\":\"{body}\"}}</script>{}",
                filled(STORY, bytes / 2)
            )
        }),
        shape("json-ld entities", move |bytes| {
            let text = filled("&amp;amp;quot;", bytes);
            around(format!(
                "<script type=application/ld+json>{{\"@type\":\"Article\",\"headline\":\"{text}\"}}</script>"
            ))
        }),
    ]);
    grows_in_proportion(shapes, |content| clean(content, MediaType::Html, &cleaner));
}

#[test]
fn no_text_is_quadratic() {
    let cleaner = Cleaner::new(Settings { level: Level::Eager, ..Settings::default() });
    let story = "The island council voted on Tuesday to keep the ferry running, after two hours of debate.\n";
    let mut shapes = Vec::new();
    for (name, piece) in [
        ("lines", "a\n"),
        ("blank lines", "\n"),
        ("cr", "\r"),
        ("spaces", " "),
        ("words", "ferry "),
        ("letters", "a"),
        ("stops", ". "),
        ("dots", "."),
        ("open brackets", "("),
        ("brackets", "(a) "),
        ("credits", "(Photo: A. Keeper) "),
        ("credit lines", "The ferry (Photo: A. Keeper) sailed at noon.\n"),
        ("instructions", "The exact two word keyphrase, winter ferry, appears here. "),
        ("instruction lines", "It sails. The exact two word keyphrase, winter ferry, appears here.\n"),
        ("bars", "| "),
        ("colons", ": "),
        ("also read", "also read "),
        ("also read lines", "Also read: the ferry that never came\n"),
        ("subscribe to", "subscribe to "),
        ("dates", "3 May 2024\n"),
        ("days", "monday may 2024 "),
        ("share", "Facebook Twitter "),
        ("share lines", "Facebook | Twitter\n"),
        ("headlines", "Ferry kept\n"),
        ("prose", "The island council voted on Tuesday to keep the small ferry running, after two hours.\n"),
        ("dense", "港口今天重新开放，渡轮将在整个冬季运行。"),
        ("ligatures", "\u{fdfa}"),
        ("combining", "a\u{301}"),
        ("many marks", "\u{301}"),
        ("marks of two orders", "\u{0327}\u{301}"),
        ("zero width", "\u{200b}"),
        ("joiners", "\u{200d}"),
        ("hangul", "\u{1100}\u{1161}"),
        ("bullets", "• "),
        ("quotes", "\"'`"),
        ("fences", "```\n"),
        ("nul", "\0"),
        ("comments", "12 Comments\nAda says:\nReply\n"),
        ("digits", "1234567890 "),
        ("digits in one", "1"),
        ("emails", "a@b.c "),
        ("urls", "https://a.b/c "),
    ] {
        shapes.push(shape(name, move |bytes| format!("Ferry kept\n{story}{}\n{story}", filled(piece, bytes))));
    }
    shapes.extend([
        shape("numbered lines", |bytes| numbered(|n| format!("Ferry {n} kept\n"), bytes)),
        shape("numbered prose", |bytes| {
            numbered(
                |n| format!("The council number {n} voted on Tuesday to keep the ferry, after {n} hours.\n"),
                bytes,
            )
        }),
        shape("passages twice", |bytes| {
            let half = numbered(
                |n| format!("The council {n} voted on Tuesday to keep ferry {n}, after long debate.\n"),
                bytes / 2,
            );
            format!("{half}{half}")
        }),
        shape("two lines in turn", |bytes| filled("Ferry kept today\nFerry sold today\n", bytes)),
    ]);
    grows_in_proportion(shapes, |content| clean(content, MediaType::Text, &cleaner));
}

#[test]
fn no_rule_pack_is_quadratic() {
    let pack = "[[rule]]\nid = \"own.gaps\"\nclass = \"promo\"\nmatch = \"ends\"\nwhy = \"bait\"\nbefore = \"safe\"\ninside = \"safe\"\nafter = \"safe\"\n\
        max_words = 4000000000\nphrases.en = [\"a * a * a * a * a * b\", \"a a a a a b\", \"x * * * * y\"]\n\
        [[rule]]\nid = \"own.sentence\"\nclass = \"seo_filler\"\nmatch = \"sentence\"\nwhy = \"bait\"\nphrases.en = [\"c * c * c * d\", \"c\"]\n";
    let pack = RulePack { name: "own.toml".into(), text: pack.into() };
    let cleaner = Cleaner::with_packs(Settings::default(), &[pack]).expect("a sound pack");
    let shapes = vec![
        shape("a", |bytes| filled("a ", bytes)),
        shape("x", |bytes| filled("x ", bytes)),
        shape("c", |bytes| filled("c ", bytes)),
        shape("c sentences", |bytes| filled("c c c. ", bytes)),
        shape("c lines", |bytes| filled("c c c. d\n", bytes)),
        shape("a lines", |bytes| filled("a a a\n", bytes)),
    ];
    grows_in_proportion(shapes, |content| clean(content, MediaType::Text, &cleaner));
}

#[test]
fn no_file_is_quadratic_to_read() {
    let mut shapes = Vec::new();
    for (name, piece) in [
        ("array of objects", "{\"text\":\"a\"},"),
        ("open arrays", "["),
        ("open objects", "{\"a\":"),
        ("quotes", "\""),
        ("backslashes", "\\"),
        ("lines", "{\"text\":\"a\"}\n"),
        ("open lines", "{\n"),
        ("closing", "}\n"),
        ("many keys", "\"text\":\"aaaa\","),
        ("authors", "\"a\","),
        ("nul", "\0"),
        ("meta", "<meta charset=x>"),
        ("half utf-8", "<meta charset=\u{e9}"),
    ] {
        for start in ["", "[", "{\"text\":\"a\",\"authors\":[", "{", "<!doctype html><!--"] {
            let name: &'static str = Box::leak(format!("{start}{name}").into_boxed_str());
            shapes.push(shape(name, move |bytes| format!("{start}{}", filled(piece, bytes))));
        }
    }
    grows_in_proportion(shapes, |content| {
        let settings = read::Settings { max_bad_records: 1 << 40, ..read::Settings::default() };
        for name in ["a.json", "a.jsonl", "a", "a.html"] {
            let pieces = read::split(OsStr::new(name), content.as_bytes(), &settings);
            pieces.for_each(|piece| drop(piece.and_then(|piece| read::document(piece, &Origin::default(), &settings))));
        }
    });
}

/// What the desk does with two texts on its one thread: judges both, makes them one article, and finds its story.
fn decide(texts: [&str; 2]) {
    let sketch = |doc: u64| Sketch::of(None, texts[doc as usize - 1]);
    let mut deduplicator = Deduplicator::new(dedup::Settings::default());
    let mut stories = Stories::new(story::Settings::default());
    for doc in [1, 2] {
        deduplicator.judge(doc, &Facts::default(), sketch(doc), &mut |doc| Some(sketch(doc)));
        stories.place(doc, &Terms::of(None, texts[doc as usize - 1]), 0);
    }
    let articles = texts.map(|text| Article { text: text.to_owned(), ..Article::default() });
    let member =
        |doc: u64| Member { input: InputId::of(&[doc as u8]), doc, article: &articles[doc as usize], fetched_at: None };
    merge(&[member(0), member(1)]).expect("two members");
}

/// A stream is this many times as large as one document, to have thousands of them.
const STREAM: usize = 32;

/// Judges each line as a document, one after the other, and finds its story.
fn decide_stream(lines: &str, url: Option<&str>) {
    let texts: Vec<&str> = lines.lines().collect();
    let sketch = |doc: u64| Sketch::of(None, texts[doc as usize - 1]);
    let mut deduplicator = Deduplicator::new(dedup::Settings::default());
    let mut stories = Stories::new(story::Settings::default());
    for (doc, text) in (1..).zip(&texts) {
        deduplicator.judge(doc, &Facts { url, day: 0 }, sketch(doc), &mut |doc| Some(sketch(doc)));
        stories.place(doc, &Terms::of(None, text), 0);
    }
}

#[test]
fn no_stream_is_quadratic_to_judge() {
    let words = |from: usize, count: usize| (from..from + count).map(|n| format!("ferry{n} ")).collect::<String>();
    let streams = || {
        vec![
            shape("strangers", move |bytes| numbered(|n| format!("{}\n", words(40 * n, 40)), STREAM * bytes)),
            shape("copies", move |bytes| numbered(|n| format!("{}and {n}\n", words(0, 40)), STREAM * bytes)),
            shape("the same", move |bytes| numbered(|_| format!("{}\n", words(0, 40)), STREAM * bytes)),
            shape("versions that drift", move |bytes| numbered(|n| format!("{}\n", words(4 * n, 40)), STREAM * bytes)),
            shape("a template", |bytes| {
                numbered(
                    |n| {
                        format!(
                            "The quake near Ostby{n} had a depth of {n} km and was felt by {n} people in Lund{n} before 7 houses fell.\n"
                        )
                    },
                    STREAM * bytes,
                )
            }),
            shape("one story", move |bytes| {
                numbered(
                    |n| format!("They say Ada Keeper of Lund met Ilse Brandt of Ostby and {}\n", words(40 * n, 20)),
                    STREAM * bytes,
                )
            }),
            // An article, another one, and a page with both.
            shape("roundup pages", move |bytes| {
                numbered(
                    |n| match n % 3 {
                        2 => format!("{}{}\n", words(40 * (n - 2), 40), words(40 * (n - 1), 40)),
                        _ => format!("{}\n", words(40 * n, 40)),
                    },
                    STREAM * bytes,
                )
            }),
            shape("a page with everything", move |bytes| {
                numbered(|n| format!("{}{}\n", words(0, 40), words(40 * n, 40)), STREAM * bytes)
            }),
        ]
    };
    for url in [None, Some("https://paper.example/live")] {
        grows_in_proportion(streams(), |lines| decide_stream(&lines, url));
    }
}

#[test]
fn no_two_copies_are_quadratic_to_compare() {
    let mut shapes = Vec::new();
    for (name, piece) in [
        ("words", "ferry "),
        ("paragraphs", "The ferry sails again.\n\n"),
        ("short paragraphs", "x\n\n"),
        ("blank lines", "\n"),
        ("letters", "a"),
        ("digits", "1 "),
        ("names", "x Ada "),
        ("dense", "港口今天重新开放"),
    ] {
        shapes.push(shape(name, move |bytes| filled(piece, 4 * bytes)));
    }
    shapes.extend([
        shape("one place, many numbers", |bytes| numbered(|n| format!("x {n} y "), 4 * bytes)),
        shape("one place, many names", |bytes| numbered(|n| format!("x and yes A{n} and "), 4 * bytes)),
        shape("many places", |bytes| numbered(|n| format!("x{n} {n} y{n} "), 4 * bytes)),
        shape("many paragraphs", |bytes| {
            numbered(|n| format!("The ferry {n} sails again to the island.\n\n"), 4 * bytes)
        }),
        shape("many short paragraphs", |bytes| numbered(|n| format!("ferry {n}\n\n"), 4 * bytes)),
    ]);
    grows_in_proportion(shapes, |text| {
        // The same words, and no line as it was.
        decide([&text, &text.to_uppercase()]);
    });
}
