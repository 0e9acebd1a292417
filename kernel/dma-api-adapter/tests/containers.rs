//! The crate's own containers on our layer, under every cache, in place and bounced.
#![expect(
    unsafe_code,
    reason = "plays the device, and calls a trait of promises"
)]

use dma::swiotlb::Pool;
use dma::{Bouncing, Cause, Dma, DmaDevice, Inspector, MapError};
use dma_api::{
    ContiguousArray, CpuDmaBuffer, DeviceDma, DmaConstraints, DmaDirection, DmaError, DmaOp,
};
use dma_api_adapter::Adapter;
use hal::{DmaAddr, PAGE};
use sim::{Builder, Machine, Op, under_every_adversary};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

const WAYS: [Bouncing; 2] = [Bouncing::AsNeeded, Bouncing::Forced];
use DmaDirection::{Bidirectional, FromDevice, ToDevice};

/// A machine, and one bus master of it behind the adapter.
struct Stand {
    machine: Machine,
    dma: &'static Dma<Machine>,
    inspector: Inspector,
    adapter: &'static Adapter<Machine, Machine>,
    /// Bytes owned before any container was made.
    owned: u64,
}

impl Stand {
    fn new(machine: &Machine, bouncing: Bouncing) -> Self {
        Self::with(machine, bouncing, |builder| builder)
    }

    fn with(
        machine: &Machine,
        bouncing: Bouncing,
        limits: fn(dma::Builder) -> dma::Builder,
    ) -> Self {
        let pool = Pool::new(machine.take(0x1020_0000, 0x20_0000)).expect("a chunk");
        let (dma, inspector) =
            Dma::new(machine.clone(), bouncing, Some(pool)).expect("64-byte lines");
        let builder = DmaDevice::builder("foreign").windows(machine.bus().windows());
        let device = limits(builder).build(&machine.ram()).expect("valid");
        let (dma, device): (&_, &_) = (Box::leak(Box::new(dma)), Box::leak(Box::new(device)));
        let adapter = Adapter::new(dma, device, machine.clone()).expect("heap");
        Self {
            machine: machine.clone(),
            dma,
            inspector,
            adapter: Box::leak(Box::new(adapter)),
            owned: machine.live_bytes(),
        }
    }

    fn driver(&self) -> DeviceDma {
        self.adapter.device_dma()
    }

    /// The device writes.
    fn write(&self, addr: dma_api::DmaAddr, at: u64, bytes: &[u8]) {
        let addr = DmaAddr::new(addr.as_u64() + at);
        self.machine.device_write(self.machine.bus(), addr, bytes);
        self.machine.status_read();
    }

    /// What the device reads, once it was told.
    fn read(&self, addr: dma_api::DmaAddr, len: usize) -> Vec<u8> {
        self.machine.doorbell();
        let addr = DmaAddr::new(addr.as_u64());
        self.machine.device_read(self.machine.bus(), addr, len)
    }

    /// Everything was given back, and nothing complained of.
    fn assert_clean(&self) {
        let used = self.inspector.pool_usage(self.dma).map(|usage| usage.used);
        assert_eq!((used, self.machine.live_bytes()), (Some(0), self.owned));
        assert_eq!(self.inspector.complaint(self.dma), None);
    }
}

/// Runs a scenario under every cache, in place and bounced.
fn everywhere(scenario: impl Fn(&Stand)) {
    under_every_adversary(&Builder::default(), |machine| {
        // One pool at a time.
        scenario(&Stand::new(machine, Bouncing::AsNeeded));
    });
    under_every_adversary(&Builder::default(), |machine| {
        scenario(&Stand::new(machine, Bouncing::Forced));
    });
}

