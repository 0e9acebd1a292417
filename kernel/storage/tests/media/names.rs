//! Names, paths, and how deep they go.

use crate::common::{Card, Heap, card, edit, entry};
use fatfs::FatType;
use std::sync::OnceLock;
use storage::fat::{Located, TreeError, Walk};
use storage::{Error, Volume};

fn fat16() -> Vec<u8> {
    static IMAGE: OnceLock<Vec<u8>> = OnceLock::new();
    IMAGE.get_or_init(|| card(FatType::Fat16)).clone()
}

/// Paths of everything, and of what cannot be read.
fn walked(image: Vec<u8>, from: &str) -> (Vec<String>, Vec<(String, Error<&'static str>)>) {
    let (mut card, heap) = (Card::new(image), Heap::default());
    let mut volume = Volume::open(&mut card, &heap, &heap).expect("a volume");
    let start = volume.locate(from).expect(from);
    let (mut walk, mut paths, mut faults) = (Walk::through(start), Vec::new(), Vec::new());
    while let Some(found) = walk.next(&mut volume) {
        match found.what {
            Ok(_) => paths.push(found.path),
            Err(error) => faults.push((found.path, error)),
        }
    }
    (paths, faults)
}

fn paths(image: Vec<u8>) -> Vec<String> {
    walked(image, "").0
}

#[test]
fn a_path_is_told_in_the_volumes_own_spelling() {
    let (mut card, heap) = (Card::new(fat16()), Heap::default());
    let mut volume = Volume::open(&mut card, &heap, &heap).expect("a volume");
    let at = volume
        .locate("/TREE/./branch//BLäTTER im wind.BIN")
        .expect("there");
    assert_eq!(at.path, "tree/branch/Blätter im Wind.bin");
    assert!(at.file().is_some_and(|file| file.size == 20_000));
    for root in ["", "/", "."] {
        assert_eq!(volume.locate(root), Ok(Located::default()), "{root}");
    }
    assert_eq!(volume.find("/"), Err(TreeError::IsDirectory.into()));
}

#[test]
fn a_walk_through_a_part_sees_that_part() {
    let below = ["tree/branch", "tree/branch/Blätter im Wind.bin"];
    assert_eq!(walked(fat16(), "tree").0, below);
    assert_eq!(walked(fat16(), "One.BIN").0, ["one.bin"]);
}

/// The root entry that ends in `short`, with its long name's last piece changed at `at`.
fn with_piece(short: &[u8; 11], at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut image = fat16();
    // The piece with the beginning of the name stands right before the short entry.
    let piece = entry(&image, short) - 32;
    image[piece + at..piece + at + bytes.len()].copy_from_slice(bytes);
    image
}

const CLUSTER_AND_ONE: &[u8; 11] = b"CLUSTE~1BIN";

#[test]
fn a_long_name_with_another_ones_checksum_does_not_count() {
    let long = "cluster and one.bin".to_owned();
    assert!(paths(fat16()).contains(&long));
    let sum = fat16()[entry(&fat16(), CLUSTER_AND_ONE) - 32 + 13];
    let spoilt = paths(with_piece(CLUSTER_AND_ONE, 13, &[!sum]));
    assert!(!spoilt.contains(&long), "{spoilt:?}");
    assert!(spoilt.iter().any(|path| path.starts_with("CLUSTE~1")));
}

#[test]
fn a_long_name_whose_short_one_was_renamed_does_not_count() {
    let mut image = fat16();
    let at = entry(&image, CLUSTER_AND_ONE);
    // By a system that knows no long names: all pieces agree with each other, not with this.
    image[at..at + 11].copy_from_slice(b"RENAMED BIN");
    let renamed = paths(image);
    assert!(renamed.contains(&"RENAMED.BIN".to_owned()), "{renamed:?}");
}

#[test]
fn a_name_gives_no_orders_to_a_terminal_and_is_no_path() {
    for char in [0x1B, 0x0A, 0x7F, 0x9B, u16::from(b'/')] {
        let spoilt = paths(with_piece(CLUSTER_AND_ONE, 1, &char.to_le_bytes()));
        let shown = "\u{FFFD}luster and one.bin".to_owned();
        assert!(spoilt.contains(&shown), "{char:#x}: {spoilt:?}");
    }
}

#[test]
fn directories_are_entered_thirty_two_deep_and_no_deeper() {
    let mut image = fat16();
    let mut path = String::from("d");
    edit(&mut image, |root| {
        for depth in 1..=33 {
            root.create_dir(&path).expect("room");
            root.create_file(&format!("{path}/f{depth}")).expect("room");
            path += "/d";
        }
    });
    let (paths, faults) = walked(image, "");
    let has = |name: &str| paths.iter().any(|path| path.ends_with(name));
    assert!(has("/f32") && !has("/f33"));
    let [(path, error)] = &faults[..] else {
        panic!("{faults:?}");
    };
    assert_eq!(path.split('/').count(), 33);
    assert_eq!(*error, TreeError::TooDeep { most: 32 }.into());
}
