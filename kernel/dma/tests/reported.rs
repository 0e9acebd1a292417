//! WE: reported transfers. No more comes home than was reported, nothing is copied first, and nobody
//! sees another owner's bytes, under every cache.

mod common;

use common::{
    CANARY, Idle, Layer, POOL, assert_clean, fly, layer, legacy, pages, pattern, transfer, words,
};
use dma::{Attrs, Bouncing, DmaDevice, Filled, FromDevice, Mapping, Reported, ToDevice};
use hal::{DmaAddr, DmaBuffer, LINE, Pages, PhysRange, Zone};
use sim::{Adversary, Builder, Machine, Op, explore, under_every_adversary};
use std::mem::forget;

/// What the buffer has before, and what the pool's last user left.
const MINE: u8 = 0xA5;
const SECRET: u8 = 0x5A;
const LEN: u64 = 1000;

type Mapped<'d> = Mapping<'d, Machine, Buffer, FromDevice<Reported>>;

fn read(machine: &Machine, addr: DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

fn write(machine: &Machine, addr: DmaAddr, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    machine.device_write(machine.bus(), addr, bytes);
}

/// Pages that say of themselves whether they own the lines of their window.
struct Buffer {
    pages: Pages<Machine>,
    owns_lines: bool,
}

#[expect(unsafe_code, reason = "says of pages that they own less than they do")]
// SAFETY: owned pages, of which no more is claimed than there is.
unsafe impl DmaBuffer for Buffer {
    fn range(&self) -> PhysRange {
        self.pages.range()
    }
    fn owned(&self) -> PhysRange {
        match self.owns_lines {
            true => self.pages.owned(),
            false => self.pages.range(),
        }
    }
}

/// Why a buffer bounces, or that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    Forced,
    Unreachable,
    SharedLine,
}

const WAYS: [Way; 4] = [Way::Direct, Way::Forced, Way::Unreachable, Way::SharedLine];
/// Nothing, the middle of a line, its edges, and all.
const REPORTS: [u64; 7] = [0, 1, 51, 64, 100, LEN - 1, LEN];

impl Way {
    /// The layer, with a pool that somebody else has used.
    fn layer(self, machine: &Machine) -> Layer {
        let bouncing = match self {
            Self::Forced => Bouncing::Forced,
            _ => Bouncing::AsNeeded,
        };
        let dma = layer(machine, bouncing, POOL);
        let (device, secret) = (legacy(machine), pages(machine, Zone::High, 0, 8192, SECRET));
        drop(dma.map(&device, secret, ToDevice).expect("maps"));
        dma
    }

    /// A window that begins and ends within lines.
    fn buffer(self, machine: &Machine) -> Buffer {
        let zone = match self {
            Self::Unreachable => Zone::High,
            _ => Zone::Dma,
        };
        Buffer {
            pages: pages(machine, zone, 13, LEN, MINE),
            owns_lines: self != Self::SharedLine,
        }
    }

    fn bounces(self) -> bool {
        self != Self::Direct
    }
}

/// Runs `scenario` for every way under every adversary.
fn in_every_way(scenario: impl Fn(&Machine, &Layer, Way)) {
    for way in WAYS {
        under_every_adversary(&Builder::default(), |machine| {
            scenario(machine, &way.layer(machine), way);
        });
    }
}

/// A device that reaches all of RAM, by the CPU's addresses.
fn all_ram() -> dma::Builder {
    DmaDevice::builder("all").mask(dma::DmaMask::bits(40))
}

fn map<'d>(dma: &'d Layer, device: &'d DmaDevice, buffer: Buffer) -> Mapped<'d> {
    let mapping = dma.map(device, buffer, FromDevice::REPORTED);
    mapping.expect("maps")
}

/// What a buffer holds in the end, all of it.
fn all(machine: &Machine, filled: Filled<'_, Machine, Buffer>) -> Vec<u8> {
    filled.into_inner().pages.bytes(machine).to_vec()
}

