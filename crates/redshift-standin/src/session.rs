//! One client's session: each statement is held against what Redshift takes, put into PostgreSQL's words, and sent on.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use pgwire::messages::response::{CommandComplete, EmptyQueryResponse, ErrorResponse, TransactionStatus};
use pgwire::messages::startup::SecretKey;
use pgwire::messages::{PgWireBackendMessage as Answer, PgWireFrontendMessage as Request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use super::client::{Client, Wish};
use super::copy::{self, End};
use super::copy_parts::Situation;
use super::copy_statement;
use super::failure::Failure;
use super::fault::Fault;
use super::refuse::{after_name, refusal};
use super::rewrite::rewrite;
use super::rights;
use super::token::{Token, says_all, statements};
use super::upstream::{self, Upstream, literal};
use super::{Isolation, Mode, Options, Shared, Statement, Tls};

/// How a statement ended.
pub enum Course {
    /// Well, or with an error that PostgreSQL has sent itself.
    Answered { well: bool },
    /// With an error that is to be sent.
    Failed(Failure),
    /// The connection is to be dropped.
    Gone,
}

impl Course {
    /// An error without a detail.
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed(Failure { code, message: message.into(), detail: None })
    }
}

/// A session.
pub struct Session {
    shared: Arc<Shared>,
    number: usize,
    pub client: Client,
    pub upstream: Upstream,
    user: String,
    database: String,
    cancel: Arc<Notify>,
    last_copy: (u64, i64),
}

/// Serves a connection until it ends.
pub async fn serve(shared: Arc<Shared>, socket: TcpStream, number: usize) -> io::Result<()> {
    let (mut client, parameters) = match Client::accept(socket, shared.tls.as_ref()).await? {
        None => return Ok(()),
        Some((_, Wish::Cancel(cancel))) => return cancel_session(&shared, cancel.pid, &cancel.secret_key).await,
        Some((client, Wish::Session(parameters))) => (client, parameters),
    };
    let options = &shared.options;
    let user = parameters.get("user").cloned().unwrap_or_default();
    let database = parameters.get("database").unwrap_or(&user).clone();
    if options.tls == Tls::Required && !client.encrypted {
        let message = format!("no pg_hba.conf entry for host \"127.0.0.1\", user \"{user}\", database \"{database}\", SSL off");
        return client.refuse("28000", message).await;
    }
    if let Some(digits) = parameters.get("extra_float_digits")
        && !digits.parse::<i32>().is_ok_and(|digits| (-15..=2).contains(&digits))
    {
        return client
            .refuse("22023", format!("{digits} is outside the valid range for parameter \"extra_float_digits\" (-15 .. 2)"))
            .await;
    }
    if !client.log_in(options, &user).await? {
        return Ok(());
    }
    if database != options.database {
        return client.refuse("3D000", format!("database \"{database}\" does not exist")).await;
    }
    let mut upstream = match Upstream::connect(options.postgres_port, &options.postgres_user, &options.postgres_database).await {
        Ok(upstream) => upstream,
        Err(fault) => {
            return client.refuse("57P03", format!("the PostgreSQL behind the stand-in does not answer: {fault:?}")).await;
        }
    };
    if let Err(fault) = upstream.rows(&settings(&shared, &user, &parameters)).await {
        return client
            .refuse("57P03", format!("the PostgreSQL behind the stand-in refuses the session's settings: {fault:?}"))
            .await;
    }
    let key = pgwire::messages::startup::BackendKeyData::new(upstream.key.pid, upstream.key.secret_key.clone());
    client.welcome(options, &user, key).await?;
    let cancel = Arc::new(Notify::new());
    let pid = upstream.key.pid;
    shared.sessions.lock().unwrap().insert(pid, Arc::clone(&cancel));
    let mut session =
        Session { shared: Arc::clone(&shared), number, client, upstream, user, database, cancel, last_copy: (0, -1) };
    let ended = session.run().await;
    shared.sessions.lock().unwrap().remove(&pid);
    ended
}

