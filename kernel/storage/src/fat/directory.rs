//! Directories, entry by entry.

use super::boot::Root;
use super::name::{LongName, short};
use super::{TreeError, Volume};
use crate::blocks::BLOCK_LEN;
use crate::{BlockDevice, Buffers, Error};
use alloc::string::String;

const RAW: usize = 32;
/// Entries of the largest directory there may be: 2 MiB.
const MOST: u64 = 65536;

const LONG: u8 = 0x0F;
const LABEL: u8 = 0x08;
const DIRECTORY: u8 = 0x10;
const DELETED: u8 = 0xE5;

/// A file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its long name, or its short one if there is none.
    pub name: String,
    /// Is it a directory?
    pub directory: bool,
    /// Bytes of the file; 0 for directories.
    pub size: u32,
    pub(super) first: u32,
}

/// A directory that is being read. Holds no borrow: others may be read in between.
#[derive(Clone, Debug)]
pub struct Entries {
    /// The next block.
    lba: u64,
    /// Blocks left up to the end of the cluster or fixed root.
    blocks: u64,
    /// Clusters left, and the last one begun.
    clusters: u32,
    cluster: u32,
    /// The next entry in the block at `lba`.
    index: usize,
    long: LongName,
}

impl Entries {
    const fn new(lba: u64, blocks: u64, clusters: u32, cluster: u32) -> Self {
        Self {
            lba,
            blocks,
            clusters,
            cluster,
            index: 0,
            long: LongName::NONE,
        }
    }

    /// The next entry; `None` at the end. Labels, deleted entries, `.` and `..` are left out. After
    /// an error there is nothing more to be had.
    pub fn next<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
    ) -> Result<Option<Entry>, Error<D::Error>> {
        while let Some(raw) = self.raw(volume)? {
            let attributes = raw[11];
            match raw[0] {
                0 => break,
                DELETED => self.long.forget(),
                _ if attributes & 0x3F == LONG => self.long.push(&raw),
                b'.' => self.long.forget(),
                _ if attributes & LABEL != 0 => self.long.forget(),
                _ => return Ok(Some(self.entry(raw))),
            }
        }
        (self.blocks, self.clusters) = (0, 0);
        Ok(None)
    }

    fn entry(&mut self, mut raw: [u8; RAW]) -> Entry {
        let long = self.long.of(&raw);
        self.long.forget();
        if raw[0] == 0x05 {
            // Stands for a first character that would mean "deleted".
            raw[0] = DELETED;
        }
        let half = |at: usize| u32::from(u16::from_le_bytes([raw[at], raw[at + 1]]));
        let directory = raw[11] & DIRECTORY != 0;
        let size = half(28) | half(30) << 16;
        Entry {
            name: long.unwrap_or_else(|| short(&raw)),
            directory,
            size: if directory { 0 } else { size },
            first: half(26) | half(20) << 16,
        }
    }

    fn raw<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
    ) -> Result<Option<[u8; RAW]>, Error<D::Error>> {
        if self.blocks == 0 && !self.enter_next(volume)? {
            return Ok(None);
        }
        let at = self.index * RAW;
        let block = volume.blocks.block(self.lba)?;
        let raw = block[at..at + RAW].try_into().expect("32 bytes were cut");
        self.index += 1;
        if self.index * RAW == BLOCK_LEN {
            (self.index, self.lba, self.blocks) = (0, self.lba + 1, self.blocks - 1);
        }
        Ok(Some(raw))
    }

    /// Goes on in the next cluster, if there is one.
    fn enter_next<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
    ) -> Result<bool, Error<D::Error>> {
        if self.clusters == 0 {
            return Ok(false);
        }
        let Some(next) = volume.follower(self.cluster)? else {
            return Ok(false);
        };
        let geometry = &volume.geometry;
        (self.cluster, self.clusters) = (next, self.clusters - 1);
        (self.lba, self.blocks) = (geometry.lba(next), geometry.cluster_blocks);
        Ok(true)
    }
}

impl<D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Volume<'_, D, B> {
    /// Opens the root directory.
    pub fn root(&mut self) -> Result<Entries, Error<D::Error>> {
        match self.geometry.root {
            Root::Blocks { lba, blocks } => Ok(Entries::new(lba, blocks, 0, 0)),
            Root::Cluster(first) => self.directory_at(first),
        }
    }

    /// Opens a directory.
    pub fn directory(&mut self, entry: &Entry) -> Result<Entries, Error<D::Error>> {
        if !entry.directory {
            return Err(TreeError::NotADirectory.into());
        }
        self.directory_at(entry.first)
    }

    fn directory_at(&mut self, first: u32) -> Result<Entries, Error<D::Error>> {
        let longest = (MOST * RAW as u64).div_ceil(self.geometry.cluster_bytes());
        let most = self.geometry.clusters.min(longest as u32);
        let clusters = self.chain_len(first, most)?;
        let (lba, blocks) = (self.geometry.lba(first), self.geometry.cluster_blocks);
        Ok(Entries::new(lba, blocks, clusters - 1, first))
    }
}
