//! What the cache does to those who forget it.

use crate::{copy, device_read, device_write, invalidate, own_page, part};
use hal::{Access, Cpu, CpuId, LINE, PAGE, PageSource, Platform, View, ViewMut, Zone};
use sim::{Adversary, Builder, LineState, Machine, set_cpu, under_every_adversary};

fn machine(adversary: Adversary) -> Machine {
    let machine = Builder::small().adversary(adversary).build();
    own_page(&machine);
    machine
}

/// Reads what a device wrote: clean, device, invalidate. Each step can be left out.
fn receive(machine: &Machine, clean: bool, invalidate_after: bool) -> Vec<u8> {
    let line = part(0, LINE);
    machine.cpu_write(line.start(), &[1; 64]);
    if clean {
        machine.clean(line);
        machine.complete();
    }
    device_write(machine, 0, &[2; 64]);
    if invalidate_after {
        invalidate(machine, line);
        machine.complete();
    }
    machine.cpu_read(line)
}

#[test]
fn clean_before_and_invalidate_after_are_enough() {
    under_every_adversary(&Builder::small(), |machine| {
        own_page(machine);
        assert_eq!(receive(machine, true, true), [2; 64]);
    });
}

#[test]
fn without_the_clean_a_dirty_line_lands_on_the_device_data() {
    let machine = machine(Adversary::WorstEvict);
    assert_eq!(receive(&machine, false, true), [1; 64]);
    assert_eq!(machine.peek_ram(part(0, LINE)), [1; 64]);
}

#[test]
fn without_the_invalidate_the_cpu_finds_what_was_prefetched() {
    let machine = machine(Adversary::WorstPrefetch);
    assert_eq!(receive(&machine, true, false), [1; 64]);
    assert_eq!(machine.peek_ram(part(0, LINE)), [2; 64]);
}

#[test]
fn without_the_clean_a_device_reads_what_was_there_before() {
    let machine = machine(Adversary::Quiet);
    let before = device_read(&machine, 0, 64);
    machine.cpu_write(part(0, LINE).start(), &[1; 64]);
    assert_eq!(device_read(&machine, 0, 64), before);
}

#[test]
fn a_clean_reaches_ram_only_with_complete() {
    for mode in [
        Adversary::Quiet,
        Adversary::WorstPrefetch,
        Adversary::WorstEvict,
    ] {
        let machine = machine(mode);
        machine.cpu_write(part(0, LINE).start(), &[1; 64]);
        machine.clean(part(0, LINE));
        assert_ne!(device_read(&machine, 0, 64), [1; 64]);
        machine.complete();
        assert_eq!(device_read(&machine, 0, 64), [1; 64]);
    }
}

#[test]
fn an_invalidate_takes_effect_only_with_complete() {
    let machine = machine(Adversary::WorstPrefetch);
    device_write(&machine, 0, &[2; 64]);
    invalidate(&machine, part(0, LINE));
    assert_ne!(machine.cpu_read(part(0, LINE)), [2; 64]);
    machine.complete();
    assert_eq!(machine.cpu_read(part(0, LINE)), [2; 64]);
}

#[test]
fn publish_and_acquire_finish_no_maintenance() {
    let machine = machine(Adversary::Quiet);
    machine.cpu_write(part(0, LINE).start(), &[1; 64]);
    machine.clean(part(0, LINE));
    machine.publish();
    machine.acquire();
    assert_ne!(device_read(&machine, 0, 64), [1; 64]);
}

#[test]
fn complete_finishes_the_maintenance_of_its_own_core_alone() {
    let machine = machine(Adversary::Quiet);
    machine.cpu_write(part(0, LINE).start(), &[1; 64]);
    machine.clean(part(0, LINE));
    let other = machine.clone();
    let barrier = std::thread::spawn(move || {
        set_cpu(CpuId::new(1).expect("four cores"));
        other.complete();
    });
    barrier.join().expect("no panic");
    assert_eq!(Machine::cpu_id(), CpuId::BOOT);
    assert_ne!(device_read(&machine, 0, 64), [1; 64]);
}

#[test]
fn a_store_behind_a_clean_may_stay_in_the_cache() {
    let machine = machine(Adversary::WorstPrefetch);
    machine.cpu_write(part(0, 1).start(), &[1]);
    machine.clean(part(0, LINE));
    machine.cpu_write(part(1, 1).start(), &[1]);
    machine.complete();
    assert_eq!(device_read(&machine, 0, 1), [1]);
    assert_ne!(device_read(&machine, 1, 1), [1]);
}

#[test]
fn invalidating_drops_what_a_neighbour_in_the_line_stored() {
    let machine = machine(Adversary::Quiet);
    machine.cpu_write(part(32, 32).start(), &[1; 32]);
    device_write(&machine, 0, &[2; 32]);
    invalidate(&machine, part(0, LINE));
    machine.complete();
    assert_eq!(machine.cpu_read(part(0, 32)), [2; 32]);
    assert_ne!(machine.cpu_read(part(32, 32)), [1; 32]);
}

#[test]
fn writing_a_shared_line_back_destroys_what_the_device_wrote_beside_it() {
    let machine = machine(Adversary::WorstPrefetch);
    device_write(&machine, 0, &[2; 32]);
    machine.cpu_write(part(32, 32).start(), &[1; 32]);
    machine.clean_invalidate(part(0, LINE));
    machine.complete();
    assert_eq!(machine.cpu_read(part(32, 32)), [1; 32]);
    assert_ne!(machine.cpu_read(part(0, 32)), [2; 32]);
}

