//! Cards, sound and bad: one boot for each, and a conversation about it at the prompt.
//!
//! Whatever is in the slot, the kernel must say in one clear line what is wrong, go on to a prompt
//! that works, and lose nothing: neither a page, nor a slot of the pool, nor a mapping. The digests
//! of `sd sum` are held against those that the host knows, path by path.

mod cases;
mod dialogue;

use crate::boot::{Expect, Kernel, Setup, Tree, Verdict};
use crate::card::Card;
use crate::console::{CardExpected, Expected};
use crate::header::LoadOffset;
use crate::image::Built;
use crate::process::{Echo, Ended};
use crate::report::{Group, tail};
use crate::script::{Script, before_prompt};
use crate::slot::Slot;
pub(super) use cases::{Case, all};
use dialogue::Dialogue;
use std::path::Path;
use std::time::{Duration, Instant};

impl Case {
    /// Boots and talks; all of it is one test.
    pub(super) fn run(&self, built: &Built, out: &Path, limit: Duration) -> Group {
        let start = Instant::now();
        let result = self.try_run(built, out, limit);
        let result = result.unwrap_or_else(|error| Err(format!("{error:#}")));
        Group::single(self.name, start.elapsed(), result)
    }

    fn try_run(
        &self,
        built: &Built,
        out: &Path,
        limit: Duration,
    ) -> anyhow::Result<Result<(), String>> {
        let card = self.medium.make(built, out)?;
        let dialogue = Dialogue::about(self, card.as_ref());
        let slot = Slot::new();
        let socket = slot.socket().to_owned();
        let setup = Setup {
            kernel: Kernel::Image(LoadOffset::DEFAULT),
            tree: Tree::Emulator,
            file: None,
            card: card.as_ref().map(|card| card.path.as_path()),
            slot: self.pulled.then_some(&socket),
            append: &format!("selftest=null {}", self.append),
            limit,
        };
        let mut script = Script::with_slot(dialogue.steps.clone(), slot);
        let ended = setup.converse(built, out, Echo::Off, &mut script)?;
        let answers = dialogue.answers(&script.answers(&ended.output));
        let why = [
            self.judge_boot(&ended, card.as_ref()),
            answers.judge(self, card.as_ref()),
        ];
        let why: Vec<String> = why.into_iter().filter_map(Result::err).collect();
        Ok(match why.is_empty() {
            true => Ok(()),
            false => Err(format!("{}\n{}", why.join("\n"), tail(&ended.output))),
        })
    }

    /// What the kernel says by itself, and the status at the end.
    fn judge_boot(&self, ended: &Ended, card: Option<&Card>) -> Result<(), String> {
        let mut booted = ended.clone();
        booted.output.truncate(before_prompt(&ended.output));
        let sound = card.is_none_or(|card| card.tally.is_sound());
        let expect = Expect {
            file: Expected::Nothing,
            card: CardExpected::of(card),
            status: i32::from(!sound),
            says: self.says,
        };
        let verdict = Verdict::of(&booted, expect);
        let failed = verdict.failed_tests().map(|test| test.name);
        let wrong: Vec<String> = verdict.wrong.iter().cloned().chain(failed).collect();
        match wrong.is_empty() {
            true => Ok(()),
            false => Err(wrong.join("\n")),
        }
    }
}
