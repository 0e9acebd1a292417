//! A chunk whose lock is held: slots out of it and back, and what the pool has to know of that.
//!
//! Most calls change nothing that others look at but the number of free slots. The rest is told when
//! that number passes one of two marks, when a search fails, and when a release makes a longer run.

use super::Slots;
use super::chunk::Chunk;
use super::classes::levels;
use super::descriptor::{Hints, State, Watch, data};
use super::layout::Layout;
use super::shared::Shared;
use super::{CHUNK, SLOT};
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

/// By how many lengths the classes may say too much of a chunk that is filling up, so that the last
/// slot, taken and given back again and again, tells nothing.
const SLACK: u32 = 1;

impl<'a, I: Irq> Open<'a, I> {
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
    pub(super) fn alloc(&mut self, layout: &Layout, len: u64) -> Option<Slots> {
        let Some(first) = self.state.chunk.alloc(layout) else {
            self.tell(0);
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

    fn taken(&mut self) {
        let free = self.state.chunk.free_slots();
        self.hints.set_free(free);
        self.state.touched = true;
        if self.state.watch.tells(free) {
            self.tell(SLACK);
        }
    }

    /// Gives slots back.
    pub(super) fn release(&mut self, first: u32, slots: u32) {
        let raised = self.state.chunk.release(first, slots);
        let free = self.state.chunk.free_slots();
        self.hints.set_free(free);
        if raised || self.state.watch.tells(free) {
            self.tell(SLACK);
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
        self.state.chunk = Chunk::new(first, slots);
        self.state.base = base;
        self.state.memory = Some(memory);
        self.state.touched = true;
        self.hints.set_free(slots);
        self.hints.fill(base, first, first + slots);
        self.tell(0);
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
        self.state.chunk = Chunk::NONE;
        self.state.empty_since = None;
        self.hints.set_free(0);
        self.tell(0);
        self.shared.blocks.leave(self.state.base);
        Some(memory)
    }

    /// Tells the classes, and finds the next marks. They say too much by `slack` lengths at most.
    #[cold]
    fn tell(&mut self, slack: u32) {
        let (free, longest) = (self.state.chunk.free_slots(), self.state.chunk.bounds());
        let mut watch = Watch::NOTHING;
        for (bound, longest) in longest.into_iter().enumerate() {
            let (was, now) = (self.state.watch.published[bound], levels(longest.min(free)));
            let told = if was > now { was.min(now + slack) } else { now };
            self.shared.classes.change(self.index, bound, was, told);
            watch.published[bound] = told;
            watch.below = watch.below.max(fewer_than(told));
            if levels(longest) > told {
                watch.above = watch.above.min(1 << told);
            }
        }
        self.watch_room(&mut watch);
        let empty = self.await_end(&mut watch);
        self.hints.set_longest(longest);
        self.state.watch = watch;
        self.shared.ask_if_low(empty);
    }

    /// Is this the end that somebody waits for, since the chunk may go then?
    fn await_end(&self, watch: &mut Watch) -> bool {
        let (free, total) = (self.state.chunk.free_slots(), self.state.chunk.total());
        let awaited = self.state.watch.awaited && total > 0;
        if awaited && free < total {
            watch.awaited = true;
            watch.above = watch.above.min(total);
        }
        awaited && free == total
    }

    /// Has room, by a quarter of its slots; had none, until it has an eighth more than that.
    fn watch_room(&self, watch: &mut Watch) {
        let (free, total) = (self.state.chunk.free_slots(), self.state.chunk.total());
        let (was, low) = (self.state.watch.roomy, total.div_ceil(4));
        let high = low + total / 8;
        watch.roomy = total > 0 && free >= if was { low } else { high };
        if watch.roomy != was {
            self.shared.set_roomy(self.index, watch.roomy);
        }
        if watch.roomy {
            watch.below = watch.below.max(low);
        } else if total > 0 {
            watch.above = watch.above.min(high);
        }
    }
}

/// With fewer free slots than this, `told` lengths are more than [`SLACK`] too many.
const fn fewer_than(told: u32) -> u32 {
    match told.checked_sub(1 + SLACK) {
        Some(level) => 1 << level,
        None => 0,
    }
}
