//! The report: one HTML page with the answers, the charts and the library that draws them, for any browser and no network.

mod headline;
mod layout;
mod quality;
mod room;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::check::Limits;
use crate::error::{Error, Kind, Result, io_error};
use crate::insights::{self, Answered, DataRange, Provenance, Question, Window, catalogue};
use crate::interrupt::Interrupt;
use crate::warehouse::Warehouse;
use crate::whole_file;

use self::layout::SECTIONS;

const TEMPLATE: &str = include_str!("../../assets/report/page.html");
const STYLE: &str = include_str!("../../assets/report/page.css");
const SCRIPT: &str = include_str!("../../assets/report/page.js");
/// Apache ECharts, from the crate that `build.rs` found.
const LIBRARY: &str = include_str!(env!("CHART_LIBRARY_PATH"));

/// Asks all that the page shows and returns it as HTML. `limits` are the thresholds of the checks.
///
/// # Errors
/// What the engine reports, and an interrupt.
pub fn build(warehouse: &mut Warehouse, name: &str, window: &Window, limits: &Limits, interrupt: &Interrupt) -> Result<String> {
    let data = DataRange::read(warehouse)?;
    let asked = catalogue::all();
    let provenance = Provenance::of(warehouse, data, window, None, &asked)?;
    let (mut sections, mut had) = (Vec::new(), Vec::new());
    for section in SECTIONS {
        let mut cards: Vec<Json> = Vec::new();
        for name in section.insights {
            interrupt.check()?;
            let Some(insight) = asked.iter().find(|insight| insight.name == *name) else { continue };
            let question = Question { top: layout::top(name), ..Question::default() };
            let answered = insights::answer(warehouse, insight, window, &provenance, &question)?;
            cards.push(card(&answered));
            had.push(answered.rows.len());
        }
        if section.shows_loading {
            interrupt.check()?;
            for (card, rows) in quality::cards(warehouse, limits)? {
                cards.push(card);
                had.push(rows);
            }
        }
        sections.push((section, cards));
    }
    let fixed = TEMPLATE.len() + LIBRARY.len() + STYLE.len() + SCRIPT.len();
    room::fit(&mut sections.iter_mut().flat_map(|(_, cards)| cards).collect::<Vec<_>>(), &had, fixed);
    let sections: Vec<Json> =
        sections.into_iter().map(|(section, cards)| json!({"id": section.id, "title": section.title, "cards": cards})).collect();
    let page = json!({
        "warehouse": name,
        "from": window.from_date(),
        "to": window.to_date(),
        "empty": provenance.data.is_none(),
        "footing": provenance.text(window),
        "headline": headline::numbers(warehouse, window, &provenance)?,
        "sections": sections,
    });
    Ok(html(&page))
}

/// An answer as the page's script takes it.
fn card(answered: &Answered) -> Json {
    let insight = &answered.insight;
    let columns: Vec<Json> = insight
        .columns
        .iter()
        .map(|column| {
            let decimals = if let insights::ColumnKind::Number(decimals) = column.kind { decimals } else { 0 };
            json!({"name": column.name, "kind": column.kind.name(), "decimals": decimals, "meaning": column.meaning})
        })
        .collect();
    let mut set = format!("-- since = '{}', until = '{}'", answered.window.since, answered.window.until);
    let (data_since, data_until) = answered.provenance.reach(&answered.window);
    for (name, value) in [("data_since", data_since), ("data_until", data_until)] {
        if insight.takes(name) {
            let _ = write!(set, ", {name} = '{value}'");
        }
    }
    for (name, value) in &answered.parameters {
        let _ = write!(set, ", {name} = {value}");
    }
    json!({
        "name": insight.name,
        "title": insight.title,
        "answers": insight.answers,
        "unit": insight.unit,
        "chart": insight.chart.kind,
        "drawn": insight.chart.columns,
        "notes": insight.notes,
        "remarks": answered.remarks,
        "columns": columns,
        "rows": room::rows(&answered.rows),
        "sql": format!("{set}\n{}", insight.sql()),
    })
}

