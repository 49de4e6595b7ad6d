//! What a page says about itself in JSON-LD: graphs, arrays, references, and JSON that is not quite JSON.
//!
//! It is the most trusted source of author and date, so it is read leniently: repaired where the mend is sure, skipped else.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::head::one_line;
use super::lenient::read;
use super::own::{MAX_ARTICLES, Own};
use crate::clean::references::unescaped;

/// Longest script that is read and most that is read of all, in bytes: values take many times the room.
const MAX_SCRIPT_BYTES: usize = 2 << 20;
const MAX_PAGE_BYTES: usize = 4 << 20;
/// Objects looked at on one page: a catalogue of products is no article.
const MAX_OBJECTS: usize = 4096;
/// Authors and keywords taken from one object.
const MAX_LIST: usize = 64;
/// Longer names and addresses are none; every object may refer to the same one, which is read anew each time.
const MAX_NAME_BYTES: usize = 1024;
const MAX_URL_BYTES: usize = 4096;
/// The rank from which a type is that of an article.
const ARTICLE: u32 = 3;
const LIVE: &str = "LiveBlogPosting";

/// What an article's object says, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entity {
    pub kind: String,
    pub headline: Option<String>,
    pub authors: Vec<Writer>,
    pub published: Option<String>,
    pub modified: Option<String>,
    pub description: Option<String>,
    pub body: Option<String>,
    pub section: Option<String>,
    pub keywords: Vec<String>,
    pub image: Option<String>,
    pub publisher: Option<String>,
    pub language: Option<String>,
    pub url: Option<String>,
    pub free: Option<bool>,
}

/// Whom an object names as its author, with what the object says of what that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Writer {
    pub name: String,
    pub kind: WriterKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriterKind {
    Person,
    Organization,
    /// A mere text, which may hold several.
    Unknown,
}

impl Writer {
    fn of(name: String, object: &Map<String, Value>) -> Self {
        let is = |ending: &str| kinds(object).iter().any(|kind| kind.ends_with(ending));
        let kind = match () {
            () if is("Organization") || is("Corporation") => WriterKind::Organization,
            () if is("Person") => WriterKind::Person,
            () => WriterKind::Unknown,
        };
        Self { name, kind }
    }
}

/// The object of a page's scripts that is most likely its article, filled up from the others that may speak of it.
pub(super) fn article(scripts: &[&str], own: &Own) -> Option<Entity> {
    entity(&values(scripts), own)
}

/// What the scripts of a page hold, as far as the bounds go.
pub(super) fn values(scripts: &[&str]) -> Vec<Value> {
    let mut room = MAX_PAGE_BYTES;
    let short = scripts.iter().filter(|script| {
        let fits = script.len() <= MAX_SCRIPT_BYTES.min(room);
        room -= if fits { script.len() } else { 0 };
        fits
    });
    short.flat_map(|script| read(script)).collect()
}

