//! What a bounce buffer has to look like: length, alignment and boundary as slot numbers (AL, FR-5).
//!
//! A chunk is naturally aligned in physical and in bus space, so a mask on addresses is a mask on
//! slot numbers and both spaces agree.

use super::bits::{grid, run_starts, span};
use super::{CHUNK_SLOTS, PAGE_SLOTS, SLOT};
use crate::limits::Limits;
use hal::{GIB, PAGE, PhysAddr};

/// Slots whose free bits share a word.
const WORD: u32 = u64::BITS;

/// The shape of one allocation.
///
/// # Invariants
/// What is not public follows from the rest: only `of` makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Slots in a row.
    pub slots: u32,
    /// The first slot's number is `phase` modulo this power of two.
    pub align: u32,
    /// See `align`.
    pub phase: u32,
    /// No run crosses a multiple of this power of two; a chunk's slots mean "no such rule".
    pub boundary: u32,
    /// The data start this many bytes behind the start of the first slot.
    pub offset: u64,
    kind: Kind,
    /// Bit `i` is set where a run that lies in one word may start at its slot `i`.
    places: u64,
}

/// Shapes by what a search that fails has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any start: no run of that length.
    Any,
    /// Starts on a page: no run of that length from a page on.
    Page,
    /// A rarer alignment or a boundary: nothing.
    Rare,
}

impl Kind {
    /// Which of the two upper bounds a search goes by.
    pub(crate) const fn bound(self) -> usize {
        match self {
            Self::Any | Self::Rare => 0,
            Self::Page => 1,
        }
    }
}

/// The buffer is too long for this device: the longest that could bounce, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeverFits {
    /// In bytes.
    pub max: u64,
}

impl Layout {
    /// The shape for `len` bytes that stand in for those at `orig`, in a pool whose longest run has
    /// `capacity` slots. `alloc_align_mask` is 0 for streaming mappings.
    #[inline]
    pub fn new(
        orig: PhysAddr,
        len: u64,
        limits: &Limits,
        alloc_align_mask: u64,
        capacity: u32,
    ) -> Result<Self, NeverFits> {
        let masks = limits.min_align_mask | alloc_align_mask | !limits.seg_boundary_mask;
        if masks == 0 && len <= u64::from(capacity) * SLOT {
            return Ok(Self::unbound(len));
        }
        Self::by_masks(orig, len, limits, alloc_align_mask, capacity)
    }

    /// The shape for `len` bytes of a device without such wishes, as nearly all are: any slot will do, for a
    /// page or more any page.
    #[inline]
    pub(crate) const fn unbound(len: u64) -> Self {
        let (align, kind, places) = if len >= PAGE {
            (PAGE_SLOTS, Kind::Page, PAGES)
        } else {
            (1, Kind::Any, !0)
        };
        let slots = len.div_ceil(SLOT) as u32;
        Self {
            slots,
            align,
            phase: 0,
            boundary: CHUNK_SLOTS,
            offset: 0,
            kind,
            places: if slots > WORD { 0 } else { places },
        }
    }

    /// The shape of `slots` slots whose data start `offset` bytes into the first one.
    pub(super) const fn of(
        slots: u32,
        (align, phase): (u32, u32),
        boundary: u32,
        offset: u64,
    ) -> Self {
        Self {
            slots,
            align,
            phase,
            boundary,
            offset,
            kind: kind(align, phase, boundary),
            places: places(slots, (align, phase), boundary),
        }
    }

