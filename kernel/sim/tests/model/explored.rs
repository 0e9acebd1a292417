//! All interleavings of small cases: the right sequence passes every one, each wrong one fails some.

use crate::{BUS, copy, device_read, device_write, invalidate, own_page, part};
use hal::{Access, LINE, Platform, View};
use sim::{Adversary, Builder, DeviceAccess, Explored, Machine, Oracle, explore, explore_states};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Moves per run. Miri is too slow for more than one.
const MOVES: usize = if cfg!(miri) { 1 } else { 3 };

/// A bounced receive of one line: bounce line 0, buffer line 1.
fn bounced_receive(machine: &Machine, skip: &str) -> bool {
    own_page(machine);
    let line = part(0, LINE);
    machine.cpu_write(line.start(), &[1; 64]);
    let step = |name, act: &dyn Fn()| {
        if name != skip {
            act();
        }
    };
    step("clean", &|| machine.clean(line));
    step("complete the clean", &|| machine.complete());
    device_write(machine, 0, &[2; 64]);
    step("invalidate", &|| invalidate(machine, line));
    step("complete the invalidate", &|| machine.complete());
    copy(machine, 0, 64, 64);
    machine.cpu_read(part(64, 64)) == [2; 64]
}

/// Runs in all, and runs that failed.
fn tally(scenario: impl Fn(&Machine) -> bool) -> (usize, usize) {
    let mut failed = 0;
    let runs = explore(&Builder::small(), MOVES, |machine| {
        failed += usize::from(!scenario(machine));
    });
    (runs, failed)
}

#[test]
fn the_whole_sequence_survives_every_interleaving() {
    let (runs, failed) = tally(|machine| bounced_receive(machine, "nothing"));
    assert_eq!(failed, 0);
    assert!(runs > 10, "{runs} runs explore nothing");
}

#[test]
fn leaving_out_any_step_fails_in_some_interleaving() {
    for skip in [
        "clean",
        "complete the clean",
        "invalidate",
        "complete the invalidate",
    ] {
        let (_, failed) = tally(|machine| bounced_receive(machine, skip));
        assert!(failed > 0, "no adversary notices a missing {skip}");
    }
}

#[test]
fn a_sent_line_arrives_in_every_interleaving() {
    let (_, failed) = tally(|machine| {
        own_page(machine);
        machine.cpu_write(part(0, LINE).start(), &[1; 64]);
        machine.clean(part(0, LINE));
        machine.complete();
        device_read(machine, 0, 64) == [1; 64]
    });
    assert_eq!(failed, 0);
}

#[test]
fn both_outcomes_of_an_unfinished_clean_are_found() {
    let (runs, stale) = tally(|machine| {
        own_page(machine);
        machine.cpu_write(part(0, LINE).start(), &[1; 64]);
        machine.clean(part(0, LINE));
        device_read(machine, 0, 64) == [1; 64]
    });
    assert!(0 < stale && stale < runs);
}

#[test]
fn a_store_under_an_unfinished_invalidate_may_be_lost_or_not() {
    let (runs, kept) = tally(|machine| {
        own_page(machine);
        machine.cpu_write(part(0, LINE).start(), &[1; 64]);
        invalidate(machine, part(0, LINE));
        machine.cpu_read(part(0, LINE)) == [1; 64]
    });
    assert!(0 < kept && kept < runs);
}

#[test]
#[expect(unsafe_code, reason = "views need a promise of their caller")]
fn a_view_of_a_line_with_an_unfinished_invalidate_finds_old_or_new_data() {
    let (runs, new) = tally(|machine| {
        own_page(machine);
        machine.cpu_read(part(0, LINE));
        device_write(machine, 0, &[2; 64]);
        invalidate(machine, part(0, LINE));
        // SAFETY: the page is owned for good and the device has done its work.
        let view = unsafe { View::new(machine, part(0, LINE), Access::Read) };
        *view == [2; 64]
    });
    assert!(0 < new && new < runs);
}

/// Never moves, and counts how often it could have.
struct Idle(Arc<AtomicUsize>);

impl Oracle for Idle {
    fn choose(&mut self, _: usize) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed);
        0
    }
}

