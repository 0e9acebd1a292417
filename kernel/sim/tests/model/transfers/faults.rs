//! Faults that a test injects.

use super::*;
use sim::dma_engine::{Faults, Pace};

const READ_ERROR: u32 = 1 << 2;

#[test]
fn a_read_error_stops_the_channel_and_is_cleared_in_debug() {
    let (machine, mut engine) = bench();
    let read_error_after = Some(3);
    let faults = Faults {
        read_error_after,
        ..Faults::default()
    };
    engine.inject(0, faults);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    assert_eq!(
        engine.read32(CS) & (ACTIVE | END | INT | ERROR),
        INT | ERROR
    );
    assert_eq!(engine.read32(DEBUG) & 7, READ_ERROR);
    engine.write32(DEBUG, READ_ERROR);
    assert_eq!(engine.read32(CS) & ERROR, 0);
    assert_ne!(engine.read32(CONBLK_AD), 0);
}

#[test]
fn a_stalled_channel_is_active_and_never_ends() {
    let (machine, mut engine) = bench();
    let faults = Faults {
        stall_after: Some(10),
        ..Faults::default()
    };
    engine.inject(0, faults);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    assert_eq!(engine.read32(CS), ACTIVE);
    engine.write32(CS, 0);
    while engine.read32(CS) & WAITING != 0 {}
    assert_eq!(engine.read32(CS) & ACTIVE, 0);
    assert_eq!(ram(&machine, TO, 40), ram(&machine, FROM, 40));
    assert_eq!(ram(&machine, TO + 40, 4), [0; 4]);
}

#[test]
fn words_are_counted_from_the_start_of_each_transfer() {
    let (machine, mut engine) = bench();
    let faults = Faults {
        stall_after: Some(3),
        ..Faults::default()
    };
    engine.inject(0, faults);
    let at = block(&machine, 0, [COPY, FROM, TO, 8, 0, 0]);
    for _ in 0..2 {
        start(&mut engine, 0, at);
        assert_eq!(engine.read32(CS) & ACTIVE, 0);
    }
}

#[test]
fn a_chain_goes_on_when_its_stuck_writes_are_released() {
    let (machine, mut engine) = bench();
    let faults = Faults {
        sticky_writes: true,
        ..Faults::default()
    };
    engine.inject(0, faults);
    let last = block(&machine, 1, [COPY, FROM, TO + 64, 64, 0, 0]);
    let first = block(&machine, 0, [COPY, FROM, TO, 64, 0, last]);
    start(&mut engine, 0, first);
    engine.release(0);
    engine.run();
    assert_eq!(ram(&machine, TO + 64, 64), ram(&machine, FROM, 64));
}

#[test]
fn a_channel_with_sticky_active_cannot_be_halted() {
    let (machine, mut engine) = bench();
    engine.set_pace(Pace::Stepped);
    let faults = Faults {
        sticky_active: true,
        ..Faults::default()
    };
    engine.inject(0, faults);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    engine.write32(CS, 0);
    engine.write32(CS, RESET);
    assert_eq!(engine.read32(CS) & ACTIVE, ACTIVE);
    engine.run();
    assert_eq!(ram(&machine, TO, 64), ram(&machine, FROM, 64));
}

#[test]
fn sticky_writes_land_long_after_the_channel_was_given_up() {
    let (machine, mut engine) = bench();
    let faults = Faults {
        sticky_writes: true,
        ..Faults::default()
    };
    engine.inject(0, faults);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    assert_eq!(engine.read32(CS), ACTIVE | WAITING);
    engine.write32(CS, 0);
    assert!((0..100).all(|_| engine.read32(CS) & WAITING != 0));
    engine.write32(CS, RESET);
    assert_eq!(ram(&machine, TO + 60, 4), [0; 4]);
    engine.release(0);
    assert_eq!(ram(&machine, TO + 60, 4), ram(&machine, FROM + 60, 4));
}

#[test]
#[should_panic(expected = "Device touches RAM that nobody owns")]
fn stuck_writes_into_memory_that_was_freed_panic() {
    let machine = Builder::small().build();
    let page = machine.take(crate::START, PAGE);
    machine.settle();
    let mut engine = DmaEngine::new(&machine);
    let faults = Faults {
        sticky_writes: true,
        ..Faults::default()
    };
    engine.inject(0, faults);
    let at = block(&machine, 0, [COPY, FROM, TO, 64, 0, 0]);
    start(&mut engine, 0, at);
    hal::PageSource::free(&machine, page);
    engine.release(0);
}
