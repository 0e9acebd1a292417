//! ATTR: what attributes promise, and what they refuse.
#![expect(unsafe_code, reason = "names memory by address")]

mod common;

use common::{Layer, POOL, Unproven, assert_clean, layer, legacy, pages, pattern, transfer, words};
use dma::{
    Attrs, Bidirectional, BounceReason, Bouncing, Cause, DeviceOwned, Direction, DmaDevice,
    FromDevice, MapError, Physical, ToDevice,
};
use hal::{DmaAddr, DmaBuffer, Pages, Zone};
use sim::{Builder, Counters, Machine, under_every_adversary};

type Page = Pages<Machine>;

fn read(machine: &Machine, addr: DmaAddr, len: usize) -> Vec<u8> {
    machine.device_read(machine.bus(), addr, len)
}

fn write(machine: &Machine, addr: DmaAddr, bytes: &[u8]) {
    machine.device_write(machine.bus(), addr, bytes);
}

fn snooping(machine: &Machine) -> DmaDevice {
    let builder = DmaDevice::builder("snoops").windows(machine.bus().windows());
    builder.coherent().build(&machine.ram()).expect("valid")
}

/// Cache operations and copies alone.
fn work(machine: &Machine) -> [u64; 6] {
    let Counters {
        lines_cleaned,
        lines_clean_invalidated,
        lines_invalidated,
        completes,
        bytes_copied,
        bytes_zeroed,
        ..
    } = machine.counters();
    [
        lines_cleaned,
        lines_clean_invalidated,
        lines_invalidated,
        completes,
        bytes_copied,
        bytes_zeroed,
    ]
}

fn owned<'d, B: DmaBuffer>(
    dma: &'d Layer,
    device: &'d DmaDevice,
    buffer: B,
) -> DeviceOwned<'d, Machine, B> {
    let mapping = dma.map(device, buffer, Bidirectional).expect("maps");
    mapping.unmap_skip_sync()
}

/// Refuses a buffer that is a device's already, and asserts that nothing at all happened.
fn refuse<B: DmaBuffer, D: Direction>(
    (machine, dma, device): (&Machine, &Layer, &DmaDevice),
    buffer: DeviceOwned<'_, Machine, B>,
    dir: D,
) -> MapError {
    let before = (work(machine), dma.pool_state());
    let refused = dma.map_device_owned(device, buffer, dir).err();
    let refused = refused.expect("must not bounce");
    assert_eq!((work(machine), dma.pool_state()), before);
    refused.error
}

fn reason(error: MapError) -> BounceReason {
    match error {
        MapError::WouldBounce { reason, .. } => reason,
        error => panic!("{error}"),
    }
}

#[test]
fn attr_2_skip_sync_is_refused_where_all_is_forced_to_bounce() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Forced, POOL), legacy(&machine));
    let on = (&machine, &dma, &device);
    let page = || owned(&dma, &device, pages(&machine, Zone::Dma, 0, 4096, 1));
    let reasons = [
        refuse(on, page(), ToDevice),
        refuse(on, page(), FromDevice),
        refuse(on, page(), Bidirectional),
    ];
    assert_eq!(reasons.map(reason), [BounceReason::Forced; 3]);
    assert_clean(&dma);
}

#[test]
fn attr_2_skip_sync_is_refused_out_of_reach() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let on = (&machine, &dma, &device);
    let page = || owned(&dma, &device, pages(&machine, Zone::High, 0, 4096, 1));
    let reasons = [
        refuse(on, page(), ToDevice),
        refuse(on, page(), FromDevice),
        refuse(on, page(), Bidirectional),
    ];
    assert_eq!(reasons.map(reason), [BounceReason::Unreachable; 3]);
    assert_clean(&dma);
}

#[test]
fn attr_2_skip_sync_is_refused_where_lines_are_shared() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let on = (&machine, &dma, &device);
    let part = || {
        let part = Unproven(pages(&machine, Zone::Dma, 20, 100, 1));
        owned(&dma, &device, part)
    };
    let reasons = [
        refuse(on, part(), FromDevice),
        refuse(on, part(), Bidirectional),
    ];
    assert_eq!(reasons.map(reason), [BounceReason::SharedLine; 2]);
    // What the device only reads shares lines freely.
    assert!(dma.map_device_owned(&device, part(), ToDevice).is_ok());
    assert_clean(&dma);
}

