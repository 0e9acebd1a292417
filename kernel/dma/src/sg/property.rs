//! Plans and segments against obvious versions.

use super::plan::{Part, Shape, Terms};
use super::segments::{Cut, Run, Segment};
use crate::attrs::Attrs;
use crate::decision::Route;
use crate::device::DmaDevice;
use crate::direction::Dir;
use crate::limits::Limits;
use crate::reason::{BounceReason, Bouncing};
use crate::swiotlb::max_len;
use crate::testing::BOARD;
use core::convert::Infallible;
use hal::{DmaAddr, DmaBuffer, DmaWindow, PhysAddr, PhysRange};
use proptest::prelude::*;

extern crate std;
use std::vec::Vec;

/// Numbers that look like a buffer. Nothing is ever lent.
struct Numbers {
    range: PhysRange,
    owned: PhysRange,
}

#[expect(unsafe_code, reason = "only asked where it is, never looked at")]
// SAFETY: never mapped: `plan` is pure.
unsafe impl DmaBuffer for Numbers {
    fn range(&self) -> PhysRange {
        self.range
    }
    fn owned(&self) -> PhysRange {
        self.owned
    }
}

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

fn alone(start: u64, len: u64) -> Numbers {
    let range = range(start, len);
    Numbers {
        range,
        owned: range,
    }
}

fn device(granule: u64, max_seg: u64) -> DmaDevice {
    let window = DmaWindow::new(range(0, 0x4000_0000), DmaAddr::new(0xC000_0000));
    let builder = DmaDevice::builder("gathers").windows(&[window.expect("valid")]);
    let builder = builder
        .granule(granule)
        .segments(64, granule)
        .max_seg_size(max_seg);
    builder.build(&BOARD).expect("valid")
}

fn terms(device: &DmaDevice, dir: Dir) -> Terms<'_> {
    Terms {
        device,
        policy: Bouncing::AsNeeded.policy(true),
        capacity: Some(1024),
        dir,
        attrs: Attrs::NONE,
        split: true,
        edges: true,
    }
}

fn parts(terms: &Terms<'_>, buffer: &Numbers) -> Vec<Part> {
    let mut parts = Vec::new();
    let shape = terms.shape(buffer).expect("a pool exists");
    let done = terms.parts((0, buffer), shape, |part| {
        parts.push(part);
        Ok::<_, Infallible>(())
    });
    done.expect("never refused");
    parts
}

const SHARED: Route = Route::Bounce(BounceReason::SharedLine);

