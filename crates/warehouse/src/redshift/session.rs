//! One connection, used by one thread: statements go in as text, counts, rows and sorted errors come out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::failure::sorted;
use super::value;
use super::wire::{Column, Connection, Fault, Sink};
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::recorder::Script;
use crate::{Answer, Dialect, Param, Rows, SqlText, Statement, Value, literal};

/// The text of a statement as Redshift takes it.
pub(super) fn text(statement: Statement) -> &'static str {
    statement.text_in(Dialect::Redshift)
}

/// How long a cluster may take to answer after the user has interrupted: it was asked to cancel.
const AFTER_AN_INTERRUPT: Duration = Duration::from_secs(2);
/// The same for a commit, which is not cancelled: its answer decides what the load has to say.
const AFTER_AN_INTERRUPT_OF_A_COMMIT: Duration = Duration::from_secs(5);

/// Where statements go.
enum Line {
    /// To the cluster.
    Wire(Connection),
    /// Into a script, of a load that is not run.
    Script(Script),
}

/// A connection to the cluster, or what stands for it in a dry run.
pub(super) struct Session {
    line: Line,
    interrupt: Interrupt,
    /// Whether an interrupt may reach the server. Not during a commit, which would be reported as failed though it was
    /// not.
    interruptible: Arc<AtomicBool>,
    /// The connection broke: nothing more can be said on it.
    lost: bool,
    place: String,
}

impl Session {
    /// `place` is what messages call the warehouse.
    pub fn new(connection: Connection, interrupt: Interrupt, place: String) -> Self {
        let interruptible = Arc::new(AtomicBool::new(true));
        let (may_interrupt, cancel) = (Arc::clone(&interruptible), connection.canceller());
        let closer = connection.closer().map(Arc::new);
        // On threads of their own, as nothing may keep a second interrupt from ending the process.
        interrupt.on_set(move || {
            let is_commit = !may_interrupt.load(Ordering::SeqCst);
            if !is_commit {
                let cancel = cancel.clone();
                thread::spawn(move || {
                    if let Err(fault) = cancel.send() {
                        tracing::debug!("cannot send the interrupt to the server: {fault:?}");
                    }
                });
            }
            if let Ok(closer) = &closer {
                let closer = Arc::clone(closer);
                thread::spawn(move || {
                    thread::sleep(if is_commit { AFTER_AN_INTERRUPT_OF_A_COMMIT } else { AFTER_AN_INTERRUPT });
                    closer.close();
                });
            }
        });
        Self { line: Line::Wire(connection), interrupt, interruptible, lost: false, place }
    }

    /// Of a load that is not run: statements are written down.
    pub fn recording(script: Script, place: String) -> Self {
        let (interrupt, interruptible) = (Interrupt::default(), Arc::default());
        Self { line: Line::Script(script), interrupt, interruptible, lost: false, place }
    }

    /// What statements are written into, if they are not sent.
    pub fn script(&self) -> Option<&Script> {
        match &self.line {
            Line::Wire(_) => None,
            Line::Script(script) => Some(script),
        }
    }

