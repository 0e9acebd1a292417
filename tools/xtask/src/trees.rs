//! Device trees that a kernel may be handed, good and bad.
//!
//! The bad ones are made from a good one by the mistakes that firmware, loaders and flash memory
//! make. Offsets of the header's fields: Devicetree Specification 0.4, section 5.2.

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
