//! Metadata in normal form: canonical URL, site, dates, language.
