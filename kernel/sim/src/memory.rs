//! RAM banks, each with the cache in front of it.
//!
//! A bank is two arrays: `ram`, which devices see, and `cached`, which the CPU sees, with a state
//! per line that says which bytes of `cached` mean something. Those of an absent line are poison.
//!
//! *Views.* While the CPU holds a view, its bytes belong to a Rust slice and the model must not
//! store to them, nor load them if the slice is mutable. So bytes under a view are left out of every
//! move; a line with such bytes stays in the cache, and dirty if they may change. That is a legal
//! machine: a line in use is soon fetched again, and a store may always reach the cache later.

use crate::cache::{self, Effect, Event, LineState};
use crate::lines::{bytes, mask_of, runs, span, whole};
use crate::ram::Arena;
use hal::{Access, LINE, PhysAddr, PhysRange};
use std::hash::Hasher;
use std::ptr::NonNull;

const LINE_BYTES: usize = LINE as usize;

/// What RAM holds before anybody writes to it.
pub(crate) const RAM_POISON: u8 = 0xF2;
/// What a CPU load would find in a line that is not there; never seen unless the model is wrong.
const ABSENT_POISON: u8 = 0xDE;
/// What the CPU left, dirty, in memory that it gave up.
pub(crate) const SOIL: u8 = 0xDF;

struct Bank {
    range: PhysRange,
    ram: Arena,
    cached: Arena,
    lines: Vec<LineState>,
}

pub(crate) struct Memory {
    banks: Vec<Bank>,
    views: Vec<(PhysRange, Access)>,
}

impl Memory {
    pub(crate) fn new(banks: &[PhysRange]) -> Self {
        Self {
            banks: banks.iter().map(|&range| Bank::new(range)).collect(),
            views: Vec::new(),
        }
    }

    pub(crate) fn banks(&self) -> impl Iterator<Item = PhysRange> {
        self.banks.iter().map(|bank| bank.range)
    }

    /// Is all of `range` RAM of one bank?
    pub(crate) fn holds(&self, range: PhysRange) -> bool {
        self.banks().any(|bank| bank.contains(range))
    }

    fn find(&self, range: PhysRange) -> usize {
        let index = self.banks().position(|bank| bank.contains(range));
        index.unwrap_or_else(|| panic!("{range} is not RAM of one bank"))
    }

    pub(crate) fn state(&self, line: PhysAddr) -> LineState {
        let bank = &self.banks[self.find(whole(line))];
        bank.lines[bank.index(line)]
    }

    /// A line's state and bytes, for a search. Bytes under a view that may store are its holder's.
    pub(crate) fn fingerprint(&self, line: PhysAddr, hasher: &mut impl Hasher) {
        let (_, stored_to) = self.views_on(line);
        let bank = &self.banks[self.find(whole(line))];
        let (at, state) = (bank.offset(line), self.state(line));
        let mut bytes = [0; LINE_BYTES];
        bank.ram.read(at, &mut bytes);
        hasher.write(&bytes);
        hasher.write_u8(state as u8);
        if state != LineState::Absent {
            for (start, len) in runs(!stored_to) {
                bank.cached.read(at + start, &mut bytes[..len]);
                hasher.write(&bytes[..len]);
            }
        }
    }

    /// Lets `event` happen to `line`.
    pub(crate) fn apply(&mut self, line: PhysAddr, event: Event) {
        let (looked_at, stored_to) = self.views_on(line);
        let index = self.find(whole(line));
        let bank = &mut self.banks[index];
        let (mut state, mut effect) = cache::next(bank.lines[bank.index(line)], event);
        if effect.drop && looked_at != 0 {
            // See "Views" above: gone and fetched again at once.
            effect = Effect {
                fetch: true,
                drop: false,
                ..effect
            };
            state = LineState::Clean;
        }
        if stored_to != 0 {
            state = LineState::Dirty;
        }
        bank.carry_out(line, effect, looked_at, stored_to);
        let at = bank.index(line);
        bank.lines[at] = state;
    }

    /// Bytes of `line` under any view, and under one that may store: a bit each.
    pub(crate) fn views_on(&self, line: PhysAddr) -> (u64, u64) {
        let on = |writes: bool| {
            let views = self.views.iter();
            let views = views.filter(|(_, access)| !writes || *access == Access::Write);
            views.fold(0, |mask, (range, _)| mask | mask_of(line, *range))
        };
        (on(false), on(true))
    }

    pub(crate) fn open_view(&mut self, range: PhysRange, access: Access) -> NonNull<u8> {
        self.views.push((range, access));
        let bank = &self.banks[self.find(range)];
        bank.cached
            .pointer(bank.offset(range.start()), bytes(range))
    }

    /// Forgets one such view. Panics if there is none.
    pub(crate) fn close_view(&mut self, range: PhysRange, access: Access) {
        let at = self.views.iter().position(|view| *view == (range, access));
        self.views.swap_remove(at.expect("end_view follows view"));
    }

    pub(crate) fn has_view(&self, range: PhysRange) -> bool {
        self.views.iter().any(|(view, _)| view.overlaps(range))
    }

