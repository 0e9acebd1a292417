//! What handles and refusals say of themselves, in a log line.

mod common;

use common::{POOL, layer, legacy, pages, transfer};
use dma::{Bouncing, DmaDevice, FromDevice, SgTable, Staging, ToDevice};
use hal::{Pages, Zone};
use sim::Machine;
use std::fmt::{Debug, Display};

#[test]
fn a_handle_tells_what_it_is_and_whose() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let page = || pages(&machine, Zone::Dma, 0, 64, 0);
    let mapping = dma.map(&device, page(), ToDevice).expect("maps");
    assert_eq!(
        format!("{mapping:?}"),
        "Mapping(64 bytes ToDevice for legacy)"
    );
    let received = dma.map(&device, page(), FromDevice::REPORTED);
    let received = transfer(received.expect("maps"), |_, _| {});
    let received = received.complete(0).expect("not more than there is");
    assert_eq!(format!("{received:?}"), "Completed(0 of 64 bytes)");
    let filled = received.unmap();
    assert_eq!(format!("{filled:?}"), "Filled(0 of 64 bytes)");
    let staging = Staging::new(&dma, &device, page());
    assert_eq!(format!("{staging:?}"), "Staging(64 bytes for legacy)");
    let reserved = dma.reserve(&device, 2, 64, 1).expect("room");
    assert_eq!(format!("{reserved:?}"), "Reservation(2 slots for legacy)");
    let calls = dma.by_address(&device).expect("heap");
    assert_eq!(format!("{calls:?}"), "ByAddress(legacy)");
    let counts = format!("{device:?}");
    assert!(counts.contains("Counters { .. }"), "the inspector's alone");
    assert!(counts.contains("Terms(legacy, quota None)"), "{counts}");
    let limited = DmaDevice::builder("limited").quota(7);
    let limited = format!("{:?}", limited.build(&machine.ram()).expect("valid"));
    let terms = "Terms(limited, quota Some(Budget(7 slots)))";
    assert!(limited.contains(terms), "{limited}");
}

/// Says the same in both ways.
fn says<R: Debug + Display, E: Debug + Display>(refused: &R, error: E) {
    assert_eq!(format!("{refused:?}"), format!("{error:?}"));
    assert_eq!(refused.to_string(), error.to_string());
}

#[test]
fn a_refusal_says_what_its_error_does_and_nothing_of_what_comes_back() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Off, POOL), legacy(&machine));
    let high = || pages(&machine, Zone::High, 0, 64, 0);
    let refused = dma.map(&device, high(), ToDevice).expect_err("no pool");
    says(&refused, refused.error);
    let empty = SgTable::<Pages<Machine>>::with_capacity(1, 1).expect("memory");
    let refused = dma.map_sg(&device, empty, ToDevice).expect_err("empty");
    says(&refused, refused.error);
    let low = pages(&machine, Zone::Dma, 0, 64, 0);
    let received = dma.map(&device, low, FromDevice::REPORTED).expect("maps");
    let refused = received.complete(65).expect_err("more than there is");
    says(&refused, refused.error);
}
