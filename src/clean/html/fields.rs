//! Which source each field of the record is taken from, in the order of trust, with its provenance.
//!
//! What came with the document wins; then JSON-LD, `meta`, what the page shows, the URL, and what the text betrays.

use super::authors::authors;
use super::byline::{headline, in_margin, published, updated};
use super::head::{Head, shown, shown_name, without_tags};
use super::json_ld::Entity;
use super::layout::Layout;
use super::own::Own;
use super::title;
use super::tree::Tree;
use crate::article::{Article, Document, GivenFrom, Provenance};
use crate::clean::{given_title, metadata};

/// Tags kept of an article.
const MAX_TAGS: usize = 32;
/// Longest name of a site and longest tag, in characters.
const MAX_NAME_CHARS: usize = 80;
/// Words of a block from which it tells the page's language.
const PROSE_WORDS: u32 = 12;

/// Fills an article's fields, all but text, flags and language.
pub(super) fn fields(
    document: &Document,
    tree: &Tree,
    head: &Head,
    entity: Option<&Entity>,
    layout: &Layout,
) -> Article {
    let mut article = Article::default();
    let given = &document.given;
    let from = match given.from {
        GivenFrom::File => "file",
        GivenFrom::Sidecar => "sidecar",
    };
    let mut provenance = Provenance::new();
    let mut note = |field: &'static str, source: &'static str| provenance.insert(field.into(), source.into());

    // Where the page lies.
    if let Some(url) = given.url.as_deref().and_then(metadata::canonical_url) {
        note("url", from);
        article.url = Some(url);
    } else if let Some(url) = declared_url(head) {
        note("url", "meta");
        article.url = Some(url);
    } else if let Some(url) = entity.and_then(|entity| entity.url.as_deref()).and_then(metadata::canonical_url) {
        note("url", "json_ld");
        article.url = Some(url);
    }
    if let Some(site) = given.site.as_deref().and_then(metadata::site_of) {
        note("site", from);
        article.site = Some(site);
    } else if let Some(site) = article.url.as_deref().and_then(metadata::site_of) {
        note("site", "url");
        article.site = Some(site);
    }

    // Who publishes it.
    let named = head
        .first(&["og:site_name", "application-name", "al:android:app_name", "twitter:app:name:iphone"])
        .filter(|name| is_short(name, MAX_NAME_CHARS));
    let publisher = entity.and_then(|entity| entity.publisher.clone()).filter(|name| is_short(name, MAX_NAME_CHARS));
    let marked = || head.publisher.map(|id| shown_name(tree, id)).filter(|name| is_short(name, MAX_NAME_CHARS));
    if let Some(name) = named {
        note("site_name", "meta");
        article.site_name = Some(name.to_owned());
    } else if let Some(name) = publisher {
        note("site_name", "json_ld");
        article.site_name = Some(name);
    } else if let Some(name) = marked().filter(|name| !name.is_empty() && !name.contains('\n')) {
        note("site_name", "dom");
        article.site_name = Some(name);
    }
    let mut site_names: Vec<String> = article.site_name.iter().cloned().collect();
    site_names.extend(entity.and_then(|entity| entity.publisher.clone()));
    site_names.extend(given.site.clone());
    if let Some(site) = &article.site {
        site_names.push(site.clone());
        site_names.extend(site.split('.').next().map(str::to_owned));
    }

    if let Some(title) = given_title(given) {
        note("title", from);
        article.title = Some(title);
    } else if let Some((title, source)) = title::title(tree, head, entity, &site_names) {
        note("title", source);
        article.title = Some(title);
    }

    let headline = headline(layout, &article);
    if let Some((authors, source)) = authors(document, tree, head, entity, layout, headline, &site_names) {
        note("authors", if source == "given" { from } else { source });
        article.authors = authors;
    }
    let language = declared_language(document, head, entity).map(|(tag, _)| tag).or_else(|| shown_language(layout));
    let language = language.as_deref();
    let day = |text: &str| metadata::normal_date_in(text, language);
    if let Some(date) = given.date_published.as_deref().and_then(day) {
        note("date_published", from);
        article.date_published = Some(date);
    } else if let Some((date, source)) = published(tree, head, entity, layout, headline, &article, language) {
        note("date_published", source);
        article.date_published = Some(date);
    }
    let modified = entity.and_then(|entity| entity.modified.as_deref()).and_then(day).map(|date| (date, "json_ld"));
    let modified = modified.or_else(|| {
        let names = [
            "article:modified_time",
            "og:updated_time",
            "last-modified",
            "datemodified",
            "dc.date.modified",
            "dcterms.modified",
        ];
        names.iter().find_map(|name| head.first(&[name]).and_then(day)).map(|date| (date, "meta"))
    });
    let shown_change = || updated(tree, head, layout, headline, &article, language);
    let modified = modified.or_else(|| shown_change().map(|date| (date, "dom")));
    if let Some((date, source)) = modified {
        note("date_modified", source);
        article.date_modified = Some(date);
    }

    let description = head
        .first(&["og:description", "description", "twitter:description", "dc.description"])
        .map(|text| (text.to_owned(), "meta"));
    let description = entity
        .and_then(|entity| entity.description.clone())
        .map(|text| (text, "json_ld"))
        .filter(|_| description.is_none())
        .or(description);
    let description = description.map(|(text, source)| (without_tags(&text), source));
    if let Some((text, source)) = description.filter(|(text, _)| is_short(text, 2000) && !text.is_empty()) {
        note("description", source);
        article.description = Some(text);
    }
    let section = head.first(&["article:section", "parsely-section", "section"]).map(|text| (text.to_owned(), "meta"));
    let section = section.or_else(|| entity.and_then(|entity| entity.section.clone()).map(|text| (text, "json_ld")));
    if let Some((text, source)) = section.filter(|(text, _)| is_short(text, 100)) {
        note("section", source);
        article.section = Some(text);
    }
    if let Some((tags, source)) = tags(tree, head, entity) {
        note("tags", source);
        article.tags = tags;
    }
    let image = head
        .first(&["og:image", "og:image:url", "twitter:image", "twitter:image:src"])
        .map(|url| (url.to_owned(), "meta"));
    let image = image.or_else(|| entity.and_then(|entity| entity.image.clone()).map(|url| (url, "json_ld")));
    if let Some((url, source)) = image.and_then(|(url, source)| Some((absolute(&url, article.url.as_deref())?, source)))
    {
        note("image", source);
        article.image = Some(url);
    }
    article.provenance = provenance;
    article
}

