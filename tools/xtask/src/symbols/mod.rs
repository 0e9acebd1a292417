//! Consoles made readable: functions, files and lines beside the addresses of a backtrace.
//!
//! A console is only held against the ELF file that it came from: the banner tells the build id,
//! and the names of another build would look right and be wrong.

mod elf;
mod log;

pub(crate) use elf::{Elf, bytes};

use crate::args::SymboliseArgs;
use crate::image;
use crate::report::tail;
use crate::workspace::Workspace;
use anyhow::{Context, bail};
use std::io::Read;
use std::path::Path;

/// Prints a console with its addresses explained.
pub(crate) fn run(workspace: &Workspace, options: &SymboliseArgs) -> anyhow::Result<bool> {
    let elf = match &options.elf {
        Some(path) => path.clone(),
        None => image::elf(&workspace.sources),
    };
    let console = read(options.log.as_deref())?;
    let explained = explain(&console, &Elf::open(&elf)?, &workspace.sources.root)
        .with_context(|| elf.display().to_string())?;
    print!("{explained}");
    Ok(true)
}

/// The file, or standard input. What a noisy line has made of the text is kept.
fn read(path: Option<&Path>) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    match path {
        Some(path) => {
            bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        }
        None => {
            std::io::stdin().lock().read_to_end(&mut bytes)?;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The console with a line for each function under each address of a backtrace. Files below
/// `root` are named from there.
fn explain(console: &str, elf: &Elf, root: &Path) -> anyhow::Result<String> {
    check(&log::builds(console), &elf.build_id)?;
    Ok(log::annotate(console, |address| elf.frames(address, root)))
}

/// Every boot in the console must be one of this ELF file.
fn check(builds: &[&str], elf: &str) -> anyhow::Result<()> {
    if builds.is_empty() {
        bail!("the console does not tell its build: the line `carom .. (build ..)` is missing");
    }
    match builds.iter().find(|build| **build != elf) {
        Some(build) => bail!("the console is from build {build}, the ELF file is build {elf}"),
        None => Ok(()),
    }
}

/// What to show of a console that ended badly: the dump, explained, or else the last lines, and who mapped what
/// the checker found.
pub(crate) fn last_words(console: &str, elf: &Path, root: &Path) -> String {
    let died = log::dump(console).is_some();
    if !died && !log::names_callers(console) {
        return tail(console);
    }
    let explained = Elf::open(elf).and_then(|elf| explain(console, &elf, root));
    match explained {
        Ok(text) if died => log::dump(&text).unwrap_or_default().to_owned(),
        Ok(text) => format!("{}\n{}", log::findings(&text), tail(&text)),
        Err(why) => format!("{}\n(no names: {why:#})", tail(console)),
    }
}

/// The dump, explained; nothing if there is none.
pub(crate) fn dump(console: &str, elf: &Path, root: &Path) -> Option<String> {
    log::dump(console).map(|_| last_words(console, elf, root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_of_this_build_is_accepted() {
        assert!(check(&["abc", "abc"], "abc").is_ok());
    }

    #[test]
    fn a_console_of_another_build_is_refused_with_both_ids() {
        let why = check(&["abc", "abd"], "abc").unwrap_err().to_string();
        assert!(
            why.contains("build abd") && why.contains("build abc"),
            "{why}"
        );
    }

    #[test]
    fn a_console_that_tells_no_build_is_refused() {
        assert!(check(&[], "abc").is_err());
    }

    #[test]
    fn without_a_dump_the_last_lines_are_shown_and_no_elf_is_opened() {
        let shown = last_words("one\ntwo\n", Path::new("/no/such"), Path::new("/"));
        assert_eq!(shown, "one\ntwo");
    }

    #[test]
    fn a_dump_without_names_is_better_than_none() {
        let shown = last_words("panic: x\n", Path::new("/no/such"), Path::new("/"));
        assert!(shown.starts_with("panic: x\n(no names: "), "{shown}");
    }
}
