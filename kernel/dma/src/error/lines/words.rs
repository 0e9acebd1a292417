//! Lines whose words say which of several things it was.

extern crate std;

use super::super::{MapError, Refusal};
use super::samples::block;
use crate::address::Misuse;
use crate::checker::{Cause, NotForDevices};
use crate::complaints;
use crate::guard::Overrun;
use crate::reason::BounceReason;
use crate::swiotlb::BadRegion;
use hal::{DmaAddr, PhysAddr};
use std::string::ToString;

#[test]
fn what_is_out_of_reach_is_refused_with_the_end_of_the_reach() {
    let no_pool = |reach| {
        let (reason, block) = (BounceReason::Unreachable, block());
        let error = MapError::NoPool {
            reason,
            block,
            reach,
        };
        error.to_string()
    };
    let some = no_pool(Some(PhysAddr::new(0x3FFF_FFFF)));
    assert!(
        some.contains("; the device reaches RAM up to 0x3fffffff) and"),
        "{some}"
    );
    let none = no_pool(None);
    assert!(
        none.contains("; the device reaches no RAM at all) and"),
        "{none}"
    );
}

#[test]
fn a_region_that_is_no_pool_is_told_with_what_one_must_be() {
    let region = sim::Machine::default().take(hal::GIB, hal::PAGE);
    assert_eq!(
        BadRegion { region }.to_string(),
        "0x040000000-0x040000fff cannot be a bounce pool: it must start on 2 MiB, end below 1 GiB and be \
         2 KiB to 128 MiB long"
    );
}

#[test]
fn dbg_12_13_14_a_finding_says_what_the_memory_is_and_what_to_use_instead() {
    for (is, says) in [
        (NotForDevices::Stack, "a stack of the kernel: use memory"),
        (NotForDevices::Text, "the kernel's text: use memory"),
        (NotForDevices::ReadOnly, "read-only data: copy it first"),
        (NotForDevices::NotRam, "not RAM: use map_resource"),
    ] {
        let line = Cause::Memory { block: block(), is }.to_string();
        assert!(line.contains(says), "{line}");
    }
}

#[test]
fn st_2_each_kind_of_refusal_and_of_complaint_has_its_word() {
    let words = Refusal::ALL.map(|kind| std::format!("{kind:>8}"));
    let wanted = [
        "    full", "   quota", "too long", "in place", " no pool", "    call",
    ];
    assert_eq!(words, wanted);
    let addr = DmaAddr::new(0);
    let misuse = Misuse::NotMapped { addr, len: 1 };
    let (at, found) = (PhysAddr::new(0), 1);
    let causes = [
        complaints::Cause::Refused(MapError::IsRam { block: block() }),
        complaints::Cause::Misused(misuse),
        complaints::Cause::Overran(Overrun::Afterwards { at, found }),
        complaints::Cause::Left { live: 1 },
    ];
    let words = causes.map(|cause| cause.word());
    assert_eq!(words, ["refused", "misused", "overrun", "left"]);
}
