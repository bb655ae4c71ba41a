//! Text that cannot do anything to a terminal, nor to the order of what stands beside it, and that hides nothing.

use std::fmt::Write as _;

use icu_properties::props::{
    DefaultIgnorableCodePoint, Emoji, EmojiModifier, ExtendedPictographic, GeneralCategory, GeneralCategoryGroup,
    PrependedConcatenationMark, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};

const ZERO_WIDTH_NON_JOINER: char = '\u{200c}';
const ZERO_WIDTH_JOINER: char = '\u{200d}';
/// Shows the character before it as text or in colour.
const TEXT_STYLE: char = '\u{fe0e}';
const EMOJI_STYLE: char = '\u{fe0f}';
/// Stands around the character before it.
const KEYCAP: char = '\u{20e3}';
/// A symbol by its category, a blank by its look.
const BRAILLE_BLANK: char = '\u{2800}';

/// Text with its control characters, and those that turn the direction of writing or are not to be seen, shown as what they
/// are.
#[must_use]
pub fn sanitized(text: &str) -> String {
    escaped(text, |_| false, |c, text| text.extend(c.escape_default()))
}

/// Text of several lines that cannot do anything to a terminal.
#[must_use]
pub fn sanitized_lines(text: &str) -> String {
    escaped(text, |c| c == '\n', |c, text| text.extend(c.escape_default()))
}

/// JSON that cannot do anything to a terminal and means the same: what is harmful stands in its strings, escaped.
#[must_use]
pub fn sanitized_json(json: &str) -> String {
    let escape = |c: char, text: &mut String| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    };
    escaped(json, |c| c == '\n', escape)
}

/// A value as JSON that cannot do anything to a terminal.
#[must_use]
pub fn json_of(value: &impl serde::Serialize) -> String {
    sanitized_json(&serde_json::json!(value).to_string())
}

fn escaped(text: &str, is_let: impl Fn(char) -> bool, escape: impl Fn(char, &mut String)) -> String {
    let is_plain = |c: char| c.is_ascii_graphic() || c == ' ' || is_let(c);
    if text.chars().all(is_plain) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if is_plain(c) || !is_harmful(before, c, rest.clone().next()) {
            escaped.push(c);
        } else {
            escape(c, &mut escaped);
        }
        before = Some(c);
    }
    escaped
}

/// By the Unicode properties of the character. Those without a look of their own stay where scripts and emoji are written with
/// them: between characters that they join, keep apart or show in another way.
fn is_harmful(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => !joins(before, after),
        TEXT_STYLE | EMOJI_STYLE => !has_styles(before, after),
        BRAILLE_BLANK => true,
        _ => is_unseen(c),
    }
}

fn is_unseen(c: char) -> bool {
    let is_seen_format = || CodePointSetData::new::<PrependedConcatenationMark>().contains(c);
    match category(c) {
        GeneralCategory::Control | GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator => true,
        GeneralCategory::Format => !is_seen_format(),
        _ => CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c),
    }
}

fn joins(before: Option<char>, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    let is_emoji = |c: char| CodePointSetData::new::<ExtendedPictographic>().contains(c);
    let is_of_emoji = |c: char| is_emoji(c) || c == EMOJI_STYLE || CodePointSetData::new::<EmojiModifier>().contains(c);
    if is_of_emoji(before) {
        return after.is_some_and(is_emoji);
    }
    // What ends a word after such a sign says how its last letter is drawn.
    has_joiners(before) && (is_mark(before) || after.is_some_and(has_joiners))
}

fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(category(c))
}

/// A letter or mark of a script whose letters take other forms beside one another.
fn has_joiners(c: char) -> bool {
    let is_letter = GeneralCategoryGroup::Letter.contains(category(c)) || is_mark(c);
    let script = CodePointMapData::<Script>::new().get(c);
    let without = [
        Script::Common,
        Script::Inherited,
        Script::Latin,
        Script::Greek,
        Script::Cyrillic,
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
    ];
    is_letter && !without.contains(&script) && !is_unseen(c)
}

