//! All files of a volume, or of a part of it, summed and held against the manifest.
//!
//! What is found is told one by one to a [`Watcher`], who may end it; the [`Tally`] has the numbers.
//! The manifest itself is read but not counted: no list has its own digest.

mod run;

pub use run::audit;

use crate::Error;
use crate::fat::Sum;
use crate::manifest::Verdict;
use core::ops::ControlFlow;

/// The numbers of an audit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files that were read to their ends.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Of these, files with the manifest's digest.
    pub right: u64,
    /// Files with another.
    pub wrong: u64,
    /// Files that the manifest does not have.
    pub extra: u64,
    /// Files and directories that could not be read.
    pub unread: u64,
    /// Files of the manifest that are not there. Told only once everything was seen.
    pub missing: u64,
    /// Was there a manifest to be held against?
    pub manifest: bool,
}

impl Tally {
    /// Is nothing wrong, unread or missing?
    pub const fn is_sound(&self) -> bool {
        self.wrong == 0 && self.unread == 0 && self.missing == 0
    }
}

/// Something to tell.
#[derive(Clone, Copy, Debug)]
pub enum Finding<'a, E> {
    /// A file was read.
    Summed {
        /// Which.
        path: &'a str,
        /// Its digest.
        sum: &'a Sum,
        /// What the manifest says of it, if there is one.
        verdict: Option<Verdict>,
    },
    /// A file or directory could not be read.
    Unread {
        /// Which; `/` is the root.
        path: &'a str,
        /// Why.
        error: &'a Error<E>,
    },
    /// The manifest has a file that is not there.
    Missing {
        /// Which.
        path: &'a str,
    },
}

/// Who is told, and may end it.
pub trait Watcher<E> {
    /// Something was found. After a break nothing more is read.
    fn found(&mut self, finding: &Finding<'_, E>) -> ControlFlow<()>;

    /// So many bytes of a file have been read. After a break nothing more is.
    fn reading(&mut self, path: &str, bytes: u64, size: u32) -> ControlFlow<()>;
}

/// How an audit went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Audit {
    /// The numbers.
    pub tally: Tally,
    /// Was everything seen? Not if the watcher ended it.
    pub complete: bool,
}
