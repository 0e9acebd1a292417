//! The main job: the user's file goes by DMA to pages above 1 GiB, and from there to others.
//!
//! Each carry cuts the bytes into mappings of many lengths, so that they start and end at all kinds
//! of offsets, and copies each by a DMA channel. Before, the destination holds the complement of every
//! byte, so that a byte that did not arrive cannot look as if it had. What the last carry delivered,
//! and nothing else, is hashed.

mod copier;
mod pieces;

use crate::channels::{DmaChannel, RamPages};
use crate::console::say;
use crate::file::{self, File};
use crate::layer::Layer;
use crate::memory::Memory;
use arch::{Board, Timer};
use copier::{CarryError, Copier};
use core::fmt;
use dma::{Bouncing, Totals};
use hal::{Clock, DmaBuffer, NoPages, Pages, PhysRange, Zone};
use mm::Zones;
use sha2::{Digest, Sha256};

/// The job did not do what it should.
pub(crate) struct JobFailed;

/// Carries `file` and prints the digest line.
pub(crate) fn run(layer: &Layer, memory: &Memory, file: File) -> Result<(), JobFailed> {
    let Some((_, channel)) = layer.channels.and_then(|all| all.channels.first()) else {
        say!("carom: digest none no DMA channel");
        return Err(JobFailed);
    };
    let range = match file {
        File::None => {
            say!("carom: digest none no file");
            return Ok(());
        }
        File::Empty => {
            print_digest(&Sha256::digest([]), 0);
            return Ok(());
        }
        File::At(range) => range,
    };
    match layer.dma.bouncing() {
        Bouncing::Off => without_pool(channel, memory, range),
        Bouncing::AsNeeded | Bouncing::Forced => with_pool(channel, memory, range),
    }
}

/// The job proper: low to high, high to high.
fn with_pool(channel: &DmaChannel, memory: &Memory, range: PhysRange) -> Result<(), JobFailed> {
    let (before, start) = (channel.device().counters().totals(), Timer.micros());
    match carry_twice(channel, memory, range) {
        Ok(delivered) => {
            let took = Timer.micros() - start;
            print_counts(
                &before,
                &channel.device().counters().totals(),
                range.len(),
                took,
            );
            let digest = Sha256::digest(&*delivered.bytes(&Board));
            print_digest(&digest, delivered.range().len());
            Ok(())
        }
        Err(error) => {
            say!("carom: digest none {error}");
            Err(JobFailed)
        }
    }
}

fn carry_twice(
    channel: &DmaChannel,
    memory: &Memory,
    range: PhysRange,
) -> Result<RamPages, CarryError> {
    let source = file::claim().ok_or(CarryError::FileTaken)?;
    let first = pages(memory.zones, range.len(), Zone::High)?;
    let (_, first) = Copier::new(channel, pieces::LOW_TO_HIGH).carry(source, first)?;
    let second = pages(memory.zones, range.len(), Zone::High)?;
    let (_, second) = Copier::new(channel, pieces::HIGH_TO_HIGH).carry(first, second)?;
    Ok(second)
}

/// Without a pool: what reaches the device goes, what does not is refused and says why.
fn without_pool(channel: &DmaChannel, memory: &Memory, range: PhysRange) -> Result<(), JobFailed> {
    let refused = (|| {
        let source = file::claim().ok_or(CarryError::FileTaken)?;
        let low = pages(memory.zones, range.len(), Zone::Dma)?;
        let (_, low) = Copier::new(channel, pieces::WHOLE_LINES).carry(source, low)?;
        say!(
            "low -> low: {} bytes arrived, as they should",
            low.range().len()
        );
        let high = pages(memory.zones, range.len(), Zone::High)?;
        let to = Copier::new(channel, pieces::WHOLE_LINES)
            .carry(low, high)
            .err();
        let low = pages(memory.zones, range.len(), Zone::Dma)?;
        let high = pages(memory.zones, range.len(), Zone::High)?;
        let from = Copier::new(channel, pieces::WHOLE_LINES)
            .carry(high, low)
            .err();
        Ok::<_, CarryError>([("low -> high", to), ("high -> low", from)])
    })();
    let refused = refused.map_err(|error| {
        say!("carom: digest none {error}");
        JobFailed
    })?;
    let mut as_expected = true;
    for (way, error) in refused {
        match error {
            Some(error) if error.is_out_of_reach() => {
                say!("{way}: refused, as it must be: {error}")
            }
            Some(error) => {
                as_expected = false;
                say!("{way}: failed for another reason than it should: {error}");
            }
            None => {
                as_expected = false;
                say!("{way}: arrived, although nothing may bounce");
            }
        }
    }
    say!("carom: digest none swiotlb=noforce: pages above the device's reach cannot be carried");
    if as_expected { Ok(()) } else { Err(JobFailed) }
}

fn pages(zones: &'static Zones<Board>, bytes: u64, zone: Zone) -> Result<RamPages, NoPages> {
    Pages::alloc(zones, bytes, zone)
}

fn print_counts(before: &Totals, after: &Totals, file: u64, took_us: u64) {
    let since = |of: fn(&Totals) -> u64| of(after) - of(before);
    let (direct, bounced) = (since(|t| t.direct_bytes), since(|t| t.bounced_bytes));
    let mappings = since(|t| t.direct) + since(Totals::bounced_all);
    let percent = 100 * bounced / (direct + bounced).max(1);
    say!(
        "carried {file} bytes low -> high -> high in {}.{:03} ms",
        took_us / 1000,
        took_us % 1000
    );
    say!("  {direct} bytes direct, {bounced} bounced ({percent} %), {mappings} mappings");
}

fn print_digest(digest: &[u8], bytes: u64) {
    say!("carom: digest sha256 {} bytes {bytes}", Hex(digest));
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