/// The scenario of every way: the device writes `wrote` bytes, and the driver reports `n`.
fn receive<'d>(mapping: Mapped<'d>, wrote: usize, n: u64) -> Filled<'d, Machine, Buffer> {
    let machine = mapping.layer().platform().clone();
    let mapping = transfer(mapping, |addr, _| write(&machine, addr, &pattern(wrote)));
    mapping.complete(n).expect("no more than there is").unmap()
}

#[test]
fn we_1_inv_2_what_was_reported_is_read_and_the_rest_is_the_buffers_own_or_zeros() {
    in_every_way(|machine, dma, way| {
        let device = legacy(machine);
        for n in REPORTS {
            let filled = receive(map(dma, &device, way.buffer(machine)), n as usize, n);
            assert_eq!((filled.len(), filled.capacity()), (n, LEN));
            assert_eq!(filled.is_empty(), n == 0);
            assert_eq!(*filled.bytes(), pattern(n as usize));
            assert_eq!(filled.rest().len() as u64, LEN - n);
            let mut expected = pattern(n as usize);
            expected.resize(LEN as usize, MINE);
            assert_eq!(all(machine, filled), expected, "{way:?}, {n} bytes");
            assert_clean(dma);
        }
    });
}

/// A driver may know of less than the device wrote: a header, or what passed a check.
#[test]
fn we_4_inv_2_bytes_behind_the_report_stand_still_once_the_buffer_is_back() {
    in_every_way(|machine, dma, way| {
        let device = legacy(machine);
        let filled = receive(map(dma, &device, way.buffer(machine)), 500, 100);
        assert_eq!(*filled.bytes(), pattern(100));
        let buffer = filled.into_inner();
        let (range, bytes) = (buffer.range(), buffer.pages.bytes(machine).to_vec());
        let behind = match way.bounces() {
            true => vec![MINE; 400],
            false => pattern(500)[100..].to_vec(),
        };
        assert_eq!(
            (&bytes[100..500], &bytes[500..]),
            (&behind[..], &[MINE; 500][..])
        );
        // Whatever is evicted or fetched by now.
        assert_eq!(machine.cpu_read(range), bytes, "{way:?}");
    });
}

#[test]
fn we_2_inv_7_cp_4_a_device_that_writes_less_than_reported_shows_nobodys_bytes_but_the_buffers() {
    in_every_way(|machine, dma, way| {
        let device = legacy(machine);
        let filled = receive(map(dma, &device, way.buffer(machine)), 10, LEN);
        let found = if way.bounces() { 0 } else { MINE };
        let bytes = filled.bytes();
        assert_eq!(bytes[..10], pattern(10));
        assert!(bytes[10..].iter().all(|byte| *byte == found), "{way:?}");
    });
}

#[test]
fn we_2_inv_7_cp_4_a_scrubbed_bounce_buffer_shows_zeros_and_canaries_to_the_ends_of_its_lines() {
    in_every_way(|machine, dma, way| {
        let device = words(machine);
        if !way.bounces() {
            return;
        }
        let mapping = map(dma, &device, way.buffer(machine));
        transfer(mapping, |addr, len| {
            let lines = (len as u64).next_multiple_of(LINE) as usize;
            let mut expected = vec![0; len];
            expected.resize(lines, CANARY);
            assert_eq!(read(machine, addr, lines), expected, "{way:?}");
        });
    });
}

#[test]
fn we_2_inv_7_addresses_kept_within_a_line_leave_nothing_before_or_behind_them() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = Way::Unreachable.layer(machine);
        let builder = DmaDevice::builder("aligned").windows(machine.bus().windows());
        let builder = builder.granule(4).min_align_mask(63);
        let device = builder.build(&machine.ram()).expect("valid");
        transfer(
            map(&dma, &device, Way::Unreachable.buffer(machine)),
            |addr, len| {
                assert_eq!(addr.get() % 64, 13);
                let line = DmaAddr::new(addr.get() - 13);
                let lines = (13 + len).next_multiple_of(64);
                let mut expected = vec![CANARY; lines];
                expected[13..13 + len].fill(0);
                assert_eq!(read(machine, line, lines), expected);
            },
        );
    });
}

