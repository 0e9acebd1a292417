//! What the tests of this crate share: a host that stands in for the machine.

extern crate std;

use crate::{LinearMap, Reserve};
use hal::{Cpu, CpuId, HeldLocks, Irq, PhysAddr, PhysRange, RamRegion};
use std::alloc::{Layout, alloc};
use std::boxed::Box;
use std::thread_local;

pub(crate) const fn range(start: u64, len: u64) -> PhysRange {
    match PhysRange::new(PhysAddr::new(start), len) {
        Ok(range) => range,
        Err(_) => panic!("test ranges are valid"),
    }
}

thread_local! {
    static HELD: HeldLocks = const { HeldLocks::new() };
}

/// Each thread a core without interrupts, whose number nobody here asks for.
pub(crate) struct Host;

impl Cpu for Host {
    fn cpu_id() -> CpuId {
        CpuId::BOOT
    }
}

impl Irq for Host {
    type State = ();
    fn mask() {}
    fn restore((): ()) {}
    fn with_held<R>(f: impl FnOnce(&HeldLocks) -> R) -> Option<R> {
        HELD.try_with(f).ok()
    }
}

/// A reserve that the tests' own allocator stands in for.
pub(crate) fn unused_reserve() -> &'static Reserve<Host> {
    Box::leak(Box::new(Reserve::new()))
}

/// Real memory that plays the RAM at `phys`; leaked, as RAM does not go away either.
pub(crate) fn ram(phys: PhysRange) -> (RamRegion, LinearMap) {
    let bytes = usize::try_from(phys.len()).expect("tests are small");
    let layout = Layout::from_size_align(bytes, 0x20_0000).expect("valid");
    #[expect(unsafe_code, reason = "memory for the tests")]
    // SAFETY: the layout has a size.
    let start = unsafe { alloc(layout) };
    assert!(!start.is_null());
    let base = (start.expose_provenance() as u64).wrapping_sub(phys.start().get());
    #[expect(unsafe_code, reason = "memory for the tests")]
    // SAFETY: the block just allocated is ours, and its addresses were exposed.
    let owned = unsafe { RamRegion::assume_owned(phys) };
    #[expect(unsafe_code, reason = "memory for the tests")]
    // SAFETY: `base` leads from the numbers of `phys` to that block.
    let linear = unsafe { LinearMap::new(base) };
    (owned, linear)
}