#[test]
fn attr_2_a_refused_buffer_comes_back_with_its_bytes() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let mapping = dma.map(&device, pages(machine, Zone::High, 0, 200, 1), FromDevice);
        let mapping = transfer(mapping.expect("maps"), |addr, _| {
            write(machine, addr, &pattern(150));
        });
        let refused = dma.map_device_owned(&device, mapping.unmap_skip_sync(), ToDevice);
        let page = refused.expect_err("out of reach").buffer.reclaim();
        let bytes = page.bytes(machine);
        assert_eq!(
            (&bytes[..150], &bytes[150..]),
            (&pattern(150)[..], &[1; 50][..])
        );
    });
}

#[test]
fn attr_1_bytes_pass_from_device_to_device_without_a_cache_operation() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (disk, screen) = (legacy(machine), legacy(machine));
        let mapping = dma.map(&disk, pages(machine, Zone::Dma, 0, 300, 1), FromDevice);
        let mapping = transfer(mapping.expect("maps"), |addr, _| {
            write(machine, addr, &pattern(300));
        });
        let before = work(machine);
        let frame = mapping.unmap_skip_sync();
        assert_eq!(frame.len(), 300);
        let mapping = dma.map_device_owned(&screen, frame, ToDevice);
        assert_eq!(work(machine), before);
        let mapping = transfer(mapping.expect("maps"), |addr, len| {
            assert_eq!(work(machine), before, "not at the start either");
            assert_eq!(read(machine, addr, len), pattern(300));
        });
        // The last direction was to the device, and still the CPU must not see stale lines.
        assert_eq!(*mapping.unmap().bytes(machine), pattern(300));
    });
}

#[test]
fn attr_1_a_chain_that_ends_with_the_devices_is_reclaimed_or_dropped_without_stale_lines() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        let written = |byte| {
            let mapping = dma.map(&device, pages(machine, Zone::Dma, 10, 90, 1), FromDevice);
            let mapping = transfer(mapping.expect("maps"), |addr, len| {
                write(machine, addr, &vec![byte; len]);
            });
            let again = dma.map_device_owned(&device, mapping.unmap_skip_sync(), ToDevice);
            again.expect("maps").unmap_skip_sync()
        };
        assert_eq!(*written(5).reclaim().bytes(machine), [5; 90]);
        drop(written(6));
    });
}

/// A buffer for part of `page`: dropping it frees nothing, so that its owner may look afterwards.
fn part_of(page: &Page) -> Physical {
    // SAFETY: the tests look at the page once this is gone.
    unsafe { Physical::assume_lent(page.range()) }
}

#[test]
fn attr_1_a_dropped_chain_leaves_no_stale_line_to_whoever_owns_the_memory() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let page = pages(&machine, Zone::Dma, 0, 128, 1);
    let mapping = dma.map(&device, part_of(&page), FromDevice);
    let mapping = transfer(mapping.expect("maps"), |addr, len| {
        // Looked at meanwhile: what is cached is old.
        machine.cpu_read(page.range());
        write(&machine, addr, &vec![7; len]);
    });
    drop(mapping.unmap_skip_sync());
    assert_eq!(*page.bytes(&machine), [7; 128]);
}

#[test]
fn attr_1_what_devices_only_read_comes_back_without_a_cache_operation() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mapping = dma.map(&device, pages(&machine, Zone::Dma, 0, 300, 1), ToDevice);
    let mapping = mapping.expect("maps");
    let before = work(&machine);
    drop(mapping.unmap_skip_sync().reclaim());
    assert_eq!(work(&machine), before);
}