    fn wire(&self) -> Option<&Connection> {
        match &self.line {
            Line::Wire(connection) => Some(connection),
            Line::Script(_) => None,
        }
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// The session's number in the server's system tables.
    pub fn process(&self) -> i32 {
        self.wire().map_or(0, Connection::process)
    }

    pub fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Whether the server remarked this on the last statement.
    pub fn remarked(&self, part: &str) -> bool {
        self.wire().is_some_and(|connection| connection.remarked(part))
    }

    /// Whether nobody between can read along.
    pub fn is_encrypted(&self) -> bool {
        self.wire().is_some_and(Connection::is_encrypted)
    }

    /// Whether the connection broke.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Lets interrupts through to the server or keeps them from it.
    pub fn set_interruptible(&self, allowed: bool) {
        self.interruptible.store(allowed, Ordering::SeqCst);
    }

    /// Runs a text and passes on what it gives. `name` is what messages call it.
    pub fn send(&mut self, name: &str, sql: &str, sink: &mut dyn Sink) -> Result<u64> {
        let start = Instant::now();
        if self.lost {
            return Err(Error::new(Kind::WarehouseUnreachable, format!("{name}: the connection to {} was lost", self.place)));
        }
        let sql = as_redshift_takes_it(sql);
        let connection = match &mut self.line {
            Line::Wire(connection) => connection,
            Line::Script(script) => return script.write(name, &sql),
        };
        match connection.run(&sql, sink) {
            Ok(done) => {
                let ms = start.elapsed().as_millis() as u64;
                tracing::debug!(statement = name, rows = done.as_ref().ok(), ms, "send");
                done
            }
            Err(fault) => {
                self.lost |= matches!(fault, Fault::Lost(_));
                Err(self.failed(name, fault))
            }
        }
    }

    /// Names the statement that failed, and sorts the failure.
    pub fn failed(&self, name: &str, fault: Fault) -> Error {
        if self.interrupt.is_set() && self.interruptible.load(Ordering::SeqCst) {
            return Error::interrupted();
        }
        sorted(name, &self.place, fault)
    }

    /// Runs a text that gives no rows, and returns how many it changed.
    pub fn batch(&mut self, name: &str, sql: &str) -> Result<u64> {
        self.send(name, sql, &mut Nothing)
    }

    /// Runs a statement with the values of its parameters.
    pub fn execute(&mut self, statement: Statement, parameters: &[Param<'_>]) -> Result<u64> {
        self.batch(statement.name(), &literal::with_values(statement.query(Dialect::Redshift), parameters)?)
    }

    /// All rows of a statement.
    pub fn answer(&mut self, statement: Statement, parameters: &[Param<'_>]) -> Result<Vec<Vec<Value>>> {
        let mut answer = Answer::default();
        self.query(statement.query(Dialect::Redshift), parameters, &mut answer)?;
        Ok(answer.rows)
    }

    /// The first row of a statement; an empty one where nothing was sent.
    pub fn row(&mut self, statement: Statement, parameters: &[Param<'_>]) -> Result<Vec<Value>> {
        let first = self.answer(statement, parameters)?.into_iter().next();
        let first = first.or_else(|| self.script().map(|_| Vec::new()));
        first.ok_or_else(|| Error::new(Kind::Query, format!("{} gave no row", statement.name())))
    }

    /// Runs a query and passes its rows on.
    pub fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], rows: &mut dyn Rows) -> Result<()> {
        let filled = literal::with_values(query, parameters)?;
        if let Line::Script(script) = &self.line {
            return script.ask(query.name, &as_redshift_takes_it(&filled), rows);
        }
        self.send(query.name, &filled, &mut Typed { rows, columns: Vec::new() }).map(drop)
    }
}

/// What other engines need said and Redshift does not know: it compares texts by their bytes anyway.
fn as_redshift_takes_it(sql: &str) -> std::borrow::Cow<'_, str> {
    const BYTE_ORDER: &str = " collate \"C\"";
    if sql.contains(BYTE_ORDER) { sql.replace(BYTE_ORDER, "").into() } else { sql.into() }
}

/// Takes no rows.
struct Nothing;

impl Sink for Nothing {
    fn columns(&mut self, _: Vec<Column>) -> Result<()> {
        Ok(())
    }

    fn row(&mut self, _: Vec<Option<&str>>) -> Result<()> {
        Ok(())
    }
}

/// Makes values of texts, by the columns' types.
struct Typed<'a> {
    rows: &'a mut dyn Rows,
    columns: Vec<Column>,
}

impl Sink for Typed<'_> {
    fn columns(&mut self, columns: Vec<Column>) -> Result<()> {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        self.columns = columns;
        self.rows.columns(&names)
    }

    fn row(&mut self, values: Vec<Option<&str>>) -> Result<()> {
        let values = self.columns.iter().zip(values).map(|(column, value)| value::of_text(column.type_id, value)).collect();
        self.rows.row(values)
    }
}
