//! Metadata, block by block: one owned staging buffer and a small cache of what came through it.
//!
//! Callers get slices of the cache; a device gets the staging buffer. Nothing is ever written, so a
//! cached block is right for as long as the card stays: a reader lives for one command.

use crate::{BLOCK, BlockDevice, Buffers, Error};
use alloc::vec::Vec;

/// Bytes of a block, as a length of slices.
pub(crate) const BLOCK_LEN: usize = BLOCK as usize;
/// Blocks that are read at once: a page.
const CHUNK: u64 = 8;
/// Chunks that are kept: the table, a directory and a few of its parents.
const CHUNKS: usize = 8;

/// The chunk that starts at block `start`.
struct Cached {
    start: u64,
    bytes: Vec<u8>,
}

/// A device and its owned buffer.
pub(crate) struct Blocks<'a, D: BlockDevice, B: Buffers<Buffer = D::Buffer>> {
    device: &'a mut D,
    buffers: &'a B,
    /// Kept from one request to the next, unless a failed device still has it.
    spare: Option<D::Buffer>,
    cache: Vec<Cached>,
    /// The next place to be used again.
    oldest: usize,
}

impl<'a, D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Blocks<'a, D, B> {
    pub(crate) const fn new(device: &'a mut D, buffers: &'a B) -> Self {
        Self {
            device,
            buffers,
            spare: None,
            cache: Vec::new(),
            oldest: 0,
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.device.block_count()
    }

    /// One block of metadata.
    pub(crate) fn block(&mut self, lba: u64) -> Result<&[u8], Error<D::Error>> {
        let blocks = self.count();
        if lba >= blocks {
            return Err(Error::Beyond { lba, blocks });
        }
        let start = lba / CHUNK * CHUNK;
        let index = match self.cache.iter().position(|c| c.start == start) {
            Some(index) => index,
            None => self.load(start, CHUNK.min(blocks - start))?,
        };
        let at = (lba - start) as usize * BLOCK_LEN;
        Ok(&self.cache[index].bytes[at..at + BLOCK_LEN])
    }

    fn load(&mut self, start: u64, blocks: u64) -> Result<usize, Error<D::Error>> {
        let bytes = self.request(start, blocks * BLOCK, <[u8]>::to_vec)?;
        let cached = Cached { start, bytes };
        if self.cache.len() < CHUNKS {
            self.cache.push(cached);
            return Ok(self.cache.len() - 1);
        }
        let index = self.oldest;
        self.oldest = (index + 1) % CHUNKS;
        self.cache[index] = cached;
        Ok(index)
    }

    /// One request of `len` bytes, whole blocks, into an owned buffer; `look` sees what came.
    pub(crate) fn request<R>(
        &mut self,
        lba: u64,
        len: u64,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Error<D::Error>> {
        let buffer = self.buffer(len)?;
        match self.device.read(lba, buffer) {
            Ok(buffer) => {
                let seen = look(&self.buffers.bytes(&buffer));
                self.spare = Some(buffer);
                Ok(seen)
            }
            Err(failed) => {
                self.spare = failed.buffer;
                let error = failed.error;
                Err(Error::Device { lba, error })
            }
        }
    }

    /// The spare buffer, or a new one if there is none of that length.
    fn buffer(&mut self, len: u64) -> Result<D::Buffer, Error<D::Error>> {
        let resized = self.spare.take().map(|b| self.buffers.resize(b, len));
        match resized {
            Some(Ok(buffer)) => Ok(buffer),
            Some(Err(_)) | None => self.buffers.alloc(len).map_err(Error::Memory),
        }
    }
}
