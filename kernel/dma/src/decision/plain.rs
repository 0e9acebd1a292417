//! The decision for nearly every buffer, in a handful of compares.
//!
//! A device's limits do not change, so what they come to for the plain case is worked out at probe: one
//! stretch of RAM and what its bus addresses differ by. Whatever is not plain, and most of all whatever
//! must bounce, gets the decision in full; where both have an answer it is the same, which the tests
//! hold for every case of the table.

use super::Request;
use crate::attrs::Attrs;
use crate::device::DmaDevice;
use crate::limits::Limits;
use crate::reach::Reach;
use crate::reason::{BounceReason, Policy};
use crate::swiotlb::CHUNK;
use hal::{DmaAddr, LINE, PhysAddr, PhysRange};

/// What one device reaches in the plain case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    /// The first and the last byte that its first window shows and its limits let through.
    first: PhysAddr,
    last: PhysAddr,
    /// What to add to a physical address, modulo 2^64.
    bias: u64,
    /// Bits that a length must not have, lest it be rounded up.
    grain: u64,
    /// It reaches nothing else.
    alone: bool,
    /// Any slots of the shared pool will do for it: it asks for no place, and for no guard lines.
    pub(crate) any_slots: bool,
}

impl Plain {
    /// Of a device that has no plain case.
    pub(crate) const fn nothing() -> Self {
        Self {
            first: PhysAddr::new(1),
            last: PhysAddr::new(0),
            bias: 0,
            grain: 0,
            alone: false,
            any_slots: false,
        }
    }

    /// What `reach` comes to. A device that reaches nothing has an empty stretch.
    pub(crate) fn of(reach: &Reach, limits: &Limits) -> Self {
        let grain = limits.granule - 1;
        let anywhere = limits.min_align_mask == 0 && limits.seg_boundary_mask == u64::MAX;
        let any_slots = anywhere && !limits.untrusted;
        let limit = reach.limit().last();
        let Some(window) = reach.windows().first() else {
            let (first, last) = (PhysAddr::new(0), PhysAddr::new(limit.get()));
            return Self {
                first,
                last,
                bias: 0,
                grain,
                alone: true,
                any_slots,
            };
        };
        // Behind the first window others may follow: they are looked up in full.
        let Some(last) = window.to_phys(window.bus_last().min(limit)) else {
            return Self::nothing();
        };
        let first = window.phys().start();
        let bias = window.bus().get().wrapping_sub(first.get());
        Self {
            first,
            last,
            bias,
            grain,
            alone: reach.windows().len() == 1,
            any_slots,
        }
    }

    /// The address of `block`, if all of it lies in the stretch.
    #[inline]
    pub(crate) fn addr(&self, block: PhysRange) -> Option<DmaAddr> {
        if block.start() < self.first || block.last() > self.last {
            return None;
        }
        Some(DmaAddr::new(block.start().get().wrapping_add(self.bias)))
    }
}

impl Plain {
    /// As [`addr`](Self::addr), for a bounce buffer: it has in common with the CPU's address what lies below a
    /// chunk.
    #[inline]
    pub(crate) fn addr_of_slots(&self, data: PhysRange) -> Option<DmaAddr> {
        if self.bias & (CHUNK - 1) != 0 {
            return None;
        }
        self.addr(data)
    }
}

/// Why a request bounces that does not go direct at first sight, where that can be told as quickly.
/// `None`: [`decide`](super::decide).
#[inline]
pub(crate) fn bounces_at_once(
    device: &DmaDevice,
    policy: Policy,
    request: &Request,
) -> Option<BounceReason> {
    let plain = device.plain();
    let rounded = request.block.len() & plain.grain != 0;
    if !plain.alone || rounded || !policy.pool || request.attrs.forbid_bounce() {
        return None;
    }
    Some(if policy.force {
        BounceReason::Forced
    } else if plain.addr(request.block).is_none() {
        BounceReason::Unreachable
    } else {
        // The device reaches it, and still it does not go direct.
        BounceReason::SharedLine
    })
}

