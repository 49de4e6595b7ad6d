//! Whom an error of the system concerns: the one file, or the desk. The first may end in `failed/`, the second never does.

use std::io;

use rustix::io::Errno;

/// What an error says, and so what to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file is gone, or is no longer what it was: look again.
    Vanished,
    /// This file cannot be had, now at least: permissions, a name that is too long. Try again a few times, then give up.
    Document,
    /// The disk, the mount or the process is in trouble: pause, and condemn nothing.
    Desk,
}

impl Fault {
    /// Whether the disk failed at one file or folder: others may be sound, so nobody needs to wait for it.
    pub fn is_at_one_place(error: &io::Error) -> bool {
        matches!(Errno::from_io_error(error), Some(Errno::IO | Errno::UCLEAN))
    }

    /// Classes an error of opening, reading, renaming or looking at one file.
    ///
    /// Errors that are not known to concern one file count as the desk's: a pause loses nothing, a wrong verdict does.
    pub fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::ISDIR | Errno::NXIO | Errno::STALE) => {
                Self::Vanished
            }
            Some(Errno::ACCESS | Errno::PERM | Errno::NAMETOOLONG | Errno::INVAL | Errno::ILSEQ | Errno::OVERFLOW) => {
                Self::Document
            }
            Some(_) => Self::Desk,
            None => match error.kind() {
                io::ErrorKind::NotFound => Self::Vanished,
                io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                    Self::Document
                }
                _ => Self::Desk,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_of_the_disk_or_the_process_is_never_blamed_on_the_file() {
        for errno in [Errno::IO, Errno::NOSPC, Errno::ROFS, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::DQUOT] {
            assert_eq!(Fault::of(&errno.into()), Fault::Desk, "{errno}");
        }
        assert_eq!(Fault::of(&Errno::ACCESS.into()), Fault::Document);
        assert_eq!(Fault::of(&Errno::NOENT.into()), Fault::Vanished);
    }
}
