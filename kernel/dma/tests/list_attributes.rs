//! ATTR for lists: from device to device, and shared; never bounced, and refused as a whole.

mod common;

use common::lists::{TOTAL, bytes, gather, gatherer, lists, map, mixed, scatter, table, transfer};
use common::{Layer, POOL, Unproven, assert_clean, layer, pages, pattern};
use dma::{
    Attrs, Bidirectional, BounceReason, Bouncing, DeviceOwnedSg, Direction, DmaDevice, FromDevice,
    MapError, SgError, SgTable, Shared, ToDevice,
};
use hal::{DmaBuffer, Pages, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};

type Buffer = Unproven;

/// Whole words: a length that is none is rounded up, over a neighbour's bytes in any direction.
fn words(machine: &Machine) -> DmaDevice {
    let builder = lists(machine).granule(4).segments(32, 4);
    builder.build(&machine.ram()).expect("valid")
}

/// One that reaches everything.
fn far(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("far").segments(32, 1);
    let far = builder.mask(dma::DmaMask::bits(36));
    far.build(&machine.ram()).expect("valid")
}

/// How an element comes to bounce, and why.
const REASONS: [(Bouncing, Zone, BounceReason); 3] = [
    (Bouncing::Forced, Zone::Dma, BounceReason::Forced),
    (Bouncing::AsNeeded, Zone::High, BounceReason::Unreachable),
    (Bouncing::AsNeeded, Zone::Dma, BounceReason::SharedLine),
];

/// Two elements: one that is direct if any is, and one that would bounce.
fn buffers(machine: &Machine, zone: Zone) -> [Buffer; 2] {
    let last = match zone {
        Zone::Dma => 61,
        _ => 4096,
    };
    [(Zone::Dma, 64), (zone, last)].map(|(zone, len)| Unproven(pages(machine, zone, 0, len, 7)))
}

/// The refusal of a list by its element, after which nothing at all has happened.
fn refused<T>(
    (machine, dma): (&Machine, &Layer),
    try_map: impl FnOnce() -> Result<(), dma::SgRefused<T>>,
) -> (usize, BounceReason, T) {
    machine.clear_trace();
    let before = dma.pool_state();
    let refused = try_map().expect_err("must not bounce");
    assert_eq!(machine.trace(), [], "copied, cleaned or waited");
    assert_eq!(dma.pool_state(), before, "a slot was taken");
    let SgError::Element { index, error } = refused.error else {
        panic!("{refused}");
    };
    let MapError::WouldBounce { reason, .. } = error else {
        panic!("{error}");
    };
    (index, reason, refused.table)
}

fn owned_is_refused<D: Direction + Copy>(dir: D) {
    for (bouncing, zone, wanted) in REASONS {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, bouncing, POOL), words(&machine));
        let list = dma.map_sg(
            &device,
            table(buffers(&machine, zone).into(), 8),
            Bidirectional,
        );
        let owned = list.expect("bounces").unmap_skip_sync();
        let first = usize::from(bouncing != Bouncing::Forced);
        let map = || dma.map_sg_device_owned(&device, owned, dir).map(drop);
        let (index, reason, owned) = refused((&machine, &dma), map);
        assert_eq!((index, reason), (first, wanted));
        let mut table = owned.reclaim();
        assert_eq!(table.elements().len(), 2);
        let Unproven(last) = table.pop().expect("two");
        assert!(last.bytes(&machine).iter().all(|byte| *byte == 7));
        assert_clean(&dma);
    }
}

#[test]
fn attr_2_a_list_that_devices_own_is_refused_for_each_reason_in_each_direction() {
    owned_is_refused(ToDevice);
    owned_is_refused(FromDevice);
    owned_is_refused(Bidirectional);
}

