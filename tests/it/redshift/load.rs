//! Loads that go well.

use super::Lake;
use crate::support::real_data;

#[test]
fn both_ways_end_with_duckdbs_rows() {
    for stage in ["compact", "direct"] {
        let lake = Lake::demo();
        let report = lake.load(stage, &[]).expect(0).json();
        assert_eq!((report["lines"].as_u64(), report["rejected"].as_u64()), (Some(8712), Some(0)), "{stage}: {report}");
        assert_eq!(lake.digest(), lake.digest_of("demo/sparkify.duckdb"), "{stage}");
        assert_eq!(lake.left_behind(), [""; 0], "{stage}");
        let copied = lake.run(&["sql", "select count(*) as n from load_files where input = 'copied'", "--format", "json"]);
        assert_eq!(copied.expect(0).json()[0]["n"], if stage == "direct" { 30 } else { 0 });
        let before = lake.digest();
        let again = lake.load(stage, &[]).expect(0).json();
        assert_eq!(again["status"], "nothing_new", "{stage}");
        assert_eq!(lake.digest(), before);
        lake.run(&["check"]).expect(0);
    }
}

#[test]
fn the_real_data_ends_with_duckdbs_rows() {
    let Some(data) = real_data() else { return };
    for stage in ["compact", "direct"] {
        let lake = Lake::start();
        lake.put_folder(&data.join("log_data"), "log_data");
        lake.put_folder(&data.join("song_data"), "song_data");
        let (logs, songs) = (data.join("log_data"), data.join("song_data"));
        let arguments = ["load", "--logs", logs.to_str().unwrap(), "--songs", songs.to_str().unwrap(), "--warehouse", "w.duckdb"];
        lake.site.run(&arguments).expect(0);
        let report = lake.load(stage, &[]).expect(0).json();
        assert_eq!((report["lines"].as_u64(), report["rejected"].as_u64()), (Some(8056), Some(0)), "{stage}: {report}");
        assert_eq!(lake.digest(), lake.digest_of("w.duckdb"), "{stage}");
    }
}
