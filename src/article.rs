//! The vocabulary: what a document, a block, a removal and an article are.
//!
//! Every stage speaks these types and no stage owns them, which is what lets stages stay ignorant of each other.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// The identity of a document: the BLAKE3 hash of its (decompressed) bytes.
///
/// Never a name, an inode or a time: those are reused, content is not. Printed and parsed as `b3:` + 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(pub [u8; 32]);

impl InputId {
    /// Hashes the bytes of a document.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The 64 hex digits, without the `b3:` prefix.
    pub fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

impl fmt::Display for InputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b3:{}", blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for InputId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for InputId {
    type Err = blake3::HexError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        blake3::Hash::from_hex(s.strip_prefix("b3:").unwrap_or(s)).map(|hash| Self(*hash.as_bytes()))
    }
}

impl Serialize for InputId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for InputId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a document's content is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// HTML of any kind, or a fragment of it.
    #[serde(rename = "text/html")]
    Html,
    /// Plain text, with or without Markdown.
    #[serde(rename = "text/plain")]
    Text,
}

/// What a record or a sidecar says about its document; every field but `fetched_at` as it was given, unchecked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Given {
    /// Address of the article.
    pub url: Option<String>,
    /// Headline.
    pub title: Option<String>,
    /// Names of the writers, in order.
    pub authors: Vec<String>,
    /// When it was published, in whatever form.
    pub date_published: Option<String>,
    /// The site that it is from: a name or a domain.
    pub site: Option<String>,
    /// A language tag or the name of a language.
    pub language: Option<String>,
    /// RFC 3339.
    pub fetched_at: Option<String>,
    /// The text that came beside markup: taken where that holds no article.
    pub text: Option<String>,
    /// `sidecar` or `file` (a record): the provenance of a field taken from here.
    pub from: GivenFrom,
}

/// What the name of a sidecar has behind its document's.
pub const SIDECAR_ENDING: &str = ".meta.json";

/// Where a [`Given`] came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenFrom {
    /// The record that held the document.
    #[default]
    File,
    /// A `<file>.meta.json` beside it.
    Sidecar,
}

/// One input as found: decoded content, and what came along with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The hash of the document's bytes.
    pub input: InputId,
    /// Relative to the inbox, `/`-separated, `#n` appended for the n-th record (1-based) of a file of records.
    /// Bytes that are not UTF-8 are percent-encoded.
    pub path: String,
    /// The `id` that a record brought along.
    pub external_id: Option<String>,
    /// What `content` is written in.
    pub media_type: MediaType,
    /// The WHATWG name of the encoding that the content was decoded from, such as `UTF-8`.
    pub charset: String,
    /// Length of the document in bytes, before decoding.
    pub bytes: u64,
    /// The whole text or page, decoded.
    pub content: String,
    /// What its record or its sidecar says about it.
    pub given: Given,
    /// The first sub-folder of the inbox that the document lies in: its source where it has no URL.
    pub folder: Option<String>,
}

/// The moment that a date of an article names: an RFC 3339 date-time, or the beginning of a plain date in UTC; `None` for
/// anything else.
pub fn instant(date: &str) -> Option<Timestamp> {
    date.parse().ok().or_else(|| {
        let midnight = DateTime::from(date.parse::<Date>().ok()?);
        midnight.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// What kind of element or line a block was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Running text.
    Paragraph,
    /// A heading of level 1 to 6.
    Heading(u8),
    /// An item of a list.
    ListItem,
    /// A quotation that stands by itself.
    Quote,
    /// Cells of one table row, joined.
    TableRow,
    /// Text whose line ends matter, such as verse or code.
    Preformatted,
    /// The caption of a picture, a table or a video.
    Caption,
}

/// A run of text under one block element, or one paragraph of a text file; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// 1-based line of a text, 1-based number of the block in document order of an HTML page.
    pub line: u32,
    /// What it was before it was text.
    pub kind: BlockKind,
    /// The text, on one line unless preformatted.
    pub text: String,
}

/// Why a piece was taken out: the kind of noise that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A later line that repeats the headline.
    DuplicateHeadline,
    /// A line or paragraph that stands in the article already.
    DuplicateText,
    /// An invitation to comment.
    CommentForm,
    /// Comments of readers, and what stands around them.
    CommentThread,
    /// A pointer to other articles.
    AlsoRead,
    /// Buttons and invitations to share or follow.
    Share,
    /// An invitation to a newsletter.
    Newsletter,
    /// The site's praise of itself, and its calls to act.
    Promo,
    /// Advertising and shop buttons, and the labels of their places.
    Advertisement,
    /// A note on links that earn money.
    Affiliate,
    /// The caption or the credit of a picture that is not there.
    Caption,
    /// A line that names the writer.
    Byline,
    /// A date or a time on its own, or how long the text takes to read.
    Timestamp,
    /// A paragraph about the writer.
    AuthorBio,
    /// A list of keywords.
    Tags,
    /// Menus, breadcrumb trails and links to other pages.
    Navigation,
    /// A notice on cookies or consent.
    Cookie,
    /// A request to log in or to pay.
    Paywall,
    /// A notice of rights or of law, and links in the foot of a page.
    Copyright,
    /// Addresses for tips and letters.
    Contact,
    /// Text for search engines, such as keyphrases and instructions on them.
    SeoFiller,
    /// What a chat model, a script or a template left behind.
    Artefact,
    /// Lines after the article that belong to a section that has begun there.
    TailSection,
    /// Menu items and teasers without a label, before or after the article.
    Teaser,
    /// Seen in other articles of the same site.
    SiteBoilerplate,
    /// Text of a page outside its main content.
    OutsideContent,
}

