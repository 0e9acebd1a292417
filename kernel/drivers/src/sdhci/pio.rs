//! Data by the CPU, a block at a time: for controllers without a request line, and where no channel
//! is free.

use super::card::Card;
use super::command::BLOCK;
use super::error::{SdError, Wait};
use super::registers::{DATA, Events};
use super::transfer::{BlockBuffer, Failed, Request, refused};
use hal::{Clock, Mmio, Platform};

/// Time for a block to arrive or to be taken.
const BLOCK_US: u64 = 1_000_000;

impl<M: Mmio, K: Clock + ?Sized> Card<'_, M, K> {
    pub(crate) fn by_cpu<P: Platform, B: BlockBuffer>(
        &mut self,
        platform: &P,
        request: Request,
        mut buffer: B,
    ) -> Result<B, Failed<B>> {
        let moved = self.move_blocks(request, &mut buffer.bytes_mut(platform));
        match moved.and_then(|()| self.finish(request)) {
            Ok(()) => {
                self.traffic.pio_bytes += request.bytes;
                Ok(buffer)
            }
            Err(error) => {
                self.recover();
                Err(refused(error, buffer))
            }
        }
    }

    fn move_blocks(&mut self, request: Request, bytes: &mut [u8]) -> Result<(), SdError> {
        self.host.send(request.command)?;
        for block in bytes.chunks_exact_mut(BLOCK as usize) {
            if request.read {
                self.take(block)?;
            } else {
                self.give(block)?;
            }
        }
        Ok(())
    }

    /// The event is cleared before the block is read: with its last word the next one may be ready.
    fn take(&mut self, block: &mut [u8]) -> Result<(), SdError> {
        let ready = Events::READ_READY::SET;
        self.host.event(Wait::ReadReady, ready, BLOCK_US)?;
        for word in block.chunks_exact_mut(4) {
            word.copy_from_slice(&DATA.read(self.host.io()).get().to_le_bytes());
        }
        Ok(())
    }

    fn give(&mut self, block: &[u8]) -> Result<(), SdError> {
        let ready = Events::WRITE_READY::SET;
        self.host.event(Wait::WriteReady, ready, BLOCK_US)?;
        for word in block.chunks_exact(4) {
            let bytes = word.try_into().expect("chunks of four");
            DATA.set(self.host.io(), u32::from_le_bytes(bytes));
        }
        Ok(())
    }
}
