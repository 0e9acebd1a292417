//! Long requests in pieces: every byte once, in order, into its place.

use crate::common::{Memory, memory};
use hal::DmaBuffer;
use proptest::prelude::*;
use storage::{Failed, Windowed, in_pieces};

/// What a device that takes at most `limit` bytes at once was asked for.
struct Device {
    limit: u64,
    asked: Vec<(u64, u64)>,
    /// Fails for good from this block on, and keeps the buffer if so told.
    broken: u64,
    keeps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Error {
    Scarce,
    Broken,
}

impl Device {
    fn new(limit: u64) -> Self {
        Self {
            limit,
            asked: Vec::new(),
            broken: u64::MAX,
            keeps: false,
        }
    }

    fn request(&mut self, lba: u64, mut buffer: Memory) -> Result<Memory, Failed<Memory, Error>> {
        let len = buffer.range().len();
        self.asked.push((lba, len));
        if len > self.limit || lba + len / 512 > self.broken {
            let error = if len > self.limit {
                Error::Scarce
            } else {
                Error::Broken
            };
            let buffer = (!self.keeps).then_some(buffer);
            return Err(Failed { error, buffer });
        }
        for (i, block) in buffer.bytes_mut().chunks_mut(512).enumerate() {
            block.fill((lba + i as u64) as u8);
        }
        Ok(buffer)
    }

    fn read(&mut self, buffer: Memory, most: u64) -> Result<Memory, Failed<Memory, Error>> {
        let is_scarce = |error: &Error| *error == Error::Scarce;
        in_pieces(100, buffer, most, is_scarce, |lba, buffer| {
            self.request(lba, buffer)
        })
    }
}

/// Pages with a window of `blocks` blocks in their middle.
fn buffer(blocks: u64) -> Memory {
    let whole = memory(blocks * 512 + 1024);
    whole.with_window(512, blocks * 512).ok().expect("inside")
}

fn holds_blocks(buffer: &Memory, blocks: u64) -> bool {
    let mut all = buffer.bytes().chunks(512).enumerate();
    buffer.bytes().len() as u64 == blocks * 512
        && all.all(|(i, block)| block.iter().all(|byte| *byte == (100 + i) as u8))
}

proptest! {
    #[test]
    fn every_block_arrives_in_its_place_whatever_the_device_takes(
        blocks in 1u64..200, most in 0u64..40_000, limit in 512u64..40_000,
    ) {
        let mut device = Device::new(limit);
        let filled = device.read(buffer(blocks), most).ok().expect("a block always goes");
        prop_assert!(holds_blocks(&filled, blocks));
        prop_assert!(device.asked.iter().all(|(_, len)| *len <= most.max(512) && len % 512 == 0));
    }
}

#[test]
fn a_request_is_as_long_as_can_be() {
    let mut device = Device::new(u64::MAX);
    device.read(buffer(10), 4 * 512 + 100).ok().expect("reads");
    assert_eq!(device.asked, [(100, 2048), (104, 2048), (108, 1024)]);
}

#[test]
fn scarcity_halves_and_a_block_that_is_too_much_is_an_error() {
    let mut device = Device::new(1024);
    device.read(buffer(8), 4096).ok().expect("reads");
    assert_eq!(device.asked[..3], [(100, 4096), (100, 2048), (100, 1024)]);
    let failed = Device::new(100)
        .read(buffer(8), 4096)
        .err()
        .expect("too much");
    assert_eq!(failed.error, Error::Scarce);
}

#[test]
fn a_failure_gives_the_whole_window_back_and_is_not_tried_again() {
    let mut device = Device::new(u64::MAX);
    device.broken = 104;
    let failed = device.read(buffer(8), 1024).err().expect("broken");
    assert_eq!(failed.error, Error::Broken);
    assert_eq!(
        failed.buffer.expect("given back").range(),
        buffer(8).range()
    );
    assert_eq!(device.asked, [(100, 1024), (102, 1024), (104, 1024)]);
}

#[test]
fn a_buffer_that_the_device_keeps_is_not_asked_for_again() {
    let mut device = Device::new(100);
    device.keeps = true;
    let failed = device.read(buffer(8), 4096).err().expect("kept");
    assert!(failed.buffer.is_none());
    assert_eq!(device.asked.len(), 1);
}
