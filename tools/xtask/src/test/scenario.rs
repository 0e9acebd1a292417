//! The boots of the test run, as a table.

use crate::boot::{Expect, Kernel, Setup, Tree, Verdict};
use crate::console::{CardExpected, Expected};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::payload::{self, Payload};
use crate::process::{Echo, Ended};
use crate::test::medium::Medium;
use crate::trees::{CROWDED, RESTRICTED, SPOILT, USELESS};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Seed of the files.
const SEED: u64 = 1;

/// What the main job must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// The file.
    File,
    /// Nothing, for a reason that the kernel tells.
    Nothing,
}

/// One boot and what must come of it. Every one must tell all its tests and exit with 0.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    kernel: Kernel,
    tree: Tree,
    append: &'static str,
    /// Length of the file; none is handed over where this is absent.
    file: Option<usize>,
    /// What is in the SD slot.
    card: Medium,
    carries: Carries,
    /// Words that must be on the console.
    says: &'static [&'static str],
}

impl Scenario {
    /// The usual boot, which the others differ from in one thing.
    fn usual(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kernel: Kernel::Image(LoadOffset::DEFAULT),
            tree: Tree::Emulator,
            append: "",
            file: Some(payload::DEFAULT_LEN),
            card: Medium::None,
            carries: Carries::File,
            says: &[],
        }
    }

    fn file(len: usize) -> Self {
        Self {
            file: Some(len),
            ..Self::usual(format!("file of {len} bytes"))
        }
    }

    /// A tree that is declined, and with it whatever it says about a file.
    fn declined(name: String, tree: Tree) -> Self {
        Self {
            tree,
            file: None,
            carries: Carries::Nothing,
            says: &["built-in"],
            ..Self::usual(name)
        }
    }

    /// Boots it and judges the console.
    pub(crate) fn run(
        &self,
        built: &Built,
        out: &Path,
        limit: Duration,
    ) -> anyhow::Result<(Ended, Verdict)> {
        self.run_with(built, out, limit, &[])
    }

    /// The same with more arguments for the emulator.
    pub(crate) fn run_with(
        &self,
        built: &Built,
        out: &Path,
        limit: Duration,
        arguments: &[OsString],
    ) -> anyhow::Result<(Ended, Verdict)> {
        let make = |len| Payload::make(out.join("test.bin"), len, SEED);
        let file = self.file.map(make).transpose()?;
        let card = self.card.make(built, out)?;
        let setup = Setup {
            kernel: self.kernel,
            tree: self.tree,
            file: file.as_ref(),
            card: card.as_ref().map(|card| card.path.as_path()),
            slot: None,
            append: self.append,
            limit,
        };
        let ended = setup.boot_with(built, out, Echo::Off, arguments)?;
        let expect = Expect {
            file: match &file {
                Some(file) if self.carries == Carries::File => Expected::File(file),
                _ => Expected::Nothing,
            },
            card: CardExpected::of(card.as_ref()),
            status: 0,
            says: self.says,
        };
        let verdict = Verdict::of(&ended, expect);
        Ok((ended, verdict))
    }
}

/// The one for the image that checks itself: what cores do together, and a card.
pub(crate) fn checked() -> Scenario {
    Scenario {
        card: Medium::Ours,
        file: Some(1 << 20),
        ..Scenario::usual("debug build: locks are ordered")
    }
}

/// All of the image for use.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = places();
    all.extend([0, 1, 63, 40 << 20].map(Scenario::file));
    all.push(Scenario {
        card: Medium::Ours,
        ..Scenario::usual("a card in the slot")
    });
    all.extend(pools());
    all.extend(restricted());
    all.extend(trees());
    all
}

/// Those that run once more under the cache oracle: everything that the image does by DMA. With a small
/// ceiling for the pool: the oracle follows every store, and a full pool of 128 MiB shows it nothing new.
pub(crate) fn watched() -> Vec<Scenario> {
    let watched = [
        ("a card in the slot", "swiotlb.max=8192 swiotlb.idle=20"),
        (
            "everything bounces",
            "swiotlb=force swiotlb.max=8192 swiotlb.idle=20",
        ),
        ("restricted pools", "swiotlb.max=8192 swiotlb.idle=20"),
    ];
    let mut all = all();
    all.retain_mut(|scenario| {
        let wanted = watched.iter().find(|(name, _)| *name == scenario.name);
        wanted
            .inspect(|(_, append)| scenario.append = append)
            .is_some()
    });
    all
}

fn places() -> Vec<Scenario> {
    vec![
        Scenario {
            says: &["at 0x200000"],
            ..Scenario::usual("image at 200000")
        },
        Scenario {
            kernel: Kernel::Image(LoadOffset::LOWER),
            says: &["at 0x80000"],
            ..Scenario::usual("image at 80000")
        },
        Scenario {
            kernel: Kernel::Elf,
            ..Scenario::declined("ELF at EL3".to_owned(), Tree::Atags)
        },
    ]
}

