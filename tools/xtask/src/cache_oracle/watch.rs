//! The oracle for a kernel that may be wrong: what it notices first.

use super::plugin;
use super::runs::{LIMIT, not_refused};
use super::told::{NO_END, Told};
use crate::image::Built;
use crate::process::Echo;
use crate::symbols::Elf;
use crate::test::scenario;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

/// The plugin, and where its runs leave what they make.
pub(crate) struct Watch {
    plugin: PathBuf,
    out: PathBuf,
}

impl Watch {
    /// Builds the plugin.
    pub(crate) fn new(workspace: &Workspace, echo: Echo) -> anyhow::Result<Self> {
        Ok(Self {
            plugin: plugin::build(&workspace.sources, echo)?,
            out: workspace.out()?,
        })
    }

    /// Boots what `make oracle` boots; the first thing that is wrong, if any is.
    pub(crate) fn first(&self, built: &Built, root: &Path) -> anyhow::Result<Option<String>> {
        let lines = self.out.join("watch.jsonl");
        let elf = Elf::open(&built.elf)?;
        for scenario in scenario::watched() {
            let _ = std::fs::remove_file(&lines);
            let arguments = plugin::watched(&self.plugin, &built.elf, &lines)?;
            let (ended, verdict) = scenario.run_with(built, &self.out, LIMIT, &arguments)?;
            let told = Told::read(&std::fs::read_to_string(&lines).unwrap_or_default())?;
            not_refused(&ended, &told)?;
            let found = told.first(|address| elf.frames(address, root));
            let wrong = found.or_else(|| verdict.wrong.first().cloned());
            let wrong = wrong.or_else(|| verdict.failed_tests().next().map(|test| test.name));
            let wrong = wrong.or_else(|| (!told.is_whole()).then(|| NO_END.to_owned()));
            if wrong.is_some() {
                return Ok(wrong);
            }
        }
        Ok(None)
    }
}
