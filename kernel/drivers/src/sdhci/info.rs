//! What a card says of itself: CID and CSD. Pure.

use core::fmt;

/// How a card is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// By bytes: SDSC, up to 2 GiB.
    Bytes,
    /// By blocks of 512 bytes: SDHC and SDXC.
    Blocks,
}

/// A card's identity and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Who made it.
    pub manufacturer: u8,
    /// For whom: two letters.
    pub oem: [u8; 2],
    /// Its name: five letters.
    pub product: [u8; 5],
    /// Its serial number.
    pub serial: u32,
    /// Year and month of manufacture.
    pub made: (u16, u8),
    /// Blocks of 512 bytes.
    pub blocks: u64,
    /// How blocks are asked for.
    pub addressing: Addressing,
}

/// `len` bits of `word` from bit `low` on.
const fn bits(word: u128, low: u32, len: u32) -> u64 {
    (word >> low) as u64 & ((1 << len) - 1)
}

/// The blocks that a CSD tells of.
fn capacity(csd: u128) -> u64 {
    // Structure 0 is that of SDSC, all later ones count in 512 KiB.
    if bits(csd, 126, 2) != 0 {
        return (bits(csd, 48, 22) + 1) * 1024;
    }
    let (size, multiplier, length) = (bits(csd, 62, 12), bits(csd, 47, 3), bits(csd, 80, 4));
    ((size + 1) << (multiplier + 2 + length)) / super::BLOCK
}

impl Info {
    /// Reads both registers.
    pub(crate) fn new(cid: u128, csd: u128, addressing: Addressing) -> Self {
        let letter = |low| bits(cid, low, 8) as u8;
        Self {
            manufacturer: letter(120),
            oem: [112, 104].map(letter),
            product: [96, 88, 80, 72, 64].map(letter),
            serial: bits(cid, 24, 32) as u32,
            made: (2000 + bits(cid, 12, 8) as u16, bits(cid, 8, 4) as u8),
            blocks: capacity(csd),
            addressing,
        }
    }

    /// Bytes on the card.
    pub const fn bytes(&self) -> u64 {
        self.blocks * super::BLOCK
    }

    /// The argument that asks for block `lba`.
    pub(crate) fn argument(&self, lba: u32) -> u32 {
        match self.addressing {
            Addressing::Blocks => lba,
            // An SDSC card has 4 GiB at most, and `lba` lies on it.
            Addressing::Bytes => lba.wrapping_mul(super::BLOCK as u32),
        }
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.product {
            let shown = byte.is_ascii_graphic();
            write!(f, "{}", if shown { char::from(byte) } else { '?' })?;
        }
        let kind = match self.addressing {
            Addressing::Bytes => "SDSC",
            Addressing::Blocks => "SDHC",
        };
        let (serial, (year, month)) = (self.serial, self.made);
        write!(
            f,
            " {kind}, {} blocks, serial {serial:08x}, {year}-{month:02}",
            self.blocks
        )
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    const CID: u128 = 0xAA58_5951_454D_5521_01DE_ADBE_EF00_6219;

    #[test]
    fn fields_of_a_cid_are_where_the_specification_has_them() {
        let info = Info::new(CID, 0, Addressing::Blocks);
        assert_eq!((info.manufacturer, info.oem), (0xAA, *b"XY"));
        assert_eq!((info.product, info.serial), (*b"QEMU!", 0xDEAD_BEEF));
        assert_eq!(info.made, (2006, 2));
    }

    #[test]
    fn both_structures_of_a_csd_tell_the_blocks() {
        // C_SIZE 15159 of an 8 GB card.
        let sdhc = 1 << 126 | 15_159 << 48;
        assert_eq!(capacity(sdhc), 15_523_840);
        // 2^10 bytes, multiplier 2^9, 4096 of them: 2 GiB.
        let sdsc = 10 << 80 | 4095 << 62 | 7 << 47;
        assert_eq!(capacity(sdsc), 4_194_304);
    }

    #[test]
    fn sdsc_cards_are_asked_by_bytes() {
        let info = |addressing| Info::new(CID, 0, addressing);
        assert_eq!(info(Addressing::Bytes).argument(3), 1536);
        assert_eq!(info(Addressing::Blocks).argument(3), 3);
    }

    #[test]
    fn a_card_is_told_in_one_line() {
        let info = Info::new(CID, 1 << 126, Addressing::Blocks);
        let told = "QEMU! SDHC, 1024 blocks, serial deadbeef, 2006-02";
        assert_eq!(info.to_string(), told);
    }
}