/// The address of a request that goes direct at first sight. `None`: [`decide`](super::decide).
#[inline]
pub(crate) fn at_once(device: &DmaDevice, policy: Policy, request: &Request) -> Option<DmaAddr> {
    let Request {
        block,
        owned,
        dir,
        attrs,
    } = *request;
    let plain = device.plain();
    // A length that would be rounded up has more to ask.
    let rounded = block.len() & plain.grain != 0;
    if policy.force || attrs.contains(Attrs::REQUIRE_COHERENT) || rounded {
        return None;
    }
    if dir.device_writes() && !device.limits().coherent {
        // From the first byte of the first line to the last byte of the last one.
        let first = block.start().get() & !(LINE - 1);
        let last = block.last().get() | (LINE - 1);
        if first < owned.start().get() || last > owned.last().get() {
            return None;
        }
    }
    plain.addr(block)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reach::DmaMask;
    use crate::swiotlb::SLOT;
    use hal::DmaWindow;
    use proptest::prelude::*;

    fn block(start: u64, len: u64) -> PhysRange {
        PhysRange::new(PhysAddr::new(start), len).expect("valid")
    }

    fn window((phys, bus, len): (u64, u64, u64)) -> DmaWindow {
        DmaWindow::new(block(phys, len), DmaAddr::new(bus)).expect("valid")
    }

    fn reach(windows: &[(u64, u64, u64)], mask: u32, limit: u32) -> Reach {
        Reach {
            windows: windows.iter().copied().map(window).collect(),
            mask: DmaMask::bits(mask),
            bus_limit: DmaMask::bits(limit),
        }
    }

    #[test]
    fn tr_1_without_windows_all_that_can_be_emitted_is_plain() {
        let plain = Plain::of(&reach(&[], 32, 30), &Limits::DEFAULT);
        assert_eq!(plain.addr(block(0, 1 << 30)), Some(DmaAddr::new(0)));
        assert_eq!(plain.addr(block(1, 1 << 30)), None);
        let all = Plain::of(&reach(&[], 64, 64), &Limits::DEFAULT);
        assert_eq!(
            all.addr(block(u64::MAX - 1, 1)),
            Some(DmaAddr::new(u64::MAX - 1))
        );
    }

    #[test]
    fn a_device_that_reaches_nothing_has_no_plain_case() {
        let blind = Plain::of(
            &reach(&[(0, 0xC000_0000, 1 << 30)], 30, 64),
            &Limits::DEFAULT,
        );
        assert_eq!(blind.addr(block(0, 1)), None);
        assert_eq!(blind.addr(block(1, 1)), None);
    }

    #[test]
    fn cap_1_the_plain_stretch_ends_at_the_limit() {
        let half = Plain::of(&reach(&[(0, 0, 1 << 30)], 32, 29), &Limits::DEFAULT);
        assert_eq!(half.addr(block(0, 1 << 29)), Some(DmaAddr::new(0)));
        assert_eq!(half.addr(block(1, 1 << 29)), None);
    }

    fn plain(limits: Limits) -> Plain {
        Plain::of(&reach(&[], 32, 32), &limits)
    }

    #[test]
    fn any_slots_will_do_for_who_asks_for_no_place_and_is_trusted() {
        let any = Limits::DEFAULT;
        let aligned = Limits {
            min_align_mask: 0xFFF,
            ..any
        };
        let bounded = Limits {
            seg_boundary_mask: 0xFFFF,
            ..any
        };
        let guarded = Limits {
            untrusted: true,
            ..any
        };
        let wishes = [any, aligned, bounded, guarded].map(|limits| plain(limits).any_slots);
        assert_eq!(wishes, [true, false, false, false]);
        assert!(!Plain::nothing().any_slots);
    }

    #[test]
    fn a_length_in_whole_granules_is_not_rounded() {
        let grain = |granule| {
            plain(Limits {
                granule,
                ..Limits::DEFAULT
            })
            .grain
        };
        assert_eq!([1, 4, 64].map(grain), [0, 3, 63]);
    }

    #[test]
    fn al_2_a_window_shows_slots_plainly_if_it_moves_them_by_whole_chunks() {
        let shown = |bus| {
            let window = reach(&[(0, bus, 1 << 30)], 32, 32);
            let plain = Plain::of(&window, &Limits::DEFAULT);
            plain.addr_of_slots(block(CHUNK, SLOT)).map(DmaAddr::get)
        };
        assert_eq!(shown(CHUNK), Some(2 * CHUNK));
        assert_eq!(
            [shown(SLOT), shown(CHUNK / 2), shown(CHUNK + SLOT)],
            [None; 3]
        );
    }

    proptest! {
        #[test]
        fn cap_2_the_plain_stretch_is_what_the_first_window_reaches(
            first in (0u64..64, 0u64..128, 1u64..64), second in (0u64..64, 0u64..128, 1u64..64),
            mask in 1u32..8, limit in 1u32..8, at in 0u64..128, len in 1u64..16,
        ) {
            let master = reach(&[first, second], mask, limit);
            let alone = reach(&[first], mask, limit);
            let plain = Plain::of(&master, &Limits::DEFAULT).addr(block(at, len));
            prop_assert_eq!(plain, alone.reach(block(at, len)));
            if plain.is_some() {
                prop_assert_eq!(plain, master.reach(block(at, len)));
            }
        }
    }
}
