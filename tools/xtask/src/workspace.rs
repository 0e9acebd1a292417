//! Where things are.

use crate::metadata::Metadata;
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::process::Command;
use xshell::{Shell, cmd};

/// The target of the kernel. Its flags are in `.cargo/config.toml`.
pub(crate) const TARGET: &str = "aarch64-unknown-none-softfloat";

/// The workspace that we were started in, or a copy of it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Cargo's target directory.
    pub(crate) target: PathBuf,
    pub(crate) metadata: Metadata,
}

impl Workspace {
    /// The workspace around the current directory.
    pub(crate) fn find() -> anyhow::Result<Self> {
        let shell = Shell::new()?;
        let json = cmd!(shell, "cargo metadata --no-deps --format-version 1")
            .quiet()
            .read()
            .context("cargo metadata")?;
        let metadata = Metadata::parse(&json).context("what cargo metadata printed")?;
        Ok(Self {
            root: metadata.workspace_root.clone(),
            target: metadata.target_directory.clone(),
            metadata,
        })
    }

    /// The folder for what we make ourselves (images, trees, files), created if it is absent.
    pub(crate) fn out(&self) -> anyhow::Result<PathBuf> {
        let out = self.target.join("carom");
        std::fs::create_dir_all(&out)
            .with_context(|| format!("cannot create {}", out.display()))?;
        Ok(out)
    }

    /// `cargo ..` at the root, with plain output that can be read back.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        cargo_in(&self.root, &self.target, arguments)
    }
}

/// `cargo ..` in any tree with any target directory.
pub(crate) fn cargo_in(root: &Path, target: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(arguments)
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_TERM_COLOR", "never");
    command
}
