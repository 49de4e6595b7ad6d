//! copydesk: the copy desk for scraped news.
#![forbid(unsafe_code)]
pub mod article;
pub mod clean;
pub mod config;
pub mod ledger;
pub mod outbox;
pub mod dedup;
pub mod story;
mod tokens;
pub mod inbox;
pub mod read;