#[test]
fn a_lent_slice_is_staged_and_its_bytes_go_both_ways() {
    everywhere(|stand| {
        for (direction, len) in [ToDevice, FromDevice, Bidirectional]
            .iter()
            .flat_map(|direction| [1, 64, 2100].map(|len| (*direction, len)))
        {
            let mut lent: Vec<u8> = (0..len).map(|i| i as u8 | 1).collect();
            let was = lent.clone();
            let map = stand
                .driver()
                .map_streaming_slice_for_device(&mut lent, 1, direction);
            let map = map.expect("maps");
            if direction != FromDevice {
                assert_eq!(stand.read(map.dma_addr(), len), was);
            }
            stand.write(map.dma_addr(), 0, &vec![0xD0; len.div_ceil(2)]);
            let seen = map.read_from_device(len, |bytes| bytes.to_vec());
            let arrived = if direction == ToDevice {
                0
            } else {
                len.div_ceil(2)
            };
            // What the device left out is as it was (CP-3).
            let expected = [vec![0xD0; arrived], was[arrived..].to_vec()].concat();
            assert_eq!(seen, expected, "{direction:?} {len}");
            drop(map);
            assert_eq!(lent, expected);
        }
        stand.assert_clean();
    });
}

#[test]
fn attr_4_unmap_copies_nothing_because_the_crate_has_synced() {
    for way in WAYS {
        let stand = Stand::new(&Machine::default(), way);
        let mut lent = [1u8; 64];
        let map = stand.driver().map_streaming_slice(&mut lent, 1, FromDevice);
        let map = map.expect("maps");
        stand.write(map.dma_addr(), 0, &[9; 64]);
        let before = stand.machine.counters();
        drop(map);
        let after = stand.machine.counters();
        assert_eq!(after.bytes_copied, before.bytes_copied);
        assert_eq!(after.lines_invalidated, before.lines_invalidated);
        assert_eq!(lent, [1; 64]);
        stand.assert_clean();
    }
}

#[test]
fn cm_4_neighbours_of_a_slice_keep_what_the_cpu_stored_during_the_transfer() {
    everywhere(|stand| {
        // One line, half of it lent.
        let mut line = [1u8; 64];
        let (lent, neighbours) = line.split_at_mut(30);
        let map = stand
            .driver()
            .map_streaming_slice_for_device(lent, 1, FromDevice);
        let map = map.expect("maps");
        neighbours.fill(2);
        stand.write(map.dma_addr(), 0, &[9; 30]);
        neighbours[0] = 3;
        map.complete_for_cpu(0..30);
        drop(map);
        assert_eq!(
            (&line[..30], line[30], &line[31..]),
            (&[9; 30][..], 3, &[2; 33][..])
        );
        stand.assert_clean();
    });
}

#[test]
fn cm_4_neighbours_of_a_part_keep_what_the_device_wrote_beside_it() {
    everywhere(|stand| {
        let array = stand
            .driver()
            .contiguous_array_zero::<u8>(128, Bidirectional);
        let mut array = array.expect("allocates");
        array.prepare_for_device(0..128);
        stand.write(array.dma_addr(), 0, &[7; 128]);
        // Three bytes in the middle of a line that the device has written to.
        for at in 70..73 {
            array.set_cpu(at, 5);
        }
        array.prepare_for_device(70..73);
        let mut expected = [7; 128];
        expected[70..73].fill(5);
        assert_eq!(stand.read(array.dma_addr(), 128), expected);
        // And three that the CPU takes, of which the others are not looked at yet.
        array.complete_for_cpu(10..13);
        assert_eq!(array.as_slice_cpu()[9..14], [0, 7, 7, 7, 0]);
        array.complete_for_cpu(0..128);
        assert_eq!(array.as_slice_cpu(), expected);
    });
}

#[test]
fn cp_5_giving_back_what_a_device_alone_writes_loses_nothing_of_it() {
    everywhere(|stand| {
        let array = stand.driver().contiguous_array_zero::<u8>(128, FromDevice);
        let array = array.expect("allocates");
        array.prepare_for_device(0..128);
        stand.write(array.dma_addr(), 0, &[7; 128]);
        array.complete_for_cpu(0..64);
        array.prepare_for_device(0..128);
        array.complete_for_cpu(0..128);
        assert_eq!(array.as_slice_cpu(), [7; 128]);
    });
}

