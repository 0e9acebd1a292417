//! Stopping a channel for certain.

use super::registers::{CONBLK_AD, CS, Cs};
use dma::Halt;
use hal::Mmio;

/// Looks at a status register before a halt counts as unconfirmed: some milliseconds on the board.
/// The caller holds the channel's lock meanwhile.
const PATIENCE: u32 = 20_000;

/// Stops the channel if it runs. The order is that of the manual's advice for a clean abort: pause,
/// let writes arrive, reset.
pub(crate) fn halt<M: Mmio>(io: &mut M) -> Halt {
    if is_idle(io) {
        return Halt::Confirmed;
    }
    CS.set(io, 0);
    if !eventually(|| !CS.read(io).is_set(Cs::WAITING_FOR_OUTSTANDING_WRITES)) {
        return Halt::Unconfirmed;
    }
    reset(io)
}

/// Resets a channel that has nothing on its way, and looks.
pub(crate) fn reset<M: Mmio>(io: &mut M) -> Halt {
    CS.write(io, Cs::RESET::SET);
    if eventually(|| !CS.read(io).is_set(Cs::RESET) && is_idle(io)) {
        Halt::Confirmed
    } else {
        Halt::Unconfirmed
    }
}

/// Has the chain ended, and its last write arrived? ACTIVE alone does not tell: it is also 0 while
/// the channel is paused.
fn is_idle<M: Mmio>(io: &mut M) -> bool {
    let status = CS.read(io);
    !status.is_set(Cs::ACTIVE)
        && !status.is_set(Cs::WAITING_FOR_OUTSTANDING_WRITES)
        && CONBLK_AD.read(io).get() == 0
}

fn eventually(mut condition: impl FnMut() -> bool) -> bool {
    (0..PATIENCE).any(|_| condition())
}
