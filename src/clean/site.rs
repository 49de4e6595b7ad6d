//! Site memory: which lines a publication prints under every article.

/// What is known of every publication.
#[derive(Debug, Default)]
pub struct SiteMemory {}
