//! A chunk whose lock is held: slots out of it and back, and what the pool has to know of that.
//!
//! Most calls change nothing that others look at but the number of free slots. The rest is told when
//! that number passes a mark, when a search fails, and when a release makes a longer run. So a chunk that
//! has become full says so when it is next looked into in vain, once, and the last slot may be taken and
//! given back again and again without a word.
//!
//! What every mapping does is inlined into the two calls of the pool: a chunk that is open is registers
//! there, never memory.

use super::Slots;
use super::chunk::Chunk;
use super::classes::levels;
use super::descriptor::{Hints, State, Watch, data};
use super::layout::Layout;
use super::shared::Shared;
use super::{CHUNK, SLOT};
use core::sync::atomic::Ordering::Relaxed;
use hal::lock::IrqGuard;
use hal::{Irq, RamRegion};

/// A chunk, locked.
pub(super) struct Open<'a, I: Irq> {
    index: usize,
    hints: &'a Hints,
    shared: &'a Shared,
    state: IrqGuard<'a, State, I>,
}

/// What a chunk does that may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Idle {
    /// There is none.
    Absent,
    /// Slots were taken since the last look.
    Used,
    /// Slots are in use, and were all the time.
    Held,
    /// No slot has been in use for so many microseconds.
    For(u64),
}

impl<'a, I: Irq> Open<'a, I> {
    #[inline(always)]
    pub(super) fn new(
        index: usize,
        hints: &'a Hints,
        shared: &'a Shared,
        state: IrqGuard<'a, State, I>,
    ) -> Self {
        Self {
            index,
            hints,
            shared,
            state,
        }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Counts a run for `len` bytes.
    pub(super) fn count(&mut self, len: u64) {
        let [runs, bytes] = &mut self.state.served;
        *runs += 1;
        *bytes += len;
    }

    /// Takes slots for `len` bytes of the given shape.
    #[inline(always)]
    pub(super) fn alloc(&mut self, layout: &Layout, len: u64) -> Option<Slots> {
        let Some(first) = self.state.chunk.alloc(layout) else {
            self.tell();
            return None;
        };
        self.taken();
        self.count(len);
        Some(Slots {
            pool: self.shared.number,
            chunk: self.index as u8,
            first: first as u16,
            count: layout.slots,
            data: data(self.state.base, first, layout.offset, len),
        })
    }

    /// Takes just these slots, if all are free.
    pub(super) fn alloc_at(&mut self, first: u32, slots: u32) -> bool {
        let done = self.state.chunk.alloc_at(first, slots);
        if done {
            self.taken();
        }
        done
    }

    #[inline(always)]
    fn taken(&mut self) {
        let state = &mut *self.state;
        let free = state.chunk.free_slots();
        self.hints.set_free(free);
        state.touched = true;
        if free < state.watch.below {
            self.tell();
        }
    }

    /// Gives slots back.
    #[inline(always)]
    pub(super) fn release(&mut self, first: u32, slots: u32) {
        let raised = self.state.chunk.release(first, slots);
        let free = self.state.chunk.free_slots();
        self.hints.set_free(free);
        self.shared.rare.came_back();
        if raised || free >= self.state.watch.above {
            self.tell();
        }
    }

    /// Fills the place with the slots of `memory`, which lies in one block.
    pub(super) fn attach(&mut self, memory: RamRegion) {
        let range = memory.range();
        let base = range.start().align_down(CHUNK);
        let first = range
            .start()
            .align_up(SLOT)
            .map_or(0, |start| start.get() - base.get());
        let slots = (range.end().get() - base.get()).saturating_sub(first) / SLOT;
        let (first, slots) = ((first / SLOT) as u32, slots as u32);
        self.shared.total.fetch_add(slots, Relaxed);
        self.state.chunk = Chunk::new(first, slots);
        self.state.base = base;
        self.state.memory = Some(memory);
        self.state.touched = true;
        self.hints.set_free(slots);
        self.hints.fill(base, first, first + slots);
        self.tell();
    }

    /// What the chunk does, as far as looks tell. One that is in use and at rest tells when it is empty.
    pub(super) fn idle(&mut self, now: u64) -> Idle {
        let state = &mut *self.state;
        if state.memory.is_none() {
            return Idle::Absent;
        }
        let empty = state.chunk.free_slots() == state.chunk.total();
        let touched = core::mem::take(&mut state.touched);
        if empty && !touched {
            let since = *state.empty_since.get_or_insert(now);
            return Idle::For(now.saturating_sub(since));
        }
        state.empty_since = empty.then_some(now);
        if touched {
            return Idle::Used;
        }
        state.watch.awaited = true;
        state.watch.above = state.watch.above.min(state.chunk.total());
        Idle::Held
    }

    /// Empties the place, in which no slot is in use: its memory.
    pub(super) fn detach(&mut self) -> Option<RamRegion> {
        let used = self.state.chunk.total() - self.state.chunk.free_slots();
        assert!(used == 0, "{used} slots of a chunk that goes are in use");
        let memory = self.state.memory.take()?;
        self.hints.empty();
        let total = self.state.chunk.total();
        self.shared.total.fetch_sub(total, Relaxed);
        self.state.chunk = Chunk::NONE;
        self.state.empty_since = None;
        self.hints.set_free(0);
        self.tell();
        self.shared.blocks.leave(self.state.base);
        Some(memory)
    }

    #[inline(always)]
    fn tell(&mut self) {
        tell(self.index, self.hints, self.shared, &mut self.state);
    }
}

/// Tells the classes, and finds the next mark.
// By its parts, so that a chunk that is open need not be in memory.
#[cold]
#[inline(never)]
fn tell(index: usize, hints: &Hints, shared: &Shared, state: &mut State) {
    let longest = state.chunk.bounds();
    let mut rises = false;
    for (bound, longest) in longest.into_iter().enumerate() {
        let (was, now) = (state.published[bound], levels(longest));
        shared.classes.change(index, bound, was, now);
        state.published[bound] = now;
        rises |= longest > hints.longest_of(bound);
    }
    hints.set_longest(longest);
    if rises {
        shared.rose();
    }
    let mut watch = watch_room(state);
    if watch.roomy != state.watch.roomy {
        shared.set_roomy(index, watch.roomy);
    }
    let empty = await_end(state, &mut watch);
    state.watch = watch;
    shared.ask_if_low(empty);
}

/// Is this the end that somebody waits for, since the chunk may go then?
fn await_end(state: &State, watch: &mut Watch) -> bool {
    let (free, total) = (state.chunk.free_slots(), state.chunk.total());
    let awaited = state.watch.awaited;
    if awaited && free < total {
        watch.awaited = true;
        watch.above = watch.above.min(total);
    }
    awaited && free == total
}

/// Has room, by a quarter of its slots; had none, until it has an eighth more than that.
fn watch_room(state: &State) -> Watch {
    let (free, total) = (state.chunk.free_slots(), state.chunk.total());
    let low = total.div_ceil(4);
    let high = low + total / 8;
    let enough = if state.watch.roomy { low } else { high };
    match total {
        0 => Watch::NOTHING,
        _ if free >= enough => Watch {
            roomy: true,
            below: low,
            ..Watch::NOTHING
        },
        _ => Watch {
            above: high,
            ..Watch::NOTHING
        },
    }
}
