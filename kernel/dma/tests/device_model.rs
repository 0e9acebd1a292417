//! MASK, Q, SKIP: what a device may be, and what may be asked of it.

mod common;

use common::{POOL, assert_clean, layer, legacy, pages, pattern, transfer};
use dma::{Bidirectional, Bouncing, DmaDevice, DmaMask, FromDevice, LimitError, ToDevice};
use hal::{DmaAddr, DmaWindow, GIB, PhysAddr, PhysRange, RamMap, Zone};
use sim::{Builder, Counters, Machine, irq_masks};

fn range(start: u64, end: u64) -> PhysRange {
    PhysRange::between(PhysAddr::new(start), PhysAddr::new(end)).expect("valid")
}

fn window(start: u64, end: u64, bus: u64) -> DmaWindow {
    DmaWindow::new(range(start, end), DmaAddr::new(bus)).expect("valid")
}

/// A build on a board with RAM up to `end`.
fn probe(windows: &[DmaWindow], bits: u32, end: u64) -> Result<DmaDevice, LimitError> {
    let ram = RamMap {
        banks: &[range(0, end)],
        dma_end: PhysAddr::new(GIB),
    };
    let builder = DmaDevice::builder("probed").windows(windows);
    builder.mask(DmaMask::bits(bits)).build(&ram)
}

const LEGACY: u64 = 0xC000_0000;

#[test]
fn mask_1_a_mask_wider_than_addresses_is_cut_to_them() {
    assert_eq!(DmaMask::bits(64), DmaMask::bits(80));
    let device = DmaDevice::builder("wide").masks(DmaMask::bits(80));
    let device = device.build(&Machine::default().ram()).expect("valid");
    assert_eq!(device.mask(), DmaMask::bits(64));
    assert_eq!(device.coherent_mask(), DmaMask::bits(64));
}

#[test]
fn mask_2_a_narrow_mask_is_accepted_where_it_covers_all_ram_or_all_of_the_zone() {
    assert!(probe(&[], 29, GIB / 2).is_ok());
    assert!(probe(&[], 29, GIB).is_err());
    assert!(probe(&[], 30, 4 * GIB).is_ok());
    assert!(probe(&[window(0, GIB, LEGACY)], 32, 4 * GIB).is_ok());
}

#[test]
fn mask_3_mask_5_a_refused_mask_makes_no_device_and_says_why() {
    let dma_end = PhysAddr::new(GIB);
    let beyond = |first| LimitError::PoolBeyondReach {
        first: PhysAddr::new(first),
        dma_end,
    };
    assert_eq!(probe(&[], 29, GIB).err(), Some(beyond(GIB / 2)));
    // The PCIe card of HW-3: its mask has 32 bits, its window is above them.
    let limit = DmaMask::bits(32);
    let pcie = probe(&[window(0, 4 * GIB, 0x4_0000_0000)], 32, 4 * GIB);
    assert_eq!(pcie.err(), Some(LimitError::ReachesNoRam { limit }));
    let blind = probe(&[window(0, GIB, LEGACY)], 30, 4 * GIB);
    let limit = DmaMask::bits(30);
    assert_eq!(blind.err(), Some(LimitError::ReachesNoRam { limit }));
}

#[test]
fn mask_5_all_that_the_pool_may_grow_into_counts_not_the_pool_of_the_moment() {
    let half = [window(0, GIB / 2, LEGACY)];
    let first = PhysAddr::new(GIB / 2);
    let dma_end = PhysAddr::new(GIB);
    let error = LimitError::PoolBeyondReach { first, dma_end };
    assert_eq!(probe(&half, 32, 2 * GIB).err(), Some(error));
    let both = [half[0], window(GIB / 2, GIB, 0x8000_0000)];
    assert!(probe(&both, 32, 2 * GIB).is_ok());
}

