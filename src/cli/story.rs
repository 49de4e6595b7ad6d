//! `copydesk story`: the articles on one event, in time order.

use clap::Args;
use copydesk::article::instant;
use copydesk::config::Loaded;
use copydesk::ledger::Reader;
use copydesk::outbox::Record;
use serde_json::json;

use super::Folders;
use super::exit::Exit;
use super::explain_id::current;
use super::output::{Output, complain};
use super::table::{Table, shorten};

/// Columns of a headline in the list.
const TITLE_WIDTH: usize = 48;

/// List the articles of a story in time order
#[derive(Args, Debug)]
pub struct Command {
    /// Id of the story, or of one of its articles
    #[arg(value_name = "ID")]
    id: String,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub folders: Folders,
}

impl Command {
    pub fn run(self, loaded: Loaded) -> anyhow::Result<Exit> {
        let settings = loaded.settings;
        let reader = Reader::open(&settings.state.path)?;
        let article = reader.as_ref().map_or(Ok(None), |reader| reader.article(&self.id))?;
        let (Some(reader), Some(article)) = (reader, article) else {
            complain(&format!("copydesk: no article or story {} is known here", self.id));
            return Ok(Exit::Failed);
        };
        let article = current(&reader, article)?;
        let mut records = Vec::new();
        for row in reader.story(article.story)? {
            let path = settings.outbox.path.join(format!("{}.json", row.id));
            // One that is on its way into the outbox will be there at the next call.
            if let Some(json) = std::fs::read(&path).ok()
                && let Ok(record) = serde_json::from_slice::<Record>(&json)
            {
                records.push(record);
            }
        }
        // Articles without a date stand at the end, in order of arrival.
        records.sort_by_cached_key(|record| {
            let at = record.date_published.as_deref().and_then(instant);
            (at.is_none(), at)
        });
        let mut output = Output::stdout();
        let mut table = Table::new(&["date", "id", "site", "title"]);
        for record in &records {
            let Record { id, date_published, site, title, url, .. } = record;
            if self.json {
                let line =
                    json!({ "id": id, "date_published": date_published, "site": site, "title": title, "url": url });
                output.line(&line.to_string())?;
            } else {
                let text = |field: &Option<String>| shorten(field.as_deref().unwrap_or("-"), TITLE_WIDTH);
                table.row([text(date_published), id.clone(), text(site), text(title)]);
            }
        }
        if !self.json {
            output.put(table.to_string().as_bytes())?;
        }
        output.flush()?;
        Ok(Exit::Done)
    }
}
