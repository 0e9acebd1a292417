//! The card's part of the main job: every file is read, by DMA where the controller can, into pages
//! above 1 GiB, summed, and held against the card's manifest.
//!
//! Without a bounce pool those pages are out of a channel's reach. That must be refused; the files
//! then go to pages within reach.

use super::device::{CardError, Moved};
use super::find::open;
use super::reader::{How, Reader, Unopened, far_zone, read_volume, tell_unopened};
use super::teller::{Summary, Teller, is_final, is_out_of_reach};
use crate::carry::JobFailed;
use crate::console::say;
use crate::layer::Layer;
use crate::layer::inspector;
use crate::memory::Memory;
use arch::Timer;
use core::ops::ControlFlow;
use dma::Bouncing;
use drivers::sdhci::Path;
use hal::{Clock, Zone};
use storage::fat::Located;
use storage::{Audit, Finding, Tally, Watcher, audit};

/// Bytes of a request: many blocks, and a small part of the bounce pool.
pub(crate) const REQUEST: u64 = 256 << 10;

/// Reads the card, if there is one, and prints the line with the numbers.
pub(crate) fn run(layer: &Layer, memory: &Memory) -> Result<(), JobFailed> {
    let Some(path) = open().map(|slot| slot.path()) else {
        say!("carom: card none");
        return Ok(());
    };
    let out_of_reach = match path {
        Path::Dma { channel, .. } => {
            inspector().bouncing_of(layer.dma, channel.device()) == Bouncing::Off
        }
        Path::Pio(_) => false,
    };
    let (refused, zone) = match out_of_reach {
        true => (refused_above(memory), Zone::Dma),
        false => (Ok(()), far_zone(memory)),
    };
    let read = read_all(memory, zone);
    refused.and(read)
}

fn read_all(memory: &Memory, zone: Zone) -> Result<(), JobFailed> {
    let (start, pio) = (Timer.micros(), false);
    let read = read_volume(memory, How { pio, zone }, |volume| {
        audit(
            volume,
            &Located::default(),
            REQUEST,
            &mut Teller::of_problems(),
        )
    });
    let (audit, moved) = read.unwrap_or_else(|why| {
        tell_unopened(&why);
        (unopened(), Moved::default())
    });
    if !audit.complete && audit.tally.is_sound() {
        say!("card: stopped before its end");
    }
    tell(&audit.tally);
    Summary(&audit, &moved, Timer.micros() - start).tell_moved();
    match audit.complete && audit.tally.is_sound() {
        true => Ok(()),
        false => Err(JobFailed),
    }
}

/// A card that cannot be opened counts as one thing unread.
fn unopened() -> Audit {
    Audit {
        tally: Tally {
            unread: 1,
            ..Tally::default()
        },
        complete: false,
    }
}

fn tell(tally: &Tally) {
    say!(
        "carom: card files {} bytes {} right {} wrong {} unread {} missing {} manifest {}",
        tally.files,
        tally.bytes,
        tally.right,
        tally.wrong,
        tally.unread,
        tally.missing,
        if tally.manifest { "yes" } else { "no" }
    );
}

/// Without a pool: pages above the channel's reach must be refused, which the first file tells.
fn refused_above(memory: &Memory) -> Result<(), JobFailed> {
    let (pio, zone) = (false, Zone::High);
    let read = read_volume(memory, How { pio, zone }, |volume: &mut Reader<'_, '_>| {
        let mut first = First::default();
        audit(volume, &Located::default(), REQUEST, &mut first);
        first
    });
    match read {
        Ok((First { refused: true, .. }, _)) => Ok(()),
        Ok((First { bytes: 0, .. }, _)) | Err(Unopened::Unreadable(_)) => Ok(()),
        Ok(_) => {
            say!("card -> high: arrived, although nothing may bounce");
            Err(JobFailed)
        }
        Err(Unopened::NoCard) => Err(JobFailed),
    }
}

/// Sees whether the first bytes of a file are refused.
#[derive(Default)]
struct First {
    refused: bool,
    bytes: u64,
}

impl Watcher<CardError> for First {
    fn found(&mut self, finding: &Finding<'_, CardError>) -> ControlFlow<()> {
        match finding {
            Finding::Unread { error, .. } if is_out_of_reach(error) => {
                say!("card -> high: refused, as it must be: {error}");
                self.refused = true;
                ControlFlow::Break(())
            }
            // Everything else is told when the files are read where they can be.
            Finding::Unread { error, .. } if is_final(error) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn reading(&mut self, _: &str, bytes: u64, _: u32) -> ControlFlow<()> {
        self.bytes += bytes;
        ControlFlow::Break(())
    }
}
