//! Virtual addresses to physical ones, and how the kernel sees what is there: from the record that
//! the kernel's image carries (`rpi4::windows`), so that no address is known twice.
//!
//! ```text
//! 8 bytes  "CAROMWIN"      8 bytes  number of windows
//! each:    8 bytes virtual start, 8 bytes length, 8 bytes physical start, 8 bytes kind
//! ```
//!
//! All words are little-endian. A physical start of all ones: known when the kernel runs.

use std::fmt;

/// The first bytes of the record.
pub const MAGIC: &[u8; 8] = b"CAROMWIN";
/// The symbol of the record.
pub const SYMBOL: &str = "CAROM_WINDOWS";
/// Bytes of the head, and of each window.
const HEAD: usize = 16;
const ENTRY: usize = 32;

/// How the CPU sees a stretch of physical space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Normal, write-back.
    Cached,
    /// Normal, not cacheable.
    Uncached,
    /// Registers.
    Device,
}

/// A stretch of virtual addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    virt: u64,
    len: u64,
    phys: Option<u64>,
    memory: Memory,
}

/// What a virtual address shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// This physical address, seen like this.
    At(u64, Memory),
    /// A window whose place is not known yet.
    Somewhere(Memory),
    /// No window.
    Nowhere,
}

/// The record is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadRecord;

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the image's record of its windows ({SYMBOL}) is not one")
    }
}

/// The kernel's windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows(Vec<Window>);

impl Windows {
    /// Bytes of a whole record, from its head.
    pub fn record_len(head: &[u8; HEAD]) -> Result<usize, BadRecord> {
        if &head[..8] != MAGIC {
            return Err(BadRecord);
        }
        match word(head, 1) {
            count @ 1..=64 => Ok(HEAD + ENTRY * count as usize),
            _ => Err(BadRecord),
        }
    }

    /// Reads a record.
    pub fn parse(record: &[u8]) -> Result<Self, BadRecord> {
        let head = record.first_chunk().ok_or(BadRecord)?;
        let entries = record.get(HEAD..Self::record_len(head)?).ok_or(BadRecord)?;
        entries
            .chunks_exact(ENTRY)
            .map(window)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// What `virt` shows.
    #[inline]
    pub fn at(&self, virt: u64) -> Place {
        for window in &self.0 {
            let offset = virt.wrapping_sub(window.virt);
            if offset < window.len {
                return match window.phys {
                    Some(phys) => Place::At(phys.wrapping_add(offset), window.memory),
                    None => Place::Somewhere(window.memory),
                };
            }
        }
        Place::Nowhere
    }

    /// The emulator has shown where a window lies: `virt` is `phys`.
    pub fn learn(&mut self, virt: u64, phys: u64) {
        let found = self
            .0
            .iter_mut()
            .find(|w| virt.wrapping_sub(w.virt) < w.len);
        if let Some(window) = found {
            window.phys = Some(phys.wrapping_sub(virt - window.virt));
        }
    }

    /// An address by which the CPU would find `phys`, the cached ones first.
    pub fn virt(&self, phys: u64) -> Vec<u64> {
        let shows = |window: &Window| {
            let offset = phys.wrapping_sub(window.phys?);
            (offset < window.len && window.memory != Memory::Device)
                .then(|| window.virt.wrapping_add(offset))
        };
        self.0.iter().filter_map(shows).collect()
    }
}

fn word(bytes: &[u8], index: usize) -> u64 {
    let word = bytes[8 * index..8 * index + 8].try_into();
    u64::from_le_bytes(word.expect("eight bytes"))
}

fn window(entry: &[u8]) -> Result<Window, BadRecord> {
    let memory = match word(entry, 3) {
        1 => Memory::Cached,
        2 => Memory::Uncached,
        3 => Memory::Device,
        _ => return Err(BadRecord),
    };
    let phys = Some(word(entry, 2)).filter(|phys| *phys != u64::MAX);
    Ok(Window {
        virt: word(entry, 0),
        len: word(entry, 1),
        phys,
        memory,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINEAR: [u64; 4] = [0xFFFF_FF80_0000_0000, 0x1000_0000, 0, 1];
    const IMAGE: [u64; 4] = [0xFFFF_FFFF_C000_0000, 0x1000, u64::MAX, 1];

    fn record(count: u64, entries: &[[u64; 4]]) -> Vec<u8> {
        let words = [count].into_iter().chain(entries.iter().copied().flatten());
        let words = words.flat_map(u64::to_le_bytes);
        MAGIC.iter().copied().chain(words).collect()
    }

    #[test]
    fn a_window_translates_up_to_its_end() {
        let windows = Windows::parse(&record(1, &[LINEAR])).unwrap();
        assert_eq!(
            windows.at(LINEAR[0] + 0x40),
            Place::At(0x40, Memory::Cached)
        );
        assert_eq!(windows.at(LINEAR[0] + LINEAR[1]), Place::Nowhere);
        assert_eq!(windows.virt(0x40), [LINEAR[0] + 0x40]);
    }

    #[test]
    fn a_window_of_unknown_place_is_learnt() {
        let mut windows = Windows::parse(&record(2, &[LINEAR, IMAGE])).unwrap();
        assert_eq!(windows.at(IMAGE[0] + 8), Place::Somewhere(Memory::Cached));
        assert_eq!(windows.virt(0x20_0008), [LINEAR[0] + 0x20_0008]);
        windows.learn(IMAGE[0] + 0x10, 0x20_0010);
        assert_eq!(
            windows.at(IMAGE[0] + 8),
            Place::At(0x20_0008, Memory::Cached)
        );
    }

    #[test]
    fn what_is_no_record_is_refused() {
        assert!(Windows::parse(b"CAROMWIX").is_err());
        assert!(Windows::parse(&record(2, &[LINEAR])).is_err(), "cut short");
        assert!(Windows::parse(&record(0, &[])).is_err());
        let mut odd = LINEAR;
        odd[3] = 9;
        assert!(
            Windows::parse(&record(1, &[odd])).is_err(),
            "an unknown kind"
        );
    }
}
