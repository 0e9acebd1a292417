//! The boot sector: where a volume's table, root and clusters lie.
//!
//! Source: Microsoft FAT specification 1.03, section 3. FAT32 is told as Linux does, by the 16-bit
//! length of the table being zero, and FAT12 by the number of clusters.

use crate::mbr::Partition;
use core::fmt;

/// Fewer clusters are FAT12.
const LEAST_FAT16: u64 = 4085;
/// More clusters than this have no number in FAT16, or in FAT32.
const MOST_FAT16: u64 = 65524;
const MOST_FAT32: u64 = 0x0FFF_FFF5;
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

/// What is wrong with a boot sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootError {
    /// The sector does not end as a boot sector does.
    NoSignature {
        /// Its last two bytes.
        found: [u8; 2],
    },
    /// Sectors of another size than the card's blocks.
    SectorSize {
        /// Bytes.
        bytes: u16,
    },
    /// Clusters of no size, or none that is a power of two.
    ClusterSize {
        /// Sectors.
        sectors: u8,
    },
    /// No reserved sector, no table, or a table of no sectors.
    NoTable {
        /// Reserved sectors.
        reserved: u16,
        /// Tables.
        tables: u8,
        /// Sectors of each.
        sectors: u32,
    },
    /// More sectors than the partition has.
    BeyondPartition {
        /// Sectors of the volume.
        sectors: u32,
        /// Blocks of the partition.
        partition: u64,
    },
    /// A number of clusters that the kind of table does not have, 0 if there is no room for any.
    Clusters {
        /// Which table.
        width: Width,
        /// Clusters.
        clusters: u64,
    },
    /// A table too short for the clusters.
    ShortTable {
        /// Sectors it has.
        sectors: u32,
        /// Clusters.
        clusters: u64,
    },
    /// The root starts at a cluster that there is not.
    RootCluster {
        /// The cluster.
        cluster: u32,
    },
}

impl fmt::Display for BootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad boot sector: ")?;
        match self {
            Self::NoSignature { found: [a, b] } => write!(f, "it ends in {a:02x} {b:02x}"),
            Self::SectorSize { bytes } => write!(f, "sectors of {bytes} bytes, not 512"),
            Self::ClusterSize { sectors } => write!(f, "clusters of {sectors} sectors"),
            Self::NoTable {
                reserved,
                tables,
                sectors,
            } => write!(
                f,
                "{tables} tables of {sectors} sectors after {reserved} reserved ones"
            ),
            Self::BeyondPartition { sectors, partition } => {
                write!(f, "{sectors} sectors in a partition of {partition}")
            }
            Self::Clusters { width, clusters } => write!(f, "{clusters} clusters for {width:?}"),
            Self::ShortTable { sectors, clusters } => {
                write!(f, "a table of {sectors} sectors for {clusters} clusters")
            }
            Self::RootCluster { cluster } => write!(f, "root at cluster {cluster}"),
        }
    }
}

/// The fields that count, as they stand in the sector.
struct Raw {
    cluster: u8,
    reserved: u16,
    tables: u8,
    root_entries: u16,
    sectors: u32,
    table: u32,
    width: Width,
    root_cluster: u32,
}

impl Raw {
    fn read(sector: &[u8; 512]) -> Result<Self, BootError> {
        let half = |at: usize| u16::from_le_bytes([sector[at], sector[at + 1]]);
        let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
        let either = |short: u16, long: u32| if short == 0 { long } else { short.into() };
        let found = [sector[510], sector[511]];
        if found != [0x55, 0xAA] {
            return Err(BootError::NoSignature { found });
        }
        if half(11) != 512 {
            return Err(BootError::SectorSize { bytes: half(11) });
        }
        let fat32 = half(22) == 0;
        Ok(Self {
            cluster: sector[13],
            reserved: half(14),
            tables: sector[16],
            root_entries: half(17),
            sectors: either(half(19), word(32)),
            table: if fat32 { word(36) } else { half(22).into() },
            width: if fat32 { Width::Fat32 } else { Width::Fat16 },
            root_cluster: word(44),
        })
    }

    fn check(&self, partition: u64) -> Result<(), BootError> {
        let (reserved, tables, sectors) = (self.reserved, self.tables, self.table);
        if !self.cluster.is_power_of_two() {
            let sectors = self.cluster;
            return Err(BootError::ClusterSize { sectors });
        }
        if reserved == 0 || tables == 0 || sectors == 0 {
            return Err(BootError::NoTable {
                reserved,
                tables,
                sectors,
            });
        }
        if u64::from(self.sectors) > partition {
            let sectors = self.sectors;
            return Err(BootError::BeyondPartition { sectors, partition });
        }
        Ok(())
    }

    /// Clusters, if there is a table for so many.
    fn clusters(&self, before: u64) -> Result<u32, BootError> {
        let room = u64::from(self.sectors).saturating_sub(before);
        let (width, clusters) = (self.width, room / u64::from(self.cluster));
        let (least, most, entry) = match width {
            Width::Fat16 => (LEAST_FAT16, MOST_FAT16, 2),
            Width::Fat32 => (1, MOST_FAT32, 4),
        };
        if !(least..=most).contains(&clusters) {
            return Err(BootError::Clusters { width, clusters });
        }
        if (clusters + 2) * entry > u64::from(self.table) * 512 {
            let sectors = self.table;
            return Err(BootError::ShortTable { sectors, clusters });
        }
        Ok(clusters as u32)
    }
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
