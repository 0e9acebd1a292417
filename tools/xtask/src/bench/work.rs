//! What one call has to do by the layer's rules: CM-1, CM-2 and CM-7 for lines and barriers, CP-1 and
//! CP-3 for copies.
//!
//! A call that does more wastes, one that does less corrupts. Scrubbing a bounce buffer up to the ends
//! of its first and last line is not counted: it is less than a line.

use super::row::Row;
use std::ops::Add;

const LINE: u64 = 64;

/// What one call does beside thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// Cache lines cleaned or invalidated.
    pub(super) lines: u64,
    /// Bytes copied.
    pub(super) copied: u64,
    /// Times that it waits for maintenance to be complete.
    pub(super) barriers: u64,
}

impl Add for Work {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            lines: self.lines + other.lines,
            copied: self.copied + other.copied,
            barriers: self.barriers + other.barriers,
        }
    }
}

/// What the call of `row` has to do.
pub(super) fn work(row: &Row) -> Work {
    if row.op == "memcpy" {
        return Work {
            copied: row.size,
            ..Work::default()
        };
    }
    let handover = handover(row);
    let nothing = Work::default();
    let (writes, reads) = (row.dir != "TO_DEVICE", row.dir != "FROM_DEVICE");
    let to_cpu = if writes { handover } else { nothing };
    match row.op.as_str() {
        // Before the device, whatever the direction; after it, what it wrote.
        "map" => handover,
        "unmap" | "for_cpu" => to_cpu,
        "pair" => handover + to_cpu,
        // A view of what only the device writes cannot have changed it.
        "for_device" if reads => handover,
        _ => nothing,
    }
}

/// All of the buffer, once in one direction.
fn handover(row: &Row) -> Work {
    let bounced = row.note.starts_with("bounced");
    // Neither a device that snoops nor memory that no cache holds makes any maintenance necessary.
    let unmaintained = row.case.ends_with("_coherent") || row.note.starts_with("bounced by cell");
    // Slots start on a line.
    let first = if bounced { 0 } else { phys(&row.note) % LINE };
    let lines = (first + row.size).div_ceil(LINE);
    Work {
        lines: if unmaintained { 0 } else { lines },
        copied: if bounced { row.size } else { 0 },
        barriers: u64::from(!unmaintained),
    }
}

/// Where the buffer lies.
fn phys(note: &str) -> u64 {
    let digits = note.split("phys=").nth(1).unwrap_or("0");
    u64::from_str_radix(digits, 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::row::from_csv;
    use super::*;

    fn of(case: &str, op: &str, dir: &str, size: u64, note: &str) -> (u64, u64, u64) {
        let row = format!(
            "config,section,case,op,dir,size,live,iters,mean,best,min,max,note\n\
             carom,map,{case},{op},{dir},{size},0,1,1.00,1.00,1,1,{note}\n"
        );
        let Work {
            lines,
            copied,
            barriers,
        } = work(&from_csv(&row).unwrap()[0]);
        (lines, copied, barriers)
    }

    #[test]
    fn direct_calls_clean_before_and_invalidate_after_what_the_device_wrote() {
        let low = |op, dir| of("low", op, dir, 4096, "direct phys=1000");
        assert_eq!(low("map", "TO_DEVICE"), (64, 0, 1));
        assert_eq!(low("map", "FROM_DEVICE"), (64, 0, 1));
        assert_eq!(low("unmap", "TO_DEVICE"), (0, 0, 0));
        assert_eq!(low("pair", "FROM_DEVICE"), (128, 0, 2));
        assert_eq!(low("for_device", "FROM_DEVICE"), (0, 0, 0));
        assert_eq!(low("for_device", "BIDIRECTIONAL"), (64, 0, 1));
    }

    #[test]
    fn bounced_calls_copy_as_well_and_their_slots_start_on_a_line() {
        let high = |op, dir| of("high", op, dir, 65, "bounced phys=4000003f");
        assert_eq!(high("map", "FROM_DEVICE"), (2, 65, 1));
        assert_eq!(high("pair", "BIDIRECTIONAL"), (4, 130, 2));
        assert_eq!(high("for_cpu", "TO_DEVICE"), (0, 0, 0));
    }

    #[test]
    fn a_direct_buffer_counts_every_line_that_it_touches() {
        assert_eq!(
            of("low", "map", "TO_DEVICE", 65, "direct phys=103f"),
            (2, 0, 1)
        );
        assert_eq!(
            of("low", "map", "TO_DEVICE", 66, "direct phys=103f"),
            (3, 0, 1)
        );
    }

    #[test]
    fn cells_that_no_cache_holds_need_copies_alone() {
        let note = "bounced by cell phys=40000000";
        let (pair, map) = (
            of("high", "pair", "FROM_DEVICE", 64, note),
            of("high", "map", "TO_DEVICE", 64, note),
        );
        assert_eq!((pair, map), ((0, 128, 0), (0, 64, 0)));
    }

    #[test]
    fn a_device_that_snoops_needs_copies_alone() {
        assert_eq!(
            of("high_coherent", "pair", "FROM_DEVICE", 64, "bounced phys=0"),
            (0, 128, 0)
        );
        assert_eq!(
            of("low_coherent", "map", "TO_DEVICE", 64, "direct phys=0"),
            (0, 0, 0)
        );
    }
}
