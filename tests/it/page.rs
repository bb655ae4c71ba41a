//! The report in a browser: no errors, every chart drawn, the numbers those of the insights, and nothing that runs
//! which is not its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sparkify::insights::catalogue;

use crate::support::warehouse::Site;
use crate::support::{made_up, real_data};

/// The most that the page may weigh.
const MOST_BYTES: u64 = 6_000_000;

/// Chromium, by the name that it has here. None, and said so, without it.
fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = |name: &str| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    let found = ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(named);
    if found.is_none() {
        // Straight to the stream, as the test runner hides what a passing test prints.
        let _ = writeln!(std::io::stderr(), "LEFT OUT: the report in a browser (there is no chromium on the path)");
    }
    found
}

/// What the page has become after its script ran, and what the browser said about it.
fn open(browser: &Path, page: &Path, width: u32) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]);
    command.arg(format!("--user-data-dir={}", profile.path().display())).arg(format!("--window-size={width},1000"));
    command.args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"]).arg(page);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let console: Vec<&str> = said.lines().filter(|line| line.contains("CONSOLE")).collect();
    (String::from_utf8(output.stdout).unwrap(), console.join("\n"))
}

/// The part of the page between two marks.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let start = text.find(from).unwrap_or_else(|| panic!("{from} is not there")) + from.len();
    &text[start..start + text[start..].find(to).unwrap_or_else(|| panic!("{to} is not there"))]
}

fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}").replace("&amp;", "&")
}

/// The cells of a card's table.
fn table(dom: &str, name: &str) -> Vec<Vec<String>> {
    let card = between(dom, &format!(" id=\"{name}\" data-rows="), "</article>");
    let body = between(card, "<tbody>", "</tbody>");
    let cells = |row: &str| row.split("<td ").skip(1).map(|cell| unescaped(between(cell, ">", "</td>"))).collect();
    body.split("<tr>").skip(1).map(cells).collect()
}

