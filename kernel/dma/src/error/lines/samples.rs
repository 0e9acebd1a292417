//! An error of each kind that the crate has, with numbers as long as the machine has them.

extern crate std;

use super::super::MapError;
use crate::address::Misuse;
use crate::builder::LimitError;
use crate::checker::{NoMemory, Nonsense};
use crate::complaints::{self, Complaint};
use crate::direction::Dir;
use crate::door::SyncError;
use crate::guard::Overrun;
use crate::lent::LentError;
use crate::lines::LineMismatch;
use crate::reach::DmaMask;
use crate::reason::BounceReason;
use crate::reported::TooMuch;
use crate::reservation::ReserveError;
use crate::restricted::TooManyPools;
use crate::sg::{NoTable, SgError};
use crate::span::PastEnd;
use crate::swiotlb::{BadRegion, NoOrigins, Unusable};
use crate::users::Consumer;
use hal::{CacheLines, DmaAddr, PhysAddr, PhysRange};
use std::fmt::Display;
use std::string::{String, ToString};
use std::vec::Vec;

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

pub(super) fn block() -> PhysRange {
    range(0x7_FFFF_F000, 0x1000)
}

/// With numbers as long as the machine has them.
fn map_errors() -> Vec<MapError> {
    let (block, device, pool) = (block(), "mailbox", range(0x3800_0000, 0x20_0000));
    let reach = Some(PhysAddr::new(0x3FFF_FFFF));
    let top = Some(Consumer {
        device,
        slots: 1024,
    });
    let (wanted, free, largest_run) = (8192, 65535, 1024);
    let mut all: Vec<MapError> = [reach, None]
        .iter()
        .flat_map(|reach| BounceReason::ALL.map(|reason| (reason, *reach)))
        .flat_map(|(reason, reach)| {
            [
                MapError::NoPool {
                    reason,
                    block,
                    reach,
                },
                MapError::WouldBounce {
                    reason,
                    block,
                    reach,
                },
            ]
        })
        .collect();
    all.extend([
        MapError::NeedsCoherent { device },
        MapError::MixedCoherence { device },
        MapError::OutsidePages {
            offset: 1 << 30,
            len: 1 << 30,
            pages: block,
        },
        MapError::IsRam { block },
        MapError::PeerUnseen { block, device },
        MapError::TooLong {
            len: 1 << 33,
            max: 0x100_0000,
        },
        MapError::PoolFull {
            wanted,
            free,
            largest_run,
            top,
        },
        MapError::PoolFull {
            wanted,
            free,
            largest_run,
            top: None,
        },
        MapError::OverQuota {
            wanted,
            used: free,
            quota: 65536,
        },
        MapError::OverQuota {
            wanted,
            used: 0,
            quota: 16,
        },
        MapError::PoolUnreachable { pool, reach },
        MapError::PoolUnreachable { pool, reach: None },
    ]);
    all
}

fn reserve_errors() -> [ReserveError; 8] {
    [
        ReserveError::NoPool,
        ReserveError::Nothing,
        ReserveError::Align { bytes: u64::MAX },
        ReserveError::TooLong {
            len: u64::MAX,
            max: 0x100_0000,
        },
        ReserveError::TooMany { max: 16 },
        ReserveError::NoHeap { cells: 65535 },
        ReserveError::PoolFull {
            cells: 65535,
            found: 1000,
            slots: 1024,
            free: 65535,
            largest_run: 1023,
        },
        ReserveError::Unreachable { cell: block() },
    ]
}

fn misuses() -> [Misuse; 6] {
    let (addr, len, mapped) = (DmaAddr::new(0xFFFF_F000), 0x1000, 0x800);
    let (dir, other) = (Dir::Bidirectional, Dir::FromDevice);
    [
        Misuse::NotMapped { addr, len },
        Misuse::PastEnd { addr, len, mapped },
        Misuse::NotInList { block: block() },
        Misuse::PartialLine { addr, len },
        Misuse::OtherLength { addr, len, mapped },
        Misuse::OtherDirection {
            addr,
            dir,
            mapped: other,
        },
    ]
}

