//! What the layer did last: a ring of events for each core, always on.
//!
//! Every call that makes, moves or ends a mapping leaves an event of 32 bytes; so does a refusal. The
//! rings survive a panic: the dump shows the last events of each core, `dma trace` all there are. What
//! either prints is read by `cargo xtask replay`, where [`Order`] says whether the calls came in an
//! order that is allowed. Under `dma_debug=trace` copies, cache maintenance and barriers join them
//! (`told`), and it says whether those were made, and waited for, where they must be.
//!
//! An event costs some fifteen instructions and no lock. It is no record of what a device did, and no
//! proof: the past is lost after [`EVENTS`] events of a core.
//!
//! | file | what |
//! |---|---|
//! | `event` | what an event has |
//! | `note` | where calls leave one |
//! | `told` | where the machine's operations leave one |
//! | `ring` | how it is kept |
//! | `line` | how it is told and read |
//! | `dump` | all of it, line by line |
//! | `order` | what may follow what |

mod dump;
mod event;
mod line;
mod note;
mod order;
mod ring;
mod told;

pub use event::{Event, Kind};
pub use line::{BadLine, Line};
pub use order::{Disorder, Order, State, merge};
pub use ring::{EVENTS, Recorded};

pub(crate) use event::Tag;
pub(crate) use note::Noted;
pub(crate) use ring::Trace;
