//! One driver, run where all goes direct and where all bounces: what it sees is the same.

mod common;

use common::{POOL, layer, legacy, pages, pattern, transfer};
use dma::{Attrs, Bidirectional, Bouncing, Dma, DmaDevice, FromDevice, ToDevice};
use hal::{DmaAddr, Zone};
use sim::{Builder, Machine, under_every_adversary};
use std::fmt::Debug;

/// Memory for a second layer's pool.
const OTHER_POOL: (u64, u64) = (0x1060_0000, 0x20_0000);

/// Everything that safe items told a driver, in order.
#[derive(Default, PartialEq, Debug)]
struct Seen(Vec<String>);

impl Seen {
    fn note(&mut self, what: impl Debug) {
        self.0.push(format!("{what:?}"));
    }
}

fn write(machine: &Machine, addr: DmaAddr, bytes: &[u8]) {
    machine.device_write(machine.bus(), addr, bytes);
}

/// Maps in every direction and way, looks at everything, and is handed on by a device.
fn driver(machine: &Machine, dma: &Dma<Machine>, device: &DmaDevice) -> Seen {
    let mut seen = Seen::default();
    for (offset, len) in [(0, 64), (0, 4096), (20, 300), (60, 5000)] {
        let page = || pages(machine, Zone::Dma, offset, len, 0x3C);
        let mut sent = dma.map(device, page(), ToDevice).expect("maps");
        seen.note((&sent, sent.len(), sent.device_len()));
        sent.for_cpu_range(len / 2, 10).expect("inside").fill(7);
        let mut bytes = Vec::new();
        let mut sent = transfer(sent, |addr, len| {
            bytes = machine.device_read(machine.bus(), addr, len);
        });
        seen.note((bytes, &*sent.for_cpu()));
        seen.note(&*sent.unmap().bytes(machine));

        let mapping = dma.map_attrs(device, page(), FromDevice, Attrs::DEFER_SYNC);
        let got = transfer(mapping.expect("maps"), |addr, _| {
            write(machine, addr, &pattern(33));
        });
        seen.note(got.unmap_skip_sync().reclaim().bytes(machine).to_vec());

        let mut both = dma.map(device, page(), Bidirectional).expect("maps");
        both.for_cpu()[3] = 9;
        let mut both = transfer(both, |addr, _| write(machine, addr, &[1; 3]));
        seen.note(&*both.for_cpu_range(0, 50).expect("inside"));
        seen.note(&*both.unmap().bytes(machine));
    }
    seen.note((device.required_mask(), device.addressing_limited(), device));
    seen
}

#[test]
fn sg_4_a_driver_sees_the_same_direct_and_bounced() {
    let builder = Builder::default().bank(OTHER_POOL.0, OTHER_POOL.1);
    under_every_adversary(&builder, |machine| {
        let device = legacy(machine);
        let direct = layer(machine, Bouncing::AsNeeded, POOL);
        let seen = driver(machine, &direct, &device);
        assert_eq!(direct.totals(&device).bounced_all(), 0);
        // A layer of its own, over memory of its own.
        let forced = layer(machine, Bouncing::Forced, OTHER_POOL);
        let again = driver(machine, &forced, &device);
        assert_eq!(forced.totals(&device).bounced_all(), 12);
        assert_eq!(seen, again);
    });
}
