//! Chains of clusters: the table, and runs of neighbours.
//!
//! A chain is walked to its end before it is used, counting: a loop, a free or bad cluster, or a
//! number that is no cluster is found there, whatever the file's size says.

use super::{Volume, Width};
use crate::{BlockDevice, Buffers, Error};
use core::fmt;

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainError {
    /// It leads to a number that is no cluster of the volume (0 is "free").
    Outside {
        /// The cluster that leads there; `next` itself if the directory does.
        cluster: u32,
        /// The number.
        next: u32,
        /// Last cluster of the volume.
        last: u32,
    },
    /// It leads back into itself, or is longer than anything of its kind can be.
    Loop {
        /// Where it starts.
        first: u32,
        /// Clusters after which there was no end.
        clusters: u32,
    },
    /// It ends before the file does.
    Short {
        /// Where it starts, 0 if there is none.
        first: u32,
        /// Bytes of its clusters.
        bytes: u64,
        /// Bytes of the file.
        size: u64,
    },
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside {
                cluster,
                next,
                last,
            } => write!(
                f,
                "cluster {cluster} leads to {next}, clusters are 2 to {last}"
            ),
            Self::Loop { first, clusters } => {
                write!(
                    f,
                    "the chain from cluster {first} has no end in {clusters} clusters"
                )
            }
            Self::Short { first, bytes, size } => write!(
                f,
                "the chain from cluster {first} has {bytes} bytes, the file {size}"
            ),
        }
    }
}

/// What a table entry says.
enum Link {
    End,
    Next(u32),
}

impl<D: BlockDevice, B: Buffers<Buffer = D::Buffer>> Volume<'_, D, B> {
    /// Clusters from `first` to the chain's end, at most `most`.
    pub(super) fn chain_len(&mut self, first: u32, most: u32) -> Result<u32, Error<D::Error>> {
        self.must_have(first, first)?;
        let (mut at, mut clusters) = (first, 1);
        while let Link::Next(next) = self.link(at)? {
            if clusters >= most {
                return Err(ChainError::Loop { first, clusters }.into());
            }
            (at, clusters) = (next, clusters + 1);
        }
        Ok(clusters)
    }

    /// The cluster after `cluster`, if the chain goes on.
    pub(super) fn follower(&mut self, cluster: u32) -> Result<Option<u32>, Error<D::Error>> {
        Ok(match self.link(cluster)? {
            Link::End => None,
            Link::Next(next) => Some(next),
        })
    }

    /// Neighbours from `first` on, at most `most`, and the cluster that comes after them.
    pub(super) fn run(
        &mut self,
        first: u32,
        most: u64,
    ) -> Result<(u64, Option<u32>), Error<D::Error>> {
        let (mut at, mut clusters) = (first, 1);
        loop {
            match self.follower(at)? {
                Some(next) if next == at + 1 && clusters < most => at = next,
                after => return Ok((clusters, after)),
            }
            clusters += 1;
        }
    }

    fn link(&mut self, cluster: u32) -> Result<Link, Error<D::Error>> {
        let (next, end) = self.entry(cluster)?;
        if next >= end {
            return Ok(Link::End);
        }
        self.must_have(cluster, next)?;
        Ok(Link::Next(next))
    }

    /// The table's entry of a cluster that there is, and from which value on it means the end.
    fn entry(&mut self, cluster: u32) -> Result<(u32, u32), Error<D::Error>> {
        let width = self.geometry.width;
        let entry = match width {
            Width::Fat16 => 2,
            Width::Fat32 => 4,
        };
        let byte = u64::from(cluster) * entry;
        let block = self.blocks.block(self.geometry.table + byte / 512)?;
        let at = (byte % 512) as usize;
        let half = |at: usize| u32::from(u16::from_le_bytes([block[at], block[at + 1]]));
        Ok(match width {
            Width::Fat16 => (half(at), 0xFFF8),
            // The upper four bits are reserved.
            Width::Fat32 => ((half(at) | half(at + 2) << 16) & 0x0FFF_FFFF, 0x0FFF_FFF8),
        })
    }

    fn must_have(&self, cluster: u32, next: u32) -> Result<(), ChainError> {
        let last = self.geometry.clusters + 1;
        match self.geometry.has(next) {
            true => Ok(()),
            false => Err(ChainError::Outside {
                cluster,
                next,
                last,
            }),
        }
    }
}
