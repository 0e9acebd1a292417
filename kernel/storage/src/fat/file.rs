//! File data: runs of neighbouring clusters as requests of many blocks.

use super::chain::ChainError;
use super::{Entry, TreeError, Volume};
use crate::blocks::Blocks;
use crate::{BLOCK, BlockDevice, Buffers, Error};
use alloc::vec::Vec;
use core::ops::ControlFlow;
use sha2::{Digest, Sha256};

/// Bytes of a file's digest.
pub type Sum = [u8; 32];

/// A stretch of a file on the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// First block.
    pub lba: u64,
    /// Bytes of the file in it; only the last extent's may end inside a block.
    pub bytes: u64,
}

/// The extents of a file still to come. They add up to its size.
#[derive(Clone, Debug)]
pub struct Extents {
    next: Option<u32>,
    left: u64,
    first: u32,
    size: u64,
}

/// Whose buffers a request goes through.
#[derive(Clone, Copy)]
enum Memory {
    Data,
    Metadata,
}

impl Extents {
    /// The next extent, of at most `most` bytes (a cluster if that is more).
    pub fn next<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
        most: u64,
    ) -> Result<Option<Extent>, Error<D::Error>> {
        if self.left == 0 {
            return Ok(None);
        }
        let cluster = self.next.ok_or(ChainError::Short {
            first: self.first,
            bytes: self.size - self.left,
            size: self.size,
        })?;
        let cluster_bytes = volume.geometry.cluster_bytes();
        let most = most.min(self.left.next_multiple_of(cluster_bytes));
        let (clusters, after) = volume.run(cluster, most / cluster_bytes)?;
        let bytes = self.left.min(clusters * cluster_bytes);
        (self.next, self.left) = (after, self.left - bytes);
        let lba = volume.geometry.lba(cluster);
        Ok(Some(Extent { lba, bytes }))
    }
}

impl<D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Volume<'_, D, B> {
    /// The extents of a file whose chain is sound and long enough.
    pub fn extents(&mut self, entry: &Entry) -> Result<Extents, Error<D::Error>> {
        if entry.directory {
            return Err(TreeError::IsDirectory.into());
        }
        let (first, size) = (entry.first, u64::from(entry.size));
        let bytes = match (first, size) {
            (0, _) | (_, 0) => 0,
            _ => {
                u64::from(self.chain_len(first, self.geometry.clusters)?)
                    * self.geometry.cluster_bytes()
            }
        };
        if bytes < size {
            return Err(ChainError::Short { first, bytes, size }.into());
        }
        Ok(Extents {
            next: (bytes > 0).then_some(first),
            left: size,
            first,
            size,
        })
    }

    /// Reads a file in requests of at most `most` bytes, each into a buffer for data, and shows them
    /// to `look` in order until it breaks. Returns the bytes shown.
    pub fn read(
        &mut self,
        entry: &Entry,
        most: u64,
        look: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<u64, Error<D::Error>> {
        self.read_through(Memory::Data, entry, most, look)
    }

    fn read_through(
        &mut self,
        memory: Memory,
        entry: &Entry,
        most: u64,
        mut look: impl FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<u64, Error<D::Error>> {
        let most = (most / BLOCK * BLOCK).max(BLOCK);
        let mut extents = self.extents(entry)?;
        let mut shown = 0;
        while let Some(mut extent) = extents.next(self, most)? {
            while extent.bytes > 0 {
                let bytes = extent.bytes.min(most);
                let len = bytes.next_multiple_of(BLOCK);
                let look = |all: &[u8]| look(&all[..bytes as usize]);
                let flow = self.request(memory, extent.lba, len, look)?;
                shown += bytes;
                if flow.is_break() {
                    return Ok(shown);
                }
                (extent.lba, extent.bytes) = (extent.lba + len / BLOCK, extent.bytes - bytes);
            }
        }
        Ok(shown)
    }

    fn request<R>(
        &mut self,
        memory: Memory,
        lba: u64,
        len: u64,
        look: impl FnOnce(&[u8]) -> R,
    ) -> Result<R, Error<D::Error>> {
        let Blocks {
            device, staging, ..
        } = &mut self.blocks;
        match memory {
            Memory::Data => self.data.request(*device, lba, len, look),
            Memory::Metadata => staging.request(*device, lba, len, look),
        }
    }

    /// The SHA-256 of a file, or `None` if `go_on` said no: it is asked before each request's bytes
    /// are summed, with how many there are up to then.
    pub fn sum(
        &mut self,
        entry: &Entry,
        most: u64,
        mut go_on: impl FnMut(u64) -> bool,
    ) -> Result<Option<Sum>, Error<D::Error>> {
        let (mut sum, mut seen, mut stopped) = (Sha256::new(), 0, false);
        self.read(entry, most, |bytes| {
            seen += bytes.len() as u64;
            stopped = !go_on(seen);
            if stopped {
                return ControlFlow::Break(());
            }
            sum.update(bytes);
            ControlFlow::Continue(())
        })?;
        Ok((!stopped).then(|| sum.finalize().into()))
    }

    /// All of a small file: at most `limit` bytes, read as metadata are.
    pub fn load(&mut self, entry: &Entry, limit: u32) -> Result<Vec<u8>, Error<D::Error>> {
        if entry.size > limit {
            let size = entry.size;
            return Err(TreeError::TooLarge { size, limit }.into());
        }
        let mut all = Vec::new();
        self.read_through(Memory::Metadata, entry, hal::PAGE, |bytes| {
            all.extend_from_slice(bytes);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }
}
