//! The tree: every file once, and a path to one of them.
//!
//! A directory is entered once, so that a tree that contains itself ends; what cannot be read is
//! told with its path, and the walk goes on beside it.

use super::{Entries, Entry, TreeError, Volume};
use crate::{BlockDevice, Buffers, Error};
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

/// Directories inside one another, at most.
const DEPTH: usize = 32;

/// A file or directory, or what could not be read in its place.
#[derive(Clone, Debug)]
pub struct Found<E> {
    /// From the root, without a slash in front.
    pub path: String,
    /// What is there. A directory comes before its contents.
    pub what: Result<Entry, Error<E>>,
}

/// A walk through all of a volume.
#[derive(Clone, Debug, Default)]
pub struct Walk {
    /// The directories from the root down to the one being read, each with its path.
    open: Vec<(String, Entries)>,
    /// First clusters of the directories that were entered.
    entered: BTreeSet<u32>,
    started: bool,
}

impl Walk {
    /// The next file or directory; `None` when all were seen.
    pub fn next<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
    ) -> Option<Found<D::Error>> {
        if !self.started {
            self.started = true;
            if let Err(error) = self.start(volume) {
                let path = String::new();
                return Some(Found {
                    path,
                    what: Err(error),
                });
            }
        }
        loop {
            let (path, entries) = self.open.last_mut()?;
            let path = path.clone();
            match entries.next(volume) {
                Ok(Some(entry)) => return Some(self.found(volume, &path, entry)),
                Ok(None) => self.open.pop(),
                Err(error) => {
                    self.open.pop();
                    return Some(Found {
                        path,
                        what: Err(error),
                    });
                }
            };
        }
    }

    fn start<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
    ) -> Result<(), Error<D::Error>> {
        if let super::boot::Root::Cluster(first) = volume.geometry.root {
            self.entered.insert(first);
        }
        self.open.push((String::new(), volume.root()?));
        Ok(())
    }

    fn found<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
        parent: &str,
        entry: Entry,
    ) -> Found<D::Error> {
        let path = join(parent, &entry.name);
        let entered = match entry.directory {
            true => self.enter(volume, &path, &entry),
            false => Ok(()),
        };
        let what = entered.map(|()| entry);
        Found { path, what }
    }

    fn enter<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
        path: &str,
        entry: &Entry,
    ) -> Result<(), Error<D::Error>> {
        if self.open.len() > DEPTH {
            return Err(TreeError::TooDeep { most: DEPTH }.into());
        }
        if !self.entered.insert(entry.first) {
            let cluster = entry.first;
            return Err(TreeError::Again { cluster }.into());
        }
        self.open.push((path.into(), volume.directory(entry)?));
        Ok(())
    }
}

fn join(parent: &str, name: &str) -> String {
    let slash = if parent.is_empty() { "" } else { "/" };
    [parent, slash, name].concat()
}

impl<D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Volume<'_, D, B> {
    /// Opens the directory at `path`; the root if there is nothing between the slashes.
    pub fn directory_of(&mut self, path: &str) -> Result<Entries, Error<D::Error>> {
        let mut entries = self.root()?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let entry = self.named(entries, name)?;
            entries = self.directory(&entry)?;
        }
        Ok(entries)
    }

    /// The file or directory at `path`. ASCII letters match in either case, as in the format.
    pub fn find(&mut self, path: &str) -> Result<Entry, Error<D::Error>> {
        let path = path.trim_end_matches('/');
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let entries = self.directory_of(parent)?;
        self.named(entries, name)
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
