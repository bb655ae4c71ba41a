//! The rules for prose in CONTRIBUTING.md, held over the pages that keep to them, help texts and messages; and the form of
//! decisions.

use std::fs;
use std::path::{Path, PathBuf};

use crate::architecture::{files, shown, source_folders, split};
use crate::support::repository;

/// Pages, and folders of pages or of files with comments, without the words that CONTRIBUTING.md lists. A page joins when its prose keeps to the rules.
const PAGES: [&str; 11] = [
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "README.md",
    "attack",
    "bench",
    "config",
    "crates",
    "docs",
    "examples",
    "findings",
    "sql",
];
/// Not held to short sentences: heads of queries are lists without full stops.
const HEADS: &str = "sql";
const MOST_WORDS: usize = 30;

/// How the table of words in CONTRIBUTING.md begins.
const TABLE_OF_WORDS: &str = "| not | but |\n| --- | --- |\n";

/// Words that a heading does not begin with: it would be a clause or a question.
const QUESTION_WORDS: [&str; 11] = ["Are", "Can", "Does", "How", "Is", "What", "When", "Where", "Which", "Who", "Why"];

/// American spellings; pages are British.
const AMERICAN: [&str; 12] = [
    "analyze", "analyzes", "analyzed", "behavior", "canceled", "catalog", "center", "color", "favor", "labeled", "modeled",
    "neighbor",
];

/// Where comments are what `--help` prints.
const HELP: [&str; 3] = ["src/cli.rs", "src/cli", "crates/redshift-standin/src/main.rs"];

/// Phrases that hold one of the words and are plain English all the same, with why.
const PLAIN: [(&str, &str); 2] =
    [("there is no", "says that a thing is missing, not what it fails to be"), ("is no longer", "says when, not what")];

/// What a decision has, in this order.
const PARTS: [&str; 4] = ["## Context", "## Decision", "## Rejected", "## Where"];
const MOST_LINES: usize = 35;

