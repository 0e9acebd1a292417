//! SD cards for the emulator: made on the spot from a seed, spoilt on purpose, or the user's own.
//!
//! A card is an image in memory until it is written, so that everything about it is a function of
//! bytes. QEMU takes only powers of two and writes where the guest writes: `qemu` therefore gives
//! every card as a snapshot, and a user's card of another size is copied and filled up with zeroes.

mod content;
pub(crate) mod disk;
mod dots;
mod layout;
mod listing;
mod spoil;
mod vfat;

use crate::console::Tally;
pub(crate) use listing::Listing;
pub(crate) use spoil::Spoil;
pub(crate) use vfat::{Fat, Vfat};

use anyhow::{Context, bail};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Seed of the card that nobody asked for.
pub(crate) const SEED: u64 = 1;

/// Holes are left in steps of this many bytes: the block size of most file systems.
const HOLE: usize = 4096;
const ZEROES: [u8; HOLE] = [0; HOLE];

/// A card that was made, and what is to be said about it.
#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) path: PathBuf,
    /// The files that can be read.
    pub(crate) listing: Listing,
    /// What a kernel must come to that reads them all.
    pub(crate) tally: Tally,
}

/// Makes a card at `path`, spoilt if asked for. The same for the same seed, on every machine.
pub(crate) fn make(path: &Path, seed: u64, spoil: Option<Spoil>) -> anyhow::Result<Card> {
    let files = content::files(seed);
    let image = image(&files, seed).context("cannot make a card")?;
    let listing = content::listing(&files);
    let tally = listing.tally(true);
    let (image, listing, tally) = match spoil {
        Some(spoil) => {
            let (listing, tally) = spoil.leaves(listing, tally);
            (spoil.apply(image)?, listing, tally)
        }
        None => (image, listing, tally),
    };
    write_sparse(path, &image).with_context(|| format!("cannot write {}", path.display()))?;
    let path = path.to_owned();
    Ok(Card {
        path,
        listing,
        tally,
    })
}

fn image(files: &[content::File], seed: u64) -> anyhow::Result<Vec<u8>> {
    // The low half is as good a serial number as any.
    disk::make(*b"CAROM CARD ", seed as u32, |root| {
        content::write(root, files)
    })
}

/// The user's card as QEMU takes it: the file itself, or a copy in `out` of a size that it takes.
pub(crate) fn open(path: &Path, out: &Path) -> anyhow::Result<PathBuf> {
    let named = || format!("CARD {}", path.display());
    let metadata = path.metadata().with_context(named)?;
    if !metadata.is_file() {
        bail!("CARD {}: not a file", path.display());
    }
    match padded(metadata.len()) {
        None => path.canonicalize().with_context(named),
        Some(len) => copy(path, &out.join("card-padded.img"), len).with_context(named),
    }
}

/// The size to fill up to, if `len` is none that QEMU takes.
fn padded(len: u64) -> Option<u64> {
    let sound = len.max(disk::SECTOR as u64).next_power_of_two();
    (sound != len).then_some(sound)
}

fn copy(from: &Path, to: &Path, len: u64) -> anyhow::Result<PathBuf> {
    std::fs::copy(from, to).with_context(|| format!("cannot write {}", to.display()))?;
    File::options().write(true).open(to)?.set_len(len)?;
    println!(
        "{}: {len} bytes, zeroes after the card's own end",
        to.display()
    );
    Ok(to.to_owned())
}

/// Writes what is not zero and leaves holes for the rest: a card is mostly empty.
pub(crate) fn write_sparse(path: &Path, image: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.set_len(image.len() as u64)?;
    for (i, block) in image.chunks(HOLE).enumerate() {
        if block != &ZEROES[..block.len()] {
            file.seek(SeekFrom::Start((i * HOLE) as u64))?;
            file.write_all(block)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The image of a sound card.
    pub(super) fn image(seed: u64) -> anyhow::Result<Vec<u8>> {
        super::image(&content::files(seed), seed)
    }

    #[test]
    fn a_size_is_raised_to_the_next_that_the_emulator_takes() {
        assert_eq!(padded(1 << 26), None);
        assert_eq!(padded((1 << 26) + 512), Some(1 << 27));
        assert_eq!(padded(0), Some(512));
    }

    #[test]
    fn a_card_that_is_not_there_and_a_folder_are_named_in_one_line() {
        for path in ["/no/such/card", "/"] {
            let message = format!("{:#}", open(Path::new(path), Path::new("/")).unwrap_err());
            assert!(
                message.contains(path) && !message.contains('\n'),
                "{message}"
            );
        }
    }

    #[test]
    fn holes_read_back_as_the_zeroes_that_they_stand_for() {
        let path = std::env::temp_dir().join(format!("carom-sparse-{}", std::process::id()));
        let mut image = vec![0; 5 * HOLE + 3];
        image[2 * HOLE - 1] = 1;
        image[5 * HOLE + 2] = 2;
        write_sparse(&path, &image).unwrap();
        let read = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(read == image);
    }
}
