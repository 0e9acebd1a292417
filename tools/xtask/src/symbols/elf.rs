//! The kernel's ELF file: its build id, and what lies at an address.

use addr2line::{Loader, Location};
use anyhow::{Context, anyhow};
use object::{Object, ObjectSection, ObjectSymbol};
use rustc_demangle::demangle;
use std::path::Path;

/// Name size, description size, type, and the name "GNU" with its NUL: what precedes the id.
const NOTE_HEADER: u64 = 16;

/// An ELF file with its symbols.
pub(crate) struct Elf {
    /// In lower-case hex, as the banner has it.
    pub(super) build_id: String,
    loader: Loader,
    symbols: Vec<(String, u64)>,
}

impl Elf {
    /// Reads the file; the line table waits until it is asked for.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("cannot read {}", path.display());
        let bytes = std::fs::read(path).with_context(named)?;
        let file = object::File::parse(&bytes[..]).with_context(named)?;
        // Its error does not fit into `anyhow`: it is not `Sync`.
        let loader = Loader::new(path)
            .map_err(|e| anyhow!("{e}"))
            .with_context(named)?;
        let name = |symbol: &object::Symbol<'_, '_>| {
            Some((symbol.name().ok()?.to_owned(), symbol.address()))
        };
        Ok(Self {
            build_id: build_id(&file).with_context(named)?,
            loader,
            symbols: file.symbols().filter_map(|s| name(&s)).collect(),
        })
    }

    /// Address of a symbol.
    pub(crate) fn address(&self, symbol: &str) -> Option<u64> {
        let found = self.symbols.iter().find(|(name, _)| name == symbol);
        found.map(|(_, address)| *address)
    }

    /// The functions at an address, innermost first: those inlined, and the one they went into.
    pub(crate) fn frames(&self, address: u64, root: &Path) -> Vec<String> {
        let mut lines = self.debug_lines(address, root).unwrap_or_default();
        if lines.is_empty() {
            // Assembly has a name and no lines.
            lines.extend(self.loader.find_symbol(address).map(plain));
        }
        lines
    }

    /// The innermost function of the kernel's own sources at an address, inlined or not: whatever of the
    /// standard library is in it counts as its own.
    pub(crate) fn function_of_ours(&self, address: u64, root: &Path) -> String {
        let frames = self.frames(address, root);
        let ours = frames.iter().find(|frame| frame.contains(" at kernel/"));
        let frame = ours.or(frames.first());
        frame.map_or_else(
            || format!("{address:#x}"),
            |frame| match frame.rsplit_once(':') {
                Some((function, line)) if line.parse::<u32>().is_ok() => function.to_owned(),
                _ => frame.clone(),
            },
        )
    }

    fn debug_lines(&self, address: u64, root: &Path) -> Option<Vec<String>> {
        let mut frames = self.loader.find_frames(address).ok()?;
        let mut lines = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            if let Some(function) = &frame.function {
                let name = plain(&function.raw_name().ok()?);
                lines.push(name + &place(frame.location.as_ref(), root));
            }
        }
        Some(lines)
    }
}

/// What a symbol of constant data holds.
pub(crate) fn bytes(path: &Path, symbol: &str) -> anyhow::Result<Vec<u8>> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file = object::File::parse(&bytes[..])?;
    let absent = || format!("{} has no {symbol}", path.display());
    let found = file.symbol_by_name(symbol).with_context(absent)?;
    let mut data = file
        .sections()
        .filter_map(|s| s.data_range(found.address(), found.size()).ok()?);
    Ok(data.next().with_context(absent)?.to_owned())
}

/// A function's name as it stands in the sources, without the compiler's hash.
fn plain(name: &str) -> String {
    format!("{:#}", demangle(name))
}

fn place(location: Option<&Location<'_>>, root: &Path) -> String {
    let Some(Location {
        file: Some(file),
        line,
        ..
    }) = location
    else {
        return String::new();
    };
    let file = Path::new(file);
    let shown = file.strip_prefix(root).unwrap_or(file).display();
    match line {
        Some(line) => format!(" at {shown}:{line}"),
        None => format!(" at {shown}"),
    }
}

/// The id that the kernel prints. The linker script puts the note among other data, so it is found
/// by the symbols around it and not by its type.
fn build_id(file: &object::File<'_>) -> anyhow::Result<String> {
    let address = |name| {
        let symbol = file.symbol_by_name(name);
        symbol
            .map(|s| s.address())
            .with_context(|| format!("no symbol {name}"))
    };
    let start = address("__build_id_start")? + NOTE_HEADER;
    let len = address("__build_id_end")?
        .checked_sub(start)
        .context("no build id")?;
    let mut data = file
        .sections()
        .filter_map(|s| s.data_range(start, len).ok()?);
    Ok(crate::payload::hex(data.next().context("no build id")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_hash_and_files_the_workspace() {
        let mangled = "_ZN4rpi45carry3run17h6829383e77ff07dcE";
        assert_eq!(plain(mangled), "rpi4::carry::run");
        let location = Location {
            file: Some("/home/me/carom/kernel/dma/src/lib.rs"),
            line: Some(7),
            column: None,
        };
        let shown = place(Some(&location), Path::new("/home/me/carom"));
        assert_eq!(shown, " at kernel/dma/src/lib.rs:7");
    }

    #[test]
    fn a_file_of_another_program_has_no_build_id_of_ours() {
        let own = std::env::current_exe().unwrap();
        let Err(why) = Elf::open(&own) else {
            panic!("taken for a kernel");
        };
        assert!(format!("{why:#}").contains("__build_id_start"), "{why:#}");
    }
}
