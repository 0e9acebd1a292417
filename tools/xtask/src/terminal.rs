//! The user's terminal, lent to the kernel's prompt: every key goes there, Ctrl-C included.
//!
//! The terminal is as it was once the value is dropped, whatever ends us save SIGKILL.

use crate::interrupt;
use crate::process::Talk;
use anyhow::Context;
use rustix::termios::{self, InputModes, LocalModes, OptionalActions, Termios};
use std::io::{Read, stdin};
use std::sync::mpsc::{self, Receiver};

/// Ctrl-]: the one key that is ours, as in telnet. It ends the emulator.
const LEAVE: u8 = 0x1D;

/// A terminal without echo, lines and signals.
pub(crate) struct Terminal {
    before: Termios,
    keys: Receiver<Vec<u8>>,
}

impl Terminal {
    /// Takes standard input, which is a terminal.
    pub(crate) fn open() -> anyhow::Result<Self> {
        let before = termios::tcgetattr(stdin()).context("cannot ask the terminal")?;
        set(&raw(&before)).context("cannot set up the terminal")?;
        let keys = read();
        Ok(Self { before, keys })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing any more.
        let _ = set(&self.before);
    }
}

impl Talk for Terminal {
    fn next(&mut self, _: &[u8]) -> anyhow::Result<Vec<u8>> {
        let keys: Vec<u8> = self.keys.try_iter().flatten().collect();
        if keys.contains(&LEAVE) {
            interrupt::raise();
        }
        Ok(keys)
    }
}

fn set(modes: &Termios) -> rustix::io::Result<()> {
    termios::tcsetattr(stdin(), OptionalActions::Drain, modes)
}

/// Keys come one by one and as they are. Output stays as it was: our own lines need it.
fn raw(before: &Termios) -> Termios {
    let mut raw = before.clone();
    raw.local_modes -=
        LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
    raw.input_modes -= InputModes::ICRNL | InputModes::INLCR | InputModes::IXON;
    raw
}

/// A thread that reads keys. It ends with us: a read cannot be called off.
fn read() -> Receiver<Vec<u8>> {
    let (sender, keys) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 256];
        while let Ok(n @ 1..) = stdin().read(&mut buffer) {
            if sender.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    keys
}