#[test]
fn attr_1_whichever_device_of_a_chain_rounds_the_length_up_no_line_stays_stale() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (bytes, words) = (legacy(machine), words(machine));
        for (first, second, left) in [(&words, &bytes, 5), (&bytes, &words, 6)] {
            let fill = |mapping, byte| {
                transfer(mapping, |addr, len| write(machine, addr, &vec![byte; len]))
            };
            // Rounded up to words it ends in one more line, and that is clean.
            let page = pages(machine, Zone::Dma, 3, 61, 1);
            let page = dma.map(&words, page, ToDevice).expect("maps").unmap();
            let mapping = dma.map(first, page, FromDevice);
            let owned = fill(mapping.expect("maps"), 5).unmap_skip_sync();
            let mapping = dma.map_device_owned(second, owned, FromDevice);
            let page = fill(mapping.expect("maps"), 6).unmap();
            let behind = page.with_window(64, 3).expect("inside");
            assert_eq!(*behind.bytes(machine), [left; 3]);
        }
    });
}

#[test]
fn attr_1_devices_that_snoop_and_devices_that_do_not_take_turns() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (plain, snooping) = (legacy(machine), snooping(machine));
        // The CPU's bytes are in the caches still when a device that snoops passes them on.
        let buffer = pages(machine, Zone::Dma, 0, 200, 0x21);
        let range = buffer.range();
        let mapping = dma.map(&snooping, buffer, ToDevice).expect("maps");
        let mapping = dma.map_device_owned(&plain, mapping.unmap_skip_sync(), Bidirectional);
        let mapping = transfer(mapping.expect("maps"), |addr, len| {
            assert_eq!(read(machine, addr, len), [0x21; 200]);
            write(machine, addr, &[0x42; 200]);
        });
        // And back: what snoops finds no stale line either.
        let mapping = dma.map_device_owned(&snooping, mapping.unmap_skip_sync(), ToDevice);
        let mut mapping = mapping.expect("maps");
        mapping.sync_for_device();
        // It would look into the caches, as the CPU does.
        assert_eq!(machine.cpu_read(range), [0x42; 200]);
        assert_eq!(*mapping.unmap().bytes(machine), [0x42; 200]);
    });
}

#[test]
fn attr_1_what_the_cpu_stores_over_stale_lines_is_not_dropped_with_them() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (plain, snooping) = (legacy(machine), snooping(machine));
        let mapping = dma.map(&plain, pages(machine, Zone::Dma, 0, 200, 1), FromDevice);
        let mapping = transfer(mapping.expect("maps"), |addr, _| {
            write(machine, addr, &[2; 200]);
        });
        let mapping = dma.map_device_owned(&snooping, mapping.unmap_skip_sync(), ToDevice);
        let mut mapping = mapping.expect("maps");
        mapping.for_cpu_range(70, 20).expect("inside").fill(3);
        mapping.sync_for_device();
        let mut wanted = [2; 200];
        wanted[70..90].fill(3);
        assert_eq!(*mapping.for_cpu(), wanted);
        assert_eq!(*mapping.unmap().bytes(machine), wanted);
    });
}

#[test]
fn attr_3_a_deferred_direct_map_costs_nothing_until_the_transfer_starts() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let buffer = pages(&machine, Zone::Dma, 0, 256, 1);
    machine.reset_counters();
    let mapping = dma.map_attrs(&device, buffer, FromDevice, Attrs::DEFER_SYNC);
    let mapping = mapping.expect("maps");
    assert_eq!(work(&machine), [0; 6]);
    let mapping = transfer(mapping, |_, _| {});
    assert_eq!(work(&machine)[0], 4, "cleaned at the start");
    transfer(mapping, |_, _| {});
    assert_eq!(work(&machine)[0], 4, "and once");
}

#[test]
fn attr_3_a_deferred_map_never_used_keeps_what_the_cpu_stored() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let buffer = pages(machine, zone, 0, 256, 0x33);
            let mapping = dma.map_attrs(&device, buffer, Bidirectional, Attrs::DEFER_SYNC);
            let mut mapping = mapping.expect("maps");
            mapping.for_cpu_range(64, 64).expect("inside").fill(0x44);
            assert_eq!(mapping.for_cpu()[..64], [0x33; 64]);
            let page = mapping.unmap();
            let bytes = page.bytes(machine);
            assert_eq!(
                (bytes[63], bytes[64], bytes[127], bytes[128]),
                (0x33, 0x44, 0x44, 0x33)
            );
        }
    });
}

