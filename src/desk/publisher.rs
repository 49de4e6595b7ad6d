//! Makes the outbox show what the ledger decided, in many threads because each durable file waits for the disk.
//!
//! All work for one article goes to one thread, so a later revision never meets an earlier one. Orders are handed over in
//! shares, since a thread that is woken for each has one file to show where it could have shown sixteen. (Measured for this
//! design, one file at a time: one thread reaches 100–300 durable files a second, sixteen 1,800–3,900.)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::alarm::Alarm;
use super::gate::Gate;
use super::health::Health;
use crate::outbox::Outbox;

/// What one article's file is to become.
#[derive(Debug)]
pub struct Order {
    pub cluster: u64,
    pub revision: u64,
    pub id: String,
    /// The record, or `None` when the article is withdrawn.
    pub record: Option<Vec<u8>>,
}

impl Order {
    fn bytes(&self) -> usize {
        self.record.as_ref().map_or(0, Vec::len)
    }
}

/// An order that is durably done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub cluster: u64,
    pub revision: u64,
}

/// The threads, and the way to them.
#[derive(Debug)]
pub struct Publishers {
    shares: Vec<Share>,
    /// Bounds the bytes of records on their way.
    room: Arc<Gate>,
    threads: Vec<JoinHandle<()>>,
}

/// What one thread is to do next.
#[derive(Debug)]
struct Share {
    to: Sender<Vec<Order>>,
    open: Vec<Order>,
    bytes: usize,
}

impl Share {
    fn hand_over(&mut self) {
        if !self.open.is_empty() {
            self.bytes = 0;
            // Refused only by one that panicked, and then the desk is about to end: what it left is pending in the ledger.
            let _ = self.to.send(std::mem::take(&mut self.open));
        }
    }
}

/// Orders and bytes of records that may wait for the disk.
const WAITING_ORDERS: usize = 1024;
const WAITING_BYTES: usize = 32 << 20;
/// Orders that one thread carries out together, and bytes of records from which on it gets no further one with them.
const TOGETHER: usize = 16;
const TOGETHER_BYTES: usize = 1 << 20;
/// Files that all threads together have open: a quarter of what a process usually may (`ulimit -n`, 1,024). Many threads get
/// smaller shares.
const OPEN_FILES: usize = 256;

impl Publishers {
    /// Starts `threads` of them; what is done is told to `done`, which must not be bounded.
    pub fn start(
        threads: usize,
        outbox: Arc<Outbox>,
        health: Arc<Health>,
        alarm: &Arc<Alarm>,
        done: Sender<Vec<Published>>,
    ) -> std::io::Result<Self> {
        let room = Arc::new(Gate::new(WAITING_ORDERS, WAITING_BYTES));
        let mut shares = Vec::with_capacity(threads);
        let mut handles = Vec::with_capacity(threads);
        for number in 0..threads.max(1) {
            let (to, receiver) = bounded(WAITING_ORDERS);
            let (outbox, health, done, room) = (outbox.clone(), health.clone(), done.clone(), Room(room.clone()));
            let work = move || work(&receiver, &outbox, &health, &room.0, &done);
            handles.push(alarm.spawn(&format!("publish-{number}"), work)?);
            shares.push(Share { to, open: Vec::new(), bytes: 0 });
        }
        Ok(Self { shares, room, threads: handles })
    }

    /// Takes an order, which is carried out at the latest after [`Self::flush`]; waits while too much is on its way.
    pub fn publish(&mut self, order: Order) {
        let bytes = order.bytes();
        if !self.room.try_enter(bytes) {
            // What is waited for must be under way.
            self.flush();
            self.room.enter(bytes);
        }
        let threads = self.shares.len();
        let thread = (order.cluster % threads as u64) as usize;
        let share = &mut self.shares[thread];
        share.bytes += bytes;
        share.open.push(order);
        if share.open.len() >= together(threads) || share.bytes >= TOGETHER_BYTES {
            share.hand_over();
        }
    }

