//! How the bytes of a card came, as the kernel counts them behind every sum: `<n> requests, <n>
//! bytes direct, <n> bounced, <n> by PIO, <time>`.

use super::shown;

/// Bytes by the way that they took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) direct: u64,
    pub(crate) bounced: u64,
    pub(crate) pio: u64,
}

impl Moved {
    /// Of the first such line.
    pub(crate) fn parse(console: &str) -> Option<Self> {
        console.lines().map(shown).find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [
                _,
                "requests,",
                direct,
                "bytes",
                "direct,",
                bounced,
                "bounced,",
                pio,
                "by",
                "PIO,",
                ..,
            ] = words[..]
            else {
                return None;
            };
            Some(Self {
                direct: direct.parse().ok()?,
                bounced: bounced.parse().ok()?,
                pio: pio.parse().ok()?,
            })
        })
    }

    /// Whether `command` moved files of `bytes` bytes in whole blocks as it should have: above the
    /// device's reach, and so by bouncing alone; within reach, and so directly; or by the CPU.
    /// Directories and tables come on top of the last two: they lie within reach.
    pub(crate) fn judge(self, command: &str, bytes: u64) -> Result<(), String> {
        let as_meant = match command {
            "sd sum" => self.bounced == bytes && self.pio == 0,
            "sd sum --low" => self.bounced == 0 && self.pio == 0 && self.direct > bytes,
            "sd sum --pio" => self.bounced == 0 && self.direct == 0 && self.pio > bytes,
            _ => return Err(format!("{command}: nobody knows how it moves bytes")),
        };
        let why = || format!("`{command}` of {bytes} bytes in whole blocks moved {self:?}");
        as_meant.then_some(()).ok_or_else(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_its_bytes() {
        let line = "x\r\n  4 requests, 7 bytes direct, 512 bounced, 0 by PIO, 1.000 ms\r\n";
        let moved = Moved::parse(line).unwrap();
        assert_eq!((moved.direct, moved.bounced, moved.pio), (7, 512, 0));
        assert!(moved.judge("sd sum", 512).is_ok());
        assert!(moved.judge("sd sum", 1024).is_err());
        assert!(moved.judge("sd sum --low", 6).is_err());
        assert!(moved.judge("sd sum --pio", 6).is_err());
        assert_eq!(Moved::parse(&line.replace("direct", "somehow")), None);
    }

    #[test]
    fn what_lies_within_reach_never_bounces_and_the_cpu_needs_no_channel() {
        let (direct, bounced, pio) = (600, 0, 0);
        let low = Moved {
            direct,
            bounced,
            pio,
        };
        assert!(low.judge("sd sum --low", 512).is_ok());
        assert!(low.judge("sd sum", 512).is_err());
        let (direct, pio) = (0, 600);
        let cpu = Moved {
            direct,
            bounced,
            pio,
        };
        assert!(cpu.judge("sd sum --pio", 512).is_ok());
        assert!(cpu.judge("sd sum --low", 512).is_err());
    }
}
