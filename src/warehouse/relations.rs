//! The staged batch as SQL sees it: a few relations, each a choice of rows and columns.

use crate::error::{Error, Kind, Result};
use crate::record::{LogField, label_index};
use crate::stage::TimePart;

/// Which rows of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Accepted plays.
    Plays,
    /// Accepted events that are no plays.
    Views,
    /// Every decoded line. Keys of repeated events as well: if the first of them is in conflict, so are the others.
    All,
    /// The distinct times of accepted plays.
    Times,
    /// The sessions of accepted events that have a user.
    Sessions,
}

/// What a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    RowNo,
    EventId,
    StartTime,
    UserId,
    SessionId,
    ItemInSession,
    Status,
    Registration,
    Length,
    Artist,
    Song,
    TextRepair,
    PayloadHash,
    SongId,
    ArtistId,
    MatchMethod,
    NextEventTime,
    NextPlayTime,
    TrackNo,
    NextTrackNo,
    Label(usize),
    Part(TimePart),
}

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    BigInt,
    Integer,
    SmallInt,
    Double,
    Timestamp,
    Varchar,
}

impl Source {
    /// Whether it shows what follows a row in its session.
    pub fn is_what_follows(self) -> bool {
        matches!(self, Self::NextEventTime | Self::NextPlayTime | Self::NextTrackNo)
    }

    pub fn column_type(self) -> ColumnType {
        match self {
            Self::RowNo | Self::EventId | Self::UserId | Self::SessionId | Self::PayloadHash => ColumnType::BigInt,
            Self::ItemInSession | Self::TrackNo | Self::NextTrackNo => ColumnType::Integer,
            Self::Status | Self::TextRepair | Self::Part(_) => ColumnType::SmallInt,
            Self::Length => ColumnType::Double,
            Self::StartTime | Self::Registration | Self::NextEventTime | Self::NextPlayTime => ColumnType::Timestamp,
            Self::SongId | Self::ArtistId | Self::MatchMethod | Self::Artist | Self::Song | Self::Label(_) => ColumnType::Varchar,
        }
    }
}

/// A relation over the batch.
pub(super) struct Relation {
    /// Its name in SQL.
    pub name: &'static str,
    pub rows: Rows,
    pub columns: &'static [(&'static str, Source)],
}

const fn label(field: LogField) -> Source {
    Source::Label(label_index(field))
}

/// The relation of a name.
///
/// # Errors
/// There is none: a statement asks for what nobody stages.
pub(super) fn relation(name: &str) -> Result<&'static Relation> {
    let found = RELATIONS.iter().find(|relation| relation.name == name);
    found.ok_or_else(|| Error::new(Kind::Query, format!("there is no staged relation {name}")))
}

/// All fields of decoded lines, in the order of `staging_events`.
pub(super) const LINE_COLUMNS: [(&str, Source); 18] = [
    ("artist", Source::Artist),
    ("auth", label(LogField::Auth)),
    ("first_name", label(LogField::FirstName)),
    ("gender", label(LogField::Gender)),
    ("item_in_session", Source::ItemInSession),
    ("last_name", label(LogField::LastName)),
    ("length", Source::Length),
    ("level", label(LogField::Level)),
    ("location", label(LogField::Location)),
    ("method", label(LogField::Method)),
    ("page", label(LogField::Page)),
    ("registration", Source::Registration),
    ("session_id", Source::SessionId),
    ("song", Source::Song),
    ("status", Source::Status),
    ("ts", Source::StartTime),
    ("user_agent", label(LogField::UserAgent)),
    ("user_id", Source::UserId),
];

/// All relations. The table function takes an index into this list.
pub(super) const RELATIONS: [Relation; 6] = [
    Relation {
        name: "staged_plays",
        rows: Rows::Plays,
        columns: &[
            ("songplay_id", Source::EventId),
            ("start_time", Source::StartTime),
            ("user_id", Source::UserId),
            ("level", label(LogField::Level)),
            ("song_id", Source::SongId),
            ("artist_id", Source::ArtistId),
            ("session_id", Source::SessionId),
            ("location", label(LogField::Location)),
            ("user_agent", label(LogField::UserAgent)),
            ("item_in_session", Source::ItemInSession),
            ("song", Source::Song),
            ("artist", Source::Artist),
            ("length", Source::Length),
            ("match_method", Source::MatchMethod),
            ("text_repair", Source::TextRepair),
            ("payload_hash", Source::PayloadHash),
            ("next_event_time", Source::NextEventTime),
            ("next_play_time", Source::NextPlayTime),
            ("track_no", Source::TrackNo),
            ("next_track_no", Source::NextTrackNo),
        ],
    },
    Relation {
        name: "staged_views",
        rows: Rows::Views,
        columns: &[
            ("view_id", Source::EventId),
            ("start_time", Source::StartTime),
            ("user_id", Source::UserId),
            ("level", label(LogField::Level)),
            ("session_id", Source::SessionId),
            ("item_in_session", Source::ItemInSession),
            ("page", label(LogField::Page)),
            ("method", label(LogField::Method)),
            ("status", Source::Status),
            ("auth", label(LogField::Auth)),
            ("location", label(LogField::Location)),
            ("user_agent", label(LogField::UserAgent)),
            ("payload_hash", Source::PayloadHash),
        ],
    },
    Relation {
        name: "staged_keys",
        rows: Rows::All,
        columns: &[
            ("row_no", Source::RowNo),
            ("start_time", Source::StartTime),
            ("user_id", Source::UserId),
            ("session_id", Source::SessionId),
            ("item_in_session", Source::ItemInSession),
            ("payload_hash", Source::PayloadHash),
        ],
    },
    Relation { name: "staged_events", rows: Rows::All, columns: &LINE_COLUMNS },
    Relation {
        name: "staged_times",
        rows: Rows::Times,
        columns: &[
            ("start_time", Source::StartTime),
            ("hour", Source::Part(TimePart::Hour)),
            ("day", Source::Part(TimePart::Day)),
            ("week", Source::Part(TimePart::Week)),
            ("month", Source::Part(TimePart::Month)),
            ("year", Source::Part(TimePart::Year)),
            ("weekday", Source::Part(TimePart::Weekday)),
        ],
    },
    Relation {
        name: "staged_sessions",
        rows: Rows::Sessions,
        columns: &[("session_id", Source::SessionId), ("user_id", Source::UserId)],
    },
];
