//! The exit codes, all in one place, and which error ends in which.

use std::io;
use std::process::ExitCode;

use copydesk::config;
use copydesk::desk::{DeskError, LockError};

use super::output::ClosedPipe;

/// How the program ended. The numbers are a promise to scripts and service managers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// Something failed; the message says what.
    Failed = 1,
    /// The command line or the settings are wrong; nothing was done.
    Usage = 2,
    /// Another desk holds the inbox (`EX_TEMPFAIL`: try again later).
    Busy = 75,
}

impl Exit {
    /// The exit code of an error that ended a command.
    pub fn of(error: &anyhow::Error) -> Self {
        if error.is::<ClosedPipe>() {
            Self::Done
        } else if error.is::<config::Error>() || error.is::<Usage>() {
            Self::Usage
        } else {
            error.downcast_ref().map_or(Self::Failed, Self::of_desk)
        }
    }

    fn of_desk(error: &DeskError) -> Self {
        match error {
            DeskError::Lock(LockError::Held { .. }) => Self::Busy,
            DeskError::Ignore(_) | DeskError::Rules(_) => Self::Usage,
            DeskError::Inbox { source, .. } | DeskError::State { source, .. } => Self::of_folder(source),
            DeskError::Outbox(error) => Self::of_folder(&error.source),
            _ => Self::Failed,
        }
    }

    /// A folder that was set wrongly stays wrong however often the desk is started; a disk that is full or fails does not.
    fn of_folder(error: &io::Error) -> Self {
        use io::ErrorKind::{
            AlreadyExists, InvalidFilename, InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied,
            ReadOnlyFilesystem,
        };
        match error.kind() {
            NotFound | NotADirectory | IsADirectory | AlreadyExists | PermissionDenied | ReadOnlyFilesystem
            | InvalidFilename | InvalidInput => Self::Usage,
            _ => Self::Failed,
        }
    }
}

/// A command line that the parser accepts and the command cannot: an id that is none, a file with no such name.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn exit_codes_are_the_published_ones() {
        assert_eq!([Exit::Done, Exit::Failed, Exit::Usage, Exit::Busy].map(|exit| exit as u8), [0, 1, 2, 75]);
    }

    #[test]
    fn an_error_keeps_its_exit_code_when_context_is_added() {
        let closed = Err::<(), _>(ClosedPipe).context("cannot write").expect_err("an error");
        assert_eq!(Exit::of(&closed), Exit::Done);
        let settings = Err::<(), _>(config::Error::Other("x".into())).context("at start").expect_err("an error");
        assert_eq!(Exit::of(&settings), Exit::Usage);
        assert_eq!(Exit::of(&anyhow::anyhow!("anything")), Exit::Failed);
        let held = DeskError::Lock(LockError::Held { path: "state".into(), pid: Some(7) });
        assert_eq!(Exit::of(&anyhow::Error::new(held)), Exit::Busy);
        for (kind, exit) in [(io::ErrorKind::NotADirectory, Exit::Usage), (io::ErrorKind::StorageFull, Exit::Failed)] {
            let state = DeskError::State { path: "state".into(), source: kind.into() };
            assert_eq!(Exit::of(&anyhow::Error::new(state)), exit, "{kind}");
        }
    }
}
