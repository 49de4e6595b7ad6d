//! copydesk is the copy desk for scraped news: article files go in, clean deduplicated JSON comes out.
//!
//! It strips what scrapers and sites leave around an article, merges near-copies with their provenance, links articles on
//! one event, and publishes one JSON file per article, each cut with its reason. It is a daemon (`copydesk run`), a batch
//! tool (`copydesk once`, `copydesk clean`) and this library. It is no crawler, no search engine and no summarizer: it
//! never writes a word that was not in the input.
//!
//! # The way of an article
//!
//! ```text
//! inbox/file → inbox → read → clean → dedup → outbox → outbox/<id>.json
//!              settle,  decode,  main     near-copies,  temp, sync,
//!              claim    records  content  canonical     rename
//!                           ↑ site memory ↓  ↕     ledger remembers; desk drives
//!                                        segments
//! ```
//!
//! # The modules, in reading order
//!
//! - [`article`]: the words of the trade: document, block, removal, article. Every stage speaks them.
//! - [`inbox`]: which files are there, when one may be read, and where it goes afterwards.
//! - [`read`]: bytes → documents. Decompression, formats, charsets, records, all within limits.
//! - [`clean`]: document → article. Main content, phrase rules, repeats, site memory, metadata; each cut explained.
//! - [`dedup`]: articles → clusters of near-copies, and which copy is published.
//! - [`story`]: which articles are about one event.
//! - [`segments`]: files by which documents are found that left the near-copy index, which is in memory.
//! - [`ledger`]: the SQLite state that remembers every decision.
//! - [`outbox`]: the published record, and how it becomes a whole file.
//! - [`desk`]: the threads that drive an article through the stages, and what is promised about it.
//! - [`config`]: settings as written → settings as used; every refusal.
//!
//! # Invariants
//!
//! - Stages do not know each other. `cli → desk → stages → article` is the only road; `tests/architecture.rs` holds it.
//! - `read`, `clean`, `dedup` and `story` are pure: values in, values out, no clock, no file, no runtime.
//! - A document is identified by its content, never by a name, an inode or a time.
//! - A decision is written to the ledger before anything of it is published, and a file leaves the inbox last.
//! - Every queue, file, tree and cache has a bound, and the bound is a setting or a named constant.
//! - The same inputs in the same order give the same bytes.
//!
//! # Cleaning one page
//!
//! ```
//! use copydesk::article::{Document, Given, InputId, MediaType};
//! use copydesk::clean::{Cleaner, Settings, site::SiteMemory};
//! use copydesk::outbox::Record;
//!
//! let content = "Otters return to the river\n\nOtters are living on the lower river again, naturalists have confirmed.\n";
//! let document = Document {
//!     input: InputId::of(content.as_bytes()),
//!     path: "otters.txt".to_owned(),
//!     external_id: None,
//!     media_type: MediaType::Text,
//!     charset: "UTF-8".to_owned(),
//!     bytes: content.len() as u64,
//!     content: content.to_owned(),
//!     given: Given::default(),
//!     folder: None,
//! };
//! let cleaner = Cleaner::new(Settings::default());
//! let article = cleaner.finish(cleaner.draft(&document)?, &SiteMemory::default());
//! assert_eq!(article.title.as_deref(), Some("Otters return to the river"));
//! println!("{}", serde_json::to_string_pretty(&Record::single(&document, article))?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]
pub mod article;
pub mod clean;
pub mod config;
mod crash;
pub mod dedup;
#[allow(missing_docs, reason = "a part of the daemon; its rows and errors are named for what they hold")]
pub mod desk;
#[allow(missing_docs, reason = "a part of the daemon; its rows and errors are named for what they hold")]
pub mod inbox;
#[allow(missing_docs, reason = "a part of the daemon; its rows and errors are named for what they hold")]
pub mod ledger;
pub mod outbox;
pub mod read;
#[allow(missing_docs, reason = "a part of the daemon; its rows and errors are named for what they hold")]
pub mod segments;
pub mod story;
mod tokens;

/// The examples of the README, which are held to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