/// What tells the page's own article among those that its scripts describe.
pub(super) fn own(document: &Document, tree: &Tree, head: &Head) -> Own {
    let urls = document.given.url.as_deref().and_then(metadata::canonical_url).into_iter().chain(declared_url(head));
    let declared = head.first(&["og:title"]).into_iter().chain(head.title.as_deref()).map(str::to_owned);
    let shown = head.h1.iter().take(2).map(|&id| shown(tree, id));
    Own { urls: urls.collect(), titles: shown.chain(declared).filter(|title| !title.is_empty()).collect() }
}

/// Sets the language: given, what the text betrays where it speaks against the declaration, what the page declares.
pub(super) fn set_language(
    article: &mut Article,
    document: &Document,
    head: &Head,
    entity: Option<&Entity>,
    text: &str,
) {
    let declared = declared_language(document, head, entity);
    let (given, declared) = match declared {
        Some((_, "file" | "sidecar")) => (declared, None),
        _ => (None, declared),
    };
    // Themes declare English whatever the text: where both speak and differ, the text is believed.
    let agreed = |declared: Option<(String, &'static str)>| {
        let detected = metadata::language_against(text, declared.as_ref().map(|(tag, _)| tag.as_str()));
        match (declared, detected.map(|tag| (tag, "detected"))) {
            (Some(declared), Some(detected)) if declared.0.split('-').next() != Some(&detected.0) => Some(detected),
            (Some(declared), _) => Some(declared),
            (None, detected) => detected,
        }
    };
    if let Some((tag, source)) = given.or_else(|| agreed(declared)) {
        article.language = Some(tag);
        article.provenance.insert("language".into(), source.into());
    }
}

/// The address that the head declares, in canonical form.
fn declared_url(head: &Head) -> Option<String> {
    let canonical = head.canonical.as_deref().and_then(metadata::canonical_url);
    let shared = || head.first(&["og:url", "twitter:url"]).and_then(metadata::canonical_url);
    // A template that names the front page on every page says less than one that names this page.
    let is_front = |url: &str| url::Url::parse(url).is_ok_and(|url| url.path() == "/" && url.query().is_none());
    match canonical {
        Some(front) if is_front(&front) => {
            let deeper = shared().filter(|url| !is_front(url) && metadata::site_of(url) == metadata::site_of(&front));
            deeper.or(Some(front))
        }
        Some(url) => Some(url),
        None => shared(),
    }
}

/// The language that the record or the page declares, with its provenance.
fn declared_language(document: &Document, head: &Head, entity: Option<&Entity>) -> Option<(String, &'static str)> {
    let from = match document.given.from {
        GivenFrom::File => "file",
        GivenFrom::Sidecar => "sidecar",
    };
    let tag = |text: Option<&str>, source| Some((text.and_then(metadata::language_tag)?, source));
    tag(document.given.language.as_deref(), from)
        .or_else(|| tag(head.language.as_deref(), "dom"))
        .or_else(|| tag(head.first(&["og:locale", "content-language", "dc.language"]), "meta"))
        .or_else(|| tag(entity.and_then(|entity| entity.language.as_deref()), "json_ld"))
}

/// The language of what a page shows, which its dates are read in where it declares none.
fn shown_language(layout: &Layout) -> Option<String> {
    let prose = layout.runs.iter().filter(|run| run.words >= PROSE_WORDS).take(3);
    metadata::language_of(&prose.map(|run| run.text.as_str()).collect::<Vec<_>>().join("\n"))
}

/// Whether a text has no more than so many characters.
fn is_short(text: &str, max_chars: usize) -> bool {
    text.len() <= max_chars || text.chars().count() <= max_chars
}

