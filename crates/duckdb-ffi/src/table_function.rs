//! The callbacks by which DuckDB reads a [`Table`].
//!
//! The state of a scan belongs to its thread (the function's local state); threads share nothing but the number of the
//! next range.

use std::ffi::{CStr, CString, c_void};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use duckdb::ffi;

use crate::ranges::Ranges;
use crate::table::{Table, TableFunction};
use crate::vector::{ColumnType, Vector};

struct Registered<F> {
    function: F,
    /// The database's threads.
    threads: usize,
}

struct Bound<T> {
    table: Arc<T>,
    threads: usize,
}

/// What the threads of a scan share.
struct Scan {
    /// The columns that the query wants, in its order, by their places in the table.
    wanted: Vec<usize>,
    types: Vec<ColumnType>,
    ranges: Ranges,
}

/// What a thread of a scan has to itself.
struct ThreadState<T: Table> {
    /// What is left of the range of rows that the thread took.
    range: Range<u64>,
    // It borrows from the table below, and is dropped before it.
    part: Option<T::Part<'static>>,
    /// The rows of the part that are not handed out yet.
    rows: Range<usize>,
    table: Arc<T>,
}

/// Registers a table function with the database behind `connection`. False if DuckDB refuses it.
///
/// # Safety
/// `connection` must be an open connection.
pub(crate) unsafe fn register<F: TableFunction>(
    connection: ffi::duckdb_connection,
    name: &CStr,
    function: F,
    threads: usize,
) -> bool {
    // SAFETY: the function object is made, filled and destroyed here; DuckDB takes its own copy on registration and
    // owns the box, which it frees by the callback given with it.
    unsafe {
        let mut raw = ffi::duckdb_create_table_function();
        ffi::duckdb_table_function_set_name(raw, name.as_ptr());
        let mut argument = ffi::duckdb_create_logical_type(ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT);
        ffi::duckdb_table_function_add_parameter(raw, argument);
        ffi::duckdb_destroy_logical_type(&raw mut argument);
        let registered = Box::new(Registered { function, threads });
        ffi::duckdb_table_function_set_extra_info(raw, Box::into_raw(registered).cast(), Some(free::<Registered<F>>));
        ffi::duckdb_table_function_set_bind(raw, Some(bind::<F>));
        ffi::duckdb_table_function_set_init(raw, Some(init::<F::Table>));
        ffi::duckdb_table_function_set_local_init(raw, Some(init_thread::<F::Table>));
        ffi::duckdb_table_function_set_function(raw, Some(scan::<F::Table>));
        ffi::duckdb_table_function_supports_projection_pushdown(raw, true);
        let registered = ffi::duckdb_register_table_function(connection, raw);
        ffi::duckdb_destroy_table_function(&raw mut raw);
        registered == ffi::DuckDBSuccess
    }
}

/// # Safety
/// `data` must come from `Box::into_raw` of a `Box<T>` and be freed once.
unsafe extern "C" fn free<T>(data: *mut c_void) {
    // SAFETY: as the function's own contract says.
    drop(unsafe { Box::from_raw(data.cast::<T>()) });
}

/// Runs a callback's body and turns an error or a panic, which must not cross into C++, into a message.
fn contained(body: impl FnOnce() -> Result<(), String>) -> Result<(), CString> {
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|_| Err("a bug in sparkify's staging".into()));
    outcome.map_err(|message| CString::new(message).unwrap_or_default())
}

/// # Safety
/// Called by DuckDB with a valid `info`.
unsafe extern "C" fn bind<F: TableFunction>(info: ffi::duckdb_bind_info) {
    let outcome = contained(|| {
        // SAFETY: `info` is valid for the call, and its extra info is the box given on registration.
        let (registered, argument) = unsafe {
            let mut parameter = ffi::duckdb_bind_get_parameter(info, 0);
            let argument = ffi::duckdb_get_int64(parameter);
            ffi::duckdb_destroy_value(&raw mut parameter);
            (&*ffi::duckdb_bind_get_extra_info(info).cast::<Registered<F>>(), argument)
        };
        let table = registered.function.table(argument)?;
        for (name, column) in table.columns() {
            let name = CString::new(name).map_err(|_| "a column's name")?;
            // SAFETY: as above; DuckDB copies name and type.
            unsafe {
                let mut logical = ffi::duckdb_create_logical_type(column.id());
                ffi::duckdb_bind_add_result_column(info, name.as_ptr(), logical);
                ffi::duckdb_destroy_logical_type(&raw mut logical);
            }
        }
        let rows = table.estimated_rows();
        let bound = Box::new(Bound { table: Arc::new(table), threads: registered.threads });
        // SAFETY: DuckDB owns the box from here and frees it by the callback.
        unsafe {
            ffi::duckdb_bind_set_cardinality(info, rows, false);
            ffi::duckdb_bind_set_bind_data(info, Box::into_raw(bound).cast(), Some(free::<Bound<F::Table>>));
        }
        Ok(())
    });
    if let Err(message) = outcome {
        // SAFETY: as above; DuckDB copies the message.
        unsafe { ffi::duckdb_bind_set_error(info, message.as_ptr()) };
    }
}

