//! The staged batch as SQL sees it: a few staged views, each a choice of rows and columns.

use crate::error::{Error, Kind, Result};
use crate::record::{FieldType, LOG_FIELDS, LogField};
use crate::stage::TimePart;

/// Which rows of the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StagedRows {
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
pub(super) enum StagedColumn {
    /// A field of the line.
    Field(LogField),
    RowNo,
    EventId,
    TextRepair,
    PayloadHash,
    SongId,
    ArtistId,
    MatchMethod,
    NextEventTime,
    NextPlayTime,
    TrackNo,
    NextTrackNo,
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

impl StagedColumn {
    /// Whether it shows what follows a row in its session.
    pub fn is_what_follows(self) -> bool {
        matches!(self, Self::NextEventTime | Self::NextPlayTime | Self::NextTrackNo)
    }

    /// Whether it is a time that the payload hash covers, which is made of the number that a line has for it.
    pub fn is_hashed_time(self) -> bool {
        matches!(self, Self::Field(field) if field.spec().kind == FieldType::Time && field.spec().hashed_since.is_some())
    }

    pub fn column_type(self) -> ColumnType {
        match self {
            Self::Field(field) => field_type(field),
            Self::RowNo | Self::EventId | Self::PayloadHash => ColumnType::BigInt,
            Self::TrackNo | Self::NextTrackNo => ColumnType::Integer,
            Self::TextRepair | Self::Part(_) => ColumnType::SmallInt,
            Self::NextEventTime | Self::NextPlayTime => ColumnType::Timestamp,
            Self::SongId | Self::ArtistId | Self::MatchMethod => ColumnType::Varchar,
        }
    }
}

/// The type that follows from what a field may hold.
fn field_type(field: LogField) -> ColumnType {
    const SMALL: (i64, i64) = (i16::MIN as i64, i16::MAX as i64);
    const MEDIUM: (i64, i64) = (i32::MIN as i64, i32::MAX as i64);
    let is_within = |min: i64, max: i64, (least, most): (i64, i64)| least <= min && max <= most;
    match field.spec().kind {
        FieldType::Text => ColumnType::Varchar,
        FieldType::Float => ColumnType::Double,
        FieldType::Time => ColumnType::Timestamp,
        FieldType::Integer { min, max } if is_within(min, max, SMALL) => ColumnType::SmallInt,
        FieldType::Integer { min, max } if is_within(min, max, MEDIUM) => ColumnType::Integer,
        FieldType::Integer { .. } => ColumnType::BigInt,
    }
}

/// A view over the batch.
pub(super) struct StagedView {
    /// Its name in SQL.
    pub name: &'static str,
    pub rows: StagedRows,
    pub columns: &'static [NamedColumn],
}

/// A column of a view, with its name.
pub(super) type NamedColumn = (&'static str, StagedColumn);

const START_TIME: NamedColumn = ("start_time", StagedColumn::Field(LogField::Ts));

/// A field as a column of the facts. Only the time has another name there.
const fn field(field: LogField) -> NamedColumn {
    match field {
        LogField::Ts => START_TIME,
        _ => (field.spec().column, StagedColumn::Field(field)),
    }
}

/// What a fact has beside fields, each column with its place, counted from 1.
type Computed = [(usize, NamedColumn)];

const COMPUTED_OF_PLAYS: &Computed = &[
    (1, ("songplay_id", StagedColumn::EventId)),
    (5, ("song_id", StagedColumn::SongId)),
    (6, ("artist_id", StagedColumn::ArtistId)),
    (14, ("match_method", StagedColumn::MatchMethod)),
    (15, ("text_repair", StagedColumn::TextRepair)),
    (16, ("payload_hash", StagedColumn::PayloadHash)),
    (17, ("next_event_time", StagedColumn::NextEventTime)),
    (18, ("next_play_time", StagedColumn::NextPlayTime)),
    (19, ("track_no", StagedColumn::TrackNo)),
    (20, ("next_track_no", StagedColumn::NextTrackNo)),
];

const COMPUTED_OF_VIEWS: &Computed =
    &[(1, ("view_id", StagedColumn::EventId)), (13, ("payload_hash", StagedColumn::PayloadHash))];

/// A table of events.
#[derive(Clone, Copy)]
enum Fact {
    Songplays,
    PageViews,
}

impl Fact {
    const fn computed(self) -> &'static Computed {
        match self {
            Self::Songplays => COMPUTED_OF_PLAYS,
            Self::PageViews => COMPUTED_OF_VIEWS,
        }
    }

    /// Where it has a field, if it has it.
    const fn place(self, field: LogField) -> Option<usize> {
        match self {
            Self::Songplays => field.spec().songplays,
            Self::PageViews => field.spec().page_views,
        }
    }
}

/// How many columns a fact has.
const fn width(fact: Fact) -> usize {
    let (mut width, mut at) = (fact.computed().len(), 0);
    while at < LOG_FIELDS.len() {
        width += fact.place(LogField::ALL[at]).is_some() as usize;
        at += 1;
    }
    width
}

/// A fact's columns by their places. The build fails if two have one place, or if one is left free.
const fn columns_of<const N: usize>(fact: Fact) -> [NamedColumn; N] {
    let mut columns = [START_TIME; N];
    let (mut taken, mut at) = ([false; N], 0);
    let computed = fact.computed();
    while at < computed.len() + LOG_FIELDS.len() {
        let column = if at < computed.len() {
            Some(computed[at])
        } else {
            let of = LogField::ALL[at - computed.len()];
            match fact.place(of) {
                Some(place) => Some((place, field(of))),
                None => None,
            }
        };
        if let Some((place, column)) = column {
            assert!(!taken[place - 1], "two columns have one place");
            (columns[place - 1], taken[place - 1]) = (column, true);
        }
        at += 1;
    }
    columns
}

const PLAY_COLUMNS: [NamedColumn; width(Fact::Songplays)] = columns_of(Fact::Songplays);
const VIEW_COLUMNS: [NamedColumn; width(Fact::PageViews)] = columns_of(Fact::PageViews);

/// The view of a name.
///
/// # Errors
/// There is none: a statement asks for what nobody stages.
pub(super) fn staged_view(name: &str) -> Result<&'static StagedView> {
    let found = STAGED_VIEWS.iter().find(|view| view.name == name);
    found.ok_or_else(|| Error::new(Kind::Query, format!("there is no staged view {name}")))
}

