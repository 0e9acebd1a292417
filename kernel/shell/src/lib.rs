//! The half of a prompt that is no hardware: bytes in, text and command calls out.
//!
//! ```text
//! UART interrupt -> Input -> Editor (Keys, Line, History, completion) -> Commands -> Command::run
//! ```
//!
//! Nothing here allocates, waits or knows a device. A line is redrawn with the few escape sequences
//! that every terminal of the VT100 kind has, and never takes more than 80 columns. Lines are edited
//! by our own code because the published editors for small systems know neither Home, End and Delete
//! nor the control keys of a shell, and want all commands in one `enum`.

#![no_std]

mod arguments;
mod command;
mod complete;
mod editor;
mod history;
mod input;
mod key;
mod line;
mod nearest;
mod number;
mod visible;

pub use arguments::{Arguments, MAX_WORDS, SplitError, split};
pub use command::{Command, Commands, Completion, Found, Refusal};
pub use complete::Complete;
pub use editor::{Editor, PROMPT};
pub use input::{Input, Received};
pub use line::Text;
pub use number::{BadNumber, address, number};
pub use visible::Visible;

/// Columns of the terminal that everything is written for.
pub const COLUMNS: usize = 80;
