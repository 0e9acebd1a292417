//! Transfers of which less comes home than a channel moved, and slices that a channel never sees.

use super::bed::{AROUND, Bed, holds, pattern};
use super::copy::{moved, told};
use super::{Reason, Test, Verdict, attempt, check};
use crate::channels::RamPages;
use arch::Board;
use dma::{FromDevice, Made, Mapping, Piece, Reported, Staged, Staging, ToDevice};
use drivers::dma_channel::Copy;
use hal::{DmaBuffer, Zone};

pub(super) const TESTS: &[Test] = &[
    ("a reported transfer brings home what arrived", reported),
    ("lent slices travel through staging memory", lent),
];

/// Bytes that the channel moves, and those that are reported: none, within a line, all.
const LEN: u64 = 5000;
const REPORTS: [u64; 3] = [0, 1234, LEN];

type From<B, D> = Mapping<'static, Board, B, D>;
type To<B> = From<B, FromDevice<Reported>>;

/// Copies the pattern, from its byte `at` on and from a zone, to what `dest` is a mapping of.
fn receive<B: DmaBuffer>(
    bed: &Bed,
    (zone, at): (Zone, usize),
    dest: To<B>,
) -> Result<To<B>, Reason> {
    let channel = bed.first();
    let source = bed.pages(zone, 0, dest.len(), |i| pattern(at + i));
    let source = source.ok_or_else(|| told("no pages"))?;
    let source = bed.dma().map(channel.device(), source, ToDevice);
    let (_, dest) = moved(
        channel,
        Copy {
            source: source.map_err(told)?,
            dest,
        },
    )?;
    Ok(dest)
}

fn reported(bed: &Bed) -> Verdict {
    let before = bed.in_use();
    for (zone, n) in [Zone::Dma, bed.far_zone()]
        .into_iter()
        .flat_map(|zone| REPORTS.map(|n| (zone, n)))
    {
        if let Err(why) = one_report(bed, zone, n) {
            return Verdict::Failed(why);
        }
    }
    let used = bed.in_use();
    check!(used == before, "{used} slots in use, {before} before");
    Verdict::Passed
}

/// Twice with the same buffer, which is not synced in between.
fn one_report(bed: &Bed, zone: Zone, n: u64) -> Result<(), Reason> {
    let (dma, device) = (bed.dma(), bed.master());
    let pages = bed.pages(zone, 20, LEN, |_| AROUND);
    let pages = pages.ok_or_else(|| told("no pages"))?;
    let dest = dma.map(device, pages, FromDevice::REPORTED).map_err(told)?;
    let dest = receive(bed, (zone, 0), dest)?;
    let Err(wrong) = dest.complete(LEN + 1) else {
        return Err(told("a report of too much was taken"));
    };
    let filled = wrong.mapping.complete(n).map_err(told)?.unmap();
    if filled.len() != n || !holds(&filled.bytes(), pattern) {
        return Err(told("what was reported is not there"));
    }
    let dest = dma.map_filled(device, filled).map_err(told)?;
    let dest = receive(bed, (zone, 0), dest)?.complete(n).map_err(told)?;
    let filled = dest.unmap();
    if !holds(&filled.bytes(), pattern) {
        return Err(told("the second report is not there"));
    }
    // Behind the report is what the channel wrote, or what was there before.
    let (pages, first) = (filled.into_inner(), n as usize);
    let bytes = pages.bytes(&Board);
    let all = bytes.iter().enumerate();
    let own = all
        .skip(first)
        .all(|(i, byte)| [AROUND, pattern(i)].contains(byte));
    match own && holds(&bytes[..first], pattern) {
        true => Ok(()),
        false => Err(told("the rest is neither the channel's nor the buffer's")),
    }
}

/// Bytes of the staging memory: less than the slices have.
const STAGING: usize = 1024;

fn lent(bed: &Bed) -> Verdict {
    let channel = bed.first();
    let heap = bed.memory.heap;
    let buffer = attempt!(heap.alloc_dma(STAGING, Zone::Dma), "staging memory");
    let mut staging = Staging::new(bed.dma(), channel.device(), buffer);
    let slice: [u8; 2500] = core::array::from_fn(pattern);
    let sent = staging.to_device(&slice, |at, piece| send(bed, at as usize, piece));
    attempt!(sent, "sent");
    let mut slice = [AROUND; 2500];
    let came = staging.from_device(&mut slice, |at, piece| fetch(bed, at as usize, piece));
    let came = attempt!(came, "received");
    check!(came == slice.len() as u64, "{came} bytes came");
    check!(holds(&slice, pattern), "the slice has other bytes");
    Verdict::Passed
}

/// To pages, where it is compared. A piece that fails is lost, and unmapped.
fn send<B: DmaBuffer>(
    bed: &Bed,
    at: usize,
    piece: Piece<'static, Board, B, ToDevice>,
) -> Made<'static, Board, B, ToDevice, (), Reason> {
    match sent(bed, piece) {
        Ok((piece, pages)) if holds(&pages.bytes(&Board), |i| pattern(at + i)) => {
            (Some(piece), Ok(()))
        }
        Ok((piece, _)) => (Some(piece), Err(told("the device read other bytes"))),
        Err(why) => (None, Err(why)),
    }
}

fn sent<B: DmaBuffer>(
    bed: &Bed,
    piece: From<Staged<B>, ToDevice>,
) -> Result<(From<Staged<B>, ToDevice>, RamPages), Reason> {
    let channel = bed.first();
    let pages = bed.pages(Zone::Dma, 0, piece.len(), |_| AROUND);
    let pages = pages.ok_or_else(|| told("no pages"))?;
    let dest = bed.dma().map(channel.device(), pages, FromDevice);
    let (piece, dest) = moved(
        channel,
        Copy {
            source: piece,
            dest: dest.map_err(told)?,
        },
    )?;
    Ok((piece, dest.unmap()))
}

/// From pages with the pattern.
fn fetch<B: DmaBuffer>(
    bed: &Bed,
    at: usize,
    piece: Piece<'static, Board, B, FromDevice<Reported>>,
) -> Made<'static, Board, B, FromDevice<Reported>, u64, Reason> {
    let len = piece.len();
    match receive(bed, (Zone::Dma, at), piece) {
        Ok(piece) => (Some(piece), Ok(len)),
        Err(why) => (None, Err(why)),
    }
}
