//! `/cpus`: who can be started, and where its release word is.

use super::*;
use crate::tree::ParkedCpu;
use hal::CpuId;

fn numbers(info: &BootInfo) -> Vec<usize> {
    info.cpus.iter().map(|cpu| cpu.id.index()).collect()
}

#[test]
fn every_core_but_the_first_waits_at_its_own_release_word() {
    let expected = [1, 2, 3].map(|i| ParkedCpu {
        id: CpuId::new(i as usize).expect("below four"),
        release: PhysAddr::new(0xD8 + 8 * i),
    });
    assert_eq!(default_info().cpus.as_slice(), expected);
}

#[test]
fn the_release_word_is_where_the_tree_says() {
    let info = with_cells("/cpus/cpu@2", "cpu-release-addr", &[1, 0x40]).expect("valid");
    assert_eq!(info.cpus[1].release, PhysAddr::new(0x1_0000_0040));
}

#[test]
fn a_core_with_another_method_or_a_failed_one_is_left_alone() {
    let psci = changed(|tree| set_text(at(tree, "/cpus/cpu@1"), "enable-method", "psci"));
    assert_eq!(numbers(&read(&psci).expect("valid")), [2, 3]);
    let off = changed(|tree| set_text(at(tree, "/cpus/cpu@3"), "status", "fail"));
    assert_eq!(numbers(&read(&off).expect("valid")), [1, 2]);
}

#[test]
fn disabled_means_not_started_yet() {
    let waits = changed(|tree| set_text(at(tree, "/cpus/cpu@3"), "status", "disabled"));
    assert_eq!(numbers(&read(&waits).expect("valid")), [1, 2, 3]);
}

#[test]
fn a_number_that_no_core_of_ours_has_is_passed_over() {
    let info = with_cells("/cpus/cpu@2", "reg", &[7]).expect("valid");
    assert_eq!(numbers(&info), [1, 3]);
}

#[test]
fn a_release_address_of_one_cell_is_a_defect() {
    let refused = with_cells("/cpus/cpu@1", "cpu-release-addr", &[0xE0]);
    assert!(matches!(
        refused,
        Err(TreeError::Property {
            property: "cpu-release-addr",
            len: 4,
            ..
        })
    ));
}