#[test]
fn every_operation_gives_the_adversary_a_turn_per_line() {
    let turns = Arc::new(AtomicUsize::new(0));
    let machine = Builder::small().build_with_oracle(Box::new(Idle(Arc::clone(&turns))));
    own_page(&machine);
    let range = part(0, 4 * LINE);
    let operations: [&dyn Fn(); 7] = [
        &|| machine.clean(range),
        &|| machine.clean_invalidate(range),
        &|| copy(&machine, 0, 1024, 4 * LINE),
        &|| _ = machine.view(range, Access::Read),
        &|| _ = machine.cpu_read(range),
        &|| _ = device_read(&machine, 0, 256),
        &|| device_write(&machine, 0, &[0; 256]),
    ];
    for (index, operation) in operations.iter().enumerate() {
        turns.store(0, Ordering::Relaxed);
        operation();
        let turns = turns.load(Ordering::Relaxed);
        assert!(turns >= 4, "operation {index} gives {turns} turns");
    }
}

#[test]
fn set_up_is_no_part_of_the_search() {
    let runs = |bytes: usize| {
        explore(&Builder::small(), 1, |machine| {
            own_page(machine);
            machine.set_up(|| machine.cpu_write(part(0, 1).start(), &vec![1; bytes]));
            machine.cpu_read(part(0, 4));
        })
    };
    assert_eq!(runs(64), runs(1024));
}

#[test]
fn a_script_replays_a_run() {
    let script = Adversary::Scripted(vec![0, 0, 1]);
    let machine = Builder::small().adversary(script).build();
    bounced_receive(&machine, "nothing");
    assert_eq!(machine.counters().adversary_moves, 1);
}

/// What the search found, and runs that failed.
fn search(scenario: impl Fn(&Machine) -> bool) -> (Explored, usize) {
    let mut failed = 0;
    let explored = explore_states(&Builder::small(), |machine| {
        failed += usize::from(!scenario(machine));
    });
    (explored, failed)
}

#[test]
fn a_search_of_all_states_passes_what_is_right_and_notices_each_step_that_is_left_out() {
    let (explored, failed) = search(|machine| bounced_receive(machine, "nothing"));
    assert_eq!(failed, 0);
    assert!(explored.states > 20, "{explored:?} is no search");
    for skip in [
        "clean",
        "complete the clean",
        "invalidate",
        "complete the invalidate",
    ] {
        let (_, failed) = search(|machine| bounced_receive(machine, skip));
        assert!(failed > 0, "no state shows a missing {skip}");
    }
}

#[test]
fn a_search_of_all_states_needs_fewer_runs_than_all_scripts() {
    let scripts = tally(|machine| bounced_receive(machine, "nothing")).0;
    let (explored, _) = search(|machine| bounced_receive(machine, "nothing"));
    assert!(explored.runs < scripts, "{explored:?}, {scripts} scripts");
}

#[test]
fn a_device_in_the_background_may_be_early_or_late_and_keeps_its_order() {
    let mut found = std::collections::HashSet::new();
    explore_states(&Builder::small(), |machine| {
        own_page(machine);
        let accesses = [
            DeviceAccess::Write(BUS, vec![1; 64]),
            DeviceAccess::Write(BUS.checked_add(64).expect("inside"), vec![2; 64]),
        ];
        machine.device_begins(machine.bus(), &accesses);
        machine.cpu_read(part(128, 64));
        let ram = machine.peek_ram(part(0, 128));
        found.insert((ram[0] == 1, ram[64] == 2));
        assert!(machine.device_ends().is_empty());
        assert_eq!(machine.peek_ram(part(0, 128)), [[1; 64], [2; 64]].concat());
    });
    let in_order = [(false, false), (true, false), (true, true)];
    assert_eq!(found, in_order.into());
}

#[test]
fn a_device_in_the_background_reads_what_is_there_when_it_reads() {
    let mut seen = std::collections::HashSet::new();
    explore_states(&Builder::small(), |machine| {
        own_page(machine);
        device_write(machine, 0, &[1; 64]);
        machine.device_begins(machine.bus(), &[DeviceAccess::Read(BUS, 64)]);
        machine.cpu_write(part(0, LINE).start(), &[2; 64]);
        machine.clean(part(0, LINE));
        machine.complete();
        let bytes = machine.device_ends();
        assert!(bytes.iter().all(|byte| *byte == bytes[0]), "a torn line");
        seen.insert(bytes[0]);
    });
    assert_eq!(seen.len(), 2, "{seen:?}");
}
