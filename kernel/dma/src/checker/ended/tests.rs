//! What the checker finds of single calls, by vectors.

use super::super::options::{Level, Options};
use super::super::state::Forbidden;
use super::*;
use core::sync::atomic::{AtomicU32, Ordering};
use hal::{PhysAddr, PhysRange};
use sim::Machine;

const FROM: Dir = Dir::FromDevice;
const TO: Dir = Dir::ToDevice;
/// Where the device has what the tests map.
const BUS: u64 = 0xD000_0000;

/// Takes segments of 4 KiB that cross no multiple of 64 KiB.
fn device() -> DmaDevice {
    let machine = Machine::default();
    let builder = DmaDevice::builder("d").windows(machine.bus().windows());
    let builder = builder.segments(4, 4).max_seg_size(0x1000);
    let device = builder.seg_boundary_mask(0xFFFF).build(&machine.ram());
    device.expect("valid")
}

fn checker(kick: fn()) -> Checker<Machine> {
    let options = Options {
        level: Level::On,
        entries: 4,
        ..Options::default()
    };
    let checker = Checker::new(&options, Forbidden::new(), kick);
    checker.expect("memory").expect("on")
}

/// What waits first, without who and where.
fn found(checker: &Checker<Machine>) -> Option<Cause> {
    checker.finding().map(|finding| finding.cause)
}

/// All of the device's that start at [`BUS`].
fn mapped(checker: &Checker<Machine>, device: &DmaDevice, (len, dir): (u64, Dir)) {
    let block = PhysRange::new(PhysAddr::new(0x1000_0000), len).expect("valid");
    let live = Live {
        device: device.name(),
        id: device.id(),
        call: Call::Address,
        dir,
        bus: BUS,
        len,
        block,
        side: block,
        callers: [0; CALLERS],
        shares: false,
    };
    // Lines that they share are another rule's.
    checker.mapped(device, live, true);
}

#[test]
fn dbg_8_dbg_10_a_sync_that_one_of_several_mappings_contains_is_none_too_long() {
    let device = device();
    let all = [(0x40, FROM), (0x100, FROM), (0x80, TO)];
    for order in [[0, 1, 2], [2, 1, 0]] {
        let checker = checker(|| {});
        for at in order {
            mapped(&checker, &device, all[at]);
        }
        for (len, dir) in all {
            for part in [(BUS, len), (BUS + len - 16, 16)] {
                checker.synced(&device, part, dir);
                assert_eq!(found(&checker), None, "{part:x?} {dir:?}");
            }
        }
        checker.synced(&device, (BUS, 0x81), TO);
        assert!(found(&checker).is_some(), "in another direction");
    }
}

#[test]
fn dbg_15_segments_that_a_device_does_not_take() {
    let (device, checker) = (device(), checker(|| {}));
    checker.tell(None);
    let (max, mask) = (0x1000, 0xFFFF);
    let long = |addr, len| Some(Cause::Segment { addr, len, max });
    let crosses = |addr, len| Some(Cause::Boundary { addr, len, mask });
    for (addr, len, cause) in [
        (0xC000_0000, 0x1000, None),
        (0xC000_F000, 0x1000, None),
        (0xC000_0000, 0x1001, long(0xC000_0000, 0x1001)),
        (0xC000_FFFF, 2, crosses(0xC000_FFFF, 2)),
    ] {
        checker.saw_segments(&device, [(addr, len)].into_iter());
        assert_eq!(found(&checker), cause);
    }
}

#[test]
fn dm_4_who_made_the_checker_is_told_when_a_finding_waits() {
    static KICKS: AtomicU32 = AtomicU32::new(0);
    let kicks = || KICKS.load(Ordering::Relaxed);
    let device = device();
    let checker = checker(|| _ = KICKS.fetch_add(1, Ordering::Relaxed));
    checker.segment(&device, 0xC000_0000, 0x1000);
    assert_eq!(kicks(), 0, "nothing is wrong");
    // Too long, which is told, and across a boundary, which is counted.
    checker.segment(&device, 0xC000_F000, 0x1001);
    assert_eq!((kicks(), checker.status().errors), (1, 2));
    checker.segment(&device, 0xC000_0000, 0x1001);
    assert_eq!((kicks(), checker.status().errors), (1, 3), "counted alone");
}
