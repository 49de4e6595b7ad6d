//! copydesk: the copy desk for scraped news.
#![forbid(unsafe_code)]
pub mod article;
pub mod clean;
pub mod config;
pub mod dedup;
pub mod desk;
pub mod inbox;
pub mod ledger;
pub mod outbox;
pub mod read;
pub mod story;
mod tokens;
