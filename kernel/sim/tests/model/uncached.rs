//! Memory that no cache holds: devices and CPU find the same bytes at once, in order or not at all.

#![expect(
    unsafe_code,
    reason = "the tests break and keep the contract on purpose"
)]

use crate::{device_read, device_write, part};
use hal::{LINE, PAGE, PhysAddr, Platform};
use sim::{Adversary, Builder, Machine, Op};

const CELL: u64 = 0;
const ELSEWHERE: u64 = PAGE;

/// A page of uncached memory, and one of RAM behind it.
fn machine(adversary: Adversary) -> Machine {
    let machine = Builder::small().adversary(adversary).build();
    machine.take_uncached(part(CELL, 1).start().get(), PAGE);
    machine.take(part(ELSEWHERE, 1).start().get(), PAGE);
    machine.settle();
    machine
}

fn at(offset: u64) -> PhysAddr {
    part(offset, 1).start()
}

fn copy_in(machine: &Machine, from: u64, to: u64, len: u64) {
    // SAFETY: both pages are owned for good.
    unsafe { machine.copy_to_uncached(at(from), at(to), len) };
}

fn copy_out(machine: &Machine, from: u64, to: u64, len: u64) {
    // SAFETY: as above.
    unsafe { machine.copy_from_uncached(at(from), at(to), len) };
}

#[test]
fn what_the_cpu_copies_in_the_device_reads_and_the_other_way_without_maintenance() {
    for adversary in [
        Adversary::Quiet,
        Adversary::WorstPrefetch,
        Adversary::WorstEvict,
        Adversary::Random {
            seed: 7,
            percent: 60,
        },
    ] {
        let machine = machine(adversary);
        machine.cpu_write(at(ELSEWHERE), b"to the device");
        copy_in(&machine, ELSEWHERE, CELL + 1, 13);
        machine.publish();
        machine.doorbell();
        assert_eq!(device_read(&machine, CELL + 1, 13), b"to the device");
        device_write(&machine, CELL + 60, b"and back");
        machine.status_read();
        machine.acquire();
        copy_out(&machine, CELL + 60, ELSEWHERE + 100, 8);
        assert_eq!(machine.cpu_read(part(ELSEWHERE + 100, 8)), b"and back");
        assert_eq!(machine.counters().bytes_uncached, 21);
    }
}

#[test]
fn zeros_reach_the_device_and_the_trace_tells_all_three() {
    let machine = machine(Adversary::Quiet);
    machine.clear_trace();
    machine.uncached_write(at(CELL), &[9; 64]);
    // SAFETY: owned for good.
    unsafe { machine.zero_uncached(part(CELL + 3, 61)) };
    copy_in(&machine, ELSEWHERE, CELL + 64, 1);
    copy_out(&machine, CELL, ELSEWHERE, 4);
    assert_eq!(device_read(&machine, CELL, 4), [9, 9, 9, 0]);
    let (from, to, len) = (at(ELSEWHERE), at(CELL + 64), 1);
    let ops = machine.trace();
    assert_eq!(ops[0], Op::ZeroUncached(part(CELL + 3, 61)));
    assert_eq!(ops[1], Op::CopyToUncached { from, to, len });
    assert!(matches!(ops[2], Op::CopyFromUncached { len: 4, .. }));
}

#[test]
#[should_panic(expected = "of uncached memory used by the cached view")]
fn co_5_a_load_by_the_cached_view_panics() {
    machine(Adversary::Quiet).cpu_read(part(CELL, 1));
}

#[test]
#[should_panic(expected = "of uncached memory used by the cached view")]
fn co_5_a_store_by_the_cached_view_panics() {
    machine(Adversary::Quiet).cpu_write(at(CELL), &[1]);
}

#[test]
#[should_panic(expected = "of uncached memory used by the cached view")]
fn maintenance_of_uncached_memory_panics() {
    machine(Adversary::Quiet).clean(part(CELL + LINE, 1));
}

#[test]
#[should_panic(expected = "cacheable memory used by the uncached window")]
fn ram_by_the_uncached_window_panics() {
    copy_out(&machine(Adversary::Quiet), ELSEWHERE, ELSEWHERE + 64, 4);
}

#[test]
#[should_panic(expected = "before its store at")]
fn a_doorbell_before_uncached_stores_are_published_panics() {
    let machine = machine(Adversary::Quiet);
    copy_in(&machine, ELSEWHERE, CELL, 4);
    machine.doorbell();
}

#[test]
#[should_panic(expected = "without acquire after the status read")]
fn an_uncached_load_before_acquire_panics() {
    let machine = machine(Adversary::Quiet);
    device_write(&machine, CELL, &[1; 4]);
    machine.status_read();
    copy_out(&machine, CELL, ELSEWHERE, 4);
}