#[test]
fn we_1_reports_cost_the_lines_and_bytes_that_they_name_and_no_others() {
    for (way, n) in WAYS.into_iter().flat_map(|way| REPORTS.map(|n| (way, n))) {
        let machine = Machine::default();
        let (dma, device) = (way.layer(&machine), legacy(&machine));
        let buffer = way.buffer(&machine);
        let start = buffer.range().start().get();
        machine.reset_counters();
        let mapping = map(&dma, &device, buffer);
        let counters = machine.counters();
        assert_eq!(counters.bytes_copied, 0, "{way:?}: nothing goes in");
        let mapping = transfer(mapping, |addr, _| {
            write(&machine, addr, &pattern(n as usize))
        });
        let mapping = mapping.complete(n).expect("no more than there is");
        machine.reset_counters();
        let filled = mapping.unmap();
        let counters = machine.counters();
        // A bounce buffer begins on a line.
        let first = if way.bounces() { 0 } else { start % LINE };
        let lines = if n == 0 {
            0
        } else {
            (first + n).div_ceil(LINE)
        };
        let dropped = counters.lines_invalidated + counters.lines_clean_invalidated;
        let copied = if way.bounces() { n } else { 0 };
        assert_eq!(
            (dropped, counters.bytes_copied, counters.completes),
            (lines, copied, u64::from(n > 0)),
            "{way:?}, {n} bytes"
        );
        assert_eq!(counters.lines_cleaned, 0);
        machine.reset_counters();
        drop(filled);
        let counters = machine.counters();
        let whole = (start % LINE + LEN).div_ceil(LINE);
        let rest = if way.bounces() { 0 } else { whole - lines };
        let dropped = counters.lines_invalidated + counters.lines_clean_invalidated;
        assert_eq!(
            (dropped, counters.bytes_copied),
            (rest, 0),
            "{way:?}, {n} bytes"
        );
    }
}

#[test]
fn cp_3_plain_from_device_is_still_copied_in_and_comes_home_whole() {
    let machine = Machine::default();
    let (dma, device) = (Way::Unreachable.layer(&machine), legacy(&machine));
    let pages = pages(&machine, Zone::High, 0, LEN, MINE);
    machine.reset_counters();
    let mapping = dma.map(&device, pages, FromDevice).expect("maps");
    assert_eq!(machine.counters().bytes_copied, LEN, "CP-3");
    drop(mapping.unmap());
    assert_eq!(machine.counters().bytes_copied, 2 * LEN, "CP-6");
}

#[test]
fn we_3_more_than_there_is_is_an_error_and_nothing_is_lost() {
    in_every_way(|machine, dma, way| {
        let device = words(machine);
        let mapping = map(dma, &device, way.buffer(machine));
        let mapping = transfer(mapping, |addr, _| {
            write(machine, addr, &pattern(LEN as usize))
        });
        for n in [LEN + 1, u64::MAX] {
            let refused = map(dma, &device, way.buffer(machine)).complete(n);
            let error = refused.expect_err("more than there is").error;
            assert_eq!((error.reported, error.len), (n, LEN));
            let told = error.to_string();
            assert!(
                told.contains(&n.to_string()) && told.contains("1000"),
                "{told}"
            );
        }
        let refused = mapping.complete(LEN + 1).expect_err("one too many");
        let filled = refused.mapping.complete(LEN).expect("all").unmap();
        assert_eq!(*filled.bytes(), pattern(LEN as usize));
    });
}

/// A granule's excess is the channel's business.
#[test]
fn we_3_what_a_granule_adds_is_not_the_drivers_to_report() {
    let machine = Machine::default();
    let (dma, device) = (Way::Direct.layer(&machine), words(&machine));
    let pages = pages(&machine, Zone::Dma, 0, 5, MINE);
    let mapping = dma.map(&device, pages, FromDevice::REPORTED).expect("maps");
    assert_eq!(mapping.device_len(), 8);
    assert!(mapping.complete(8).is_err());
}

