//! Hands a staged batch to DuckDB without a copy of its text: a table function that its threads pull rows from.
//!
//! This is the engine boundary, and with `connect.rs` the only place with `unsafe`. What is unsafe here: the callbacks'
//! pointers come from DuckDB and are valid for the call; a vector's data is written within its capacity, row by row; a
//! long string is passed as a pointer into the batch's text or the catalogue's, which outlive the query because the bind
//! data holds the batch and the batch the catalogue, and which never move because neither changes once it is made.
//!
//! The state of a scan belongs to its thread (the function's local state); threads share nothing but the number of the
//! next range.

use std::ffi::{CString, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use duckdb::ffi;

use super::super::staged_views::{ColumnType, STAGED_VIEWS, StagedColumn, StagedRows, StagedView};
use crate::decode::{EventChunk, FieldColumn};
use crate::record::{LogField, NULL_INTEGER, NULL_SMALL};
use crate::stage::{Batch, Clock, Next, SongIndex};

/// The table function's name; its argument is an index into [`STAGED_VIEWS`].
pub(super) const FUNCTION: &str = "sparkify_staged";

/// The batch on offer, shared by a warehouse and the table function in its database.
#[derive(Clone)]
pub(super) struct BatchSlot {
    staged: Arc<Mutex<Option<Arc<Batch>>>>,
    threads: usize,
}

impl BatchSlot {
    /// An empty one, for a database that works with so many threads.
    pub fn new(threads: usize) -> Self {
        Self { staged: Arc::default(), threads: threads.max(1) }
    }

    pub fn put(&self, batch: Option<Arc<Batch>>) {
        *self.staged.lock().unwrap_or_else(PoisonError::into_inner) = batch;
    }

    fn get(&self) -> Option<Arc<Batch>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct BindData {
    view: &'static StagedView,
    batch: Arc<Batch>,
    /// The database's threads.
    threads: usize,
}

struct GlobalState {
    /// The view's columns that the query wants, in its order.
    columns: Vec<StagedColumn>,
    /// The number of the view's rows before each chunk, and in all of them.
    rows_before: Vec<u64>,
    /// How many rows a thread takes at once.
    range: u64,
    /// The next range that a thread may take.
    next: AtomicU64,
}

impl GlobalState {
    fn rows(&self) -> u64 {
        self.rows_before.last().copied().unwrap_or(0)
    }
}

#[derive(Default)]
struct LocalState {
    /// What is left of the range of the view's rows that the thread took.
    range: std::ops::Range<u64>,
    chunk: Option<usize>,
    /// The range's rows in the chunk, and how many of them were handed out.
    rows: Vec<u32>,
    done: usize,
    /// For each wanted column that is a label: the strings of its codes.
    labels: Vec<Vec<StringT>>,
    /// What follows each row of the chunk, where that is wanted.
    next: Vec<Next>,
}

/// DuckDB's string: length, then up to 12 bytes in place or a prefix of 4 and a pointer.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
struct StringT([u64; 2]);

impl StringT {
    /// `text` must outlive the query that reads the string.
    #[inline]
    fn new(text: &[u8]) -> Self {
        let mut bytes = [0u8; 16];
        bytes[..4].copy_from_slice(&(text.len() as u32).to_ne_bytes());
        if text.len() <= 12 {
            bytes[4..4 + text.len()].copy_from_slice(text);
        } else {
            bytes[4..8].copy_from_slice(&text[..4]);
            bytes[8..].copy_from_slice(&(text.as_ptr() as u64).to_ne_bytes());
        }
        let half = |at: usize| u64::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
        Self([half(0), half(8)])
    }
}

impl StringT {
    /// The string of some bytes of a longer text, under the same condition. Short ones are cut out of a word of fixed
    /// length, which takes a fraction of the time of a copy of any length.
    #[inline]
    fn within(text: &[u8], (start, len): (usize, usize)) -> Self {
        match text.get(start..).and_then(<[u8]>::first_chunk::<16>) {
            Some(sixteen) if len <= 12 && cfg!(target_endian = "little") => {
                let string = (u128::from_le_bytes(*sixteen) & ((1 << (8 * len)) - 1)) << 32 | len as u128;
                Self([string as u64, (string >> 64) as u64])
            }
            _ => Self::new(text.get(start..start + len).unwrap_or_default()),
        }
    }
}

const _: () = assert!(size_of::<StringT>() == size_of::<ffi::duckdb_string_t>());
// A pointer is put into eight bytes, length first: what DuckDB does on every 64-bit machine.
const _: () = assert!(size_of::<usize>() == 8);

/// Registers the table function with the database behind `connection`.
///
/// # Safety
/// `connection` must be an open connection.
pub(super) unsafe fn register(connection: ffi::duckdb_connection, slot: &BatchSlot) -> bool {
    // SAFETY: the function object is made, filled and destroyed here; DuckDB takes its own copy on registration and
    // owns the boxed slot, which it frees by the callback given with it.
    unsafe {
        let mut function = ffi::duckdb_create_table_function();
        let name = c"sparkify_staged";
        debug_assert_eq!(name.to_str(), Ok(FUNCTION));
        ffi::duckdb_table_function_set_name(function, name.as_ptr());
        let mut argument = ffi::duckdb_create_logical_type(ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT);
        ffi::duckdb_table_function_add_parameter(function, argument);
        ffi::duckdb_destroy_logical_type(&raw mut argument);
        ffi::duckdb_table_function_set_extra_info(
            function,
            Box::into_raw(Box::new(slot.clone())).cast(),
            Some(free::<BatchSlot>),
        );
        ffi::duckdb_table_function_set_bind(function, Some(bind));
        ffi::duckdb_table_function_set_init(function, Some(init));
        ffi::duckdb_table_function_set_local_init(function, Some(init_local));
        ffi::duckdb_table_function_set_function(function, Some(scan));
        ffi::duckdb_table_function_supports_projection_pushdown(function, true);
        let registered = ffi::duckdb_register_table_function(connection, function);
        ffi::duckdb_destroy_table_function(&raw mut function);
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
unsafe extern "C" fn bind(info: ffi::duckdb_bind_info) {
    let outcome = contained(|| {
        // SAFETY: `info` is valid for the call, and its extra info is the slot given on registration.
        let (slot, index) = unsafe {
            let mut parameter = ffi::duckdb_bind_get_parameter(info, 0);
            let index = ffi::duckdb_get_int64(parameter);
            ffi::duckdb_destroy_value(&raw mut parameter);
            (&*ffi::duckdb_bind_get_extra_info(info).cast::<BatchSlot>(), index)
        };
        let view = usize::try_from(index).ok().and_then(|i| STAGED_VIEWS.get(i)).ok_or("no such staged view")?;
        let batch = slot.get().ok_or("nothing is staged")?;
        for (name, source) in view.columns {
            let name = CString::new(*name).map_err(|_| "a column's name")?;
            // SAFETY: as above; DuckDB copies name and type.
            unsafe {
                let mut logical = ffi::duckdb_create_logical_type(type_id(source.column_type()));
                ffi::duckdb_bind_add_result_column(info, name.as_ptr(), logical);
                ffi::duckdb_destroy_logical_type(&raw mut logical);
            }
        }
        // An estimate, as to know the times and the sessions costs more than it helps.
        let rows = batch.rows();
        let data = Box::new(BindData { view, batch, threads: slot.threads });
        // SAFETY: DuckDB owns the box from here and frees it by the callback.
        unsafe {
            ffi::duckdb_bind_set_cardinality(info, rows, false);
            ffi::duckdb_bind_set_bind_data(info, Box::into_raw(data).cast(), Some(free::<BindData>));
        }
        Ok(())
    });
    if let Err(message) = outcome {
        // SAFETY: as above; DuckDB copies the message.
        unsafe { ffi::duckdb_bind_set_error(info, message.as_ptr()) };
    }
}

fn type_id(column_type: ColumnType) -> ffi::duckdb_type {
    match column_type {
        ColumnType::BigInt => ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT,
        ColumnType::Integer => ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTEGER,
        ColumnType::SmallInt => ffi::DUCKDB_TYPE_DUCKDB_TYPE_SMALLINT,
        ColumnType::Double => ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE,
        ColumnType::Timestamp => ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP,
        ColumnType::Varchar => ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR,
    }
}

/// # Safety
/// Called by DuckDB with a valid `info`, after `bind`.
unsafe extern "C" fn init(info: ffi::duckdb_init_info) {
    let outcome = contained(|| {
        // SAFETY: `info` is valid for the call, and its bind data is what `bind` set.
        let bound = unsafe { &*ffi::duckdb_init_get_bind_data(info).cast::<BindData>() };
        // SAFETY: as above.
        let count = unsafe { ffi::duckdb_init_get_column_count(info) };
        let columns: Vec<StagedColumn> = (0..count)
            .map(|i| {
                // SAFETY: as above, and `i` is below the count.
                let index = unsafe { ffi::duckdb_init_get_column_index(info, i) };
                // A query that wants no column (count(*)) asks for a row id, which any column can stand for.
                bound.view.columns.get(index as usize).map_or(bound.view.columns[0].1, |c| c.1)
            })
            .collect();
        let rows_before = rows_before_chunks(bound);
        let rows = rows_before.last().copied().unwrap_or(0);
        let range = range(rows, bound.threads as u64);
        let state = Box::new(GlobalState { columns, rows_before, range, next: AtomicU64::new(0) });
        // SAFETY: DuckDB owns the box from here and frees it by the callback.
        unsafe {
            ffi::duckdb_init_set_max_threads(info, rows.div_ceil(range).clamp(1, 256));
            ffi::duckdb_init_set_init_data(info, Box::into_raw(state).cast(), Some(free::<GlobalState>));
        }
        Ok(())
    });
    if let Err(message) = outcome {
        // SAFETY: as above; DuckDB copies the message.
        unsafe { ffi::duckdb_init_set_error(info, message.as_ptr()) };
    }
}

/// # Safety
/// Called by DuckDB with a valid `info`, once for each thread.
unsafe extern "C" fn init_local(info: ffi::duckdb_init_info) {
    // SAFETY: DuckDB owns the box from here and frees it by the callback.
    unsafe { ffi::duckdb_init_set_init_data(info, Box::into_raw(Box::<LocalState>::default()).cast(), Some(free::<LocalState>)) };
}

/// # Safety
/// Called by DuckDB with a valid `info` and an `output` of the columns that `init` was told of.
unsafe extern "C" fn scan(info: ffi::duckdb_function_info, output: ffi::duckdb_data_chunk) {
    let outcome = contained(|| {
        // SAFETY: the three states are what the callbacks before set; the local one is this thread's alone.
        let (bound, global, local) = unsafe {
            (
                &*ffi::duckdb_function_get_bind_data(info).cast::<BindData>(),
                &*ffi::duckdb_function_get_init_data(info).cast::<GlobalState>(),
                &mut *ffi::duckdb_function_get_local_init_data(info).cast::<LocalState>(),
            )
        };
        // SAFETY: no arguments, a constant of the library.
        let capacity = unsafe { ffi::duckdb_vector_size() } as usize;
        let vectors: Vec<Output> = (0..global.columns.len())
            // SAFETY: `output` is valid for the call and has as many vectors as columns.
            .map(|i| unsafe { Output::new(ffi::duckdb_data_chunk_get_vector(output, i as u64)) })
            .collect();
        let filled = fill(bound, global, local, &vectors, capacity);
        // SAFETY: as above; `filled` is at most the capacity.
        unsafe { ffi::duckdb_data_chunk_set_size(output, filled as u64) };
        Ok(())
    });
    if let Err(message) = outcome {
        // SAFETY: `info` is valid for the call; DuckDB copies the message.
        unsafe { ffi::duckdb_function_set_error(info, message.as_ptr()) };
    }
}

/// Fills up to `capacity` rows from as many chunks as it takes; 0 means that there are no more.
fn fill(bound: &BindData, global: &GlobalState, local: &mut LocalState, vectors: &[Output], capacity: usize) -> usize {
    let mut filled = 0;
    while filled < capacity {
        if local.done == local.rows.len() && !claim(bound, global, local) {
            break;
        }
        let count = (local.rows.len() - local.done).min(capacity - filled);
        let rows = &local.rows[local.done..local.done + count];
        for (index, (source, vector)) in global.columns.iter().zip(vectors).enumerate() {
            match bound.view.rows {
                StagedRows::Times => write_times(bound.batch.play_times(), *source, rows, vector, filled),
                StagedRows::Sessions => write_sessions(bound.batch.sessions(), *source, rows, vector, filled),
                StagedRows::All | StagedRows::Plays | StagedRows::Views => {
                    let strings = &local.labels[index];
                    let part = Part { batch: &bound.batch, chunk: local.chunk.unwrap_or(0), strings, next: &local.next };
                    write(&part, *source, rows, vector, filled);
                }
            }
        }
        local.done += count;
        filled += count;
    }
    filled
}

/// Rows of one of DuckDB's row groups.
const ROW_GROUP: u64 = 122_880;
/// Rows of one of its vectors.
const VECTOR: u64 = 2_048;

/// How many rows a thread takes at once.
///
/// All ranges have the same size, and there are as many for each thread, so that none is left to finish alone. But
/// they are nearly as long as a row group: a thread writes row groups of its own, and where several of them stay short
/// DuckDB puts them together when it closes the file, by writing them again.
fn range(rows: u64, threads: u64) -> u64 {
    let ranges = rows.div_ceil(ROW_GROUP).next_multiple_of(threads).max(1);
    let even = rows.div_ceil(ranges).next_multiple_of(VECTOR);
    if even > ROW_GROUP / 5 * 4 { even } else { ROW_GROUP }
}

/// The number of rows of a view before each of the batch's chunks, and in all of them.
fn rows_before_chunks(bound: &BindData) -> Vec<u64> {
    let batch = &bound.batch;
    let count = |chunk: usize| match bound.view.rows {
        StagedRows::All => batch.chunks()[chunk].len() as u64,
        StagedRows::Plays => batch.accepted(chunk, true).count() as u64,
        StagedRows::Views => batch.accepted(chunk, false).count() as u64,
        StagedRows::Times | StagedRows::Sessions => 0,
    };
    let all = |rows: usize| vec![0, rows as u64];
    match bound.view.rows {
        StagedRows::Times => return all(batch.play_times().len()),
        StagedRows::Sessions => return all(batch.sessions().len()),
        StagedRows::All | StagedRows::Plays | StagedRows::Views => {}
    }
    let mut before = vec![0];
    before.extend((0..batch.chunks().len()).map(count).scan(0, |sum, rows| {
        *sum += rows;
        Some(*sum)
    }));
    before
}

/// Takes the rows of the next chunk of this thread's range, or of the next range. False when there is none.
fn claim(bound: &BindData, global: &GlobalState, local: &mut LocalState) -> bool {
    local.rows.clear();
    local.done = 0;
    if local.range.is_empty() {
        let start = global.next.fetch_add(1, Ordering::Relaxed) * global.range;
        local.range = start..(start + global.range).min(global.rows());
        if local.range.is_empty() {
            local.range = 0..0;
            return false;
        }
    }
    // Chunks without rows share their number with the next one; the last such chunk holds the row.
    let chunk = global.rows_before.partition_point(|&before| before <= local.range.start) - 1;
    let first = global.rows_before[chunk];
    let end = global.rows_before[chunk + 1].min(local.range.end);
    let (skip, take) = ((local.range.start - first) as usize, (end - local.range.start) as usize);
    local.range.start = end;
    let batch = &bound.batch;
    match bound.view.rows {
        StagedRows::All | StagedRows::Times | StagedRows::Sessions => local.rows.extend(skip as u32..(skip + take) as u32),
        // The facts are stored as they are handed out, and where a session's events lie side by side, equal values
        // compress.
        StagedRows::Plays | StagedRows::Views => {
            let plays = bound.view.rows == StagedRows::Plays;
            local.rows.extend(batch.accepted_by_session(chunk, plays).skip(skip).take(take));
        }
    }
    let is_of_chunks = !matches!(bound.view.rows, StagedRows::Times | StagedRows::Sessions);
    if is_of_chunks && local.chunk != Some(chunk) {
        let labels = |source: &StagedColumn| label_strings(&batch.chunks()[chunk], *source);
        local.labels = global.columns.iter().map(labels).collect();
        local.next = if global.columns.iter().any(|source| source.is_what_follows()) { batch.next(chunk) } else { Vec::new() };
    }
    local.chunk = Some(chunk);
    true
}

/// The strings of a label's codes; nothing for other columns.
fn label_strings(chunk: &EventChunk, source: StagedColumn) -> Vec<StringT> {
    let StagedColumn::Field(field) = source else { return Vec::new() };
    let FieldColumn::Label(_, dictionary) = chunk.column(field) else { return Vec::new() };
    dictionary.values.iter().map(|span| StringT::new(span.of(&chunk.text))).collect()
}

/// A chunk of a batch, as one column of it is written.
struct Part<'a> {
    batch: &'a Batch,
    chunk: usize,
    /// Those that a label's codes stand for.
    strings: &'a [StringT],
    next: &'a [Next],
}

/// Writes one column of some rows of a chunk, from row `at` of the vector on.
fn write(part: &Part<'_>, source: StagedColumn, rows: &[u32], out: &Output, at: usize) {
    let Part { batch, chunk: index, next, .. } = *part;
    let chunk = &batch.chunks()[index];
    match source {
        StagedColumn::RowNo => {
            let first = batch.first_row(index);
            out.numbers(at, rows, |row| (first + row as u64) as i64);
        }
        StagedColumn::EventId => {
            let id = batch.event_ids(index);
            out.numbers(at, rows, id);
        }
        StagedColumn::Field(field) => write_field(part, field, rows, out, at),
        StagedColumn::TextRepair => out.numbers(at, rows, |row| i16::from(chunk.text_repair[row])),
        StagedColumn::SongId | StagedColumn::ArtistId => {
            let id = if source == StagedColumn::SongId { SongIndex::song_id } else { SongIndex::artist_id };
            let (songs, catalogue) = (batch.songs(index), batch.catalogue());
            // What is not in the catalogue has a number that is not either.
            out.nullable(at, rows, |row| catalogue.and_then(|catalogue| id(catalogue, songs[row])).map(StringT::new));
        }
        StagedColumn::MatchMethod => {
            out.nullable(at, rows, |row| batch.match_method(index, row).map(|method| StringT::new(method.as_bytes())));
        }
        StagedColumn::NextEventTime => out.nullable(at, rows, |row| instant(next[row].event_ms)),
        StagedColumn::NextPlayTime => out.nullable(at, rows, |row| instant(next[row].play_ms)),
        StagedColumn::TrackNo => out.nullable(at, rows, |row| batch.track(index, row)),
        StagedColumn::NextTrackNo => out.nullable(at, rows, |row| next[row].track),
        // Only the distinct times have parts, and those are written by `write_times`.
        StagedColumn::Part(_) => {}
        StagedColumn::PayloadHash => out.numbers(at, rows, |row| chunk.payload_hash[row] as i64),
    }
}

/// Writes one field of some rows of a chunk.
fn write_field(part: &Part<'_>, field: LogField, rows: &[u32], out: &Output, at: usize) {
    let chunk = &part.batch.chunks()[part.chunk];
    let is_required = field.spec().required;
    match (chunk.column(field), StagedColumn::Field(field).column_type()) {
        (FieldColumn::Integer(times), ColumnType::Timestamp) if is_required => out.numbers(at, rows, |row| micros(times[row])),
        (FieldColumn::Integer(times), ColumnType::Timestamp) => out.nullable(at, rows, |row| instant(times[row])),
        (FieldColumn::Integer(values), ColumnType::Integer) => {
            out.nullable(at, rows, |row| Some(values[row]).filter(|&v| v != NULL_INTEGER).map(|v| v as i32));
        }
        (FieldColumn::Integer(values), _) if is_required => out.numbers(at, rows, |row| values[row]),
        (FieldColumn::Integer(values), _) => out.nullable(at, rows, |row| Some(values[row]).filter(|&v| v != NULL_INTEGER)),
        // The least number of 32 bits is null only where a line may lack the field.
        (FieldColumn::Small(values), ColumnType::SmallInt) => {
            out.nullable(at, rows, |row| Some(values[row]).filter(|&v| v != NULL_SMALL).map(|v| v as i16));
        }
        (FieldColumn::Small(values), _) if is_required => out.numbers(at, rows, |row| values[row]),
        (FieldColumn::Small(values), _) => out.nullable(at, rows, |row| Some(values[row]).filter(|&v| v != NULL_SMALL)),
        (FieldColumn::Float(values), _) => out.nullable(at, rows, |row| Some(values[row]).filter(|v| !v.is_nan())),
        (FieldColumn::Name(spans), _) => {
            out.nullable(at, rows, |row| (!spans[row].is_null()).then(|| StringT::within(&chunk.text, spans[row].place())));
        }
        (FieldColumn::Label(codes, _), _) => {
            out.nullable(at, rows, |row| (codes[row] != 0).then(|| part.strings[codes[row] as usize]));
        }
    }
}

/// Writes one column of some of the distinct play times.
fn write_times(times: &[i64], source: StagedColumn, rows: &[u32], out: &Output, at: usize) {
    match source {
        StagedColumn::Part(part) => {
            let mut clock = Clock::default();
            let row_part = |row: usize| clock.part(times[row], part);
            out.numbers(at, rows, row_part);
        }
        _ => out.numbers(at, rows, |row| micros(times[row])),
    }
}

/// Writes one column of some of the sessions.
fn write_sessions(sessions: &[(i64, i64)], source: StagedColumn, rows: &[u32], out: &Output, at: usize) {
    match source {
        StagedColumn::Field(LogField::UserId) => out.numbers(at, rows, |row| sessions[row].1),
        _ => out.numbers(at, rows, |row| sessions[row].0),
    }
}

#[inline]
fn micros(ms: i64) -> i64 {
    ms * 1000
}

#[inline]
fn instant(ms: i64) -> Option<i64> {
    (ms != NULL_INTEGER).then(|| micros(ms))
}

/// One vector of DuckDB's output.
struct Output {
    vector: ffi::duckdb_vector,
    data: *mut c_void,
}

impl Output {
    /// # Safety
    /// `vector` must be valid while this lives.
    unsafe fn new(vector: ffi::duckdb_vector) -> Self {
        // SAFETY: as the function's own contract says.
        Self { vector, data: unsafe { ffi::duckdb_vector_get_data(vector) } }
    }

    /// Writes values that are never null. `T` must be the vector's physical type, and `at` plus the number of rows
    /// within its capacity.
    #[inline]
    fn numbers<T>(&self, at: usize, rows: &[u32], mut value: impl FnMut(usize) -> T) {
        let data = self.data.cast::<T>();
        for (i, &row) in rows.iter().enumerate() {
            // SAFETY: `fill` keeps `at + i` below the capacity, and `column_type` goes with what `write` passes.
            unsafe { data.add(at + i).write(value(row as usize)) };
        }
    }

    /// Writes values of which some are null, under the same conditions.
    #[inline]
    fn nullable<T>(&self, at: usize, rows: &[u32], value: impl Fn(usize) -> Option<T>) {
        let data = self.data.cast::<T>();
        let mut validity: *mut u64 = std::ptr::null_mut();
        for (i, &row) in rows.iter().enumerate() {
            // SAFETY: as for `numbers`; the validity mask has a bit for every row of the capacity.
            unsafe {
                if let Some(value) = value(row as usize) {
                    data.add(at + i).write(value);
                } else {
                    if validity.is_null() {
                        ffi::duckdb_vector_ensure_validity_writable(self.vector);
                        validity = ffi::duckdb_vector_get_validity(self.vector);
                    }
                    // A bit a row, set where there is a value.
                    *validity.add((at + i) / 64) &= !(1 << ((at + i) % 64));
                }
            }
        }
    }
}
