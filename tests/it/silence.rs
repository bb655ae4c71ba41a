//! Servers that fall silent or break off, and a user who does not want to wait for them: one interrupt ends any wait, and
//! what a commit without an answer did is found out, or said to be unknown.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::redshift::Lake;
use crate::support::generate::{Event, Song, content};
use crate::support::made_up;
use crate::support::postgres::{Postgres, TRUSTED};
use crate::support::proxy::{Proxy, Then};
use crate::support::redshift::Fault;
use crate::support::warehouse::{Answer, Site};

/// Longer than any wait after an interrupt, and far shorter than those without one.
const AT_ONCE: Duration = Duration::from_secs(10);

/// How far a server goes before it falls silent.
const STAGES: [(&str, &str, &[&[u8]]); 5] = [
    ("it takes connections and says nothing", "disable", &[]),
    ("it does not say whether it encrypts", "require", &[]),
    ("it is silent while encryption is agreed on", "require", &[b"S"]),
    ("it is silent after the password", "disable", &[b"R\0\0\0\x0c\0\0\0\x05salt"]),
    ("it lets the client in and does not say when it is ready", "disable", &[b"R\0\0\0\x08\0\0\0\0"]),
];

/// A server that answers each message of a client with the next of these, and then no more. Says when it has nothing more to
/// say.
fn silent_server(answers: &'static [&'static [u8]]) -> (u16, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, sender) = (client.unwrap(), sender.clone());
            thread::spawn(move || {
                let mut block = [0; 1024];
                for answer in answers {
                    if client.read(&mut block).unwrap_or(0) == 0 {
                        return;
                    }
                    client.write_all(answer).unwrap();
                }
                let _ = sender.send(());
                while matches!(TcpStream::read(&mut client, &mut block), Ok(read) if read > 0) {}
            });
        }
    });
    (port, receiver)
}

fn load_with(site: &Site, arguments: &[&str]) -> Child {
    site.command(&site.load_arguments(arguments)).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    // SAFETY: the process is ours and not yet waited for.
    unsafe { libc::kill(child.id() as i32, libc::SIGINT) };
}

/// Interrupts, and waits for the end, which must come soon.
#[track_caller]
fn interrupted(child: Child) -> Answer {
    interrupt(&child);
    let started = Instant::now();
    let answer = Answer::of(&child.wait_with_output().unwrap());
    assert!(started.elapsed() < AT_ONCE, "it took {:?} to end: {answer:?}", started.elapsed());
    answer
}

#[track_caller]
fn nothing_was_changed(answer: &Answer, what: &str) {
    assert_eq!(answer.code, 130, "{what}: {answer:?}");
    assert!(answer.stderr.contains("interrupted; nothing was changed"), "{what}: {}", answer.stderr);
    assert_eq!(answer.stdout, "", "{what}");
}

fn warehouse_at(engine: &str, port: u16, mode: &str) -> Site {
    let url = format!("{engine}://someone@127.0.0.1:{port}/d?sslmode={mode}");
    let site = Site::at(url, vec![("SPARKIFY_PASSWORD", "password".to_owned()), ("AWS_REGION", "us-east-1".to_owned())]);
    site.put("log_data/1.json", made_up::weeks());
    site
}

#[test]
fn one_interrupt_ends_the_wait_for_a_server_that_does_not_let_anyone_in() {
    for engine in ["postgres", "redshift"] {
        for (what, mode, answers) in STAGES {
            let (port, said_all) = silent_server(answers);
            let site = warehouse_at(engine, port, mode);
            for verb in ["load", "sql"] {
                let sql = ["sql", "select 1", "--warehouse", &site.warehouse];
                let arguments = if verb == "load" { site.load_arguments(&[]) } else { sql.to_vec() };
                let mut command = site.command(&arguments);
                let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
                said_all.recv_timeout(Duration::from_mins(1)).unwrap_or_else(|_| panic!("{engine} never came: {what}"));
                nothing_was_changed(&interrupted(child), &format!("{engine} {verb}: {what}"));
            }
        }
    }
}

/// Without an interrupt the wait ends too, and says what did not answer.
#[test]
fn nobody_waits_for_ever_to_be_let_in() {
    let children: Vec<(String, Site, Child)> = ["postgres", "redshift"]
        .into_iter()
        .flat_map(|engine| STAGES.into_iter().map(move |stage| (engine, stage)))
        .map(|(engine, (what, mode, answers))| {
            let site = warehouse_at(engine, silent_server(answers).0, mode);
            let child = load_with(&site, &[]);
            (format!("{engine}: {what}"), site, child)
        })
        .collect();
    for (what, _site, child) in children {
        let answer = Answer::of(&child.wait_with_output().unwrap());
        assert_eq!(answer.code, 1, "{what}: {answer:?}");
        let words = ["does not answer", "no answer within"];
        assert!(words.iter().any(|words| answer.stderr.contains(words)), "{what}: {}", answer.stderr);
        assert!(answer.stderr.contains("hint: "), "{what}: {}", answer.stderr);
    }
}

/// A database of a real server, the way to it through a proxy, and a site that takes it.
struct Way {
    proxy: Proxy,
    /// Straight to the server.
    direct: Site,
    /// Through the proxy, from the same folder.
    through: String,
}

impl Way {
    fn to_a_warehouse() -> Self {
        let server = Postgres::shared();
        let database = server.database();
        let url = |port: u16| format!("postgres://{TRUSTED}@127.0.0.1:{port}/{}?sslmode=disable", database.name);
        let proxy = Proxy::start(server.port);
        let direct = Site::at(url(server.port), Vec::new());
        direct.put("log_data/0.json", content([Event { user: 1, session: 1, item: 0, instant: 0, variant: 0 }.line()]));
        direct.load(&[]).expect(0);
        direct.put("log_data/1.json", made_up::weeks());
        direct.put("song_data/1.json", content((0..12).map(|id| Song { id, variant: 1 }.line())));
        Self { through: url(proxy.port), proxy, direct }
    }