    /// The same for any masks.
    fn by_masks(
        orig: PhysAddr,
        len: u64,
        limits: &Limits,
        alloc_align_mask: u64,
        capacity: u32,
    ) -> Result<Self, NeverFits> {
        let (mask, area_mask) = (limits.min_align_mask, alloc_align_mask | (SLOT - 1));
        let offset = orig.get() & mask & area_mask;
        let never = NeverFits {
            max: longest(limits, offset, capacity),
        };
        if len > never.max {
            return Err(never);
        }
        // As `next_multiple_of`, which divides; `len` is at most a pool's.
        let size = (len + offset + alloc_align_mask) & !alloc_align_mask;
        let slots = u32::try_from(size.div_ceil(SLOT)).map_err(|_| never)?;
        let (align, phase) = placement(orig, size, mask, area_mask);
        let boundary = boundary_slots(limits);
        // The place nearest behind a boundary that the alignment allows: where even that is too
        // late, no slot ever serves.
        let room = run_limit(limits, capacity).saturating_sub(phase & (boundary - 1));
        if slots > room || align > CHUNK_SLOTS {
            return Err(NeverFits {
                max: never
                    .max
                    .min((u64::from(room) * SLOT).saturating_sub(offset)),
            });
        }
        Ok(Self::of(slots, (align, phase), boundary, offset))
    }

    /// The same for a device that wants a line of its own behind its `len` bytes: a slot more where the run
    /// leaves none.
    pub(crate) fn guarded(
        self,
        len: u64,
        limits: &Limits,
        capacity: u32,
    ) -> Result<Self, NeverFits> {
        let room = u64::from(self.slots) * SLOT - self.offset - len;
        if room >= limits.guard() {
            return Ok(self);
        }
        let slots = self.slots + 1;
        let most = run_limit(limits, capacity).saturating_sub(self.phase & (self.boundary - 1));
        if slots > most {
            let max = guarded(u64::from(most) * SLOT, self.offset, limits);
            return Err(NeverFits { max });
        }
        let placement = (self.align, self.phase);
        Ok(Self::of(slots, placement, self.boundary, self.offset))
    }

    /// What a failed search for this shape proves.
    #[inline]
    pub(crate) const fn kind(&self) -> Kind {
        self.kind
    }

    /// Bit `i` is set where this shape may start at slot `i` of a word with these `free` slots, and ends in
    /// the same word.
    #[inline]
    pub(super) fn starts_in(&self, free: u64) -> u64 {
        if self.places == 0 {
            return 0;
        }
        run_starts(free, self.slots) & self.places
    }

    /// Does no single chunk have room for it?
    #[inline]
    pub(crate) fn is_long(&self) -> bool {
        self.phase + self.slots > CHUNK_SLOTS
    }

    /// The first slot number at or above `from` at which this shape may start.
    pub fn next_start(&self, from: u32) -> u32 {
        let aligned = |at: u32| {
            let ahead = self.phase.wrapping_sub(at) & (self.align - 1);
            at + ahead
        };
        let start = aligned(from);
        if (start & (self.boundary - 1)) + self.slots <= self.boundary {
            return start;
        }
        // Behind the next boundary there is room: `new` made sure of it.
        aligned((start | (self.boundary - 1)) + 1)
    }

    /// May this shape start at `slot`?
    pub fn allows(&self, slot: u32) -> bool {
        slot & (self.align - 1) == self.phase
            && (slot & (self.boundary - 1)) + self.slots <= self.boundary
    }
}

/// Where pages start in a word.
const PAGES: u64 = grid(PAGE_SLOTS, 0);

const fn kind(align: u32, phase: u32, boundary: u32) -> Kind {
    match (align, phase, boundary) {
        (1, _, CHUNK_SLOTS) => Kind::Any,
        (PAGE_SLOTS, 0, CHUNK_SLOTS) => Kind::Page,
        _ => Kind::Rare,
    }
}

/// Bit `i` is set where a run from slot `i` of a word may start; none where it does not fit into a word, or
/// words differ in that.
const fn places(slots: u32, (align, phase): (u32, u32), boundary: u32) -> u64 {
    if slots > WORD || align > WORD {
        return 0;
    }
    grid(align, phase) & within_boundary(slots, boundary)
}

/// Bit `i` is set where a run from slot `i` of a word crosses no boundary.
const fn within_boundary(slots: u32, boundary: u32) -> u64 {
    if boundary >= WORD {
        // A word is naturally aligned and never crosses a larger boundary.
        return !0;
    }
    if slots > boundary {
        return 0;
    }
    // The first bits of every unit.
    grid(boundary, 0).wrapping_mul(span(0, boundary - slots + 1))
}