#[test]
fn mask_5_a_window_that_shifts_chunks_is_none_for_bounce_buffers() {
    let shifted = [window(0, GIB, LEGACY + 0x10_0000)];
    let torn = probe(&shifted, 33, 2 * GIB);
    assert!(matches!(torn, Err(LimitError::PoolBeyondReach { .. })));
    assert!(probe(&shifted, 33, GIB).is_ok(), "all RAM is reachable");
}

#[test]
fn mask_5_reach_that_ends_below_ram_is_none_and_one_byte_of_ram_is_some() {
    let ram = [range(GIB, 2 * GIB)];
    let ram = RamMap {
        banks: &ram,
        dma_end: PhysAddr::new(2 * GIB),
    };
    let probe = |len| {
        let device = DmaDevice::builder("low").windows(&[window(0, len, 0)]);
        device.build(&ram).err()
    };
    let limit = DmaMask::bits(32);
    assert_eq!(probe(GIB), Some(LimitError::ReachesNoRam { limit }));
    let torn = probe(GIB + 1);
    assert!(matches!(torn, Some(LimitError::PoolBeyondReach { .. })));
}

#[test]
fn mask_4_the_coherent_mask_is_its_own() {
    let device = DmaDevice::builder("ring").coherent_mask(DmaMask::bits(30));
    let device = device.build(&Machine::default().ram()).expect("valid");
    assert_eq!(device.mask(), DmaMask::bits(32));
    assert_eq!(device.coherent_mask(), DmaMask::bits(30));
}

#[test]
fn mask_4_mask_5_a_coherent_mask_that_is_given_proves_its_own_reach() {
    let ram = RamMap {
        banks: &[range(0, 4 * GIB)],
        dma_end: PhysAddr::new(GIB),
    };
    let with = |windows: &[DmaWindow], mask, coherent| {
        let builder = DmaDevice::builder("ring").windows(windows);
        let builder = builder.mask(DmaMask::bits(mask));
        builder.coherent_mask(DmaMask::bits(coherent)).build(&ram)
    };
    // The buffers' mask reaches all, the rings' mask half of where rings may be.
    let error = LimitError::CoherentBeyondReach {
        first: PhysAddr::new(GIB / 2),
        mask: DmaMask::bits(29),
        dma_end: PhysAddr::new(GIB),
    };
    assert_eq!(with(&[], 32, 29).err(), Some(error));
    assert!(error.to_string().contains("0x1fffffff"), "{error}");
    assert!(with(&[], 32, 30).is_ok());
    // The PCIe card of HW-3, whose driver widened one mask of two.
    let above = [window(0, 4 * GIB, 0x4_0000_0000)];
    let limit = DmaMask::bits(32);
    let error = LimitError::ReachesNoRam { limit };
    assert_eq!(with(&above, 36, 32).err(), Some(error));
    assert!(with(&above, 36, 36).is_ok());
    // Where each page lies does not matter for rings.
    let shifted = [window(0, 4 * GIB, 0x10_0000)];
    assert!(with(&shifted, 36, 32).is_ok());
}

#[test]
fn q_3_q_4_the_longest_mapping_is_a_constant_of_device_and_pool() {
    let machine = Machine::default();
    let (dma, limited) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let max = dma.max_mapping_size(&limited);
    assert_eq!(max, POOL.1);
    let taken = dma.map(&limited, pages(&machine, Zone::High, 0, 4096, 0), ToDevice);
    assert_eq!(
        dma.max_mapping_size(&limited),
        max,
        "never the state of the moment"
    );
    assert_eq!(dma.opt_mapping_size(&limited), max);
    drop(taken);
    let free = DmaDevice::builder("free")
        .build(&machine.ram())
        .expect("valid");
    assert!(limited.addressing_limited() && !free.addressing_limited());
    assert_eq!(dma.max_mapping_size(&free), u64::MAX);
    let dma = layer(&Machine::default(), Bouncing::Forced, POOL);
    assert_eq!(dma.max_mapping_size(&free), POOL.1, "forced");
    let dma = layer(&Machine::default(), Bouncing::Off, POOL);
    assert_eq!(dma.max_mapping_size(&limited), u64::MAX, "no pool");
}

