//! The mappings that there are, as calls make, move and end them.

use super::super::event::{Event, Kind};
use super::{Disorder, Order, State};
use crate::attrs::Attrs;
use crate::direction::Dir;

/// Device, is it a list, bus address.
pub(super) type Key = (u16, bool, u64);

/// The mappings of one key; several if they are shared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mapped {
    len: u64,
    dir: Option<Dir>,
    /// At rest, in flight, exposed.
    count: [u32; 3],
}

impl Mapped {
    fn of(event: &Event, is: State) -> Self {
        let mut count = [0; 3];
        count[is as usize] = 1;
        let (len, dir) = (event.len, event.dir);
        Self { len, dir, count }
    }

    pub(super) fn all(&self) -> u32 {
        self.count.iter().sum()
    }

    /// What it is; of shared ones, what the most active of them is.
    fn state(&self) -> State {
        match self.count {
            [_, 0, 0] => State::AtRest,
            [_, 0, _] => State::Exposed,
            _ => State::InFlight,
        }
    }

    /// Shared mappings may differ in direction.
    fn agrees(&self, event: &Event) -> Result<(), Disorder> {
        if self.dir == event.dir || self.all() > 1 {
            return Ok(());
        }
        let (kind, mapped) = (event.kind, self.dir);
        Err(Disorder::Direction { kind, mapped })
    }
}

fn key(event: &Event) -> Key {
    (event.device, event.list, event.addr)
}

impl Order {
    pub(super) fn map(&mut self, event: &Event) -> Result<(), Disorder> {
        let key = key(event);
        if self.quarantined.contains_key(&key) {
            return Err(Disorder::Quarantined);
        }
        let shared = event.attrs.contains(Attrs::SHARED);
        match self.live.get_mut(&key) {
            Some(mapped) if shared => mapped.count[0] += 1,
            Some(_) => return Err(Disorder::Twice),
            None => _ = self.live.insert(key, Mapped::of(event, State::AtRest)),
        }
        Ok(())
    }

    /// One mapping leaves one state for another, or for good.
    pub(super) fn moves(
        &mut self,
        event: &Event,
        from: State,
        to: Option<State>,
    ) -> Result<(), Disorder> {
        if self.incomplete {
            self.adopt(event, from);
        }
        let (kind, key) = (event.kind, key(event));
        let mapped = self.live.get_mut(&key).ok_or(Disorder::Unknown(kind))?;
        mapped.agrees(event)?;
        if mapped.len != event.len {
            let mapped = mapped.len;
            return Err(Disorder::Length { kind, mapped });
        }
        if mapped.count[from as usize] == 0 {
            let is = mapped.state();
            return Err(Disorder::State { kind, is });
        }
        mapped.count[from as usize] -= 1;
        match to {
            Some(to) => mapped.count[to as usize] += 1,
            None if mapped.all() == 0 => _ = self.live.remove(&key),
            None => {}
        }
        Ok(())
    }

    pub(super) fn sync(&self, event: &Event) -> Result<(), Disorder> {
        let (kind, at) = (event.kind, key(event));
        // The mapping that starts nearest below.
        let found = self.live.range((at.0, at.1, 0)..=at).next_back();
        let found = found.filter(|(key, mapped)| at.2 - key.2 < mapped.len);
        let Some((found, mapped)) = found else {
            let known = Err(Disorder::Unknown(kind));
            return if self.incomplete { Ok(()) } else { known };
        };
        mapped.agrees(event)?;
        if event.len > mapped.len - (at.2 - found.2) {
            let mapped = mapped.len;
            return Err(Disorder::Length { kind, mapped });
        }
        match mapped.state() {
            is @ State::InFlight => Err(Disorder::State { kind, is }),
            State::AtRest | State::Exposed => Ok(()),
        }
    }

    pub(super) fn quarantine(&mut self, event: &Event) -> Result<(), Disorder> {
        let mapped = self.live.get(&key(event));
        let from = match mapped.map(Mapped::state) {
            Some(State::Exposed) => State::Exposed,
            _ => State::InFlight,
        };
        self.moves(event, from, None)?;
        self.quarantined.insert(key(event), event.len);
        Ok(())
    }

    pub(super) fn free(&mut self, event: &Event) -> Result<(), Disorder> {
        match self.quarantined.remove(&key(event)) {
            None if !self.incomplete => Err(Disorder::Unknown(Kind::Free)),
            _ => Ok(()),
        }
    }

    /// A mapping that is unknown is what it has to be.
    pub(super) fn adopt(&mut self, event: &Event, is: State) {
        let mapped = Mapped::of(event, is);
        self.live.entry(key(event)).or_insert(mapped);
    }

    pub(super) fn forget(&mut self, event: &Event) {
        self.live.remove(&key(event));
        self.quarantined.remove(&key(event));
    }
}
