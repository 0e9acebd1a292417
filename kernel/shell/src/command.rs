//! Commands as data, and how a line finds its own.

use crate::arguments::Arguments;
use crate::complete::Complete;
use crate::line::Text;
use crate::nearest::nearest;
use arrayvec::ArrayString;
use core::fmt::{self, Write};

/// Why a command did nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its arguments are not what it takes: the usage line is printed.
    Usage,
    /// This, cut off where it is longer than two lines.
    Text(ArrayString<156>),
}

impl Refusal {
    /// A reason in words.
    pub fn text(reason: impl fmt::Display) -> Self {
        let mut text = ArrayString::new();
        // What does not fit is cut off.
        let _ = write!(text, "{reason}");
        Self::Text(text)
    }
}

/// What Tab offers behind a command's name.
#[derive(Clone, Copy, Debug)]
pub enum Completion {
    /// Nothing.
    None,
    /// These words.
    Words(&'static [&'static str]),
    /// The names of all commands.
    Commands,
}

/// A command over a context `C`.
pub struct Command<C: 'static> {
    /// One word or two.
    pub name: &'static str,
    /// As the usage line shows them: `ADDR [LEN]`.
    pub arguments: &'static str,
    /// What it does, in less than half a line.
    pub summary: &'static str,
    /// More lines for `help <name>`, each of at most 80 columns; may be empty.
    pub details: &'static str,
    /// What Tab offers for its arguments.
    pub completion: Completion,
    /// Does it.
    pub run: fn(&C, Arguments<'_>) -> Result<(), Refusal>,
}

impl<C> Command<C> {
    /// Name and arguments.
    pub fn usage(&self) -> impl fmt::Display {
        Usage(self.name, self.arguments)
    }

    /// How many of `words` are its name, if they are.
    fn named_by(&self, words: &[&str]) -> Option<usize> {
        let mut len = 0;
        self.name
            .split(' ')
            .all(|part| {
                len += 1;
                words.get(len - 1) == Some(&part)
            })
            .then_some(len)
    }
}

struct Usage(&'static str, &'static str);

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blank = if self.1.is_empty() { "" } else { " " };
        // As one text, so that a width holds for all of it.
        let mut text = ArrayString::<60>::new();
        write!(text, "{}{blank}{}", self.0, self.1)?;
        f.pad(&text)
    }
}

/// Everything that can be typed.
pub struct Commands<C: 'static>(pub &'static [Command<C>]);

/// What a line's words name.
pub enum Found<'a, C: 'static> {
    /// This command, with the words behind its name.
    Command(&'static Command<C>, Arguments<'a>),
    /// Only the first word of several names.
    Group(&'a str),
    /// Nothing; this name is near.
    Unknown(Option<&'static str>),
}

impl<C> Commands<C> {
    /// Looks the command of `words` up, which are at least one.
    pub fn find<'a>(&self, words: Arguments<'a>) -> Found<'a, C> {
        for command in self.0 {
            if let Some(len) = command.named_by(words) {
                return Found::Command(command, &words[len..]);
            }
        }
        match words {
            [group] if self.group(group).next().is_some() => Found::Group(group),
            _ => Found::Unknown(self.nearest(words)),
        }
    }

    /// The commands whose names begin with the word `first` and have another one.
    pub fn group(&self, first: &str) -> impl Iterator<Item = &'static Command<C>> {
        self.0.iter().filter(move |command| {
            let rest = command.name.strip_prefix(first);
            rest.is_some_and(|rest| rest.starts_with(' '))
        })
    }

    /// The nearest name, compared with as many words as it has.
    fn nearest(&self, words: Arguments<'_>) -> Option<&'static str> {
        let of_two = words.get(..2).and_then(|two| {
            let names = self.0.iter().map(|c| c.name).filter(|n| n.contains(' '));
            nearest(&joined(two), names)
        });
        let names = self.0.iter().map(|c| c.name).filter(|n| !n.contains(' '));
        of_two.or_else(|| nearest(words.first()?, names))
    }

    fn names(&self, left: &str, before: &str, each: &mut dyn FnMut(&str)) {
        for command in self.0 {
            offer(left, before, command.name, each);
        }
    }
}

