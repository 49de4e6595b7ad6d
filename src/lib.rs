//! copydesk: the copy desk for scraped news.
#![forbid(unsafe_code)]
pub mod article;
pub mod clean;
pub mod inbox;
pub mod read;