fn shared_is_refused<D: Direction + Copy>(dir: D) {
    for (bouncing, zone, wanted) in REASONS {
        let machine = Machine::default();
        let (dma, device) = (layer(&machine, bouncing, POOL), words(&machine));
        let shared = buffers(&machine, zone).map(|part| dma.share(Shareable(part.0)));
        let list = table(shared.into(), 8);
        let first = usize::from(bouncing != Bouncing::Forced);
        let map = || dma.map_sg_shared(&device, list, dir).map(drop);
        let (index, reason, mut list) = refused((&machine, &dma), map);
        assert_eq!((index, reason), (first, wanted));
        // No device has seen it: the handle gives it back.
        let last: Shared<_, _> = list.pop().expect("two");
        let Shareable(last) = last.into_inner().expect("the only handle");
        assert!(last.bytes(&machine).iter().all(|byte| *byte == 7));
        assert_clean(&dma);
    }
}

/// A buffer that does not own the lines at its ends, for several threads to hold.
struct Shareable(Pages<Machine>);

#[expect(unsafe_code, reason = "says of pages that they own less than they do")]
// SAFETY: a part of pages that are owned.
unsafe impl DmaBuffer for Shareable {
    fn range(&self) -> hal::PhysRange {
        self.0.range()
    }
    fn owned(&self) -> hal::PhysRange {
        self.0.range()
    }
}

#[test]
fn attr_2_attr_5_a_list_of_shared_buffers_is_refused_for_each_reason_in_each_direction() {
    shared_is_refused(ToDevice);
    shared_is_refused(FromDevice);
    shared_is_refused(Bidirectional);
}

fn coherence_is_refused<D: Direction + Copy>(dir: D) {
    for (bouncing, zone, wanted) in REASONS {
        let machine = Machine::default();
        let builder = lists(&machine).granule(4).segments(32, 4).coherent();
        let device = builder.build(&machine.ram()).expect("valid");
        let dma = layer(&machine, bouncing, POOL);
        let list = table(buffers(&machine, zone).into(), 8);
        let first = usize::from(bouncing != Bouncing::Forced);
        let map = || {
            let mapped = dma.map_sg_attrs(&device, list, dir, Attrs::REQUIRE_COHERENT);
            mapped.map(drop)
        };
        let (index, reason, list) = refused((&machine, &dma), map);
        assert_eq!((index, reason, list.elements().len()), (first, wanted, 2));
    }
}

#[test]
fn attr_2_attr_6_required_coherence_is_refused_for_each_reason_in_each_direction() {
    coherence_is_refused(ToDevice);
    coherence_is_refused(FromDevice);
    coherence_is_refused(Bidirectional);
}

#[test]
fn attr_2_an_edge_that_would_bounce_refuses_the_list_that_a_device_owns() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let long = || Unproven(pages(&machine, Zone::Dma, 0x30, 9000, 7));
    let list = dma.map_sg(&device, table(vec![long()], 8), ToDevice);
    let owned = list.expect("maps").unmap_skip_sync();
    let map = || {
        dma.map_sg_device_owned(&device, owned, FromDevice)
            .map(drop)
    };
    let (index, reason, _) = refused((&machine, &dma), map);
    assert_eq!((index, reason), (0, BounceReason::SharedLine));
}

/// Three low buffers with offsets and odd lengths.
fn low(machine: &Machine, fill: u8) -> Vec<Pages<Machine>> {
    let shapes = [(0, 100), (10, 300), (60, 64)];
    shapes
        .map(|(offset, len)| pages(machine, Zone::Dma, offset, len, fill))
        .into()
}

const LOW: usize = 464;

#[test]
fn attr_1_a_list_passes_from_device_to_device_without_a_cache_operation() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (disk, screen) = (gatherer(machine), gatherer(machine));
        let list = map((&dma, &disk), low(machine, 1), FromDevice);
        let list = transfer(list, |machine, segments| {
            scatter(machine, segments, &pattern(LOW));
        });
        machine.clear_trace();
        let owned = list.unmap_skip_sync();
        assert_eq!(owned.bytes(), LOW as u64);
        let list = dma.map_sg_device_owned(&screen, owned, ToDevice);
        let list = list.expect("low");
        assert_eq!(machine.trace(), []);
        let list = transfer(list, |machine, segments| {
            assert_eq!(gather(machine, segments), pattern(LOW));
        });
        // The last direction was to the device, and still the CPU must not see stale lines.
        assert_eq!(bytes(machine, &list.unmap()), pattern(LOW));
    });
}

