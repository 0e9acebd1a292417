//! What is wrong with a boot sector, with the numbers that show it.

use super::Width;
use core::fmt;

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
            Self::Clusters {
                width: Width::Fat16,
                clusters,
            } if *clusters < 4085 => {
                write!(f, "{clusters} clusters are FAT12, which is not read")
            }
            Self::Clusters { width, clusters } => write!(f, "{clusters} clusters for {width:?}"),
            Self::ShortTable { sectors, clusters } => {
                write!(f, "a table of {sectors} sectors for {clusters} clusters")
            }
            Self::RootCluster { cluster } => write!(f, "root at cluster {cluster}"),
        }?;
        f.write_str("; format the partition (FAT16 or FAT32)")
    }
}
