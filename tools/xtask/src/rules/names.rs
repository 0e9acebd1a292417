//! Rules in the names of tests: `cm_3_partial_lines`, `cap_1_and_2_the_end`, `inv_2_cm_1_bytes`.

/// The rules that a name begins with. The first family may be any, so that a slip is noticed; a later
/// one counts if it is `known`, since `.. to_64_bytes` is only English.
pub(super) fn rules_of(name: &str, known: impl Fn(&str) -> bool) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let mut rules = Vec::new();
    let mut at = 0;
    while let Some(family) = family_at(&words, at) {
        if !rules.is_empty() && !known(&family) {
            break;
        }
        at += 1;
        while let Some(next) = number_at(&words, at) {
            rules.push(format!("{family}-{}", words[next]));
            at = next + 1;
        }
    }
    rules
}

/// A family is a short word with a number behind it.
fn family_at(words: &[&str], at: usize) -> Option<String> {
    let word = words.get(at)?;
    let short = (1..=4).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_lowercase());
    (short && is_number(words.get(at + 1)?)).then(|| word.to_uppercase())
}

/// Where the next number of the same family is: here, or behind an "and".
fn number_at(words: &[&str], at: usize) -> Option<usize> {
    let next = at + usize::from(words.get(at) == Some(&"and"));
    is_number(words.get(next)?).then_some(next)
}

/// At most two digits: `cve_2023_52790` is no rule of ours.
fn is_number(word: &str) -> bool {
    (1..=2).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(name: &str) -> Vec<String> {
        rules_of(name, |family| ["CM", "UL", "RES"].contains(&family))
    }

    #[test]
    fn one_rule_several_of_a_family_and_several_families() {
        assert_eq!(rules("cm_3_partial_lines"), ["CM-3"]);
        assert_eq!(rules("cm_1_and_2_the_end"), ["CM-1", "CM-2"]);
        assert_eq!(
            rules("inv_1_2_3_4_any_buffer"),
            ["INV-1", "INV-2", "INV-3", "INV-4"]
        );
        assert_eq!(
            rules("km_2_ul_3_res_2_res_3_x"),
            ["KM-2", "UL-3", "RES-2", "RES-3"]
        );
        assert_eq!(rules("dbg_17"), ["DBG-17"]);
    }

    #[test]
    fn words_and_numbers_of_a_sentence_are_no_rules() {
        assert_eq!(rules("a_rule_in_32_bits"), [""; 0]);
        assert_eq!(rules("cm_3_up_to_64_bytes"), ["CM-3"]);
        assert_eq!(rules("cm_3_of_4_lines"), ["CM-3"]);
        assert_eq!(rules("ul_1_and_more"), ["UL-1"]);
        assert_eq!(rules("cve_2023_52790_a_pool"), [""; 0]);
        assert_eq!(rules(""), [""; 0]);
    }

    #[test]
    fn a_slip_in_the_first_family_is_kept_to_be_noticed() {
        assert_eq!(rules("cn_3_partial_lines"), ["CN-3"]);
    }
}
