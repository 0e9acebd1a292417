//! What a legacy master sees: the first GiB of RAM at `C0000000`, past the VideoCore's cache, and
//! registers at `7C000000`. RAM has three other aliases, which are cached by the VideoCore or not
//! meant for others, and whatever is above the first GiB has none at all.

/// Where the CPU's first GiB appears.
const RAM: u64 = 0xC000_0000;
const RAM_LEN: u64 = 1 << 30;
/// Where registers appear, and where the CPU has them.
const REGISTERS: u64 = 0x7C00_0000;
const REGISTERS_LEN: u64 = 0x0400_0000;
const CPU_REGISTERS: u64 = 0xFC00_0000;

/// What a bus address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// RAM, at this physical address.
    Ram(u64),
    /// A register, at this physical address.
    Register(u64),
    /// Neither, for all of the length.
    Outside,
}

/// What `len` bytes from `bus` stand for.
pub(super) fn target(bus: u64, len: u64) -> Target {
    if inside(bus, len, RAM, RAM_LEN) {
        Target::Ram(bus - RAM)
    } else if inside(bus, len, REGISTERS, REGISTERS_LEN) {
        Target::Register(bus - REGISTERS + CPU_REGISTERS)
    } else {
        Target::Outside
    }
}

const fn inside(start: u64, len: u64, from: u64, of: u64) -> bool {
    start >= from && len <= of && start - from <= of - len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_window_is_ram() {
        assert_eq!(target(0xC000_1000, 0x100), Target::Ram(0x1000));
        assert_eq!(target(0xFFFF_FF00, 0x100), Target::Ram(0x3FFF_FF00));
        assert_eq!(target(0xFFFF_FF00, 0x104), Target::Outside);
        for alias in [0x1000, 0x4000_1000, 0x8000_1000] {
            assert_eq!(target(alias, 4), Target::Outside, "{alias:#x}");
        }
    }

    #[test]
    fn registers_have_an_alias_of_their_own() {
        assert_eq!(target(0x7E30_0020, 4), Target::Register(0xFE30_0020));
        assert_eq!(target(0xFE30_0020, 4), Target::Ram(0x3E30_0020));
    }
}
