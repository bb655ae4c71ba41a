-- Dimension. Grain: one song_id.
create table if not exists songs (
    song_id varchar(1024) not null,
    title varchar(1024) not null,
    artist_id varchar(1024) not null,
    year smallint,
    duration double precision,
    artist_name varchar(1024) not null
);