/// Alignment and phase of the first slot.
fn placement(orig: PhysAddr, size: u64, mask: u64, area_mask: u64) -> (u32, u32) {
    let area = slots_of(area_mask);
    if mask > area_mask {
        // AL-2: the address shares all bits of the mask with the original; those below the area's
        // own alignment are in the offset already.
        let phase = (orig.get() & mask & !area_mask) / SLOT;
        return (slots_of(mask), phase as u32);
    }
    // AL-3: without masks a page or more is page-aligned, as drivers have come to expect.
    if mask == 0 && area == 1 && size >= PAGE {
        (PAGE_SLOTS, 0)
    } else {
        (area, 0)
    }
}

/// Slots covered by an address mask of the form 2^n - 1, at least one.
fn slots_of(mask: u64) -> u32 {
    u32::try_from((mask / SLOT).saturating_add(1)).unwrap_or(u32::MAX)
}

/// The device's segment boundary in slots.
pub(super) fn boundary_slots(limits: &Limits) -> u32 {
    slots_of(limits.seg_boundary_mask).clamp(1, CHUNK_SLOTS)
}

/// Slots of the longest run for a device with these limits. Runs over several chunks are for those
/// whose boundary is a GiB or more: chunks lie in one, and a window may shift smaller ones.
fn run_limit(limits: &Limits, capacity: u32) -> u32 {
    if limits.seg_boundary_mask >= GIB - 1 {
        capacity
    } else {
        capacity.min(boundary_slots(limits))
    }
}

/// The longest buffer that can ever bounce: a constant of device and pool. Where a boundary
/// is smaller than a slot, the data must fit between two of them from their offset on.
fn longest(limits: &Limits, offset: u64, capacity: u32) -> u64 {
    let boundary = limits.seg_boundary_mask;
    if boundary < SLOT - 1 {
        return boundary + 1 - (offset & boundary);
    }
    (u64::from(run_limit(limits, capacity)) * SLOT).saturating_sub(offset)
}

/// Bytes of the longest run that stands in for what starts at `orig`. There is none for a device whose
/// alignment no slot has.
pub(crate) fn room_at(orig: PhysAddr, limits: &Limits, capacity: u32) -> u64 {
    let mask = limits.min_align_mask;
    let offset = orig.get() & mask & (SLOT - 1);
    let (align, phase) = placement(orig, SLOT, mask, SLOT - 1);
    if align > CHUNK_SLOTS {
        return 0;
    }
    let boundary = boundary_slots(limits);
    let slots = run_limit(limits, capacity).saturating_sub(phase & (boundary - 1));
    let room = guarded(u64::from(slots) * SLOT, offset, limits);
    room.min(longest(limits, offset, capacity))
}

/// The longest buffer that can bounce for a device with these limits wherever the original lies: the
/// alignment may cost as many bytes as its mask.
pub fn max_len(limits: &Limits, capacity: u32) -> u64 {
    let lost = limits.min_align_mask.min(limits.seg_boundary_mask);
    let run = u64::from(run_limit(limits, capacity)) * SLOT;
    longest(limits, lost, capacity).min(guarded(run, lost, limits))
}

/// What of a run is left for data behind an offset and before the guard.
fn guarded(run: u64, offset: u64, limits: &Limits) -> u64 {
    run.saturating_sub(offset + limits.guard())
}

