//! The elements that decisions distinguish, and how each lays out its text.

/// An element by what it means for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
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
    pub fn of(name: &str) -> Self {
        match name {
            "div" => Self::Div,
            "span" => Self::Span,
            "a" => Self::A,
            "p" => Self::P,
            "li" => Self::Li,
            "script" => Self::Script,
            "html" => Self::Html,
            "head" => Self::Head,
            "body" => Self::Body,
            "title" => Self::Title,
            "meta" => Self::Meta,
            "link" => Self::Link,
            "base" => Self::Base,
            "style" | "noscript" | "iframe" | "object" | "embed" | "canvas" | "select" | "option" | "optgroup"
            | "datalist" | "textarea" | "input" | "noframes" | "noembed" | "progress" | "meter" | "map" | "applet"
            | "param" | "xmp" => Self::Raw,
            "template" => Self::Template,
            "section" => Self::Section,
            "article" => Self::Article,
            "main" => Self::Main,
            "aside" => Self::Aside,
            "nav" => Self::Nav,
            "header" => Self::Header,
            "footer" => Self::Footer,
            "address" => Self::Address,
            "h1" => Self::H(1),
            "h2" => Self::H(2),
            "h3" => Self::H(3),
            "h4" => Self::H(4),
            "h5" => Self::H(5),
            "h6" => Self::H(6),
            "ul" => Self::Ul,
            "ol" => Self::Ol,
            "dl" => Self::Dl,
            "dt" => Self::Dt,
            "dd" => Self::Dd,
            "blockquote" => Self::Blockquote,
            "pre" | "listing" => Self::Pre,
            "figure" => Self::Figure,
            "figcaption" => Self::Figcaption,
            "table" => Self::Table,
            "tr" => Self::Tr,
            "td" => Self::Td,
            "th" => Self::Th,
            "caption" => Self::Caption,
            "thead" | "tbody" | "tfoot" | "colgroup" | "col" => Self::TableGroup,
            "form" => Self::Form,
            "fieldset" | "legend" => Self::Fieldset,
            "label" => Self::Label,
            "button" => Self::Button,
            "details" => Self::Details,
            "summary" => Self::Summary,
            "dialog" => Self::Dialog,
            "menu" | "dir" => Self::Menu,
            "hgroup" => Self::Hgroup,
            "hr" => Self::Hr,
            "br" => Self::Br,
            "center" => Self::Center,
            "strong" | "b" => Self::Strong,
            "em" | "i" => Self::Em,
            "time" => Self::Time,
            "img" => Self::Img,
            "picture" => Self::Picture,
            "video" | "audio" => Self::Media,
            "small" => Self::Small,
            "cite" => Self::Cite,
            "code" | "kbd" | "samp" | "tt" => Self::Code,
            "sup" => Self::Sup,
            "q" => Self::Q,
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
