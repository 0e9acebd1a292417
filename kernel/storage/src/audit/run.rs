//! The audit itself: the manifest first, then every file, then what is left of the manifest.

use super::{Audit, Finding, Tally, Watcher};
use crate::fat::{Entry, Located, Sum, TreeError, Volume, Walk};
use crate::manifest::{LIMIT, Manifest, NAME, Verdict};
use crate::{BlockDevice, Buffers, Error};
use alloc::string::String;
use core::ops::ControlFlow;

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

    fn file(&mut self, path: &str, entry: &Entry) -> ControlFlow<()> {
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
