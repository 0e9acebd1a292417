//! The part of `cargo metadata` that we read.

use serde::Deserialize;
use std::path::PathBuf;

/// What `cargo metadata --no-deps` tells about the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) workspace_root: PathBuf,
    pub(crate) target_directory: PathBuf,
    pub(crate) packages: Vec<Package>,
    workspace_default_members: Vec<String>,
}

/// One member.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One arrow out of a member.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) kind: Kind,
    /// Set for dependencies by path, which are the members.
    pub(crate) path: Option<PathBuf>,
}

/// Which table of the manifest it stands in.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(from = "Option<String>")]
pub(crate) enum Kind {
    /// `[dependencies]`
    #[default]
    Normal,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Dev,
}

impl From<Option<String>> for Kind {
    fn from(name: Option<String>) -> Self {
        match name.as_deref() {
            Some("dev") => Self::Dev,
            Some("build") => Self::Build,
            _ => Self::Normal,
        }
    }
}

impl Metadata {
    /// Reads what cargo printed.
    pub(crate) fn parse(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// Members that build and test on the host.
    pub(crate) fn host_members(&self) -> impl Iterator<Item = &Package> {
        let is_host = |package: &&Package| self.workspace_default_members.contains(&package.id);
        self.packages.iter().filter(is_host)
    }

    /// Members that build for the board alone.
    pub(crate) fn target_members(&self) -> impl Iterator<Item = &Package> {
        let is_target = |package: &&Package| !self.workspace_default_members.contains(&package.id);
        self.packages.iter().filter(is_target)
    }
}

impl Package {
    /// The folder of its manifest.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.manifest_path
            .parent()
            .expect("cargo gives the absolute path of a file")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two members, `top -> low` and by tests `top -> sim`; `board` is not a default member.
    pub(crate) const SAMPLE: &str = r#"{
        "workspace_root": "/w", "target_directory": "/w/target",
        "workspace_default_members": ["id-low", "id-top"],
        "packages": [
            {"id": "id-low", "name": "low", "manifest_path": "/w/low/Cargo.toml", "dependencies": []},
            {"id": "id-top", "name": "top", "manifest_path": "/w/top/Cargo.toml", "dependencies": [
                {"name": "low", "kind": null, "path": "/w/low"},
                {"name": "sim", "kind": "dev", "path": "/w/sim"},
                {"name": "cc", "kind": "build"}]},
            {"id": "id-board", "name": "board", "manifest_path": "/w/board/Cargo.toml", "dependencies": []}
        ]}"#;

    #[test]
    fn members_are_told_apart_by_where_they_build() {
        let metadata = Metadata::parse(SAMPLE).unwrap();
        let names = |i: &mut dyn Iterator<Item = &Package>| -> Vec<String> {
            i.map(|p| p.name.clone()).collect()
        };
        assert_eq!(names(&mut metadata.host_members()), ["low", "top"]);
        assert_eq!(names(&mut metadata.target_members()), ["board"]);
    }

    #[test]
    fn the_table_of_a_dependency_is_read() {
        let metadata = Metadata::parse(SAMPLE).unwrap();
        let kinds: Vec<Kind> = metadata.packages[1]
            .dependencies
            .iter()
            .map(|d| d.kind)
            .collect();
        assert_eq!(kinds, [Kind::Normal, Kind::Dev, Kind::Build]);
    }
}
