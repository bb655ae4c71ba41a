//! The typed rows: which fields a log line and a song have, how JSON calls them and how the tables do.
//!
//! The declaration: one row a field. Decoding, staging and the tests read it from here.

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
    /// A point in time in milliseconds since 1970 in UTC, from [`MIN_TIME_MS`] to [`MAX_TIME_MS`].
    Time,
    /// A finite 64-bit floating-point number.
    Float,
}

impl FieldType {
    /// The smallest and the largest whole number, both included; None for what is not a whole number.
    #[must_use]
    pub const fn bounds(self) -> Option<(i64, i64)> {
        match self {
            Self::Integer { min, max } => Some((min, max)),
            Self::Time => Some((MIN_TIME_MS, MAX_TIME_MS)),
            Self::Text | Self::Float => None,
        }
    }
}

/// How a text of a log line becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// As it stands.
    AsItIs,
    /// Repaired if it is garbled.
    Repaired,
    /// Without the pair of quotes around it.
    Unquoted,
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
    /// How its text becomes a value.
    pub form: TextForm,
    /// Its text recurs: a batch holds each distinct value once and a code a row.
    pub is_label: bool,
    /// Its text seldom has sixteen bytes. For speed only.
    pub is_short: bool,
    /// The version of the payload hash that it joined; None if it is not part of the hash.
    pub hashed_since: Option<u32>,
    /// Its place among the columns of `songplays`, counted from 1; None if it is not stored there.
    pub songplays: Option<usize>,
    /// Its place among the columns of `page_views`, likewise.
    pub page_views: Option<usize>,
}

