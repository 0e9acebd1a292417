//! The emulated board's command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;

/// What one boot is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boot<'a> {
    /// A flat image (entered at EL2) or an ELF (entered at EL3).
    pub(crate) kernel: &'a Path,
    /// The tree for x0; without one, x0 is 100 and points at no tree.
    pub(crate) tree: Option<&'a Path>,
    pub(crate) initrd: Option<&'a Path>,
    /// Image of the SD card, of a size that is a power of two.
    pub(crate) card: Option<&'a Path>,
    /// Socket at which the emulator is to listen for whoever moves the card.
    pub(crate) slot: Option<&'a Path>,
    /// The kernel's command line.
    pub(crate) append: &'a str,
}

/// Fixed for every boot. One host thread for all cores: under the default, the three parked cores
/// spin at full speed. `-no-reboot`: the watchdog's reset ends the run.
const ALWAYS: &[&str] = &[
    "-M",
    "raspi4b",
    "-accel",
    "tcg,thread=single",
    "-display",
    "none",
    "-monitor",
    "none",
    "-serial",
    "stdio",
    "-semihosting-config",
    "enable=on,target=native",
    "-no-reboot",
];

impl Boot<'_> {
    /// The command that boots it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new("qemu-system-aarch64");
        command.args(ALWAYS).args(self.arguments());
        command
    }

    fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["-kernel".into(), self.kernel.into()];
        if let Some(tree) = self.tree {
            arguments.extend(["-dtb".into(), tree.into()]);
        }
        if let Some(initrd) = self.initrd {
            arguments.extend(["-initrd".into(), initrd.into()]);
        }
        if let Some(card) = self.card {
            arguments.extend(["-drive".into(), drive(card)]);
        }
        if let Some(socket) = self.slot {
            arguments.extend(["-qmp".into(), qmp(socket)]);
        }
        arguments.extend(["-append".into(), self.append.into()]);
        arguments
    }
}

/// The card in the slot. A snapshot: what the guest writes is gone with the run.
fn drive(card: &Path) -> OsString {
    let mut drive = OsString::from("if=sd,format=raw,snapshot=on,file=");
    push(&mut drive, card);
    drive
}

/// The monitor's socket. The emulator makes it, and does not wait for us.
fn qmp(socket: &Path) -> OsString {
    let mut qmp = OsString::from("unix:");
    push(&mut qmp, socket);
    qmp.push(",server=on,wait=off");
    qmp
}

/// QEMU reads a comma as the end of the name, unless it is doubled.
fn push(option: &mut OsString, name: &Path) {
    for part in name.as_os_str().as_bytes().split_inclusive(|c| *c == b',') {
        option.push(OsStr::from_bytes(part));
        option.push(if part.ends_with(b",") { "," } else { "" });
    }
}

/// The kernel's command line: our own words first, so that the user's can overrule them.
///
/// `carom.exit=semihosting` asks for an exit status; `carom.initrd_len` is there because QEMU says
/// nothing about a file that is empty.
pub(crate) fn append(initrd_len: Option<u64>, more: &str) -> String {
    let mut words = vec!["carom.exit=semihosting".to_owned()];
    words.extend(initrd_len.map(|len| format!("carom.initrd_len={len}")));
    words.extend(more.split_whitespace().map(str::to_owned));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_carries_the_length_of_an_empty_file() {
        assert_eq!(
            append(Some(0), ""),
            "carom.exit=semihosting carom.initrd_len=0"
        );
        assert_eq!(
            append(None, " swiotlb=force "),
            "carom.exit=semihosting swiotlb=force"
        );
    }

    #[test]
    fn a_card_is_a_snapshot_whatever_its_name() {
        let drive = drive(Path::new("/a,b/card.img"));
        assert_eq!(drive, "if=sd,format=raw,snapshot=on,file=/a,,b/card.img");
    }

    #[test]
    fn nobody_has_to_come_to_the_socket() {
        let qmp = qmp(Path::new("/a,b/c.qmp"));
        assert_eq!(qmp, "unix:/a,,b/c.qmp,server=on,wait=off");
    }

    #[test]
    fn what_is_absent_is_not_given() {
        let boot = Boot {
            kernel: Path::new("k"),
            tree: None,
            initrd: None,
            card: None,
            slot: None,
            append: "a",
        };
        assert_eq!(boot.arguments(), ["-kernel", "k", "-append", "a"]);
        let boot = Boot {
            tree: Some(Path::new("t")),
            initrd: Some(Path::new("i")),
            ..boot
        };
        let given = ["-kernel", "k", "-dtb", "t", "-initrd", "i", "-append", "a"];
        assert_eq!(boot.arguments(), given);
    }
}
