//! Killed at a chosen write, left by a power cut, or on a disk that fails: the file opens, in the state before or after,
//! and the exit code says which.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};

use sparkify::digest::digest;
use sparkify::warehouse::{SqlText, Value, Warehouse, WarehouseUrl};

use crate::support::count_from_environment;
use crate::support::disk::{Fault, Files, Operation, after_kill, after_power_cut, on_disk, operations};
use crate::support::generate::{Event, Random, content};
use crate::support::warehouse::{Answer, Site, open_options};

/// Lines of some sessions, each with so many items.
fn lines(sessions: std::ops::Range<u8>, items: u8) -> String {
    let session = |session: u8| {
        (0..items).map(move |item| Event { user: session % 5 + 1, session, item, instant: item, variant: 0 }.line())
    };
    content(sessions.flat_map(session))
}

/// The files of the warehouse.
fn files(site: &Site) -> Files {
    let paths = fs::read_dir(site.root()).unwrap().map(|entry| entry.unwrap().path());
    let own = paths.filter(|path| path.is_file() && path.file_name().unwrap().to_str().unwrap().starts_with("w.duckdb"));
    own.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// Makes the warehouse's files what they were.
fn put_back(site: &Site, before: &Files) {
    for path in files(site).into_keys() {
        fs::remove_file(path).unwrap();
    }
    let _ = fs::remove_dir_all(site.path("w.duckdb.creating"));
    for (path, content) in before {
        fs::write(path, content).unwrap();
    }
}

/// What lies beside the warehouse and should not.
fn leftovers(site: &Site) -> Vec<String> {
    let names = fs::read_dir(site.root()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("w.duckdb") && name != "w.duckdb").collect();
    names.sort();
    names
}

/// What a warehouse holds, in a few words: its tables, and how much is in the ledger.
fn state(path: &Path) -> String {
    if !path.exists() {
        return "no file".to_owned();
    }
    let mut warehouse =
        WarehouseUrl::DuckDb(path.to_owned()).open_read_only(&open_options(1)).unwrap_or_else(|e| panic!("{}", e.report()));
    if !warehouse.has_tables().unwrap() {
        return "no tables".to_owned();
    }
    let tables = digest(&mut warehouse).unwrap();
    let tables: Vec<String> = tables.iter().map(|t| format!("{} {} {}", t.table, t.rows, t.digest)).collect();
    format!("{}\nledger {:?}", tables.join("\n"), ledger(&mut warehouse))
}

fn ledger(warehouse: &mut Warehouse) -> Vec<Value> {
    let text = "select (select count(*) from load_runs), (select count(*) from load_files), (select count(*) from load_rejects)";
    warehouse.answer(SqlText { name: "ledger", text }, &[]).unwrap().rows.remove(0)
}

/// A state but for what a second run adds to the ledger.
fn tables_of(state: &str) -> &str {
    state.split("\nledger").next().unwrap()
}

/// A command and the warehouse that it is run on.
struct Scenario {
    name: &'static str,
    site: Site,
    arguments: Vec<&'static str>,
    /// The warehouse's files before the command.
    files: Files,
    before: String,
    after: String,
    /// What the command does to the files.
    operations: Vec<Operation>,
}

impl Scenario {
    fn new(name: &'static str, site: Site, arguments: &[&'static str]) -> Self {
        let warehouse = site.path("w.duckdb");
        let (files, before, trace) = (files(&site), state(&warehouse), site.path("trace"));
        let mut command = site.command(arguments);
        let answer = Answer::of(&on_disk(&mut command, &warehouse, Fault::None, Some(&trace)).output().unwrap());
        assert!([0, 3].contains(&answer.code), "{name}: {answer:?}");
        let (after, operations) = (state(&warehouse), operations(&trace));
        assert_ne!(before, after, "{name}");
        assert!(operations.len() > 8, "{name}: {}", operations.len());
        assert_eq!(leftovers(&site), Vec::<String>::new(), "{name}");
        Self { name, site, arguments: arguments.to_vec(), files, before, after, operations }
    }

    fn warehouse(&self) -> std::path::PathBuf {
        self.site.path("w.duckdb")
    }

    /// Runs the command on the warehouse as it was before, on such a disk.
    fn run(&self, fault: Fault) -> Answer {
        put_back(&self.site, &self.files);
        let mut command = self.site.command(&self.arguments);
        Answer::of(&on_disk(&mut command, &self.warehouse(), fault, None).output().unwrap())
    }

    /// How often the command looks for a file of the warehouse.
    fn looks(&self) -> usize {
        put_back(&self.site, &self.files);
        let (mut command, trace) = (self.site.command(&self.arguments), self.site.path("looks"));
        let fault = Fault::Unseen { at: usize::MAX >> 1 };
        Answer::of(&on_disk(&mut command, &self.warehouse(), fault, Some(&trace)).output().unwrap());
        operations(&trace).iter().filter(|operation| matches!(operation, Operation::Look { .. })).count()
    }

    /// The state that the warehouse is in, which is one of the two.
    #[track_caller]
    fn found(&self, what: &str) -> String {
        let found = state(&self.warehouse());
        assert!(found == self.before || found == self.after, "{}, {what}: neither before nor after:\n{found}", self.name);
        found
    }

    /// From where it is, the warehouse comes to the state after.
    #[track_caller]
    fn goes_on(&self, what: &str) {
        let answer = self.site.run(&self.arguments);
        assert!([0, 3].contains(&answer.code), "{}, {what}, run again: {answer:?}", self.name);
        let found = state(&self.warehouse());
        assert_eq!(tables_of(&found), tables_of(&self.after), "{}, {what}, run again", self.name);
        assert_eq!(leftovers(&self.site), Vec::<String>::new(), "{}, {what}, run again", self.name);
    }
}

