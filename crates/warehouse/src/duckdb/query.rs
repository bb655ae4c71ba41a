//! Questions to DuckDB: their columns are looked at first, then the rows come as they are made, never all at once.

use std::time::Instant;

use duckdb::core::{LogicalTypeHandle, LogicalTypeId};
use duckdb::{Connection, Statement};
use sparkify_duckdb_file::Access;

use super::super::ident::identifier;
use super::super::query::{numbered, unprintable};
use super::super::{Param, Rows, SqlText, Value, literal, question};
use super::value::{bound, value_of};
use super::{DuckDb, query_error};
use crate::error::{Error, Kind, Result};

impl DuckDb {
    /// Runs a text that a user gave, if it is one question. DuckDB's own parser decides: it takes nothing else for `query`.
    pub(super) fn ask_only(&self, asked: SqlText<'_>, sink: &mut dyn Rows) -> Result<()> {
        let (explain, inner) = match question::explained(asked.text) {
            Some((explain, inner)) => (explain, inner),
            None => (String::new(), asked.text),
        };
        let connection = self.connection()?;
        // Before the text itself is prepared: of several statements, that would run all but the last.
        let checked = connection.prepare(&format!("from {}", as_relation(inner))).map(drop);
        if let Err(error) = checked {
            let text = error.to_string();
            if text.contains("Expected a single SELECT statement") {
                return Err(question::refused("it is not one `select`, nor anything else that only reads"));
            }
            // It is one question, and wrong: alone it says so in its own words.
            let alone = connection.prepare(inner).map(drop);
            return Err(query_error(asked.name, alone.err().unwrap_or(error)));
        }
        if explain.is_empty() {
            return self.stream(asked, &[], sink);
        }
        self.stream(SqlText { text: &format!("{explain} {inner}"), ..asked }, &[], sink)
    }

    /// Runs a query and passes its rows on. Columns whose values the driver cannot hand over, or not in full, DuckDB
    /// makes texts of, by its own rules.
    pub(super) fn stream(&self, statement: SqlText<'_>, parameters: &[Param<'_>], sink: &mut dyn Rows) -> Result<()> {
        let failed = |e| query_error(statement.name, e);
        let (text, values) = match parameters {
            [] => (statement.text.into(), Vec::new()),
            _ => numbered(statement, parameters)?,
        };
        let connection = self.connection()?;
        // A connection that only reads keeps it anyway.
        let keeps_order = self.file.access() == Access::ReadOnly || !text.contains("order by");
        let _order = if keeps_order { None } else { Some(KeptOrder::of(connection).map_err(failed)?) };
        let prepared = connection.prepare(&text).map_err(failed)?;
        if prepared.parameter_count() > values.len() {
            let message = format!("{} has parameters, and nothing gives them values", statement.name);
            return Err(Error::new(Kind::Query, message).with_hint("write the values into the text"));
        }
        // Types that depend on a parameter's are not known before it has its value. Only statements of the program's own have
        // parameters, and their columns are of types that are read as they are.
        if !values.is_empty() {
            return Self::run(statement.name, prepared, &values, None, sink);
        }
        let types: Vec<Reading> =
            (0..prepared.column_count()).map(|i| Reading::of(&prepared.column_logical_type(i), true)).collect();
        let Some(strange) = types.iter().position(|reading| !reading.is_own) else {
            return Self::run(statement.name, prepared, &values, None, sink);
        };
        drop(prepared);
        let columns = described(connection, &text).map_err(failed)?;
        let nameless = |place: usize| {
            let (name, kind) = columns.get(place).map_or(("", "unknown"), |(name, kind)| (name.as_str(), kind.as_str()));
            unprintable(place, name, kind)
        };
        if columns.len() != types.len() {
            return Err(nameless(strange));
        }
        let selected: Vec<String> = types.iter().enumerate().map(|(place, reading)| reading.expression(place)).collect();
        let Ok(wrapped) = connection.prepare(&selection(&text, types.len(), &selected.join(", "))) else {
            // One of them has no text either.
            let alone = |place: &usize| connection.prepare(&selection(&text, types.len(), &types[*place].expression(*place)));
            let place = (0..types.len()).find(|place| alone(place).is_err()).unwrap_or(strange);
            return Err(nameless(place));
        };
        let names = columns.iter().map(|(name, _)| name.clone()).collect();
        Self::run(statement.name, wrapped, &values, Some(names), sink)
    }

    /// Hands the rows of a prepared question on. `names` are the columns' names where they are not the statement's own.
    fn run(
        name: &str,
        mut prepared: Statement<'_>,
        values: &[&Value],
        names: Option<Vec<String>>,
        sink: &mut dyn Rows,
    ) -> Result<()> {
        let start = Instant::now();
        let failed = |e| query_error(name, e);
        // The driver's rows go over all of an answer, held in memory, but for a statement that was begun as a stream.
        drop(prepared.stream_arrow(duckdb::params_from_iter(values.iter().map(|value| bound(value)))).map_err(failed)?);
        let names = names.unwrap_or_else(|| prepared.column_names());
        let mut rows = prepared.raw_query();
        sink.columns(&names)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..names.len()).map(|i| row.get_ref(i).map(value_of)).collect::<Result<Vec<_>, _>>().map_err(failed)?;
            sink.row(values)?;
        }
        tracing::debug!(statement = name, ms = start.elapsed().as_millis() as u64, "query");
        Ok(())
    }
}