#[test]
fn sg_4_only_the_first_and_the_last_line_of_a_long_unaligned_buffer_bounce() {
    let device = device(4, 0);
    let plan = parts(&terms(&device, Dir::FromDevice), &alone(0x1010, 0x2000));
    let found: Vec<_> = plan.iter().map(|part| (part.block, part.route)).collect();
    let middle = Route::Direct(DmaAddr::new(0xC000_1040));
    let wanted = [
        (range(0x1010, 0x30), SHARED),
        (range(0x1040, 0x1FC0), middle),
        (range(0x3000, 0x10), SHARED),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn sg_4_a_buffer_whose_head_does_not_fit_the_granule_bounces_whole() {
    let device = device(4, 0);
    let plan = parts(&terms(&device, Dir::FromDevice), &alone(0x1011, 0x2000));
    assert_eq!(plan.len(), 1);
    assert_eq!(
        (plan[0].block, plan[0].route),
        (range(0x1011, 0x2000), SHARED)
    );
}

#[test]
fn sg_4_an_edge_that_is_the_buffers_own_goes_direct() {
    let device = device(4, 0);
    let mut buffer = alone(0x1010, 0x2000);
    buffer.owned = range(0x1000, 0x2010);
    let plan = parts(&terms(&device, Dir::FromDevice), &buffer);
    let bounced = plan.iter().filter(|part| part.route == SHARED);
    assert_eq!(
        bounced.map(|part| part.block).collect::<Vec<_>>(),
        [range(0x3000, 0x10)]
    );
}

#[test]
fn sg_4_a_tail_that_only_breaks_the_granule_bounces_alone_to_the_device() {
    let device = device(4, 0);
    let plan = parts(&terms(&device, Dir::ToDevice), &alone(0x1000, 0x2001));
    assert_eq!(
        plan.last()
            .map(|part| (part.block, part.extent, part.route)),
        Some((range(0x3000, 1), range(0x3000, 4), SHARED))
    );
}

#[test]
fn sg_4_a_short_buffer_bounces_whole_since_that_takes_one_slot() {
    let device = device(4, 0);
    let plan = parts(&terms(&device, Dir::FromDevice), &alone(0x1010, 2048));
    assert_eq!(plan.len(), 1);
    let plan = parts(&terms(&device, Dir::FromDevice), &alone(0x1010, 2052));
    assert_eq!(plan.len(), 3);
}

fn obvious(runs: &[Run], limits: &Limits) -> Vec<Segment> {
    let granule = limits.granule.max(limits.seg_granule);
    let mut segments: Vec<Segment> = Vec::new();
    // Joined runs as (bus, len).
    let mut joined: Vec<(u64, u64, bool)> = Vec::new();
    for run in runs {
        let bus = run.bus.get();
        match joined.last_mut() {
            Some((at, len, true)) if run.joins && *at + *len == bus => *len += run.len,
            _ => joined.push((bus, run.len, run.joins)),
        }
    }
    for (bus, len, _) in joined {
        let mut start = bus;
        while start < bus + len {
            // The longest that is allowed, found by trying.
            let allowed = |n: &u64| {
                let boundary = u128::from(limits.seg_boundary_mask) + 1;
                let same = u128::from(start) / boundary == u128::from(start + n - 1) / boundary;
                *n <= limits.max_seg_size
                    && same
                    && (n.is_multiple_of(granule) || start + n == bus + len)
            };
            let n = (1..=bus + len - start)
                .rev()
                .find(allowed)
                .expect("some length is allowed");
            let bus = DmaAddr::new(start);
            segments.push(Segment { bus, len: n });
            start += n;
        }
    }
    segments
}

proptest! {
    #[test]
    fn sg_8_segments_agree_with_an_obvious_version(
        runs in proptest::collection::vec((0u64..3, 1u64..20, any::<bool>()), 0..8),
        boundary in 4u32..10, longest in 1u64..16, granule in 0u32..3,
    ) {
        let granule = 1u64 << granule;
        let mut at = 0x1000;
        let runs: Vec<_> = runs.into_iter().map(|(gap, len, joins)| {
            let (bus, len) = (at + gap * 4, len * 4);
            at = bus + len;
            Run { bus: DmaAddr::new(bus), len, joins }
        }).collect();
        let limits = Limits {
            seg_boundary_mask: (1 << boundary) - 1,
            max_seg_size: longest * 4,
            seg_granule: granule,
            ..Limits::DEFAULT
        };
        let cut: Vec<_> = Cut::new(runs.iter().copied(), &limits).collect();
        prop_assert_eq!(cut, obvious(&runs, &limits));
    }

    #[test]
    fn sg_9_parts_cover_an_element_in_order_and_touch_no_line_that_it_shares(
        start in 0x1000u64..0x1100, len in 1u64..0x6000, before in 0u64..80, after in 0u64..80,
        high in any::<bool>(), writes in any::<bool>(), granule in 0u32..3, max_seg in 0u64..4,
    ) {
        let granule = 1 << granule;
        let device = device(granule, max_seg * 1024);
        let start = if high { start + 0x4000_0000 } else { start };
        let owned = range(start - before, before + len + after);
        let buffer = Numbers { range: range(start, len), owned };
        let dir = if writes { Dir::FromDevice } else { Dir::ToDevice };
        let plan = parts(&terms(&device, dir), &buffer);
        let mut at = start;
        let longest = max_len(device.limits(), 1024).min(device.limits().max_seg_size);
        for (i, part) in plan.iter().enumerate() {
            prop_assert_eq!(part.block.start().get(), at);
            at = part.block.end().get();
            let last = i + 1 == plan.len();
            prop_assert!(plan.len() == 1 || last || part.block.len().is_multiple_of(granule));
            match part.route {
                Route::Direct(bus) => {
                    prop_assert_eq!(bus.get(), part.block.start().get() + 0xC000_0000);
                    let touched = part.extent.round_out(64).expect("low");
                    prop_assert!(!writes || owned.contains(touched));
                    prop_assert!(part.extent == part.block || owned.contains(part.extent));
                }
                Route::Bounce(_) => prop_assert!(part.block.len() <= longest),
            }
        }
        prop_assert_eq!(at, start + len);
        // What no part shares goes as one, and as it lies.
        let extent = range(start, len.next_multiple_of(granule));
        let touched = if writes { extent.round_out(64).expect("low") } else { extent };
        let clean = owned.contains(touched) || !writes && extent.len() == len;
        if clean && !high {
            let direct = matches!(plan[..], [Part { route: Route::Direct(_), .. }]);
            prop_assert!(direct);
        }
    }
}

#[test]
fn sg_9_without_leave_to_split_an_element_is_one_run() {
    let device = device(4, 1024);
    let mut terms = terms(&device, Dir::FromDevice);
    let high = alone(0x4000_0000, 5000);
    let route = Route::Bounce(BounceReason::Unreachable);
    assert_eq!(terms.shape(&high), Ok(Shape::Runs(route)));
    terms.split = false;
    assert_eq!(terms.shape(&high), Ok(Shape::Whole(route)));
}
