//! The elements that decisions distinguish, and how each lays out its text.

use html5ever::{LocalName, local_name};

/// An element by what it means for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    Html,
    Head,
    Body,
    Title,
    Meta,
    Link,
    Base,
    Script,
    Raw,
    Template,
    P,
    Div,
    Section,
    Article,
    Main,
    Aside,
    Nav,
    Header,
    Footer,
    Address,
    H(u8),
    Ul,
    Ol,
    Li,
    Dl,
    Dt,
    Dd,
    Blockquote,
    Pre,
    Figure,
    Figcaption,
    Table,
    Tr,
    Td,
    Th,
    Caption,
    TableGroup,
    Form,
    Fieldset,
    Label,
    Button,
    Details,
    Summary,
    Dialog,
    Menu,
    Hgroup,
    Hr,
    Br,
    Center,
    A,
    Strong,
    Em,
    Time,
    Img,
    Picture,
    Media,
    Span,
    Small,
    Cite,
    Code,
    Sup,
    Q,
    Other,
}

impl Tag {
    /// The tag of an HTML element.
    pub fn of(name: &LocalName) -> Self {
        match *name {
            local_name!("div") => Self::Div,
            local_name!("span") => Self::Span,
            local_name!("a") => Self::A,
            local_name!("p") => Self::P,
            local_name!("li") => Self::Li,
            local_name!("script") => Self::Script,
            local_name!("html") => Self::Html,
            local_name!("head") => Self::Head,
            local_name!("body") => Self::Body,
            local_name!("title") => Self::Title,
            local_name!("meta") => Self::Meta,
            local_name!("link") => Self::Link,
            local_name!("base") => Self::Base,
            local_name!("style")
            | local_name!("noscript")
            | local_name!("iframe")
            | local_name!("object")
            | local_name!("embed")
            | local_name!("canvas")
            | local_name!("select")
            | local_name!("option")
            | local_name!("optgroup")
            | local_name!("datalist")
            | local_name!("textarea")
            | local_name!("input")
            | local_name!("noframes")
            | local_name!("noembed")
            | local_name!("progress")
            | local_name!("meter")
            | local_name!("map")
            | local_name!("applet")
            | local_name!("param")
            | local_name!("xmp")
            // How a word is read, above it or in brackets behind it: not written in the line.
            | local_name!("rt")
            | local_name!("rp")
            | local_name!("rtc") => Self::Raw,
            local_name!("template") => Self::Template,
            local_name!("section") => Self::Section,
            local_name!("article") => Self::Article,
            local_name!("main") => Self::Main,
            local_name!("aside") => Self::Aside,
            local_name!("nav") => Self::Nav,
            local_name!("header") => Self::Header,
            local_name!("footer") => Self::Footer,
            local_name!("address") => Self::Address,
            local_name!("h1") => Self::H(1),
            local_name!("h2") => Self::H(2),
            local_name!("h3") => Self::H(3),
            local_name!("h4") => Self::H(4),
            local_name!("h5") => Self::H(5),
            local_name!("h6") => Self::H(6),
            local_name!("ul") => Self::Ul,
            local_name!("ol") => Self::Ol,
            local_name!("dl") => Self::Dl,
            local_name!("dt") => Self::Dt,
            local_name!("dd") => Self::Dd,
            local_name!("blockquote") => Self::Blockquote,
            local_name!("pre") | local_name!("listing") => Self::Pre,
            local_name!("figure") => Self::Figure,
            local_name!("figcaption") => Self::Figcaption,
            local_name!("table") => Self::Table,
            local_name!("tr") => Self::Tr,
            local_name!("td") => Self::Td,
            local_name!("th") => Self::Th,
            local_name!("caption") => Self::Caption,
            local_name!("thead")
            | local_name!("tbody")
            | local_name!("tfoot")
            | local_name!("colgroup")
            | local_name!("col") => Self::TableGroup,
            local_name!("form") => Self::Form,
            local_name!("fieldset") | local_name!("legend") => Self::Fieldset,
            local_name!("label") => Self::Label,
            local_name!("button") => Self::Button,
            local_name!("details") => Self::Details,
            local_name!("summary") => Self::Summary,
            local_name!("dialog") => Self::Dialog,
            local_name!("menu") | local_name!("dir") => Self::Menu,
            local_name!("hgroup") => Self::Hgroup,
            local_name!("hr") => Self::Hr,
            local_name!("br") => Self::Br,
            local_name!("center") => Self::Center,
            local_name!("strong") | local_name!("b") => Self::Strong,
            local_name!("em") | local_name!("i") => Self::Em,
            local_name!("time") => Self::Time,
            local_name!("img") => Self::Img,
            local_name!("picture") => Self::Picture,
            local_name!("video") | local_name!("audio") => Self::Media,
            local_name!("small") => Self::Small,
            local_name!("cite") => Self::Cite,
            local_name!("code") | local_name!("kbd") | local_name!("samp") | local_name!("tt") => Self::Code,
            local_name!("sup") => Self::Sup,
            local_name!("q") => Self::Q,
            _ => Self::Other,
        }
    }

    /// The tag of an element of SVG or MathML: drawings have no text of the article, formulas may.
    pub fn foreign(name: &str) -> Self {
        match name {
            "svg" | "style" | "script" | "title" | "desc" | "annotation" | "annotation-xml" => Self::Raw,
            _ => Self::Other,
        }
    }

    /// Whether its text is never shown as text.
    pub fn is_raw(self) -> bool {
        matches!(self, Self::Raw | Self::Script | Self::Template | Self::Media)
    }

    /// Whether it begins and ends a run of text.
    pub fn is_block(self) -> bool {
        !matches!(
            self,
            Self::A
                | Self::Strong
                | Self::Em
                | Self::Time
                | Self::Img
                | Self::Picture
                | Self::Span
                | Self::Small
                | Self::Cite
                | Self::Code
                | Self::Sup
                | Self::Q
                | Self::Other
                | Self::Br
                | Self::Raw
                | Self::Script
                | Self::Template
                | Self::Td
                | Self::Th
                | Self::Media
                | Self::Meta
                | Self::Link
                | Self::Base
        )
    }
}
