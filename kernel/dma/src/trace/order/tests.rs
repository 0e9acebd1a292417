//! A good trace passes; each change to it is told.

extern crate std;

use super::super::line::Line;
use super::*;
use hal::{PhysAddr, PhysRange};
use std::string::{String, ToString};
use std::vec;

/// Two buffers of a device, one direct, one bounced, and a list; with maintenance.
const GOOD: &[&str] = &[
    "0 0 1 clean 0 - 0x1000+0x100 -",
    "0 1 2 wait 0 - 0x0+0x0 -",
    "0 2 3 map 2 both 0xc0001000+0x100 -",
    "0 3 4 copy_in 0 - 0x9000+0x80 -",
    "0 4 5 wait 0 - 0x0+0x0 -",
    "0 5 6 bounce 2 from 0xc0009000+0x80 -",
    "0 6 7 launch 2 both 0xc0001000+0x100 -",
    "0 7 8 end 2 both 0xc0001000+0x100 -",
    "0 8 9 drop 0 - 0x1000+0x100 -",
    "0 9 a wait 0 - 0x0+0x0 -",
    "0 10 b for_cpu 2 both 0xc0001010+0x10 -",
    "0 11 c clean 0 - 0x1010+0x10 -",
    "0 12 d wait 0 - 0x0+0x0 -",
    "0 13 e for_device 2 both 0xc0001010+0x10 -",
    "1 0 f expose 2 from 0xc0009000+0x80 -",
    "1 1 10 drop 0 - 0x9000+0x80 -",
    "1 2 11 wait 0 - 0x0+0x0 -",
    "1 3 12 copy_out 0 - 0x9000+0x80 -",
    "1 4 13 for_cpu 2 from 0xc0009000+0x80 -",
    "1 5 14 settle 2 from 0xc0009000+0x80 -",
    "0 14 15 unmap 2 both 0xc0001000+0x100 -",
    "1 6 16 skip 2 from 0xc0009000+0x80 -",
    "1 7 17 map-sg 3 to 0xc0001000+0x300 -",
    "1 8 18 launch-sg 3 to 0xc0001000+0x300 -",
    "1 9 19 quarantine-sg 3 to 0xc0001000+0x300 -",
    "1 10 1a free-sg 3 to 0xc0001000+0x300 -",
    "1 11 1b refuse 3 - 0x1000+0x300 -",
    "1 12 1c map 3 to 0xc0001000+0x40 s",
    "1 13 1d map 3 to 0xc0001000+0x40 s",
    "1 14 1e unmap 3 to 0xc0001000+0x40 s",
    "1 15 1f unmap 3 to 0xc0001000+0x40 s",
];

fn order(incomplete: bool) -> Order {
    let mut order = Order::new(incomplete);
    let low = PhysRange::new(PhysAddr::new(0), 0x4000_0000).expect("valid");
    let window = DmaWindow::new(low, DmaAddr::new(0xC000_0000)).expect("valid");
    order.window(2, window);
    order.window(3, window);
    order
}

/// The core of an event, and the event.
fn read(text: &str) -> (usize, Event) {
    match Line::parse(&std::format!("trace {text}")) {
        Some(Ok(Line::Event { core, event })) => (core, event),
        other => panic!("{text} is no event: {other:?}"),
    }
}

/// The line, counted from 0, of the first wrong event, and why.
fn steps(mut order: Order, lines: &[&str]) -> Result<usize, (usize, String)> {
    for (at, line) in lines.iter().enumerate() {
        let (core, event) = read(line);
        order
            .step(core, &event)
            .map_err(|why| (at, why.to_string()))?;
    }
    Ok(order.live())
}

fn run(lines: &[&str], incomplete: bool) -> Result<usize, (usize, String)> {
    steps(order(incomplete), lines)
}

#[test]
fn a_good_trace_passes_and_leaves_nothing_mapped() {
    assert_eq!(run(GOOD, false), Ok(0));
    assert_eq!(run(GOOD, true), Ok(0), "and does without its past");
}

