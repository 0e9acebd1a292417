//! Trees that are broken, foreign or hostile: an error with numbers and the built-in tree.

use super::*;
use crate::tree::Source;
use std::string::ToString;
use std::vec;

fn choose(from_firmware: Option<&[u8]>) -> (BootInfo, Source, Option<TreeError>) {
    let mut info = BootInfo::new();
    let built_in = devicetree::built_in();
    let (source, error) = crate::tree::choose(from_firmware, &built_in, &mut info);
    (info, source, error)
}

/// Falls back to the built-in tree and says why.
fn refused(blob: &[u8]) -> TreeError {
    let (info, source, error) = choose(Some(blob));
    assert_eq!(source, Source::BuiltIn);
    assert_eq!(info, default_info());
    let error = error.expect("there is a reason");
    let text = error.to_string();
    assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
    error
}

fn refused_with(node: &str, property: &str, cells: &[u32]) -> TreeError {
    refused(&changed(|tree| set(at(tree, node), property, cells)))
}

#[test]
fn a_good_tree_is_taken_and_none_gives_the_built_in_one() {
    let (info, source, error) = choose(Some(&devicetree::emulator()));
    assert_eq!((source, error), (Source::Firmware, None));
    assert_eq!(info.banks.len(), 2);
    let (_, source, error) = choose(None);
    assert_eq!((source, error), (Source::BuiltIn, None));
}

#[test]
fn what_follows_the_tree_in_its_window_does_not_matter() {
    let mut blob = devicetree::emulator();
    blob.resize(blob.len() + 4096, 0xA5);
    assert_eq!(read(&blob), read(&devicetree::emulator()));
}

