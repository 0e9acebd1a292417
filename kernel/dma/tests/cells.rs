//! Small objects that bounce by uncached cells: the same bytes as ever, and no cache operation.
#![expect(unsafe_code, reason = "names buffers by address and plays the device")]

mod common;

use common::{
    CANARY, CELLS, Idle, Layer, POOL, Unproven, assert_clean, fly, layer, layer_with_cells, legacy,
    pages, pattern, transfer, words,
};
use dma::{
    Bidirectional, Bouncing, CellLimits, Dir, Direction, DmaDevice, FromDevice, Halt, SgTable,
    ToDevice,
};
use hal::{DmaAddr, DmaBuffer, DmaWindow, GIB, PhysAddr, PhysRange, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};

fn read(machine: &Machine, addr: DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

fn write(machine: &Machine, addr: DmaAddr, bytes: &[u8]) {
    machine.device_write(machine.bus(), addr, bytes);
}

/// Is the device given a cell?
fn is_cell(addr: DmaAddr) -> bool {
    let cells = PhysRange::new(PhysAddr::new(CELLS), hal::PAGE).expect("a page");
    let phys = addr.get().checked_sub(0xC000_0000).expect("on the bus");
    cells.contains_addr(PhysAddr::new(phys))
}

fn with_limits(machine: &Machine, to_device: u64, from_device: u64) -> DmaDevice {
    let limits = CellLimits {
        to_device,
        from_device,
    };
    let builder = DmaDevice::builder("limited").windows(machine.bus().windows());
    builder.cells(limits).build(&machine.ram()).expect("valid")
}

/// Where the device finds `len` bytes of a buffer that must bounce.
fn goes_by_cell<D: Direction>(dma: &Layer, device: &DmaDevice, len: u64, direction: D) -> bool {
    let machine = dma.platform().clone();
    let mapping = dma.map(device, pages(&machine, Zone::High, 0, len, 1), direction);
    let mut by_cell = false;
    drop(transfer(mapping.expect("maps"), |addr, _| {
        by_cell = is_cell(addr)
    }));
    by_cell
}

/// What is left of a trace without the CPU's looks at the buffer.
fn work(machine: &Machine) -> Vec<&'static str> {
    let name = |op: &Op| match op {
        Op::CopyToUncached { .. } => Some("copy in"),
        Op::CopyFromUncached { .. } => Some("copy out"),
        Op::ZeroUncached(_) => Some("zero"),
        Op::FillUncached(..) => Some("canary"),
        Op::LookUncached(_) => Some("look"),
        Op::Publish => Some("publish"),
        Op::Acquire => Some("acquire"),
        Op::Doorbell => Some("doorbell"),
        Op::StatusRead => Some("status"),
        Op::DeviceRead(_) | Op::DeviceWrite(_) => Some("device"),
        Op::View(..) | Op::EndView(..) => None,
        // Whatever else there is would be a cache operation, or a wait for one.
        _ => Some("maintenance"),
    };
    machine.trace().iter().filter_map(name).collect()
}

fn traced<D: Direction>(direction: D, len: u64) -> Vec<&'static str> {
    let machine = Machine::default();
    let (dma, device) = (
        layer_with_cells(&machine, Bouncing::Forced, CELLS),
        legacy(&machine),
    );
    let buffer = pages(&machine, Zone::Dma, 3, len, 1);
    machine.clear_trace();
    let mapping = dma.map(&device, buffer, direction).expect("maps");
    let mapping = transfer(mapping, |addr, len| match D::DIR {
        Dir::ToDevice => drop(read(&machine, addr, len)),
        _ => write(&machine, addr, &vec![1; len]),
    });
    drop(mapping.unmap());
    work(&machine)
}

#[test]
fn cm_7_a_cell_takes_barriers_and_no_cache_operation_in_any_direction() {
    let out = [
        "copy in", "publish", "publish", "doorbell", "device", "status", "acquire",
    ];
    assert_eq!(traced(ToDevice, 64), out);
    let mut back = out.to_vec();
    back.extend(["acquire", "copy out"]);
    assert_eq!(traced(FromDevice, 64), back);
    assert_eq!(traced(Bidirectional, 64), back);
    let mut padded = out.to_vec();
    padded.insert(1, "canary");
    assert_eq!(traced(ToDevice, 200), padded);
}

