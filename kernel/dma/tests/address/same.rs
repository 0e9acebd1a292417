//! The same requests by address and by owned mapping: same decisions, same addresses, same bytes, same
//! operations in the same order.

use super::{DIRS, Driver};
use crate::common::{POOL, layer, legacy, pattern};
use dma::address::Attrs;
use dma::{
    Bidirectional, Bouncing, Dir, Direction, DmaDevice, Exposed, FromDevice, MapError, Physical,
    ToDevice,
};
use hal::{DmaAddr, PAGE, PageSource, PhysRange, Platform, RamRegion, Zone};
use proptest::prelude::*;
use sim::{Machine, Op};

/// What is done, and how.
#[derive(Clone, Debug)]
struct Case {
    zone: Zone,
    offset: u64,
    len: u64,
    dir: Dir,
    forced: bool,
    align_mask: u64,
    granule: u64,
    /// Lines of the mapping that are synced on the way, if it has some.
    part: Option<(u64, u64)>,
}

/// What came of it.
#[derive(PartialEq)]
struct Outcome {
    mapped: Result<DmaAddr, MapError>,
    seen_by_device: Vec<u8>,
    seen_by_cpu: Vec<u8>,
    memory: Vec<u8>,
    ops: Vec<Op>,
}

const BYTES: u64 = 3 * PAGE;

fn device(machine: &Machine, case: &Case) -> DmaDevice {
    let builder = DmaDevice::builder("same").windows(machine.bus().windows());
    let builder = builder.min_align_mask(case.align_mask);
    builder
        .granule(case.granule)
        .build(&machine.ram())
        .expect("valid")
}

/// A mapping under test, whichever way it was made.
trait Calls {
    fn for_cpu(&mut self, part: (u64, u64));
    fn for_device(&mut self, part: (u64, u64));
    fn unmap(self);
}

struct Raw<'d>(&'d Driver<'d>, DmaAddr, &'d Case);

impl Calls for Raw<'_> {
    fn for_cpu(&mut self, part: (u64, u64)) {
        self.0.machine.acquire();
        // SAFETY: the device is played by this thread.
        let done = unsafe {
            self.0
                .calls
                .sync_single_range_for_cpu(self.1, part, self.2.dir)
        };
        done.expect("lines of the mapping");
    }
    fn for_device(&mut self, part: (u64, u64)) {
        self.0
            .for_device(self.1, part, self.2.dir)
            .expect("lines of the mapping");
    }
    fn unmap(self) {
        // As the other one does.
        self.0.machine.acquire();
        // SAFETY: the device is played by this thread.
        unsafe {
            self.0
                .calls
                .unmap_single(self.1, self.2.len, self.2.dir, Attrs::NONE)
        };
    }
}

struct Typed<'d, D: Direction>(&'d Machine, Exposed<'d, Machine, Physical, D>);

impl<D: Direction> Calls for Typed<'_, D> {
    fn for_cpu(&mut self, (at, len): (u64, u64)) {
        self.0.acquire();
        // SAFETY: the device is played by this thread.
        unsafe { self.1.sync_for_cpu(at, len) }.expect("lines of the mapping");
    }
    fn for_device(&mut self, (at, len): (u64, u64)) {
        // SAFETY: the device is played by this thread.
        unsafe { self.1.sync_for_device(at, len) }.expect("lines of the mapping");
    }
    fn unmap(self) {
        // SAFETY: the device is played by this thread.
        let _ = unsafe { self.1.unmap() };
    }
}

/// Runs a case to its end from the moment that it is mapped.
fn play(
    machine: &Machine,
    case: &Case,
    (addr, block): (DmaAddr, PhysRange),
    mut calls: impl Calls,
) -> (Vec<u8>, Vec<u8>) {
    let seen = machine.device_read(machine.bus(), addr, case.len as usize);
    if case.dir != Dir::ToDevice {
        let bytes = pattern(case.len as usize - 1);
        machine.device_write(machine.bus(), addr, &bytes);
    }
    let mut found = Vec::new();
    if let Some((at, len)) = case.part {
        calls.for_cpu((at, len));
        let part = block.slice(at, len).expect("inside");
        found = machine.cpu_read(part);
        if case.dir != Dir::FromDevice {
            machine.cpu_write(part.start(), &vec![0x33; len as usize]);
        }
        calls.for_device((at, len));
    }
    calls.unmap();
    (seen, found)
}

fn prepared(case: &Case) -> (Machine, RamRegion, PhysRange) {
    let builder = sim::Builder::empty()
        .bank(0x1000_0000, 0x40_0000)
        .bank(0x4000_0000, BYTES);
    let machine = builder.build();
    let start = if case.zone == Zone::Dma {
        0x1000_0000
    } else {
        0x4000_0000
    };
    let region = machine.take(start, BYTES);
    machine.cpu_write(region.range().start(), &[0xA5; BYTES as usize]);
    let block = region.range().slice(case.offset, case.len).expect("inside");
    machine.clear_trace();
    (machine, region, block)
}

