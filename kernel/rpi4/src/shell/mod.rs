//! The prompt on the console.
//!
//! Each command is a file here that ends in a `COMMAND`; it becomes one by a `mod` line and its name
//! in [`COMMANDS`], and does not build without either. Commands run on the boot core with interrupts
//! on; those that take long ask [`input::stopped`] between steps.

mod bench;
mod bt;
mod cores;
mod dma_debug;
mod dma_devices;
mod dma_maps;
mod dma_pools;
mod dma_trace;
mod help;
mod info;
pub(crate) mod input;
mod log_level;
mod mem;
mod peek;
mod poweroff;
mod reboot;
mod sd_cat;
mod sd_info;
mod sd_ls;
mod sd_sum;
mod selftest;

use crate::console::{Writer, say};
use crate::information::Machine;
use crate::layer::Layer;
use crate::memory::Memory;
use ::shell::{Arguments, Command, Commands, Editor, Found, Received, Refusal, Text, split};
use boot::{CommandLine, Handoff};

/// What commands see.
pub(crate) struct Context {
    pub(crate) handoff: &'static Handoff,
    pub(crate) machine: Machine,
    pub(crate) memory: Memory,
    pub(crate) layer: Layer,
    /// Whether self-tests and main job went well: what `poweroff` tells whoever waits for a status.
    pub(crate) ok: bool,
}

/// All commands, in the order of `help`.
static COMMANDS: Commands<Context> = Commands(&[
    help::COMMAND,
    info::COMMAND,
    mem::COMMAND,
    dma_devices::COMMAND,
    dma_pools::COMMAND,
    dma_maps::COMMAND,
    dma_trace::COMMAND,
    dma_debug::COMMAND,
    sd_info::COMMAND,
    sd_ls::COMMAND,
    sd_sum::COMMAND,
    sd_cat::COMMAND,
    selftest::COMMAND,
    bench::COMMAND,
    peek::COMMAND,
    cores::COMMAND,
    bt::COMMAND,
    log_level::COMMAND,
    reboot::COMMAND,
    poweroff::COMMAND,
]);

/// Is there to be a prompt? Where somebody waits for an exit status, only if asked for.
fn is_wanted(line: CommandLine<'_>) -> bool {
    line.value("carom.shell") == Some("1") || line.value("carom.exit").is_none()
}

/// Characters are taken in: Ctrl-C stops what takes long.
pub(crate) struct Listening(());

/// Takes characters in from now on, if there is to be a prompt. Tells why where that cannot be.
pub(crate) fn listen(machine: &Machine) -> Option<Listening> {
    if !is_wanted(machine.command_line()) {
        return None;
    }
    let started = input::start(machine.info);
    let started = started.map_err(|why| say!("no prompt: {why}"));
    started.ok().map(Listening)
}

/// Reads and runs commands until one ends the machine.
pub(crate) fn run(context: &Context, _: Listening) -> ! {
    say!("\n`help` lists the commands, Tab completes them, Ctrl-C stops what takes long");
    input::acknowledge();
    let mut editor = Editor::default();
    loop {
        let line = read_line(&mut editor);
        execute(context, &line);
        input::acknowledge();
    }
}

fn read_line(editor: &mut Editor) -> Text {
    // The console cannot fail.
    let _ = editor.prompt(&mut Writer);
    loop {
        match input::wait() {
            Received::Interrupt => _ = editor.cancel(&mut Writer),
            Received::Byte(byte) => {
                if let Ok(Some(line)) = editor.feed(byte, &mut Writer, &COMMANDS) {
                    return line;
                }
            }
        }
    }
}

fn execute(context: &Context, line: &str) {
    match split(line) {
        Ok(words) if words.is_empty() => {}
        Ok(words) => call(context, &words),
        Err(error) => say!("{error}"),
    }
}

fn call(context: &Context, words: Arguments<'_>) {
    match COMMANDS.find(words) {
        Found::Command(command, arguments) => {
            if let Err(refusal) = (command.run)(context, arguments) {
                print_refusal(command, &refusal);
            }
        }
        Found::Group(first) => help::list(COMMANDS.group(first)),
        Found::Unknown(Some(near)) => say!("{}: no such command, \"{near}\" is near", words[0]),
        Found::Unknown(None) => say!("{}: no such command, `help` lists all", words[0]),
    }
}

fn print_refusal(command: &Command<Context>, refusal: &Refusal) {
    match refusal {
        Refusal::Usage => say!("usage: {}", command.usage()),
        Refusal::Text(text) => say!("{}: {text}", command.name),
    }
}

/// For commands that take no arguments.
fn nothing(arguments: Arguments<'_>) -> Result<(), Refusal> {
    if arguments.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Usage)
    }
}
