//! The card: its state, its registers, its bytes.

/// Which kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardKind {
    /// SDSC of the first specification: does not know CMD8.
    Version1,
    /// SDSC: addressed by bytes.
    Standard,
    /// SDHC: addressed by blocks.
    High,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle = 0,
    Ready = 1,
    Ident = 2,
    Standby = 3,
    Transfer = 4,
    Sending = 5,
    Receiving = 6,
}

/// What a card says to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Silence,
    Short(u32),
    Long(u128),
}

pub(super) const BLOCK: usize = 512;
/// The card's address, in the upper half.
const RCA: u32 = 0x4567 << 16;
/// What it takes: 2.7-3.6 V.
const VOLTAGES: u32 = 0x00FF_8000;
/// Questions that a card answers with "not yet".
const POWER_UP: u32 = 2;
/// Maker 3, "SD", "SIM16", revision 8.0, serial CAFE0001, April 2023.
const CID: u128 = 0x0353_4453_494D_3136_80CA_FE00_0101_7401;

pub(super) struct Card {
    kind: CardKind,
    pub(super) image: Vec<u8>,
    pub(super) state: State,
    pub(super) wide: bool,
    application: bool,
    polls: u32,
    illegal: bool,
    /// Put in and not reset since: on a bus that may be as fast as the card before it could take.
    fresh: bool,
    /// The block that moves next.
    at: u64,
}

impl Card {
    pub(super) fn new(kind: CardKind, image: Vec<u8>) -> Self {
        let unit = if kind == CardKind::High { 1024 } else { 4 };
        let fits = image.len().is_multiple_of(BLOCK * unit) && !image.is_empty();
        assert!(fits, "a card of {kind:?} has no size of {}", image.len());
        Self {
            kind,
            image,
            state: State::Idle,
            wide: false,
            application: false,
            polls: 0,
            illegal: false,
            fresh: true,
            at: 0,
        }
    }

    /// Must the bus be slow for command `index`? A card that nobody has noticed yet says nothing,
    /// however fast it is asked.
    pub(super) fn needs_slow(&self, index: u8) -> bool {
        let identifying = (self.state as u32) < State::Standby as u32;
        identifying && (!self.fresh || index == 0)
    }

    fn blocks(&self) -> u64 {
        (self.image.len() / BLOCK) as u64
    }

    fn csd(&self) -> u128 {
        if self.kind == CardKind::High {
            return 1 << 126 | u128::from(self.blocks() / 1024 - 1) << 48;
        }
        9 << 80 | u128::from(self.blocks() / 4 - 1) << 62
    }

    fn status(&mut self) -> Reply {
        let illegal = u32::from(std::mem::take(&mut self.illegal)) << 22;
        let ready = u32::from(self.state != State::Receiving) << 8;
        let application = u32::from(self.application) << 5;
        Reply::Short(illegal | (self.state as u32) << 9 | ready | application)
    }

    /// The answer before the state changes, as cards give it.
    fn go(&mut self, next: State) -> Reply {
        let reply = self.status();
        self.state = next;
        reply
    }

    fn refuse(&mut self) -> Reply {
        self.illegal = true;
        Reply::Silence
    }

    /// Carries a command out.
    pub(super) fn command(&mut self, index: u8, argument: u32) -> Reply {
        let application = std::mem::take(&mut self.application);
        match (index, self.state) {
            (0, _) => self.reset(),
            _ if self.fresh => Reply::Silence,
            (8, State::Idle) if self.kind != CardKind::Version1 => Reply::Short(argument & 0xFFF),
            (55, State::Idle) if argument == 0 => self.announce(),
            (55, State::Transfer) if argument == RCA => self.announce(),
            (41, State::Idle) if application => self.conditions(argument),
            (2, State::Ready) => {
                self.state = State::Ident;
                Reply::Long(CID)
            }
            (3, State::Ident) => {
                self.state = State::Standby;
                Reply::Short(RCA | 0x500)
            }
            (9, State::Standby) if argument == RCA => Reply::Long(self.csd()),
            (7, State::Standby) if argument == RCA => self.go(State::Transfer),
            (6, State::Transfer) if application => {
                self.wide = argument == 2;
                self.status()
            }
            (12, State::Sending | State::Receiving) => self.go(State::Transfer),
            (13, _) if argument == RCA => self.status(),
            (16, State::Transfer) if argument == BLOCK as u32 => self.status(),
            (17 | 18, State::Transfer) => self.seek(argument, State::Sending),
            (24 | 25, State::Transfer) => self.seek(argument, State::Receiving),
            _ => self.refuse(),
        }
    }

    fn reset(&mut self) -> Reply {
        (self.state, self.wide, self.polls, self.fresh) = (State::Idle, false, 0, false);
        Reply::Silence
    }

    fn announce(&mut self) -> Reply {
        self.application = true;
        self.status()
    }

    /// Its conditions while it powers up, which it begins anew.
    pub(super) fn not_ready(&mut self) -> u32 {
        (self.state, self.polls) = (State::Idle, 0);
        VOLTAGES
    }

    fn conditions(&mut self, wanted: u32) -> Reply {
        let high = self.kind == CardKind::High;
        let spoken_for = wanted & VOLTAGES != 0 && (!high || wanted >> 30 & 1 == 1);
        self.polls += u32::from(spoken_for);
        if self.polls <= POWER_UP {
            return Reply::Short(VOLTAGES);
        }
        self.state = State::Ready;
        Reply::Short(1 << 31 | u32::from(high) << 30 | VOLTAGES)
    }

    fn seek(&mut self, argument: u32, next: State) -> Reply {
        let argument = u64::from(argument);
        let (at, exact) = match self.kind {
            CardKind::High => (argument, true),
            _ => (
                argument / BLOCK as u64,
                argument.is_multiple_of(BLOCK as u64),
            ),
        };
        if !exact || at >= self.blocks() {
            // ADDRESS_ERROR, or OUT_OF_RANGE.
            return Reply::Short(if exact { 1 << 31 } else { 1 << 30 });
        }
        self.at = at;
        self.go(next)
    }

    fn next(&mut self) -> Option<std::ops::Range<usize>> {
        let start = self.at as usize * BLOCK;
        self.at += 1;
        (start < self.image.len()).then_some(start..start + BLOCK)
    }

    /// The next block to the host.
    pub(super) fn send(&mut self) -> Option<Vec<u8>> {
        let range = self.next()?;
        Some(self.image[range].to_vec())
    }

    /// The next block from the host.
    pub(super) fn receive(&mut self, bytes: &[u8]) -> Option<()> {
        let range = self.next()?;
        self.image[range].copy_from_slice(bytes);
        Some(())
    }
}
