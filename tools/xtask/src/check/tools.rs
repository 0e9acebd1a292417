//! Checks that other tools make: rustfmt, clippy, rustdoc, cargo-deny.

use crate::process::{self, Echo};
use crate::report::tail;
use crate::workspace::{TARGET, Workspace};
use std::process::Command;
use std::time::Duration;

/// A first run compiles all dependencies.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Crates of the host side that also run on the board: linted for both.
const BOTH: &[&str] = &["-p", "boot"];

pub(super) fn format(workspace: &Workspace) -> Result<(), String> {
    pass(workspace.cargo(&["fmt", "--all", "--check"]))
}

pub(super) fn lints_host(workspace: &Workspace) -> Result<(), String> {
    pass(workspace.cargo(&["clippy", "--all-targets"]))
}

/// No `--all-targets`: there is no `test` crate for the board. All features: the mistakes that are
/// planted for the oracle are code like any other.
pub(super) fn lints_board(workspace: &Workspace) -> Result<(), String> {
    pass(board(workspace, &["clippy", "--target", TARGET]))?;
    pass(board(
        workspace,
        &["clippy", "--all-features", "--target", TARGET],
    ))
}

pub(super) fn doc_host(workspace: &Workspace) -> Result<(), String> {
    pass(strict_doc(workspace.cargo(&["doc", "--no-deps"])))
}

pub(super) fn doc_board(workspace: &Workspace) -> Result<(), String> {
    pass(strict_doc(board(
        workspace,
        &["doc", "--no-deps", "--target", TARGET],
    )))
}

/// Without advisories: their database comes over the network.
pub(super) fn deny(workspace: &Workspace) -> Result<(), String> {
    pass(workspace.cargo(&[
        "deny",
        "--log-level",
        "error",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))
}

fn board(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = workspace.cargo(arguments);
    for package in workspace.metadata.target_members() {
        command.args(["-p", &package.name]);
    }
    command.args(BOTH);
    command
}

fn strict_doc(mut command: Command) -> Command {
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

fn pass(command: Command) -> Result<(), String> {
    let ended = process::run(command, LIMIT, Echo::Off).map_err(|error| format!("{error:#}"))?;
    if ended.ok() {
        Ok(())
    } else {
        Err(format!("{}\n{}", ended.ending, tail(&ended.output)))
    }
}
