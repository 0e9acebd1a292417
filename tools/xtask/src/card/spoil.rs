//! Bad media: a sound card, spoilt in one way that cards, readers and people spoil them.
//!
//! Each is a function from image to image. What a kernel must say to each is for the scenarios.

use super::content;
use super::disk::{PARTITION, SECTOR};
use super::layout::Layout;
use super::listing::Listing;
use crate::console::Tally;
use anyhow::Context;
use clap::ValueEnum;

/// Offset of the first entry of the partition table.
const ENTRY: usize = 446;
/// In that entry: first sector and number of sectors, 4 bytes each.
const START: usize = ENTRY + 8;
/// In a FAT's boot sector: bytes per sector (2 bytes), sectors per cluster (1 byte).
const GEOMETRY: usize = 11;

/// The large file and the manifest, by their short names.
const LARGE: &[u8; 11] = b"LARGE   BIN";
const MANIFEST: &[u8; 11] = b"SHA256~1   ";

/// A way to spoil a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spoil {
    /// No partition table: zeroes in the first sector
    NoMbr,
    /// A partition table whose entry means nothing
    BrokenMbr,
    /// A partition that starts where the card ends
    PartitionBeyondCard,
    /// A FAT boot sector with sectors and clusters of no bytes
    BadBootSector,
    /// A file whose second cluster is followed by its first
    FatLoop,
    /// A file whose second cluster is followed by one that the volume does not have
    ChainPastEnd,
    /// Cut to the next lower power of two
    Cut,
    /// A manifest with a digest that is not the file's
    WrongDigest,
}

impl Spoil {
    /// The spoilt card.
    pub(crate) fn apply(self, mut image: Vec<u8>) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::NoMbr => image[..SECTOR].fill(0),
            Self::BrokenMbr => broken_mbr(&mut image),
            Self::PartitionBeyondCard => partition_beyond_card(&mut image),
            Self::BadBootSector => image[PARTITION][GEOMETRY..GEOMETRY + 3].fill(0),
            Self::FatLoop => lead_astray(&mut image, |first, _| first)?,
            Self::ChainPastEnd => lead_astray(&mut image, |_, end| end)?,
            Self::Cut => image.truncate(image.len() / 2),
            Self::WrongDigest => wrong_digest(&mut image)?,
        }
        Ok(image)
    }

    /// What can still be read, and what the kernel must come to.
    pub(super) fn leaves(self, whole: Listing, tally: Tally) -> (Listing, Tally) {
        match self {
            Self::NoMbr
            | Self::BrokenMbr
            | Self::PartitionBeyondCard
            | Self::BadBootSector
            | Self::Cut => {
                let unread = 1;
                let tally = Tally {
                    unread,
                    ..Tally::default()
                };
                (Listing::default(), tally)
            }
            Self::FatLoop | Self::ChainPastEnd => {
                let (listing, unread) = (whole.without(content::LARGE), 1);
                let tally = Tally {
                    unread,
                    ..listing.tally(true)
                };
                (listing, tally)
            }
            Self::WrongDigest => {
                let (right, wrong) = (tally.right - 1, 1);
                let tally = Tally {
                    right,
                    wrong,
                    ..tally
                };
                (whole, tally)
            }
        }
    }
}

/// The signature stays; the entry's status is none there is, and it covers no sector.
fn broken_mbr(image: &mut [u8]) {
    image[ENTRY] = 0x5A;
    image[START..START + 8].fill(0);
}

fn partition_beyond_card(image: &mut [u8]) {
    let end = (image.len() / SECTOR) as u32;
    image[START..START + 4].copy_from_slice(&end.to_le_bytes());
}

/// Lets the second cluster of the large file be followed by what `next` makes of the file's first
/// cluster and the first number that is no cluster.
fn lead_astray(image: &mut [u8], next: fn(u32, u32) -> u32) -> anyhow::Result<()> {
    let layout = Layout::of(image);
    let first = layout.find(image, LARGE).context("no large file")?;
    let second = layout.next(image, first);
    layout.set_next(image, second, next(first, layout.end));
    Ok(())
}

