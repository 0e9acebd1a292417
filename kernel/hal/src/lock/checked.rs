//! The lock order in debug builds: each core keeps a list of what it holds and compares before it
//! waits, so that an inversion is told the first time it happens, not the first time it deadlocks.
//!
//! A list belongs to one core and is touched with interrupts masked; its own lock is never waited for.

use super::Rank;
use super::disorder::{Disorder, Held, judge};
use crate::Irq;
use core::marker::PhantomData;
use core::panic::Location;
use spin::mutex::SpinMutex;

/// Locks that one core may hold at a time; ranks allow no more of those that are waited for.
const DEPTH: usize = 8;

/// The locks that one core holds: see [`Irq::with_held`].
#[derive(Debug, Default)]
pub struct HeldLocks(SpinMutex<[Option<Held>; DEPTH]>);

impl HeldLocks {
    /// An empty list.
    pub const fn new() -> Self {
        Self(SpinMutex::new([None; DEPTH]))
    }

    /// Adds `new`, if `check` lets it. A list in use belongs to code that a fatal exception stopped.
    fn add(
        &self,
        new: Held,
        check: fn(&[Option<Held>], Held) -> Result<(), Disorder>,
    ) -> Result<(), Disorder> {
        let Some(mut list) = self.0.try_lock() else {
            return Ok(());
        };
        check(&*list, new)?;
        let room = list.iter_mut().find(|entry| entry.is_none());
        *room.ok_or(Disorder::TooMany { new })? = Some(new);
        Ok(())
    }

    fn remove(&self, lock: usize) {
        let Some(mut list) = self.0.try_lock() else {
            return;
        };
        let is_it = |entry: &&mut Option<Held>| entry.is_some_and(|held| held.lock == lock);
        if let Some(entry) = list.iter_mut().find(is_it) {
            *entry = None;
        }
    }
}

/// What a lock is called, and its rank. Its address is the lock's, since it is a part of one.
pub(super) struct Class {
    rank: Rank,
    name: &'static str,
}

impl Class {
    pub(super) const fn new(rank: Rank, name: &'static str) -> Self {
        Self { rank, name }
    }

    /// The calling core is about to wait for the lock. Panics if that is out of order.
    #[track_caller]
    pub(super) fn wanted<I: Irq>(&self) -> Entry<I> {
        self.enter(judge)
    }

    /// The calling core has the lock without having waited for it: in order, whatever it holds.
    #[track_caller]
    pub(super) fn taken<I: Irq>(&self) -> Entry<I> {
        self.enter(|_, _| Ok(()))
    }

    #[track_caller]
    fn enter<I: Irq>(&self, check: fn(&[Option<Held>], Held) -> Result<(), Disorder>) -> Entry<I> {
        let new = Held {
            lock: core::ptr::from_ref(self).addr(),
            rank: self.rank,
            name: self.name,
            at: Location::caller(),
        };
        if let Some(Err(disorder)) = I::with_held(|list| list.add(new, check)) {
            panic!("lock order: {disorder}");
        }
        Entry {
            lock: new.lock,
            irq: PhantomData,
        }
    }
}

/// A lock's entry in its core's list, while this lives.
pub(super) struct Entry<I: Irq> {
    lock: usize,
    irq: PhantomData<fn() -> I>,
}

impl<I: Irq> Drop for Entry<I> {
    fn drop(&mut self) {
        I::with_held(|list| list.remove(self.lock));
    }
}
