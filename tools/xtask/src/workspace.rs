//! Where things are.

use crate::metadata::Metadata;
use anyhow::Context;
use std::path::PathBuf;
use std::process::Command;
use xshell::{Shell, cmd};

/// The target of the kernel. Its flags are in `.cargo/config.toml`.
pub(crate) const TARGET: &str = "aarch64-unknown-none-softfloat";

/// A tree of sources and the directory that cargo builds it into.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    /// Whether lints only warn: a mutant that leaves a variable unused shall build all the same.
    pub(crate) lenient: bool,
}

impl Sources {
    /// `cargo ..` at the root, with plain output that can be read back.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(if self.lenient { CAP_LINTS } else { &[] })
            .args(arguments)
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never");
        command
    }
}

/// Added to the flags of the tree's own configuration, for the host and for [`TARGET`].
const CAP_LINTS: &[&str] = &[
    "--config",
    "build.rustflags=['--cap-lints=warn']",
    "--config",
    "target.aarch64-unknown-none-softfloat.rustflags=['--cap-lints=warn']",
];

/// The workspace that we were started in.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) sources: Sources,
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
        let sources = Sources {
            root: metadata.workspace_root.clone(),
            target: metadata.target_directory.clone(),
            lenient: false,
        };
        Ok(Self { sources, metadata })
    }

    /// The folder for what we make ourselves (images, trees, files), created if it is absent.
    pub(crate) fn out(&self) -> anyhow::Result<PathBuf> {
        let out = self.sources.target.join("carom");
        std::fs::create_dir_all(&out)
            .with_context(|| format!("cannot create {}", out.display()))?;
        Ok(out)
    }

    /// `cargo ..` at the root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        self.sources.cargo(arguments)
    }
}