const LOAD: [&str; 5] = ["load", "--warehouse", "w.duckdb", "--logs", "log_data"];

/// A warehouse with two files, and a third one to load.
fn loaded(third: &str) -> Site {
    let site = Site::new();
    site.put("log_data/1.json", lines(0..20, 20));
    site.put("log_data/2.json", format!("{}nonsense\n", lines(20..40, 20)));
    site.load(&["--max-rejects", "1"]).expect(3);
    site.put("log_data/3.json", third);
    site
}

/// Loads of all sizes, and all else that changes a warehouse.
fn scenarios() -> Vec<Scenario> {
    let small = loaded(&lines(40..41, 20));
    let large = loaded(&lines(40..240, 50));
    let refreshed = loaded(&lines(40..41, 20));
    let full: Vec<&str> = LOAD.into_iter().chain(["--full-refresh", "--max-rejects", "1"]).collect();
    // A line that loads now, as an older version would have left it.
    let replayed = loaded("");
    let line = Event { user: 6, session: 250, item: 1, instant: 1, variant: 0 }.line();
    let connection = duckdb::Connection::open(replayed.path("w.duckdb")).unwrap();
    connection.execute("update load_rejects set raw = ?, raw_length = ?", duckdb::params![line, line.len() as i64]).unwrap();
    drop(connection);
    // What an earlier run has committed and not yet moved into the file.
    let logged = loaded(&lines(40..41, 20));
    let connection = duckdb::Connection::open(logged.path("w.duckdb")).unwrap();
    connection
        .execute_batch("pragma disable_checkpoint_on_shutdown; update load_files set version = 'old' where file_no = 1")
        .unwrap();
    drop(connection);
    assert!(logged.path("w.duckdb.wal").exists());
    vec![
        Scenario::new("small load", small, &LOAD),
        Scenario::new("large load", large, &LOAD),
        Scenario::new("full refresh", refreshed, &full),
        Scenario::new("replay", replayed, &["rejects", "replay", "--warehouse", "w.duckdb"]),
        Scenario::new("load beside a log", logged, &LOAD),
        Scenario::new("reset", loaded(""), &["tables", "reset", "--yes", "--warehouse", "w.duckdb"]),
    ]
}

/// Places to cut a write at: nowhere, in its midst, at its end but for a sector.
fn cuts(operation: &Operation, random: &mut Random) -> Vec<usize> {
    match operation {
        Operation::Write { bytes, .. } if bytes.len() > 512 => {
            let sector = 512 * (1 + random.below(bytes.len() / 512));
            vec![0, sector.min(bytes.len() - 1), bytes.len() / 2, bytes.len() - 512]
        }
        Operation::Write { bytes, .. } => vec![0, bytes.len() / 2],
        _ => vec![0],
    }
}

