//! Each line of the format, both ways.

extern crate std;
use super::super::event::Kind;
use super::*;
use crate::attrs::Attrs;
use proptest::prelude::*;
use std::format;
use std::string::ToString;

/// As in the header.
const EVENT: &str = "trace 0 1235 4a3b2c1d launch 2 to 0xc0001000+0x100 -";

fn wanted(text: &str) -> &'static str {
    let read = Line::parse(text).expect("a line of a trace");
    read.expect_err(text).wanted
}

#[test]
fn each_line_of_the_header_is_read_and_written_alike() {
    for text in [
        "trace begin",
        "trace begin maintenance",
        "trace device 2 dma",
        "trace device 3 genet snoops",
        "trace window 2 0x0+0x3c000000 0xc0000000",
        "trace core 0 lost 1234",
        EVENT,
        "trace 3 4294967295 ffffffffffffffff quarantine-sg 65535 both 0xffffffffffffffff+0x0 dcnos",
        "trace end 57",
    ] {
        let line = Line::parse(text).expect("a line of a trace").expect(text);
        assert_eq!(line.to_string(), text);
        assert_eq!(
            Line::parse(&format!("{text}\r")),
            Some(Ok(line)),
            "of a console"
        );
    }
}

#[test]
fn lines_of_others_are_none() {
    for text in [
        "",
        "trace",
        "tracer begin",
        " trace begin",
        "ok 1 trace begin",
    ] {
        assert_eq!(Line::parse(text), None, "{text}");
    }
}

#[test]
fn a_damaged_line_tells_what_is_missing() {
    assert_eq!(wanted("trace bogus"), "a core");
    assert_eq!(wanted("trace begin now"), "the end of the line");
    assert_eq!(wanted("trace core 0 kept 4"), "lost");
    assert_eq!(wanted("trace window 2 0x0+0x0 0x0"), "a window");
    for (from, to, what) in [
        ("1235", "x", "a number"),
        ("4a3b", "zz", "a stamp"),
        ("launch", "lunch", "a kind of event"),
        (" 2 ", " 65536 ", "a device's number"),
        (" to ", " up ", "a direction"),
        ("+0x100", "", "an address and a length"),
        ("0xc0", "c0", "an address and a length"),
        (" -", " x", "attributes"),
        (" -", "", "attributes"),
        (" -", " - -", "the end of the line"),
    ] {
        assert_eq!(wanted(&EVENT.replace(from, to)), what, "{from} -> {to}");
    }
}

#[test]
fn what_was_wanted_is_said() {
    let bad = Line::parse("trace bogus").expect("a line of a trace");
    let told = bad.expect_err("of no core").to_string();
    assert_eq!(told, "no line of a trace: a core is wanted");
}

#[test]
fn an_event_fits_into_a_line_of_80_columns() {
    let longest =
        "trace 3 4294967295 ffffffffffff quarantine-sg 255 from 0xffffffffff+0xffffffff dcnos";
    assert!(Line::parse(longest).is_some_and(|line| line.is_ok()));
    let usual = "trace 3 4294967 ffffffffff for_device-sg 99 both 0xfffffffff+0xfffffff s";
    assert!(usual.len() <= 80, "{}", usual.len());
}

proptest! {
    #[test]
    fn bad_input_never_panics(text in "trace [ -~]{0,60}") {
        let _ = Line::parse(&text);
    }

    #[test]
    fn any_event_comes_back(
        number: u32, stamp: u64, kind in 0..Kind::ALL.len(), list: bool, device: u16,
        dir in 0..4_usize, bits in 0..32_u8, addr: u64, len: u64, core in 0..4_usize,
    ) {
        let (kind, dir) = (Kind::ALL[kind], DIRS[dir]);
        let attrs = Attrs::from_bits(bits);
        let event = Event { number, stamp, kind, list, device, dir, attrs, addr, len };
        let line = Line::Event { core, event };
        let text = line.to_string();
        prop_assert_eq!(Line::parse(&text), Some(Ok(line)));
    }
}
