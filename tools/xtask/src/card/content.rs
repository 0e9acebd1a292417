//! What is on the card: files that are each awkward in a way of their own, and a manifest.

use super::Listing;
use super::disk::{CLUSTER, Dir, SECTOR};
use crate::payload::{hex, seeded};
use anyhow::Context;
use sha2::{Digest, Sha256};
use std::io::Write;

/// The manifest's name, in the root, in the format of `sha256sum`.
pub(super) const MANIFEST: &str = "SHA256SUMS";
/// A file of several MiB, in one piece.
pub(super) const LARGE: &str = "large.bin";
/// Two files whose clusters take turns, so that neither has two in a row.
const TORN: [&str; 2] = ["fragmented.bin", "fragments between.bin"];

/// So many files fill more than one cluster with the names of one directory.
const MANY: usize = 40;

/// A file: its path from the root, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

/// All files but the manifest.
pub(super) fn files(seed: u64) -> Vec<File> {
    let mut plan: Vec<(String, usize)> = PLAN
        .iter()
        .map(|(path, len)| ((*path).to_owned(), *len))
        .collect();
    plan.extend((0..MANY).map(|n| (format!("many/file number {n}.bin"), 100 * n)));
    let file = |(n, (path, len)): (u64, (String, usize))| File {
        path,
        bytes: seeded(len, seed.wrapping_add(n)),
    };
    (0..).zip(plan).map(file).collect()
}

/// Lengths around every border there is, names that are short, long and not ASCII, and a tree.
const PLAN: &[(&str, usize)] = &[
    ("EMPTY.BIN", 0),
    ("ONE.BIN", 1),
    ("sector less one.bin", SECTOR - 1),
    ("SECTOR.BIN", SECTOR),
    ("sector and one.bin", SECTOR + 1),
    ("CLUSTER.BIN", CLUSTER),
    ("cluster and one.bin", CLUSTER + 1),
    (
        "A name that takes up more than a few of the entries of its directory.text",
        777,
    ),
    ("Grüße aus Köln.txt", 3000),
    ("Ελληνικά.bin", 4096),
    ("日本語のファイル名.bin", 5000),
    ("tree/leaf.bin", 65_537),
    ("tree/branch/leaf.bin", 10_000),
    ("tree/branch/twig/Blätter im Wind.bin", 20_000),
    (TORN[0], 200 * CLUSTER + 5),
    (TORN[1], 200 * CLUSTER),
    (LARGE, (5 << 20) + 13),
];

/// Without files.
pub(super) const EMPTY_DIRECTORY: &str = "nothing in here";

/// What the card reads as.
pub(super) fn listing(files: &[File]) -> Listing {
    Listing::of(
        files
            .iter()
            .map(|file| (file.path.as_str(), &file.bytes[..])),
    )
}

/// Writes them, an empty directory, and the manifest.
pub(super) fn write(root: &Dir<'_, '_>, files: &[File]) -> anyhow::Result<()> {
    root.create_dir(EMPTY_DIRECTORY)?;
    let (torn, whole): (Vec<&File>, Vec<&File>) = files
        .iter()
        .partition(|file| TORN.contains(&file.path.as_str()));
    for file in whole {
        write_whole(root, &file.path, &file.bytes).with_context(|| file.path.clone())?;
    }
    write_torn(root, &torn)?;
    write_whole(root, MANIFEST, manifest(files).as_bytes()).context(MANIFEST)
}

fn write_whole(root: &Dir<'_, '_>, path: &str, bytes: &[u8]) -> anyhow::Result<()> {
    for (end, _) in path.match_indices('/') {
        root.create_dir(&path[..end])?;
    }
    Ok(root.create_file(path)?.write_all(bytes)?)
}

/// A cluster of each in turn: the allocator takes the next free one every time.
fn write_torn(root: &Dir<'_, '_>, torn: &[&File]) -> anyhow::Result<()> {
    let open = |file: &&File| root.create_file(&file.path);
    let mut opened = torn.iter().map(open).collect::<Result<Vec<_>, _>>()?;
    let longest = torn.iter().map(|file| file.bytes.len()).max().unwrap_or(0);
    for at in (0..longest).step_by(CLUSTER) {
        for (handle, file) in opened.iter_mut().zip(torn) {
            let end = file.bytes.len().min(at + CLUSTER);
            handle.write_all(file.bytes.get(at..end).unwrap_or_default())?;
        }
    }
    Ok(())
}

/// A line for each file, as `sha256sum` writes them.
pub(super) fn manifest(files: &[File]) -> String {
    let line = |file: &File| format!("{}  {}\n", hex(&Sha256::digest(&file.bytes)), file.path);
    files.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{disk, tests::image};
    use std::io::Read;

    fn read(volume: &disk::Volume<'_>, path: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut file = volume.root_dir().open_file(path).expect(path);
        file.read_to_end(&mut bytes).expect(path);
        bytes
    }

    #[test]
    fn every_file_is_on_the_card_byte_for_byte() {
        let mut image = image(3).unwrap();
        let volume = disk::open(&mut image).unwrap();
        for file in files(3) {
            assert!(read(&volume, &file.path) == file.bytes, "{}", file.path);
        }
    }

    #[test]
    fn the_manifest_has_the_digest_of_what_is_read() {
        let mut image = image(3).unwrap();
        let volume = disk::open(&mut image).unwrap();
        let manifest = String::from_utf8(read(&volume, MANIFEST)).unwrap();
        assert_eq!(manifest.lines().count(), files(3).len());
        for line in manifest.lines() {
            let (digest, path) = line.split_once("  ").unwrap();
            assert_eq!(digest, hex(&Sha256::digest(read(&volume, path))), "{path}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_card_and_another_seed_another() {
        let card = image(1).unwrap();
        assert!(image(1).unwrap() == card);
        assert!(image(2).unwrap() != card);
    }
}