#[test]
fn inv_7_a_device_sees_zeros_before_a_container_was_prepared() {
    everywhere(|stand| {
        let array = stand.driver().contiguous_array_zero::<u32>(25, ToDevice);
        let mut array = array.expect("allocates");
        assert_eq!(stand.read(array.dma_addr(), 128), [0; 128]);
        array.copy_to_device_from_slice(&[0x0101_0101; 25]);
        let seen = stand.read(array.dma_addr(), 128);
        assert_eq!((&seen[..100], &seen[100..]), (&[1; 100][..], &[0; 28][..]));
        let mut lent = [3u8; 10];
        let map = stand.driver().map_streaming_slice(&mut lent, 1, ToDevice);
        let seen = stand.read(map.expect("maps").dma_addr(), 64);
        assert_eq!((&seen[..10], &seen[10..]), (&[3; 10][..], &[0; 54][..]));
    });
}

#[test]
fn a_box_carries_a_value_there_and_back() {
    everywhere(|stand| {
        let boxed = stand
            .driver()
            .contiguous_box_zero::<[u64; 9]>(Bidirectional);
        let mut boxed = boxed.expect("allocates");
        assert!(boxed.dma_addr().as_u64().is_multiple_of(8));
        boxed.write_for_device([0x0202_0202_0202_0202; 9]);
        assert_eq!(stand.read(boxed.dma_addr(), 72), [2; 72]);
        stand.write(boxed.dma_addr(), 8, &[4; 8]);
        let mut expected = [0x0202_0202_0202_0202; 9];
        expected[1] = 0x0404_0404_0404_0404;
        assert_eq!(boxed.read_from_device(), expected);
        drop(boxed);
        stand.assert_clean();
    });
}

#[test]
fn an_owned_buffer_goes_through_a_whole_request() {
    everywhere(|stand| {
        let len = NonZeroUsize::new(600).expect("not zero");
        let buffer = CpuDmaBuffer::new_zero(&stand.driver(), len, 512, FromDevice);
        let prepared = buffer.expect("allocates").prepare_for_device();
        assert!(prepared.dma_addr().as_u64().is_multiple_of(512));
        // SAFETY: the device is played below.
        let flight = unsafe { prepared.into_in_flight() };
        stand.write(flight.dma_addr(), 0, &[6; 600]);
        // SAFETY: the device is not played any more.
        let done = unsafe { flight.complete_after_quiesce() };
        let mut bytes = [0; 600];
        done.copy_to_slice_cpu(&mut bytes);
        assert_eq!(bytes, [6; 600]);
        drop(done);
        stand.assert_clean();
    });
}

#[test]
fn cm_8_a_device_that_snoops_gets_its_copies_and_no_maintenance() {
    let stand = Stand::with(&Machine::default(), Bouncing::AsNeeded, |builder| {
        builder.coherent()
    });
    let mut lent = [1u8; 64];
    let map = stand
        .driver()
        .map_streaming_slice_for_device(&mut lent, 1, Bidirectional);
    let map = map.expect("maps");
    // A device that snoops finds, and leaves, what the caches hold: here they hold nothing.
    stand.machine.settle();
    assert_eq!(stand.read(map.dma_addr(), 64), [1; 64]);
    stand.write(map.dma_addr(), 0, &[9; 64]);
    map.complete_for_cpu(0..64);
    drop(map);
    assert_eq!(lent, [9; 64]);
    let maintained = |op: &Op| {
        matches!(
            op,
            Op::Clean(_) | Op::Invalidate(_) | Op::CleanInvalidate(_) | Op::CopyClean { .. }
        )
    };
    assert!(!stand.machine.trace().iter().any(maintained));
}

