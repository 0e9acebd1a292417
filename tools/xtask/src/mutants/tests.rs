//! The runner on a real crate of a few lines: what is caught, what survives, what does not build.

use super::*;
use crate::workspace::Sources;
use std::path::PathBuf;

const SOURCE: &str = "#![deny(warnings)]\npub fn twice(x: u32) -> u32 {\n    let double = x + x;\n    double\n}\npub fn id(x: u32) -> u32 {\n    x\n}\n#[test]\nfn two_is_four() {\n    assert_eq!(twice(2), 4);\n}\n#[test]\nfn id_runs() {\n    id(1);\n}\n";

/// A crate in a folder of its own, removed at the end.
struct Sample(Bench);

impl Sample {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("carom-{name}-{}", std::process::id()));
        let bench = Bench(Sources {
            root: folder.join("tree"),
            target: folder.join("target"),
            lenient: true,
        });
        std::fs::create_dir_all(bench.0.root.join("src")).unwrap();
        let manifest = "[package]\nname = \"sample\"\nedition = \"2024\"\n[workspace]\n";
        std::fs::write(bench.0.root.join("Cargo.toml"), manifest).unwrap();
        std::fs::write(bench.0.root.join("src/lib.rs"), SOURCE).unwrap();
        Self(bench)
    }

    fn try_all(&self, mutants: &[Mutant]) -> Vec<Result<(), String>> {
        let whole = Whole::try_all(&self.0, mutants).unwrap();
        mutants
            .iter()
            .map(|mutant| try_one(&self.0, &whole, mutant))
            .collect()
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        let folder: PathBuf = self.0.0.root.join("..");
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn mutant(from: &str, to: &str, test: &str) -> Mutant {
    Mutant {
        rule: "R".to_owned(),
        file: "src/lib.rs".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        test: test.to_owned(),
        kind: Kind::Host {
            package: "sample".to_owned(),
        },
    }
}

#[test]
fn a_mutant_counts_only_if_it_applies_builds_and_fails_its_own_test() {
    let sample = Sample::new("mutants");
    let results = sample.try_all(&[
        mutant("let double = x + x;", "let double = x;", "two_is_four"),
        mutant("let double = x + x;", "let double = x;", "id_runs"),
        mutant("let double = x + x;", "let double = y;", "two_is_four"),
        mutant("let double = x + x;", "let double = x;", "no_such_test"),
        mutant("}", "", "two_is_four"),
        // Leaves `double` unused, which the lints of the whole tree would not let pass.
        mutant("double", "x", "two_is_four"),
    ]);
    let why = |n: usize| results[n].clone().unwrap_err();
    assert_eq!(results[0], Ok(()));
    assert!(why(1).starts_with("survived"), "{}", why(1));
    assert!(why(2).starts_with("does not build"), "{}", why(2));
    assert!(why(3).contains("while the tree is whole"), "{}", why(3));
    assert!(why(4).contains("4 times"), "{}", why(4));
    assert_eq!(results[5], Ok(()));
    let now = std::fs::read_to_string(sample.0.0.root.join("src/lib.rs")).unwrap();
    assert_eq!(now, SOURCE);
}
