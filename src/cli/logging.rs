//! Where the log goes (standard error), how much of it, and in which form.

use std::io::{self, Write};
use std::sync::OnceLock;

use copydesk::config::{Loaded, LogFormat};
use indicatif::ProgressBar;
use serde_json::json;
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

/// The form that the log was started in.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Says on standard error what ended the program, whatever the level, in the form of the log; `asked` is the form that counts
/// while there is no log.
pub fn fatal(message: &str, asked: Option<&str>) {
    let is_json = FORMAT.get().map_or(asked == Some("json"), |format| *format == LogFormat::Json);
    if !is_json {
        return output::complain(&format!("copydesk: {message}"));
    }
    let line = json!({
        "timestamp": jiff::Timestamp::now().to_string(),
        "level": "ERROR",
        "message": message,
        "target": "copydesk",
    });
    output::complain(&line.to_string());
}

/// Starts the log.
pub fn start(loaded: &Loaded, voice: Voice) {
    let _ = FORMAT.set(loaded.settings.log.format);
    let level = match voice {
        Voice::Tool if !loaded.is_set("log.level") => "warn",
        _ => &loaded.settings.log.level,
    };
    // The settings were accepted, and the level with them.
    let filter = EnvFilter::new(level);
    let stderr = io::stderr();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Stderr)
        .with_ansi(output::colour(&stderr))
        .log_internal_errors(false);
    // A second start fails, which only tests do; the first one then stands.
    let _ = match (loaded.settings.log.format, voice) {
        (LogFormat::Json, _) => builder.json().flatten_event(true).try_init(),
        (LogFormat::Text, Voice::Service) => builder.try_init(),
        (LogFormat::Text, Voice::Tool) => builder.without_time().with_target(false).try_init(),
    };
}

/// The progress bar that log lines must not tear.
static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// Makes log lines appear above `bar` from now on.
pub fn draw_above(bar: &ProgressBar) {
    // A second bar in one program is drawn over; there is none.
    let _ = BAR.set(bar.clone());
}

/// Standard error, around a progress bar if there is one.
struct Stderr;

impl Write for Stderr {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match BAR.get() {
            Some(bar) => bar.suspend(|| io::stderr().write(line)),
            None => io::stderr().write(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