    /// The CPU's bytes. Their lines must be present.
    pub(crate) fn load(&self, at: PhysAddr, out: &mut [u8]) {
        let bank = &self.banks[self.find(span(at, out.len()))];
        bank.cached.read(bank.offset(at), out);
    }

    /// The CPU's bytes. Their lines must be present.
    pub(crate) fn store(&mut self, at: PhysAddr, bytes: &[u8]) {
        let index = self.find(span(at, bytes.len()));
        let bank = &mut self.banks[index];
        bank.cached.write(bank.offset(at), bytes);
    }

    /// A device's bytes.
    pub(crate) fn ram_read(&self, at: PhysAddr, out: &mut [u8]) {
        let bank = &self.banks[self.find(span(at, out.len()))];
        bank.ram.read(bank.offset(at), out);
    }

    /// A device's bytes.
    pub(crate) fn ram_write(&mut self, at: PhysAddr, bytes: &[u8]) {
        let index = self.find(span(at, bytes.len()));
        let bank = &mut self.banks[index];
        bank.ram.write(bank.offset(at), bytes);
    }

    /// Leaves all of `range` (whole lines, no view) dirty in the cache with [`SOIL`], over RAM that
    /// holds [`RAM_POISON`]: the worst that a former owner may leave behind.
    pub(crate) fn soil(&mut self, range: PhysRange) {
        let index = self.find(range);
        let bank = &mut self.banks[index];
        let (at, len) = (bank.offset(range.start()), bytes(range));
        bank.cached.fill(at, len, SOIL);
        bank.ram.fill(at, len, RAM_POISON);
        bank.lines[at / LINE_BYTES..(at + len) / LINE_BYTES].fill(LineState::Dirty);
    }
}

impl Bank {
    fn new(range: PhysRange) -> Self {
        let len = bytes(range);
        Self {
            range,
            ram: Arena::new(len, RAM_POISON),
            cached: Arena::new(len, ABSENT_POISON),
            lines: vec![LineState::Absent; len / LINE_BYTES],
        }
    }

    fn offset(&self, at: PhysAddr) -> usize {
        let offset = at.offset_from(self.range.start());
        offset.map_or(0, |offset| offset as usize)
    }

    fn index(&self, line: PhysAddr) -> usize {
        self.offset(line) / LINE_BYTES
    }

    /// Moves the bytes of `line` as `effect` says, but none under a view: bits of `looked_at` are
    /// not stored to, bits of `stored_to` not even loaded.
    fn carry_out(&mut self, line: PhysAddr, effect: Effect, looked_at: u64, stored_to: u64) {
        let at = self.offset(line);
        if effect.write_back {
            for (start, len) in runs(!stored_to) {
                self.ram.refresh(&self.cached, at + start, len);
            }
        }
        if effect.fetch {
            for (start, len) in runs(!looked_at) {
                self.cached.refresh(&self.ram, at + start, len);
            }
        }
        if effect.drop {
            self.cached.fill(at, LINE_BYTES, ABSENT_POISON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    #[test]
    fn a_write_back_leaves_bytes_under_a_mutable_view_alone_and_the_line_dirty() {
        let mut memory = Memory::new(&[range(0x1000, 64)]);
        let line = PhysAddr::new(0x1000);
        memory.apply(line, Event::Store);
        memory.store(line, &[7; 64]);
        memory.open_view(range(0x1000, 8), Access::Write);
        memory.apply(line, Event::Evict);
        let mut ram = [0; 64];
        memory.ram_read(line, &mut ram);
        assert_eq!(ram[..8], [RAM_POISON; 8]);
        assert_eq!(ram[8..], [7; 56]);
        assert_eq!(memory.state(line), LineState::Dirty);
    }

    #[test]
    fn an_eviction_leaves_bytes_under_a_view_alone_and_fetches_the_others() {
        let mut memory = Memory::new(&[range(0x1000, 64)]);
        let line = PhysAddr::new(0x1000);
        memory.apply(line, Event::Fetch);
        memory.open_view(range(0x1000, 8), Access::Read);
        memory.ram_write(line, &[7; 64]);
        memory.apply(line, Event::Evict);
        let mut seen = [0; 64];
        memory.load(line, &mut seen);
        assert_eq!(seen[..8], [RAM_POISON; 8]);
        assert_eq!(seen[8..], [7; 56]);
        assert_eq!(memory.state(line), LineState::Clean);
    }

    #[test]
    fn an_absent_line_holds_poison_until_it_is_fetched() {
        let mut memory = Memory::new(&[range(0x1000, 64)]);
        let line = PhysAddr::new(0x1000);
        let mut seen = [0];
        memory.load(line, &mut seen);
        assert_eq!(seen, [ABSENT_POISON]);
        memory.apply(line, Event::Fetch);
        memory.load(line, &mut seen);
        assert_eq!(seen, [RAM_POISON]);
        memory.apply(line, Event::Invalidate);
        memory.load(line, &mut seen);
        assert_eq!(seen, [ABSENT_POISON]);
    }
}
