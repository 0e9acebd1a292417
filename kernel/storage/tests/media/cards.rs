//! Sound cards, spoilt cards, and cards with damage anywhere.

use crate::common::{CLUSTER, Card, Heap, START, card, files};
use fatfs::FatType;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::OnceLock;
use storage::fat::{BootError, ChainError, Sum, TreeError, Walk};
use storage::mbr::MbrError;
use storage::{Error, Volume};

type Fault = Error<&'static str>;
type Sums = BTreeMap<String, Result<Sum, Fault>>;

/// Bytes of the largest request.
const MOST: u64 = 64 << 10;

fn fat16() -> Vec<u8> {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| card(FatType::Fat16)).clone()
}

/// What `sd sum` does.
fn sums(card: &mut Card) -> Result<Sums, Fault> {
    let heap = Heap::default();
    let mut volume = Volume::open(card, &heap, &heap)?;
    let (mut walk, mut sums) = (Walk::default(), Sums::new());
    while let Some(found) = walk.next(&mut volume) {
        let sum = match found.what {
            Ok(entry) if entry.directory => continue,
            Ok(entry) => volume.sum(&entry, MOST, |_| true),
            Err(error) => Err(error),
        };
        sums.insert(found.path, sum.map(|sum| sum.expect("never stopped")));
    }
    Ok(sums)
}

fn fault(image: Vec<u8>) -> Fault {
    sums(&mut Card::new(image)).expect_err("spoilt")
}

fn every_digest_is_right(image: Vec<u8>) {
    let mut card = Card::new(image);
    let mut sums = sums(&mut card).unwrap();
    for (path, bytes) in files() {
        let sum: Sum = Sha256::digest(&bytes).into();
        assert_eq!(sums.remove(&path), Some(Ok(sum)), "{path}");
    }
    assert!(sums.is_empty(), "{sums:?}");
    assert_eq!(card.longest, MOST);
}

#[test]
fn every_file_of_a_fat16_card_has_the_digest_of_what_was_written() {
    every_digest_is_right(fat16());
}

#[test]
fn every_file_of_a_fat32_card_has_the_digest_of_what_was_written() {
    every_digest_is_right(card(FatType::Fat32));
}

#[test]
fn a_fragmented_file_is_many_extents_and_they_add_up() {
    let (mut card, heap) = (Card::new(fat16()), Heap::default());
    let mut volume = Volume::open(&mut card, &heap, &heap).unwrap();
    for (name, pieces) in [("torn.bin", 41), ("large.bin", 1)] {
        let entry = volume.find(name).unwrap();
        let mut extents = volume.extents(&entry).unwrap();
        let mut sizes = Vec::new();
        while let Some(extent) = extents.next(&mut volume, u64::MAX).unwrap() {
            sizes.push(extent.bytes);
        }
        assert_eq!(sizes.iter().sum::<u64>(), u64::from(entry.size));
        assert_eq!(sizes.len(), pieces, "{name}");
    }
}

#[test]
fn what_is_asked_for_wrongly_is_told() {
    let (mut card, heap) = (Card::new(fat16()), Heap::default());
    let mut volume = Volume::open(&mut card, &heap, &heap).unwrap();
    let missing = TreeError::NotFound { name: "no".into() };
    assert_eq!(volume.find("tree/no"), Err(missing.into()));
    assert_eq!(
        volume.find("one.bin/x"),
        Err(TreeError::NotADirectory.into())
    );
    let tree = volume.find("tree/").unwrap();
    assert_eq!(
        volume.load(&tree, 9).err(),
        Some(TreeError::IsDirectory.into())
    );
    let one = volume.find("ONE.bin").unwrap();
    let (size, limit) = (1, 0);
    let large = TreeError::TooLarge { size, limit };
    assert_eq!(volume.load(&one, 0), Err(large.into()));
    assert_eq!(volume.sum(&one, MOST, |_| false), Ok(None));
}

