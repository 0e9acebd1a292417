//! What the user asks of the pool: `swiotlb=<slots>[,<areas>][,force|noforce]` (BP-1), and how far it may
//! grow, `swiotlb.max=<slots>`, when it shrinks, `swiotlb.idle=<milliseconds>`, and how much of it one
//! device may have, `swiotlb.quota=<slots>`.
//!
//! Every part may be left out, in this order. Nonsense never stops a boot: the part is ignored, the
//! default stands, and [`Complaint`] says what was wrong.

use super::{CHUNK_SLOTS, CHUNKS, SLOT};
use crate::reason::Bouncing;
use arrayvec::ArrayVec;
use core::fmt;
use hal::MAX_CPUS;

/// Slots that Linux allocates from together: sizes are rounded up to this (GEO-1).
const SEGMENT_SLOTS: u32 = 128;
/// Slots that a pool has at rest where nothing is said: 1 MiB, half a chunk.
const FLOOR_SLOTS: u32 = 512;
/// Slots of all chunks.
const MOST_SLOTS: u32 = CHUNKS as u32 * CHUNK_SLOTS;
/// Milliseconds for which a chunk stays empty before it goes back. A chunk is fetched in some thousand
/// instructions, so it need not be long.
const IDLE_MS: u32 = 250;

/// A part of the options that was not taken as it stood.
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
    /// More areas than there are cores, or chunks to prefer: clipped.
    Areas {
        /// Areas asked for.
        wanted: u32,
        /// Areas given.
        given: u32,
    },
    /// A ceiling that is no number.
    Ceiling(&'a str),
    /// A ceiling below the floor, or above what a pool can have.
    CeilingClipped {
        /// Slots asked for.
        wanted: u32,
        /// Slots given.
        given: u32,
    },
    /// An idle time that is no number, or none.
    Idle(&'a str),
    /// A quota that is no number, or none.
    Quota(&'a str),
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
                "swiotlb=0: no slots, using {FLOOR_SLOTS} (noforce means none)"
            ),
            Self::Clipped { wanted, given } => write!(
                f,
                "swiotlb=: {wanted} slots wanted, {given} given ({} KiB; the pool is {CHUNKS} chunks at most)",
                u64::from(*given) * SLOT / 1024
            ),
            Self::Areas { wanted, given } => {
                write!(
                    f,
                    "swiotlb=: {wanted} areas wanted, {given} given (one for each core and chunk)"
                )
            }
            Self::Ceiling(part) => write!(
                f,
                "swiotlb.max=: ignored \"{part}\" (want <slots>), using {MOST_SLOTS}"
            ),
            Self::CeilingClipped { wanted, given } => write!(
                f,
                "swiotlb.max=: {wanted} slots wanted, {given} given ({} KiB; between swiotlb= and {CHUNKS} chunks)",
                u64::from(*given) * SLOT / 1024
            ),
            Self::Idle(part) => write!(
                f,
                "swiotlb.idle=: ignored \"{part}\" (want <milliseconds> above 0), using {IDLE_MS}"
            ),
            Self::Quota(part) => write!(
                f,
                "swiotlb.quota=: ignored \"{part}\" (want <slots> above 0), no device has a quota"
            ),
        }
    }
}

/// At most one complaint for each part.
pub type Complaints<'a> = ArrayVec<Complaint<'a>, 7>;

/// What the pool is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Slots of the floor, a multiple of 128 (Linux's segment).
    pub slots: u32,
    /// Chunks at most that the cores prefer.
    pub areas: u32,
    /// What bounces.
    pub bouncing: Bouncing,
    /// Slots that the pool grows to at most, in whole chunks.
    pub ceiling: u32,
    /// Milliseconds for which a chunk above the floor stays empty before it goes back.
    pub idle_ms: u32,
    /// Slots that a device may have at a time whose description does not say; `None`: all.
    pub quota: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            slots: FLOOR_SLOTS,
            areas: MAX_CPUS as u32,
            bouncing: Bouncing::AsNeeded,
            ceiling: MOST_SLOTS,
            idle_ms: IDLE_MS,
            quota: None,
        }
    }
}

