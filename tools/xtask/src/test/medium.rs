//! What is in the card's slot, by choice.

use crate::bootcard;
use crate::card::{self, Card, Fat, Spoil};
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
    Vfat { fat: Fat, manifest: bool },
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
            Self::Vfat { fat, manifest } => {
                let folder = out.join("test-card-files");
                card::make_vfat(&path, &folder, fat, manifest, card::SEED)
            }
            Self::Boot => bootcard::make(&path, built),
        };
        card.map(Some)
    }
}