#[test]
fn we_3_no_report_is_a_report_of_nothing() {
    for way in WAYS {
        let machine = Machine::default();
        let (dma, device) = (way.layer(&machine), legacy(&machine));
        let engine = Idle::default();
        let write = |addr, _| write(&machine, addr, &pattern(LEN as usize));
        let flight = fly(map(&dma, &device, way.buffer(&machine)), &engine, write);
        machine.reset_counters();
        drop(flight);
        drop(transfer(map(&dma, &device, way.buffer(&machine)), write));
        assert_eq!(machine.counters().bytes_copied, 0, "{way:?}");
        let buffer = way.buffer(&machine);
        machine.reset_counters();
        let filled = transfer(map(&dma, &device, buffer), write).abandon();
        assert!(filled.is_empty() && filled.bytes().is_empty());
        assert_eq!(machine.counters().bytes_copied, 0, "{way:?}");
        assert_eq!(machine.counters().lines_invalidated, 0, "{way:?}");
        if way.bounces() {
            assert_eq!(all(&machine, filled), [MINE; LEN as usize]);
        }
        assert_clean(&dma);
    }
}

/// The memory of a dropped buffer is somebody else's next: none of its lines may be stale.
#[test]
fn we_4_what_is_dropped_leaves_no_stale_line_behind() {
    let builder = Builder::default();
    let machine = builder.adversary(Adversary::WorstPrefetch).build();
    let (dma, device) = (Way::Direct.layer(&machine), legacy(&machine));
    let write = |addr, _| write(&machine, addr, &pattern(LEN as usize));
    let ends: [fn(Mapped<'_>); 3] = [
        |mapping| drop(mapping),
        |mapping| drop(mapping.complete(64).expect("less than all")),
        |mapping| drop(mapping.complete(64).expect("less than all").unmap()),
    ];
    for end in ends {
        let mapping = transfer(map(&dma, &device, Way::Direct.buffer(&machine)), write);
        machine.reset_counters();
        end(mapping);
        let counters = machine.counters();
        let dropped = counters.lines_invalidated + counters.lines_clean_invalidated;
        assert_eq!(dropped, (13 + LEN).div_ceil(LINE));
    }
}

#[test]
fn we_1_a_look_shows_what_arrived_and_the_mapping_serves_again() {
    in_every_way(|machine, dma, way| {
        let device = legacy(machine);
        let mut mapping = map(dma, &device, way.buffer(machine));
        for round in 0..4_u8 {
            let n = 100 * usize::from(round);
            mapping = transfer(mapping, |addr, _| write(machine, addr, &vec![round; n]));
            let mut completed = mapping.complete(n as u64).expect("less than all");
            assert_eq!((completed.len(), completed.is_empty()), (n as u64, n == 0));
            assert_eq!(*completed.for_cpu(), vec![round; n], "{way:?}");
            // A guard that is forgotten harms nobody.
            forget(completed.for_cpu());
            mapping = completed.again();
        }
        let filled = receive(mapping, 50, 50);
        assert_eq!(*filled.bytes(), pattern(50), "{way:?}");
    });
}

#[test]
fn we_1_a_look_that_was_forgotten_ends_with_the_mapping() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (Way::Direct.layer(machine), legacy(machine));
        let mapping = map(&dma, &device, Way::Direct.buffer(machine));
        let mut completed = mapping.complete(100).expect("less than all");
        forget(completed.for_cpu());
        let mapping = dma.map_filled(&device, completed.unmap()).expect("maps");
        assert_eq!(*receive(mapping, 200, 200).bytes(), pattern(200));
    });
}