/// The best article object among all, and what pages and other objects add where it is silent.
fn entity(values: &[Value], own: &Own) -> Option<Entity> {
    let mut objects: Vec<&Map<String, Value>> = Vec::new();
    let mut named: BTreeMap<&str, &Map<String, Value>> = BTreeMap::new();
    // A queue, not recursion: depth is the page's to choose.
    let mut queue: std::collections::VecDeque<&Value> = values.iter().collect();
    while let Some(value) = queue.pop_front() {
        match value {
            Value::Array(items) => queue.extend(items),
            Value::Object(object) => {
                if objects.len() >= MAX_OBJECTS {
                    break;
                }
                if let Some(id) = object.get("@id").and_then(Value::as_str)
                    && object.len() > 1
                {
                    named.entry(id).or_insert(object);
                }
                objects.push(object);
                for (key, value) in object {
                    // What an article mentions, cites or quotes is another article.
                    if !matches!(
                        key.as_str(),
                        "isPartOf"
                            | "hasPart"
                            | "mentions"
                            | "citation"
                            | "comment"
                            | "itemListElement"
                            | "review"
                            | "relatedLink"
                            | "about"
                    ) {
                        queue.push_back(value);
                    }
                }
            }
            _ => {}
        }
    }
    let ranked = |object: &Map<String, Value>| kinds(object).iter().map(|kind| rank(kind)).max().unwrap_or(0);
    // With one article of the page's own among several, the others are only announced on it.
    let articles: Vec<&Map<String, Value>> =
        objects.iter().copied().filter(|object| ranked(object) >= ARTICLE).take(MAX_ARTICLES).collect();
    let owned: Vec<Option<bool>> =
        if articles.len() > 1 { articles.iter().map(|object| own.is(object)).collect() } else { vec![] };
    let has_own = owned.contains(&Some(true));
    let others: Vec<&Map<String, Value>> = articles
        .iter()
        .zip(&owned)
        .filter(|(_, is_own)| has_own && **is_own == Some(false))
        .map(|(object, _)| *object)
        .collect();
    let mut rest = others.iter().peekable();
    objects.retain(|object| rest.next_if(|other| std::ptr::eq(**other, *object)).is_none());
    // The first of equals: pages list their own article first.
    let mut best: Option<(&Map<String, Value>, u32)> = None;
    for &object in &objects {
        let mut score = ranked(object) * 4;
        if score > 0 {
            score += u32::from(object.contains_key("datePublished"))
                + u32::from(object.contains_key("author"))
                + u32::from(object.contains_key("headline"));
        }
        if score > best.map_or(0, |(_, best)| best) {
            best = Some((object, score));
        }
    }
    let mut entity = best.map(|(object, _)| described(object, &named))?;
    for &object in &objects {
        if ranked(object) > 0 {
            let other = described(object, &named);
            entity.headline = entity.headline.or(other.headline);
            entity.published = entity.published.or(other.published);
            entity.modified = entity.modified.or(other.modified);
            entity.description = entity.description.or(other.description);
            entity.image = entity.image.or(other.image);
            entity.language = entity.language.or(other.language);
            if entity.authors.is_empty() {
                entity.authors = other.authors;
            }
            // A live blog is often declared a second time, and in more detail, as an article.
            if other.kind == LIVE && ranked(object) >= ARTICLE {
                entity.kind = other.kind;
            }
        }
    }
    entity.publisher = entity.publisher.or_else(|| {
        let site = objects
            .iter()
            .find(|object| kinds(object).contains(&"WebSite"))
            .or_else(|| objects.iter().find(|object| kinds(object).iter().any(|kind| kind.ends_with("Organization"))));
        site.and_then(|object| text(object, "name"))
    });
    Some(entity)
}

/// How sure a type makes it that an object is the page's article.
fn rank(kind: &str) -> u32 {
    // Some begin with a small letter.
    let mut name = kind.to_owned();
    name.get_mut(..1).map(str::make_ascii_uppercase);
    match name.as_str() {
        "NewsArticle"
        | "ReportageNewsArticle"
        | "AnalysisNewsArticle"
        | "OpinionNewsArticle"
        | "BackgroundNewsArticle"
        | "ReviewNewsArticle"
        | "LiveBlogPosting"
        | "AskPublicNewsArticle" => 4,
        "Article"
        | "BlogPosting"
        | "TechArticle"
        | "ScholarlyArticle"
        | "AdvertiserContentArticle"
        | "SatiricalArticle"
        | "Report"
        | "MedicalScholarlyArticle"
        | "SocialMediaPosting"
        | "DiscussionForumPosting"
        | "Recipe"
        | "PodcastEpisode"
        | "Review" => 3,
        "MedicalWebPage" | "VideoObject" | "ImageGallery" | "Event" => 2,
        "WebPage" | "ItemPage" | "FAQPage" | "AboutPage" | "QAPage" => 1,
        _ => 0,
    }
}

fn kinds(object: &Map<String, Value>) -> Vec<&str> {
    let short = |kind: &'_ str| -> usize { kind.rfind(['/', ':', '#']).map_or(0, |at| at + 1) };
    match object.get("@type") {
        Some(Value::String(kind)) => vec![&kind[short(kind)..]],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).map(|kind| &kind[short(kind)..]).collect(),
        _ => vec![],
    }
}

