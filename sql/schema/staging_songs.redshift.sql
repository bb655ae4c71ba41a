-- The latest metadata of every song ever seen; songs and artists are derived from it.
-- Of two records of a song that of the file whose name comes last wins, whatever its time; in one file the later.
create table if not exists staging_songs (
    num_songs integer,
    artist_id varchar(1024) not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar(1024),
    artist_name varchar(1024) not null,
    song_id varchar(1024) not null,
    title varchar(1024) not null,
    duration double precision,
    year smallint,
    text_repair smallint not null,
    modified_at timestamp not null,
    url varchar(16384) not null,
    line bigint not null
);