#[test]
fn maintenance_covers_every_line_that_the_range_meets() {
    let machine = machine(Adversary::Quiet);
    machine.cpu_write(part(0, 192).start(), &[1; 192]);
    machine.clean(part(63, 66));
    machine.complete();
    assert_eq!(device_read(&machine, 0, 192), [1; 192]);
    assert_eq!(machine.counters().lines_cleaned, 3);
}

#[test]
fn copies_go_through_the_cache_and_touch_no_byte_outside() {
    under_every_adversary(&Builder::small(), |machine| {
        own_page(machine);
        machine.cpu_write(part(0, 256).start(), &[1; 256]);
        machine.cpu_write(part(512, 256).start(), &[3; 256]);
        copy(machine, 7, 512 + 60, 100);
        let mut expected = [3; 256];
        expected[60..160].fill(1);
        assert_eq!(machine.cpu_read(part(512, 256)), expected);
    });
}

#[test]
fn a_copy_reads_stale_lines_as_any_load_does() {
    let machine = machine(Adversary::WorstPrefetch);
    device_write(&machine, 0, &[2; 64]);
    copy(&machine, 0, 128, 64);
    assert_ne!(machine.cpu_read(part(128, 64)), [2; 64]);
}

#[test]
#[expect(unsafe_code, reason = "views need a promise of their caller")]
fn a_store_through_a_view_lies_in_the_cache_until_it_is_cleaned() {
    under_every_adversary(&Builder::small(), |machine| {
        own_page(machine);
        // SAFETY: the page is owned for good and no device writes to this part of it.
        let mut view = unsafe { ViewMut::new(machine, part(10, 100)) };
        view.fill(1);
        device_write(machine, 192, &[2; 64]);
        view[99] = 9;
        drop(view);
        machine.clean(part(10, 100));
        machine.complete();
        assert_eq!(device_read(machine, 10, 99), [1; 99]);
        assert_eq!(device_read(machine, 109, 1), [9]);
    });
}

#[test]
#[expect(unsafe_code, reason = "views need a promise of their caller")]
fn a_line_under_a_view_is_never_dropped() {
    let mode = Adversary::Random {
        seed: 1,
        percent: 100,
    };
    let machine = machine(mode);
    machine.cpu_write(part(0, 64).start(), &[1; 64]);
    // SAFETY: the page is owned for good and no device writes to this part of it.
    let view = unsafe { View::new(&machine, part(0, 64), Access::Read) };
    for _ in 0..50 {
        machine.publish();
        assert_ne!(machine.line_state(part(0, 1).start()), LineState::Absent);
    }
    assert_eq!(*view, [1; 64]);
}

#[test]
#[expect(unsafe_code, reason = "views need a promise of their caller")]
fn two_cores_store_to_their_halves_of_a_line_at_once() {
    let mode = Adversary::Random {
        seed: 3,
        percent: 60,
    };
    let machine = machine(mode);
    let store = |core: u64| {
        set_cpu(CpuId::new(core as usize).expect("four cores"));
        for round in 0..10 {
            // SAFETY: the page is owned for good, and each core has a half of the line to itself.
            let mut view = unsafe { ViewMut::new(&machine, part(core * 32, 32)) };
            view.fill(round);
            view[31] += 1;
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| store(0));
        scope.spawn(|| store(1));
    });
    let mut expected = [9; 32];
    expected[31] = 10;
    assert_eq!(machine.cpu_read(part(0, 64)), [expected, expected].concat());
}

#[test]
#[expect(unsafe_code, reason = "views need a promise of their caller")]
fn a_view_of_two_lines_keeps_the_first_while_the_second_is_fetched() {
    under_every_adversary(&Builder::small(), |machine| {
        own_page(machine);
        machine.cpu_write(part(0, 128).start(), &[5; 128]);
        // SAFETY: the page is owned for good and no device writes to this part of it.
        let view = unsafe { View::new(machine, part(0, 128), Access::Read) };
        assert_eq!(*view, [5; 128]);
    });
}

#[test]
fn memory_that_changes_hands_is_dirty_in_the_cache() {
    let machine = Builder::small().build();
    let taken = machine.take(crate::START, PAGE);
    let given = machine.alloc(1, 1, Zone::Dma).expect("room");
    for region in [taken, given] {
        let addr = region.range().start();
        assert_eq!(machine.line_state(addr), LineState::Dirty);
    }
}

#[test]
fn a_load_leaves_a_line_clean_and_settling_leaves_it_absent() {
    let machine = machine(Adversary::Quiet);
    let addr = part(0, 4).start();
    machine.cpu_read(part(0, 4));
    assert_eq!(machine.line_state(addr), LineState::Clean);
    machine.settle();
    assert_eq!(machine.line_state(addr), LineState::Absent);
}

#[test]
fn a_random_run_repeats_with_its_seed() {
    let run = |seed| {
        let machine = machine(Adversary::Random { seed, percent: 50 });
        machine.cpu_write(part(0, 256).start(), &[1; 256]);
        device_write(&machine, 0, &[2; 256]);
        let outcome = machine.cpu_read(part(0, 256));
        (outcome, machine.counters())
    };
    assert_eq!(run(5), run(5));
    assert!((0..20).any(|seed| run(seed) != run(5)));
}