#[test]
fn coherent_containers_are_refused_and_nothing_is_kept() {
    let stand = Stand::new(&Machine::default(), Bouncing::AsNeeded);
    let boxed = stand.driver().coherent_box_zero::<u64>().err();
    assert_eq!(boxed, Some(DmaError::NoMemory));
    let array = stand.driver().coherent_array_zero::<u64>(512).err();
    assert_eq!(array, Some(DmaError::NoMemory));
    stand.assert_clean();
}

#[test]
fn the_calls_that_name_cpu_memory_lose_no_store_to_it() {
    let stand = Stand::new(&Machine::default(), Bouncing::AsNeeded);
    stand.machine.clear_trace();
    let mut bytes = [1u8; 64];
    let start = NonNull::from(&mut bytes).cast();
    stand.adapter.flush(start, 64);
    stand.adapter.invalidate(start, 64);
    stand.adapter.flush_invalidate(start, 64);
    assert_eq!((bytes, stand.machine.trace()), ([1; 64], vec![]));
}

#[test]
fn an_empty_array_takes_no_page() {
    let stand = Stand::new(&Machine::default(), Bouncing::AsNeeded);
    let array = stand.driver().contiguous_array_zero::<u64>(0, ToDevice);
    assert!(array.expect("nothing").is_empty());
    stand.assert_clean();
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let stand = Stand::new(&Machine::default(), Bouncing::AsNeeded);
    let driver = stand.driver();
    let mut lent = vec![0u8; 3000];
    // The crate looks at the address that it is given, and gives it back.
    let narrow = driver.with_constraints(DmaConstraints::new(0xFFFF));
    let refused = narrow.map_streaming_slice(&mut lent, 1, ToDevice).err();
    assert!(matches!(refused, Some(DmaError::DmaMaskNotMatch { .. })));
    let refused = narrow.contiguous_array_zero::<u8>(3000, ToDevice).err();
    assert!(matches!(refused, Some(DmaError::DmaMaskNotMatch { .. })));
    // More than there is.
    let refused = driver.contiguous_array_zero::<u8>(64 << 20, ToDevice).err();
    assert_eq!(refused, Some(DmaError::NoMemory));
    let refused = driver.map_streaming_slice(&mut lent, 3, ToDevice).err();
    assert!(matches!(refused, Some(DmaError::LayoutError(_))));
    stand.assert_clean();
    // Longer than any bounce buffer of this device: the layer keeps the reason.
    let stand = Stand::with(&Machine::default(), Bouncing::Forced, |builder| {
        builder.seg_boundary_mask(0xFFF)
    });
    let mut long = vec![0u8; 0x1001];
    let refused = stand.driver().map_streaming_slice(&mut long, 1, ToDevice);
    assert_eq!(refused.err(), Some(DmaError::NoMemory));
    let told = stand.inspector.complaint(stand.dma).map(|told| told.cause);
    assert!(matches!(
        told,
        Some(Cause::Refused(MapError::TooLong { .. }))
    ));
    stand.assert_clean();
}

#[test]
fn alignment_and_boundary_of_a_device_are_kept() {
    let stand = Stand::with(&Machine::default(), Bouncing::AsNeeded, |builder| {
        builder.seg_boundary_mask(0x3FFF)
    });
    let driver = stand.driver();
    assert_eq!(driver.info().constraints().boundary, Some(0x4000));
    let arrays: Vec<ContiguousArray<u8>> = [0x1000, 0x3000, 0x2001, 0x4000]
        .map(|len| driver.contiguous_array_zero(len, ToDevice).expect("fits"))
        .into();
    for array in &arrays {
        let (start, len) = (array.dma_addr().as_u64(), array.bytes_len() as u64);
        assert_eq!(start / 0x4000, (start + len - 1) / 0x4000);
    }
    let aligned = driver.contiguous_array_zero_with_align::<u8>(10, 0x2000, ToDevice);
    assert!(
        aligned
            .expect("fits")
            .dma_addr()
            .as_u64()
            .is_multiple_of(0x2000)
    );
    assert_eq!(driver.page_size() as u64, PAGE);
    drop(arrays);
    stand.assert_clean();
}
