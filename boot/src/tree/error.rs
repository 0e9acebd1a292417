//! What can be wrong with a device tree.

use super::Name;
use core::fmt;
use dtoolkit::error::FdtParseError;
use hal::{PhysRange, RangeError, WindowError};

/// Why a tree cannot be used. Each formats to one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// Fewer bytes than a header has.
    Short {
        /// Bytes there are.
        len: usize,
    },
    /// The first word is not the magic number of a flattened tree.
    Magic {
        /// What stands there instead.
        word: u32,
    },
    /// The tree says it is longer than the memory that is mapped for it.
    TooLarge {
        /// Bytes by its own header.
        size: usize,
        /// Bytes from its start to the end of the mapped window.
        room: usize,
    },
    /// The structure is broken.
    Malformed(FdtParseError),
    /// A valid tree of another machine.
    Foreign {
        /// First entry of its `compatible`.
        compatible: Name,
    },
    /// Nodes are nested deeper than any board needs.
    Deep {
        /// Levels that are followed.
        max: usize,
    },
    /// More of something than there is room for.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
    /// A property has a value that its definition does not allow.
    Property {
        /// Node that has it.
        node: Name,
        /// Name of the property.
        property: &'static str,
        /// Length of the value in bytes.
        len: usize,
    },
    /// A bus counts its address or size cells in a way that no address can be read with.
    Cells {
        /// The bus.
        node: Name,
        /// Its `#address-cells`.
        address: u32,
        /// Its `#size-cells`.
        size: u32,
    },
    /// A range is empty or wraps.
    Range {
        /// Node that has it.
        node: Name,
        /// Name of the property.
        property: &'static str,
        /// What is wrong.
        error: RangeError,
    },
    /// The bus side of a range wraps.
    Window {
        /// Node that has it.
        node: Name,
        /// Name of the property.
        property: &'static str,
        /// What is wrong.
        error: WindowError,
    },
    /// A device's registers are not visible to the CPU through the `ranges` above it.
    Hidden {
        /// The device.
        node: Name,
        /// Address on its own bus.
        address: u64,
        /// Length in bytes.
        len: u64,
    },
    /// Two banks claim the same bytes.
    BanksOverlap {
        /// The lower one.
        first: PhysRange,
        /// The higher one.
        second: PhysRange,
    },
    /// A bank lies where this chip has registers or nothing.
    NotRam {
        /// The bank.
        bank: PhysRange,
    },
    /// No bank at all.
    NoRam,
    /// Start and end of the initial RAM disk make no range, or none inside a bank.
    Initrd {
        /// First address.
        start: u64,
        /// First address behind it.
        end: u64,
    },
}

impl fmt::Display for TreeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { len } => write!(f, "{len} bytes are too few for a device tree"),
            Self::Magic { word } => write!(f, "no device tree: begins with {word:#010x}"),
            Self::TooLarge { size, room } => {
                write!(f, "device tree of {size} bytes in a window of {room}")
            }
            Self::Malformed(error) => write!(f, "malformed device tree: {error}"),
            Self::Foreign { compatible } => {
                write!(f, "device tree of another machine: {compatible}")
            }
            Self::Deep { max } => write!(f, "device tree nested deeper than {max} levels"),
            Self::TooMany { what, max } => write!(f, "device tree has more than {max} {what}"),
            Self::NoRam => write!(f, "device tree names no RAM"),
            Self::NotRam { bank } => write!(f, "bank {bank} is not RAM on this chip"),
            Self::BanksOverlap { first, second } => write!(f, "banks {first} and {second} overlap"),
            Self::Initrd { start, end } => write!(f, "initrd {start:#x} to {end:#x} is not in RAM"),
            _ => self.fmt_property(f),
        }
    }
}

impl TreeError {
    /// The errors that name a node.
    fn fmt_property(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property {
                node,
                property,
                len,
            } => {
                write!(f, "{node}: bad value of {property} ({len} bytes)")
            }
            Self::Cells {
                node,
                address,
                size,
            } => {
                write!(
                    f,
                    "{node}: addresses of {address} and sizes of {size} cells"
                )
            }
            Self::Range {
                node,
                property,
                error,
            } => write!(f, "{node}: {property}: {error}"),
            Self::Window {
                node,
                property,
                error,
            } => write!(f, "{node}: {property}: {error}"),
            Self::Hidden { node, address, len } => {
                write!(
                    f,
                    "{node}: no CPU address for {len:#x} bytes at {address:#x}"
                )
            }
            other => unreachable!("`fmt` formats {other:?} itself"),
        }
    }
}

impl From<FdtParseError> for TreeError {
    fn from(error: FdtParseError) -> Self {
        Self::Malformed(error)
    }
}
