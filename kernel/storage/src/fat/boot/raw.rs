//! The fields of a boot sector that count, and whether they can be true.

use super::{BootError, Width};

/// Fewer clusters are FAT12.
const LEAST_FAT16: u64 = 4085;
/// More clusters than this have no number in FAT16, or in FAT32.
const MOST_FAT16: u64 = 65524;
const MOST_FAT32: u64 = 0x0FFF_FFF5;

/// The fields that count, as they stand in the sector.
pub(super) struct Raw {
    pub(super) cluster: u8,
    pub(super) reserved: u16,
    pub(super) tables: u8,
    pub(super) root_entries: u16,
    sectors: u32,
    pub(super) table: u32,
    pub(super) width: Width,
    pub(super) root_cluster: u32,
}

impl Raw {
    pub(super) fn read(sector: &[u8; 512]) -> Result<Self, BootError> {
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

    pub(super) fn check(&self, partition: u64) -> Result<(), BootError> {
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
    pub(super) fn clusters(&self, before: u64) -> Result<u32, BootError> {
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
