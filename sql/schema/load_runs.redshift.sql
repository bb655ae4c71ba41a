-- Ledger. Grain: one run that changed the warehouse.
create table if not exists load_runs (
    run_id varchar(64) not null,
    kind varchar(32) not null,
    status varchar(32) not null,
    started_at timestamp not null,
    finished_at timestamp not null,
    settings varchar(64) not null,
    version varchar(1024) not null,
    files_listed bigint not null,
    files_loaded bigint not null,
    files_skipped bigint not null,
    lines bigint not null,
    accepted bigint not null,
    duplicates bigint not null,
    rejected bigint not null,
    song_records bigint not null,
    songs_rejected bigint not null,
    songplays_added bigint not null,
    page_views_added bigint not null,
    bytes bigint not null,
    unknown_keys varchar(65535),
    last_file_no bigint not null
);
