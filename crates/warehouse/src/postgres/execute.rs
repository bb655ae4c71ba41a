//! Sending statements, and reading rows for people and scripts.

use std::cell::RefCell;
use std::sync::Arc;

use tokio_postgres::Column;
use tokio_postgres::types::{ToSql, Type};

use super::value::{Parameter, text_type};
use super::{Postgres, capabilities};
use crate::cell::RowSource;
use crate::engine::{Capabilities, Engine, Exposed, Proof};
use crate::error::Result;
use crate::ident::identifier;
use crate::query::{numbered, unprintable};
use crate::stage::Batch;
use crate::tables::Table;
use crate::{Param, Rows, SqlText, Statement, Value, question};

/// The tables that are there for the length of a transaction. They are called by their schema where they are dropped, as a
/// user's own table of the name must not be meant.
const TEMPORARY: &str = "pg_temp";

impl Engine for Postgres {
    fn capabilities(&self) -> Capabilities {
        capabilities(self.session.place().to_owned())
    }

    fn begin(&mut self) -> Result<()> {
        self.begin_locked()
    }

    fn commit(&mut self, proof: &Proof) -> Result<Vec<String>> {
        self.commit_verified(proof).map(|()| Vec::new())
    }

    fn rollback(&mut self) -> Result<()> {
        self.batch = None;
        self.session.rollback()
    }

    fn execute(&mut self, statement: SqlText<'_>, parameters: &[Param<'_>]) -> Result<u64> {
        let (text, values) = numbered(statement, parameters)?;
        let values: Vec<Parameter<'_>> = values.into_iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        self.session.execute(SqlText { text: &text, ..statement }, &values)
    }

    fn query(&mut self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        if std::mem::take(&mut self.has_failed) {
            // The failure ended the transaction. Only a further query needs another.
            self.session.rollback()?;
            self.session.begin_reading()?;
        }
        let asked = self.stream(query, parameters, sink);
        self.has_failed = asked.is_err() && self.reads;
        asked
    }

    fn ask(&mut self, asked: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        question::check(asked.text)?;
        self.session.become_reader()?;
        self.query(asked, &[], sink)
    }

    fn drop_temporary(&mut self, table: &'static str) -> Result<()> {
        self.session.batch(&format!("drop {table}"), &format!("drop table if exists {TEMPORARY}.{}", identifier(table)))
    }

    fn append(&mut self, table: &Table, rows: &dyn RowSource) -> Result<()> {
        if rows.rows() == 0 { Ok(()) } else { self.append_rows(table, rows) }
    }

    fn expose(&mut self, batch: &Arc<Batch>, part: Exposed) -> Result<()> {
        self.show(batch, part)
    }

    fn unexpose(&mut self) -> Result<()> {
        if self.batch.take().is_none() {
            self.drop_temporary("staged_keys")?;
        }
        Ok(())
    }

    fn add_exposed(&mut self, statement: Statement) -> Result<u64> {
        self.copy_batch(statement)
    }
}

impl Postgres {
    fn stream(&self, query: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        let (text, values) = match parameters {
            [] => (query.text.into(), Vec::new()),
            _ => numbered(query, parameters)?,
        };
        let values: Vec<Parameter<'_>> = values.into_iter().map(Parameter).collect();
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| value as _).collect();
        let (session, sink) = (&self.session, RefCell::new(sink));
        session.each_row(
            SqlText { text: &text, ..query },
            &values,
            |columns| {
                let other = readable(&text, columns, parameters.is_empty())?;
                let names: Vec<String> = columns.iter().map(|column| column.name().to_owned()).collect();
                sink.borrow_mut().columns(&names).map(|()| other)
            },
            |row| {
                let values: Result<Vec<Value>> =
                    (0..row.len()).map(|at| session.get::<Option<Value>>(&row, at).map(Option::unwrap_or_default)).collect();
                sink.borrow_mut().row(values?)
            },
        )
    }
}

/// The text to run in place of a question with columns whose values have no form here: the server makes texts of them.
fn readable(text: &str, columns: &[Column], is_free: bool) -> Result<Option<String>> {
    let casts: Vec<Option<&str>> =
        columns.iter().map(|column| text_type(column.type_()).filter(|_| is_free || *column.type_() != Type::BYTEA)).collect();
    let strange = casts.iter().zip(columns).enumerate().find(|(_, (cast, _))| cast.is_some());
    let Some((place, (_, column))) = strange else { return Ok(None) };
    if !is_free || !question::is_relation(text) {
        return Err(unprintable(place, column.name(), column.type_().name()));
    }
    let name = |place: usize| format!("c{place}");
    let selected = casts.iter().enumerate().map(|(place, cast)| match cast {
        Some(kind) => format!("cast({} as {kind})", name(place)),
        None => name(place),
    });
    let (selected, names): (Vec<String>, Vec<String>) = (selected.collect(), (0..casts.len()).map(name).collect());
    // On lines of its own, as the text may end with a comment.
    let relation = format!("(\n{}\n) as asked({})", question::without_end(text), names.join(", "));
    Ok(Some(format!("select {} from {relation}", selected.join(", "))))
}
