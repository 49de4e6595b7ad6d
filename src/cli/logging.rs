//! Where the log goes (standard error), how much of it, and in which form.

use std::io;

use copydesk::config::{Loaded, LogFormat};
use tracing_subscriber::EnvFilter;

use super::output;

/// What a command logs when nobody has set a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// A service: times and modules, at the level of the settings.
    Service,
    /// A command that a person waits for: warnings, without times.
    Tool,
}

/// Starts the log.
///
/// # Errors
/// The level is neither a level nor a filter.
pub fn start(loaded: &Loaded, voice: Voice) -> Result<(), copydesk::config::Error> {
    let level = match voice {
        Voice::Tool if !loaded.is_set("log.level") => "warn",
        _ => &loaded.settings.log.level,
    };
    let filter = EnvFilter::try_new(level).map_err(|error| {
        copydesk::config::Error::Other(format!(
            "`log.level` must be error, warn, info, debug, trace or a filter such as \
             \"info,copydesk::inbox=debug\", got {level:?}: {error}"
        ))
    })?;
    let stderr = io::stderr();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(output::colour(&stderr))
        .log_internal_errors(false);
    // A second start fails, which only tests do; the first one then stands.
    let _ = match (loaded.settings.log.format, voice) {
        (LogFormat::Json, _) => builder.json().flatten_event(true).try_init(),
        (LogFormat::Text, Voice::Service) => builder.try_init(),
        (LogFormat::Text, Voice::Tool) => builder.without_time().with_target(false).try_init(),
    };
    Ok(())
}
