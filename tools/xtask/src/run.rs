//! `run`: the kernel in the emulator with a file to carry, the comparison at the end, and a prompt if
//! it is asked for.

use crate::args::RunArgs;
use crate::boot::{Expect, Kernel, Setup, Tree, Verdict};
use crate::card;
use crate::console::{CardExpected, Expected};
use crate::header::LoadOffset;
use crate::image::{self, Built};
use crate::payload::{self, Payload};
use crate::process::{Echo, Ended};
use crate::script::{self, Script};
use crate::symbols;
use crate::terminal::Terminal;
use crate::workspace::Workspace;
use anyhow::Context;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Far more than 40 MiB take on a slow machine.
const LIMIT: Duration = Duration::from_secs(300);

/// Boots, shows the console, and tells in one line whether the bytes arrived.
pub(crate) fn run(workspace: &Workspace, options: &RunArgs) -> anyhow::Result<bool> {
    let out = workspace.out()?;
    let file = payload(options, &out)?;
    let (card, card_expected) = card(options, &out)?;
    let built = image::build(&workspace.sources, Echo::On)?;
    let setup = Setup {
        kernel: Kernel::Image(LoadOffset::DEFAULT),
        tree: Tree::Emulator,
        file: Some(&file),
        card: Some(&card),
        slot: None,
        append: &options.append,
        limit: LIMIT,
    };
    println!(
        "{}: {} bytes, sha256 {}",
        file.path.display(),
        file.len,
        file.digest
    );
    let mut ended = match options.shell {
        true => converse(setup, &built, &out)?,
        false => setup.boot(&built, &out, Echo::On)?,
    };
    if let Some(dump) = symbols::dump(&ended.output, &built.elf, &workspace.sources.root) {
        println!("\nthe dump, with names:\n{dump}");
    }
    // What the user does at the prompt is no part of the verdict.
    ended.output.truncate(script::before_prompt(&ended.output));
    let expect = Expect {
        file: expected(options, &file),
        card: card_expected,
        status: 0,
        says: &[],
    };
    let verdict = Verdict::of(&ended, expect);
    Ok(tell(&ended, &verdict))
}

/// The user's terminal talks to the prompt; what is no terminal is a list of commands.
fn converse(setup: Setup<'_>, built: &Built, out: &Path) -> anyhow::Result<Ended> {
    let setup = Setup {
        limit: Duration::MAX,
        ..setup
    };
    if std::io::stdin().is_terminal() {
        println!("Ctrl-C goes to the kernel, Ctrl-] ends the emulator");
        setup.converse(built, out, Echo::On, &mut Terminal::open()?)
    } else {
        let lines = std::io::read_to_string(std::io::stdin()).context("cannot read commands")?;
        setup.converse(built, out, Echo::On, &mut Script::of_lines(&lines))
    }
}

fn payload(options: &RunArgs, out: &Path) -> anyhow::Result<Payload> {
    match &options.file {
        Some(path) => Payload::open(path),
        None => Payload::make(out.join("seeded.bin"), payload::DEFAULT_LEN, options.seed),
    }
}

/// The card and what must be said about it: a card of our own is known file by file.
fn card(options: &RunArgs, out: &Path) -> anyhow::Result<(PathBuf, CardExpected)> {
    if let Some(path) = &options.card {
        return Ok((card::open(path, out)?, CardExpected::Sound));
    }
    let card = card::make(&out.join("card.img"), options.seed, None)?;
    let expected = CardExpected::of(Some(&card));
    Ok((card.path, expected))
}

/// Without a pool nothing can be carried: the kernel says so, and we hold it to that.
fn expected<'a>(options: &RunArgs, file: &'a Payload) -> Expected<'a> {
    if options.append.contains("noforce") {
        Expected::Nothing
    } else {
        Expected::File(file)
    }
}

/// The lines after the console; true if all is well.
fn tell(ended: &Ended, verdict: &Verdict) -> bool {
    println!();
    for failure in verdict.failed_tests() {
        println!("FAILED: self-test {}: {}", failure.name, failure.detail);
    }
    for wrong in &verdict.wrong {
        println!("FAILED: {wrong}");
    }
    if let Some(digest) = &verdict.digest {
        println!("{digest} ({:.1} s)", ended.took.as_secs_f32());
    }
    if let Some(card) = &verdict.card {
        println!("{card}");
    }
    verdict.ok()
}
