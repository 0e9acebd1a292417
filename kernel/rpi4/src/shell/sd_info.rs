//! `sd info`: the card, the way to it, and the volume on it.

use super::{Context, nothing};
use crate::card::{self, How, Reader, read_volume, tell_unopened};
use crate::console::say;
use ::shell::{Arguments, Command, Completion, Refusal};
use core::fmt;
use drivers::sdhci::Path;
use hal::{MIB, Zone};

pub(super) const COMMAND: Command<Context> = Command {
    name: "sd info",
    arguments: "",
    summary: "the card in the slot and the volume on it",
    details: "\
The card is looked at anew: one that was put in since boot is found.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    nothing(arguments)?;
    print_card()?;
    let (pio, zone) = (false, Zone::Dma);
    let read = read_volume(&context.memory, How { pio, zone }, |volume| {
        print_volume(volume)
    });
    if let Err(why) = read {
        tell_unopened(&why);
    }
    Ok(())
}

fn print_card() -> Result<(), Refusal> {
    let mut slot = card::open().ok_or_else(|| Refusal::text("no card in the slot"))?;
    let (name, path) = (slot.name(), slot.path());
    if let Some(card) = slot.card() {
        let (info, traffic) = (card.info(), card.traffic());
        say!("{name}: {info}");
        say!("  size       {} MiB", info.bytes() / MIB);
        say!(
            "  path       {}, {} bytes at once",
            Way(path),
            path.max_bytes()
        );
        say!(
            "  read       {} bytes by DMA, {} by PIO",
            traffic.dma_bytes,
            traffic.pio_bytes
        );
    }
    Ok(())
}

fn print_volume(volume: &Reader<'_, '_>) {
    let (partition, geometry) = (volume.partition(), volume.geometry());
    match partition.number {
        0 => say!("  partition  none, the volume has the whole card"),
        number => say!(
            "  partition  {number} of type {:#04x}, {} blocks from {} on",
            partition.kind,
            partition.blocks,
            partition.start
        ),
    }
    say!(
        "  volume     {:?}, {} clusters of {} bytes",
        geometry.width,
        geometry.clusters,
        geometry.cluster_bytes()
    );
    say!("  access     read-only: no command writes to a card");
}

struct Way(card::BlockPath);

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Path::Pio(_) => f.write_str("PIO"),
            Path::Dma { channel, .. } => write!(f, "DMA channel {}", channel.id().number()),
        }
    }
}
