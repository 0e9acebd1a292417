//! The model's own properties: that it bites where hardware would, and only there.

mod cache;
mod explored;
mod order;
mod strict;
mod transfers;
mod uncached;

use hal::{DmaAddr, PAGE, PhysAddr, PhysRange, Platform};
use sim::{BusView, Machine};

/// Where the tests' page lies, for the CPU and for a legacy master.
const START: u64 = 0x1000_0000;
const BUS: DmaAddr = DmaAddr::new(0xD000_0000);

/// `len` bytes at `offset` into the page.
fn part(offset: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(START + offset), len).expect("inside the page")
}

/// Owns the page, from here to the end of the machine, with nothing of it in the cache.
fn own_page(machine: &Machine) {
    machine.take(START, PAGE);
    machine.settle();
}

fn device_write(machine: &Machine, offset: u64, bytes: &[u8]) {
    let addr = BUS.checked_add(offset).expect("in the window");
    machine.device_write(&BusView::legacy(), addr, bytes);
}

fn device_read(machine: &Machine, offset: u64, len: usize) -> Vec<u8> {
    let addr = BUS.checked_add(offset).expect("in the window");
    machine.device_read(&BusView::legacy(), addr, len)
}

#[expect(
    unsafe_code,
    reason = "the tests break and keep the contract on purpose"
)]
fn invalidate(machine: &Machine, range: PhysRange) {
    // SAFETY: the page is owned for good; stores that get lost are what the tests look for.
    unsafe { machine.invalidate(range) };
}

#[expect(
    unsafe_code,
    reason = "the tests break and keep the contract on purpose"
)]
fn copy(machine: &Machine, from: u64, to: u64, len: u64) {
    let (from, to) = (PhysAddr::new(START + from), PhysAddr::new(START + to));
    // SAFETY: both sides lie in the owned page; the model refuses sides that overlap.
    unsafe { machine.copy(from, to, len) };
}