/// What Linux can bounce at once for such a mask (LIM-1): its wall, for comparison.
pub const fn linux_max_len(min_align_mask: u64) -> u64 {
    const SEGMENT: u64 = 256 * hal::KIB;
    SEGMENT.saturating_sub(min_align_mask.next_multiple_of(SLOT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limits(min_align_mask: u64, seg_boundary_mask: u64) -> Limits {
        Limits {
            min_align_mask,
            seg_boundary_mask,
            ..Limits::DEFAULT
        }
    }

    fn layout(orig: u64, len: u64, mask: u64, area_mask: u64) -> Layout {
        let limits = limits(mask, u64::MAX);
        Layout::new(PhysAddr::new(orig), len, &limits, area_mask, CHUNK_SLOTS).expect("fits")
    }

    const ORIG: u64 = 0x2_0000_1804;

    #[test]
    fn al_3_without_masks_the_shape_is_what_any_masks_make_of_it() {
        let (orig, limits, capacity) = (PhysAddr::new(ORIG), limits(0, u64::MAX), 3);
        for len in 1..=4 * SLOT {
            let by_masks = Layout::by_masks(orig, len, &limits, 0, capacity);
            assert_eq!(
                Layout::new(orig, len, &limits, 0, capacity),
                by_masks,
                "{len}"
            );
        }
    }

    #[test]
    fn al_5_vectors() {
        // (m=FFF, q=0, 512): an odd slot, 4 bytes in: ...804.
        let l = layout(ORIG, 512, 0xFFF, 0);
        assert_eq!((l.slots, l.align, l.phase, l.offset), (1, 2, 1, 0x004));
        assert_eq!(u64::from(l.next_start(0)) * SLOT + l.offset, 0x804);
        // (m=0, q=0, 4096): page-aligned, from slot 1 on that is slot 2.
        assert_eq!(layout(ORIG, 4096, 0, 0).next_start(1), 2);
        // One byte less: any slot.
        assert_eq!(layout(ORIG, 4095, 0, 0).next_start(1), 1);
        // (m=FFF, q=3FFF, 512): 16 KiB area, data at ...804, one slot of padding before them.
        let l = layout(ORIG, 512, 0xFFF, 0x3FFF);
        assert_eq!((l.slots, l.align, l.phase, l.offset), (8, 8, 0, 0x804));
    }

    #[test]
    fn fr_5_a_run_does_not_cross_the_devices_boundary() {
        let limits = limits(0, 0xFFFF);
        let l = Layout::new(PhysAddr::new(0), 4 * SLOT, &limits, 0, CHUNK_SLOTS).expect("fits");
        assert_eq!(l.next_start(30), 32);
        assert!(!l.allows(30) && l.allows(28));
    }

    #[test]
    fn lim_2_a_length_that_never_fits_is_told_apart_and_by_how_much() {
        let whole = u64::from(CHUNK_SLOTS) * SLOT;
        let fits = |len, limits: &Limits, orig| {
            Layout::new(PhysAddr::new(orig), len, limits, 0, CHUNK_SLOTS)
        };
        let free = limits(0, u64::MAX);
        assert!(fits(whole, &free, 0).is_ok());
        assert_eq!(fits(whole + 1, &free, 0), Err(NeverFits { max: whole }));
        let masked = limits(0x7FF, u64::MAX);
        assert_eq!(fits(whole, &masked, 4), Err(NeverFits { max: whole - 4 }));
        let bounded = limits(0, 0xFFFF);
        assert_eq!(
            fits(0x1_0001, &bounded, 0),
            Err(NeverFits { max: 0x1_0000 })
        );
        let tiny = limits(0, 0xFF);
        assert_eq!(fits(0x101, &tiny, 0), Err(NeverFits { max: 0x100 }));
        let behind = limits(0xF, 0xFF);
        assert_eq!(fits(0x100, &behind, 4), Err(NeverFits { max: 0xFC }));
        // From the second slot of two there is one before the boundary.
        let second = limits(0xFFF, 0xFFF);
        assert_eq!(fits(0x801, &second, 0x800), Err(NeverFits { max: 0x800 }));
    }

    #[test]
    fn lim_2_a_boundary_of_a_gib_is_none_and_a_guard_may_take_a_slot_more() {
        let made = |orig, len, limits: &Limits, capacity| {
            let made = Layout::new(PhysAddr::new(orig), len, limits, 0, capacity);
            let made = made.and_then(|made| made.guarded(len, limits, capacity));
            made.map(|made| made.slots)
        };
        let two_chunks = 2 * u64::from(CHUNK_SLOTS) * SLOT;
        let wide = limits(0, GIB - 1);
        assert_eq!(made(0, two_chunks, &wide, 2 * CHUNK_SLOTS), Ok(2048));
        let untrusted = |limits: Limits| Limits {
            untrusted: true,
            ..limits
        };
        let plain = untrusted(limits(0, u64::MAX));
        let max = 2 * SLOT - hal::LINE;
        assert_eq!(
            [1, SLOT, max].map(|len| made(0, len, &plain, 2)),
            [Ok(1), Ok(2), Ok(2)]
        );
        assert_eq!(made(0, max + 1, &plain, 2), Err(NeverFits { max }));
        // From the second slot of four there are three.
        let second = untrusted(limits(0xFFF, 0x1FFF));
        assert_eq!(made(0x800, 2 * SLOT, &second, CHUNK_SLOTS), Ok(3));
    }

    #[test]
    fn lim_1_linux_bounces_256_kib_at_once_less_what_an_alignment_costs() {
        assert_eq!(linux_max_len(0), 0x4_0000);
        assert_eq!(linux_max_len(0xFFF), 0x3_F000);
        assert_eq!(linux_max_len(0xFF_FFFF), 0);
    }

    #[test]
    fn lim_2_an_offset_beyond_the_room_before_a_boundary_never_fits() {
        // The data lie in the second slot of an area, and no area may have two.
        let limits = limits(0xFFF, 0xFF);
        let made = Layout::new(PhysAddr::new(0x2_0801), 1, &limits, 0xFFF, CHUNK_SLOTS);
        assert_eq!(made, Err(NeverFits { max: 0 }));
    }

    proptest! {
        #[test]
        fn sg_9_the_room_of_a_run_is_what_just_fits(
            orig in 0u64..0x10_0000, m in 0u32..22, boundary in 11u32..23, capacity in 1u32..2000,
            untrusted in any::<bool>(),
        ) {
            let limits = Limits { untrusted, ..limits((1 << m) - 1, (1 << boundary) - 1) };
            let orig = PhysAddr::new(orig);
            let fits = |len| {
                let made = Layout::new(orig, len, &limits, 0, capacity);
                made.and_then(|made| made.guarded(len, &limits, capacity)).is_ok()
            };
            let room = room_at(orig, &limits, capacity);
            prop_assert!(room == 0 || fits(room), "{room} do not fit");
            prop_assert!(!fits(room + 1), "there is room for more than {room}");
        }
    }

    proptest! {
        #[test]
        fn al_1_2_3_and_the_boundary_hold_for_every_start(
            orig in 0u64..0x10_0000, len in 1u64..0x8000, m in 0u32..16, q in 0u32..16,
            boundary in 8u32..22, from in 0u32..CHUNK_SLOTS,
        ) {
            let (mask, area_mask) = ((1u64 << m) - 1, (1u64 << q) - 1);
            let limits = limits(mask, (1 << boundary) - 1);
            let made = Layout::new(PhysAddr::new(orig), len, &limits, area_mask, CHUNK_SLOTS);
            let Ok(l) = made else { return Ok(()) };
            let start = l.next_start(from);
            prop_assert!(l.allows(start));
            prop_assert!(start >= from);
            let area = u64::from(start) * SLOT;
            let data = area + l.offset;
            prop_assert_eq!(data & mask, orig & mask, "AL-2");
            if mask <= (area_mask | (SLOT - 1)) {
                prop_assert_eq!(area & area_mask & !(SLOT - 1), 0, "AL-2: area");
            }
            if mask == 0 && area_mask == 0 && len >= PAGE {
                prop_assert_eq!(data % PAGE, 0, "AL-3");
            }
            prop_assert!(l.offset + len <= u64::from(l.slots) * SLOT);
            let edge = 1u64 << boundary;
            prop_assert_eq!(data / edge, (data + len - 1) / edge, "FR-5");
            // No earlier start was allowed.
            prop_assert!((from..start).all(|s| !l.allows(s)));
        }
    }
}
