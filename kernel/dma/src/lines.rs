//! The layer is built for lines of 64 bytes, and refuses a machine with others (CM-6).

use core::fmt;
use hal::{CacheLines, LINE};

/// The machine's cache lines are not those that the layer is built for: non-coherent DMA would
/// corrupt memory, so there is none (CM-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineMismatch {
    /// What the machine has.
    pub found: CacheLines,
}

impl fmt::Display for LineMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CacheLines {
            smallest,
            writeback,
        } = self.found;
        write!(
            f,
            "cache lines of {smallest} bytes written back {writeback} at a time, {LINE} expected: \
             DMA is off"
        )
    }
}

/// Are these the lines that the layer is built for?
pub(crate) fn check_lines(found: CacheLines) -> Result<(), LineMismatch> {
    if found.smallest < LINE || found.writeback > LINE {
        return Err(LineMismatch { found });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn cm_6_the_error_tells_what_was_found() {
        let (smallest, writeback) = (32, 128);
        let found = CacheLines {
            smallest,
            writeback,
        };
        let line = LineMismatch { found }.to_string();
        assert!(
            line.contains("32 bytes") && line.contains("128 at a time"),
            "{line}"
        );
    }

    #[test]
    fn cm_6_a_machine_with_other_lines_gets_no_layer() {
        let check = |smallest, writeback| {
            check_lines(CacheLines {
                smallest,
                writeback,
            })
            .is_ok()
        };
        assert!(check(64, 64));
        assert!(!check(32, 64), "a loop by 64 would skip lines");
        assert!(
            !check(64, 128),
            "an eviction would write what the buffer does not own"
        );
    }
}