#[test]
fn killed_at_any_write_the_file_opens_before_or_after() {
    let kills = count_from_environment("SPARKIFY_AIMED_KILLS", 40);
    let scenarios = scenarios();
    let mut random = Random::new(1);
    let (mut hits, mut before, mut torn) = (0, 0, 0);
    for kill in 0..kills {
        let scenario = &scenarios[kill % scenarios.len()];
        // Of every two, one in the blocks and headers that DuckDB overwrites.
        let overwrites = |operation: &&(usize, &Operation)| {
            matches!(operation.1, Operation::Write { path, offset, bytes }
            if *path == scenario.warehouse() && offset + bytes.len() <= scenario.files[path].len())
        };
        let all: Vec<(usize, &Operation)> = scenario.operations.iter().enumerate().collect();
        let aimed: Vec<(usize, &Operation)> = all.iter().filter(overwrites).copied().collect();
        let choice = if kill % 2 == 0 { &aimed } else { &all };
        let (at, operation) = choice[random.below(choice.len())];
        let cuts = cuts(operation, &mut random);
        let part = cuts[random.below(cuts.len())];
        let what = format!("kill {kill}, at {at} of {}, after {part} bytes", all.len());
        let answer = scenario.run(Fault::Killed { at, part });
        assert!([-9, 0, 3].contains(&answer.code), "{what}: {answer:?}");
        hits += usize::from(answer.code == -9);
        torn += usize::from(duckdb::Connection::open_with_flags(scenario.warehouse(), read_only()).is_err());
        before += usize::from(scenario.found(&what) == scenario.before);
        scenario.goes_on(&what);
    }
    eprintln!("{kills} kills: {hits} hit, {torn} left a file that DuckDB alone cannot open, {before} left the state before");
    assert!(hits * 10 >= kills * 9 && before > 0 && before < kills && torn > 0, "{hits} hits, {before} before, {torn} torn");
}

fn read_only() -> duckdb::Config {
    duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly).unwrap()
}

#[test]
fn whatever_a_kill_or_a_power_cut_leaves_opens_before_or_after() {
    let states = count_from_environment("SPARKIFY_TORN_STATES", 120);
    let scenarios = scenarios();
    let mut random = Random::new(2);
    let (mut before, mut torn) = (0, 0);
    for number in 0..states {
        let scenario = &scenarios[number % scenarios.len()];
        let operations = &scenario.operations;
        let end = random.below(operations.len()) + 1;
        let is_kill = (number / scenarios.len()).is_multiple_of(2);
        let left = if is_kill {
            let cuts = cuts(&operations[end - 1], &mut random);
            after_kill(&scenario.files, operations, end, cuts[random.below(cuts.len())])
        } else {
            after_power_cut(&scenario.files, operations, end, &mut random)
        };
        let cause = if is_kill { "kill" } else { "power cut" };
        let what = format!("state {number}, {cause} at {end} of {}", operations.len());
        put_back(&scenario.site, &left);
        torn += usize::from(duckdb::Connection::open_with_flags(scenario.warehouse(), read_only()).is_err());
        before += usize::from(scenario.found(&what) == scenario.before);
        if random.one_in(10) {
            put_back(&scenario.site, &left);
            scenario.goes_on(&what);
        }
    }
    eprintln!("{states} states: {torn} that DuckDB alone cannot open, {before} of the state before");
    // About one state in a hundred is torn.
    assert!(before > 0 && before < states && (torn > 0 || states < 300), "{before} before, {torn} torn");
}

