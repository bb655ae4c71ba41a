//! Safe access to what DuckDB's C interface has and its Rust driver lacks.
//!
//! - [`Database`] opens a database and reports in DuckDB's words why it does not open.
//! - [`TableFunction`] and [`Table`] let SQL read columns in memory. DuckDB's threads pull rows from them, and texts are passed
//!   as pointers, not copied.
//!
//! The engine's other code has no `unsafe`. What makes the code here sound: pointers that DuckDB passes to a callback are valid
//! for the call. A [`Vector`] knows its type and length, and takes neither another type nor more values. A [`Text`] borrows from
//! its table, which DuckDB keeps as long as the query and which nobody changes meanwhile.

mod database;
mod ranges;
mod table;
mod table_function;
mod vector;

pub use database::Database;
pub use table::{Table, TableFunction};
pub use vector::{ColumnType, Text, Value, Vector};