#[test]
fn a_tree_cut_off_anywhere_is_refused() {
    let blob = devicetree::built_in();
    for len in 0..blob.len() {
        let error = read(&blob[..len]).expect_err("cut off");
        let expected = if len < 40 {
            TreeError::Short { len }
        } else {
            TreeError::TooLarge {
                size: blob.len(),
                room: len,
            }
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn an_atag_list_is_named_by_its_first_word() {
    let mut atags = vec![0; 64];
    atags[..8].copy_from_slice(&[5, 0, 0, 0, 1, 0, 0x41, 0x54]);
    assert_eq!(refused(&atags), TreeError::Magic { word: 0x0500_0000 });
}

#[test]
fn a_tree_larger_than_its_window_is_refused_with_both_sizes() {
    let mut blob = devicetree::built_in();
    blob[4..8].copy_from_slice(&0x0050_0000u32.to_be_bytes());
    let room = blob.len();
    assert_eq!(
        refused(&blob),
        TreeError::TooLarge {
            size: 0x0050_0000,
            room
        }
    );
}

#[test]
fn a_valid_tree_of_another_machine_is_refused_by_name() {
    let error = refused(&devicetree::foreign());
    assert_eq!(
        error.to_string(),
        "device tree of another machine: vendor,other-board"
    );
}

#[test]
fn cell_counts_that_read_no_address_are_refused() {
    for (address, size) in [(0, 1), (4, 1), (2, 0), (2, 3), (u32::MAX, u32::MAX)] {
        for node in ["/", "/soc", "/scb"] {
            let error = refused(&changed(|tree| {
                set(at(tree, node), "#address-cells", &[address]);
                set(at(tree, node), "#size-cells", &[size]);
            }));
            assert!(
                matches!(error, TreeError::Cells { .. }),
                "{node} {address} {size}: {error}"
            );
        }
    }
    refused_with("/", "#address-cells", &[3]);
    refused_with("/soc", "#size-cells", &[]);
}

#[test]
fn tables_that_do_not_come_out_even_are_refused() {
    let table: [(&str, &str); 5] = [
        ("/memory@0", "reg"),
        ("/soc", "ranges"),
        ("/soc", "dma-ranges"),
        ("/soc/usb@7e980000", "reg"),
        ("/soc/usb@7e980000", "interrupts"),
    ];
    for (node, property) in table {
        let error = refused_with(node, property, &[1, 2, 3, 4, 5, 6, 7]);
        assert!(
            matches!(error, TreeError::Property { len: 28, .. }),
            "{node} {property}: {error}"
        );
    }
    let odd = changed(|tree| {
        let odd = DeviceTreeProperty::new("reg", [1u8, 2, 3]).expect("a valid name");
        at(tree, "/memory@0").add_property(odd);
    });
    assert!(matches!(refused(&odd), TreeError::Property { len: 3, .. }));
}

#[test]
fn ranges_that_are_empty_wrap_or_are_too_many_are_refused() {
    let empty = refused_with("/soc", "dma-ranges", &[0, 0, 0, 0]);
    assert!(matches!(
        empty,
        TreeError::Range {
            property: "dma-ranges",
            ..
        }
    ));
    let wraps = refused_with("/soc", "ranges", &[0, u32::MAX, u32::MAX, 1]);
    assert!(matches!(
        wraps,
        TreeError::Range {
            property: "ranges",
            ..
        }
    ));
    let bus = refused_with(
        "/scb/pcie@7d500000",
        "dma-ranges",
        &[0x0200_0000, u32::MAX, u32::MAX, 0, 0, 0, 2],
    );
    assert!(matches!(
        bus,
        TreeError::Window {
            property: "dma-ranges",
            ..
        }
    ));
    let many: Vec<u32> = (0..20)
        .flat_map(|i| [i << 12, 0, i << 12, 0x1000])
        .collect();
    let many = refused_with("/soc", "dma-ranges", &many);
    assert!(matches!(many, TreeError::TooMany { .. }));
}

#[test]
fn registers_that_no_range_shows_are_refused() {
    let error = refused_with("/soc/usb@7e980000", "reg", &[0x1000_0000, 0x1000]);
    let text = "usb@7e980000: no CPU address for 0x1000 bytes at 0x10000000";
    assert_eq!(error.to_string(), text);
}

#[test]
fn interrupts_of_unknown_class_or_number_are_refused() {
    for interrupt in [[2, 0, 4], [0, 988, 4], [1, 16, 4], [0, u32::MAX, 4]] {
        let error = refused_with("/soc/usb@7e980000", "interrupts", &interrupt);
        assert!(matches!(error, TreeError::Property { .. }));
    }
}

#[test]
fn more_nodes_than_there_is_room_for_are_refused() {
    let uart = |i| {
        let node = Builder::new(&std::format!("serial@{i:x}"));
        node.string("compatible", "arm,pl011")
            .cells("reg", &[0x7E20_1000, 0x200])
    };
    let error = refused(&changed(|tree| {
        (0..64).for_each(|i| add(tree, "/soc", uart(i)))
    }));
    assert_eq!(
        error,
        TreeError::TooMany {
            what: "devices",
            max: 24
        }
    );
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let nested = (0..1000).fold(Builder::new("leaf"), |inner, _| {
        Builder::new("node").child(inner)
    });
    assert_eq!(
        refused(&changed(|tree| add(tree, "/", nested))),
        TreeError::Deep { max: 12 }
    );
}

#[test]
fn no_damage_makes_the_reader_panic() {
    let good = devicetree::built_in();
    let mut seed = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        // xorshift64: the same damage in every run.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed as usize
    };
    for round in 0..3_000 {
        let mut blob = good.clone();
        for _ in 0..=round % 4 {
            let at = random() % blob.len();
            match round % 3 {
                0 => blob[at] ^= 1 << (random() % 8),
                1 => blob[at] = random() as u8,
                _ => blob[at & !3..][..4].copy_from_slice(&[[0; 4], [0xFF; 4]][random() % 2]),
            }
        }
        if let Err(error) = read(&blob) {
            assert!(!error.to_string().is_empty());
        }
    }
}

#[test]
fn single_words_of_every_kind_do_not_make_the_reader_panic() {
    let good = devicetree::built_in();
    for at in (0..good.len()).step_by(4) {
        for word in [0u32, 1, 2, 3, 4, 9, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
            let mut blob = good.clone();
            blob[at..at + 4].copy_from_slice(&word.to_be_bytes());
            let _ = read(&blob);
        }
    }
}
