//! The arrows of the layout: who may depend on whom. They run down only.

use crate::metadata::{Dependency, Kind, Package};
use crate::workspace::Workspace;

/// Every member, and the members it may use in the image or tool that it is part of.
const ARROWS: &[(&str, &[&str])] = &[
    ("hal", &[]),
    ("sim", &["hal"]),
    ("dma", &["hal"]),
    ("dma-api-adapter", &["dma", "hal"]),
    ("mm", &["hal"]),
    ("arch", &["hal"]),
    ("boot", &["hal"]),
    ("drivers", &["dma", "hal"]),
    ("storage", &["hal"]),
    ("shell", &[]),
    (
        "rpi4",
        &[
            "arch", "boot", "dma", "drivers", "hal", "mm", "shell", "storage",
        ],
    ),
    ("devicetree", &[]),
    ("oracle", &[]),
    ("oracle-plugin", &["oracle"]),
    ("xtask", &["devicetree", "dma", "hal", "oracle"]),
];

/// Host crates that tests may see besides.
const FOR_TESTS: &[&str] = &["sim", "devicetree"];

/// Host crates that build scripts may run: the built-in tree becomes part of the image.
const FOR_BUILDS: &[&str] = &["devicetree"];

pub(super) fn check(workspace: &Workspace) -> Result<(), String> {
    let wrong = wrong(&workspace.metadata.packages);
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n"))
    }
}

/// One line for each member or arrow that the layout does not have.
fn wrong(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(wrong_of).collect()
}

fn wrong_of(package: &Package) -> Vec<String> {
    let Some((_, below)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![format!(
            "{}: a member that the layout does not have",
            package.name
        )];
    };
    let arrows = package.dependencies.iter().filter(|d| d.path.is_some());
    let wrong = arrows.filter(|d| !allowed(d, below));
    wrong
        .map(|d| {
            format!(
                "{} -> {} ({:?}): no such arrow in the layout",
                package.name, d.name, d.kind
            )
        })
        .collect()
}

fn allowed(dependency: &Dependency, below: &[&str]) -> bool {
    let name = dependency.name.as_str();
    match dependency.kind {
        Kind::Normal => below.contains(&name),
        Kind::Build => FOR_BUILDS.contains(&name),
        Kind::Dev => below.contains(&name) || FOR_TESTS.contains(&name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Metadata;
    use crate::metadata::tests::SAMPLE;

    /// The sample's two members under other names.
    fn wrong_with(low: &str, top: &str, test_only: &str) -> Vec<String> {
        let json = SAMPLE
            .replace("\"low\"", &format!("\"{low}\""))
            .replace("\"top\"", &format!("\"{top}\""))
            .replace("\"sim\"", &format!("\"{test_only}\""))
            .replace("\"board\"", "\"hal\"");
        wrong(&Metadata::parse(&json).unwrap().packages)
    }

    #[test]
    fn arrows_down_pass_and_tests_may_see_sim() {
        assert_eq!(wrong_with("hal", "dma", "sim"), [""; 0]);
        assert_eq!(wrong_with("dma", "drivers", "sim"), [""; 0]);
    }

    #[test]
    fn an_arrow_up_and_an_arrow_across_are_named() {
        assert!(wrong_with("drivers", "dma", "sim")[0].starts_with("dma -> drivers"));
        assert!(wrong_with("mm", "dma", "sim")[0].starts_with("dma -> mm"));
        assert!(wrong_with("sim", "rpi4", "sim")[0].starts_with("rpi4 -> sim"));
    }

    #[test]
    fn tests_may_not_see_just_anything() {
        assert!(wrong_with("hal", "dma", "mm")[0].starts_with("dma -> mm (Dev)"));
    }

    #[test]
    fn a_member_that_nobody_drew_is_named() {
        assert!(wrong_with("hal", "extra", "sim")[0].starts_with("extra: a member"));
    }
}
