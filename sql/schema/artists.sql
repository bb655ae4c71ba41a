-- Dimension. Grain: one artist_id.
create table if not exists artists (
    artist_id varchar not null,
    name varchar not null,
    location varchar,
    latitude double precision,
    longitude double precision
);
