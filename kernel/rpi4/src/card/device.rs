//! The card as a block device.
//!
//! A request is as long as its buffer. It goes out in pieces that the path can do (what can bounce
//! at once, what the controller counts), smaller ones where the bounce pool is short. After a
//! failure the card is asked whether it is still there: one that is not fails all later requests at
//! once, until the slot is opened anew.

use super::slot::{BlockPath, Slot};
use crate::channels::RamPages;
use crate::layer::inspector;
use core::fmt;
use dma::{BounceReason, MapError, Totals};
use drivers::sdhci::{Path, SdError, Traffic};
use storage::{BlockDevice, Failed, in_pieces};

/// Why blocks could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardError {
    /// This, and the card is still there.
    Sd(SdError),
    /// The card was lost, with this as the first sign of it.
    Lost(SdError),
    /// The card had been lost before.
    Gone,
}

impl CardError {
    /// Would a shorter request do?
    fn is_scarce(&self) -> bool {
        matches!(self, Self::Sd(SdError::Map(error)) if error.is_transient())
    }

    /// Did the buffer lie out of the device's reach, with no pool to bounce through?
    pub(crate) const fn is_out_of_reach(&self) -> bool {
        matches!(
            self,
            Self::Sd(SdError::Map(MapError::NoPool {
                reason: BounceReason::Unreachable,
                ..
            }))
        )
    }

    /// Will every other request of the same command fail for the same reason?
    pub(crate) const fn is_final(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Gone) || self.is_out_of_reach()
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const REMEDY: &str = "the card is gone; put it back, then try again";
        match self {
            Self::Sd(error) => error.fmt(f),
            Self::Lost(error) => write!(f, "{error}: {REMEDY}"),
            Self::Gone => f.write_str(REMEDY),
        }
    }
}

/// What requests came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Requests that the card was sent.
    pub(crate) requests: u64,
    /// Bytes that a channel put straight where they belong.
    pub(crate) direct: u64,
    /// Bytes that went through the bounce pool.
    pub(crate) bounced: u64,
    /// Bytes that the CPU moved.
    pub(crate) pio: u64,
}

/// The card in a slot, for one command.
pub(crate) struct CardDevice<'s> {
    slot: &'s mut Slot,
    path: BlockPath,
    blocks: u64,
    gone: bool,
    requests: u64,
    before: (Totals, Traffic),
}

impl<'s> CardDevice<'s> {
    /// The card by `path`. `None` if there is none.
    pub(crate) fn new(slot: &'s mut Slot, path: BlockPath) -> Option<Self> {
        let blocks = slot.card()?.info().blocks;
        let before = counts(slot);
        Some(Self {
            slot,
            path,
            blocks,
            gone: false,
            requests: 0,
            before,
        })
    }

    /// What was moved so far.
    pub(crate) fn moved(&mut self) -> Moved {
        let (totals, traffic) = counts(self.slot);
        Moved {
            requests: self.requests,
            direct: totals.direct_bytes - self.before.0.direct_bytes,
            bounced: totals.bounced_bytes - self.before.0.bounced_bytes,
            pio: traffic.pio_bytes - self.before.1.pio_bytes,
        }
    }

    /// One request that the path can do.
    fn request(
        &mut self,
        lba: u64,
        buffer: RamPages,
    ) -> Result<RamPages, Failed<RamPages, CardError>> {
        let card = self.slot.card().filter(|_| !self.gone);
        let Some(card) = card else {
            let (error, buffer) = (CardError::Gone, Some(buffer));
            return Err(Failed { error, buffer });
        };
        self.requests += 1;
        card.read(self.path, lba, buffer).map_err(|failed| {
            self.gone = !is_of_us(&failed.error) && !card.is_there();
            let error = match self.gone {
                true => CardError::Lost(failed.error),
                false => CardError::Sd(failed.error),
            };
            let buffer = failed.buffer;
            Failed { error, buffer }
        })
    }
}

/// Was a request refused before the card heard of it?
const fn is_of_us(error: &SdError) -> bool {
    matches!(
        error,
        SdError::Map(_) | SdError::Length { .. } | SdError::Range { .. }
    )
}

/// What the channel and the card have counted. Nobody else maps for the channel while a command
/// reads.
fn counts(slot: &mut Slot) -> (Totals, Traffic) {
    let totals = match slot.path() {
        Path::Pio(_) => Totals::default(),
        Path::Dma { channel, .. } => inspector().totals(channel.device()),
    };
    let traffic = slot.card().map(|card| card.traffic());
    (totals, traffic.unwrap_or_default())
}

impl BlockDevice for CardDevice<'_> {
    type Buffer = RamPages;
    type Error = CardError;

    fn block_count(&self) -> u64 {
        self.blocks
    }

    fn read(
        &mut self,
        lba: u64,
        buffer: RamPages,
    ) -> Result<RamPages, Failed<RamPages, CardError>> {
        let most = self.path.max_bytes();
        in_pieces(lba, buffer, most, CardError::is_scarce, |lba, buffer| {
            self.request(lba, buffer)
        })
    }
}
