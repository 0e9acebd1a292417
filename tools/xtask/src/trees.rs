//! Device trees that a kernel may be handed, good and bad.
//!
//! The bad ones are made from a good one by the mistakes that firmware, loaders and flash memory
//! make. Offsets of the header's fields: Devicetree Specification 0.4, section 5.2.

use devicetree::{Confined, Pool};

const TOTALSIZE: usize = 4;
const OFF_DT_STRUCT: usize = 8;

/// A tree with a mistake, and what it is called.
pub(crate) type Spoilt = (&'static str, fn(Vec<u8>) -> Vec<u8>);

/// Each is refused by QEMU's own reader, or at least not to be trusted.
pub(crate) const SPOILT: &[Spoilt] = &[
    ("zeroes", |tree| vec![0; tree.len()]),
    ("truncated", |tree| half(&tree)),
    ("size of 4 GiB", |tree| with(tree, TOTALSIZE, !0)),
    ("size of 8", |tree| with(tree, TOTALSIZE, 8)),
    ("structure outside", |tree| {
        with(tree, OFF_DT_STRUCT, 0xFFFF_FFF0)
    }),
    ("structure of zeroes", |tree| hollow(tree)),
];

/// Two pools: a large one for the channels and the mailbox together, and one that is too small to split.
pub(crate) const RESTRICTED: Confined = Confined {
    pools: &[
        pool("pool@30000000", &[0, 0x3000_0000, 0x80_0000], 0x70),
        pool("small@2c000800", &[0, 0x2C00_0800, 0x10_0000], 0x71),
    ],
    devices: &[
        ("/soc/dma-controller@7e007000", &[0x70]),
        ("/soc/mailbox@7e00b880", &[0x70]),
        ("/emmc2bus/mmc@7e340000", &[0x71, 0x70]),
    ],
};

/// Pools that are of no use, each for another device: all of these are refused, and the others work.
pub(crate) const USELESS: Confined = Confined {
    pools: &[
        pool("empty@10000000", &[0, 0x1000_0000, 0], 0x70),
        pool("twin@20000000", &[0, 0x2000_0000, 0x40_0000], 0x71),
        pool("other@20200000", &[0, 0x2020_0000, 0x40_0000], 0x72),
        pool("video@3c000000", &[0, 0x3C00_0000, 0x40_0000], 0x73),
        pool("high@50000000", &[0, 0x5000_0000, 0x40_0000], 0x74),
        pool(
            "two@21000000",
            &[0, 0x2100_0000, 0x1000, 0, 0x2200_0000, 0x1000],
            0x75,
        ),
        Pool {
            flag: Some("no-map"),
            ..pool("hidden@23000000", &[0, 0x2300_0000, 0x40_0000], 0x76)
        },
        pool("image@0", &[0, 0, 0x40_0000], 0x77),
    ],
    devices: &[
        ("/emmc2bus/mmc@7e340000", &[0x71]),
        ("/soc/usb@7e980000", &[0x73]),
        ("/soc/mmc@7e300000", &[0x99]),
    ],
};

/// One that has most of the low memory, and the loader's tree in it.
pub(crate) const CROWDED: Confined = Confined {
    pools: &[pool("big@4000000", &[0, 0x0400_0000, 0x3700_0000], 0x70)],
    devices: &[],
};

const fn pool(name: &'static str, reg: &'static [u32], phandle: u32) -> Pool {
    Pool {
        name,
        reg,
        flag: None,
        phandle,
    }
}

/// The first half: the header promises more than there is (zeroes follow in RAM).
fn half(tree: &[u8]) -> Vec<u8> {
    tree[..tree.len() / 2].to_vec()
}

fn with(mut tree: Vec<u8>, at: usize, value: u32) -> Vec<u8> {
    tree[at..at + 4].copy_from_slice(&value.to_be_bytes());
    tree
}

/// A sound header over nothing: 0 is no token.
fn hollow(mut tree: Vec<u8>) -> Vec<u8> {
    let start = u32::from_be_bytes(
        tree[OFF_DT_STRUCT..OFF_DT_STRUCT + 4]
            .try_into()
            .expect("four bytes"),
    );
    tree[start as usize..].fill(0);
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spoilt_tree_differs_from_the_good_one() {
        let good = devicetree::emulator();
        for (name, spoil) in SPOILT {
            let bad = spoil(good.clone());
            assert!(!bad.is_empty() && bad != good, "{name}");
        }
    }
}
