//! What is asked about a card at the prompt, and what the answers must be.

use super::cases::Case;
use crate::bootcard::KERNEL;
use crate::card::Card;
use crate::console::Moved;
use crate::script::{Act, PROMPT, Step};
use crate::test::medium::Medium;

/// Commands whose answers show what is in use.
const IN_USE: [&str; 3] = ["mem", "dma pools", "dma maps"];

/// The card is pulled once this file was summed: there are many after it.
const PULL_AFTER: &str = "  CLUSTER.BIN";

/// What a step is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// What is in use before the card is summed.
    Before,
    /// A sum during which the card is pulled.
    Pulled,
    /// What is in use without the card.
    Without,
    /// A sum that is refused.
    Refused,
    /// A sum of the whole card.
    Sum,
    /// The sum of the kernel's own file.
    Kernel,
    /// What is in use afterwards.
    After,
    /// The end.
    End,
}

/// Steps, each with its role.
pub(super) struct Dialogue {
    pub(super) steps: Vec<Step>,
    roles: Vec<Role>,
}

impl Dialogue {
    pub(super) fn about(case: &Case, card: Option<&Card>) -> Self {
        let mut dialogue = Self {
            steps: Vec::new(),
            roles: Vec::new(),
        };
        dialogue.lines(Role::Before, &IN_USE);
        if case.refused {
            dialogue.lines(Role::Refused, &["sd sum"]);
        }
        match card.filter(|_| case.pulled) {
            Some(card) => dialogue.pull(card, case.sums),
            None => dialogue.lines(Role::Sum, case.sums),
        }
        if case.medium == Medium::Boot {
            dialogue.lines(Role::Kernel, &[&format!("sd sum {KERNEL}")]);
        }
        dialogue.lines(Role::After, &IN_USE);
        dialogue.lines(Role::End, &["poweroff"]);
        dialogue
    }

    fn push(&mut self, role: Role, step: Step) {
        self.steps.push(step);
        self.roles.push(role);
    }

    fn lines(&mut self, role: Role, lines: &[&str]) {
        for line in lines {
            self.push(role, Step::line(line));
        }
    }

    /// Pulls the card in the middle of a sum, puts it back, and sums.
    fn pull(&mut self, card: &Card, sums: &[&str]) {
        let step = |after: &str, act| Step {
            after: after.to_owned(),
            act,
        };
        self.lines(Role::Pulled, &["sd sum"]);
        self.push(Role::Pulled, step(PULL_AFTER, Act::Eject));
        self.lines(Role::Without, &IN_USE);
        self.push(Role::Without, step(PROMPT, Act::Insert(card.path.clone())));
        for (n, line) in sums.iter().enumerate() {
            // The first comes at the prompt at which the card was put in.
            let after = if n == 0 { "" } else { PROMPT };
            self.push(Role::Sum, step(after, Step::line(line).act));
        }
    }

    /// What the console said to each step, by role.
    pub(super) fn answers(&self, pieces: &[&str]) -> Answers {
        let mut answers = Answers {
            complete: pieces.len() == self.roles.len(),
            said: Vec::new(),
        };
        for (role, piece) in self.roles.iter().zip(pieces) {
            answers.said.push((*role, (*piece).to_owned()));
        }
        answers
    }
}

/// A conversation that was held.
pub(super) struct Answers {
    /// Whether everything was asked.
    complete: bool,
    said: Vec<(Role, String)>,
}

impl Answers {
    fn to(&self, role: Role) -> String {
        let said = self.said.iter().filter(|(of, _)| *of == role);
        said.map(|(_, text)| text.as_str()).collect()
    }

    /// Judges all answers.
    pub(super) fn judge(&self, case: &Case, card: Option<&Card>) -> Result<(), String> {
        if !self.complete {
            return Err("the conversation came to no end".to_owned());
        }
        let all = self.to(Role::Refused) + &self.to(Role::Sum);
        if let Some(words) = case.answers.iter().find(|words| !all.contains(**words)) {
            return Err(format!("`sd sum` does not say \"{words}\""));
        }
        if let Some(card) = card {
            self.judge_sums(case, card)?;
        }
        if case.pulled && !self.to(Role::Pulled).contains("the card is gone") {
            return Err("a pulled card was not told".to_owned());
        }
        self.judge_losses(case.pulled)
    }

    /// Every sum by itself.
    fn judge_sums(&self, case: &Case, card: &Card) -> Result<(), String> {
        let sums = self.said.iter().filter(|(role, _)| *role == Role::Sum);
        for (command, (_, said)) in case.sums.iter().zip(sums) {
            card.listing.compare(said)?;
            // A card that could not be opened has none.
            if card.tally.files > 0 {
                let moved = Moved::parse(said).ok_or("nothing is said about the bytes moved")?;
                moved.judge(command, card.listing.bytes_in_blocks())?;
            }
        }
        if case.medium == Medium::Boot {
            let kernel = card.listing.below(KERNEL);
            kernel.compare(&self.to(Role::Kernel))?;
        }
        Ok(())
    }