#[test]
fn every_event_but_these_is_missed_or_seen_twice() {
    // Lines whose loss no rule notices: what is cleaned or dropped without being mapped, looks at a
    // mapping, what makes nothing, and the waits behind lines that are nobody's.
    let idle = |line: &&str| {
        [
            "for_",
            "refuse",
            "clean",
            "drop",
            "copy_",
            "free",
            "quarantine",
        ]
        .iter()
        .any(|kind| line.contains(kind))
    };
    for (at, line) in GOOD.iter().enumerate() {
        let mut lines = GOOD.to_vec();
        let gone = lines.remove(at);
        if !idle(&gone) && !gone.ends_with(" s") {
            assert_ne!(run(&lines, false), Ok(0), "without {gone}");
        }
        let mut lines = GOOD.to_vec();
        lines.insert(at, line);
        let twice = ["for_", "refuse", "clean", "drop", "copy_", "wait", " s"];
        if !twice.iter().any(|kind| line.contains(kind)) {
            let (wrong, _) = run(&lines, false).expect_err(line);
            assert_eq!(wrong, at + 1, "{line} twice");
        }
    }
}

/// What is told of the good trace with one line changed, or put in.
fn told(change: impl FnOnce(&mut Vec<&'static str>)) -> (usize, String) {
    let mut lines = GOOD.to_vec();
    change(&mut lines);
    run(&lines, false).expect_err("something wrong")
}

#[test]
fn calls_out_of_order_are_told() {
    let (at, why) = told(|lines| lines.swap(6, 7));
    assert_eq!((at, why.as_str()), (6, "end of a mapping that is at rest"));
    let (at, why) = told(|lines| _ = lines.remove(7));
    assert_eq!(at, 9);
    assert_eq!(why, "for_cpu of a mapping that is in flight");
    let (_, why) = told(|lines| lines[20] = "0 14 15 unmap 2 both 0xc0001000+0x80 -");
    assert_eq!(why, "unmap of what the 0x100 mapped bytes are not");
    let (_, why) = told(|lines| lines[20] = "0 14 15 unmap 2 to 0xc0001000+0x100 -");
    assert_eq!(why, "unmap in another direction than the mapping's both");
    let (_, why) = told(|lines| lines[20] = "0 14 15 unmap 3 both 0xc0001000+0x100 -");
    assert_eq!(why, "unmap of what is not mapped");
    let (_, why) = told(|lines| lines[10] = "0 10 b for_cpu 2 both 0xc00010f8+0x10 -");
    assert_eq!(why, "for_cpu of what the 0x100 mapped bytes are not");
    let (_, why) = told(|lines| lines[10] = "0 10 b for_cpu 2 both 0xc0001100+0x10 -");
    assert_eq!(why, "for_cpu of what is not mapped");
    let (_, why) = told(|lines| lines.insert(3, "0 2 3 map 2 both 0xc0001000+0x100 -"));
    assert_eq!(why, "map of what is mapped already, and not shared");
    let (_, why) = told(|lines| lines.insert(25, "0 9 19 map-sg 3 to 0xc0001000+0x300 -"));
    assert_eq!(why, "map of memory that is in quarantine");
}

#[test]
fn cm_7_what_was_not_waited_for_is_told() {
    for (wait, before, why) in [
        (1, 1, "map before core 0 has waited for its clean"),
        (4, 4, "bounce before core 0 has waited for its copy_in"),
        (9, 9, "for_cpu before core 0 has waited for its drop"),
        (12, 12, "for_device before core 0 has waited for its clean"),
        (16, 16, "copy_out before core 1 has waited for its drop"),
    ] {
        assert_eq!(
            told(|lines| _ = lines.remove(wait)),
            (before, why.to_string())
        );
    }
    // The copy before the wait (CM-7b).
    let (at, why) = told(|lines| lines.swap(16, 17));
    assert_eq!(
        (at, why.as_str()),
        (16, "copy_out before core 1 has waited for its drop")
    );
    // Neither is what orders stores to cells.
    let (_, why) = told(|lines| lines[1] = "0 1 2 publish 0 - 0x0+0x0 -");
    assert_eq!(why, "map before core 0 has waited for its clean");
    // Another core's wait is none.
    let (_, why) = told(|lines| lines[1] = "1 0 2 wait 0 - 0x0+0x0 -");
    assert_eq!(why, "map before core 0 has waited for its clean");
}

#[test]
fn cm_7_memory_is_found_through_the_windows_of_the_device_itself() {
    let mut order = order(false);
    let low = PhysRange::new(PhysAddr::new(0), 0x1000_0000).expect("valid");
    let window = DmaWindow::new(low, DmaAddr::new(0x4000_0000));
    order.window(4, window.expect("valid"));
    let lines = [GOOD[0], "0 1 2 map 4 to 0x40001000+0x40 -"];
    assert!(steps(order, &lines).is_err(), "not waited for");
}

#[test]
fn what_an_interrupted_core_still_owes_is_its_own_matter() {
    let mut lines = GOOD.to_vec();
    // A handler maps something else between a clean and its wait.
    lines.insert(1, "0 1 2 map 2 to 0xc0002000+0x40 d");
    assert_eq!(run(&lines, false), Ok(1));
}

#[test]
fn where_the_past_is_missing_the_unknown_passes_once() {
    let lines = [
        "0 9 1 end 2 to 0xc0001000+0x40 -",
        "0 10 2 unmap 2 to 0xc0001000+0x40 -",
    ];
    assert_eq!(run(&lines, true), Ok(0));
    assert!(run(&lines, false).is_err());
    let wrong = [lines[0], "0 10 2 settle 2 to 0xc0001000+0x40 -"];
    assert!(run(&wrong, true).is_err(), "known by now");
}

#[test]
fn cores_are_merged_by_stamp_and_keep_their_own_order() {
    let cores = [vec![1, 9, 2], vec![3, 4], vec![], vec![0]];
    let merged = merge(cores, |stamp| *stamp);
    assert_eq!(merged, [(3, 0), (0, 1), (1, 3), (1, 4), (0, 9), (0, 2)]);
}

#[test]
fn what_is_believed_replaces_what_was_known() {
    let mut order = order(true);
    let event = |text: &str| read(text).1;
    // The end of the flight is lost, and so is the unmap before the second map.
    for text in [
        "0 0 1 launch 2 to 0xc0001000+0x40 -",
        "0 3 2 unmap 2 to 0xc0001000+0x40 -",
        "0 4 3 map 2 to 0xc0001000+0x40 -",
        "0 9 4 map 2 both 0xc0001000+0x80 -",
        "0 9 5 drop 0 - 0x1000+0x80 -",
    ] {
        order.believe(0, &event(text));
    }
    let launch = event("0 10 6 launch 2 both 0xc0001000+0x80 -");
    assert_eq!(order.step(0, &launch), Ok(()));
    assert_eq!(order.live(), 1);
    let end = event("0 11 7 end 2 both 0xc0001000+0x80 -");
    assert_eq!(order.step(0, &end), Ok(()));
    let unmap = event("0 12 8 unmap 2 both 0xc0001000+0x80 -");
    assert!(order.step(0, &unmap).is_err(), "the drop is not waited for");
    order.forgive();
    assert_eq!(order.step(0, &unmap), Ok(()));
}

#[test]
fn what_is_believed_is_what_the_next_call_finds() {
    let event = |text: &str| read(text).1;
    let launch = event("0 9 9 launch 2 to 0xc0001000+0x40 -");
    for (past, at_rest) in [
        ("launch", false),
        ("expose", false),
        ("launch end", true),
        ("expose settle", true),
        ("launch map", true),
        ("launch unmap", true),
    ] {
        let mut order = order(true);
        for kind in past.split(' ') {
            let text = std::format!("0 0 1 {kind} 2 to 0xc0001000+0x40 -");
            order.believe(0, &event(&text));
        }
        assert_eq!(order.step(0, &launch).is_ok(), at_rest, "{past}");
    }
}

#[test]
fn calls_of_what_is_shared_exposed_or_in_the_past_are_taken() {
    let shared = [
        "0 0 1 map 3 to 0xc0001000+0x40 s",
        "0 1 2 map 3 both 0xc0001000+0x40 s",
        "0 2 3 unmap 3 both 0xc0001000+0x40 s",
        "0 3 4 unmap 3 to 0xc0001000+0x40 s",
    ];
    assert_eq!(run(&shared, false), Ok(0));
    let exposed = [
        "0 0 1 map 3 to 0xc0001000+0x40 -",
        "0 1 2 expose 3 to 0xc0001000+0x40 -",
        "0 2 3 quarantine 3 to 0xc0001000+0x40 -",
        "0 3 4 free 3 to 0xc0001000+0x40 -",
    ];
    assert_eq!(run(&exposed, false), Ok(0));
    assert_eq!(run(&exposed[3..], true), Ok(0));
    let (_, why) = run(&exposed[3..], false).expect_err("never kept");
    assert_eq!(why, "free of what is not mapped");
}

/// A buffer of two lines that a device reads and writes, in a trace of all maintenance, then another life of
/// it; and a cell.
const ALL: &[&str] = &[
    "0 0 1 clean 0 - 0x1000+0x80 -",
    "0 1 2 wait 0 - 0x0+0x0 -",
    "0 2 3 map 2 both 0xc0001000+0x80 -",
    "0 3 4 launch 2 both 0xc0001000+0x80 -",
    "0 4 5 end 2 both 0xc0001000+0x80 -",
    "0 5 6 drop 0 - 0x1000+0x40 -",
    "0 6 7 wait 0 - 0x0+0x0 -",
    "0 7 8 for_cpu 2 both 0xc0001000+0x40 -",
    "0 8 9 clean 0 - 0x1000+0x40 -",
    "0 9 a wait 0 - 0x0+0x0 -",
    "0 10 b for_device 2 both 0xc0001000+0x40 -",
    "0 11 c drop 0 - 0x1000+0x80 -",
    "0 12 d wait 0 - 0x0+0x0 -",
    "0 13 e unmap 2 both 0xc0001000+0x80 -",
    "0 14 f clean 0 - 0x1000+0x80 -",
    "0 15 10 wait 0 - 0x0+0x0 -",
    "0 16 11 map 2 from 0xc0001000+0x80 -",
    "0 17 12 expose 2 from 0xc0001000+0x80 -",
    "0 18 13 drop 0 - 0x1000+0x40 -",
    "0 19 14 wait 0 - 0x0+0x0 -",
    "0 20 15 for_cpu 2 from 0xc0001000+0x40 -",
    "0 21 16 for_device 2 from 0xc0001000+0x40 -",
    "0 22 17 settle 2 from 0xc0001000+0x80 -",
    "0 23 18 skip 2 from 0xc0001000+0x80 -",
    "0 24 19 map 3 to 0xc0001000+0x80 c",
    "0 25 1a launch 3 to 0xc0001000+0x80 -",
    "0 26 1b end 3 to 0xc0001000+0x80 -",
    "0 27 1c unmap 3 to 0xc0001000+0x80 -",
    "0 28 1d put 0 - 0x9000+0x40 -",
    "0 29 1e publish 0 - 0x0+0x0 -",
    "0 30 1f bounce 2 from 0xc0009000+0x40 -",
    "0 31 20 launch 2 from 0xc0009000+0x40 -",
    "0 32 21 end 2 from 0xc0009000+0x40 -",
    "0 33 22 acquire 0 - 0x0+0x0 -",
    "0 34 23 take 0 - 0x9000+0x40 -",
    "0 35 24 unmap 2 from 0xc0009000+0x40 -",
];

fn follow(lines: &[&str], incomplete: bool, snoops: bool) -> Result<usize, (usize, String)> {
    let mut order = order(incomplete);
    order.follow_maintenance();
    if snoops {
        order.snoops(2);
        order.snoops(3);
    }
    steps(order, lines)
}

#[test]
fn cm_1_cm_2_where_all_maintenance_is_told_what_is_missing_is_found() {
    assert_eq!(follow(ALL, false, false), Ok(0));
    assert_eq!(follow(ALL, true, false), Ok(0), "and does without its past");
    let missing = |gone: &[usize]| {
        let lines = ALL.iter().enumerate();
        let lines = lines.filter(|(at, _)| !gone.contains(at));
        let lines: Vec<&str> = lines.map(|(_, line)| *line).collect();
        assert_eq!(
            follow(&lines, false, true),
            Ok(0),
            "a device that snoops needs none"
        );
        follow(&lines, false, false).expect_err("missed")
    };
    let line = |kind: &str, at: u64, what: &str| {
        std::format!("{kind} with the line at {at:#x} not {what}")
    };
    let cleaned = "cleaned since the CPU had it";
    let dropped = "dropped since the device had it";
    assert_eq!(missing(&[0, 1]), (1, line("launch", 0x1000, cleaned)));
    assert_eq!(missing(&[5, 6]), (5, line("for_cpu", 0x1000, dropped)));
    assert_eq!(missing(&[8, 9]), (8, line("for_device", 0x1000, cleaned)));
    assert_eq!(missing(&[11, 12]), (11, line("unmap", 0x1000, dropped)));
    assert_eq!(missing(&[14, 15]), (15, line("expose", 0x1000, cleaned)));
    assert_eq!(missing(&[18, 19]), (18, line("for_cpu", 0x1000, dropped)));
    let half = ALL[0].replace("0x80", "0x40");
    let mut lines = ALL.to_vec();
    lines[0] = &half;
    let (at, why) = follow(&lines, false, false).expect_err("the second line");
    assert_eq!((at, why), (3, line("launch", 0x1040, cleaned)));
}

#[test]
fn cm_1_only_the_lines_that_were_cleaned_are_clean() {
    let mut lines = ALL.to_vec();
    lines[0] = "0 0 1 clean 0 - 0x1040+0x40 -";
    let (at, why) = follow(&lines, false, false).expect_err("the first line");
    let wanted = "launch with the line at 0x1000 not cleaned since the CPU had it";
    assert_eq!((at, why.as_str()), (3, wanted));
    // A look is later than what was cleaned just before.
    let looked = [
        ALL[0],
        ALL[1],
        ALL[2],
        "0 3 4 for_cpu 2 both 0xc0001000+0x80 -",
        "0 4 5 for_device 2 both 0xc0001000+0x80 -",
    ];
    assert!(follow(&looked, false, false).is_err());
}

#[test]
fn cm_1_cm_2_what_nobody_had_is_neither_cleaned_again_nor_dropped() {
    let mut flushed = ALL.to_vec();
    flushed[11] = "0 11 c flush 0 - 0x1000+0x80 -";
    assert_eq!(follow(&flushed, false, false), Ok(0));
    assert_eq!(follow(&ALL[2..], true, false), Ok(0), "cleaned in the past");
    let unused = [
        "0 0 1 map 2 from 0xc0001000+0x40 -",
        "0 1 2 unmap 2 from 0xc0001000+0x40 -",
    ];
    assert_eq!(follow(&unused, false, false), Ok(0));
    let again = [
        ALL[0],
        ALL[1],
        "0 2 3 map 3 to 0xc0001000+0x40 -",
        "0 3 4 launch 3 to 0xc0001000+0x40 -",
        "0 4 5 end 3 to 0xc0001000+0x40 -",
        "0 5 6 launch 3 to 0xc0001000+0x40 -",
        "0 6 7 end 3 to 0xc0001000+0x40 -",
        "0 7 8 unmap 3 to 0xc0001000+0x40 -",
    ];
    assert_eq!(follow(&again, false, false), Ok(0));
}

#[test]
fn what_a_device_that_snoops_is_lent_stays_clean_for_one_that_does_not() {
    let mut order = order(false);
    order.follow_maintenance();
    order.snoops(2);
    let lines = [
        ALL[0],
        ALL[1],
        "0 2 3 map 2 both 0xc0001000+0x40 -",
        "0 3 4 map 3 to 0xc0001000+0x40 -",
        "0 4 5 launch 3 to 0xc0001000+0x40 -",
    ];
    assert_eq!(steps(order, &lines), Ok(2));
}

#[test]
fn lines_of_lists_and_of_what_is_shared_are_not_followed() {
    let lines = [
        "0 0 1 map-sg 3 to 0xc0001000+0x300 -",
        "0 1 2 launch-sg 3 to 0xc0001000+0x300 -",
        "0 2 3 map 3 to 0xc0002000+0x40 s",
        "0 3 4 launch 3 to 0xc0002000+0x40 s",
    ];
    assert_eq!(follow(&lines, false, false), Ok(2));
}

#[test]
fn cm_7_stores_to_a_cell_are_published_before_its_device_is_told() {
    let lines: Vec<&str> = ALL
        .iter()
        .copied()
        .filter(|line| !line.contains("publish"))
        .collect();
    let (_, why) = follow(&lines, false, false).expect_err("not in order");
    assert_eq!(why, "bounce before core 0 has waited for its put");
}
