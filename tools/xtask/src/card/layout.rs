//! Where things lie in a FAT32 volume: just enough to spoil one, and to see that it is spoilt.
//!
//! Only for images that [`disk`](super::disk) made; nothing here is checked against bad ones.
//! Source: Microsoft FAT specification 1.03, sections 3 to 6.

use super::disk::{PARTITION, SECTOR};
use std::iter::successors;

/// Bits of a table entry that are its value; the rest is reserved.
const VALUE: u32 = 0x0FFF_FFFF;
/// Values from here on are bad clusters and ends of chains.
const SPECIAL: u32 = 0x0FFF_FFF7;

/// Bytes of a directory entry.
pub(super) const ENTRY: usize = 32;
/// In it: what it is.
const ATTRIBUTES: usize = 11;
const DIRECTORY: u8 = 0x10;
/// First byte of an entry that is free again.
pub(super) const DELETED: u8 = 0xE5;

/// A volume's numbers, in bytes from the start of the image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    table: usize,
    table_len: usize,
    tables: usize,
    data: usize,
    cluster_len: usize,
    pub(super) root: u32,
    /// First number that is no cluster of the volume.
    pub(super) end: u32,
}

impl Layout {
    /// Reads the boot sector.
    pub(super) fn of(image: &[u8]) -> Self {
        let boot = &image[PARTITION];
        let sectors = |at| word(boot, at) as usize * SECTOR;
        let cluster_len = usize::from(boot[13]) * SECTOR;
        let (tables, table_len) = (usize::from(boot[16]), sectors(36));
        let reserved = usize::from(u16::from_le_bytes([boot[14], boot[15]])) * SECTOR;
        let data = reserved + tables * table_len;
        Self {
            table: PARTITION.start + reserved,
            table_len,
            tables,
            data: PARTITION.start + data,
            cluster_len,
            root: word(boot, 44),
            end: 2 + ((sectors(32) - data) / cluster_len) as u32,
        }
    }

    /// Where a cluster's bytes start.
    pub(super) fn data(&self, cluster: u32) -> usize {
        self.data + (cluster as usize - 2) * self.cluster_len
    }

    /// What the table says about a cluster: its successor, or a value from outside.
    pub(super) fn next(&self, image: &[u8], cluster: u32) -> u32 {
        word(image, self.table + 4 * cluster as usize) & VALUE
    }

    /// Changes a cluster's successor, in every copy of the table.
    pub(super) fn set_next(&self, image: &mut [u8], cluster: u32, next: u32) {
        for copy in 0..self.tables {
            let at = self.table + copy * self.table_len + 4 * cluster as usize;
            image[at..at + 4].copy_from_slice(&next.to_le_bytes());
        }
    }

    /// The clusters of a chain, up to its end mark.
    pub(super) fn chain(&self, image: &[u8], first: u32) -> impl Iterator<Item = u32> {
        successors(Some(first), move |cluster| {
            Some(self.next(image, *cluster)).filter(|next| *next < SPECIAL)
        })
    }

    /// First cluster of the file in the root that has this short name (11 bytes, padded).
    pub(super) fn find(&self, image: &[u8], short_name: &[u8; 11]) -> Option<u32> {
        let mut entries = self.entries(image, self.root);
        let entry = entries.find(|entry| entry.starts_with(short_name))?;
        Some(self.first_cluster(entry))
    }

    /// First clusters of the directories in a directory, itself and its parent left out.
    pub(super) fn directories(&self, image: &[u8], directory: u32) -> Vec<u32> {
        self.entries(image, directory)
            .filter(|entry| entry[ATTRIBUTES] == DIRECTORY && ![DELETED, b'.'].contains(&entry[0]))
            .map(|entry| self.first_cluster(entry))
            .collect()
    }

    fn entries<'a>(&'a self, image: &'a [u8], directory: u32) -> impl Iterator<Item = &'a [u8]> {
        let clusters = self.chain(image, directory);
        let bytes = clusters.map(|cluster| &image[self.data(cluster)..][..self.cluster_len]);
        bytes.flat_map(|bytes| bytes.chunks(ENTRY))
    }

    /// The cluster that a directory entry names.
    pub(super) fn first_cluster(&self, entry: &[u8]) -> u32 {
        let half = |at| u32::from(u16::from_le_bytes([entry[at], entry[at + 1]]));
        half(20) << 16 | half(26)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{content, tests::image};

    #[test]
    fn a_file_in_one_piece_is_found_where_the_layout_says() {
        let (image, files) = (image(1).unwrap(), content::files(1));
        let large = files.iter().find(|f| f.path == content::LARGE).unwrap();
        let layout = Layout::of(&image);
        let first = layout.find(&image, b"LARGE   BIN").unwrap();
        assert!(image[layout.data(first)..].starts_with(&large.bytes));
        let clusters = large.bytes.len().div_ceil(layout.cluster_len);
        assert_eq!(layout.chain(&image, first).count(), clusters);
    }

    #[test]
    fn the_fragmented_file_has_no_two_clusters_in_a_row() {
        let image = image(1).unwrap();
        let layout = Layout::of(&image);
        let first = layout.find(&image, b"FRAGME~1BIN").unwrap();
        let chain: Vec<u32> = layout.chain(&image, first).collect();
        assert!(chain.len() > 200 && chain.windows(2).take(199).all(|two| two[0] + 1 != two[1]));
    }
}