fn tags(tree: &Tree, head: &Head, entity: Option<&Entity>) -> Option<(Vec<String>, &'static str)> {
    let unique = |words: &mut dyn Iterator<Item = &str>| {
        let mut tags: Vec<String> = Vec::new();
        for word in words.map(str::trim).filter(|word| !word.is_empty() && is_short(word, MAX_NAME_CHARS)) {
            if tags.len() < MAX_TAGS && !tags.iter().any(|known| known.eq_ignore_ascii_case(word)) {
                tags.push(word.to_owned());
            }
        }
        tags
    };
    // The protocol wants an element for each tag; a single one often holds the whole list.
    let all: Vec<&str> = head.all("article:tag").collect();
    let meta = match all[..] {
        [list] => unique(&mut list.split(',')),
        _ => unique(&mut all.into_iter()),
    };
    if !meta.is_empty() {
        return Some((meta, "meta"));
    }
    let json = unique(&mut entity.into_iter().flat_map(|entity| entity.keywords.iter().map(String::as_str)));
    if !json.is_empty() {
        return Some((json, "json_ld"));
    }
    let words = head.first(&["news_keywords", "keywords", "parsely-tags"]).unwrap_or_default();
    let meta = unique(&mut words.split([',', ';', '，', '、']));
    if !meta.is_empty() {
        return Some((meta, "meta"));
    }
    let linked: Vec<String> = head.tags.iter().filter(|id| !in_margin(tree, **id)).map(|&id| shown(tree, id)).collect();
    let linked = unique(&mut linked.iter().map(String::as_str));
    (!linked.is_empty()).then_some((linked, "dom"))
}

/// An image's address against the page's.
fn absolute(url: &str, page: Option<&str>) -> Option<String> {
    let url = url.trim();
    let joined = match page.and_then(|page| url::Url::parse(page).ok()) {
        Some(page) => page.join(url).ok()?,
        None => url::Url::parse(url).ok()?,
    };
    matches!(joined.scheme(), "http" | "https").then(|| joined.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(head: &str) -> Article {
        let content =
            format!("<html><head>{head}</head><body><h1>Ferry kept</h1><p>The ferry is kept.</p></body></html>");
        super::super::page(&super::super::tests::document(content)).article
    }

    #[test]
    fn a_canonical_address_of_the_front_page_gives_way_to_a_deeper_one_of_the_site() {
        for (shared, url) in [
            ("https://example.org/ferry", "https://example.org/ferry"),
            ("https://www.example.org/ferry", "https://www.example.org/ferry"),
            ("https://example.com/ferry", "https://example.org/"),
            ("https://example.org/", "https://example.org/"),
        ] {
            let head =
                format!("<link rel=canonical href='https://example.org'><meta property=og:url content='{shared}'>");
            assert_eq!(article(&head).url.as_deref(), Some(url), "{shared}");
        }
        let deeper =
            "<link rel=canonical href='https://example.org/a'><meta property=og:url content='https://example.org/b'>";
        assert_eq!(article(deeper).url.as_deref(), Some("https://example.org/a"));
    }

    #[test]
    fn lengths_are_counted_in_letters_of_any_script() {
        let name = "Министерство внутренних дел и чрезвычайных ситуаций островов";
        let found = article(&format!(
            "<meta property=og:site_name content='{name}'><meta property=article:section content='{name}'><meta property=article:tag content='{name}'>"
        ));
        assert_eq!((found.site_name.as_deref(), found.section.as_deref()), (Some(name), Some(name)));
        assert_eq!(found.tags, [name]);
    }

    #[test]
    fn microdata_and_links_say_what_the_head_does_not() {
        let found = article(
            "</head><div itemprop=publisher><img><meta itemprop=name content='Island News'></div>\
            <p><a rel='category tag' href=/n>News</a> <a rel=tag href=/f>Ferries</a></p>",
        );
        assert_eq!(found.site_name.as_deref(), Some("Island News"));
        assert_eq!(found.tags, ["Ferries"]);
        let found = article(
            "<meta property='og:article:section' content=News><meta property='og:article:tag' content=Ferries>",
        );
        assert_eq!((found.section.as_deref(), &found.tags[..]), (Some("News"), &["Ferries".to_owned()][..]));
    }

    #[test]
    fn a_link_may_have_two_roles() {
        let found = article("<link rel='alternate canonical' href='https://example.org/ferry'>");
        assert_eq!(found.url.as_deref(), Some("https://example.org/ferry"));
    }

    #[test]
    fn a_description_is_without_markup() {
        let found = article("<meta name=description content='&lt;p>The &lt;b>ferry&lt;/b> stays&lt;/p>'>");
        assert_eq!(found.description.as_deref(), Some("The ferry stays"));
    }

    #[test]
    fn a_single_tag_may_be_a_list() {
        let tag = |value: &str| format!("<meta property=article:tag content='{value}'>");
        assert_eq!(article(&tag("Ferries, Islands, Council")).tags, ["Ferries", "Islands", "Council"]);
        assert_eq!(article(&(tag("Portland, Oregon") + &tag("Ferries"))).tags, ["Portland, Oregon", "Ferries"]);
    }
}
