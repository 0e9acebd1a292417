//! `hal::Platform`: the CPU's side of RAM.

#![expect(
    unsafe_code,
    reason = "implements an unsafe trait; the moves themselves are safe calls of the model"
)]

use crate::cache::Event;
use crate::lines::{lines_of, pieces_of};
use crate::{Machine, Op, Violation, Who};
use hal::{Access, CacheLines, Cpu, LINE, PhysAddr, PhysRange, Platform};
use std::ptr::NonNull;

/// Both sides of a copy, or `None` for one of no bytes. Panics if a side wraps.
fn sides(from: PhysAddr, to: PhysAddr, len: u64) -> Option<(PhysRange, PhysRange)> {
    let side = |start| PhysRange::new(start, len).expect("a copy does not wrap");
    (len > 0).then(|| (side(from), side(to)))
}

// SAFETY: maintenance, copies and zeroing go to the model, which asserts that every range is RAM and
// touches exactly the bytes named. `view` returns a pointer into an arena that lives as long as any
// handle, and `Memory` leaves bytes under a view alone until `end_view`.
unsafe impl Platform for Machine {
    fn cache_lines(&self) -> CacheLines {
        CacheLines {
            smallest: LINE,
            writeback: LINE,
        }
    }

    fn clean(&self, range: PhysRange) {
        self.world()
            .maintain(Self::cpu_id(), range, Op::Clean(range));
    }

    fn clean_invalidate(&self, range: PhysRange) {
        let op = Op::CleanInvalidate(range);
        self.world().maintain(Self::cpu_id(), range, op);
    }

    unsafe fn invalidate(&self, range: PhysRange) {
        let mut world = self.world();
        if !range.is_aligned(LINE) {
            world.violate(Violation::PartialInvalidate { range });
        }
        world.maintain(Self::cpu_id(), range, Op::Invalidate(range));
    }

    fn complete(&self) {
        let mut world = self.world();
        world.turn();
        world.journal.push(Op::Complete);
        world.journal.counters.completes += 1;
        world.finish_all(Self::cpu_id());
        world.order.published(Self::cpu_id());
        world.order.acquired();
    }

    fn publish(&self) {
        let mut world = self.world();
        world.turn();
        world.journal.push(Op::Publish);
        world.journal.counters.publishes += 1;
        world.order.published(Self::cpu_id());
    }

    fn acquire(&self) {
        let mut world = self.world();
        world.turn();
        world.journal.push(Op::Acquire);
        world.journal.counters.acquires += 1;
        world.order.acquired();
    }

    unsafe fn copy(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        let mut world = self.world();
        world.journal.push(Op::Copy { from, to, len });
        if let Some((from, to)) = sides(from, to, len) {
            world.cpu_copy(Self::cpu_id(), from, to, |_, _| {});
        }
    }

    unsafe fn copy_clean(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        let (mut world, cpu) = (self.world(), Self::cpu_id());
        world.journal.push(Op::CopyClean { from, to, len });
        if let Some((from, to)) = sides(from, to, len) {
            world.cpu_copy(cpu, from, to, |world, line| {
                let line = PhysRange::new(line, LINE).expect("lines lie in banks");
                world.journal.counters.lines_cleaned += 1;
                world.request(cpu, line, Event::WriteBack);
            });
        }
    }

    unsafe fn zero(&self, range: PhysRange) {
        let mut world = self.world();
        world.journal.push(Op::Zero(range));
        world.check_owned(Who::Cpu, range);
        world.journal.counters.bytes_zeroed += range.len();
        for piece in pieces_of(range) {
            let zeros = vec![0; piece.len() as usize];
            world.cpu_store(Self::cpu_id(), piece.start(), &zeros);
        }
    }

    unsafe fn copy_to_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        let (mut world, cpu) = (self.world(), Self::cpu_id());
        world.journal.push(Op::CopyToUncached { from, to, len });
        if let Some((from, to)) = sides(from, to, len) {
            world.check_owned(Who::Cpu, from);
            let bytes: Vec<u8> = pieces_of(from).flat_map(|p| world.cpu_load(p)).collect();
            world.uncached_store(cpu, to, &bytes);
            world.journal.counters.bytes_copied += len;
            world.journal.counters.bytes_uncached += len;
        }
    }

    unsafe fn copy_from_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        let (mut world, cpu) = (self.world(), Self::cpu_id());
        world.journal.push(Op::CopyFromUncached { from, to, len });
        if let Some((from, to)) = sides(from, to, len) {
            world.check_owned(Who::Cpu, to);
            let bytes = world.uncached_load(from);
            let mut rest = bytes.as_slice();
            for piece in pieces_of(to) {
                let (now, later) = rest.split_at(piece.len() as usize);
                world.cpu_store(cpu, piece.start(), now);
                rest = later;
            }
            world.journal.counters.bytes_copied += len;
            world.journal.counters.bytes_uncached += len;
        }
    }

    unsafe fn zero_uncached(&self, range: PhysRange) {
        let mut world = self.world();
        world.journal.push(Op::ZeroUncached(range));
        world.journal.counters.bytes_zeroed += range.len();
        world.journal.counters.bytes_uncached += range.len();
        let zeros = vec![0; range.len() as usize];
        world.uncached_store(Self::cpu_id(), range, &zeros);
    }

    unsafe fn fill_uncached(&self, range: PhysRange, byte: u8) {
        let mut world = self.world();
        world.journal.push(Op::FillUncached(range, byte));
        world.journal.counters.bytes_uncached += range.len();
        let bytes = vec![byte; range.len() as usize];
        world.uncached_store(Self::cpu_id(), range, &bytes);
    }

    unsafe fn find_other_uncached(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)> {
        let mut world = self.world();
        world.journal.push(Op::LookUncached(range));
        world.journal.counters.bytes_uncached += range.len();
        let bytes = world.uncached_load(range);
        let at = bytes.iter().position(|found| *found != byte)?;
        Some((range.start().checked_add(at as u64)?, bytes[at]))
    }

    fn view(&self, range: PhysRange, access: Access) -> NonNull<u8> {
        let mut world = self.world();
        world.journal.push(Op::View(range, access));
        world.check_owned(Who::Cpu, range);
        // All turns first: nothing may be evicted between the first line's fetch and the last's.
        lines_of(range).for_each(|_| world.turn());
        for line in lines_of(range) {
            world.load_line(line);
            if access == Access::Write {
                world.store_line(Self::cpu_id(), line);
            }
        }
        world.saw_all(range);
        world.memory.open_view(range, access)
    }

    fn end_view(&self, range: PhysRange, access: Access) {
        let mut world = self.world();
        world.journal.push(Op::EndView(range, access));
        world.memory.close_view(range, access);
        if access == Access::Write {
            // The last store through the view may have been a moment ago.
            for line in lines_of(range) {
                world.store_line(Self::cpu_id(), line);
            }
        }
        world.turn();
    }
}
