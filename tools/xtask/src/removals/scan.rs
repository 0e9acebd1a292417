//! Which lines to remove, found by what they say: cache operations and the barriers of DMA, as calls
//! or as instructions.
//!
//! A line that must stay says why, behind itself: `// stays: REASON`. Tests are left alone.

use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// Where there are DMA paths; first those that the host tests, which is quicker.
const FOLDERS: [&str; 4] = [
    "kernel/dma/src",
    "kernel/drivers/src",
    "kernel/arch/src",
    "kernel/rpi4/src",
];
/// Mistakes on purpose need no more of them.
const PLANTED: &str = "kernel/rpi4/src/planted";

/// As far as their names do not tell them from others: a report completes a mapping, with a number.
const CALLS: [&str; 7] = [
    "clean(",
    "clean_invalidate(",
    "invalidate(",
    "copy_clean(",
    "complete()",
    "publish()",
    "acquire()",
];
/// As they begin in assembly.
const INSTRUCTIONS: [&str; 3] = ["dc", "dsb", "dmb"];
const STAYS: &str = "// stays: ";

/// One line to do without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Relative to the root.
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) number: usize,
    pub(super) text: String,
    /// Why it stays, or what stands there instead.
    pub(super) fate: Result<String, String>,
}

impl Line {
    /// File and line.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.file.display(), self.number)
    }
}

/// All lines below `root`, in the order of their places.
pub(super) fn read(root: &Path) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for folder in FOLDERS {
        for path in sources(&root.join(folder))? {
            let file = path.strip_prefix(root).expect("found below the root");
            let text =
                std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            lines.extend(lines_of(file, &text)?);
        }
    }
    Ok(lines)
}

fn sources(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let path = entry?.path();
            if path.ends_with("tests") || path.ends_with("tests.rs") || path.ends_with(PLANTED) {
                continue;
            }
            match path.extension().and_then(|extension| extension.to_str()) {
                None if path.is_dir() => folders.push(path),
                Some("rs" | "s") => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

fn lines_of(file: &Path, text: &str) -> anyhow::Result<Vec<Line>> {
    let assembly = file.extension().is_some_and(|extension| extension == "s");
    let mut lines = Vec::new();
    // Tests are at the end of a file.
    let code = text
        .lines()
        .take_while(|line| line.trim() != "#[cfg(test)]");
    for (text, number) in code.zip(1..) {
        let code = text.split("//").next().unwrap_or_default();
        if !is_one(code, assembly) {
            continue;
        }
        let reason = text.split_once(STAYS).map(|(_, reason)| reason.trim());
        let fate = match reason {
            Some("") => bail!("{}:{number}: stays without a reason", file.display()),
            Some(reason) => Err(reason.to_owned()),
            None if assembly => Ok(String::new()),
            None => Ok(without(code.trim()).with_context(|| {
                let (file, code) = (file.display(), code.trim());
                format!("{file}:{number}: nobody knows how to do without `{code}`")
            })?),
        };
        lines.push(Line {
            file: file.to_owned(),
            number,
            text: code.trim().to_owned(),
            fate,
        });
    }
    Ok(lines)
}

fn is_one(code: &str, assembly: bool) -> bool {
    let begins = |text: &str| {
        let word = text.split_whitespace().next().unwrap_or_default();
        INSTRUCTIONS.contains(&word)
    };
    if assembly {
        return begins(code);
    }
    let called = |call: &&str| {
        [".", "cache::"]
            .iter()
            .any(|way| code.contains(&format!("{way}{call}")))
    };
    let quoted = || code.split('"').skip(1).step_by(2).any(begins);
    CALLS.iter().any(called) || quoted()
}

/// A line of Rust without what it does; nothing if it is of no known form.
fn without(code: &str) -> Option<String> {
    if code.contains(".copy_clean(") {
        return Some(code.replace(".copy_clean(", ".copy("));
    }
    // An element of `asm!`, which jumps may count.
    if (code.starts_with('"') || code.starts_with("concat!(")) && code.ends_with(',') {
        return Some("\"nop\",".to_owned());
    }
    if let Some((pattern, _)) = code.split_once(" => ") {
        return code.ends_with(',').then(|| format!("{pattern} => {{}}"));
    }
    code.ends_with(';').then(String::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(file: &str, text: &str) -> Vec<(usize, Result<String, String>)> {
        let lines = lines_of(Path::new(file), text).unwrap();
        let fates = lines.into_iter().map(|line| (line.number, line.fate));
        fates.collect()
    }

    #[test]
    fn calls_arms_and_instructions_are_found_and_tests_are_not() {
        let text = "fn f() {\n    platform.clean(range);\n    clean(range);\n    match x {\n        A => b.complete(),\n    }\n    unsafe { p.copy_clean(a, b, c) };\n    asm!(\n        \"dsb sy\",\n    );\n}\n#[cfg(test)]\n    platform.publish();\n";
        let expected = [
            (2, Ok(String::new())),
            (5, Ok("A => {}".to_owned())),
            (7, Ok("unsafe { p.copy(a, b, c) };".to_owned())),
            (9, Ok("\"nop\",".to_owned())),
        ];
        assert_eq!(scanned("a.rs", text), expected);
    }

    #[test]
    fn a_report_is_no_barrier() {
        assert_eq!(scanned("a.rs", "    mapping.complete(n)?;\n"), []);
    }

    #[test]
    fn assembly_loses_the_instruction() {
        let text = "    dc      cvac, x0    // why\n    add x0, x0, #64\n// dsb sy\n";
        assert_eq!(scanned("a.s", text), [(1, Ok(String::new()))]);
    }

    #[test]
    fn what_stays_says_why() {
        let text = "    \"dsb ish\", // stays: page tables\n";
        assert_eq!(scanned("a.rs", text), [(1, Err("page tables".to_owned()))]);
        assert!(lines_of(Path::new("a.rs"), "\"dsb ish\", // stays: \n").is_err());
    }

    #[test]
    fn a_line_of_no_known_form_is_an_error() {
        assert!(lines_of(Path::new("a.rs"), "let x = platform.clean(\n").is_err());
    }

    #[test]
    fn the_tree_has_some_of_each_call_and_a_way_to_do_without_each() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let lines = read(&root).unwrap();
        for call in CALLS {
            assert!(lines.iter().any(|line| line.text.contains(call)), "{call}");
        }
    }
}
