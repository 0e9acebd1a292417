//! Requests: blocks between a card and an owned buffer.
//!
//! The buffer's window says how much. A request either delivers all of it, or fails with the reason
//! and the buffer; after a failure the lines have been reset and the card was told to stop, so that
//! the next request starts from rest.

use super::card::Card;
use super::command::{BLOCK, Command, Data};
use super::error::{SdError, Wait};
use super::path::Path;
use super::registers::Events;
use core::fmt;
use hal::buffer::ViewMut;
use hal::{Clock, DmaBuffer, Mmio, PageSource, Pages, Platform};

/// Blocks that the controller counts in one request.
pub const MAX_BLOCKS: u64 = 0xFFFF;
/// Time for data, and more for each block.
const DATA_US: u64 = 1_000_000;
const BLOCK_US: u64 = 1_000;
/// Time in which a card writes what it was given.
const PROGRAM_US: u64 = 1_000_000;
/// The states of a card at rest, in its status: "transfer", ready for data.
const AT_REST: u32 = 4 << 9 | 1 << 8;
const STATE: u32 = 0xF << 9 | 1 << 8;

/// A buffer that the CPU fills or reads itself if no channel does.
pub trait BlockBuffer: DmaBuffer {
    /// The bytes of [`range`](DmaBuffer::range).
    fn bytes_mut<'a, P: Platform>(&'a mut self, platform: &'a P) -> ViewMut<'a, P>;
}

impl<S: PageSource + Send + 'static> BlockBuffer for Pages<S> {
    fn bytes_mut<'a, P: Platform>(&'a mut self, platform: &'a P) -> ViewMut<'a, P> {
        Pages::bytes_mut(self, platform)
    }
}

/// Bytes moved, by who moved them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// By the CPU.
    pub pio_bytes: u64,
    /// By a channel.
    pub dma_bytes: u64,
}

/// A request that failed: why, and the buffer unless a device may still use it.
pub struct Failed<B> {
    /// Why.
    pub error: SdError,
    /// The buffer; a read may have filled a part of it.
    pub buffer: Option<B>,
}

impl<B> fmt::Debug for Failed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.error, f)
    }
}

/// A request that passed its checks.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) command: Command,
    pub(crate) read: bool,
    pub(crate) bytes: u64,
}

impl Request {
    /// Time for all of its data.
    pub(crate) const fn patience_us(&self) -> u64 {
        DATA_US + self.bytes / BLOCK * BLOCK_US
    }
}

impl<M: Mmio, K: Clock + ?Sized> Card<'_, M, K> {
    /// Reads blocks from `lba` on into the whole of `buffer`.
    ///
    /// Context: thread; waits for the card.
    pub fn read<P: Platform, N: Mmio, C: DmaBuffer, B: BlockBuffer>(
        &mut self,
        path: Path<'_, '_, P, N, C>,
        lba: u64,
        buffer: B,
    ) -> Result<B, Failed<B>> {
        let request = match self.request(lba, buffer.range().len(), true) {
            Ok(request) => request,
            Err(error) => return Err(refused(error, buffer)),
        };
        match path {
            Path::Pio(platform) => self.by_cpu(platform, request, buffer),
            Path::Dma { channel, port } => self.read_by(channel, port, request, buffer),
        }
    }

    /// Writes the whole of `buffer` to blocks from `lba` on, and waits until the card has them.
    ///
    /// Context: thread; waits for the card.
    pub fn write<P: Platform, N: Mmio, C: DmaBuffer, B: BlockBuffer>(
        &mut self,
        path: Path<'_, '_, P, N, C>,
        lba: u64,
        buffer: B,
    ) -> Result<B, Failed<B>> {
        let request = match self.request(lba, buffer.range().len(), false) {
            Ok(request) => request,
            Err(error) => return Err(refused(error, buffer)),
        };
        match path {
            Path::Pio(platform) => self.by_cpu(platform, request, buffer),
            Path::Dma { channel, port } => self.write_by(channel, port, request, buffer),
        }
    }

    fn request(&self, lba: u64, bytes: u64, read: bool) -> Result<Request, SdError> {
        let (blocks, max, capacity) = (bytes / BLOCK, MAX_BLOCKS * BLOCK, self.info().blocks);
        if !bytes.is_multiple_of(BLOCK) || bytes > max {
            return Err(SdError::Length { bytes, max });
        }
        let range = SdError::Range {
            lba,
            blocks,
            capacity,
        };
        let inside = lba.checked_add(blocks).is_some_and(|end| end <= capacity);
        let start = u32::try_from(lba).ok().filter(|_| inside).ok_or(range)?;
        let blocks = blocks as u16;
        let command = Command::transfer(self.info().argument(start), Data { blocks, read });
        Ok(Request {
            command,
            read,
            bytes,
        })
    }

    /// The end of a data phase. What was written is on the card then.
    pub(crate) fn finish(&mut self, request: Request) -> Result<(), SdError> {
        let complete = Events::TRANSFER_COMPLETE::SET;
        self.host.event(Wait::Data, complete, DATA_US)?;
        if request.read {
            return Ok(());
        }
        let clock = self.host.clock();
        let start = clock.micros();
        // A write that failed is told by this status.
        while self.host.send(Command::status(self.address))? & STATE != AT_REST {
            if clock.micros() - start > PROGRAM_US {
                return Err(SdError::TimedOut {
                    wait: Wait::Programming,
                    after_us: PROGRAM_US,
                    command: 13,
                });
            }
        }
        Ok(())
    }

    /// Back to rest after an error. What fails here shows in the next request.
    pub(crate) fn recover(&mut self) {
        let _ = self.host.reset_lines();
        // A card that sends already, or never began, does not answer this.
        if self.host.send(Command::stop()).is_err() {
            let _ = self.host.reset_lines();
        }
    }
}

/// A request that was not begun.
pub(crate) const fn refused<B>(error: SdError, buffer: B) -> Failed<B> {
    Failed {
        error,
        buffer: Some(buffer),
    }
}
