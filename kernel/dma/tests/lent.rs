//! LENT: slices that are lent travel through memory of the adapter's own, under every cache.

mod common;

use common::{POOL, assert_clean, layer, legacy, pages, pattern, transfer};
use dma::{Bouncing, Cut, DmaDevice, LentError, Piece, Reported, Staging, ToDevice, TooMuch};
use hal::{DmaAddr, DmaBuffer, Pages, Zone};
use sim::{Builder, Machine, Op, under_every_adversary};

/// A piece is three lines: what is left of the staging memory is not used.
const STAGING: u64 = 200;
const PIECE: usize = 192;

type Sends<'d> = Piece<'d, Machine, Pages<Machine>, ToDevice>;
type Receives<'d> = Piece<'d, Machine, Pages<Machine>, dma::FromDevice<Reported>>;
/// What a driver makes of a piece.
type Made<M, T> = (Option<M>, Result<T, &'static str>);

fn staging<'d>(
    dma: &'d dma::Dma<Machine>,
    device: &'d DmaDevice,
    zone: Zone,
) -> Staging<'d, Machine, Pages<Machine>> {
    let machine = dma.platform();
    Staging::new(dma, device, pages(machine, zone, 0, STAGING, 0xEE))
}

/// A device that keeps what it is sent, at the place that it is told.
fn keep<'d>(
    machine: &Machine,
    kept: &mut Vec<(u64, Vec<u8>)>,
    (at, mapping): (u64, Sends<'d>),
) -> Made<Sends<'d>, ()> {
    let sent = transfer(mapping, |addr, len| {
        kept.push((at, machine.device_read(machine.bus(), addr, len)));
    });
    (Some(sent), Ok(()))
}

/// A device that has `stock` to give, of which it sends as much as fits.
fn give<'d>(
    machine: &Machine,
    stock: &[u8],
    (at, mapping): (u64, Receives<'d>),
) -> Made<Receives<'d>, u64> {
    let rest = &stock[(at as usize).min(stock.len())..];
    let n = rest.len().min(mapping.len() as usize);
    let write = |addr: DmaAddr, _| {
        if n > 0 {
            machine.device_write(machine.bus(), addr, &rest[..n]);
        }
    };
    (Some(transfer(mapping, write)), Ok(n as u64))
}

#[test]
fn lent_1_a_lent_slice_arrives_in_pieces_and_in_order() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let mut staging = staging(&dma, &device, zone);
            assert_eq!(staging.capacity(), PIECE as u64);
            for len in [0, 1, PIECE, PIECE + 1, 500] {
                let mut kept = Vec::new();
                let sent = staging.to_device(&pattern(len), |at, piece| {
                    keep(machine, &mut kept, (at, piece))
                });
                sent.expect("sent");
                let chunks = pattern(len);
                let chunks = chunks.chunks(PIECE).enumerate();
                let expected: Vec<_> = chunks
                    .map(|(i, chunk)| ((i * PIECE) as u64, chunk.to_vec()))
                    .collect();
                assert_eq!(kept, expected, "{len} bytes in {zone:?}");
            }
        }
        assert_clean(&dma);
    });
}

#[test]
fn lent_1_a_lent_slice_is_filled_until_a_piece_comes_short() {
    under_every_adversary(&Builder::default(), |machine| {
        let (dma, device) = (layer(machine, Bouncing::AsNeeded, POOL), legacy(machine));
        for zone in [Zone::Dma, Zone::High] {
            let mut staging = staging(&dma, &device, zone);
            for stock in [0, 1, 100, PIECE, PIECE + 1, 500, 600] {
                let mut bytes = [0x33; 500];
                let mut pieces = 0;
                let came = staging.from_device(&mut bytes, |at, piece| {
                    pieces += 1;
                    give(machine, &pattern(stock), (at, piece))
                });
                let came = came.expect("filled") as usize;
                assert_eq!((came, pieces), (stock.min(500), 3.min(stock / PIECE + 1)));
                assert_eq!(bytes[..came], pattern(stock)[..came]);
                assert!(bytes[came..].iter().all(|byte| *byte == 0x33));
            }
        }
        assert_clean(&dma);
    });
}