#[test]
fn cm_7_ps_2_looking_at_a_cell_takes_a_barrier_and_no_cache_operation() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::Forced, CELLS);
    let device = legacy(&machine);
    let buffer = pages(&machine, Zone::Dma, 3, 64, 1);
    let mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
    let mut mapping = transfer(mapping, |addr, len| write(&machine, addr, &vec![1; len]));
    machine.clear_trace();
    mapping.for_cpu_range(8, 16).expect("inside").fill(7);
    // The view has ended: the stores are on their way to the device before anything that tells it so.
    assert_eq!(
        work(&machine),
        ["acquire", "copy out", "copy in", "publish"]
    );
}

/// A transfer of `len` bytes at `offset`, in which the device writes what lies in `wrote`.
fn run<D: Direction>(
    machine: &Machine,
    dma: &Layer,
    (direction, device): (D, &DmaDevice),
    (offset, len): (u64, u64),
    wrote: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let mut buffer = pages(machine, Zone::Dma, offset, len, 0xA5);
    buffer
        .bytes_mut(machine)
        .copy_from_slice(&pattern(len as usize));
    let mapping = dma.map(device, buffer, direction).expect("maps");
    let mut seen = vec![];
    let mapping = transfer(mapping, |addr, device_len| {
        seen = read(machine, addr, len as usize);
        if D::DIR.device_writes() {
            write(machine, addr, &wrote[..wrote.len().min(device_len)]);
        }
    });
    let buffer = mapping.unmap();
    let bytes = buffer.bytes(machine).to_vec();
    (seen, bytes)
}

#[test]
fn inv_1_inv_2_the_bytes_are_those_of_a_direct_transfer() {
    under_every_adversary(&Builder::default(), |machine| {
        let by_cells = layer_with_cells(machine, Bouncing::Forced, CELLS);
        let (plain, word) = (legacy(machine), words(machine));
        for (offset, len) in [(0, 1), (0, 64), (7, 13), (63, 62), (61, 64), (32, 33)] {
            let wrote = vec![0x5C; (len as usize).div_ceil(2)];
            for device in [&plain, &word] {
                let shape = (offset, len);
                let expected: Vec<u8> =
                    [&wrote[..], &pattern(len as usize)[wrote.len()..]].concat();
                let (seen, after) = run(machine, &by_cells, (FromDevice, device), shape, &wrote);
                assert_eq!((seen, after), (pattern(len as usize), expected.clone()));
                let (seen, after) = run(machine, &by_cells, (Bidirectional, device), shape, &wrote);
                assert_eq!((seen, after), (pattern(len as usize), expected));
                let (seen, after) = run(machine, &by_cells, (ToDevice, device), shape, &wrote);
                assert_eq!(
                    (seen, after),
                    (pattern(len as usize), pattern(len as usize))
                );
            }
        }
        for len in [65, 127, 128, 200, 256] {
            let (seen, _) = run(machine, &by_cells, (ToDevice, &plain), (5, len), &[]);
            assert_eq!(seen, pattern(len as usize));
        }
        for device in [&plain, &word] {
            let totals = by_cells.totals(device);
            assert_eq!(totals.by_cell, totals.bounced_all());
        }
        assert_clean(&by_cells);
    });
}

#[test]
fn every_reason_to_bounce_takes_cells() {
    let machine = Machine::default();
    let (dma, device) = (
        layer_with_cells(&machine, Bouncing::AsNeeded, CELLS),
        legacy(&machine),
    );
    assert!(goes_by_cell(&dma, &device, 64, FromDevice), "unreachable");
    let shared = Unproven(pages(&machine, Zone::Dma, 4, 16, 1));
    let mapping = dma.map(&device, shared, FromDevice).expect("maps");
    drop(transfer(mapping, |addr, _| {
        assert!(is_cell(addr), "shares its line")
    }));
    assert_eq!(dma.totals(&device).bounced, [0, 1, 1, 0]);
    assert_eq!(dma.totals(&device).by_cell, 2);
    let near = dma.map(&device, pages(&machine, Zone::Dma, 0, 64, 1), FromDevice);
    drop(transfer(near.expect("maps"), |addr, _| {
        assert!(!is_cell(addr), "must not bounce")
    }));
}

