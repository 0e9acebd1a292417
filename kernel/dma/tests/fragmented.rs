//! SG-9 where the pool is in pieces: runs get shorter, as far as the segments go.

mod common;

use common::lists::{gather, lists, scatter, table, transfer};
use common::{Layer, assert_clean, layer, legacy, pages, pattern};
use dma::swiotlb::{Growth, Pool, SLOT, Supply};
use dma::{
    Bidirectional, Bouncing, Class, Dma, DmaDevice, FromDevice, MapError, Mapping, Segment,
    SgError, SgTable, ToDevice,
};
use hal::{Irq, MIB, Pages, RamRegion, Zone};
use proptest::prelude::*;
use sim::{Builder, Machine, Op, under_every_adversary};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// So many slots at the place where pools are.
fn pool_of(slots: u64) -> (u64, u64) {
    (0x1020_0000, slots * SLOT)
}

type Slot<'d> = Mapping<'d, Machine, Pages<Machine>, ToDevice>;

/// Takes every slot, and gives those of `free` back.
fn in_pieces<'d>(
    (machine, dma): (&Machine, &'d Dma<Machine>),
    device: &'d DmaDevice,
    (slots, free): (u64, &[u64]),
) -> Vec<Slot<'d>> {
    let fill = |_| {
        let page = pages(machine, Zone::High, 0, SLOT, 0);
        dma.map(device, page, ToDevice).expect("a slot")
    };
    let all: Vec<_> = (0..slots).map(fill).collect();
    let kept = all
        .into_iter()
        .zip(0..)
        .filter(|(_, at)| !free.contains(at));
    kept.map(|(slot, _)| slot).collect()
}

fn high(machine: &Machine, lens: &[u64], segments: usize) -> SgTable<Pages<Machine>> {
    let buffers = lens
        .iter()
        .map(|len| pages(machine, Zone::High, 0, *len, 7));
    table(buffers.collect(), segments)
}

fn lens(segments: &[Segment]) -> Vec<u64> {
    segments.iter().map(|segment| segment.len).collect()
}

#[test]
fn sg_9_a_list_is_put_together_of_the_runs_that_there_are() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, pool_of(16));
        let (device, other) = (lists(machine).build(&machine.ram()), legacy(machine));
        let device = device.expect("valid");
        // Runs of four, of two, and of one slot.
        let free = [4, 5, 6, 7, 10, 11, 13];
        let kept = in_pieces((machine, &dma), &other, (16, &free));
        let len = 6 * SLOT + 100;
        let list = dma.map_sg(&device, high(machine, &[len], 8), Bidirectional);
        let list = transfer(list.expect("seven slots are free"), |machine, segments| {
            assert_eq!(lens(segments), [4 * SLOT, 2 * SLOT, 100]);
            assert_eq!(gather(machine, segments), vec![7; len as usize]);
            scatter(machine, segments, &pattern(len as usize));
        });
        let pages = list.unmap().pop().expect("one");
        assert_eq!(*pages.bytes(machine), pattern(len as usize));
        drop(kept);
        assert_clean(&dma);
    });
}

/// The error of a list of these lengths, for which only single slots are free, and after which nothing
/// was done or is missing.
fn refused(free: &[u64], lens: &[u64], segments: usize) -> Option<SgError> {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, pool_of(16));
    let (device, other) = (lists(&machine).build(&machine.ram()), legacy(&machine));
    let device = device.expect("valid");
    let kept = in_pieces((&machine, &dma), &other, (16, free));
    let before = dma.pool_usage();
    let list = high(&machine, lens, segments);
    machine.clear_trace();
    let refused = dma.map_sg(&device, list, ToDevice).err()?;
    assert_eq!(machine.trace(), [], "copied, cleaned or waited");
    let used = |dma: &Layer| dma.pool_usage().map(|usage| usage.used);
    assert_eq!(used(&dma), before.map(|usage| usage.used), "slots are lost");
    assert_eq!(refused.table.elements().len(), lens.len());
    assert_eq!(
        (dma.totals(&device).refused, kept.len()),
        (1, 16 - free.len())
    );
    // With the pool whole again the same table maps.
    drop(kept);
    assert!(dma.map_sg(&device, refused.table, ToDevice).is_ok());
    Some(refused.error)
}

