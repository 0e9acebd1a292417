//! Barriers: the model sees those that are missing, and records those that are there.

use crate::{START, device_write, invalidate, own_page, part};
use hal::{CpuId, LINE, PAGE, PageSource, Platform};
use sim::{Builder, Machine, Op, Violation, set_cpu};

fn machine() -> Machine {
    let machine = Builder::small().build();
    own_page(&machine);
    machine
}

#[test]
#[should_panic(expected = "before its store at 0x10000000 was published")]
fn a_doorbell_before_its_stores_are_published_panics() {
    let machine = machine();
    machine.cpu_write(part(0, 4).start(), &[1; 4]);
    machine.doorbell();
}

#[test]
fn publish_or_complete_lets_the_doorbell_ring() {
    let barriers: [fn(&Machine); 2] = [Machine::publish, Machine::complete];
    for barrier in barriers {
        let machine = machine();
        machine.cpu_write(part(0, 4).start(), &[1; 4]);
        barrier(&machine);
        machine.doorbell();
    }
}

#[test]
fn stores_of_another_core_do_not_hold_up_a_doorbell() {
    let machine = machine();
    machine.cpu_write(part(0, 4).start(), &[1; 4]);
    let other = machine.clone();
    let ring = std::thread::spawn(move || {
        set_cpu(CpuId::new(1).expect("four cores"));
        other.doorbell();
    });
    ring.join().expect("no violation");
}

#[test]
#[should_panic(expected = "without acquire after the status read")]
fn loading_device_data_without_acquire_panics() {
    let machine = machine();
    device_write(&machine, 0, &[2; 4]);
    machine.acquire();
    machine.status_read();
    machine.cpu_read(part(0, 4));
}

#[test]
fn acquire_behind_the_status_read_lets_the_data_be_loaded() {
    let machine = machine();
    device_write(&machine, 0, &[2; 4]);
    machine.status_read();
    machine.acquire();
    invalidate(&machine, part(0, LINE));
    machine.complete();
    assert_eq!(machine.cpu_read(part(0, 4)), [2; 4]);
}

#[test]
fn lines_that_no_device_wrote_need_no_acquire() {
    let machine = machine();
    device_write(&machine, 0, &[2; 4]);
    machine.status_read();
    machine.cpu_read(part(64, 4));
}

#[test]
fn memory_that_changed_hands_needs_no_acquire() {
    for status_first in [true, false] {
        let machine = Builder::small().build();
        let page = machine.take(START, PAGE);
        device_write(&machine, 0, &[2; 4]);
        if status_first {
            machine.status_read();
        }
        machine.free(page);
        machine.take(START, PAGE);
        if !status_first {
            machine.status_read();
        }
        machine.cpu_read(part(0, 4));
    }
}

#[test]
fn violations_can_be_collected() {
    let machine = Builder::small().collect_violations().build();
    own_page(&machine);
    let store = part(0, 4).start();
    machine.cpu_write(store, &[1; 4]);
    machine.doorbell();
    let cpu = CpuId::BOOT;
    assert_eq!(
        machine.violations(),
        [Violation::NotPublished { cpu, store }]
    );
}

#[test]
fn the_trace_keeps_the_order_of_requests() {
    let machine = machine();
    machine.clear_trace();
    let line = part(0, LINE);
    machine.clean(line);
    machine.complete();
    machine.publish();
    machine.doorbell();
    device_write(&machine, 0, &[1; 64]);
    machine.status_read();
    machine.acquire();
    invalidate(&machine, line);
    let expected = [
        Op::Clean(line),
        Op::Complete,
        Op::Publish,
        Op::Doorbell,
        Op::DeviceWrite(line),
        Op::StatusRead,
        Op::Acquire,
        Op::Invalidate(line),
    ];
    assert_eq!(machine.trace(), expected);
}

#[test]
fn work_is_counted_in_lines_and_bytes() {
    let machine = machine();
    machine.reset_counters();
    machine.clean(part(0, 65));
    machine.clean_invalidate(part(0, 64));
    invalidate(&machine, part(64, 192));
    machine.complete();
    crate::copy(&machine, 0, 512, 100);
    let counters = machine.counters();
    assert_eq!(counters.lines_cleaned, 2);
    assert_eq!(counters.lines_clean_invalidated, 1);
    assert_eq!(counters.lines_invalidated, 3);
    assert_eq!((counters.completes, counters.bytes_copied), (1, 100));
}
