//! A real PostgreSQL in a temporary folder: one server a process, as many databases as are asked for, gone when the process
//! ends.
//!
//! The server is the child of a shell that waits for its standard input to end. That happens however this process ends,
//! killed or not, so that no server stays behind.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

/// The super-user whose password is asked.
pub const USER: &str = "sparkify";
/// That user's password, with spaces in it, as passwords may have.
pub const PASSWORD: &str = "only on this machine";
/// The super-user who is let in without one: the stand-in itself, and tests that prepare a database.
pub const TRUSTED: &str = "trusted";

/// Starts the server, waits for the end of its input, stops the server and clears its folder away. The shell in between
/// buries a server that was killed, which would look alive otherwise.
const KEEPER: &str = "{ \"$@\"; :; } & shell=$!\nread -r _\n\
                      kill -QUIT \"$(head -n 1 \"$FOLDER/data/postmaster.pid\")\"\nwait $shell\nrm -rf \"$FOLDER\"";

/// A running server; dropping it stops it.
pub struct Postgres {
    /// One, and one more for every time that the server was killed.
    keepers: Mutex<Vec<Child>>,
    files: Files,
    /// The port on 127.0.0.1.
    pub port: u16,
    databases: AtomicUsize,
    template: OnceLock<String>,
}

/// What a server is started from.
struct Files {
    programs: PathBuf,
    account: Option<(u32, u32)>,
    folder: PathBuf,
    /// Beyond those of every server.
    settings: Vec<String>,
}

impl Files {
    fn as_account(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.account {
            command.uid(user).gid(group);
        }
        command.current_dir(&self.folder).env_remove("PGDATA").stdin(Stdio::null());
        command
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Starts the server, with a keeper around it.
    fn spawn(&self, port: u16) -> Result<Child, io::Error> {
        let mut command = self.as_account(Path::new("/bin/sh"));
        command.args(["-c", KEEPER, "keeper"]).arg(self.programs.join("postgres")).arg("-D").arg(self.data());
        for setting in settings(port).iter().chain(&self.settings) {
            command.arg("-c").arg(setting);
        }
        let log = fs::File::create(self.folder.join("log"))?;
        command.env("FOLDER", &self.folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log).process_group(0);
        command.spawn()
    }
}

impl Postgres {
    /// The server of this process, started by whoever comes first.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<Postgres> = OnceLock::new();
        SERVER.get_or_init(|| Self::start().unwrap_or_else(|fault| panic!("{fault}")))
    }

    /// Starts a server from the machine's binaries, or from those that a Python package brought.
    ///
    /// # Errors
    /// What is missing or went wrong, in words.
    pub fn start() -> Result<Self, String> {
        Self::start_with(&[], &[])
    }

