-- The songs of the batch, several records of a song included.
-- Byte order, as everywhere, decides between equals.
create temporary table if not exists staged_songs (
    num_songs integer,
    artist_id varchar collate "C" not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar collate "C",
    artist_name varchar collate "C" not null,
    song_id varchar collate "C" not null,
    title varchar collate "C" not null,
    duration double precision,
    year smallint,
    text_repair smallint not null,
    modified_at timestamp not null,
    url varchar collate "C" not null,
    line bigint not null
);
