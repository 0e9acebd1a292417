//! Windows, cacheabilities, and cores without caches.

use crate::common::{CHANNEL, COMPLETE, DEST, Machine, SOURCE};
use oracle::finding::{Kind, Master, Part};
use oracle::model::{Event, Through};

fn uncached(phys: u64) -> Event {
    let (len, through) = (8, Through::Uncached);
    Event::Load { phys, len, through }
}

#[test]
fn an_address_outside_the_window_is_told() {
    let mut machine = Machine::new();
    machine.then(Event::Outside {
        master: CHANNEL,
        part: Part::Source,
        bus: 0x1000,
        len: 64,
    });
    let found = machine.found();
    assert_eq!(
        (found[0].kind, found[0].address),
        (Kind::OutsideWindow, 0x1000)
    );
}

#[test]
fn one_line_with_two_cacheabilities_is_told_once_for_a_page() {
    let mut machine = Machine::new();
    machine.store(SOURCE, 8).then(uncached(DEST));
    assert_eq!(machine.found(), [], "different lines");
    machine.then(uncached(SOURCE));
    assert_eq!(machine.kinds(), [Kind::TwoCacheabilities]);
    machine.store(SOURCE + 64, 8).then(uncached(SOURCE + 64));
    assert_eq!(machine.found(), [], "the same page");
    machine.load(DEST, 8);
    assert_eq!(
        machine.kinds(),
        [Kind::TwoCacheabilities],
        "in either order"
    );
}

#[test]
fn a_core_without_caches_sees_what_was_cleaned_before_it_goes_on() {
    let waits = |core_sees: fn(&mut Machine)| {
        let mut machine = Machine::new();
        machine
            .on(1)
            .then(Event::Caches { on: false })
            .load(SOURCE, 8);
        machine.on(0).store(SOURCE, 8);
        // It looks all the time, also now.
        machine.on(1).load(SOURCE, 8);
        core_sees(&mut machine);
        machine.on(1).then(Event::Caches { on: true });
        machine.found()
    };
    let found = waits(|_| ());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].kind, Kind::DirtyRead);
    assert_eq!(found[0].master, Some(Master::Core(1)));
    let cleaned = waits(|machine| {
        machine
            .on(0)
            .clean(SOURCE, 8)
            .then(COMPLETE)
            .on(1)
            .load(SOURCE, 8);
    });
    assert_eq!(cleaned, []);
}

#[test]
fn a_store_without_caches_leaves_the_others_copies_behind() {
    let mut machine = Machine::new();
    machine.load(SOURCE, 8);
    machine
        .on(1)
        .then(Event::Caches { on: false })
        .store(SOURCE, 8);
    machine.on(0).load(SOURCE, 8);
    assert_eq!(machine.kinds(), [Kind::StaleLoad]);
}

#[test]
fn before_any_core_has_caches_nothing_is_in_them() {
    let mut machine = Machine::new();
    for core in 0..4 {
        machine.on(core).then(Event::Caches { on: false });
    }
    machine
        .on(0)
        .store(SOURCE, 64)
        .then(Event::Caches { on: true });
    machine.load(SOURCE, 64);
    machine.prepared().start();
    assert_eq!(machine.found(), []);
}

#[test]
fn a_trace_tells_what_concerns_the_finding() {
    let mut machine = Machine::new();
    machine.model =
        std::mem::replace(&mut machine.model, oracle::model::Model::new(0)).with_trace();
    machine
        .prepared()
        .load(DEST + 0x100, 8)
        .store(SOURCE, 8)
        .start();
    let found = machine.found();
    let trace = machine.model.history(&found[0]);
    let has = |text: &str| trace.iter().any(|event| event.text.contains(text));
    assert!(has("Start") && has("Barrier") && has("Store { phys: 2000"));
    assert!(!has("phys: 3100"), "another line's business: {trace:?}");
}