fn has_styles(before: Option<char>, after: Option<char>) -> bool {
    before.is_some_and(|c| CodePointSetData::new::<Emoji>().contains(c) && (!c.is_ascii() || after == Some(KEYCAP)))
}

fn category(c: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_do_anything_to_a_terminal() {
        assert_eq!(sanitized("a\u{1b}[2Jb\n\u{9b}31mc\u{202e}d"), "a\\u{1b}[2Jb\\n\\u{9b}31mc\\u{202e}d");
        assert_eq!(sanitized_lines("a\nb\rc\u{7}"), "a\nb\\rc\\u{7}");
        let json = "{\"a\":\"b\u{9b}31m\u{7f}\u{2028}\u{202e}\u{e0041}\",\n\"c\":\"é漢👩\"}";
        assert_eq!(sanitized_json(json), "{\"a\":\"b\\u009b31m\\u007f\\u2028\\u202e\\udb40\\udc41\",\n\"c\":\"é漢👩\"}");
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&sanitized_json(json)), read(json));
    }

    #[test]
    fn what_is_not_to_be_seen_is_shown() {
        let kinds = [
            ('\u{ad}', "soft hyphen"),
            ('\u{34f}', "grapheme joiner"),
            ('\u{61c}', "Arabic letter mark"),
            ('\u{115f}', "Hangul filler"),
            ('\u{1160}', "Hangul filler"),
            ('\u{3164}', "Hangul filler"),
            ('\u{ffa0}', "Hangul filler"),
            ('\u{17b4}', "Khmer vowel without a look"),
            ('\u{180b}', "Mongolian variation selector"),
            ('\u{180e}', "Mongolian vowel separator"),
            ('\u{200b}', "zero width space"),
            ('\u{200c}', "non-joiner"),
            ('\u{200d}', "joiner"),
            ('\u{200e}', "mark of direction"),
            ('\u{202e}', "override of direction"),
            ('\u{2060}', "word joiner"),
            ('\u{2063}', "invisible separator"),
            ('\u{2066}', "isolate of direction"),
            ('\u{2028}', "line separator"),
            ('\u{2800}', "Braille blank"),
            ('\u{feff}', "byte order mark"),
            ('\u{fe0f}', "variation selector"),
            ('\u{fe00}', "variation selector"),
            ('\u{fff9}', "annotation"),
            ('\u{1d173}', "musical format"),
            ('\u{e0001}', "language tag"),
            ('\u{e0041}', "tag"),
            ('\u{e0100}', "variation selector"),
            ('\u{e0fff}', "to be ignored by default, not given out yet"),
            ('\u{85}', "control"),
        ];
        for (c, kind) in kinds {
            assert_eq!(sanitized(&format!("a{c}b")), format!("a{}b", c.escape_default()), "{kind}");
        }
        assert_eq!(sanitized("\u{200d}"), "\\u{200d}");
    }

    #[test]
    fn what_is_written_is_left_as_it_is() {
        for text in [
            "",
            "Björk",
            "漢字",
            "シャ",
            "한국어",
            "שיר",
            "\"q\" | 'x'",
            "a\u{a0}b",
            // A singer, a heart on fire, a pilot, a flag, a keycap, a heart in colour.
            "👩\u{200d}🎤",
            "❤\u{fe0f}\u{200d}🔥",
            "👩🏽\u{200d}🚀",
            "🏳\u{fe0f}\u{200d}🌈",
            "1\u{fe0f}\u{20e3}",
            "☎\u{fe0e}",
            // Persian, Hindi, Sinhala, Malayalam.
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "ශ්\u{200d}රී",
            "അവന്\u{200d}",
            "\u{600}\u{661}",
        ] {
            assert_eq!(sanitized(text), text);
            assert_eq!(sanitized_json(text), text);
        }
        assert_eq!(sanitized("é\u{200d}é 1\u{fe0f}2"), "é\\u{200d}é 1\\u{fe0f}2");
    }
}
