//! Mistakes that hardware swallows and the model does not.

use crate::{copy, device_read, device_write, invalidate, own_page, part};
use hal::{Access, DmaAddr, GIB, LINE, PAGE, PhysAddr, PhysRange, Platform};
use sim::{Builder, BusView, Machine};

fn machine() -> Machine {
    let machine = Builder::small().build();
    own_page(&machine);
    machine
}

#[test]
#[should_panic(expected = "legacy master at bus address 0x10000000, 4 bytes: no window there")]
fn a_bare_physical_address_panics() {
    machine().device_read(&BusView::legacy(), DmaAddr::new(0x1000_0000), 4);
}

#[test]
#[should_panic(expected = "no window there")]
fn an_address_above_the_reach_panics() {
    machine().device_write(&BusView::legacy(), DmaAddr::new(GIB), &[0; 4]);
}

#[test]
#[should_panic(expected = "no RAM there")]
fn a_window_without_ram_behind_it_panics() {
    machine().device_read(&BusView::legacy(), DmaAddr::new(0xC000_0000), 4);
}

#[test]
#[should_panic(expected = "Device touches RAM that nobody owns")]
fn a_device_in_free_ram_panics() {
    device_write(&machine(), PAGE - 2, &[0; 4]);
}

#[test]
#[should_panic(expected = "Cpu touches RAM that nobody owns")]
fn the_cpu_in_free_ram_panics() {
    machine().cpu_read(part(PAGE, 1));
}

#[test]
#[should_panic(expected = "invalidate of partial lines")]
fn invalidating_a_part_of_a_line_panics() {
    invalidate(&machine(), part(0, 63));
}

#[test]
#[should_panic(expected = "invalidated while the CPU looks at it")]
fn invalidating_under_a_view_panics() {
    let machine = machine();
    machine.view(part(0, 4), Access::Read);
    invalidate(&machine, part(0, LINE));
    machine.complete();
}

#[test]
#[should_panic(expected = "overlaps")]
fn a_copy_onto_itself_panics() {
    copy(&machine(), 0, 32, 64);
}

#[test]
#[should_panic(expected = "is not RAM of one bank")]
fn maintenance_beside_ram_panics() {
    let machine = machine();
    let range = PhysRange::new(PhysAddr::new(0x2000_0000), 64).expect("valid");
    machine.clean(range);
    machine.complete();
}

#[test]
#[should_panic(expected = "end_view follows view")]
fn ending_a_view_that_is_not_open_panics() {
    machine().end_view(part(0, 4), Access::Read);
}

#[test]
fn a_device_with_a_wider_window_reaches_high_ram() {
    let machine = machine();
    machine.take(GIB, PAGE);
    machine.device_write(&BusView::identity(), DmaAddr::new(GIB), &[1; 4]);
    assert_eq!(device_read(&machine, 0, 1).len(), 1);
}