/// All fields of decoded lines, in the order of `staging_events`.
pub(super) const LINE_COLUMNS: [NamedColumn; LOG_FIELDS.len()] = {
    let mut columns = [START_TIME; LOG_FIELDS.len()];
    let mut at = 0;
    while at < columns.len() {
        columns[at] = (LOG_FIELDS[at].column, StagedColumn::Field(LogField::ALL[at]));
        at += 1;
    }
    columns
};

/// All staged views. The table function takes an index into this list.
pub(super) const STAGED_VIEWS: [StagedView; 6] = [
    StagedView { name: "staged_plays", rows: StagedRows::Plays, columns: &PLAY_COLUMNS },
    StagedView { name: "staged_views", rows: StagedRows::Views, columns: &VIEW_COLUMNS },
    StagedView {
        name: "staged_keys",
        rows: StagedRows::All,
        columns: &[
            ("row_no", StagedColumn::RowNo),
            START_TIME,
            field(LogField::UserId),
            field(LogField::SessionId),
            field(LogField::ItemInSession),
            ("payload_hash", StagedColumn::PayloadHash),
        ],
    },
    StagedView { name: "staged_events", rows: StagedRows::All, columns: &LINE_COLUMNS },
    StagedView {
        name: "staged_times",
        rows: StagedRows::Times,
        columns: &[
            START_TIME,
            ("hour", StagedColumn::Part(TimePart::Hour)),
            ("day", StagedColumn::Part(TimePart::Day)),
            ("week", StagedColumn::Part(TimePart::Week)),
            ("month", StagedColumn::Part(TimePart::Month)),
            ("year", StagedColumn::Part(TimePart::Year)),
            ("weekday", StagedColumn::Part(TimePart::Weekday)),
        ],
    },
    StagedView {
        name: "staged_sessions",
        rows: StagedRows::Sessions,
        columns: &[field(LogField::SessionId), field(LogField::UserId)],
    },
];
