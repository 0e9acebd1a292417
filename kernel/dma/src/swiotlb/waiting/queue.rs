//! Those who wait for slots, in the order in which they are served. A plain value: its lock is the pool's.
//!
//! Devices take turns, and the waiters of one device are served as they came. Each waiter gets a *round*
//! when it comes: the present one, or the one behind that of its device's last; so a device that comes
//! with a hundred has one served in each round, and another's first is never behind all of them. Of
//! those who come after a waiter, each other device has at most as many served before it as there were
//! rounds before its own.
//!
//! A waiter for whom there is no run does not hold up those behind it, who may want less: up to
//! [`PASSES`] of them pass it. Then it *holds*: nobody behind it is served for [`HOLD_US`], in which what
//! comes free gathers for it. If it cannot be served even then, others pass once more. So none is
//! passed for ever without a chance, and none is held up for ever. Who waits for its own quota holds
//! nobody up, and is passed by anybody.

extern crate alloc;

use super::super::Slots;
use super::super::layout::Layout;
use super::super::terms::Terms;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::Waker;

/// Waiters that pass another before it holds.
pub(super) const PASSES: u32 = 32;
/// Microseconds for which a waiter holds.
pub(super) const HOLD_US: u64 = 10_000;

/// A waiter's place in the order, and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    round: u64,
    ticket: u64,
}

/// What a waiter waits for.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) terms: Arc<Terms>,
    pub(crate) layout: Layout,
    /// Bytes of the data.
    pub(crate) len: u64,
}

/// A waiter.
struct Entry {
    key: Key,
    want: Want,
    /// Whom to wake; nobody once it was woken.
    waker: Option<Waker>,
    /// What was put aside for it.
    grant: Option<Slots>,
    /// There was no run for it when it was last its turn.
    short: bool,
    /// Waiters behind it that were served since, or since it last held.
    passed: u32,
    /// When it began to hold, in microseconds.
    held_since: Option<u64>,
}

/// All of them.
pub(super) struct Queue {
    /// By key.
    entries: Vec<Entry>,
    /// That of the last waiter that was served.
    round: u64,
    tickets: u64,
}

/// What a waiter finds when it looks.
pub(super) enum Look {
    /// What was put aside for it. It waits no more.
    Granted(Slots),
    /// Nothing yet. What it would have woken by until now.
    NotYet(#[expect(dead_code, reason = "dropped where no lock is held")] Option<Waker>),
}

/// What is left of a waiter that gave up.
pub(super) struct Left {
    pub(super) want: Want,
    pub(super) grant: Option<Slots>,
    #[expect(dead_code, reason = "dropped where no lock is held")]
    waker: Option<Waker>,
}

/// Storage for more waiters, made where no lock is held.
pub(super) struct Room(Vec<Entry>);

impl Room {
    /// For twice as many as `queue` has room for now. `None`: no heap.
    pub(super) fn after(capacity: usize) -> Option<Self> {
        let mut entries = Vec::new();
        let wanted = (capacity * 2).max(8);
        entries.try_reserve_exact(wanted).ok()?;
        Some(Self(entries))
    }
}

impl Queue {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            round: 0,
            tickets: 0,
        }
    }

    /// How many could wait without more room, if no more can now.
    pub(super) fn is_full(&self) -> Option<usize> {
        let capacity = self.entries.capacity();
        (self.entries.len() == capacity).then_some(capacity)
    }

    /// Moves into a larger room, if it is larger. Gives back what is not needed any more.
    pub(super) fn move_to(&mut self, room: &mut Room) {
        if room.0.capacity() > self.entries.capacity() {
            room.0.append(&mut self.entries);
            core::mem::swap(&mut self.entries, &mut room.0);
        }
    }

    /// A waiter comes. There is room for it.
    pub(super) fn push(&mut self, want: Want, waker: Waker) -> Key {
        // Whoever came and went in vain is at the end, and no farther.
        let end = self.entries.last().map_or(0, |last| last.key.round + 1);
        let round = want.terms.next_round().min(end).max(self.round);
        want.terms.set_next_round(round + 1);
        let key = Key {
            round,
            ticket: self.tickets,
        };
        self.tickets += 1;
        let at = self.entries.partition_point(|entry| entry.key < key);
        let entry = Entry {
            key,
            want,
            waker: Some(waker),
            grant: None,
            short: false,
            passed: 0,
            held_since: None,
        };
        self.entries.insert(at, entry);
        key
    }

    /// The first waiter behind `key` that was not served, and what it wants.
    pub(super) fn behind(&self, key: Option<Key>) -> Option<(Key, Want)> {
        let from = self.entries.partition_point(|entry| Some(entry.key) <= key);
        let mut rest = self.entries[from..].iter();
        let entry = rest.find(|entry| entry.grant.is_none())?;
        Some((entry.key, entry.want.clone()))
    }

    fn find(&self, key: Key) -> Option<usize> {
        self.entries
            .binary_search_by_key(&key, |entry| entry.key)
            .ok()
    }

    /// Puts slots aside for a waiter, and tells whom to wake. Gives them back if it is gone.
    pub(super) fn grant(&mut self, key: Key, slots: Slots) -> Result<Option<Waker>, Slots> {
        let Some(at) = self.find(key) else {
            return Err(slots);
        };
        let (before, rest) = self.entries.split_at_mut(at);
        let passed = before.iter_mut();
        for entry in passed.filter(|entry| entry.grant.is_none() && entry.short) {
            entry.passed += 1;
        }
        self.round = self.round.max(key.round);
        rest[0].grant = Some(slots);
        Ok(rest[0].waker.take())
    }

    /// It was a waiter's turn, and there was no run for it, or its quota is used up. Does it hold those
    /// behind it?
    pub(super) fn was_short(&mut self, key: Key, of_pool: bool, now: u64) -> bool {
        let Some(at) = self.find(key) else {
            return false;
        };
        let entry = &mut self.entries[at];
        entry.short = of_pool;
        if !of_pool || entry.passed < PASSES {
            return false;
        }
        let since = *entry.held_since.get_or_insert(now);
        let holds = now.saturating_sub(since) < HOLD_US;
        if !holds {
            (entry.passed, entry.held_since) = (0, None);
        }
        holds
    }

    /// A waiter looks, and is woken by `waker` from now on.
    pub(super) fn look(&mut self, key: Key, waker: Waker) -> Look {
        let at = self
            .find(key)
            .expect("a waiter stays until it is served, or leaves");
        match self.entries[at].grant.take() {
            Some(slots) => {
                self.entries.remove(at);
                Look::Granted(slots)
            }
            None => Look::NotYet(self.entries[at].waker.replace(waker)),
        }
    }

    /// A waiter gives up.
    pub(super) fn leave(&mut self, key: Key) -> Left {
        let at = self
            .find(key)
            .expect("a waiter stays until it is served, or leaves");
        let Entry {
            want, grant, waker, ..
        } = self.entries.remove(at);
        Left { want, grant, waker }
    }
}

#[cfg(test)]
mod tests;
