//! Ways to die: a planted fault must give one clean dump, from the right core, with the others silent.
//!
//! The fault is asked for on the command line of an image that checks itself. Where other cores than
//! the boot core die, that one prints all the while: its lines must end where the dump begins.

use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ended, Ending};
use crate::report::Group;
use crate::symbols;
use std::path::Path;
use std::time::{Duration, Instant};

/// A fault and what must be told of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash {
    pub(crate) name: &'static str,
    /// Words of the command line.
    plant: &'static str,
    /// How the dump's headline begins, whichever of the cores it is that speaks.
    headline: &'static str,
    cores: &'static [u32],
    /// What the dump must say, names and lines added.
    says: &'static [&'static str],
}

/// Where the planted faults are.
const PLACE: &str = " at kernel/rpi4/src/plant.rs:";

/// All of them.
pub(crate) const ALL: &[Crash] = &[
    Crash {
        name: "a lock out of order is told with both names",
        plant: "carom.plant=inversion",
        headline: "panic: core ",
        cores: &[0],
        says: &[
            "lock order: \"console\" (Outermost) is wanted at kernel/rpi4/src/console.rs:",
            "under \"planted\" (Innermost), held since kernel/rpi4/src/plant.rs:",
            PLACE,
        ],
    },
    Crash {
        name: "a lock taken twice is told, and hangs nothing",
        plant: "carom.plant=twice",
        headline: "panic: core ",
        cores: &[0],
        says: &[
            "is wanted at kernel/rpi4/src/plant.rs:",
            "by the core that holds it since",
            PLACE,
        ],
    },
    Crash {
        name: "a panic on another core",
        plant: "carom.plant=panic@2",
        headline: "panic: core ",
        cores: &[2],
        says: &[
            "planted",
            "plant::panic",
            PLACE,
            "last calls:",
            "trace core 2 ",
            " launch ",
            "trace end ",
        ],
    },
    Crash {
        name: "a panic on three cores at once",
        plant: "carom.plant=panic@1,2,3",
        headline: "panic: core ",
        cores: &[1, 2, 3],
        says: &["planted", "plant::panic", PLACE],
    },
    Crash {
        name: "a data abort on another core",
        plant: "carom.plant=abort@3",
        headline: "fatal: core ",
        cores: &[3],
        says: &["data abort (load", "address 0x0", "arch_probe_load", PLACE],
    },
    Crash {
        name: "a data abort on three cores at once",
        plant: "carom.plant=abort@1,2,3",
        headline: "fatal: core ",
        cores: &[1, 2, 3],
        says: &["data abort (load", "address 0x0", "arch_probe_load", PLACE],
    },
];

/// What the boot core prints meanwhile.
const CHATTER: &str = "the boot core goes on";

/// The status of a kernel that dies.
const STATUS: i32 = 101;

const LIMIT: Duration = Duration::from_secs(60);

/// Boots it and reads the dump.
pub(crate) fn run(crash: &Crash, built: &Built, root: &Path, out: &Path) -> Group {
    let start = Instant::now();
    let result = dies_well(crash, built, root, out).map_err(|error| format!("{error:#}"));
    Group::single(crash.name, start.elapsed(), result.and_then(|wrong| wrong))
}

/// What is wrong with the way it dies; an error if it could not even be started.
pub(crate) fn dies_well(
    crash: &Crash,
    built: &Built,
    root: &Path,
    out: &Path,
) -> anyhow::Result<Result<(), String>> {
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: None,
        slot: None,
        append: crash.plant,
        limit: LIMIT,
    };
    let ended = setup.boot(built, out, Echo::Off)?;
    let told = symbols::last_words(&ended.output, &built.elf, root);
    Ok(judge(crash, &ended, &told).map_err(|why| format!("{why}\n{told}")))
}

/// `told` is the dump with names and lines.
fn judge(crash: &Crash, ended: &Ended, told: &str) -> Result<(), String> {
    if ended.ending != Ending::Exited(Some(STATUS)) {
        return Err(format!("{} instead of {STATUS}", ended.ending));
    }
    let lines: Vec<&str> = ended.output.lines().map(str::trim_end).collect();
    let is_head = |line: &str| line.starts_with("panic: ") || line.starts_with("fatal: ");
    let at = lines
        .iter()
        .position(|line| is_head(line))
        .ok_or("there is no dump")?;
    let (before, dump) = lines.split_at(at);
    if dump.iter().filter(|line| is_head(line)).count() != 1 {
        return Err("there is more than one dump".to_owned());
    }
    let mut cores = crash.cores.iter();
    if !cores.any(|core| dump[0].starts_with(&format!("{}{core}: ", crash.headline))) {
        return Err(format!("the headline is \"{}\"", dump[0]));
    }
    let others = crash.cores != [0];
    if others && !before.contains(&CHATTER) {
        return Err("the boot core was not at work".to_owned());
    }
    if dump.iter().any(|line| line.contains("goes on")) {
        return Err("the boot core goes on in the dump".to_owned());
    }
    match crash.says.iter().find(|words| !told.contains(**words)) {
        Some(words) => Err(format!("the dump does not say \"{words}\"")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRASH: Crash = Crash {
        name: "x",
        plant: "",
        headline: "panic: core ",
        cores: &[1, 2],
        says: &["planted"],
    };

    fn judged(output: &str, status: i32) -> Result<(), String> {
        let ended = Ended {
            ending: Ending::Exited(Some(status)),
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        judge(&CRASH, &ended, output)
    }

    const GOOD: &str = "the boot core goes on\r\n\r\npanic: core 2: panicked at x:\r\nplanted\r\n";

    #[test]
    fn one_dump_of_a_core_that_died_is_good() {
        assert_eq!(judged(GOOD, STATUS), Ok(()));
    }

    #[test]
    fn everything_that_can_be_wrong_is_told() {
        let why = |output: &str| judged(output, STATUS).unwrap_err();
        assert!(judged(GOOD, 0).unwrap_err().contains("instead of 101"));
        assert!(why("the boot core goes on\n").contains("no dump"));
        assert!(why(&format!("{GOOD}panic: core 1: x\n")).contains("more than one"));
        assert!(why(&GOOD.replace("core 2", "core 0")).contains("headline"));
        assert!(why(&GOOD[23..]).contains("not at work"), "{}", &GOOD[23..]);
        assert!(why(&format!("{GOOD}the boot core goes on\n")).contains("in the dump"));
        assert!(why(&GOOD.replace("planted", "x")).contains("does not say"));
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::HashSet<_> = ALL.iter().map(|crash| crash.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