#[test]
fn attr_3_a_deferred_map_reaches_the_device_whole_and_comes_back() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for (zone, explicit) in [(Zone::Dma, false), (Zone::Dma, true), (Zone::High, false)] {
            let buffer = pages(machine, zone, 0, 256, 0x33);
            let mapping = dma.map_attrs(&device, buffer, Bidirectional, Attrs::DEFER_SYNC);
            let mut mapping = mapping.expect("maps");
            mapping.for_cpu_range(64, 64).expect("inside").fill(0x44);
            if explicit {
                mapping.sync_for_device();
            }
            let mapping = transfer(mapping, |addr, len| {
                let seen = read(machine, addr, len);
                assert_eq!((seen[63], seen[64], seen[128]), (0x33, 0x44, 0x33));
                write(machine, addr, &[0x55; 10]);
            });
            let page = mapping.unmap();
            let bytes = page.bytes(machine);
            assert_eq!((bytes[9], bytes[10], bytes[64]), (0x55, 0x33, 0x44));
        }
    });
}

#[test]
fn attr_5_a_shared_buffer_that_would_bounce_is_refused_before_any_device_has_seen_it() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let shared = dma.share(pages(&machine, Zone::High, 0, 4096, 1));
    let before = (work(&machine), dma.pool_state());
    let refused = dma.map_shared(&device, shared, ToDevice).err();
    let refused = refused.expect("out of reach");
    assert_eq!(reason(refused.error), BounceReason::Unreachable);
    assert_eq!((work(&machine), dma.pool_state()), before);
    let page: Page = refused.buffer.into_inner().expect("the only handle");
    assert_eq!(*page.bytes(&machine), [1; 4096]);
}

#[test]
fn attr_5_one_device_writes_what_another_reads_and_the_first_map_alone_cleans() {
    under_every_adversary(&Builder::default(), |machine| {
        let dma = layer(machine, Bouncing::AsNeeded, POOL);
        let (camera, screen) = (legacy(machine), legacy(machine));
        let shared = dma.share(pages(machine, Zone::Dma, 0, 300, 0x11));
        let seen = dma.map_shared(&screen, shared.clone(), ToDevice);
        let seen = seen.expect("maps");
        let before = work(machine);
        let filled = dma.map_shared(&camera, shared.clone(), FromDevice);
        assert_eq!(work(machine), before, "cleaned already");
        let filled = transfer(filled.expect("maps"), |addr, _| {
            write(machine, addr, &pattern(100));
        });
        let seen = transfer(seen, |addr, len| {
            let mut expected = pattern(100);
            expected.resize(len, 0x11);
            assert_eq!(read(machine, addr, len), expected);
        });
        drop(seen.unmap());
        let shared = shared.into_inner().expect_err("mapped still");
        drop(filled);
        let page = shared.into_inner().expect("the last handle");
        let bytes = page.bytes(machine);
        assert_eq!(
            (&bytes[..100], &bytes[100..]),
            (&pattern(100)[..], &[0x11; 200][..])
        );
    });
}

#[test]
fn attr_5_the_last_handle_leaves_no_stale_line_to_whoever_owns_the_memory() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let page = pages(&machine, Zone::Dma, 0, 128, 1);
    let mapping = dma.map_shared(&device, dma.share(part_of(&page)), FromDevice);
    let mapping = transfer(mapping.expect("maps"), |addr, len| {
        machine.cpu_read(page.range());
        write(&machine, addr, &vec![7; len]);
    });
    drop(mapping);
    assert_eq!(*page.bytes(&machine), [7; 128]);
}

#[test]
fn attr_5_what_no_cache_can_have_missed_goes_home_without_a_cache_operation() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (plain, snooping) = (legacy(&machine), snooping(&machine));
    let shared = || dma.share(pages(&machine, Zone::Dma, 0, 300, 1));
    let only_read = dma.map_shared(&plain, shared(), ToDevice).expect("maps");
    let before = work(&machine);
    drop(only_read);
    drop(
        dma.map_shared(&snooping, shared(), FromDevice)
            .expect("maps"),
    );
    assert_eq!(work(&machine), before);
}

