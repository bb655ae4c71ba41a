//! A column of the rows that DuckDB is handed.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ops::Range;

use duckdb::ffi;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are SQL's names")]
pub enum ColumnType {
    BigInt,
    Integer,
    SmallInt,
    Double,
    Timestamp,
    Varchar,
}

impl ColumnType {
    pub(crate) fn id(self) -> ffi::duckdb_type {
        match self {
            Self::BigInt => ffi::DUCKDB_TYPE_DUCKDB_TYPE_BIGINT,
            Self::Integer => ffi::DUCKDB_TYPE_DUCKDB_TYPE_INTEGER,
            Self::SmallInt => ffi::DUCKDB_TYPE_DUCKDB_TYPE_SMALLINT,
            Self::Double => ffi::DUCKDB_TYPE_DUCKDB_TYPE_DOUBLE,
            Self::Timestamp => ffi::DUCKDB_TYPE_DUCKDB_TYPE_TIMESTAMP,
            Self::Varchar => ffi::DUCKDB_TYPE_DUCKDB_TYPE_VARCHAR,
        }
    }
}

/// A value as it stands in a vector of rows that borrow from a table.
///
/// # Safety
/// Where [`Value::is_of`] a column type, its bytes are those of DuckDB's physical type.
pub unsafe trait Value<'t>: Copy {
    /// Whether a column of this type holds such values.
    fn is_of(column: ColumnType) -> bool;
}

// SAFETY: DuckDB's `int64_t`; a timestamp is one, in microseconds since 1970.
unsafe impl Value<'_> for i64 {
    fn is_of(column: ColumnType) -> bool {
        matches!(column, ColumnType::BigInt | ColumnType::Timestamp)
    }
}

// SAFETY: DuckDB's `int32_t`.
unsafe impl Value<'_> for i32 {
    fn is_of(column: ColumnType) -> bool {
        column == ColumnType::Integer
    }
}

// SAFETY: DuckDB's `int16_t`.
unsafe impl Value<'_> for i16 {
    fn is_of(column: ColumnType) -> bool {
        column == ColumnType::SmallInt
    }
}

// SAFETY: DuckDB's `double`.
unsafe impl Value<'_> for f64 {
    fn is_of(column: ColumnType) -> bool {
        column == ColumnType::Double
    }
}

// SAFETY: DuckDB's `string_t`, which points to what outlives the query.
unsafe impl<'t> Value<'t> for Text<'t> {
    fn is_of(column: ColumnType) -> bool {
        column == ColumnType::Varchar
    }
}

/// DuckDB's string: length, then up to 12 bytes in place or a prefix of 4 and a pointer. UTF-8.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Text<'t>([u64; 2], PhantomData<&'t [u8]>);

const _: () = assert!(size_of::<Text<'_>>() == size_of::<ffi::duckdb_string_t>());
// A pointer is put into eight bytes, length first: what DuckDB does on every 64-bit machine.
const _: () = assert!(size_of::<usize>() == 8);

impl<'t> Text<'t> {
    /// The string of these bytes.
    #[inline]
    #[must_use]
    pub fn new(text: &'t [u8]) -> Self {
        let mut bytes = [0u8; 16];
        bytes[..4].copy_from_slice(&(text.len() as u32).to_ne_bytes());
        if text.len() <= 12 {
            bytes[4..4 + text.len()].copy_from_slice(text);
        } else {
            bytes[4..8].copy_from_slice(&text[..4]);
            bytes[8..].copy_from_slice(&(text.as_ptr() as u64).to_ne_bytes());
        }
        let half = |at: usize| u64::from_ne_bytes(std::array::from_fn(|i| bytes[at + i]));
        Self([half(0), half(8)], PhantomData)
    }

    /// The string of some bytes of a longer text. Short ones are cut out of a word of fixed length, which takes a fraction of
    /// the time of a copy of any length.
    #[inline]
    #[must_use]
    pub fn within(text: &'t [u8], (start, len): (usize, usize)) -> Self {
        match text.get(start..).and_then(<[u8]>::first_chunk::<16>) {
            Some(sixteen) if len <= 12 && cfg!(target_endian = "little") => {
                let string = (u128::from_le_bytes(*sixteen) & ((1 << (8 * len)) - 1)) << 32 | len as u128;
                Self([string as u64, (string >> 64) as u64], PhantomData)
            }
            _ => Self::new(text.get(start..start + len).unwrap_or_default()),
        }
    }
}

/// Some rows of one column of DuckDB's output. Each is to be written, in order.
pub struct Vector<'t> {
    raw: ffi::duckdb_vector,
    data: *mut c_void,
    column: ColumnType,
    /// The rows that are not written yet.
    rows: Range<usize>,
    table: PhantomData<&'t ()>,
}

impl<'t> Vector<'t> {
    /// # Safety
    /// `raw` must be a valid vector of the column's type while this lives, and the rows within its capacity.
    pub(crate) unsafe fn new(raw: ffi::duckdb_vector, column: ColumnType, rows: Range<usize>) -> Self {
        // SAFETY: as the function's own contract says.
        Self { raw, data: unsafe { ffi::duckdb_vector_get_data(raw) }, column, rows, table: PhantomData }
    }

    /// Whether each row has its value.
    pub(crate) fn is_full(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes the next rows, of which none is null.
    ///
    /// # Panics
    /// If the column is of another type. Values that come behind the last row are left out.
    #[inline]
    pub fn write<V: Value<'t>>(&mut self, values: impl Iterator<Item = V>) {
        assert!(V::is_of(self.column), "a value of another type than the column");
        let data = self.data.cast::<V>();
        let mut end = self.rows.start;
        for (row, value) in self.rows.clone().zip(values) {
            // SAFETY: the row is within the capacity, and the type is the column's.
            unsafe { data.add(row).write(value) };
            end = row + 1;
        }
        self.rows.start = end;
    }

    /// Writes the next rows, of which some are null.
    ///
    /// # Panics
    /// As [`Self::write`].
    #[inline]
    pub fn write_nullable<V: Value<'t>>(&mut self, values: impl Iterator<Item = Option<V>>) {
        assert!(V::is_of(self.column), "a value of another type than the column");
        let data = self.data.cast::<V>();
        let mut validity: *mut u64 = std::ptr::null_mut();
        let mut end = self.rows.start;
        for (row, value) in self.rows.clone().zip(values) {
            // SAFETY: as in `write`; the validity mask has a bit for every row of the capacity.
            unsafe {
                if let Some(value) = value {
                    data.add(row).write(value);
                } else {
                    if validity.is_null() {
                        ffi::duckdb_vector_ensure_validity_writable(self.raw);
                        validity = ffi::duckdb_vector_get_validity(self.raw);
                    }
                    // A bit a row, set where there is a value.
                    *validity.add(row / 64) &= !(1 << (row % 64));
                }
            }
            end = row + 1;
        }
        self.rows.start = end;
    }
}
