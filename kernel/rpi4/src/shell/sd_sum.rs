//! `sd sum`: digests, as `sha256sum` writes them.

use super::Context;
use crate::card::job::REQUEST;
use crate::card::{How, Reader, Summary, Teller, far_zone, read_volume, tell_unopened};
use crate::console::say;
use ::shell::{Arguments, Command, Completion, Refusal};
use arch::Timer;
use hal::{Clock, Zone};
use storage::{Audit, audit};

pub(super) const COMMAND: Command<Context> = Command {
    name: "sd sum",
    arguments: "[--pio] [PATH]",
    summary: "SHA-256 of files of the card, held against SHA256SUMS",
    details: "\
Sums the file at PATH, all below the directory there, or all of the card. Data
go by the controller's own way into pages above 1 GiB; --pio has the CPU move
them, --low takes pages that every device reaches. Ctrl-C stops.",
    completion: Completion::None,
    run,
};

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let memory = &context.memory;
    let (mut pio, mut zone, mut path) = (false, far_zone(memory), None);
    for word in arguments {
        match *word {
            "--pio" => pio = true,
            "--low" => zone = Zone::Dma,
            word if path.is_none() => path = Some(word),
            _ => return Err(Refusal::Usage),
        }
    }
    let (start, mut teller) = (Timer.micros(), Teller::of_sums());
    let sum = |volume: &mut Reader<'_, '_>| sum(volume, path.unwrap_or(""), &mut teller);
    match read_volume(memory, How { pio, zone }, sum) {
        Ok((audit, moved)) => {
            let audit = audit?;
            if teller.met_no_pool() {
                say!("`sd sum --low` reads within reach, `sd sum --pio` without a device");
            }
            let summary = Summary(&audit, &moved, Timer.micros() - start);
            say!("{summary}");
            summary.tell_moved();
        }
        Err(why) => tell_unopened(&why),
    }
    Ok(())
}

fn sum(volume: &mut Reader<'_, '_>, path: &str, teller: &mut Teller) -> Result<Audit, Refusal> {
    let refused = |error| Refusal::text(format_args!("{path}: {error}"));
    let at = volume.locate(path).map_err(refused)?;
    Ok(audit(volume, &at, REQUEST, teller))
}
