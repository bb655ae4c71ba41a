//! Rows in the binary form of PostgreSQL's COPY, sent on as they fill blocks.

use std::pin::Pin;

use bytes::Bytes;
use futures::SinkExt;
use tokio_postgres::CopyInSink;

use super::wait::{Failure, Waiter};
use crate::cell::Cell;

/// How much is sent at once, in bytes.
const BLOCK: usize = 256 << 10;
/// Room for the row that fills a block.
const SPARE: usize = 8 << 10;
/// 2000-01-01 in microseconds since 1970: times are counted from there.
pub(super) const EPOCH_US: i64 = 946_684_800_000_000;

/// Whether a failure comes from the server itself.
fn says_why(failure: &Failure) -> bool {
    matches!(failure, Failure::Driver(error) if error.code().is_some())
}

/// The rows of one COPY. Each is begun with [`Self::row`], followed by its values.
pub(super) struct CopyRows<'a> {
    waiter: &'a Waiter,
    sink: Pin<Box<CopyInSink<Bytes>>>,
    block: Vec<u8>,
    /// The first failure to send; the server's reason for it comes at the end.
    failed: Option<Failure>,
}

impl<'a> CopyRows<'a> {
    pub fn new(waiter: &'a Waiter, sink: CopyInSink<Bytes>) -> Self {
        let mut block = Vec::with_capacity(BLOCK + SPARE);
        block.extend_from_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
        Self { waiter, sink: Box::pin(sink), block, failed: None }
    }

    /// Begins a row of so many values. True when a block was sent, which is a moment to look up from work.
    #[inline]
    pub fn row(&mut self, columns: usize) -> bool {
        let full = self.block.len() >= BLOCK;
        if full {
            self.send();
        }
        self.block.extend_from_slice(&(columns as i16).to_be_bytes());
        full
    }

    fn send(&mut self) {
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK + SPARE));
        if self.failed.is_none() {
            self.failed = self.waiter.wait(self.sink.send(Bytes::from(block))).err();
        }
    }

    /// Ends the rows; returns how many the server took.
    pub fn finish(mut self) -> Result<u64, Failure> {
        self.block.extend_from_slice(&(-1i16).to_be_bytes());
        self.send();
        let finished = self.waiter.wait(self.sink.as_mut().finish());
        match self.failed {
            // The server's reason, if it gave one, says more than that the connection took no more.
            Some(failed) => Err(finished.err().filter(says_why).unwrap_or(failed)),
            None => finished,
        }
    }

    #[inline]
    fn value(&mut self, bytes: &[u8]) {
        self.block.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
        self.block.extend_from_slice(bytes);
    }

    #[inline]
    pub fn bigint(&mut self, number: i64) {
        self.value(&number.to_be_bytes());
    }

    #[inline]
    pub fn smallint(&mut self, number: i16) {
        self.value(&number.to_be_bytes());
    }

    /// A time in microseconds since 1970.
    #[inline]
    pub fn timestamp_us(&mut self, us: i64) {
        self.bigint(us - EPOCH_US);
    }

    /// A value of a type that the table's column has.
    #[inline]
    pub fn cell(&mut self, cell: Cell<'_>) {
        match cell {
            Cell::Null => self.block.extend_from_slice(&(-1i32).to_be_bytes()),
            Cell::BigInt(number) => self.bigint(number),
            Cell::Integer(number) => self.value(&number.to_be_bytes()),
            Cell::SmallInt(number) => self.smallint(number),
            Cell::Double(number) => self.value(&number.to_be_bytes()),
            Cell::Time(us) => self.timestamp_us(us),
            Cell::Text(bytes) | Cell::Bytes(bytes) => self.value(bytes),
        }
    }
}
