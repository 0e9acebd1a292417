//! Children that end: under a wall-clock limit, with all that they started.
//!
//! Each runs in a process group of its own, which gets SIGKILL when the child has ended, when its
//! time is up, or when we are to stop. (A DMA engine that waits for ever blocks QEMU's main loop,
//! and with it QEMU's handler of SIGTERM.) Standard input is closed, or a pipe from whoever talks to
//! the child: nobody but us changes the terminal.

mod ended;

use crate::interrupt;
use anyhow::Context;
use ended::MOST_OUTPUT;
pub(crate) use ended::{Ended, Ending};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// How long a wait for output may last before the clock and the child are looked at again.
const TICK: Duration = Duration::from_millis(20);

/// What becomes of the output while it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Echo {
    /// Only kept.
    Off,
    /// Also written to our standard output.
    On,
}

/// Whoever writes to a child's standard input.
pub(crate) trait Talk {
    /// What to send now that the child has printed all of `output`. Asked after every piece of it,
    /// and many times a second anyway. An error ends the child.
    fn next(&mut self, output: &[u8]) -> anyhow::Result<Vec<u8>>;
}

/// Runs `command` to its end, or to the end of `limit`.
pub(crate) fn run(command: Command, limit: Duration, echo: Echo) -> anyhow::Result<Ended> {
    watch(spawn(command, Stdio::null())?, limit, echo, |_| Ok(()))
}

/// The same, and lets `talk` answer what it prints.
pub(crate) fn converse(
    command: Command,
    limit: Duration,
    echo: Echo,
    talk: &mut dyn Talk,
) -> anyhow::Result<Ended> {
    let (mut group, chunks) = spawn(command, Stdio::piped())?;
    let mut stdin = group.0.stdin.take().context("the child has no input")?;
    watch((group, chunks), limit, echo, |output| {
        // A child that does not listen any more is about to end.
        let _ = stdin.write_all(&talk.next(output)?);
        Ok(())
    })
}

fn watch(
    (mut group, chunks): (Group, Receiver<Vec<u8>>),
    limit: Duration,
    echo: Echo,
    mut answer: impl FnMut(&[u8]) -> anyhow::Result<()>,
) -> anyhow::Result<Ended> {
    let start = Instant::now();
    let mut output = Vec::new();
    let ending = loop {
        let open = collect(&chunks, &mut output, echo);
        answer(&output)?;
        if let Some(status) = group.ended()? {
            break Ending::Exited(status.code());
        }
        if let Some(why) = reason_to_kill(start.elapsed(), limit, output.len()) {
            break why;
        }
        if !open {
            // It has closed its output and goes on: nothing wakes us until it ends.
            std::thread::sleep(TICK);
        }
    };
    drop(group);
    // The whole group is gone, so the pipe has an end.
    chunks
        .iter()
        .for_each(|chunk| keep(&chunk, &mut output, echo));
    Ok(Ended {
        ending,
        output: String::from_utf8_lossy(&output).into_owned(),
        took: start.elapsed(),
    })
}

fn reason_to_kill(elapsed: Duration, limit: Duration, printed: usize) -> Option<Ending> {
    if interrupt::seen() {
        Some(Ending::Interrupted)
    } else if elapsed >= limit {
        Some(Ending::TimedOut(limit))
    } else if printed > MOST_OUTPUT {
        Some(Ending::Flooded)
    } else {
        None
    }
}

/// A child and all that it starts. Dropping it kills what is left.
struct Group(Child);

impl Group {
    fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.0.try_wait().context("cannot wait for a child")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The group's number is the child's own, by `process_group(0)`. Nobody left is no error.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Starts `command` with both streams on one pipe, and a thread that reads it.
fn spawn(mut command: Command, stdin: Stdio) -> anyhow::Result<(Group, Receiver<Vec<u8>>)> {
    let (mut reader, writer) = std::io::pipe().context("cannot make a pipe")?;
    command
        .stdin(stdin)
        .stdout(writer.try_clone().context("cannot copy a pipe's end")?)
        .stderr(writer)
        .process_group(0);
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    // `command` holds the writing ends; with them the pipe would never close.
    drop(command);
    let (sender, chunks) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    Ok((Group(child), chunks))
}

/// Takes what comes within a tick; false when nothing can come any more.
fn collect(chunks: &Receiver<Vec<u8>>, output: &mut Vec<u8>, echo: Echo) -> bool {
    match chunks.recv_timeout(TICK) {
        Ok(chunk) => keep(&chunk, output, echo),
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => return false,
    }
    true
}

fn keep(chunk: &[u8], output: &mut Vec<u8>, echo: Echo) {
    output.extend_from_slice(chunk);
    if echo == Echo::On {
        // A reader that went away (`| head`) is no reason to leave the child alone.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(chunk).and_then(|()| out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit_ms: u64) -> Ended {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        run(command, Duration::from_millis(limit_ms), Echo::Off).unwrap()
    }

    #[test]
    fn both_streams_are_kept_in_order_and_the_status_is_told() {
        let ended = shell("echo one; echo two >&2; echo three; exit 3", 10_000);
        assert_eq!(ended.output, "one\ntwo\nthree\n");
        assert_eq!(ended.ending, Ending::Exited(Some(3)));
    }

    #[test]
    fn a_child_that_is_deaf_to_sigterm_ends_at_its_limit() {
        let ended = shell("trap '' TERM; echo up; while :; do sleep 1; done", 300);
        assert_eq!(ended.ending, Ending::TimedOut(Duration::from_millis(300)));
        assert_eq!(ended.output, "up\n");
        assert!(ended.took < Duration::from_secs(5));
    }

    #[test]
    fn what_the_child_leaves_behind_does_not_hold_us_up() {
        let ended = shell("sleep 60 & echo done", 10_000);
        assert!(ended.ok());
        assert!(ended.took < Duration::from_secs(5));
    }

    #[test]
    fn endless_output_is_cut() {
        let ended = shell("yes", 60_000);
        assert_eq!(ended.ending, Ending::Flooded);
    }

    #[test]
    fn a_child_that_closes_its_output_is_still_waited_for() {
        let ended = shell("exec >&- 2>&-; sleep 0.2; exit 7", 10_000);
        assert_eq!(ended.ending, Ending::Exited(Some(7)));
    }

    #[test]
    fn a_child_is_answered_and_one_that_does_not_listen_does_no_harm() {
        struct Once(bool);
        impl Talk for Once {
            fn next(&mut self, output: &[u8]) -> anyhow::Result<Vec<u8>> {
                let now = output.ends_with(b"name? ") && !self.0;
                self.0 |= now;
                Ok(if now { b"carom\n".to_vec() } else { Vec::new() })
            }
        }
        let talk = |script| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            converse(
                command,
                Duration::from_secs(10),
                Echo::Off,
                &mut Once(false),
            )
            .unwrap()
        };
        assert_eq!(
            talk("printf 'name? '; read n; echo $n!").output,
            "name? carom!\n"
        );
        assert!(talk("exec <&-; printf 'name? '; sleep 0.2").ok());
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(Command::new("no-such-program"), Duration::ZERO, Echo::Off).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-program"));
    }
}
