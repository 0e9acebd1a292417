//! The command line of `cargo xtask`.

use crate::card::{self, Spoil};
use crate::header::LoadOffset;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Build, run, test and check Carom.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build kernel8.img and tell its size
    Build {
        /// Offset for the header (hex): 0 leaves the place to the loader
        #[arg(long, default_value = "0")]
        load: LoadOffset,
    },
    /// Boot it in the emulator, carry a file by DMA, compare the digests
    Run(RunArgs),
    /// Count what the DMA calls cost in the emulator, and compare with Linux
    Bench(BenchArgs),
    /// Make the image of a card that a board boots from
    Image(ImageArgs),
    /// Make an SD card for the emulator: files, a manifest, on request spoilt
    Card(CardArgs),
    /// Add functions, files and lines to the backtraces of a console
    Symbolise(SymboliseArgs),
    /// Check the order of calls in the traces of a console (`dma trace`, the dump of a crash)
    Replay(ReplayArgs),
    /// Run every test there is; the last line is `N passed, N failed`
    Test(TestArgs),
    /// The self-tests and the main job under a modelled cache that no device snoops
    Oracle,
    /// Remove each cache operation and barrier of DMA in turn: who notices?
    Removals(RemovalsArgs),
    /// Make every small change to the mapping layer in turn: who notices?
    Mutants(MutantsArgs),
    /// Format, lints, arrows between crates, licences
    Check,
    /// Write the table of the mapping decision anew
    Decisions,
    /// Write the table of which test holds which rule anew
    Rules,
    /// Write the documentation of all crates
    Doc,
}

/// Options of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// The file to carry; seeded bytes if absent
    #[arg(long)]
    pub(crate) file: Option<PathBuf>,
    /// The SD card's image; never written to. One is made if absent
    #[arg(long)]
    pub(crate) card: Option<PathBuf>,
    /// More words for the kernel's command line
    #[arg(long, default_value = "")]
    pub(crate) append: String,
    /// Stay at the kernel's prompt afterwards, on this terminal
    #[arg(long)]
    pub(crate) shell: bool,
    /// Seed of the bytes that are made up
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// Options of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Only rows whose section/case contains this
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
    /// Step through one call of each row and tell where its instructions go
    #[arg(long)]
    pub(crate) explain: bool,
}

/// Options of `image`.
#[derive(Args, Debug)]
pub(crate) struct ImageArgs {
    /// The board's device tree; the user adds it later if absent
    #[arg(long)]
    pub(crate) tree: Option<PathBuf>,
    /// Words for the kernel's command line
    #[arg(long, default_value = "")]
    pub(crate) append: String,
}

/// Options of `card`.
#[derive(Args, Debug)]
pub(crate) struct CardArgs {
    /// Where to write it; `carom/card.img` in the target directory if absent
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Seed of all bytes on it
    #[arg(long, default_value_t = card::SEED)]
    pub(crate) seed: u64,
    /// Spoil it in this way
    #[arg(long, value_enum)]
    pub(crate) spoil: Option<Spoil>,
}

/// Options of `symbolise`.
#[derive(Args, Debug)]
pub(crate) struct SymboliseArgs {
    /// What the console said; standard input if absent
    pub(crate) log: Option<PathBuf>,
    /// The kernel that said it; the one built last if absent
    #[arg(long)]
    pub(crate) elf: Option<PathBuf>,
}

/// Options of `replay`.
#[derive(Args, Debug)]
pub(crate) struct ReplayArgs {
    /// What the console said, or the lines that start with `trace `
    pub(crate) log: PathBuf,
}

/// Options of `removals`.
#[derive(Args, Debug)]
pub(crate) struct RemovalsArgs {
    /// Only lines whose `FILE:LINE` contains this
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
}

/// Options of `mutants`.
#[derive(Args, Debug)]
pub(crate) struct MutantsArgs {
    /// Only part K of N, from 0: the parts may run on several machines
    #[arg(long, value_name = "K/N")]
    pub(crate) shard: Option<String>,
    /// Only those that survived the last time, and those that were not tried
    #[arg(long)]
    pub(crate) again: bool,
    /// Only changes whose name (`FILE:LINE:COLUMN: CHANGE`) matches this regular expression
    #[arg(long)]
    pub(crate) filter: Option<String>,
}

/// Options of `test`.
#[derive(Args, Debug, Default)]
pub(crate) struct TestArgs {
    /// Only these parts (may be given more than once)
    #[arg(long, value_enum)]
    pub(crate) only: Vec<Part>,
    /// Only tests, scenarios and mutants whose name contains this
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
}

impl TestArgs {
    /// Whether `part` is to run.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    /// Whether something called `name` is to run.
    pub(crate) fn names(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }
}

/// A part of the test run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Format, lints, arrows, licences
    Check,
    /// Tests that need no board
    Host,
    /// A part of them under Miri
    Miri,
    /// The kernel in the emulator
    Emulator,
    /// Rules tested by breaking them
    Mutants,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_only_every_part_runs_and_with_it_just_that_part() {
        let all = TestArgs::default();
        assert!(all.wants(Part::Host) && all.wants(Part::Mutants));
        let miri = TestArgs {
            only: vec![Part::Miri],
            ..TestArgs::default()
        };
        assert!(miri.wants(Part::Miri) && !miri.wants(Part::Host));
    }
}
