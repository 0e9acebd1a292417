//! A kernel that dies, and what is made of its last words.
//!
//! A word on the command line that crashes the kernel would be a crash for everybody. Instead one
//! instruction of the image is made undefined: the id in the banner stays that of the ELF file.

use crate::boot::{Kernel, Setup, Tree};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ending};
use crate::report::Group;
use crate::symbols::{self, Elf};
use anyhow::Context;
use std::path::Path;
use std::time::{Duration, Instant};

/// As the scenarios' table calls its entries.
pub(super) const NAME: &str = "a fatal exception, with names and lines";

/// Written in assembly, hence never inlined, and called by the mapping layer alone.
const VICTIM: &str = "arch_copy_clean";

/// What must be in the dump: where it happened, and who called.
const SAYS: [&str; 4] = [
    "fatal: core 0: ",
    VICTIM,
    " at kernel/dma/src/",
    "trace core 0 lost ",
];

/// `udf #0`.
const UNDEFINED: [u8; 4] = [0; 4];

/// The status of a kernel that ends by a fatal exception.
const STATUS: i32 = 101;

const LIMIT: Duration = Duration::from_secs(60);

/// Boots it and reads the dump.
pub(super) fn run(built: &Built, root: &Path, out: &Path) -> Group {
    let start = Instant::now();
    let result = last_words(built, root, out).map_err(|error| format!("{error:#}"));
    Group::single(NAME, start.elapsed(), result.and_then(|text| judge(&text)))
}

fn judge(text: &str) -> Result<(), String> {
    match SAYS.iter().find(|words| !text.contains(**words)) {
        Some(words) => Err(format!("the dump does not say \"{words}\"\n{text}")),
        None => Ok(()),
    }
}

fn last_words(built: &Built, root: &Path, out: &Path) -> anyhow::Result<String> {
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: None,
        card: None,
        slot: None,
        append: "",
        limit: LIMIT,
    };
    let ended = setup.boot(&broken(built)?, out, Echo::Off)?;
    anyhow::ensure!(
        ended.ending == Ending::Exited(Some(STATUS)),
        "{} instead of {STATUS}\n{}",
        ended.ending,
        symbols::last_words(&ended.output, &built.elf, root)
    );
    Ok(symbols::last_words(&ended.output, &built.elf, root))
}

/// The image with the first instruction of the victim undefined.
fn broken(built: &Built) -> anyhow::Result<Built> {
    let elf = Elf::open(&built.elf)?;
    let address = |name: &str| {
        elf.address(name)
            .with_context(|| format!("no symbol {name}"))
    };
    let at = (address(VICTIM)? - address("__image_start")?) as usize;
    let mut broken = built.clone();
    broken.flat[at..at + 4].copy_from_slice(&UNDEFINED);
    Ok(broken)
}