#[test]
fn lengths_beyond_the_limits_and_limits_of_zero_take_slots() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, CELLS);
    let device = legacy(&machine);
    assert!(goes_by_cell(&dma, &device, 256, ToDevice));
    assert!(!goes_by_cell(&dma, &device, 257, ToDevice));
    assert!(goes_by_cell(&dma, &device, 64, Bidirectional));
    assert!(!goes_by_cell(&dma, &device, 65, Bidirectional));
    assert!(!goes_by_cell(&dma, &device, 65, FromDevice));
    let off = with_limits(&machine, 0, 0);
    assert!(!goes_by_cell(&dma, &off, 1, ToDevice) && !goes_by_cell(&dma, &off, 1, FromDevice));
    let out = with_limits(&machine, 16, 0);
    assert!(goes_by_cell(&dma, &out, 16, ToDevice) && !goes_by_cell(&dma, &out, 16, FromDevice));
    let builder = DmaDevice::builder("rounded").windows(machine.bus().windows());
    let ten = CellLimits {
        to_device: 10,
        from_device: 10,
    };
    let rounded = builder.granule(16).cells(ten).build(&machine.ram());
    let rounded = rounded.expect("valid");
    assert!(!goes_by_cell(&dma, &rounded, 9, ToDevice), "it takes 16");
    for device in [&device, &off, &out, &rounded] {
        assert_eq!(
            dma.totals(device).no_cell,
            0,
            "by choice, not for want of any"
        );
    }
}

#[test]
fn al_2_devices_with_demands_that_cells_do_not_meet_take_slots() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, CELLS);
    let builder = || DmaDevice::builder("picky").windows(machine.bus().windows());
    let build = |builder: dma::Builder| builder.build(&machine.ram()).expect("valid");
    let aligned = build(builder().min_align_mask(0x7));
    assert!(!goes_by_cell(&dma, &aligned, 64, ToDevice));
    let bounded = build(builder().seg_boundary_mask(0x7FF));
    assert!(!goes_by_cell(&dma, &bounded, 64, ToDevice));
    let coherent = build(builder().coherent());
    assert!(!goes_by_cell(&dma, &coherent, 64, ToDevice));
}

#[test]
fn inv_4_cells_that_the_device_does_not_reach_are_not_used() {
    let machine = Machine::default();
    // One that sees the pool, and not what lies below it.
    let cells = 0x1010_0000;
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, cells);
    let shown = PhysRange::new(PhysAddr::new(POOL.0), POOL.1).expect("a chunk");
    let window = DmaWindow::new(shown, DmaAddr::new(0xC000_0000 + POOL.0)).expect("fits");
    let above = PhysRange::new(PhysAddr::new(POOL.0), POOL.1).expect("valid");
    let banks = [above];
    let ram = hal::RamMap {
        banks: &banks,
        dma_end: PhysAddr::new(GIB),
    };
    let narrow = DmaDevice::builder("narrow").windows(&[window]);
    let narrow = narrow.build(&ram).expect("valid");
    let mapping = dma.map(&narrow, pages(&machine, Zone::High, 0, 64, 1), ToDevice);
    let mapping = transfer(mapping.expect("maps by slots"), |addr, len| {
        assert!(window.bus() <= addr, "{addr:?} is out of reach");
        assert_eq!(read(&machine, addr, len), [1; 64]);
    });
    drop(mapping);
    assert_eq!(
        (dma.totals(&narrow).by_cell, dma.totals(&narrow).no_cell),
        (0, 1)
    );
    assert_clean(&dma);
}