fn described(object: &Map<String, Value>, named: &BTreeMap<&str, &Map<String, Value>>) -> Entity {
    let kinds = kinds(object);
    let is_page = kinds.iter().all(|kind| rank(kind) <= 1);
    let mut authors = Vec::new();
    for key in ["author", "creator"] {
        if authors.is_empty()
            && let Some(value) = object.get(key)
        {
            names(value, named, &mut authors);
        }
    }
    let mut keywords = Vec::new();
    match object.get("keywords") {
        Some(Value::String(list)) => {
            keywords.extend(list.split(',').filter_map(told).take(MAX_LIST));
        }
        Some(Value::Array(list)) => {
            keywords.extend(list.iter().filter_map(Value::as_str).filter_map(told).take(MAX_LIST));
        }
        _ => {}
    }
    let mut publisher = Vec::new();
    if let Some(value) = object.get("publisher") {
        names(value, named, &mut publisher);
    }
    Entity {
        kind: kinds.iter().max_by_key(|kind| rank(kind)).map_or(String::new(), |kind| (*kind).to_owned()),
        headline: text(object, "headline").or_else(|| text(object, "name").filter(|_| !is_page)),
        authors,
        published: text(object, "datePublished")
            .or_else(|| text(object, "dateCreated").filter(|_| !is_page))
            .or_else(|| text(object, "uploadDate")),
        modified: text(object, "dateModified"),
        description: text(object, "description"),
        body: text(object, "articleBody").or_else(|| text(object, "text")),
        section: text(object, "articleSection"),
        keywords,
        image: image(object.get("image").or_else(|| object.get("thumbnailUrl")), named),
        publisher: publisher.into_iter().next().map(|writer| writer.name),
        language: text(object, "inLanguage"),
        url: link(object, "url").or_else(|| link(object, "mainEntityOfPage")),
        free: match object.get("isAccessibleForFree") {
            Some(Value::Bool(free)) => Some(*free),
            Some(Value::String(free)) => Some(!free.eq_ignore_ascii_case("false")),
            _ => None,
        },
    }
}

/// A field as text: a string, the first of a list, or the value or name of an object.
pub(super) fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    text_within(object, key, usize::MAX)
}

/// The name of a person or an organization, with the lines that it is written in.
fn name(object: &Map<String, Value>) -> Option<Writer> {
    let name = match object.get("name") {
        Some(Value::String(text)) if text.len() <= MAX_NAME_BYTES => told_lines(text),
        _ => text_within(object, "name", MAX_NAME_BYTES),
    };
    Some(Writer::of(name?, object))
}

/// A field as an address: a string, the first of a list, or what identifies an object.
fn link(object: &Map<String, Value>, key: &str) -> Option<String> {
    let mut value = object.get(key)?;
    for _ in 0..3 {
        value = match value {
            Value::String(url) => return told(url).filter(|url| url.len() <= MAX_URL_BYTES),
            Value::Array(items) => items.first()?,
            Value::Object(inner) => inner.get("@id").or_else(|| inner.get("url"))?,
            _ => return None,
        };
    }
    None
}

fn text_within(object: &Map<String, Value>, key: &str, max_bytes: usize) -> Option<String> {
    let mut value = object.get(key)?;
    // A list of lists or a value of a value is no deeper than this in practice.
    for _ in 0..4 {
        value = match value {
            Value::String(text) if text.len() > max_bytes => return None,
            Value::String(text) => return told(text),
            Value::Number(number) => return Some(number.to_string()),
            Value::Array(items) => items.first()?,
            Value::Object(inner) => inner.get("@value").or_else(|| inner.get("name")).or_else(|| inner.get("@id"))?,
            _ => return None,
        };
    }
    None
}

/// A text without markup's escapes, if it says anything.
fn told(text: &str) -> Option<String> {
    Some(one_line(&unescaped(text))).filter(|text| !text.is_empty())
}

fn told_lines(text: &str) -> Option<String> {
    let lines: Vec<String> = unescaped(text).lines().map(one_line).filter(|line| !line.is_empty()).collect();
    Some(lines.join("\n")).filter(|text| !text.is_empty())
}

