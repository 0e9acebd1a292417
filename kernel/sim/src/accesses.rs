//! What the CPU does to RAM, line by line.

use crate::cache::Event;
use crate::lines::{line_of, pieces_of};
use crate::world::World;
use crate::{Op, Violation, Who};
use hal::{CpuId, PhysAddr, PhysRange};

impl World {
    /// The CPU loads `piece` (inside a line).
    pub(crate) fn cpu_load(&mut self, piece: PhysRange) -> Vec<u8> {
        self.turn();
        self.load_line(line_of(piece.start()));
        let mut bytes = vec![0; piece.len() as usize];
        self.memory.load(piece.start(), &mut bytes);
        self.saw(&bytes);
        bytes
    }

    /// `cpu` stores `bytes` at `at` (inside a line).
    pub(crate) fn cpu_store(&mut self, cpu: CpuId, at: PhysAddr, bytes: &[u8]) {
        self.turn();
        self.store_line(cpu, line_of(at));
        self.memory.store(at, bytes);
    }

    pub(crate) fn load_line(&mut self, line: PhysAddr) {
        self.check_cacheable(line);
        self.touch(line);
        if self.order.is_unacquired(line) {
            self.violate(Violation::NotAcquired { line });
        }
        self.memory.apply(line, Event::Fetch);
    }

    pub(crate) fn store_line(&mut self, cpu: CpuId, line: PhysAddr) {
        self.check_cacheable(line);
        self.touch(line);
        self.before_store(line);
        self.order.stored(cpu, line);
        self.memory.apply(line, Event::Store);
    }

    /// Copies in pieces that cross no line on either side. Calls `after` behind each line of the
    /// destination that is done.
    pub(crate) fn cpu_copy(
        &mut self,
        cpu: CpuId,
        from: PhysRange,
        to: PhysRange,
        mut after: impl FnMut(&mut Self, PhysAddr),
    ) {
        self.check_owned(Who::Cpu, from);
        self.check_owned(Who::Cpu, to);
        assert!(!from.overlaps(to), "copy from {from} to {to} overlaps");
        self.journal.counters.bytes_copied += to.len();
        for target in pieces_of(to) {
            let done = target.start().get() - to.start().get();
            let source = from.slice(done, target.len()).expect("as long as `to`");
            let bytes: Vec<u8> = pieces_of(source).flat_map(|p| self.cpu_load(p)).collect();
            self.cpu_store(cpu, target.start(), &bytes);
            after(self, line_of(target.start()));
        }
    }

    pub(crate) fn maintain(&mut self, cpu: CpuId, range: PhysRange, op: Op) {
        self.journal.push(op);
        let event = match op {
            Op::Clean(_) => Event::WriteBack,
            Op::CleanInvalidate(_) => Event::Evict,
            _ => Event::Invalidate,
        };
        let lines = self.request(cpu, range, event);
        let counters = &mut self.journal.counters;
        *match event {
            Event::WriteBack => &mut counters.lines_cleaned,
            Event::Evict => &mut counters.lines_clean_invalidated,
            _ => &mut counters.lines_invalidated,
        } += lines;
    }
}