fn overruns() -> [Overrun; 2] {
    let (addr, len, found) = (0xFFFF_F000, 0x1000, 0x5A);
    let at = PhysAddr::new(0x3FFF_FFFF);
    [
        Overrun::Beside {
            addr,
            len,
            at: 0x1001,
            found,
        },
        Overrun::Afterwards { at, found },
    ]
}

fn limits() -> [LimitError; 11] {
    let (first, dma_end) = (PhysAddr::new(0x2000_0000), PhysAddr::new(0x4000_0000));
    let mask = DmaMask::bits(28);
    [
        LimitError::TooManyWindows { found: 9 },
        LimitError::AlignMask { mask: u64::MAX - 1 },
        LimitError::SegmentBoundary { mask: u64::MAX - 1 },
        LimitError::Granule { bytes: 1 << 40 },
        LimitError::SegmentGranule { bytes: 1 << 40 },
        LimitError::NoSegments,
        LimitError::NoSlots,
        LimitError::ReachesNoRam { limit: mask },
        LimitError::PoolBeyondReach { first, dma_end },
        LimitError::CoherentBeyondReach {
            first,
            mask,
            dma_end,
        },
        LimitError::RegionBeyondReach {
            region: range(0x1FFF_F000, 0x800_0000),
            first,
            mask,
        },
    ]
}

/// All that the crate has, each as its line.
pub(super) fn lines() -> Vec<String> {
    fn told(errors: impl IntoIterator<Item = impl Display>) -> Vec<String> {
        errors.into_iter().map(|error| error.to_string()).collect()
    }
    let (offset, len, mapped) = (0x800, 0x1000, 0x1000);
    let past = PastEnd {
        offset,
        len,
        mapped,
    };
    let report = TooMuch {
        reported: 513,
        len: 512,
    };
    let lists = map_errors()
        .into_iter()
        .map(|error| SgError::Element { index: 31, error });
    let complaint = |cause| Complaint {
        device: "mailbox",
        cause,
        more: 12,
    };
    let complaints = map_errors().into_iter().map(complaints::Cause::Refused);
    let complaints = complaints.chain(misuses().map(complaints::Cause::Misused));
    let complaints = complaints.chain(overruns().map(complaints::Cause::Overran));
    let complaints = complaints.chain([complaints::Cause::Left { live: 1000 }]);
    let no_memory = NoMemory { entries: 65536 };
    let lent = [
        LentError::<PastEnd>::Report(report),
        LentError::NoStaging,
        LentError::Driver(past),
    ];
    let found = CacheLines {
        smallest: 32,
        writeback: 128,
    };
    let beyond = sim::Machine::default().take(hal::GIB, hal::PAGE);
    [
        told(map_errors()),
        told(misuses()),
        told(limits()),
        told(reserve_errors()),
        told(lists),
        told(complaints.map(complaint)),
        told([
            SgError::Empty,
            SgError::Granule {
                index: 31,
                block: block(),
                granule: 4,
            },
            SgError::TooManySegments { max: 32 },
            SgError::Fragmented {
                index: 31,
                max: 32,
                error: map_errors()[0],
            },
        ]),
        told([
            SyncError::PastEnd(past),
            SyncError::PartialLine { offset, len },
        ]),
        told([past]),
        told([report]),
        told(lent),
        told([NoTable {
            elements: 1000,
            segments: 1000,
        }]),
        told([LineMismatch { found }]),
        told([TooManyPools { max: 8 }]),
        told([
            Unusable::Beyond { region: block() },
            Unusable::NoPage { region: block() },
        ]),
        told([no_memory]),
        told([NoOrigins { slots: 1024 }]),
        told([BadRegion { region: beyond }]),
        told([
            Nonsense::Level("loud"),
            Nonsense::Entries("many"),
            Nonsense::Driver("x"),
        ]),
    ]
    .concat()
}
