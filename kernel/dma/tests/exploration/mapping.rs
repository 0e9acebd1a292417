//! Mappings that own their buffer: unmapped at once, looked at in between, deferred, handed on.

use super::bed::{Bed, Part, Place};
use super::common::{Idle, assert_clean};
use super::{CHANGED, Search, tags};
use dma::{Attrs, Bidirectional, CpuView, DeviceReads, Direction, FromDevice, Mapping, ToDevice};
use hal::{DmaBuffer, Platform};
use sim::Machine;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Map, transfer, unmap.
    Unmap,
    /// The CPU looks at all of it, and a second transfer follows.
    Whole,
    /// The CPU looks at a half, and a second transfer follows.
    Part,
    /// The hand-over waits until the transfer starts (ATTR-3).
    Deferred,
    /// From device to device, without the CPU in between (ATTR-1).
    HandedOn,
}

impl Way {
    const ALL: [Self; 5] = [
        Self::Unmap,
        Self::Whole,
        Self::Part,
        Self::Deferred,
        Self::HandedOn,
    ];
}

/// A direction, and what a CPU may do to a look at it.
trait Case: Direction + Sized {
    const THIS: Self;
    /// Whether the bytes were changed.
    fn change(view: CpuView<'_, '_, Machine, Part, Self>) -> bool;
}

fn overwrite<D: DeviceReads>(mut view: CpuView<'_, '_, Machine, Part, D>) -> bool {
    let len = view.len();
    view.copy_from_slice(&tags(CHANGED, len));
    true
}

impl Case for ToDevice {
    const THIS: Self = Self;
    fn change(view: CpuView<'_, '_, Machine, Part, Self>) -> bool {
        overwrite(view)
    }
}

impl Case for Bidirectional {
    const THIS: Self = Self;
    fn change(view: CpuView<'_, '_, Machine, Part, Self>) -> bool {
        overwrite(view)
    }
}

impl Case for FromDevice {
    const THIS: Self = FromDevice;
    fn change(_: CpuView<'_, '_, Machine, Part, Self>) -> bool {
        false
    }
}

fn transfer<'d, D: Case>(
    bed: &mut Bed<'_>,
    mapping: Mapping<'d, Machine, Part, D>,
) -> Mapping<'d, Machine, Part, D> {
    let (engine, len) = (Idle::default(), mapping.len() as usize);
    // SAFETY: the device uses the address before the flight ends.
    let (addr, flight) = unsafe { mapping.launch(&engine) };
    bed.machine.publish();
    bed.machine.doorbell();
    bed.device(addr, len, D::DIR);
    flight.end().expect("an idle engine")
}

/// The CPU looks at a part, and changes it where the device reads.
fn look<D: Case>(
    bed: &mut Bed<'_>,
    mapping: &mut Mapping<'_, Machine, Part, D>,
    (at, len): (usize, usize),
) {
    let view = mapping
        .for_cpu_range(at as u64, len as u64)
        .expect("inside");
    assert_eq!(*view, *bed.bytes(at, len), "INV-2");
    if D::change(view) {
        bed.bytes(at, len).copy_from_slice(&tags(CHANGED, len));
    }
}

fn run<D: Case>(machine: &Machine, place: Place, way: Way) {
    let (mut bed, dma, device, part) = Bed::new(machine, place);
    let len = part.range().len() as usize;
    let attrs = match way {
        Way::Deferred => Attrs::DEFER_SYNC,
        _ => Attrs::NONE,
    };
    let mapping = dma.map_attrs(&device, part, D::THIS, attrs).expect("maps");
    let mut mapping = transfer(&mut bed, mapping);
    match way {
        Way::Whole => look(&mut bed, &mut mapping, (0, len)),
        Way::Part => look(&mut bed, &mut mapping, (len / 2, len - len / 2)),
        _ => {}
    }
    let part = match way {
        Way::Whole | Way::Part => transfer(&mut bed, mapping).unmap(),
        Way::HandedOn => hand_on(&mut bed, mapping),
        _ => mapping.unmap(),
    };
    bed.end();
    drop(part);
    assert_clean(&dma);
}

/// A second device reads what the first left, if it can have the buffer where it lies.
fn hand_on<D: Case>(bed: &mut Bed<'_>, mapping: Mapping<'_, Machine, Part, D>) -> Part {
    let (dma, device) = (mapping.layer(), mapping.device());
    let owned = mapping.unmap_skip_sync();
    match dma.map_device_owned(device, owned, ToDevice) {
        Ok(mapping) => transfer(bed, mapping).unmap_skip_sync().reclaim(),
        Err(refused) => refused.buffer.reclaim(),
    }
}

fn explore(place: Place, ways: &[Way], at_least: usize) {
    let mut search = Search::new();
    for &way in ways {
        let name = |dir: &str| format!("{place:?} {dir} {way:?}");
        search.case(&name("to"), |machine| run::<ToDevice>(machine, place, way));
        search.case(&name("from"), |machine| {
            run::<FromDevice>(machine, place, way)
        });
        search.case(&name("both"), |machine| {
            run::<Bidirectional>(machine, place, way)
        });
    }
    search.end(at_least);
}

#[test]
fn inv_1_inv_2_every_state_of_two_lines_mapped_where_they_lie() {
    explore(Place::Direct, &Way::ALL, 3_700);
}

#[test]
fn inv_1_inv_2_inv_3_cm_3_every_state_of_two_lines_covered_in_part() {
    explore(Place::Unaligned, &Way::ALL, 3_700);
}

#[test]
fn inv_1_inv_2_inv_7_every_state_of_a_line_and_the_one_that_stands_in_for_it() {
    explore(Place::OutOfReach, &Way::ALL, 2_400);
}

#[test]
fn inv_1_inv_2_inv_3_inv_7_every_state_of_two_lines_in_part_and_the_one_that_stands_in_for_both() {
    // Where it bounces the other ways are the same calls.
    explore(Place::UnalignedOutOfReach, &[Way::Unmap, Way::Part], 4_000);
}

#[test]
fn inv_1_inv_2_inv_3_inv_7_every_state_of_a_line_whose_other_bytes_are_written_meanwhile() {
    explore(Place::AmongOthers, &Way::ALL, 4_700);
}
