//! Values of rows on their way into an engine.

/// One value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// 64 bits.
    BigInt(i64),
    /// 32 bits.
    Integer(i32),
    /// 16 bits.
    SmallInt(i16),
    /// A number of double precision.
    Double(f64),
    /// Microseconds since 1970, in UTC.
    Time(i64),
    /// Text in UTF-8.
    Text(&'a [u8]),
    /// Bytes that are not text.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text.as_bytes())
    }
}

impl From<i64> for Cell<'_> {
    fn from(number: i64) -> Self {
        Self::BigInt(number)
    }
}

impl From<i32> for Cell<'_> {
    fn from(number: i32) -> Self {
        Self::Integer(number)
    }
}

impl From<i16> for Cell<'_> {
    fn from(number: i16) -> Self {
        Self::SmallInt(number)
    }
}

impl From<f64> for Cell<'_> {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows to append to a table, each with a value for every column, in the columns' order.
pub trait RowSource {
    /// How many rows there are.
    fn rows(&self) -> usize;
    /// Appends the values of a row, counted from 0, to `cells`.
    fn row<'a>(&'a self, at: usize, cells: &mut Vec<Cell<'a>>);
}

/// A row for each of some items.
pub(crate) struct RowsOf<'i, T, F> {
    items: &'i [T],
    cells: F,
}

impl<'i, T, const N: usize, F: Fn(&'i T) -> [Cell<'i>; N]> RowsOf<'i, T, F> {
    /// `cells` has an item's values.
    pub fn new(items: &'i [T], cells: F) -> Self {
        Self { items, cells }
    }
}

impl<'i, T, const N: usize, F: Fn(&'i T) -> [Cell<'i>; N]> RowSource for RowsOf<'i, T, F> {
    fn rows(&self) -> usize {
        self.items.len()
    }

    fn row<'a>(&'a self, at: usize, cells: &mut Vec<Cell<'a>>) {
        if let Some(item) = self.items.get(at) {
            cells.extend((self.cells)(item));
        }
    }
}
