//! What the parser never needs to see: scripts, styles, drawings and comments, cut out of the markup before it is parsed.
//!
//! They are more than half of a news page, and the parser reads them character by character. The scan follows the tokenizer's
//! rules for tags, quotes and raw text; where an element plays tricks with them, the rest of the page is left as it is.

use super::scan::{Part, comment_end, ends_name, find, name, next_part, script_end, tag_end};

/// Elements whose content is cut; `true` where elements of the same name nest.
const CUT: &[(&[u8], bool)] =
    &[(b"script", false), (b"style", false), (b"noscript", false), (b"iframe", false), (b"svg", true)];
/// Elements whose content is text with no tags in it.
const RAW: &[&[u8]] = &[b"textarea", b"title", b"xmp", b"noframes", b"noembed"];
/// Longest name of an element that matters here, and what follows it.
const NAME_BYTES: usize = 16;
/// Tags up to this length pass as they are where the scan has lost its way. The parser compares each attribute of a tag with
/// all before it, so longer ones lose those that nothing reads, as everywhere else.
const SHORT_TAG_BYTES: usize = 1024;

/// What is left for the parser, and the JSON-LD scripts that were cut.
pub(super) struct Stripped<'m> {
    pub markup: String,
    pub data: Vec<&'m str>,
}

/// The markup without the content of scripts, styles, `noscript`, frames and drawings, without comments and without the
/// attributes that nothing reads.
///
/// The tags themselves stay, so that the tree has the same shape.
pub(super) fn strip(markup: &str) -> Stripped<'_> {
    let bytes = markup.as_bytes();
    let mut out = String::with_capacity(markup.len() / 2);
    let mut data = Vec::new();
    // Everything before `copied` is in `out` or cut.
    let (mut at, mut copied) = (0, 0);
    while let Some(open) = find(markup, at, '<') {
        let rest = &bytes[open..];
        if rest.starts_with(b"<!--") {
            // An empty comment stays: what stood on its two sides must not become one tag.
            out.push_str(&markup[copied..open]);
            out.push_str("<!---->");
            at = comment_end(markup, open);
            copied = at;
            continue;
        }
        match rest.get(1) {
            Some(byte) if byte.is_ascii_alphabetic() => {}
            // End tags, whose attributes nothing reads.
            Some(b'/') if rest.get(2).is_some_and(u8::is_ascii_alphabetic) => {
                let (Some((end, _)), Some(name)) = (tag_end(markup, open), name(&rest[2..])) else {
                    return unfinished(out, &markup[copied..open], data);
                };
                let name_end = open + 2 + name.len();
                if name_end + 1 < end {
                    out.push_str(&markup[copied..name_end]);
                    copied = end - 1;
                }
                at = end;
                continue;
            }
            // What the tokenizer takes for a comment up to the next `>`.
            Some(b'/' | b'!' | b'?') => match find(markup, open, '>') {
                Some(end) => {
                    at = end + 1;
                    continue;
                }
                None => return unfinished(out, &markup[copied..open], data),
            },
            _ => {
                at = open + 1;
                continue;
            }
        }
        let Some(name) = name(&rest[1..]) else { return unfinished(out, &markup[copied..open], data) };
        out.push_str(&markup[copied..open]);
        let Some((end, closes_itself)) = push_tag(markup, open, name.len(), &mut out) else {
            return unfinished(out, "", data);
        };
        at = end;
        copied = end;
        let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
        if let Some(&(known, nests)) = CUT.iter().find(|(known, _)| is(known)) {
            if closes_itself && nests {
                continue;
            }
            let close = match known {
                b"script" => script_end(markup, end).map(Ending::Closed),
                _ => ending(markup, end, known, nests),
            };
            let close = match close {
                Some(Ending::Closed(close)) => close,
                Some(Ending::Left(left)) => {
                    push_rest(&markup[copied..left], &mut out);
                    copied = left;
                    at = left;
                    continue;
                }
                None => break,
            };
            if known == b"script" && has(&bytes[open..end], b"ld+json") {
                data.push(&markup[end..close]);
            }
            copied = close;
            at = close;
        } else if RAW.iter().any(|known| is(known)) {
            match ending(markup, end, name, false) {
                Some(Ending::Closed(close) | Ending::Left(close)) => at = close,
                None => break,
            }
        }
    }
    push_rest(&markup[copied..], &mut out);
    Stripped { markup: out, data }
}

/// A page that ends inside a tag: the tokenizer drops the tag.
fn unfinished<'m>(mut out: String, before: &str, data: Vec<&'m str>) -> Stripped<'m> {
    out.push_str(before);
    Stripped { markup: out, data }
}

