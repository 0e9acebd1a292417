//! The file that the kernel carries, and its digest.

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Bytes of a file that nobody asked for: whole megabytes and an odd end.
pub(crate) const DEFAULT_LEN: usize = (8 << 20) + 13;

/// A file on its way to the kernel.
#[derive(Debug)]
pub(crate) struct Payload {
    /// What QEMU reads. Absolute, so that no comma or dash of the user's is taken for an option.
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    /// SHA-256, in hex.
    pub(crate) digest: String,
}

impl Payload {
    /// The user's own file.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("FILE {}", path.display());
        if !path.metadata().with_context(named)?.is_file() {
            bail!("FILE {}: not a file", path.display());
        }
        let bytes = std::fs::read(path).with_context(named)?;
        Ok(Self::of(path.canonicalize().with_context(named)?, &bytes))
    }

    /// `len` bytes from `seed`, written to `path`.
    pub(crate) fn make(path: PathBuf, len: usize, seed: u64) -> anyhow::Result<Self> {
        let bytes = seeded(len, seed);
        std::fs::write(&path, &bytes)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self::of(path, &bytes))
    }

    fn of(path: PathBuf, bytes: &[u8]) -> Self {
        Self {
            path,
            len: bytes.len() as u64,
            digest: hex(&Sha256::digest(bytes)),
        }
    }
}

/// The same bytes for the same seed, on every machine.
pub(crate) fn seeded(len: usize, seed: u64) -> Vec<u8> {
    let mut random = oorandom::Rand64::new(u128::from(seed));
    let words = std::iter::repeat_with(|| random.rand_u64().to_le_bytes());
    words.flatten().take(len).collect()
}

/// Lower-case digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_known_one() {
        let empty = Payload::of(PathBuf::new(), b"");
        assert!(empty.digest.starts_with("e3b0c44298fc1c14"));
        assert_eq!(empty.len, 0);
    }

    #[test]
    fn a_seed_gives_the_same_bytes_at_every_length() {
        let long = seeded(63, 1);
        assert_eq!(seeded(63, 1), long);
        assert_eq!(seeded(9, 1), long[..9]);
        assert_ne!(seeded(63, 2), long);
    }

    #[test]
    fn a_missing_file_and_a_folder_are_named_in_one_line() {
        for path in ["/no/such/file", "/"] {
            let message = format!("{:#}", Payload::open(Path::new(path)).unwrap_err());
            assert!(
                message.contains(path) && !message.contains('\n'),
                "{message}"
            );
        }
    }
}
