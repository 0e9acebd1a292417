//! FAT16 and FAT32, to read.

mod boot;
mod chain;
mod directory;
mod file;
mod name;
mod path;
mod walk;

pub use boot::{BootError, Geometry, Width};
pub use chain::ChainError;
pub use directory::{Entries, Entry};
pub use file::{Extent, Extents, Sum};
pub use path::Located;
pub use walk::{Found, Walk};

use crate::blocks::Blocks;
use crate::mbr::{self, Partition};
use crate::staging::Staging;
use crate::{BlockDevice, Buffers, Error};
use alloc::string::String;
use core::fmt;

/// What is wrong with the tree, or with what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// No such name in the directory.
    NotFound {
        /// The name.
        name: String,
    },
    /// A file where a directory was meant.
    NotADirectory,
    /// A directory where a file was meant.
    IsDirectory,
    /// Directories too deep inside one another.
    TooDeep {
        /// The most there may be.
        most: usize,
    },
    /// A directory that is in the tree in two places.
    Again {
        /// Where it starts.
        cluster: u32,
    },
    /// A file too large to be taken into memory.
    TooLarge {
        /// Its bytes.
        size: u32,
        /// The most there may be.
        limit: u32,
    },
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name } => write!(f, "\"{name}\" is not there"),
            Self::NotADirectory => f.write_str("not a directory"),
            Self::IsDirectory => f.write_str("a directory"),
            Self::TooDeep { most } => write!(f, "more than {most} directories deep"),
            Self::Again { cluster } => {
                write!(f, "the directory at cluster {cluster} is in the tree twice")
            }
            Self::TooLarge { size, limit } => write!(f, "{size} bytes, more than {limit}"),
        }
    }
}

/// The first FAT volume of a card. Lives for one command: what it cached is of this card.
pub struct Volume<'a, D: BlockDevice, B: Buffers<Buffer = D::Buffer>> {
    blocks: Blocks<'a, D, B>,
    data: Staging<'a, B>,
    partition: Partition,
    geometry: Geometry,
}

impl<'a, D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Volume<'a, D, B> {
    /// Reads the partition table, if there is one, and the boot sector. Tables, directories
    /// and files that are loaded as a whole go through buffers of `metadata`, all other file data
    /// into those of `data`.
    pub fn open(device: &'a mut D, metadata: &'a B, data: &'a B) -> Result<Self, Error<D::Error>> {
        let mut blocks = Blocks::new(device, metadata);
        let card = blocks.count();
        let partition = mbr::locate(&sector(&mut blocks, 0)?, card)?;
        let geometry = Geometry::parse(&sector(&mut blocks, partition.start)?, &partition)?;
        Ok(Self {
            blocks,
            data: Staging::new(data),
            partition,
            geometry,
        })
    }

    /// The partition that it is in.
    pub const fn partition(&self) -> &Partition {
        &self.partition
    }

    /// Its numbers.
    pub const fn geometry(&self) -> &Geometry {
        &self.geometry
    }
}

fn sector<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
    blocks: &mut Blocks<'_, D, B>,
    lba: u64,
) -> Result<[u8; 512], Error<D::Error>> {
    let block = blocks.block(lba)?;
    Ok(block.try_into().expect("a block has 512 bytes"))
}
