//! The emulator's debugger port, as far as stepping needs it.
//!
//! Source: the GDB manual, "Remote Serial Protocol".

use anyhow::{Context, bail, ensure};
use std::io::{BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Number of the program counter among the registers.
const PC: u32 = 32;
/// How long the emulator may take to open its port.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(60);

/// A conversation with an emulator that stands still between two calls.
pub(super) struct Gdb {
    port: BufReader<UnixStream>,
}

impl Gdb {
    /// Waits for the port and opens it.
    pub(super) fn connect(socket: &Path) -> anyhow::Result<Self> {
        let start = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(_) if start.elapsed() < PATIENCE => std::thread::sleep(PATIENCE / 500),
                Err(error) => return Err(error).context(socket.display().to_string()),
            }
        };
        stream.set_read_timeout(Some(ANSWER))?;
        let mut gdb = Self {
            port: BufReader::new(stream),
        };
        gdb.ask("qXfer:features:read:target.xml:0,ffb")?;
        Ok(gdb)
    }

    /// Has it stop before the instruction at `address`.
    pub(super) fn stop_at(&mut self, address: u64) -> anyhow::Result<()> {
        let answer = self.ask(&format!("Z0,{address:x},4"))?;
        ensure!(answer == "OK", "no breakpoint at {address:#x}: {answer}");
        Ok(())
    }

    /// Runs to the next stop. There is none at the next instruction but one.
    pub(super) fn go_on(&mut self) -> anyhow::Result<()> {
        // Where it stands it would stop again at once.
        self.run("s")?;
        self.run("c")
    }

    /// Executes one instruction; the address of the next.
    pub(super) fn step(&mut self) -> anyhow::Result<u64> {
        self.run("s")?;
        let answer = self.ask(&format!("p{PC:x}"))?;
        let swapped = u64::from_str_radix(&answer, 16).with_context(|| answer.clone())?;
        Ok(swapped.swap_bytes())
    }

    /// Ends it. Nothing is answered.
    pub(super) fn kill(mut self) {
        let _ = self.port.get_mut().write_all(&packet("k"));
    }

    fn run(&mut self, how: &str) -> anyhow::Result<()> {
        let answer = self.ask(how)?;
        ensure!(
            answer.starts_with("T05"),
            "it stopped for another reason: {answer}"
        );
        Ok(())
    }

    fn ask(&mut self, question: &str) -> anyhow::Result<String> {
        self.port.get_mut().write_all(&packet(question))?;
        while self.byte()? != b'$' {}
        let mut answer = Vec::new();
        loop {
            match self.byte()? {
                b'#' => break,
                byte => answer.push(byte),
            }
        }
        // The sum: a socket loses nothing.
        self.byte()?;
        self.byte()?;
        self.port.get_mut().write_all(b"+")?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn byte(&mut self) -> anyhow::Result<u8> {
        let mut byte = [0];
        match self.port.read(&mut byte)? {
            0 => bail!("the emulator has ended"),
            _ => Ok(byte[0]),
        }
    }
}

fn packet(text: &str) -> Vec<u8> {
    let sum = text.bytes().fold(0u8, u8::wrapping_add);
    format!("${text}#{sum:02x}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_ends_with_the_sum_of_its_bytes() {
        assert_eq!(packet("OK"), b"$OK#9a");
    }
}
