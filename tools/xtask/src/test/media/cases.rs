//! What can be in the slot, and what must be said to it.

use crate::card::{Fat, Spoil, Vfat, disk};
use crate::test::medium::Medium;

/// One card, and what must come of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::test) struct Case {
    pub(in crate::test) name: &'static str,
    pub(super) medium: Medium,
    /// More words for the command line.
    pub(super) append: &'static str,
    /// Words at boot.
    pub(super) says: &'static [&'static str],
    /// Commands that each sum all files of the card that can be read.
    pub(super) sums: &'static [&'static str],
    /// Words in their answers.
    pub(super) answers: &'static [&'static str],
    /// `sd sum` is refused, so the sums are others.
    pub(super) refused: bool,
    /// The card is pulled while it is summed, put back, and only then are there sums.
    pub(super) pulled: bool,
}

/// All of them.
pub(in crate::test) fn all() -> Vec<Case> {
    let mut all = sound().to_vec();
    all.extend(bad());
    all
}

/// Our own card, by DMA and by the CPU.
const OURS: Case = Case {
    name: "card: our own",
    medium: Medium::Ours,
    append: "",
    says: &[],
    sums: &["sd sum", "sd sum --pio"],
    answers: &[],
    refused: false,
    pulled: false,
};

/// As people make them.
const USUAL: Vfat = Vfat {
    fat: Fat::Fat32,
    partitioned: true,
    manifest: true,
    len: disk::LEN,
};

const fn of_vfat(name: &'static str, vfat: Vfat) -> Case {
    Case {
        name,
        medium: Medium::Vfat(vfat),
        sums: &["sd sum"],
        ..OURS
    }
}

fn sound() -> [Case; 9] {
    let bare = Vfat {
        manifest: false,
        ..USUAL
    };
    let narrow = Vfat {
        fat: Fat::Fat16,
        ..USUAL
    };
    let whole = Vfat {
        partitioned: false,
        ..USUAL
    };
    let large = Vfat {
        len: 4 << 30,
        ..USUAL
    };
    [
        OURS,
        of_vfat("card: mkfs.vfat and mcopy", USUAL),
        of_vfat("card: the same without a manifest", bare),
        of_vfat("card: FAT16", narrow),
        of_vfat("card: formatted whole, without partitions", whole),
        Case {
            says: &[" SDHC, 8388608 blocks"],
            ..of_vfat("card: SDHC, 4 GiB", large)
        },
        Case {
            name: "card: the one that a board boots from",
            medium: Medium::Boot,
            sums: &["sd sum"],
            ..OURS
        },
        Case {
            name: "card: our own, without a pool",
            append: "swiotlb=noforce",
            says: &["card -> high: refused, as it must be: read at block 4078: "],
            sums: &["sd sum --low", "sd sum --pio"],
            answers: &[
                "card: ONE.BIN: cannot be read: ",
                "out of the device's reach",
                "boot without swiotlb=noforce",
            ],
            refused: true,
            ..OURS
        },
        Case {
            name: "card: pulled while it is read, and put back",
            sums: &["sd sum"],
            answers: &["emmc1: there again: "],
            pulled: true,
            ..OURS
        },
    ]
}

/// The same line at boot and at the prompt.
const fn spoilt(name: &'static str, spoil: Spoil, says: &'static [&'static str]) -> Case {
    Case {
        name,
        medium: Medium::Spoilt(spoil),
        says,
        sums: &["sd sum"],
        answers: says,
        ..OURS
    }
}

/// In the numbers: a card of 128 MiB has 262144 blocks, and its partition starts at block 2048; the
/// first files take 120 clusters behind the root's.
fn bad() -> [Case; 9] {
    [
        Case {
            name: "card: none",
            medium: Medium::None,
            says: &["card       none"],
            sums: &["sd sum"],
            answers: &["card: cannot be read: no card in the slot"],
            ..OURS
        },
        spoilt(
            "card: without a partition table",
            Spoil::NoMbr,
            &["card: cannot be read: no partition table: block 0 ends in 00 00"],
        ),
        spoilt(
            "card: with a broken partition table",
            Spoil::BrokenMbr,
            &["card: cannot be read: broken partition table: entry 1 has status 0x5a"],
        ),
        spoilt(
            "card: with a partition beyond its end",
            Spoil::PartitionBeyondCard,
            &[
                "card: cannot be read: partition 1 has blocks 262144 to 522239, the card 262144 in all: the image was cut, or written to a smaller card",
            ],
        ),
        spoilt(
            "card: with a bad boot sector",
            Spoil::BadBootSector,
            &["card: cannot be read: bad boot sector: sectors of 0 bytes, not 512"],
        ),
        spoilt(
            "card: with a loop in the FAT",
            Spoil::FatLoop,
            &[
                "card: large.bin: cannot be read: the chain from cluster 123 has no end in 129035 clusters",
            ],
        ),
        spoilt(
            "card: with a chain past the end",
            Spoil::ChainPastEnd,
            &[
                "card: large.bin: cannot be read: cluster 124 leads to 129037, clusters are 2 to 129036",
            ],
        ),
        spoilt(
            "card: cut to half its size",
            Spoil::Cut,
            &[
                "card: cannot be read: partition 1 has blocks 2048 to 262143, the card 131072 in all: the image was cut, or written to a smaller card",
            ],
        ),
        spoilt(
            "card: with a wrong digest",
            Spoil::WrongDigest,
            &["card: EMPTY.BIN: digest differs from SHA256SUMS: \
                 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, \
                 expected 03b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_way_to_spoil_a_card_has_its_case_and_its_line() {
        let all = all();
        for spoil in Spoil::value_variants() {
            let mut cases = all.iter();
            let case = cases.find(|case| case.medium == Medium::Spoilt(*spoil));
            assert!(case.is_some_and(|case| !case.says.is_empty()), "{spoil:?}");
        }
    }
}
