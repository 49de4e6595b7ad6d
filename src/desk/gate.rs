//! A bound on what is in flight, in number and in bytes: the reader waits here when the desk has enough to do.

use std::sync::{Condvar, Mutex, PoisonError};

/// Admits work until it is full; whoever is done leaves.
#[derive(Debug)]
pub struct Gate {
    limits: Load,
    load: Mutex<Load>,
    left: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Load {
    items: usize,
    bytes: usize,
    /// Nobody leaves any more, so nobody may wait.
    abandoned: bool,
}

impl Load {
    fn is_full(&self, limits: Self, bytes: usize) -> bool {
        !self.abandoned && self.items > 0 && (self.items >= limits.items || self.bytes + bytes > limits.bytes)
    }

    fn add(&mut self, bytes: usize) {
        self.items += 1;
        self.bytes += bytes;
    }
}

impl Gate {
    /// A gate that admits up to `items` pieces of work of up to `bytes` together, and always one, however large.
    pub fn new(items: usize, bytes: usize) -> Self {
        Self { limits: Load { items, bytes, abandoned: false }, load: Mutex::default(), left: Condvar::new() }
    }

    /// Waits until there is room.
    pub fn enter(&self, bytes: usize) {
        let load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |load: &mut Load| load.is_full(self.limits, bytes);
        self.left.wait_while(load, full).unwrap_or_else(PoisonError::into_inner).add(bytes);
    }

    /// Enters if there is room.
    pub fn try_enter(&self, bytes: usize) -> bool {
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = !load.is_full(self.limits, bytes);
        if has_room {
            load.add(bytes);
        }
        has_room
    }

    /// Whether nothing is inside.
    pub fn is_empty(&self) -> bool {
        self.load.lock().unwrap_or_else(PoisonError::into_inner).items == 0
    }

    /// Lets everybody in from now on: whoever made room is gone.
    pub fn abandon(&self) {
        self.load.lock().unwrap_or_else(PoisonError::into_inner).abandoned = true;
        self.left.notify_all();
    }

    /// Makes room of `items` pieces of work; `bytes` as given on entering, together.
    pub fn leave(&self, items: usize, bytes: usize) {
        let mut load = self.load.lock().unwrap_or_else(PoisonError::into_inner);
        load.items = load.items.saturating_sub(items);
        load.bytes = load.bytes.saturating_sub(bytes);
        // Whoever waited for one place finds a quarter of them free: otherwise each piece of work wakes the thread in front
        // of the gate. What is inside leaves without anybody coming in, so this is reached.
        if load.items <= self.limits.items / 4 * 3 {
            drop(load);
            self.left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn no_more_than_the_limits_are_inside_and_a_large_one_goes_alone() {
        let gate = Gate::new(3, 100);
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for bytes in [10, 40, 60, 500, 90, 5, 5, 5] {
                let (gate, inside) = (&gate, &inside);
                scope.spawn(move || {
                    for _ in 0..200 {
                        gate.enter(bytes);
                        let now = inside.fetch_add(bytes, Ordering::SeqCst) + bytes;
                        assert!(now <= 100 || now == bytes, "{now} bytes inside");
                        inside.fetch_sub(bytes, Ordering::SeqCst);
                        gate.leave(1, bytes);
                    }
                });
            }
        });
    }
}