#[test]
fn attr_1_what_bounced_of_a_list_comes_home_and_is_owed_to_the_next_device() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (near, far) = (gatherer(machine), far(machine));
        // One with edges that bounce, one out of reach, one as it lies.
        let buffers = || {
            [
                (Zone::Dma, 0x30, 3000),
                (Zone::High, 0, 200),
                (Zone::Dma, 0, 128),
            ]
            .map(|(zone, offset, len)| Unproven(pages(machine, zone, offset, len, 0)))
        };
        let total = 3328;
        let list = dma.map_sg(&near, table(buffers().into(), 16), FromDevice);
        let list = transfer(list.expect("maps"), |machine, segments| {
            scatter(machine, segments, &pattern(total));
        });
        let owned = list.unmap_skip_sync();
        assert_clean(&dma);
        // It reaches everything, and reads: nothing has to bounce.
        let list = dma
            .map_sg_device_owned(&far, owned, ToDevice)
            .expect("reaches");
        let identity = sim::BusView::identity();
        let list = transfer(list, |machine, segments| {
            let read = |s: &dma::Segment| machine.device_read(&identity, s.bus, s.len as usize);
            let seen: Vec<u8> = segments.iter().flat_map(read).collect();
            assert_eq!(seen, pattern(total));
        });
        let home = list.unmap().into_elements();
        let home: Vec<u8> = home
            .flat_map(|part| part.0.bytes(machine).to_vec())
            .collect();
        assert_eq!(home, pattern(total));
    });
}

#[test]
fn attr_1_of_a_list_that_is_passed_on_only_what_is_owed_is_cleaned() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (near, far) = (gatherer(&machine), far(&machine));
    // The one was written where it lies, and is stale until the CPU gets it; of the other three lines came home.
    let buffers = [(Zone::Dma, 128), (Zone::High, 192)];
    let buffers = buffers.map(|(zone, len)| pages(&machine, zone, 0, len, 0));
    let list = dma.map_sg(&near, table(buffers.into(), 8), FromDevice);
    let list = transfer(list.expect("maps"), |machine, segments| {
        scatter(machine, segments, &[7; 320]);
    });
    let owned = list.unmap_skip_sync();
    let list = dma
        .map_sg_device_owned(&far, owned, ToDevice)
        .expect("reaches");
    machine.reset_counters();
    let mut work = machine.counters();
    let list = transfer(list, |machine, _| work = machine.counters());
    let dropped = work.lines_invalidated + work.lines_clean_invalidated;
    assert_eq!((work.lines_cleaned, dropped), (3, 0));
    assert_eq!(bytes(&machine, &list.unmap()), [7; 320]);
}

#[test]
fn attr_1_a_list_is_made_of_single_buffers_that_devices_own_and_taken_apart_again() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let device = gatherer(machine);
        let mut owned = DeviceOwnedSg::with_capacity(&dma, 2, 4).expect("memory");
        for fill in [5, 6] {
            let page = pages(machine, Zone::Dma, 3, 90, 1);
            let mapping = dma.map(&device, page, FromDevice).expect("maps");
            let mapping = common::transfer(mapping, |addr, len| {
                machine.device_write(machine.bus(), addr, &vec![fill; len]);
            });
            owned.push(mapping.unmap_skip_sync()).expect("room");
        }
        let third = dma.map(&device, pages(machine, Zone::Dma, 0, 9, 1), ToDevice);
        let third = third.expect("maps").unmap_skip_sync();
        assert_eq!(owned.push(third).expect_err("full").len(), 9);
        assert_eq!(format!("{owned:?}"), "DeviceOwnedSg(2 elements)");
        let list = dma.map_sg_device_owned(&device, owned, Bidirectional);
        let list = transfer(list.expect("maps"), |machine, segments| {
            assert_eq!(gather(machine, segments), [[5; 90], [6; 90]].concat());
            scatter(machine, segments, &[[7; 90], [8; 90]].concat());
        });
        let mut owned = list.unmap_skip_sync();
        let last = owned.pop().expect("two").reclaim();
        assert_eq!(*last.bytes(machine), [8; 90]);
        assert_eq!(bytes(machine, &owned.reclaim()), [7; 90]);
    });
}

