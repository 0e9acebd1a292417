//! Which of a package's test binaries a test is in, as `cargo test` tells it.

use crate::libtest::{started, verdict};

/// A choice of `cargo test`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    /// Whichever has the test.
    Any,
    /// The library's own tests.
    Lib,
    /// One of the folder `tests`, by name.
    Test(String),
}

impl Binary {
    pub(super) fn arguments(&self) -> Vec<&str> {
        match self {
            Self::Any => vec!["--tests"],
            Self::Lib => vec!["--lib"],
            Self::Test(name) => vec!["--test", name],
        }
    }

    /// Of what cargo says it starts, such as `tests/sd/main.rs (target/debug/deps/sd-0123)`.
    fn of(started: &str) -> Self {
        if started.starts_with("unittests src/lib.rs") {
            return Self::Lib;
        }
        let name = started
            .strip_prefix("tests/")
            .and_then(|path| path.split([' ', '/', '.']).next());
        name.map_or(Self::Any, |name| Self::Test(name.to_owned()))
    }
}

/// The tests that passed, each with the binary that it is in.
pub(super) fn passed_in(output: &str) -> impl Iterator<Item = (&str, Binary)> {
    let mut binary = Binary::Any;
    output.lines().filter_map(move |line| {
        if let Some(name) = started(line.trim_start()) {
            binary = Binary::of(name);
        }
        match verdict(line) {
            Some((name, "ok")) => Some((name, binary.clone())),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_test_is_looked_for_where_it_passed() {
        let output = "     Running unittests src/lib.rs (t/deps/x-1)\ntest a ... ok\ntest b ... FAILED\n     \
                      Running tests/flat.rs (t/deps/flat-2)\ntest c ... ok\n     \
                      Running tests/deep/main.rs (t/deps/deep-3)\ntest d ... ok\n     \
                      Running unittests src/main.rs (t/deps/y-4)\ntest e ... ok\n";
        let test = |name: &str| Binary::Test(name.to_owned());
        let found: Vec<_> = passed_in(output).collect();
        assert_eq!(
            found,
            [
                ("a", Binary::Lib),
                ("c", test("flat")),
                ("d", test("deep")),
                ("e", Binary::Any)
            ]
        );
    }
}