/// The page with its parts put in, in one pass, so that no part is searched for another's mark.
fn html(page: &Json) -> String {
    let data = for_script(&page.to_string());
    let mut html = String::with_capacity(TEMPLATE.len() + LIBRARY.len() + data.len() + STYLE.len() + SCRIPT.len());
    let mut rest = TEMPLATE;
    while let Some((before, behind)) = rest.split_once("{{") {
        html.push_str(before);
        let (mark, after) = behind.split_once("}}").unwrap_or((behind, ""));
        html.push_str(match mark {
            "style" => STYLE,
            "library" => LIBRARY,
            "script" => SCRIPT,
            "data" => &data,
            _ => "",
        });
        rest = after;
    }
    html.push_str(rest);
    html
}

/// JSON that cannot end the element it stands in, whatever the logs hold.
fn for_script(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(text, "\\u{:04x}", c as u32);
            }
            _ => text.push(c),
        }
    }
    text
}

/// What a page is known by. Pages of older versions have the policy, which nobody else's is word for word, alone.
const MARKS: [&str; 2] = [
    "<meta name=\"generator\" content=\"sparkify report\">",
    "content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:\">",
];
/// Within how many bytes.
const HEAD: u64 = 1024;

/// Whether the page may be written here: only a page may be replaced, whatever else is there may be all that someone has.
///
/// # Errors
/// [`Kind::Usage`] where something else is, [`Kind::Io`] where nobody can tell.
pub fn check_place(path: &Path) -> Result<()> {
    if whole_file::is_device(path) {
        return Ok(());
    }
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    match read {
        _ if path.is_dir() => Err(Error::new(Kind::Usage, format!("{} is not a file name for the page", path.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io_error(path.display(), "read", error)),
        Ok(_) if head.is_empty() || MARKS.iter().any(|mark| head.contains(mark)) => Ok(()),
        Ok(_) => {
            let message = format!("{} exists already and is not a report", path.display());
            Err(Error::new(Kind::Usage, message).with_hint("name another file with --out, or move that one away"))
        }
    }
}

/// Writes the page, so that a reader finds the old one or the new one and never a part, after a power cut as well. A link stays,
/// what it leads to is replaced, with its mode and owner.
///
/// # Errors
/// [`Kind::Disk`] and [`Kind::Io`], naming the file; [`Kind::Usage`] as [`check_place`].
pub fn write(path: &Path, html: &str) -> Result<()> {
    check_place(path)?;
    if whole_file::is_device(path) {
        return std::fs::write(path, html).map_err(|error| io_error(path.display(), "write", error));
    }
    whole_file::write(path, html.as_bytes()).map_err(|error| io_error(path.display(), "write", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_insight_has_its_place_on_the_page_once() {
        let mut placed: Vec<&str> = SECTIONS.iter().flat_map(|section| section.insights).copied().collect();
        placed.sort_unstable();
        let mut all: Vec<&str> = catalogue::all().iter().map(|insight| insight.name).collect();
        all.sort_unstable();
        assert_eq!(placed, all);
    }

    #[test]
    fn a_page_is_known_by_its_head() {
        let head = &TEMPLATE[..TEMPLATE.find("{{").unwrap()];
        assert!(head.len() < HEAD as usize && MARKS.iter().all(|mark| head.contains(mark)), "{head}");
    }

    #[test]
    fn nothing_in_the_page_ends_its_element_early() {
        assert!(LIBRARY.len() > 500_000 && LIBRARY.contains("Apache Software Foundation"));
        for part in [LIBRARY, SCRIPT] {
            assert!(!part.to_lowercase().contains("</script") && !part.contains("<!--"));
        }
        let hostile = json!({"a": "</script><script>alert(1)</script>", "b": "<!--", "c": "\u{2028}&amp;"});
        let page = html(&hostile);
        assert_eq!(page.matches("</script>").count(), 3);
        assert!(!page.contains("alert(1)</script>"));
        let back: Json = serde_json::from_str(&for_script(&hostile.to_string())).unwrap();
        assert_eq!(back, hostile);
    }
}
