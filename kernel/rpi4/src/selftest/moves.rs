//! What the compiler calls to move and clear values: each length, each offset, and nothing around it.

use super::bed::pattern;
use super::{Bed, Test, Verdict, check};
use core::hint::black_box;

pub(super) const TESTS: &[Test] = &[
    ("values move whole, and nothing around them", moves),
    ("values move over themselves, both ways", overlapping),
    ("values are filled whole, and nothing around them", fills),
];

/// Every path of the routines: by bits, by steps with each rest, and by the copy routines.
const LENGTHS: [core::ops::Range<usize>; 2] = [0..140, 1020..1060];
/// Where in a word the bytes may begin.
const FROM: [usize; 3] = [0, 1, 7];
const TO: [usize; 4] = [0, 3, 8, 15];
const ROOM: usize = 1200;
const AROUND: u8 = 0xC3;

fn lengths() -> impl Iterator<Item = usize> {
    // The compiler shall not know them, or it would write the loop out.
    LENGTHS.into_iter().flatten().map(black_box)
}

fn source() -> [u8; ROOM] {
    core::array::from_fn(pattern)
}

/// The first place where `bytes` are not `wanted`.
fn wrong(bytes: &[u8], wanted: impl Fn(usize) -> u8) -> Option<usize> {
    (0..bytes.len()).find(|i| bytes[*i] != wanted(*i))
}

fn moves(_: &Bed) -> Verdict {
    let source = source();
    for len in lengths() {
        for (from, to) in FROM.into_iter().flat_map(|from| TO.map(|to| (from, to))) {
            let mut room = [AROUND; ROOM];
            room[to..to + len].copy_from_slice(&source[from..from + len]);
            let at = wrong(black_box(&room), |i| match i {
                _ if i < to || i >= to + len => AROUND,
                _ => pattern(i - to + from),
            });
            check!(
                at.is_none(),
                "{len} bytes from {from} to {to}: wrong at {at:?}"
            );
        }
    }
    Verdict::Passed
}

fn overlapping(_: &Bed) -> Verdict {
    for len in lengths().filter(|len| len + 80 < ROOM) {
        for (from, to) in [
            (0, 1),
            (1, 0),
            (3, 11),
            (11, 3),
            (0, 16),
            (16, 0),
            (5, 70),
            (70, 5),
        ] {
            let mut room = source();
            room.copy_within(from..from + len, to);
            let at = wrong(black_box(&room), |i| match i {
                _ if i < to || i >= to + len => pattern(i),
                _ => pattern(i - to + from),
            });
            check!(
                at.is_none(),
                "{len} bytes from {from} to {to}: wrong at {at:?}"
            );
        }
    }
    Verdict::Passed
}

fn fills(_: &Bed) -> Verdict {
    for len in lengths() {
        for (to, byte) in TO.into_iter().flat_map(|to| [(to, 0), (to, 0x96)]) {
            let mut room = [AROUND; ROOM];
            room[to..to + len].fill(black_box(byte));
            let at = wrong(black_box(&room), |i| match i {
                _ if i < to || i >= to + len => AROUND,
                _ => byte,
            });
            check!(
                at.is_none(),
                "{len} bytes of {byte:#x} at {to}: wrong at {at:?}"
            );
        }
    }
    Verdict::Passed
}
