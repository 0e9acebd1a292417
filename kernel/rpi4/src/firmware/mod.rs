//! Questions to the VideoCore's firmware.
//!
//! | file | when |
//! |---|---|
//! | `early` | before there is a heap, a pool, or a linear map: through a static message |
//! | `owner` | from the DMA layer on: one mailbox behind a lock, its message mapped like any buffer |
//! | `tell` | for the report |
//! | `slot` | the card slot's power, which is the firmware's |

mod early;
mod owner;
mod slot;
mod tell;

pub(crate) use early::Early;
pub(crate) use owner::{ask, open, value};
pub(crate) use slot::power_card;
pub(crate) use tell::print;