    /// Hands over all orders that were taken.
    pub fn flush(&mut self) {
        self.shares.iter_mut().for_each(Share::hand_over);
    }

    /// Waits for the orders on their way, then ends the threads.
    pub fn finish(mut self) {
        self.flush();
        drop(self.shares);
        for thread in self.threads {
            // One that panicked has rung the alarm.
            let _ = thread.join();
        }
    }
}

/// The room as a publisher has it: one that panics does not leave it, so nobody may wait there any more.
struct Room(Arc<Gate>);

impl Drop for Room {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon();
        }
    }
}

/// Orders that one of so many threads gets at once.
fn together(threads: usize) -> usize {
    (OPEN_FILES / threads).clamp(1, TOGETHER)
}

fn work(orders: &Receiver<Vec<Order>>, outbox: &Outbox, health: &Health, room: &Gate, done: &Sender<Vec<Published>>) {
    for batch in orders {
        // Of several states of one article the last counts, and stands for the earlier ones.
        let last: BTreeMap<u64, &Order> = batch.iter().map(|order| (order.cluster, order)).collect();
        let articles: Vec<_> = last.values().map(|order| (order.id.as_str(), order.record.as_deref())).collect();
        // What a slow disk has not taken in time after a stop is pending in the ledger, and shown by the next start.
        let shown = match health.in_haste() {
            true => None,
            false => health.persist("writing the outbox", || outbox.show(&articles)),
        };
        if shown.is_some() {
            let told = last.values().map(|order| Published { cluster: order.cluster, revision: order.revision });
            // The editor may have ended already on an error of its own; the ledger then still says pending.
            let _ = done.send(told.collect());
        }
        room.leave(batch.len(), batch.iter().map(Order::bytes).sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_threads_write_few_files_are_open() {
        assert!((1..=OPEN_FILES).all(|threads| threads * together(threads) <= OPEN_FILES));
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = Arc::new(Outbox::open(&folder.path().join("outbox")).expect("an outbox"));
        let (done, published) = crossbeam_channel::unbounded();
        let threads = 64;
        let health = Arc::new(Health::new(folder.path()));
        let alarm = Alarm::new(health.clone(), Arc::new(Gate::new(1, 1)));
        let mut publishers = Publishers::start(threads, outbox, health, &alarm, done).expect("threads");
        for number in 0..together(threads) as u64 {
            let cluster = number * threads as u64;
            publishers.publish(Order { cluster, revision: 1, id: format!("{cluster:016x}"), record: Some(Vec::new()) });
        }
        // The share is full, so nothing more is waited for.
        let first = published.recv_timeout(std::time::Duration::from_secs(60)).expect("shown without a flush");
        assert_eq!(first.len(), OPEN_FILES / threads);
        publishers.finish();
    }

    #[test]
    fn no_order_waits_for_room_that_shares_not_handed_over_hold() {
        let folder = tempfile::tempdir().expect("a folder");
        let outbox = Arc::new(Outbox::open(&folder.path().join("outbox")).expect("an outbox"));
        let health = Arc::new(Health::new(folder.path()));
        let (done, published) = crossbeam_channel::unbounded();
        // More threads than their open shares have room for, and one order for each.
        let threads = 2 * WAITING_BYTES / TOGETHER_BYTES;
        let alarm = Alarm::new(health.clone(), Arc::new(Gate::new(1, 1)));
        let mut publishers = Publishers::start(threads, outbox.clone(), health, &alarm, done).expect("threads");
        // In a thread of its own: one that waits for ever is to fail here, not to hang.
        std::thread::spawn(move || {
            for cluster in 0..threads as u64 {
                let record = Some(vec![b' '; TOGETHER_BYTES - 1]);
                publishers.publish(Order { cluster, revision: 1, id: format!("{cluster:016x}"), record });
            }
            publishers.finish();
        });
        let mut shown = 0;
        while shown < threads {
            shown += published.recv_timeout(std::time::Duration::from_secs(60)).expect("room for each order").len();
        }
        assert!(outbox.path_of("0000000000000000").exists());
    }
}
