//! Tests in the sources: functions under `#[test]`, wherever they stand (a macro's body too), cases of
//! `misuse!` that must not compile, and self-tests of the running kernel.
//!
//! Read as tokens, so that a comment or a string is no test. A test that is ignored is none.

use super::book::Book;
use super::names::rules_of;
use anyhow::anyhow;
use proc_macro2::{TokenStream, TokenTree};
use std::path::Path;

/// Self-tests have sentences for names; a line above says which rules they hold.
const SELF_TESTS: &str = "kernel/rpi4/src/selftest";
const MARK: &str = "// rules: ";

/// A test that names rules.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) name: String,
    /// Relative to the root.
    pub(super) file: String,
    pub(super) rules: Vec<String>,
}

/// Does some test hold the rule?
pub(super) fn holds(found: &[Found], id: &str) -> bool {
    let mut held = found.iter().flat_map(|test| &test.rules);
    held.any(|rule| rule == id)
}

/// The tests of one file that name rules.
pub(super) fn in_source(file: &Path, text: &str, book: &Book) -> anyhow::Result<Vec<Found>> {
    let tokens = text.parse::<TokenStream>();
    let tokens = tokens.map_err(|error| anyhow!("not Rust: {error}"))?;
    let mut names = Vec::new();
    scan(tokens, &mut names);
    let named = names.into_iter().map(|name| {
        let rules = rules_of(&name, |family| book.has_family(family));
        (name, rules)
    });
    let marked = if file.starts_with(SELF_TESTS) {
        marked(text)
    } else {
        Vec::new()
    };
    let all = named.chain(marked).filter(|(_, rules)| !rules.is_empty());
    Ok(all
        .map(|(name, rules)| Found {
            name,
            file: file.display().to_string(),
            rules,
        })
        .collect())
}

/// Names of the tests among `tokens`, and inside their groups.
fn scan(tokens: TokenStream, names: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut test, mut ignored) = (false, false);
    for (i, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) if is_punct(&tokens, i.wrapping_sub(1), '#') => {
                match first_word(group.stream()).as_deref() {
                    Some("test") => test = true,
                    Some("ignore") => ignored = true,
                    _ => {}
                }
            }
            TokenTree::Group(group) => {
                if word(&tokens, i.wrapping_sub(2)).as_deref() == Some("misuse") {
                    names.extend(cases(group.stream()));
                }
                scan(group.stream(), names);
            }
            TokenTree::Ident(ident) if ident == "fn" => {
                names.extend(word(&tokens, i + 1).filter(|_| test && !ignored));
                (test, ignored) = (false, false);
            }
            _ => {}
        }
    }
}

/// `name, "E0382": ..` in the body of `misuse!`.
fn cases(body: TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = body.into_iter().collect();
    let starts = (0..tokens.len()).filter(|&i| {
        is_punct(&tokens, i + 1, ',')
            && matches!(tokens.get(i + 2), Some(TokenTree::Literal(_)))
            && is_punct(&tokens, i + 3, ':')
    });
    starts.filter_map(|i| word(&tokens, i)).collect()
}

/// Self-tests with a mark in the line above.
fn marked(text: &str) -> Vec<(String, Vec<String>)> {
    let lines = text.lines().map(str::trim);
    let pairs = lines.clone().zip(lines.skip(1));
    let tests = pairs.filter_map(|(above, line)| {
        let rules = above.strip_prefix(MARK)?;
        let name = line.split('"').nth(1)?;
        let rules = rules.split(", ").map(str::to_owned).collect();
        Some((name.to_owned(), rules))
    });
    tests.collect()
}

fn word(tokens: &[TokenTree], at: usize) -> Option<String> {
    match tokens.get(at)? {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn first_word(tokens: TokenStream) -> Option<String> {
    word(&tokens.into_iter().collect::<Vec<_>>(), 0)
}

fn is_punct(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(file: &str, text: &str) -> Vec<String> {
        let found = in_source(Path::new(file), text, &Book::parse("* **CM-1** x"));
        found
            .expect("Rust")
            .into_iter()
            .map(|test| test.name)
            .collect()
    }

    #[test]
    fn tests_are_found_in_modules_and_in_macros_and_behind_other_attributes() {
        let text = "
            #[test] fn cm_1_plain() {}
            mod tests { #[test] #[should_panic(expected = \"x\")] fn cm_1_inside() { fn cm_1_no() {} } }
            proptest! { #![config] #[test] fn cm_1_property(x in 0..3) {} }
        ";
        assert_eq!(
            names("a.rs", text),
            ["cm_1_plain", "cm_1_inside", "cm_1_property"]
        );
    }

    #[test]
    fn what_does_not_run_is_no_test() {
        let text = "
            // #[test] fn cm_1_comment() {}
            const X: &str = \"#[test] fn cm_1_string() {}\";
            fn cm_1_helper() {}
            #[test] #[ignore] fn cm_1_ignored() {}
            #[ignore = \"slow\"] #[test] fn cm_1_ignored_too() {}
            #[test] fn tells_no_rule() {}
        ";
        assert_eq!(names("a.rs", text), [""; 0]);
    }

    #[test]
    fn misuses_are_found_by_name() {
        let text = "misuse! { cm_1_twice, \"E0382\": \"a\", right \"b\", wrong \"c\", \"\"; }";
        assert_eq!(names("a.rs", text), ["cm_1_twice"]);
    }

    #[test]
    fn self_tests_are_found_by_the_mark_above() {
        let text = "const TESTS: &[Test] = &[\n  // rules: CM-1, CM-2\n  (\"lines\", lines),\n];";
        let book = Book::parse("* **CM-1** x");
        let found = |file| in_source(Path::new(file), text, &book).expect("Rust");
        let there = found("kernel/rpi4/src/selftest/a.rs");
        assert_eq!((&*there[0].name, &*there[0].rules[1]), ("lines", "CM-2"));
        assert_eq!(found("kernel/dma/src/a.rs"), []);
    }

    #[test]
    fn what_is_no_rust_is_an_error() {
        assert!(in_source(Path::new("a.rs"), "fn (", &Book::parse("")).is_err());
    }
}
