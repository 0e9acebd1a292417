//! The partition table in a card's first block.
//!
//! Primary partitions only: four entries of 16 bytes at byte 446, then the signature. Cylinders and
//! heads are not looked at; no tool fills them in reliably. A card that was formatted without being
//! partitioned has a volume's boot sector there instead.

use core::fmt;

const SIGNATURE: [u8; 2] = [0x55, 0xAA];
const TABLE: usize = 446;
const ENTRY: usize = 16;
/// Types of FAT16 and FAT32, by CHS or LBA.
const FAT: [u8; 5] = [0x04, 0x06, 0x0B, 0x0C, 0x0E];

/// A stretch of the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which entry, from 1 on; 0 is a whole card without a table.
    pub number: u8,
    /// What the table says is in it.
    pub kind: u8,
    /// First block.
    pub start: u64,
    /// Blocks, not zero.
    pub blocks: u64,
}

/// What is wrong with a partition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MbrError {
    /// The block does not end as a partition table does.
    NoSignature {
        /// Its last two bytes.
        found: [u8; 2],
    },
    /// The status byte is neither "active" nor "inactive".
    Status {
        /// Which entry, from 1 on.
        number: u8,
        /// The byte.
        status: u8,
    },
    /// A partition without blocks, or one that covers the table itself.
    Empty {
        /// The entry as it stands.
        partition: Partition,
    },
    /// A partition that ends behind the card: the card is smaller than that which was written, or
    /// the image was cut.
    BeyondCard {
        /// The entry as it stands.
        partition: Partition,
        /// Blocks of the card.
        card: u64,
    },
    /// Two partitions share blocks.
    Overlap {
        /// The one.
        first: u8,
        /// The other.
        second: u8,
    },
    /// No partition of a type that is FAT16 or FAT32.
    NoFat {
        /// The types that there are; zero is none.
        kinds: [u8; 4],
    },
}

/// What to do about a table that cannot be used.
const REMEDY: &str = "partition the card (MBR, FAT16 or FAT32)";

impl fmt::Display for MbrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSignature { found: [a, b] } => {
                write!(
                    f,
                    "no partition table: block 0 ends in {a:02x} {b:02x}, not 55 aa; {REMEDY}"
                )
            }
            Self::Status { number, status } => {
                write!(
                    f,
                    "broken partition table: entry {number} has status {status:#04x}; {REMEDY}"
                )
            }
            Self::Empty { partition: p } => write!(
                f,
                "broken partition table: entry {} has {} blocks at {}; {REMEDY}",
                p.number, p.blocks, p.start
            ),
            Self::BeyondCard { partition: p, card } => write!(
                f,
                "partition {} has blocks {} to {}, the card {card} in all: the image was cut, or \
                 written to a smaller card; write it again, whole",
                p.number,
                p.start,
                p.start + p.blocks - 1
            ),
            Self::Overlap { first, second } => {
                write!(
                    f,
                    "broken partition table: entries {first} and {second} overlap; {REMEDY}"
                )
            }
            Self::NoFat { kinds } => write!(
                f,
                "no FAT partition among types {kinds:02x?}: format one as FAT16 or FAT32"
            ),
        }
    }
}

/// The table: which entries there are, on a card of `card` blocks.
pub fn parse(block: &[u8; 512], card: u64) -> Result<[Option<Partition>; 4], MbrError> {
    let found = [block[510], block[511]];
    if found != SIGNATURE {
        return Err(MbrError::NoSignature { found });
    }
    let mut table = [None; 4];
    for (index, slot) in table.iter_mut().enumerate() {
        let at = TABLE + index * ENTRY;
        *slot = entry(index as u8 + 1, &block[at..at + ENTRY], card)?;
    }
    disjoint(&table)?;
    Ok(table)
}

fn entry(number: u8, bytes: &[u8], card: u64) -> Result<Option<Partition>, MbrError> {
    let (status, kind) = (bytes[0], bytes[4]);
    if status & 0x7F != 0 {
        return Err(MbrError::Status { number, status });
    }
    if kind == 0 {
        return Ok(None);
    }
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let partition = Partition {
        number,
        kind,
        start: word(8).into(),
        blocks: word(12).into(),
    };
    if partition.start == 0 || partition.blocks == 0 {
        return Err(MbrError::Empty { partition });
    }
    if partition.start + partition.blocks > card {
        return Err(MbrError::BeyondCard { partition, card });
    }
    Ok(Some(partition))
}

fn disjoint(table: &[Option<Partition>; 4]) -> Result<(), MbrError> {
    let there = || table.iter().flatten();
    for a in there() {
        let clash = |b: &&Partition| a.start < b.start + b.blocks && b.start < a.start + a.blocks;
        if let Some(b) = there().filter(|b| b.number > a.number).find(clash) {
            let (first, second) = (a.number, b.number);
            return Err(MbrError::Overlap { first, second });
        }
    }
    Ok(())
}

/// Where the volume is, by the first block of a card of `card` blocks: in the first FAT partition, or
/// all over the card.
pub fn locate(block: &[u8; 512], card: u64) -> Result<Partition, MbrError> {
    match parse(block, card).and_then(|table| first_fat(&table)) {
        Err(_) if is_boot_sector(block) => Ok(Partition {
            number: 0,
            kind: 0,
            start: 0,
            blocks: card,
        }),
        found => found,
    }
}

/// Does a FAT volume begin here? Told by its jump over the parameters, and by parameters that no boot
/// code has in these places.
fn is_boot_sector(block: &[u8; 512]) -> bool {
    let jumps = block[0] == 0xEB && block[2] == 0x90 || block[0] == 0xE9;
    let (sectors, media) = (&block[11..13], block[21]);
    let signed = block[510..] == SIGNATURE;
    signed && jumps && *sectors == [0x00, 0x02] && block[13].is_power_of_two() && media >= 0xF0
}

/// The first partition of a type that is FAT.
pub fn first_fat(table: &[Option<Partition>; 4]) -> Result<Partition, MbrError> {
    let fat = table.iter().flatten().find(|p| FAT.contains(&p.kind));
    let kinds = table.map(|entry| entry.map_or(0, |p| p.kind));
    fat.copied().ok_or(MbrError::NoFat { kinds })
}
