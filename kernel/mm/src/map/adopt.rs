//! Memory that the tree sets aside for us: from an offer to a carve-out.

use super::MemoryMap;
use super::claim::{ClaimKind, Named};
use super::error::MapError;
use super::pieces::push;
use hal::{PAGE, PhysRange};

impl MemoryMap {
    /// Ends the offer of `range`: `cached` and `uncached`, whole pages of it that are apart, are carved out
    /// of it, and the second is no part of the linear map (CO-5). What is left of it stays reserved.
    ///
    /// Nothing changes where `range` was not offered, is not all RAM, or shares a page with another claim.
    ///
    /// Panics where the parts are not such parts.
    pub fn adopt(
        &mut self,
        range: PhysRange,
        cached: &[PhysRange],
        uncached: Option<PhysRange>,
    ) -> Result<(), MapError> {
        check_parts(range, cached, uncached);
        let index = self.offer(range)?;
        let name = self.named[index].name;
        self.check_alone(index)?;
        if let Some(range) = uncached {
            let kind = ClaimKind::Uncached;
            push(&mut self.named, Named { name, range, kind }, "claims")?;
        }
        self.named[index].kind = ClaimKind::Carved;
        Ok(())
    }

    /// The offer of just this range, if it is RAM.
    fn offer(&self, range: PhysRange) -> Result<usize, MapError> {
        let is = |n: &Named| n.range == range && n.kind == ClaimKind::Offered;
        let in_ram = self.banks.iter().any(|bank| bank.contains(range));
        let found = self.named.iter().position(is).filter(|_| in_ram);
        found.ok_or(MapError::NotOffered { range })
    }

    /// Has nobody else a page of claim `index`?
    fn check_alone(&self, index: usize) -> Result<(), MapError> {
        let pages = |range: PhysRange| {
            let unroundable = MapError::Unroundable { range };
            range.round_out(PAGE).ok_or(unroundable)
        };
        let offered = &self.named[index];
        let mine = pages(offered.range)?;
        for (_, other) in (0..).zip(&self.named).filter(|(i, _)| *i != index) {
            if let Some(shared) = pages(other.range)?.intersection(mine) {
                return Err(MapError::Shared {
                    name: offered.name,
                    other: other.name,
                    shared,
                });
            }
        }
        Ok(())
    }
}

/// Are these whole pages of `range`, and apart?
fn check_parts(range: PhysRange, cached: &[PhysRange], uncached: Option<PhysRange>) {
    let parts = || cached.iter().copied().chain(uncached);
    for (i, part) in parts().enumerate() {
        let inside = range.contains(part) && part.is_aligned(PAGE);
        assert!(inside, "{part} is not whole pages of {range}");
        let meets = |other: PhysRange| other.overlaps(part);
        let apart = !parts().skip(i + 1).any(meets);
        assert!(apart, "{part} and another part of {range} overlap");
    }
}

#[cfg(test)]
mod tests;