/// What a session starts with.
fn settings(shared: &Shared, user: &str, parameters: &HashMap<String, String>) -> String {
    let isolation = if shared.options.isolation == Isolation::Snapshot { "repeatable read" } else { "serializable" };
    let digits = parameters.get("extra_float_digits").map_or("0", String::as_str);
    format!(
        "set standard_conforming_strings = off; set escape_string_warning = off; set backslash_quote = on; \
         set extra_float_digits = {digits}; set timezone = 'UTC'; set datestyle = 'ISO, MDY'; set client_min_messages = 'notice'; \
         set default_transaction_isolation = '{isolation}'; set application_name = {}; set session authorization \"{user}\"",
        literal(parameters.get("application_name").map_or("", String::as_str))
    )
}

async fn cancel_session(shared: &Shared, pid: i32, key: &SecretKey) -> io::Result<()> {
    if let Some(cancel) = shared.sessions.lock().unwrap().get(&pid) {
        cancel.notify_waiters();
    }
    let mut socket = TcpStream::connect(("127.0.0.1", shared.options.postgres_port)).await?;
    let mut message = Vec::from(16_i32.to_be_bytes());
    message.extend(80_877_102_i32.to_be_bytes());
    message.extend(pid.to_be_bytes());
    message.extend(&key.to_bytes()[..]);
    socket.write_all(&message).await
}

impl Session {
    async fn run(&mut self) -> io::Result<()> {
        let mut waits_for_sync = false;
        while let Some(request) = self.client.next().await? {
            match request {
                Request::Query(query) => {
                    if !self.query(&query.query).await? {
                        return Ok(());
                    }
                }
                Request::Terminate(_) => return Ok(()),
                Request::Sync(_) => {
                    waits_for_sync = false;
                    self.client.ready(self.upstream.status).await?;
                }
                _ if waits_for_sync => {}
                _ => {
                    waits_for_sync = true;
                    let message = "the stand-in speaks the simple query protocol alone".to_owned();
                    self.client.error("ERROR", &Failure { code: "0A000", message, detail: None }).await?;
                    self.client.flush().await?;
                }
            }
        }
        Ok(())
    }

    /// Answers a query of one statement or several. `false` when the connection is to end.
    async fn query(&mut self, query: &str) -> io::Result<bool> {
        let statements = match statements(query) {
            Ok(statements) => statements,
            Err(fault) => {
                self.record(query);
                self.fail(&Failure { code: "42601", message: fault, detail: None }).await?;
                self.client.ready(self.upstream.status).await?;
                return Ok(true);
            }
        };
        if statements.is_empty() {
            self.client.feed(Answer::EmptyQueryResponse(EmptyQueryResponse::new())).await?;
        }
        // Several statements are one transaction, unless they say otherwise.
        let several = statements.len() > 1;
        let mut implicit = false;
        for (text, tokens) in statements {
            self.record(text);
            let begins = tokens[0].says_one_of(&["begin", "start"]);
            if several && self.upstream.status == TransactionStatus::Idle && !begins {
                self.internal("begin").await?;
                implicit = true;
            } else if begins || tokens[0].says_one_of(&["commit", "end", "rollback", "abort"]) {
                implicit = false;
            }
            let course = match self.statement(text, &tokens).await {
                Ok(course) => course,
                Err(upstream::Fault::Said(error)) => {
                    self.relay_error(error).await?;
                    Course::Answered { well: false }
                }
                Err(upstream::Fault::Broken(error)) => return Err(error),
            };
            match course {
                Course::Answered { well: true } => {}
                Course::Answered { well: false } => break,
                Course::Failed(failure) => {
                    self.fail(&failure).await?;
                    break;
                }
                Course::Gone => return Ok(false),
            }
        }
        if implicit && self.upstream.status != TransactionStatus::Idle {
            let end = if self.upstream.status == TransactionStatus::Error { "rollback" } else { "commit" };
            if let Err(upstream::Fault::Said(error)) = self.upstream.rows(end).await {
                self.relay_error(error).await?;
            }
        }
        self.client.ready(self.upstream.status).await?;
        Ok(true)
    }

    /// What the cluster is like.
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    fn record(&self, text: &str) {
        self.shared.statements.lock().unwrap().push(Statement { connection: self.number, text: text.to_owned() });
    }