#[test]
fn sg_9_sg_5_where_the_segments_do_not_go_that_far_the_list_is_refused_with_the_reason() {
    let singles = [0, 2, 4, 6];
    assert_eq!(refused(&singles, &[4 * SLOT], 4), None);
    let Some(SgError::Fragmented { index, max, error }) = refused(&singles, &[4 * SLOT], 3) else {
        panic!("not for that reason");
    };
    assert_eq!((index, max), (0, 3));
    assert!(
        matches!(error, MapError::PoolFull { free: 2, .. }),
        "{error:?}"
    );
    let error = SgError::Fragmented { index, max, error };
    assert_eq!(error.class(), Class::Later);
    let line = error.to_string();
    assert!(line.starts_with("element 0: the 3 segments"), "{line}");
    assert!(line.contains("2 slots") && !line.contains('\n'), "{line}");
}

#[test]
fn sg_9_sg_5_a_pool_without_a_slot_is_full_whatever_the_segments() {
    let full = |error| match error {
        Some(SgError::Element { index, error }) => {
            assert!(
                matches!(error, MapError::PoolFull { free: 0, .. }),
                "{error:?}"
            );
            index
        }
        error => panic!("{error:?}"),
    };
    assert_eq!(full(refused(&[], &[100, 100], 16)), 0);
    assert_eq!(full(refused(&[1, 3, 9], &[SLOT, 2 * SLOT, 1], 16)), 2);
}

#[test]
fn sg_9_runs_get_no_shorter_where_the_caller_permits_no_more_segments_than_elements() {
    let error = refused(&[1, 3], &[2 * SLOT], 1);
    let Some(SgError::Element { index: 0, error }) = error else {
        panic!("{error:?}");
    };
    assert!(matches!(error, MapError::PoolFull { wanted: 2, .. }));
}

#[test]
fn al_2_each_run_keeps_the_bits_of_its_own_original() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, pool_of(32));
        let builder = lists(machine)
            .min_align_mask(0xFFF)
            .seg_boundary_mask(0xFFFF);
        let device = builder.build(&machine.ram()).expect("valid");
        let other = legacy(machine);
        // A run of three from an odd slot on and pages; and the same with halves of the last page.
        for (free, halves) in [
            ([5, 6, 7, 12, 13, 16, 17], false),
            ([5, 6, 7, 12, 13, 16, 19], true),
        ] {
            let kept = in_pieces((machine, &dma), &other, (32, &free));
            let len = 3 * 4096;
            let buffer = pages(machine, Zone::High, 0x804, len, 7);
            let list = dma.map_sg(&device, table(vec![buffer], 8), FromDevice);
            let list = transfer(list.expect("fits"), |machine, segments| {
                let mut at = 0x804;
                for segment in segments {
                    assert_eq!(segment.bus.get() & 0xFFF, at & 0xFFF);
                    at += segment.len;
                }
                let page = if halves { vec![0x800, 4] } else { vec![0x804] };
                assert_eq!(lens(segments), [vec![0x17FC, 0x1000], page].concat());
                scatter(machine, segments, &pattern(len as usize));
            });
            let pages = list.unmap().pop().expect("one");
            assert_eq!(*pages.bytes(machine), pattern(len as usize));
            drop(kept);
            assert_clean(&dma);
        }
    });
}

#[test]
fn al_2_a_boundary_as_narrow_as_the_mask_still_leaves_runs_of_pages() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, pool_of(32));
    let builder = lists(&machine)
        .min_align_mask(0xFFF)
        .seg_boundary_mask(0xFFF);
    let device = builder.build(&machine.ram()).expect("valid");
    let buffer = pages(&machine, Zone::High, 0x804, 0x2000, 7);
    let list = dma.map_sg(&device, table(vec![buffer], 8), ToDevice);
    transfer(list.expect("fits"), |_, segments| {
        assert_eq!(lens(segments), [0x7FC, 0x1000, 0x804]);
    });
}

/// A MiB of the machine's low memory to grow by, once.
struct Store {
    region: Mutex<Option<RamRegion>>,
    asked: AtomicU32,
}

impl Supply for Store {
    fn take(&self, bytes: u64, _: u64) -> Option<RamRegion> {
        assert!(!Machine::masked(), "memory is fetched with interrupts on");
        let mut region = self.region.lock().expect("alive");
        region.take_if(|region| region.range().len() == bytes)
    }
    fn give_back(&self, region: RamRegion) {
        *self.region.lock().expect("alive") = Some(region);
    }
    fn micros(&self) -> u64 {
        0
    }
    fn tend_soon(&self) {
        self.asked.fetch_add(1, Relaxed);
    }
    fn tend_in(&self, _: u64) {}
}