#[test]
fn a_card_without_a_table_and_one_with_a_broken_table_are_told_apart() {
    let mut image = fat16();
    image[446] = 0x5A;
    let (number, status) = (1, 0x5A);
    assert_eq!(
        fault(image.clone()),
        MbrError::Status { number, status }.into()
    );
    image[..512].fill(0);
    assert_eq!(fault(image), MbrError::NoSignature { found: [0, 0] }.into());
}

/// The volume of `fat16` without its partition: formatted as a whole.
fn unpartitioned() -> Vec<u8> {
    fat16()[START..].to_vec()
}

#[test]
fn a_card_that_was_formatted_without_a_table_is_one_volume() {
    let sums = sums(&mut Card::new(unpartitioned())).unwrap();
    assert_eq!(sums.len(), files().len());
    assert!(sums.values().all(Result::is_ok));
}

#[test]
fn what_only_resembles_a_boot_sector_is_no_volume() {
    // Jump, sector size, cluster size, media, signature.
    for at in [0, 12, 13, 21, 511] {
        let mut image = unpartitioned();
        image[at] = 0x11;
        let error = fault(image);
        assert!(matches!(error, Error::Mbr(_)), "byte {at}: {error}");
    }
    let cut = unpartitioned()[..8 << 20].to_vec();
    let beyond = fault(cut);
    assert!(
        matches!(beyond, Error::Boot(BootError::BeyondPartition { .. })),
        "{beyond}"
    );
}

#[test]
fn a_partition_beyond_the_card_and_an_image_cut_in_half_are_refused() {
    let mut image = fat16();
    let half = image[..image.len() / 2].to_vec();
    assert!(matches!(
        fault(half),
        Error::Mbr(MbrError::BeyondCard { card: 16384, .. })
    ));
    image[454..458].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(
        fault(image),
        Error::Mbr(MbrError::BeyondCard { .. })
    ));
}

#[test]
fn a_bad_boot_sector_is_told_by_its_number() {
    let mut image = fat16();
    image[START + 13] = 3;
    assert_eq!(
        fault(image.clone()),
        BootError::ClusterSize { sectors: 3 }.into()
    );
    image[START + 11..START + 13].fill(0);
    assert_eq!(fault(image), BootError::SectorSize { bytes: 0 }.into());
}

/// The large file's second cluster is followed by what `next` makes of its first one.
fn astray(next: impl Fn(u16) -> u16) -> Sums {
    let mut image = fat16();
    let half = |at: usize, image: &[u8]| u16::from_le_bytes([image[at], image[at + 1]]);
    let reserved = half(START + 14, &image);
    let table = START + usize::from(reserved) * 512;
    let at = image.windows(11).position(|w| w == b"LARGE   BIN").unwrap();
    let first = half(at + 26, &image);
    let second = table + 2 * usize::from(half(table + 2 * usize::from(first), &image));
    image[second..second + 2].copy_from_slice(&next(first).to_le_bytes());
    sums(&mut Card::new(image)).unwrap()
}

