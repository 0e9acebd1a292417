//! Files that outgrow the house: a hint, never a failure.

use super::sources::rust_files;
use crate::workspace::Workspace;
use std::path::Path;

/// About 150 lines are meant, the tests at the end not counted.
const MANY_LINES: usize = 200;

/// One line for each file that is much longer.
pub(super) fn hints(workspace: &Workspace) -> Vec<String> {
    let files = workspace.metadata.packages.iter().flat_map(rust_files);
    let counted = files.filter(|path| !is_test(path)).map(|path| {
        let lines = std::fs::read_to_string(&path).map_or(0, |text| code_lines(&text));
        (path, lines)
    });
    counted
        .filter(|(_, lines)| *lines > MANY_LINES)
        .map(|(path, lines)| {
            let shown = path.strip_prefix(&workspace.sources.root).unwrap_or(&path);
            format!("{} has {lines} lines before its tests", shown.display())
        })
        .collect()
}

fn is_test(path: &Path) -> bool {
    let in_tests = path.components().any(|part| part.as_os_str() == "tests");
    in_tests || path.ends_with("tests.rs")
}

fn code_lines(text: &str) -> usize {
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
    code.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_at_the_end_do_not_count() {
        assert_eq!(code_lines("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
    }

    #[test]
    fn files_of_tests_may_be_long() {
        assert!(is_test(Path::new("dma/src/pool/tests.rs")));
        assert!(is_test(Path::new("sim/tests/model/cache.rs")));
        assert!(!is_test(Path::new("dma/src/pool.rs")));
    }
}
