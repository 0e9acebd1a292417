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
use crate::file::{self, File, Loaded};
use crate::layer::Layer;
use crate::layer::inspector;
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
    match inspector().bouncing_of(layer.dma, channel.device()) {
        Bouncing::Off => without_pool(channel, memory),
        Bouncing::AsNeeded | Bouncing::Forced => with_pool(channel, memory, range),
    }
}

/// The job proper: low to high, high to high.
fn with_pool(channel: &DmaChannel, memory: &Memory, range: PhysRange) -> Result<(), JobFailed> {
    let (before, start) = (inspector().totals(channel.device()), Timer.micros());
    match carry_twice(channel, memory) {
        Ok(delivered) => {
            let took = Timer.micros() - start;
            print_counts(
                &before,
                &inspector().totals(channel.device()),
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

fn carry_twice(channel: &DmaChannel, memory: &Memory) -> Result<RamPages, CarryError> {
    let source = file::claim().ok_or(CarryError::FileTaken)?;
    let first = complement(&source, memory.zones, Zone::High)?;
    // Of the file, not of what the first carry delivered: where neither delivers anything, the
    // complement of the complement would be the file.
    let second = complement(&source, memory.zones, Zone::High)?;
    let (_, first) = Copier::new(channel, pieces::LOW_TO_HIGH).carry(source, first)?;
    let (_, second) = Copier::new(channel, pieces::HIGH_TO_HIGH).carry(first, second)?;
    Ok(second)
}

/// Without a pool: what reaches the device goes, what does not is refused and says why.
fn without_pool(channel: &DmaChannel, memory: &Memory) -> Result<(), JobFailed> {
    let refused = try_without_pool(channel, memory);
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

/// A way, and what came of it.
type Attempt = (&'static str, Option<CarryError>);

fn try_without_pool(channel: &DmaChannel, memory: &Memory) -> Result<[Attempt; 2], CarryError> {
    let source = file::claim().ok_or(CarryError::FileTaken)?;
    let place = |source: &Pages<_>, zone| complement(source, memory.zones, zone);
    let (low, high) = (place(&source, Zone::Dma)?, place(&source, Zone::High)?);
    let (other_low, other_high) = (place(&source, Zone::Dma)?, place(&source, Zone::High)?);
    let copier = Copier::new(channel, pieces::WHOLE_LINES);
    let (_, low) = copier.carry(source, low)?;
    say!(
        "low -> low: {} bytes arrived, as they should",
        low.range().len()
    );
    Ok([
        ("low -> high", copier.carry(low, high).err()),
        ("high -> low", copier.carry(other_high, other_low).err()),
    ])
}

/// Pages of a zone in which no byte is what it will have to be.
fn complement(
    file: &Pages<Loaded>,
    zones: &'static Zones<Board>,
    zone: Zone,
) -> Result<RamPages, NoPages> {
    let mut pages = Pages::alloc(zones, file.range().len(), zone)?;
    let bytes = file.bytes(&Board);
    for (to, from) in pages.bytes_mut(&Board).iter_mut().zip(bytes.iter()) {
        *to = !from;
    }
    Ok(pages)
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
