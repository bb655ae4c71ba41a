//! Tables of the documentation that follow from the program: compared with it, or written on demand.

use std::fs;
use std::sync::Mutex;

use super::repository;

/// Fails unless a page has this table between its marks; writes it there when SPARKIFY_UPDATE_DOCS is set.
#[track_caller]
pub fn assert_page_has(page: &str, mark: &str, table: &str) {
    // The tests run at once, and several may write a page.
    static PAGES: Mutex<()> = Mutex::new(());
    let _pages = PAGES.lock();
    let path = repository().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {mark} -->\n"), format!("<!-- end of {mark} -->"));
    let at = text.find(&begin).expect("the mark is there") + begin.len();
    let until = at + text[at..].find(&end).expect("the end's mark is there");
    if std::env::var_os("SPARKIFY_UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{}{table}{}", &text[..at], &text[until..])).unwrap();
        return;
    }
    assert_eq!(&text[at..until], table, "{page} is out of date; SPARKIFY_UPDATE_DOCS=1 brings it up to date");
}
