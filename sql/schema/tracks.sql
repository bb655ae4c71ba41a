-- Dimension. Grain: one title and artist as the log names them; what it does not name is an empty text.
-- track_no is a surrogate: unique, and new ones with every full refresh; nothing else about it is promised.
create table if not exists tracks (
    track_no integer not null,
    song varchar not null,
    artist varchar not null
);