/// Names of people and organizations: strings, objects, references and lists of these.
fn names(value: &Value, named: &BTreeMap<&str, &Map<String, Value>>, out: &mut Vec<Writer>) {
    let mut queue = vec![value];
    let mut steps = 0;
    while let Some(value) = queue.pop() {
        steps += 1;
        if out.len() >= MAX_LIST || steps > MAX_OBJECTS {
            return;
        }
        match value {
            Value::String(text) => match named.get(text.as_str()) {
                Some(object) => out.extend(name(object)),
                None if text.len() > MAX_NAME_BYTES => {}
                None => {
                    out.extend(told_lines(text).map(|name| Writer { name, kind: WriterKind::Unknown }));
                }
            },
            Value::Array(items) => queue.extend(items.iter().rev()),
            Value::Object(object) => match object.get("name") {
                Some(list @ Value::Array(_)) => queue.push(list),
                Some(_) => out.extend(name(object)),
                None => {
                    let known = object.get("@id").and_then(Value::as_str).and_then(|id| named.get(id));
                    if let Some(known) = known {
                        out.extend(name(known));
                    } else if let (Some(first), Some(last)) = (text(object, "givenName"), text(object, "familyName")) {
                        out.push(Writer::of(format!("{first} {last}"), object));
                    } else if let Some(list) = object.get("@list") {
                        queue.push(list);
                    }
                }
            },
            _ => {}
        }
    }
}

