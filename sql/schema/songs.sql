-- Dimension. Grain: one song_id.
create table if not exists songs (
    song_id varchar not null,
    title varchar not null,
    artist_id varchar not null,
    year smallint,
    duration double precision,
    artist_name varchar not null
);
