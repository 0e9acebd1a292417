//! `sd ls`: what is in a directory.

use super::{Context, input};
use crate::card::{How, Reader, read_volume, tell_unopened};
use crate::console::say;
use ::shell::{Arguments, COLUMNS, Command, Completion, Refusal};
use hal::Zone;
use storage::fat::{Entries, Entry};

pub(super) const COMMAND: Command<Context> = Command {
    name: "sd ls",
    arguments: "[PATH]",
    summary: "list a directory of the card: bytes and names",
    details: "\
PATH is from the root; without one the root is listed. Quotes hold a name with
blanks together. A slash marks directories. Ctrl-C stops.",
    completion: Completion::None,
    run,
};

/// Columns of a size and the blanks behind it.
const SIZE: usize = 12;

fn run(context: &Context, arguments: Arguments<'_>) -> Result<(), Refusal> {
    let path = match arguments {
        [] => "",
        [path] => path,
        _ => return Err(Refusal::Usage),
    };
    let (pio, zone) = (false, Zone::Dma);
    match read_volume(&context.memory, How { pio, zone }, |volume| {
        list(volume, path)
    }) {
        Ok((result, _)) => result,
        Err(why) => {
            tell_unopened(&why);
            Ok(())
        }
    }
}

fn list(volume: &mut Reader<'_, '_>, path: &str) -> Result<(), Refusal> {
    let refused = |error| Refusal::text(format_args!("{path}: {error}"));
    let at = volume.locate(path).map_err(refused)?;
    if let Some(file) = at.file() {
        print_entry(file);
        return Ok(());
    }
    let mut entries = volume.entries(&at).map_err(refused)?;
    print_all(volume, &mut entries).map_err(refused)
}

fn print_all<'v, 's>(
    volume: &mut Reader<'v, 's>,
    entries: &mut Entries,
) -> Result<(), storage::Error<crate::card::CardError>> {
    let (mut files, mut directories, mut bytes) = (0, 0, 0);
    while !input::stopped() {
        let Some(entry) = entries.next(volume)? else {
            say!("{files} files, {bytes} bytes; {directories} directories");
            break;
        };
        print_entry(&entry);
        *(if entry.directory {
            &mut directories
        } else {
            &mut files
        }) += 1;
        bytes += u64::from(entry.size);
    }
    Ok(())
}

/// A line; more where the name is longer than that.
fn print_entry(entry: &Entry) {
    let (size, slash) = match entry.directory {
        true => (None, "/"),
        false => (Some(entry.size), ""),
    };
    let mut rest = entry.name.as_str();
    let mut lead = Lead(size);
    loop {
        let room = COLUMNS - SIZE - 1;
        let end = rest
            .char_indices()
            .nth(room)
            .map_or(rest.len(), |(at, _)| at);
        let (line, more) = rest.split_at(end);
        let slash = if more.is_empty() { slash } else { "" };
        say!("{lead}{line}{slash}");
        if more.is_empty() {
            break;
        }
        (rest, lead) = (more, Lead(None));
    }
}

/// What stands in front of a name.
struct Lead(Option<u32>);

impl core::fmt::Display for Lead {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self.0 {
            Some(size) => write!(f, "{size:>width$}  ", width = SIZE - 2),
            None => write!(f, "{:SIZE$}", ""),
        }
    }
}
