//! Completion: what Tab makes of the text left of the cursor.

use crate::COLUMNS;
use crate::line::Text;
use core::fmt::{self, Write};

/// Whoever knows what can be typed.
pub trait Complete {
    /// Calls `each` with every text that `left` can become; all of them begin with `left`.
    fn candidates(&self, left: &str, each: &mut dyn FnMut(&str));
}

/// All candidates taken together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What they have in common.
    pub(crate) common: Text,
    pub(crate) count: usize,
    /// Characters of the longest.
    longest: usize,
}

impl Offer {
    pub(crate) fn of(names: &impl Complete, left: &str) -> Self {
        let mut offer = Self::default();
        names.candidates(left, &mut |text| offer.add(text));
        offer
    }

    fn add(&mut self, text: &str) {
        match self.count {
            0 => self.common = Text::from(text).unwrap_or_default(),
            _ => self.common.truncate(common_len(&self.common, text)),
        }
        self.count += 1;
        self.longest = self.longest.max(text.chars().count());
    }

    /// Lists the candidates in columns.
    pub(crate) fn list(
        &self,
        names: &impl Complete,
        left: &str,
        out: &mut impl Write,
    ) -> fmt::Result {
        let (width, mut column, mut result) = (self.longest + 2, 0, Ok(()));
        names.candidates(left, &mut |text| {
            let fits = column + width <= COLUMNS;
            let start = if fits && column > 0 { "" } else { "\n" };
            column = if fits { column + width } else { width };
            result = result.and_then(|()| write!(out, "{start}{text:width$}"));
        });
        result.and_then(|()| out.write_str("\n"))
    }
}

/// Bytes of the longest beginning that both have.
fn common_len(a: &str, b: &str) -> usize {
    let same = a.char_indices().zip(b.chars());
    let mut differ = same.skip_while(|((_, a), b)| a == b);
    differ
        .next()
        .map_or(a.len().min(b.len()), |((at, _), _)| at)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    struct Words(&'static [&'static str]);

    impl Complete for Words {
        fn candidates(&self, left: &str, each: &mut dyn FnMut(&str)) {
            let fit = self.0.iter().filter(|word| word.starts_with(left));
            fit.for_each(|word| each(word));
        }
    }

    #[test]
    fn an_offer_is_what_all_candidates_begin_with() {
        let words = Words(&["dma maps", "dma pools", "däm"]);
        let offer = |left| {
            let offer = Offer::of(&words, left);
            (String::from(&offer.common[..]), offer.count)
        };
        assert_eq!(offer("d"), ("d".into(), 3));
        assert_eq!(offer("dm"), ("dma ".into(), 2));
        assert_eq!(offer("dma p"), ("dma pools".into(), 1));
        assert_eq!(offer("x"), ("".into(), 0));
    }

    #[test]
    fn characters_are_never_cut() {
        assert_eq!(common_len("aß", "aä"), 1);
        assert_eq!(common_len("ab", "abc"), 2);
        assert_eq!(common_len("abc", "ab"), 2);
    }

    #[test]
    fn lists_stay_within_the_terminal() {
        let words = Words(&["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; 7]);
        let mut text = String::new();
        Offer::of(&words, "").list(&words, "", &mut text).unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.lines().all(|line| line.len() <= COLUMNS));
    }
}