impl Options {
    /// Reads the values of the options: what stands behind `swiotlb=`, `swiotlb.max=` and
    /// `swiotlb.idle=`, where they are given.
    pub fn parse<'a>(
        pool: Option<&'a str>,
        max: Option<&'a str>,
        idle: Option<&'a str>,
    ) -> (Self, Complaints<'a>) {
        let (mut options, mut complaints) = (Self::default(), Complaints::new());
        if let Some(value) = pool {
            options.pool(value, &mut complaints);
        }
        if let Some(value) = max {
            options.limit(value, &mut complaints);
        }
        options.ceiling = options
            .ceiling
            .max(options.slots.next_multiple_of(CHUNK_SLOTS));
        if let Some(value) = idle {
            options.patience(value, &mut complaints);
        }
        (options, complaints)
    }

    /// Reads the value of `swiotlb.quota=`.
    pub fn with_quota<'a>(mut self, value: &'a str, complaints: &mut Complaints<'a>) -> Self {
        match value.parse() {
            Ok(slots) if slots > 0 => self.quota = Some(slots),
            _ => complain(complaints, Complaint::Quota(value)),
        }
        self
    }

    /// Chunks that the pool grows to at most.
    pub fn ceiling_chunks(&self) -> usize {
        self.ceiling.div_ceil(CHUNK_SLOTS) as usize
    }

    fn pool<'a>(&mut self, value: &'a str, complaints: &mut Complaints<'a>) {
        let mut parts = Parts::default();
        for part in value.split(',') {
            if !parts.take(part) {
                complain(complaints, Complaint::Unknown(part));
            }
        }
        self.bouncing = parts.bouncing();
        self.size(parts.numbers, complaints);
    }

    fn size<'a>(&mut self, [slots, areas]: [Option<u32>; 2], complaints: &mut Complaints<'a>) {
        match slots {
            Some(0) => complain(complaints, Complaint::NoSlots),
            Some(slots) => {
                let wanted = linux_slots(slots, areas.unwrap_or(1));
                self.slots = wanted.min(MOST_SLOTS);
                let given = self.slots;
                if wanted > given {
                    complain(complaints, Complaint::Clipped { wanted, given });
                }
            }
            None => {}
        }
        if let Some(wanted) = areas {
            self.areas = wanted.clamp(1, MAX_CPUS as u32);
            let given = self.areas;
            if wanted != given {
                complain(complaints, Complaint::Areas { wanted, given });
            }
        }
    }

    fn limit<'a>(&mut self, value: &'a str, complaints: &mut Complaints<'a>) {
        let Ok(wanted) = value.parse::<u32>() else {
            return complain(complaints, Complaint::Ceiling(value));
        };
        let given = wanted.clamp(self.slots, MOST_SLOTS);
        if given != wanted {
            complain(complaints, Complaint::CeilingClipped { wanted, given });
        }
        self.ceiling = given.next_multiple_of(CHUNK_SLOTS);
    }

    fn patience<'a>(&mut self, value: &'a str, complaints: &mut Complaints<'a>) {
        match value.parse() {
            Ok(ms) if ms > 0 => self.idle_ms = ms,
            _ => complain(complaints, Complaint::Idle(value)),
        }
    }
}