fn image(value: Option<&Value>, named: &BTreeMap<&str, &Map<String, Value>>) -> Option<String> {
    let mut value = value?;
    for _ in 0..4 {
        value = match value {
            Value::String(url) if url.len() > MAX_URL_BYTES => return None,
            Value::String(url) => return told(url),
            Value::Array(items) => items.first()?,
            Value::Object(inner) => match inner.get("url").or_else(|| inner.get("contentUrl")) {
                Some(url) => url,
                None => {
                    let object = named.get(inner.get("@id")?.as_str()?)?;
                    object.get("url").or_else(|| object.get("contentUrl"))?
                }
            },
            _ => return None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(entity: &Entity) -> Vec<&str> {
        entity.authors.iter().map(|writer| writer.name.as_str()).collect()
    }

    fn of(script: &str) -> Option<Entity> {
        entity(&read(script), &Own::default())
    }

    #[test]
    fn a_graph_is_joined_by_its_references() {
        let found = of(r##"{"@context":"https://schema.org","@graph":[
            {"@type":"WebPage","@id":"#page","datePublished":"2025-01-01"},
            {"@type":["Article","NewsArticle"],"headline":"Bridge opens","author":[{"@id":"#ana"},{"@type":"Person","name":"Tom Hill"}],"isPartOf":{"@id":"#page"}},
            {"@type":"Person","@id":"#ana","name":"Ana Ruiz"},{"@type":"WebSite","name":"The Valley Post"}]}"##)
        .expect("an article");
        assert_eq!(found.headline.as_deref(), Some("Bridge opens"));
        assert_eq!(named(&found), ["Ana Ruiz", "Tom Hill"]);
        assert_eq!(found.authors[1].kind, WriterKind::Person);
        assert_eq!(found.published.as_deref(), Some("2025-01-01"));
        assert_eq!(found.publisher.as_deref(), Some("The Valley Post"));
    }

    #[test]
    fn broken_json_is_read_where_the_mend_is_sure() {
        for script in [
            "{\"@type\":\"Article\",\"headline\":\"Bridge\nopens\",}",
            "<!-- {\"@type\":\"Article\",\"headline\":\"Bridge opens\"} -->",
            "{&quot;@type&quot;:&quot;Article&quot;,&quot;headline&quot;:&quot;Bridge opens&quot;}",
            "[{\"@type\":\"Article\",\"headline\":\"Bridge opens\"},];",
            "{\"@type\":\"Article\",\"headline\":\"Bridge opens\"}}",
            "//<![CDATA[\n{\"@type\":\"http://schema.org/Article\",\"headline\":\"Bridge opens\"}\n//]]>",
        ] {
            assert_eq!(of(script).and_then(|found| found.headline).as_deref(), Some("Bridge opens"), "{script}");
        }
    }

    #[test]
    fn who_wrote_it_is_known_for_a_person_or_an_organization() {
        for (author, name, kind) in [
            (r#"{"@type":"NewsMediaOrganization","name":"Quay & Quay"}"#, "Quay & Quay", WriterKind::Organization),
            (r#"{"@type":"Person","name":"Ana Ruiz\nReporter"}"#, "Ana Ruiz\nReporter", WriterKind::Person),
            (r#""Ana Ruiz""#, "Ana Ruiz", WriterKind::Unknown),
        ] {
            let found = of(&format!(r#"{{"@type":"newsArticle","author":{author}}}"#)).expect("an article");
            assert_eq!(found.authors, [Writer { name: name.to_owned(), kind }]);
        }
    }

    #[test]
    fn a_page_is_known_by_its_address_and_not_by_its_name() {
        let found = of(r#"{"@type":"Article","mainEntityOfPage":{"name":"Ferry","@id":"https://example.org/ferry"}}"#);
        assert_eq!(found.and_then(|found| found.url).as_deref(), Some("https://example.org/ferry"));
    }

    #[test]
    fn scripts_are_read_within_a_bound_for_all_of_them() {
        let filler = format!(r#"{{"name":"{}"}}"#, "x".repeat(MAX_SCRIPT_BYTES - 30));
        let script = r#"{"@type":"Article","headline":"Bridge opens"}"#;
        let found = |fillers: usize| {
            let scripts: Vec<&str> = std::iter::repeat_n(filler.as_str(), fillers).chain([script]).collect();
            article(&scripts, &Own::default()).is_some()
        };
        assert!(found(1) && !found(2));
    }

    #[test]
    fn control_characters_alone_say_nothing() {
        assert_eq!(one_line("\u{1} \0"), "");
        assert_eq!(one_line("Ferry\u{80}\u{99}s  return"), "Ferry\u{80}\u{99}s return");
    }

    #[test]
    fn what_says_nothing_is_no_name() {
        for nothing in ["", " ", "\\u0000", "&nbsp;"] {
            let found = of(&format!(
                r#"[{{"@type":"Article","publisher":"{nothing}","author":"{nothing}","keywords":["{nothing}"],"image":"{nothing}"}},
                    {{"@type":"WebSite","name":"The Valley Post"}}]"#
            ))
            .expect("an article");
            assert_eq!(found.publisher.as_deref(), Some("The Valley Post"), "{nothing:?}");
            assert_eq!((found.authors, found.keywords, found.image), (vec![], vec![], None), "{nothing:?}");
        }
    }

    #[test]
    fn the_more_telling_type_wins() {
        let found = of(r#"[{"@type":"WebPage","headline":"Home"},{"@type":"NewsArticle","headline":"Bridge opens"}]"#);
        assert_eq!(found.and_then(|found| found.headline).as_deref(), Some("Bridge opens"));
        assert_eq!(of(r#"{"@type":"Product","name":"Kettle"}"#), None);
    }

    #[test]
    fn a_live_blog_is_one_beside_a_fuller_article_and_a_gallery_has_a_rank() {
        let live = r#"[{"@type":"NewsArticle","headline":"Storm","author":"Ana Ruiz","datePublished":"2025-01-01"},
            {"@type":"LiveBlogPosting","headline":"Storm"}]"#;
        assert_eq!(of(live).map(|found| found.kind).as_deref(), Some("LiveBlogPosting"));
        let gallery = r#"{"@type":"ImageGallery","name":"Storm in pictures"}"#;
        assert_eq!(of(gallery).map(|found| found.kind).as_deref(), Some("ImageGallery"));
    }

    #[test]
    fn names_and_tags_are_read_without_their_escapes() {
        let found = of(
            r#"{"@type":"Article","author":[{"name":"Mar&iacute;a L&oacute;pez"},{"name":"Ren&#233;e O&#x27;Neil"}],
            "keywords":"caf&eacute;,the mayor&amp;#039;s plan"}"#,
        )
        .expect("an article");
        assert_eq!(named(&found), ["María López", "Renée O'Neil"]);
        assert_eq!(found.keywords, ["café", "the mayor's plan"]);
    }

    proptest! {
        #[test]
        fn no_script_makes_it_panic(text in "[{}\\[\\]\":,a-z@\\\\& \n;#]{0,60}") {
            let _ = of(&text);
        }
    }
}
