//! The skeleton of a card: a partition table and one FAT32 partition, in memory.
//!
//! No clock and no random numbers go in: files are dated 1980-01-01, FAT's zero, and the caller
//! gives the serial number. Source: Microsoft FAT specification 1.03; MBR as Linux reads it.

use super::dots;
use anyhow::Context;
use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use mbrman::{BOOT_INACTIVE, CHS, MBRHeader, MBRPartitionEntry};
use std::io::Cursor;
use std::ops::Range;

/// Bytes of a sector, of the card and of the file system.
pub(crate) const SECTOR: usize = 512;

/// Bytes of a card. A power of two, and enough for the 65,525 clusters that make a FAT a FAT32.
pub(crate) const LEN: usize = 128 << 20;

/// Bytes of a cluster: more than a sector, or nobody would notice who confuses the two.
pub(super) const CLUSTER: usize = 2 * SECTOR;

/// The partition. It starts where partitioning tools put the first one, 1 MiB in.
pub(super) const PARTITION: Range<usize> = 1 << 20..LEN;

/// Type of a FAT32 partition that is addressed by sector numbers.
pub(super) const FAT32_LBA: u8 = 0x0C;

/// The file system in a slice of the image.
pub(crate) type Volume<'a> = FileSystem<Cursor<&'a mut [u8]>>;
/// A directory of it.
pub(crate) type Dir<'a, 'image> = fatfs::Dir<'a, Cursor<&'image mut [u8]>>;

/// A whole image, with the files that `fill` writes.
pub(crate) fn make(
    label: [u8; 11],
    serial: u32,
    fill: impl FnOnce(&Dir<'_, '_>) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<u8>> {
    let mut image = vec![0; LEN];
    partition_table(FAT32_LBA, PARTITION.len(), serial)
        .write_into(&mut Cursor::new(&mut image[..]))
        .context("partition table")?;
    let options = format(label, serial);
    fatfs::format_volume(Cursor::new(&mut image[PARTITION]), options).context("FAT")?;
    let volume = open(&mut image)?;
    fill(&volume.root_dir())?;
    volume.unmount().context("FAT")?;
    dots::mend(&mut image);
    Ok(image)
}

/// The file system of an image that [`make`] made.
pub(crate) fn open(image: &mut [u8]) -> anyhow::Result<Volume<'_>> {
    let partition = Cursor::new(&mut image[PARTITION]);
    FileSystem::new(partition, FsOptions::new()).context("FAT")
}

/// One partition, of type `kind` and so many bytes.
pub(super) fn partition_table(kind: u8, len: usize, serial: u32) -> MBRHeader {
    let mut table = MBRHeader::new(serial.to_le_bytes());
    table.partition_1 = MBRPartitionEntry {
        boot: BOOT_INACTIVE,
        // Cylinders are of no meaning on a card; who reads this reads the sector numbers.
        first_chs: CHS::empty(),
        sys: kind,
        last_chs: CHS::empty(),
        starting_lba: (PARTITION.start / SECTOR) as u32,
        sectors: (len / SECTOR) as u32,
    };
    table
}

fn format(label: [u8; 11], serial: u32) -> FormatVolumeOptions {
    FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .bytes_per_cluster(CLUSTER as u32)
        .volume_label(label)
        .volume_id(serial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn what_is_written_is_read_back_through_the_partition_table() {
        let mut image = make(*b"TEST       ", 7, |root| {
            Ok(root.create_file("a file")?.write_all(b"its bytes")?)
        })
        .unwrap();
        let table = MBRHeader::read_from(&mut Cursor::new(&image[..])).unwrap();
        let entry = table.partition_1;
        assert_eq!(entry.starting_lba as usize * SECTOR, PARTITION.start);
        assert_eq!(
            (entry.starting_lba + entry.sectors) as usize * SECTOR,
            image.len()
        );
        let volume = open(&mut image).unwrap();
        assert_eq!(volume.fat_type(), FatType::Fat32);
        let mut bytes = Vec::new();
        let mut file = volume.root_dir().open_file("a file").unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"its bytes");
    }

    #[test]
    fn the_size_is_one_that_the_emulator_takes() {
        assert!(LEN.is_power_of_two());
    }
}