/// Keeps a complaint, if there is room for one more.
fn complain<'a>(complaints: &mut Complaints<'a>, complaint: Complaint<'a>) {
    // One too many says nothing new.
    let _ = complaints.try_push(complaint);
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

    fn read(value: &str) -> (Options, Complaints<'_>) {
        Options::parse(Some(value), None, None)
    }

    fn parse(value: &str) -> Options {
        let (options, complaints) = read(value);
        assert!(complaints.is_empty(), "{value}: {complaints:?}");
        options
    }

    fn complaint(value: &str) -> std::string::String {
        read(value).1.first().expect("a complaint").to_string()
    }

    #[test]
    fn bp_1_every_part_may_be_left_out() {
        let plain = Options::default();
        assert_eq!(Options::parse(None, None, None).0, plain);
        assert_eq!(parse("force").bouncing, Bouncing::Forced);
        assert_eq!(parse("noforce").bouncing, Bouncing::Off);
        assert_eq!(
            parse("1024"),
            Options {
                slots: 1024,
                ..plain
            }
        );
        let forced = Options {
            slots: 1024,
            areas: 1,
            bouncing: Bouncing::Forced,
            ..plain
        };
        assert_eq!(parse("1024,1,force"), forced);
        assert_eq!(parse("1024,noforce").bouncing, Bouncing::Off);
    }

    #[test]
    fn geo_1_sizes_round_as_in_linux() {
        assert_eq!(parse("100").slots, 128);
        assert_eq!(parse("100,4").slots, 512);
        assert_eq!(linux_slots(129, 1), 256);
        assert_eq!(linux_slots(u32::MAX, 4), u32::MAX);
    }

    #[test]
    fn a_larger_pool_is_clipped_with_a_line() {
        assert_eq!(parse("65536").slots, 65536);
        assert_eq!(read("131072").0.slots, 65536);
        assert_eq!(
            complaint("131072"),
            "swiotlb=: 131072 slots wanted, 65536 given (131072 KiB; the pool is 64 chunks at most)"
        );
        assert_eq!(read("512,9").0.areas, 4);
        assert!(complaint("512,9").contains("9 areas wanted, 4 given"));
        assert!(complaint("512,0").contains("0 areas wanted, 1 given"));
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
            let (options, complaints) = read(value);
            assert!(!complaints.is_empty(), "{value} was taken silently");
            assert!(options.slots > 0 && options.slots <= MOST_SLOTS);
        }
        assert_eq!(read("banana").0, Options::default());
        assert!(complaint("0").contains("no slots"));
        assert_eq!(
            read("a,b,c,d,e,f,g,h").1.len(),
            7,
            "as many as there is room for"
        );
    }

    #[test]
    fn the_ceiling_lies_between_the_floor_and_all_chunks() {
        let ceiling = |pool, max| {
            let (options, complaints) = Options::parse(pool, Some(max), None);
            (options.ceiling, complaints.first().map(ToString::to_string))
        };
        assert_eq!(ceiling(None, "2048"), (2048, None));
        assert_eq!(ceiling(None, "1500"), (2048, None), "whole chunks");
        let (given, line) = ceiling(Some("4096"), "1024");
        assert_eq!(given, 4096);
        assert!(line.is_some_and(|line| line.contains("1024 slots wanted, 4096 given")));
        assert_eq!(ceiling(None, "70000").0, 65536);
        let (given, line) = ceiling(None, "much");
        assert_eq!(given, 65536);
        assert!(line.is_some_and(|line| line.contains("ignored \"much\"")));
        assert_eq!(parse("65536").ceiling_chunks(), 64);
    }

    #[test]
    fn qt_1_the_quota_of_all_devices_is_a_number_of_slots() {
        let quota = |value| {
            let mut complaints = Complaints::new();
            let options = Options::default().with_quota(value, &mut complaints);
            (
                options.quota,
                complaints
                    .first()
                    .is_some_and(|c| c.to_string().contains(value)),
            )
        };
        assert_eq!(quota("4096"), (Some(4096), false));
        for nonsense in ["0", "-1", "half"] {
            assert_eq!(quota(nonsense), (None, true), "{nonsense}");
        }
    }

    #[test]
    fn the_idle_time_is_a_number_of_milliseconds() {
        let idle = |value| {
            let (options, complaints) = Options::parse(None, None, Some(value));
            (options.idle_ms, complaints.len())
        };
        assert_eq!(idle("20"), (20, 0));
        for nonsense in ["0", "-5", "soon", ""] {
            assert_eq!(idle(nonsense), (IDLE_MS, 1), "{nonsense}");
        }
    }
}
