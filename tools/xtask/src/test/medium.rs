//! What is in the card's slot, by choice.

use crate::bootcard;
use crate::card::{self, Card, Spoil, Vfat};
use crate::image::Built;
use std::path::Path;

/// What there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    /// Nothing.
    None,
    /// Our own card.
    Ours,
    /// The same, spoilt.
    Spoilt(Spoil),
    /// One that `mkfs.vfat` and `mcopy` made.
    Vfat(Vfat),
    /// The one that a board boots from.
    Boot,
}

impl Medium {
    /// Makes the card in the folder `out`.
    pub(crate) fn make(self, built: &Built, out: &Path) -> anyhow::Result<Option<Card>> {
        let path = out.join("test-card.img");
        let card = match self {
            Self::None => return Ok(None),
            Self::Ours => card::make(&path, card::SEED, None),
            Self::Spoilt(spoil) => card::make(&path, card::SEED, Some(spoil)),
            Self::Vfat(vfat) => vfat.make(&path, &out.join("test-card-files"), card::SEED),
            Self::Boot => bootcard::make(&path, built),
        };
        card.map(Some)
    }
}
