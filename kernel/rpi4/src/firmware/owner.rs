//! The one mailbox, from the DMA layer on.
//!
//! Context: thread. The lock is held for a whole question, which may take a second.
//!
//! Lock order: card slot -> mailbox -> the mapping layer's.

#![expect(unsafe_code, reason = "takes possession of the mailbox's registers")]

use crate::channels::RamPages;
use crate::information::Machine;
use crate::layer::Layer;
use crate::memory::Memory;
use arch::{Board, MmioRegion, Timer};
use boot::tree::Kind;
use core::fmt;
use drivers::mailbox::{Answer, CallError, MESSAGE, Mailbox, Question};
use hal::{NoPages, Pages, Zone};
use log::warn;
use mm::Zones;
use spin::{Mutex, Once};

/// The mailbox, and where new messages come from.
struct Owner {
    mailbox: Mailbox<'static, Board, MmioRegion, RamPages>,
    zones: &'static Zones<Board>,
}

static OWNER: Once<Mutex<Owner>> = Once::new();

/// Why the firmware was not asked, or did not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AskError {
    /// The tree names no mailbox, or its message could not be mapped.
    NoMailbox,
    /// No memory for a new message.
    NoPages(NoPages),
    /// The call failed.
    Call(CallError),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMailbox => write!(f, "no mailbox to ask by"),
            Self::NoPages(error) => write!(f, "no memory for a message: {error}"),
            Self::Call(error) => error.fmt(f),
        }
    }
}

/// Opens the mailbox. Called once, when nobody asks by the early message any more.
pub(crate) fn open(machine: &Machine, memory: &Memory, layer: &Layer) {
    let zones = memory.zones;
    match try_open(machine, zones, layer) {
        Some(mailbox) => _ = OWNER.call_once(|| Mutex::new(Owner { mailbox, zones })),
        None => warn!("mailbox: none that reaches its message; the firmware is not asked"),
    }
}

fn try_open(
    machine: &Machine,
    zones: &'static Zones<Board>,
    layer: &Layer,
) -> Option<Mailbox<'static, Board, MmioRegion, RamPages>> {
    let block = *machine.info.device(Kind::Mailbox)?.registers.first()?;
    // SAFETY: the mailbox's registers as the tree names them, mapped in every table; the early
    // user of them is gone.
    let io = unsafe { MmioRegion::new(block) }.ok()?;
    let device = layer.master("mailbox")?;
    Mailbox::new(io, layer.dma, device, message(zones).ok()?).ok()
}

fn message(zones: &'static Zones<Board>) -> Result<RamPages, NoPages> {
    Pages::alloc(zones, MESSAGE, Zone::Dma)
}

/// Asks the firmware. After an answer that was lost and came late, with a new message.
pub(crate) fn ask<Q: Question>(question: &Q) -> Result<Answer<Q::Value>, AskError> {
    let mut owner = OWNER.get().ok_or(AskError::NoMailbox)?.lock();
    let Owner { mailbox, zones } = &mut *owner;
    let mut told = mailbox.ask(&Timer, question);
    if told.as_ref().err() == Some(&CallError::NoMessage) {
        let message = message(zones).map_err(AskError::NoPages)?;
        // Where it cannot be mapped, asking again says so.
        let _ = mailbox.renew(message);
        told = mailbox.ask(&Timer, question);
    }
    told.map_err(AskError::Call)
}

/// As [`ask`], where it does not matter why there is no value: the reason is told here.
pub(crate) fn value<Q: Question>(question: &Q) -> Option<Q::Value> {
    match ask(question) {
        Ok(Answer::Value(value)) => Some(value),
        Ok(Answer::Unanswered) => {
            warn!("mailbox: the firmware does not answer tag {:#010x}", Q::TAG);
            None
        }
        Err(error) => {
            warn!("mailbox: {error}");
            None
        }
    }
}