    fn judge_losses(&self, pulled: bool) -> Result<(), String> {
        let before = in_use(&self.to(Role::Before));
        if before.len() < 4 {
            return Err(format!("too little is known of what is in use: {before:?}"));
        }
        let later = if pulled {
            &[Role::Without, Role::After][..]
        } else {
            &[Role::After]
        };
        for role in later {
            let then = in_use(&self.to(*role));
            if then != before {
                return Err(format!("in use before: {before:?}, then: {then:?}"));
            }
        }
        Ok(())
    }
}

fn is_number(word: &str) -> bool {
    word.parse::<u64>().is_ok()
}

/// Free pages by zone, slots of the pool in use, each master's mappings, and the bytes of it that are in
/// quarantine.
fn in_use(answers: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in answers.lines().map(str::trim_end) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["zone", zone, .., pages, "pages"] => found.push(format!("{zone}: {pages} pages free")),
            ["in", "use", slots] => found.push(format!("{slots} slots")),
            [master, ref numbers @ .., live, held]
                if numbers.len() == 5 && words[1..].iter().all(|word| is_number(word)) =>
            {
                found.push(format!("{master}: {live} live, {held} held"));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Listing;
    use crate::console::Tally;
    use crate::test::media::cases::all;
    use std::path::PathBuf;

    const NUMBERS: &str = "memory\r\n  zone Dma    below 0x40: 9 MiB free, 7 pages\r\n  \
        zone Normal from 0x40: 1 MiB free, 8 pages\r\n  in use     0\r\n\
        dma  1  2  3  4  5  6  0\r\n";

    fn case() -> Case {
        let mut all = all().into_iter();
        all.find(|case| case.pulled).unwrap()
    }

    fn card() -> Card {
        Card {
            path: PathBuf::new(),
            listing: Listing::of([("a", &b"x"[..])]),
            tally: Tally::default(),
        }
    }

    fn held(later: &str, pulled: &str, sum: &str) -> Result<(), String> {
        let said = [
            (Role::Before, NUMBERS),
            (Role::Pulled, pulled),
            (Role::Without, NUMBERS),
            (Role::Sum, sum),
            (Role::After, later),
        ];
        let said = said.map(|(role, text)| (role, text.to_owned())).to_vec();
        let complete = true;
        Answers { complete, said }.judge(&case(), Some(&card()))
    }

    const SUM: &str = "card emmc1: there again: X\r\n\
        2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  a\r\n";

    #[test]
    fn a_conversation_passes_only_with_all_digests_and_nothing_lost() {
        let gone = "card: b: cannot be read: the card is gone; put it back";
        assert_eq!(held(NUMBERS, gone, SUM), Ok(()));
        for (from, to) in [
            ("7 pages", "6 pages"),
            ("use     0", "use     1"),
            ("6  0", "6  64"),
        ] {
            let why = held(&NUMBERS.replace(from, to), gone, SUM).unwrap_err();
            assert!(why.contains("then"), "{why}");
        }
        assert!(held(NUMBERS, "", SUM).unwrap_err().contains("pulled"));
        let (again, _) = SUM.split_once('\n').unwrap();
        assert!(
            held(NUMBERS, gone, again)
                .unwrap_err()
                .contains("not summed")
        );
        let twice = SUM.repeat(2);
        assert!(held(NUMBERS, gone, &twice).unwrap_err().contains("twice"));
    }

    #[test]
    fn numbers_that_are_not_there_are_no_proof() {
        let answers = Answers {
            complete: true,
            said: Vec::new(),
        };
        let none = all().into_iter().find(|case| case.medium == Medium::None);
        let case = Case {
            answers: &[],
            ..none.unwrap()
        };
        assert!(
            answers
                .judge(&case, None)
                .unwrap_err()
                .contains("too little")
        );
    }

    #[test]
    fn a_conversation_that_ends_early_fails() {
        let dialogue = Dialogue::about(&case(), Some(&card()));
        assert!(
            dialogue
                .answers(&["mem"])
                .judge(&case(), Some(&card()))
                .is_err()
        );
    }

    #[test]
    fn the_card_is_pulled_while_it_is_summed_and_is_back_before_it_is_summed_again() {
        let dialogue = Dialogue::about(&case(), Some(&card()));
        let at = |act: &Act| dialogue.steps.iter().position(|step| step.act == *act);
        let sums = Act::Type(b"sd sum\r".to_vec());
        let first = at(&sums).unwrap();
        let pulled = at(&Act::Eject).unwrap();
        let back = at(&Act::Insert(PathBuf::new())).unwrap();
        assert!(pulled == first + 1 && back > pulled);
        assert_eq!(dialogue.steps[back + 1].act, sums);
    }
}
