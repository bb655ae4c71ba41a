-- The latest metadata of every song ever seen; songs and artists are derived from it.
-- Of two records of a song that of the file whose name comes last wins, whatever its time; in one file the later.
-- Byte order, as everywhere, decides between equals.
create table if not exists staging_songs (
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
