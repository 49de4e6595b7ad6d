//! Places where a test can make the process die, between any two durable steps.
//!
//! Only in builds with debug assertions: a release build holds no trace of it. `COPYDESK_CRASH=retire:3` kills the process
//! with SIGKILL when the point `retire` is passed for the third time.

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

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: &str) {}
