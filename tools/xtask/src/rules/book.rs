//! The rules of the book, in its order.

/// What `docs/rules.md` promises, by id.
///
/// A rule begins with its id in bold: at the start of a list's item, or in a table's first cell.
#[derive(Debug)]
pub(super) struct Book(Vec<String>);

impl Book {
    pub(super) fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .filter_map(rule_of)
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Ids, in order.
    pub(super) fn rules(&self) -> &[String] {
        &self.0
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|rule| rule == id)
    }

    /// Is there a rule of this family, such as `CM`?
    pub(super) fn has_family(&self, family: &str) -> bool {
        let mut families = self.0.iter().filter_map(|id| id.split_once('-'));
        families.any(|(known, _)| known == family)
    }

    /// Rules that are told more than once.
    pub(super) fn twice(&self) -> impl Iterator<Item = &String> {
        let again = |(i, id): &(usize, &String)| self.0[..*i].contains(id);
        self.0.iter().enumerate().filter(again).map(|(_, id)| id)
    }
}

/// The id that a line begins with, if it is a rule's.
fn rule_of(line: &str) -> Option<&str> {
    let item = ["* **", "- **", "| **"];
    let rest = item.iter().find_map(|start| line.strip_prefix(start))?;
    let (id, _) = rest.split_once("**")?;
    let (family, number) = id.split_once('-')?;
    let is_id = family.bytes().all(|b| b.is_ascii_uppercase())
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit());
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_lists_and_in_tables() {
        let book = Book::parse("* **CM-1** x\n- **Q-2** y\n| **DBG-10** | z |\n");
        assert_eq!(book.rules(), ["CM-1", "Q-2", "DBG-10"]);
        assert!(book.has_family("Q") && !book.has_family("D"));
    }

    #[test]
    fn mentions_and_other_bold_words_are_no_rules() {
        let book = Book::parse("see **CM-1**\n* **Who** may\n* CM-2 is\n  * **CM-3** nested\n");
        assert_eq!(book.rules(), [""; 0]);
    }
}