fn check(site: &Site, browser: &Path) {
    site.run(&["report", "--warehouse", "w.duckdb"]).expect(0);
    let page = site.path("report.html");
    assert!(std::fs::metadata(&page).unwrap().len() < MOST_BYTES);
    for width in [390, 1280] {
        let (dom, console) = open(browser, &page, width);
        assert_eq!(console, "", "at {width}");
        let drawn: usize = between(&dom, "data-drawn=\"", "\"").parse().unwrap();
        for insight in catalogue::all() {
            assert!(dom.contains(&format!("id=\"{}\"", insight.name)), "{} is not on the page", insight.name);
        }
        assert_eq!(dom.matches("class=\"chart").count(), drawn);
        // What a screen reader says of a chart is the page's own sentence, not the library's list of all points.
        assert_eq!(dom.matches("The table below has the numbers.\" ").count(), drawn);
        assert!(
            drawn >= 12 && dom.matches("<svg ").count() >= drawn,
            "{drawn} charts, {} drawings",
            dom.matches("<svg ").count()
        );
    }

    // The numbers are those that the command gives.
    let (dom, _) = open(browser, &page, 1280);
    let answers = site.run(&["insights", "--format", "json", "--top", "15", "--warehouse", "w.duckdb"]).expect(0).json();
    for name in ["top_songs", "top_artists", "hour_profile", "level_mix"] {
        let answer = answers.as_array().unwrap().iter().find(|answer| answer["name"] == name).unwrap();
        let columns: Vec<&str> =
            answer["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
        let rows = answer["rows"].as_array().unwrap();
        // Empty columns are left out.
        let columns: Vec<&str> = columns.into_iter().filter(|column| rows.iter().any(|row| !row[column].is_null())).collect();
        let shown = table(&dom, name);
        assert!(!rows.is_empty() && shown.len() == rows.len().min(200), "{name}");
        for (row, shown) in rows.iter().zip(&shown) {
            for (column, cell) in columns.iter().zip(shown) {
                match &row[column] {
                    Value::String(text) => assert_eq!(*text, *cell, "{name}"),
                    Value::Null => assert_eq!("", cell, "{name}"),
                    number => {
                        let percent = cell.strip_suffix(" %");
                        let seen: f64 =
                            percent.unwrap_or(cell).replace(',', "").parse().unwrap_or_else(|_| panic!("{name}: {cell}"));
                        let (wanted, slack) = (number.as_f64().unwrap() * if percent.is_some() { 100.0 } else { 1.0 }, 0.051);
                        assert!((seen - wanted).abs() < slack, "{name}.{column}: {cell} for {wanted}");
                    }
                }
            }
        }
    }
    // So are those about the data's soundness; what is wrong comes first.
    let outcomes = site.run(&["check", "--json", "--warehouse", "w.duckdb"]).expect(0).json();
    let shown = table(&dom, "checks");
    assert_eq!(shown.len(), outcomes["checks"].as_array().unwrap().len());
    for outcome in outcomes["checks"].as_array().unwrap() {
        let row = shown.iter().find(|row| row[1] == outcome["check"].as_str().unwrap()).unwrap();
        let rows = if outcome["status"] == "off" { String::new() } else { outcome["rows"].to_string() };
        assert_eq!((row[0].as_str(), row[3].replace(',', "")), (outcome["status"].as_str().unwrap(), rows), "{row:?}");
    }
    assert!(shown.is_sorted_by_key(|row| !matches!(row[0].as_str(), "failed" | "warned")), "{shown:?}");
    let lines: u64 = table(&dom, "days").iter().map(|row| row[2].replace(',', "").parse::<u64>().unwrap()).sum();
    assert_eq!(lines as i64, site.number("select sum(lines) from load_files where input = 'log'"));
    let plays = site.number("select count(*) from songplays");
    let headline = between(&dom, "<dt>Plays</dt>", "</div>");
    assert_eq!(between(headline, "class=\"value\">", "<").replace(',', ""), plays.to_string());
}

#[test]
fn the_page_shows_a_made_up_month() {
    let Some(browser) = browser() else { return };
    let site = Site::new();
    site.put("log_data/1.json", made_up::weeks());
    site.load(&[]).expect(0);
    check(&site, &browser);
}

#[test]
fn the_page_shows_the_real_data() {
    let (Some(browser), Some(folder)) = (browser(), real_data()) else { return };
    let site = Site::new();
    let (logs, songs) = (folder.join("log_data"), folder.join("song_data"));
    let arguments = ["load", "--warehouse", "w.duckdb", "--logs", logs.to_str().unwrap(), "--songs", songs.to_str().unwrap()];
    site.run(&arguments).expect(0);
    check(&site, &browser);
}

#[test]
fn an_empty_page_says_so_and_hostile_text_does_not_run() {
    let Some(browser) = browser() else { return };
    let site = Site::new();
    site.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    site.run(&["report", "--warehouse", "w.duckdb"]).expect(0);
    let (dom, console) = open(&browser, &site.path("report.html"), 1280);
    assert!(dom.contains("The warehouse holds no events yet.") && console.is_empty(), "{console}");

    let evil = r#"</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">\u202e"#;
    let line = |item: u32| {
        format!(
            "{{\"ts\":{},\"userId\":\"7\",\"sessionId\":1,\"itemInSession\":{item},\"page\":\"NextSong\",\"level\":\"free\",\"song\":\"{evil}\",\"artist\":\"{evil}\",\"location\":\"{evil}\",\"length\":10}}\n",
            1_541_106_106_796u64 + u64::from(item) * 60_000
        )
    };
    site.put("log_data/1.json", (0..9).map(line).collect::<String>());
    site.load(&[]).expect(0);
    site.run(&["report", "--warehouse", "w.duckdb", "--out", "evil.html"]).expect(0);
    let (dom, console) = open(&browser, &site.path("evil.html"), 1280);
    assert_eq!(console, "");
    assert!(dom.contains("<title>Listening report, 2018-11-01 to 2018-11-02</title>"), "the page's title was taken");
    assert_eq!(
        table(&dom, "top_songs")[0][1].trim_end_matches('\u{202e}'),
        "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    );
}

#[test]
fn a_page_that_cannot_be_written_leaves_nothing() {
    let site = Site::new();
    site.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    let refused = site.run(&["report", "--warehouse", "w.duckdb", "--out", "no/such/folder.html"]).expect(1);
    assert!(refused.stderr.contains("cannot write no/such/folder.html"), "{}", refused.stderr);
    site.put("folder/x", "");
    assert!(site.run(&["report", "--warehouse", "w.duckdb", "--out", "folder"]).expect(2).stderr.contains("not a file name"));
    let mut names: Vec<_> =
        std::fs::read_dir(site.root()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["folder", "w.duckdb"]);
}

#[test]
fn a_report_replaces_nothing_but_a_report() {
    let site = Site::new();
    site.run(&["tables", "create", "--warehouse", "w.duckdb"]).expect(0);
    site.put("notes.txt", "all that I know");
    site.put("empty.html", "");
    let before = std::fs::read(site.path("w.duckdb")).unwrap();
    let report = |out: &str| site.run(&["report", "--warehouse", "w.duckdb", "--out", out]);
    let absolute = site.path("w.duckdb").display().to_string();
    site.put("folder/x", "");
    for out in ["w.duckdb", "./w.duckdb", &absolute, "w.duckdb.wal", "folder/../w.duckdb.wal"] {
        let refused = report(out).expect(2);
        assert!(refused.stderr.contains("belongs to the warehouse, so the report cannot"), "{}", refused.stderr);
    }
    assert!(report("notes.txt").expect(2).stderr.contains("notes.txt exists already and is not a report"));
    assert_eq!(std::fs::read_to_string(site.path("notes.txt")).unwrap(), "all that I know");
    site.put("index.html", "<!doctype html>\n<html><head><title>My site</title></head></html>");
    report("index.html").expect(2);
    #[cfg(unix)]
    {
        let link = |to: &str, name: &str| std::os::unix::fs::symlink(site.path(to), site.path(name)).unwrap();
        link("w.duckdb", "warehouse.html");
        report("warehouse.html").expect(2);
        link("empty.html", "latest.html");
        link("yet/to/be.html", "dangling.html");
        report("dangling.html").expect(1);
        link("be.html", "to_be.html");
        report("to_be.html").expect(0);
        assert!(site.path("be.html").exists() && std::fs::symlink_metadata(site.path("to_be.html")).unwrap().is_symlink());
    }
    assert_eq!(std::fs::read(site.path("w.duckdb")).unwrap(), before);
    report("empty.html").expect(0);
    report("empty.html").expect(0);
    let page = std::fs::read_to_string(site.path("empty.html")).unwrap();
    assert!(page.starts_with("<!doctype html>"));
    // A link stays one.
    #[cfg(unix)]
    {
        site.put("empty.html", "");
        report("latest.html").expect(0);
        assert!(std::fs::symlink_metadata(site.path("latest.html")).unwrap().is_symlink());
        assert!(std::fs::read_to_string(site.path("empty.html")).unwrap().starts_with("<!doctype html>"));
    }
    assert!(report("-").expect(0).stdout.starts_with("<!doctype html>"));
    assert!(!site.path("-").exists());
}
