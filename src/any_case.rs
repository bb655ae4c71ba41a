//! Which letters differ in nothing but their case. Databases tell it by their own language, or not at all beyond ASCII.

use std::collections::BTreeSet;

use crate::warehouse::Param;

/// The last character that may be a letter with another case.
const LAST: char = '\u{1FFFF}';

/// What has any engine find texts in whatever case they are written: `translate(x, $capitals, $letters)` makes small letters
/// of those that the texts have, so that it is the text of [`AnyCase::small`] where `x` is equal but for case. Other letters
/// are as different in small as they are in capitals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnyCase {
    capitals: String,
    letters: String,
}

impl AnyCase {
    /// To find these texts.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let wanted: BTreeSet<char> = texts.into_iter().flat_map(str::chars).map(small).collect();
        let pairs = ('\u{1}'..=LAST).map(|c| (c, small(c))).filter(|(c, letter)| c != letter && wanted.contains(letter));
        let (capitals, letters) = pairs.unzip();
        Self { capitals, letters }
    }

    /// A text in small letters.
    pub fn small(text: &str) -> String {
        text.chars().map(small).collect()
    }

    /// The parameters `$capitals` and `$letters`.
    pub fn parameters(&self) -> [Param<'static>; 2] {
        [Param::new("capitals", self.capitals.as_str()), Param::new("letters", self.letters.as_str())]
    }
}

/// The small letter of a letter; of any other character itself. Letters that share a capital are one, as σ and ς; so are i,
/// ı and İ, as every one of them is the i of some language. It is one for one: ß is not ss.
fn small(c: char) -> char {
    let mut capital = c.to_uppercase();
    let capital = match (capital.next(), capital.next()) {
        (Some(capital), None) => capital,
        _ => c,
    };
    // Only İ becomes two characters, of which the second is its dot.
    capital.to_lowercase().next().unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the engines do it.
    fn translated(text: &str, to_find: &AnyCase) -> String {
        let letter = |c| to_find.capitals.chars().zip(to_find.letters.chars()).find(|(capital, _)| *capital == c);
        text.chars().map(|c| letter(c).map_or(c, |(_, letter)| letter)).collect()
    }

    #[test]
    fn texts_are_found_in_any_case_and_no_others() {
        let alike = [
            ["ABC-1", "abc-1"],
            ["J\u{d3}GA", "j\u{f3}ga"],
            ["\u{130}STANBUL", "istanbul"],
            ["I\u{131}", "\u{130}i"],
            ["\u{39f}\u{394}\u{39f}\u{3a3}", "\u{3bf}\u{3b4}\u{3bf}\u{3c2}"],
            ["\u{3c3}", "\u{3c2}"],
            ["STRA\u{1e9e}E", "stra\u{df}e"],
            ["\u{1c4}", "\u{1c5}"],
            ["\u{212a}", "k"],
            ["\u{10400}", "\u{10428}"],
            ["\u{441}\u{43e}\u{43d}", "\u{421}\u{41e}\u{41d}"],
        ];
        for [one, other] in alike {
            assert_eq!(AnyCase::small(one), AnyCase::small(other), "{one} {other}");
            for [sought, held] in [[one, other], [other, one], [one, one]] {
                assert_eq!(translated(held, &AnyCase::of([sought])), AnyCase::small(sought), "{held} by {sought}");
            }
        }
        // Accents are no case, however they are written; neither are two letters for one.
        for [one, other] in
            [["e\u{301}", "\u{e9}"], ["\u{e9}", "e"], ["\u{df}", "ss"], ["\u{fb01}", "fi"], ["a", "b"], ["A", "B"]]
        {
            assert_ne!(AnyCase::small(one), AnyCase::small(other), "{one} {other}");
            assert_ne!(translated(other, &AnyCase::of([one])), AnyCase::small(one), "{other} by {one}");
        }
        // What is sought together with another text is found as by itself.
        let both = AnyCase::of(["J\u{f3}ga", "BJ\u{d6}RK"]);
        assert_eq!(translated("J\u{d3}GA", &both), AnyCase::small("j\u{f3}ga"));
    }

    #[test]
    fn a_small_letter_is_its_own() {
        for c in '\u{1}'..=char::MAX {
            assert_eq!(small(small(c)), small(c), "{c:?}");
            assert!(c <= LAST || small(c) == c, "{c:?}");
        }
    }
}