#[test]
fn attr_1_a_dropped_list_leaves_no_stale_line_and_one_that_was_only_read_costs_nothing() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let list = map((&dma, &device), low(&machine, 1), FromDevice);
    let list = transfer(list, |machine, segments| {
        let ranges = segments.iter().map(|s| machine.bus().resolve(s.bus, s.len));
        // Looked at meanwhile: what is cached is old.
        ranges.for_each(|range| drop(machine.cpu_read(range.expect("RAM"))));
        scatter(machine, segments, &[9; LOW]);
    });
    let list = list.unmap_skip_sync();
    machine.clear_trace();
    drop(list);
    let ops = machine.trace();
    assert!(ops.iter().any(|op| matches!(op, Op::Invalidate(_))));
    let waits = ops.iter().filter(|op| **op == Op::Complete).count();
    assert_eq!(waits, 1, "one for all (SG-6)");
    let list = map((&dma, &device), low(&machine, 1), ToDevice);
    machine.clear_trace();
    assert_eq!(list.unmap_skip_sync().reclaim().bytes(), LOW as u64);
    assert_eq!(machine.trace(), []);
}

#[test]
fn attr_1_whichever_device_of_a_chain_rounds_the_length_up_no_line_of_a_list_stays_stale() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (bytes, words) = (gatherer(machine), words(machine));
        let filled = |list, byte| {
            transfer(list, |machine, segments| {
                let len = segments.iter().map(|segment| segment.len as usize).sum();
                scatter(machine, segments, &vec![byte; len]);
            })
        };
        for (first, second, left) in [(&words, &bytes, 5), (&bytes, &words, 6)] {
            // Rounded up to words it ends in one more line, and that is clean.
            let page = pages(machine, Zone::Dma, 3, 61, 1);
            let page = dma.map(&words, page, ToDevice).expect("maps").unmap();
            let list = dma.map_sg(first, table(vec![page], 2), FromDevice);
            let owned = filled(list.expect("maps"), 5).unmap_skip_sync();
            let list = dma.map_sg_device_owned(second, owned, FromDevice);
            let page = filled(list.expect("maps"), 6).unmap().pop();
            let behind = page.expect("one").with_window(64, 3).expect("inside");
            assert_eq!(*behind.bytes(machine), [left; 3]);
        }
    });
}

#[test]
fn attr_1_a_list_goes_from_devices_that_snoop_to_others_and_back() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let snooping = lists(machine).coherent().build(&machine.ram());
        let (plain, snooping) = (gatherer(machine), snooping.expect("valid"));
        let buffers = low(machine, 0x21);
        let ranges: Vec<_> = buffers.iter().map(DmaBuffer::range).collect();
        let list = map((&dma, &snooping), buffers, ToDevice);
        let list = dma.map_sg_device_owned(&plain, list.unmap_skip_sync(), Bidirectional);
        let list = transfer(list.expect("low"), |machine, segments| {
            assert_eq!(gather(machine, segments), [0x21; LOW]);
            scatter(machine, segments, &[0x42; LOW]);
        });
        let list = dma.map_sg_device_owned(&snooping, list.unmap_skip_sync(), ToDevice);
        let mut list = list.expect("low");
        let mut part = list.for_cpu_range(90, 20).expect("inside");
        let mut seen = [0; 20];
        assert_eq!((part.copy_to_slice(&mut seen), seen), (20, [0x42; 20]));
        part.for_each_mut(|bytes| bytes.fill(0x43));
        drop(part);
        // What snoops looks into the caches, as the CPU does.
        list.sync_for_device();
        let mut wanted = [0x42; LOW];
        wanted[90..110].fill(0x43);
        let seen = ranges.iter().map(|range| machine.cpu_read(*range));
        let seen: Vec<u8> = seen.flatten().collect();
        assert_eq!(seen, wanted);
        assert_eq!(bytes(machine, &list.unmap()), wanted);
    });
}

fn shares(dma: &Layer, machine: &Machine) -> Vec<Shared<Machine, Pages<Machine>>> {
    let buffers = low(machine, 0x11).into_iter();
    buffers.map(|buffer| dma.share(buffer)).collect()
}

