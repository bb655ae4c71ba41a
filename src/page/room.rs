//! How much a page holds: it is to be sent around and opened by any browser, whatever the warehouse holds.

use serde_json::Value as Json;

use super::for_script;
use crate::report::thousands;

/// The most bytes of a page.
pub(super) const MOST_BYTES: usize = 6_000_000;
/// What its other parts take is known; this much is left for the brackets between them.
const MARGIN: usize = 20_000;
/// The most rows of a table, before it is known whether there is room for them.
const MOST_ROWS: usize = 20_000;
/// The most characters of a text in a table.
const MOST_CHARS: usize = 300;

/// The rows of a table as the page's script takes them.
pub(super) fn rows(rows: &[Vec<crate::warehouse::Value>]) -> Vec<Vec<Json>> {
    rows.iter().take(MOST_ROWS).map(|row| row.iter().map(|value| cell(crate::output::json(value))).collect()).collect()
}

/// A value, cut where it is a long text.
fn cell(value: Json) -> Json {
    match value {
        Json::String(text) if text.chars().nth(MOST_CHARS).is_some() => {
            text.chars().take(MOST_CHARS - 1).chain(['…']).collect::<String>().into()
        }
        other => other,
    }
}

/// Leaves out rows of the longest tables until the page is no larger than it may be. `others` is what its parts without
/// tables take. Each table that loses rows says so; `had` is how many rows the tables had, in their order.
pub(super) fn fit(cards: &mut [&mut Json], had: &[usize], others: usize) {
    let room = MOST_BYTES.saturating_sub(others + MARGIN);
    let mut sizes: Vec<usize> = cards.iter().map(|card| size(card)).collect();
    let limit = if sizes.iter().sum::<usize>() > room { share(&mut sizes, room) } else { usize::MAX };
    for (card, had) in cards.iter_mut().zip(had) {
        shorten(card, *had, limit);
    }
}

/// How much each may have at most, so that all that want more have as much.
fn share(sizes: &mut [usize], room: usize) -> usize {
    sizes.sort_unstable();
    let mut left = room;
    for (place, size) in sizes.iter().enumerate() {
        let each = left / (sizes.len() - place);
        if *size > each {
            return each;
        }
        left -= size;
    }
    usize::MAX
}

fn size(json: &Json) -> usize {
    for_script(&json.to_string()).len()
}

/// Cuts a table's rows to a number of bytes, and says so where it has fewer than it `had`.
fn shorten(card: &mut Json, had: usize, limit: usize) {
    let mut taken = 0;
    let whole = size(card);
    let Some(rows) = card.get_mut("rows").and_then(Json::as_array_mut) else { return };
    if whole > limit {
        let of_rows: usize = rows.iter().map(|row| size(row) + 1).sum();
        let room = limit.saturating_sub(whole.saturating_sub(of_rows) + MARGIN / 100);
        let fits = |row: &Json| {
            taken += size(row) + 1;
            taken <= room
        };
        let count = rows.iter().map(fits).take_while(|fits| *fits).count();
        rows.truncate(count);
    }
    let shown = rows.len();
    if shown < had
        && let Some(remarks) = card.get_mut("remarks").and_then(Json::as_array_mut)
    {
        let (shown, had) = (thousands(shown as u64), thousands(had as u64));
        remarks.push(format!("the first {shown} of {had} rows: the page has no room for more").into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_give_way_first() {
        assert_eq!(share(&mut [10, 100, 1000], 10_000), usize::MAX);
        assert_eq!(share(&mut [1000, 10, 100], 500), 390);
        assert_eq!(share(&mut [100, 100, 100], 90), 30);
    }

    #[test]
    fn tables_fit_and_say_what_they_lack() {
        let table =
            |rows: usize| json!({"rows": (0..rows).map(|n| json!([n, "<".repeat(50)])).collect::<Vec<_>>(), "remarks": []});
        let had = [3, 20_000, 19_000, 70_000];
        let mut cards: Vec<Json> = had.iter().map(|rows| table((*rows).min(20_000))).collect();
        let others = 1_000_000;
        fit(&mut cards.iter_mut().collect::<Vec<_>>(), &had, others);
        let bytes: usize = cards.iter().map(size).sum();
        assert!(bytes + others <= MOST_BYTES && bytes > 4_500_000, "{bytes}");
        assert_eq!((&cards[0]["remarks"], cards[0]["rows"].as_array().unwrap().len()), (&json!([]), 3));
        for card in &cards[1..] {
            let remark = card["remarks"][0].as_str().unwrap();
            assert!(remark.starts_with("the first ") && remark.contains(" of "), "{remark}");
        }
        assert!(cards[3]["remarks"][0].as_str().unwrap().contains("of 70,000 rows"));
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(cell(json!("é".repeat(MOST_CHARS))), json!("é".repeat(MOST_CHARS)));
        let cut = cell(json!("é".repeat(MOST_CHARS + 1)));
        assert_eq!(cut.as_str().unwrap().chars().count(), MOST_CHARS);
        assert!(cut.as_str().unwrap().ends_with('…'));
    }
}
