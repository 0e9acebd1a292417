//! A controller and what is in its slot.

use crate::channels::RamPages;
use crate::console::say;
use arch::{Board, MmioRegion, Timer};
use drivers::sdhci::{Card, Host, Info, Path, SdError};
use log::warn;

/// How blocks travel in this machine.
pub(crate) type BlockPath = Path<'static, 'static, Board, MmioRegion, RamPages>;

type SdHost = Host<'static, MmioRegion, Timer>;
type SdCard = Card<'static, MmioRegion, Timer>;

/// What a controller is in charge of.
enum Seat {
    Empty(SdHost),
    Taken(SdCard),
}

/// A controller, the card that was identified in its slot, and the way to it.
pub(crate) struct Slot {
    name: &'static str,
    /// Absent only while a card is being identified.
    seat: Option<Seat>,
    /// The last card there was, to tell whether another came.
    last: Option<Info>,
    path: BlockPath,
    /// What powers the slot anew, where that can be done.
    power: Option<fn()>,
}

impl Slot {
    /// A slot in which nobody has looked yet.
    pub(super) const fn new(
        name: &'static str,
        host: SdHost,
        path: BlockPath,
        power: Option<fn()>,
    ) -> Self {
        Self {
            name,
            seat: Some(Seat::Empty(host)),
            last: None,
            path,
            power,
        }
    }

    /// The controller's name.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The way that suits the controller.
    pub(crate) const fn path(&self) -> BlockPath {
        self.path
    }

    /// The card that was identified last. It may have been pulled since.
    pub(crate) const fn card(&mut self) -> Option<&mut SdCard> {
        match &mut self.seat {
            Some(Seat::Taken(card)) => Some(card),
            _ => None,
        }
    }

    /// Does the card that was identified last still answer?
    pub(super) fn is_ready(&mut self) -> bool {
        self.card().is_some_and(Card::is_there)
    }

    /// Identifies what is in the slot and tells what changed. False if it is no card that works.
    pub(super) fn identify(&mut self) -> bool {
        let (host, had) = match self.seat.take().expect("put back below") {
            Seat::Empty(host) => (host, false),
            Seat::Taken(card) => (card.into_host(), true),
        };
        if let Some(power_anew) = self.power {
            power_anew();
        }
        match Card::identify(host) {
            Ok(card) => {
                self.tell(card.info());
                self.last = Some(*card.info());
                self.seat = Some(Seat::Taken(card));
                true
            }
            Err(none) => {
                self.tell_none(none.error, had);
                self.seat = Some(Seat::Empty(none.host));
                false
            }
        }
    }

    fn tell(&self, info: &Info) {
        let name = self.name;
        match &self.last {
            None => say!("card       {name}: {info}"),
            Some(last) if last == info => say!("card       {name}: there again: {info}"),
            Some(last) => {
                say!("card       {name}: another card: {info}");
                say!("           before it: {last}");
            }
        }
    }

    /// An empty slot is told only where a card was.
    fn tell_none(&self, error: SdError, had: bool) {
        let name = self.name;
        match error {
            SdError::NoCard if had => say!("card       {name}: pulled"),
            SdError::NoCard => {}
            error => warn!("{name}: {error}"),
        }
    }
}
