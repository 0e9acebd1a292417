//! The boot sector: where a volume's table, root and clusters lie.
//!
//! Source: Microsoft FAT specification 1.03, section 3. FAT32 is told as Linux does, by the 16-bit
//! length of the table being zero, and FAT12 by the number of clusters.

mod error;
mod raw;

pub use error::BootError;

use crate::mbr::Partition;
use raw::Raw;

/// Bytes of a directory entry.
const ENTRY: u64 = 32;

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 16-bit entries, a root of fixed size.
    Fat16,
    /// 32-bit entries, a root in clusters.
    Fat32,
}

/// Where the root directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    Blocks { lba: u64, blocks: u64 },
    Cluster(u32),
}

/// A volume's numbers, checked: every block that follows from them lies in the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Which table.
    pub width: Width,
    /// Blocks in a cluster, a power of two.
    pub cluster_blocks: u64,
    /// Clusters, numbered from 2 on.
    pub clusters: u32,
    pub(crate) table: u64,
    pub(crate) root: Root,
    pub(crate) data: u64,
}

impl Geometry {
    /// Reads the boot sector of a volume in `partition`.
    pub fn parse(sector: &[u8; 512], partition: &Partition) -> Result<Self, BootError> {
        let raw = Raw::read(sector)?;
        raw.check(partition.blocks)?;
        let root_at = u64::from(raw.reserved) + u64::from(raw.tables) * u64::from(raw.table);
        let root_blocks = (u64::from(raw.root_entries) * ENTRY).div_ceil(512);
        let clusters = raw.clusters(root_at + root_blocks)?;
        let geometry = Self {
            width: raw.width,
            cluster_blocks: raw.cluster.into(),
            clusters,
            table: partition.start + u64::from(raw.reserved),
            root: match raw.width {
                Width::Fat32 => Root::Cluster(raw.root_cluster),
                Width::Fat16 => Root::Blocks {
                    lba: partition.start + root_at,
                    blocks: root_blocks,
                },
            },
            data: partition.start + root_at + root_blocks,
        };
        match geometry.root {
            Root::Cluster(cluster) if !geometry.has(cluster) => {
                Err(BootError::RootCluster { cluster })
            }
            _ => Ok(geometry),
        }
    }

    /// Is there a cluster of this number?
    pub(crate) const fn has(&self, cluster: u32) -> bool {
        cluster >= 2 && cluster - 2 < self.clusters
    }

    /// First block of a cluster that there is.
    pub(crate) const fn lba(&self, cluster: u32) -> u64 {
        self.data + (cluster as u64 - 2) * self.cluster_blocks
    }

    /// Bytes of a cluster.
    pub const fn cluster_bytes(&self) -> u64 {
        self.cluster_blocks * 512
    }
}