/// Changes the first digit of the first line.
fn wrong_digest(image: &mut [u8]) -> anyhow::Result<()> {
    let layout = Layout::of(image);
    let first = layout.find(image, MANIFEST).context("no manifest")?;
    let digit = &mut image[layout.data(first)];
    *digit = if *digit == b'0' { b'1' } else { b'0' };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{content, disk, tests::image};
    use mbrman::MBRHeader;
    use std::io::{Cursor, Read};

    fn spoilt(spoil: Spoil) -> Vec<u8> {
        spoil.apply(image(1).unwrap()).unwrap()
    }

    fn table(image: &[u8]) -> mbrman::Result<MBRHeader> {
        MBRHeader::read_from(&mut Cursor::new(image))
    }

    #[test]
    fn without_a_partition_table_there_is_no_signature() {
        assert!(table(&spoilt(Spoil::NoMbr)).is_err());
    }

    #[test]
    fn a_broken_table_keeps_its_signature_and_means_nothing() {
        let image = spoilt(Spoil::BrokenMbr);
        assert_eq!(image[510..512], [0x55, 0xAA]);
        assert_ne!(image[ENTRY] & 0x7F, 0);
        assert_eq!(image[START..START + 8], [0; 8]);
    }

    #[test]
    fn a_partition_beyond_the_card_starts_at_its_end() {
        let image = spoilt(Spoil::PartitionBeyondCard);
        let entry = table(&image).unwrap().partition_1;
        assert_eq!(entry.starting_lba as usize * SECTOR, image.len());
    }

    #[test]
    fn a_bad_boot_sector_is_refused() {
        assert!(disk::open(&mut image(1).unwrap()).is_ok());
        assert!(disk::open(&mut spoilt(Spoil::BadBootSector)).is_err());
    }

    #[test]
    fn a_loop_never_comes_to_its_end() {
        let image = spoilt(Spoil::FatLoop);
        let layout = Layout::of(&image);
        let first = layout.find(&image, LARGE).unwrap();
        let chain = layout.chain(&image, first);
        assert!(chain.take(layout.end as usize).count() == layout.end as usize);
    }

    #[test]
    fn a_chain_past_the_end_names_a_cluster_that_there_is_not() {
        let image = spoilt(Spoil::ChainPastEnd);
        let layout = Layout::of(&image);
        let first = layout.find(&image, LARGE).unwrap();
        let third = layout.next(&image, layout.next(&image, first));
        assert_eq!(third, layout.end);
        assert!(layout.data(third) + disk::CLUSTER > image.len());
    }

    #[test]
    fn a_cut_card_is_half_as_large_and_its_partition_is_not() {
        let image = spoilt(Spoil::Cut);
        let entry = table(&image).unwrap().partition_1;
        assert_eq!(image.len(), disk::LEN / 2);
        assert!(entry.sectors as usize * SECTOR > image.len());
    }

    #[test]
    fn a_wrong_digest_differs_in_its_first_digit_alone() {
        let manifest = |mut image: Vec<u8>| {
            let volume = disk::open(&mut image).unwrap();
            let mut file = volume.root_dir().open_file(content::MANIFEST).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            text
        };
        let (good, bad) = (
            manifest(image(1).unwrap()),
            manifest(spoilt(Spoil::WrongDigest)),
        );
        assert_eq!(good[1..], bad[1..]);
        assert_ne!(good[..1], bad[..1]);
    }

    #[test]
    fn every_way_changes_the_card() {
        let good = image(1).unwrap();
        for spoil in Spoil::value_variants() {
            assert!(spoil.apply(good.clone()).unwrap() != good, "{spoil:?}");
        }
    }
}