impl FieldSpec {
    const fn new(key: &'static str, column: &'static str, kind: FieldType) -> Self {
        Self {
            key,
            column,
            kind,
            required: false,
            form: TextForm::AsItIs,
            is_label: false,
            is_short: false,
            hashed_since: None,
            songplays: None,
            page_views: None,
        }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn short(mut self) -> Self {
        self.is_short = true;
        self
    }

    const fn unquoted(mut self) -> Self {
        self.form = TextForm::Unquoted;
        self
    }

    /// A version that is given once is given for ever: warehouses hold the hashes.
    const fn hashed(mut self, since: u32) -> Self {
        self.hashed_since = Some(since);
        self
    }

    const fn songplays(mut self, place: usize) -> Self {
        self.songplays = Some(place);
        self
    }

    const fn page_views(mut self, place: usize) -> Self {
        self.page_views = Some(place);
        self
    }
}

const fn text(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec::new(key, column, FieldType::Text)
}

/// A text whose values recur.
const fn label(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec { is_label: true, ..text(key, column) }
}

/// The name of an artist or a song.
const fn name(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec { form: TextForm::Repaired, ..text(key, column) }
}

const fn integer(key: &'static str, column: &'static str, min: i64, max: i64) -> FieldSpec {
    FieldSpec::new(key, column, FieldType::Integer { min, max })
}

const fn int64(key: &'static str, column: &'static str) -> FieldSpec {
    integer(key, column, i64::MIN + 1, i64::MAX)
}

const fn int32(key: &'static str, column: &'static str) -> FieldSpec {
    integer(key, column, i32::MIN as i64, i32::MAX as i64)
}

const fn int16(key: &'static str, column: &'static str) -> FieldSpec {
    integer(key, column, i16::MIN as i64, i16::MAX as i64)
}

const fn time(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec::new(key, column, FieldType::Time)
}

const fn float(key: &'static str, column: &'static str) -> FieldSpec {
    FieldSpec::new(key, column, FieldType::Float)
}

/// 0001-01-01T00:00:00Z in milliseconds; a time before it is out of range.
pub const MIN_TIME_MS: i64 = -62_135_596_800_000;
/// 9999-12-31T23:59:59.999Z in milliseconds; a time after it is out of range.
pub const MAX_TIME_MS: i64 = 253_402_300_799_999;

/// The value that stands for null in the integer columns of a batch. No input reaches it: every bound lies above.
pub const NULL_INTEGER: i64 = i64::MIN;
/// The same in columns of 32 bits.
pub const NULL_SMALL: i32 = i32::MIN;

/// The page of an event that is a play.
pub const PLAY_PAGE: &str = "NextSong";

/// Makes [`LogField`] and [`LOG_FIELDS`] of one row a field.
macro_rules! log_fields {
    ($($field:ident = $spec:expr,)*) => {
        /// The fields of a log line, in the order of [`LOG_FIELDS`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the names are the fields' own")]
        pub enum LogField {
            $($field,)*
        }

        impl LogField {
            /// All of them.
            pub const ALL: [Self; [$(Self::$field),*].len()] = [$(Self::$field),*];
        }

        /// A log line's fields, in the order in which the more common of the two writers puts them.
        pub const LOG_FIELDS: [FieldSpec; LogField::ALL.len()] = [$($spec),*];
    };
}

// A new field goes last. So do its columns: its place in a table is the one after the table's last.
log_fields! {
    Artist        = name("artist", "artist")                        .hashed(1).songplays(12),
    Auth          = label("auth", "auth").short()                   .hashed(1)              .page_views(10),
    FirstName     = label("firstName", "first_name").short()        .hashed(1),
    Gender        = label("gender", "gender").short()               .hashed(1),
    ItemInSession = int32("itemInSession", "item_in_session").required()      .songplays(10).page_views(6),
    LastName      = label("lastName", "last_name").short()          .hashed(1),
    Length        = float("length", "length")                       .hashed(1).songplays(13),
    Level         = label("level", "level").short()                 .hashed(1).songplays(4) .page_views(4),
    Location      = label("location", "location")                   .hashed(1).songplays(8) .page_views(11),
    Method        = label("method", "method").short()               .hashed(1)              .page_views(8),
    Page          = label("page", "page").short().required()        .hashed(1)              .page_views(7),
    Registration  = time("registration", "registration")            .hashed(1),
    SessionId     = int64("sessionId", "session_id").required()               .songplays(7) .page_views(5),
    Song          = name("song", "song")                            .hashed(1).songplays(11),
    Status        = int16("status", "status")                       .hashed(1)              .page_views(9),
    Ts            = time("ts", "ts").required()                               .songplays(2) .page_views(2),
    UserAgent     = label("userAgent", "user_agent").unquoted()     .hashed(1).songplays(9) .page_views(12),
    UserId        = int64("userId", "user_id")                                .songplays(3) .page_views(3),
}

impl LogField {
    /// Its row of the declaration.
    #[inline]
    #[must_use]
    pub const fn spec(self) -> &'static FieldSpec {
        const SPECS: &[FieldSpec; LOG_FIELDS.len()] = &LOG_FIELDS;
        &SPECS[self as usize]
    }

    /// Which of a chunk's columns holds it.
    #[must_use]
    pub const fn store(self) -> Store {
        let spec = self.spec();
        match spec.kind {
            _ if self.has_own_column() => Store::Own,
            FieldType::Text => Store::Label,
            FieldType::Float => Store::Float,
            // The least number of 32 bits stands for null.
            FieldType::Integer { min, max } if min > i32::MIN as i64 && max <= i32::MAX as i64 => Store::Small,
            FieldType::Integer { .. } | FieldType::Time => Store::Integer,
        }
    }

    /// The event's key, and the names that tell its song.
    const fn has_own_column(self) -> bool {
        matches!(self, Self::Ts | Self::UserId | Self::SessionId | Self::ItemInSession | Self::Artist | Self::Song)
    }
}

/// The columns of a chunk, by what they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// A column of the field's own.
    Own,
    /// Codes of texts that recur.
    Label,
    /// Whole numbers and times.
    Integer,
    /// Whole numbers of 32 bits.
    Small,
    /// Floating-point numbers.
    Float,
}

/// Some of the fields, a bit each by its number.
pub(crate) type FieldSet = u32;

/// The fields that one kind of column holds.
const fn held_in(store: Store) -> FieldSet {
    let (mut set, mut at) = (0, 0);
    while at < LOG_FIELDS.len() {
        set |= ((LogField::ALL[at].store() as u8 == store as u8) as FieldSet) << at;
        at += 1;
    }
    set
}