/// The device is shown the staging memory, or the pool, and nothing else.
#[test]
fn lent_2_a_device_sees_the_staging_memory_alone() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    for zone in [Zone::Dma, Zone::High] {
        let buffer = pages(&machine, zone, 0, STAGING, 0);
        let own = match zone {
            Zone::Dma => buffer.range(),
            _ => dma.pool_range().expect("a pool"),
        };
        let mut staging = Staging::new(&*dma, &device, buffer);
        machine.clear_trace();
        let (mut kept, mut bytes) = (Vec::new(), [0; 300]);
        let sent = staging.to_device(&bytes, |at, piece| keep(&machine, &mut kept, (at, piece)));
        sent.expect("sent");
        let filled = staging.from_device(&mut bytes, |at, piece| {
            give(&machine, &pattern(300), (at, piece))
        });
        assert_eq!(filled.expect("filled"), 300);
        let trace = machine.trace();
        let seen = trace.iter().filter_map(|op| match op {
            Op::DeviceRead(range) | Op::DeviceWrite(range) => Some(*range),
            _ => None,
        });
        assert_eq!(seen.clone().count(), 4);
        seen.for_each(|range| assert!(own.contains(range), "{range} of {own}"));
    }
}

#[test]
fn lent_3_a_driver_that_fails_gives_the_memory_back_and_tells_how_far_it_came() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    for zone in [Zone::Dma, Zone::High] {
        let mut staging = staging(&dma, &device, zone);
        let mut kept = Vec::new();
        let cut = staging.to_device(&pattern(500), |at, piece| match at {
            0 => keep(&machine, &mut kept, (at, piece)),
            _ => (Some(piece), Err("no more")),
        });
        let cut = cut.expect_err("the second piece fails");
        assert_eq!((cut.done, cut.error), (192, LentError::Driver("no more")));
        assert_eq!(cut.to_string(), "after 192 bytes: no more");
        let mut bytes = [0x33; 300];
        let cut = staging.from_device(&mut bytes, |_, piece| (Some(piece), Err("nothing")));
        assert_eq!(cut.expect_err("fails").done, 0);
        assert_eq!(bytes, [0x33; 300]);
        let more = staging.to_device(&[1], |at, piece| keep(&machine, &mut kept, (at, piece)));
        more.expect("the memory is there");
    }
    assert_clean(&dma);
}

#[test]
fn lent_3_memory_that_a_device_keeps_is_missed_until_there_is_other() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mut staging = staging(&dma, &device, Zone::Dma);
    let lose = |_, piece: Sends<'_>| {
        drop(piece);
        (None, Err("kept"))
    };
    let cut = staging.to_device(&[1; 10], lose).expect_err("lost");
    assert_eq!(cut.error, LentError::Driver("kept"));
    let cut = staging.to_device(&[1; 10], lose).expect_err("still lost");
    assert_eq!(cut.error, LentError::NoStaging);
    assert!(cut.to_string().contains("refill"), "{cut}");
    let none = staging.refill(pages(&machine, Zone::Dma, 0, 10, 0));
    assert!(none.is_none() && staging.capacity() == 10);
    let mut kept = Vec::new();
    let sent = staging.to_device(&[1; 10], |at, piece| keep(&machine, &mut kept, (at, piece)));
    sent.expect("sent");
    assert!(staging.into_inner().is_some());
}

#[test]
fn lent_3_a_report_of_more_than_was_asked_for_fills_nothing() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::AsNeeded, POOL), legacy(&machine));
    let mut staging = staging(&dma, &device, Zone::Dma);
    let mut bytes = [0x33; 100];
    let boast = |_, piece| -> Made<_, _> { (Some(piece), Ok(101)) };
    let cut = staging
        .from_device(&mut bytes, boast)
        .expect_err("too much");
    let error = TooMuch {
        reported: 101,
        len: 100,
    };
    let (done, error) = (0, LentError::Report(error));
    assert_eq!(cut, Cut { done, error });
    assert_eq!(bytes, [0x33; 100]);
    let none = |_, piece| -> Made<_, _> { (Some(piece), Ok(0)) };
    assert_eq!(staging.from_device(&mut bytes, none), Ok(0));
}

#[test]
fn lent_3_memory_that_cannot_be_mapped_is_kept() {
    let machine = Machine::default();
    let (dma, device) = (layer(&machine, Bouncing::Off, POOL), legacy(&machine));
    let mut staging = staging(&dma, &device, Zone::High);
    let sent = staging.to_device(&[1], |_, piece| -> Made<_, _> { (Some(piece), Ok(())) });
    let error = sent.expect_err("out of reach").error;
    assert!(matches!(error, LentError::Map(_)), "{error:?}");
    assert!(staging.into_inner().is_some());
}
