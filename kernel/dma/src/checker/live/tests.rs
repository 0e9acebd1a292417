//! Overlap and best fit, by vectors.

use super::*;
use hal::PhysAddr;

fn ids() -> [DeviceId; 2] {
    [DeviceId::for_tests(1), DeviceId::for_tests(2)]
}

fn live(dir: Dir, start: u64, len: u64) -> Live {
    let block = PhysRange::new(PhysAddr::new(start), len).expect("valid");
    Live {
        device: "d",
        id: ids()[0],
        call: Call::Address,
        dir,
        bus: start,
        len,
        block,
        side: block,
        callers: [0; CALLERS],
        shares: false,
    }
}

fn list(all: &[Live]) -> List {
    let mut list = List::with_capacity(8).expect("memory");
    all.iter().for_each(|live| list.add(*live).expect("room"));
    list
}

const TO: Dir = Dir::ToDevice;
const FROM: Dir = Dir::FromDevice;
const BOTH: Dir = Dir::Bidirectional;

#[test]
fn ov_1_the_first_the_last_and_every_line_between_are_known() {
    let list = list(&[live(FROM, 0x1010, 0x100)]);
    for (start, len, shares) in [
        (0x0FC0, 0x40, false),
        (0x0FC0, 0x41, true),
        (0x1000, 0x10, true),
        (0x1080, 0x40, true),
        (0x113F, 1, true),
        (0x1140, 0x40, false),
    ] {
        let found = list.sharing(&live(FROM, start, len)).0 > 0;
        assert_eq!(found, shares, "{start:#x}+{len:#x}");
    }
}

#[test]
fn ov_2_what_a_device_only_reads_is_not_recorded() {
    let list = list(&[live(TO, 0x1000, 0x40)]);
    assert_eq!(list.sharing(&live(FROM, 0x1000, 0x40)).0, 0);
    assert_eq!(
        self::list(&[live(FROM, 0x1000, 0x40)])
            .sharing(&live(TO, 0x1000, 0x40))
            .0,
        0
    );
}

#[test]
fn ov_3_others_on_the_same_line_are_counted() {
    let many = [live(BOTH, 0x1000, 8); 7];
    let (count, one) = list(&many).sharing(&live(FROM, 0x1020, 8));
    assert_eq!((count, one), (7, Some(many[0])));
}

#[test]
fn ov_4_only_where_both_carry_it_a_line_may_be_shared() {
    let shares = |live| Live {
        shares: true,
        ..live
    };
    let (plain, with) = (live(FROM, 0x1000, 8), shares(live(FROM, 0x1000, 8)));
    for (old, new, count) in [(plain, with, 1), (with, plain, 1), (with, with, 0)] {
        assert_eq!(list(&[old]).sharing(&new).0, count);
    }
}

#[test]
fn ov_4_of_what_bounced_the_slots_lines_count_and_not_the_buffers() {
    let slots = PhysRange::new(PhysAddr::new(0x9000), 8).expect("valid");
    let bounced = Live {
        side: slots,
        ..live(FROM, 0x1000, 8)
    };
    let list = list(&[bounced]);
    assert_eq!(list.sharing(&live(FROM, 0x1008, 8)).0, 0);
    assert_eq!(list.sharing(&live(FROM, 0x9008, 8)).0, 1);
}

#[test]
fn dm_3_of_several_at_one_address_the_best_fit_ends() {
    let (short, long) = (live(FROM, 0x1000, 8), live(BOTH, 0x1000, 16));
    let mut list = list(&[short, long, short]);
    let fits = |wanted: Live| {
        move |live: &Live| u32::from(live.len == wanted.len) + u32::from(live.dir == wanted.dir) + 1
    };
    assert_eq!(
        list.take(ids()[1], 0x1000, fits(long)),
        None,
        "another device's"
    );
    assert_eq!(list.take(ids()[0], 0x1004, fits(long)), None, "no start");
    let neither = live(TO, 0x1000, 4);
    assert_eq!(
        list.take(ids()[0], 0x1000, fits(neither)),
        None,
        "ambiguous: no match"
    );
    assert_eq!(list.take(ids()[0], 0x1000, fits(long)), Some(long));
    assert_eq!(
        list.take(ids()[0], 0x1000, fits(neither)),
        Some(short),
        "all alike"
    );
    assert_eq!(list.of(ids()[0]), (1, Some(short)));
}

#[test]
fn dm_2_a_full_list_says_so_and_a_freed_place_is_used_again() {
    let mut list = list(&[live(TO, 0x1000, 4); 8]);
    assert_eq!(list.add(live(TO, 0x1000, 4)), Err(ListFull));
    assert!(list.take(ids()[0], 0x1000, |_| EXACT).is_some());
    assert_eq!(list.add(live(FROM, 0x2000, 4)), Ok(()));
    assert_eq!((list.used(), list.most), (8, 8));
}

#[test]
fn dbg_8_a_part_in_the_middle_of_a_long_mapping_is_found() {
    let list = list(&[live(FROM, 0x1000, 0x10_0000), live(FROM, 0x20_0000, 4)]);
    let held = list.holding(ids()[0], 0x8_0000, |_| true);
    assert_eq!(held.map(|live| live.bus), Some(0x1000));
    assert_eq!(list.holding(ids()[0], 0x10_1000, |_| true), None);
}
