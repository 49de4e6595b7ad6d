//! What becomes of the desk when one of its threads panics: all of it ends, and says so, so that whoever keeps it running
//! starts it anew. Without this the others would wait for that thread for ever, and `status` would say that all is well.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use tokio::sync::Notify;

use super::gate::Gate;
use super::health::Health;

/// Shared by the threads of a desk.
#[derive(Debug)]
pub struct Alarm {
    health: Arc<Health>,
    gate: Arc<Gate>,
    /// Told when the desk has to end.
    ended: Notify,
    /// The thread that panicked first.
    panicked: OnceLock<String>,
}

impl Alarm {
    /// `gate` is the one that the reader waits at.
    pub fn new(health: Arc<Health>, gate: Arc<Gate>) -> Arc<Self> {
        Arc::new(Self { health, gate, ended: Notify::new(), panicked: OnceLock::new() })
    }

    /// Ends the desk: nobody waits for room any more, and nothing more is taken.
    pub fn ring(&self) {
        self.health.stop();
        self.gate.abandon();
        self.ended.notify_one();
    }

    /// Waits until it rings.
    pub async fn rung(&self) {
        self.ended.notified().await;
    }

    /// The thread that panicked, if any did.
    pub fn panicked(&self) -> Option<&str> {
        self.panicked.get().map(String::as_str)
    }

    /// Starts a thread that rings when it panics.
    pub fn spawn<T: Send + 'static>(
        self: &Arc<Self>,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        let watch = Watch { alarm: self.clone(), name: name.to_owned() };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _watch = watch;
            work()
        })
    }
}

/// Dropped at the end of a thread, however it ends.
struct Watch {
    alarm: Arc<Alarm>,
    name: String,
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The first one counts: the others may follow from it.
            let _ = self.alarm.panicked.set(std::mem::take(&mut self.name));
            self.alarm.ring();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_ends_the_desk_and_lets_go_who_waits_at_the_gate() {
        let folder = tempfile::tempdir().expect("a folder");
        let health = Arc::new(Health::new(folder.path()));
        let gate = Arc::new(Gate::new(1, 1));
        let alarm = Alarm::new(health.clone(), gate.clone());
        gate.enter(1);
        let (waiting, went_on) = (gate.clone(), crossbeam_channel::bounded(1));
        std::thread::spawn(move || {
            waiting.enter(1);
            went_on.0.send(()).expect("the test waits");
        });
        assert!(alarm.spawn("sound", || 7).expect("a thread").join().is_ok_and(|value| value == 7));
        assert!(!health.stopping() && alarm.panicked().is_none());
        let broken = alarm.spawn("broken", || panic!("for a test")).expect("a thread");
        went_on.1.recv_timeout(std::time::Duration::from_secs(60)).expect("nobody waits for room any more");
        assert!(broken.join().is_err());
        assert!(health.stopping());
        assert_eq!(alarm.panicked(), Some("broken"));
    }
}
