//! The change itself, on text.

use std::fmt;

/// Why a mutant does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ApplyError {
    /// Its lines are not in the file.
    Absent,
    /// They are there this many times.
    Ambiguous(usize),
    /// It looks for nothing.
    Empty,
    /// It changes nothing.
    Same,
}

impl std::error::Error for ApplyError {}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => write!(f, "does not apply: its lines are not in the file"),
            Self::Ambiguous(n) => write!(f, "does not apply: its lines are in the file {n} times"),
            Self::Empty => write!(f, "does not apply: it looks for nothing"),
            Self::Same => write!(f, "does not apply: it changes nothing"),
        }
    }
}

/// `text` with the one place where the lines `from` stand replaced by `to`.
pub(super) fn apply(text: &str, from: &str, to: &str) -> Result<String, ApplyError> {
    let wanted: Vec<&str> = from.trim().lines().map(str::trim).collect();
    if wanted.is_empty() {
        return Err(ApplyError::Empty);
    }
    if trimmed(to) == trimmed(from) {
        return Err(ApplyError::Same);
    }
    let lines: Vec<&str> = text.lines().collect();
    let at = the_one_place(&lines, &wanted)?;
    let mut mutated: Vec<&str> = lines[..at].to_vec();
    mutated.extend(to.trim().lines());
    mutated.extend(&lines[at + wanted.len()..]);
    Ok(mutated.join("\n") + "\n")
}

fn trimmed(text: &str) -> Vec<&str> {
    text.trim().lines().map(str::trim).collect()
}

fn the_one_place(lines: &[&str], wanted: &[&str]) -> Result<usize, ApplyError> {
    let here = |window: &[&str]| {
        window
            .iter()
            .map(|line| line.trim())
            .eq(wanted.iter().copied())
    };
    let places: Vec<usize> = (lines.windows(wanted.len()).enumerate())
        .filter_map(|(at, window)| here(window).then_some(at))
        .collect();
    match places[..] {
        [] => Err(ApplyError::Absent),
        [at] => Ok(at),
        _ => Err(ApplyError::Ambiguous(places.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "fn a() {\n    clean();\n    go();\n}\nfn b() {\n    go();\n}\n";

    #[test]
    fn one_line_is_replaced_or_deleted() {
        let replaced = apply(TEXT, "clean();", "dirty();").unwrap();
        assert_eq!(replaced, TEXT.replace("    clean();", "dirty();"));
        assert_eq!(
            apply(TEXT, "clean();", "").unwrap(),
            TEXT.replace("    clean();\n", "")
        );
    }

    #[test]
    fn a_line_that_stands_twice_needs_its_neighbours() {
        assert_eq!(apply(TEXT, "go();", ""), Err(ApplyError::Ambiguous(2)));
        let with_context = apply(TEXT, "clean();\ngo();", "clean();").unwrap();
        assert_eq!(with_context.matches("go();").count(), 1);
    }

    #[test]
    fn a_line_must_match_as_a_whole() {
        assert_eq!(apply(TEXT, "clean", ""), Err(ApplyError::Absent));
        assert_eq!(apply(TEXT, "gone();", ""), Err(ApplyError::Absent));
    }

    #[test]
    fn a_mutant_that_is_none_is_refused() {
        assert_eq!(apply(TEXT, "", "x"), Err(ApplyError::Empty));
        assert_eq!(apply(TEXT, "clean();", "  clean();"), Err(ApplyError::Same));
    }
}
