//! A recorded trace passes; tampered with, it fails where that was done.

use super::*;

fn verdict(text: &str) -> Result<Passed, Wrong> {
    let mut verdicts = replay(text);
    assert_eq!(verdicts.len(), 1, "one trace");
    verdicts.remove(0)
}

/// The trace with one of its lines changed; `count` events are said to be there.
fn changed(text: &str, line: usize, to: Option<&str>) -> String {
    let lines = text.lines().enumerate();
    let lines = lines.filter_map(|(at, old)| if at + 1 == line { to } else { Some(old) });
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn with_count(text: &str) -> String {
    let events = text.lines().filter(|line| {
        let core = line
            .strip_prefix("trace ")
            .and_then(|rest| rest.chars().next());
        core.is_some_and(|c| c.is_ascii_digit())
    });
    let count = events.count();
    let lines = text
        .lines()
        .map(|line| match line.strip_prefix("trace end ") {
            Some(_) => format!("trace end {count}\n"),
            None => format!("{line}\n"),
        });
    lines.collect()
}

const SMALL: &str = "\
carom> dma trace
trace begin
trace device 2 dma
trace window 2 0x0+0x3c000000 0xc0000000
trace core 0 lost 0
trace 0 0 10 clean 0 - 0x1000+0x40 -
trace 0 1 11 wait 0 - 0x0+0x0 -
trace 0 2 12 map 2 to 0xc0001000+0x40 -
trace 0 3 13 launch 2 to 0xc0001000+0x40 -
trace core 1 lost 0
trace 1 0 14 end 2 to 0xc0001000+0x40 -
trace 1 1 15 unmap 2 to 0xc0001000+0x40 -
trace core 2 lost 0
trace core 3 lost 0
trace end 6
carom> ";

#[test]
fn a_small_trace_of_two_cores_passes() {
    let passed = verdict(SMALL).expect("in order");
    assert_eq!((passed.line, passed.events, passed.checked), (2, 6, 6));
    assert_eq!((passed.maintenance, passed.live), (2, 0));
    assert_eq!(
        passed.to_string(),
        "trace at line 2: 6 events, 6 of them checked and in order (2 about maintenance), \
         0 mappings left"
    );
}

#[test]
fn every_change_is_told_with_its_line() {
    for (line, to, wrong, why) in [
        (
            7,
            "trace 1 0 11 wait 0 - 0x0+0x0 -",
            11,
            "event 0 behind 0 of the same core",
        ),
        (
            7,
            "trace 0 1 11 clean 0 - 0x1000+0x40 -",
            8,
            "map before core 0 has waited for its clean",
        ),
        (
            8,
            "trace 0 2 12 map 2 to 0xc0002000+0x40 -",
            9,
            "launch of what is not mapped",
        ),
        (
            9,
            "trace 0 3 13 expose 2 to 0xc0001000+0x40 -",
            11,
            "end of a mapping that is exposed",
        ),
        (
            11,
            "trace 1 0 14 for_cpu 2 to 0xc0001000+0x40 -",
            11,
            "for_cpu of a mapping that is in flight",
        ),
        (
            11,
            "trace 1 0 14 end 2 to 0xc0001000+0x40",
            11,
            "no line of a trace: attributes is wanted",
        ),
        (
            12,
            "trace 1 1 15 unmap 2 to 0xc0001000+0x80 -",
            12,
            "unmap of what the 0x40 mapped bytes are not",
        ),
        (
            12,
            "trace 9 1 15 unmap 2 to 0xc0001000+0x40 -",
            12,
            "there is no core 9",
        ),
        (15, "trace end 7", 15, "7 events were told, 6 are here"),
        (15, "", 14, "the trace has no end"),
        (2, "", 3, "a trace without a beginning"),
    ] {
        let told = verdict(&changed(SMALL, line, Some(to))).expect_err(to);
        assert_eq!((told.line, told.why.as_str()), (wrong, why));
    }
}

#[test]
fn a_text_without_a_trace_has_none_and_one_with_two_has_two() {
    assert_eq!(replay("carom> help\r\n"), []);
    assert_eq!(replay(&format!("{SMALL}{SMALL}")).len(), 2);
}

#[test]
fn what_came_before_all_cores_are_told_of_is_believed() {
    // Core 1 starts late: its launch of the first mapping is gone, so its end is no error.
    let text = "\
trace begin
trace core 0 lost 0
trace 0 0 10 map 2 to 0x1000+0x40 -
trace 0 1 11 map 2 to 0x2000+0x40 -
trace 0 2 20 unmap 2 to 0x1000+0x40 -
trace core 1 lost 7
trace 1 7 14 end 2 to 0x1000+0x40 -
trace 1 8 21 launch 2 to 0x2000+0x40 -
trace 1 9 22 end 2 to 0x2000+0x40 -
trace end 6
";
    let passed = verdict(text).expect("nothing is known to be wrong");
    assert_eq!((passed.checked, passed.live), (3, 1));
    let late = changed(text, 8, Some("trace 1 8 21 end 2 to 0x2000+0x40 -"));
    assert_eq!(verdict(&late).expect_err("all is known by then").line, 8);
}

#[test]
fn what_is_missing_between_two_events_starts_the_check_anew() {
    let gap = changed(SMALL, 9, None);
    let passed = verdict(&with_count(&gap));
    // The launch is not there, and its number tells no more than that core 0 ends earlier.
    assert_eq!(passed.expect_err("the end of nothing").line, 10);
    let gap = changed(SMALL, 8, None);
    let passed = verdict(&with_count(&gap)).expect("a launch of what was mapped in the gap");
    assert_eq!(passed.checked, 2);
}
