//! `image`: a card that a Raspberry Pi 4 boots from, but for the firmware, which is not ours.
//!
//! The firmware's files come under a licence of their own, so the user adds them; what they are and
//! where they are from is told at the end. Source of the options: Raspberry Pi documentation,
//! "config.txt".

use crate::args::ImageArgs;
use crate::card::{self, Card, Listing, disk};
use crate::header::LoadOffset;
use crate::image::{self, Built};
use crate::process::Echo;
use crate::workspace::Workspace;
use anyhow::{Context, bail, ensure};
use std::io::{Read, Write};
use std::path::Path;

/// What the firmware is told, and why.
const CONFIG: &str = "\
# Carom on a Raspberry Pi 4. The firmware reads 98 characters of a line and no more.

# Start the cores in AArch64; early firmware did not by itself.
arm_64bit=1
# Our file, whatever else lies on this card.
kernel=kernel8.img
# Where the header's offset of 0 leads too; said here because firmware releases differ about it.
kernel_address=0x200000
# The console is on pins 8 and 10 of the header; this also keeps the core clock steady.
enable_uart=1
# The firmware tells its own steps there: all there is to see if it never gets to the kernel.
uart_2ndstage=1
# The kernel divides this clock for its 115200 baud and does not ask what it is.
init_uart_clock=48000000
# The same rate for the firmware's own lines.
init_uart_baud=115200
";

/// Our own file.
pub(crate) const KERNEL: &str = "kernel8.img";

/// The name under which the firmware looks for the board's tree.
const TREE: &str = "bcm2711-rpi-4-b.dtb";

/// First word of a flattened device tree, big-endian.
const TREE_MAGIC: [u8; 4] = 0xD00D_FEED_u32.to_be_bytes();

const FIRMWARE: &str = "https://github.com/raspberrypi/firmware (folder boot, branch stable)";

/// A file in the root of the card.
type File<'a> = (&'a str, &'a [u8]);

/// Writes the card's image and tells what is still missing on it.
pub(crate) fn run(workspace: &Workspace, options: &ImageArgs) -> anyhow::Result<bool> {
    let built = image::build(&workspace.sources, Echo::On)?;
    let kernel = built.at(LoadOffset::DEFAULT)?;
    let tree = options.tree.as_deref().map(read_tree).transpose()?;
    let append = options.append.trim().to_owned() + "\n";
    let mut files: Vec<File<'_>> = vec![("config.txt", CONFIG.as_bytes()), (KERNEL, &kernel)];
    files.extend(tree.as_deref().map(|tree| (TREE, tree)));
    files.extend((append != "\n").then_some(("cmdline.txt", append.as_bytes())));

    let path = workspace.out()?.join("carom.img");
    write(&path, &files)?;
    println!("{}: {} bytes", path.display(), disk::LEN);
    for (name, bytes) in &files {
        println!("  {name:<22}{:>9} bytes", bytes.len());
    }
    print!("{}", missing(&path, tree.is_some()));
    Ok(true)
}

/// Makes such a card for the emulator, without tree and words.
pub(crate) fn make(path: &Path, built: &Built) -> anyhow::Result<Card> {
    let kernel = built.at(LoadOffset::DEFAULT)?;
    let files: [File<'_>; 2] = [("config.txt", CONFIG.as_bytes()), (KERNEL, &kernel)];
    write(path, &files)?;
    let listing = Listing::of(files);
    let tally = listing.tally(false);
    let path = path.to_owned();
    Ok(Card {
        path,
        listing,
        tally,
    })
}

fn read_tree(path: &Path) -> anyhow::Result<Vec<u8>> {
    let tree = std::fs::read(path).with_context(|| format!("TREE {}", path.display()))?;
    if !tree.starts_with(&TREE_MAGIC) {
        bail!("TREE {}: not a flattened device tree", path.display());
    }
    Ok(tree)
}

/// Writes the image and reads every file back from what was written.
fn write(path: &Path, files: &[File<'_>]) -> anyhow::Result<()> {
    let named = || path.display().to_string();
    card::write_sparse(path, &image_of(files)?).with_context(named)?;
    let mut written = std::fs::read(path).with_context(named)?;
    for (name, bytes) in files {
        let same = read_back(&mut written, name).with_context(named)? == *bytes;
        ensure!(
            same,
            "{}: {name} does not read back as it was written",
            path.display()
        );
    }
    Ok(())
}

fn image_of(files: &[File<'_>]) -> anyhow::Result<Vec<u8>> {
    // The serial number is of no meaning to the firmware.
    disk::make(*b"CAROM      ", 0, |root| {
        for (name, bytes) in files {
            root.create_file(name)?.write_all(bytes)?;
        }
        Ok(())
    })
}

fn read_back(image: &mut [u8], name: &str) -> anyhow::Result<Vec<u8>> {
    let volume = disk::open(image)?;
    let mut bytes = Vec::new();
    volume.root_dir().open_file(name)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What the user has to do before a board boots from it.
fn missing(image: &Path, has_tree: bool) -> String {
    let tree = if has_tree {
        String::new()
    } else {
        format!("  {TREE:<22}device tree; the firmware completes it (or give it: TREE=path)\n")
    };
    format!(
        "\nTo boot a board: write it to a card (dd if={} of=/dev/CARD bs=4M conv=fsync),\n\
         then copy into its partition, all of one release, from\n{FIRMWARE}:\n\
         \x20 start4.elf            firmware of the VideoCore, which starts the kernel\n\
         \x20 fixup4.dat            what goes with it\n{tree}",
        image.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::seeded;

    #[test]
    fn the_kernel_reads_back_bit_for_bit() {
        let kernel = seeded(397_379, 1);
        let files: [File<'_>; 2] = [("config.txt", CONFIG.as_bytes()), ("kernel8.img", &kernel)];
        let mut image = image_of(&files).unwrap();
        assert!(read_back(&mut image, "kernel8.img").unwrap() == kernel);
        assert!(read_back(&mut image, "KERNEL8.IMG").unwrap() == kernel);
        assert_eq!(
            read_back(&mut image, "config.txt").unwrap(),
            CONFIG.as_bytes()
        );
    }

    #[test]
    fn every_option_has_its_reason_above_it() {
        let lines: Vec<&str> = CONFIG.lines().collect();
        let options = |line: &&str| !line.is_empty() && !line.starts_with('#');
        assert_eq!(lines.iter().filter(|line| options(line)).count(), 7);
        for two in lines.windows(2).filter(|two| options(&two[1])) {
            assert!(two[0].starts_with("# "), "{}", two[1]);
        }
    }

    #[test]
    fn no_line_is_longer_than_the_firmware_reads() {
        assert!(CONFIG.lines().all(|line| line.len() <= 98));
    }

    #[test]
    fn a_tree_is_missing_unless_it_was_given() {
        let said = |has_tree| missing(Path::new("carom.img"), has_tree);
        assert!(said(false).contains(TREE) && !said(true).contains(TREE));
        assert!(said(true).contains("start4.elf") && said(true).contains("fixup4.dat"));
    }

    #[test]
    fn a_tree_that_is_none_is_refused() {
        let why = read_tree(&std::env::current_exe().unwrap()).unwrap_err();
        assert!(why.to_string().contains("not a flattened device tree"));
    }
}
