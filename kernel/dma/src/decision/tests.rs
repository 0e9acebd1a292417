use super::*;
use crate::reason::Bouncing;
use crate::testing::BOARD;
use hal::{DmaWindow, PhysAddr};
use proptest::prelude::*;

fn range(start: u64, len: u64) -> PhysRange {
    PhysRange::new(PhysAddr::new(start), len).expect("valid")
}

fn legacy(granule: u64) -> DmaDevice {
    let window = DmaWindow::new(range(0, 0x4000_0000), DmaAddr::new(0xC000_0000));
    let builder = DmaDevice::builder("legacy").windows(&[window.expect("valid")]);
    builder.granule(granule).build(&BOARD).expect("valid")
}

fn ask(device: &DmaDevice, block: PhysRange, owned: PhysRange, dir: Dir) -> Route {
    both(device, NEEDED, &plain(block, owned, dir)).expect("a pool exists")
}

/// The decision, which is the one in full whether or not the case is a plain one.
fn both(device: &DmaDevice, policy: Policy, request: &Request) -> Result<Route, MapError> {
    let full = decide(device, policy, request);
    assert_eq!(route(device, policy, request), full);
    full
}

const NEEDED: Policy = Bouncing::AsNeeded.policy(true);
const OFF: Policy = Bouncing::Off.policy(false);

fn plain(block: PhysRange, owned: PhysRange, dir: Dir) -> Request {
    let attrs = Attrs::NONE;
    Request {
        block,
        owned,
        dir,
        attrs,
    }
}

const SHARED: Route = Route::Bounce(BounceReason::SharedLine);

#[test]
fn ul_2_unproven_buffers_bounce_by_address_and_length() {
    let device = legacy(1);
    let alone = |start, len, dir| ask(&device, range(start, len), range(start, len), dir);
    let direct = |start: u64| Route::Direct(DmaAddr::new(0xC000_0000 + start));
    assert_eq!(alone(0x1000, 64, Dir::FromDevice), direct(0x1000));
    assert_eq!(alone(0x1000, 60, Dir::FromDevice), SHARED);
    assert_eq!(alone(0x1004, 64, Dir::FromDevice), SHARED);
    assert_eq!(alone(0x1004, 64, Dir::Bidirectional), SHARED);
    assert_eq!(alone(0x1004, 60, Dir::ToDevice), direct(0x1004));
}

#[test]
fn ul_1_a_buffer_that_owns_its_edge_lines_goes_direct() {
    let device = legacy(1);
    let route = ask(
        &device,
        range(0x1004, 60),
        range(0x1000, 64),
        Dir::FromDevice,
    );
    assert_eq!(route, Route::Direct(DmaAddr::new(0xC000_1004)));
}

#[test]
fn dec_1_force_is_asked_before_reach() {
    let device = legacy(1);
    let request = plain(
        range(0x4000_0000, 64),
        range(0x4000_0000, 64),
        Dir::ToDevice,
    );
    let forced = route(&device, Bouncing::Forced.policy(true), &request);
    assert_eq!(forced, Ok(Route::Bounce(BounceReason::Forced)));
    let needed = route(&device, NEEDED, &request);
    assert_eq!(needed, Ok(Route::Bounce(BounceReason::Unreachable)));
}

#[test]
fn without_a_pool_each_reason_is_an_error_that_names_it() {
    let device = legacy(1);
    let block = range(0x4000_0000, 64);
    let request = plain(block, block, Dir::ToDevice);
    let reach = Some(PhysAddr::new(0x3FFF_FFFF));
    let error = MapError::NoPool {
        reason: BounceReason::Unreachable,
        block,
        reach,
    };
    assert_eq!(route(&device, OFF, &request), Err(error));
    let block = range(0x1004, 4);
    let request = plain(block, block, Dir::FromDevice);
    let error = MapError::NoPool {
        reason: BounceReason::SharedLine,
        block,
        reach,
    };
    assert_eq!(route(&device, OFF, &request), Err(error));
}

#[test]
fn a_rounded_up_length_must_stay_inside_what_the_buffer_owns() {
    let words = legacy(4);
    let own = range(0x1000, 64);
    assert!(matches!(
        ask(&words, range(0x1000, 61), own, Dir::ToDevice),
        Route::Direct(_)
    ));
    assert!(matches!(
        ask(&words, range(0x1000, 61), own, Dir::FromDevice),
        Route::Direct(_)
    ));
    assert_eq!(
        ask(&words, range(0x1000, 61), range(0x1000, 61), Dir::ToDevice),
        SHARED
    );
    assert!(matches!(
        ask(&words, range(0x1001, 60), own, Dir::ToDevice),
        Route::Direct(_)
    ));
    assert_eq!(ask(&words, range(0x103F, 1), own, Dir::ToDevice), SHARED);
}

#[test]
fn tr_4_the_rounded_up_length_counts_for_reach() {
    let words = legacy(4);
    let last = range(0x3FFF_FFFE, 1);
    let route = ask(&words, last, range(0x3FFF_FFC0, 128), Dir::ToDevice);
    assert_eq!(route, Route::Bounce(BounceReason::Unreachable));
}

#[test]
fn cm_8_a_coherent_device_shares_lines_freely() {
    let snooping = DmaDevice::builder("snoops")
        .coherent()
        .build(&BOARD)
        .expect("valid");
    let block = range(0x1004, 4);
    assert!(matches!(
        ask(&snooping, block, block, Dir::FromDevice),
        Route::Direct(_)
    ));
}

proptest! {
    #[test]
    fn the_decision_agrees_with_an_obvious_version(
        before in 0u64..80, len in 1u64..200, after in 0u64..80, granule_log in 0u32..4,
        high in any::<bool>(), writes in any::<bool>(), forced in any::<bool>(),
    ) {
        let device = legacy(1 << granule_log);
        let start = if high { 0x4000_0000 } else { 0x1000 } + before;
        let block = range(start, len);
        let owned = range(start - before, before + len + after);
        let dir = if writes { Dir::FromDevice } else { Dir::ToDevice };
        let bouncing = if forced { Bouncing::Forced } else { Bouncing::AsNeeded };
        let got = both(&device, bouncing.policy(true), &plain(block, owned, dir));

        let end = start + len.next_multiple_of(1 << granule_log);
        let (first, last) = if writes { (start / 64 * 64, end.div_ceil(64) * 64) } else { (start, end) };
        let inside = owned.start().get() <= first && last <= owned.end().get();
        let exact = !writes && end == start + len;
        let want = if forced {
            Route::Bounce(BounceReason::Forced)
        } else if high {
            Route::Bounce(BounceReason::Unreachable)
        } else if inside || exact {
            Route::Direct(DmaAddr::new(0xC000_0000 + start))
        } else {
            SHARED
        };
        prop_assert_eq!(got, Ok(want));
    }
}
