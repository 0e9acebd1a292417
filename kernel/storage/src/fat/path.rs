//! From a path to what is there.

use super::{Entries, Entry, TreeError, Volume};
use crate::{BlockDevice, Buffers, Error};
use alloc::string::String;

/// Something that is on the volume, and where. By default the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Located {
    /// From the root, without a slash in front, in the volume's own spelling.
    pub path: String,
    /// A file or directory; `None` is the root.
    pub entry: Option<Entry>,
}

impl Located {
    /// The file, if it is one.
    pub fn file(&self) -> Option<&Entry> {
        self.entry.as_ref().filter(|entry| !entry.directory)
    }
}

/// A name in a directory, as a path.
pub(super) fn join(parent: &str, name: &str) -> String {
    let slash = if parent.is_empty() { "" } else { "/" };
    [parent, slash, name].concat()
}

impl<D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Volume<'_, D, B> {
    /// What is at `path`. Empty names and `.` count for nothing; ASCII letters match in either case,
    /// as in the format.
    pub fn locate(&mut self, path: &str) -> Result<Located, Error<D::Error>> {
        let mut at = Located::default();
        for name in path.split('/').filter(|name| !matches!(*name, "" | ".")) {
            let entries = self.entries(&at)?;
            let entry = self.named(entries, name)?;
            at = Located {
                path: join(&at.path, &entry.name),
                entry: Some(entry),
            };
        }
        Ok(at)
    }

    /// The file or directory at `path`, which is not the root.
    pub fn find(&mut self, path: &str) -> Result<Entry, Error<D::Error>> {
        let root = TreeError::IsDirectory.into();
        self.locate(path)?.entry.ok_or(root)
    }

    /// Opens a directory that was located.
    pub fn entries(&mut self, at: &Located) -> Result<Entries, Error<D::Error>> {
        match &at.entry {
            None => self.root(),
            Some(entry) => self.directory(entry),
        }
    }

    fn named(&mut self, mut entries: Entries, name: &str) -> Result<Entry, Error<D::Error>> {
        while let Some(entry) = entries.next(self)? {
            if entry.name.eq_ignore_ascii_case(name) {
                return Ok(entry);
            }
        }
        Err(TreeError::NotFound { name: name.into() }.into())
    }
}