fn outcome(
    machine: &Machine,
    region: RamRegion,
    mapped: Result<DmaAddr, MapError>,
    (seen_by_device, seen_by_cpu): (Vec<u8>, Vec<u8>),
) -> Outcome {
    let ops = machine.trace();
    let memory = machine.cpu_read(region.range());
    machine.free(region);
    Outcome {
        mapped,
        seen_by_device,
        seen_by_cpu,
        memory,
        ops,
    }
}

fn bouncing(case: &Case) -> Bouncing {
    if case.forced {
        Bouncing::Forced
    } else {
        Bouncing::AsNeeded
    }
}

fn by_address(case: &Case) -> Outcome {
    let (machine, region, block) = prepared(case);
    let (dma, device) = (
        layer(&machine, bouncing(case), POOL),
        device(&machine, case),
    );
    let driver = Driver::new(&machine, &dma, &device);
    let mapped = driver.map_attrs(block, case.dir, Attrs::NONE);
    let seen = match mapped {
        Ok(addr) => play(&machine, case, (addr, block), Raw(&driver, addr, case)),
        Err(_) => Default::default(),
    };
    assert_eq!(dma.complaint().is_some(), mapped.is_err());
    outcome(&machine, region, mapped, seen)
}

fn by_mapping<D: Direction>(case: &Case, direction: D) -> Outcome {
    let (machine, region, block) = prepared(case);
    let (dma, device) = (
        layer(&machine, bouncing(case), POOL),
        device(&machine, case),
    );
    // SAFETY: the region is owned, and nobody else touches it.
    let buffer = unsafe { Physical::assume_lent(block) };
    let (mapped, seen) = match dma.map(&device, buffer, direction) {
        Ok(mapping) => {
            // SAFETY: the device is played by this thread.
            let (addr, exposed) = unsafe { mapping.expose() };
            (
                Ok(addr),
                play(&machine, case, (addr, block), Typed(&machine, exposed)),
            )
        }
        Err(refused) => (Err(refused.error), Default::default()),
    };
    outcome(&machine, region, mapped, seen)
}

fn cases() -> impl Strategy<Value = Case> {
    let place = (any::<bool>(), 0u64..200, 2u64..6000, any::<bool>());
    let how = (0usize..3, any::<bool>(), 0u32..13, 0u32..3);
    (place, how, 0u64..64, 1u64..20).prop_map(|(place, how, at, lines)| {
        let (low, offset, len, aligned) = place;
        let (dir, forced, mask, granule) = how;
        let granule = 1 << granule;
        let round = if aligned { 64 } else { 1 };
        let (offset, len) = (offset / round * round, len.next_multiple_of(round));
        let at = at * 64;
        let part = if offset % 64 == 0 && at + lines * 64 <= len {
            Some((at, lines * 64))
        } else {
            None
        };
        Case {
            zone: if low { Zone::Dma } else { Zone::High },
            offset,
            len,
            dir: DIRS[dir],
            forced,
            align_mask: (1 << mask) - 1,
            granule,
            part,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, ..Default::default() })]
    #[test]
    fn dec_4_by_address_and_by_owned_mapping_are_one_core(case in cases()) {
        let typed = match case.dir {
            Dir::ToDevice => by_mapping(&case, ToDevice),
            Dir::FromDevice => by_mapping(&case, FromDevice),
            Dir::Bidirectional => by_mapping(&case, Bidirectional),
        };
        let raw = by_address(&case);
        prop_assert_eq!(&raw.ops, &typed.ops);
        prop_assert!(raw == typed, "{:?} and {:?}", raw.mapped, typed.mapped);
    }
}

#[test]
fn dec_4_the_device_of_the_property_bounces_and_maps_in_place() {
    let case = Case {
        zone: Zone::Dma,
        offset: 0,
        len: 64,
        dir: Dir::FromDevice,
        forced: false,
        align_mask: 0,
        granule: 1,
        part: Some((0, 64)),
    };
    let copies = |case: &Case| {
        let copied = |op: &Op| matches!(op, Op::Copy { .. });
        by_address(case).ops.iter().filter(|op| copied(op)).count()
    };
    assert_eq!(copies(&case), 0);
    let (zone, forced) = (Zone::High, true);
    assert_eq!(
        copies(&Case {
            zone,
            ..case.clone()
        }),
        2
    );
    assert_eq!(
        copies(&Case {
            forced,
            ..case.clone()
        }),
        2
    );
    let legacy = legacy(&Machine::default());
    assert_eq!(legacy.limits().granule, 1);
}
