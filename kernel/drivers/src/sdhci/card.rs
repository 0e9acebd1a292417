//! Identification: from power-on to a card that takes requests (SD Physical Layer Simplified
//! Specification, "Card Identification Mode").
//!
//! Card detection is not asked: the slot of this board has no switch. Whoever does not answer is not
//! there.

use super::command::Command;
use super::error::{SdError, Wait};
use super::host::{FAST_HZ, Host};
use super::info::{Addressing, Info};
use super::transfer::Traffic;
use core::fmt;
use hal::{Clock, Mmio};

/// 2.7-3.6 V, and a pattern to come back (CMD8).
const INTERFACE: u32 = 0x1AA;
/// All of 2.7-3.6 V (ACMD41).
const VOLTAGES: u32 = 0x00FF_8000;
/// 3.2-3.4 V, what the slot gives.
const OURS: u32 = 0x0030_0000;
/// The host can address blocks; the card does.
const BLOCK_ADDRESSING: u32 = 1 << 30;
/// The card has powered up.
const READY: u32 = 1 << 31;
/// A card powers up within a second.
const POWER_UP_US: u64 = 1_000_000;
/// Pause between two questions.
const ASK_AGAIN_US: u64 = 1_000;
/// The card's address in its answer, and in arguments.
const ADDRESS: u32 = 0xFFFF_0000;

/// A card that takes requests.
pub struct Card<'k, M, K: ?Sized> {
    pub(crate) host: Host<'k, M, K>,
    pub(crate) address: u32,
    pub(crate) traffic: Traffic,
    info: Info,
}

/// No card came of it: why, and the controller to try again with.
pub struct Unidentified<'k, M, K: ?Sized> {
    /// Why.
    pub error: SdError,
    /// For another card.
    pub host: Host<'k, M, K>,
}

impl<M, K: ?Sized> fmt::Debug for Unidentified<'_, M, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

impl<'k, M: Mmio, K: Clock + ?Sized> Card<'k, M, K> {
    /// Resets controller and card and asks the card what it is. A card works with four lines at
    /// 25 MHz and blocks of 512 bytes afterwards.
    ///
    /// Context: thread; takes up to a second for a slow card, some milliseconds for none.
    pub fn identify(mut host: Host<'k, M, K>) -> Result<Self, Unidentified<'k, M, K>> {
        match identify(&mut host) {
            Ok((info, address)) => Ok(Self {
                host,
                address,
                traffic: Traffic::default(),
                info,
            }),
            Err(error) => Err(Unidentified { error, host }),
        }
    }

    /// What the card said of itself.
    pub const fn info(&self) -> &Info {
        &self.info
    }

    /// Does this very card answer still? One that was pulled does not, nor does any that was put in
    /// since: it has another address, or none.
    pub fn is_there(&mut self) -> bool {
        let there = self.host.send(Command::status(self.address)).is_ok();
        if !there {
            // What fails here shows in the next request.
            let _ = self.host.reset_lines();
        }
        there
    }

    /// Bytes moved so far.
    pub const fn traffic(&self) -> Traffic {
        self.traffic
    }

    /// Gives the card up, to identify the next one.
    pub fn into_host(self) -> Host<'k, M, K> {
        self.host
    }
}

fn identify<M: Mmio, K: Clock + ?Sized>(host: &mut Host<'_, M, K>) -> Result<(Info, u32), SdError> {
    host.start()?;
    host.send(Command::go_idle())?;
    let wanted = offer(host)?;
    let addressing = power_up(host, wanted)?;
    let cid = host.send_long(Command::all_send_cid())?;
    let address = host.send(Command::send_address())? & ADDRESS;
    let csd = host.send_long(Command::send_csd(address))?;
    host.send(Command::select(address))?;
    host.send_application(address, Command::four_bits())?;
    host.widen();
    host.set_clock(FAST_HZ)?;
    host.send(Command::block_length())?;
    Ok((Info::new(cid, csd, addressing), address))
}

/// What to offer a card: block addressing only to one that knows CMD8; a card of version 1 does not
/// answer it.
fn offer<M: Mmio, K: Clock + ?Sized>(host: &mut Host<'_, M, K>) -> Result<u32, SdError> {
    match host.send(Command::interface_condition(INTERFACE)) {
        Ok(answer) if answer & 0xFFF == INTERFACE => Ok(VOLTAGES | BLOCK_ADDRESSING),
        Ok(answer) => Err(SdError::Voltage { answer }),
        Err(error) if error.is_silence() => host.reset_lines().map(|()| VOLTAGES),
        Err(error) => Err(error),
    }
}

/// Asks until the card has powered up, or its second is over.
fn power_up<M: Mmio, K: Clock + ?Sized>(
    host: &mut Host<'_, M, K>,
    wanted: u32,
) -> Result<Addressing, SdError> {
    let (start, limit) = (host.clock().micros(), POWER_UP_US);
    loop {
        let conditions = conditions(host, wanted)?;
        if conditions & OURS == 0 {
            return Err(SdError::Voltage { answer: conditions });
        }
        if conditions & READY != 0 {
            return Ok(match conditions & BLOCK_ADDRESSING {
                0 => Addressing::Bytes,
                _ => Addressing::Blocks,
            });
        }
        if host.clock().micros() - start > limit {
            return Err(SdError::TimedOut {
                wait: Wait::PowerUp,
                after_us: limit,
                command: 41,
            });
        }
        host.pause(ASK_AGAIN_US);
    }
}

/// One question. The first command that every card answers: silence means that there is none.
fn conditions<M: Mmio, K: Clock + ?Sized>(
    host: &mut Host<'_, M, K>,
    wanted: u32,
) -> Result<u32, SdError> {
    let answer = host.send_application(0, Command::operating_condition(wanted));
    answer.map_err(|error| match error.is_silence() {
        true => SdError::NoCard,
        false => error,
    })
}