#[test]
fn on_a_failing_disk_the_exit_code_says_what_the_tables_hold() {
    let most = count_from_environment("SPARKIFY_DISK_FAULTS", 50);
    let scenarios = scenarios();
    let mut faults = Vec::new();
    for scenario in &scenarios {
        for at in 0..scenario.operations.len() {
            faults.extend([
                (scenario, Fault::Once { at }),
                (scenario, Fault::Full { from: at }),
                (scenario, Fault::Frozen { from: at }),
            ]);
        }
    }
    let (all, step) = (faults.len(), faults.len().div_ceil(most).max(1));
    let (mut failed, mut warned) = (0, 0);
    // Steps that are prime to what comes in threes meet every kind of fault.
    let step = if step % 3 == 0 { step + 1 } else { step };
    for (scenario, fault) in faults.into_iter().step_by(step) {
        let length = scenario.files[&scenario.warehouse()].len();
        let answer = scenario.run(fault);
        let what = format!("{fault:?}: {answer:?}");
        let found = scenario.found(&what);
        match answer.code {
            0 | 3 => assert_eq!(found, scenario.after, "{}, {what}", scenario.name),
            1 => {
                assert_eq!(found, scenario.before, "{}, {what}", scenario.name);
                // What an earlier run has left in the log belongs into the file.
                let log = scenario.site.path("w.duckdb.wal");
                let has_log = log.exists() || scenario.files.contains_key(&log);
                let grown = fs::metadata(scenario.warehouse()).unwrap().len() as usize > length;
                assert!(!grown || has_log || matches!(fault, Fault::Frozen { .. }), "{}, {what}: the file grew", scenario.name);
                failed += 1;
            }
            _ => panic!("{}, {what}", scenario.name),
        }
        warned += usize::from(answer.code != 1 && answer.stderr.contains("everything is committed"));
        scenario.goes_on(&what);
    }
    eprintln!("{} of {all} faults: {failed} runs failed, {warned} went through with a warning", all.div_ceil(step));
    assert!(failed > 0 && warned > 0, "{failed} failed, {warned} warned");
}

/// Where a disk or a network share fails for a moment, DuckDB takes a file for missing, and writes a new database over it.
#[test]
fn a_warehouse_that_is_not_found_for_a_moment_is_not_lost() {
    let most = count_from_environment("SPARKIFY_UNSEEN_FILES", 60);
    let scenarios = scenarios();
    let places = scenarios.iter().flat_map(|scenario| (0..scenario.looks()).map(move |at| (scenario, at)));
    let places: Vec<(&Scenario, usize)> = places.collect();
    let (mut failed, mut done) = (0, 0);
    for &(scenario, at) in places.iter().step_by(places.len().div_ceil(most).max(1)) {
        let answer = scenario.run(Fault::Unseen { at });
        let what = format!("look {at}: {answer:?}");
        let expected = match answer.code {
            0 | 3 => &scenario.after,
            1 => &scenario.before,
            _ => panic!("{}, {what}", scenario.name),
        };
        assert_eq!(&scenario.found(&what), expected, "{}, {what}", scenario.name);
        failed += usize::from(answer.code == 1);
        done += usize::from(answer.code != 1);
        scenario.goes_on(&what);
    }
    eprintln!("{} places: {failed} runs failed, {done} did not mind", places.len());
    assert!(failed > 0 && done > 0, "{failed} failed, {done} did not mind");
}

#[test]
fn a_first_load_that_is_stopped_anywhere_leaves_all_or_nothing() {
    let site = Site::new();
    site.put("log_data/1.json", lines(0..20, 20));
    let (warehouse, trace) = (site.path("w.duckdb"), site.path("trace"));
    let mut command = site.command(&LOAD);
    Answer::of(&on_disk(&mut command, &warehouse, Fault::None, Some(&trace)).output().unwrap()).expect(0);
    let (after, count) = (state(&warehouse), operations(&trace).len());
    let linked = operations(&trace).iter().position(|operation| matches!(operation, Operation::Link { .. })).unwrap();
    for at in 0..count {
        let faults = [Fault::Killed { at, part: 512 }, Fault::Once { at }, Fault::Full { from: at }, Fault::Frozen { from: at }];
        // All at the steps that move the file into place, else one of them.
        let chosen = if at.abs_diff(linked) < 4 { &faults[..] } else { &faults[at % 4..=at % 4] };
        for &fault in chosen {
            put_back(&site, &Files::new());
            let mut command = site.command(&LOAD);
            let answer = Answer::of(&on_disk(&mut command, &warehouse, fault, None).output().unwrap());
            let what = format!("{fault:?} of {count}, {answer:?}");
            let found = state(&warehouse);
            let is_empty = found == "no file" || found.contains("songplays 0 ");
            match answer.code {
                0 => assert_eq!(found, after, "{what}"),
                1 => assert!(is_empty, "{what}: {found}"),
                -9 => assert!(is_empty || found == after, "{what}: {found}"),
                _ => panic!("{what}"),
            }
            let left = leftovers(&site);
            let is_tidy = left.iter().all(|name| name == "w.duckdb.wal" || name == "w.duckdb.journal");
            assert!(answer.code == -9 || matches!(fault, Fault::Frozen { .. }) || is_tidy, "{what}: {left:?}");
            site.run(&LOAD).expect(0);
            assert_eq!(tables_of(&state(&warehouse)), tables_of(&after), "{what}");
            assert_eq!((leftovers(&site), fs::metadata(&warehouse).unwrap().nlink()), (Vec::new(), 1), "{what}");
        }
    }
}