fn list_of(shares: &[Shared<Machine, Pages<Machine>>]) -> SgTable<Shared<Machine, Pages<Machine>>> {
    table(shares.to_vec(), 8)
}

#[test]
fn attr_5_one_device_writes_a_list_that_another_reads_and_the_first_map_alone_cleans() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (camera, screen) = (gatherer(machine), gatherer(machine));
        let shares = shares(&dma, machine);
        // One of them has been mapped for itself before.
        let single = dma.map_shared(&screen, shares[1].clone(), ToDevice);
        machine.reset_counters();
        let seen = dma.map_sg_shared(&screen, list_of(&shares), ToDevice);
        assert_eq!(machine.counters().lines_cleaned, 2 + 2, "the other two");
        machine.clear_trace();
        let filled = dma.map_sg_shared(&camera, list_of(&shares), FromDevice);
        assert_eq!(machine.trace(), [], "cleaned already");
        let filled = transfer(filled.expect("low"), |machine, segments| {
            scatter(machine, segments, &pattern(LOW));
        });
        let seen = transfer(seen.expect("low"), |machine, segments| {
            assert_eq!(gather(machine, segments), pattern(LOW));
        });
        drop((seen.unmap(), filled, single));
        let home = shares.into_iter().map(|shared| shared.into_inner());
        let home = home.map(|page| page.expect("the last handle"));
        let home: Vec<u8> = home.flat_map(|page| page.bytes(machine).to_vec()).collect();
        assert_eq!(home, pattern(LOW));
    });
}

#[test]
fn attr_5_a_list_for_a_device_of_the_other_kind_is_refused_before_anything_is_done() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let snooping = lists(&machine).coherent().build(&machine.ram());
    let (plain, snooping) = (gatherer(&machine), snooping.expect("valid"));
    let shares = shares(&dma, &machine);
    let first = dma.map_shared(&plain, shares[2].clone(), ToDevice);
    machine.clear_trace();
    let refused = dma.map_sg_shared(&snooping, list_of(&shares), ToDevice);
    let error = MapError::MixedCoherence { device: "lists" };
    let error = SgError::Element { index: 2, error };
    assert_eq!(refused.err().map(|refused| refused.error), Some(error));
    assert_eq!(machine.trace(), []);
    // Those before it were not taken by the kind that was refused.
    assert!(
        dma.map_sg_shared(&plain, list_of(&shares), FromDevice)
            .is_ok()
    );
    drop(first);
}

#[test]
fn attr_5_a_list_of_shared_buffers_in_quarantine_keeps_them_until_the_reset() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let shares = shares(&dma, &machine);
    let engine = common::Idle::default();
    engine.0.set(dma::Halt::Unconfirmed);
    let list = dma.map_sg_shared(&device, list_of(&shares), FromDevice);
    let list = list.expect("low");
    #[expect(unsafe_code, reason = "launches a list")]
    // SAFETY: nobody uses the segments.
    let flight = unsafe { list.launch(&engine) };
    let lost = flight.end().expect_err("does not halt");
    assert_eq!(lost.len, LOW as u64);
    let live = machine.live_bytes();
    let handles = shares.into_iter().map(|shared| shared.into_inner());
    let handles: Vec<_> = handles
        .map(|left| left.expect_err("in quarantine"))
        .collect();
    drop(handles);
    assert_eq!(machine.live_bytes(), live, "freed under the device");
    engine.0.set(dma::Halt::Confirmed);
    assert_eq!(dma.halt_again(&engine), Some(1));
    assert!(machine.live_bytes() < live);
}

#[test]
fn attr_1_a_list_is_passed_on_again_and_again_and_the_pool_stays_as_it_is() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        gatherer(&machine),
    );
    let list = map((&dma, &device), mixed(&machine, 3), ToDevice);
    let mut table = list.unmap_skip_sync().reclaim();
    for _ in 0..3 {
        let list = dma.map_sg(&device, table, Bidirectional).expect("maps");
        table = list.unmap_skip_sync().reclaim();
        assert_clean(&dma);
    }
    assert_eq!(bytes(&machine, &table), [3; TOTAL]);
}