    /// Starts one with files beside its data, which it alone can read, and with settings of its own.
    ///
    /// # Errors
    /// What is missing or went wrong, in words.
    pub fn start_with(own_files: &[(&str, &str)], own_settings: &[&str]) -> Result<Self, String> {
        let mut programs = programs().ok_or(
            "there is no PostgreSQL: install Debian's package `postgresql`, or name another's programs in SPARKIFY_POSTGRES_BIN",
        )?;
        let said = |what: &str| format!("PostgreSQL cannot be started: {what}");
        let temporary = tempfile::Builder::new().prefix("sparkify-postgres-").tempdir().map_err(|e| said(&e.to_string()))?;
        let folder = temporary.path().to_owned();
        let account = account_for_root();
        if let Some((user, group)) = account {
            chown(&folder, Some(user), Some(group)).map_err(|e| said(&e.to_string()))?;
            if !is_open_to_all(&programs) {
                let copy = folder.join("programs");
                programs = copied(&programs, &copy)?;
                // The keeper clears it away, as that account.
                run(Command::new("chown").arg("-R").arg(format!("{user}:{group}")).arg(&copy))?;
            }
        }
        let settings = own_settings.iter().map(|&setting| setting.to_owned()).collect();
        let files = Files { programs, account, folder: folder.clone(), settings };
        let (as_account, data) = (|program: &Path| files.as_account(program), files.data());
        let password = folder.join("password");
        write(&password, PASSWORD)?;
        run(as_account(&files.programs.join("initdb"))
            .args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", "--username", USER, "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(&data))?;
        let rules = format!("host all {TRUSTED} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n");
        // In single-user mode nobody listens yet.
        run_with_input(
            as_account(&files.programs.join("postgres")).args(["--single", "-D"]).arg(&data).arg("postgres"),
            &format!("create role {TRUSTED} superuser login;\n"),
        )?;
        write(&data.join("pg_hba.conf"), &rules)?;
        for (name, text) in own_files {
            let path = data.join(name);
            write(&path, text)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|e| said(&e.to_string()))?;
            chown(&path, account.map(|(user, _)| user), account.map(|(_, group)| group)).map_err(|e| said(&e.to_string()))?;
        }
        let mut server =
            Self { keepers: Mutex::default(), files, port: 0, databases: AtomicUsize::new(0), template: OnceLock::new() };
        for _ in 0..5 {
            server.port =
                TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).map_err(|e| said(&e.to_string()))?.port();
            let keeper = server.files.spawn(server.port).map_err(|e| said(&e.to_string()))?;
            *server.keepers.lock().unwrap() = vec![keeper];
            if server.comes_up(0) {
                // From here on the keeper clears it away.
                let _ = temporary.keep();
                return Ok(server);
            }
        }
        Err(said(&server.files.log()))
    }

    /// Kills the server without a word, and starts it again.
    pub fn kill_and_restart(&self) {
        let identity = fs::read_to_string(self.files.data().join("postmaster.pid")).unwrap();
        let process: i32 = identity.lines().next().unwrap().trim().parse().unwrap();
        // SAFETY: the process is the server that this one started.
        unsafe { libc::kill(process, libc::SIGKILL) };
        for _ in 0..20 {
            // Its backends end a moment later, and until then no other server gets at the data.
            std::thread::sleep(Duration::from_millis(300));
            let keeper = self.files.spawn(self.port).unwrap();
            self.keepers.lock().unwrap().push(keeper);
            if self.comes_up(process) {
                return;
            }
        }
        panic!("the server does not come up again: {}", self.files.log());
    }

    /// Waits until the server says that it is ready. It is not when its port was taken by another.
    /// `before` is the process of a server that is no more.
    fn comes_up(&self, before: i32) -> bool {
        let data = self.files.data();
        let end = Instant::now() + Duration::from_secs(30);
        while Instant::now() < end {
            let state = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let is_other = state.lines().next() != Some(before.to_string().as_str());
            if is_other && state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return true;
            }
            if self.files.log().contains("FATAL:") {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    /// A name for a database that nobody else in this process uses.
    pub fn fresh_name(&self) -> String {
        format!("standin_{}_{}", std::process::id(), self.databases.fetch_add(1, Ordering::Relaxed))
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        let name = self.fresh_name();
        self.run_sql("postgres", &format!("create database {name} template template0"));
        Database { port: self.port, name }
    }

    /// New databases of languages that this server knows, each with its name.
    pub fn languages(&self) -> Vec<(&'static str, Database)> {
        let collations = |condition: &str| format!("select exists (select from pg_collation where {condition})");
        let icu = |language: &str| format!("locale_provider icu icu_locale '{language}' locale 'C'");
        let known = [
            ("PostgreSQL in C.UTF-8", "collname ~* '^c.utf-?8$' and collprovider = 'c'", "locale 'C.UTF-8'".to_owned()),
            ("PostgreSQL in English", "collname = 'en-x-icu'", icu("en")),
            ("PostgreSQL in Turkish", "collname = 'tr-x-icu'", icu("tr")),
        ];
        let known = known.into_iter().filter(|(language, condition, _)| self.was_built_with(language, &collations(condition)));
        let made = known.map(|(language, _, options)| {
            let name = self.fresh_name();
            self.run_sql("postgres", &format!("create database {name} template template0 {options}"));
            (language, Database { port: self.port, name })
        });
        made.collect()
    }

    /// A new database in which these statements have run, the same for all callers.
    pub fn database_with(&self, sql: &str) -> Database {
        let template = self.template.get_or_init(|| {
            let template = self.database().name;
            self.run_sql(&template, sql);
            template
        });
        let name = self.fresh_name();
        self.run_sql("postgres", &format!("create database {name} template {template}"));
        Database { port: self.port, name }
    }

    /// Runs statements as the trusted super-user.
    pub fn run_sql(&self, database: &str, sql: &str) {
        self.ask(database, sql);
    }

    /// Whether the server can do what only some builds of it can; says on stderr that something is left out where it cannot.
    pub fn was_built_with(&self, what: &str, question: &str) -> bool {
        let can = self.ask("postgres", question).is_some_and(|answer| answer == "t");
        if !can {
            // Past the harness of tests, which keeps what one that passes prints.
            let _ = std::io::Write::write_all(
                &mut std::io::stderr(),
                format!("left out: this PostgreSQL was built without {what}\n").as_bytes(),
            );
        }
        can
    }

    /// Runs statements; the first value of the last row, if there is one.
    fn ask(&self, database: &str, sql: &str) -> Option<String> {
        use tokio_postgres::SimpleQueryMessage::Row;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime
            .block_on(async {
                let parameters = format!("host=127.0.0.1 port={} user={TRUSTED} dbname={database}", self.port);
                let (client, connection) = tokio_postgres::connect(&parameters, tokio_postgres::NoTls).await?;
                let work = async {
                    let done = client.simple_query(sql).await;
                    drop(client);
                    done
                };
                let (done, _) = tokio::join!(work, connection);
                done
            })
            .unwrap_or_else(|error| panic!("{error:?}, of {}", sql.chars().take(80).collect::<String>()))
            .iter()
            .filter_map(|message| if let Row(row) = message { row.get(0).map(str::to_owned) } else { None })
            .next_back()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let keepers = self.keepers.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        for keeper in keepers.iter_mut() {
            drop(keeper.stdin.take());
        }
        for keeper in keepers.iter_mut() {
            let _ = keeper.wait();
        }
    }
}

/// A database on the server.
pub struct Database {
    /// The server's port on 127.0.0.1.
    pub port: u16,
    /// The database's name.
    pub name: String,
}

impl Database {
    /// Where it is, without the password.
    pub fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{}", self.port, self.name)
    }
}

