-- The songs of the batch, several records of a song included.
create temporary table if not exists staged_songs (
    num_songs integer,
    artist_id varchar not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar,
    artist_name varchar not null,
    song_id varchar not null,
    title varchar not null,
    duration double precision,
    year smallint,
    text_repair smallint not null,
    modified_at timestamp not null,
    url varchar not null,
    line bigint not null
);
