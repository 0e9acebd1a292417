//! `swiotlb=<slots>[,<areas>][,force|noforce]`: what the user asks of the pool (BP-1).
//!
//! Every part may be left out, in this order. Nonsense never stops a boot: the part is ignored, the
//! default stands, and [`Complaint`] says what was wrong.

use super::{CHUNK_SLOTS, SLOT};
use crate::reason::Bouncing;
use arrayvec::ArrayVec;
use core::fmt;
use hal::MAX_CPUS;

/// Slots that Linux allocates from together: sizes are rounded up to this (GEO-1).
const SEGMENT_SLOTS: u32 = 128;

/// A part of the option that was not taken as it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaint<'a> {
    /// Not a number, `force` or `noforce`, or one of them too many.
    Unknown(&'a str),
    /// A pool of no slots: the default is used.
    NoSlots,
    /// More slots than the pool can have: clipped.
    Clipped {
        /// Slots asked for, rounded as Linux rounds them.
        wanted: u32,
        /// Slots given.
        given: u32,
    },
    /// More areas than there are chunks to prefer: clipped.
    Areas {
        /// Areas asked for.
        wanted: u32,
        /// Areas given.
        given: u32,
    },
}

impl fmt::Display for Complaint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(part) => write!(
                f,
                "swiotlb=: ignored \"{part}\" (want <slots>[,<areas>][,force|noforce])"
            ),
            Self::NoSlots => write!(
                f,
                "swiotlb=0: no slots, using {CHUNK_SLOTS} (noforce means none)"
            ),
            Self::Clipped { wanted, given } => write!(
                f,
                "swiotlb=: {wanted} slots wanted, {given} given ({} KiB; the pool is one chunk)",
                u64::from(*given) * SLOT / 1024
            ),
            Self::Areas { wanted, given } => {
                write!(
                    f,
                    "swiotlb=: {wanted} areas wanted, {given} given (one for each chunk)"
                )
            }
        }
    }
}

/// At most one complaint for each part.
pub type Complaints<'a> = ArrayVec<Complaint<'a>, 4>;

/// What the pool is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Slots, a multiple of 128 (Linux's segment), at most a chunk.
    pub slots: u32,
    /// What bounces.
    pub bouncing: Bouncing,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            slots: CHUNK_SLOTS,
            bouncing: Bouncing::AsNeeded,
        }
    }
}

impl Options {
    /// Reads the value of the option (what stands behind `swiotlb=`).
    pub fn parse(value: &str) -> (Self, Complaints<'_>) {
        let mut parts = Parts::default();
        let mut complaints = Complaints::new();
        for part in value.split(',') {
            if !parts.take(part) && !complaints.is_full() {
                complaints.push(Complaint::Unknown(part));
            }
        }
        let mut options = Self {
            bouncing: parts.bouncing(),
            ..Self::default()
        };
        options.size(parts.numbers, &mut complaints);
        (options, complaints)
    }

    fn size<'a>(&mut self, numbers: [Option<u32>; 2], complaints: &mut Complaints<'a>) {
        let mut complain = |complaint| {
            if !complaints.is_full() {
                complaints.push(complaint);
            }
        };
        match numbers[0] {
            Some(0) => complain(Complaint::NoSlots),
            Some(slots) => {
                let wanted = linux_slots(slots, numbers[1].unwrap_or(1));
                self.slots = wanted.min(CHUNK_SLOTS);
                if wanted > CHUNK_SLOTS {
                    complain(Complaint::Clipped {
                        wanted,
                        given: self.slots,
                    });
                }
            }
            None => {}
        }
        if let Some(wanted) = numbers[1].filter(|&areas| areas > 1) {
            complain(Complaint::Areas { wanted, given: 1 });
        }
    }
}

/// Slots as Linux rounds them: whole segments, one at least for each area, and with several areas
/// a power of two (GEO-1).
fn linux_slots(slots: u32, areas: u32) -> u32 {
    let areas = areas.clamp(1, MAX_CPUS as u32).next_power_of_two();
    let rounded = slots
        .checked_next_multiple_of(SEGMENT_SLOTS)
        .unwrap_or(u32::MAX);
    if areas == 1 {
        return rounded;
    }
    rounded
        .max(areas * SEGMENT_SLOTS)
        .checked_next_power_of_two()
        .unwrap_or(u32::MAX)
}

/// The parts in their order.
#[derive(Default)]
struct Parts<'a> {
    numbers: [Option<u32>; 2],
    word: Option<&'a str>,
    seen: usize,
}

impl<'a> Parts<'a> {
    /// Takes one part, or says that it does not belong here.
    fn take(&mut self, part: &'a str) -> bool {
        if self.word.is_some() {
            return false;
        }
        if matches!(part, "force" | "noforce") {
            self.word = Some(part);
            return true;
        }
        let (Ok(number), true) = (part.parse(), self.seen < 2) else {
            return false;
        };
        self.numbers[self.seen] = Some(number);
        self.seen += 1;
        true
    }

    fn bouncing(&self) -> Bouncing {
        match self.word {
            Some("force") => Bouncing::Forced,
            Some(_) => Bouncing::Off,
            None => Bouncing::AsNeeded,
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    fn parse(value: &str) -> Options {
        let (options, complaints) = Options::parse(value);
        assert!(complaints.is_empty(), "{value}: {complaints:?}");
        options
    }

    fn complaint(value: &str) -> std::string::String {
        Options::parse(value)
            .1
            .first()
            .expect("a complaint")
            .to_string()
    }

    #[test]
    fn bp_1_every_part_may_be_left_out() {
        assert_eq!(parse("force").bouncing, Bouncing::Forced);
        assert_eq!(parse("noforce").bouncing, Bouncing::Off);
        assert_eq!(
            parse("512"),
            Options {
                slots: 512,
                bouncing: Bouncing::AsNeeded
            }
        );
        assert_eq!(
            parse("512,1,force"),
            Options {
                slots: 512,
                bouncing: Bouncing::Forced
            }
        );
        assert_eq!(parse("512,noforce").bouncing, Bouncing::Off);
    }

    #[test]
    fn geo_1_sizes_round_as_in_linux() {
        assert_eq!(parse("100").slots, 128);
        assert_eq!(linux_slots(100, 4), 512);
        assert_eq!(linux_slots(129, 1), 256);
        assert_eq!(linux_slots(u32::MAX, 4), u32::MAX);
    }

    #[test]
    fn a_larger_pool_is_clipped_to_one_chunk_with_a_line() {
        let (options, _) = Options::parse("32768");
        assert_eq!(options.slots, CHUNK_SLOTS);
        assert_eq!(
            complaint("32768"),
            "swiotlb=: 32768 slots wanted, 1024 given (2048 KiB; the pool is one chunk)"
        );
    }

    #[test]
    fn nonsense_is_named_and_the_default_stands() {
        for value in [
            "banana",
            "",
            "-1",
            "force,force",
            "1,2,3",
            "force,512",
            "0x10",
            "99999999999",
        ] {
            let (options, complaints) = Options::parse(value);
            assert!(!complaints.is_empty(), "{value} was taken silently");
            assert!(options.slots > 0 && options.slots <= CHUNK_SLOTS);
        }
        assert_eq!(Options::parse("banana").0, Options::default());
        assert!(complaint("0").contains("no slots"));
        assert!(complaint("512,4").contains("4 areas wanted, 1 given"));
    }
}
