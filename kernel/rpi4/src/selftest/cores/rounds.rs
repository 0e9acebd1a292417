//! What cores do again and again beside each other: pages of bytes that are theirs alone, by the CPU and,
//! where they have a channel, by that.

use super::super::{Bed, Reason, reason};
use crate::channels::{Channels, RamPages};
use arch::Board;
use hal::CpuId;
use mm::Zones;
use spin::Once;

/// What the cores share.
pub(super) struct Shared {
    pub(super) channels: &'static Channels,
    pub(super) zones: &'static Zones<Board>,
}

static SHARED: Once<Shared> = Once::new();

/// Has the cores find what the test has.
pub(super) fn share(bed: &Bed) {
    SHARED.call_once(|| Shared {
        channels: bed.channels,
        zones: bed.memory.zones,
    });
}

/// Rounds of every core.
const ROUNDS: usize = 24;

/// A part of a round: of a core, with a number.
pub(super) type Part = fn(&Shared, usize, usize) -> Result<(), Reason>;

/// One core's rounds: `hold`, and `carry` if it has a channel.
pub(super) fn play(core: CpuId, hold: Part, carry: Part) -> Result<(), Reason> {
    let core = core.index();
    let shared = SHARED
        .get()
        .ok_or_else(|| reason(format_args!("nothing is shared")))?;
    for round in 0..ROUNDS {
        hold(shared, core, round)?;
        if core < shared.channels.channels.len() {
            carry(shared, core, round)?;
        }
    }
    Ok(())
}

/// Bytes that no other core and no other round has in this order.
fn byte(core: usize, round: usize, i: usize) -> u8 {
    (i * 13 + i / 251 + core * 64 + round * 3 + 1) as u8
}

/// Fills pages with them, or with none of them where it shall be seen that they arrive.
pub(super) fn fill(pages: &mut RamPages, (core, round): (usize, usize), blank: bool) {
    let mut bytes = pages.bytes_mut(&Board);
    for (i, to) in bytes.iter_mut().enumerate() {
        let value = byte(core, round, i);
        *to = if blank { !value } else { value };
    }
}

/// Are they there?
pub(super) fn check_bytes(pages: &RamPages, core: usize, round: usize) -> Result<(), Reason> {
    let bytes = pages.bytes(&Board);
    let wrong = bytes
        .iter()
        .enumerate()
        .find(|(i, found)| **found != byte(core, round, *i));
    wrong.map_or(Ok(()), |(i, found)| {
        Err(reason(format_args!(
            "core {core}, round {round}: byte {i} is {found:#04x}"
        )))
    })
}