#[test]
fn attr_5_a_handle_tells_how_many_there_are() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let shared = dma.share(pages(&machine, Zone::Dma, 0, 64, 1));
    let second = shared.clone();
    assert_eq!(format!("{second:?}"), "Shared(2 handles)");
}

#[test]
fn attr_5_a_forgotten_shared_mapping_frees_nothing() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let shared = dma.share(pages(&machine, Zone::Dma, 0, 64, 0));
    let live = machine.live_bytes();
    std::mem::forget(dma.map_shared(&device, shared.clone(), FromDevice));
    drop(shared.into_inner().expect_err("a mapping has it"));
    assert_eq!(machine.live_bytes(), live);
}

#[test]
fn attr_5_devices_that_snoop_do_not_share_with_devices_that_do_not() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (plain, snooping) = (legacy(&machine), snooping(&machine));
    let shared = dma.share(pages(&machine, Zone::Dma, 0, 64, 0));
    let first = dma.map_shared(&plain, shared.clone(), ToDevice);
    let refused = dma.map_shared(&snooping, shared, ToDevice).err();
    let mixed = MapError::MixedCoherence { device: "snoops" };
    assert_eq!(refused.expect("mixed").error, mixed);
    assert!(first.is_ok());
}

#[test]
fn attr_6_require_coherent_is_an_error_where_cache_work_or_a_bounce_is_needed() {
    let machine = Machine::default();
    let dma = layer(&machine, Bouncing::AsNeeded, POOL);
    let (plain, snooping) = (legacy(&machine), snooping(&machine));
    let map = |device, zone| {
        let page = pages(&machine, zone, 0, 64, 0);
        let before = (work(&machine), dma.pool_state());
        let mapping = dma.map_attrs(device, page, FromDevice, Attrs::REQUIRE_COHERENT);
        assert_eq!((work(&machine), dma.pool_state()), before);
        mapping.map(drop).map_err(|refused| refused.error)
    };
    let incoherent = MapError::NeedsCoherent { device: "legacy" };
    assert_eq!(map(&plain, Zone::Dma), Err(incoherent));
    assert_eq!(map(&plain, Zone::High), Err(incoherent));
    assert_eq!(map(&snooping, Zone::Dma), Ok(()));
    let error = map(&snooping, Zone::High).expect_err("out of reach");
    assert_eq!(reason(error), BounceReason::Unreachable);
}

#[test]
fn dec_3_refusals_are_told_once_per_device_with_why_and_how_often() {
    let machine = Machine::default();
    let (dma, first, second) = (
        layer(&machine, Bouncing::Off, POOL),
        legacy(&machine),
        legacy(&machine),
    );
    let refuse = |device, attrs| {
        let page = pages(&machine, Zone::High, 0, 64, 0);
        let refused = dma.map_attrs(device, page, ToDevice, attrs).err();
        refused.expect("out of reach, and no pool").error
    };
    let error = refuse(&first, Attrs::NONE);
    refuse(&first, Attrs::NONE);
    refuse(&first, Attrs::NO_WARN);
    refuse(&second, Attrs::NO_WARN);
    let told = dma.complaint().expect("told");
    assert_eq!((told.device, told.more), ("legacy", 1));
    assert_eq!(told.cause, Cause::Refused(error));
    let line = told.to_string();
    assert!(
        line.contains("out of the device's reach") && line.contains("noforce"),
        "{line}"
    );
    assert!(
        line.ends_with("(and 1 more)") && !line.contains('\n'),
        "{line}"
    );
    assert_eq!(dma.complaint(), None);
    let counts = |device| (dma.totals(device).refused, dma.totals(device).refused_for);
    assert_eq!(counts(&first), (3, [0, 3, 0, 0]));
    assert_eq!(
        counts(&second),
        (1, [0, 1, 0, 0]),
        "no message, but an error"
    );
}