/// With low memory to grow by.
fn roomy() -> Machine {
    let builder = Builder::empty().bank(0x1000_0000, 8 * MIB);
    builder.bank(0x4000_0000, 2 * MIB).build()
}

/// A layer whose pool of 16 slots may grow by a MiB.
fn growing(machine: &Machine) -> (Dma<Machine>, &'static Store) {
    let (start, len) = pool_of(16);
    let store: &'static Store = Box::leak(Box::new(Store {
        region: Mutex::new(Some(machine.take(0x1040_0000, MIB))),
        asked: AtomicU32::new(0),
    }));
    let growth = Growth {
        supply: store,
        ceiling: 4,
        idle_us: 1,
    };
    let pool = Pool::growing(machine.take(start, len), growth, 1).expect("low");
    let dma = Dma::new(machine.clone(), Bouncing::AsNeeded, Some(pool));
    (dma.expect("64-byte lines").0, store)
}

#[test]
fn dy_2_sg_9_a_pool_that_may_grow_does_so_before_runs_get_shorter() {
    let machine = roomy();
    let (dma, _) = growing(&machine);
    let device = lists(&machine).build(&machine.ram()).expect("valid");
    let other = legacy(&machine);
    let kept = in_pieces((&machine, &dma), &other, (16, &[1, 3, 5, 7]));
    let list = dma.map_sg(&device, high(&machine, &[4 * SLOT], 8), ToDevice);
    transfer(list.expect("grows"), |_, segments| {
        assert_eq!(lens(segments), [4 * SLOT]);
    });
    drop(kept);
}

#[test]
fn dy_2_sg_9_with_interrupts_off_runs_get_shorter_and_growth_is_asked_for() {
    let machine = roomy();
    let (dma, store) = growing(&machine);
    let device = lists(&machine).build(&machine.ram()).expect("valid");
    let other = legacy(&machine);
    let kept = in_pieces((&machine, &dma), &other, (16, &[1, 3, 5, 7]));
    let map = |masked: bool| {
        let list = high(&machine, &[4 * SLOT], 8);
        let state = masked.then(Machine::mask);
        let list = dma.map_sg(&device, list, ToDevice);
        state.into_iter().for_each(Machine::restore);
        let mut found = Vec::new();
        transfer(list.expect("one way or the other"), |_, segments| {
            found = lens(segments);
        });
        found
    };
    assert_eq!(map(true), [SLOT; 4]);
    assert!(store.asked.load(Relaxed) > 0, "nobody is asked for more");
    dma.tend_pool();
    assert_eq!(map(true), [4 * SLOT], "from what was put aside");
    drop(kept);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if cfg!(miri) { 2 } else { 128 }, ..Default::default() })]
    #[test]
    fn sg_9_a_list_maps_as_long_as_there_are_slots_for_all_its_bytes(
        taken in proptest::collection::vec(any::<bool>(), 32),
        lens in proptest::collection::vec(1u64..9000, 1..5),
    ) {
        let machine = Machine::default();
        let dma = layer(&machine, Bouncing::AsNeeded, pool_of(32));
        let builder = lists(&machine).segments(64, 1);
        let device = builder.build(&machine.ram()).expect("valid");
        let other = legacy(&machine);
        let free: Vec<_> = (0..32).filter(|at| !taken[*at as usize]).collect();
        let kept = in_pieces((&machine, &dma), &other, (32, &free));
        // The obvious version: any slot serves any bytes.
        let wanted: u64 = lens.iter().map(|len| len.div_ceil(SLOT)).sum();
        let fits = wanted <= free.len() as u64;
        let list = dma.map_sg(&device, high(&machine, &lens, 64), Bidirectional);
        prop_assert_eq!(list.is_ok(), fits, "{} of {} slots", wanted, free.len());
        match list {
            Ok(list) => {
                let total: u64 = lens.iter().sum();
                let bytes = pattern(total as usize);
                let list = transfer(list, |machine, segments| scatter(machine, segments, &bytes));
                let used = dma.pool_usage().map(|usage| u64::from(usage.used));
                prop_assert_eq!(used, Some(32 - free.len() as u64 + wanted));
                prop_assert_eq!(common::lists::bytes(&machine, &list.unmap()), bytes);
            }
            Err(refused) => {
                let full = matches!(
                    refused.error,
                    SgError::Element { error: MapError::PoolFull { .. }, .. }
                );
                prop_assert!(full, "{refused}");
                prop_assert!(!machine.trace().iter().any(|op| matches!(op, Op::DeviceRead(_))));
            }
        }
        drop(kept);
        assert_clean(&dma);
    }
}