/// The large file's fault, and all others sound.
fn large_fault(sums: Sums) -> ChainError {
    assert_eq!(
        sums.values().filter(|sum| sum.is_ok()).count(),
        files().len() - 1
    );
    match &sums["LARGE.BIN"] {
        Err(Error::Chain(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_loop_a_hole_an_early_end_and_a_chain_out_of_the_volume_fail_that_file_alone() {
    let loops = large_fault(astray(|first| first));
    assert!(matches!(loops, ChainError::Loop { .. }), "{loops}");
    let out = large_fault(astray(|_| 0xFFF0));
    assert!(
        matches!(out, ChainError::Outside { next: 0xFFF0, .. }),
        "{out}"
    );
    let free = large_fault(astray(|_| 0));
    assert!(
        matches!(free, ChainError::Outside { next: 0, .. }),
        "{free}"
    );
    let short = large_fault(astray(|_| 0xFFFF));
    let bytes = 2 * CLUSTER as u64;
    assert!(
        matches!(short, ChainError::Short { bytes: b, .. } if b == bytes),
        "{short}"
    );
}

#[test]
fn a_tree_that_contains_itself_ends() {
    let mut image = fat16();
    let find = |image: &[u8], name: &[u8]| image.windows(11).position(|w| w == name).unwrap();
    let (tree, branch) = (find(&image, b"TREE       "), find(&image, b"BRANCH     "));
    image.copy_within(tree + 26..tree + 28, branch + 26);
    let sums = sums(&mut Card::new(image)).unwrap();
    let again = sums.get("tree/branch");
    assert!(
        matches!(again, Some(Err(Error::Tree(TreeError::Again { .. })))),
        "{again:?}"
    );
}

#[test]
fn a_device_that_fails_in_the_middle_fails_the_files_that_lie_there() {
    let mut card = Card::new(fat16());
    card.broken = card.image.len() as u64 / 512 / 16..u64::MAX;
    let sums = sums(&mut card).unwrap();
    let error = "no answer";
    let large = &sums["LARGE.BIN"];
    assert!(matches!(large, Err(Error::Device { error: e, .. }) if *e == error));
    assert!(sums["one.bin"].is_ok());
}

#[test]
fn without_memory_for_a_request_there_is_an_error_and_smaller_requests_work() {
    let mut card = Card::new(fat16());
    let heap = Heap {
        most: 8192,
        ..Heap::default()
    };
    let mut volume = Volume::open(&mut card, &heap, &heap).unwrap();
    let large = volume.find("LARGE.BIN").unwrap();
    assert!(matches!(
        volume.sum(&large, MOST, |_| true),
        Err(Error::Memory(_))
    ));
    assert!(volume.sum(&large, 8192, |_| true).is_ok());
    // One for metadata, one that was refused, one for what came after, one for longer requests.
    assert!(heap.made.get() <= 4, "buffers are used again");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..<_>::default() })]
    #[test]
    fn damage_anywhere_in_the_metadata_ends_with_digests_or_errors(
        damage in prop::collection::vec((0usize..4, any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        let mut image = fat16();
        // Table, boot sector, FATs and root, and the first clusters with their directories.
        let areas = [446..512, START..START + 64, START + 512..START + 40_000, START + 40_000..START + 120_000];
        for (area, index, byte) in damage {
            let area = areas[area].clone();
            image[area.start + index.index(area.len())] = byte;
        }
        let _ = sums(&mut Card::new(image));
    }

    #[test]
    fn damage_in_the_chains_alone_never_panics_or_hangs(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u16>()), 1..20),
    ) {
        let mut image = fat16();
        for (index, next) in damage {
            let at = START + 512 + 2 * index.index(2500);
            image[at..at + 2].copy_from_slice(&(next % 3000).to_le_bytes());
        }
        prop_assert!(sums(&mut Card::new(image)).is_ok());
    }
}

#[test]
fn partitions_that_share_a_block_are_refused() {
    let mut image = fat16();
    let entry: [u8; 16] = image[446..462].try_into().expect("16 bytes");
    image[462..478].copy_from_slice(&entry);
    let (first, second) = (1, 2);
    assert_eq!(fault(image), MbrError::Overlap { first, second }.into());
}

#[test]
fn a_volume_larger_than_its_partition_or_its_table_is_refused() {
    let mut image = fat16();
    image[START + 22..START + 24].copy_from_slice(&[1, 0]);
    let short = fault(image.clone());
    assert!(matches!(
        short,
        Error::Boot(BootError::ShortTable { sectors: 1, .. })
    ));
    image[START + 19..START + 21].fill(0);
    image[START + 32..START + 36].fill(0xFF);
    let beyond = fault(image);
    assert!(matches!(
        beyond,
        Error::Boot(BootError::BeyondPartition { .. })
    ));
}