/// The names and types of a question's columns.
fn described(connection: &Connection, text: &str) -> duckdb::Result<Vec<(String, String)>> {
    let mut prepared = connection.prepare(&format!("describe from {}", as_relation(text)))?;
    prepared.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// As long as it is there, questions are answered in the order that they ask for.
struct KeptOrder<'a>(&'a Connection);

impl<'a> KeptOrder<'a> {
    fn of(connection: &'a Connection) -> duckdb::Result<Self> {
        connection.execute_batch("set preserve_insertion_order = true")?;
        Ok(Self(connection))
    }
}

impl Drop for KeptOrder<'_> {
    fn drop(&mut self) {
        // Kept longer, it costs loads some time and nothing else.
        let _ = self.0.execute_batch("set preserve_insertion_order = false");
    }
}

/// A question's text as something to select from.
fn as_relation(text: &str) -> String {
    format!("query({})", literal::plain(text))
}

/// A selection from a question whose columns are called by their places.
fn selection(text: &str, columns: usize, selected: &str) -> String {
    let names: Vec<String> = (0..columns).map(column).collect();
    format!("from {} as asked({}) select {selected}", as_relation(text), names.join(", "))
}

fn column(place: usize) -> String {
    format!("c{place}")
}

/// The type by which values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Reading {
    name: String,
    /// It is the values' own: nothing has to be cast.
    is_own: bool,
}

impl Reading {
    fn text() -> Self {
        Self { name: "varchar".to_owned(), is_own: false }
    }

    /// By which type a type's values are read. The driver has no value for some types, and for others one that says less
    /// than the type; inside of lists and structs it confuses decimals with whole numbers.
    fn of(kind: &LogicalTypeHandle, is_outermost: bool) -> Self {
        use LogicalTypeId as T;
        let inside = |place| Self::of(&kind.child(place), false);
        match kind.id() {
            T::Decimal | T::Enum | T::UHugeint if is_outermost => Self { name: String::new(), is_own: true },
            T::List | T::Array => {
                let element = inside(0);
                Self { name: format!("{}[]", element.name), is_own: element.is_own }
            }
            T::Map => {
                let (key, value) = (inside(0), inside(1));
                Self { name: format!("map(varchar, {})", value.name), is_own: key == Self::own("varchar") && value.is_own }
            }
            T::Struct => Self::of_fields(kind).unwrap_or_else(Self::text),
            _ => own_name(kind).map_or_else(Self::text, Self::own),
        }
    }

    fn own(name: &str) -> Self {
        Self { name: name.to_owned(), is_own: true }
    }

    /// None where a field has no name, so that the type has none either.
    fn of_fields(kind: &LogicalTypeHandle) -> Option<Self> {
        let (mut fields, mut is_own) = (Vec::new(), true);
        for place in 0..kind.num_children() {
            let name = kind.try_child_name(place).ok().filter(|name| !name.is_empty())?;
            let field = Self::of(&kind.child(place), false);
            is_own &= field.is_own;
            fields.push(format!("{} {}", identifier(&name), field.name));
        }
        Some(Self { name: format!("struct({})", fields.join(", ")), is_own })
    }

    fn expression(&self, place: usize) -> String {
        if self.is_own { column(place) } else { format!("cast({} as {})", column(place), self.name) }
    }
}

/// The name of a type whose values are read as they are.
fn own_name(kind: &LogicalTypeHandle) -> Option<&'static str> {
    use LogicalTypeId as T;
    Some(match kind.id() {
        T::Boolean => "boolean",
        T::Tinyint => "tinyint",
        T::Smallint => "smallint",
        T::Integer => "integer",
        T::Bigint => "bigint",
        T::Hugeint => "hugeint",
        T::UTinyint => "utinyint",
        T::USmallint => "usmallint",
        T::UInteger => "uinteger",
        T::UBigint => "ubigint",
        T::Float => "float",
        T::Double => "double",
        T::Varchar => "varchar",
        T::Date => "date",
        T::Time => "time",
        T::Timestamp => "timestamp",
        _ => return None,
    })
}
