//! What only a server can go wrong with: not reached, not let in, not trusted, gone in the middle. And no password shown.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::conformance::{answers, on_postgres};
use crate::dialects::in_languages;
use crate::support::generate::{Event, content};
use crate::support::made_up;
use crate::support::postgres::{PASSWORD, Postgres, TRUSTED, USER};
use crate::support::sql_client::SqlClient;
use crate::support::warehouse::{Answer, Site};

fn site_at(warehouse: String, variables: &[(&'static str, &str)]) -> Site {
    let site = Site::at(warehouse, variables.iter().map(|&(name, value)| (name, value.to_owned())).collect());
    site.put("log_data/1.json", made_up::weeks());
    site
}

#[test]
fn the_doctor_finds_what_is_amiss() {
    let (name, url) = database(USER);
    let server = Postgres::shared();
    let steps = |url: &str, password: &str| {
        let site = site_at(url.to_owned(), &[]);
        let mut command = site.command(&["doctor", "--json", "--warehouse", url]);
        let answer = Answer::of(&command.env("SPARKIFY_PASSWORD", password).output().unwrap());
        assert!(!format!("{}{}", answer.stdout, answer.stderr).contains(password), "{}", answer.stdout);
        (answer.code, answer.json()["steps"].as_array().unwrap().clone())
    };
    let (code, well) = steps(&url, PASSWORD);
    let names: Vec<&str> = well.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(names, ["name resolution", "TCP", "TLS and log-in", "server", "privileges", "tables"]);
    assert_eq!(code, 0, "{well:?}");
    assert!(
        well[2]["found"] == format!("as {USER}, not encrypted") && well[3]["found"].as_str().unwrap().starts_with("PostgreSQL 1")
    );

    let role = format!("doctored_{name}");
    let limits = format!(
        "create role {role} login password 'poor-canary'; revoke create on schema public from public; \
         revoke temporary on database {name} from public"
    );
    server.run_sql(&name, &limits);
    for (url, password, step, words) in [
        (url.replace(USER, &role), "poor-canary", "privileges", "temporary tables in the database"),
        (url.clone(), "wrong-canary", "TLS and log-in", "refuses the password"),
        (url.replace(&name, "no_such_database"), PASSWORD, "TLS and log-in", "no database"),
        (format!("postgres://{USER}@127.0.0.1:1/x"), PASSWORD, "TCP", "nothing answers"),
        ("postgres://u@no-such-host.invalid/x".to_owned(), PASSWORD, "name resolution", "has no address"),
    ] {
        let (code, steps) = steps(&url, password);
        let failed: Vec<_> = steps.iter().filter(|step| step["ok"] == false).collect();
        assert_eq!((code, failed.len()), (1, 1), "{steps:?}");
        assert_eq!(failed[0]["step"], step, "{steps:?}");
        assert!(failed[0]["problem"].as_str().unwrap().contains(words), "{steps:?}");
        assert_ne!(failed[0]["remedy"], "", "{steps:?}");
    }
}

/// A new database, and its URL for this user.
fn database(user: &str) -> (String, String) {
    let database = Postgres::shared().database();
    (database.name.clone(), format!("postgres://{user}@127.0.0.1:{}/{}", database.port, database.name))
}

#[track_caller]
fn refused(site: &Site, words: &[&str]) -> Answer {
    let answer = site.load(&[]).expect(1);
    assert_eq!(answer.stdout, "");
    for word in words {
        assert!(answer.stderr.contains(word), "{word} is not in: {}", answer.stderr);
    }
    assert!(answer.stderr.contains("hint: "), "{}", answer.stderr);
    answer
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    refused(&site_at(format!("postgres://{USER}@127.0.0.1:1/x"), &[]), &["no server answers at 127.0.0.1, port 1"]);
    refused(&site_at("postgres://u@no-such-host.invalid/x".to_owned(), &[]), &["no server answers at no-such-host.invalid"]);
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let (name, url) = database(USER);
    refused(&site_at(url.clone(), &[]), &["asks for the password of sparkify", "SPARKIFY_PASSWORD"]);
    refused(&site_at(url.clone(), &[("PGPASSWORD", "wrong")]), &["refuses the password of sparkify"]);
    let elsewhere = url.replace(&name, "no_such_database");
    refused(&site_at(elsewhere, &[("PGPASSWORD", PASSWORD)]), &["no database no_such_database", "createdb"]);
    site_at(url, &[("PGPASSWORD", "wrong"), ("SPARKIFY_PASSWORD", PASSWORD)]).load(&[]).expect(0);
}

#[test]
fn a_password_file_is_read_if_nobody_else_can() {
    use std::os::unix::fs::PermissionsExt;
    let (_, url) = database(USER);
    let site = site_at(url, &[]);
    let file = site.put(".pgpass", format!("127.0.0.1:*:*:{USER}:{PASSWORD}\n"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    refused(&site, &["others can read it", "chmod 600"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    site.load(&[]).expect(0);
}

#[test]
fn a_password_in_the_url_is_refused_and_not_repeated() {
    let site = site_at("postgres://u:canary-in-the-url@127.0.0.1/x".to_owned(), &[]);
    let answer = site.load(&["-vv"]).expect(2);
    assert!(answer.stderr.contains("there is a password in the warehouse's URL"), "{}", answer.stderr);
    let config = site.run(&["config"]);
    assert!(!format!("{}{}{}", answer.stderr, config.stdout, config.stderr).contains("canary"));
}

#[test]
fn no_output_has_the_password_in_it() {
    let site = on_postgres();
    site.put("log_data/1.json", made_up::weeks());
    let warehouse = site.warehouse.clone();
    let at = ["--warehouse", &warehouse, "-vv"];
    for arguments in
        [&site.load_arguments(&["-vv"])[..], &[&["runs"], &at[..]].concat(), &[&["digest"], &at[..]].concat(), &["config"]]
    {
        let output = site.command(arguments).env("RUST_LOG", "trace").output().unwrap();
        let answer = Answer::of(&output);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        assert!(!answer.stdout.contains(PASSWORD) && !answer.stderr.contains(PASSWORD), "{arguments:?}");
    }
}

#[test]
fn a_user_without_privileges_is_told_before_anything_changes() {
    let (name, _) = database(USER);
    let server = Postgres::shared();
    let role = format!("poor_{name}");
    server.run_sql(
        &name,
        &format!("create role {role} login password 'poor'; revoke create on schema public from public; grant usage on schema public to {role}"),
    );
    let site = site_at(format!("postgres://{role}@127.0.0.1:{}/{name}", server.port), &[("PGPASSWORD", "poor")]);
    refused(&site, &["no privilege", "permission denied"]);
    // One who may only read reads.
    let owner = site_at(format!("postgres://{USER}@127.0.0.1:{}/{name}", server.port), &[("PGPASSWORD", PASSWORD)]);
    owner.load(&[]).expect(0);
    server.run_sql(&name, &format!("grant select on all tables in schema public to {role}"));
    assert_eq!(site.digest(), owner.digest());
    site.put("log_data/2.json", content([Event { user: 1, session: 1, item: 0, instant: 0, variant: 0 }.line()]));
    refused(&site, &["no privilege"]);
    assert_eq!(site.digest(), owner.digest());
}

#[test]
fn tables_stand_in_the_schema_that_the_url_names() {
    let (name, url) = database(TRUSTED);
    let server = Postgres::shared();
    server.run_sql(&name, "create schema one; create schema two; create table public.songs (mine integer)");
    let site = |schema: &str| site_at(format!("{url}?options=-csearch_path%3D{schema}"), &[]);
    let (one, two) = (site("one"), site("two"));
    one.load(&[]).expect(0);
    two.load(&[]).expect(0);
    assert_eq!(one.digest(), two.digest());
    one.run(&["tables", "drop", "--yes", "--warehouse", &one.warehouse]).expect(0);
    two.check_invariants();
    refused(&site("no_such_schema"), &["no schema of the search_path"]);
}

#[test]
fn a_users_own_tables_are_left_alone() {
    let (name, url) = database(TRUSTED);
    Postgres::shared()
        .run_sql(&name, "create table staged_users as select 1 as mine; create table changed_songs as select 2 as mine");
    let site = site_at(url, &[]);
    site.put("song_data/1.json", crate::support::generate::Song { id: 1, variant: 1 }.line());
    site.load(&[]).expect(0);
    let kept = site.sql("select (select mine from staged_users) + (select mine from changed_songs) as kept");
    assert_eq!(kept, serde_json::json!([{"kept": 3}]));
}

#[test]
fn a_database_of_another_encoding_is_refused() {
    let server = Postgres::shared();
    let name = server.fresh_name();
    server.run_sql("postgres", &format!("create database {name} template template0 encoding 'LATIN1' locale 'C'"));
    refused(&site_at(format!("postgres://{TRUSTED}@127.0.0.1:{}/{name}", server.port), &[]), &["LATIN1", "UTF8"]);
}

#[test]
fn a_database_that_sorts_by_language_decides_ties_by_bytes() {
    let song = |id: &str, name: &str| {
        serde_json::json!({"song_id": id, "artist_id": "AR1", "artist_name": name, "title": id, "duration": 1.0}).to_string()
            + "\n"
    };
    // In languages `b` comes before `Z`, in bytes after.
    for (language, site) in in_languages() {
        site.put("song_data/1.json", [song("SO1", "b"), song("SO2", "Z")].concat());
        site.load(&[]).expect(0);
        assert_eq!(site.sql("select name from artists"), serde_json::json!([{"name": "Z"}]), "{language}");
    }
}

#[test]
fn a_title_is_found_in_any_case_whatever_the_language() {
    for place in 0..in_languages().len() {
        answers::titles_are_found_in_any_case(&|| in_languages().swap_remove(place).1);
    }
}

fn spawn(site: &Site) -> Child {
    site.command(&site.load_arguments(&["--wait=60"])).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A load that waits for its row of the ledger, the last that it writes: until the connection that comes with it lets go.
fn held_at_its_end(server: &Postgres, database: &str, site: &Site) -> (SqlClient, Child) {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(server.port).dbname(database).user(TRUSTED);
    let (holder, watcher) = (SqlClient::connect(&config).unwrap(), SqlClient::connect(&config).unwrap());
    holder.run("begin");
    holder.run("lock table load_runs in share mode");
    let child = spawn(site);
    let waits = "select count(*) from pg_stat_activity \
                 where datname = current_database() and application_name = 'sparkify' and wait_event_type = 'Lock'";
    let deadline = Instant::now() + Duration::from_mins(1);
    while watcher.value(waits) != "1" {
        assert!(Instant::now() < deadline, "the load never came to its end");
        std::thread::sleep(Duration::from_millis(10));
    }
    (holder, child)
}

#[test]
fn whatever_ends_a_load_just_before_its_commit_nothing_has_happened() {
    let server = Postgres::start_with(&[], &["fsync=on", "synchronous_commit=on", "full_page_writes=on"]).unwrap();
    for end in ["the client is killed", "the user interrupts", "the server ends the connection", "the server is killed"] {
        let database = server.database();
        let site = Site::at(format!("postgres://{TRUSTED}@127.0.0.1:{}/{}", server.port, database.name), Vec::new());
        site.put("log_data/0.json", content([Event { user: 1, session: 1, item: 0, instant: 0, variant: 0 }.line()]));
        site.load(&[]).expect(0);
        let before = site.digest();
        site.put("log_data/1.json", made_up::weeks());
        let (holder, mut child) = held_at_its_end(&server, &database.name, &site);
        assert_eq!(site.digest(), before, "whoever reads now sees nothing of it");
        let code = match end {
            "the client is killed" => {
                child.kill().unwrap();
                -libc::SIGKILL
            }
            "the user interrupts" => {
                // SAFETY: the process is ours and not yet waited for.
                unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
                130
            }
            "the server ends the connection" => {
                let backends = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sparkify'";
                server.run_sql("postgres", backends);
                1
            }
            _ => {
                server.kill_and_restart();
                1
            }
        };
        let answer = Answer::of(&child.wait_with_output().unwrap()).expect(code);
        assert!(code != 1 || answer.stderr.contains("connection") && answer.stderr.contains("again"), "{}", answer.stderr);
        drop(holder);
        assert_eq!(site.digest(), before, "{end}");
        site.load(&["--wait=30"]).expect(0);
        site.check_invariants();

        let undisturbed = on_postgres();
        for file in ["log_data/0.json", "log_data/1.json"] {
            undisturbed.put(file, std::fs::read(site.path(file)).unwrap());
        }
        undisturbed.load(&[]).expect(0);
        assert_eq!(site.digest(), undisturbed.digest(), "{end}");
        // What was committed outlives a server that is killed.
        if end == "the server is killed" {
            server.kill_and_restart();
            assert_eq!(site.digest(), undisturbed.digest());
        }
    }
}

fn database_url() -> String {
    database(TRUSTED).1
}

#[test]
fn certificates_are_looked_at_as_the_mode_says() {
    if !Postgres::shared().was_built_with("TLS", "select current_setting('ssl_library') <> ''") {
        return;
    }
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (pem, key) = (certificate.pem(), key.serialize_pem());
    let server = Postgres::start_with(&[("server.crt", &pem), ("server.key", &key)], &["ssl=on"]).unwrap();
    let database = server.database();
    // Who may do everything asks in the name of a role that does not see its own connection.
    server.run_sql(&database.name, &format!("alter role {TRUSTED} nosuperuser"));
    let site = |host: &str, mode: &str, with_root: bool| {
        let mut site = site_at(format!("postgres://{TRUSTED}@{host}:{}/{}?sslmode={mode}", server.port, database.name), &[]);
        let roots = site.put("roots.pem", &pem);
        if with_root {
            site.warehouse = format!("{}&sslrootcert={}", site.warehouse, roots.display());
        }
        site
    };
    let encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    for (host, mode, with_root, wanted) in [
        ("127.0.0.1", "disable", false, Some(false)),
        ("127.0.0.1", "prefer", false, Some(true)),
        ("127.0.0.1", "require", false, Some(true)),
        ("127.0.0.1", "verify-ca", false, None),
        ("127.0.0.1", "verify-ca", true, Some(true)),
        ("127.0.0.1", "verify-full", true, None),
        ("localhost", "verify-full", false, None),
        ("localhost", "verify-full", true, Some(true)),
    ] {
        let site = site(host, mode, with_root);
        let answer = site.run(&["sql", encrypted, "--format", "json", "--warehouse", &site.warehouse]);
        if let Some(encrypted) = wanted {
            assert_eq!(answer.expect(0).json(), serde_json::json!([{"ssl": encrypted}]), "{host} {mode}");
        } else {
            let answer = answer.expect(1);
            assert!(answer.stderr.contains("no trusted encrypted connection"), "{host} {mode}: {}", answer.stderr);
            assert!(answer.stderr.contains("sslrootcert"), "{}", answer.stderr);
        }
    }
    // A server that cannot encrypt is refused where encryption is asked for.
    let plain = site_at(format!("{}?sslmode=require", database_url()), &[]);
    refused(&plain, &["no trusted encrypted connection"]);
}

#[test]
fn values_of_every_kind_are_shown() {
    let site = on_postgres();
    let query = "select 1.50::numeric as a, -0.000012::numeric as b, array['x', null] as c, date '2026-01-02' as d, \
                 timestamp '2026-01-02 03:04:05.678' as e, time '01:02:03' as f, null as g, true as h, 12345678901234567890::numeric as i, \
                 '{\"k\": 1}'::jsonb as j, 1.5::real as k, 'infinity'::timestamp as l";
    let wanted = serde_json::json!([{
        "a": "1.50", "b": "-0.000012", "c": ["x", null], "d": "2026-01-02", "e": "2026-01-02 03:04:05.678", "f": "01:02:03",
        "g": null, "h": true, "i": "12345678901234567890", "j": "{\"k\": 1}", "k": 1.5, "l": "infinity",
    }]);
    assert_eq!(site.sql(query), wanted);
    assert_eq!(site.sql("select inet '10.0.0.1' as a"), serde_json::json!([{"a": "10.0.0.1/32"}]));
}