    async fn internal(&mut self, sql: &str) -> io::Result<()> {
        match self.upstream.rows(sql).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(io::Error::other(format!("{sql}: {fault:?}"))),
        }
    }

    /// Sends an error of the stand-in's own; a transaction is lost with it.
    async fn fail(&mut self, failure: &Failure) -> io::Result<()> {
        if self.upstream.status == TransactionStatus::Transaction {
            let _ = self.upstream.rows("do 'begin raise exception ''aborted''; end'").await;
        }
        self.client.error("ERROR", failure).await
    }

    /// Runs one statement.
    async fn statement(&mut self, text: &str, tokens: &[Token<'_>]) -> Result<Course, upstream::Fault> {
        let first = &tokens[0];
        let ends = first.says_one_of(&["commit", "end", "rollback", "abort"]);
        if self.upstream.status == TransactionStatus::Error && !ends {
            return Ok(Course::refused(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        let faults = self.shared.faults.of(text);
        for fault in &faults {
            match fault {
                Fault::Delay(pause) => tokio::select! {
                    () = tokio::time::sleep(*pause) => {}
                    () = self.cancel.notified() => return Ok(Course::refused("57014", "Query (0) cancelled on user's request")),
                },
                Fault::Drop => return Ok(Course::Gone),
                Fault::Error1023 => return Ok(Course::Failed(violation(self.upstream.key.pid))),
                Fault::Error(code, message) => return Ok(Course::refused(code, message.clone())),
                Fault::Timeout => return Ok(Course::refused("57014", "Query (0) cancelled on user's request")),
                _ => {}
            }
        }
        let drop_after = faults.iter().any(|fault| matches!(fault, Fault::DropAfter));
        if let Some(refusal) = refusal(tokens) {
            return Ok(Course::Failed(refusal.into()));
        }
        if self.shared.options.mode == Mode::Serverless {
            let hidden = ["stl_", "stv_", "svl_", "svcs_"];
            if let Some(token) =
                tokens.iter().find(|token| token.is_name() && hidden.iter().any(|prefix| token.name().starts_with(prefix)))
            {
                return Ok(Course::refused("42501", format!("permission denied for relation {}", token.name())));
            }
        }
        let course = self.dispatch(text, tokens, &faults).await?;
        Ok(if drop_after { Course::Gone } else { course })
    }

    async fn dispatch(&mut self, text: &str, tokens: &[Token<'_>], faults: &[Fault]) -> Result<Course, upstream::Fault> {
        let first = &tokens[0];
        if first.says("copy") {
            return self.copy(tokens, faults).await;
        }
        if first.says_one_of(&["begin", "start"]) {
            // The level is read and passed over.
            let read_only = tokens.windows(2).any(|pair| pair[0].says("read") && pair[1].says("only"));
            return self.relay(if read_only { "begin read only" } else { "begin" }).await;
        }
        if first.says("truncate") {
            return self.truncate(tokens).await;
        }
        if first.says("create") && tokens.iter().take(4).any(|token| token.says("table")) {
            return self.create_table(tokens).await;
        }
        if says_all(tokens, 0, &["alter", "table"]) {
            return self.alter_table(tokens).await;
        }
        if rights::is_meant(tokens) {
            return self.change_rights(tokens).await;
        }
        if first.says("alter") && tokens.iter().any(|token| token.says("isolation")) {
            return Ok(Course::refused("0A000", "the stand-in's isolation level is chosen when it starts"));
        }
        if first.says_one_of(&["unload", "call", "prepare", "execute", "declare", "fetch", "close"]) {
            return Ok(Course::refused("0A000", format!("the stand-in has no {}", first.text.to_uppercase())));
        }
        if first.says("vacuum") {
            if self.upstream.status != TransactionStatus::Idle {
                return Ok(Course::refused("25001", "VACUUM cannot run inside a transaction block"));
            }
            self.client.complete("VACUUM").await?;
            return Ok(Course::Answered { well: true });
        }
        if first.says("analyze") {
            // Of a table, perhaps with columns and options that PostgreSQL has not.
            let sql = if tokens.len() > 1 {
                format!("analyze {}", rewrite(&tokens[1..after_name(tokens, 1).min(tokens.len())]))
            } else {
                text.to_owned()
            };
            return self.relay(&sql).await;
        }
        if first.says("show") && tokens.len() == 2 && tokens[1].says_one_of(&["server_version", "server_version_num"]) {
            let found = if tokens[1].says("server_version") {
                "select '8.0.2'::varchar as server_version"
            } else {
                "show no_such_parameter"
            };
            return self.relay(found).await;
        }
        if first.says("set") && tokens.get(1).is_some_and(|token| token.says("extra_float_digits")) {
            let digits: String =
                tokens[2..].iter().filter(|token| !token.says_one_of(&["to", "="])).map(|token| token.text).collect();
            if digits.parse::<i32>().is_ok_and(|digits| digits > 2) {
                let message = format!("{digits} is outside the valid range for parameter \"extra_float_digits\" (-15 .. 2)");
                return Ok(Course::refused("22023", message));
            }
        }
        if first.says("set")
            && tokens.iter().any(|token| {
                token.says_one_of(&[
                    "standard_conforming_strings",
                    "query_group",
                    "enable_result_cache_for_session",
                    "wlm_query_slot_count",
                    "enable_case_sensitive_identifier",
                    "describe_field_name_in_uppercase",
                ])
            })
        {
            if tokens.iter().any(|token| token.says("standard_conforming_strings")) {
                return Ok(Course::refused("42704", "unrecognized configuration parameter \"standard_conforming_strings\""));
            }
            self.client.complete("SET").await?;
            return Ok(Course::Answered { well: true });
        }
        if first.says("merge") && tokens.windows(2).any(|pair| pair[0].says("remove") && pair[1].says("duplicates")) {
            return Ok(Course::refused("0A000", "the stand-in has no MERGE … REMOVE DUPLICATES"));
        }
        if tokens.iter().any(|token| token.says_one_of(&["pg_last_copy_count", "pg_last_copy_id", "pg_last_query_id"])) {
            let (count, id) = self.last_copy;
            let set = format!("set redshift_standin.last_copy_count = {count}; set redshift_standin.last_copy_id = {id}");
            self.upstream.rows(&set).await?;
        }
        let of_loads = |token: &Token<'_>| {
            token.is_name() && ["sys_load_error_detail", "sys_load_detail", "sys_load_history"].contains(&&*token.name())
        };
        if self.upstream.status == TransactionStatus::Transaction && first.says("select") && tokens.iter().any(of_loads) {
            return self.relay_beside(&rewrite(tokens)).await;
        }
        self.relay(&rewrite(tokens)).await
    }

    /// Answers from the system views of loads, which show what happened whatever the transaction's snapshot is.
    async fn relay_beside(&mut self, sql: &str) -> Result<Course, upstream::Fault> {
        let options = &self.shared.options;
        let mut side = Upstream::connect(options.postgres_port, &options.postgres_user, &options.postgres_database).await?;
        side.rows("set standard_conforming_strings = off; set escape_string_warning = off").await?;
        std::mem::swap(&mut self.upstream, &mut side);
        let course = self.relay(sql).await;
        std::mem::swap(&mut self.upstream, &mut side);
        course
    }

    /// Sends a statement on and the answers back, in Redshift's words where they differ.
    pub async fn relay(&mut self, sql: &str) -> Result<Course, upstream::Fault> {
        self.upstream.send(sql).await?;
        let mut well = true;
        loop {
            match self.upstream.next().await? {
                Answer::ReadyForQuery(_) => return Ok(Course::Answered { well }),
                Answer::ErrorResponse(error) => {
                    well = false;
                    self.relay_error(error).await?;
                }
                Answer::CommandComplete(complete) => {
                    self.client.feed(Answer::CommandComplete(CommandComplete::new(tag(&complete.tag)))).await?;
                }
                Answer::NoticeResponse(mut notice) => {
                    notice.fields.retain(|(kind, _)| b"SCMDHFLR".contains(kind));
                    self.client.feed(Answer::NoticeResponse(notice)).await?;
                }
                Answer::ParameterStatus(_) | Answer::NotificationResponse(_) => {}
                answer => self.client.feed(answer).await?,
            }
        }
    }

    pub async fn relay_error(&mut self, error: ErrorResponse) -> io::Result<()> {
        let field = |kind: u8| error.fields.iter().find(|(found, _)| *found == kind).map(|(_, text)| text.clone());
        let code = field(b'C').unwrap_or_default();
        let failure = match (code.as_str(), field(b'n')) {
            ("40001", _) => violation(self.upstream.key.pid),
            ("23514", Some(condition)) if condition.starts_with("redshift_width_") => {
                let size = condition.rsplit('_').next().unwrap_or_default().to_owned();
                Failure { code: "22001", message: format!("value too long for type character varying({size})"), detail: None }
            }
            ("21000", _) if field(b'M').is_some_and(|message| message.starts_with("MERGE")) => {
                Failure { code: "XX000", message: "Found multiple matches to update the same tuple.".to_owned(), detail: None }
            }
            ("57014", _) => Failure { code: "57014", message: "Query cancelled on user's request".to_owned(), detail: None },
            _ => {
                let mut fields = error.fields;
                fields.retain(|(kind, _)| b"SCMDHFLR".contains(kind));
                return self.client.feed(Answer::ErrorResponse(ErrorResponse::new(fields))).await;
            }
        };
        self.client.error("ERROR", &failure).await
    }

    async fn copy(&mut self, tokens: &[Token<'_>], faults: &[Fault]) -> Result<Course, upstream::Fault> {
        let statement = match copy_statement::parse(tokens) {
            Ok(statement) => statement,
            Err(refusal) => return Ok(Course::Failed(refusal.into())),
        };
        let query = self.shared.queries.fetch_add(1, Ordering::SeqCst);
        let in_transaction = self.upstream.status == TransactionStatus::Transaction;
        let situation =
            Situation { shared: &self.shared, user: &self.user, database: &self.database, query, cancel: &self.cancel, faults };
        let ended = copy::run(&statement, &mut self.upstream, &situation).await;
        let table = statement.table.join(".");
        match ended {
            Ok(done) => {
                self.last_copy = (done.rows, query as i64);
                if done.skipped > 0 {
                    let view =
                        if self.shared.options.mode == Mode::Serverless { "sys_load_error_detail" } else { "stl_load_errors" };
                    let message = format!(
                        "Load into table '{table}' completed, {} record(s) could not be loaded.  Check '{view}' system table for details.",
                        done.skipped
                    );
                    self.client.notice("INFO", &message).await?;
                }
                let message = if statement.no_load {
                    format!("Load into table '{table}' completed, {} record(s) validated successfully.", done.rows)
                } else {
                    format!("Load into table '{table}' completed, {} record(s) loaded successfully.", done.rows)
                };
                self.client.notice("INFO", &message).await?;
                self.client.complete("COPY").await?;
                Ok(Course::Answered { well: true })
            }
            Err(End::Refused(failure)) => {
                self.last_copy.0 = 0;
                Ok(Course::Failed(failure))
            }
            Err(End::Failed(failure)) => {
                // The number is that of the attempt, unless a transaction is rolled back with it.
                self.last_copy = (0, if in_transaction { self.last_copy.1 } else { query as i64 });
                Ok(Course::Failed(failure))
            }
            Err(End::Drop) => Ok(Course::Gone),
            Err(End::Upstream(fault)) => {
                self.last_copy.0 = 0;
                Err(fault)
            }
        }
    }

    /// TRUNCATE cannot be taken back: it commits what was done before it in the transaction, and itself.
    async fn truncate(&mut self, tokens: &[Token<'_>]) -> Result<Course, upstream::Fault> {
        let course = self.relay(&rewrite(tokens)).await?;
        if matches!(course, Course::Answered { well: true }) && self.upstream.status == TransactionStatus::Transaction {
            self.upstream.rows("commit").await?;
        }
        Ok(course)
    }
}

/// Another transaction came between.
fn violation(pid: i32) -> Failure {
    Failure {
        code: "XX000",
        message: "1023".to_owned(),
        detail: Some(format!(
            "Serializable isolation violation on table - 100210, transactions forming the cycle are: 4001, 4002 (pid:{pid})"
        )),
    }
}

/// PostgreSQL 8's tags count the rows that were changed, not those that were read.
fn tag(tag: &str) -> String {
    match tag.split(' ').next() {
        Some(word @ ("SELECT" | "MERGE" | "COPY" | "FETCH")) => word.to_owned(),
        _ => tag.to_owned(),
    }
}
