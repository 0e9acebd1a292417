//! A machine to feed, and the sequences that are right.

use oracle::a64::{Barrier, LineOp};
use oracle::finding::{Finding, Kind, Master, Part, Site};
use oracle::model::{Event, Model, Piece, Range, Through, Transfer};

pub(crate) const CHANNEL: Master = Master::Dma(2);
pub(crate) const BLOCK: u64 = 0x1000;
pub(crate) const SOURCE: u64 = 0x2000;
pub(crate) const DEST: u64 = 0x3000;
pub(crate) const LEN: u64 = 256;

pub(crate) const COMPLETE: Event = Event::Barrier(Barrier {
    completes: true,
    loads: true,
    stores: true,
});
pub(crate) const PUBLISH: Event = Event::Barrier(Barrier {
    completes: false,
    loads: false,
    stores: true,
});
pub(crate) const ACQUIRE: Event = Event::Barrier(Barrier {
    completes: false,
    loads: true,
    stores: false,
});

pub(crate) struct Machine {
    pub(crate) model: Model,
    core: u8,
    pc: u64,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            model: Model::new(1 << 20),
            core: 0,
            pc: 0,
        }
    }

    /// From here on, another core does things.
    pub(crate) fn on(&mut self, core: u8) -> &mut Self {
        self.core = core;
        self
    }

    /// Each event is an instruction of its own.
    pub(crate) fn then(&mut self, event: Event) -> &mut Self {
        self.pc += 4;
        let (core, pc) = (self.core, self.pc);
        self.model.apply(Site { core, pc }, event);
        self
    }

    pub(crate) fn load(&mut self, phys: u64, len: u64) -> &mut Self {
        let through = Through::Cache;
        self.each(phys, len, |phys, len| Event::Load { phys, len, through })
    }

    pub(crate) fn store(&mut self, phys: u64, len: u64) -> &mut Self {
        let through = Through::Cache;
        self.each(phys, len, |phys, len| Event::Store { phys, len, through })
    }

    pub(crate) fn clean(&mut self, phys: u64, len: u64) -> &mut Self {
        self.lines(LineOp::Clean, phys, len)
    }

    pub(crate) fn invalidate(&mut self, phys: u64, len: u64) -> &mut Self {
        self.lines(LineOp::Invalidate, phys, len)
    }

    pub(crate) fn lines(&mut self, op: LineOp, phys: u64, len: u64) -> &mut Self {
        self.each(phys, len, |phys, _| Event::Line { op, phys })
    }

    fn each(&mut self, phys: u64, len: u64, event: impl Fn(u64, u64) -> Event) -> &mut Self {
        let mut at = phys;
        while at < phys + len {
            let next = (at / 64 * 64 + 64).min(phys + len);
            self.then(event(at, next - at));
            at = next;
        }
        self
    }

    /// Fills source and control block, and has every line of them and of the destination in memory.
    pub(crate) fn prepared(&mut self) -> &mut Self {
        self.store(SOURCE, LEN).store(DEST, LEN).store(BLOCK, 32);
        for (start, len) in [(SOURCE, LEN), (DEST, LEN), (BLOCK, 32)] {
            self.clean(start, len);
        }
        self.then(COMPLETE).then(PUBLISH)
    }

    pub(crate) fn start(&mut self) -> &mut Self {
        self.then(Event::Start(copy()))
    }

    /// The CPU sees that it is over.
    pub(crate) fn over(&mut self) -> &mut Self {
        self.then(Event::End(CHANNEL)).then(Event::Status(CHANNEL))
    }

    /// What comes after the end.
    pub(crate) fn taken_back(&mut self) -> &mut Self {
        self.then(ACQUIRE).invalidate(DEST, LEN).then(COMPLETE)
    }

    pub(crate) fn found(&mut self) -> Vec<Finding> {
        self.model.take()
    }

    pub(crate) fn kinds(&mut self) -> Vec<Kind> {
        self.found().iter().map(|finding| finding.kind).collect()
    }
}

pub(crate) fn copy() -> Transfer {
    Transfer {
        master: CHANNEL,
        pieces: vec![
            piece(Part::ControlBlock, BLOCK, 32),
            piece(Part::Source, SOURCE, LEN),
            piece(Part::Destination, DEST, LEN),
        ],
    }
}

pub(crate) fn piece(part: Part, start: u64, len: u64) -> Piece {
    let range = Range::new(start, len);
    Piece { part, range }
}
