//! The volume on the card, opened for one command.

use super::device::{CardDevice, CardError, Moved};
use super::find::open;
use crate::console::say;
use crate::memory::Memory;
use arch::Board;
use core::fmt;
use drivers::sdhci::Path;
use hal::Zone;
use mm::Zones;
use storage::{Error, PageBuffers, Volume};

/// Pages of this machine, to read into.
type Buffers = PageBuffers<'static, Board, &'static Zones<Board>>;
/// The volume of the card in the slot.
pub(crate) type Reader<'v, 's> = Volume<'v, CardDevice<'s>, Buffers>;

/// How a card is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct How {
    /// By the CPU, whatever the controller can do.
    pub(crate) pio: bool,
    /// Where file data are to lie. Everything else is read into zone `Dma`, which all devices reach.
    pub(crate) zone: Zone,
}

/// Why there is no volume.
#[derive(Clone, Debug)]
pub(crate) enum Unopened {
    /// No card in any slot.
    NoCard,
    /// A card without a volume that can be read.
    Unreadable(Error<CardError>),
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCard => f.write_str("no card in the slot"),
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

/// Where file data lie unless somebody wants otherwise: out of the reach of every device of the low
/// GiB, if there is RAM.
pub(crate) fn far_zone(memory: &Memory) -> Zone {
    match memory.zones.counters(Zone::High).total {
        0 => Zone::Normal,
        _ => Zone::High,
    }
}

/// Opens the volume, lets `work` read from it, and tells what it made of it and what was moved.
pub(crate) fn read_volume<R>(
    memory: &Memory,
    how: How,
    work: impl FnOnce(&mut Reader<'_, '_>) -> R,
) -> Result<(R, Moved), Unopened> {
    let mut slot = open().ok_or(Unopened::NoCard)?;
    let path = if how.pio {
        Path::Pio(&Board)
    } else {
        slot.path()
    };
    let mut device = CardDevice::new(&mut slot, path).ok_or(Unopened::NoCard)?;
    let [near, far] = [Zone::Dma, how.zone].map(|zone| PageBuffers {
        platform: &Board,
        source: memory.zones,
        zone,
    });
    let volume = Volume::open(&mut device, &near, &far);
    let result = work(&mut volume.map_err(Unopened::Unreadable)?);
    Ok((result, device.moved()))
}

/// Tells why nothing can be read.
pub(crate) fn tell_unopened(why: &Unopened) {
    say!("card: cannot be read: {why}");
}
