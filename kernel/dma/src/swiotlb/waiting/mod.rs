//! Waiting for slots, without losing a wake-up.
//!
//! Who gives slots back must neither wait nor run foreign code, so it does no more than look whether
//! somebody waits: one load and one branch, in the lock that it holds anyway. If so, it sets a flag, and
//! has [`Dma::grant`](crate::Dma::grant) called later, which puts slots aside for those who wait, in
//! their order (`queue`), and wakes them with no lock held.
//!
//! **No wake-up is lost.** A waiter *registers* (it is counted), *sweeps* (takes and leaves the lock of each
//! chunk), and only then is it looked for slots on its behalf. A release frees its slots and looks at
//! the count under one chunk's lock. Whichever has that lock first, the other sees what it did: either
//! the slots, or the waiter. So the release needs no barrier. What else makes room, a chunk that comes
//! or a quota that is refunded, is rare: there a full barrier stands between that and the look, and one
//! between the registration and the sweep.
//!
//! **Nobody barges.** While anybody waits, a newcomer who may wait does so too, behind it. A plain `map`,
//! which may not, has what is free at that moment.
//!
//! **Nothing is lost.** A waiter that is dropped gives back what was put aside for it.
//!
//! Context: registering may allocate; giving slots back is for any context.

mod grant;
mod queue;

pub(crate) use queue::Want;

use super::Slots;
use super::atomic::{AtomicU8, AtomicU32};
use super::pool::Pool;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, SeqCst};
use core::sync::atomic::fence;
use core::task::Waker;
use hal::{Cpu, Irq, IrqLock, Rank};
use queue::{Key, Look, Queue, Room};

/// What those who wait need from the kernel around.
pub trait Grants: Sync {
    /// Has [`Dma::grant`](crate::Dma::grant) called soon, with interrupts on and no lock held.
    ///
    /// Context: any, under any lock.
    fn grant_soon(&self);

    /// As `grant_soon`, after `micros` microseconds, or before.
    ///
    /// Context: interrupts on, no lock held.
    fn grant_in(&self, micros: u64);

    /// Microseconds of a clock that never goes back.
    fn micros(&self) -> u64;
}

/// A pool's waiters.
pub(super) struct Waiting<I> {
    /// Those who were not served. Changed under the queue's lock.
    count: AtomicU32,
    /// Somebody is to look, and whoever does so knows.
    asked: AtomicU8,
    /// Somebody is at it.
    granting: AtomicU8,
    grants: Option<&'static dyn Grants>,
    /// Lock order: as a chunk's, and never held with one.
    queue: IrqLock<Queue, I>,
}

/// A waiter, until it is served or leaves.
#[derive(Debug)]
pub(crate) struct Ticket(Key);

/// What a waiter finds.
pub(crate) enum Served {
    /// What was put aside for it.
    Granted(Slots),
    /// Nothing yet.
    NotYet(Ticket),
}

/// Nobody can wait here: nobody would grant anything, or there is no heap.
#[derive(Debug)]
pub(crate) struct CannotWait;

impl<I: Irq> Waiting<I> {
    pub(super) fn new() -> Self {
        Self {
            count: AtomicU32::new(0),
            asked: AtomicU8::new(0),
            granting: AtomicU8::new(0),
            grants: None,
            queue: IrqLock::new(Rank::Layer, "waiters for the bounce pool", Queue::new()),
        }
    }

    /// Does anybody wait? To be asked under the lock under which slots were given back, or behind a
    /// full barrier.
    #[inline]
    pub(super) fn is_any(&self) -> bool {
        self.count.load(Relaxed) != 0
    }

    /// Has somebody look for those who wait.
    #[cold]
    pub(super) fn ask(&self) {
        if self.asked.swap(1, AcqRel) == 0
            && let Some(grants) = self.grants
        {
            grants.grant_soon();
        }
    }

