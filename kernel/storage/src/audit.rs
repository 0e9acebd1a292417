//! All files of a volume, or of a part of it, summed and held against the manifest.
//!
//! What is found is told one by one to a [`Watcher`], who may end it; the [`Tally`] has the numbers.
//! The manifest itself is read but not counted: no list has its own digest.

use crate::fat::{Located, Sum, TreeError, Volume, Walk};
use crate::manifest::{LIMIT, Manifest, NAME, Verdict};
use crate::{BlockDevice, Buffers, Error};
use alloc::string::String;
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

/// Reads what is at `start` in requests of at most `most` bytes.
///
/// Context: thread; waits for the device.
pub fn audit<D, B, W>(
    volume: &mut Volume<'_, D, B>,
    start: &Located,
    most: u64,
    watcher: &mut W,
) -> Audit
where
    D: BlockDevice,
    B: Buffers<Buffer = D::Buffer>,
    W: Watcher<D::Error>,
{
    let mut run = Run {
        volume,
        start,
        most,
        watcher,
        manifest: None,
        tally: Tally::default(),
    };
    let flow = run.all();
    Audit {
        tally: run.tally,
        complete: flow.is_continue(),
    }
}

struct Run<'r, 'v, D: BlockDevice, B: Buffers<Buffer = D::Buffer>, W> {
    volume: &'r mut Volume<'v, D, B>,
    start: &'r Located,
    most: u64,
    watcher: &'r mut W,
    /// The manifest and its path.
    manifest: Option<(String, Manifest)>,
    tally: Tally,
}

impl<D, B, W> Run<'_, '_, D, B, W>
where
    D: BlockDevice,
    B: Buffers<Buffer = D::Buffer>,
    W: Watcher<D::Error>,
{
    fn all(&mut self) -> ControlFlow<()> {
        match self.load() {
            Ok(manifest) => self.manifest = manifest,
            Err(error) => self.unread(NAME, &error)?,
        }
        self.tally.manifest = self.manifest.is_some();
        let mut walk = Walk::through(self.start.clone());
        while let Some(found) = walk.next(self.volume) {
            match found.what {
                Ok(entry) if entry.directory || self.is_manifest(&found.path) => {}
                Ok(entry) => self.file(&found.path, &entry)?,
                Err(error) => self.unread(&found.path, &error)?,
            }
        }
        self.missing()
    }

    fn load(&mut self) -> Result<Option<(String, Manifest)>, Error<D::Error>> {
        let at = match self.volume.locate(NAME) {
            Err(Error::Tree(TreeError::NotFound { .. })) => return Ok(None),
            at => at?,
        };
        let Some(entry) = at.file() else {
            return Ok(None);
        };
        let manifest = Manifest::read(&self.volume.load(entry, LIMIT)?)?;
        Ok(Some((at.path, manifest)))
    }

    /// Is it the manifest, met on the way?
    fn is_manifest(&self, path: &str) -> bool {
        let manifest = self.manifest.as_ref();
        self.start.path != path && manifest.is_some_and(|(at, _)| at == path)
    }

    fn file(&mut self, path: &str, entry: &crate::fat::Entry) -> ControlFlow<()> {
        let watcher = &mut *self.watcher;
        let go_on = |bytes| watcher.reading(path, bytes, entry.size).is_continue();
        match self.volume.sum(entry, self.most, go_on) {
            Ok(Some(sum)) => self.summed(path, entry.size, &sum),
            Ok(None) => ControlFlow::Break(()),
            Err(error) => self.unread(path, &error),
        }
    }

    fn summed(&mut self, path: &str, size: u32, sum: &Sum) -> ControlFlow<()> {
        let manifest = self.manifest.as_mut();
        let verdict = manifest.map(|(_, manifest)| manifest.check(path, sum));
        let tally = &mut self.tally;
        tally.files += 1;
        tally.bytes += u64::from(size);
        match verdict {
            Some(Verdict::Ok) => tally.right += 1,
            Some(Verdict::Differs { .. }) => tally.wrong += 1,
            Some(Verdict::Extra) => tally.extra += 1,
            None => {}
        }
        self.watcher.found(&Finding::Summed { path, sum, verdict })
    }

    fn unread(&mut self, path: &str, error: &Error<D::Error>) -> ControlFlow<()> {
        if let Some((_, manifest)) = &mut self.manifest {
            manifest.unread(path);
        }
        self.tally.unread += 1;
        let path = if path.is_empty() { "/" } else { path };
        self.watcher.found(&Finding::Unread { path, error })
    }

    fn missing(&mut self) -> ControlFlow<()> {
        let Some((_, manifest)) = &self.manifest else {
            return ControlFlow::Continue(());
        };
        for path in manifest.missing(&self.start.path) {
            self.tally.missing += 1;
            self.watcher.found(&Finding::Missing { path })?;
        }
        ControlFlow::Continue(())
    }
}
