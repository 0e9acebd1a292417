//! One cache line and what may happen to it: a pure state machine.
//!
//! The states are those that a device can tell apart. Whether a line moves between cores or levels
//! is invisible to it: Cortex-A72 cores snoop one another.

/// Where the newest bytes of a line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineState {
    /// In RAM alone.
    Absent,
    /// In the cache too, unchanged since it was fetched. RAM may have changed meanwhile.
    Clean,
    /// In the cache, changed by the CPU. May be written back at any moment.
    Dirty,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A CPU load, or a prefetch.
    Fetch,
    /// A CPU store of a part of the line.
    Store,
    /// `dc cvac`, or the core on its own.
    WriteBack,
    /// `dc civac`, or an eviction.
    Evict,
    /// `dc ivac`.
    Invalidate,
}

/// What moves, in the order of the fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Effect {
    /// Cache to RAM.
    pub(crate) write_back: bool,
    /// RAM to cache.
    pub(crate) fetch: bool,
    /// The cached bytes are gone.
    pub(crate) drop: bool,
}

/// The state after `event`, and what must move for it.
pub(crate) fn next(state: LineState, event: Event) -> (LineState, Effect) {
    let (absent, dirty) = (state == LineState::Absent, state == LineState::Dirty);
    let mut effect = Effect::default();
    let state = match event {
        Event::Fetch | Event::Store => {
            effect.fetch = absent;
            match (event, absent) {
                (Event::Store, _) => LineState::Dirty,
                (_, true) => LineState::Clean,
                (_, false) => state,
            }
        }
        Event::WriteBack => {
            effect.write_back = dirty;
            if dirty { LineState::Clean } else { state }
        }
        Event::Evict | Event::Invalidate => {
            effect.write_back = dirty && event == Event::Evict;
            effect.drop = !absent;
            LineState::Absent
        }
    };
    (state, effect)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Event::{Evict, Fetch, Invalidate, Store, WriteBack};
    use LineState::{Absent, Clean, Dirty};

    const NOTHING: Effect = Effect {
        write_back: false,
        fetch: false,
        drop: false,
    };
    const FETCH: Effect = Effect {
        fetch: true,
        ..NOTHING
    };
    const WRITE_BACK: Effect = Effect {
        write_back: true,
        ..NOTHING
    };
    const DROP: Effect = Effect {
        drop: true,
        ..NOTHING
    };
    const WRITE_BACK_AND_DROP: Effect = Effect {
        write_back: true,
        ..DROP
    };

    #[test]
    fn every_event_in_every_state() {
        let table = [
            (Absent, Fetch, Clean, FETCH),
            (Clean, Fetch, Clean, NOTHING),
            (Dirty, Fetch, Dirty, NOTHING),
            (Absent, Store, Dirty, FETCH),
            (Clean, Store, Dirty, NOTHING),
            (Dirty, Store, Dirty, NOTHING),
            (Absent, WriteBack, Absent, NOTHING),
            (Clean, WriteBack, Clean, NOTHING),
            (Dirty, WriteBack, Clean, WRITE_BACK),
            (Absent, Evict, Absent, NOTHING),
            (Clean, Evict, Absent, DROP),
            (Dirty, Evict, Absent, WRITE_BACK_AND_DROP),
            (Absent, Invalidate, Absent, NOTHING),
            (Clean, Invalidate, Absent, DROP),
            (Dirty, Invalidate, Absent, DROP),
        ];
        for (state, event, after, effect) in table {
            assert_eq!(next(state, event), (after, effect), "{state:?} {event:?}");
        }
    }
}