#[test]
fn first_loads_at_once_all_succeed() {
    for round in 0..count_from_environment("SPARKIFY_FIRST_LOADS", 6) {
        let site = Site::new();
        for file in 0..3 {
            site.put(&format!("log_data/{file}.json"), lines(file * 10..file * 10 + 10, 20));
        }
        let spawn = |_| -> Child {
            let arguments = site.load_arguments(&["--json"]);
            site.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let loads: Vec<Child> = (0..2 + round % 2).map(spawn).collect();
        let accepted =
            |child: Child| Answer::of(&child.wait_with_output().unwrap()).expect(0).json()["accepted"].as_u64().unwrap();
        assert_eq!(loads.into_iter().map(accepted).sum::<u64>(), 600, "round {round}");
        site.check_invariants();
        assert_eq!(leftovers(&site), Vec::<String>::new(), "round {round}");
    }
}

/// A warehouse that a kill has torn, its journal beside it.
fn torn() -> (Scenario, Files) {
    let scenario = Scenario::new("small load", loaded(&lines(40..41, 20)), &LOAD);
    let block = |operation: &Operation| matches!(operation, Operation::Write { path, bytes, .. } if *path == scenario.warehouse() && bytes.len() > 65_536);
    let at = scenario.operations.iter().rposition(block).unwrap();
    assert_eq!(scenario.run(Fault::Killed { at, part: 65_536 }).code, -9);
    assert!(duckdb::Connection::open_with_flags(scenario.warehouse(), read_only()).is_err(), "it is torn");
    let left = files(&scenario.site);
    (scenario, left)
}

#[test]
fn readers_mend_a_torn_file_or_name_the_command_that_does() {
    let (scenario, left) = torn();
    let site = &scenario.site;
    let mended = site.run(&["runs", "--warehouse", "w.duckdb"]).expect(0);
    assert!(mended.stderr.contains("restored to its last whole state"), "{}", mended.stderr);
    assert!(!site.path("w.duckdb.journal").exists());
    drop(duckdb::Connection::open(scenario.warehouse()).unwrap());

    put_back(site, &left);
    for (path, mode) in left.keys().map(|path| (path.clone(), 0o444)).chain([(site.root().to_owned(), 0o555)]) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let own = site.command(&["runs", "--warehouse", "w.duckdb"]);
    let folder = tempfile::tempdir().unwrap();
    // SAFETY: no arguments, and it cannot fail.
    let is_superuser = unsafe { libc::geteuid() } == 0;
    let program = if is_superuser {
        // Another user may be unable to reach the build directory.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let copy = folder.path().join("sparkify");
        fs::copy(own.get_program(), &copy).unwrap();
        copy
    } else {
        own.get_program().into()
    };
    let mut command = std::process::Command::new(program);
    command.args(own.get_args()).env_clear().current_dir(own.get_current_dir().unwrap_or(site.root()));
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if is_superuser {
        // To the superuser everything is permitted.
        command.uid(65_534).gid(65_534);
    }
    let refused = Answer::of(&command.output().unwrap()).expect(1);
    assert!(
        refused.stderr.contains("must be restored first") && refused.stderr.contains("`sparkify runs`"),
        "{}",
        refused.stderr
    );
    assert_eq!(files(site), left, "nothing is changed");
    fs::set_permissions(site.root(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_log_that_is_cut_off_anywhere_does_not_outlive_the_next_checkpoint() {
    // A commit of the small one goes through the log, that of the large one does not.
    for third in [lines(40..41, 20), lines(40..240, 50)] {
        let (small, left) = torn();
        let (warehouse, log) = (small.warehouse(), small.site.path("w.duckdb.wal"));
        let whole = &left[&log];
        small.site.put("log_data/3.json", third);
        put_back(&small.site, &small.files);
        small.site.run(&LOAD).expect(0);
        let after = state(&warehouse);
        for length in (1..24).map(|part| whole.len() * part / 24) {
            put_back(&small.site, &small.files);
            fs::write(&log, &whole[..length]).unwrap();
            let what = format!("{length} of {} bytes", whole.len());
            assert_eq!(state(&warehouse), small.before, "{what}: what was not committed is not seen");
            small.site.run(&LOAD).expect(0);
            assert_eq!(tables_of(&state(&warehouse)), tables_of(&after), "{what}");
            assert_eq!(leftovers(&small.site), Vec::<String>::new(), "{what}");
            assert!(duckdb::Connection::open_with_flags(&warehouse, read_only()).is_ok(), "{what}");
        }
    }
}

#[test]
fn where_nothing_can_be_locked_nobody_waits_for_a_holder() {
    let (scenario, left) = torn();
    let site = &scenario.site;
    let commands: [&[&str]; 3] =
        [&LOAD, &["tables", "drop", "--yes", "--warehouse", "w.duckdb"], &["runs", "--warehouse", "w.duckdb"]];
    for (found, before) in [("a whole file", &scenario.files), ("a torn file", &left)] {
        for arguments in commands {
            put_back(site, before);
            let mut command = site.command(arguments);
            command.arg("--wait=60");
            let answer = Answer::of(&on_disk(&mut command, &scenario.warehouse(), Fault::Unlockable, None).output().unwrap());
            let what = format!("{arguments:?} on {found}: {answer:?}");
            assert_eq!(answer.code, 1, "{what}");
            assert!(answer.stderr.contains("cannot lock") && answer.stderr.contains("Input/output error"), "{what}");
            assert!(!answer.stderr.contains("waiting"), "{what}");
            assert_eq!(&files(site), before, "{what}");
        }
    }
}

#[test]
fn what_belongs_to_another_database_is_kept_and_not_used() {
    let (scenario, left) = torn();
    let site = &scenario.site;
    let journal = site.path("w.duckdb.journal");
    assert!(site.path("w.duckdb.wal").exists() && journal.exists());
    // Another one takes its place, or it is gone and a first load makes one.
    for is_gone in [false, true] {
        put_back(site, &left);
        fs::remove_file(scenario.warehouse()).unwrap();
        let answer = if is_gone {
            site.load(&["--max-rejects", "1"]).expect(3)
        } else {
            let other = loaded("");
            fs::copy(other.path("w.duckdb"), scenario.warehouse()).unwrap();
            site.run(&["runs", "--warehouse", "w.duckdb"]).expect(0)
        };
        for what in ["journal", "log"] {
            assert!(answer.stderr.contains(&format!("is the {what} of another database")), "{}", answer.stderr);
        }
        let kept = leftovers(site);
        assert!(kept.len() == 2 && kept[0].starts_with("w.duckdb.journal.") && kept[1].starts_with("w.duckdb.wal."), "{kept:?}");
        // Put back to where they belong, they do their work.
        assert_eq!(fs::read(site.path(&kept[0])).unwrap(), left[&journal]);
        fs::write(scenario.warehouse(), &left[&scenario.warehouse()]).unwrap();
        fs::rename(site.path(&kept[0]), &journal).unwrap();
        fs::rename(site.path(&kept[1]), site.path("w.duckdb.wal")).unwrap();
        assert_eq!(scenario.found("put back"), scenario.after);
    }
}

#[test]
fn while_a_load_is_at_work_nobody_takes_its_journal() {
    let (scenario, left) = torn();
    let site = &scenario.site;
    put_back(site, &left);
    // Someone holds the file, as the load that writes the journal does.
    let holder = hold(&scenario.warehouse());
    let refused = site.run(&["runs", "--warehouse", "w.duckdb"]).expect(1);
    assert!(refused.stderr.contains("is held by"), "{}", refused.stderr);
    assert_eq!(files(site), left);
    drop(holder);
    site.run(&["runs", "--warehouse", "w.duckdb"]).expect(0);
}

/// DuckDB's lock on a file that DuckDB itself cannot open.
fn hold(path: &Path) -> fs::File {
    use std::os::fd::AsRawFd;
    let file = fs::File::options().read(true).write(true).open(path).unwrap();
    // SAFETY: all fields are whole numbers, for which zero is a value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = libc::F_WRLCK as i16;
    // SAFETY: the descriptor is open, and the structure is what this command takes.
    assert_eq!(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const lock) }, 0);
    file
}
