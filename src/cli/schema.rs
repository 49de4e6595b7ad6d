//! `copydesk schema`: the JSON Schema of the published record.

use clap::Args;
use copydesk::outbox;

use super::exit::Exit;
use super::output::Output;

/// Print the JSON Schema (2020-12) of the published record
#[derive(Args, Debug)]
pub struct Command {}

impl Command {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let mut output = Output::stdout();
        output.line(&serde_json::to_string_pretty(&outbox::schema())?)?;
        output.flush()?;
        Ok(Exit::Done)
    }
}