/// Two words with a blank between; empty where they do not fit into a line.
fn joined(words: &[&str]) -> Text {
    let mut text = Text::new();
    let all = write!(text, "{} {}", words[0], words[1]);
    all.map_or(Text::new(), |()| text)
}

/// Offers `before` and `word` together, if they begin with what was typed and fit into a line.
fn offer(left: &str, before: &str, word: &str, each: &mut dyn FnMut(&str)) {
    let mut text = Text::new();
    if write!(text, "{before}{word}").is_ok() && text.starts_with(left) {
        each(&text);
    }
}

impl<C> Complete for Commands<C> {
    fn candidates(&self, left: &str, each: &mut dyn FnMut(&str)) {
        self.names(left, "", each);
        for command in self.0 {
            let behind = left.strip_prefix(command.name);
            let Some(typed) = behind.and_then(|rest| rest.strip_prefix(' ')) else {
                continue;
            };
            let before = &left[..left.len() - typed.len()];
            match command.completion {
                Completion::None => {}
                Completion::Words(words) => {
                    words
                        .iter()
                        .for_each(|word| offer(left, before, word, each));
                }
                Completion::Commands => self.names(left, before, each),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::{String, ToString};
    use std::{format, vec::Vec};

    const fn command(name: &'static str, completion: Completion) -> Command<()> {
        Command {
            name,
            arguments: "",
            summary: "",
            details: "",
            completion,
            run: |(), _| Ok(()),
        }
    }

    static ALL: Commands<()> = Commands(&[
        command("help", Completion::Commands),
        command("dma devices", Completion::None),
        command("dma pools", Completion::None),
        command("log", Completion::Words(&["info", "debug", "error"])),
    ]);

    fn found(words: &[&str]) -> String {
        match ALL.find(words) {
            Found::Command(command, arguments) => format!("{} {arguments:?}", command.name),
            Found::Group(first) => format!("group {first}"),
            Found::Unknown(near) => format!("unknown, near {near:?}"),
        }
    }

    #[test]
    fn names_of_one_and_two_words_are_found_with_their_arguments() {
        assert_eq!(found(&["log", "info"]), "log [\"info\"]");
        assert_eq!(found(&["dma", "pools", "x"]), "dma pools [\"x\"]");
    }

    #[test]
    fn what_is_unknown_gets_the_nearest_name() {
        assert_eq!(found(&["hlep"]), "unknown, near Some(\"help\")");
        assert_eq!(
            found(&["dma", "polls"]),
            "unknown, near Some(\"dma pools\")"
        );
        assert_eq!(found(&["lgo", "info"]), "unknown, near Some(\"log\")");
        assert_eq!(found(&["xyzzy", "abc"]), "unknown, near None");
    }

    #[test]
    fn the_first_word_of_several_names_is_told_apart() {
        assert_eq!(found(&["dma"]), "group dma");
        let names: Vec<_> = ALL.group("dma").map(|command| command.name).collect();
        assert_eq!(names, ["dma devices", "dma pools"]);
    }

    fn candidates(left: &str) -> Vec<String> {
        let mut all = Vec::new();
        ALL.candidates(left, &mut |text| all.push(text.to_string()));
        all
    }

    #[test]
    fn names_and_then_their_arguments_are_offered() {
        assert_eq!(candidates("d"), ["dma devices", "dma pools"]);
        assert_eq!(candidates("dma p"), ["dma pools"]);
        assert_eq!(candidates("log "), ["log info", "log debug", "log error"]);
        assert_eq!(candidates("log d"), ["log debug"]);
        assert_eq!(candidates("help dma d"), ["help dma devices"]);
        assert_eq!(candidates("dma pools "), [""; 0]);
        assert_eq!(candidates("logs "), [""; 0]);
    }

    #[test]
    fn a_usage_line_keeps_to_its_column() {
        let two = Command {
            arguments: "X [Y]",
            ..command("log", Completion::None)
        };
        assert_eq!(format!("{:<10}|", two.usage()), "log X [Y] |");
        assert_eq!(format!("{:<5}|", ALL.0[0].usage()), "help |");
    }

    #[test]
    fn a_reason_that_is_too_long_is_cut_off() {
        let Refusal::Text(text) = Refusal::text("x".repeat(500)) else {
            panic!("a text was given");
        };
        // A whole piece that does not fit is left out; pieces before it stay.
        assert!(text.len() <= 156);
    }
}
