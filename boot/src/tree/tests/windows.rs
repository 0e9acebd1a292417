//! Composition of windows against a version that follows one address at a time.

use super::*;
use crate::tree::Translation;
use hal::{DmaAddr, DmaWindow};
use proptest::prelude::*;

type Entry = (u64, u64, u64);

/// The first window that holds `addr` decides, on every level.
fn step(list: Option<&[Entry]>, addr: u64) -> Option<u64> {
    let Some(list) = list else {
        return Some(addr);
    };
    let hit = list
        .iter()
        .find(|(bus, _, len)| (*bus..bus + len).contains(&addr));
    hit.map(|(bus, phys, _)| addr - bus + phys)
}

fn build(list: Option<&[Entry]>) -> Translation {
    let mut translation = Translation::Identity;
    for &(bus, phys, len) in list.unwrap_or_default() {
        let window = DmaWindow::new(range(phys, len), DmaAddr::new(bus)).expect("valid");
        translation.add(window).expect("fits");
    }
    translation
}

fn bus() -> impl Strategy<Value = Option<Vec<Entry>>> {
    prop::option::of(prop::collection::vec((0u64..48, 0u64..48, 1u64..24), 1..4))
}

proptest! {
    #[test]
    fn composition_agrees_with_following_each_address(near in bus(), far in bus()) {
        let composed = build(near.as_deref()).through(&build(far.as_deref()));
        // More pieces than there is room for are refused, not dropped.
        let Ok(composed) = composed else { return Ok(()) };
        for addr in 0..160 {
            let expected = step(near.as_deref(), addr).and_then(|mid| step(far.as_deref(), mid));
            let found = composed.to_phys(DmaAddr::new(addr), 1).map(|r| r.start().get());
            prop_assert_eq!(found, expected, "address {}", addr);
        }
    }

    #[test]
    fn an_address_given_to_a_master_leads_back_to_the_block(
        near in bus(), far in bus(), start in 0u64..80, len in 1u64..8,
    ) {
        let composed = build(near.as_deref()).through(&build(far.as_deref()));
        let Ok(composed) = composed else { return Ok(()) };
        if let Some(bus) = composed.to_bus(range(start, len)) {
            for offset in 0..len {
                let mid = step(near.as_deref(), bus.get() + offset);
                let end = mid.and_then(|mid| step(far.as_deref(), mid));
                prop_assert_eq!(end, Some(start + offset));
            }
        }
    }
}
