//! The tree: every file once.
//!
//! A directory is entered once, so that a tree that contains itself ends; what cannot be read is
//! told with its path, and the walk goes on beside it.

use super::path::join;
use super::{Entries, Entry, Located, TreeError, Volume};
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

/// A walk through a volume, or a part of it. By default through all of it.
#[derive(Clone, Debug)]
pub struct Walk {
    /// Where it begins, until it has.
    start: Option<Located>,
    /// The directories down to the one being read, each with its path.
    open: Vec<(String, Entries)>,
    /// First clusters of the directories that were entered.
    entered: BTreeSet<u32>,
}

impl Default for Walk {
    fn default() -> Self {
        Self::through(Located::default())
    }
}

impl Walk {
    /// A walk through what is at `start`: a directory and all below it, or just a file.
    pub const fn through(start: Located) -> Self {
        Self {
            start: Some(start),
            open: Vec::new(),
            entered: BTreeSet::new(),
        }
    }

    /// The next file or directory; `None` when all were seen.
    pub fn next<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
    ) -> Option<Found<D::Error>> {
        if let Some(start) = self.start.take() {
            if let Some(file) = start.file().cloned() {
                let (path, what) = (start.path, Ok(file));
                return Some(Found { path, what });
            }
            if let Err(error) = self.begin(volume, &start) {
                let (path, what) = (start.path, Err(error));
                return Some(Found { path, what });
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

    fn begin<D: BlockDevice, B: Buffers<Buffer = D::Buffer>>(
        &mut self,
        volume: &mut Volume<'_, D, B>,
        start: &Located,
    ) -> Result<(), Error<D::Error>> {
        if let super::boot::Root::Cluster(first) = volume.geometry.root {
            self.entered.insert(first);
        }
        self.entered.extend(start.entry.as_ref().map(|e| e.first));
        let entries = volume.entries(start)?;
        self.open.push((start.path.clone(), entries));
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
