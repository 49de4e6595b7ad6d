//! Places where a test can make the process die, between any two durable steps, or a worker fall over one document.
//!
//! Only in builds with debug assertions: a release build holds no trace of it. `COPYDESK_CRASH=retire:3` kills the process
//! with SIGKILL when the point `retire` is passed for the third time. `COPYDESK_POISON=word` makes a worker panic over a document
//! that holds `word:panic`, and never come back from one that holds `word:hang`.

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

/// Panics over this document, or hangs, if it says so and the environment allows it.
#[cfg(debug_assertions)]
pub fn document(bytes: &[u8]) {
    use std::sync::LazyLock;

    static WORD: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("COPYDESK_POISON").ok());
    if let Some(word) = &*WORD {
        let has = |what: &str| {
            let poison = format!("{word}:{what}");
            bytes.windows(poison.len()).any(|window| window == poison.as_bytes())
        };
        assert!(!has("panic"), "the document is poisoned");
        while has("hang") {
            std::thread::park();
        }
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn document(_bytes: &[u8]) {}
