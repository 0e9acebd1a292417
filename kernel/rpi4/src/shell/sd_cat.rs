//! `sd cat`: a file as text.

use super::{Context, input};
use crate::card::{How, Reader, read_volume, tell_unopened};
use crate::console::Writer;
use ::shell::{Arguments, Command, Completion, Refusal, Visible};
use core::ops::ControlFlow;
use hal::{PAGE, Zone};

pub(super) const COMMAND: Command<Context> = Command {
    name: "sd cat",
    arguments: "PATH",
    summary: "show a file of the card as text",
    details: "\
UTF-8 is shown as it is, other bytes as \\xNN, control characters as ^X.
Ctrl-C stops.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let [path] = arguments else {
        return Err(Refusal::Usage);
    };
    let (pio, zone) = (false, Zone::Dma);
    match read_volume(&context.memory, How { pio, zone }, |volume| {
        show(volume, path)
    }) {
        Ok((result, _)) => result,
        Err(why) => {
            tell_unopened(&why);
            Ok(())
        }
    }
}

fn show(volume: &mut Reader<'_, '_>, path: &str) -> Result<(), Refusal> {
    let refused = |error| Refusal::text(format_args!("{path}: {error}"));
    let file = volume.find(path).map_err(refused)?;
    let mut text = Visible::default();
    let read = volume.read(&file, PAGE, |bytes| {
        // The console cannot fail.
        let _ = text.feed(bytes, &mut Writer);
        match input::stopped() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    let _ = text.finish(&mut Writer);
    read.map(|_| ()).map_err(refused)
}
