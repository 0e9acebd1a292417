//! The machine, with what is asked of it told to the trace: copies, cache maintenance and barriers join the
//! calls in the rings under `dma_debug=trace` (13.17).
//!
//! All of the layer works by this, save the ways that are short because no checker is there. Each operation
//! is told when it was asked for, so that a barrier that is missing is missing in the trace as well.
//! Without `dma_debug=trace` it costs a load and a branch.

#![expect(unsafe_code, reason = "passes the promises of a machine on")]

use super::event::{Kind, Tag};
use crate::layer::Dma;
use core::ptr::NonNull;
use hal::{Access, CacheLines, Cpu, CpuId, Irq, PhysAddr, PhysRange, Platform};

/// The machine under a layer.
pub(crate) struct Told<'d, P: Platform>(&'d Dma<P>);

impl<P: Platform> Dma<P> {
    /// The machine, for all but the shortest ways.
    #[inline]
    pub(crate) fn told(&self) -> Told<'_, P> {
        Told(self)
    }
}

impl<P: Platform> Told<'_, P> {
    #[inline]
    fn machine(&self) -> &P {
        self.0.platform()
    }

    /// Tells that something was asked for, if anybody wants to know.
    #[inline]
    fn tell(&self, kind: Kind, start: PhysAddr, len: u64) {
        if self.0.traces_maintenance() {
            self.tell_now(kind, start, len);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell_now(&self, kind: Kind, start: PhysAddr, len: u64) {
        let tag = Tag::plain(kind, 0);
        self.0.trace().note::<P>(tag, start.get(), len);
    }

    fn tell_range(&self, kind: Kind, range: PhysRange) {
        self.tell(kind, range.start(), range.len());
    }

    fn tell_barrier(&self, kind: Kind) {
        self.tell(kind, PhysAddr::new(0), 0);
    }
}

impl<P: Platform> Cpu for Told<'_, P> {
    fn cpu_id() -> CpuId {
        P::cpu_id()
    }
    fn stamp() -> u64 {
        P::stamp()
    }
}

impl<P: Platform> Irq for Told<'_, P> {
    type State = P::State;
    fn mask() -> P::State {
        P::mask()
    }
    fn restore(state: P::State) {
        P::restore(state);
    }
}

// SAFETY: every call is passed on to the machine, whose promise it is; telling it touches no memory but the
// trace's own.
unsafe impl<P: Platform> Platform for Told<'_, P> {
    fn cache_lines(&self) -> CacheLines {
        self.machine().cache_lines()
    }

    #[inline]
    fn clean(&self, range: PhysRange) {
        self.machine().clean(range);
        self.tell_range(Kind::Clean, range);
    }

    fn clean_invalidate(&self, range: PhysRange) {
        self.machine().clean_invalidate(range);
        self.tell_range(Kind::CleanInvalidate, range);
    }

    #[inline]
    unsafe fn invalidate(&self, range: PhysRange) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().invalidate(range) };
        self.tell_range(Kind::Invalidate, range);
    }

    #[inline]
    fn complete(&self) {
        self.machine().complete();
        self.tell_barrier(Kind::Complete);
    }

    #[inline]
    fn publish(&self) {
        self.machine().publish();
        self.tell_barrier(Kind::Publish);
    }

    #[inline]
    fn acquire(&self) {
        self.machine().acquire();
        self.tell_barrier(Kind::Acquire);
    }

    unsafe fn copy(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().copy(from, to, len) };
        // In, for a device that snoops, needs nothing that could be missing.
        let out = || {
            self.0
                .pool()
                .is_some_and(|pool| pool.place_of(from).is_some())
        };
        if self.0.traces_maintenance() && out() {
            self.tell_now(Kind::CopyOut, from, len);
        }
    }

    #[inline]
    unsafe fn copy_clean(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().copy_clean(from, to, len) };
        self.tell(Kind::CopyIn, to, len);
    }

    unsafe fn zero(&self, range: PhysRange) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().zero(range) };
    }

    unsafe fn fill(&self, range: PhysRange, byte: u8) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().fill(range, byte) };
    }

    unsafe fn find_other(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)> {
        // SAFETY: the caller's promise.
        unsafe { self.machine().find_other(range, byte) }
    }

    unsafe fn copy_to_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().copy_to_uncached(from, to, len) };
        self.tell(Kind::Put, to, len);
    }

    unsafe fn copy_from_uncached(&self, from: PhysAddr, to: PhysAddr, len: u64) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().copy_from_uncached(from, to, len) };
        self.tell(Kind::Take, from, len);
    }

    unsafe fn zero_uncached(&self, range: PhysRange) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().zero_uncached(range) };
        self.tell_range(Kind::Put, range);
    }

    unsafe fn fill_uncached(&self, range: PhysRange, byte: u8) {
        // SAFETY: the caller's promise.
        unsafe { self.machine().fill_uncached(range, byte) };
        self.tell_range(Kind::Put, range);
    }

    unsafe fn find_other_uncached(&self, range: PhysRange, byte: u8) -> Option<(PhysAddr, u8)> {
        // SAFETY: the caller's promise.
        unsafe { self.machine().find_other_uncached(range, byte) }
    }

    fn view(&self, range: PhysRange, access: Access) -> NonNull<u8> {
        self.machine().view(range, access)
    }

    fn end_view(&self, range: PhysRange, access: Access) {
        self.machine().end_view(range, access);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Bouncing;
    use sim::{Machine, Op};

    #[test]
    fn the_clock_the_interrupt_mask_and_the_views_are_the_machines_own() {
        let machine = Machine::default();
        let made = Dma::new(machine.clone(), Bouncing::Off, None);
        let (dma, _) = made.expect("64-byte lines");
        let stamps = [(); 4].map(|()| Told::<Machine>::stamp());
        assert!(stamps.is_sorted_by(|before, after| before < after));
        let state = Told::<Machine>::mask();
        let masked = sim::irqs_masked();
        Told::<Machine>::restore(state);
        assert!(masked && !sim::irqs_masked());
        let range = machine.take(hal::GIB, hal::PAGE).range();
        machine.clear_trace();
        dma.told().view(range, Access::Read);
        dma.told().end_view(range, Access::Read);
        let views = [
            Op::View(range, Access::Read),
            Op::EndView(range, Access::Read),
        ];
        assert_eq!(machine.trace(), views);
    }
}
