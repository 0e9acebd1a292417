//! From the kernel's sources to the flat image that a loader takes.

use crate::header::{self, LoadOffset};
use crate::process::{self, Echo};
use crate::report::tail;
use crate::workspace::{Sources, TARGET};
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;
use xshell::{Shell, cmd};

/// A first build fetches and compiles all dependencies.
const BUILD_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The kernel, built.
#[derive(Clone, Debug)]
pub(crate) struct Built {
    pub(crate) elf: PathBuf,
    /// The flat image, as the linker script lays it out.
    pub(crate) flat: Vec<u8>,
}

impl Built {
    /// The flat image for a loader that shall put it at `load`.
    pub(crate) fn at(&self, load: LoadOffset) -> anyhow::Result<Vec<u8>> {
        let mut image = self.flat.clone();
        header::set_load(&mut image, load)?;
        Ok(image)
    }
}

/// Builds the image.
pub(crate) fn build(sources: &Sources, echo: Echo) -> anyhow::Result<Built> {
    build_as("release", &[], sources, echo)
}

/// Builds the image with everything in it that checks the kernel while it runs.
pub(crate) fn build_checked(sources: &Sources, echo: Echo) -> anyhow::Result<Built> {
    build_as("checked", &[], sources, echo)
}

/// Builds the image as quickly as it can be built: the one for use, hardly optimised.
pub(crate) fn build_mutant(sources: &Sources, echo: Echo) -> anyhow::Result<Built> {
    build_as("mutant-image", &[], sources, echo)
}

/// Builds the image that makes mistakes on purpose, for the test of the oracle.
pub(crate) fn build_planted(sources: &Sources, echo: Echo) -> anyhow::Result<Built> {
    build_as("planted", &["--features", "planted"], sources, echo)
}

fn build_as(
    profile: &str,
    features: &[&str],
    sources: &Sources,
    echo: Echo,
) -> anyhow::Result<Built> {
    let arguments = [
        "build",
        "--profile",
        profile,
        "-p",
        "rpi4",
        "--target",
        TARGET,
    ];
    let mut cargo = sources.cargo(&arguments);
    cargo.args(features);
    let ended = process::run(cargo, BUILD_LIMIT, echo)?;
    if !ended.ok() {
        // What was echoed need not be told again.
        let log = if echo == Echo::On {
            ""
        } else {
            &tail(&ended.output)
        };
        bail!("the kernel does not build ({})\n{log}", ended.ending);
    }
    let elf = elf_of(profile, sources);
    let flat = flatten(&elf)?;
    header::image_size(&flat).context("the image's header")?;
    Ok(Built { elf, flat })
}

/// Where the build leaves its ELF file.
pub(crate) fn elf(sources: &Sources) -> PathBuf {
    elf_of("release", sources)
}

fn elf_of(profile: &str, sources: &Sources) -> PathBuf {
    sources.target.join(TARGET).join(profile).join("rpi4")
}

/// What an ELF would look like in memory, up to its bss.
fn flatten(elf: &Path) -> anyhow::Result<Vec<u8>> {
    let shell = Shell::new()?;
    let flat = elf.with_extension("img");
    let objcopy = llvm_objcopy(&shell)?;
    cmd!(shell, "{objcopy} --strip-all -O binary {elf} {flat}")
        .quiet()
        .run()?;
    std::fs::read(&flat).with_context(|| format!("cannot read {}", flat.display()))
}

/// The `llvm-objcopy` of the toolchain's own llvm-tools.
fn llvm_objcopy(shell: &Shell) -> anyhow::Result<PathBuf> {
    let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
    let host = cmd!(shell, "rustc --print host-tuple").quiet().read()?;
    let objcopy = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin/llvm-objcopy");
    if !objcopy.exists() {
        bail!(
            "no {}: is component llvm-tools installed? (`make setup`)",
            objcopy.display()
        );
    }
    Ok(objcopy)
}
