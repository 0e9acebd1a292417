//! Which controller has a card, and the way in which its blocks travel.
//!
//! EMMC2 is the slot's controller. EMMC1 has a card in the emulator alone; on a board it leads to
//! the wireless chip and is left alone. EMMC2 has no request line, so the CPU moves its words;
//! EMMC1's go by a DMA channel.

#![expect(unsafe_code, reason = "takes possession of the controllers' registers")]

use super::slot::{BlockPath, Slot};
use crate::console::say;
use crate::end;
use crate::firmware;
use crate::information::Machine;
use crate::layer::Layer;
use arch::{Board, MmioRegion, Timer};
use arrayvec::ArrayVec;
use boot::tree::Kind;
use drivers::dma_channel::{Dreq, Register};
use drivers::mailbox::{ClockId, ClockRate};
use drivers::sdhci::{DATA_PORT, Host, Path};
use hal::PhysRange;
use log::warn;
use spin::{Mutex, MutexGuard, Once};

/// What EMMC2 is fed with on the boards that were seen, where the firmware does not say. A slower
/// clock only slows the card down.
const USUAL_HZ: u32 = 200_000_000;

const CONTROLLERS: [(Kind, &str); 2] = [(Kind::Emmc2, "emmc2"), (Kind::Emmc1, "emmc1")];

/// All slots of this machine. Held for whole commands: not for interrupt handlers.
static SLOTS: Once<ArrayVec<Mutex<Slot>, { CONTROLLERS.len() }>> = Once::new();

/// Takes the controllers, looks for a card and tells what it found.
pub(crate) fn find(machine: &Machine, layer: &Layer) {
    let ours = |kind| kind == Kind::Emmc2 || end::is_emulator();
    let ours = CONTROLLERS.iter().filter(|(kind, _)| ours(*kind));
    let slots = ours.filter_map(|(kind, name)| slot(machine, layer, *kind, name));
    SLOTS.call_once(|| slots.map(Mutex::new).collect());
    if open().is_none() {
        say!("card       none");
    }
}

/// The slot with a card in it, if there is one: the card of last time if it still answers, or
/// whatever can be identified now. Tells what changed.
///
/// Context: takes milliseconds where a card has to be identified, up to a second for a slow one.
pub(crate) fn open() -> Option<MutexGuard<'static, Slot>> {
    let slots = || SLOTS.get().into_iter().flatten().map(Mutex::lock);
    let ready = slots().find_map(|mut slot| slot.is_ready().then_some(slot));
    ready.or_else(|| slots().find_map(|mut slot| slot.identify().then_some(slot)))
}

fn slot(machine: &Machine, layer: &Layer, kind: Kind, name: &'static str) -> Option<Slot> {
    let block = *machine.info.device(kind)?.registers.first()?;
    // SAFETY: the controller's registers as the tree names them, mapped in every table, and taken
    // here alone, once.
    let io = unsafe { MmioRegion::new(block) };
    let io = io.map_err(|error| warn!("{name}: {error}")).ok()?;
    let host = Host::new(io, &Timer, base_hz(kind));
    // A board's card has its power from the firmware, which may have used it at 1.8 V.
    let power: Option<fn()> = (kind == Kind::Emmc2).then_some(firmware::power_card);
    Some(Slot::new(name, host, path(layer, kind, block), power))
}

/// What the firmware feeds a controller with. A clock that it does not know has no rate.
fn base_hz(kind: Kind) -> u32 {
    let clock = match kind {
        Kind::Emmc1 => ClockId::EMMC1,
        _ => ClockId::EMMC2,
    };
    let rate = firmware::value(&ClockRate(clock)).map(|rate| rate.0);
    rate.filter(|hz| *hz != 0).unwrap_or(USUAL_HZ)
}

/// By a channel where there is a request line to pace it.
fn path(layer: &Layer, kind: Kind, block: PhysRange) -> BlockPath {
    let channel = layer.channels.and_then(|all| all.channels.first());
    match (port(block), channel) {
        (Some(port), Some((_, channel))) if kind == Kind::Emmc1 => Path::Dma { channel, port },
        _ => Path::Pio(&Board),
    }
}

fn port(block: PhysRange) -> Option<Register> {
    Register::new(block.slice(DATA_PORT, 4)?, Some(Dreq::EMMC1))
}
