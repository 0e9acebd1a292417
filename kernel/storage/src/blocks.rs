//! Metadata, block by block, through a small cache. Nothing is ever written, so a cached block is
//! right for as long as the card stays: a reader lives for one command.

use crate::staging::Staging;
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

/// A device, and what is known of its metadata.
pub(crate) struct Blocks<'a, D: BlockDevice, B: Buffers<Buffer = D::Buffer>> {
    pub(crate) device: &'a mut D,
    pub(crate) staging: Staging<'a, B>,
    cache: Vec<Cached>,
    /// The next place to be used again.
    oldest: usize,
}

impl<'a, D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Blocks<'a, D, B> {
    pub(crate) const fn new(device: &'a mut D, buffers: &'a B) -> Self {
        Self {
            device,
            staging: Staging::new(buffers),
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
        let len = blocks * BLOCK;
        let bytes = self
            .staging
            .request(self.device, start, len, <[u8]>::to_vec)?;
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
}
