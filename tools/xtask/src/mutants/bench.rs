//! The copy of the tree that is mutated.

use super::apply::apply;
use super::list::Mutant;
use crate::removals::replaced;
use crate::workspace::Sources;
use anyhow::Context;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use xshell::{Shell, cmd};

/// A copy of the tree and the target directory that goes with it.
#[derive(Debug)]
pub(crate) struct Bench(pub(super) Sources);

impl Bench {
    /// Brings the copy up to date with what git knows at `root`, committed or not.
    ///
    /// It lies inside the tree, where cargo finds the tree's own configuration. A second copy of
    /// that would double every flag, so it stays behind. Copies of different names may be at work at
    /// the same time.
    pub(crate) fn copy_of(root: &Path, name: &str) -> anyhow::Result<Self> {
        let folder = root.join("target/mutants").join(name);
        let bench = Self(Sources {
            root: folder.join("tree"),
            target: folder.join("target"),
            lenient: true,
        });
        let files = files_of(root)?;
        for file in &files {
            copy_if_changed(&root.join(file), &bench.0.root.join(file))?;
        }
        bench.remove_all_but(&files)?;
        Ok(bench)
    }

    /// The copy.
    pub(crate) fn sources(&self) -> &Sources {
        &self.0
    }

    /// Puts `instead` in the place of one line of a file; it is whole again when the result is dropped.
    pub(crate) fn with_line(
        &self,
        file: &Path,
        number: usize,
        instead: &str,
    ) -> anyhow::Result<Mutated> {
        let path = self.0.root.join(file);
        let whole = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let text = replaced(&whole, number, instead);
        let mutated = Mutated { path, whole };
        std::fs::write(&mutated.path, text)?;
        Ok(mutated)
    }

    fn remove_all_but(&self, files: &HashSet<PathBuf>) -> anyhow::Result<()> {
        let mut folders = vec![self.0.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path
                    .strip_prefix(&self.0.root)
                    .is_ok_and(|file| files.contains(file))
                {
                    std::fs::remove_file(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Changes the one place; it is whole again when the result is dropped.
    pub(super) fn mutate(&self, mutant: &Mutant) -> anyhow::Result<Mutated> {
        let path = self.0.root.join(&mutant.file);
        let whole = std::fs::read_to_string(&path).with_context(|| mutant.file.clone())?;
        let text = apply(&whole, &mutant.from, &mutant.to).with_context(|| mutant.file.clone())?;
        let mutated = Mutated { path, whole };
        std::fs::write(&mutated.path, text)?;
        Ok(mutated)
    }
}

/// A file that is not as it should be.
#[derive(Debug)]
pub(crate) struct Mutated {
    path: PathBuf,
    whole: String,
}

impl Drop for Mutated {
    fn drop(&mut self) {
        // The next run copies the file anew if this fails: its text differs from the tree's.
        let _ = std::fs::write(&self.path, &self.whole);
    }
}

/// What is tracked or would be, without cargo's configuration.
fn files_of(root: &Path) -> anyhow::Result<HashSet<PathBuf>> {
    let shell = Shell::new()?;
    shell.change_dir(root);
    let list = cmd!(
        shell,
        "git ls-files --cached --others --exclude-standard -z"
    )
    .quiet()
    .read()?;
    let files = list
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from);
    // One that is deleted and not yet committed is still listed.
    Ok(files
        .filter(|file| !file.starts_with(".cargo") && root.join(file).is_file())
        .collect())
}

/// An unchanged file keeps its time, and cargo its build.
fn copy_if_changed(from: &Path, to: &Path) -> anyhow::Result<()> {
    let named = || format!("cannot copy {}", from.display());
    let new = std::fs::read(from).with_context(named)?;
    if std::fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    let folder = to.parent().expect("a file of the tree stands in a folder");
    std::fs::create_dir_all(folder).with_context(named)?;
    std::fs::write(to, new).with_context(named)
}