#[test]
fn cp_3_cp_4_a_short_write_leaves_the_original_and_no_owner_sees_another() {
    let machine = Machine::default();
    let (dma, device) = (
        layer_with_cells(&machine, Bouncing::AsNeeded, CELLS),
        legacy(&machine),
    );
    // What was there before, of somebody else.
    machine.uncached_write(PhysAddr::new(CELLS), &[0x5A; 4096]);
    let mapping = dma.map(
        &device,
        pages(&machine, Zone::High, 0, 50, 0xA5),
        FromDevice,
    );
    let mapping = transfer(mapping.expect("maps"), |addr, _| {
        let line = read(&machine, addr, 64);
        assert_eq!(
            (&line[..50], &line[50..]),
            (&[0xA5; 50][..], &[CANARY; 14][..])
        );
        write(&machine, addr, &[7; 10]);
    });
    let buffer = mapping.unmap();
    let bytes = buffer.bytes(&machine);
    assert_eq!(
        (&bytes[..10], &bytes[10..]),
        (&[7; 10][..], &[0xA5; 40][..])
    );
    let mapping = dma.map(&device, pages(&machine, Zone::High, 9, 130, 0xA5), ToDevice);
    drop(transfer(mapping.expect("maps"), |addr, _| {
        assert_eq!(
            read(&machine, addr, 192)[130..],
            [CANARY; 62],
            "three cells"
        );
    }));
}

#[test]
fn we_2_a_reported_transfer_is_scrubbed_and_brings_home_what_arrived() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, CELLS);
    let device = legacy(&machine);
    machine.uncached_write(PhysAddr::new(CELLS), &[0x5A; 4096]);
    let buffer = pages(&machine, Zone::High, 0, 50, 0xA5);
    let mapping = dma
        .map(&device, buffer, FromDevice::REPORTED)
        .expect("maps");
    machine.clear_trace();
    let mapping = transfer(mapping, |addr, _| {
        assert_eq!(read(&machine, addr, 50), [0; 50]);
        assert_eq!(read(&machine, addr, 64)[50..], [CANARY; 14]);
        write(&machine, addr, &[7; 10]);
    });
    let filled = mapping.complete(10).expect("not too much").unmap();
    assert_eq!(*filled.bytes(), [7; 10]);
    assert!(!work(&machine).contains(&"maintenance"));
    assert_eq!(dma.totals(&device).by_cell, 1);
}

#[test]
fn ps_2_a_part_is_copied_to_its_place_and_nothing_else() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (
            layer_with_cells(machine, Bouncing::AsNeeded, CELLS),
            legacy(machine),
        );
        let buffer = pages(machine, Zone::High, 3, 60, 0xA5);
        let start = buffer.range().start();
        let mut mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
        let mut part = mapping.for_cpu_range(17, 9).expect("inside");
        part.copy_from_slice(&pattern(9));
        drop(part);
        let mut mapping = transfer(mapping, |addr, _| {
            let mut expected = [0xA5; 60];
            expected[17..26].copy_from_slice(&pattern(9));
            assert_eq!(read(machine, addr, 60), expected);
            write(machine, addr, &[9; 60]);
        });
        // As neither the device's bytes nor what was copied in: a copy of either shows.
        machine.cpu_write(start, &[5; 60]);
        let view = mapping.for_cpu_range(31, 8).expect("inside");
        assert_eq!(*view, [9; 8]);
        drop(view);
        let original = PhysRange::new(start, 60).expect("valid");
        let seen = machine.cpu_read(original);
        assert_eq!((&seen[..31], &seen[39..]), (&[5; 31][..], &[5; 21][..]));
    });
}

#[test]
fn own_1_what_a_forgotten_view_of_a_cell_was_given_is_there_after_unmap() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::AsNeeded, CELLS);
    let device = legacy(&machine);
    let buffer = pages(&machine, Zone::High, 0, 64, 1);
    let mut mapping = dma.map(&device, buffer, Bidirectional).expect("maps");
    let mut view = mapping.for_cpu();
    view.fill(7);
    std::mem::forget(view);
    assert_eq!(dma.totals(&device).by_cell, 1);
    assert_eq!(*mapping.unmap().bytes(&machine), [7; 64]);
    assert_clean(&dma);
}

