//! The typed rows: which fields a log line and a song have, how JSON calls them and how the tables do.
//!
//! The single source of truth for names and types; decoding, staging and the tests read it from here.

/// What a field's value is, once decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number within the given bounds, both included.
    Integer {
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A finite 64-bit floating-point number.
    Float,
}

/// One field of an input record.
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    /// The JSON key.
    pub key: &'static str,
    /// The column in the staging table.
    pub column: &'static str,
    /// The decoded type.
    pub kind: FieldType,
    /// A record without it is rejected.
    pub required: bool,
}

const fn text(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec { key, column, kind: FieldType::Text, required: false }
}

const fn integer(key: &'static str, column: &'static str, min: i64, max: i64) -> FieldSpec {
    FieldSpec { key, column, kind: FieldType::Integer { min, max }, required: false }
}

const fn float(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec { key, column, kind: FieldType::Float, required: false }
}

const fn required(mut spec: FieldSpec) -> FieldSpec {
    spec.required = true;
    spec
}

/// 0001-01-01T00:00:00Z in milliseconds; a time before it is out of range.
pub const MIN_TIME_MS: i64 = -62_135_596_800_000;
/// 9999-12-31T23:59:59.999Z in milliseconds; a time after it is out of range.
pub const MAX_TIME_MS: i64 = 253_402_300_799_999;

/// The value that stands for null in the integer columns of a batch. No input reaches it: every bound lies above.
pub const NULL_INTEGER: i64 = i64::MIN;

/// The page of an event that is a play.
pub const PLAY_PAGE: &str = "NextSong";

/// The fields of a log line, in the order of [`LOG_FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the fields' own")]
pub enum LogField {
    Artist,
    Auth,
    FirstName,
    Gender,
    ItemInSession,
    LastName,
    Length,
    Level,
    Location,
    Method,
    Page,
    Registration,
    SessionId,
    Song,
    Status,
    Ts,
    UserAgent,
    UserId,
}

/// A log line's 18 fields, in the order in which the more common of the two writers puts them.
pub const LOG_FIELDS: [FieldSpec; 18] = [
    text("artist", "artist"),
    text("auth", "auth"),
    text("firstName", "first_name"),
    text("gender", "gender"),
    required(integer("itemInSession", "item_in_session", i32::MIN as i64, i32::MAX as i64)),
    text("lastName", "last_name"),
    float("length", "length"),
    text("level", "level"),
    text("location", "location"),
    text("method", "method"),
    required(text("page", "page")),
    integer("registration", "registration", MIN_TIME_MS, MAX_TIME_MS),
    required(integer("sessionId", "session_id", i64::MIN + 1, i64::MAX)),
    text("song", "song"),
    integer("status", "status", i16::MIN as i64, i16::MAX as i64),
    required(integer("ts", "ts", MIN_TIME_MS, MAX_TIME_MS)),
    text("userAgent", "user_agent"),
    integer("userId", "user_id", i64::MIN + 1, i64::MAX),
];

/// The fields of a song, in the order of [`SONG_FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the fields' own")]
pub enum SongField {
    NumSongs,
    ArtistId,
    ArtistLatitude,
    ArtistLongitude,
    ArtistLocation,
    ArtistName,
    SongId,
    Title,
    Duration,
    Year,
}

/// A song file's ten fields.
pub const SONG_FIELDS: [FieldSpec; 10] = [
    integer("num_songs", "num_songs", i32::MIN as i64, i32::MAX as i64),
    required(text("artist_id", "artist_id")),
    float("artist_latitude", "artist_latitude"),
    float("artist_longitude", "artist_longitude"),
    text("artist_location", "artist_location"),
    required(text("artist_name", "artist_name")),
    required(text("song_id", "song_id")),
    required(text("title", "title")),
    float("duration", "duration"),
    integer("year", "year", i16::MIN as i64, i16::MAX as i64),
];

/// The text fields of a log line whose values recur: a batch holds each distinct value once and a code a row.
/// In the order of [`crate::decode::EventChunk::labels`].
pub const LABEL_FIELDS: [LogField; 9] = [
    LogField::Auth,
    LogField::FirstName,
    LogField::Gender,
    LogField::LastName,
    LogField::Level,
    LogField::Location,
    LogField::Method,
    LogField::Page,
    LogField::UserAgent,
];

/// Where a field stands in [`LABEL_FIELDS`]; only fields of that list may be asked for, and only in constants.
#[must_use]
pub const fn label_index(field: LogField) -> usize {
    let mut i = 0;
    while LABEL_FIELDS[i] as u8 != field as u8 {
        i += 1;
    }
    i
}