/// Nothing is kept beyond the process, so nothing waits for the disk.
fn settings(port: u16) -> Vec<String> {
    let fixed = [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "wal_level=minimal",
        "max_wal_senders=0",
        "max_wal_size=4GB",
        "shared_buffers=128MB",
        "max_connections=200",
        "jit=off",
        "timezone=UTC",
    ];
    fixed.iter().map(|&setting| setting.to_owned()).chain([format!("port={port}")]).collect()
}

/// The folder of the programs: the newest of Debian's, else those on the path, else those of a Python package.
fn programs() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| ["postgres", "initdb"].iter().all(|name| folder.join(name).is_file());
    if let Some(folder) = std::env::var_os("SPARKIFY_POSTGRES_BIN") {
        return Some(folder.into());
    }
    let below = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let mut debian: Vec<(u32, PathBuf)> = below(Path::new("/usr/lib/postgresql"))
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| has_all(folder))
        .collect();
    debian.sort();
    if let Some((_, folder)) = debian.pop() {
        return Some(folder);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(folder) = std::env::split_paths(&path).find(has_all) {
        return Some(folder);
    }
    let venv = PathBuf::from(std::env::var_os("SPARKIFY_TEST_VENV")?);
    let packages = below(&venv.join("lib")).flat_map(|python| below(&python.path().join("site-packages")));
    packages.map(|package| package.path().join("pginstall/bin")).find(has_all)
}

/// Copies the programs of a Python package, with the libraries beside it, to where the other account gets.
fn copied(programs: &Path, to: &Path) -> Result<PathBuf, String> {
    let mut above = programs.ancestors().skip(1);
    let (Some(installed), Some(package), Some(site)) = (above.next(), above.next(), above.next()) else {
        return Err(format!("{} is not the folder of a package", programs.display()));
    };
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let (inner, libraries) = (to.join(&*name), site.join(format!("{name}.libs")));
    fs::create_dir_all(&inner).map_err(|error| error.to_string())?;
    run(Command::new("cp").arg("-r").arg(installed).arg(&inner))?;
    if libraries.is_dir() {
        run(Command::new("cp").arg("-r").arg(&libraries).arg(to))?;
    }
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(to))?;
    Ok(inner.join(installed.file_name().unwrap_or_default()).join("bin"))
}

/// Whether every account gets there.
fn is_open_to_all(folder: &Path) -> bool {
    folder.ancestors().all(|folder| fs::metadata(folder).is_ok_and(|found| found.permissions().mode() & 0o1 != 0))
}

/// Whom to run the server as when this is root, whom PostgreSQL refuses.
fn account_for_root() -> Option<(u32, u32)> {
    let own = fs::metadata("/proc/self").ok().map(|own| std::os::unix::fs::MetadataExt::uid(&own))?;
    if own != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres", "nobody"].iter().find_map(|wanted| {
        let mut fields = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    })
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o644)))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))) }
}

fn run_with_input(command: &mut Command, input: &str) -> Result<(), String> {
    let attempt = || -> io::Result<std::process::Output> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            io::Write::write_all(&mut stdin, input.as_bytes())?;
        }
        child.wait_with_output()
    };
    let mut attempt = attempt;
    let output = attempt().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() && !said.contains("ERROR") { Ok(()) } else { Err(said.into_owned()) }
}
