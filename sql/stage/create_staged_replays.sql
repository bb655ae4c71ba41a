-- Quarantined lines that loaded when they were tried again.
create temporary table if not exists staged_replays (
    file_no bigint not null,
    line bigint not null,
    byte_offset bigint not null,
    accepted bigint not null,
    duplicates bigint not null
);
