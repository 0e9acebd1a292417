//! Memory with no cacheable address (CO-5): the CPU reaches it past the cache, in the order that
//! `publish` and `acquire` make.
//!
//! No line of it is ever in the cache, so the adversary has no move there, and whoever goes through the
//! cached view, or maintains it, breaks a rule ([`Violation::CachedAccess`]).

#![expect(unsafe_code, reason = "begins the ownership of simulated memory")]

use crate::cache::Event;
use crate::lines::{line_of, lines_of, pieces_of, whole};
use crate::memory::RAM_POISON;
use crate::world::World;
use crate::{Machine, Violation, Who};
use hal::{CpuId, PhysAddr, PhysRange, UncachedRegion};

impl World {
    pub(crate) fn is_uncached(&self, line: PhysAddr) -> bool {
        let line = whole(line);
        self.uncached.iter().any(|range| range.overlaps(line))
    }

    /// Records that somebody reached `line` through the cached view, if it has none.
    pub(crate) fn check_cacheable(&mut self, line: PhysAddr) {
        if self.is_uncached(line) {
            self.violate(Violation::CachedAccess { line });
        }
    }

    /// Records that `range` was reached as uncached memory, if any of it is cacheable.
    fn check_uncached(&mut self, range: PhysRange) {
        if !lines_of(range).all(|line| self.is_uncached(line)) {
            self.violate(Violation::UncachedAccess { range });
        }
    }

    /// The CPU's loads from uncached memory.
    pub(crate) fn uncached_load(&mut self, range: PhysRange) -> Vec<u8> {
        self.check_owned(Who::Cpu, range);
        self.check_uncached(range);
        let mut bytes = Vec::new();
        for piece in pieces_of(range) {
            self.turn();
            let line = line_of(piece.start());
            if self.order.is_unacquired(line) {
                self.violate(Violation::NotAcquired { line });
            }
            let mut part = vec![0; piece.len() as usize];
            self.memory.ram_read(piece.start(), &mut part);
            bytes.extend(part);
        }
        bytes
    }

    /// The stores of `cpu` to uncached memory.
    pub(crate) fn uncached_store(&mut self, cpu: CpuId, range: PhysRange, bytes: &[u8]) {
        self.check_owned(Who::Cpu, range);
        self.check_uncached(range);
        let mut rest = bytes;
        for piece in pieces_of(range) {
            self.turn();
            let (now, later) = rest.split_at(piece.len() as usize);
            self.order.stored(cpu, line_of(piece.start()));
            self.memory.ram_write(piece.start(), now);
            rest = later;
        }
    }
}

impl Machine {
    /// As [`take`](Self::take), and the memory is uncached for good: no line of it is in the cache, and
    /// none will be. Contents are unspecified.
    pub fn take_uncached(&self, start: u64, len: u64) -> UncachedRegion {
        let ram = self.take(start, len);
        let range = ram.range();
        let mut world = self.world();
        for line in lines_of(range) {
            world.memory.apply(line, Event::Invalidate);
        }
        world
            .memory
            .ram_write(range.start(), &vec![RAM_POISON; len as usize]);
        world.uncached.push(range);
        // SAFETY: `turn` leaves uncached lines alone and every access by the cached view is a
        // violation, so none is in the cache from here on.
        unsafe { UncachedRegion::assume_uncached(ram) }
    }

    /// Stores `bytes` at `start` past the cache, as a careless former owner of uncached memory does.
    pub fn uncached_write(&self, start: PhysAddr, bytes: &[u8]) {
        if let Ok(range) = PhysRange::new(start, bytes.len() as u64) {
            let mut world = self.world();
            world.uncached_store(<Self as hal::Cpu>::cpu_id(), range, bytes);
        }
    }
}
