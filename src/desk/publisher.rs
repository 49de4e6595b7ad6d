//! Makes the outbox show what the ledger decided, in many threads because each durable file waits for the disk.
//!
//! All work for one article goes to one thread, so a later revision never meets an earlier one. (Measured for this design:
//! one thread reaches 100–300 durable files a second, sixteen 1,800–3,900, and sixteen that show eight at a time 9,000.)

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

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

/// An order that is durably done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    pub cluster: u64,
    pub revision: u64,
}

/// The threads, and the way to them.
#[derive(Debug)]
pub struct Publishers {
    orders: Vec<Sender<Order>>,
    /// Bounds the bytes of records on their way.
    room: Arc<Gate>,
    threads: Vec<JoinHandle<()>>,
}

/// Orders and bytes of records that may wait for the disk.
const WAITING_ORDERS: usize = 1024;
const WAITING_BYTES: usize = 32 << 20;
/// Orders that one thread carries out together, and bytes of records from which on it takes no further one.
const TOGETHER: usize = 8;
const TOGETHER_BYTES: usize = 1 << 20;

impl Publishers {
    /// Starts `threads` of them; each done order is told to `done`, which must not be bounded.
    pub fn start(
        threads: usize,
        outbox: Arc<Outbox>,
        health: Arc<Health>,
        done: Sender<Published>,
    ) -> std::io::Result<Self> {
        let room = Arc::new(Gate::new(WAITING_ORDERS, WAITING_BYTES));
        let mut orders = Vec::with_capacity(threads);
        let mut handles = Vec::with_capacity(threads);
        for number in 0..threads.max(1) {
            let (sender, receiver) = bounded(WAITING_ORDERS);
            let (outbox, health, done, room) = (outbox.clone(), health.clone(), done.clone(), room.clone());
            let thread = std::thread::Builder::new().name(format!("publish-{number}"));
            handles.push(thread.spawn(move || work(&receiver, &outbox, &health, &room, &done))?);
            orders.push(sender);
        }
        Ok(Self { orders, room, threads: handles })
    }

    /// Hands over an order; waits while too much is on its way.
    pub fn publish(&self, order: Order) {
        self.room.enter(order.record.as_ref().map_or(0, Vec::len));
        let thread = (order.cluster % self.orders.len() as u64) as usize;
        self.orders[thread].send(order).expect("a publisher ends only after its orders do");
    }

    /// Waits for the orders on their way, then ends the threads.
    pub fn finish(self) {
        drop(self.orders);
        for thread in self.threads {
            // A publisher does not panic on I/O errors; if one did, what it left is pending in the ledger.
            let _ = thread.join();
        }
    }
}

fn work(orders: &Receiver<Order>, outbox: &Outbox, health: &Health, room: &Gate, done: &Sender<Published>) {
    for first in orders {
        // Whatever waits is shown together; a lone order waits for no other.
        let mut batch = vec![first];
        let mut bytes = 0;
        while let Some(order) = batch.last() {
            bytes += order.record.as_ref().map_or(0, Vec::len);
            if batch.len() >= TOGETHER || bytes >= TOGETHER_BYTES {
                break;
            }
            match orders.try_recv() {
                Ok(order) => batch.push(order),
                Err(_) => break,
            }
        }
        // Of several states of one article the last counts, and stands for the earlier ones.
        let last: BTreeMap<u64, &Order> = batch.iter().map(|order| (order.cluster, order)).collect();
        let articles: Vec<_> = last.values().map(|order| (order.id.as_str(), order.record.as_deref())).collect();
        // What a slow disk has not taken in time after a stop is pending in the ledger, and shown by the next start.
        let shown = match health.in_haste() {
            true => None,
            false => health.persist("writing the outbox", || outbox.show(&articles)),
        };
        if shown.is_some() {
            for order in last.values() {
                // The editor may have ended already on an error of its own; the ledger then still says pending.
                let _ = done.send(Published { cluster: order.cluster, revision: order.revision });
            }
        }
        for order in &batch {
            room.leave(order.record.as_ref().map_or(0, Vec::len));
        }
    }
}