#[test]
fn inv_5_inv_6_cells_that_run_out_give_way_to_slots_and_come_back() {
    let machine = Machine::default();
    let (dma, device) = (
        layer_with_cells(&machine, Bouncing::AsNeeded, CELLS),
        legacy(&machine),
    );
    let map = || {
        dma.map(&device, pages(&machine, Zone::High, 0, 256, 1), ToDevice)
            .expect("maps")
    };
    let held: Vec<_> = (0..16).map(|_| map()).collect();
    assert_eq!(
        (dma.used_cells(), dma.pool_usage().map(|u| u.used)),
        (Some(64), Some(0))
    );
    assert!(!goes_by_cell(&dma, &device, 1, ToDevice));
    assert_eq!(
        (dma.totals(&device).by_cell, dma.totals(&device).no_cell),
        (16, 1)
    );
    assert_eq!(dma.totals(&device).refused, 0);
    drop(held);
    assert_clean(&dma);
    assert!(goes_by_cell(&dma, &device, 256, ToDevice));
}

#[test]
fn cells_of_an_engine_that_will_not_halt_stay_in_quarantine() {
    let machine = Machine::default();
    let (dma, device) = (
        layer_with_cells(&machine, Bouncing::AsNeeded, CELLS),
        legacy(&machine),
    );
    let mapping = dma.map(&device, pages(&machine, Zone::High, 0, 130, 1), ToDevice);
    let engine = Idle::default();
    engine.0.set(Halt::Unconfirmed);
    drop(fly(mapping.expect("maps"), &engine, |_, _| {}));
    assert_eq!((dma.quarantined(&device).0, dma.used_cells()), (1, Some(3)));
    // SAFETY: nobody plays the device any more.
    assert_eq!(unsafe { dma.device_was_reset(&device) }, 1);
    assert_clean(&dma);
}

#[test]
fn noforce_removes_the_cells_too() {
    let machine = Machine::default();
    let dma = layer_with_cells(&machine, Bouncing::Off, CELLS);
    assert_eq!(dma.used_cells(), None);
    let device = legacy(&machine);
    let refused = dma.map(&device, pages(&machine, Zone::High, 0, 8, 1), ToDevice);
    assert!(refused.is_err());
}

#[test]
fn without_cells_small_objects_take_slots() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    assert!(!goes_by_cell(&dma, &device, 8, FromDevice));
    assert_eq!((dma.used_cells(), dma.totals(&device).no_cell), (None, 0));
}

#[test]
fn small_parts_of_a_list_take_cells() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer_with_cells(machine, Bouncing::AsNeeded, CELLS);
        let builder = DmaDevice::builder("lists").windows(machine.bus().windows());
        let device = builder.segments(8, 1).build(&machine.ram()).expect("valid");
        let buffers = [(Zone::High, 40), (Zone::Dma, 64), (Zone::High, 300)];
        let buffers = buffers.map(|(zone, len)| pages(machine, zone, 0, len, 0xA5));
        let mut table = SgTable::with_capacity(3, 8).expect("room");
        for buffer in buffers {
            assert!(table.push(buffer).is_ok());
        }
        let list = dma.map_sg(&device, table, FromDevice).expect("maps");
        assert_eq!(dma.used_cells(), Some(1));
        let engine = Idle::default();
        // SAFETY: the device's part is played here, with these segments alone.
        let flight = unsafe { list.launch(&engine) };
        hal::Platform::publish(machine);
        machine.doorbell();
        for segment in flight.segments() {
            write(machine, segment.bus, &vec![3; segment.len as usize]);
        }
        machine.status_read();
        let table = flight.end().expect("idle").unmap();
        for buffer in table.into_elements() {
            assert!(buffer.bytes(machine).iter().all(|byte| *byte == 3));
        }
        assert_eq!(
            (
                dma.totals(&device).by_cell,
                dma.totals(&device).bounced_all()
            ),
            (1, 2)
        );
        assert_clean(&dma);
    });
}