/// The fields of a set, of which there are `N`, in the order of [`LOG_FIELDS`].
pub(crate) const fn fields_of<const N: usize>(set: FieldSet) -> [LogField; N] {
    let mut fields = [LogField::Ts; N];
    let (mut found, mut at) = (0, 0);
    while at < LOG_FIELDS.len() {
        if set >> at & 1 == 1 {
            fields[found] = LogField::ALL[at];
            found += 1;
        }
        at += 1;
    }
    fields
}

const LABELS: FieldSet = held_in(Store::Label);
const INTEGERS: FieldSet = held_in(Store::Integer);
const SMALL_INTEGERS: FieldSet = held_in(Store::Small);
const FLOATS: FieldSet = held_in(Store::Float);

/// The text fields of a log line whose values recur, in the order of [`crate::EventChunk::labels`].
pub const LABEL_FIELDS: [LogField; LABELS.count_ones() as usize] = fields_of(LABELS);
/// The whole numbers and times outside the event's key, in the order of [`crate::EventChunk::integers`].
pub const INTEGER_FIELDS: [LogField; INTEGERS.count_ones() as usize] = fields_of(INTEGERS);
/// The whole numbers of 32 bits outside the event's key, in the order of [`crate::EventChunk::small_integers`].
pub const SMALL_FIELDS: [LogField; SMALL_INTEGERS.count_ones() as usize] = fields_of(SMALL_INTEGERS);
/// The floating-point numbers, in the order of [`crate::EventChunk::floats`].
pub const FLOAT_FIELDS: [LogField; FLOATS.count_ones() as usize] = fields_of(FLOATS);

/// Where a field stands in the list of its kind of column; only fields of the list may be asked for, and only in constants.
#[must_use]
pub const fn index_in(fields: &[LogField], field: LogField) -> usize {
    let mut i = 0;
    while fields[i] as u8 != field as u8 {
        i += 1;
    }
    i
}

/// Where a field stands in [`LABEL_FIELDS`]; only fields of that list may be asked for, and only in constants.
#[must_use]
pub const fn label_index(field: LogField) -> usize {
    index_in(&LABEL_FIELDS, field)
}

/// Where each field stands in the list of its kind of column; 0 for one with a column of its own.
pub(crate) const INDEX: [usize; LOG_FIELDS.len()] = {
    let mut index = [0; LOG_FIELDS.len()];
    let mut at = 0;
    while at < index.len() {
        let field = LogField::ALL[at];
        index[at] = match field.store() {
            Store::Own => 0,
            Store::Label => index_in(&LABEL_FIELDS, field),
            Store::Integer => index_in(&INTEGER_FIELDS, field),
            Store::Small => index_in(&SMALL_FIELDS, field),
            Store::Float => index_in(&FLOAT_FIELDS, field),
        };
        at += 1;
    }
    index
};

const _: () = {
    let mut at = 0;
    while at < LOG_FIELDS.len() {
        let spec = &LOG_FIELDS[at];
        let is_name = matches!(LogField::ALL[at], LogField::Artist | LogField::Song);
        let is_text = matches!(spec.kind, FieldType::Text);
        assert!(is_name == matches!(spec.form, TextForm::Repaired), "the names are the artist and the song");
        assert!(is_text == (spec.is_label || is_name), "a text of a log line is a name or a label");
        let is_key = matches!(LogField::ALL[at].store(), Store::Own) && !is_name;
        assert!(!is_key || spec.hashed_since.is_none(), "the payload is what is not in the key");
        assert!(!is_name || matches!(spec.hashed_since, Some(1)), "the payload hash begins with the names");
        at += 1;
    }
};

/// How many of them, from the first, stand in every line of that writer, in this order: what the decoder reads quickest.
pub(crate) const COMMON_FIELDS: usize = 18;

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
    int32("num_songs", "num_songs"),
    text("artist_id", "artist_id").required(),
    float("artist_latitude", "artist_latitude"),
    float("artist_longitude", "artist_longitude"),
    text("artist_location", "artist_location"),
    text("artist_name", "artist_name").required(),
    text("song_id", "song_id").required(),
    text("title", "title").required(),
    float("duration", "duration"),
    int16("year", "year"),
];
