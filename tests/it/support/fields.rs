//! The fields of a log line as the contract has them: what the oracles, made-up data and the simulator's tests know of
//! them. Written by hand, without a look at the declaration that decoding follows.

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    Text,
    /// Text in a pair of quotes, which are no part of it.
    TextInQuotes,
    Float,
    Time,
    Smallint,
}

/// The fields outside an event's key and its song: JSON key, column, and what they hold.
pub const PAYLOAD: &[(&str, &str, Holds)] = &[
    ("length", "length", Holds::Float),
    ("registration", "registration", Holds::Time),
    ("status", "status", Holds::Smallint),
    ("auth", "auth", Holds::Text),
    ("firstName", "first_name", Holds::Text),
    ("gender", "gender", Holds::Text),
    ("lastName", "last_name", Holds::Text),
    ("level", "level", Holds::Text),
    ("location", "location", Holds::Text),
    ("method", "method", Holds::Text),
    ("page", "page", Holds::Text),
    ("userAgent", "user_agent", Holds::TextInQuotes),
];

/// The columns to compare, by table.
pub const COLUMNS: [(&str, &str); 8] = [
    (
        "songplays",
        "epoch_ms(start_time), user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, song, artist, length, match_method, epoch_ms(next_event_time), epoch_ms(next_play_time)",
    ),
    (
        "page_views",
        "epoch_ms(start_time), user_id, level, session_id, item_in_session, page, method, status, auth, location, user_agent",
    ),
    ("users", "user_id, first_name, last_name, gender, level, epoch_ms(registered_at), epoch_ms(last_seen_at)"),
    ("user_levels", "user_id, level, epoch_ms(valid_from), epoch_ms(valid_to), is_current"),
    ("songs", "song_id, title, artist_id, year, duration, artist_name"),
    ("artists", "artist_id, name, location, latitude, longitude"),
    ("time", "epoch_ms(start_time), hour, day, week, month, year, weekday"),
    ("tracks", "song, artist"),
];

/// The keys of a simulated line in a file a day: all of them, sorted.
pub const SORTED: &[&str] = &[
    "artist",
    "auth",
    "firstName",
    "gender",
    "itemInSession",
    "lastName",
    "length",
    "level",
    "location",
    "method",
    "page",
    "registration",
    "sessionId",
    "song",
    "status",
    "ts",
    "userAgent",
    "userId",
];

/// The keys of a simulated line in a stream, in their order.
pub struct StreamKeys {
    pub always: &'static [&'static str],
    /// Of users who are logged in.
    pub of_users: &'static [&'static str],
    pub of_plays: &'static [&'static str],
}

pub const STREAM: StreamKeys = StreamKeys {
    always: &["ts", "userId", "sessionId", "page", "auth", "method", "status", "level", "itemInSession"],
    of_users: &["location", "userAgent", "lastName", "firstName", "registration", "gender"],
    of_plays: &["artist", "song", "length"],
};

pub const SORTED_WRITER: &str = r#"{"artist":"Des'ree","auth":"Logged In","firstName":"Kaylee","gender":"F","itemInSession":1,"lastName":"Summers","length":246.30812,"level":"free","location":"Phoenix-Mesa-Scottsdale, AZ","method":"PUT","page":"NextSong","registration":1540344794796.0,"sessionId":139,"song":"You Gotta Be","status":200,"ts":1541106106796,"userAgent":"\"Mozilla\/5.0 (Windows NT 6.1; WOW64)\"","userId":"8"}"#;
pub const EVENTSIM: &str = r#"{"ts":1541106106796,"userId":"8","sessionId":139,"page":"NextSong","auth":"Logged In","method":"PUT","status":200,"level":"free","itemInSession":1,"location":"Phoenix-Mesa-Scottsdale, AZ","userAgent":"\"Mozilla\/5.0\"","lastName":"Summers","firstName":"Kaylee","registration":1540344794796,"gender":"F","tag":"x","artist":"Bj\u00c3\u0083\u00c2\u00b6rk","song":"J\u00c3\u00b3ga","length":246.30812}"#;
pub const LOGGED_OUT: &str = r#"{"artist":null,"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":0,"lastName":null,"length":null,"level":"free","location":null,"method":"GET","page":"Home","registration":null,"sessionId":52,"song":null,"status":200,"ts":1541207073796,"userAgent":null,"userId":""}"#;
const SIMULATED: &str = r#"{"artist":"The Velvet Foxes","auth":"Logged In","firstName":"Ada","gender":"F","itemInSession":3,"lastName":"Moss","length":201.9212,"level":"paid","location":"Tampa-St. Petersburg-Clearwater, FL","method":"PUT","page":"NextSong","registration":1540266234796.0,"sessionId":27,"song":"Silver Rain","status":200,"ts":1541990258796,"userAgent":"\"Mozilla\/5.0 (X11; Linux x86_64)\"","userId":"44"}"#;

/// The payload hashes of lines. They are in people's warehouses and never change; a version of the hash adds a line with
/// what joined it.
pub const STORED_HASHES: &[(&str, u64)] = &[
    (SORTED_WRITER, 13_076_089_380_436_247_790),
    (EVENTSIM, 12_246_116_784_500_708_035),
    (LOGGED_OUT, 9_447_586_822_358_423_192),
    (SIMULATED, 5_500_464_554_150_771_675),
];