#[test]
fn we_1_what_was_looked_at_is_not_brought_home_twice() {
    for way in WAYS {
        let machine = Machine::default();
        let (dma, device) = (way.layer(&machine), legacy(&machine));
        let mapping = map(&dma, &device, way.buffer(&machine));
        let mapping = transfer(mapping, |addr, _| write(&machine, addr, &pattern(300)));
        let mut completed = mapping.complete(300).expect("less than all");
        assert_eq!(*completed.for_cpu(), pattern(300));
        machine.reset_counters();
        let filled = completed.unmap();
        let counters = machine.counters();
        assert_eq!((counters.lines_invalidated, counters.bytes_copied), (0, 0));
        assert_eq!(*filled.bytes(), pattern(300), "{way:?}");
    }
}

#[test]
fn we_4_a_filled_buffer_is_lent_again_without_a_cache_operation() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (Way::Direct.layer(machine), legacy(machine));
        let mut filled = map(&dma, &device, Way::Direct.buffer(machine)).abandon();
        for round in 1..4_u8 {
            machine.reset_counters();
            let mapping = dma.map_filled(&device, filled).expect("maps");
            let counters = machine.counters();
            let ops = counters.lines_cleaned
                + counters.lines_invalidated
                + counters.lines_clean_invalidated;
            assert_eq!((ops, counters.completes), (0, 0));
            let mapping = transfer(mapping, |addr, _| write(machine, addr, &[round; 200]));
            filled = mapping.complete(200).expect("less than all").unmap();
            assert_eq!(*filled.bytes(), [round; 200]);
        }
        let bytes = all(machine, filled);
        assert_eq!(
            (&bytes[..200], &bytes[200..]),
            (&[3; 200][..], &[MINE; 800][..])
        );
    });
}

/// A device that reaches nothing but the pool takes over from one that reaches everything.
#[test]
fn we_4_a_filled_buffer_may_bounce_for_the_next_device() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = Way::Direct.layer(machine);
        let near = legacy(machine);
        let all_ram = all_ram().build(&machine.ram()).expect("valid");
        let bus = sim::BusView::identity();
        let buffer = Way::Unreachable.buffer(machine);
        let mapping = map(&dma, &all_ram, buffer);
        let mapping = transfer(mapping, |addr, _| {
            machine.device_write(&bus, addr, &[7; 900])
        });
        let filled = mapping.complete(100).expect("less than all").unmap();
        let mapping = dma.map_filled(&near, filled).expect("maps");
        let filled = receive(mapping, 300, 300);
        assert_eq!(*filled.bytes(), pattern(300));
        let bytes = all(machine, filled);
        assert_eq!(
            (&bytes[300..900], &bytes[900..]),
            (&[7; 600][..], &[MINE; 100][..])
        );
    });
}

/// What was copied out of a bounce buffer is dirty: on its way to RAM it would meet the device's bytes.
#[test]
fn we_4_cm_1_a_filled_buffer_that_bounced_is_cleaned_for_a_device_that_reaches_it() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = Way::Direct.layer(machine);
        let (near, bus) = (legacy(machine), sim::BusView::identity());
        let all_ram = all_ram().build(&machine.ram()).expect("valid");
        let mapping = map(&dma, &near, Way::Unreachable.buffer(machine));
        let filled = receive(mapping, 300, 300);
        let mapping = dma.map_filled(&all_ram, filled).expect("maps");
        let mapping = transfer(mapping, |addr, _| {
            machine.device_write(&bus, addr, &[7; 100])
        });
        let filled = mapping.complete(100).expect("less than all").unmap();
        assert_eq!(*filled.bytes(), [7; 100]);
        let bytes = all(machine, filled);
        assert_eq!(bytes[100..300], pattern(300)[100..]);
    });
}

#[test]
fn we_4_cm_2_a_device_that_snoops_takes_a_filled_buffer_without_its_stale_lines() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (Way::Direct.layer(machine), legacy(machine));
        let snoops = all_ram().coherent().build(&machine.ram()).expect("valid");
        let mapping = map(&dma, &device, Way::Direct.buffer(machine));
        let filled = receive(mapping, LEN as usize, 100);
        let mapping = dma.map_filled(&snoops, filled).expect("maps");
        let filled = mapping.complete(LEN).expect("all").unmap();
        assert_eq!(*filled.bytes(), pattern(LEN as usize));
    });
}

