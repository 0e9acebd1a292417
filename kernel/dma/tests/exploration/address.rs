//! The same cases for a driver that keeps a bus address alone.

use super::bed::{Bed, Place};
use super::common::assert_clean;
use super::{CHANGED, Search, tags};
use dma::Dir;
use dma::address::Attrs;
use hal::{DmaBuffer, Platform};
use sim::Machine;

const DIRS: [Dir; 3] = [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional];

/// Map, transfer, a look at all of it or at none, a second transfer, unmap.
fn run(machine: &Machine, place: Place, dir: Dir, look: bool) {
    let (mut bed, dma, device, part) = Bed::new(machine, place);
    let calls = machine.set_up(|| dma.by_address(&device).expect("heap"));
    let (block, len) = (part.range(), part.range().len());
    // SAFETY: the buffer lives on, and is looked at when the device is at rest.
    let addr = unsafe { calls.map_single(block, dir, Attrs::NONE) }.expect("maps");
    machine.publish();
    machine.doorbell();
    bed.device(addr, len as usize, dir);
    machine.acquire();
    if look {
        // SAFETY: the device is at rest.
        unsafe { calls.sync_single_for_cpu(addr, len, dir) }.expect("all of it");
        assert_eq!(machine.cpu_read(block), bed.bytes(0, len as usize), "INV-2");
        if dir != Dir::FromDevice {
            let changed = tags(CHANGED, len as usize);
            machine.cpu_write(block.start(), &changed);
            bed.bytes(0, len as usize).copy_from_slice(&changed);
        }
        // SAFETY: the device is at rest.
        unsafe { calls.sync_single_for_device(addr, len, dir) }.expect("all of it");
        machine.publish();
        machine.doorbell();
        bed.device(addr, len as usize, dir);
        machine.acquire();
    }
    // SAFETY: the device is at rest.
    unsafe { calls.unmap_single(addr, len, dir, Attrs::NONE) };
    bed.end();
    assert_clean(&dma);
}

#[test]
fn inv_1_inv_2_inv_3_inv_7_every_state_of_mappings_by_address() {
    let mut search = Search::new();
    for (place, dir) in Place::ALL
        .into_iter()
        .flat_map(|p| DIRS.map(|dir| (p, dir)))
    {
        for look in [false, true] {
            let name = format!("{place:?} {dir:?}, look {look}");
            search.case(&name, |machine| run(machine, place, dir, look));
        }
    }
    search.end(8_000);
}
