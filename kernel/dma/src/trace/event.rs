//! One event: what happened, to whom, where.

use crate::attrs::Attrs;
use crate::direction::Dir;

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $number:literal, $name:literal;)*) => {
        /// What happened. Recorded when it is done, save a launch: that is before its address is used.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $kind = $number,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// As it stands in a trace.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }
        }
    };
}

kinds! {
    /// Mapped where it lies.
    Map = 1, "map";
    /// Mapped through the pool.
    Bounce = 2, "bounce";
    /// Unmapped.
    Unmap = 3, "unmap";
    /// Unmapped, and left to the devices.
    UnmapSkipSync = 4, "skip";
    /// A part was shown to the CPU.
    SyncForCpu = 5, "for_cpu";
    /// A part was shown to the device.
    SyncForDevice = 6, "for_device";
    /// The address goes to the hardware, for one transfer.
    Launch = 7, "launch";
    /// The address goes to the hardware, for good.
    Expose = 8, "expose";
    /// The transfer is over: its engine has halted.
    End = 9, "end";
    /// The exposure is over.
    Settle = 10, "settle";
    /// The engine did not confirm its halt: the memory is nobody's.
    Quarantine = 11, "quarantine";
    /// The memory left quarantine.
    Free = 12, "free";
    /// A mapping was refused. The address is the buffer's own.
    Refuse = 13, "refuse";
    /// The pool has more memory. No device.
    Grow = 14, "grow";
    /// The pool has less memory. No device.
    Shrink = 15, "shrink";
    /// Lines were written back. From here on addresses are physical.
    Clean = 16, "clean";
    /// Lines were written back and dropped.
    CleanInvalidate = 17, "flush";
    /// Lines were dropped.
    Invalidate = 18, "drop";
    /// This core's maintenance is complete.
    Complete = 19, "wait";
    /// Bytes went into the pool, and their lines to RAM if the device does not snoop.
    CopyIn = 20, "copy_in";
    /// Bytes came out of the pool.
    CopyOut = 21, "copy_out";
    /// Bytes were stored to uncached memory.
    Put = 22, "put";
    /// Bytes came out of uncached memory.
    Take = 23, "take";
    /// This core's stores come before its next doorbell.
    Publish = 24, "publish";
    /// This core's loads come behind the last status that it read.
    Acquire = 25, "acquire";
}

impl Kind {
    const fn from_number(number: u8) -> Option<Self> {
        if number == 0 || number as usize > Self::ALL.len() {
            return None;
        }
        Some(Self::ALL[number as usize - 1])
    }

    /// Does it end a mapping?
    pub(crate) const fn ends(self) -> bool {
        matches!(self, Self::Unmap | Self::UnmapSkipSync | Self::Quarantine)
    }

    /// Is it about caches and copies, and so in a trace under `dma_debug=trace` alone?
    pub const fn is_maintenance(self) -> bool {
        self as u8 >= Self::Clean as u8
    }
}

/// What goes into an event beside numbers, made where it happens: all of it constant but the device.
///
/// | bits | are |
/// |---|---|
/// | 0..8 | the kind |
/// | 8..10 | the direction, if there is one |
/// | 10 | a list |
/// | 11..16 | attributes |
/// | 16..32 | the device's number |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(pub(crate) u32);

const LIST: u32 = 1 << 10;

impl Tag {
    /// Of a mapping.
    pub(crate) const fn new(kind: Kind, dir: Dir, device: u32) -> Self {
        let dir = match dir {
            Dir::ToDevice => 1,
            Dir::FromDevice => 2,
            Dir::Bidirectional => 3,
        };
        Self(kind as u32 | dir << 8 | device << 16)
    }

    /// Of something that has no direction.
    pub(crate) const fn plain(kind: Kind, device: u32) -> Self {
        Self(kind as u32 | device << 16)
    }

    pub(crate) const fn list(self) -> Self {
        Self(self.0 | LIST)
    }

    pub(crate) const fn attrs(self, attrs: Attrs) -> Self {
        Self(self.0 | (attrs.bits() as u32) << 11)
    }

    const fn dir(self) -> Option<Dir> {
        match self.0 >> 8 & 3 {
            0 => None,
            1 => Some(Dir::ToDevice),
            2 => Some(Dir::FromDevice),
            _ => Some(Dir::Bidirectional),
        }
    }
}

/// One event of a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which of its core's, counted from 0 and from 0 again behind 2^32 - 1.
    pub number: u32,
    /// When, by a clock of all cores; no unit.
    pub stamp: u64,
    /// What.
    pub kind: Kind,
    /// Of a list: the address is that of its first piece.
    pub list: bool,
    /// The device's number, its lowest 16 bits.
    pub device: u16,
    /// The mapping's direction, if it is about a mapping.
    pub dir: Option<Dir>,
    /// What was said of the mapping, where it was made.
    pub attrs: Attrs,
    /// Where the device finds it; physical for maintenance and for refusals.
    pub addr: u64,
    /// Bytes.
    pub len: u64,
}

impl Event {
    /// Event `number` from what the ring has of it; `None` if it never had one there.
    pub(crate) fn unpack(number: u64, stamp: u64, tag: Tag, addr: u64, len: u64) -> Option<Self> {
        Some(Self {
            number: number as u32,
            stamp,
            kind: Kind::from_number(tag.0 as u8)?,
            list: tag.0 & LIST != 0,
            device: (tag.0 >> 16) as u16,
            dir: tag.dir(),
            attrs: Attrs::from_bits((tag.0 >> 11) as u8),
            addr,
            len,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_number_and_a_name_of_its_own() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, at + 1);
            assert_eq!(Kind::from_number(*kind as u8), Some(*kind));
            assert!(
                Kind::ALL[..at]
                    .iter()
                    .all(|other| other.name() != kind.name())
            );
        }
        assert_eq!(Kind::from_number(0), None);
        assert_eq!(Kind::from_number(Kind::ALL.len() as u8 + 1), None);
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        for dir in [Dir::ToDevice, Dir::FromDevice, Dir::Bidirectional] {
            let tag = Tag::new(Kind::Bounce, dir, 0xFFFF).attrs(Attrs::SHARED);
            let event = Event::unpack((1 << 32) - 1, 7, tag.list(), 1 << 63, 64);
            let event = event.expect("a kind");
            assert_eq!((event.number, event.stamp), (u32::MAX, 7));
            assert_eq!(
                (event.kind, event.dir, event.list),
                (Kind::Bounce, Some(dir), true)
            );
            assert_eq!((event.device, event.attrs), (0xFFFF, Attrs::SHARED));
            assert_eq!((event.addr, event.len), (1 << 63, 64));
            let single = Event::unpack(0, 0, tag, 0, 0).expect("a kind");
            assert!(!single.list);
        }
        let plain = Event::unpack(0, 0, Tag::plain(Kind::Clean, 3), 0, 0);
        assert_eq!(
            plain.map(|event| (event.dir, event.device)),
            Some((None, 3))
        );
        assert_eq!(
            Event::unpack(0, 0, Tag(0), 0, 0),
            None,
            "a slot that was never used"
        );
    }
}
