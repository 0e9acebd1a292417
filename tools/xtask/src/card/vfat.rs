//! Cards made by the tools that people make cards with: `mkfs.vfat` and `mcopy`.
//!
//! Same files as on our own card, and a file system that owes nothing to our code.

use super::Card;
use super::content::{self, File, MANIFEST};
use super::disk::{self, PARTITION, SECTOR};
use crate::process::{self, Echo};
use anyhow::{Context, ensure};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Width of the table's entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fat {
    Fat16,
    Fat32,
}

impl Fat {
    /// For `mkfs.vfat -F`.
    const fn bits(self) -> &'static str {
        match self {
            Self::Fat16 => "16",
            Self::Fat32 => "32",
        }
    }

    /// The partition's type: addressed by sector numbers.
    const fn kind(self) -> u8 {
        match self {
            Self::Fat16 => 0x0E,
            Self::Fat32 => disk::FAT32_LBA,
        }
    }
}

/// Both take less than a second.
const LIMIT: Duration = Duration::from_secs(60);

/// A kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vfat {
    pub(crate) fat: Fat,
    /// Whether there is a partition table; without one the volume starts where the card does.
    pub(crate) partitioned: bool,
    pub(crate) manifest: bool,
    /// Bytes of the card, a power of two. Above 2 GiB it counts in blocks: SDHC.
    pub(crate) len: usize,
}

impl Vfat {
    /// Makes a card at `path`; `folder` is for the files on their way, and is emptied.
    pub(crate) fn make(self, path: &Path, folder: &Path, seed: u64) -> anyhow::Result<Card> {
        let files = content::files(seed);
        lay_out(folder, &files, self.manifest).with_context(|| folder.display().to_string())?;
        self.blank(path, seed)
            .with_context(|| path.display().to_string())?;
        run(self.mkfs(path))?;
        run(self.mcopy(path, folder)?)?;
        let listing = content::listing(&files);
        let tally = listing.tally(self.manifest);
        let path = path.to_owned();
        Ok(Card {
            path,
            listing,
            tally,
        })
    }

    /// A card with nothing but the partition table.
    fn blank(self, path: &Path, seed: u64) -> anyhow::Result<()> {
        let mut file = std::fs::File::create(path)?;
        file.set_len(self.len as u64)?;
        if self.partitioned {
            let len = self.len - PARTITION.start;
            disk::partition_table(self.fat.kind(), len, seed as u32).write_into(&mut file)?;
        }
        Ok(())
    }

    /// Where the volume starts.
    const fn start(self) -> usize {
        if self.partitioned { PARTITION.start } else { 0 }
    }

    fn mkfs(self, path: &Path) -> Command {
        let mut command = tool("mkfs.vfat");
        command
            .args(["-F", self.fat.bits(), "-n", "CAROM CARD"])
            .arg(format!("--offset={}", self.start() / SECTOR))
            .arg(path)
            .arg(((self.len - self.start()) / 1024).to_string());
        command
    }

    /// Copies all that is in the folder into the root, directories and all.
    fn mcopy(self, path: &Path, folder: &Path) -> anyhow::Result<Command> {
        let mut image = path.as_os_str().to_owned();
        image.push(format!("@@{}", self.start()));
        let mut command = tool("mcopy");
        command.arg("-s").arg("-i").arg(image);
        for entry in std::fs::read_dir(folder)? {
            command.arg(entry?.path());
        }
        // The user's own settings are for the user's own disks; names are Unicode here, whatever
        // the terminal's are.
        command
            .arg("::")
            .env("MTOOLSRC", "/dev/null")
            .env("MTOOLS_SKIP_CHECK", "1")
            .env("LC_ALL", "C.UTF-8");
        Ok(command)
    }
}

/// The files as a folder of this machine's.
fn lay_out(folder: &Path, files: &[File], manifest: bool) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder.join(content::EMPTY_DIRECTORY))?;
    for file in files {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, &file.bytes)?;
    }
    if manifest {
        std::fs::write(folder.join(MANIFEST), content::manifest(files))?;
    }
    Ok(())
}

/// A program of the system's. Debian keeps `mkfs.vfat` where only root's path leads.
fn tool(name: &str) -> Command {
    let usual = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&usual).chain(["/usr/sbin".into(), "/sbin".into()]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|path| path.exists());
    found.map_or_else(|| Command::new(name), Command::new)
}

fn run(command: Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let ended = process::run(command, LIMIT, Echo::Off)
        .context("dosfstools or mtools is missing (`make setup`)")?;
    ensure!(ended.ok(), "{name}: {}\n{}", ended.ending, ended.output);
    Ok(())
}
