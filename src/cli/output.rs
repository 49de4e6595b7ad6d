//! Standard output and standard error, where a reader that has gone away is no error and no panic.
//!
//! `println!` panics under `copydesk clean … | head`; everything the commands print goes through here instead.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The reader of standard output has gone away; the program ends quietly with exit code 0.
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output has gone away")]
pub struct ClosedPipe;

/// Buffered standard output.
pub struct Output(BufWriter<StdoutLock<'static>>);

impl Output {
    /// Takes standard output for this command.
    pub fn stdout() -> Self {
        Self(BufWriter::with_capacity(1 << 16, io::stdout().lock()))
    }

    /// Writes bytes as they are.
    pub fn put(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        told(self.0.write_all(bytes))
    }

    /// Writes a text and a line end.
    pub fn line(&mut self, text: &str) -> anyhow::Result<()> {
        self.put(text.as_bytes())?;
        self.put(b"\n")
    }

    /// Fails when the reader has gone away, also while there is nothing to write.
    pub fn is_wanted(&self) -> anyhow::Result<()> {
        let stdout = self.0.get_ref();
        let mut asked = [PollFd::new(stdout, PollFlags::empty())];
        let gone = PollFlags::ERR | PollFlags::HUP;
        match poll(&mut asked, Some(&Timespec::default())) {
            Ok(1..) if asked[0].revents().intersects(gone) => Err(ClosedPipe.into()),
            _ => Ok(()),
        }
    }

    /// Hands over what is buffered. To be called at the end: a drop cannot report that it failed.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        told(self.0.flush())
    }
}

fn told(result: io::Result<()>) -> anyhow::Result<()> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => ClosedPipe.into(),
        _ => anyhow::Error::new(error).context("cannot write to standard output"),
    })
}

/// Prints one line on standard error. That nobody reads it must not end the program.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "{}", visible(message));
}

/// The text with control characters written as escapes: a file's name must not steer the terminal. Line ends stay.
pub fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => visible.push(c),
            c if c.is_control() => visible.extend(c.escape_default()),
            c => visible.push(c),
        }
    }
    visible
}

/// Whether output to this stream may be coloured: it is a terminal, and `NO_COLOR` (no-color.org) is not set.
pub fn colour(stream: &impl IsTerminal) -> bool {
    let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    stream.is_terminal() && !forbidden && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        assert_eq!(visible("a\x1b[2J\x07 ü\n"), "a\\u{1b}[2J\\u{7} ü\n");
    }
}
