//! Instructions and accesses into events.

use crate::api::{Access, Block};
use crate::callbacks::{on_block, on_instruction, on_load, on_store};
use crate::guest::{Guest, Seen};
use crate::tell::Teller;
use oracle::LINE;
use oracle::a64::{Instruction, LineOp, decode};
use oracle::emulator::Options;
use oracle::finding::Site;
use oracle::masters::{Masters, Register};
use oracle::model::{Event, Model, Through};
use oracle::windows::{Memory, Place, Windows};
use oracle::wire::{Line, Report};
use std::fs::File;

/// The most RAM that this chip's boards have.
const RAM: u64 = 8 << 30;
/// Bits of SCTLR_EL1: MMU and data cache.
const MMU_AND_CACHE: u64 = 1 << 0 | 1 << 2;

/// All state of the plugin.
pub(crate) struct Oracle {
    model: Model,
    masters: Masters,
    windows: Windows,
    pub(crate) guest: Guest,
    teller: Teller,
    /// Instructions that are followed, by the number that their callback gets.
    followed: Vec<(u64, Instruction)>,
    trace: bool,
}

impl Oracle {
    pub(crate) fn new(options: &Options) -> Result<Self, String> {
        let named = |error| format!("{}: {error}", options.out.display());
        let model = Model::at_reset(RAM);
        Ok(Self {
            model: if options.trace {
                model.with_trace()
            } else {
                model
            },
            masters: Masters::default(),
            windows: options.windows()?,
            guest: Guest::new(),
            teller: Teller::new(File::create(&options.out).map_err(named)?, options.trace),
            followed: Vec::new(),
            trace: options.trace,
        })
    }

    /// Asks for callbacks on what matters in a block.
    pub(crate) fn translate(&mut self, block: &Block<'_>) {
        let mut followed = false;
        for instruction in block.instructions() {
            let decoded = decode(instruction.word());
            followed |= decoded != Instruction::Other;
            match decoded {
                Instruction::Other => {}
                Instruction::LoadStore => instruction.after_accesses(on_load, on_store),
                other => {
                    instruction.before(on_instruction, self.followed.len());
                    self.followed.push((instruction.virt(), other));
                }
            }
        }
        if followed {
            block.before(on_block);
        }
    }

    /// A followed instruction is about to be executed.
    pub(crate) fn instruction(&mut self, number: usize) {
        let core = self.guest.core();
        let (pc, instruction) = self.followed[number];
        let event = match instruction {
            // Nothing is in the caches of a core that has not switched them on.
            Instruction::Line { .. } if !self.model.caches_on(core) => return,
            Instruction::Line { op, rt } => self.line(op, self.guest.register(rt)),
            Instruction::SetWay { drops } => Event::SetWay { drops },
            Instruction::Barrier(barrier) => Event::Barrier(barrier),
            Instruction::Sctlr { rt } => Event::Caches {
                on: self.guest.register(rt) & MMU_AND_CACHE == MMU_AND_CACHE,
            },
            Instruction::LoadStore | Instruction::Other => return,
        };
        self.happens(Site { core, pc }, event);
    }

    /// A cache operation on the line of `virt`, on a core that has its caches on.
    fn line(&self, op: LineOp, virt: u64) -> Event {
        match (self.windows.at(virt), op) {
            (Place::At(phys, Memory::Cached), _) => Event::Line { op, phys },
            (Place::At(phys, Memory::Uncached), LineOp::Zero) => Event::Store {
                phys: phys & !(LINE - 1),
                len: LINE,
                through: Through::Uncached,
            },
            // Maintenance is of the memory, by whichever address.
            (Place::At(phys, Memory::Uncached), _) => Event::Line { op, phys },
            _ => Event::Unplaced,
        }
    }

    /// An access has happened.
    #[inline]
    pub(crate) fn access(&mut self, access: Access<'_>, pc: u64, store: bool) {
        let at = Site {
            core: self.guest.core(),
            pc,
        };
        let (phys, memory) = match self.windows.at(access.virt) {
            Place::At(phys, memory) => (phys, memory),
            other => match self.place(access, other) {
                Some(place) => place,
                None => return,
            },
        };
        let through = match memory {
            Memory::Cached => Through::Cache,
            Memory::Uncached => Through::Uncached,
            Memory::Device => return self.register(at, phys, access, store),
        };
        let len = access.len();
        match (store, self.trace) {
            (false, false) => self.model.load(at, phys, len, through),
            (true, false) => self.model.store(at, phys, len, through),
            (false, true) => self.happens(at, Event::Load { phys, len, through }),
            (true, true) => self.happens(at, Event::Store { phys, len, through }),
        }
        self.tell();
    }

    /// Where an access went that no window places.
    #[cold]
    fn place(&mut self, access: Access<'_>, known: Place) -> Option<(u64, Memory)> {
        let place = access.place()?;
        match known {
            Place::Somewhere(memory) => {
                self.windows.learn(access.virt, place.phys);
                Some((place.phys, memory))
            }
            _ if place.device => Some((place.phys, Memory::Device)),
            _ => Some((place.phys, Memory::Cached)),
        }
    }

    fn register(&mut self, at: Site, phys: u64, access: Access<'_>, store: bool) {
        let register = Register {
            phys,
            value: access.value(),
            store,
        };
        let seen = Seen {
            guest: &self.guest,
            windows: &self.windows,
        };
        for event in self.masters.access(register, &seen) {
            self.happens(at, event);
        }
    }

    /// Everything but loads and stores, and those with a trace.
    fn happens(&mut self, at: Site, event: Event) {
        if self.trace {
            self.teller.after(at, &event);
        }
        self.model.apply(at, event);
        self.tell();
    }

    /// Tells what was found since the last time.
    #[inline]
    fn tell(&mut self) {
        if !self.model.found() {
            return;
        }
        for finding in self.model.take() {
            self.teller.report(Report {
                callers: self.guest.callers(),
                link: self.guest.register(30),
                trace: self.model.history(&finding),
                finding,
            });
        }
    }

    /// The run is over.
    pub(crate) fn end(&mut self) {
        self.teller.end(&Line::Summary(self.model.stats()));
    }
}
