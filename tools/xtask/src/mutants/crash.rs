//! Mutants that show in the way the kernel dies.

use super::bench::Bench;
use super::list::{Kind, Mutant};
use crate::image;
use crate::process::Echo;
use crate::test::crash::{self, Crash};
use anyhow::Context;
use std::collections::BTreeSet;

/// Faults of which the kernel dies well while the tree is whole.
#[derive(Debug, Default)]
pub(super) struct Passing(BTreeSet<String>);

impl Passing {
    pub(super) fn contains(&self, test: &str) -> bool {
        self.0.contains(test)
    }
}

/// Has the kernel die of every named fault once.
pub(super) fn whole(bench: &Bench, mutants: &[Mutant]) -> anyhow::Result<Passing> {
    let crashes = mutants.iter().filter(|mutant| mutant.kind == Kind::Crash);
    let named: BTreeSet<&String> = crashes.map(|mutant| &mutant.test).collect();
    let mut passing = Passing::default();
    for name in named {
        if dies_well(bench, name)? {
            passing.0.insert(name.clone());
        }
    }
    Ok(passing)
}

/// Whether the named test fails in the tree as it is now.
pub(super) fn catches(bench: &Bench, test: &str) -> anyhow::Result<bool> {
    Ok(!dies_well(bench, test)?)
}

fn dies_well(bench: &Bench, name: &str) -> anyhow::Result<bool> {
    let crash = find(name)?;
    let built = image::build_checked(&bench.0, Echo::Off)?;
    let verdict = crash::dies_well(crash, &built, &bench.0.root, &bench.0.target)?;
    Ok(verdict.is_ok())
}

fn find(name: &str) -> anyhow::Result<&'static Crash> {
    let mut all = crash::ALL.iter();
    all.find(|crash| crash.name == name)
        .with_context(|| format!("no way to die is called \"{name}\""))
}