/// One piece taken out of an article, with its reason: a cut that cannot be explained is not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Removal {
    /// The kind of noise.
    pub class: Class,
    /// Stable id of the rule, or `site:<site>` for a learned line.
    pub rule: String,
    /// The reason, as an editor would give it.
    pub why: String,
    /// As [`Block::line`].
    pub line: u32,
    /// What was taken out, in full.
    pub text: String,
}

/// A judgement about an article that readers may filter on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The text ends in the middle of a sentence or at a "read more".
    Truncated,
    /// Fewer words than a news brief has.
    Short,
    /// A listing, an error page, a consent page or the like.
    NotAnArticle,
    /// The page says that the article is locked, or a request to pay stands in it.
    Paywalled,
    /// A report of many dated entries.
    LiveBlog,
    /// Pictures or a video with little text.
    Gallery,
    /// A paragraph stands twice and may be the writer's own repetition.
    RepeatsKept,
    /// The passes disagreed with each other; a person should look.
    Review,
}

/// One cleaned document: the fields of the published record that speak about content.
///
/// Provenance names, for each filled field, where it came from (see `RECORD`: `json_ld`, `meta`, `dom`, `text`, `url`,
/// `file`, `sidecar`, `detected`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Article {
    /// Headline; `None` where none was found.
    pub title: Option<String>,
    /// NFC, paragraphs separated by one blank line, no headline, no markup.
    pub text: String,
    /// The standfirst or the summary that the page gives.
    pub description: Option<String>,
    /// Names of the writers, in order, without "By".
    pub authors: Vec<String>,
    /// RFC 3339 date-time with offset, or a plain date.
    pub date_published: Option<String>,
    /// As `date_published`.
    pub date_modified: Option<String>,
    /// Without fragment and tracking parameters.
    pub url: Option<String>,
    /// Registrable domain.
    pub site: Option<String>,
    /// The name that the site gives itself.
    pub site_name: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// The section of the site.
    pub section: Option<String>,
    /// Keywords as given.
    pub tags: Vec<String>,
    /// Address of the leading picture.
    pub image: Option<String>,
    /// Judgements that readers may filter on.
    pub flags: BTreeSet<Flag>,
    /// Where each filled field was taken from.
    pub provenance: Provenance,
    /// All that was taken out, by line.
    pub removed: Vec<Removal>,
}

/// Fields and where each was taken from. Almost all of both are words of the program, which cost nothing to copy.
pub type Provenance = BTreeMap<Cow<'static, str>, Cow<'static, str>>;

/// How a copy relates to the canonical one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The copy whose text is published.
    Canonical,
    /// The same text.
    Exact,
    /// Nearly the same text.
    Near,
    /// Contained in the canonical text.
    Excerpt,
    /// Another state of the same URL.
    Update,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_the_order_of_time_and_not_of_letters() {
        let ordered = ["2025-03-05", "2025-03-05T06:00:00+01:00", "2025-03-05T07:00:00Z", "2025-03-04T23:30:00-08:00"];
        let moments: Vec<Timestamp> = ordered.iter().map(|date| instant(date).expect("a moment")).collect();
        assert!(moments.is_sorted_by(|a, b| a < b), "{moments:?}");
        assert_eq!(instant("yesterday"), None);
    }
}