    /// Looks whether somebody waits, after room was made under no lock that a waiter sweeps.
    #[cold]
    pub(super) fn tell(&self) {
        fence(SeqCst);
        if self.is_any() {
            self.ask();
        }
    }

    /// Runs `work`, on one core at a time, until nobody asked for it meanwhile. Returns at once where a
    /// core is at it: that one comes round again.
    fn alone(&self, mut work: impl FnMut()) {
        while self.granting.swap(1, AcqRel) == 0 {
            // Sees all that was done before it was asked for.
            self.asked.swap(0, AcqRel);
            work();
            // Pairs with the swap of a core that came meanwhile, whose question is visible now.
            self.granting.swap(0, AcqRel);
            if self.asked.load(Acquire) == 0 {
                return;
            }
        }
    }
}

impl<I: Irq + Cpu> Pool<I> {
    /// Has those who wait served by `grants` from now on: before the pool is shared.
    pub(crate) fn serve_by(&mut self, grants: &'static dyn Grants) {
        self.waiting_mut().grants = Some(grants);
    }

    /// Does anybody wait? Then a newcomer that may wait goes behind.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting().is_any()
    }

    /// Waits for slots: `waker` is woken when there are some for it.
    ///
    /// Context: any; allocates where more wait than ever before.
    pub(crate) fn wait(&self, want: Want, waker: &Waker) -> Result<Ticket, CannotWait> {
        let waiting = self.waiting();
        if waiting.grants.is_none() {
            return Err(CannotWait);
        }
        let key = self.register(want, waker.clone())?;
        fence(SeqCst);
        self.sweep();
        // As a release would: what came free before it saw the waiter is found now.
        if I::masked() {
            waiting.ask();
        } else {
            waiting.asked.swap(1, AcqRel);
            self.grant();
        }
        Ok(Ticket(key))
    }

    fn register(&self, want: Want, waker: Waker) -> Result<Key, CannotWait> {
        let waiting = self.waiting();
        let mut room: Option<Room> = None;
        loop {
            let mut queue = waiting.queue.lock();
            if let Some(room) = &mut room {
                queue.move_to(room);
            }
            let Some(capacity) = queue.is_full() else {
                let key = queue.push(want, waker);
                waiting.count.fetch_add(1, SeqCst);
                return Ok(key);
            };
            drop(queue);
            room = Some(Room::after(capacity).ok_or(CannotWait)?);
        }
    }

    /// Takes and leaves the lock of each chunk: what was freed under it before is seen, and who frees
    /// something under it from now on sees who is registered.
    fn sweep(&self) {
        let chunks = self.chunks().iter().enumerate();
        let filled = chunks.filter(|(_, chunk)| chunk.hints.is_filled());
        filled.for_each(|(index, _)| drop(self.open(index)));
        self.sweep_private();
    }

    /// What there is for a waiter; if nothing, `waker` is woken when there is.
    pub(crate) fn look(&self, Ticket(key): Ticket, waker: &Waker) -> Served {
        let waker = waker.clone();
        let look = self.waiting().queue.lock().look(key, waker);
        match look {
            Look::Granted(slots) => Served::Granted(slots),
            Look::NotYet(_) => Served::NotYet(Ticket(key)),
        }
    }

    /// A waiter gives up: what was put aside for it goes to others.
    ///
    /// Context: any.
    pub(crate) fn leave(&self, Ticket(key): Ticket) {
        let waiting = self.waiting();
        let left = {
            let mut queue = waiting.queue.lock();
            let left = queue.leave(key);
            if left.grant.is_none() {
                waiting.count.fetch_sub(1, Relaxed);
            }
            left
        };
        match left.grant {
            Some(slots) => self.release_for(&left.want.terms, slots),
            // It may have held others up.
            None if waiting.is_any() => waiting.ask(),
            None => {}
        }
    }

    /// How many wait.
    pub fn waiters(&self) -> u32 {
        self.waiting().count.load(Relaxed)
    }
}
