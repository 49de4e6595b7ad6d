//! Places where a test can make the process die, or the system fail, at and between any two durable steps, or a thread fall over
//! one document.
//!
//! Only in builds with debug assertions: a release build holds no trace of it. `COPYDESK_CRASH=retirer.retired:3` kills the
//! process with SIGKILL when that point is passed for the third time. `COPYDESK_FAULT=outbox.write:28:3:FILE` makes that step
//! fail with error 28 from its third time on, for as long as FILE exists: removing it is the cure. `COPYDESK_POISON=word` makes a
//! worker panic over a document that holds `word:panic`, and never come back from one that holds `word:hang`; over
//! `word:decision` the editor panics, over `word:record` who puts the record together, over `word:retiring` in its path the retirer.

use std::io;

/// Dies here if the environment says so.
#[cfg(debug_assertions)]
pub fn point(name: &str) {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    static PLAN: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let plan = std::env::var("COPYDESK_CRASH").ok()?;
        let (name, times) = plan.split_once(':')?;
        Some((name.to_owned(), AtomicU64::new(times.parse().ok()?)))
    });
    if let Some((planned, left)) = &*PLAN
        && planned == name
        && left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    }
}

/// Fails here if the environment says so, as the system might.
#[cfg(debug_assertions)]
pub fn fault(name: &str) -> io::Result<()> {
    use std::path::PathBuf;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Plan {
        name: String,
        errno: i32,
        first: u64,
        while_there: PathBuf,
        passed: AtomicU64,
    }
    static PLAN: LazyLock<Option<Plan>> = LazyLock::new(|| {
        let plan = std::env::var("COPYDESK_FAULT").ok()?;
        let mut parts = plan.splitn(4, ':');
        let mut part = || parts.next();
        let (name, errno, first, file) = (part()?, part()?, part()?, part()?);
        let (errno, first) = (errno.parse().ok()?, first.parse().ok()?);
        Some(Plan { name: name.to_owned(), errno, first, while_there: file.into(), passed: AtomicU64::new(0) })
    });
    match &*PLAN {
        Some(plan)
            if plan.name == name
                && plan.passed.fetch_add(1, Ordering::SeqCst) + 1 >= plan.first
                && plan.while_there.exists() =>
        {
            Err(io::Error::from_raw_os_error(plan.errno))
        }
        _ => Ok(()),
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: &str) {}

/// Never fails, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn fault(_name: &str) -> io::Result<()> {
    Ok(())
}

/// Panics over these bytes if they say so and the environment allows it.
pub fn poison(bytes: &[u8], what: &str) {
    assert!(!is_poisoned(bytes, what), "the document is poisoned");
}

/// Never comes back, under the same conditions.
pub fn hang(bytes: &[u8]) {
    while is_poisoned(bytes, "hang") {
        std::thread::park();
    }
}

#[cfg(debug_assertions)]
fn is_poisoned(bytes: &[u8], what: &str) -> bool {
    use std::sync::LazyLock;

    static WORD: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("COPYDESK_POISON").ok());
    WORD.as_ref().is_some_and(|word| {
        let poison = format!("{word}:{what}");
        bytes.windows(poison.len()).any(|window| window == poison.as_bytes())
    })
}

/// Nothing is, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
fn is_poisoned(_bytes: &[u8], _what: &str) -> bool {
    false
}