/// # Safety
/// Called by DuckDB with a valid `info`, after `bind`.
unsafe extern "C" fn init<T: Table>(info: ffi::duckdb_init_info) {
    let outcome = contained(|| {
        // SAFETY: `info` is valid for the call, and its bind data is what `bind` set.
        let bound = unsafe { &*ffi::duckdb_init_get_bind_data(info).cast::<Bound<T>>() };
        // SAFETY: as above, and each index is below the count.
        let wanted: Vec<usize> = unsafe {
            let count = ffi::duckdb_init_get_column_count(info);
            (0..count).map(|i| ffi::duckdb_init_get_column_index(info, i) as usize).collect()
        };
        let columns = bound.table.columns();
        let types = wanted.iter().map(|&place| columns.get(place).map(|(_, column)| *column));
        let types = types.collect::<Option<_>>().ok_or("a column that is not there")?;
        let ranges = Ranges::new(&bound.table.chunks(), bound.threads);
        let threads = ranges.count().clamp(1, 256);
        let state = Box::new(Scan { wanted, types, ranges });
        // SAFETY: DuckDB owns the box from here and frees it by the callback.
        unsafe {
            ffi::duckdb_init_set_max_threads(info, threads);
            ffi::duckdb_init_set_init_data(info, Box::into_raw(state).cast(), Some(free::<Scan>));
        }
        Ok(())
    });
    if let Err(message) = outcome {
        // SAFETY: as above; DuckDB copies the message.
        unsafe { ffi::duckdb_init_set_error(info, message.as_ptr()) };
    }
}

/// # Safety
/// Called by DuckDB with a valid `info`, once for each thread, after `bind`.
unsafe extern "C" fn init_thread<T: Table>(info: ffi::duckdb_init_info) {
    // SAFETY: as in `init`; DuckDB owns the box from here and frees it by the callback.
    unsafe {
        let table = Arc::clone(&(*ffi::duckdb_init_get_bind_data(info).cast::<Bound<T>>()).table);
        let state = Box::new(ThreadState { range: 0..0, part: None, rows: 0..0, table });
        ffi::duckdb_init_set_init_data(info, Box::into_raw(state).cast(), Some(free::<ThreadState<T>>));
    }
}

/// # Safety
/// Called by DuckDB with a valid `info` and an `output` of the columns that `init` was told of.
unsafe extern "C" fn scan<T: Table>(info: ffi::duckdb_function_info, output: ffi::duckdb_data_chunk) {
    let outcome = contained(|| {
        // SAFETY: both states are what the callbacks before set; the second is this thread's alone.
        let (scan, state) = unsafe {
            (
                &*ffi::duckdb_function_get_init_data(info).cast::<Scan>(),
                &mut *ffi::duckdb_function_get_local_init_data(info).cast::<ThreadState<T>>(),
            )
        };
        // SAFETY: no arguments, a constant of the library.
        let capacity = unsafe { ffi::duckdb_vector_size() } as usize;
        let vectors: Vec<ffi::duckdb_vector> = (0..scan.wanted.len())
            // SAFETY: `output` is valid for the call and has as many vectors as columns.
            .map(|i| unsafe { ffi::duckdb_data_chunk_get_vector(output, i as u64) })
            .collect();
        // SAFETY: the vectors are valid for the call, of the types that `bind` gave them, and have that capacity.
        let filled = unsafe { state.fill(scan, &vectors, capacity)? };
        // SAFETY: as above; `filled` is at most the capacity.
        unsafe { ffi::duckdb_data_chunk_set_size(output, filled as u64) };
        Ok(())
    });
    if let Err(message) = outcome {
        // SAFETY: `info` is valid for the call; DuckDB copies the message.
        unsafe { ffi::duckdb_function_set_error(info, message.as_ptr()) };
    }
}

impl<T: Table> ThreadState<T> {
    /// Fills up to `capacity` rows from as many chunks as it takes; 0 means that there are no more.
    ///
    /// # Safety
    /// The vectors must be valid, of the scan's types and of that capacity.
    unsafe fn fill(&mut self, scan: &Scan, vectors: &[ffi::duckdb_vector], capacity: usize) -> Result<usize, String> {
        let mut filled = 0;
        while filled < capacity {
            if self.rows.is_empty() && !self.claim(scan) {
                break;
            }
            let Some(part) = &self.part else { break };
            let count = self.rows.len().min(capacity - filled);
            let rows = self.rows.start..self.rows.start + count;
            for (column, (&raw, &of)) in vectors.iter().zip(&scan.types).enumerate() {
                // SAFETY: as the function's own contract says; the rows are within the capacity.
                let mut vector = unsafe { Vector::new(raw, of, filled..filled + count) };
                T::write(part, column, rows.clone(), &mut vector);
                if !vector.is_full() {
                    return Err("a column lacks values".to_owned());
                }
            }
            self.rows.start += count;
            filled += count;
        }
        Ok(filled)
    }

    /// Takes the rows of the next chunk of this thread's range, or of the next range. False when there is none.
    fn claim(&mut self, scan: &Scan) -> bool {
        // It may borrow from the table no longer than the state holds it.
        self.part = None;
        let Some((chunk, rows)) = scan.ranges.take(&mut self.range) else { return false };
        self.rows = 0..rows.len();
        // SAFETY: the table stays where it is and as it is while this state, which drops the part first, shares it. `Table`
        // holds for any lifetime, so no implementation can keep what it borrows for longer.
        let table: &'static T = unsafe { &*Arc::as_ptr(&self.table) };
        self.part = Some(table.part(chunk, rows, &scan.wanted));
        true
    }
}