/// Copies markup in which nothing may be cut, but for the attributes of tags that would take the parser long.
fn push_rest(markup: &str, out: &mut String) {
    let (mut at, mut copied) = (0, 0);
    while let Some(open) = find(markup, at, '<') {
        at = open + 1;
        let is_end = markup.as_bytes().get(at) == Some(&b'/');
        let start = at + usize::from(is_end);
        let Some(name) = name(&markup.as_bytes()[start..]) else { continue };
        let end = tag_end(markup, open).map_or(markup.len(), |(end, _)| end);
        if end - open <= SHORT_TAG_BYTES {
            at = end;
            continue;
        }
        out.push_str(&markup[copied..open]);
        copied = match push_tag(markup, open, name.len() + usize::from(is_end), out) {
            Some((end, _)) => end,
            None => return,
        };
        at = copied;
    }
    out.push_str(&markup[copied..]);
}

fn has(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window.eq_ignore_ascii_case(what))
}

/// Copies a tag without the attributes that nothing reads; where it ends and whether it closes itself, or `None` (and nothing
/// copied) if it never ends.
fn push_tag(markup: &str, open: usize, name_len: usize, out: &mut String) -> Option<(usize, bool)> {
    let start = out.len();
    let mut at = open + 1 + name_len;
    out.push_str(&markup[open..at]);
    loop {
        match next_part(markup, at) {
            Some(Part::Attribute { name, value, end }) => {
                if is_read(&markup.as_bytes()[name.clone()], &markup.as_bytes()[value]) {
                    out.push(' ');
                    out.push_str(&markup[name.start..end]);
                }
                at = end;
            }
            Some(Part::End { end, closes_itself }) => {
                out.push_str(if closes_itself { " />" } else { ">" });
                return Some((end, closes_itself));
            }
            None => {
                out.truncate(start);
                return None;
            }
        }
    }
}

/// Whether a decision or a field of the record may read an attribute.
fn is_read(name: &[u8], value: &[u8]) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
    let has = |what: &[u8]| value.windows(what.len()).any(|window| window == what);
    match name.len() {
        2 => is("id"),
        3 => is("rel"),
        4 => {
            is("href") && (has(b"auth") || has(b"staff") || has(b"://"))
                || is("role")
                || is("name")
                || is("lang")
                || is("type")
        }
        5 => is("class") || is("style") && value.windows(4).any(|part| matches!(part, b"none" | b"hidd" | b"bloc")),
        6 => is("hidden"),
        7 => is("content"),
        8 => is("itemprop") || is("itemtype") || is("property") || is("datetime") || is("encoding"),
        10 => is("http-equiv"),
        11 => is("aria-hidden") || is("data-testid") || is("data-module"),
        9 => is("data-type"),
        14 => is("data-component"),
        _ => false,
    }
}

/// How an element ends, and where.
enum Ending {
    /// With its end tag.
    Closed(usize),
    /// With a tag of HTML that no drawing holds. What stands before it was read as a drawing, not as scripts and styles.
    Left(usize),
}

