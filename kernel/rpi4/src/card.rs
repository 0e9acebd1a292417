//! The SD card: which controller has one, and the way in which its blocks travel.
//!
//! EMMC2 is the slot's controller. EMMC1 has a card in the emulator alone; on a board it leads to
//! the wireless chip and is left alone. EMMC2 has no request line, so the CPU moves its words;
//! EMMC1's go by a DMA channel.

#![expect(unsafe_code, reason = "takes possession of the controllers' registers")]

use crate::channels::RamPages;
use crate::console::say;
use crate::end;
use crate::information::Machine;
use crate::layer::Layer;
use arch::{Board, MmioRegion, Timer};
use boot::tree::Kind;
use drivers::dma_channel::{Dreq, Register};
use drivers::sdhci::{Card, DATA_PORT, Host, Path, SdError};
use hal::PhysRange;
use log::warn;
use spin::{Mutex, Once};

/// What EMMC2 is fed with on the boards that were seen, where the firmware does not say. A slower
/// clock only slows the card down.
const USUAL_HZ: u32 = 200_000_000;

/// How blocks travel in this machine.
pub(crate) type BlockPath = Path<'static, 'static, Board, MmioRegion, RamPages>;

/// A card and its path.
pub(crate) struct Slot {
    pub(crate) card: Card<'static, MmioRegion, Timer>,
    pub(crate) path: BlockPath,
}

/// The one card, for whoever asks first. Held for whole requests: not for interrupt handlers.
static SLOT: Once<Mutex<Slot>> = Once::new();

/// The card, if there is one.
pub(crate) fn slot() -> Option<&'static Mutex<Slot>> {
    SLOT.get()
}

/// Looks for a card and tells what it found.
pub(crate) fn find(machine: &Machine, layer: &Layer) {
    let controllers = [(Kind::Emmc2, "emmc2"), (Kind::Emmc1, "emmc1")];
    let ours = |kind| kind == Kind::Emmc2 || end::is_emulator();
    for (kind, name) in controllers.into_iter().filter(|(kind, _)| ours(*kind)) {
        if let Some(card) = identify(machine, kind, name) {
            let path = path(machine, layer, kind);
            SLOT.call_once(|| Mutex::new(Slot { card, path }));
            return;
        }
    }
    say!("card       none");
}

fn identify(machine: &Machine, kind: Kind, name: &str) -> Option<Card<'static, MmioRegion, Timer>> {
    let block = *machine.info.device(kind)?.registers.first()?;
    // SAFETY: the controller's registers as the tree names them, mapped in every table, and taken
    // here alone, once.
    let io = unsafe { MmioRegion::new(block) };
    let io = io.map_err(|error| warn!("{name}: {error}")).ok()?;
    let base_hz = machine.card_clock.unwrap_or(USUAL_HZ);
    match Card::identify(Host::new(io, &Timer, base_hz)) {
        Ok(card) => {
            say!("card       {name}: {}", card.info());
            Some(card)
        }
        Err(none) => {
            // An empty slot is told once all are known to be empty.
            if none.error != SdError::NoCard {
                warn!("{name}: {}", none.error);
            }
            None
        }
    }
}

/// By a channel where there is a request line to pace it.
fn path(machine: &Machine, layer: &Layer, kind: Kind) -> BlockPath {
    let channel = layer.channels.and_then(|all| all.channels.first());
    match (port(machine, kind), channel) {
        (Some(port), Some((_, channel))) if kind == Kind::Emmc1 => Path::Dma { channel, port },
        _ => Path::Pio(&Board),
    }
}

fn port(machine: &Machine, kind: Kind) -> Option<Register> {
    let block: PhysRange = *machine.info.device(kind)?.registers.first()?;
    Register::new(block.slice(DATA_PORT, 4)?, Some(Dreq::EMMC1))
}
