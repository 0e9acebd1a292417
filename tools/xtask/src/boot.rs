//! One boot of the kernel in the emulator: what it is started with, and what it must say.

use crate::command::write;
use crate::console::{self, CardExpected, Expected};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::ktap::{Ktap, Outcome};
use crate::payload::Payload;
use crate::process::{self, Echo, Ended, Ending, Talk};
use crate::qemu::{self, Boot};
use crate::report::Failure;
use crate::shim::{self, X0};
use crate::trees::Spoilt;
use devicetree::Confined;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How the kernel comes into memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kernel {
    /// As a flat image: EL2, one core.
    Image(LoadOffset),
    /// As an ELF: EL3, all four cores at once, no file.
    Elf,
}

/// What x0 points at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tree {
    /// The tree that the project wrote for the emulator.
    Emulator,
    /// The same, with restricted pools.
    Confined(&'static Confined),
    /// A valid tree of another machine.
    Foreign,
    /// An ATAG list at 100, which is no tree.
    Atags,
    /// A tree with a mistake, by way of the shim.
    Spoilt(Spoilt),
    /// No RAM at all, by way of the shim.
    Nowhere(u64),
}

/// Everything one boot is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup<'a> {
    pub(crate) kernel: Kernel,
    pub(crate) tree: Tree,
    pub(crate) file: Option<&'a Payload>,
    /// Image of the SD card; the slot is empty if absent.
    pub(crate) card: Option<&'a Path>,
    /// Socket for whoever moves the card while the kernel runs.
    pub(crate) slot: Option<&'a Path>,
    /// Words of the kernel's command line.
    pub(crate) append: &'a str,
    pub(crate) limit: Duration,
}

impl Setup<'_> {
    /// Boots; `out` takes the image and the tree.
    pub(crate) fn boot(&self, built: &Built, out: &Path, echo: Echo) -> anyhow::Result<Ended> {
        self.started(built, out, |command| {
            process::run(command, self.limit, echo)
        })
    }

    /// The same with more arguments for the emulator.
    pub(crate) fn boot_with(
        &self,
        built: &Built,
        out: &Path,
        echo: Echo,
        arguments: &[OsString],
    ) -> anyhow::Result<Ended> {
        self.started(built, out, |mut command| {
            command.args(arguments);
            process::run(command, self.limit, echo)
        })
    }

    /// The same with a prompt behind the main job, and `talk` at it.
    pub(crate) fn converse(
        &self,
        built: &Built,
        out: &Path,
        echo: Echo,
        talk: &mut dyn Talk,
    ) -> anyhow::Result<Ended> {
        let append = format!("{} carom.shell=1", self.append);
        let with_prompt = Setup {
            append: &append,
            ..*self
        };
        with_prompt.started(built, out, |command| {
            process::converse(command, self.limit, echo, talk)
        })
    }

    /// Hands `run` the command that boots it.
    pub(crate) fn started(
        &self,
        built: &Built,
        out: &Path,
        run: impl FnOnce(Command) -> anyhow::Result<Ended>,
    ) -> anyhow::Result<Ended> {
        let append = qemu::append(self.file.map(|file| file.len), self.append);
        let (kernel, tree) = (self.kernel(built, out)?, self.tree(out)?);
        let boot = Boot {
            kernel: &kernel,
            tree: tree.as_deref(),
            initrd: self.file.map(|file| file.path.as_path()),
            card: self.card,
            slot: self.slot,
            append: &append,
        };
        run(boot.command())
    }

    fn kernel(&self, built: &Built, out: &Path) -> anyhow::Result<PathBuf> {
        let Kernel::Image(load) = self.kernel else {
            return Ok(built.elf.clone());
        };
        let image = match self.x0() {
            Some(x0) => shim::wrap(&built.flat, &x0),
            None => built.at(load)?,
        };
        let path = out.join("boot.img");
        write(&path, &image)?;
        Ok(path)
    }

    /// What only the shim can do.
    fn x0(&self) -> Option<X0> {
        match self.tree {
            Tree::Spoilt((_, spoil)) => Some(X0::Blob(spoil(devicetree::emulator()))),
            Tree::Nowhere(address) => Some(X0::Value(address)),
            Tree::Emulator | Tree::Confined(_) | Tree::Foreign | Tree::Atags => None,
        }
    }

    fn tree(&self, out: &Path) -> anyhow::Result<Option<PathBuf>> {
        let blob = match self.tree {
            Tree::Emulator => devicetree::emulator(),
            Tree::Confined(with) => devicetree::confined(with),
            Tree::Foreign => devicetree::foreign(),
            Tree::Atags | Tree::Spoilt(_) | Tree::Nowhere(_) => return Ok(None),
        };
        let path = out.join("boot.dtb");
        write(&path, &blob)?;
        Ok(Some(path))
    }
}

/// What must come of a boot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expect<'a> {
    pub(crate) file: Expected<'a>,
    pub(crate) card: CardExpected,
    pub(crate) status: i32,
    /// Words that must be on the console.
    pub(crate) says: &'a [&'a str],
}

impl Expect<'_> {
    /// Neither file nor card, and nothing that goes wrong.
    #[cfg(test)]
    pub(crate) const NOTHING: Self = Self {
        file: Expected::Nothing,
        card: CardExpected::Empty,
        status: 0,
        says: &[],
    };
}