#[test]
fn we_4_a_filled_buffer_that_cannot_be_lent_comes_back_as_it_was() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::Off, POOL);
    let near = legacy(&machine);
    let all_ram = all_ram().build(&machine.ram()).expect("valid");
    let mapping = map(&dma, &all_ram, Way::Unreachable.buffer(&machine));
    let filled = mapping.complete(100).expect("less than all").unmap();
    let refused = dma.map_filled(&near, filled).expect_err("out of reach");
    assert_eq!(*refused.buffer.bytes(), [MINE; 100]);
}

#[test]
fn skip_2_a_device_that_snoops_costs_nothing() {
    let machine = Machine::default();
    let dma = Way::Direct.layer(&machine);
    let builder = DmaDevice::builder("snoops").coherent();
    let device = builder.build(&machine.ram()).expect("valid");
    let buffer = Way::Direct.buffer(&machine);
    machine.reset_counters();
    let filled = map(&dma, &device, buffer)
        .complete(100)
        .expect("less than all")
        .unmap();
    assert_eq!(*filled.bytes(), [MINE; 100]);
    drop(dma.map_filled(&device, filled).expect("maps"));
    let counters = machine.counters();
    let ops =
        counters.lines_cleaned + counters.lines_invalidated + counters.lines_clean_invalidated;
    assert_eq!((ops, counters.completes), (0, 0));
}

#[test]
fn attr_3_a_deferred_hand_over_loses_no_byte_that_the_cpu_stored() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (Way::Direct.layer(machine), legacy(machine));
        let lend = || {
            let buffer = Way::Direct.buffer(machine);
            let mapping = dma.map_attrs(&device, buffer, FromDevice::REPORTED, Attrs::DEFER_SYNC);
            mapping.expect("maps")
        };
        let never_launched = lend().complete(100).expect("less than all").unmap();
        assert_eq!(all(machine, never_launched), [MINE; LEN as usize]);
        let bytes = all(machine, receive(lend(), 100, 100));
        assert_eq!(
            (&bytes[..100], &bytes[100..]),
            (&pattern(100)[..], &[MINE; 900][..])
        );
    });
}

#[test]
fn cm_7_the_copy_out_waits_for_the_lines_that_were_dropped() {
    let machine = Machine::default();
    let (dma, device) = (Way::Unreachable.layer(&machine), legacy(&machine));
    let mapping = map(&dma, &device, Way::Unreachable.buffer(&machine));
    let mapping = transfer(mapping, |addr, _| write(&machine, addr, &pattern(100)));
    let before = machine.trace().len();
    drop(mapping.complete(100).expect("less than all").unmap());
    let trace = machine.trace();
    let ops: Vec<_> = trace.iter().skip(before).collect();
    assert!(
        matches!(
            ops[..],
            [Op::Invalidate(_), Op::Complete, Op::Copy { len: 100, .. }]
        ),
        "{ops:?}"
    );
}

/// Two lines, of which one and a half are reported.
#[test]
fn we_1_inv_2_every_interleaving_of_two_lines() {
    for zone in [Zone::Dma, Zone::High] {
        let runs = explore(&common::small(), 1, |machine| {
            let dma = layer(machine, Bouncing::AsNeeded, common::SMALL_POOL);
            let device = legacy(machine);
            let buffer = machine.set_up(|| Buffer {
                pages: pages(machine, zone, 0, 128, MINE),
                owns_lines: true,
            });
            let filled = receive(map(&dma, &device, buffer), 96, 96);
            assert_eq!(*filled.bytes(), pattern(96));
            let bytes = all(machine, filled);
            assert_eq!(
                (&bytes[..96], &bytes[96..]),
                (&pattern(96)[..], &[MINE; 32][..])
            );
        });
        println!("{zone:?}: {runs} runs");
        assert!(runs > 10);
    }
}
