//! The name that a mistyped one was meant to be.

/// Longest word that is compared; what is longer is near to nothing.
const MAX: usize = 32;

/// The nearest of `names`, if one is near: at most half of its characters are wrong. The first one
/// where two are as near.
pub(crate) fn nearest<'n>(typed: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let measured = names.filter_map(|name| Some((distance(typed, name)?, name)));
    let near = measured.filter(|(distance, name)| 2 * distance <= name.chars().count());
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Characters to change, insert, leave out or swap with a neighbour (optimal string alignment).
fn distance(a: &str, b: &str) -> Option<usize> {
    let (a, b) = (Word::new(a)?, Word::new(b)?);
    // Distances from the first i characters of `a` to the first j of `b`, for the last three i.
    let mut rows = [[0; MAX + 1]; 3];
    rows[0] = core::array::from_fn(|j| j);
    for i in 1..=a.len {
        rows[i % 3][0] = i;
        for j in 1..=b.len {
            rows[i % 3][j] = cheapest(&rows, (&a, i), (&b, j));
        }
    }
    Some(rows[a.len % 3][b.len])
}

fn cheapest(rows: &[[usize; MAX + 1]; 3], (a, i): (&Word, usize), (b, j): (&Word, usize)) -> usize {
    let (this, last) = (&rows[i % 3], &rows[(i + 2) % 3]);
    let same = a.at(i) == b.at(j);
    let plain = (last[j - 1] + usize::from(!same))
        .min(last[j] + 1)
        .min(this[j - 1] + 1);
    let swapped = i > 1 && j > 1 && a.at(i) == b.at(j - 1) && a.at(i - 1) == b.at(j);
    if swapped {
        plain.min(rows[(i + 1) % 3][j - 2] + 1)
    } else {
        plain
    }
}

/// A word's characters, counted from 1.
struct Word {
    characters: [char; MAX],
    len: usize,
}

impl Word {
    fn new(text: &str) -> Option<Self> {
        let mut word = Self {
            characters: ['\0'; MAX],
            len: 0,
        };
        for character in text.chars() {
            *word.characters.get_mut(word.len)? = character;
            word.len += 1;
        }
        Some(word)
    }

    fn at(&self, position: usize) -> char {
        self.characters[position - 1]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn distances_count_single_slips() {
        for (a, b, expected) in [
            ("", "", 0),
            ("mem", "mem", 0),
            ("mm", "mem", 1),
            ("memm", "mem", 1),
            ("mwm", "mem", 1),
            ("mme", "mem", 1),
            ("", "mem", 3),
            ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ] {
            assert_eq!(distance(a, b), Some(expected), "{a} {b}");
            assert_eq!(distance(b, a), Some(expected), "{b} {a}");
        }
        assert_eq!(distance(&"x".repeat(MAX + 1), "mem"), None);
    }

    #[test]
    fn the_nearest_name_is_found_and_far_ones_are_not_offered() {
        let names = ["help", "mem", "peek", "selftest"];
        let near = |typed| nearest(typed, names.into_iter());
        assert_eq!(near("hlep"), Some("help"));
        assert_eq!(near("selftets"), Some("selftest"));
        assert_eq!(near("peak"), Some("peek"));
        assert_eq!(near("xyzzy"), None);
        assert_eq!(near("mam"), Some("mem"));
    }
}
