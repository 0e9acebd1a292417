//! Files that outgrow the house: a hint, never a failure.

use super::sources::rust_files;
use crate::workspace::Workspace;

/// About 150 lines are meant; tests at the end may add to it.
const MANY_LINES: usize = 260;

/// One line for each file that is much longer.
pub(super) fn hints(workspace: &Workspace) -> Vec<String> {
    let files = workspace.metadata.packages.iter().flat_map(rust_files);
    let counted = files.map(|path| {
        let lines = std::fs::read_to_string(&path).map_or(0, |text| text.lines().count());
        (path, lines)
    });
    counted
        .filter(|(_, lines)| *lines > MANY_LINES)
        .map(|(path, lines)| {
            let shown = path.strip_prefix(&workspace.sources.root).unwrap_or(&path);
            format!("{} has {lines} lines", shown.display())
        })
        .collect()
}