#[test]
fn pages_do_without_the_words_not_to_use() {
    let words = [words_not_to_use(), AMERICAN.map(str::to_owned).to_vec()].concat();
    let mut faults = Vec::new();
    for (name, text) in PAGES.iter().flat_map(|place| pages(place)) {
        for sentence in sentences(&text) {
            faults.extend(found_in(&words, &sentence).map(|word| format!("{name}: `{word}`: {sentence}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn messages_and_help_texts_do_without_the_words_not_to_use() {
    let words = words_not_to_use();
    let mut faults = Vec::new();
    for path in source_folders().iter().flat_map(|folder| files(folder, &["rs"])) {
        let (name, source) = (shown(&path), fs::read_to_string(&path).unwrap());
        let mut texts: Vec<String> = split(&source).texts.iter().map(|text| in_one_line(text)).collect();
        if HELP.iter().any(|place| Path::new(&name).starts_with(place)) {
            texts.extend(source.lines().filter_map(|line| line.trim().strip_prefix("/// ")).map(str::to_owned));
        }
        for text in texts {
            faults.extend(found_in(&words, &text).map(|word| format!("{name}: `{word}`: {text}")));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn sentences_are_short() {
    let mut faults = Vec::new();
    for (name, text) in PAGES.iter().filter(|place| **place != HEADS).flat_map(|place| pages(place)) {
        for sentence in sentences(&text) {
            let words = sentence.split(' ').count();
            if words > MOST_WORDS {
                faults.push(format!("{name}: {words} words: {sentence}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn headings_are_nouns_or_imperatives() {
    let mut faults = Vec::new();
    for (name, text) in
        PAGES.iter().flat_map(|place| pages(place)).filter(|(name, _)| Path::new(name).extension().is_some_and(|end| end == "md"))
    {
        // In a block of code, a `#` begins a comment.
        for line in text.split("```").step_by(2).flat_map(str::lines) {
            let heading = line.trim_start_matches('#').trim_start();
            let is_clause = heading.split_once(' ').is_some_and(|(first, _)| QUESTION_WORDS.contains(&first));
            if line.starts_with('#') && (is_clause || heading.ends_with(['.', '!', '?'])) {
                faults.push(format!("{name}: {line}"));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn decisions_are_numbered_listed_and_short() {
    let (index, decisions): (Vec<_>, Vec<_>) =
        pages("docs/decisions").into_iter().partition(|(name, _)| name.ends_with("README.md"));
    let rows: Vec<&str> = index[0].1.lines().filter(|line| line.starts_with("| [")).collect();
    let expected: Vec<String> = (1..).zip(&decisions).map(|(number, (name, text))| row(number, name, text)).collect();
    assert_eq!(rows, expected, "docs/decisions/README.md lists each decision by its number, date and title");
    for (name, text) in &decisions {
        let parts: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(parts, PARTS, "{name}");
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{name} has {lines} lines, more than {MOST_LINES}");
    }
}

#[test]
fn decisions_name_files_that_are_there() {
    let mut faults = Vec::new();
    for (name, text) in pages("docs/decisions").iter().filter(|(name, _)| !name.ends_with("README.md")) {
        let (_, places) = text.split_once(PARTS[3]).unwrap();
        // A name without a folder is beside the one before it.
        let mut beside = PathBuf::new();
        for path in places.split('`').skip(1).step_by(2).filter(|code| is_path(code)) {
            let path = if path.contains('/') || beside.as_os_str().is_empty() { PathBuf::from(path) } else { beside.join(path) };
            let (folder, pattern) = (path.parent().unwrap().to_owned(), path.file_name().unwrap().to_str().unwrap());
            if !has_file(&repository().join(&folder), pattern) {
                faults.push(format!("{name}: {}", path.display()));
            }
            beside = folder;
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn prose_is_separated_from_code() {
    let text = "# A title\n\nOne sentence that\ngoes on. Another, by `dear code`!\n\n```\nis told\n```\n\n- An item.\n- A link [to it](dear.md).\n\n| a | b |\n| --- | --- |\n| c | d e |\n";
    let found = sentences(text);
    assert_eq!(
        found,
        ["A title", "One sentence that goes on.", "Another, by ``!", "An item.", "A link [to it]().", "a", "b", "c", "d e"]
    );
    assert!(has_phrase("All Dear checks", "dear") && !has_phrase("an endeared user", "dear") && !has_phrase("dearer", "dear"));
    assert!(words_not_to_use().contains(&"dear".to_owned()));
    let is_no = ["is no".to_owned()];
    assert_eq!(found_in(&is_no, "`x` is no port").count(), 1);
    assert_eq!(found_in(&is_no, "There is no port, and it is no longer open").count(), 0);
    assert_eq!(in_one_line("a {tally:>3}\\\n    that goes on\\nand on"), "a {} that goes on and on");
    assert!(!words_not_to_use().iter().any(|word| word.starts_with("people")), "only a reader can tell");
}

/// The left column of the table of words in CONTRIBUTING.md. Entries with a remark in parentheses are for readers: only in some
/// meanings is another word better.
fn words_not_to_use() -> Vec<String> {
    let text = fs::read_to_string(repository().join("CONTRIBUTING.md")).unwrap();
    let (_, table) = text.split_once(TABLE_OF_WORDS).expect("CONTRIBUTING.md has a table of words");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = rows.map(|row| row.split('|').nth(1).unwrap().trim()).filter(|cell| !cell.contains('('));
    cells.flat_map(|cell| cell.split(", ")).map(str::to_lowercase).collect()
}

/// Those of the words that stand in a text, other than in a plain phrase.
fn found_in<'a>(words: &'a [String], text: &str) -> impl Iterator<Item = &'a String> {
    let text = PLAIN.iter().fold(text.to_lowercase(), |text, (phrase, _)| text.replace(phrase, ""));
    words.iter().filter(move |word| has_phrase(&text, word))
}

/// A text of a Rust source with a space in place of each of its line breaks, and without the names of values.
fn in_one_line(text: &str) -> String {
    let text = text.replace("\\\n", " ").replace("\\n", " ");
    let parts = text.split('{').enumerate().map(|(number, part)| match part.split_once('}') {
        Some((_, behind)) if number > 0 => behind,
        _ => part,
    });
    parts.collect::<Vec<_>>().join("{}").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The pages at or below a place, by name, with their text; of other files, what stands in comments.
fn pages(place: &str) -> Vec<(String, String)> {
    let text = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        match comment_of(path) {
            Some(begin) => {
                text.lines().map(|line| line.trim().strip_prefix(begin).unwrap_or_default().to_owned() + "\n").collect()
            }
            // The table itself names them.
            None => text.split(TABLE_OF_WORDS).next().unwrap_or_default().to_owned(),
        }
    };
    let pages: Vec<_> = files(place, &["md", "sql", "toml"]).iter().map(|path| (shown(path), text(path))).collect();
    assert!(!pages.is_empty(), "{place} is gone");
    pages
}

/// How a line of prose begins in a file that is not a page.
fn comment_of(path: &Path) -> Option<&'static str> {
    match path.extension()?.to_str()? {
        "sql" => Some("-- "),
        "toml" => Some("# "),
        _ => None,
    }
}

/// The line of a decision in the list, as its page has it.
fn row(number: usize, name: &str, text: &str) -> String {
    let file = name.rsplit('/').next().unwrap();
    let mut lines = text.lines();
    let title = lines.next().and_then(|line| line.strip_prefix(&format!("# {number}. "))).unwrap_or("(title)");
    let date = lines.nth(1).and_then(|line| line.strip_prefix("Decided on ")?.strip_suffix('.')).unwrap_or("(date)");
    format!("| [{number:04}]({file}) | {date} | {title} |")
}

/// The sentences of a page, without blocks of code; code within them and the targets of links are emptied.
fn sentences(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for (number, part) in text.split("```").enumerate() {
        // What is between two fences is code.
        if number % 2 == 1 {
            blocks.push(String::new());
            continue;
        }
        for line in part.lines() {
            let line = line.trim();
            if line.starts_with('|') {
                blocks.extend(line.split('|').map(str::to_owned));
                blocks.push(String::new());
            } else if line.is_empty() || line.starts_with('#') || line.starts_with("- ") || is_numbered(line) {
                blocks.push(line.trim_start_matches(['#', '-', ' ']).to_owned());
            } else {
                let block = blocks.last_mut().unwrap();
                block.push(' ');
                block.push_str(line);
            }
        }
    }
    let is_prose = |sentence: &String| sentence.contains(char::is_alphabetic);
    blocks.iter().flat_map(|block| sentences_of(&without_code(block))).filter(is_prose).collect()
}

fn is_numbered(line: &str) -> bool {
    line.split_once(". ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

fn without_code(block: &str) -> String {
    let prose: Vec<&str> = block.split('`').step_by(2).collect();
    let mut links = String::new();
    for (number, part) in prose.join("``").split("](").enumerate() {
        if number > 0
            && let Some((_, behind)) = part.split_once(')')
        {
            links.push_str("]()");
            links.push_str(behind);
        } else {
            links.push_str(part);
        }
    }
    links
}

fn sentences_of(block: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in block.split_whitespace() {
        let sentence = sentences.last_mut().unwrap();
        if !sentence.is_empty() {
            sentence.push(' ');
        }
        sentence.push_str(word);
        if word.trim_end_matches(['*', ')', '"']).ends_with(['.', '!', '?']) {
            sentences.push(String::new());
        }
    }
    sentences
}

/// Whether a phrase of lower-case words stands in a text, not as a part of longer words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(phrase).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric) && !text[at + phrase.len()..].starts_with(char::is_alphanumeric)
    })
}

/// Whether what is set as code is a file or a folder.
fn is_path(code: &str) -> bool {
    code.contains('/') || Path::new(code).extension().is_some_and(|end| ["rs", "sql", "toml", "md"].iter().any(|e| end == *e))
}

/// Whether a folder has a file of that name, in which a `*` stands for any text.
fn has_file(folder: &Path, pattern: &str) -> bool {
    if !pattern.contains('*') {
        return folder.join(pattern).exists();
    }
    let pieces: Vec<&str> = pattern.split('*').collect();
    let fits = |name: &str| {
        let inner = name.strip_prefix(pieces[0]).and_then(|rest| rest.strip_suffix(pieces[pieces.len() - 1]));
        let mut rest = inner;
        for piece in &pieces[1..pieces.len() - 1] {
            rest = rest.and_then(|rest| Some(rest.split_once(piece)?.1));
        }
        rest.is_some()
    };
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| fits(&entry.file_name().to_string_lossy())))
}