    fn load(&self) -> Child {
        let arguments =
            ["load", "--logs", "log_data", "--songs", "song_data", "--wait=60", "--json", "--warehouse", &self.through];
        self.direct.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The load comes to its end after all, whatever became of the one before.
    #[track_caller]
    fn ends_well(&self, what: &str) {
        self.direct.load(&["--wait=60"]).expect(0);
        self.direct.check_invariants();
        let undisturbed = Site::new();
        for file in ["log_data/0.json", "log_data/1.json", "song_data/1.json"] {
            undisturbed.put(file, std::fs::read(self.direct.path(file)).unwrap());
        }
        undisturbed.load(&[]).expect(0);
        assert_eq!(self.direct.digest(), undisturbed.digest(), "{what}");
    }
}

#[test]
fn one_interrupt_ends_a_load_whose_server_fell_silent() {
    for beginning in ["begin", "create temporary table changed_songs", "savepoint", "drop table if exists", "copy songplays"] {
        let way = Way::to_a_warehouse();
        let before = way.direct.digest();
        way.proxy.on(beginning, Then::FallSilent);
        let child = way.load();
        way.proxy.wait_for_it();
        nothing_was_changed(&interrupted(child), beginning);
        assert_eq!(way.direct.digest(), before, "{beginning}");
        way.ends_well(beginning);
    }
}

#[test]
fn a_second_interrupt_ends_the_process_at_once() {
    let way = Way::to_a_warehouse();
    way.proxy.on("commit", Then::FallSilent);
    let child = way.load();
    way.proxy.wait_for_it();
    interrupt(&child);
    // Two signals of one kind that come too close are one.
    thread::sleep(Duration::from_millis(300));
    assert_eq!(interrupted(child).code, 130);
    way.ends_well("twice");
}

#[test]
fn what_a_commit_without_an_answer_did_is_found_out() {
    for then in [Then::BreakBefore, Then::BreakAfter] {
        let way = Way::to_a_warehouse();
        let before = way.direct.digest();
        way.proxy.on("commit", then);
        let child = way.load();
        way.proxy.wait_for_it();
        let answer = Answer::of(&child.wait_with_output().unwrap());
        assert!(answer.stderr.contains("checking whether it was"), "{}", answer.stderr);
        if then == Then::BreakAfter {
            assert!(answer.stderr.contains("it was"), "{}", answer.stderr);
            assert!(answer.expect(0).json()["accepted"].as_u64() > Some(10));
            assert_ne!(way.direct.digest(), before);
            assert_eq!(way.direct.number("select count(*) from load_runs"), 2);
        } else {
            let answer = answer.expect(1);
            assert!(answer.stderr.contains("connection") && answer.stderr.contains("again"), "{}", answer.stderr);
            assert_eq!(way.direct.digest(), before);
        }
        way.ends_well(&format!("{then:?}"));
        assert_eq!(way.direct.number("select count(*) from load_runs"), 2);
    }
}

/// Interrupted or not, nobody claims what nobody knows.
#[test]
fn a_commit_whose_outcome_stays_unknown_is_not_denied() {
    let way = Way::to_a_warehouse();
    way.proxy.on("commit", Then::FallSilent);
    let child = way.load();
    way.proxy.wait_for_it();
    let answer = interrupted(child).expect(1);
    assert!(answer.stderr.contains("was committed is not known") && answer.stderr.contains("sparkify runs"), "{}", answer.stderr);
    assert!(!answer.stderr.contains("nothing was changed"), "{}", answer.stderr);
    way.ends_well("unknown");
    assert_eq!(way.direct.number("select count(*) from load_runs"), 2);
}

/// Through the proxy to the stand-in, which hangs at a COPY.
#[test]
fn one_interrupt_ends_a_load_whose_cluster_fell_silent() {
    for statement in ["copy staged_plays", "commit"] {
        // One each, as the stand-in does not notice that a client is gone while it waits.
        let lake = Lake::demo();
        lake.run(&["tables", "create"]).expect(0);
        let before = lake.digest();
        let said = lake.cluster.standin.statements().len();
        lake.cluster.standin.faults().add(1, statement, Fault::Delay(Duration::from_mins(2)));
        let url = lake.cluster.standin.url();
        let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
        let proxy = Proxy::start(port.parse().unwrap());
        let warehouse = format!("{}?sslmode=disable", url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port)));
        let arguments = ["load", "--logs", "s3://lake/log_data", "--songs", "s3://lake/song_data", "--warehouse", &warehouse];
        let mut command = lake.command(&arguments);
        command.env("SPARKIFY_REDSHIFT_STAGE", "compact").stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap();
        let deadline = Instant::now() + Duration::from_mins(1);
        while !lake.cluster.standin.statements().iter().skip(said).any(|sent| sent.text.starts_with(statement)) {
            assert!(Instant::now() < deadline, "the load never came to its {statement}");
            thread::sleep(Duration::from_millis(20));
        }
        proxy.fall_silent();
        let answer = interrupted(child);
        if statement == "commit" {
            assert!(answer.expect(1).stderr.contains("was committed is not known"));
        } else {
            nothing_was_changed(&answer, statement);
            assert_eq!(lake.left_behind(), [""; 0]);
        }
        assert_eq!(lake.digest(), before, "{statement}");
    }
}