fn pools() -> Vec<Scenario> {
    vec![
        Scenario {
            append: "swiotlb=force",
            says: &["(100 %)"],
            ..Scenario::usual("everything bounces")
        },
        Scenario {
            append: "swiotlb=noforce",
            carries: Carries::Nothing,
            says: &[
                "low -> high: refused, as it must be",
                "high -> low: refused, as it must be",
            ],
            ..Scenario::usual("nothing may bounce")
        },
        Scenario {
            append: "dma_debug=on",
            card: Medium::Ours,
            says: &["dma_debug: every mapping is checked, 65536 can be live"],
            ..Scenario::usual("every mapping is checked")
        },
        Scenario {
            append: "swiotlb=1024,force swiotlb=banana selftest=copies",
            says: &[
                "swiotlb= is given 2 times: the last one counts",
                "swiotlb=: ignored \"banana\"",
                "grows to 128 MiB, bounces only what must",
            ],
            ..Scenario::usual("a pool of bananas")
        },
        Scenario {
            append: "swiotlb=99999999 swiotlb.max=512 swiotlb.idle=soon swiotlb.quota=0",
            says: &[
                "100000000 slots wanted",
                "65536 given (131072 KiB",
                "swiotlb.max=: 512 slots wanted",
                "swiotlb.quota=: ignored",
                "swiotlb.idle=: ignored",
            ],
            ..Scenario::usual("a pool larger than there is")
        },
    ]
}

/// Devices with pools of their own, and pools that are of no use to anybody.
fn restricted() -> Vec<Scenario> {
    vec![
        Scenario {
            tree: Tree::Confined(&RESTRICTED),
            card: Medium::Ours,
            says: &[
                "restricted pool pool@30000000: 6144 KiB of slots, and cells",
                "small@2c000800: 1024 KiB are too few to split",
                "small@2c000800: 4096 bytes at its ends are no whole pages",
                "restricted pool small@2c000800: 1020 KiB of slots, no cells",
                "mailbox  mask 0xffffffff, all of it through pool@30000000",
                "mmc@7e340000: 2 restricted pools, small@2c000800 counts",
                "(100 %)",
            ],
            ..Scenario::usual("restricted pools")
        },
        Scenario {
            tree: Tree::Confined(&RESTRICTED),
            append: "swiotlb=noforce selftest=restricted",
            ..Scenario::usual("restricted pools alone")
        },
        Scenario {
            tree: Tree::Confined(&USELESS),
            says: &[
                "swiotlb=0: no slots, using 512",
                "swiotlb=: 9 areas wanted, 4 given",
                "empty@10000000: no restricted pool: 0 bytes",
                "twin@20000000: no restricted pool: twin@20000000 shares 0x020200000-0x0203fffff with other@20200000",
                "other@20200000: no restricted pool",
                "video@3c000000: no restricted pool: 0x03c000000-0x03c3fffff is not all RAM",
                "high@50000000: no restricted pool: 0x050000000-0x0503fffff does not end below 1 GiB",
                "two@21000000: no restricted pool: 2 ranges in reg",
                "hidden@23000000: no restricted pool: no-map",
                "image@0: no restricted pool: image@0 shares",
                "mmc@7e340000: refused: its restricted pool twin@20000000 is of no use",
                "usb@7e980000: refused: its restricted pool video@3c000000",
                "mmc@7e300000: refused: no reserved memory has the phandle 0x99",
            ],
            append: "swiotlb=0,9",
            ..Scenario::usual("restricted pools of no use")
        },
        Scenario {
            tree: Tree::Confined(&CROWDED),
            append: "swiotlb=banana swiotlb=65536 selftest=copies",
            says: &[
                "swiotlb= is given 2 times: the last one counts",
                "big@4000000: no restricted pool: big@4000000 shares",
                "bounce pool: no 0x8000000 free bytes",
                "bounce pool: no 0x4000000 free bytes",
            ],
            ..Scenario::usual("restricted pools: one that leaves little low memory")
        },
    ]
}

fn trees() -> Vec<Scenario> {
    let mut trees = vec![
        Scenario::declined("tree: none, x0 = 100".to_owned(), Tree::Atags),
        Scenario::declined("tree: another machine's".to_owned(), Tree::Foreign),
        Scenario::declined(
            "tree: beyond RAM".to_owned(),
            Tree::Nowhere(0xFFFF_FFF0_0000_0000),
        ),
        Scenario::declined(
            "tree: at no multiple of 8".to_owned(),
            Tree::Nowhere(0x8_0001),
        ),
    ];
    let spoilt = |spoilt: &crate::trees::Spoilt| {
        Scenario::declined(format!("tree: {}", spoilt.0), Tree::Spoilt(*spoilt))
    };
    trees.extend(SPOILT.iter().map(spoilt));
    trees
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_so_that_mutants_can_refer_to_them() {
        let all = all();
        let names: HashSet<_> = all.iter().map(|scenario| &scenario.name).collect();
        assert_eq!(names.len(), all.len());
    }

    #[test]
    fn a_file_is_expected_only_where_one_is_handed_over() {
        let expects = |s: &Scenario| s.carries == Carries::File;
        assert!(
            all()
                .iter()
                .filter(|s| expects(s))
                .all(|s| s.file.is_some())
        );
    }
}
