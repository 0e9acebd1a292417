//! The emulated board's command line.

use std::ffi::OsString;
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
        arguments.extend(["-append".into(), self.append.into()]);
        arguments
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
    fn without_a_tree_or_a_file_neither_option_is_given() {
        let boot = Boot {
            kernel: Path::new("k"),
            tree: None,
            initrd: None,
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