/// Where the content of an element ends; `None` where the rest of the page is all of it.
fn ending(markup: &str, from: usize, name: &[u8], nests: bool) -> Option<Ending> {
    let bytes = markup.as_bytes();
    let mut depth = 0;
    let mut at = from;
    while let Some(open) = find(markup, at, '<') {
        if nests && bytes[open..].starts_with(b"<!--") {
            at = comment_end(markup, open);
            continue;
        }
        at = open + 1;
        let is_end = bytes.get(at) == Some(&b'/');
        let start = at + usize::from(is_end);
        let found = bytes.get(start..start + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
        let whole = bytes.get(start + name.len()).is_some_and(ends_name);
        if nests && leaves_drawing(&bytes[start..]) {
            return Some(Ending::Left(open));
        }
        if nests && !is_end && holds_html(markup, open) {
            return Some(Ending::Left(open));
        }
        if !(found && whole) {
            if nests && bytes.get(start).is_some_and(u8::is_ascii_alphabetic) {
                // Inside another tag nothing begins or ends.
                at = tag_end(markup, open)?.0;
            }
            continue;
        }
        if is_end && depth == 0 {
            return Some(Ending::Closed(open));
        }
        if is_end {
            depth -= 1;
        } else if nests {
            let (end, closes_itself) = tag_end(markup, open)?;
            depth += usize::from(!closes_itself);
            at = end;
        }
    }
    None
}

/// Whether a tag ends a drawing around it: HTML has begun again without an end tag (HTML Standard, 13.2.6.5). An end tag of
/// these is taken to end one as well, as it does where its element is open around the drawing.
fn leaves_drawing(tag: &[u8]) -> bool {
    const HTML: &[&[u8]] = &[
        b"div",
        b"p",
        b"span",
        b"ul",
        b"ol",
        b"li",
        b"table",
        b"img",
        b"br",
        b"h1",
        b"h2",
        b"h3",
        b"h4",
        b"h5",
        b"h6",
        b"body",
        b"b",
        b"i",
        b"em",
        b"strong",
        b"big",
        b"blockquote",
        b"center",
        b"code",
        b"dd",
        b"dl",
        b"dt",
        b"embed",
        b"head",
        b"hr",
        b"listing",
        b"menu",
        b"meta",
        b"nobr",
        b"pre",
        b"ruby",
        b"s",
        b"small",
        b"strike",
        b"sub",
        b"sup",
        b"tt",
        b"u",
        b"var",
    ];
    name(&tag[..tag.len().min(NAME_BYTES)])
        .is_some_and(|name| HTML.iter().any(|known| name.eq_ignore_ascii_case(known)))
}

/// Whether an element of a drawing holds HTML, and so may hold scripts and styles: the integration points of the HTML Standard,
/// but for titles and descriptions of text alone.
fn holds_html(markup: &str, open: usize) -> bool {
    let rest = &markup.as_bytes()[open + 1..];
    let Some(name) = name(&rest[..rest.len().min(NAME_BYTES)]) else { return false };
    let is = |known: &[u8]| name.eq_ignore_ascii_case(known);
    if !is(b"title") && !is(b"desc") {
        return is(b"foreignobject");
    }
    let end = tag_end(markup, open).and_then(|(end, _)| find(markup, end, '<'));
    let end = end.and_then(|end| markup.as_bytes().get(end + 1..end + 2 + name.len()));
    !end.is_some_and(|end| end[0] == b'/' && end[1..].eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contents_go_and_tags_stay() {
        for (markup, stripped) in [
            ("a<script>x < y</script>b", "a<script></script>b"),
            ("a<!-- <p> -->b<!-->c", "a<!---->b<!---->c"),
            ("<SVG a='>'><svg/><path></svg>t", "<SVG></svg>t"),
            ("<p data-x=1 CLASS = 'a b' x id=i/>t", "<p CLASS = 'a b' id=i/>t"),
            ("<br/><img src=x />", "<br /><img />"),
            ("<svg><svg></svg>x</svg>t", "<svg></svg>t"),
            ("<svg><g</svg>x</svg>t", "<svg></svg>t"),
            ("<svg><svg a=b/></svg>x</svg>t", "<svg></svg>t"),
            ("<p title=\"<script>\">t</p>", "<p>t</p>"),
            ("<title><script></title>t<style>p{}</style>", "<title><script></title>t<style></style>"),
            ("<textarea><!-- </textarea>t", "<textarea><!-- </textarea>t"),
            ("<script><!-- <script></script> --></script>t", "<script></script>t"),
            ("<script><!--><script></script>t</script>", "<script></script>t</script>"),
            ("<p>x</P class=a b='>'>t</p >", "<p>x</P>t</p>"),
            ("1 < 2 <b>x</b", "1 < 2 <b>x"),
            ("t<p a b", "t"),
            ("t<p a='>", "t"),
            ("t<!x", "t"),
            ("<script>never closed", "<script>never closed"),
        ] {
            assert_eq!(strip(markup).markup, stripped, "{markup}");
        }
    }

    #[test]
    fn json_ld_is_handed_over() {
        assert_eq!(strip("<script type='application/ld+json'>{\"a\": 1}</script>t").data, ["{\"a\": 1}"]);
    }

    /// Text and elements as the tree has them, raw elements aside.
    fn outline(markup: &str) -> String {
        use super::super::tree::{Data, Tree};
        let tree = super::super::parse::parse(markup, &super::super::Settings::default());
        let mut out = String::new();
        let mut at = Some(Tree::ROOT);
        while let Some(id) = at {
            let inside_raw = tree.tag(id).is_raw();
            match &tree.node(id).data {
                Data::Element { name, .. } => out.push_str(&format!("<{}>", name.local)),
                Data::Text(..) => out.push_str(tree.text(id)),
                _ => {}
            }
            at = if inside_raw { tree.after(id, Tree::ROOT) } else { tree.following(id, Tree::ROOT) };
        }
        out
    }

    proptest! {
        #[test]
        fn the_tree_is_the_same_as_without_stripping(
            parts in prop::collection::vec("(<(p|div|script|style|svg|noscript|iframe|title|textarea|/p|/div|/script|/style|/svg|/title|/textarea)( a=(\"[a<>']{0,3}\"|b|'[\"<]{0,2}'))?/?>|<!--|-->|<svg>|[a-z <>&-]{0,6})", 0..14)
        ) {
            let markup = parts.concat();
            // Whether an end tag ends a drawing depends on what is open around it, which the scan does not know.
            let (before, drawing) = markup.split_at(markup.find("<svg").unwrap_or(markup.len()));
            let markup = before.to_owned() + &drawing.replace("</div", "<div");
            prop_assert_eq!(outline(&strip(&markup).markup), outline(&markup), "{}", markup);
        }
    }
}
