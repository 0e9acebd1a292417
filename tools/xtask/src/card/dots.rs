//! The first two entries of a directory, "." and "..", as they must be.
//!
//! `fatfs` 0.3 gives them long names, so that they come second and fourth, and lets ".." in a
//! directory of the root name the root's cluster where 0 is asked for. `fsck.vfat` objects to both,
//! and so may a strict reader. (Its successor is right here and panics on names that are not ASCII.)
//! Source: Microsoft FAT specification 1.03, "FAT Directory Structure".

use super::layout::{DELETED, ENTRY, Layout};

/// In an entry: the two halves of the first cluster's number.
const CLUSTER: [usize; 2] = [20, 26];

/// Puts every directory of a fresh image right.
pub(super) fn mend(image: &mut [u8]) {
    let layout = Layout::of(image);
    mend_below(image, &layout, layout.root, true);
}

fn mend_below(image: &mut [u8], layout: &Layout, directory: u32, is_root: bool) {
    for first in layout.directories(image, directory) {
        mend_one(&mut image[layout.data(first)..], is_root);
        mend_below(image, layout, first, false);
    }
}

/// Long name, ".", long name, ".." become ".", "..", and two free entries.
fn mend_one(entries: &mut [u8], in_root: bool) {
    entries.copy_within(ENTRY..2 * ENTRY, 0);
    entries.copy_within(3 * ENTRY..4 * ENTRY, ENTRY);
    entries[2 * ENTRY] = DELETED;
    entries[3 * ENTRY] = DELETED;
    if in_root {
        for half in CLUSTER {
            entries[ENTRY + half..][..2].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::tests::image;

    /// Counts the directories below one, and asserts that `parent` is the cluster that ".." names.
    fn check(image: &[u8], layout: &Layout, directory: u32, parent: u32) -> usize {
        let below = layout.directories(image, directory);
        for first in &below {
            let entries = &image[layout.data(*first)..];
            assert!(entries.starts_with(b".          "));
            assert_eq!(layout.first_cluster(&entries[..ENTRY]), *first);
            assert!(entries[ENTRY..].starts_with(b"..         "));
            assert_eq!(layout.first_cluster(&entries[ENTRY..][..ENTRY]), parent);
        }
        let deeper = below
            .iter()
            .map(|first| check(image, layout, *first, *first));
        below.len() + deeper.sum::<usize>()
    }

    #[test]
    fn every_directory_starts_with_itself_and_its_parent() {
        let image = image(1).unwrap();
        let layout = Layout::of(&image);
        // The empty one, `many`, `tree`, `branch`, `twig`.
        assert_eq!(check(&image, &layout, layout.root, 0), 5);
    }
}