#[test]
fn lim_1_alignment_padding_comes_off_the_longest_mapping() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let longest = |mask| {
        let device = DmaDevice::builder("m").windows(machine.bus().windows());
        let device = device.min_align_mask(mask).build(&machine.ram());
        let device = device.expect("valid");
        // The worst original there is.
        let max = dma.max_mapping_size(&device);
        let worst = pages(&machine, Zone::High, mask, max, 0);
        drop(dma.map(&device, worst, ToDevice).expect("maps"));
        POOL.1 - max
    };
    assert_eq!(longest(0), 0);
    assert_eq!(longest(0x1FF), 0x1FF);
    assert_eq!(longest(0xFFF), 0xFFF);
    assert_clean(&dma);
}

#[test]
fn a_segment_limit_of_0_means_the_default() {
    let machine = Machine::default();
    let device = DmaDevice::builder("d").seg_boundary_mask(0).max_seg_size(0);
    let device = device.build(&machine.ram()).expect("valid");
    assert_eq!(device.limits().seg_boundary_mask, u64::MAX);
    assert_eq!(device.limits().max_seg_size, 64 * 1024);
}

fn snooping(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("snoops").windows(machine.bus().windows());
    builder.coherent().build(&machine.ram()).expect("valid")
}

/// Everything but turns of the adversary.
fn work(machine: &Machine) -> Counters {
    Counters {
        adversary_moves: 0,
        ..machine.counters()
    }
}

#[test]
fn skip_1_skip_2_a_direct_mapping_of_a_coherent_device_costs_no_operation_and_no_lookup() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        snooping(&machine),
    );
    let buffer = pages(&machine, Zone::Dma, 3, 500, 1);
    let (before, masks) = (work(&machine), irq_masks());
    let mut mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
    mapping.for_cpu().fill(2);
    mapping.for_cpu_range(100, 50).expect("inside").fill(3);
    mapping.sync_for_device();
    let buffer = mapping.unmap();
    assert_eq!((work(&machine), irq_masks()), (before, masks));
    assert_eq!(buffer.bytes(&machine)[99..101], [2, 3]);
}

#[test]
fn skip_3_skip_4_a_bounce_of_a_coherent_device_is_synced_all_the_same() {
    let machine = Machine::default();
    let (dma, device) = (
        layer(&machine, Bouncing::AsNeeded, POOL),
        snooping(&machine),
    );
    let buffer = pages(&machine, Zone::High, 0, 100, 1);
    let mapping = dma.map(&device, buffer, FromDevice).expect("maps");
    // The device writes to the caches, as the CPU does.
    let mut mapping = transfer(mapping, |addr, _| {
        let at = machine.bus().resolve(addr, 100).expect("in the pool");
        machine.cpu_write(at.start(), &pattern(100));
    });
    assert_eq!(*mapping.for_cpu(), pattern(100));
    assert_eq!(*mapping.unmap().bytes(&machine), pattern(100));
    assert_clean(&dma);
}

#[test]
fn tr_4_a_buffer_over_the_border_of_two_windows_bounces_although_each_half_is_reachable() {
    let builder = Builder::empty()
        .bank(0x1020_0000, 0x20_0000)
        .bank(0x1FFF_F000, 0x2000);
    let machine = builder.build();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let windows = [
        window(0, GIB / 2, LEGACY),
        window(GIB / 2, GIB, 0x8000_0000),
    ];
    let device = DmaDevice::builder("two").windows(&windows);
    let device = device.build(&machine.ram()).expect("valid");
    assert!(!device.addressing_limited(), "every byte is reachable");
    let across = hal::Pages::adopt(machine.take(0x1FFF_F000, 0x2000), machine.clone());
    let mapping = dma.map(&device, across, ToDevice).expect("maps");
    assert_eq!(dma.totals(&device).bounced, [0, 1, 0, 0]);
    drop(mapping);
}
