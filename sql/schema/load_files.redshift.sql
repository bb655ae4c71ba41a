-- Ledger. Grain: one version of a source object that was loaded. The highest file_no of a url is the current one.
create table if not exists load_files (
    file_no bigint not null,
    input varchar(16) not null,
    url varchar(16384) not null,
    version varchar(1024) not null,
    size bigint not null,
    modified_at timestamp not null,
    lines bigint not null,
    accepted bigint not null,
    duplicates bigint not null,
    rejected bigint not null,
    run_id varchar(64) not null
);