/// What a console amounts to.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) ktap: Ktap,
    /// What was compared, where it was as it should be.
    pub(crate) digest: Option<String>,
    /// What was read from the card, where it was as it should be.
    pub(crate) card: Option<String>,
    /// What is wrong with the run as a whole; the tests' own failures are in `ktap`.
    pub(crate) wrong: Vec<String>,
}

impl Verdict {
    /// Judges a run that must exit with the status expected, tell all its tests, carry and read
    /// what is expected, and say all the words.
    pub(crate) fn of(ended: &Ended, expect: Expect<'_>) -> Self {
        let ktap = Ktap::parse(&ended.output);
        let digest = console::judge(expect.file, &ended.output);
        let card = console::judge_card(expect.card, &ended.output);
        let mut wrong = Vec::new();
        let fine = Ending::Exited(Some(expect.status));
        wrong.extend((ended.ending != fine).then(|| ended.ending.to_string()));
        wrong.extend(ktap.error.as_ref().map(ToString::to_string));
        wrong.extend(digest.as_ref().err().cloned());
        wrong.extend(card.as_ref().err().cloned());
        let mut says = expect.says.iter();
        let unsaid = says
            .by_ref()
            .filter(|words| !ended.output.contains(**words));
        wrong.extend(unsaid.map(|words| format!("the console does not say \"{words}\"")));
        wrong.extend(finding(&ended.output).map(str::to_owned));
        let (digest, card) = (digest.ok(), card.ok());
        Self {
            ktap,
            digest,
            card,
            wrong,
        }
    }

    /// The tests that failed, by name, with their reasons.
    pub(crate) fn failed_tests(&self) -> impl Iterator<Item = Failure> {
        self.ktap
            .results
            .iter()
            .filter_map(|result| match &result.outcome {
                Outcome::Failed(why) => Some(Failure::new(&result.name, why.clone())),
                Outcome::Passed | Outcome::Skipped(_) => None,
            })
    }

    /// Whether everything is as it should be.
    pub(crate) fn ok(&self) -> bool {
        self.wrong.is_empty() && self.failed_tests().next().is_none()
    }

    /// What is wrong with the run, and the last words of its console.
    pub(crate) fn explain(&self, last_words: &str) -> String {
        format!("{}\n{last_words}", self.wrong.join("\n"))
    }
}

/// The master of the self-test that overruns on purpose: what is told of it is what it wants.
const OVERRUNS: &str = "overrun-test: ";

/// The first line in which the kernel tells of a driver that uses the mapping layer wrongly, or of a device
/// that wrote where it should not.
fn finding(console: &str) -> Option<&str> {
    console.lines().find(|line| {
        let told = line.strip_prefix("dma-debug: ");
        let told = told.or(line.strip_prefix("dma-alarm: "));
        told.is_some_and(|told| !told.starts_with(OVERRUNS))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str =
        "KTAP version 1\n1..1\nok 1 a\ncarom: digest none no file\ncarom: card none\n";

    fn judged(output: &str, ending: Ending, says: &[&str]) -> Verdict {
        let ended = Ended {
            ending,
            output: output.to_owned(),
            took: Duration::ZERO,
        };
        let expect = Expect {
            says,
            ..Expect::NOTHING
        };
        Verdict::of(&ended, expect)
    }

    #[test]
    fn a_whole_run_with_status_0_passes() {
        let verdict = judged(WHOLE, Ending::Exited(Some(0)), &["no file"]);
        assert!(verdict.ok() && verdict.digest.is_some() && verdict.card.is_some());
    }

    #[test]
    fn each_thing_that_is_missing_is_named() {
        let wrong = |output: &str, ending, says: &[&str]| judged(output, ending, says).wrong;
        let fine = Ending::Exited(Some(0));
        assert_eq!(
            wrong(WHOLE, Ending::Exited(Some(1)), &[]),
            ["exit status 1"]
        );
        assert_eq!(
            wrong(WHOLE, fine, &["pool"]),
            ["the console does not say \"pool\""]
        );
        assert_eq!(
            wrong(&WHOLE.replace("carom: card", "card"), fine, &[]),
            ["the kernel said nothing about the card"]
        );
        let hung = Ending::TimedOut(Duration::from_secs(9));
        assert_eq!(wrong("", hung, &[]).len(), 4);
        assert!(!judged(&WHOLE.replace("ok 1", "not ok 1"), fine, &[]).ok());
    }

    #[test]
    fn a_finding_of_the_checker_fails_the_run_in_its_own_words() {
        let fine = Ending::Exited(Some(0));
        let told = "dma-debug: emmc2: unmap of 64 bytes at 0x1000 that are not mapped";
        let verdict = judged(&format!("{told}\r\n{WHOLE}{told} again\n"), fine, &[]);
        assert_eq!(verdict.wrong, [told], "the first one");
        let alarm = "dma-alarm: emmc2: wrote 0x5a over 0xc9 at 0xc0001000, 0 behind the end";
        assert_eq!(
            judged(&format!("{WHOLE}{alarm}\n"), fine, &[]).wrong,
            [alarm]
        );
        let other = "dma_debug: every mapping is checked, 65536 can be live\n# dma-debug: no\n\
                     dma-debug: overrun-test: wrote\ndma-alarm: overrun-test: wrote\n";
        assert!(judged(&format!("{other}{WHOLE}"), fine, &[]).ok());
    }
}
